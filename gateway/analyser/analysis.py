"""The whole way from captures to the result."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from . import findings, findings_circuits, findings_links, findings_sip
from .attempts import Numbering
from .blocks import Block
from .circuits import CircuitTracker
from .clock import Clock, Span
from .dialogs import DialogTracker
from .dissect import Dissector, Options
from .files import expand, read_file
from .found import OF_MARKS, Findings
from .legs import Joiner, candidates, joints_of, joints_of_all
from .merge import merge
from .model import Analysis, CallRecord, Finding, MediaStream, Message, Protocol, Skipped
from .packets import Batch
from .plain import PlainCalls
from .records import Records, number_of
from .rows import Rows
from .sipblocks import SipBlock
from .sipbulk import SipRows
from .sipplain import PlainDialogs
from .speech import Streams

if TYPE_CHECKING:
    from .dchannel import DChannelTracker
    from .parts import Part

AT_ONCE: Final = 40_000
"""Packets, or messages of a part, taken before time goes on."""
MOST_OTHERS: Final = 100_000
"""Messages outside calls that are looked at for findings."""
TIDY: Final = 60.0
"""Seconds of the capture after which a stream that is silent has ended."""
MOST_FINDINGS: Final = 100_000
_LINKS: Final = frozenset({Protocol.MTP2, Protocol.MTP3})


class Analyser:
    """Takes batches in the order of time; `result` ends it."""

    def __init__(self, options: Options | None = None, bulk: bool = True) -> None:
        """`bulk`: follow plain calls in bulk; what comes out is the same, later and much faster."""
        self.dissector = Dissector(options, bulk)
        self.skipped: list[Skipped] = []
        self.end = 0.0
        """Time of the last packet, as far as it can be believed."""
        self._clock = Clock()
        self._span = Span()
        """Of what was gathered."""
        self._records = Records(self.dissector.ends)
        numbering = self._numbering = Numbering()
        self._circuits = CircuitTracker(self._done, numbering)
        self._channels: DChannelTracker | None = None
        self._dialogs = DialogTracker(self._done, numbering)
        self._plain = PlainCalls(self.dissector.ends, self._done_in_bulk, self._circuits.followed)
        self._plain_dialogs = PlainDialogs(
            self.dissector.ends, self._done_in_bulk, self._dialogs.followed, self._dialogs.want_all, self._dialogs.saw
        )
        self._bulk = bulk
        self._at_once = AT_ONCE if bulk else 1
        self._gathered: list[Message] = []
        self._rows: list[Rows] = []
        self._dialog_rows: list[SipRows] = []
        self._count = 0
        """Packets of what was gathered: calls are followed for so many at once."""
        self._tidied = 0.0
        self._elsewhere: Counter[str] = Counter()
        """What was left out of parts, by reason."""
        self._links: list[Message] = []
        self._serving: set[tuple[str, bool | None]] = set()
        """Directions of links that have carried messages or fill-in units since their last status unit."""
        self._streams = Streams()
        self._heard: dict[str, tuple[float, float]] = {}
        """First and last time of speech by the addresses that it went between."""
        self._more = 0
        """Findings that were not kept."""

    def feed(self, batch: Batch) -> None:
        """Take a batch."""
        if not len(batch):
            return
        dissected = self.dissector.feed(batch)
        if dissected.rtp is not None:
            self._streams.take(dissected.rtp)
        self._gathered += dissected.messages
        if dissected.rows is not None:
            self._rows.append(dissected.rows)
        if dissected.dialogs is not None:
            self._dialog_rows.append(dissected.dialogs)
        self._count += len(batch)
        self._span += Span.of(batch.time)
        if self._count >= self._at_once:
            self._flush()

    def _flush(self) -> None:
        """Follow the calls of what was gathered."""
        messages, self._gathered, self._count = self._gathered, [], 0
        span, self._span = self._span, Span()
        rows, self._rows = Rows.joined(self._rows), []
        dialogs, self._dialog_rows = SipRows.joined(self._dialog_rows), []
        self._take(messages, span, rows, dialogs)

    def absorb(self, part: Part) -> None:
        """Take what was made of a file elsewhere: the file that follows those before it in time."""
        before = self.dissector.packets
        places = self.dissector.places(part.ends)
        for messages, rows, dialogs, span in part.steps:
            for message in messages:
                message.packet += before
            rows.packet += before
            rows.place = places[rows.place]
            dialogs.packet += before
            dialogs.place = places[dialogs.place]
            self._take(messages, span, rows, dialogs)
        self.dissector.packets += part.packets
        for protocol, counts in part.counts.items():
            self.dissector.counts[protocol].update(counts)
        for reason, count in part.statistics.items():
            self._elsewhere[reason] += count
        if part.streams is not None:
            self._streams.join(part.streams)
        self.skipped += part.skipped

    def _take(self, messages: list[Message], span: Span, rows: Rows, dialogs: SipRows) -> None:
        packets = np.zeros(0, np.int64)
        given = messages
        if self._bulk:
            messages, packets = self._plain_dialogs.take(dialogs, messages)
        self._numbering.expect(self._plain.begin(rows), packets)
        messages = self._plain.take(rows, messages)
        late = messages is not given
        for message in messages:
            protocol = message.protocol
            if protocol in (Protocol.ISUP, Protocol.TUP):
                self._circuits.take(message)
            elif protocol is Protocol.SIP:
                self._dialogs.take(message)
            elif protocol in (Protocol.Q931, Protocol.H225):
                self._channel_tracker().take(message)
            elif protocol in _LINKS or message.type in findings_links.LINK_TYPES:
                self._link(message)
        circuits, calls = self._numbering.settle()
        self._plain.settle(circuits)
        self._plain_dialogs.settle(calls)
        late |= not self._clock.take(span)
        self.end, now = self._clock.end, self._clock.settled
        self._plain_dialogs.expire(now)
        for message in self._plain.expire(now):
            self._circuits.take(message)
            late = True
        for tracker in self._trackers():
            if late:
                tracker.sort()
            tracker.expire(now)
        del self._circuits.supervision[MOST_OTHERS:], self._dialogs.others[MOST_OTHERS:]
        if self._channels is not None:
            del self._channels.supervision[:]
        if abs(now - self._tidied) > TIDY:
            self._tidy(now)

    def _channel_tracker(self) -> DChannelTracker:
        """That of D-channels, once there is one in the capture."""
        if self._channels is None:
            from .dchannel import DChannelTracker

            self._channels = DChannelTracker(self._done, self._numbering)
        return self._channels

    def _trackers(self) -> list[CircuitTracker | DChannelTracker | DialogTracker]:
        return [tracker for tracker in (self._circuits, self._channels, self._dialogs) if tracker is not None]

    def _done(self, record: CallRecord) -> None:
        """An attempt is over, or the capture."""
        # Legs, speech and the end of the capture are not known yet: what may be a finding is looked at again then.
        suspect = next(findings.of_calls((record,), math.inf, self._records.find), None) is not None
        self._records.add(record, suspect, joints_of(record))

    def _done_in_bulk(self, block: Block | SipBlock) -> None:
        self._records.add_block(block, *joints_of_all(block.names))

    def _join(self) -> None:
        """Find the legs of calls, once all are known."""
        joiner, trimmed = Joiner(self._records.link), 0.0
        for numbers in candidates(self._records.joints()):
            if len(numbers):
                self._records.may_join(numbers)
        for record in self._records.joining():
            if record.start - trimmed > TIDY:
                trimmed = record.start
                joiner.forget(trimmed)
            joiner.take(record)

    def _attach(self, number: int, stream: MediaStream) -> None:
        self._records.attach(number, stream)

    def _tidy(self, now: float) -> None:
        """Let go of what nothing more will come for: memory does not grow with the length of the capture."""
        self._tidied = now
        self._give_speech(self._streams.finished(now - TIDY))
        self._dialogs.forget(now - 2 * TIDY)
        self._plain_dialogs.calls.forget(now - 2 * TIDY)

    def complain(self, file: str, reason: str, octets: int) -> None:
        """A part of the input cannot be used."""
        self.skipped.append(Skipped(file=file, reason=reason, octets=octets))

    def result(self) -> Analysis:
        """Everything found; the capture ends here."""
        self._flush()
        for message in self._plain.rest():
            self._circuits.take(message)
        self._plain_dialogs.rest()
        for tracker in self._trackers():
            tracker.close()
        records = self._records
        self._give_speech(self._streams.result())
        self._join()
        self.skipped += [Skipped(file="", reason=f"{count} {reason}") for reason, count in self._unkept() if count]
        for reason, count in self.dissector.statistics().items():
            if count := count + self._elsewhere[reason]:
                self.skipped.append(Skipped(file="", reason=f"{count} {reason}"))
        others = [
            *findings_circuits.of_supervision(self._circuits.supervision),
            *findings_links.of_links(self._links),
            *findings_circuits.of_collisions(self._circuits.collisions),
            *findings_sip.of_registrations(self._dialogs.others, self.end),
            *self._silence(),
        ]
        marked, places, beyond = records.marked(MOST_FINDINGS)
        found = Findings(self._of_calls(), marked, places, others, self._of_call, MOST_FINDINGS)
        more = self._more + sum(len(OF_MARKS[mark]) * count for mark, count in beyond.items())
        if left_out := found.left_out + more:
            reason = f"{left_out} findings beyond the first {MOST_FINDINGS}"
            self.skipped.append(Skipped(file="", reason=reason))
        return Analysis(
            packets=self.dissector.packets,
            messages={
                protocol: dict(sorted(counts.items())) for protocol, counts in sorted(self.dissector.counts.items())
            },
            calls=records,
            findings=found,
            skipped=self.skipped,
        )

    def _link(self, message: Message) -> None:
        """Keep what may be a failure: a status unit is one only on a link that was in service."""
        where = message.where
        link = (where.link or where.source, where.sent)
        if message.type in ("MSU", "FISU"):
            self._serving.add(link)
            return
        if message.protocol is Protocol.MTP2:
            if link not in self._serving:
                return
            if message.type != "SIB":  # a busy end serves on
                self._serving.discard(link)
        elif message.protocol is Protocol.M2PA:
            kind = findings_links.word(message)
            # Before the first message a link says so in coming up.
            if not kind or not self.dissector.counts[Protocol.M2PA.value]["USER_DATA"]:
                return
        if len(self._links) < MOST_OTHERS:
            self._links.append(message)

    def _of_calls(self) -> list[tuple[int, Finding]]:
        """What the rules say of calls, each with the place of the call among all."""
        found: list[tuple[int, Finding]] = []
        for place, record in self._records.suspects():
            said = self._findings(record)
            if len(found) < MOST_FINDINGS:
                found += ((place, finding) for finding in said)
            else:
                self._more += sum(1 for _ in said)
        return found

    def _silence(self) -> Iterator[Finding]:
        """Calls without speech in a capture that has that of others."""
        if self._heard:
            for record in self._records.silent():
                yield from findings_sip.of_silence(record, self._heard, self.end)

    def _of_call(self, number: int) -> list[Finding]:
        record = self._records.numbered(number)
        return [] if record is None else list(self._findings(record))

    def _findings(self, record: CallRecord) -> Iterator[Finding]:
        last = record.messages[-1].time if record.messages else record.start
        return findings.of_calls((record,), self._clock.end_after(last), self._records.find)

    def _unkept(self) -> Iterator[tuple[str, int]]:
        yield "RTP packets of streams beyond those that are followed at once", self._streams.unkept

    def _hear(self, host: str, stream: MediaStream) -> None:
        """Speech of this address is in the capture."""
        first, last = self._heard.get(host, (stream.first, stream.last))
        if len(self._heard) < MOST_OTHERS or host in self._heard:
            self._heard[host] = min(first, stream.first), max(last, stream.last)

    def _give_speech(self, streams: list[MediaStream]) -> None:
        """Give every stream to the call whose session description named where it goes, or came from."""
        if not streams:
            return
        wanted = self._dialogs.speech()
        for stream in streams:
            for address in (stream.source, stream.destination):
                self._hear(address.rpartition(":")[0], stream)
            for record in reversed(wanted.get(stream.destination) or wanted.get(stream.source) or []):
                if record.start <= stream.last and stream.first <= (record.completed or record.released or math.inf):
                    self._attach(number_of(record.id), stream)
                    break


def analyse(paths: list[str], options: Options | None = None, told: Callable[[int], None] | None = None) -> Analysis:
    """The analysis of captures, `-` for standard input; TandemError when one cannot be read at all.

    `told` hears of octets read, for a progress bar.
    """
    analyser = Analyser(options)
    for batch in merge([read_file(path, analyser.complain, told) for path in expand(paths)]):
        analyser.feed(batch)
    return analyser.result()
