from __future__ import annotations

import numpy as np
import pytest

from tandem.codecs.g711 import SILENCE, Law, decode
from tandem.gateway.media.fade import STEP, fade


@pytest.mark.parametrize("law", list(Law))
def test_every_octet_gets_quieter_by_the_step(law: Law) -> None:
    codes = np.arange(256, dtype=np.uint8)
    before, after = decode(codes, law).astype(float), decode(fade(law.value, codes), law).astype(float)
    assert np.all(np.sign(after) * np.sign(before) >= 0)
    loud = np.abs(before) > 500
    assert np.all(np.abs(after[loud] / before[loud] - STEP) < 0.04)


@pytest.mark.parametrize("law", list(Law))
def test_it_ends_in_near_silence(law: Law) -> None:
    octets = np.arange(256, dtype=np.uint8)
    for _ in range(25):
        octets = fade(law.value, octets)
    assert np.max(np.abs(decode(octets, law))) <= abs(int(decode(np.array([SILENCE[law]], np.uint8), law)[0])) + 24
