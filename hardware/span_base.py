"""What spans of every driver do alike: frames are framed and given, taken and deframed, alarms the termination's."""

from __future__ import annotations

from abc import ABC, abstractmethod

from tandem.core.errors import SpanError
from tandem.hardware.alarms import Alarm
from tandem.hardware.span import Frames, Span
from tandem.hardware.termination import Termination


class LineSpan(ABC):
    """A span that moves the octets of one `termination`; drivers say how. See Span for the contract."""

    termination: Termination

    def __init__(self, spec: str, quantum: int, termination: Termination, *, burst: int = 1) -> None:
        self.spec = spec
        self.quantum = quantum
        self.burst = burst
        self.termination = termination

    def fileno(self) -> int | None:
        """Nothing to poll, unless the driver has something."""
        return None

    @abstractmethod
    def take(self, now: float) -> bytes:
        """See Span."""

    @abstractmethod
    def give(self, octets: bytes, now: float) -> None:
        """See Span."""

    @abstractmethod
    def close(self) -> None:
        """See Span."""

    def read(self, now: float) -> Frames:
        """See Span."""
        return self.termination.receive(self.take(now), now)

    def write(self, frames: Frames, now: float) -> None:
        """See Span."""
        if len(frames) % self.quantum:
            raise SpanError(f"span {self.spec!r}: {len(frames)} frames are no multiple of {self.quantum}")
        self.give(self.termination.transmit(frames), now)

    def alarms(self) -> frozenset[Alarm]:
        """See Span."""
        return self.termination.alarms

    def counters(self) -> dict[str, int]:
        """See Span."""
        return self.termination.counters()


class SpanAround(LineSpan):
    """A span that has another one within, whose octets it sees on their way; as it is, it only passes them on."""

    def __init__(self, spec: str, span: Span) -> None:
        super().__init__(spec, span.quantum, span.termination, burst=span.burst)
        self._span = span

    def fileno(self) -> int | None:
        """See Span."""
        return self._span.fileno()

    def take(self, now: float) -> bytes:
        """See Span."""
        return self._span.take(now)

    def give(self, octets: bytes, now: float) -> None:
        """See Span."""
        self._span.give(octets, now)

    def alarms(self) -> frozenset[Alarm]:
        """See Span."""
        return self._span.alarms()

    def counters(self) -> dict[str, int]:
        """See Span."""
        return self._span.counters()

    def close(self) -> None:
        """See Span."""
        self._span.close()
