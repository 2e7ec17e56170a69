"""Signalling link test control, SLTC of Q.707: a link is good when its far end returns the pattern sent.

A test that gets no answer within T1, or a wrong one, is repeated once; the second time the link has failed. After
that a good link is tested again every T2.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from tandem.ss7.mtp3 import timers


class SltState(Enum):
    """Where the test of one link stands."""

    IDLE = auto()
    FIRST_ATTEMPT = auto()
    SECOND_ATTEMPT = auto()
    PASSED = auto()


class SltInput(Enum):
    """What happens to a link test."""

    START = auto()
    STOP = auto()
    ACKNOWLEDGED = auto()
    """SLTA with the pattern sent, from the adjacent point and with the code of this link."""
    MISMATCH = auto()
    """SLTA that differs in one of these."""
    T1_EXPIRY = auto()
    T2_EXPIRY = auto()


class SltOutput(Enum):
    """What a link test wants done."""

    SEND = auto()
    """Transmit SLTM on the link."""
    PASSED = auto()
    """The first test since START passed."""
    FAILED = auto()
    """Two attempts in a row failed; the test has stopped."""


class LinkTest:
    """The test of one link; timers are kept in `table` under its number.

    The routing test of Japan runs the same way, with `names` of its own and the point code of the destination.
    """

    def __init__(
        self,
        link: int,
        t1: float,
        t2: float,
        table: timers.Timers,
        names: tuple[timers.Timer, timers.Timer] = (timers.Timer.TEST_T1, timers.Timer.TEST_T2),
    ) -> None:
        self.state = SltState.IDLE
        self._link = link
        self._name1, self._name2 = names
        self._t1, self._t2 = t1, t2
        self._timers = table
        self._proven = False
        self._outputs: list[SltOutput] = []

    def handle(self, event: SltInput, now: float) -> list[SltOutput]:
        """Act on `event` and return what is to be done, in order; nothing when it has no meaning in the state."""
        self._outputs = []
        if action := TRANSITIONS.get((self.state, event)):
            self.state = action(self, now)
        return self._outputs

    def _start(self, now: float) -> SltState:
        self._proven = False
        return self._first(now)

    def _first(self, now: float) -> SltState:
        self._send(now)
        return SltState.FIRST_ATTEMPT

    def _repeat(self, now: float) -> SltState:
        self._send(now)
        return SltState.SECOND_ATTEMPT

    def _send(self, now: float) -> None:
        self._outputs.append(SltOutput.SEND)
        self._timers.start((self._name1, self._link), now + self._t1)

    def _pass(self, now: float) -> SltState:
        self._timers.stop((self._name1, self._link))
        self._timers.start((self._name2, self._link), now + self._t2)
        if not self._proven:
            self._proven = True
            self._outputs.append(SltOutput.PASSED)
        return SltState.PASSED

    def _fail(self, now: float) -> SltState:
        self._outputs.append(SltOutput.FAILED)
        return self._stop(now)

    def _stop(self, now: float) -> SltState:
        self._timers.stop((self._name1, self._link))
        self._timers.stop((self._name2, self._link))
        return SltState.IDLE


#: Q.707 figure 2 (SLTC), with the repetition of Q.707 2.2.
TRANSITIONS: Final[dict[tuple[SltState, SltInput], Callable[[LinkTest, float], SltState]]] = {
    (SltState.IDLE, SltInput.START): LinkTest._start,
    (SltState.FIRST_ATTEMPT, SltInput.ACKNOWLEDGED): LinkTest._pass,
    (SltState.FIRST_ATTEMPT, SltInput.MISMATCH): LinkTest._repeat,
    (SltState.FIRST_ATTEMPT, SltInput.T1_EXPIRY): LinkTest._repeat,
    (SltState.FIRST_ATTEMPT, SltInput.STOP): LinkTest._stop,
    (SltState.SECOND_ATTEMPT, SltInput.ACKNOWLEDGED): LinkTest._pass,
    (SltState.SECOND_ATTEMPT, SltInput.MISMATCH): LinkTest._fail,
    (SltState.SECOND_ATTEMPT, SltInput.T1_EXPIRY): LinkTest._fail,
    (SltState.SECOND_ATTEMPT, SltInput.STOP): LinkTest._stop,
    (SltState.PASSED, SltInput.T2_EXPIRY): LinkTest._first,
    (SltState.PASSED, SltInput.STOP): LinkTest._stop,
}
