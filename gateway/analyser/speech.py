"""RTP streams: loss, jitter and an estimate of quality, in bulk (RFC 3550 6.4.1 and A.1, G.107)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from tandem.codecs.emodel import CODECS, opinion, rating

from . import speed
from .model import MediaStream, RtpPackets
from .packets import grouped

MOST_STREAMS: Final = 200_000
_CLOCK: Final = 8000
_WRAP: Final = 1 << 32
_CODECS: Final = {0: "PCMU", 3: "GSM", 4: "G723", 8: "PCMA", 9: "G722", 13: "CN", 15: "G728", 18: "G729"}
_EVENTS: Final = "0123456789*#ABCD"
"""RFC 4733 3.2, table 7."""
MOST_EVENTS: Final = 1000
"""Events kept of a stream."""


_FIELDS: Final[list[tuple[str, str]]] = [
    ("first", "f8"),
    ("last", "f8"),
    ("place", "i8"),
    ("highest", "i8"),
    ("base", "i8"),
    ("begun", "f8"),
    ("transit", "f8"),
    ("packets", "i8"),
    ("deviation", "f8"),
]
"""State of a stream. `place`: extended sequence number of the last packet, wraps counted in; `transit`: arrival less
timestamp of the last one, `begun` of the first; `deviation`: sum of |D(i-1, i)| of RFC 3550 6.4.1; all three in
timestamp units."""

_RECKONED: Final = ("first", "last", "place", "highest", "base", "begun", "transit", "packets", "deviation")
Key = tuple[str, str, int]


@dataclass(slots=True)
class StreamState:
    """Streams of one file, to be joined with those of the next."""

    keys: list[Key]
    state: np.ndarray
    kinds: np.ndarray
    unkept: int
    events: dict[Key, dict[int, tuple[int, bool]]]


class Streams:
    """Every stream of a capture, by source, destination and SSRC: all streams of a batch are reckoned at once."""

    def __init__(self) -> None:
        self._places: dict[Key, int] = {}
        self._keys: list[Key] = []
        self._free: list[int] = []
        self._state = np.zeros(1024, _FIELDS)
        self._kinds = np.zeros((1024, 128), np.uint32)
        """Packets by payload type."""
        self._events: dict[Key, dict[int, tuple[int, bool]]] = {}
        """Telephone-events by timestamp: which, and whether its end was seen."""
        self.unkept = 0
        """Packets of streams beyond MOST_STREAMS."""

    def take(self, packets: RtpPackets) -> None:
        """RTP of a batch."""
        if speed.speedups is not None:
            self._take_compiled(packets)
            return
        keys = packets.flow.astype(np.uint64) << np.uint64(32) | packets.ssrc.astype(np.uint64)
        order = grouped(keys)
        keys = keys[order]
        begins = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        heads = order[begins]
        counts = np.diff(begins, append=len(order))
        places = self._find(packets, heads)
        if (places < 0).any():
            kept = places >= 0
            self.unkept += int(counts[~kept].sum())
            order = order[np.repeat(kept, counts)]
            heads, counts, places = heads[kept], counts[kept], places[kept]
            begins = np.cumsum(counts) - counts
        if packets.events:
            self._listen(packets)
        if len(order):
            self._reckon(packets, order, begins, counts, places)

    def _take_compiled(self, packets: RtpPackets) -> None:
        count = len(packets.flow)
        stream, heads = np.empty(count, np.int64), np.empty(count, np.int64)
        table, keys = np.zeros(speed.room(count), np.int32), np.empty(count, np.uint64)
        found = speed.speedups.streams(packets.flow, packets.ssrc, stream, heads, keys, table)
        places = self._find(packets, heads[:found])
        if (places < 0).any():
            self.unkept += int(np.count_nonzero(places[stream] < 0))
        if packets.events:
            self._listen(packets)
        state = self._state
        speed.speedups.reckon(
            stream, places, np.empty(found, np.int64), packets.time, packets.sequence, packets.timestamp,
            packets.payload_type, float(_CLOCK), *(state[name] for name in _RECKONED), self._kinds,
        )  # fmt: skip

    def _find(self, packets: RtpPackets, heads: np.ndarray) -> np.ndarray:
        """The place of the stream of each packet of `heads`, new ones begun; -1 where there is no more room."""
        found = np.empty(len(heads), np.int64)
        known, flows = self._places, packets.flows
        fresh: list[int] = []
        flow, ssrc = packets.flow[heads].tolist(), packets.ssrc[heads].tolist()
        for number, (which, source) in enumerate(zip(flow, ssrc, strict=True)):
            key = (*flows[which], source)
            place = known.get(key)
            if place is None:
                if len(known) >= MOST_STREAMS:
                    found[number] = -1
                    continue
                place = self._begin(key)
                fresh.append(number)
            found[number] = place
        if fresh:
            new, first = found[fresh], heads[fresh]
            state = self._state
            sequence = packets.sequence[first].astype(np.int64)
            state["first"][new] = state["last"][new] = packets.time[first]
            state["place"][new] = state["highest"][new] = state["base"][new] = sequence
            state["transit"][new] = np.nan
            state["packets"][new] = state["deviation"][new] = 0
            self._kinds[new] = 0
        return found

    def _begin(self, key: Key) -> int:
        if self._free:
            place = self._free.pop()
            self._keys[place] = key
        else:
            place = len(self._keys)
            self._keys.append(key)
            if place == len(self._state):
                self._state = np.concatenate((self._state, np.zeros_like(self._state)))
                self._kinds = np.concatenate((self._kinds, np.zeros_like(self._kinds)))
        self._places[key] = place
        return place

    def _reckon(
        self, packets: RtpPackets, order: np.ndarray, begins: np.ndarray, counts: np.ndarray, places: np.ndarray
    ) -> None:
        """`order` brings the packets of a stream together; each begins at `begins` and has `counts`."""
        state = self._state
        ends = begins + counts - 1
        times = packets.time[order]
        sequence = packets.sequence[order].astype(np.int64)
        # Steps of -32768 to 32767 from one packet to the next, the first from where the stream was.
        steps = np.diff(sequence, prepend=0)
        steps[begins] = sequence[begins] - (state["place"][places] & 0xFFFF)
        steps = (steps + 0x8000 & 0xFFFF) - 0x8000
        run = np.cumsum(steps)
        offset = state["place"][places] - (run[begins] - steps[begins])
        extended = run + np.repeat(offset, counts)
        state["place"][places] = extended[ends]
        state["highest"][places] = np.maximum(state["highest"][places], np.maximum.reduceat(extended, begins))
        state["base"][places] = np.minimum(state["base"][places], np.minimum.reduceat(extended, begins))
        transit = times * _CLOCK - packets.timestamp[order].astype(np.float64)
        change = np.diff(transit, prepend=0.0)
        change[begins] = transit[begins] - state["transit"][places]
        change = np.abs((change + _WRAP / 2) % _WRAP - _WRAP / 2)
        # A stream that begins here has nothing before its first packet.
        np.nan_to_num(change, copy=False)
        state["deviation"][places] += np.add.reduceat(change, begins)
        fresh = np.isnan(state["transit"][places])
        state["begun"][places[fresh]] = transit[begins[fresh]]
        state["transit"][places] = transit[ends]
        state["packets"][places] += counts
        state["first"][places] = np.minimum(state["first"][places], times[begins])
        state["last"][places] = np.maximum(state["last"][places], times[ends])
        kinds = packets.payload_type[order].astype(np.int64)
        np.add.at(self._kinds, (np.repeat(places, counts), kinds), 1)

    def _listen(self, packets: RtpPackets) -> None:
        """Remember events by their timestamp: the packets of one share it."""
        for index, event, ended in packets.events:
            key = (*packets.flows[int(packets.flow[index])], int(packets.ssrc[index]))
            if key not in self._places:
                continue
            heard, stamp = self._events.setdefault(key, {}), int(packets.timestamp[index])
            if stamp in heard or len(heard) < MOST_EVENTS:
                heard[stamp] = (event, ended or heard.get(stamp, (0, False))[1])

    def finished(self, before: float) -> list[MediaStream]:
        """Streams that were not heard since `before`, taken out: room for others."""
        state = self._state[: len(self._keys)]
        old = [
            place
            for place in np.flatnonzero((state["last"] < before) & (state["packets"] > 0)).tolist()
            if self._places.get(self._keys[place]) == place
        ]
        found = [self._describe(place) for place in old]
        for place in old:
            del self._places[self._keys[place]]
            self._events.pop(self._keys[place], None)
            self._free.append(place)
        return sorted(found, key=lambda stream: stream.first)

    def state(self) -> StreamState:
        """What is known of every stream."""
        places = list(self._places.values())
        return StreamState(
            [self._keys[place] for place in places], self._state[places], self._kinds[places], self.unkept, self._events
        )

    def join(self, later: StreamState) -> None:
        """Go on with what came of the streams later."""
        self.unkept += later.unkept
        for key, heard in later.events.items():
            mine = self._events.setdefault(key, {})
            for stamp, (event, ended) in heard.items():
                mine[stamp] = (event, ended or mine.get(stamp, (0, False))[1])
        for number, key in enumerate(later.keys):
            more = later.state[number]
            place = self._places.get(key)
            if place is None:
                if len(self._places) >= MOST_STREAMS:
                    self.unkept += int(more["packets"])
                    continue
                place = self._begin(key)
                self._state[place], self._kinds[place] = more, later.kinds[number]
                continue
            known = self._state[place]
            step = (int(more["base"]) - int(known["place"]) + 0x8000 & 0xFFFF) - 0x8000
            shift = int(known["place"]) + step - int(more["base"])
            known["place"] = more["place"] + shift
            known["highest"] = max(known["highest"], more["highest"] + shift)
            known["base"] = min(known["base"], more["base"] + shift)
            change = abs((float(more["begun"] - known["transit"]) + _WRAP / 2) % _WRAP - _WRAP / 2)
            known["deviation"] += 0.0 if math.isnan(change) else change
            known["transit"] = more["transit"]
            known["packets"] += more["packets"]
            known["deviation"] += more["deviation"]
            known["first"], known["last"] = min(known["first"], more["first"]), max(known["last"], more["last"])
            self._kinds[place] += later.kinds[number]

    def result(self) -> list[MediaStream]:
        """Every stream still there, in the order in which they began."""
        return sorted((self._describe(place) for place in self._places.values()), key=lambda stream: stream.first)

    def _describe(self, place: int) -> MediaStream:
        source, destination, ssrc = self._keys[place]
        first, last, _, highest, base, _, _, packets, deviation = self._state[place].tolist()
        kind = int(self._kinds[place].argmax())
        codec = _CODECS.get(kind, f"type {kind}")
        expected = highest - base + 1
        lost = max(0, expected - packets)
        known = packets > 1 and kind < 96
        kinds = np.flatnonzero(self._kinds[place])
        events = [event for event in self._events.get(self._keys[place], {}).values() if event[0] < len(_EVENTS)]
        return MediaStream(
            source=source,
            destination=destination,
            ssrc=ssrc,
            codec=codec,
            first=first,
            last=last,
            packets=packets,
            lost=lost,
            jitter_ms=round(1000 * deviation / (packets - 1) / _CLOCK, 3) if known else 0.0,
            mos=mean_opinion(codec, 100 * lost / expected),
            payload_types=sorted(kinds.tolist(), key=lambda one: -int(self._kinds[place, one])),
            digits="".join(_EVENTS[event] for event, _ in events),
            digits_cut=sum(not ended for _, ended in events),
        )


def mean_opinion(codec: str, loss_percent: float) -> float | None:
    """MOS-CQE by the E-model for random loss, all else at its default; delay is not known from one capture."""
    known = CODECS.get(codec)
    return None if known is None else round(opinion(rating(known, loss_percent)), 2)
