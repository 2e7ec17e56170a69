"""A line out of a file, and a line into one: `file:play=PATH` and `file:record=PATH,span=SPEC`.

Files hold the octets of a line as they come, 256,000 a second of an E1; captures of SAToP packets are played too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from tandem.core.errors import SpanError
from tandem.hardware.capture_octets import MAGICS, octets_of_capture
from tandem.hardware.line import terminate
from tandem.hardware.registry import check_spec as check_inner
from tandem.hardware.registry import open_span as open_inner
from tandem.hardware.registry import parse_count, parse_options, split_wrapper
from tandem.hardware.satop_udp import parse_switch
from tandem.hardware.span import FRAME_RATE, LineFormat, Span
from tandem.hardware.span_base import LineSpan, SpanAround

QUANTUM: Final = 8
RECORDED: Final = ("satop", "cesopsn", "virtual", "e1d", "fault")
"""What can be recorded: lines whose octets all pass through us."""
_PORTION: Final = 1 << 16
_MOST_SECONDS: Final = 0.5
"""Of a line read at once; what a stalled reader missed is left out, as on a line."""


def check_spec(spec: str, body: str, line: LineFormat) -> None:
    """Raise SpanError when the spec is malformed; whether the file is there is seen when it is opened."""
    if body.startswith("record="):
        check_inner(_parse_record(spec, body)[3], line)
    else:
        _parse_play(spec, body)


def open_span(spec: str, body: str, line: LineFormat) -> PlayedSpan | RecordedSpan:
    """Open the file, and the span that is recorded; SpanError says why it cannot be."""
    if body.startswith("record="):
        path, side, most, inner = _parse_record(spec, body)
        try:
            file = path.open("wb")
        except OSError as error:
            raise SpanError(f"span {spec!r}: {path} cannot be written: {error.strerror}") from error
        try:
            return RecordedSpan(spec, open_inner(inner, line), file, outgoing=side == "out", most=most)
        except Exception:
            file.close()
            raise
    path, port, loop, rtp = _parse_play(spec, body)
    try:
        with path.open("rb") as opened:
            capture = opened.read(4) in MAGICS
    except OSError as error:
        raise SpanError(f"span {spec!r}: {path} cannot be read: {error.strerror}") from error
    return PlayedSpan(spec, path, line, loop=loop, capture=capture, port=port, rtp=rtp)


def _parse_play(spec: str, body: str) -> tuple[Path, int | None, bool, bool]:
    options = parse_options(spec, body, {"play"}, {"loop", "port", "rtp"})
    port = parse_count(spec, "port", options["port"], 1, 65535) if "port" in options else None
    return Path(options["play"]), port, parse_switch(spec, "loop", options), parse_switch(spec, "rtp", options)


def _parse_record(spec: str, body: str) -> tuple[Path, str, int, str]:
    left, inner = split_wrapper(spec, body)
    options = parse_options(spec, left, {"record"}, {"side", "megabytes"})
    side = options.get("side", "in")
    if side not in ("in", "out"):
        raise SpanError(f"span {spec!r}: side={side} should be in (what is received) or out")
    if (scheme := inner.partition(":")[0]) not in RECORDED:
        raise SpanError(f"span {spec!r}: {', '.join(RECORDED)} can be recorded, not {scheme!r}")
    most = parse_count(spec, "megabytes", options.get("megabytes", "100"), 1, 1_000_000)
    return Path(options["record"]), side, most * 1_000_000, inner


class PlayedSpan(LineSpan):
    """Receives what is in a file, at the rate of the line; what is sent goes nowhere. At its end there is LOS."""

    def __init__(
        self, spec: str, path: Path, line: LineFormat, *, loop: bool, capture: bool, port: int | None, rtp: bool
    ) -> None:
        super().__init__(spec, QUANTUM, terminate(line))
        self.rounds = 0
        """Times that the file came to its end."""
        self._path = path
        self._capture = (port, rtp) if capture else None
        self._loop = loop
        self._parts: Iterator[bytes] | None = self._open()
        self._octets = b""
        self._time: float | None = None
        self._played = 0  # octets since `_time`

    def take(self, now: float) -> bytes:
        """See Span."""
        if self._time is None or now - self._time - self._played / self._rate > _MOST_SECONDS:
            self._time, self._played = now, 0
        due = int((now - self._time) * self._rate) - self._played
        if due <= 0:
            return b""
        self._played += due
        return self._next(due)

    def give(self, octets: bytes, now: float) -> None:
        """See Span."""

    def counters(self) -> dict[str, int]:
        """See Span."""
        return self.termination.counters() | {"rounds_played": self.rounds}

    def close(self) -> None:
        """See Span."""
        self._parts = None

    @property
    def _rate(self) -> float:
        return FRAME_RATE * self.termination.frame_bits / 8

    def _open(self) -> Iterator[bytes]:
        if self._capture is not None:
            port, rtp = self._capture
            return octets_of_capture(self.spec, str(self._path), port, rtp=rtp)
        return _portions(self._path)

    def _next(self, count: int) -> bytes:
        """So many octets, fewer at the end."""
        empty = False  # whether the file gave nothing since it was opened again
        while len(self._octets) < count and self._parts is not None:
            try:
                part = next(self._parts, None)
            except (SpanError, OSError) as error:
                self.termination.detail = str(error)
                self._parts = None
                break
            if part is not None:
                self._octets += part
                empty = False
                continue
            self.rounds += 1
            self._parts = self._open() if self._loop and not empty else None
            empty = True
        octets, self._octets = self._octets[:count], self._octets[count:]
        return octets


def _portions(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(_PORTION):
            yield part


class RecordedSpan(SpanAround):
    """Passes everything on to the span within, and writes the octets of one direction into a file."""

    def __init__(self, spec: str, span: Span, file: BinaryIO, *, outgoing: bool, most: int) -> None:
        super().__init__(spec, span)
        self.octets_recorded = 0
        self._file: BinaryIO | None = file
        self._outgoing = outgoing
        self._most = most

    def take(self, now: float) -> bytes:
        """See Span."""
        octets = super().take(now)
        if not self._outgoing:
            self._record(octets)
        return octets

    def give(self, octets: bytes, now: float) -> None:
        """See Span."""
        if self._outgoing:
            self._record(octets)
        super().give(octets, now)

    def counters(self) -> dict[str, int]:
        """See Span; `recording` is 0 once the file is full, or could not be written."""
        own = {"octets_recorded": self.octets_recorded, "recording": int(self._file is not None)}
        return super().counters() | own

    def close(self) -> None:
        """See Span."""
        self._stop()
        super().close()

    def _record(self, octets: bytes) -> None:
        """Write octets; a full disk ends the recording, never the line."""
        if self._file is None or not octets:
            return
        try:
            self._file.write(octets)
        except OSError as error:
            self.termination.detail = f"recording stopped: {error.strerror}"
            self._stop()
            return
        self.octets_recorded += len(octets)
        if self.octets_recorded >= self._most:
            self._stop()

    def _stop(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                self.termination.detail = f"recording stopped: {error.strerror}"
