from __future__ import annotations

from tandem.gateway.bench import cards


def test_every_figure_and_the_delay_that_the_buffers_make():
    result = cards.run(0.01)
    for driver in ("e1d", "dahdi"):
        for name, chunk_ms in (("5_ms", 5), ("20_ms", 20)):
            figures = result[driver][name]
            assert figures["microseconds_per_block"] > 0
            assert figures["spans_per_core"] > 0
            # Three chunks wait to be sent; what comes is read at once.
            assert figures["latency_ms"] == 3 * chunk_ms
