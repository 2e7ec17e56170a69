from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.hardware.framing.crc4 import crc4, crc4_blocks

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/e1t1/crc4.json").read_text())


def block(vector):
    octets = bytearray(bytes.fromhex(vector["other_timeslots"]) * 256)
    octets[0::64] = bytes.fromhex(vector["fas"]) * 4
    octets[32::64] = bytes.fromhex("".join(vector["nfas"]))
    return bytes(octets)


def c_bits_of(octets: bytes) -> int:
    return int("".join(str(octet >> 7) for octet in octets[::64]), 2)


def bit_by_bit(octets):
    register = 0
    for place, octet in enumerate(octets):
        if place % 64 == 0:
            octet &= 0x7F
        for bit in range(7, -1, -1):
            register = register << 1 | octet >> bit & 1
            if register & 0x10:
                register ^= 0x13
    for _ in range(4):  # x^4 times the block
        register <<= 1
        if register & 0x10:
            register ^= 0x13
    return register


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["crc"])
def test_vectors(vector):
    octets = block(vector)
    assert crc4(octets) == int(vector["crc"], 16)
    assert crc4_blocks(np.frombuffer(octets, np.uint8).reshape(1, 256))[0].item() == int(vector["crc"], 16)
    assert bit_by_bit(octets) == int(vector["crc"], 16)


@given(st.binary(min_size=256, max_size=256), st.integers(0, 256))
def test_both_ways_agree_with_division_bit_by_bit(octets, cut):
    expected = bit_by_bit(octets)
    assert crc4(octets[:cut]) ^ crc4(octets[cut:], cut) == expected
    blocks = np.frombuffer(octets + octets[::-1], np.uint8).reshape(2, 256)
    crcs, c_bits = crc4_blocks(blocks)
    assert crcs.tolist() == [expected, bit_by_bit(octets[::-1])]
    assert c_bits.tolist() == [c_bits_of(octets), c_bits_of(octets[::-1])]
