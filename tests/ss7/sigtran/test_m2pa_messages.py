"""M2PA messages: captured ones, one by hand, malformed ones, round trips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sigtran_vectors import captured

from tandem.core.errors import DecodeError, EncodeError
from tandem.core.sigtran.codes import ErrorCode
from tandem.core.sigtran.common import MessageError
from tandem.ss7.sigtran.m2pa_messages import LinkStatus, StatusMessage, UserData, parse_m2pa

NUMBERS = st.integers(0, (1 << 24) - 1)


@pytest.mark.parametrize("item", captured(5), ids=lambda item: str(len(item.octets)))
def test_captured_messages_survive(item):
    message = parse_m2pa(item.octets)
    assert isinstance(message, UserData)
    assert message.encode() == item.octets
    assert item.stream == 1


def test_captured_fields():
    first, second = [parse_m2pa(item.octets) for item in captured(5)][:2]
    assert (first.bsn, first.fsn, first.priority, first.msu[:1]) == (7, 8, 0, b"\x03")
    assert second == UserData(8, 7)


def test_link_status_by_hand():
    message = StatusMessage(0xFFFFFF, 0xFFFFFF, LinkStatus.READY)
    assert message.encode().hex() == "01000b0200000014" + "00ffffff" + "00ffffff" + "00000004"
    assert str(message) == "Link Status READY BSN 16777215 FSN 16777215"


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        ("", ErrorCode.PROTOCOL_ERROR),
        ("02000b010000001000000000", ErrorCode.INVALID_VERSION),
        ("01000301000000100000000000000000", ErrorCode.UNSUPPORTED_CLASS),
        ("01000b03000000100000000000000000", ErrorCode.UNSUPPORTED_TYPE),
        ("01000b010000000c00000000", ErrorCode.PROTOCOL_ERROR),
        ("01000b01000000110000000000000000", ErrorCode.PROTOCOL_ERROR),
        ("01000b0100000010000000000000000000000000", ErrorCode.PROTOCOL_ERROR),
        ("01000b02000000100000000000000000", ErrorCode.PROTOCOL_ERROR),
        ("01000b020000001400000000000000000000000a", ErrorCode.INVALID_PARAMETER_VALUE),
    ],
)
def test_malformed(octets, code):
    with pytest.raises(MessageError) as caught:
        parse_m2pa(bytes.fromhex(octets))
    assert caught.value.code is code


def test_numbers_that_do_not_fit():
    with pytest.raises(EncodeError):
        UserData(1 << 24, 0).encode()


@given(NUMBERS, NUMBERS, st.binary(min_size=1, max_size=300), st.integers(0, 255))
def test_user_data_survives(bsn, fsn, msu, priority):
    message = UserData(bsn, fsn, msu, priority)
    assert parse_m2pa(message.encode()) == message


@given(NUMBERS, NUMBERS, st.sampled_from(LinkStatus), st.binary(max_size=30))
def test_link_status_survives(bsn, fsn, status, filler):
    message = StatusMessage(bsn, fsn, status, filler)
    assert parse_m2pa(message.encode()) == message


@given(st.binary(max_size=40), st.sampled_from([1, 2]))
def test_any_octets(octets, kind):
    for data in (octets, b"\x01\x00\x0b" + bytes([kind]) + (8 + len(octets)).to_bytes(4, "big") + octets):
        try:
            message = parse_m2pa(data)
        except DecodeError:
            continue
        assert str(message)
        assert parse_m2pa(message.encode()) == message
