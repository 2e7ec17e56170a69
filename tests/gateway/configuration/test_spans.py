from __future__ import annotations

import pytest

from tandem.gateway.configuration.schema import Span
from tandem.gateway.configuration.spans import companding_law, last_timeslots, line_format
from tandem.hardware.span import Framing, LineFormat


@pytest.mark.parametrize(
    ("framing", "law", "meant"),
    [("crc4", "", "A"), ("basic", "", "A"), ("esf", "", "u"), ("sf", "", "u"), ("crc4", "u", "u"), ("sf", "A", "A")],
)
def test_law_follows_the_line_unless_given(framing, law, meant):
    assert companding_law(Span(name="a", device="virtual:a", framing=framing, law=law)) == meant


def test_format_and_timeslots():
    spans = [
        Span(name="e", device="virtual:e"),
        Span(name="t", device="virtual:t", framing="esf", loss_window=6),
        Span(name="d", device="virtual:d", framing="sf"),
    ]
    assert [line_format(span) for span in spans] == [
        LineFormat(Framing.CRC4, 4, "A"),
        LineFormat(Framing.ESF, 6, "u"),
        LineFormat(Framing.SF, 4, "u"),
    ]
    assert last_timeslots(spans) == {"e": 31, "t": 24, "d": 24}
