import pytest

from tandem.core.cause import Cause
from tandem.gateway.calls.interworking import CauseMap
from tandem.gateway.calls.model import Alerting, Answer, Nature, Number, Proceeding, Progress, Release
from tandem.gateway.trunks.sip_refer import Replaces, Wish, status_line, wish_of


class Refer:
    def __init__(self, *values):
        self.fields = {"refer-to": list(values)} if values else {}


@pytest.mark.parametrize(
    ("value", "wish"),
    [
        ("<sip:1234@example.com>", Wish(Number("1234"), None)),
        ("tel:+4930123", Wish(Number("4930123", Nature.INTERNATIONAL), None)),
        ("<sip:1@h;method=INVITE>", Wish(Number("1"), None)),
        ("<sip:alice@h>", Wish(None, None)),
        (
            "<sip:1@h?Replaces=abc%40h%3Bto-tag%3Dx%3Bfrom-tag%3Dy>",
            Wish(Number("1"), Replaces("abc@h", frozenset({"x", "y"}))),
        ),
        ("<sip:1@h?Replaces=abc%40h>", None),
        ("<sip:1@h?method=BYE>", None),
        ("<http://h/>", None),
        ("<sip:", None),
    ],
)
def test_what_refer_asks_for(value, wish):
    assert wish_of(Refer(value)) == wish


def test_there_is_one_refer_to():
    assert wish_of(Refer()) is None
    assert wish_of(Refer("<sip:1@h>", "<sip:2@h>")) is None


def test_replaces_of_rfc_3891():
    text = "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff"
    assert Replaces.parse(text) == Replaces("98732@sip.example.com", frozenset({"r33th4x0r", "ff87ff"}))
    assert Replaces.parse("12adf2f34456gs5;to-tag=12345;from-tag=54321;early-only").early_only
    assert Replaces.parse("12adf2f34456gs5;to-tag=12345") is None


@pytest.mark.parametrize(
    ("primitive", "line"),
    [
        (Alerting(), ("SIP/2.0 180 Ringing", False)),
        (Progress(), ("SIP/2.0 183 Session Progress", False)),
        (Answer(), ("SIP/2.0 200 OK", True)),
        (Release(Cause.USER_BUSY), ("SIP/2.0 486 Busy Here", True)),
        (Proceeding(), None),
    ],
)
def test_what_is_told(primitive, line):
    assert status_line(primitive, CauseMap()) == line
