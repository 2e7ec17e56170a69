"""Channel identification by number, slot map and interface."""

import pytest

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931.channel import ChannelIdentification, Selection


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("a98385", ChannelIdentification.of(5)),
        ("a18385", ChannelIdentification.of(5, exclusive=False)),
        ("a3", ChannelIdentification.any_channel()),
        ("a0", ChannelIdentification.no_channel()),
        ("e9818385", ChannelIdentification.of(5, interface=1)),
        ("e901808385", ChannelIdentification.of(5, interface=128)),
        ("ac", ChannelIdentification(Selection.NONE, exclusive=True, d_channel=True)),
        ("a983010285", ChannelIdentification.of(1, 2, 5)),
        ("a99380008001", ChannelIdentification(1, (1, 16, 32), True, slot_map=True)),
        ("a993400001", ChannelIdentification(1, (1, 23), True, slot_map=True, map_octets=3)),
        ("81", ChannelIdentification(1, primary=False)),
        ("8a", ChannelIdentification(2, exclusive=True, primary=False)),
        ("e180", ChannelIdentification(1, interface=0)),
    ],
)
def test_codings(octets: str, value: ChannelIdentification):
    assert ChannelIdentification.parse(bytes.fromhex(octets)) == value
    assert value.encode().hex() == octets


@pytest.mark.parametrize("octets", ["", "e9", "e901", "a903"])
def test_cut_short(octets: str):
    with pytest.raises(DecodeError):
        ChannelIdentification.parse(bytes.fromhex(octets))


def test_last_number_without_the_extension_bit():
    value = ChannelIdentification.parse(bytes.fromhex("a98305"))
    assert value.channels == (5,)
    assert value.encode().hex() == "a98305"


def test_the_channel_meant():
    assert ChannelIdentification.of(7).channel == 7
    assert ChannelIdentification.of(7, 8).channel is None
    assert ChannelIdentification.any_channel().channel is None
    assert ChannelIdentification(2, primary=False).channel == 2
    assert ChannelIdentification(3, primary=False).channel is None


@pytest.mark.parametrize(
    "value",
    [
        ChannelIdentification.of(128),
        ChannelIdentification(1, (25,), slot_map=True, map_octets=3),
        ChannelIdentification(1, (0,), slot_map=True),
        ChannelIdentification(4),
        ChannelIdentification.of(1, interface=1 << 14),
    ],
)
def test_values_that_do_not_fit(value: ChannelIdentification):
    with pytest.raises(EncodeError):
        value.encode()


def test_words():
    assert str(ChannelIdentification.of(5, interface=1)) == "5, exclusive, interface 1"
    assert str(ChannelIdentification(2, primary=False)) == "B2, preferred"
    assert str(ChannelIdentification(0, d_channel=True, exclusive=True)) == "D-channel, exclusive"
    assert str(ChannelIdentification.any_channel()) == "any channel, preferred"
