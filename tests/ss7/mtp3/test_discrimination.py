"""Whom a received message is for."""

import pytest

from tandem.core.errors import DecodeError
from tandem.ss7.mtp3.discrimination import Destination, Discrimination
from tandem.ss7.mtp3.label import RoutingLabel, Variant, encode_label


@pytest.mark.parametrize("variant", Variant)
def test_destinations(variant):
    discrimination = Discrimination(7, variant, 2)

    def discriminate(sio, dpc):
        return discrimination.discriminate(bytes([sio]) + encode_label(RoutingLabel(dpc, 9, 3), variant) + b"x")

    assert discriminate(0x85, 7) == (Destination.HERE, 5, 7, 9, 3)
    assert discriminate(0x85, 8)[0] is Destination.ELSEWHERE
    assert discriminate(0x05, 7)[0] is Destination.OTHER_NETWORK


@pytest.mark.parametrize("length", range(5))
def test_too_short(length):
    with pytest.raises(DecodeError):
        Discrimination(7, Variant.ITU, 2).discriminate(bytes(length))


def test_more_origins_than_are_remembered():
    discrimination = Discrimination(7, Variant.ITU, 2)
    for _ in range(2):
        for opc in range(5000):
            msu = b"\x85" + encode_label(RoutingLabel(7 + opc % 2, opc, opc % 16), Variant.ITU)
            where = Destination.ELSEWHERE if opc % 2 else Destination.HERE
            assert discrimination.discriminate(msu) == (where, 5, 7 + opc % 2, opc, opc % 16)
