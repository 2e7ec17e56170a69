"""Messages about a group of circuits."""

import pytest

from tandem.core.errors import EncodeError
from tandem.ss7.tup.messages import GroupSupervision, MessageType, decode, encode

M = MessageType
GROUP_TYPES = [kind for kind in M if kind & 0xF == 8]


@pytest.mark.parametrize("kind", [kind for kind in GROUP_TYPES if kind is not M.GRS], ids=lambda kind: kind.name)
def test_range_and_status(kind):
    # range 9: 10 circuits; the first, the third and the tenth
    octets = bytes((kind, 9, 0x05, 0x02))
    message = GroupSupervision(kind, 9, (True, False, True, *[False] * 6, True))
    assert decode(octets) == message
    assert encode(message) == octets
    assert message.count == 10
    assert str(message) == f"{kind.name} | 10 circuits, status 1010000001"


def test_a_reset_has_a_range_alone():
    assert decode(b"\x98\x1f") == GroupSupervision(M.GRS, 31)
    assert decode(b"\x98\x1f\x01").rest == b"\x01"
    assert str(GroupSupervision(M.GRS, 31)) == "GRS | 32 circuits"
    with pytest.raises(EncodeError, match="GRS with range 1 has no status"):
        encode(GroupSupervision(M.GRS, 1, (True, True)))


def test_range_0_has_no_status():
    assert decode(b"\x18\x00") == GroupSupervision(M.MGB, 0)
    assert decode(b"\x18\x00\x01") == GroupSupervision(M.MGB, 0, rest=b"\x01")
    with pytest.raises(EncodeError, match="MGB with range 0 has no status"):
        encode(GroupSupervision(M.MGB, 0, (True,)))


def test_bits_above_the_last_flag_survive():
    message = decode(b"\xa8\x01\xfe")
    assert message == GroupSupervision(M.GRA, 1, (False, True), padding=0x3F)
    assert encode(message) == b"\xa8\x01\xfe"


def test_largest_range():
    octets = b"\x58\xff" + bytes(31) + b"\x80"
    message = decode(octets)
    assert message.status is not None
    assert [index for index, flag in enumerate(message.status) if flag] == [255]
    assert encode(message) == octets


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (GroupSupervision(M.HGB, 256), "range 256 does not fit"),
        (GroupSupervision(M.HGB, -1), "range -1 does not fit"),
        (GroupSupervision(M.HGB, 2), "needs 3 status bits"),
        (GroupSupervision(M.HGB, 2, (True,)), "needs 3 status bits"),
        (GroupSupervision(M.HGB, 2, (True,) * 3, padding=32), "padding 32 does not fit"),
    ],
)
def test_what_cannot_be_sent(message, said):
    with pytest.raises(EncodeError, match=said):
        encode(message)
