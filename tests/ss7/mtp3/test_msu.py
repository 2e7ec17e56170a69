"""Whole messages for people and tools."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import DecodeError
from tandem.ss7.mtp3.label import Variant
from tandem.ss7.mtp3.msu import decode_msu, service_name

SLTM = bytes.fromhex("81a08f3401118000a1a2a3a4a5a6a7")
"""From the capture of wanpipe's monitor, see tests/vectors/mtp3."""


def test_captured_link_test():
    value = decode_msu(SLTM).to_dict(Variant.ITU)
    assert value["message"] == "SLTM"
    assert value["dpc"] == {"value": 4000, "text": "1-244-0"}
    assert value["opc"] == {"value": 1234, "text": "0-154-2"}
    assert value["parameters"] == [{"name": "test_pattern", "value": "00a1a2a3a4a5a6a7"}]
    assert decode_msu(SLTM).encode(Variant.ITU) == SLTM


def test_management_fields_by_name():
    value = decode_msu(bytes.fromhex("80020040001455150a")).to_dict(Variant.ITU)
    assert value["title"] == "transfer prohibited"
    assert value["parameters"] == [
        {"name": "destination", "value": 0x1555, "text": "2-170-5"},
        {"name": "trailing", "value": "0a"},
    ]


def test_user_message():
    msu = decode_msu(bytes.fromhex("85018000900c000900"))
    assert msu.management is None
    assert str(msu) == "2->1 sls 9 ISUP"
    assert msu.data.hex() == "0c000900"


def test_service_names():
    assert (service_name(5), service_name(11)) == ("ISUP", "spare 11")


@pytest.mark.parametrize(("octets", "offset"), [("", 0), ("81a08f", 1), ("81a08f3401", 5), ("81a08f34011180", 7)])
def test_cut_short(octets, offset):
    with pytest.raises(DecodeError) as caught:
        decode_msu(bytes.fromhex(octets))
    assert caught.value.offset == offset


@pytest.mark.parametrize("variant", Variant)
@given(octets=st.binary(max_size=40))
def test_any_octets_give_a_message_or_a_decode_error(variant, octets):
    try:
        msu = decode_msu(octets, variant)
    except DecodeError:
        return
    assert msu.encode(variant) == octets
    assert json.loads(json.dumps(msu.to_dict(variant)))["data"] == msu.data.hex()
