"""The compiled loops beside what they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tandem.codecs import dtmf_detector, g711, speed
from tandem.codecs.dtmf_detector import TICK, DtmfDetector
from tandem.codecs.g711 import Law
from tandem.codecs.tones import dtmf_octets

speedups = speed.speedups
pytestmark = pytest.mark.skipif(speedups is None, reason="Tandem was installed here without a C compiler")

#: What a channel hears for some ticks: silence, a digit, noise or a tone of so many dBm0, or one octet again and again.
sounds = st.tuples(
    st.sampled_from(["silence", "digit", "noise", "tone", "octet"]), st.integers(-50, 0), st.integers(0, 99)
)


def octets_of(sound, law, ticks):
    kind, level, seed = sound
    count = TICK * ticks
    random = np.random.default_rng(seed)
    peak = 32768 * 10 ** ((level - 3.14) / 20)
    if kind == "digit":
        return np.resize(dtmf_octets("123A456B789C*0#D"[seed % 16], law, 1000), count)
    if kind == "octet":
        return np.full(count, 2 * seed + level % 2, np.uint8)
    wave = {
        "silence": lambda: np.zeros(count),
        "noise": lambda: random.normal(0, peak / np.sqrt(2), count),
        "tone": lambda: peak * np.sin(2 * np.pi * (300 + 30 * seed) * np.arange(count) / 8000),
    }[kind]()
    return g711.encode(np.clip(np.rint(wave), -32768, 32767).astype(np.int16), law)


@given(
    st.sampled_from([Law.A, Law.MU]),
    st.lists(st.tuples(st.lists(sounds, min_size=3, max_size=3), st.integers(1, 5), st.integers(0, 6)), max_size=8),
)
@example(Law.A, [([("tone", level, 20), ("noise", level, 1), ("tone", level, 40)], 1, 0) for level in range(-30, -20)])
@example(
    Law.MU,
    [
        ([("digit", 0, 5), ("silence", 0, 0), ("silence", 0, 0)], 3, 0),
        ([("silence", 0, 0), ("silence", 0, 0), ("digit", 0, 7)], 2, 1),  # the first hears another call
        ([("silence", 0, 0)] * 3, 4, 0),
        ([("octet", 0, 60), ("octet", 0, 62), ("silence", 0, 0)], 4, 0),
        ([("octet", 0, 60), ("octet", 0, 63), ("silence", 0, 0)], 4, 2),
        ([("octet", 0, 60), ("octet", 0, 0), ("silence", 0, 0)], 4, 0),  # now one is loud
    ],
)
@settings(max_examples=100, deadline=None)
def test_digits_of_anything(law, steps):
    compiled = DtmfDetector(3, law)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "speedups", None)
        plain = DtmfDetector(3, law)
    for heard, ticks, reset in steps:
        if 0 < reset <= 3:
            compiled.reset(reset - 1)
            plain.reset(reset - 1)
        if reset == 6:
            compiled.grow(1)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(speed, "speedups", None)
                plain.grow(1)
        heard = (heard * 9)[: compiled.channels]
        octets = np.array([octets_of(sound, law, ticks) for sound in heard])
        for start in range(0, TICK * ticks, TICK):
            tick = octets[:, start : start + TICK]
            if reset % 2:
                found = compiled.rows(np.ascontiguousarray(tick[::-1]), np.arange(len(tick))[::-1].copy())
            else:
                found = compiled.octets(np.asfortranarray(tick) if start else tick)
            assert plain.octets(tick) == found
            for name in ("_position", *dtmf_detector._STATE):
                assert np.array_equal(getattr(compiled, name), getattr(plain, name)), name


def test_silence_is_not_looked_at_by_numpy(monkeypatch):
    detector = DtmfDetector(2, Law.A)
    digit, silence = dtmf_octets("5", Law.A, 1000), np.full((2, TICK), g711.SILENCE[Law.A], np.uint8)
    ticks = 0
    tick = detector._tick

    def counted():
        nonlocal ticks
        ticks += 1
        return tick()

    monkeypatch.setattr(detector, "_tick", counted)
    detector.octets(silence)
    assert ticks == 0
    for start in range(0, 5 * TICK, TICK):
        detector.octets(np.array([silence[0], digit[start : start + TICK]]))
    assert ticks == 5
    for _ in range(9):
        detector.octets(silence)
    assert 5 < ticks < 14, "until the digit is over, and not longer"


@pytest.mark.parametrize(
    ("octets", "table", "samples", "power"),
    [
        ((2, 160), 256, (1, 222), (222, 4)),
        ((2, 160), 255, (2, 222), (222, 4)),
        ((2, 160), 256, (2, 160), (160, 4)),
        ((2, 160), 256, (2, 322), (322, 4)),
        ((2, 160), 256, (2, 222), (221, 4)),
        ((2, 160), 256, (2, 222), (222, 3)),
    ],
)
def test_samples_that_do_not_fit(octets, table, samples, power):
    arrays = (np.zeros(shape, np.float32) for shape in (table, samples, power))
    with pytest.raises(ValueError, match="sample"):
        speedups.Ears(*arrays, 160, 1.0).hear(np.zeros(octets, np.uint8))


def test_rows_that_are_not_there_or_do_not_fit():
    detector = DtmfDetector(2, Law.A)
    rows = np.zeros((3, TICK), np.uint8)
    for chosen in ([0, 3], [-1, 0]):
        with pytest.raises(IndexError):
            detector.rows(rows, np.array(chosen))
    for wrong in ((rows, [0]), (rows[:, 1:].copy(), [0, 1])):
        with pytest.raises(ValueError, match="each channel"):
            detector.rows(wrong[0], np.array(wrong[1]))
    with pytest.raises(IndexError):
        speedups.Ears(detector._table, detector._samples, detector._power, TICK, 1.0).forget(2)
