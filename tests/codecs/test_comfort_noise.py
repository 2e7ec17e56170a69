from __future__ import annotations

import numpy as np
import pytest

from tandem.codecs.comfort_noise import level_dbov, noise_block, parse_level, power
from tandem.codecs.g711 import SILENCE, Law, encode


def test_the_level_is_seven_bits_of_the_first_octet() -> None:
    assert parse_level(b"\x40") == 64
    assert parse_level(b"\xc0\x01\x02") == 64
    assert parse_level(b"") is None


@pytest.mark.parametrize("law", list(Law))
@pytest.mark.parametrize("level", [20, 40, 60])
def test_noise_has_the_level_that_is_measured_of_it(law: Law, level: int) -> None:
    octets = noise_block(law, level, 100, 7900)[None]
    assert level_dbov(power(octets, np.array([law is Law.MU])))[0] == pytest.approx(level, abs=1)


def test_a_square_wave_of_full_scale_is_0_dbov_and_silence_the_lowest_level() -> None:
    square = encode(np.tile(np.array([32767, -32768], np.int16), 80), Law.A)[None]
    assert level_dbov(power(square, np.array([False])))[0] == 0
    for law in Law:
        silence = np.full((1, 160), SILENCE[law], np.uint8)
        assert level_dbov(power(silence, np.array([law is Law.MU])))[0] == 127


@pytest.mark.parametrize("law", list(Law))
def test_blocks_follow_on_each_other_and_never_end(law: Law) -> None:
    whole = np.concatenate([noise_block(law, 40, start, 160) for start in range(0, 16160, 160)])
    assert (whole[:8000] == whole[8000:16000]).all()
    assert (noise_block(law, 40, 7950, 160) == np.r_[whole[7950:8000], whole[:110]]).all()
    assert len(noise_block(law, 40, 12345, 33)) == 33


def test_the_lowest_level_is_silence() -> None:
    for law in Law:
        assert (noise_block(law, 127, 0, 160) == SILENCE[law]).all()
