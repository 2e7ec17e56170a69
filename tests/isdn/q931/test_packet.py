"""Elements of packet mode."""

import pytest

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931.elements import Element
from tandem.isdn.q931.packet import (
    ClosedUserGroup,
    EndToEndTransitDelay,
    InformationRate,
    PacketLayerBinaryParameters,
    PacketLayerWindowSize,
    PacketSize,
    ReverseChargingIndication,
    TransitDelaySelection,
)


@pytest.mark.parametrize(
    ("octets", "value", "text"),
    [
        ("8a8b8384", InformationRate(10, 11, 3, 4), "10 in, 11 out, at least 3, 4"),
        ("0002ac", EndToEndTransitDelay(300), "300 ms"),
        ("000081000082000083", EndToEndTransitDelay(1, 2, 3), "1 ms, requested 2 ms, maximum 3 ms"),
        ("037fff", TransitDelaySelection(0xFFFF), "65535 ms"),
        ("81", PacketLayerBinaryParameters(1), "0x01"),
        ("8287", PacketLayerWindowSize(2, 7), "forward 2, backward 7"),
        ("87", PacketSize(7), "forward 7"),
        ("81", ReverseChargingIndication(), "requested"),
        ("82313233", ClosedUserGroup("123", 2), "index 123, indication 2"),
    ],
)
def test_codings(octets: str, value: Element, text: str):
    assert type(value).parse(bytes.fromhex(octets)) == value
    assert value.encode().hex() == octets
    assert str(value) == text


@pytest.mark.parametrize("cls", [InformationRate, EndToEndTransitDelay, TransitDelaySelection, PacketSize])
def test_cut_short(cls: type[Element]):
    with pytest.raises(DecodeError):
        cls.parse(b"")
    with pytest.raises(DecodeError):
        InformationRate.parse(b"\x81\x81\x81")


@pytest.mark.parametrize(
    "value",
    [
        InformationRate(32, 0, 0, 0),
        EndToEndTransitDelay(1, None, 3),
        TransitDelaySelection(1 << 16),
        TransitDelaySelection(-1),
        PacketSize(128),
        ClosedUserGroup("ä"),
    ],
)
def test_values_that_do_not_fit(value: Element):
    with pytest.raises(EncodeError):
        value.encode()
