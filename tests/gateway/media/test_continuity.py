"""Listening for the continuity-check tone."""

import numpy as np

from tandem.codecs import g711
from tandem.codecs.g711 import Law
from tandem.codecs.tones import sine
from tandem.gateway.media.continuity import BLOCKS, ContinuityListener
from tandem.gateway.media.matrix import Matrix
from tandem.gateway.media.protocol import ContinuityHeard, TimeslotEndpoint

HERE = TimeslotEndpoint("e1", 3)
TONE = g711.encode(sine(2000, -12, 160), Law.A)
NOISE = g711.encode(np.random.default_rng(1).integers(-4000, 4000, 160).astype(np.int16), Law.A)


def hear(listener, matrix, *blocks):
    told = []
    for block in blocks:
        matrix.rows[matrix.row(5)] = block
        told += listener.listen(matrix)
    return told


def test_the_tone_is_told_once_after_some_blocks():
    listener, matrix = ContinuityListener(), Matrix(2, 32)
    listener.start(5, HERE)
    assert hear(listener, matrix, *[TONE] * (BLOCKS - 1)) == []
    assert hear(listener, matrix, *[TONE] * 5) == [ContinuityHeard(HERE)]


def test_it_must_be_heard_without_a_break():
    listener, matrix = ContinuityListener(), Matrix(2, 32)
    listener.start(5, HERE)
    assert hear(listener, matrix, TONE, TONE, NOISE, TONE, TONE) == []


def test_a_timeslot_that_sends_something_else_is_not_listened_to():
    listener, matrix = ContinuityListener(), Matrix(2, 32)
    listener.start(5, HERE)
    listener.stop(5)
    listener.stop(6)
    assert hear(listener, matrix, *[TONE] * 5) == []
