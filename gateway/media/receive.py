"""What comes in on every RTP leg: headers checked, order and loss followed, payloads handed to the jitter buffers.

A packet that is exactly the next one expected, 20 ms of the leg's law, is taken with all others of its kind in a few
array operations; any other goes the long way alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tandem.codecs.comfort_noise import parse_level
from tandem.codecs.g711 import A_TO_MU, MU_TO_A, SILENCE, Law
from tandem.codecs.rtcp import TYPES
from tandem.codecs.rtp import (
    COMFORT_NOISE,
    PCMA,
    PCMU,
    PLAIN,
    Header,
    parse_header,
    sequence_delta,
    timestamp_delta,
)
from tandem.codecs.rtp_statistics import MAX_DROPOUT, MAX_MISORDER
from tandem.codecs.telephone_event import TelephoneEvent, parse_events
from tandem.core.errors import DecodeError

from . import speed
from .jitter import BLOCK, DEEPEST, JitterBuffers
from .protocol import MediaStatistics

RATE: Final = 8000
PACKET: Final = 12 + BLOCK
ROW: Final = 1024
"""Room for one received datagram; longer ones are cut and then refused by their length."""
RECEIVED: Final = np.dtype(
    [
        ("first", "u1"),
        ("second", "u1"),
        ("sequence", ">u2"),
        ("timestamp", ">u4"),
        ("ssrc", ">u4"),
        ("payload", "u1", (BLOCK,)),
        ("rest", "u1", (ROW - PACKET,)),
    ]
)
_CONVERSIONS: Final = {("A", "u"): A_TO_MU.tobytes(), ("u", "A"): MU_TO_A.tobytes()}
_HALF: Final = float(1 << 31)  # timestamps wrap at twice this
_SILENCE: Final = {law.value: SILENCE[law] for law in Law}
_STATIC: Final = {PCMU: "u", PCMA: "A"}
_LONGEST_PAYLOAD: Final = 960
"""120 ms; nobody sends more of G.711 in a packet."""


@dataclass(slots=True)
class _Leg:
    """What only the long way needs of a leg."""

    law: str
    payload_type: int
    event_payload_type: int | None
    missing: set[int]
    restart: int = -1
    """Sequence number that would prove a restart of the sender."""
    first: int = 0
    """Sequence number that the present source began with."""
    received: int = 0
    lost: int = 0
    """As they were then."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a report says of a source (RFC 3550 6.4.1)."""

    ssrc: int
    expected: int
    received: int
    highest: int
    """Sequence number, wraps counted in."""
    jitter: int
    """Timestamp units."""


class Receivers:
    """Receiving sides of `legs` RTP legs."""

    def __init__(self, legs: int, least_ms: int = 20, most_ms: int = 200) -> None:
        """`least_ms` of speech are kept in reserve, `most_ms` wait at most."""
        least, most = (-(-milliseconds // 20) * BLOCK for milliseconds in (least_ms, most_ms))
        self.jitter = JitterBuffers(legs, least, min(most, DEEPEST))
        self.events: list[tuple[int, int, TelephoneEvent]] = []
        """Telephone-events received: leg, timestamp, block. Whoever acts on them clears the list."""
        self.control: list[tuple[int, bytes, float]] = []
        """RTCP packets that came with the RTP of a leg, and when; whoever acts on them clears the list."""
        self._legs: dict[int, _Leg] = {}
        self._payload_type = np.zeros(legs, np.uint8)
        self._sequence = np.zeros(legs, np.uint16)
        self._timestamp = np.zeros(legs, np.uint32)
        self._ssrc = np.zeros(legs, np.uint32)
        self._started = np.zeros(legs, np.bool_)
        self._timed = np.zeros(legs, np.bool_)  # self._timestamp and self._transit are those of the present source
        self._transit = np.zeros(legs, np.float64)
        self._jitter = np.zeros(legs, np.float64)
        self._received = np.zeros(legs, np.int64)
        self._octets = np.zeros(legs, np.int64)
        self._lost = np.zeros(legs, np.int64)
        self._late = np.zeros(legs, np.int64)
        self.heard = np.full(legs, -np.inf)
        """When the last valid packet of each leg came."""
        self._others = np.zeros(legs, np.intp)
        self._compiled: Any = None
        if speed.speedups is not None:
            expected = (self._sequence, self._timestamp, self._ssrc)
            times = (self._transit, self._jitter, self.heard)
            counts = (self._received, self._octets, self._lost, self._late)
            self._compiled = speed.speedups.Plain(
                self.jitter.compiled, self._payload_type, self._started.view(np.uint8), *expected, *times, counts
            )

    def open(self, leg: int, law: str, payload_type: int, event_payload_type: int | None) -> None:
        """Start `leg` with all counts zero."""
        self._legs[leg] = _Leg(law, payload_type, event_payload_type, set())
        if self._compiled is None:
            self._begin_counts(leg, payload_type)
        else:
            self._compiled.open(leg, payload_type)
        self.jitter.open(leg, law, _SILENCE[law])

    def _begin_counts(self, leg: int, payload_type: int) -> None:
        self._payload_type[leg] = payload_type
        self._started[leg] = False
        self.heard[leg] = -np.inf
        for counts in (self._jitter, self._received, self._octets, self._lost, self._late):
            counts[leg] = 0

    def update(self, leg: int, law: str, payload_type: int, event_payload_type: int | None) -> None:
        """Change what `leg` expects; counts go on."""
        state = self._legs[leg]
        if law != state.law:
            concealed = self.jitter.concealed[leg]
            self.jitter.open(leg, law, _SILENCE[law])
            self.jitter.concealed[leg] = concealed
        if payload_type != state.payload_type:
            self._payload_type[leg] = payload_type
        state.law, state.payload_type, state.event_payload_type = law, payload_type, event_payload_type

    def close(self, leg: int) -> MediaStatistics:
        """End `leg`; what it received. `packets_sent` is for the sending side to fill in."""
        statistics = self.statistics(leg)
        self.end(leg)
        return statistics

    def end(self, leg: int) -> None:
        """End `leg`."""
        self._legs.pop(leg, None)
        self._started[leg] = False
        self.jitter.close(leg)

    def silent(self, since: float) -> list[int]:
        """The legs that have received something, and nothing after `since`; each is told once."""
        if self._compiled is None:
            return self._find_silent(since)
        legs: list[int] = self._compiled.silent(since)
        return legs

    def _find_silent(self, since: float) -> list[int]:
        legs: list[int] = np.flatnonzero((self.heard > -np.inf) & (self.heard < since)).tolist()
        self.heard[legs] = -np.inf
        return legs

    def source(self, leg: int) -> Source | None:
        """The present source of `leg`; None before its first packet."""
        state = self._legs.get(leg)
        if state is None or not self._started[leg]:
            return None
        received = int(self._received[leg]) - state.received
        expected = max(received + int(self._lost[leg]) - state.lost, 1)
        return Source(int(self._ssrc[leg]), expected, received, state.first + expected - 1, int(self._jitter[leg]))

    def packets(self, leg: int) -> int:
        """How many packets `leg` has received."""
        return int(self._received[leg])

    def statistics(self, leg: int) -> MediaStatistics:
        """What `leg` has received so far."""
        if not self._received[leg]:
            return MediaStatistics()
        return MediaStatistics(
            packets_received=int(self._received[leg]),
            octets_received=int(self._octets[leg]),
            packets_lost=max(0, int(self._lost[leg])),
            packets_late=int(self._late[leg]),
            jitter_ms=round(float(self._jitter[leg]) * 1000 / RATE, 3),
            concealed_ms=int(self.jitter.concealed[leg]) * 1000 // RATE,
        )

    def receive(
        self, legs: npt.NDArray[np.intp], packets: np.ndarray, lengths: npt.NDArray[np.intp], now: float
    ) -> None:
        """Take one packet for each of `legs` (each named once); `packets` has dtype RECEIVED."""
        if self._compiled is None:
            others = self._take_plain(legs, packets, lengths, now)
        else:
            octets = packets.view(np.uint8).reshape(-1, ROW)
            others = self._others[: self._compiled.take(legs, octets, lengths, now, self._others)]
        for index in others.tolist():
            self.receive_one(int(legs[index]), packets[index].tobytes()[: lengths[index]], now)

    def _take_plain(
        self, legs: npt.NDArray[np.intp], packets: np.ndarray, lengths: npt.NDArray[np.intp], now: float
    ) -> npt.NDArray[np.intp]:
        """Take the packets that are the very next of their legs; the places of the others."""
        sequence = packets["sequence"].astype(np.uint16)
        timestamp = packets["timestamp"].astype(np.uint32)
        plain = lengths == PACKET
        plain &= packets["first"] == PLAIN
        plain &= packets["second"] == self._payload_type[legs]
        plain &= sequence == self._sequence[legs]
        plain &= timestamp == self._timestamp[legs]
        plain &= packets["ssrc"] == self._ssrc[legs]
        plain &= self._started[legs]
        plain &= self.jitter.accepts(legs)
        others = np.flatnonzero(~plain)
        if others.size:
            legs, packets = legs[plain], packets[plain]
            sequence, timestamp = sequence[plain], timestamp[plain]
        self.jitter.push_in_order(legs, packets["payload"])
        self._sequence[legs] = sequence + np.uint16(1)
        self._timestamp[legs] = timestamp + np.uint32(BLOCK)
        self._received[legs] += 1
        self._octets[legs] += BLOCK
        self.heard[legs] = now
        transit = now * RATE - timestamp
        change = np.abs((transit - self._transit[legs] + _HALF) % (2 * _HALF) - _HALF)
        self._jitter[legs] += (change - self._jitter[legs]) / 16
        self._transit[legs] = transit
        return others

    def valid(self, leg: int, packet: bytes) -> Header | None:
        """The header of `packet` when it is RTP of a payload type that `leg` expects."""
        state = self._legs.get(leg)
        try:
            header = parse_header(packet)
        except DecodeError:
            return None
        if state is None or not 0 < header.payload_end - header.payload_start <= _LONGEST_PAYLOAD:
            return None
        known = (state.payload_type, state.event_payload_type, COMFORT_NOISE, PCMA, PCMU)
        return header if header.payload_type in known else None

    def receive_one(self, leg: int, packet: bytes, now: float) -> bool:
        """Take any datagram for `leg`; False when it is no RTP packet that the leg expects."""
        header = self.valid(leg, packet)
        if header is None:
            if len(packet) > 1 and packet[1] in TYPES and leg in self._legs:
                self.control.append((leg, packet, now))
            return False
        self.heard[leg] = now
        state = self._legs[leg]
        gap = self._place(leg, state, header)
        if gap is None:
            return True
        self._received[leg] += 1
        self._octets[leg] += header.payload_end - header.payload_start
        payload = header.payload(packet)
        if header.payload_type == state.event_payload_type:
            self._take_event(leg, header, payload)
        elif header.payload_type == COMFORT_NOISE and state.payload_type != COMFORT_NOISE:
            self.jitter.quiet(leg, parse_level(payload))
        else:
            self._take_speech(leg, state, header, payload, gap, now)
        return True

    def _take_speech(self, leg: int, state: _Leg, header: Header, payload: bytes, gap: int, now: float) -> None:
        law = state.law if header.payload_type == state.payload_type else _STATIC[header.payload_type]
        if law != state.law:
            payload = payload.translate(_CONVERSIONS[law, state.law])
        timed = bool(self._timed[leg])
        ahead = timestamp_delta(header.timestamp, int(self._timestamp[leg])) if timed else 0
        if gap < 0:
            if not self.jitter.push(leg, payload, ahead):
                self._late[leg] += 1
            return
        # A step back, or one that no loss explains, is a new timeline: it goes on where the old one ended.
        if not self.jitter.push(leg, payload, max(0, ahead), lost=gap > 0):
            self._late[leg] += 1
        self._timestamp[leg] = header.timestamp + len(payload) & 0xFFFFFFFF
        transit = now * RATE - header.timestamp
        if timed and -RATE < ahead < RATE:
            change = abs((transit - self._transit[leg] + _HALF) % (2 * _HALF) - _HALF)
            self._jitter[leg] += (change - self._jitter[leg]) / 16
        self._transit[leg] = transit
        self._timed[leg] = True

    def _take_event(self, leg: int, header: Header, payload: bytes) -> None:
        self.jitter.quiet(leg)
        try:
            block = parse_events(payload)[0]
        except DecodeError:
            return
        self.events.append((leg, header.timestamp, block))

    def _place(self, leg: int, state: _Leg, header: Header) -> int | None:
        """Packets missing in front of this one, -1 for one out of order, None for one to be thrown away."""
        if not self._started[leg] or header.ssrc != self._ssrc[leg]:
            return self._begin(leg, state, header)
        ahead = sequence_delta(header.sequence, int(self._sequence[leg]))
        if 0 <= ahead < MAX_DROPOUT:
            self._lost[leg] += ahead
            state.missing.update((header.sequence - step) & 0xFFFF for step in range(1, min(ahead, MAX_MISORDER) + 1))
            if len(state.missing) > MAX_MISORDER:
                state.missing = {number for number in state.missing if _recent(number, header.sequence)}
            self._sequence[leg] = header.sequence + 1 & 0xFFFF
            return ahead
        if -MAX_MISORDER <= ahead < 0:
            if header.sequence not in state.missing:
                self._late[leg] += 1
                return None
            state.missing.discard(header.sequence)
            self._lost[leg] -= 1
            return -1
        if header.sequence == state.restart:
            return self._begin(leg, state, header)
        state.restart = header.sequence + 1 & 0xFFFF
        return None

    def _begin(self, leg: int, state: _Leg, header: Header) -> int:
        """A new source, or one that started anew (RFC 3550 A.1)."""
        self._started[leg] = True
        self._timed[leg] = False
        self._ssrc[leg] = header.ssrc
        state.first, state.received, state.lost = header.sequence, int(self._received[leg]), int(self._lost[leg])
        self._sequence[leg] = header.sequence + 1 & 0xFFFF
        state.missing.clear()
        state.restart = -1
        return 0


def _recent(number: int, sequence: int) -> bool:
    return -MAX_MISORDER <= sequence_delta(number, sequence) <= 0
