"""Fields of messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tup_messages import address, calling_lines, incoming_trunks, indicators, original_called, user_groups

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.tup.fields import (
    CallingLineIdentity,
    Category,
    ClosedUserGroup,
    IncomingTrunk,
    MessageIndicators,
    Nature,
    OriginalCalledAddress,
    category_octet,
    fit,
    pack_signals,
    take,
    unpack_signals,
)
from tandem.ss7.tup.variants import Variant


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (MessageIndicators(Nature.SUBSCRIBER), "0000"),
        (MessageIndicators(Nature.INTERNATIONAL), "0300"),
        (MessageIndicators(circuit=1), "0600"),
        (MessageIndicators(continuity_check=2), "2200"),
        (MessageIndicators(echo_suppressor=True), "4200"),
        (MessageIndicators(international=True), "8200"),
        (MessageIndicators(redirected=True), "0201"),
        (MessageIndicators(digital_path=True), "0202"),
        (MessageIndicators(all_ss7=True), "0204"),
        (MessageIndicators(spare=True), "0208"),
    ],
)
def test_message_indicators_bit_by_bit(value, octets):
    assert value.encode().hex() == octets
    assert MessageIndicators.parse(bytes.fromhex(octets)) == value


@given(indicators)
def test_message_indicators_go_round(value):
    assert MessageIndicators.parse(value.encode()) == value


@given(address())
def test_address_signals_go_round(value):
    count, packed = pack_signals(**value)
    digits, end, filler, offset = unpack_signals(b"\xaa" + packed + b"\xbb", 1, count)
    assert {"digits": digits, "st": end, "filler": filler} == value
    assert offset == 1 + len(packed)


def test_st_within_the_digits_stays_there():
    assert unpack_signals(b"\xf1\x02", 0, 3) == ("1F2", False, 0, 2)
    assert unpack_signals(b"\xf1", 0, 2) == ("1", True, 0, 1)


@given(calling_lines, original_called)
def test_identities_go_round(line, original):
    octets = line.encode() + original.encode()
    again, middle = CallingLineIdentity.parse(octets)
    assert again == line
    assert OriginalCalledAddress.parse(octets, middle) == (original, len(octets))


def test_calling_line_identity_bit_by_bit():
    assert CallingLineIdentity("12", Nature.SUBSCRIBER).encode().hex() == "2021"
    assert CallingLineIdentity("12", restricted=True).encode().hex() == "2621"
    assert CallingLineIdentity("12", incomplete=True).encode().hex() == "2a21"
    assert str(CallingLineIdentity("", incomplete=True)) == "(no digits) nature national, incomplete"
    with pytest.raises(EncodeError, match="nature of calling line identity is 4"):
        CallingLineIdentity("12", 4).encode()


@given(user_groups)
def test_closed_user_group_goes_round(group):
    assert ClosedUserGroup.parse(group.encode()) == group


@pytest.mark.parametrize("variant", Variant)
@given(data=st.data())
def test_incoming_trunk_goes_round(variant, data):
    trunk = data.draw(incoming_trunks(variant))
    octets = trunk.encode(variant)
    assert IncomingTrunk.parse(octets, 0, variant) == (trunk, len(octets))
    assert (trunk.digits is None) != (trunk.point_code(variant) is None)


@pytest.mark.parametrize(
    ("trunk", "said"),
    [
        (IncomingTrunk(1, b"\x01\x02\x03", 3), "does not fit itu"),
        (IncomingTrunk(2, b"\x21", 3), "does not fit itu"),
        (IncomingTrunk(3, b"", 0), "does not fit itu"),
        (IncomingTrunk(2, b"", 0, bytes(16)), "length of the incoming trunk identity 16"),
        (IncomingTrunk(2, b"", 16), "length of the transit exchange identity 16"),
        (IncomingTrunk(2, b"", 0, spare=4), "spare of the identity type 4"),
        (IncomingTrunk(2, b"", 0, trunk_spare=16), "spare of the incoming trunk identity 16"),
    ],
)
def test_incoming_trunk_that_cannot_be_sent(trunk, said):
    with pytest.raises(EncodeError, match=said):
        trunk.encode(Variant.ITU)


def test_a_point_code_that_is_too_large():
    with pytest.raises(EncodeError, match="point code 16384 does not fit 14 bits"):
        IncomingTrunk.of_point_code(1 << 14, Variant.ITU)


def test_category():
    assert category_octet(Category.CHINA_ORDINARY_LOCAL, 0) == 24
    assert category_octet(Category.TEST, 3) == 0xCD


def test_helpers_refuse():
    with pytest.raises(EncodeError, match="thing 4 does not fit 2 bits"):
        fit(4, 2, "thing")
    with pytest.raises(EncodeError, match="thing -1"):
        fit(-1, 2, "thing")
    with pytest.raises(DecodeError, match="thing needs 3 octets, 1 left"):
        take(b"\x01\x02", 1, 3, "thing")
