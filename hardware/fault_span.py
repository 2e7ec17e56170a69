"""A software span with faults made on purpose: `fault:WHAT,span=SPEC`."""

from __future__ import annotations

from typing import Final

from tandem.core.errors import SpanError
from tandem.hardware.faults import ALWAYS, Faults, LineFaults, PacketFaults, Times
from tandem.hardware.registry import check_spec as check_inner
from tandem.hardware.registry import open_span as open_inner
from tandem.hardware.registry import parse_options, split_wrapper
from tandem.hardware.satop_udp import SatopUdpSpan
from tandem.hardware.span import LineFormat, Span
from tandem.hardware.span_base import SpanAround

SOFTWARE: Final = ("satop", "cesopsn", "virtual")
_OPTIONS: Final = {"ber", "los", "ais", "rai", "slip", "loss", "jitter", "during", "seed"}


def parse_faults(spec: str, body: str) -> tuple[Faults, str]:
    """Read `ber=1e-4,los=5-8,...,span=SPEC`: the faults, and the spec within."""
    left, inner = split_wrapper(spec, body)
    scheme = inner.partition(":")[0]
    if scheme not in SOFTWARE:
        raise SpanError(f"span {spec!r}: faults are made on {', '.join(SOFTWARE)}, not on {scheme!r}")
    options = parse_options(spec, left, set(), _OPTIONS)
    if scheme == "virtual" and (unfit := sorted({"loss", "jitter"} & options.keys())):
        raise SpanError(f"span {spec!r}: {unfit[0]} is of packets, and a virtual span has none")
    return (
        Faults(
            ber=_number(spec, "ber", options, 0.5),
            los=_times(spec, "los", options),
            ais=_times(spec, "ais", options),
            rai=_times(spec, "rai", options),
            slips=tuple(start for start, _ in _times(spec, "slip", options)),
            loss=_number(spec, "loss", options, 1.0),
            jitter=_number(spec, "jitter", options, 1000.0) / 1000,
            during=_times(spec, "during", options) or ALWAYS,
            seed=int(_number(spec, "seed", options, 2**32, 1.0)),
        ),
        inner,
    )


def _number(spec: str, key: str, options: dict[str, str], most: float, default: float = 0.0) -> float:
    text = options.get(key)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= most:
        raise SpanError(f"span {spec!r}: {key}={text} should be a number from 0 to {most:g}")
    return value


def _times(spec: str, key: str, options: dict[str, str]) -> Times:
    """Read seconds such as `5-8+20-21`; `5` alone, or `5-`, is from then on."""
    times = []
    for part in filter(None, options.get(key, "").split("+")):
        start, dash, end = part.partition("-")
        try:
            first, last = float(start), float(end) if dash and end else float("inf")
        except ValueError:
            first, last = 0.0, -1.0
        if not 0 <= first < last:
            raise SpanError(f"span {spec!r}: {key}={options[key]} should be seconds, as in {key}=5-8+20-21")
        times.append((first, last))
    return tuple(times)


def check_spec(spec: str, body: str, line: LineFormat) -> None:
    """Raise SpanError when the spec, or that within, is malformed."""
    _, inner = parse_faults(spec, body)
    check_inner(inner, line)


def open_span(spec: str, body: str, line: LineFormat) -> FaultSpan:
    """Open the span within; see there for errors."""
    faults, inner = parse_faults(spec, body)
    return FaultSpan(spec, faults, open_inner(inner, line))


class FaultSpan(SpanAround):
    """Passes everything on to the span within, and spoils what it sends."""

    def __init__(self, spec: str, faults: Faults, span: Span) -> None:
        super().__init__(spec, span)
        self._faults = faults
        self._line = LineFaults(faults, span.termination.frame_bits)
        self._packets = PacketFaults(faults)
        if isinstance(span, SatopUdpSpan) and (faults.loss or faults.jitter):
            span.network = self._packets.pass_on
        self._start: float | None = None

    def give(self, octets: bytes, now: float) -> None:
        """See Span."""
        if self._start is None:
            self._start = self._packets.start = now
        since = now - self._start
        self.termination.remote_alarm_forced = self._faults.at(self._faults.rai, since)
        super().give(self._line.spoil(octets, since), now)

    def counters(self) -> dict[str, int]:
        """See Span; and what was spoilt."""
        own = {
            "fault_bit_errors": self._line.bit_errors,
            "fault_slips": self._line.slips,
            "fault_packets_lost": self._packets.lost,
        }
        return super().counters() | own
