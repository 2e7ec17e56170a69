"""ITU-T Q.784, ISUP basic call test specification: set-up, release, abnormal situations, special calls (2 to 9)."""

from __future__ import annotations

from typing import Any

from conformance.q784 import ANSWERED, COT_BAD, COT_OK, Q784, Point
from support.isup_pair import ACM, CPG, SUS_NETWORK, SUS_USER, iam
from support.isup_single import cause, kind, status

from tandem.ss7.isup.circuits import State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import (
    AddressComplete,
    Alert,
    CallCleared,
    CallMessage,
    CallReleased,
    CircuitChanged,
    Congested,
    ContinuityLoop,
    IncomingCall,
)
from tandem.ss7.mtp3.primitives import StatusCause

case, not_applicable = Q784.case, Q784.not_applicable

# 2 Normal call set-up


@case("2.1.1", "Both-way circuit selection: IAM sent by the controlling exchange")
def _() -> None:
    p = Point((1, 2), control="even", selection="oldest-idle")
    p.setup()
    assert p.types() == [(M.IAM, 2)]


@case("2.1.2", "Both-way circuit selection: IAM sent by the non-controlling exchange")
def _() -> None:
    p = Point((1, 2), control="none", selection="oldest-idle")
    p.setup()
    assert p.types() == [(M.IAM, 2)]


@case("2.2.1", "Called address sending: all at once")
def _() -> None:
    p = Point()
    p.outgoing()
    assert p.state() is State.OUT_WAIT_ACM
    q = Point()
    q.receive(M.IAM, 1, *iam())
    q.take()
    assert q.told(IncomingCall)[0].complete


@case("2.2.2", "Called address sending: overlap, with SAM")
def _() -> None:
    more = RawParameter(P.SUBSEQUENT_NUMBER, b"\x00\xf7")
    p = Point()
    call = p.outgoing()
    p.send(call, M.SAM, more)
    assert p.types() == [(M.SAM, 1)]
    q = Point(overlap=True)
    q.incoming()
    q.receive(M.SAM, 1, more)
    q.take()
    assert len(q.told(AddressComplete)) == 1


@case("2.3.1", "Ordinary call with various indications in ACM")
def _() -> None:
    for octets in (b"\x02\x14", b"\x16\x14", b"\x26\x01", b"\x05\x04"):
        p = Point()
        p.outgoing((M.ACM, RawParameter(P.BACKWARD_CALL_INDICATORS, octets)))
        assert p.told(CallMessage)[0].message.raw(P.BACKWARD_CALL_INDICATORS) == octets
        p.receive(M.ANM, 1)
        assert p.state() is State.OUT_ANSWERED


@case("2.3.2", "Ordinary call with ACM, CPG and ANM")
def _() -> None:
    p = Point()
    p.outgoing((M.ACM, *ACM), (M.CPG, *CPG), (M.ANM,))
    assert [item.message.type for item in p.told(CallMessage)] == [M.ACM, M.CPG, M.ANM]
    q = Point()
    call = q.incoming()
    for message, parameters in ((M.ACM, ACM), (M.CPG, CPG), (M.ANM, [])):
        q.send(call, message, *parameters)
    assert q.types() == [(M.ACM, 1), (M.CPG, 1), (M.ANM, 1)]


@case("2.3.3", "Ordinary call with various indications in CON")
def _() -> None:
    p = Point()
    p.outgoing((M.CON, *ACM))
    assert p.state() is State.OUT_ANSWERED
    q = Point()
    q.incoming((M.CON, *ACM))
    assert q.state() is State.IN_ANSWERED


@case("2.3.4", "Call set-up via satellite")
def _() -> None:
    p = Point(satellite=True)
    p.setup()
    assert p.take()[0].raw(P.NATURE_OF_CONNECTION_INDICATORS)[0] & 3 == 1


not_applicable(
    "2.3.5", "Call set-up with echo control", "there are no echo control devices here; requests pass through"
)


@case("2.3.6", "Blocking and unblocking during a call")
def _() -> None:
    p = Point()
    call = p.outgoing(*ANSWERED)
    p.receive(M.BLO, 1)
    assert p.types() == [(M.BLA, 1)]
    assert p.exchange.calls() == [call]
    p.receive(M.REL, 1, cause(16))
    p.receive(M.UBL, 1)
    assert p.types() == [(M.RLC, 1), (M.UBA, 1)]
    assert p.exchange.idle_circuits("g") == 4


@case("2.4", "Propagation delay determination, as a transit does it")
def _() -> None:
    p = Point(propagation_delay=15)
    p.setup([*iam(), RawParameter(P.PROPAGATION_DELAY_COUNTER, b"\x00\x0a")])
    assert p.take()[0].raw(P.PROPAGATION_DELAY_COUNTER) == b"\x00\x19"


# 3 Normal call release


def _released_by_peer(p: Point) -> None:
    p.receive(M.REL, 1, cause(16))
    assert p.types() == [(M.RLC, 1)]
    assert len(p.told(CallReleased)) == len(p.told(CallCleared)) == 1
    assert p.idle()


def _released_by_us(p: Point, call: int) -> None:
    p.release(call)
    assert p.types() == [(M.REL, 1)]
    p.receive(M.RLC, 1)
    p.take()
    assert len(p.told(CallCleared)) == 1
    assert p.idle()


@case("3.1", "Calling party clears before address complete")
def _() -> None:
    p = Point()
    _released_by_us(p, p.outgoing())
    p.incoming()
    _released_by_peer(p)


@case("3.2", "Calling party clears before answer")
def _() -> None:
    p = Point()
    _released_by_us(p, p.outgoing((M.ACM, *ACM)))
    p.incoming((M.ACM, *ACM))
    _released_by_peer(p)


@case("3.3", "Calling party clears after answer")
def _() -> None:
    p = Point()
    _released_by_us(p, p.outgoing(*ANSWERED))
    p.incoming(*ANSWERED)
    _released_by_peer(p)


@case("3.4", "Called party clears after answer")
def _() -> None:
    p = Point()
    p.outgoing(*ANSWERED)
    _released_by_peer(p)
    _released_by_us(p, p.incoming(*ANSWERED))


def _suspends(p: Point, parameters: list[Any], call: int, sent: bool) -> None:
    for message in (M.SUS, M.RES):
        if sent:
            p.send(call, message, *parameters)
            assert p.types() == [(message, 1)]
        else:
            p.receive(message, 1, *parameters)
            assert p.types() == []
            assert [item.message.type for item in p.told(CallMessage)] == [message]
    p.wait(1000)
    assert p.exchange.calls() == [call]


@case("3.5", "Suspend initiated by the network")
def _() -> None:
    p, q = Point(), Point()
    _suspends(p, SUS_NETWORK, p.outgoing(*ANSWERED), sent=False)
    _suspends(q, SUS_NETWORK, q.incoming(*ANSWERED), sent=True)


@case("3.6", "Suspend and resume initiated by a calling party")
def _() -> None:
    p, q = Point(), Point()
    _suspends(p, SUS_USER, p.outgoing(*ANSWERED), sent=True)
    _suspends(q, SUS_USER, q.incoming(*ANSWERED), sent=False)


@case("3.7", "Suspend and resume initiated by a called party")
def _() -> None:
    p, q = Point(), Point()
    _suspends(p, SUS_USER, p.outgoing(*ANSWERED), sent=False)
    _suspends(q, SUS_USER, q.incoming(*ANSWERED), sent=True)


@case("3.8", "Collision of REL messages")
def _() -> None:
    p = Point()
    call = p.outgoing(*ANSWERED)
    p.release(call)
    p.receive(M.REL, 1, cause(16))
    assert p.types() == [(M.REL, 1), (M.RLC, 1)]
    p.receive(M.RLC, 1)
    assert p.idle()


# 4 Unsuccessful call set-up


@case("4.1", "Known causes of release, before and after address complete")
def _() -> None:
    for value in (1, 17, 34, 42):
        for before in ((), ((M.ACM, *ACM),)):
            p = Point()
            call = p.outgoing(*before)
            p.receive(M.REL, 1, cause(value))
            assert p.types() == [(M.RLC, 1)]
            assert [(item.call, item.cause) for item in p.told(CallReleased)] == [(call, value)]


# 5 Abnormal situations during a call

not_applicable(
    "5.1", "Inability to release in response to a REL after ANM", "a circuit here is always released at once"
)


def _expires(p: Point, seconds: float, value: int) -> None:
    p.wait(seconds - 0.1)
    assert p.types() == []
    p.wait(0.2)
    (release,) = p.take()
    assert (release.type, release.raw(P.CAUSE_INDICATORS)[1] & 0x7F) == (M.REL, value)
    assert len(p.told(CallReleased)) <= 1


@case("5.2.1", "T7: waiting for ACM or CON")
def _() -> None:
    p = Point()
    p.outgoing()
    _expires(p, 25, 102)


@case("5.2.2", "T9: waiting for ANM")
def _() -> None:
    p = Point()
    p.outgoing((M.ACM, *ACM))
    _expires(p, 180, 19)


@case("5.2.3", "T1 and T5: failure to receive RLC")
def _() -> None:
    p = Point()
    p.release(p.outgoing(*ANSWERED))
    p.take()
    p.wait(299)
    assert p.types() == [(M.REL, 1)] * 19
    p.wait(1)
    assert p.types()[-1] == (M.RSC, 1)
    assert len(p.told(Alert)) == 1
    p.wait(299)
    assert p.types() == []
    p.wait(1)
    assert p.types() == [(M.RSC, 1)]  # T17


@case("5.2.4", "T6: waiting for RES (network)")
def _() -> None:
    p = Point()
    p.outgoing(*ANSWERED, (M.SUS, *SUS_NETWORK))
    _expires(p, 30, 16)


@case("5.2.5", "T8: waiting for COT")
def _() -> None:
    for continuity in (1, 2):
        p = Point()
        p.receive(M.IAM, 1, *iam(continuity=continuity))
        p.take()
        _expires(p, 13, 41)


def _repeats(p: Point, request: M, repeats: float, escalates: float) -> None:
    """A request without answer: every `repeats` seconds, with an alert after `escalates`, then that often."""
    assert p.types() == [(request, 1)]
    p.wait(escalates - 1)
    assert set(p.types()) == {(request, 1)}
    assert p.told(Alert) == []
    p.wait(1)
    assert p.types()[-1] == (request, 1)
    assert len(p.told(Alert)) == 1
    p.wait(escalates - 1)
    assert p.types() == []
    p.wait(1)
    assert p.types() == [(request, 1)]
    assert repeats < escalates


@case("5.2.6", "T12 and T13: failure to receive BLA")
def _() -> None:
    p = Point()
    p.exchange.block("g", [1], 0.0)
    _repeats(p, M.BLO, 15, 300)


@case("5.2.7", "T14 and T15: failure to receive UBA")
def _() -> None:
    p = Point()
    p.exchange.block("g", [1], 0.0)
    p.receive(M.BLA, 1)
    p.take()
    p.exchange.unblock("g", [1], 0.0)
    _repeats(p, M.UBL, 15, 300)


@case("5.2.8", "T16 and T17: failure to receive RLC in answer to RSC")
def _() -> None:
    p = Point()
    p.exchange.reset("g", [1], 0.0)
    _repeats(p, M.RSC, 15, 300)


@case("5.2.9", "T18 and T19: failure to receive CGBA")
def _() -> None:
    p = Point()
    p.exchange.block("g", None, 0.0)
    _repeats(p, M.CGB, 15, 300)


@case("5.2.10", "T20 and T21: failure to receive CGUA")
def _() -> None:
    p = Point()
    p.exchange.block("g", None, 0.0)
    p.receive(M.CGBA, 1, kind(False), status(3, 15))
    p.take()
    p.exchange.unblock("g", None, 0.0)
    _repeats(p, M.CGU, 15, 300)


@case("5.2.11", "T22 and T23: failure to receive GRA")
def _() -> None:
    p = Point()
    p.exchange.reset("g", None, 0.0)
    _repeats(p, M.GRS, 15, 300)


@case("5.3.1", "Reset of a circuit during a call: outgoing")
def _() -> None:
    p = Point()
    p.outgoing(*ANSWERED)
    p.receive(M.RSC, 1)
    assert p.types() == [(M.RLC, 1)]
    assert len(p.told(CallReleased)) == 1
    assert p.idle()


@case("5.3.2", "Reset of a circuit during a call: incoming")
def _() -> None:
    p = Point()
    p.incoming(*ANSWERED)
    p.receive(M.RSC, 1)
    assert p.types() == [(M.RLC, 1)]
    assert len(p.told(CallReleased)) == 1
    assert p.idle()


# 6 Special call set-up


@case("6.1.1", "Continuity check required")
def _() -> None:
    p = Point()
    p.outgoing(parameters=iam(continuity=1))
    p.exchange.continuity_heard("g", 1, 0.5)
    (check,) = p.take()
    assert (check.type, check.raw(P.CONTINUITY_INDICATORS)) == (M.COT, b"\x01")
    q = Point()
    q.receive(M.IAM, 1, *iam(continuity=1))
    q.take()
    assert q.told(ContinuityLoop) == [ContinuityLoop("g", 1, True)]
    q.receive(M.COT, 1, COT_OK)
    q.take()
    assert len(q.told(IncomingCall)) == 1


@case("6.1.2", "Continuity check performed on a previous circuit")
def _() -> None:
    p = Point()
    p.receive(M.IAM, 1, *iam(continuity=2))
    p.take()
    assert p.heard == []
    p.receive(M.COT, 1, COT_OK)
    p.take()
    assert len(p.told(IncomingCall)) == 1


@case("6.1.3", "Calling party clears during a continuity check")
def _() -> None:
    p = Point()
    p.release(p.outgoing(parameters=iam(continuity=1)))
    assert p.types() == [(M.REL, 1)]
    q = Point()
    q.receive(M.IAM, 1, *iam(continuity=1))
    q.receive(M.REL, 1, cause(16))
    assert q.types() == [(M.RLC, 1)]
    assert q.idle()


@case("6.1.4", "Delay of through-connection: no call is offered before COT")
def _() -> None:
    p = Point()
    p.receive(M.IAM, 1, *iam(continuity=1))
    p.wait(12)
    p.take()
    assert p.told(IncomingCall) == []


@case("6.1.5", "Continuity check unsuccessful")
def _() -> None:
    p = Point()
    p.outgoing(parameters=iam(continuity=1))
    p.wait(2)
    assert p.types() == [(M.COT, 1), (M.IAM, 2)]
    p.wait(5)
    assert (M.CCR, 1) in p.types()
    q = Point()
    q.receive(M.IAM, 1, *iam(continuity=1))
    q.receive(M.COT, 1, COT_BAD)
    q.receive(M.CCR, 1)
    assert q.types() == [(M.LPA, 1)]


def _moves(p: Point, call: int, sent: list[tuple[M, int]]) -> None:
    assert p.types() == sent
    assert p.told(CircuitChanged) == [CircuitChanged(call, 1, 2)]


@case("6.2.1", "Automatic repeat attempt: dual seizure at the non-controlling exchange")
def _() -> None:
    p = Point(control="none")
    call = p.outgoing()
    p.receive(M.IAM, 1, *iam())
    _moves(p, call, [(M.IAM, 2)])


@case("6.2.2", "Automatic repeat attempt: blocking of a circuit")
def _() -> None:
    p = Point()
    call = p.outgoing()
    p.receive(M.BLO, 1)
    _moves(p, call, [(M.BLA, 1), (M.REL, 1), (M.IAM, 2)])


@case("6.2.3", "Automatic repeat attempt: circuit reset")
def _() -> None:
    p = Point()
    call = p.outgoing()
    p.receive(M.RSC, 1)
    _moves(p, call, [(M.RLC, 1), (M.IAM, 2)])


@case("6.2.4", "Automatic repeat attempt: continuity check failure")
def _() -> None:
    p = Point()
    call = p.outgoing(parameters=iam(continuity=1))
    p.wait(2)
    _moves(p, call, [(M.COT, 1), (M.IAM, 2)])


@case("6.2.5", "Automatic repeat attempt: unreasonable message")
def _() -> None:
    p = Point()
    call = p.outgoing()
    p.receive(M.ANM, 1)
    _moves(p, call, [(M.RSC, 1), (M.IAM, 2)])


@case("6.3.1", "Dual seizure at the controlling exchange")
def _() -> None:
    p = Point(control="all")
    p.outgoing()
    p.receive(M.IAM, 1, *iam())
    assert p.types() == []
    p.receive(M.ACM, 1, *ACM)
    assert p.state() is State.OUT_WAIT_ANM


@case("6.4.1", "Semi-automatic operation: FOT sent following a call to a subscriber")
def _() -> None:
    p = Point()
    p.send(p.outgoing(*ANSWERED), M.FOT)
    assert p.types() == [(M.FOT, 1)]


@case("6.4.2", "Semi-automatic operation: FOT received following a call to a subscriber")
def _() -> None:
    p = Point()
    p.incoming(*ANSWERED)
    p.receive(M.FOT, 1)
    p.take()
    assert [item.message.type for item in p.told(CallMessage)] == [M.FOT]


@case("6.4.3", "Semi-automatic operation: FOT sent following a call via codes 11 and 12")
def _() -> None:
    p = Point()
    p.send(p.outgoing(*ANSWERED, parameters=iam(b"\x1b\xc2")), M.FOT)
    assert p.types() == [(M.FOT, 1)]


@case("6.4.4", "Semi-automatic operation: FOT received following a call via codes 11 and 12")
def _() -> None:
    p = Point()
    p.incoming(*ANSWERED, parameters=iam(b"\x1b\xc2"))
    p.receive(M.FOT, 1)
    p.take()
    assert [item.message.type for item in p.told(CallMessage)] == [M.FOT]


SEGMENT = RawParameter(P.USER_TO_USER_INFORMATION, b"\x04" + bytes(130))
MORE = RawParameter(P.OPTIONAL_FORWARD_CALL_INDICATORS, b"\x04")


@case("6.5.1", "Simple segmentation: SGM sent")
def _() -> None:
    p = Point()
    p.setup([*iam(), SEGMENT, RawParameter(P.ACCESS_TRANSPORT, b"\x7c\x78" + bytes(120))])
    assert p.types() == [(M.IAM, 1), (M.SGM, 1)]


@case("6.5.2", "Simple segmentation: SGM received")
def _() -> None:
    p = Point()
    p.receive(M.IAM, 1, *iam(), MORE)
    p.receive(M.SGM, 1, SEGMENT)
    p.take()
    assert p.told(IncomingCall)[0].message.raw(P.USER_TO_USER_INFORMATION) == SEGMENT.octets


@case("6.5.3", "Simple segmentation: SGM received after T34 expired")
def _() -> None:
    p = Point()
    p.receive(M.IAM, 1, *iam(), MORE)
    p.wait(3)
    p.receive(M.SGM, 1, SEGMENT)
    assert p.types() == []
    (incoming,) = p.heard
    assert SEGMENT.code not in incoming.message


@case("6.5.4", "Simple segmentation: SGM discarded in forward direction")
def _() -> None:
    p = Point()
    call = p.incoming()
    p.receive(M.SGM, 1, SEGMENT)
    p.take()
    assert p.heard == []
    p.send(call, M.ACM, *ACM)
    assert p.types() == [(M.ACM, 1)]


@case("6.5.5", "Simple segmentation: SGM discarded in backward direction")
def _() -> None:
    p = Point()
    p.outgoing()
    p.receive(M.SGM, 1, SEGMENT)
    p.take()
    assert p.heard == []
    p.receive(M.ACM, 1, *ACM)
    assert p.state() is State.OUT_WAIT_ANM


@case("6.6.1", "Fallback does not occur")
def _() -> None:
    p = Point()
    p.outgoing(*ANSWERED, parameters=[*iam(medium=6), RawParameter(P.TRANSMISSION_MEDIUM_REQUIREMENT_PRIME, b"\x03")])
    assert p.state() is State.OUT_ANSWERED


@case("6.6.2", "Fallback occurs behind this exchange")
def _() -> None:
    p = Point()
    used = RawParameter(P.TRANSMISSION_MEDIUM_USED, b"\x03")
    p.outgoing((M.ACM, *ACM), (M.ANM, used), parameters=iam(medium=6))
    assert p.told(CallMessage)[-1].message.raw(P.TRANSMISSION_MEDIUM_USED) == b"\x03"


for _number, _title in (("6.6.3", "Fallback occurs in this exchange"), ("6.6.4", "Fallback not supported by the peer")):
    not_applicable(_number, _title, "call control here does not fall back from one bearer to another")


# 7 Bearer services


@case("7.1.1", "64 kbit/s unrestricted: successful call set-up")
def _() -> None:
    p = Point()
    p.outgoing(*ANSWERED, parameters=iam(medium=2))
    assert p.state() is State.OUT_ANSWERED


@case("7.1.2", "64 kbit/s unrestricted: unsuccessful call set-up")
def _() -> None:
    p = Point()
    p.outgoing(parameters=iam(medium=2))
    p.receive(M.REL, 1, cause(65))
    assert p.types() == [(M.RLC, 1)]
    assert [item.cause for item in p.told(CallReleased)] == [65]


@case("7.1.3", "64 kbit/s unrestricted: dual seizure")
def _() -> None:
    p = Point(control="none")
    call = p.outgoing(parameters=iam(medium=2))
    p.receive(M.IAM, 1, *iam())
    _moves(p, call, [(M.IAM, 2)])


@case("7.2.1", "3.1 kHz audio: successful call set-up")
def _() -> None:
    p = Point()
    bearer = RawParameter(P.USER_SERVICE_INFORMATION, b"\x90\x90\xa3")
    p.setup([*iam(medium=3), bearer])
    (initial,) = p.take()
    assert (initial.raw(P.TRANSMISSION_MEDIUM_REQUIREMENT), initial.raw(bearer.code)) == (b"\x03", bearer.octets)


E1 = (*range(1, 16), *range(17, 32))


@case("7.3.1", "Multirate connection types: outgoing call set-up")
def _() -> None:
    p = Point(E1)
    call = p.outgoing(*ANSWERED, parameters=iam(medium=8))
    assert p.exchange.circuits_of(call) == (1, 2, 3, 4, 5, 6)
    _released_by_us(p, call)
    assert p.idle(1, 2, 3, 4, 5, 6)


@case("7.3.2", "Multirate connection types: incoming call set-up")
def _() -> None:
    p = Point(E1)
    p.receive(M.IAM, 1, *iam(medium=10))
    p.take()
    assert p.told(IncomingCall)[0].circuits == E1


@case("7.3.3", "Multirate connection types: incoming call, one circuit already busy")
def _() -> None:
    p = Point(E1)
    p.receive(M.IAM, 9, *iam())
    p.take()
    p.receive(M.IAM, 1, *iam(medium=10))
    assert p.types() == [(M.REL, 1)]
    assert p.told(IncomingCall) == []


@case("7.3.4", "Multirate connection types: dual seizure, ours takes more circuits")
def _() -> None:
    p = Point(E1, control="none")
    p.outgoing(parameters=iam(medium=8))
    p.receive(M.IAM, 1, *iam(medium=7))
    assert p.types() == []
    p.receive(M.ACM, 1, *ACM)
    assert p.state() is State.OUT_WAIT_ANM


@case("7.3.5", "Multirate connection types: dual seizure, ours takes fewer circuits")
def _() -> None:
    p = Point(E1, control="all")
    small = p.outgoing(parameters=iam(medium=7))
    p.receive(M.IAM, 1, *iam(medium=8))
    assert p.types() == [(M.IAM, 7)]
    assert p.told(CircuitChanged) == [CircuitChanged(small, 1, 7, (7, 8))]


@case("7.3.6", "Multirate connection types: the peer does not support the procedure")
def _() -> None:
    p = Point(E1)
    call = p.outgoing(parameters=iam(medium=8))
    p.receive(M.REL, 1, cause(65))
    assert p.types() == [(M.RLC, 1)]
    assert [(item.call, item.cause) for item in p.told(CallReleased)] == [(call, 65)]
    assert p.idle(1, 2, 3, 4, 5, 6)


# 8 Congestion control and user flow control, 9


@case("8.1.1", "Automatic congestion control: REL with a congestion level received")
def _() -> None:
    p = Point(tuple(range(1, 21)))
    p.outgoing()
    p.receive(M.REL, 1, cause(42), RawParameter(P.AUTOMATIC_CONGESTION_LEVEL, b"\x02"))
    p.take()
    assert p.told(Congested) == [Congested("g", 2)]
    assert [p.setup() is None for _ in range(5)].count(True) == 2


@case("8.1.2", "Automatic congestion control: REL with a congestion level sent")
def _() -> None:
    p = Point()
    p.exchange.congestion_level = 1
    p.release(p.outgoing())
    assert p.take()[0].raw(P.AUTOMATIC_CONGESTION_LEVEL) == b"\x01"


@case("8.2.1", "ISUP availability control: UPT received")
def _() -> None:
    p = Point()
    p.receive(M.UPT, 1)
    assert p.types() == [(M.UPA, 1)]


@case("8.2.2", "ISUP availability control: UPT sent")
def _() -> None:
    p = Point()
    p.exchange.status(1, StatusCause.USER_PART_INACCESSIBLE, 0.0)
    assert p.types() == [(M.UPT, 1)]
    assert len(p.told(Alert)) == 1
    assert p.setup() is None
    p.receive(M.UPA, 1)
    p.take()
    assert len(p.told(Alert)) == 1
    assert p.setup() is not None


@case("8.2.3", "ISUP availability control: T4, no answer to UPT")
def _() -> None:
    p = Point()
    p.exchange.status(1, StatusCause.USER_PART_INACCESSIBLE, 0.0)
    p.take()
    p.wait(299)
    assert p.types() == []
    p.wait(1)
    assert p.types() == [(M.UPT, 1)]


for _number, _where in (("9.1.1", "this exchange"), ("9.1.2", "the peer")):
    _title = f"Echo control procedure of Q.767, initiated in {_where}"
    not_applicable(_number, _title, "there are no echo control devices here; indicators pass through")
