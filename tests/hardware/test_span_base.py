from __future__ import annotations

import numpy as np
import pytest
from support.e1 import speech

from tandem.core.errors import SpanError
from tandem.hardware.alarms import Alarm
from tandem.hardware.line import E1Line
from tandem.hardware.span_base import LineSpan, SpanAround


class Looped(LineSpan):
    """What is given is taken."""

    def __init__(self):
        super().__init__("looped:", 8, E1Line(), burst=5)
        self.octets = []
        self.closed = False

    def take(self, now):
        octets, self.octets = b"".join(self.octets), []
        return octets

    def give(self, octets, now):
        self.octets.append(octets)

    def close(self):
        self.closed = True


@pytest.fixture(params=[False, True], ids=["itself", "within another"])
def span(request):
    looped = Looped()
    return SpanAround("around:", looped) if request.param else looped


def test_frames_are_framed_given_taken_and_deframed(span):
    frames = speech(160)
    received = []
    for step in range(10):
        span.write(frames, step / 50)
        received.append(span.read(step / 50))
    assert (np.concatenate(received)[-160:, 1:] == frames[:, 1:]).all()
    assert span.alarms() == set()
    assert span.counters() == span.termination.counters()
    assert span.counters()["frames_in"] >= 1500


def test_frames_that_are_no_multiple_of_the_quantum_are_refused(span):
    with pytest.raises(SpanError, match=f"span '{span.spec}': 12 frames are no multiple of 8"):
        span.write(speech(12), 0.0)


def test_one_that_gives_nothing_has_los_and_nothing_to_poll(span):
    span.read(0.0)
    assert span.alarms() == {Alarm.LOS}
    assert span.fileno() is None
    assert (span.quantum, span.burst) == (8, 5)


def test_what_is_around_closes_what_is_within():
    looped = Looped()
    SpanAround("around:", looped).close()
    assert looped.closed
