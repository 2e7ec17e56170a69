"""Messages as a whole: every one goes round, and any octets give a value or a DecodeError."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tup_messages import WITH_FIELDS, group_supervisions, messages, types

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.tup.codes import CHINA_ONLY
from tandem.ss7.tup.messages import MessageType, Signal, Variant, decode, encode

VARIANTS = list(Variant)


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=40)
@given(data=st.data())
def test_every_message_goes_round(variant, data):
    message = data.draw(messages(variant))
    octets = encode(message, variant)
    assert octets[0] == message.type
    again = decode(octets, variant)
    assert again == message
    assert type(again) is type(message)
    assert str(again).startswith(message.name)


@pytest.mark.parametrize("kind", WITH_FIELDS, ids=lambda kind: kind.name)
@given(data=st.data())
def test_each_message_with_fields_goes_round(kind, data):
    message = data.draw(WITH_FIELDS[kind](Variant.CHINA))
    assert message.type is kind
    assert decode(encode(message, Variant.CHINA), Variant.CHINA) == message


@given(group_supervisions())
def test_group_messages_go_round(message):
    assert decode(encode(message)) == message


@pytest.mark.parametrize("variant", VARIANTS)
@given(octets=st.binary(max_size=40))
def test_any_octets_give_a_value_or_a_decode_error(variant, octets):
    check(octets, variant)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", MessageType, ids=lambda kind: kind.name)
def test_any_content_behind_each_heading(kind, variant):
    source = Random(kind.name)
    for _ in range(200):
        check(bytes((kind,)) + source.randbytes(source.randrange(24)), variant)


def check(octets, variant):
    """What decodes must encode to the same octets; an error must lie within them."""
    try:
        message = decode(octets, variant)
    except DecodeError as error:
        offset = -1 if error.offset is None else error.offset
    else:
        offset = 0
        assert encode(message, variant) == octets
        assert str(message)
    assert 0 <= offset <= len(octets)


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=40)
@given(data=st.data())
def test_a_message_cut_short_is_an_error_or_another_message(variant, data):
    octets = encode(data.draw(messages(variant)), variant)
    check(octets[: data.draw(st.integers(0, len(octets)))], variant)


@pytest.mark.parametrize("variant", VARIANTS)
def test_signals_are_their_heading_alone(variant):
    for kind in types(variant):
        if kind not in WITH_FIELDS and kind & 0xF != 8:
            assert encode(Signal(kind), variant) == bytes((kind,))
            assert decode(bytes((kind,)), variant) == Signal(kind)


def test_unknown_heading_keeps_its_octets():
    message = decode(b"\x09\x01\x02\x03")
    assert message == Signal(0x09, rest=b"\x01\x02\x03")
    assert str(message) == "heading 0x09 | rest 010203"
    assert encode(message) == b"\x09\x01\x02\x03"


@pytest.mark.parametrize("kind", sorted(CHINA_ONLY), ids=lambda kind: kind.name)
def test_national_messages_of_china_are_unknown_to_itu(kind):
    octets = bytes((kind, 5, 0))
    assert decode(octets, Variant.ITU) == Signal(int(kind), rest=b"\x05\x00")
    assert decode(octets, Variant.ITU).name == f"heading 0x{kind:02x}"
    assert decode(octets, Variant.CHINA).type is kind
    with pytest.raises(EncodeError, match="does not exist in the itu variant"):
        encode(decode(octets, Variant.CHINA), Variant.ITU)


def test_no_octets():
    with pytest.raises(DecodeError, match="heading code is missing"):
        decode(b"")


@pytest.mark.parametrize(
    ("octets", "offset", "said"),
    [
        ("11", 1, "IAM: calling party's category needs 1 octets, 0 left"),
        ("110a12", 2, "IAM: message indicators needs 2 octets, 1 left"),
        ("110a12c431", 4, "IAM: 12 address signals needs 6 octets, 1 left"),
        ("210a020f", 4, "IAI: first indicator octet needs 1 octets, 0 left"),
        ("210a020002", 5, "IAI: closed user group needs 5 octets, 0 left"),
        ("210a020010", 5, "IAI: calling line identity needs 1 octets, 0 left"),
        ("210a020010a21000", 6, "IAI: 10 address signals needs 5 octets, 2 left"),
        ("31", 1, "SAM: number of address signals needs 1 octets, 0 left"),
        ("3130", 2, "SAM: 3 address signals needs 2 octets, 0 left"),
        ("41", 1, "SAO: 1 address signals needs 1 octets, 0 left"),
        ("12", 1, "GSM: response type indicators needs 1 octets, 0 left"),
        ("1201", 2, "GSM: calling party's category needs 1 octets, 0 left"),
        ("120400", 2, "GSM: exchange identity type 0 is spare"),
        ("120421d0", 3, "GSM: transit exchange identity needs 2 octets, 1 left"),
        ("120421d007", 5, "GSM: length of the incoming trunk identity needs 1 octets, 0 left"),
        ("120421d00720ff", 6, "GSM: incoming trunk identity needs 2 octets, 1 left"),
        ("13", 1, "GRQ: content needs 1 octets, 0 left"),
        ("14", 1, "ACM: content needs 1 octets, 0 left"),
        ("f501d0", 2, "EUM: point code needs 2 octets, 1 left"),
        ("18", 1, "MGB: range needs 1 octets, 0 left"),
        ("181f000000", 2, "MGB: status of range 31 needs 4 octets, 3 left"),
        ("1a", 1, "ACC: content needs 1 octets, 0 left"),
    ],
)
def test_malformed(octets, offset, said):
    with pytest.raises(DecodeError) as caught:
        decode(bytes.fromhex(octets))
    assert (caught.value.message, caught.value.offset) == (said, offset)


def test_a_heading_that_is_no_octet():
    with pytest.raises(EncodeError, match="heading 256 does not fit an octet"):
        encode(Signal(256))
