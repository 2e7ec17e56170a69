"""Several captures on several cores or machines: each file is dissected by itself, calls are followed in one place.

Files that follow each other in time, as a probe writes them, are parts; the result is that of reading them one after
another, packet numbers too. What crosses from one file to the next below the messages is lost: fragments of IP and
SCTP, the rest of a TCP message, a retransmission of a chunk of the file before. One long pcap file is cut between
packets; its segments are parts that know what went before them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, Final, Protocol

from tandem.core.errors import DecodeError, TandemError

from . import speed
from .analysis import AT_ONCE, Analyser, analyse
from .clock import Span
from .dissect import Dissector, Options
from .files import STANDARD_INPUT, expand, read_file
from .merge import merge
from .model import Analysis, Message, Skipped, Where
from .network import CARRIERS_OF_IP
from .packets import Batch
from .pcap import CHUNK, cuts, read_part
from .rows import Rows
from .sipbulk import SipRows
from .speech import Streams, StreamState

SEGMENT: Final = 8 * CHUNK
"""Octets of one file that are read by one process at a time."""
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
    steps: list[tuple[list[Message], Rows, SipRows, Span]] = field(default_factory=list)
    """Messages and rows to be taken at once, and the times of their packets."""
    ends: list[Where] = field(default_factory=list)
    """What the places of the rows mean."""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    statistics: dict[str, int] = field(default_factory=dict)
    streams: StreamState | None = None
    skipped: list[Skipped] = field(default_factory=list)

    def complain(self, file: str, reason: str, octets: int) -> None:
        """A part of the input cannot be used."""
        self.skipped.append(Skipped(file=file, reason=reason, octets=octets))


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a pcap file, from octet `begin` up to `end`.

    What lies from `lead` up to `begin` is read first and given out by the piece before: fragments, chunks and halves of
    messages that cross the cut are known then.
    """

    path: str
    lead: int
    begin: int
    end: int


def dissect_file(path: str, options: Options) -> Part:
    """The work of one process: TandemError when the file cannot be read at all."""
    part = Part()
    return _dissected(part, Dissector(options, bulk=True), read_file(path, part.complain))


def dissect_segment(segment: Segment, options: Options) -> Part:
    """The same for a segment of a file."""
    part, dissector = Part(), Dissector(options, bulk=True)

    def batches(begin: int, end: int, complain: Callable[[str, int], None]) -> Iterator[Batch]:
        with open(segment.path, "rb") as stream:
            yield from read_part(stream, begin, end, complain)

    for batch in batches(segment.lead, segment.begin, lambda *_: None):
        dissector.feed(batch)
    dissector.packets = 0
    dissector.counts.clear()
    before = dissector.statistics()
    told = batches(segment.begin, segment.end, lambda reason, octets: part.complain(segment.path, reason, octets))
    _dissected(part, dissector, told)
    part.statistics = {reason: count - before[reason] for reason, count in part.statistics.items()}
    return part


def _dissected(part: Part, dissector: Dissector, source: Iterator[Batch]) -> Part:
    streams = Streams()
    messages: list[Message] = []
    rows: list[Rows] = []
    dialogs: list[SipRows] = []
    count, span = 0, Span()
    for batch in merge([source]):
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
        span += Span.of(batch.time)
        if count >= AT_ONCE:
            part.steps.append((messages, Rows.joined(rows), SipRows.joined(dialogs), span))
            messages, rows, dialogs, count, span = [], [], [], 0, Span()
    part.steps.append((messages, Rows.joined(rows), SipRows.joined(dialogs), span))
    part.ends = dissector.ends
    part.packets = dissector.packets
    part.counts = {name: dict(counts) for name, counts in dissector.counts.items()}
    part.statistics, part.streams = dissector.statistics(), streams.state()
    return part


def segments(path: str) -> list[Segment]:
    """A long pcap file in pieces of about `SEGMENT` octets; none where it is short, compressed or of another kind."""
    try:
        with open(path, "rb") as stream:
            if not stream.seekable() or stream.seek(0, 2) < 2 * SEGMENT:
                return []
            stream.seek(0)
            places = cuts(stream)
    except (OSError, DecodeError):
        return []
    step = SEGMENT // CHUNK
    return [
        Segment(path, places[max(0, first - 1)], places[first], places[min(first + step, len(places) - 1)])
        for first in range(0, len(places) - 1, step)
    ]


def analyse_segments(
    pieces: list[Segment], options: Options, submit: Submit, workers: int, told: Callable[[int], None] | None = None
) -> Analysis:
    """The analysis of one file, whose segments are dissected where `submit` sends them."""
    analyser = Analyser(options)
    under_way: deque[tuple[Segment, Future]] = deque()

    def absorb() -> None:
        segment, future = under_way.popleft()
        analyser.absorb(future.result())
        if told is not None:
            told(segment.end - segment.begin)

    for segment in pieces:
        under_way.append((segment, submit(dissect_segment, segment, options)))
        if len(under_way) >= workers + AHEAD:
            absorb()
    while under_way:
        absorb()
    return analyser.result()


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


def worthwhile(paths: list[str]) -> bool:
    """Whether several processes read captures faster than one.

    Compiled loops take IP apart in less time than it takes to send what was found from one process to another.
    """
    if speed.speedups is None:
        return True
    for path in expand(paths):
        try:
            first = next(iter(read_file(path, lambda *_: None)), None)
        except TandemError:
            continue
        if first is not None and first.link_type not in CARRIERS_OF_IP:
            return True
    return False


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
