"""Bearer capability, low and high layer compatibility against the codings of Q.931."""

import pytest

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931.bearer import (
    BearerCapability,
    Capability,
    HighLayer,
    HighLayerCompatibility,
    Layer1,
    LowLayerCompatibility,
    TransferMode,
    TransferRate,
)
from tandem.isdn.q931.cause import CodingStandard


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("8090a3", BearerCapability(Capability.SPEECH, Layer1.A_LAW)),
        ("8090a2", BearerCapability(Capability.SPEECH, Layer1.MU_LAW)),
        ("9090a3", BearerCapability(Capability.AUDIO_3K1, Layer1.A_LAW)),
        ("8890", BearerCapability(Capability.UNRESTRICTED_DIGITAL)),
        ("8890218f", BearerCapability(Capability.UNRESTRICTED_DIGITAL, Layer1.V110, layer1_details=(0x0F,))),
        ("8893", BearerCapability(Capability.UNRESTRICTED_DIGITAL, rate=TransferRate.KBIT_384)),
        ("889886", BearerCapability(Capability.UNRESTRICTED_DIGITAL, rate=TransferRate.MULTIRATE, multiplier=6)),
        ("a880", BearerCapability(8, rate=0, coding_standard=CodingStandard.ISO_IEC)),
        ("88c0c6e6", BearerCapability(8, rate=0, mode=TransferMode.PACKET, layer2=6, layer3=6)),
    ],
)
def test_bearer_capability(octets: str, value: BearerCapability):
    assert BearerCapability.parse(bytes.fromhex(octets)) == value
    assert value.encode().hex() == octets


def test_user_rate_of_v110():
    value = BearerCapability.parse(bytes.fromhex("8890216fbb"))
    assert value.user_rate == 15
    assert value.asynchronous
    assert value.inband_negotiation
    assert value.layer1_details == (0x6F, 0x3B)
    assert BearerCapability(0).user_rate is None
    assert BearerCapability(0).asynchronous is None
    assert BearerCapability(0).inband_negotiation is None


@pytest.mark.parametrize("octets", ["80", "8098", "809021", "8010"])
def test_bearer_capability_cut_short(octets: str):
    with pytest.raises(DecodeError):
        BearerCapability.parse(bytes.fromhex(octets))


def test_octets_beyond_the_defined_ones_survive():
    value = BearerCapability.parse(bytes.fromhex("8090a3a3ff"))
    assert value == BearerCapability(0, 3)
    assert value.encode().hex() == "8090a3a3ff"


def test_low_layer_compatibility():
    value = LowLayerCompatibility.parse(bytes.fromhex("08c090218f"))
    assert value.negotiation is True
    assert (value.layer1, value.user_rate) == (Layer1.V110, 15)
    assert LowLayerCompatibility(8, 1, negotiation=True, layer1_details=(15,)).encode() == value.encode()


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("9181", HighLayerCompatibility(HighLayer.TELEPHONY)),
        ("9184", HighLayerCompatibility(HighLayer.FAX_GROUP_2_3)),
        ("916081", HighLayerCompatibility(HighLayer.VIDEOTELEPHONY, 1)),
    ],
)
def test_high_layer_compatibility(octets: str, value: HighLayerCompatibility):
    assert HighLayerCompatibility.parse(bytes.fromhex(octets)) == value
    assert value.encode().hex() == octets


def test_words():
    assert str(BearerCapability(0, 3)) == "speech, circuit mode, rate kbit 64, layer 1 a law"
    assert str(BearerCapability(8, rate=24, multiplier=6, layer2=2)).endswith("times 6, layer 2 protocol 2")
    assert str(HighLayerCompatibility(1, 5)) == "telephony, extended 5"


def test_values_that_do_not_fit():
    with pytest.raises(EncodeError):
        BearerCapability(32).encode()
    with pytest.raises(EncodeError):
        BearerCapability(0, 3, layer1_details=(128,)).encode()
