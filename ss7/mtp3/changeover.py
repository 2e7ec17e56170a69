"""Changeover of one link, TCOC of Q.704 (07/96) 5: its traffic moves to others without loss, repetition or disorder.

Each end tells the other the number of the last message that it has accepted from the link (COO, COA), takes back from
its level 2 what the other has not got, and sends that first. An end that cannot read the number says so (ECO, ECA);
what was sent and not acknowledged is then lost. Without a path to the neighbour, time T1 takes the place of the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from tandem.ss7.mtp3.configuration import Timers
from tandem.ss7.mtp3.timers import Timer
from tandem.ss7.mtp3.timers import Timers as TimerTable


class ChangeoverState(Enum):
    """Where the changeover of a link stands."""

    IDLE = auto()
    READING = auto()
    """Level 2 was asked for the number of the last message accepted."""
    WAITING = auto()
    """The order is sent; T2 runs."""
    TIMED = auto()
    """The neighbour cannot be asked; T1 runs."""
    RETRIEVING = auto()
    """Level 2 was asked for messages."""


class ChangeoverInput(Enum):
    """What happens to the changeover of a link."""

    FAILED = auto()
    """The link was in service and is not any more."""
    ORDERED = auto()
    """COO, XCO or ECO came; the link is out of service here already."""
    ORDERED_IN_SERVICE = auto()
    """COO, XCO or ECO came, and the link was taken out of service because of it."""
    NUMBER_READ = auto()
    """Level 2 told the number of the last message accepted."""
    ACKNOWLEDGED = auto()
    """COA, XCA or ECA came."""
    CARRIER_LOST = auto()
    """Another link failed, and what was sent about this one may have been lost with it."""
    T1_EXPIRY = auto()
    T2_EXPIRY = auto()
    RETRIEVED = auto()
    """Level 2 gave the messages back, or there is no way to ask it."""


@dataclass(frozen=True, slots=True)
class ReadNumber:
    """Ask level 2 for the number of the last message accepted."""


@dataclass(frozen=True, slots=True)
class Order:
    """Send COO or XCO with `number`, ECO when it is None."""

    number: int | None


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Send COA or XCA with `number`, ECA when it is None."""

    number: int | None


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Ask level 2 for the messages after `number`; None: only those never sent."""

    number: int | None


@dataclass(frozen=True, slots=True)
class Finished:
    """Traffic may go on over other links; this one may be restored."""


ChangeoverOutput = ReadNumber | Order | Acknowledge | Retrieve | Finished


class Changeover:
    """The changeover of `link`; `handle` returns what is to be done."""

    def __init__(self, link: int, timers: Timers, table: TimerTable, retrieval: bool) -> None:
        """`retrieval` tells whether level 2 can be asked for numbers and messages."""
        self.state = ChangeoverState.IDLE
        self._link = link
        self._t1, self._t2 = timers.t1, timers.t2
        self._timers = table
        self.retrieval = retrieval
        self._reachable = self._alternative = True
        self._number: int | None = None
        self._peer_told = False
        self._acknowledged = False
        self._peer_number: int | None = None
        self._outputs: list[ChangeoverOutput] = []

    @property
    def busy(self) -> bool:
        """Whether traffic waits for it, and the link must not be restored."""
        return self.state is not ChangeoverState.IDLE

    def handle(
        self,
        event: ChangeoverInput,
        now: float,
        number: int | None = None,
        reachable: bool = True,
        alternative: bool = True,
    ) -> list[ChangeoverOutput]:
        """Act on `event`.

        `number` is what a message or level 2 told, if anything; `reachable` whether a message about the link can be
        sent to the neighbour now; `alternative` whether there is another way for some of the traffic.
        """
        self._outputs = []
        self._reachable, self._alternative = reachable, alternative
        told = event in (ChangeoverInput.ORDERED, ChangeoverInput.ACKNOWLEDGED) and self.busy
        if told or event is ChangeoverInput.ORDERED_IN_SERVICE:
            self._peer_told, self._peer_number = True, number
        elif event is ChangeoverInput.NUMBER_READ:
            self._number = number
        if action := TRANSITIONS.get((self.state, event)):
            self.state = action(self, now)
        return self._outputs

    def link_restored(self) -> None:
        """Level 2 is in service again: numbers begin anew."""
        self._number = None
        self._acknowledged = False

    def _begin(self, now: float) -> ChangeoverState:
        self._peer_told, self._peer_number = False, None
        return self._begin_told(now)

    def _begin_told(self, now: float) -> ChangeoverState:
        self._number, self._acknowledged = None, False
        if not self.retrieval:
            return self._order(now)
        self._outputs.append(ReadNumber())
        self._watch(now)
        return ChangeoverState.READING

    def _answer_late(self, now: float) -> ChangeoverState:
        """The neighbour asks about a link that we have given up already."""
        self._send_acknowledgement()
        return self.state

    def _wait_for_number(self, now: float) -> ChangeoverState:
        return self.state

    def _order(self, now: float) -> ChangeoverState:
        if self._peer_told:
            return self._acknowledge(now)
        if self._reachable:
            self._outputs.append(Order(self._number))
            self._timers.start((Timer.T2, self._link), now + self._t2)
            return ChangeoverState.WAITING
        if not self._alternative:
            return self._retrieve(now)
        self._timers.stop((Timer.T2, self._link))
        self._timers.start((Timer.T1, self._link), now + self._t1)
        return ChangeoverState.TIMED

    def _order_again(self, now: float) -> ChangeoverState:
        if self._reachable:
            self._outputs.append(Order(self._number))
        elif not self._alternative:
            return self._retrieve(now)  # nothing is left to wait for
        return self.state

    def _acknowledge(self, now: float) -> ChangeoverState:
        self._send_acknowledgement()
        return self._retrieve(now)

    def _acknowledge_again(self, now: float) -> ChangeoverState:
        if self._acknowledged and self._reachable:
            self._send_acknowledgement()
        return self.state

    def _send_acknowledgement(self) -> None:
        self._acknowledged = True
        self._outputs.append(Acknowledge(self._number))

    def _retrieve(self, now: float) -> ChangeoverState:
        self._timers.stop((Timer.T1, self._link))
        self._timers.stop((Timer.T2, self._link))
        if not self.retrieval:
            return self._finish(now)
        self._outputs.append(Retrieve(self._peer_number if self._peer_told else None))
        self._watch(now)
        return ChangeoverState.RETRIEVING

    def _watch(self, now: float) -> None:
        """Level 2 may be far away (M2UA) and not answer: T2 limits the wait for it as well."""
        self._timers.start((Timer.T2, self._link), now + self._t2)

    def _finish(self, now: float) -> ChangeoverState:
        self._timers.stop((Timer.T2, self._link))
        self._outputs.append(Finished())
        return ChangeoverState.IDLE


_S, _I, _C = ChangeoverState, ChangeoverInput, Changeover

#: Q.704 (07/96) figure 30 (TCOC).
TRANSITIONS: Final[dict[tuple[ChangeoverState, ChangeoverInput], Callable[[Changeover, float], ChangeoverState]]] = {
    (_S.IDLE, _I.FAILED): _C._begin,
    (_S.IDLE, _I.ORDERED): _C._answer_late,
    (_S.IDLE, _I.ORDERED_IN_SERVICE): _C._begin_told,
    (_S.IDLE, _I.CARRIER_LOST): _C._acknowledge_again,
    (_S.READING, _I.NUMBER_READ): _C._order,
    (_S.READING, _I.T2_EXPIRY): _C._order,
    (_S.READING, _I.ORDERED): _C._wait_for_number,
    (_S.WAITING, _I.ORDERED): _C._acknowledge,
    (_S.WAITING, _I.ACKNOWLEDGED): _C._retrieve,
    (_S.WAITING, _I.CARRIER_LOST): _C._order_again,
    (_S.WAITING, _I.T2_EXPIRY): _C._retrieve,
    (_S.TIMED, _I.ORDERED): _C._acknowledge,
    (_S.TIMED, _I.T1_EXPIRY): _C._retrieve,
    (_S.RETRIEVING, _I.ORDERED): _C._answer_late,
    (_S.RETRIEVING, _I.CARRIER_LOST): _C._acknowledge_again,
    (_S.RETRIEVING, _I.RETRIEVED): _C._finish,
    (_S.RETRIEVING, _I.T2_EXPIRY): _C._finish,
}
