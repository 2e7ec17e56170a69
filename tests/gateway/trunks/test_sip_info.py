"""Digits in INFO, as peers write them."""

import pytest

from tandem.gateway.calls.model import Dtmf
from tandem.gateway.sip.message import Request
from tandem.gateway.trunks.sip_info import digit_body, digit_of


def info(kind, body):
    return Request("INFO", "sip:x", {"content-type": [kind]}, body)


@pytest.mark.parametrize(
    ("kind", "body", "digit"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", Dtmf("5", 160)),
        ("application/dtmf-relay", b"Signal= 5\r\nDuration= 250", Dtmf("5", 250)),
        ("application/dtmf-relay", b"Duration=100\nSignal=#\n", Dtmf("#", 100)),
        ("application/dtmf-relay", b"signal=a", Dtmf("A", 160)),
        ("application/dtmf-relay", b"Signal=11\r\n", Dtmf("#", 160)),
        ("application/dtmf-relay", b"Signal=5\r\nDuration=0\r\n", Dtmf("5", 40)),
        ("application/dtmf-relay", b"Signal=5\r\nDuration=99999\r\n", Dtmf("5", 8000)),
        ("application/dtmf-relay", b"Signal=x\r\n", None),
        ("application/dtmf-relay", b"\xff", None),
        ("application/dtmf", b"5", Dtmf("5", 160)),
        ("application/dtmf", b" 10 \r\n", Dtmf("*", 160)),
        ("application/dtmf", b"55", None),
        ("application/isup", b"5", None),
    ],
)
def test_reading(kind, body, digit):
    assert digit_of(info(kind, body)) == digit


@pytest.mark.parametrize("form", ["info-relay", "info"])
@pytest.mark.parametrize("digit", "0123456789*#ABCD")
def test_what_is_written_is_read(form, digit):
    duration = 160 if form == "info" else 200
    assert digit_of(info(*digit_body(form, digit, duration))) == Dtmf(digit, duration)
