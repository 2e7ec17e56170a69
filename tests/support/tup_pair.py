"""Two TUP exchanges back to back, and messages for them."""

from __future__ import annotations

from typing import Any

from support.exchange_pair import End, ExchangePair

from tandem.ss7.tup.circuits import Blocking, CircuitStatus
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.configuration import GroupConfiguration
from tandem.ss7.tup.exchange import TupExchange
from tandem.ss7.tup.fields import CallingLineIdentity, MessageIndicators
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.messages import AddressComplete, InitialAddress, InitialAddressWithInformation, Signal
from tandem.ss7.tup.primitives import Transfer
from tandem.ss7.tup.variants import Variant

A_CODE, B_CODE = 2, 1
"""Point codes: A is the higher one, so it controls the even circuits."""

ACM = AddressComplete()
ANC = Signal(MessageType.ANC)
CBK = Signal(MessageType.CBK)
RAN = Signal(MessageType.RAN)


def iam(digits: str = "123456", *, continuity: int = 0, category: int = 10, st: bool = False) -> InitialAddress:
    """An IAM."""
    return InitialAddress(digits, category, st, MessageIndicators(continuity_check=continuity))


def iai(digits: str = "123456", line: str = "5551234") -> InitialAddressWithInformation:
    """An IAI with calling line identity."""
    return InitialAddressWithInformation(digits, calling_line=CallingLineIdentity(line))


class TupEnd(End):
    """One end."""

    def setup(self, now: float, message: InitialAddress | None = None) -> int | None:
        return self.adopt(self.exchange.setup("g", message or iam(), now))


class Pair(ExchangePair):
    """Exchanges `a` and `b` with a group `g` each, on the same circuits."""

    a: TupEnd
    b: TupEnd

    def __init__(self, cics: tuple[int, ...] = tuple(range(1, 32)), *, start: bool = True, **options: Any) -> None:
        variant = options.get("variant", Variant.ITU)
        ends = [
            TupEnd(TupExchange([GroupConfiguration("g", own, peer, cics, **options)]), own, peer)
            for own, peer in ((A_CODE, B_CODE), (B_CODE, A_CODE))
        ]

        def parse(transfer: Transfer) -> CircuitMessage:
            return CircuitMessage.parse(transfer.sls, transfer.octets, variant)

        super().__init__(*ends, Transfer, parse, start=start)

    def types(self, end: End) -> list[MessageType | int]:
        """Types of the messages that an end has sent; they are forgotten."""
        found = [item.message.type for item in end.sent]
        end.sent.clear()
        return found

    def settled(self) -> None:
        """Every circuit idle at both ends, both ends of one mind about blocking, no call left."""
        self.agreed(CircuitStatus.IDLE, mirrored)


def mirrored(blocking: Blocking) -> Blocking:
    """The same blocking seen from the other end."""
    value = int(blocking)
    return Blocking((value & 0b010101) << 1 | (value & 0b101010) >> 1)
