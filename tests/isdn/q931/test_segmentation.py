"""Segments and their reassembly, annex H."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.q931_vectors import MESSAGES

from tandem.core.errors import EncodeError
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.elements import RawElement
from tandem.isdn.q931.indications import SegmentedMessage
from tandem.isdn.q931.messages import CallReference, Message, decode, encode
from tandem.isdn.q931.segmentation import MAXIMUM_SEGMENTS, T314, Reassembler, SegmentsLost, segment
from tandem.isdn.q931.texts import Facility

LONG = Message(CallReference(5), MessageType.FACILITY, tuple(Facility(bytes([n]) * 100) for n in range(6)))
CONNECT = Message(CallReference(6), MessageType.CONNECT)


def parts(limit: int = 260) -> list[Message]:
    return [decode(encode(part)) for part in segment(LONG, limit)]


def test_short_message_is_not_segmented():
    assert segment(LONG, 1000) == [LONG]


def test_segments_fit_and_count_down():
    found = segment(LONG, 260)
    assert [len(encode(part)) for part in found] == [260, 260, 119]
    headers = [part.get(SegmentedMessage) for part in found]
    assert headers == [SegmentedMessage(index == 0, 2 - index, MessageType.FACILITY) for index in range(3)]
    assert {part.call_reference for part in found} == {LONG.call_reference}
    assert encode(found[0])[:9].hex() == "080200056000028262"


@given(MESSAGES, st.integers(40, 300))
def test_segments_come_together(message: Message, limit: int):
    try:
        found = segment(message, limit)
    except EncodeError:
        assert len(encode(message)) > MAXIMUM_SEGMENTS * (limit - 10)
        return
    reassembler = Reassembler()
    for part in found:
        assert len(encode(part)) <= limit
        reassembler.receive(decode(encode(part)), 0.0)
    [whole] = reassembler.outputs()
    assert isinstance(whole, Message)
    assert encode(whole) == encode(message)
    assert reassembler.next_deadline() is None


@pytest.mark.parametrize("limit", [60, 9])
def test_too_many_segments(limit: int):
    with pytest.raises(EncodeError, match="does not fit 8 segments"):
        segment(LONG, limit)


def test_message_of_unknown_type_is_not_segmented():
    with pytest.raises(EncodeError):
        segment(Message(CallReference(1), 0x7E, (RawElement(0x60, bytes(200)),)), 100)


def test_t314_discards_what_has_come():
    reassembler = Reassembler()
    first, second, third = parts()
    reassembler.receive(first, 1.0)
    assert reassembler.next_deadline() == 1.0 + T314
    reassembler.receive(second, 2.0)
    assert reassembler.next_deadline() == 2.0 + T314
    reassembler.handle_timers(3.0)
    assert reassembler.outputs() == []
    reassembler.handle_timers(6.0)
    assert reassembler.outputs() == [SegmentsLost("T314 expired")]
    reassembler.receive(third, 6.1)
    assert reassembler.outputs() == [SegmentsLost("a segment came without a first one")]


def test_segment_out_of_order():
    reassembler = Reassembler()
    first, _, third = parts()
    reassembler.receive(first, 0.0)
    reassembler.receive(third, 0.0)
    assert reassembler.outputs() == [SegmentsLost("a segment came out of order")]
    assert reassembler.next_deadline() is None


def test_another_message_in_between():
    reassembler = Reassembler()
    reassembler.receive(parts()[0], 0.0)
    reassembler.receive(CONNECT, 0.0)
    assert reassembler.outputs() == [SegmentsLost("CONNECT came before the last segment"), CONNECT]


def test_another_first_segment():
    reassembler = Reassembler()
    for part in (parts()[0], *parts()):
        reassembler.receive(part, 0.0)
    lost, whole = reassembler.outputs()
    assert lost == SegmentsLost("another message's first segment came before the last segment")
    assert encode(whole) == encode(LONG)


@pytest.mark.parametrize("octets", ["0802000560", "080200056000018262", "08020005600002826062"])
def test_segment_without_a_valid_header(octets: str):
    reassembler = Reassembler()
    reassembler.receive(decode(bytes.fromhex(octets)), 0.0)
    assert reassembler.outputs() == [SegmentsLost("a segment without a valid segmented message element came")]


def test_more_segments_than_permitted():
    reassembler = Reassembler()
    reassembler.receive(decode(bytes.fromhex("080200056000028862")), 0.0)
    assert reassembler.outputs() == [SegmentsLost("a message of 9 segments came")]


def test_reset_forgets():
    reassembler = Reassembler()
    reassembler.receive(parts()[0], 0.0)
    reassembler.reset()
    assert reassembler.next_deadline() is None
    assert reassembler.outputs() == []
