"""Restart of a whole signalling point."""

import pytest

from tandem.core.timers import TimerTable
from tandem.ss7.mtp3.point_restart import PointRestart, PointState
from tandem.ss7.mtp3.timers import Timer


def restart(t18=0.0) -> PointRestart:
    it = PointRestart(t18, 60.0, TimerTable())
    it.usable("a", 0.0)
    it.usable("b", 1.0)
    assert it.state is PointState.LISTENING
    assert it._timers.deadline((Timer.T20, 0)) == 60.0
    return it


def test_all_neighbours_are_ready():
    it = restart()
    it.neighbour_ready("a")
    assert not it.finished()
    it.neighbour_ready("b")
    assert it.finished()
    assert it.state is PointState.RESTARTED
    assert not it.finished()
    assert it._timers.next_deadline() is None


def test_a_neighbour_that_is_never_ready():
    it = restart()
    it.neighbour_ready("a")
    assert list(it._timers.expired(60.0))
    assert it.finished()


def test_a_transfer_point_listens_for_t18():
    it = restart(25.0)
    it.neighbour_ready("a")
    it.neighbour_ready("b")
    assert not it.finished()
    assert list(it._timers.expired(25.0))
    assert it.finished()


@pytest.mark.parametrize("ready", [False, True])
def test_isolation_begins_it_anew(ready):
    it = restart()
    if ready:
        it.neighbour_ready("a")
        it.neighbour_ready("b")
        assert it.finished()
    it.lost("a", 100.0)
    assert it.state is not PointState.ISOLATED
    it.lost("b", 100.0)
    assert it.state is PointState.ISOLATED
    assert it._timers.next_deadline() is None
    it.usable("a", 100.0)
    assert not it.finished()


@pytest.mark.parametrize(("away", "state"), [(2.9, PointState.RESTARTED), (3.0, PointState.LISTENING)])
def test_ansi_restart_follows_only_an_isolation_of_t27(away, state):
    it = PointRestart(0.0, 60.0, TimerTable(), 3.0)
    it.usable("a", 0.0)
    assert it.state is PointState.LISTENING
    it.neighbour_ready("a")
    assert it.finished()
    it.lost("a", 100.0)
    it.usable("a", 100.0 + away)
    assert it.state is state
