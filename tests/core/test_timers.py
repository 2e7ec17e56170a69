"""The timer table."""

import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.compiled import compiled
from tandem.core.timers import IN_PYTHON, Agenda, TimerTable

PYTHON = IN_PYTHON[1]
KINDS = [pytest.param(*IN_PYTHON, id="python")]
if TimerTable is not PYTHON:
    KINDS.append(pytest.param(Agenda, TimerTable, id="compiled"))
both = pytest.mark.parametrize(("Agenda", "TimerTable"), KINDS)


@both
def test_expires_in_order_and_once(Agenda, TimerTable):
    timers = TimerTable()
    timers.start("b", 2.0)
    timers.start("a", 1.0)
    timers.start("c", 3.0)
    assert timers.next_deadline() == 1.0
    assert list(timers.expired(2.0)) == ["a", "b"]
    assert list(timers.expired(2.0)) == []
    assert timers.next_deadline() == 3.0


@both
def test_restart_moves_the_deadline(Agenda, TimerTable):
    timers = TimerTable()
    timers.start("a", 1.0)
    timers.start("a", 5.0)
    assert timers.next_deadline() == 5.0
    assert timers.deadline("a") == 5.0
    assert list(timers.expired(4.0)) == []


@both
def test_stop(Agenda, TimerTable):
    timers = TimerTable()
    timers.start("a", 1.0)
    assert timers.stop("a")
    assert not timers.stop("a")
    assert not timers.is_running("a")
    assert timers.next_deadline() is None
    assert timers.deadline("a") is None


@both
def test_timers_may_change_while_expiring(Agenda, TimerTable):
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


@both
def test_clear(Agenda, TimerTable):
    timers = TimerTable()
    timers.start("a", 1.0)
    timers.clear()
    assert len(timers) == 0
    assert timers.next_deadline() is None


@both
def test_many_restarts_do_not_grow_the_heap(Agenda, TimerTable):
    timers = TimerTable()
    for moment in range(10_000):
        timers.start("a", float(moment))
    assert len(timers._heap) < 300


@both
@given(st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 100))), max_size=200))
def test_agrees_with_a_plain_dictionary(Agenda, TimerTable, steps):
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


@both
def test_an_agenda_is_never_late(Agenda, TimerTable):
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


@both
def test_a_timer_keeps_nothing_alive_that_it_belongs_to(Agenda, TimerTable):
    class Owner:
        def __init__(self):
            self.timers = TimerTable()

    owner = Owner()
    owner.timers.start((owner, "T1"), 1.0)
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


@both
@pytest.mark.parametrize("end", [lambda timers, key: timers.stop(key), lambda timers, key: timers.start(key, 5.0)])
def test_a_stopped_timer_keeps_nothing_alive(Agenda, TimerTable, end):
    """It stays in the heap until it surfaces, which may be half an hour after the call that it was for."""

    class Owner:
        def __eq__(self, other):
            return True

        def __hash__(self):
            return 0

    timers = TimerTable()
    timers.start("first", 1.0)
    owner = Owner()
    timers.start(owner, 2.0)
    gone = weakref.ref(owner)
    end(timers, owner)
    timers.stop(owner)
    del owner
    gc.collect()
    assert gone() is None
    assert len(timers._heap) > 1
    assert [*timers.expired(9.0)] == ["first"]


@both
def test_a_deadline_that_is_no_number_is_refused(Agenda, TimerTable):
    timers = TimerTable()
    timers.start("a", 1.0)
    with pytest.raises(TypeError):
        timers.start("b", None)


STEPS = st.one_of(
    st.tuples(st.just("start"), st.integers(0, 90), st.integers(0, 40)),
    st.tuples(st.just("stop"), st.integers(0, 90), st.just(0)),
    st.tuples(st.just("expire"), st.integers(0, 40), st.integers(0, 4)),
    st.tuples(st.sampled_from(["clear", "share"]), st.just(0), st.just(0)),
)


@pytest.mark.skipif(TimerTable is PYTHON, reason="Tandem was installed here without a C compiler")
@given(st.lists(STEPS, max_size=400))
def test_the_compiled_table_does_what_the_one_in_python_does(steps):
    """Also in the order of timers with the same deadline, and when expiring is broken off."""
    tables = [(PYTHON(), IN_PYTHON[0]()), (TimerTable(), Agenda())]
    for step in steps:
        python, compiled = [act(table, agenda, *step) for table, agenda in tables]
        assert python == compiled


def act(table, agenda, what, one, other):
    """Do a step, and tell all there is to see then."""
    said = None
    if what == "start":
        table.start(one, float(other))
    elif what == "stop":
        said = table.stop(one)
    elif what == "expire":
        said = [key for key, _ in zip(table.expired(one), range(other), strict=False)]
    elif what == "share":
        table.share(agenda)
    else:
        table.clear()
    of_keys = [(table.is_running(key), table.deadline(key)) for key in range(0, 90, 7)]
    return said, of_keys, len(table), table.next_deadline(), agenda.due, len(table._heap)


def test_the_table_in_use_is_the_compiled_one_where_there_is_one():
    assert (TimerTable is PYTHON) == (compiled("tandem.core") is None)
