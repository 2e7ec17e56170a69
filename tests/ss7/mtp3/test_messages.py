"""Every management and test message in every variant.

Field positions were compared with tshark 4.0's dissection of messages made for it; the octets here are those.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.mtp3.label import Service, Variant
from tandem.ss7.mtp3.messages import (
    LINK_TEST,
    NETWORK_MANAGEMENT,
    ROUTE_TEST_PATTERN,
    ManagementMessage,
    decode_management,
    encode_management,
    message_type,
)

HEADINGS = {
    "COO": 0x11, "COA": 0x21, "XCO": 0x31, "XCA": 0x41, "CBD": 0x51, "CBA": 0x61, "ECO": 0x12, "ECA": 0x22,
    "RCT": 0x13, "TFC": 0x23, "TFP": 0x14, "TCP": 0x24, "TFR": 0x34, "TCR": 0x44, "TFA": 0x54, "TCA": 0x64,
    "RST": 0x15, "RSR": 0x25, "RCP": 0x35, "RCR": 0x45, "LIN": 0x16, "LUN": 0x26, "LIA": 0x36, "LUA": 0x46,
    "LID": 0x56, "LFU": 0x66, "LLT": 0x76, "LRT": 0x86, "TRA": 0x17, "TRW": 0x27, "DLC": 0x18, "CSS": 0x28,
    "CNS": 0x38, "CNP": 0x48, "UPU": 0x1A,
}  # fmt: skip


def test_every_heading():
    assert {kind.acronym: kind.heading for kind in NETWORK_MANAGEMENT} == HEADINGS
    assert {kind.acronym: kind.heading for kind in LINK_TEST} == {"SLTM": 0x11, "SLTA": 0x21}


#: What tshark shows for the body a5 5b 3c 7e 91 behind the heading.
BODY = bytes.fromhex("a55b3c7e91")
DISSECTED = [
    (Variant.ITU, "COO", {"forward_sequence_number": 37}, 1),
    (Variant.ITU, "XCO", {"forward_sequence_number": 3955621}, 3),
    (Variant.ITU, "CBD", {"changeback_code": 165}, 1),
    (Variant.ITU, "ECO", {}, 0),
    (Variant.ITU, "RCT", {}, 0),
    (Variant.ITU, "TFC", {"destination": 7077, "status": 1}, 2),
    (Variant.ITU, "TFP", {"destination": 7077}, 2),
    (Variant.ITU, "RST", {"destination": 7077}, 2),
    (Variant.ITU, "LIN", {}, 0),
    (Variant.ITU, "TRA", {}, 0),
    (Variant.ITU, "DLC", {"data_link_identity": 2981}, 2),
    (Variant.ITU, "UPU", {"destination": 7077, "user_part": 12, "cause": 3}, 3),
    (Variant.ANSI, "COO", {"signalling_link_code": 5, "forward_sequence_number": 58}, 2),
    (Variant.ANSI, "XCO", {"signalling_link_code": 5, "forward_sequence_number": 14927290}, 4),
    (Variant.ANSI, "CBD", {"signalling_link_code": 5, "changeback_code": 186}, 2),
    (Variant.ANSI, "ECO", {"signalling_link_code": 5}, 1),
    (Variant.ANSI, "TFC", {"destination": 0x3C5BA5, "status": 2}, 4),
    (Variant.ANSI, "TFP", {"destination": 0x3C5BA5}, 3),
    (Variant.ANSI, "TCP", {"destination": 0x3C5BA5}, 3),
    (Variant.ANSI, "LIN", {"signalling_link_code": 5}, 1),
    (Variant.ANSI, "DLC", {"signalling_link_code": 5, "data_link_identity": 1466}, 2),
    (Variant.ANSI, "UPU", {"destination": 0x3C5BA5, "user_part": 14, "cause": 7}, 4),
    (Variant.CHINA, "COO", {"forward_sequence_number": 37}, 1),
    (Variant.CHINA, "CBD", {"changeback_code": 165}, 1),
    (Variant.CHINA, "TFC", {"destination": 0x3C5BA5, "status": 2}, 4),
    (Variant.CHINA, "TFP", {"destination": 0x3C5BA5}, 3),
    (Variant.CHINA, "LIN", {}, 0),
    (Variant.CHINA, "UPU", {"destination": 0x3C5BA5, "user_part": 14, "cause": 7}, 4),
]


@pytest.mark.parametrize(("variant", "acronym", "fields", "length"), DISSECTED)
def test_fields(variant, acronym, fields, length):
    message = decode_management(bytes([HEADINGS[acronym]]) + BODY, Service.MANAGEMENT, variant)
    assert (message.acronym, message.fields, message.trailing) == (acronym, fields, BODY[length:])
    for short in range(length):
        with pytest.raises(DecodeError, match=f"{acronym} needs {length} octets"):
            decode_management(bytes([HEADINGS[acronym]]) + BODY[:short], Service.MANAGEMENT, variant)


def test_japan_has_a_spare_octet_before_the_heading():
    octets = encode_management("COO", Variant.JAPAN, forward_sequence_number=48)
    assert octets.hex() == "001130"
    assert decode_management(octets, Service.MANAGEMENT, Variant.JAPAN).fields == {"forward_sequence_number": 48}


#: As tshark 4.0 dissects them.
JAPAN = [
    ("000112", "unknown", {}, (), b""),
    ("0023003412ff", "TFC", {"destination": 0x1234, "status": 3}, (), b""),
    ("00140234120000785600009a", "TFP", {"destination": 0x1234}, (0x5678,), b""),
    ("00540134120000", "TFA", {"destination": 0x1234}, (), b""),
    ("00150134120000", "RST", {"destination": 0x1234}, (), b""),
]


@pytest.mark.parametrize(("octets", "acronym", "fields", "also", "pattern"), JAPAN)
def test_japan_fields(octets, acronym, fields, also, pattern):
    message = decode_management(bytes.fromhex(octets), Service.MANAGEMENT, Variant.JAPAN)
    assert (message.acronym, message.fields, message.also, message.pattern) == (acronym, fields, also, pattern)


@pytest.mark.parametrize("octets", ["0014", "001400", "0014003412000000", "001402341200007856", "001401341200"])
def test_japan_destinations_cut_short(octets):
    with pytest.raises(DecodeError):
        decode_management(bytes.fromhex(octets), Service.MANAGEMENT, Variant.JAPAN)


def test_japan_destination_is_one_of_many():
    assert encode_management("TFP", Variant.JAPAN, destination=0x1234).hex() == "00140134120000"
    message = decode_management(bytes.fromhex("0014023412000078560000"), Service.MANAGEMENT, Variant.JAPAN)
    assert str(message) == "TFP destination=4660 destination=22136"


@pytest.mark.parametrize(("acronym", "octets"), [("SRT", "0023001177"), ("SRTA", "0084001177")])
def test_routing_test(acronym, octets):
    assert encode_management(acronym, Variant.JAPAN, ROUTE_TEST_PATTERN).hex() == octets
    message = decode_management(bytes.fromhex(octets), Service.TESTING, Variant.JAPAN)
    assert (message.acronym, message.pattern, message.fields) == (acronym, ROUTE_TEST_PATTERN, {})
    assert decode_management(bytes.fromhex(octets[2:]), Service.TESTING, Variant.ITU).acronym == "unknown"
    with pytest.raises(DecodeError, match="pattern needs 2"):
        decode_management(bytes.fromhex(octets[:-2]), Service.TESTING, Variant.JAPAN)
    with pytest.raises(EncodeError, match="2 octets"):
        encode_management(acronym, Variant.JAPAN, b"abc")


@pytest.mark.parametrize("variant", Variant)
@pytest.mark.parametrize("kind", NETWORK_MANAGEMENT, ids=lambda kind: kind.acronym)
@settings(max_examples=5)
@given(data=st.data())
def test_round_trip(variant, kind, data):
    several = variant is Variant.JAPAN and [name for name, _ in kind.fields] == ["destination"]
    example = decode_management(
        (b"\0" if variant is Variant.JAPAN else b"")
        + bytes([kind.heading])
        + (b"\1" if several else b"")
        + data.draw(st.binary(min_size=6)),
        Service.MANAGEMENT,
        variant,
    )
    octets = encode_management(kind.acronym, variant, **example.fields)
    again = decode_management(octets, Service.MANAGEMENT, variant)
    assert again == ManagementMessage(kind.acronym, kind.heading, example.fields)


@pytest.mark.parametrize("variant", [Variant.ITU, Variant.CHINA])
@given(pattern=st.binary(min_size=1, max_size=15))
def test_link_test_round_trip(variant, pattern):
    octets = encode_management("SLTM", variant, pattern)
    assert octets == bytes([0x11, len(pattern) << 4]) + pattern
    message = decode_management(octets, Service.TESTING, variant)
    assert (message.acronym, message.pattern, message.fields) == ("SLTM", pattern, {})


def test_ansi_link_test_carries_the_link_code():
    octets = encode_management("SLTA", Variant.ANSI, b"abc", signalling_link_code=7)
    assert octets.hex() == "2137616263"
    assert decode_management(octets, Service.TESTING_SPECIAL, Variant.ANSI).fields == {"signalling_link_code": 7}


def test_the_same_heading_means_another_message_in_another_service():
    assert decode_management(b"\x11\x10x", Service.TESTING, Variant.ITU).acronym == "SLTM"
    assert decode_management(b"\x11\x10x", Service.MANAGEMENT, Variant.ITU).acronym == "COO"


def test_unknown_heading_keeps_its_octets():
    message = decode_management(b"\xffabc", Service.MANAGEMENT, Variant.ITU)
    assert (message.acronym, message.trailing, message.title) == ("unknown", b"abc", "heading 0xff")


@pytest.mark.parametrize(("octets", "said"), [(b"", "heading"), (b"\x11", "SLTM needs"), (b"\x11\x30ab", "pattern")])
def test_short_link_test(octets, said):
    with pytest.raises(DecodeError, match=said):
        decode_management(octets, Service.TESTING, Variant.ITU)


def test_what_cannot_be_encoded():
    with pytest.raises(EncodeError, match="does not fit 14 bits"):
        encode_management("TFP", Variant.ITU, destination=16384)
    with pytest.raises(EncodeError, match="has no field signalling_link_code in itu"):
        encode_management("LIN", Variant.ITU, signalling_link_code=1)
    with pytest.raises(EncodeError, match="1 to 15"):
        encode_management("SLTM", Variant.ITU, b"")


def test_text():
    assert str(ManagementMessage("TFP", 0x14, {"destination": 7})) == "TFP destination=7"
    assert message_type("TRA").title == "traffic restart allowed"


@pytest.mark.parametrize("variant", Variant)
@given(octets=st.binary(max_size=24), service=st.sampled_from([0, 1, 2]))
def test_any_octets_give_a_message_or_a_decode_error(variant, octets, service):
    try:
        message = decode_management(octets, service, variant)
    except DecodeError as error:
        offset = error.offset
    else:
        offset = octets.index(message.heading)
    assert offset in range(len(octets) + 1)
