from __future__ import annotations

import pytest

from tandem.core.errors import TandemError
from tandem.gateway.bench.media import FUNCTIONS, run

KEYS = {"calls", "core_percent", "core_percent_per_call", "worst_tick_late_ms", "lost_packets", "mode"}


@pytest.mark.parametrize(("mode", "spans", "legs"), [("timeslot", 2, 31), ("rtp", 0, 62)])
def test_a_short_run_loses_nothing(mode: str, spans: int, legs: int) -> None:
    result = run(31, 1.0, mode)
    assert result.keys() >= KEYS
    assert (result["calls"], result["spans"], result["lost_packets"]) == (31, spans, 0)
    assert result["core_percent"] > 0
    assert result["packets"] > 2 * 45 * legs


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(TandemError, match="timeslot"):
        run(1, 1.0, "telepathy")


def test_every_function_at_once() -> None:
    result = run(4, 1.0, "timeslot", FUNCTIONS)
    assert result["functions"] == " ".join(sorted(FUNCTIONS))
    assert (result["lost_packets"], result["late_packets"]) == (0, 0)
    assert result["packets"] > 4 * 45
