from __future__ import annotations

import numpy as np
import pytest

from tandem.codecs.concealment import HISTORY, OVERLAP
from tandem.codecs.g711 import SILENCE, Law, decode, encode
from tandem.gateway.media.conceal import Concealment


def voice(law: Law, samples: int, start: int = 0) -> np.ndarray:
    """A tone of 100 Hz."""
    return encode((8000 * np.sin(2 * np.pi * np.arange(start, start + samples) / 80)).astype(np.int16), law)


@pytest.fixture(params=list(Law))
def law(request: pytest.FixtureRequest) -> Law:
    return request.param


def test_blocks_follow_on_each_other_until_silence(law: Law) -> None:
    concealment = Concealment()
    concealment.open(4, law.value)
    concealment.begin(4, voice(law, HISTORY))
    assert 4 in concealment
    blocks = np.zeros((5, 160), np.uint8)
    for block in blocks:
        concealment.make(4, block)
    levels = [float(np.abs(decode(block, law).astype(float)).mean()) for block in blocks]
    assert levels[0] > levels[1] > levels[2] > 100
    assert (blocks[3:] == SILENCE[law]).all()
    joined = decode(blocks.reshape(-1)[:480], law).astype(float)
    assert np.abs(np.diff(joined)).max() < 1000
    expected = decode(voice(law, 80, HISTORY), law).astype(float)
    assert np.abs(joined[:80] - expected).max() < 600


def test_speech_comes_back_without_a_step(law: Law) -> None:
    concealment = Concealment()
    concealment.open(0, law.value)
    concealment.begin(0, voice(law, HISTORY))
    made, back = np.zeros(160, np.uint8), voice(law, 160, HISTORY + 160 + 30)
    untouched = back.copy()
    concealment.make(0, made)
    concealment.join(0, back)
    assert 0 not in concealment
    assert (back[OVERLAP:] == untouched[OVERLAP:]).all()
    assert np.abs(np.diff(decode(np.concatenate((made, back)), law).astype(float))).max() < 1500


def test_two_blocks_become_one(law: Law) -> None:
    concealment = Concealment()
    concealment.open(0, law.value)
    first, second = voice(law, 160), voice(law, 160, 160)
    last = second[-8:].copy()
    start = decode(first[:8], law).astype(float)
    concealment.overlap(0, first, second)
    assert np.abs(decode(second[:8], law) - start).max() < 400
    assert np.abs(decode(second[-8:], law) - decode(last, law).astype(float)).max() < 400


def test_what_is_quiet(law: Law) -> None:
    concealment = Concealment()
    concealment.open(0, law.value)
    assert concealment.is_quiet(0, np.full(160, SILENCE[law], np.uint8))
    assert not concealment.is_quiet(0, voice(law, 160))


def test_nothing_is_left_of_the_leg_before(law: Law) -> None:
    concealment = Concealment()
    concealment.open(0, law.value)
    concealment.begin(0, voice(law, HISTORY))
    concealment.end(0)
    assert 0 not in concealment
    concealment.begin(0, voice(law, HISTORY))
    concealment.open(0, "A")
    assert 0 not in concealment
    concealment.begin(0, voice(law, HISTORY))
    concealment.close(0)
    assert 0 not in concealment
