from hypothesis import given
from hypothesis import strategies as st
from support.isup_single import Single

from tandem.ss7.circuits.selection import OldestIdlePool, SequentialPool, circuit_pool
from tandem.ss7.isup.circuits import Circuit, Group, Peer
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.timers import timer_values


def circuits(*cics, control="even"):
    configuration = GroupConfiguration("g", 2, 1, cics, control=control)
    group = Group(configuration, Peer(2, 1), circuit_pool("lowest"), timer_values({}))
    return [Circuit(cic, group, configuration.controls(cic)) for cic in cics]


def fill(pool, items):
    for item in items:
        pool.add(item)
    return pool


def drained(pool):
    taken = []
    while circuit := pool.take():
        taken.append(circuit.cic)
    return taken


def test_oldest_idle_takes_our_circuits_first_in_first_out_then_the_others_last_in_first_out():
    assert drained(fill(OldestIdlePool(), circuits(1, 2, 3, 4, 5, 6))) == [2, 4, 6, 5, 3, 1]


def test_oldest_idle_keeps_the_place_of_a_circuit_that_is_there():
    one, two = circuits(2, 4)
    pool = fill(OldestIdlePool(), [one, two, one])
    assert len(pool) == 2
    assert drained(pool) == [2, 4]


def test_sequential_takes_from_its_end():
    assert drained(fill(SequentialPool(False), circuits(3, 1, 2))) == [1, 2, 3]
    assert drained(fill(SequentialPool(True), circuits(3, 1, 2))) == [3, 2, 1]


@given(st.sampled_from(["oldest-idle", "lowest", "highest"]), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2))))
def test_pool_behaves_as_a_set(selection, steps):
    items = circuits(*range(10))
    pool, model = circuit_pool(selection), set()
    for index, action in steps:
        if action == 0:
            pool.add(items[index])
            model.add(items[index])
        elif action == 1:
            pool.discard(items[index])
            model.discard(items[index])
        else:
            taken = pool.take()
            assert (taken in model) if model else (taken is None)
            model.discard(taken)
        assert len(pool) == len(model)
        assert all((item in pool) == (item in model) for item in items)


def test_ends_with_opposite_control_avoid_each_other():
    ours = OldestIdlePool()
    theirs = OldestIdlePool()
    fill(ours, circuits(*range(1, 31), control="even"))
    fill(theirs, circuits(*range(1, 31), control="odd"))
    assert drained(ours) == drained(theirs)[::-1]


def test_group_uses_the_circuit_idle_for_longest():
    single = Single((2, 4, 6), selection="oldest-idle")
    for cic in (2, 4, 6, 2):
        call = single.setup()
        assert single.exchange.circuit_of(call) == cic
        single.release(call)
        single.receive(M.RLC, cic)
