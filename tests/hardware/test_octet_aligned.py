from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tandem.hardware.octet_aligned import Unpadder, pad


def test_a_frame_is_in_25_octets_and_ends_with_7_bits_of_padding():
    padded = pad(b"\xff" * 193)
    assert padded == (b"\xff" * 24 + b"\x80") * 8


@given(st.integers(1, 4), st.lists(st.integers(1, 7), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_what_was_padded_comes_out_again_in_any_portions(groups, portions, seed):
    octets = np.random.default_rng(seed).integers(0, 256, 193 * groups, dtype=np.uint8).tobytes()
    padded, unpadder, taken = pad(octets), Unpadder(), b""
    assert len(padded) == 200 * groups
    while padded:
        size = 25 * portions[0]
        portions.append(portions.pop(0))
        taken += unpadder.take(padded[:size])
        padded = padded[size:]
    assert taken == octets


def test_padding_may_be_anything():
    spoilt = bytes(octet | 0x7F if place % 25 == 24 else octet for place, octet in enumerate(pad(bytes(193))))
    assert Unpadder().take(spoilt) == bytes(193)
