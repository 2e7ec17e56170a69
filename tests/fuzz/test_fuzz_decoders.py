"""A short run of the fuzzer over every decoder, always the same inputs."""

import random

import pytest
from fuzz.fuzz_decoders import TARGETS, Target, an_input, check_loudly, fuzz


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_any_octets_give_a_value_or_a_decode_error(target):
    source = random.Random(target.name)
    for _ in range(150):
        check_loudly(target, an_input(target, source))


def test_well_formed_input_is_accepted():
    for target in TARGETS:
        if target.name in ("isup-itu", "mtp2", "rtp", "telephone-event", "satop", "sdp", "explain-isup-itu"):
            assert all(check_loudly(target, seed) for seed in target.seeds[:30]), target.name


def test_a_broken_decoder_is_found():
    broken = Target("broken", lambda octets: octets[3], [b"\x01\x02\x03\x04"])
    with pytest.raises(AssertionError, match="broken: IndexError"):
        fuzz([broken], 0.5, random.Random(1))
