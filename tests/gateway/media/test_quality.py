"""How good speech was, from statistics."""

import pytest

from tandem.gateway.media.protocol import MediaStatistics
from tandem.gateway.media.quality import judge


@pytest.mark.parametrize(
    ("concealed_ms", "round_trip_ms", "waiting", "least", "most"),
    [(0, 0.0, 0, 4.35, 4.45), (300, 0.0, 0, 3.9, 4.2), (0, 700.0, 480, 3.4, 3.5), (10_000, 0.0, 0, 1.0, 1.9)],
)
def test_loss_and_delay_make_it_worse(concealed_ms, round_trip_ms, waiting, least, most):
    statistics = MediaStatistics(
        octets_received=80_000 - concealed_ms * 8 * (concealed_ms < 10_000),
        concealed_ms=concealed_ms,
        round_trip_ms=round_trip_ms,
    )
    judge(statistics, waiting)
    assert least <= statistics.mos <= most


def test_where_nothing_came_there_is_nothing_to_judge():
    statistics = MediaStatistics()
    judge(statistics, 0)
    assert statistics.mos == 0
