"""GSM, GRQ, ACM, CHG, EUM, ACC, MPM: octets put together by hand from the layouts of Q.723 and GF 001-9001."""

import pytest

from tandem.core.errors import EncodeError
from tandem.ss7.tup.fields import CallingLineIdentity, IncomingTrunk, OriginalCalledAddress
from tandem.ss7.tup.messages import (
    AddressComplete,
    AddressCompleteKind,
    AutomaticCongestion,
    Charging,
    ExtendedUnsuccessful,
    GeneralForwardSetup,
    GeneralRequest,
    MeteringPulses,
    Variant,
    decode,
    encode,
)

TRUNK = {
    Variant.ITU: (IncomingTrunk.of_point_code(2000, Variant.ITU, b"\x05"), "21 d0 07 10 05"),
    Variant.CHINA: (IncomingTrunk.of_point_code(0x010203, Variant.CHINA, b"\x05"), "31 03 02 01 10 05"),
}


@pytest.mark.parametrize("variant", Variant)
def test_gsm_with_everything(variant):
    trunk, octets = TRUNK[variant]
    # A to G; category 10; 4 signals of a national number; the exchange; 2 signals
    whole = bytes.fromhex("12 7f 0a 42 21 43" + octets + "22 65")
    message = GeneralForwardSetup(10, CallingLineIdentity("1234"), trunk, OriginalCalledAddress("56"), True, True, True)
    assert decode(whole, variant) == message
    assert encode(message, variant) == whole
    assert trunk.point_code(variant) in (2000, 0x010203)
    assert str(message).startswith(
        "GSM | category ordinary | calling line 1234 nature national | incoming trunk type 1"
    )
    assert str(message).endswith("original called 56 nature national | echo suppressor | malicious call | hold")


def test_gsm_with_one_field_each():
    assert decode(bytes.fromhex("12 01 4a")) == GeneralForwardSetup(category=10, category_spare=1)
    assert decode(bytes.fromhex("12 02 02")) == GeneralForwardSetup(calling_line=CallingLineIdentity(""))
    assert decode(bytes.fromhex("12 80")) == GeneralForwardSetup(spare=True)
    assert encode(GeneralForwardSetup(hold=True)).hex() == "1240"


def test_gsm_with_part_of_the_calling_line():
    message = decode(bytes.fromhex("12 04 32 21 03 00"))
    assert message.incoming_trunk == IncomingTrunk.of_digits("123")
    assert message.incoming_trunk.digits == "123"


@pytest.mark.parametrize(
    ("octet", "field"),
    list(enumerate(["category", "calling_line", "original_called", "malicious_call", "hold", "echo_suppressor"])),
)
def test_grq_bit_by_bit(octet, field):
    octets = bytes((0x13, 1 << octet))
    message = GeneralRequest(**{field: True})
    assert decode(octets) == message
    assert encode(message) == octets
    assert str(message) == f"GRQ | {field.replace('_', ' ')}"


def test_acm():
    # charge, subscriber free, all SS7
    assert decode(b"\x14\x25") == AddressComplete(AddressCompleteKind.CHARGE, free=True, all_ss7=True)
    # coin box, half echo suppressor, forwarded, spare 10
    octets = bytes.fromhex("14 9b")
    message = AddressComplete(AddressCompleteKind.COIN_BOX, echo_suppressor=True, forwarded=True, spare=2)
    assert decode(octets) == message
    assert encode(message) == octets


def test_chg_is_national():
    assert decode(b"\x24\x01\x02") == Charging(rest=b"\x01\x02")
    assert encode(Charging(rest=b"\x07")) == b"\x24\x07"


@pytest.mark.parametrize(
    ("variant", "octets", "message"),
    [
        (Variant.ITU, "f5 01 d0 07", ExtendedUnsuccessful(point_code=2000)),
        (Variant.CHINA, "f5 01 03 02 01", ExtendedUnsuccessful(point_code=0x010203)),
        (Variant.ITU, "f5 a2 d0 87", ExtendedUnsuccessful(2, 2000, spare=10, point_code_spare=2)),
    ],
)
def test_eum(variant, octets, message):
    assert decode(bytes.fromhex(octets), variant) == message
    assert encode(message, variant) == bytes.fromhex(octets)
    assert f"point code {message.point_code}" in str(message)


def test_acc():
    assert decode(b"\x1a\x02") == AutomaticCongestion(2)
    assert decode(b"\x1a\xfd") == AutomaticCongestion(1, spare=0x3F)
    assert encode(AutomaticCongestion(1)) == b"\x1a\x01"


def test_mpm_of_china():
    assert decode(b"\x2c\x03\x00", Variant.CHINA) == MeteringPulses(3)
    assert encode(MeteringPulses(0x0102), Variant.CHINA) == b"\x2c\x02\x01"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (GeneralForwardSetup(64), "category 64"),
        (GeneralForwardSetup(incoming_trunk=IncomingTrunk(0, b"", 0)), "does not fit itu"),
        (GeneralRequest(spare=4), "spare of GRQ is 4"),
        (AddressComplete(4), "kind of ACM is 4"),
        (ExtendedUnsuccessful(16), "unsuccessful indicator 16"),
        (ExtendedUnsuccessful(point_code=1 << 14), "point code of EUM 16384"),
        (ExtendedUnsuccessful(point_code_spare=4), "spare of the point code 4"),
        (ExtendedUnsuccessful(spare=16), "spare of EUM 16"),
    ],
)
def test_what_cannot_be_sent(message, said):
    with pytest.raises(EncodeError, match=said):
        encode(message)


def test_china_has_no_spare_bits_above_a_point_code():
    with pytest.raises(EncodeError, match="spare of the point code 1 does not fit 0 bits"):
        encode(ExtendedUnsuccessful(point_code_spare=1), Variant.CHINA)


def test_pulses_that_do_not_fit():
    with pytest.raises(EncodeError, match="pulses of MPM is 65536"):
        encode(MeteringPulses(1 << 16), Variant.CHINA)
