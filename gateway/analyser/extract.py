"""Calls taken out of their captures: their packets as pcapng, their speech as WAV. Both read the captures again."""

from __future__ import annotations

import struct
import wave
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from tandem.codecs import g711

from .dissect import Dissector, Options
from .model import CallRecord, MediaStream, RtpPackets
from .network import CARRIERS_OF_IP
from .packets import Batch
from .revisit import batches, pick

RATE: Final = 8000
LONGEST: Final = 4 * 3600 * RATE
"""Samples of speech written of one call."""
_LAWS: Final = {0: g711.Law.MU, 8: g711.Law.A}
_NANOSECONDS: Final = 1_000_000_000
_Flow = tuple[str, str, int]


class PcapngWriter:
    """Packets of any link types in one file, an interface for each type and name."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._interfaces: dict[tuple[int, str], int] = {}
        out.write(_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))

    def write(self, batch: Batch) -> int:
        """All packets of a batch; how many they are."""
        key = batch.link_type, batch.interface
        if key not in self._interfaces:
            self._interfaces[key] = len(self._interfaces)
            name = batch.interface.encode()[:1000]
            options = _option(2, name) if name else b""
            options += _option(9, bytes((9,))) + _option(0, b"")
            self._out.write(_block(1, struct.pack("<HHI", batch.link_type & 0xFFFF, 0, 0) + options))
        for index in range(len(batch)):
            octets = batch.octets(index)
            ticks = round(float(batch.time[index]) * 1_000_000) * 1000
            head = struct.pack(
                "<IIIII",
                self._interfaces[key],
                ticks >> 32,
                ticks & 0xFFFFFFFF,
                len(octets),
                int(batch.original[index]),
            )
            flags = b""
            if batch.inbound is not None and batch.inbound[index]:
                flags = _option(2, struct.pack("<I", int(batch.inbound[index]))) + _option(0, b"")
            self._out.write(_block(6, head + octets + bytes(-len(octets) % 4) + flags))
        return len(batch)


def export(calls: Iterable[CallRecord], paths: list[str], options: Options, out: BinaryIO) -> int:
    """Write the packets of calls, their signalling and speech; how many they are.

    Of a message in IP fragments or TCP segments only the packet that completed it is among them.
    """
    numbers: set[int] = set()
    streams: dict[_Flow, list[MediaStream]] = defaultdict(list)
    for record in calls:
        numbers.update(message.packet for message in record.messages)
        for stream in record.media:
            streams[stream.source, stream.destination, stream.ssrc].append(stream)
    ordered = np.sort(np.fromiter(numbers, np.int64, len(numbers)))
    writer, written = PcapngWriter(out), 0
    dissector = Dissector(options)
    for batch in batches(paths):
        assert batch.number is not None
        first, last = np.searchsorted(ordered, (batch.number[0], batch.number[-1] + 1))
        here = set(ordered[first:last].tolist())
        if streams and (rtp := dissector.feed(batch).rtp) is not None:
            here.update(*(rtp.packet[run].tolist() for _, run in _runs(rtp, streams)))
        if here:
            written += writer.write(pick(batch, here))
    return written


def speech(calls: Iterable[CallRecord], paths: list[str], options: Options, folder: Path) -> dict[Path, str]:
    """Write `ID.wav` for every call with G.711, calling side left, called side right; files and what is amiss.

    Packets are put where their timestamps say, silence where none came.
    """
    wanted: dict[_Flow, list[tuple[str, int, MediaStream]]] = defaultdict(list)
    begins: dict[str, float] = {}
    missing: dict[Path, str] = {}
    for record in calls:
        known = [stream for stream in record.media if stream.codec in ("PCMA", "PCMU")]
        if not known:
            codecs = ", ".join(sorted({stream.codec for stream in record.media}))
            missing[folder / f"{record.id}.wav"] = (
                f"speech is {codecs}, not G.711" if codecs else "no speech in the capture"
            )
            continue
        begins[record.id] = min(stream.first for stream in known)
        caller = record.source.rpartition(":")[0]
        sides = {stream.source.rpartition(":")[0] for stream in known}
        # The calling side sends from where its signalling is, or, where media has other addresses, sent first.
        left = caller if caller in sides else known[0].source.rpartition(":")[0]
        for stream in known:
            side = 0 if stream.source.rpartition(":")[0] == left else 1
            wanted[stream.source, stream.destination, stream.ssrc].append((record.id, side, stream))
    tracks: dict[str, list[_Track]] = {name: [_Track(), _Track()] for name in begins}
    if wanted:
        dissector = Dissector(options)
        for batch in batches(paths):
            if batch.link_type not in CARRIERS_OF_IP and batch.link_type not in options.link_types:
                continue
            rtp = dissector.feed(batch).rtp
            if rtp is None:
                continue
            for flow, run in _runs(rtp, wanted):
                times = rtp.time[run]
                for name, side, stream in wanted[flow]:
                    during = run[(times >= stream.first - 1e-6) & (times <= stream.last + 1e-6)]
                    tracks[name][side].take(flow, rtp, during, batch.buffer, begins[name])
    written: dict[Path, str] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for name, (left_track, right_track) in tracks.items():
        path = folder / f"{name}.wav"
        _write_wave(path, left_track.samples(), right_track.samples())
        written[path] = ""
    return written | missing


class _Track:
    """One side of a call as samples, 0 at its beginning."""

    def __init__(self) -> None:
        self._samples = np.zeros(RATE, np.int16)
        self._end = 0
        self._base: dict[_Flow, tuple[int, int]] = {}
        """By flow: the sample at which it begins, and its last timestamp with wraps counted in."""
        self._last: dict[_Flow, int] = {}

    def take(self, flow: _Flow, rtp: RtpPackets, run: np.ndarray, buffer: bytes, begin: float) -> None:
        """Packets of a flow, in the order in which they came."""
        for index in run.tolist():
            law = _LAWS.get(int(rtp.payload_type[index]))
            if law is None:
                continue
            stamp = int(rtp.timestamp[index])
            if flow not in self._base:
                self._base[flow] = round((float(rtp.time[index]) - begin) * RATE), stamp
                self._last[flow] = stamp
            first, base = self._base[flow]
            step = (stamp - self._last[flow] + 0x80000000 & 0xFFFFFFFF) - 0x80000000
            self._last[flow] += step
            place = first + self._last[flow] - base
            start, length = int(rtp.start[index]), int(rtp.length[index])
            samples = g711.decode(np.frombuffer(buffer, np.uint8, length, start), law)
            if place >= 0 and place + len(samples) <= LONGEST:
                self._put(place, samples)

    def _put(self, place: int, samples: np.ndarray) -> None:
        end = place + len(samples)
        if end > len(self._samples):
            self._samples = np.concatenate((self._samples, np.zeros(max(end, len(self._samples)), np.int16)))
        self._samples[place:end] = samples
        self._end = max(self._end, end)

    def samples(self) -> np.ndarray:
        """What there is."""
        return self._samples[: self._end]


def _runs(
    rtp: RtpPackets, wanted: dict[_Flow, list[MediaStream]] | dict[_Flow, list[tuple[str, int, MediaStream]]]
) -> Iterator[tuple[_Flow, np.ndarray]]:
    """Packets of each flow that is wanted, by place."""
    ends = {(source, destination) for source, destination, _ in wanted}
    for which, pair in enumerate(rtp.flows):
        if pair not in ends:
            continue
        of_flow = np.flatnonzero(rtp.flow == which)
        for ssrc in np.unique(rtp.ssrc[of_flow]).tolist():
            if (flow := (*pair, ssrc)) in wanted:
                yield flow, of_flow[rtp.ssrc[of_flow] == ssrc]


def _write_wave(path: Path, left: np.ndarray, right: np.ndarray) -> None:
    both = np.zeros((max(len(left), len(right)), 2), "<i2")
    both[: len(left), 0], both[: len(right), 1] = left, right
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(both.tobytes())


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
