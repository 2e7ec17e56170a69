import pytest
from support.isup_pair import ACM
from support.isup_single import Single, kind, status

from tandem.ss7.isup.circuits import State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.primitives import Alert, CallCleared
from tandem.ss7.isup.requests import REQUESTS, range_and_status, runs, selected

MAINTENANCE, HARDWARE = kind(False), kind(True)
REPEAT, ESCALATE = 15, 300


def requests(single):
    """The exchange asks for something of circuit 1 or of circuits 1 to 4; message, its answer and its parameters."""
    exchange = single.exchange

    def unblock(cics):
        exchange.block("g", cics, 0.0)
        if cics == [1]:
            single.receive(M.BLA, 1)
        else:
            single.receive(M.CGBA, 1, MAINTENANCE, status(3, 15))
        exchange.unblock("g", cics, 0.0)

    return {
        M.BLO: (lambda: exchange.block("g", [1], 0.0), ()),
        M.UBL: (lambda: unblock([1]), ()),
        M.RSC: (lambda: exchange.reset("g", [1], 0.0), ()),
        M.CGB: (lambda: exchange.block("g", None, 0.0), (MAINTENANCE, status(3, 15))),
        M.CGU: (lambda: unblock(None), (MAINTENANCE, status(3, 15))),
        M.GRS: (lambda: exchange.reset("g", None, 0.0), (status(3, 0),)),
    }


@pytest.mark.parametrize("request_type", [M.BLO, M.UBL, M.RSC, M.CGB, M.CGU, M.GRS], ids=lambda kind: kind.name)
def test_request_is_repeated_then_escalated_until_answered(request_type):
    single = Single()
    start, answer = requests(single)[request_type]
    start()
    first = single.take()[-1]
    assert (first.type, first.cic) == (request_type, 1)
    for _ in range(ESCALATE // REPEAT - 1):
        single.wait(REPEAT)
        assert single.take() == [first]
        assert single.heard == []
    single.wait(REPEAT)
    repeated = single.take()
    assert set(repeated) == {first}
    assert [type(item) for item in single.heard] == [Alert]
    # from now on only the long timer repeats
    single.wait(ESCALATE - 1)
    assert single.take() == []
    single.wait(1)
    assert single.take() == [first]
    assert [type(item) for item in single.heard] == [Alert]
    single.receive(REQUESTS[request_type].answer, 1, *answer)
    assert single.exchange.next_deadline() is None
    assert single.exchange.quiet


def test_release_without_answer_becomes_a_reset():
    single = Single()
    call = single.setup()
    single.receive(M.ACM, 1, *ACM)
    single.release(call)
    (release,) = [m for m in single.take() if m.type is M.REL]
    for _ in range(19):
        single.wait(15)
        assert single.take() == [release]
    single.wait(15)  # T1 and T5 expire at the same time
    assert single.types()[-1] == (M.RSC, 1)
    assert [type(item) for item in single.heard] == [Alert]
    assert single.state() is State.RESETTING
    single.wait(299)
    assert single.types() == []  # T16 does not run after T5
    single.wait(1)
    assert single.types() == [(M.RSC, 1)]
    single.receive(M.RLC, 1)
    single.take()
    assert single.heard == [CallCleared(call, 1)]
    assert single.state() is State.IDLE


def test_circuits_in_runs():
    group = Single((1, 2, 4, *range(10, 80))).exchange._kernel.groups["g"]
    found = [[circuit.cic for circuit in run] for run in runs(group.circuits.values())]
    assert found == [[1, 2], [4], [*range(10, 42)], [*range(42, 74)], [*range(74, 80)]]


@pytest.mark.parametrize("octets", [b"\x00\x01", b"\x07\xa5", b"\x08\xff\x01", b"\x1f\x01\x02\x04\x80"])
def test_range_and_status_round_trip(octets):
    chosen = selected(5, octets)
    assert range_and_status(5, octets[0], chosen).octets == octets


@pytest.mark.parametrize("octets", [b"\x00", b"\x08\xff", b"\xff" + bytes(31)])
def test_status_too_short_for_its_range(octets):
    assert selected(1, octets) is None


def test_requests_with_one_answer_become_one():
    """A CGB (hardware) that a reset has thinned out, and a new one with the same CIC and range."""
    single = Single((1, 2))
    single.exchange.block("g", [1, 2], 0.0, hardware=True)
    single.exchange.reset("g", [1], 0.0)
    assert [m.type for m in single.take()] == [M.CGB, M.RSC]
    single.receive(M.RLC, 1)
    (again,) = single.take()
    assert (again.type, again.raw(22)) == (M.CGB, b"\x01\x03")
    single.receive(M.CGBA, 1, HARDWARE, status(1, 3))
    assert single.exchange.quiet
    assert single.exchange.next_deadline() is None


def test_requests_left_unanswered_are_repeated_when_the_peer_comes_back():
    single = Single(start=False)
    single.exchange.resume(1, 0.0)
    single.wait(400)
    single.take()
    single.exchange.pause(1, single.now)
    single.exchange.resume(1, single.now)
    assert single.types() == [(M.GRS, 1)]
    single.wait(15)
    assert single.types() == [(M.GRS, 1)]  # and again at the short interval


def test_peer_that_starts_is_asked_again_for_the_reset_it_left_unanswered():
    single = Single(start=False)
    single.exchange.resume(1, 0.0)
    single.receive(M.GRS, 1, status(3, 0))
    assert single.types() == [(M.GRS, 1), (M.GRA, 1)]  # T22 runs: no need to ask
    single.wait(400)
    single.take()
    single.receive(M.GRS, 1, status(3, 0))
    assert single.types() == [(M.GRA, 1), (M.GRS, 1)]
    single.receive(M.GRA, 1, status(3, 0))
    assert single.exchange.next_deadline() is None
