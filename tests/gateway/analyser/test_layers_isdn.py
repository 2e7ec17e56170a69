import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser.layers_isdn import IsdnLayers
from tandem.gateway.analyser.model import Message, Protocol, Where

SETUP = b"\x08\x02\x00\x01\x05\xa1"
D = Where(link="D")


def found_in(frame, where=D):
    found = []
    IsdnLayers(found.append).lapd(7, 1.5, frame, where)
    return found


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b"\x00\x01\x00\x00" + SETUP, [("lapd", "I"), ("q931", "SETUP")]),
        (b"\x02\x01\x03" + SETUP, [("lapd", "UI"), ("q931", "SETUP")]),
        (b"\x00\x01\x01\x02", [("lapd", "RR")]),
        (b"\x00\x01\x05\x02", [("lapd", "RNR")]),
        (b"\x00\x01\x09\x02", [("lapd", "REJ")]),
        (b"\x00\x01\x7f", [("lapd", "SABME")]),
        (b"\x00\x01\x73", [("lapd", "UA")]),
        (b"\xfc\xff\x03" + SETUP, [("lapd", "UI")]),  # SAPI 63 is management
        (b"\x00\x01\x00\x00" + SETUP[:4], [("lapd", "I")]),
        (b"\x01\x01\x7f", []),  # the address does not end where that of Q.921 does
        (b"\x00\x00\x7f", []),
        (b"", []),
    ],
)
def test_frames(frame, expected):
    assert [(message.protocol.value, message.type) for message in found_in(frame)] == expected


@pytest.mark.parametrize(("command", "side"), [(0, "user"), (2, "network")])
def test_who_sent_a_message_is_told_by_the_frame(command, side):
    _, message = found_in(bytes((command, 1, 0, 0)) + SETUP, Where(link="D", sent=True))
    assert (message.where.source, message.where.link, message.where.sent) == (side, "D", True)
    assert (message.packet, message.time, message.octets) == (7, 1.5, SETUP)


def test_messages_of_iua_and_h225():
    found = []
    layers = IsdnLayers(found.append)
    origin = Message(3, 2.5, Protocol.IUA, "DATA", Where("a", "b"), b"")
    layers.iua_data(b"\x08\x02\x80\x01\x07", origin)
    layers.q931(4, 2.6, Protocol.H225, b"\x08\x02\x80\x01\x6f", Where("c", "d"))
    layers.q931(5, 2.7, Protocol.Q931, b"\x41\x02\x80\x01\x07", Where())
    seen = [(message.packet, message.protocol.value, message.type, message.where.source) for message in found]
    assert seen == [(3, "q931", "CONNECT", "a"), (4, "h225", "0x6F", "c")]


@given(st.binary(max_size=40))
def test_any_octets(octets):
    for message in found_in(octets):
        assert octets.endswith(message.octets)
