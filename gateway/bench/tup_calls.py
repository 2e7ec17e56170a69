"""`tandem bench tup-calls`: two TUP exchanges and what carries them, the TUP counterpart of `ss7`."""

from __future__ import annotations

import tracemalloc
from typing import Any, Final

from tandem.gateway.bench.ss7 import MANY, End, Ends, measure
from tandem.ss7.mtp3.label import Service
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.configuration import GroupConfiguration
from tandem.ss7.tup.exchange import TupExchange
from tandem.ss7.tup.fields import CallingLineIdentity
from tandem.ss7.tup.messages import AddressComplete, InitialAddressWithInformation, Signal

IAI: Final = InitialAddressWithInformation("493012345678", st=True, calling_line=CallingLineIdentity("4989123456"))
ACM: Final = AddressComplete(free=True)
ANC: Final = Signal(MessageType.ANC)


class TupEnd(End):
    """An end with TUP."""

    SERVICE = Service.TUP

    def __init__(self, own: int, other: int, cics: tuple[int, ...], stack: bool) -> None:
        """See End."""
        self.tup = TupExchange([GroupConfiguration("g", own, other, cics)])
        super().__init__(self.tup, own, other, stack)

    def setup(self, now: float) -> int | None:
        """IAI."""
        return self.tup.setup("g", IAI, now)

    def answer(self, call: int, now: float) -> None:
        """ACM and ANC."""
        self.tup.send(call, ACM, now)
        self.tup.send(call, ANC, now)

    def is_answer(self, message: Any) -> bool:
        """ANC."""
        return bool(message.type == MessageType.ANC)


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds` in all.

    `stack`: complete calls of five messages (IAI, ACM, ANC, CLF, RLG) through TUP, MTP level 3 and MTP level 2 of both
    exchanges, by CPU time; `tup`: the same from TUP to TUP. `octets_per_circuit`: memory of one exchange with 4,000
    circuits, idle and all in calls.
    """
    return {
        "stack": measure(Ends(stack=True, end=TupEnd), seconds / 2),
        "tup": measure(Ends(stack=False, end=TupEnd), seconds / 2),
        "octets_per_circuit": _memory(),
    }


def _memory() -> dict[str, int]:
    """Traced memory of one exchange, the other made beforehand."""
    cics = tuple(range(1, 4096))[:MANY]
    tracemalloc.start()
    try:
        exchange = TupExchange([GroupConfiguration("g", 2, 1, cics, reset_at_start=False)])
        exchange.resume(1, 0.0)
        exchange.outputs()
        idle = tracemalloc.get_traced_memory()[0]
        for _ in cics:
            exchange.setup("g", IAI, 0.0)
        exchange.outputs()
        busy = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    return {"circuits": MANY, "idle": round(idle / MANY), "in_a_call": round(busy / MANY)}
