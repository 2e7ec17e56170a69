from __future__ import annotations

import numpy as np
import pytest
from support.spans import spec_pair

from tandem.core.errors import ConfigurationError
from tandem.gateway.media.line import SpanLine
from tandem.gateway.media.timing import Timing
from tandem.hardware.registry import open_span
from tandem.hardware.span import Framing, LineFormat

FORMAT = LineFormat(Framing.BASIC)  # CRC-4 would cost most of the time, and has no say in clocks
BLOCK = np.full((160, 32), 0xD5, np.uint8)


class Network:
    """Lines of ours named a, b, ..., each from a far end with a clock of its own, which may stop; in our local time."""

    def __init__(self, order, *ppm, kind="virtual", options=""):
        self.kind = kind
        self.ends, lines = [], []
        for name, fast in zip("abc", ppm, strict=False):
            one, other = spec_pair(kind, options)
            lines.append(SpanLine(name, open_span(one, FORMAT), 0xD5))
            self.ends.append((open_span(other, FORMAT), 1 + fast * 1e-6))
        self.lines = lines
        self.timing = Timing(order, lines)
        self.silent = set()
        self.local = 0.0
        self._sent = [0] * len(lines)
        self._seconds = 0

    def run(self, seconds):
        for _ in range(round(seconds / 0.02)):
            self.local += 0.02
            for place, (end, speed) in enumerate(self.ends):
                due = (int(self.local * speed * 8000) - self._sent[place]) // 8 * 8
                self._sent[place] += due
                if due and place not in self.silent:
                    # Of meaning to timestamps; a virtual line passes on at once what is not of the future.
                    end.write(BLOCK[:1].repeat(due, 0), 0.0 if self.kind == "virtual" else self._sent[place] / 8000)
            now = self.timing.clock.steered(self.local)
            for line in self.lines:
                line.receive(now)
                line.span.write(BLOCK, now)
            if self.local >= self._seconds + 1:
                self._seconds += 1
                self.timing.second(now)
                for line in self.lines:
                    line.counters()

    @property
    def ppm(self):
        return self.timing.clock.rate * 1e6

    def close(self):
        for line in self.lines:
            line.span.close()
        for end, _ in self.ends:
            end.close()


def test_the_first_span_in_order_is_followed_then_the_next_then_the_rate_is_kept():
    network = Network(["a", "b"], 40, -25)
    network.run(50)
    assert network.timing.selector.source == "a"
    assert network.ppm == pytest.approx(40, abs=15)  # packets of 1 ms; test_clock_recovery has the accuracy
    assert network.timing.take_steered()
    network.silent = {0}
    network.run(3)
    assert network.timing.selector.source == "b"
    assert network.ppm == pytest.approx(-25, abs=15)
    kept = network.ppm
    assert network.timing.counters("b")["clock_followed"] == 1
    assert network.timing.counters("a") == {}
    network.silent = {0, 1}
    network.run(3)
    assert network.timing.selector.source is None
    assert network.ppm == kept
    network.close()


def test_the_system_is_a_clock_like_others():
    network = Network(["a", "system"], 40)
    network.run(5)
    assert (network.timing.selector.source, network.ppm) == ("system", 0.0)
    network.run(20)
    assert network.timing.selector.source == "a"
    network.silent = {0}
    network.run(3)
    assert (network.timing.selector.source, network.ppm) == ("system", 0.0)
    network.close()


def test_timestamps_of_a_common_clock_are_used_where_there_are_some():
    """The far end stamps with the time it is given, which is that of its own line: so both are the same."""
    network = Network(["a"], 40, kind="satop", options=",rtp=differential,clock=8000000")
    network.run(20)
    assert network.timing.selector.source == "a"
    assert network.ppm == pytest.approx(0, abs=1)
    network.close()


def test_an_unknown_span_is_a_clear_error():
    with pytest.raises(ConfigurationError, match="there is no span 'z'"):
        Network(["z"], 0)


def test_time_goes_on():
    timing = Timing(["system"], [])
    first = timing.now()
    assert timing.now() >= first
    assert not timing.take_steered()
