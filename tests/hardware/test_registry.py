from __future__ import annotations

import pytest

from tandem.core.errors import SpanError
from tandem.hardware.registry import BACKENDS, Found, check_spec, discover, open_span
from tandem.hardware.span import Framing, LineFormat

WRONG = [
    ("", "unknown device"),
    ("virtual", "unknown device"),
    ("dahdy:1", "satop:listen="),
    ("virtual:", "letters, digits"),
    ("virtual:a b", "letters, digits"),
    ("satop:", "listen, peer missing"),
    ("satop:listen=127.0.0.1:40001", "peer missing"),
    ("satop:listen=127.0.0.1,peer=127.0.0.1:1", "HOST:PORT"),
    ("satop:listen=127.0.0.1:0,peer=127.0.0.1:1", "HOST:PORT"),
    ("satop:listen=127.0.0.1:99999,peer=127.0.0.1:1", "HOST:PORT"),
    ("satop:listen=:1,peer=127.0.0.1:1", "HOST:PORT"),
    ("satop:listen=127.0.0.1:1,peer=127.0.0.1:2,frame=8", "unknown option 'frame'"),
    ("satop:listen=127.0.0.1:1,peer=127.0.0.1:2,frames=0", "from 1 to 40"),
    ("satop:listen=127.0.0.1:1,peer=127.0.0.1:2,frames=x", "from 1 to 40"),
    ("satop:listen=127.0.0.1:1,peer=127.0.0.1:2,jitter=99", "from 1 to 32"),
    ("satop:listen=127.0.0.1:1,listen=127.0.0.1:2,peer=127.0.0.1:2", "twice"),
    ("satop:listen,peer=127.0.0.1:2", "key=value"),
]


@pytest.mark.parametrize(("spec", "told"), WRONG)
def test_wrong_specs_say_what_is_wrong_and_name_the_spec(spec, told):
    for use in (open_span, check_spec):
        with pytest.raises(SpanError) as caught:
            use(spec)
        assert told in str(caught.value)
        assert repr(spec) in str(caught.value)


_T1 = "satop:listen=127.0.0.1:1,peer=127.0.0.1:2"
WRONG_ON_A_T1 = [
    (_T1 + ",octets=10", "from 24 to 1280"),
    (_T1 + ",frames=8", "octets=192, or aligned=yes"),
    (_T1 + ",aligned=1", "yes or no"),
    (_T1 + ",aligned=yes,octets=192", "in frames"),
    (_T1 + ",aligned=yes,frames=41", "from 1 to 40"),
    (_T1 + ",burst=6", "from 1 to 5"),
]


@pytest.mark.parametrize(("spec", "told"), WRONG_ON_A_T1)
def test_wrong_specs_of_a_t1_say_what_is_wrong(spec, told):
    for use in (open_span, check_spec):
        with pytest.raises(SpanError) as caught:
            use(spec, LineFormat(Framing.ESF))
        assert told in str(caught.value)


@pytest.mark.parametrize("option", [",octets=192", ",aligned=yes"])
def test_options_of_a_t1_are_none_of_an_e1(option):
    with pytest.raises(SpanError, match="unknown option"):
        check_spec(_T1 + option)


@pytest.mark.parametrize(
    "options", ["", ",octets=24", ",aligned=no", ",burst=5", ",aligned=yes", ",aligned=yes,frames=1,jitter=3"]
)
def test_right_specs_of_a_t1(options):
    check_spec(_T1 + options, LineFormat(Framing.SF))


@pytest.mark.parametrize("example", [example for _, example in BACKENDS.values()])
def test_examples_are_right(example):
    check_spec(example)


def test_checking_opens_nothing():
    for _ in range(3):
        check_spec("virtual:checked")
    spans = [open_span("virtual:checked"), open_span("virtual:checked")]
    for span in spans:
        span.close()


def test_ipv6_address_is_taken():
    check_spec("satop:listen=[::1]:40001,peer=[::1]:40002")


def test_what_every_backend_finds_is_listed(monkeypatch):
    found = Found("dahdi:1", "E1", "card", "ok")
    monkeypatch.setattr("tandem.hardware.virtual.discover", lambda: [found], raising=False)
    assert found in discover()
