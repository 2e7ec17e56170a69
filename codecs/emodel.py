"""The E-model (ITU-T G.107) with all but codec, loss and delay at its defaults: how good a connection is."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import Final

BEST: Final = 93.2
"""The rating R with every parameter of G.107 at its default."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec in G.113 appendix I."""

    impairment: float
    """Equipment impairment factor Ie."""
    robustness: float
    """Packet-loss robustness factor Bpl."""


CODECS: Final = {
    "PCMU": Codec(0.0, 4.3),
    "PCMA": Codec(0.0, 4.3),
    "G729": Codec(11.0, 19.0),
    "G723": Codec(15.0, 16.1),
}
"""By the name of RTP; G.711 without concealment of loss."""
CONCEALED: Final = Codec(0.0, 25.1)
"""G.711 with concealment of loss as in its Appendix I (G.113 appendix I, recalled)."""


def rating(codec: Codec, loss_percent: float, delay_ms: float = 0.0) -> float:
    """R for random loss (G.107 7.5) and a one-way delay without echo (7.4, Idd)."""
    share = loss_percent / (loss_percent + codec.robustness)
    loss = codec.impairment + (95 - codec.impairment) * share
    delay = 0.0
    if delay_ms > 100:
        doublings = log2(delay_ms / 100)
        delay = 25 * ((1 + doublings**6) ** (1 / 6) - 3 * (1 + (doublings / 3) ** 6) ** (1 / 6) + 2)
    return BEST - loss - delay


def opinion(rated: float) -> float:
    """MOS-CQE of a rating (G.107 Annex B), 1 to 4.5."""
    if rated <= 0:
        return 1.0
    mos = 1 + 0.035 * rated + rated * (rated - 60) * (100 - rated) * 7e-6
    return min(4.5, max(1.0, mos))
