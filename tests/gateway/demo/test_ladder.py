"""The ladder."""

import pytest

from tandem.gateway.demo.ladder import LINE_LANE, SIP_LANE, Rung, draw, heading, line_text, message_name, sip_text

LANES = (SIP_LANE, LINE_LANE, SIP_LANE)
STATIONS = ("caller", "gateway A", "gateway B", "callee")


def test_rungs_lie_between_their_stations():
    stations = [heading(STATIONS, LANES).index(name) for name in STATIONS]
    for lane in range(3):
        line = draw(Rung(10.5, lane, True, "IAM"), 10.0, LANES)
        assert line.startswith("   0.500")
        assert line.index("─") == stations[lane]
        assert line.endswith("▶")
        assert len(line) < stations[lane + 1]
    assert "◀─ REL" in draw(Rung(1.0, 1, False, "REL"), 0.0, LANES)


def test_long_texts_are_cut():
    line = draw(Rung(0.0, 0, True, "x" * 100), 0.0, LANES)
    assert "…" in line
    assert len(line) <= 9 + LANES[0]


@pytest.mark.parametrize(
    ("protocol", "text", "name", "short"),
    [
        ("isup", "IAM CIC 1 | Called party number: 301234 (national, E.164)", "IAM", "IAM CIC 1 to 301234"),
        ("isup", "REL CIC 1 | Cause indicators: 17 User busy, location user", "REL", "REL CIC 1 17 User busy"),
        ("isup", "RLC CIC 1", "RLC", "RLC CIC 1"),
        ("tup", "CIC 1 IAI | 301234 | category 10", "IAI", "IAI CIC 1 to 301234"),
        ("tup", "CIC 1 ACM | subscriber free", "ACM", "ACM CIC 1"),
        ("tup", "CIC 1 RLG", "RLG", "RLG CIC 1"),
        ("pri", "SETUP call reference 5 | Called party number: 123, unknown number", "SETUP", "SETUP to 123"),
        (
            "pri",
            "DISCONNECT call reference 5 | Cause: 16 Normal call clearing, user",
            "DISCONNECT",
            "DISCONNECT 16 Normal call clearing",
        ),
        ("pri", "CONNECT ACKNOWLEDGE call reference 5", "CONNECT ACKNOWLEDGE", "CONNECT ACKNOWLEDGE"),
    ],
)
def test_messages_of_lines(protocol, text, name, short):
    assert message_name(protocol, text) == name
    assert line_text(protocol, text) == short


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
