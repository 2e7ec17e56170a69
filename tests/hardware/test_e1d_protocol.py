from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import DecodeError
from tandem.hardware.e1d_protocol import (
    EVENTS,
    LineMode,
    Message,
    Type,
    configure_line,
    interfaces,
    lines,
    open_timeslot,
    timeslots,
)

#: Requests octet by octet, on a little-endian machine.
VECTORS = [
    (Message(Type.INTERFACE_QUERY), "e101080000ffffff"),
    (Message(Type.LINE_QUERY, 0), "e10108000100ffff"),
    (configure_line(0, 1, LineMode.CHANNELIZED), "e1010900030001ff20"),
    (open_timeslot(0, 1, 16, 160), "e1010c000400011010 00a000"),
    (open_timeslot(2, 0, 31, 160, take_over=True), "e1010c000402001f10 80a000"),
    (Message(0x44, 0, 0), "e10108004400 00ff"),
]


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_messages_are_what_the_protocol_says(message, octets):
    assert message.encode() == bytes.fromhex(octets)
    assert Message.parse(bytes.fromhex(octets)) == message


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        ("", "no whole header"),
        ("e1010800000000", "no whole header"),
        ("e2010800ffffffff", "begins with"),
        ("e1010900ffffffff", "says 9"),
    ],
)
def test_what_is_no_message_is_refused(octets, told):
    with pytest.raises(DecodeError, match=told):
        Message.parse(bytes.fromhex(octets))


@given(st.binary(max_size=40))
def test_any_octets_are_a_message_or_an_error(octets):
    try:
        message = Message.parse(octets)
    except DecodeError:
        return
    assert message.encode() == octets
    for read in (interfaces, lines, timeslots):
        try:
            read(message)
        except DecodeError:
            assert message.payload


def test_rows_of_answers():
    assert interfaces(Message(0x80, payload=bytes([0, 1, 1, 2]))) == [(0, 1), (1, 2)]
    assert lines(Message(0x81, payload=bytes([0, 0x20, 0]))) == [(0, 0x20, 0)]
    assert timeslots(Message(0x82, payload=bytes([16, 0x10, 0, 160, 0, 0]))) == [(16, 0x10)]
    with pytest.raises(DecodeError, match="no rows of 3"):
        lines(Message(0x81, payload=bytes(4)))


def test_kinds_of_answers():
    assert Message(0x84).answers == Type.TIMESLOT_OPEN
    assert Message(0xC1).is_error
    assert Message(0xC1).answers is None
    assert Message(0x04).answers is None
    assert not Message(0x40).is_error
    assert len(EVENTS) == 8
