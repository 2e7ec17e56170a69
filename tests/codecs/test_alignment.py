import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tandem.codecs.alignment import Piece, align
from tandem.codecs.quality import probe

SENT = probe(12000, seed=5).astype(np.float64)


def test_piece_names_its_ends():
    piece = Piece(received_start=100, sent_start=40, length=60)
    assert (piece.lag, piece.received_end, piece.sent_end) == (60, 160, 100)


def test_one_piece():
    received = np.concatenate([np.zeros(500), SENT, np.zeros(303)])
    assert align(SENT, received) == [Piece(500, 0, SENT.size)]


def test_last_block_that_is_not_whole():
    assert align(SENT, SENT[:-3]) == [Piece(0, 0, SENT.size - 3)]


def test_pieces_in_the_order_received():
    received = np.concatenate([SENT[6000:], SENT[:6000]])
    first, second = align(SENT, received)
    assert (first.sent_end, second.sent_end) == (SENT.size, 6000)
    assert (first.lag, second.lag) == (-6000, 6000)


def test_nothing_in_common_or_nothing_there():
    assert align(SENT, probe(12000, seed=6).astype(np.float64)) == []
    assert align(SENT, np.zeros(12000)) == []
    assert align(np.zeros(12000), SENT) == []
    assert align(SENT, SENT[:5]) == []


signals = hnp.arrays(np.int16, st.integers(0, 600)).map(lambda samples: samples.astype(np.float64))


@settings(max_examples=50, deadline=None)
@given(signals, signals)
def test_pieces_of_any_signals_lie_within_both(sent, received):
    end = 0
    for piece in align(sent, received):
        assert piece.length > 0
        assert end <= piece.received_start
        assert piece.received_end <= received.size
        assert piece.sent_start >= 0
        assert piece.sent_end <= sent.size
        end = piece.received_end
