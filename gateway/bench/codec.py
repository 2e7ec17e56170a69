"""How many samples a second G.711 coding takes, next to coding one call at a time by arithmetic."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from tandem.codecs import g711
from tandem.codecs.g711 import Law, Octets, Samples

#: Channels and samples of a block: 16 E1s of 30 calls for one tick of 20 ms.
SHAPE: Final = (480, 160)
#: What one channel needs.
_SAMPLES_PER_SECOND: Final = 8000


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds` in all.

    Each of `decode`, `encode` and `convert` has `samples_per_second` (whole blocks by table), `reference` (the same in
    this run for one call after another, by numpy arithmetic), `times_reference` and `channels_per_core`.
    """
    octets = np.random.default_rng(711).integers(0, 256, SHAPE, dtype=np.uint8)
    pcm = g711.decode(octets, Law.A)
    out = np.empty_like(octets)
    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "decode": (lambda: g711.decode(octets, Law.A), lambda: [decode_a_by_arithmetic(call) for call in octets]),
        "encode": (lambda: g711.encode(pcm, Law.A), lambda: [encode_a_by_arithmetic(call) for call in pcm]),
        "convert": (
            lambda: g711.convert_into(octets, Law.A, Law.MU, out),
            lambda: [g711.convert(call, Law.A, Law.MU) for call in octets],
        ),
    }
    share = seconds / (2 * len(pairs))
    result: dict[str, Any] = {"shape": list(SHAPE)}
    for name, (table, reference) in pairs.items():
        rate, reference_rate = _rate(table, share), _rate(reference, share)
        result[name] = {
            "samples_per_second": round(rate),
            "reference_samples_per_second": round(reference_rate),
            "times_reference": round(rate / reference_rate, 1),
            "channels_per_core": int(rate / _SAMPLES_PER_SECOND),
        }
    return result


def decode_a_by_arithmetic(octets: Octets) -> Samples:
    """A-law to linear without a table, G.191: the reference."""
    codes = octets.astype(np.int32) ^ 0x55
    exponent, mantissa = codes >> 4 & 7, codes & 15
    value = np.where(exponent == 0, 16 * mantissa + 8, 16 * mantissa + 264 << np.maximum(exponent - 1, 0))
    return np.where(codes & 0x80, value, -value).astype(np.int16)


def encode_a_by_arithmetic(pcm: Samples) -> Octets:
    """Linear to A-law without a table, G.191: the reference."""
    samples = pcm.astype(np.int32)
    level = np.where(samples < 0, ~samples, samples) >> 4
    # frexp's exponent is the number of bits of the level; segment 1 begins with five of them.
    exponent = np.maximum(np.frexp(level.astype(np.float32))[1] - 4, 0)
    code = exponent << 4 | level >> np.maximum(exponent - 1, 0) & 15 | np.where(samples < 0, 0, 0x80)
    return np.asarray(code ^ 0x55, dtype=np.uint8)


def _rate(work: Callable[[], object], seconds: float) -> float:
    """Samples a second of CPU time over calls of `work`, each one block, for at least `seconds` of it."""
    work()
    rounds, start = 0, time.process_time()
    while (elapsed := time.process_time() - start) < seconds or not rounds:
        work()
        rounds += 1
    return rounds * SHAPE[0] * SHAPE[1] / elapsed
