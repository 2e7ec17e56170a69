"""Which destinations can be reached."""

import pytest

from tandem.core.timers import TimerTable
from tandem.ss7.mtp3.configuration import Route
from tandem.ss7.mtp3.primitives import PauseIndication, ResumeIndication
from tandem.ss7.mtp3.routes import RouteState, RouteTable, SendRouteSetTest
from tandem.ss7.mtp3.timers import Timer, TimerKey


@pytest.fixture
def routes() -> RouteTable:
    table: TimerTable[TimerKey] = TimerTable()
    known = (Route(2, "a"), Route(3, "b"), Route(9, "a", 1), Route(9, "b", 2))
    routes = RouteTable(known, 45.0, table)
    routes.start()
    routes.outputs()
    return routes


def test_nothing_is_available_from_the_start():
    routes = RouteTable((Route(2, "a"), Route(9, "a")), 45.0, TimerTable())
    routes.start()
    assert routes.outputs() == [PauseIndication(2), PauseIndication(9)]
    assert not routes.available(2)
    assert not routes.available(77)


def test_best_priority_first(routes):
    routes.linkset_running("b")
    assert routes.outputs() == [ResumeIndication(3), ResumeIndication(9)]
    assert routes.candidates(9) == [["b"]]
    routes.linkset_running("a")
    assert routes.outputs() == [ResumeIndication(2)]
    assert routes.candidates(9) == [["a"], ["b"]]


def test_transfer_prohibited_and_allowed(routes):
    routes.linkset_running("a")
    routes.outputs()
    assert routes.told(9, "a", RouteState.PROHIBITED, 100.0)
    assert routes.outputs() == [PauseIndication(9)]
    assert routes._timers.deadline((Timer.T10, (9, "a"))) == 145.0
    routes.test_due(9, "a", 145.0)
    assert routes.outputs() == [SendRouteSetTest(9, "a")]
    assert routes._timers.deadline((Timer.T10, (9, "a"))) == 190.0
    routes.told(9, "a", RouteState.ALLOWED, 150.0)
    assert routes.outputs() == [ResumeIndication(9)]
    assert routes._timers.next_deadline() is None


def test_prohibited_route_leaves_the_other(routes):
    routes.linkset_running("a")
    routes.linkset_running("b")
    routes.outputs()
    routes.told(9, "a", RouteState.PROHIBITED, 0.0)
    assert routes.outputs() == []
    assert routes.candidates(9) == [["b"]]


def test_restricted_route_is_the_last_choice(routes):
    routes.linkset_running("a")
    routes.linkset_running("b")
    routes.told(9, "a", RouteState.RESTRICTED, 0.0)
    assert routes.candidates(9) == [["b"], ["a"]]


def test_repeated_prohibition_does_not_put_off_the_test(routes):
    routes.told(9, "a", RouteState.PROHIBITED, 0.0)
    routes.told(9, "a", RouteState.PROHIBITED, 30.0)
    assert routes._timers.deadline((Timer.T10, (9, "a"))) == 45.0


def test_prohibition_during_restart_holds_and_ends_with_the_linkset(routes):
    routes.told(9, "a", RouteState.PROHIBITED, 0.0)
    routes.linkset_running("a")
    assert routes.outputs() == [ResumeIndication(2)]
    routes.linkset_lost("a")
    routes.linkset_running("a")
    assert routes.outputs() == [PauseIndication(2), ResumeIndication(2), ResumeIndication(9)]


def test_unknown_destination(routes):
    assert not routes.told(77, "a", RouteState.PROHIBITED, 0.0)
    assert not routes.told(2, "b", RouteState.PROHIBITED, 0.0)
