from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.hardware.framing.crc6 import crc6

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/e1t1/t1.json").read_text())["crc6"]


def bit_by_bit(bits):
    register = 0
    for place, bit in enumerate([*bits, *[0] * 6]):  # x^6 times the block
        register = register << 1 | (1 if place % 193 == 0 and place < 4632 else bit)
        if register & 0x40:
            register ^= 0x43
    return register


def superframe(channels, f_bits):
    bits = np.zeros((24, 193), np.uint8)
    bits[:, 0] = f_bits
    bits[:, 1:] = np.unpackbits(np.frombuffer(channels, np.uint8)).reshape(24, 192)
    return bits.ravel().tolist()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["channels"])
def test_vectors(vector):
    bits = superframe(bytes.fromhex(vector["channels"]) * 576, 0)
    assert crc6(np.packbits(bits).tobytes()) == bit_by_bit(bits) == int(vector["crc"], 16)


@given(st.binary(min_size=576, max_size=576), st.integers(0, 7), st.integers(0, 255), st.binary(max_size=3))
def test_agrees_with_division_bit_by_bit_wherever_it_begins(channels, first, around, behind):
    bits = superframe(channels, [around >> frame % 8 & 1 for frame in range(24)])
    line = [around >> place & 1 for place in range(first)] + bits
    assert crc6(np.packbits(line).tobytes() + behind, first) == bit_by_bit(bits)
