"""ITU-T Q.784, ISUP basic call test specification: supervision of circuits and signalling (clause 1).

The exchange under test has the higher point code; its peer is scripted. What is checked is what the peer sees, and
what maintenance and call control are told. Numbers (1996 edition, Q.784.1) were compared with a
public list; titles are in our own words. Where one number here stands for several (1.6.1 for 1.6.1.1 and so on, 2.4 for
2.4.1 to 2.4.5) the content of the single cases was not at hand.
"""

from __future__ import annotations

from typing import Any

from conformance.catalogue import Catalogue
from support.isup_pair import ACM, iam
from support.isup_single import Single, cause, kind, span_only, status

from tandem.ss7.isup.circuits import Blocking, State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import Alert, CallReleased, CircuitChanged, ContinuityLoop, ContinuityTone, IncomingCall

Q784 = Catalogue("Q.784", recalled=True)
case, not_applicable = Q784.case, Q784.not_applicable

COT_OK = RawParameter(P.CONTINUITY_INDICATORS, b"\x01")
COT_BAD = RawParameter(P.CONTINUITY_INDICATORS, b"\x00")


class Point(Single):
    """The exchange under test."""

    def outgoing(self, *messages: Any, parameters: list[Any] | None = None) -> int:
        """A call on circuit 1, after the given messages from the peer (a type, or a type and parameters)."""
        call = self.setup(parameters)
        assert call is not None
        for message, *contents in messages:
            self.receive(message, 1, *contents)
        self.take()
        return call

    def incoming(self, *sent: Any, parameters: list[Any] | None = None) -> int:
        """A call from the peer on circuit 1, after we have sent the given messages."""
        self.receive(M.IAM, 1, *(parameters or iam()))
        self.take()
        (call,) = [item.call for item in self.heard if isinstance(item, IncomingCall)]
        for message, *contents in sent:
            self.send(call, message, *contents)
        self.take()
        return call

    def told(self, what: type) -> list[Any]:
        """What was told of one kind with the last messages."""
        return [item for item in self.heard if isinstance(item, what)]

    def idle(self, *cics: int) -> bool:
        """Whether circuits are idle, blocked or not."""
        return all(self.state(cic) is State.IDLE for cic in cics or (1,))


ANSWERED = ((M.ACM, *ACM), (M.ANM,))

# 1.1, 1.2 Non-allocated CICs, reset


@case("1.1", "Non-allocated circuit identification codes")
def _() -> None:
    p = Point()
    p.receive(M.IAM, 99, *iam())
    assert p.types() == [(M.UCIC, 99)]
    p.receive(M.UCIC, 99)
    assert p.types() == []


@case("1.2.1", "RSC received on an idle circuit")
def _() -> None:
    p = Point()
    p.receive(M.RSC, 1)
    assert p.types() == [(M.RLC, 1)]
    assert p.idle()


@case("1.2.2", "RSC sent on an idle circuit")
def _() -> None:
    p = Point()
    p.exchange.reset("g", [1], 0.0)
    assert p.types() == [(M.RSC, 1)]
    p.receive(M.RLC, 1)
    assert p.idle()


@case("1.2.3", "RSC received on a locally blocked circuit")
def _() -> None:
    p = Point()
    p.exchange.block("g", [1], 0.0)
    p.receive(M.BLA, 1)
    p.take()
    p.receive(M.RSC, 1)
    assert p.types() == [(M.BLO, 1), (M.RLC, 1)]
    p.receive(M.BLA, 1)
    assert p.view().blocking is Blocking.LOCAL_MAINTENANCE


@case("1.2.4", "RSC received on a remotely blocked circuit")
def _() -> None:
    p = Point()
    p.receive(M.BLO, 1)
    p.take()
    p.receive(M.RSC, 1)
    assert p.types() == [(M.RLC, 1)]
    assert p.view().blocking is Blocking.NONE


@case("1.2.5", "Circuit group reset received")
def _() -> None:
    p = Point()
    p.exchange.block("g", [2], 0.0)
    p.receive(M.BLA, 2)
    p.take()
    p.receive(M.GRS, 1, span_only(3))
    (answer,) = p.take()
    assert (answer.type, answer.raw(P.RANGE_AND_STATUS)) == (M.GRA, b"\x03\x02")
    assert p.idle(1, 2, 3, 4)


@case("1.2.6", "Circuit group reset sent")
def _() -> None:
    p = Point()
    p.exchange.reset("g", None, 0.0)
    assert p.types() == [(M.GRS, 1)]
    p.receive(M.GRA, 1, status(3, 0))
    assert p.idle(1, 2, 3, 4)


@case("1.2.7", "Circuit group reset received on remotely blocked circuits")
def _() -> None:
    p = Point()
    p.receive(M.CGB, 1, kind(False), status(3, 15))
    p.take()
    p.receive(M.GRS, 1, span_only(3))
    assert p.types() == [(M.GRA, 1)]
    assert p.exchange.idle_circuits("g") == 4


# 1.3 Blocking


@case("1.3.1.1", "CGB and CGU received, maintenance and hardware failure oriented")
def _() -> None:
    for hardware in (False, True):
        p = Point()
        for message, answer, free in ((M.CGB, M.CGBA, 0), (M.CGU, M.CGUA, 4)):
            p.receive(message, 1, kind(hardware), status(3, 15))
            (sent,) = p.take()
            assert (sent.type, sent.raw(P.RANGE_AND_STATUS)) == (answer, b"\x03\x0f")
            assert p.exchange.idle_circuits("g") == free


@case("1.3.1.2", "CGB and CGU sent, maintenance and hardware failure oriented")
def _() -> None:
    for hardware in (False, True):
        p = Point()
        p.exchange.block("g", None, 0.0, hardware=hardware)
        assert p.types() == [(M.CGB, 1)]
        p.receive(M.CGBA, 1, kind(hardware), status(3, 15))
        p.exchange.unblock("g", None, 0.0, hardware=hardware)
        assert p.types() == [(M.CGU, 1)]
        p.receive(M.CGUA, 1, kind(hardware), status(3, 15))
        assert p.exchange.idle_circuits("g") == 4


@case("1.3.2.1", "BLO received")
def _() -> None:
    p = Point()
    p.receive(M.BLO, 1)
    p.receive(M.UBL, 1)
    assert p.types() == [(M.BLA, 1), (M.UBA, 1)]
    assert p.exchange.idle_circuits("g") == 4


@case("1.3.2.2", "BLO sent")
def _() -> None:
    p = Point()
    p.exchange.block("g", [1], 0.0)
    p.receive(M.BLA, 1)
    p.exchange.unblock("g", [1], 0.0)
    p.receive(M.UBA, 1)
    assert p.types() == [(M.BLO, 1), (M.UBL, 1)]
    assert p.exchange.idle_circuits("g") == 4


@case("1.3.2.3", "Blocking from both ends; removal of blocking from one end")
def _() -> None:
    p = Point()
    p.exchange.block("g", [1], 0.0)
    p.receive(M.BLO, 1)
    p.receive(M.BLA, 1)
    assert p.types() == [(M.BLO, 1), (M.BLA, 1)]
    p.receive(M.UBL, 1)
    assert p.types() == [(M.UBA, 1)]
    assert p.view().blocking is Blocking.LOCAL_MAINTENANCE


@case("1.3.2.4", "IAM received on a remotely blocked circuit")
def _() -> None:
    p = Point()
    p.receive(M.BLO, 1)
    p.take()
    p.incoming()
    assert p.view().blocking is Blocking.NONE


@case("1.3.2.5", "Blocking with CGB, unblocking with UBL")
def _() -> None:
    p = Point()
    p.receive(M.CGB, 1, kind(False), status(3, 15))
    p.receive(M.UBL, 1)
    assert p.types() == [(M.CGBA, 1), (M.UBA, 1)]
    assert p.exchange.idle_circuits("g") == 1
    p.outgoing(*ANSWERED)
    p.receive(M.CGU, 1, kind(False), status(3, 15))
    assert p.types() == [(M.CGUA, 1)]


# 1.4 Continuity check procedure


@case("1.4.1", "CCR received: successful")
def _() -> None:
    p = Point()
    p.receive(M.CCR, 1)
    assert p.types() == [(M.LPA, 1)]
    assert p.told(ContinuityLoop) == [ContinuityLoop("g", 1, True)]
    p.receive(M.REL, 1, cause(16))
    assert p.types() == [(M.RLC, 1)]
    assert p.told(ContinuityLoop) == [ContinuityLoop("g", 1, False)]
    assert p.idle()


@case("1.4.2", "CCR sent: successful")
def _() -> None:
    p = Point()
    p.exchange.check_continuity("g", [1], 0.0)
    assert p.types() == [(M.CCR, 1)]
    assert p.told(ContinuityTone) == [ContinuityTone("g", 1, True)]
    p.receive(M.LPA, 1)
    p.exchange.continuity_heard("g", 1, 0.5)
    assert p.types() == [(M.REL, 1)]
    p.receive(M.RLC, 1)
    assert p.idle()


@case("1.4.3", "CCR received: unsuccessful")
def _() -> None:
    p = Point()
    p.receive(M.CCR, 1)
    p.receive(M.COT, 1, COT_BAD)
    p.wait(60)
    p.receive(M.CCR, 1)
    p.receive(M.COT, 1, COT_BAD)
    p.wait(120)
    p.receive(M.CCR, 1)
    p.receive(M.COT, 1, COT_OK)
    assert p.types() == [(M.LPA, 1)] * 3
    assert p.idle()


@case("1.4.4", "CCR sent: unsuccessful")
def _() -> None:
    p = Point()
    p.exchange.check_continuity("g", [1], 0.0)
    p.wait(2)
    assert p.types() == [(M.CCR, 1), (M.COT, 1)]
    assert len(p.told(Alert)) == 1
    p.wait(5)
    p.wait(2)
    assert p.types() == [(M.CCR, 1), (M.COT, 1)]
    p.wait(120)
    p.exchange.continuity_heard("g", 1, p.now)
    sent = p.take()
    assert [message.type for message in sent] == [M.CCR, M.COT, M.REL]
    assert sent[1].raw(P.CONTINUITY_INDICATORS) == b"\x01"
    p.receive(M.RLC, 1)
    assert p.idle()


@case("1.4.5", "CCR not received: unsuccessful; T27")
def _() -> None:
    p = Point()
    p.receive(M.IAM, 1, *iam(continuity=1))
    p.receive(M.COT, 1, COT_BAD)
    p.wait(239)
    assert p.types() == []
    p.wait(1)
    assert p.types() == [(M.RSC, 1)]
    assert len(p.told(Alert)) == 1


# 1.5 Receipt of unreasonable signalling information messages


@case("1.5.1", "Receipt of unexpected messages")
def _() -> None:
    p = Point()
    p.receive(M.RLC, 1)
    p.receive(M.REL, 1, cause(16))
    p.receive(M.BLA, 2)
    assert p.types() == [(M.RLC, 1), (M.UBL, 2)]
    p.receive(M.ANM, 3)
    assert p.types() == [(M.RSC, 3)]


@case("1.5.2", "Receipt of unexpected messages during call set-up")
def _() -> None:
    p = Point()
    call = p.outgoing()
    p.receive(M.ANM, 1)
    assert p.types() == [(M.RSC, 1), (M.IAM, 2)]
    assert p.told(CircuitChanged) == [CircuitChanged(call, 1, 2)]


@case("1.5.3", "Receipt of unexpected messages during a call")
def _() -> None:
    p = Point()
    call = p.outgoing(*ANSWERED)
    p.receive(M.ACM, 1, *ACM)
    p.receive(M.COT, 1, COT_OK)
    assert p.types() == []
    assert p.exchange.calls() == [call]
    p.receive(M.RLC, 1)
    assert p.types() == [(M.REL, 1)]


# 1.6, 1.7 Compatibility


def unknown(instruction: int) -> bytes:
    """A message of an unknown type on circuit 1, with its instruction."""
    return bytes([1, 0, 0x99, 1, P.MESSAGE_COMPATIBILITY_INFORMATION, 1, instruction, 0])


@case("1.6.1", "Unknown messages with instructions, at an end exchange")
def _() -> None:
    for instruction, expected in ((0x81, []), (0x85, [(M.CFN, 1)]), (0x83, [(M.REL, 1)])):
        p = Point(role="end")
        p.outgoing(*ANSWERED)
        p.exchange.receive(1, 2, 1, unknown(instruction), 0.0)
        assert p.types() == expected


@case("1.6.2", "Unknown messages with instructions, at a transit exchange")
def _() -> None:
    p = Point()
    p.outgoing(*ANSWERED)
    p.exchange.receive(1, 2, 1, unknown(0x82), 0.0)
    assert p.types() == []
    assert [int(item.message.type) for item in p.heard] == [0x99]


@case("1.6.3", "Unknown messages without instructions")
def _() -> None:
    p = Point()
    p.outgoing(*ANSWERED)
    p.exchange.receive(1, 2, 1, bytes([1, 0, 0x99]), 0.0)
    (confusion,) = p.take()
    assert (confusion.type, confusion.raw(P.CAUSE_INDICATORS)[1:]) == (M.CFN, bytes([0x80 | 97, 0x99]))


@case("1.7.1", "Unknown parameters with instructions, at an end exchange")
def _() -> None:
    for instruction, expected in ((0x91, []), (0x95, [(M.CFN, 1)]), (0x83, [(M.REL, 1)]), (0x8D, [(M.CFN, 1)])):
        p = Point(role="end")
        p.outgoing(*ANSWERED)
        compatibility = RawParameter(P.PARAMETER_COMPATIBILITY_INFORMATION, bytes([0x96, instruction]))
        p.receive(M.FAC, 1, RawParameter(0x96, b"\x01"), compatibility)
        assert p.types() == expected


@case("1.7.2", "Unknown parameters with instructions, at a transit exchange")
def _() -> None:
    p = Point()
    p.outgoing(*ANSWERED)
    p.receive(M.FAC, 1, RawParameter(0x96, b"\x01"), RawParameter(P.PARAMETER_COMPATIBILITY_INFORMATION, b"\x96\x82"))
    assert p.types() == []
    assert p.heard[0].message.raw(0x96) == b"\x01"


@case("1.7.3", "Unknown parameters without instructions; in REL")
def _() -> None:
    p = Point()
    p.outgoing(*ANSWERED)
    p.receive(M.REL, 1, cause(16), RawParameter(0x96, b"\x01"))
    (complete,) = p.take()
    assert (complete.type, complete.raw(P.CAUSE_INDICATORS)[1:]) == (M.RLC, bytes([0x80 | 99, 0x96]))
    assert len(p.told(CallReleased)) == 1
