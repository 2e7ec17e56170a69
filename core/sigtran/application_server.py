"""The state of one application server, RFC 4666 4.3.2 figure 4."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Final

from tandem.core.sigtran.configuration import ServerConfiguration, Timer, TimerKey
from tandem.core.sigtran.primitives import AsState
from tandem.core.timers import TimerTable


class AsInput(Enum):
    """What became of the ASPs of a server."""

    NONE_UP = auto()
    SOME_UP = auto()
    """At least one is up, none is active, or too few to begin with."""
    ACTIVE = auto()
    """As many are active as the server needs."""
    SHORT = auto()
    """Fewer are active than it needs, but some."""
    RECOVERY_EXPIRY = auto()


class ApplicationServer:
    """State and waiting messages of one server. Its ASPs are looked after elsewhere: `review` is told of them."""

    def __init__(self, configuration: ServerConfiguration, recovery: float, timers: TimerTable[TimerKey]) -> None:
        """`recovery` is T(r) in seconds; 0: the server is never pending."""
        self.configuration = configuration
        self.name = configuration.name
        self.state = AsState.DOWN
        self.active: tuple[str, ...] = ()
        """Associations that carry its traffic, in order of preference."""
        self.up = False
        """Whether any of its ASPs is up."""
        self.waiting: deque[Any] = deque(maxlen=configuration.pending_messages)
        """What `transfer` could not send while pending."""
        self.discarded = 0
        """Waiting messages that were given up."""
        self._recovery = recovery
        self._timers = timers
        self._key: TimerKey = (Timer.RECOVERY, configuration.name, None)

    def review(self, up: bool, active: tuple[str, ...], now: float) -> bool:
        """Take the ASPs as they are now; whether the state changed."""
        self.up, self.active = up, active
        if len(active) >= self.configuration.required_active:
            return self._handle(AsInput.ACTIVE, now)
        if active:
            return self._handle(AsInput.SHORT, now)
        return self._handle(AsInput.SOME_UP if up else AsInput.NONE_UP, now)

    def recovery_expired(self, now: float) -> bool:
        """T(r) expired; whether the state changed."""
        return self._handle(AsInput.RECOVERY_EXPIRY, now)

    def keep(self, message: object) -> None:
        """Keep a message until an ASP is active again."""
        if len(self.waiting) == self.waiting.maxlen:
            self.discarded += 1
        self.waiting.append(message)

    def take_waiting(self) -> list[Any]:
        """What waited, oldest first."""
        taken = list(self.waiting)
        self.waiting.clear()
        return taken

    def _handle(self, event: AsInput, now: float) -> bool:
        before = self.state
        action = TRANSITIONS.get((before, event))
        if action is not None:
            self.state = action(self, now)
        return self.state is not before

    def _down(self, now: float) -> AsState:
        return AsState.DOWN

    def _inactive(self, now: float) -> AsState:
        return AsState.INACTIVE

    def _active(self, now: float) -> AsState:
        self._timers.stop(self._key)
        return AsState.ACTIVE

    def _pending(self, now: float) -> AsState:
        if self._recovery <= 0:
            return AsState.INACTIVE if self.up else AsState.DOWN
        self._timers.start(self._key, now + self._recovery)
        return AsState.PENDING

    def _recovery_over(self, now: float) -> AsState:
        self.discarded += len(self.waiting)
        self.waiting.clear()
        return AsState.INACTIVE if self.up else AsState.DOWN


Action = Callable[[ApplicationServer, float], AsState]

_S, _I, _A = AsState, AsInput, ApplicationServer

#: RFC 4666 4.3.2 figure 4; what is missing changes nothing.
TRANSITIONS: Final[dict[tuple[AsState, AsInput], Action]] = {
    (_S.DOWN, _I.SOME_UP): _A._inactive,
    (_S.DOWN, _I.SHORT): _A._inactive,
    (_S.DOWN, _I.ACTIVE): _A._active,
    (_S.INACTIVE, _I.NONE_UP): _A._down,
    (_S.INACTIVE, _I.ACTIVE): _A._active,
    (_S.ACTIVE, _I.SOME_UP): _A._pending,
    (_S.ACTIVE, _I.NONE_UP): _A._pending,
    (_S.PENDING, _I.ACTIVE): _A._active,
    (_S.PENDING, _I.SHORT): _A._active,
    (_S.PENDING, _I.RECOVERY_EXPIRY): _A._recovery_over,
}
