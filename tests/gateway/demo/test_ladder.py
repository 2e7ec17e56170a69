"""The ladder."""

import pytest

from tandem.gateway.demo.ladder import LANES, Rung, draw, heading, isup_text, sip_text


def test_rungs_lie_between_their_stations():
    stations = [heading().index(name) for name in ("caller", "gateway A", "gateway B", "callee")]
    for lane in range(3):
        line = draw(Rung(10.5, lane, True, "IAM"), origin=10.0)
        assert line.startswith("   0.500")
        assert line.index("─") == stations[lane]
        assert line.endswith("▶")
        assert len(line) < stations[lane + 1]
    assert "◀─ REL" in draw(Rung(1.0, 1, False, "REL"), 0.0)


def test_long_texts_are_cut():
    line = draw(Rung(0.0, 0, True, "x" * 100), 0.0)
    assert "…" in line
    assert len(line) <= 9 + LANES[0]


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("IAM CIC 1 | Called party number: 301234 (national, E.164)", "IAM CIC 1 to 301234"),
        ("REL CIC 1 | Cause indicators: 17 User busy, location user", "REL CIC 1 17 User busy"),
        ("RLC CIC 1", "RLC CIC 1"),
    ],
)
def test_isup_text(text, short):
    assert isup_text(text) == short


@pytest.mark.parametrize(
    ("line", "short"),
    [
        ("INVITE sip:0301@127.0.0.1:5060;user=phone SIP/2.0", "INVITE 0301"),
        ("ACK sip:127.0.0.1:5060 SIP/2.0", "ACK"),
        ("SIP/2.0 180 Ringing", "180 Ringing"),
    ],
)
def test_sip_text(line, short):
    assert sip_text(line) == short
