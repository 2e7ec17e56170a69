"""The timer table."""

from hypothesis import given
from hypothesis import strategies as st

from tandem.core.timers import Agenda, TimerTable


def test_expires_in_order_and_once():
    timers = TimerTable()
    timers.start("b", 2.0)
    timers.start("a", 1.0)
    timers.start("c", 3.0)
    assert timers.next_deadline() == 1.0
    assert list(timers.expired(2.0)) == ["a", "b"]
    assert list(timers.expired(2.0)) == []
    assert timers.next_deadline() == 3.0


def test_restart_moves_the_deadline():
    timers = TimerTable()
    timers.start("a", 1.0)
    timers.start("a", 5.0)
    assert timers.next_deadline() == 5.0
    assert timers.deadline("a") == 5.0
    assert list(timers.expired(4.0)) == []


def test_stop():
    timers = TimerTable()
    timers.start("a", 1.0)
    assert timers.stop("a")
    assert not timers.stop("a")
    assert not timers.is_running("a")
    assert timers.next_deadline() is None
    assert timers.deadline("a") is None


def test_timers_may_change_while_expiring():
    timers = TimerTable()
    timers.start("a", 1.0)
    timers.start("b", 1.0)
    seen = []
    for key in timers.expired(2.0):
        seen.append(key)
        timers.stop("b")
        if key == "a":
            timers.start("c", 1.5)
    assert seen == ["a", "c"]


def test_clear():
    timers = TimerTable()
    timers.start("a", 1.0)
    timers.clear()
    assert len(timers) == 0
    assert timers.next_deadline() is None


def test_many_restarts_do_not_grow_the_heap():
    timers = TimerTable()
    for moment in range(10_000):
        timers.start("a", float(moment))
    assert len(timers._heap) < 300


@given(st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 100))), max_size=200))
def test_agrees_with_a_plain_dictionary(steps):
    timers, model = TimerTable(), {}
    for key, deadline in steps:
        if deadline is None:
            assert timers.stop(key) == (model.pop(key, None) is not None)
        else:
            timers.start(key, float(deadline))
            model[key] = float(deadline)
        assert timers.next_deadline() == min(model.values(), default=None)
    due = sorted(key for key, deadline in model.items() if deadline <= 50)
    assert sorted(timers.expired(50)) == due


def test_an_agenda_is_never_late() -> None:
    agenda, tables = Agenda(), [TimerTable[str]() for _ in range(2)]
    tables[0].start("before", 7.0)
    for table in tables:
        table.share(agenda)
    assert agenda.due == 7.0
    tables[1].start("later", 9.0)
    assert agenda.due == 7.0
    tables[1].start("sooner", 5.0)
    assert agenda.due == 5.0
    tables[1].stop("sooner")
    assert agenda.due == 5.0, "early for nothing once; the owner sets it anew"
    agenda.due = min(due for table in tables if (due := table.next_deadline()) is not None)
    assert agenda.due == 7.0
    tables[0].start("before", 6.0)
    assert agenda.due == 6.0
