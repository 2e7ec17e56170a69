"""Gateways as children: the examples and their ports."""

import socket

from tandem.gateway.configuration.load import parse
from tandem.gateway.demo.gateway import example, free_offset, shift_ports


def test_examples_are_right():
    for name in ("gateway-a.toml", "gateway-b.toml"):
        assert parse(example(name)).node.name in "AB"


def test_every_port_moves_together():
    a, b = (parse(shift_ports(example(f"gateway-{name}.toml"), 700)) for name in "ab")
    assert a.sip.listen == "127.0.0.1:5760"
    assert a.media.ports == (17084, 17211)
    assert a.span[0].device == "satop:listen=127.0.0.1:40701,peer=127.0.0.1:40702"
    assert b.span[0].device == "satop:listen=127.0.0.1:40702,peer=127.0.0.1:40701"


def test_a_taken_port_moves_the_block():
    text = example("gateway-a.toml")
    offset = free_offset([text])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 5060 + offset))
        assert free_offset([text]) > offset
