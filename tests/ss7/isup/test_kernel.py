"""Two exchanges back to back: whatever is lost, delayed or cut, no circuit stays stuck and both ends agree."""

import os

import pytest
from support.isup_fuzz import Fuzz
from support.isup_pair import ACM, Pair
from support.isup_single import cause
from support.isup_traffic import Traffic

from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.kernel import cause_indicators, cause_of
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import CallReleased, CircuitChanged, IncomingCall

#: Seeds for each kind of trouble; the soak run takes hundreds: ISUP_SEEDS=500.
SEEDS = int(os.environ.get("ISUP_SEEDS", "8"))


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize(
    "trouble",
    [
        {},
        {"storm": True},
        {"loss": 0.1},
        {"pauses": True},
        {"maintenance": True},
        {"loss": 0.1, "pauses": True, "maintenance": True, "storm": True},
        {"loss": 0.4, "maintenance": True, "cics": 33},
    ],
    ids=["calm", "storm", "loss", "pauses", "maintenance", "everything", "flood"],
)
def test_no_circuit_stays_stuck(seed, trouble):
    Traffic(seed, **trouble).run()


def test_whatever_comes_nothing_is_left_behind():
    """Random messages of three variants, requests and timers; more of them with ISUP_SEEDS=300."""
    for seed in range(25 * SEEDS):
        Fuzz(seed).recover()


def test_call_through_both_exchanges():
    pair = Pair()
    call = pair.a.setup(pair.now)
    pair.run(1)
    (offered,) = pair.b.take(IncomingCall)
    pair.b.exchange.send(offered.call, M.ACM, ACM, pair.now)
    pair.run(1)
    pair.b.exchange.send(offered.call, M.ANM, [], pair.now)
    pair.run(1)
    pair.b.release(offered.call, pair.now)
    pair.run(1)
    (released,) = pair.a.take(CallReleased)
    assert (released.call, released.cause) == (call, 16)
    pair.assert_agreed()


def test_dual_seizure_keeps_both_calls():
    """Both ends seize circuit 2 at once; A controls the even circuits, so B gives way."""
    pair = Pair((2, 4), selection="lowest")
    pair.forget()
    ours, theirs = pair.a.setup(pair.now), pair.b.setup(pair.now)
    pair.run(1)
    assert pair.b.take(CircuitChanged) == [CircuitChanged(theirs, 2, 4)]
    assert pair.a.exchange.circuit_of(ours) == 2
    assert [call.cic for call in pair.a.take(IncomingCall)] == [4]
    assert [call.cic for call in pair.b.take(IncomingCall)] == [2]


def test_link_failure_in_mid_call_keeps_the_call_and_clears_it_afterwards():
    pair = Pair()
    call = pair.a.setup(pair.now)
    pair.run(1)
    pair.b.exchange.send(pair.b.take(IncomingCall)[0].call, M.CON, ACM, pair.now)
    pair.run(1)
    pair.pause()
    assert pair.a.setup(pair.now) is None
    pair.run(100)
    assert list(pair.a.alive) == [call]
    pair.a.release(call, pair.now)
    pair.run(100)
    assert list(pair.a.alive) == [call]
    pair.resume()
    pair.run(16)
    pair.assert_agreed()


def test_cause_round_trip_and_forms():
    release = Message.build(M.REL, 1, [cause_indicators(17, 4)])
    assert cause_of(release) == (17, 4)
    assert cause_of(Message.build(M.REL, 1, [cause(16, 10)])) == (16, 10)
    with_recommendation = Message.build(M.REL, 1, [RawParameter(18, b"\x02\x80\x91")])
    assert cause_of(with_recommendation) == (17, 2)
    for unreadable in (b"", b"\x82", b"\x02\x80"):
        assert cause_of(Message.build(M.REL, 1, [RawParameter(18, unreadable)]))[0] == 31
