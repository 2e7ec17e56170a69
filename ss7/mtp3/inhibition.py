"""Management inhibiting of one link, Q.704 (07/96) 10: it stays in service but carries no user traffic.

Local inhibition is asked for by our operator and agreed with the neighbour (LIN, LIA); remote inhibition is the
neighbour's. Each end asks the other now and then whether it still holds (LLT, LRT). When no other link is left, an
inhibited one is taken back (LUN for ours, LFU for the neighbour's).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from tandem.ss7.mtp3.configuration import Timers
from tandem.ss7.mtp3.timers import Timer
from tandem.ss7.mtp3.timers import Timers as TimerTable


class Inhibition(Enum):
    """Where local inhibition of a link stands."""

    NONE = auto()
    REQUESTED = auto()
    """LIN is sent; T14 runs."""
    INHIBITED = auto()
    """T22 runs until the next LLT."""
    RELEASING = auto()
    """LUN is sent; T12 runs. The link is still inhibited."""


class InhibitInput(Enum):
    """What happens to the inhibition of a link: messages by their name, requests and timers."""

    INHIBIT = auto()
    """Our operator wants it."""
    UNINHIBIT = auto()
    """Our operator wants it back."""
    RECLAIM = auto()
    """It is needed, whoever inhibited it (forced uninhibiting)."""
    LIN = auto()
    LIN_DENIED = auto()
    """LIN for a link that cannot be spared."""
    LIA = auto()
    LID = auto()
    LUN = auto()
    LUA = auto()
    LFU = auto()
    LLT = auto()
    LRT = auto()
    T12_EXPIRY = auto()
    T13_EXPIRY = auto()
    T14_EXPIRY = auto()
    T22_EXPIRY = auto()
    T23_EXPIRY = auto()


@dataclass(frozen=True, slots=True)
class Say:
    """Send the management message `acronym` about the link."""

    acronym: str


@dataclass(frozen=True, slots=True)
class Report:
    """Tell the operator."""

    text: str


InhibitOutput = Say | Report


class LinkInhibition:
    """Local and remote inhibition of `link`; `handle` returns what is to be done."""

    def __init__(self, link: int, timers: Timers, table: TimerTable) -> None:
        self.state = Inhibition.NONE
        """Local inhibition."""
        self.remote = False
        """The neighbour has inhibited the link."""
        self._needed = False
        """No other link is left: traffic takes it at once, whatever the neighbour answers."""
        self._link = link
        self._timers = table
        self._durations = {
            Timer.T12: timers.t12,
            Timer.T13: timers.t13,
            Timer.T14: timers.t14,
            Timer.T22: timers.t22,
            Timer.T23: timers.t23,
        }
        self._repeated = False
        """The message that T12, T13 or T14 waits for an answer to was sent a second time."""
        self._outputs: list[InhibitOutput] = []

    @property
    def local(self) -> bool:
        """Whether the link is inhibited on our own request."""
        return self.state in (Inhibition.INHIBITED, Inhibition.RELEASING)

    @property
    def inhibited(self) -> bool:
        """Whether user traffic must keep off the link."""
        return (self.local or self.remote) and not self._needed

    def handle(self, event: InhibitInput, now: float) -> list[InhibitOutput]:
        """Act on `event` and return what is to be done, in order."""
        self._outputs = []
        if event is InhibitInput.RECLAIM:
            self._needed = self.local or self.remote
        if (action := LOCAL.get((self.state, event))) is not None:
            self.state = action(self, now)
        if (other := REMOTE.get((self.remote, event))) is not None:
            self.remote = other(self, now)
        return self._outputs

    def forget(self) -> None:
        """The signalling point stops."""
        self.state, self.remote, self._needed = Inhibition.NONE, False, False
        for timer in self._durations:
            self._timers.stop((timer, self._link))

    # Local inhibition

    def _request(self, now: float) -> Inhibition:
        self._ask("LIN", Timer.T14, now)
        return Inhibition.REQUESTED

    def _granted(self, now: float) -> Inhibition:
        self._needed = False
        self._timers.stop((Timer.T14, self._link))
        self._start(Timer.T22, now)
        self._outputs.append(Report("inhibited"))
        return Inhibition.INHIBITED

    def _denied(self, now: float) -> Inhibition:
        self._timers.stop((Timer.T14, self._link))
        self._outputs.append(Report("not inhibited: the neighbour denies it"))
        return Inhibition.NONE

    def _request_again(self, now: float) -> Inhibition:
        if self._ask_again("LIN", Timer.T14, now):
            return Inhibition.REQUESTED
        self._outputs.append(Report("not inhibited: the neighbour does not answer (T14)"))
        return Inhibition.NONE

    def _cancel(self, now: float) -> Inhibition:
        self._timers.stop((Timer.T14, self._link))
        return self._give_back(now)

    def _give_back(self, now: float) -> Inhibition:
        self._timers.stop((Timer.T22, self._link))
        self._ask("LUN", Timer.T12, now)
        return Inhibition.RELEASING

    def _given_back(self, now: float) -> Inhibition:
        self._timers.stop((Timer.T12, self._link))
        self._outputs.append(Report("uninhibited"))
        return Inhibition.NONE

    def _give_back_again(self, now: float) -> Inhibition:
        if self._ask_again("LUN", Timer.T12, now):
            return Inhibition.RELEASING
        self._outputs.append(Report("not uninhibited: the neighbour does not answer (T12)"))
        self._start(Timer.T22, now)
        return Inhibition.INHIBITED

    def _test(self, now: float) -> Inhibition:
        self._outputs.append(Say("LLT"))
        self._start(Timer.T22, now)
        return Inhibition.INHIBITED

    def _confirm(self, now: float) -> Inhibition:
        return self.state

    def _deny_remote_test(self, now: float) -> Inhibition:
        """The neighbour takes the link for inhibited by us, and it is not: it may use it."""
        self._outputs.append(Say("LUN"))
        return self.state

    # Remote inhibition

    def _grant(self, now: float) -> bool:
        self._needed = False
        self._outputs.append(Say("LIA"))
        self._start(Timer.T23, now)
        return True

    def _deny(self, now: float) -> bool:
        self._outputs.append(Say("LID"))
        return self.remote

    def _release(self, now: float) -> bool:
        for timer in (Timer.T13, Timer.T23):
            self._timers.stop((timer, self._link))
        self._outputs.append(Say("LUA"))
        return False

    def _reclaim(self, now: float) -> bool:
        if not self._timers.is_running((Timer.T13, self._link)):
            self._ask("LFU", Timer.T13, now)
        return True

    def _reclaim_again(self, now: float) -> bool:
        if not self._ask_again("LFU", Timer.T13, now):
            self._outputs.append(Report("the neighbour does not uninhibit it (T13)"))
        return True

    def _object(self, now: float) -> bool:
        self._outputs.append(Say("LFU"))
        return False

    def _agree(self, now: float) -> bool:
        return True

    def _test_remote(self, now: float) -> bool:
        self._outputs.append(Say("LRT"))
        self._start(Timer.T23, now)
        return True

    # Timers

    def _start(self, timer: Timer, now: float) -> None:
        self._timers.start((timer, self._link), now + self._durations[timer])

    def _ask(self, acronym: str, timer: Timer, now: float) -> None:
        self._repeated = False
        self._outputs.append(Say(acronym))
        self._start(timer, now)

    def _ask_again(self, acronym: str, timer: Timer, now: float) -> bool:
        if self._repeated:
            return False
        self._ask(acronym, timer, now)
        self._repeated = True
        return True


_S, _I, _L = Inhibition, InhibitInput, LinkInhibition

#: Q.704 10.2 and 10.3, the end that inhibits.
LOCAL: Final[dict[tuple[Inhibition, InhibitInput], Callable[[LinkInhibition, float], Inhibition]]] = {
    (_S.NONE, _I.INHIBIT): _L._request,
    (_S.NONE, _I.LFU): _L._deny_remote_test,
    (_S.NONE, _I.LRT): _L._deny_remote_test,
    (_S.REQUESTED, _I.LIA): _L._granted,
    (_S.REQUESTED, _I.LID): _L._denied,
    (_S.REQUESTED, _I.T14_EXPIRY): _L._request_again,
    (_S.REQUESTED, _I.UNINHIBIT): _L._cancel,
    (_S.REQUESTED, _I.LFU): _L._cancel,
    (_S.INHIBITED, _I.UNINHIBIT): _L._give_back,
    (_S.INHIBITED, _I.RECLAIM): _L._give_back,
    (_S.INHIBITED, _I.LFU): _L._give_back,
    (_S.INHIBITED, _I.LRT): _L._confirm,
    (_S.INHIBITED, _I.T22_EXPIRY): _L._test,
    (_S.RELEASING, _I.LUA): _L._given_back,
    (_S.RELEASING, _I.T12_EXPIRY): _L._give_back_again,
}

#: The same for the other end, by whether the link is inhibited there.
REMOTE: Final[dict[tuple[bool, InhibitInput], Callable[[LinkInhibition, float], bool]]] = {
    (False, _I.LIN): _L._grant,
    (False, _I.LIN_DENIED): _L._deny,
    (False, _I.LUN): _L._release,
    (False, _I.LLT): _L._object,
    (True, _I.LIN): _L._grant,
    (True, _I.LIN_DENIED): _L._grant,
    (True, _I.LUN): _L._release,
    (True, _I.LLT): _L._agree,
    (True, _I.RECLAIM): _L._reclaim,
    (True, _I.T13_EXPIRY): _L._reclaim_again,
    (True, _I.T23_EXPIRY): _L._test_remote,
}
