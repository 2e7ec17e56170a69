import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tandem.codecs import g711
from tandem.codecs.g711 import Law

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "g711" / "g711.json").read_text())
NAMES = {Law.A: "alaw", Law.MU: "ulaw"}
EVERY_OCTET = np.arange(256, dtype=np.uint8)
EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)

blocks = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, max_side=20))
laws = st.sampled_from(Law)


@pytest.mark.parametrize("law", Law)
def test_decode_equals_itu_tables(law):
    assert g711.decode(EVERY_OCTET, law).tolist() == VECTORS[f"{NAMES[law]}_to_linear16"]
    assert g711.decode(EVERY_OCTET, law).dtype == np.int16


@pytest.mark.parametrize("law", Law)
def test_encode_of_every_sample_equals_itu_library(law):
    octets = g711.encode(EVERY_SAMPLE, law)
    assert hashlib.sha256(octets.tobytes()).hexdigest() == VECTORS["sha256_full_encode"][NAMES[law]]


@pytest.mark.parametrize("law", Law)
def test_encode_thresholds(law):
    for lowest, code in VECTORS[f"{NAMES[law]}_positive_thresholds"]:
        assert g711.encode(np.array([lowest], dtype=np.int16), law)[0] == code
        if lowest:
            assert g711.encode(np.array([lowest - 1], dtype=np.int16), law)[0] != code


@pytest.mark.parametrize("law", Law)
def test_spot_values(law):
    for sample, name in ((0, "linear 0"), (-1, "linear -1"), (32767, "32767"), (-32768, "-32768")):
        expected = int(VECTORS["spot"][name][NAMES[law]], 16)
        assert g711.encode(np.array([sample], dtype=np.int16), law)[0] == expected
    assert g711.SILENCE[law] == g711.encode(np.zeros(1, dtype=np.int16), law)[0]


def test_every_code_survives_a_round_trip_but_negative_zero_of_mu_law():
    for law in Law:
        back = g711.encode(g711.decode(EVERY_OCTET, law), law)
        changed = EVERY_OCTET[back != EVERY_OCTET].tolist()
        assert changed == ([] if law is Law.A else [0x7F])


def test_conversion_tables_are_those_of_g711():
    assert g711.MU_TO_A.tolist() == VECTORS["ulaw_to_alaw"]
    assert g711.A_TO_MU.tolist() == VECTORS["alaw_to_ulaw"]
    assert g711.convert(EVERY_OCTET, Law.MU, Law.A).tolist() == VECTORS["ulaw_to_alaw"]
    assert g711.convert(EVERY_OCTET, Law.A, Law.MU).tolist() == VECTORS["alaw_to_ulaw"]


def test_two_conversions_change_sixteen_codes_each_way():
    assert np.count_nonzero(g711.A_TO_MU[g711.MU_TO_A] != EVERY_OCTET) == 16
    assert np.count_nonzero(g711.MU_TO_A[g711.A_TO_MU] != EVERY_OCTET) == 16


def test_conversion_keeps_the_value_within_the_coarser_step():
    """A converted code lies at most one step of the target law from the value it stands for."""
    for source, target in ((Law.A, Law.MU), (Law.MU, Law.A)):
        before = g711.decode(EVERY_OCTET, source).astype(int)
        after = g711.decode(g711.convert(EVERY_OCTET, source, target), target).astype(int)
        assert np.all(np.abs(after - before) <= 16 + np.abs(before) // 16)


@given(blocks, laws)
def test_same_law_is_the_same_array(octets, law):
    assert g711.convert(octets, law, law) is octets


@given(blocks, laws, laws)
def test_shape_is_kept_and_convert_into_agrees(octets, source, target):
    converted = g711.convert(octets, source, target)
    out = np.empty(octets.shape, dtype=np.uint8)
    g711.convert_into(octets, source, target, out)
    assert converted.shape == octets.shape
    assert converted.dtype == np.uint8
    assert np.array_equal(out, converted)
    in_place = octets.copy()
    g711.convert_into(in_place, source, target, in_place)
    assert np.array_equal(in_place, converted)


@given(blocks, laws)
def test_block_by_octet_equals_whole(octets, law):
    whole = g711.decode(octets, law)
    single = [int(g711.decode(np.array([octet], dtype=np.uint8), law)[0]) for octet in octets.ravel()]
    assert whole.shape == octets.shape
    assert whole.ravel().tolist() == single


def test_strided_arrays():
    octets = np.arange(200, dtype=np.uint8).reshape(10, 20)
    assert np.array_equal(g711.decode(octets[:, ::2], Law.A), g711.decode(octets, Law.A)[:, ::2])
    pcm = g711.decode(octets, Law.A)
    assert np.array_equal(g711.encode(pcm[:, ::3], Law.A), octets[:, ::3])


def test_tables_are_read_only():
    for table in (g711.MU_TO_A, g711.A_TO_MU, *g711.DECODE.values(), *g711.ENCODE.values()):
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 0


@pytest.mark.parametrize("source", list(Law))
@pytest.mark.parametrize("target", list(Law))
def test_gain_by_table(source: Law, target: Law) -> None:
    codes = np.arange(256, dtype=np.uint8)
    assert g711.gain_table(source, target, 0.0) == g711.convert(codes, source, target).tobytes()
    before = g711.decode(codes, source).astype(float)
    for decibels in (-6.0, 3.0, 20.0):
        octets = np.frombuffer(g711.gain_table(source, target, decibels), np.uint8)
        after = g711.decode(octets, target).astype(float)
        wanted = np.clip(before * 10 ** (decibels / 20), -32124, 32124)
        loud = np.abs(wanted) > 500
        assert np.all(np.abs(after[loud] / wanted[loud] - 1) < 0.04)
