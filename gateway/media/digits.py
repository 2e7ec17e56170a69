"""Telephone-events (RFC 4733): received once each, relayed to RTP, played as DTMF where there is only speech."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from tandem.codecs.g711 import SILENCE, Law, Octets
from tandem.codecs.rtp import timestamp_delta
from tandem.codecs.telephone_event import DIGITS, TelephoneEvent
from tandem.codecs.tones import dtmf_octets

BLOCK: Final = 160
TIMEOUT: Final = 0.15
"""Seconds without a packet of an event after which it has ended: every one of its end packets was lost."""
SHORTEST: Final = 400
"""Octets of DTMF played for a digit however short its event was: 50 ms, which every receiver detects (Q.24)."""
PAUSE: Final = 320
"""Octets of silence between two digits."""
END_PACKETS: Final = 3
"""RFC 4733 2.5.1.4."""


@dataclass(slots=True)
class EventInProgress:
    """An event in progress, and how long it has lasted (timestamp units)."""

    code: int
    volume: int
    timestamp: int
    duration: int = 0
    ended: bool = False
    heard: float = 0.0
    """When its last packet came."""


Change = tuple[EventInProgress | None, EventInProgress | None]


class EventReceiver:
    """Puts the packets of events together; packets of an ended event come three times and more."""

    def __init__(self) -> None:
        self.current: EventInProgress | None = None
        self._last: int | None = None

    def receive(self, block: TelephoneEvent, timestamp: int, now: float) -> Change:
        """Take one packet's block; return the event that began with it, and the event that ended with it."""
        if block.digit is None:
            return None, None
        ended = None
        current = self.current
        if current is not None and current.timestamp != timestamp:
            if timestamp_delta(timestamp, current.timestamp) < 0:
                return None, None
            ended = self._end(current)
            current = None
        began = None
        if current is None:
            if self._last is not None and timestamp_delta(timestamp, self._last) <= 0:
                return None, ended
            began = current = self.current = EventInProgress(block.event, block.volume, timestamp)
            self._last = timestamp
        current.duration = max(current.duration, block.duration)
        current.heard = now
        if block.end:
            ended = self._end(current)
        return began, ended

    def expire(self, now: float) -> EventInProgress | None:
        """The event that has ended because nothing more is heard of it."""
        current = self.current
        return self._end(current) if current is not None and now - current.heard >= TIMEOUT else None

    def restart(self) -> None:
        """The sender started anew: its timestamps say nothing about those before."""
        self._last = None

    def _end(self, event: EventInProgress) -> EventInProgress:
        event.ended = True
        self.current = None
        return event


class DigitPlayer:
    """Plays events as DTMF tones, one after the other, each as long as its event."""

    def __init__(self, law: str) -> None:
        self._law = Law(law)
        self._queue: deque[EventInProgress] = deque()
        self._played = 0
        self._pause = 0

    def start(self, event: EventInProgress) -> None:
        """Play `event` when those before it are over."""
        self._queue.append(event)

    def play(self) -> Octets | None:
        """The next block; None when nothing is to be played."""
        if not self._queue:
            return None
        event = self._queue[0]
        silence = SILENCE[self._law]
        if self._pause:
            self._pause -= BLOCK
            return np.full(BLOCK, silence, np.uint8)
        length = max(event.duration, SHORTEST) if event.ended else self._played + BLOCK
        block = _tone(DIGITS[event.code], self._law)[self._played % _PERIOD :][:BLOCK].copy()
        block[max(0, length - self._played) :] = silence
        self._played += BLOCK
        if event.ended and self._played >= length:
            self._queue.popleft()
            self._played = 0
            self._pause = PAUSE if self._queue else 0
        return block


class EventSender:
    """Relays events into the packets of a leg: what to send this tick instead of speech."""

    def __init__(self) -> None:
        self._queue: deque[EventInProgress] = deque()
        self._timestamp = 0
        self._duration = 0
        self._ends = 0

    def start(self, event: EventInProgress) -> None:
        """Send `event` when those before it are over."""
        self._queue.append(event)

    def next(self, timestamp: int) -> tuple[bytes, int, bool] | None:
        """Payload, timestamp and marker of this tick's packet; None when speech is to be sent.

        `timestamp` is the one that speech would have now.
        """
        if not self._queue:
            return None
        event = self._queue[0]
        first = self._duration == 0
        if first:
            self._timestamp = timestamp
        if not self._ends:
            self._duration = min(self._duration + BLOCK, 0xFFFF)
            if (event.ended and self._duration >= event.duration) or self._duration == 0xFFFF:
                self._ends = END_PACKETS
        payload = TelephoneEvent(event.code, self._duration, self._ends > 0, event.volume).encode()
        if self._ends:
            self._ends -= 1
            if not self._ends:
                self._queue.popleft()
                self._duration = 0
        return payload, self._timestamp, first


def make_tones() -> None:
    """Make the tones of all digits, so that playing one for the first time takes no longer than later."""
    for digit in DIGITS:
        for law in Law:
            _tone(digit, law)


_PERIOD: Final = 8000
_tones: dict[tuple[str, Law], Octets] = {}


def _tone(digit: str, law: Law) -> Octets:
    """One second of a digit; all DTMF frequencies are whole numbers of hertz, so that it repeats without a step."""
    if (digit, law) not in _tones:
        _tones[digit, law] = dtmf_octets(digit, law, 1000)
    return _tones[digit, law]
