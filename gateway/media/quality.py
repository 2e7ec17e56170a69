"""How good the speech of an RTP leg was, from what its statistics say."""

from __future__ import annotations

from typing import Final

from tandem.codecs.emodel import CONCEALED, opinion, rating
from tandem.gateway.media.protocol import MediaStatistics

_FRAME_MS: Final = 20


def judge(statistics: MediaStatistics, waiting: int) -> None:
    """Fill in how good what came was, by the share that was made up and by the delay; `waiting` octets wait.

    For the way to us half of the round trip is taken; where that is not known, the delay is that of packets and buffer.
    """
    heard = statistics.octets_received / 8
    if heard:
        loss = 100 * statistics.concealed_ms / (heard + statistics.concealed_ms)
        delay = statistics.round_trip_ms / 2 + waiting / 8 + _FRAME_MS
        statistics.mos = round(opinion(rating(CONCEALED, loss, delay)), 2)
