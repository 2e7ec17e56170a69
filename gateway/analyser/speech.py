"""RTP streams: loss, jitter and an estimate of quality, in bulk (RFC 3550 6.4.1 and A.1, G.107)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from .model import MediaStream, RtpPackets

MOST_STREAMS: Final = 200_000
_CLOCK: Final = 8000
_WRAP: Final = 1 << 32
_CODECS: Final = {0: "PCMU", 3: "GSM", 4: "G723", 8: "PCMA", 9: "G722", 13: "CN", 15: "G728", 18: "G729"}
_IMPAIRMENT: Final = {"PCMU": (0.0, 4.3), "PCMA": (0.0, 4.3), "G729": (11.0, 19.0), "G723": (15.0, 16.1)}
"""Equipment impairment Ie and robustness to loss Bpl, G.113 appendix I; G.711 without concealment of loss."""
_BEST: Final = 93.2
"""R with every parameter of G.107 at its default; delay is not known from one capture."""


@dataclass(slots=True)
class _Stream:
    first: float
    last: float
    place: int
    """Extended sequence number of the last packet: wraps counted in."""
    highest: int
    base: int
    transit: float
    packets: int = 0
    deviation: float = 0.0
    """Sum of |D(i-1, i)| of RFC 3550 6.4.1 in timestamp units."""
    kinds: Counter[int] = field(default_factory=Counter)


class Streams:
    """Every stream of a capture, by source, destination and SSRC."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, str, int], _Stream] = {}
        self.unkept = 0
        """Packets of streams beyond MOST_STREAMS."""

    def take(self, packets: RtpPackets) -> None:
        """RTP of a batch."""
        keys = packets.flow.astype(np.uint64) << np.uint64(32) | packets.ssrc.astype(np.uint64)
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        order = np.argsort(inverse, kind="stable")
        for number, run in enumerate(np.split(order, np.cumsum(np.bincount(inverse))[:-1])):
            one = int(first[number])
            source, destination = packets.flows[int(packets.flow[one])]
            self._add((source, destination, int(packets.ssrc[one])), packets, run)

    def _add(self, key: tuple[str, str, int], packets: RtpPackets, run: np.ndarray) -> None:
        times = packets.time[run]
        sequence = packets.sequence[run].astype(np.int64)
        stream = self._streams.get(key)
        if stream is None:
            if len(self._streams) >= MOST_STREAMS:
                self.unkept += len(run)
                return
            begin = int(sequence[0])
            stream = self._streams[key] = _Stream(float(times[0]), float(times[0]), begin, begin, begin, np.nan)
        # Steps of -32768 to 32767 from one packet to the next.
        steps = (np.diff(sequence, prepend=stream.place & 0xFFFF) + 0x8000 & 0xFFFF) - 0x8000
        extended = stream.place + np.cumsum(steps)
        stream.place = int(extended[-1])
        stream.highest = max(stream.highest, int(extended.max()))
        stream.base = min(stream.base, int(extended.min()))
        transit = times * _CLOCK - packets.timestamp[run].astype(np.float64)
        change = np.abs((np.diff(transit, prepend=stream.transit) + _WRAP / 2) % _WRAP - _WRAP / 2)
        stream.deviation += float(np.nansum(change))
        stream.transit = float(transit[-1])
        stream.packets += len(run)
        stream.first, stream.last = min(stream.first, float(times[0])), max(stream.last, float(times[-1]))
        stream.kinds.update(packets.payload_type[run].tolist())

    def result(self) -> list[MediaStream]:
        """Every stream, in the order in which they began."""
        found = [_describe(key, stream) for key, stream in self._streams.items()]
        return sorted(found, key=lambda stream: stream.first)


def _describe(key: tuple[str, str, int], stream: _Stream) -> MediaStream:
    source, destination, ssrc = key
    kind = stream.kinds.most_common(1)[0][0]
    codec = _CODECS.get(kind, f"type {kind}")
    expected = stream.highest - stream.base + 1
    lost = max(0, expected - stream.packets)
    known = stream.packets > 1 and kind < 96
    return MediaStream(
        source=source,
        destination=destination,
        ssrc=ssrc,
        codec=codec,
        first=stream.first,
        last=stream.last,
        packets=stream.packets,
        lost=lost,
        jitter_ms=round(1000 * stream.deviation / (stream.packets - 1) / _CLOCK, 3) if known else 0.0,
        mos=mean_opinion(codec, 100 * lost / expected),
    )


def mean_opinion(codec: str, loss_percent: float) -> float | None:
    """MOS-CQE by the E-model (G.107 7.5 and Annex B) for random loss, all else at its default."""
    if codec not in _IMPAIRMENT:
        return None
    impairment, robustness = _IMPAIRMENT[codec]
    rating = _BEST - (impairment + (95 - impairment) * loss_percent / (loss_percent + robustness))
    if rating <= 0:
        return 1.0
    mos = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6
    return round(min(4.5, max(1.0, mos)), 2)
