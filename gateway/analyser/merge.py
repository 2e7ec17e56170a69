"""Several captures as one: packets of all files in the order of time, numbered through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from .packets import Batch


def merge(sources: Iterable[Iterator[Batch]]) -> Iterator[Batch]:
    """Batches with `number` set, ordered by time between the sources.

    A source keeps its own order, as it was captured; of several, the one whose next packet is the oldest goes on.
    Only one batch of each is held.
    """
    number = 1
    waiting: list[tuple[Iterator[Batch], Batch]] = []
    for source in sources:
        if (first := _next(source)) is not None:
            waiting.append((source, first))
    while waiting:
        place = min(range(len(waiting)), key=lambda index: float(waiting[index][1].time[0]))
        source, batch = waiting.pop(place)
        others = [float(other.time[0]) for _, other in waiting]
        count = len(batch) if not others else _until(batch, min(others))
        yield replace(_part(batch, 0, count), number=np.arange(number, number + count))
        number += count
        rest = _part(batch, count, len(batch)) if count < len(batch) else _next(source)
        if rest is not None:
            waiting.insert(place, (source, rest))


def _next(source: Iterator[Batch]) -> Batch | None:
    for batch in source:
        if len(batch):
            return batch
    return None


def _until(batch: Batch, time: float) -> int:
    """How many packets of `batch` come before one of `time`; at least one."""
    later = np.flatnonzero(batch.time > time)
    return max(1, int(later[0])) if len(later) else len(batch)


def _part(batch: Batch, first: int, last: int) -> Batch:
    if first == 0 and last == len(batch):
        return batch
    return replace(
        batch,
        start=batch.start[first:last],
        length=batch.length[first:last],
        original=batch.original[first:last],
        time=batch.time[first:last],
        inbound=None if batch.inbound is None else batch.inbound[first:last],
    )
