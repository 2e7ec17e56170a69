"""Values and offsets that the parts of `tandem decode` share."""

from dataclasses import dataclass

import pytest

from tandem.core.errors import DecodeError
from tandem.gateway.decode_values import plain, shifted
from tandem.isdn.q931.codes import MessageType


@dataclass
class Pair:
    left: object
    right: object


def test_plain():
    assert plain(Pair(b"\x01", (MessageType.SETUP, True, None))) == {"left": "01", "right": [5, True, None]}
    assert type(plain(MessageType.SETUP)) is int


@pytest.mark.parametrize(("offset", "expected"), [(2, 7), (None, None)])
def test_shifted(offset, expected):
    with pytest.raises(DecodeError) as caught, shifted(5):
        raise DecodeError("x", offset)
    assert caught.value.offset == expected
