"""The circuit in the label."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tup_messages import messages

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.mtp3.msu import decode_msu
from tandem.ss7.tup.label import DATA_LIMITS, CircuitMessage, split_cic
from tandem.ss7.tup.messages import Charging, MessageType, Signal
from tandem.ss7.tup.variants import LABELS, Variant

CLF = Signal(MessageType.CLF)

#: A CLF from point 2 to point 1 and from 4-5-6 to 1-2-3 for CIC 0x123, put together by hand from Q.723 2 and
#: GF 001-9001: DPC 14 | OPC 14 | CIC 12, and DPC 24 | OPC 24 | CIC 12 | spare 4.
MSUS = {
    Variant.ITU: bytes.fromhex("84 01 80 00 30 12 46"),
    Variant.CHINA: bytes.fromhex("84 03 02 01 06 05 04 23 01 46"),
}


@pytest.mark.parametrize("variant", Variant)
def test_the_cic_begins_in_the_routing_label(variant):
    msu = decode_msu(MSUS[variant], LABELS[variant])
    carried = CircuitMessage.parse(msu.label.sls, msu.data, variant)
    assert carried == CircuitMessage(0x123, CLF)
    assert carried.encode(variant) == (msu.label.sls, msu.data)
    assert str(carried) == "CIC 291 CLF"


def test_point_codes_of_china_are_sent_point_first():
    msu = decode_msu(MSUS[Variant.CHINA], LABELS[Variant.CHINA])
    assert (msu.label.dpc, msu.label.opc) == (0x010203, 0x040506)


def test_spare_bits_of_china_survive():
    carried = CircuitMessage.parse(0x23, b"\xa1\x46", Variant.CHINA)
    assert carried == CircuitMessage(0x123, CLF, spare=0xA)
    assert carried.encode(Variant.CHINA) == (0x23, b"\xa1\x46")


def test_bits_above_the_sls_do_not_count_in_an_itu_label():
    assert CircuitMessage.parse(0xF3, b"\x12\x46", Variant.ITU).cic == 0x123


@pytest.mark.parametrize("variant", Variant)
@settings(max_examples=40)
@given(cic=st.integers(0, 4095), data=st.data())
def test_round_trip(variant, cic, data):
    carried = CircuitMessage(cic, data.draw(messages(variant)))
    assert CircuitMessage.parse(*carried.encode(variant), variant) == carried


def test_errors_count_octets_behind_the_label():
    with pytest.raises(DecodeError) as caught:
        CircuitMessage.parse(0, b"", Variant.ITU)
    assert caught.value.offset == 0
    with pytest.raises(DecodeError) as caught:
        CircuitMessage.parse(0, b"\x00", Variant.ITU)
    assert caught.value.offset == 1
    with pytest.raises(DecodeError) as caught:
        CircuitMessage.parse(0, b"\x00\x14", Variant.ITU)
    assert caught.value.offset == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((4096, Variant.ITU), "CIC 4096"), ((-1, Variant.CHINA), "CIC -1"), ((1, Variant.ITU, 1), "spare bits 1"),
     ((1, Variant.CHINA, 16), "spare bits 16")],
)  # fmt: skip
def test_what_no_label_holds(arguments, said):
    with pytest.raises(EncodeError, match=said):
        split_cic(*arguments)


@pytest.mark.parametrize("variant", Variant)
def test_longest_message(variant):
    room = DATA_LIMITS[variant] - 2
    assert len(CircuitMessage(1, Charging(rest=bytes(room))).encode(variant)[1]) == DATA_LIMITS[variant]
    with pytest.raises(EncodeError, match="a signal unit holds"):
        CircuitMessage(1, Charging(rest=bytes(room + 1))).encode(variant)
