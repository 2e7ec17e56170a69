"""Which stretch of a received signal is which stretch of the sent one.

A speech path may delay, drop, repeat or replace samples, so that the received signal is the sent one in pieces, each
with its own lag. The lags that occur are found by cross-correlation; the path through them with the least error,
with a price on every change, gives the pieces (Viterbi); their borders are then set to the sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

#: Samples that are judged together.
_BLOCK: Final = 8
#: Samples that are correlated to find the lag of one place: 30 ms, enough to be unlike every other place.
_WINDOW: Final = 240
#: How far from the last known lag another is looked for, samples: a little over two seconds.
_REACH: Final = 17000
#: Correlation (0 to 1) from which on a window is taken for a copy of a sent one.
_ALIKE: Final = 0.5
#: Error of a block, 0 (equal) to 1 (unrelated), that is as bad as calling it unmatched: about 8 dB of noise.
_UNMATCHED: Final = 0.3
#: Price of a change of lag, in the errors of blocks: with it a stretch of 48 samples or more is told from a click.
_CHANGE: Final = 2.0
#: Power of a sample below which it is taken for silence: between digital silence in A-law and faint noise.
_QUIET: Final = 400.0
#: Error of a sample where nothing was sent: above the square of any difference of two 16-bit samples.
_OUTSIDE: Final = 1e10
#: The most lags that are told apart; a path with more is no path.
_MOST_LAGS: Final = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch that arrived whole."""

    received_start: int
    sent_start: int
    length: int

    @property
    def lag(self) -> int:
        """Samples by which the received signal is behind."""
        return self.received_start - self.sent_start

    @property
    def received_end(self) -> int:
        """Index behind the last sample in the received signal."""
        return self.received_start + self.length

    @property
    def sent_end(self) -> int:
        """Index behind the last sample in the sent signal."""
        return self.sent_start + self.length


def align(sent: Signal, received: Signal) -> list[Piece]:
    """The pieces of `sent` in `received`, in the order received; empty when it is not in there (or silent)."""
    if not (_audible(sent) and _audible(received)) or received.size < _BLOCK:
        return []
    lags = _find_lags(sent, received)
    path = _best_path(_block_errors(sent, received, lags))
    return _pieces(sent, received, lags, path)


def _audible(signal: Signal) -> bool:
    return bool(signal.size) and float(np.mean(signal**2)) > _QUIET


def _correlate(sent: Signal, received: Signal) -> tuple[Signal, int]:
    """Cross-correlation by lag, and the lag of its first value."""
    size = 1 << (sent.size + received.size - 1).bit_length()
    product = np.fft.rfft(received, size) * np.conj(np.fft.rfft(sent, size))
    circular = np.fft.irfft(product, size)
    return np.concatenate([circular[size - sent.size + 1 :], circular[: received.size]]), 1 - sent.size


def _find_lags(sent: Signal, received: Signal) -> list[int]:
    """Every lag at which some window of `received` is like `sent`, the commonest first."""
    correlation, first = _correlate(sent, received)
    lags = [int(np.argmax(correlation)) + first]
    near = lags[0]
    for start in range(0, max(received.size - _WINDOW, 0) + 1, _WINDOW // 3):
        window = received[start : start + _WINDOW]
        if not _audible(window) or any(_explains(lag, sent, window, start) for lag in lags):
            continue
        lag = _lag_of_window(sent, window, start, near)
        if lag is not None and lag not in lags:
            near = lag
            lags.append(lag)
            if len(lags) == _MOST_LAGS:
                break
    return lags


def _explains(lag: int, sent: Signal, window: Signal, start: int) -> bool:
    """Whether `window`, received at `start`, is `sent` at `lag` with hardly an error."""
    begin = start - lag
    if begin < 0 or begin + window.size > sent.size:
        return False
    expected = sent[begin : begin + window.size]
    error = float(np.sum((window - expected) ** 2))
    return error < 0.1 * float(np.sum(window**2) + np.sum(expected**2))


def _lag_of_window(sent: Signal, window: Signal, start: int, near: int) -> int | None:
    """The lag, not far from `near`, at which `window` is most like `sent`, or None when it is nowhere."""
    begin = max(0, start - near - _REACH)
    searched = sent[begin : max(0, start - near + _REACH + window.size)]
    if searched.size < window.size:
        return None
    size = 1 << (searched.size + window.size - 1).bit_length()
    product = np.fft.rfft(searched, size) * np.conj(np.fft.rfft(window, size))
    correlation = np.fft.irfft(product, size)[: searched.size - window.size + 1]
    total = np.concatenate([[0.0], np.cumsum(searched**2)])
    energy = total[window.size :] - total[: -window.size]
    likeness = correlation / np.sqrt(np.maximum(energy, _QUIET * window.size) * float(np.sum(window**2)))
    best = int(np.argmax(likeness))
    return start - (begin + best) if likeness[best] > _ALIKE else None


def _shifted(sent: Signal, lag: int, size: int) -> tuple[Signal, NDArray[np.bool_]]:
    """`sent` as it would be received at `lag` in `size` samples, and where there is any."""
    expected = np.zeros(size)
    inside = np.zeros(size, dtype=np.bool_)
    begin, end = max(0, lag), min(size, lag + sent.size)
    if begin < end:
        expected[begin:end] = sent[begin - lag : end - lag]
        inside[begin:end] = True
    return expected, inside


def _block_errors(sent: Signal, received: Signal, lags: list[int]) -> Signal:
    """Errors of shape (blocks, lags + 1); the last column stands for no match."""
    blocks = received.size // _BLOCK
    whole = received[: blocks * _BLOCK]
    errors = np.full((blocks, len(lags) + 1), _UNMATCHED)
    for column, lag in enumerate(lags):
        expected, inside = _shifted(sent, lag, whole.size)
        error = ((whole - expected) ** 2).reshape(blocks, _BLOCK).sum(axis=1)
        power = (whole**2 + expected**2).reshape(blocks, _BLOCK).sum(axis=1)
        floor = _QUIET * _BLOCK
        # Silence fits silence at any lag: it counts for little more than an unmatched block, so that it attracts none.
        certain = power / (power + floor)
        cost = certain * (error / (power + 1.0)) + (1 - certain) * 0.95 * _UNMATCHED
        errors[:, column] = np.where(inside.reshape(blocks, _BLOCK).all(axis=1), cost, 1.0)
    return errors


def _best_path(errors: Signal) -> NDArray[np.int64]:
    """The column of each row on the path with the least sum of errors and changes."""
    rows = errors.shape[0]
    came_from = np.empty(errors.shape, dtype=np.int64)
    stay = np.arange(errors.shape[1])
    cost = errors[0].copy()
    for row in range(rows):
        best = int(np.argmin(cost))
        change = cost[best] + _CHANGE
        came_from[row] = np.where(cost <= change, stay, best)
        if row:
            cost = np.minimum(cost, change) + errors[row]
    path = np.empty(rows, dtype=np.int64)
    path[-1] = int(np.argmin(cost))
    for row in range(rows - 1, 0, -1):
        path[row - 1] = came_from[row, path[row]]
    return path


def _pieces(sent: Signal, received: Signal, lags: list[int], path: NDArray[np.int64]) -> list[Piece]:
    """Turn the path over blocks into pieces with borders on the sample."""
    borders = np.flatnonzero(np.diff(path)) + 1
    starts = [0, *(borders * _BLOCK).tolist(), received.size]
    columns = [int(path[0]), *path[borders].tolist()]
    errors = {column: _sample_errors(sent, received, lags, column) for column in set(columns)}
    for index in range(1, len(columns)):
        low = max(starts[index - 1], starts[index] - 2 * _BLOCK)
        high = min(starts[index + 1], starts[index] + 2 * _BLOCK)
        before = np.concatenate([[0.0], np.cumsum(errors[columns[index - 1]][low:high])])
        after = np.concatenate([[0.0], np.cumsum(errors[columns[index]][low:high])])
        starts[index] = low + int(np.argmin(before - after))
    pieces: list[Piece] = []
    for column, start, end in zip(columns, starts, starts[1:], strict=False):
        if column < len(lags):
            # The samples behind the last whole block may lie behind the end of what was sent.
            lag = lags[column]
            begin, stop = max(start, lag), min(end, lag + sent.size)
            if begin < stop:
                pieces.append(Piece(begin, begin - lag, stop - begin))
    return pieces


def _sample_errors(sent: Signal, received: Signal, lags: list[int], column: int) -> Signal:
    """Error of each sample for one column, in powers."""
    if column == len(lags):
        # Judged against itself alone: what is quiet, as a gap filled with silence, is soon better unmatched.
        return _UNMATCHED * received**2 + 0.1 * _QUIET
    expected, inside = _shifted(sent, lags[column], received.size)
    error: Signal = np.where(inside, (received - expected) ** 2, _OUTSIDE)
    return error
