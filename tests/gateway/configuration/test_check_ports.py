"""Ports of one address, one user each."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.check_ports import Ports, check_ports, rtp_legs
from tandem.gateway.configuration.load import parse
from tandem.gateway.configuration.schema import Configuration, Media


@pytest.mark.parametrize(
    ("ports", "legs"), [((2000, 2001), 1), ((2000, 2002), 2), ((2001, 2002), 1), ((16384, 17407), 512)]
)
def test_one_leg_an_even_port(ports, legs):
    assert rtp_legs(Configuration(media=Media(ports=ports))) == legs


@pytest.mark.parametrize(
    ("first", "second", "meets"),
    [
        (("10.0.0.1", 5, 9), ("10.0.0.1", 9, 12), True),
        (("10.0.0.1", 5, 9), ("10.0.0.1", 10, 12), False),
        (("10.0.0.1", 5, 9), ("10.0.0.2", 5, 9), False),
        (("10.0.0.1", 5, 9), ("0.0.0.0", 7, 7), True),
    ],
)
def test_ports_meet(first, second, meets):
    one, two = Ports("", "", *first), Ports("", "", *second)
    assert one.meets(two) is two.meets(one) is meets


def test_other_addresses_may_have_the_same_ports():
    spans = "".join(
        f'[[span]]\nname = "{n}"\ndevice = "satop:listen=127.0.0.{n}:40001,peer=127.0.0.9:4000{n}"\n' for n in (1, 2)
    )
    assert list(check_ports(parse(spans))) == []


def spans_on_one_port(*options):
    return parse(
        "".join(
            f'[[span]]\nname = "{n}"\ndevice = "{kind}:listen=127.0.0.1:40001,peer={peer}{shared}"\n'
            for n, (kind, peer, shared) in enumerate(options)
        )
    )


@pytest.mark.parametrize(
    ("one", "other", "problems"),
    [
        (("satop", "127.0.0.2:9", ",shared=yes"), ("cesopsn", "127.0.0.3:9", ",shared=yes"), False),
        (("satop", "127.0.0.2:9", ",shared=yes"), ("satop", "127.0.0.2:9", ",shared=yes"), True),
        (("satop", "127.0.0.2:9", ",shared=yes"), ("cesopsn", "127.0.0.3:9", ""), True),
        (("cesopsn", "127.0.0.2:9", ""), ("cesopsn", "127.0.0.3:9", ""), True),
    ],
)
def test_a_shared_port_needs_different_peers(one, other, problems):
    if problems:
        with pytest.raises(ConfigurationError, match="port 40001 is already"):
            spans_on_one_port(one, other)
    else:
        assert list(check_ports(spans_on_one_port(one, other))) == []
