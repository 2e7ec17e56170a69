import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tup_single import Single, acknowledgement

from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.configuration import GroupConfiguration
from tandem.ss7.tup.kernel import Kernel
from tandem.ss7.tup.primitives import Alert
from tandem.ss7.tup.requests import MAXIMUM_RANGE, REQUESTS, chosen, runs, with_status


def ask(single, request):
    """Make the exchange send a request."""
    exchange = single.exchange
    kind = {"hardware": request in (M.HGB, M.HGU), "software": request in (M.SGB, M.SGU)}
    cics = [1] if request in (M.BLO, M.UBL, M.RSC) else [1, 2]
    if request in (M.RSC, M.GRS):
        exchange.reset("g", cics, single.now)
        return
    exchange.block("g", cics, single.now, **kind)
    if request in (M.UBL, M.MGU, M.HGU, M.SGU):
        for item in single.sent():
            single.receive(acknowledgement(item.message), item.cic)
        exchange.unblock("g", cics, single.now, **kind)


@pytest.mark.parametrize("request_type", REQUESTS, ids=lambda request: request.name)
def test_repeated_then_alerted_then_repeated_slowly(request_type):
    single = Single()
    ask(single, request_type)
    assert single.types() == [(request_type, 1)]
    single.wait(59)
    assert single.types() == [(request_type, 1)] * 11  # every 5 s
    assert single.heard == []
    single.wait(2)
    single.take()
    assert [type(item) for item in single.heard] == [Alert]
    single.wait(119)
    assert single.types() == [(request_type, 1)] * 2  # once a minute


@pytest.mark.parametrize("request_type", REQUESTS, ids=lambda request: request.name)
def test_ended_by_its_answer(request_type):
    single = Single()
    ask(single, request_type)
    (item,) = single.sent()
    single.receive(acknowledgement(item.message), item.cic)
    assert single.exchange.next_deadline() is None
    assert single.exchange.quiet


def test_group_messages_go_twice_where_the_peer_wants_it():
    single = Single(group_messages_twice=True, start=False)
    single.exchange.resume(1, 0.0)
    assert single.types() == [(M.GRS, 1), (M.GRS, 1)]
    single.wait(5)
    assert single.types() == [(M.GRS, 1), (M.GRS, 1)]


@given(st.integers(0, 100), st.sets(st.integers(0, 31)))
def test_status_there_and_back(first, offsets):
    cics = {first + offset for offset in offsets}
    message = with_status(M.MGB, first, 31, cics)
    assert set(chosen(first, message)) == cics
    assert chosen(first, with_status(M.GRA, first, 0, ())) == [first]


@given(st.sets(st.integers(1, 200), min_size=1))
def test_runs_cover_all_circuits_once(cics):
    kernel = Kernel([GroupConfiguration("g", 2, 1, tuple(cics))])
    found = runs(kernel.groups["g"].circuits.values())
    assert [circuit.cic for run in found for circuit in run] == sorted(cics)
    for run in found:
        assert len(run) <= MAXIMUM_RANGE
        assert [item.cic for item in run] == list(range(run[0].cic, run[0].cic + len(run)))
