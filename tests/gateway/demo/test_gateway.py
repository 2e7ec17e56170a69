"""Gateways as children: the examples and their ports."""

import json
import socket
from pathlib import Path

from tandem.gateway.configuration.load import parse
from tandem.gateway.demo.gateway import Gateway, example, free_offset, shift_ports


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


def test_a_trunk_that_is_back_counts_as_back_in_whatever_order_it_is_told():
    gateway = Gateway("A", Path("unused.toml"), lambda name, line: None)

    def told(shape, text):
        line = {"time": "2026-01-01T00:00:00Z", "level": "info", "shape": shape, "subject": "trunk pri", "text": text}
        gateway._heard(json.dumps(line).encode())
        return "trunk pri" in gateway.in_service

    assert told("=", "in service, 30 B-channels")
    for _ in range(2):
        assert not told("=", "B-channels leave service, first 0/1")
        assert not told("!", "out of service: the data link is lost")
        assert not told("=", "every B-channel is in service")
        assert told("=", "in service, 30 B-channels")
        assert told("=", "every B-channel is in service")
    assert not told("=", "B-channels leave service, first 0/7")
    assert told("=", "every B-channel is in service")
