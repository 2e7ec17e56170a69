from __future__ import annotations

import pytest

from tandem.core.errors import SpanError
from tandem.hardware.registry import BACKENDS, check_spec, open_span

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
