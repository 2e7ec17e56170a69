"""The quality of a speech path in numbers: what came of a known signal sent into it.

Send `probe`, record what arrives, `measure` the two. All signals are linear samples; `measure_octets` takes G.711.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tandem.codecs import g711
from tandem.codecs.alignment import Piece, Signal, align
from tandem.codecs.g711 import Law, Octets, Samples

#: Root mean square of the probe: -16 dBm0 in the 16-bit scale of G.711, the level of speech spoken up.
_PROBE_LEVEL: Final = 2560.0


@dataclass(frozen=True, slots=True)
class Quality:
    """What a path did to a signal."""

    snr_db: float
    """Signal to noise over what arrived, dB; infinity for an exact copy, minus infinity when nothing arrived."""
    delay_samples: int | None
    """Lag at which most of the signal arrived; None when nothing did."""
    lost_samples: int
    """Sent samples that never arrived between the first and the last that could have."""
    repeated_samples: int
    """Sent samples that arrived again."""
    unmatched_samples: int
    """Received samples within the signal that are nothing of what was sent: concealment, silence, noise."""
    matched_samples: int
    """Received samples that are a piece of the sent signal."""
    rate: int = 8000
    """Samples a second."""
    pieces: tuple[Piece, ...] = field(default=(), repr=False)
    """The stretches that arrived whole, in the order received."""

    @property
    def delay_ms(self) -> float | None:
        """The delay in milliseconds."""
        return None if self.delay_samples is None else 1000 * self.delay_samples / self.rate

    @property
    def heard(self) -> bool:
        """Whether any of the sent signal was found in the received one."""
        return self.matched_samples > 0

    @property
    def exact(self) -> bool:
        """Whether the signal arrived bit for bit, with nothing lost, repeated or put in."""
        clean = not (self.lost_samples or self.repeated_samples or self.unmatched_samples)
        return clean and self.heard and self.snr_db == np.inf

    def __str__(self) -> str:
        if not self.heard:
            return "nothing heard"
        snr = ("exact" if self.exact else "no noise") if self.snr_db == np.inf else f"SNR {self.snr_db:.1f} dB"
        return (
            f"{snr}, delay {self.delay_ms:.1f} ms, lost {self.lost_samples}, repeated {self.repeated_samples} samples"
        )


def measure(sent: NDArray[Any], received: NDArray[Any], rate: int = 8000) -> Quality:
    """Compare one-dimensional signals of linear samples in the 16-bit scale.

    `received` may begin before `sent` (delay) or in the middle of it, and end as freely: what is cut off at an end
    because the other signal has nothing there is not counted as lost. Stretches shorter than about 48 samples that
    are silenced or repeated may be counted as noise instead.
    """
    before, after = np.asarray(sent, dtype=np.float64), np.asarray(received, dtype=np.float64)
    pieces = align(before, after)
    if not pieces:
        lost = min(before.size, after.size) if np.any(before) else 0
        return Quality(-np.inf, None, lost, 0, 0, 0, rate)
    lost = _lost_at_ends(pieces, before.size, after.size)
    repeated = unmatched = 0
    for piece, follower in pairwise(pieces):
        step = follower.sent_start - piece.sent_end
        lost += max(step, 0)
        repeated += max(-step, 0)
        unmatched += follower.received_start - piece.received_end
    return Quality(
        _snr(before, after, pieces),
        _main_lag(pieces),
        lost,
        repeated,
        unmatched,
        sum(piece.length for piece in pieces),
        rate,
        tuple(pieces),
    )


def measure_octets(sent: Octets, sent_law: Law, received: Octets, received_law: Law) -> Quality:
    """As `measure`, of two streams of G.711 octets."""
    return measure(g711.decode(sent, sent_law), g711.decode(received, received_law))


def probe(samples: int, seed: int = 1) -> Samples:
    """Noise of the telephone band (300-3400 Hz) in syllables, the same for the same arguments, at -16 dBm0.

    It never repeats itself, so that each 30 ms of it can be told from all others, and has no pauses.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    carrier = _band(generator.standard_normal(samples), 300, 3400)
    syllables = np.abs(_band(generator.standard_normal(samples), 0.5, 6))
    wave = carrier * (0.25 + syllables / max(float(syllables.max(initial=0.0)), 1e-9))
    level = float(np.sqrt(np.mean(wave**2))) if samples else 1.0
    return np.clip(np.rint(wave * (_PROBE_LEVEL / max(level, 1e-9))), -32768, 32767).astype(np.int16)


def _band(noise: Signal, low: float, high: float) -> Signal:
    """What of `noise` lies between two frequencies (Hz)."""
    if not noise.size:
        return noise
    lines = np.fft.rfft(noise)
    frequencies = np.fft.rfftfreq(noise.size, 1 / 8000)
    lines[(frequencies < low) | (frequencies > high)] = 0
    return np.fft.irfft(lines, noise.size)


def _lost_at_ends(pieces: list[Piece], sent_size: int, received_size: int) -> int:
    """Sent samples missing before the first and behind the last piece, of those that the receiver listened for."""
    first, last = pieces[0], pieces[-1]
    lost_first = min(first.sent_start, first.received_start)
    return lost_first + min(sent_size - last.sent_end, received_size - last.received_end)


def _main_lag(pieces: list[Piece]) -> int:
    """The lag that most samples have."""
    totals: dict[int, int] = {}
    for piece in pieces:
        totals[piece.lag] = totals.get(piece.lag, 0) + piece.length
    return max(totals, key=lambda lag: totals[lag])


def _snr(sent: Signal, received: Signal, pieces: list[Piece]) -> float:
    """Signal to noise in dB over `pieces`."""
    signal = noise = 0.0
    for piece in pieces:
        expected = sent[piece.sent_start : piece.sent_end]
        signal += float(np.sum(expected**2))
        noise += float(np.sum((received[piece.received_start : piece.received_end] - expected) ** 2))
    return 10 * float(np.log10(signal / noise)) if noise else np.inf
