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
        if len(waiting) > 1 and (found := _shuffled([batch for _, batch in waiting])) is not None:
            batch, counts = found
        else:
            place = min(range(len(waiting)), key=lambda index: float(waiting[index][1].time[0]))
            others = [float(other.time[0]) for index, (_, other) in enumerate(waiting) if index != place]
            batch = waiting[place][1]
            count = len(batch) if not others else _until(batch, min(others))
            batch, counts = _part(batch, 0, count), [count if index == place else 0 for index in range(len(waiting))]
        yield replace(batch, number=np.arange(number, number + len(batch)))
        number += len(batch)
        before, waiting = waiting, []
        for (source, old), count in zip(before, counts, strict=True):
            rest = old if not count else _part(old, count, len(old)) if count < len(old) else _next(source)
            if rest is not None:
                waiting.append((source, rest))


def _shuffled(batches: list[Batch]) -> tuple[Batch, list[int]] | None:
    """Packets of several batches of one kind as one, up to where the first of them ends, and how many of each.

    Files that overlap would else give a batch for each of their packets. None where they are of several kinds, or the
    packets of one come before those of all others anyway.
    """
    first = batches[0]
    if any(
        (one.link_type, one.interface, one.inbound is None) != (first.link_type, first.interface, True)
        for one in batches
    ):
        return None
    # An earlier time behind a later one is no reason to go on with another source.
    times = [np.maximum.accumulate(batch.time) for batch in batches]
    shortest = min(range(len(batches)), key=lambda index: float(times[index][-1]))
    end = times[shortest][-1]
    counts = [
        int(np.searchsorted(time, end, "right" if index <= shortest else "left")) for index, time in enumerate(times)
    ]
    counts[shortest] = len(batches[shortest])
    if sum(count > 0 for count in counts) < 2:
        return None
    parts = [_part(batch, 0, count) for batch, count in zip(batches, counts, strict=True)]
    order = np.argsort(np.concatenate([time[:count] for time, count in zip(times, counts, strict=True)]), kind="stable")
    # Of the buffers only what is used: the rest comes again with the next packets.
    begins = [int(part.start[0]) if len(part) else 0 for part in parts]
    ends = [int((part.start + part.length).max()) if len(part) else 0 for part in parts]
    offsets = np.cumsum([0] + [end - begin for begin, end in zip(begins, ends, strict=True)])
    starts = [part.start - begin + offset for part, begin, offset in zip(parts, begins, offsets, strict=False)]
    return (
        replace(
            first,
            buffer=b"".join(part.buffer[begin:end] for part, begin, end in zip(parts, begins, ends, strict=True)),
            start=np.concatenate(starts)[order],
            length=np.concatenate([part.length for part in parts])[order],
            original=np.concatenate([part.original for part in parts])[order],
            time=np.concatenate([part.time for part in parts])[order],
        ),
        counts,
    )


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
