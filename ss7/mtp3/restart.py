"""Traffic restart of one linkset (Q.704 (07/96) 9): TRA goes out when the first link is up, traffic when TRA came.

In ANSI networks (T1.111.4 9; recalled) a neighbour that restarts says so with TRW, and its TRA is waited for longer.

Neighbours differ. Some ignore a TRA that comes before their own link test was answered, so ours waits for that;
some send theirs late or never, so after a time traffic starts without it, and at once when user traffic comes in.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from tandem.ss7.mtp3.configuration import RestartProcedure
from tandem.ss7.mtp3.timers import Timer, Timers


class RestartState(Enum):
    """Whether a linkset carries user traffic."""

    DOWN = auto()
    """No usable link."""
    RESTARTING = auto()
    """A link is usable; the neighbour has not said that it is ready."""
    RUNNING = auto()


class RestartInput(Enum):
    """What happens to a linkset."""

    LINK_USABLE = auto()
    """There is a usable link, a new one perhaps."""
    ALL_LINKS_LOST = auto()
    PEER_TEST_ANSWERED = auto()
    """The neighbour's first SLTM on a link was answered."""
    PEER_TEST_EXPIRY = auto()
    TRA = auto()
    TRW = auto()
    """The neighbour restarts and will send TRA later (ANSI)."""
    USER_TRAFFIC = auto()
    """A user message arrived: the neighbour is ready, whether it says so or not."""
    T21_EXPIRY = auto()
    """T21, or T25 or T28 of ANSI: no TRA came."""


class RestartOutput(Enum):
    """What the restart wants done."""

    SEND_TRA = auto()
    READY = auto()
    """User traffic may start."""
    LOST = auto()
    """The linkset carries no traffic any more."""


class RestartControl:
    """The restart of the linkset `name`."""

    def __init__(
        self,
        name: str,
        wait: float,
        guard: float,
        table: Timers,
        procedure: RestartProcedure = RestartProcedure.TRA,
        t25: float = 0.0,
    ) -> None:
        """`guard` is T19, or T29 of ANSI."""
        self.state = RestartState.DOWN
        self._name = name
        self._wait = wait
        self._guard = guard
        self._timers = table
        self._procedure = procedure
        self._t25 = t25
        ansi = procedure is RestartProcedure.TRW
        self._wait_timer, self._guard_timer = (Timer.T28, Timer.T29) if ansi else (Timer.T21, Timer.T19)
        self._peer_restarts = False
        self._peer_ready = False
        self._peer_tested = False
        self._sent = False
        self._outputs: list[RestartOutput] = []

    def handle(self, event: RestartInput, now: float) -> list[RestartOutput]:
        """Act on `event` and return what is to be done, in order; nothing when it has no meaning in the state."""
        self._outputs = []
        if action := TRANSITIONS.get((self.state, event)):
            self.state = action(self, now)
        return self._outputs

    def _begin(self, now: float) -> RestartState:
        if self._procedure is RestartProcedure.NONE:
            self._outputs.append(RestartOutput.READY)
            return RestartState.RUNNING
        if self._peer_ready:
            return self._ready(now)
        if self._peer_restarts:
            self._timers.start((Timer.T25, self._name), now + self._t25)
        else:
            self._timers.start((self._wait_timer, self._name), now + self._wait)
        if self._peer_tested:
            self._send()
        else:
            self._timers.start((Timer.PEER_TEST, self._name), now + self._wait / 2)
        return RestartState.RESTARTING

    def _early_test(self, now: float) -> RestartState:
        self._peer_tested = True
        return self.state

    def _early_tra(self, now: float) -> RestartState:
        self._peer_ready = True
        return self.state

    def _early_trw(self, now: float) -> RestartState:
        self._peer_restarts = self._procedure is RestartProcedure.TRW
        return self.state

    def _wait_longer(self, now: float) -> RestartState:
        """T28 has done its work; T25 begins anew with each TRW."""
        if self._procedure is RestartProcedure.TRW:
            self._timers.stop((Timer.T28, self._name))
            self._timers.start((Timer.T25, self._name), now + self._t25)
        return self.state

    def _announce(self, now: float) -> RestartState:
        """The neighbour takes a TRA from now on: send it, also when it went out unasked before."""
        if self._procedure is not RestartProcedure.NONE and not (self._peer_tested and self._sent):
            self._peer_tested = True
            self._send()
        return self.state

    def _announce_unasked(self, now: float) -> RestartState:
        self._send()
        return self.state

    def _ready(self, now: float) -> RestartState:
        if not self._sent:
            self._send()
        self._stop_timers()
        self._timers.start((self._guard_timer, self._name), now + self._guard)
        self._outputs.append(RestartOutput.READY)
        return RestartState.RUNNING

    def _answer(self, now: float) -> RestartState:
        """The neighbour has restarted; T19 (T29) keeps two points from answering each other for ever."""
        known = self._procedure is not RestartProcedure.NONE
        if known and not self._timers.is_running((self._guard_timer, self._name)):
            self._send()
            self._timers.start((self._guard_timer, self._name), now + self._guard)
        return self.state

    def _forget(self, now: float) -> RestartState:
        self._peer_ready = self._peer_tested = self._peer_restarts = self._sent = False
        return RestartState.DOWN

    def _lost(self, now: float) -> RestartState:
        self._stop_timers()
        self._timers.stop((self._guard_timer, self._name))
        self._outputs.append(RestartOutput.LOST)
        return self._forget(now)

    def _send(self) -> None:
        self._sent = True
        self._timers.stop((Timer.PEER_TEST, self._name))
        self._outputs.append(RestartOutput.SEND_TRA)

    def _stop_timers(self) -> None:
        self._timers.stop((self._wait_timer, self._name))
        self._timers.stop((Timer.T25, self._name))
        self._timers.stop((Timer.PEER_TEST, self._name))


#: Q.704 9.2 to 9.4 for a signalling end point and its neighbour alike.
TRANSITIONS: Final[dict[tuple[RestartState, RestartInput], Callable[[RestartControl, float], RestartState]]] = {
    (RestartState.DOWN, RestartInput.LINK_USABLE): RestartControl._begin,
    (RestartState.DOWN, RestartInput.ALL_LINKS_LOST): RestartControl._forget,
    (RestartState.DOWN, RestartInput.PEER_TEST_ANSWERED): RestartControl._early_test,
    (RestartState.DOWN, RestartInput.TRA): RestartControl._early_tra,
    (RestartState.DOWN, RestartInput.TRW): RestartControl._early_trw,
    (RestartState.DOWN, RestartInput.USER_TRAFFIC): RestartControl._early_tra,
    (RestartState.RESTARTING, RestartInput.PEER_TEST_ANSWERED): RestartControl._announce,
    (RestartState.RESTARTING, RestartInput.PEER_TEST_EXPIRY): RestartControl._announce_unasked,
    (RestartState.RESTARTING, RestartInput.TRA): RestartControl._ready,
    (RestartState.RESTARTING, RestartInput.TRW): RestartControl._wait_longer,
    (RestartState.RESTARTING, RestartInput.USER_TRAFFIC): RestartControl._ready,
    (RestartState.RESTARTING, RestartInput.T21_EXPIRY): RestartControl._ready,
    (RestartState.RESTARTING, RestartInput.ALL_LINKS_LOST): RestartControl._lost,
    (RestartState.RUNNING, RestartInput.PEER_TEST_ANSWERED): RestartControl._announce,
    (RestartState.RUNNING, RestartInput.TRA): RestartControl._answer,
    (RestartState.RUNNING, RestartInput.TRW): RestartControl._answer,
    (RestartState.RUNNING, RestartInput.ALL_LINKS_LOST): RestartControl._lost,
}
