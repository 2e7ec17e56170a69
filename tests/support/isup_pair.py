"""Two ISUP exchanges back to back, and messages for them."""

from __future__ import annotations

from typing import Any

from support.exchange_pair import End, ExchangePair

from tandem.ss7.isup.circuits import Blocking, CircuitStatus
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.exchange import IsupExchange
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import Transfer

P = ParameterCode
A_CODE, B_CODE = 2, 1
"""Point codes: A is the higher one, so it controls the even circuits."""


def iam(
    digits: bytes = b"\x21\x43\x65", *, odd: bool = False, continuity: int = 0, category: int = 10, medium: int = 3
) -> list[Any]:
    """Parameters of an IAM to 123456, or to other address signals."""
    return [
        RawParameter(P.NATURE_OF_CONNECTION_INDICATORS, bytes([continuity << 2])),
        RawParameter(P.FORWARD_CALL_INDICATORS, b"\x60\x00"),
        RawParameter(P.CALLING_PARTYS_CATEGORY, bytes([category])),
        RawParameter(P.TRANSMISSION_MEDIUM_REQUIREMENT, bytes([medium])),
        RawParameter(P.CALLED_PARTY_NUMBER, bytes([0x83 if odd else 0x03, 0x10]) + digits),
    ]


ACM = [RawParameter(P.BACKWARD_CALL_INDICATORS, b"\x16\x14")]
CPG = [RawParameter(P.EVENT_INFORMATION, b"\x01")]
SUS_USER = [RawParameter(P.SUSPEND_RESUME_INDICATORS, b"\x00")]
SUS_NETWORK = [RawParameter(P.SUSPEND_RESUME_INDICATORS, b"\x01")]
COT_SUCCESS = [RawParameter(P.CONTINUITY_INDICATORS, b"\x01")]
COT_FAILURE = [RawParameter(P.CONTINUITY_INDICATORS, b"\x00")]


class IsupEnd(End):
    """One end."""

    def setup(self, now: float, parameters: list[Any] | None = None) -> int | None:
        return self.adopt(self.exchange.setup("g", parameters or iam(), now))


class Pair(ExchangePair):
    """Exchanges `a` and `b` with a group `g` each, on the same circuits."""

    a: IsupEnd
    b: IsupEnd

    def __init__(self, cics: tuple[int, ...] = tuple(range(1, 32)), *, start: bool = True, **options: Any) -> None:
        ends = [
            IsupEnd(IsupExchange([GroupConfiguration("g", own, peer, cics, **options)]), own, peer)
            for own, peer in ((A_CODE, B_CODE), (B_CODE, A_CODE))
        ]
        super().__init__(*ends, Transfer, lambda transfer: Message.parse(transfer.octets), start=start)

    def types(self, end: End) -> list[MessageType | int]:
        """Types of the messages that an end has sent; they are forgotten."""
        found = [message.type for message in end.sent]
        end.sent.clear()
        return found

    def assert_agreed(self) -> None:
        """Every circuit idle at both ends, both ends of one mind about blocking, no call left."""
        self.agreed(CircuitStatus.IDLE, mirrored)


def mirrored(blocking: Blocking) -> Blocking:
    """The same blocking seen from the other end."""
    value = int(blocking)
    return Blocking((value & 0b0101) << 1 | (value & 0b1010) >> 1)
