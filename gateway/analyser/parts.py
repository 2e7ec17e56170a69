"""Several captures on several cores or machines: each file is dissected by itself, calls are followed in one place.

Files that follow each other in time, as a probe writes them, are parts; the result is that of reading them one after
another, packet numbers too. What crosses from one file to the next below the messages is lost: fragments of IP and
SCTP, the rest of a TCP message, a retransmission of a chunk of the file before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, Final, Protocol

from tandem.core.errors import TandemError

from .analysis import AT_ONCE, Analyser, analyse
from .dissect import Dissector, Options
from .files import STANDARD_INPUT, expand, read_file
from .merge import merge
from .model import Analysis, Message, Skipped, Where
from .rows import Rows
from .sipbulk import SipRows
from .speech import Streams, StreamState

AHEAD: Final = 1
"""Parts that may be ready or under way beside those being worked on: each is in memory."""


class Future(Protocol):
    """What a pool gives for work under way."""

    def result(self) -> Any:
        """Wait for it."""


Submit = Callable[..., Future]
"""`submit(function, *arguments)` of an executor or a Dask client."""


@dataclass(slots=True)
class Part:
    """What one file gave; packets numbered from 1."""

    packets: int = 0
    first: float | None = None
    last: float = 0.0
    steps: list[tuple[list[Message], Rows, SipRows, float]] = field(default_factory=list)
    """Messages and rows to be taken at once, and the time of the last packet."""
    ends: list[Where] = field(default_factory=list)
    """What the places of the rows mean."""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    statistics: dict[str, int] = field(default_factory=dict)
    streams: StreamState | None = None
    skipped: list[Skipped] = field(default_factory=list)


def dissect_file(path: str, options: Options) -> Part:
    """The work of one process: TandemError when the file cannot be read at all."""
    part, dissector, streams = Part(), Dissector(options, bulk=True), Streams()
    messages: list[Message] = []
    rows: list[Rows] = []
    dialogs: list[SipRows] = []
    count = 0

    def complain(file: str, reason: str, octets: int) -> None:
        part.skipped.append(Skipped(file=file, reason=reason, octets=octets))

    for batch in merge([read_file(path, complain)]):
        found = dissector.feed(batch)
        messages += found.messages
        if found.rows is not None:
            rows.append(found.rows)
        if found.dialogs is not None:
            dialogs.append(found.dialogs)
        if found.rtp is not None:
            streams.take(found.rtp)
        part.first = float(batch.time.min()) if part.first is None else min(part.first, float(batch.time.min()))
        part.last = max(part.last, float(batch.time.max()))
        count += len(batch)
        if count >= AT_ONCE:
            part.steps.append((messages, Rows.joined(rows), SipRows.joined(dialogs), part.last))
            messages, rows, dialogs, count = [], [], [], 0
    part.steps.append((messages, Rows.joined(rows), SipRows.joined(dialogs), part.last))
    part.ends = dissector.ends
    part.packets = dissector.packets
    part.counts = {name: dict(counts) for name, counts in dissector.counts.items()}
    part.statistics, part.streams = dissector.statistics(), streams.state()
    return part


def analyse_parts(paths: list[str], options: Options, submit: Submit, workers: int) -> Analysis:
    """The analysis of captures, each dissected where `submit` sends it.

    Captures that overlap in time must be merged packet by packet: they are read here, one process doing all.
    """
    files = in_order(expand(paths))
    if len(files) < 2 or STANDARD_INPUT in files:
        return analyse(paths, options)
    analyser = Analyser(options)
    under_way: deque[Future] = deque()
    waiting = iter(files)
    latest = float("-inf")
    for path in waiting:
        under_way.append(submit(dissect_file, path, options))
        if len(under_way) < workers + AHEAD:
            continue
        latest = _absorb(analyser, under_way.popleft().result(), latest)
        if latest == float("inf"):
            return analyse(paths, options)
    while under_way:
        latest = _absorb(analyser, under_way.popleft().result(), latest)
        if latest == float("inf"):
            return analyse(paths, options)
    return analyser.result()


def _absorb(analyser: Analyser, part: Part, latest: float) -> float:
    """Give a part to the analyser; the time of its last packet, infinite when it overlaps with the one before."""
    if part.first is not None and part.first < latest:
        return float("inf")
    analyser.absorb(part)
    return max(latest, part.last) if part.first is not None else latest


def in_order(files: list[str]) -> list[str]:
    """Files by the time of their first packet; what cannot be read comes first, to be told soon."""
    if STANDARD_INPUT in files:
        return files
    starts = []
    for place, path in enumerate(files):
        try:
            batch = next((batch for batch in read_file(path, lambda *_: None) if len(batch)), None)
            starts.append((float("-inf") if batch is None else float(batch.time[0]), place, path))
        except TandemError:
            starts.append((float("-inf"), place, path))
    return [path for _, _, path in sorted(starts)]


@contextmanager
def processes(count: int) -> Iterator[Submit]:
    """Work goes to so many processes of this machine."""
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        yield pool.submit


@contextmanager
def cluster(address: str) -> Iterator[tuple[Submit, int]]:
    """Work goes to a Dask scheduler, whose workers see the captures under the same paths; and how many they are."""
    try:
        from distributed import Client
    except ImportError:
        raise TandemError("a Dask scheduler needs distributed: pip install 'tandem-gateway[cluster]'") from None
    try:
        client = Client(address, timeout=5)
    except (OSError, ValueError) as error:
        raise TandemError(f"{address}: no Dask scheduler answers there: {error}") from None
    try:
        # Pure functions of the same arguments would be run once only: a file may have changed.
        yield lambda *work: client.submit(*work, pure=False), max(1, len(client.ncores()))
    finally:
        client.close()
