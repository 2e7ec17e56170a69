"""Address signals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.digits import SIGNALS, pack_digits, unpack_digits
from tandem.core.errors import EncodeError


def test_first_digit_is_in_the_low_half():
    assert pack_digits("5551234F") == bytes([0x55, 0x15, 0x32, 0xF4])


def test_odd_count_is_filled_with_zero():
    assert pack_digits("123") == bytes([0x21, 0x03])
    assert unpack_digits(bytes([0x21, 0x03]), odd=True) == "123"


def test_star_and_hash_are_code_11_and_12():
    assert pack_digits("*#") == bytes([0xCB])
    assert unpack_digits(bytes([0xCB])) == "BC"


def test_a_letter_is_refused():
    with pytest.raises(EncodeError, match="'X' in '12X'"):
        pack_digits("12X")


@given(st.text(alphabet=SIGNALS, max_size=40))
def test_round_trip(digits):
    assert unpack_digits(pack_digits(digits), odd=len(digits) % 2 == 1) == digits


@given(st.one_of(st.text(alphabet=SIGNALS + "abcdef*# \t", max_size=20), st.text(max_size=8)))
def test_packing_is_signal_by_signal(digits):
    """Small letters are signals too; what else a hexadecimal number may hold, such as spaces, is not."""
    codes = {signal: code for code, signal in enumerate(SIGNALS)} | {"*": 0xB, "#": 0xC}
    shown = digits.upper()
    if set(shown) <= set(codes):
        octets = pack_digits(digits)
        assert len(octets) == (len(shown) + 1) // 2
        assert [octets[i // 2] >> 4 * (i % 2) & 0xF for i in range(len(shown))] == [codes[one] for one in shown]
    else:
        with pytest.raises(EncodeError, match="is not an address signal"):
            pack_digits(digits)


@given(st.binary(max_size=20), st.booleans())
def test_unpacking_is_signal_by_signal(octets, odd):
    signals = [SIGNALS[half] for octet in octets for half in (octet & 0xF, octet >> 4)]
    assert unpack_digits(octets, odd) == "".join(signals[:-1] if odd else signals)
