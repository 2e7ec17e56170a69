"""IAM, IAI, SAM, SAO: octets put together by hand from the layout of Q.723 3.3."""

from dataclasses import replace

import pytest

from tandem.core.errors import EncodeError
from tandem.ss7.tup.fields import (
    CallingLineIdentity,
    Category,
    ClosedUserGroup,
    ContinuityCheck,
    MessageIndicators,
    Nature,
    OriginalCalledAddress,
)
from tandem.ss7.tup.messages import (
    InitialAddress,
    InitialAddressWithInformation,
    SubsequentAddress,
    SubsequentAddressOne,
    decode,
    encode,
)


def hexed(message):
    return encode(message).hex(" ")


def test_iam():
    # heading 11; category 10; BA=10 national, FE=01 check required: 12; K=1 all SS7, 12 signals: C4;
    # 1 3 8 0 0 1 3 8 0 0 0 ST, the first of each pair in the low half
    octets = bytes.fromhex("11 0a 12 c4 31 08 10 83 00 f0")
    message = InitialAddress(
        "13800138000",
        st=True,
        indicators=MessageIndicators(continuity_check=ContinuityCheck.REQUIRED, all_ss7=True),
    )
    assert decode(octets) == message
    assert encode(message) == octets
    assert str(message) == (
        "IAM | 13800138000 ST | category ordinary | "
        "nature national, circuit no satellite, continuity check required, all ss7"
    )


def test_every_indicator_of_iam():
    # category 18 (China), spare 01: 52; BA=11 DC=01 FE=10 G=1 H=1: E7; I=1 J=1 K=1 L=1, 1 signal: 1F; filler 1001
    octets = bytes.fromhex("11 52 e7 1f 97")
    message = decode(octets)
    assert message == InitialAddress(
        "7",
        Category.CHINA_ORDINARY_SUBSCRIBER_METER,
        indicators=MessageIndicators(Nature.INTERNATIONAL, 1, 2, True, True, True, True, True, True),
        category_spare=1,
        filler=9,
    )
    assert encode(message) == octets


def test_iai():
    octets = bytes.fromhex(
        "21 12 02 50 21 43 05"  # category 18, national, 5 signals 1 2 3 4 5
        "32"  # B closed user group, E calling line, F original called
        "02 62 02 34 12"  # outgoing access allowed, 2 6 2 0, 0x1234
        "a6 10 20 43 65 87"  # 10 signals, presentation restricted, national
        "33 19 01"  # 3 signals, international
    )
    message = InitialAddressWithInformation(
        "12345",
        18,
        closed_user_group=ClosedUserGroup(call=2, network=0x0262, group=0x1234),
        calling_line=CallingLineIdentity("0102345678", restricted=True),
        original_called=OriginalCalledAddress("911", Nature.INTERNATIONAL),
    )
    assert decode(octets) == message
    assert encode(message) == octets
    assert message.announced == 0x32
    assert "calling line 0102345678 nature national, restricted" in str(message)
    assert "original called 911 nature international" in str(message)
    assert "closed user group call outgoing access allowed" in str(message)


def test_iai_is_an_iam_too():
    message = decode(bytes.fromhex("21 0a 02 10 05 00"))
    assert isinstance(message, InitialAddress)
    assert message == InitialAddressWithInformation("5")
    assert message != InitialAddress("5")


def test_fields_of_unknown_length_end_the_reading():
    # D (additional routing) before E and F: from there on nothing can be told apart; B comes before it
    octets = bytes.fromhex("21 0a 02 10 05 3a 00 00 00 00 00 c0 ff ee")
    message = decode(octets)
    assert message == InitialAddressWithInformation(
        "5", closed_user_group=ClosedUserGroup(0), unread=0x38, rest=b"\xc0\xff\xee"
    )
    assert encode(message) == octets


def test_charging_information_comes_behind_all_others():
    message = decode(bytes.fromhex("21 0a 02 10 05 50 12 07 aa bb"))
    assert message.calling_line == CallingLineIdentity("7")
    assert (message.unread, message.rest) == (0x40, b"\xaa\xbb")


@pytest.mark.parametrize("unread", [0x01, 0x08, 0x10, 0x18, 0x100])
def test_a_field_behind_an_unread_one_cannot_be_sent(unread):
    message = InitialAddressWithInformation("5", calling_line=CallingLineIdentity("7"), unread=unread)
    with pytest.raises(EncodeError, match="cannot come with the unread ones"):
        encode(message)


def test_sam_and_sao():
    assert hexed(SubsequentAddress("897")) == "31 30 98 07"
    assert hexed(SubsequentAddress("89", st=True)) == "31 30 98 0f"
    assert decode(bytes.fromhex("31 35 98 a7")) == SubsequentAddress("897", spare=5, filler=10)
    assert hexed(SubsequentAddressOne("5")) == "41 05"
    assert hexed(SubsequentAddressOne("", st=True)) == "41 0f"
    assert decode(bytes.fromhex("41 c3")) == SubsequentAddressOne("3", filler=12)
    assert str(SubsequentAddressOne("", st=True)) == "SAO | ST"
    assert str(SubsequentAddress("89", st=True)) == "SAM | 89 ST"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (InitialAddress("123456789012345", st=True), "16 address signals"),
        (InitialAddress("12x"), "not an address signal"),
        (InitialAddress("1", category=64), "category 64 does not fit"),
        (InitialAddress("1", category_spare=4), "spare of the category 4"),
        (InitialAddress("1", indicators=MessageIndicators(nature=4)), "nature of message indicators is 4"),
        (InitialAddress("12", filler=1), "filler 1 behind an even number"),
        (SubsequentAddress("1", filler=16), "filler 16 does not fit"),
        (SubsequentAddress("1", spare=16), "spare of SAM 16"),
        (SubsequentAddressOne("12"), "one address signal, not 2"),
        (SubsequentAddressOne(""), "one address signal, not 0"),
    ],
)
def test_what_cannot_be_sent(message, said):
    with pytest.raises(EncodeError, match=said):
        encode(message)


def test_a_change_keeps_the_rest():
    message = decode(bytes.fromhex("11 0a 12 c4 31 08 10 83 00 f0 ab"))
    assert hexed(replace(message, digits="1", st=False)) == "11 0a 12 14 01 ab"
