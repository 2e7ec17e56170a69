"""Timeslots of a span as a CESoPSN pseudowire over UDP (RFC 5086)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tandem.core.errors import SpanError
from tandem.hardware.alarms import Alarm
from tandem.hardware.cesopsn import REMOTE_DEFECT, CesopsnReceiver, default_frames
from tandem.hardware.registry import parse_count
from tandem.hardware.satop import SatopTransmitter
from tandem.hardware.satop_udp import MOST_OCTETS, SatopSpec, SatopUdpSpan, open_socket, parse_pseudowire
from tandem.hardware.span import LineFormat
from tandem.hardware.structured_line import StructuredLine

MOST_FRAMES: Final = 80
"""Frames a packet at most, 10 ms: what the elastic store of a Tandem at the far end makes up for."""


@dataclass(frozen=True, slots=True)
class CesopsnSpec:
    """What a `cesopsn:` spec says."""

    wire: SatopSpec
    timeslots: tuple[int, ...]

    @classmethod
    def parse(cls, spec: str, body: str, line: LineFormat) -> CesopsnSpec:
        """Read `listen=HOST:PORT,peer=HOST:PORT` and options: see `registry.open_span`."""
        options = parse_pseudowire(spec, body, {"frames", "timeslots"})
        last = line.framing.timeslots
        timeslots = _parse_timeslots(spec, options.get("timeslots", f"1-{last}"), last)
        most = min(MOST_FRAMES, MOST_OCTETS // len(timeslots))
        text = options.get("frames", str(default_frames(len(timeslots))))
        frames = parse_count(spec, "frames", text, 1, most)
        wire = SatopSpec.from_options(spec, options, payload=frames * len(timeslots), frames=frames, quantum=frames)
        return cls(wire, timeslots)


def _parse_timeslots(spec: str, text: str, last: int) -> tuple[int, ...]:
    """Read timeslots such as `1-15+17-31`, in rising order."""
    timeslots: list[int] = []
    for part in text.split("+"):
        first, dash, end = part.partition("-")
        numbers = [first, end] if dash else [first]
        if not all(number.isdecimal() and 1 <= int(number) <= last for number in numbers):
            raise SpanError(
                f"span {spec!r}: timeslots={text} should be numbers from 1 to {last}, as in timeslots=1-15+17"
            )
        timeslots += range(int(first), int(numbers[-1]) + 1)
    if not timeslots or any(one >= other for one, other in pairwise(timeslots)):
        raise SpanError(f"span {spec!r}: timeslots={text} should rise, each timeslot once")
    return tuple(timeslots)


def check_spec(spec: str, body: str, line: LineFormat) -> None:
    """Raise SpanError when the spec is malformed."""
    CesopsnSpec.parse(spec, body, line)


def open_span(spec: str, body: str, line: LineFormat) -> CesopsnUdpSpan:
    """Bind and connect the socket of the spec; SpanError says why it cannot be."""
    return CesopsnUdpSpan(spec, CesopsnSpec.parse(spec, body, line), line)


class CesopsnUdpSpan(SatopUdpSpan):
    """Timeslots of an E1 or T1 over UDP. A peer that is not there is LOS."""

    termination: StructuredLine
    _receiver: CesopsnReceiver

    def __init__(self, spec: str, parsed: CesopsnSpec, line: LineFormat) -> None:
        wire = parsed.wire
        super().__init__(
            spec,
            open_socket(spec, wire),
            wire,
            line,
            termination=StructuredLine(parsed.timeslots),
            transmitter=SatopTransmitter(wire.payload),
            receiver=CesopsnReceiver(wire.payload, reorder=wire.reorder, most=wire.most_reorder),
        )

    def take(self, now: float) -> bytes:
        """See Span."""
        octets = super().take(now)
        receiver, line = self._receiver, self.termination
        line.far_fault = receiver.far_fault or receiver.loss
        line.far_remote_defect = receiver.far_remote_defect
        return octets

    def give(self, octets: bytes, now: float) -> None:
        """See Span; what we do not receive is told as a remote defect."""
        line = self.termination
        remote_alarm = line.far_fault or Alarm.LOS in line.defects or line.remote_alarm_forced
        self._transmitter.modifier = REMOTE_DEFECT if remote_alarm else 0
        super().give(octets, now)
