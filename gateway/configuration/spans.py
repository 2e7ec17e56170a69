"""What the keys of a `[[span]]` mean together."""

from __future__ import annotations

from typing import Literal

from tandem.gateway.configuration.schema import Span
from tandem.hardware.registry import innermost
from tandem.hardware.span import Framing, LineFormat


def line_format(span: Span) -> LineFormat:
    """The framing of the line."""
    return LineFormat(Framing(span.framing), span.loss_window, companding_law(span))


def companding_law(span: Span) -> Literal["A", "u"]:
    """The law of speech on it: A-law on an E1 and mu-law on a T1 unless another is given (G.711 3)."""
    return span.law or ("u" if Framing(span.framing).is_t1 else "A")


def last_timeslots(spans: list[Span]) -> dict[str, int]:
    """The last timeslot for users of every span by its name: 31 of an E1, 24 of a T1."""
    return {span.name: Framing(span.framing).timeslots for span in spans}


def speechless_spans(spans: list[Span]) -> frozenset[str]:
    """Spans that carry signalling only: serial lines."""
    return frozenset(span.name for span in spans if innermost(span.device).startswith("serial:"))
