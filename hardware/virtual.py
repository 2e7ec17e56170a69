"""Virtual spans: two ends of one line in one process, octet by octet what the framers make of it.

For tests and demonstrations. `virtual_line(name)` gives the line, to delay it, cut it or spoil its octets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from tandem.core.errors import SpanError
from tandem.hardware.line import terminate
from tandem.hardware.satop import DEFAULT_PAYLOAD
from tandem.hardware.span import TIMESLOTS, LineFormat
from tandem.hardware.span_base import LineSpan

_QUANTUM = DEFAULT_PAYLOAD // TIMESLOTS
_LINES: dict[str, VirtualLine] = {}


class VirtualLine:
    """What lies between two virtual spans."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.delay = 0.0
        """Seconds from write to read, both ways."""
        self.cut = False
        """Nothing passes."""
        self.impair: Callable[[bytes, int], bytes] | None = None
        """Called with the octets of each write and the end (0 or 1) they go to; what it returns arrives."""
        self.ends: list[VirtualSpan | None] = [None, None]
        self._travelling: tuple[deque[tuple[float, bytes]], ...] = (deque(), deque())

    def send(self, octets: bytes, to: int, now: float) -> None:
        """Put octets on the line towards end `to`."""
        if self.impair is not None:
            octets = self.impair(octets, to)
        if not self.cut and octets and self.ends[to] is not None:
            self._travelling[to].append((now + self.delay, octets))

    def arrivals(self, to: int, now: float) -> bytes:
        """Take the octets that have reached end `to` at `now`."""
        travelling = self._travelling[to]
        octets = b""
        while travelling and travelling[0][0] <= now:
            octets += travelling.popleft()[1]
        return octets

    def detach(self, end: int) -> None:
        """An end closes; the name is free when both have."""
        self.ends[end] = None
        self._travelling[end].clear()
        if self.ends == [None, None] and _LINES.get(self.name) is self:
            del _LINES[self.name]


class VirtualSpan(LineSpan):
    """One end of a virtual line."""

    def __init__(self, spec: str, line: VirtualLine, end: int, line_format: LineFormat) -> None:
        super().__init__(spec, _QUANTUM, terminate(line_format))
        self.line = line
        self._end = end

    def take(self, now: float) -> bytes:
        """See Span."""
        return self.line.arrivals(self._end, now)

    def give(self, octets: bytes, now: float) -> None:
        """See Span."""
        self.line.send(octets, 1 - self._end, now)

    def close(self) -> None:
        """See Span."""
        self.line.detach(self._end)


def virtual_line(name: str) -> VirtualLine:
    """The line of that name, made if need be."""
    return _LINES.setdefault(name, VirtualLine(name))


def check_spec(spec: str, body: str, line_format: LineFormat) -> None:
    """Raise SpanError when the spec is malformed; any format will do."""
    del line_format
    if not body or not body.replace("-", "").replace("_", "").isalnum():
        raise SpanError(f"span {spec!r}: the name {body!r} should be letters, digits, - and _, as in 'virtual:a'")


def open_span(spec: str, body: str, line_format: LineFormat) -> VirtualSpan:
    """Open the next free end of the line; SpanError when it has two already."""
    check_spec(spec, body, line_format)
    line = virtual_line(body)
    if None not in line.ends:
        raise SpanError(f"span {spec!r}: both ends are open already; right would be another name")
    end = line.ends.index(None)
    span = VirtualSpan(spec, line, end, line_format)
    line.ends[end] = span
    return span
