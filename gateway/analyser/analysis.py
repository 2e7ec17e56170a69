"""The whole way from captures to the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from . import findings
from .attempts import Numbering
from .circuits import CircuitTracker
from .dchannel import DChannelTracker
from .dialogs import DialogTracker
from .dissect import Dissector, Options
from .files import expand, read_file
from .legs import Joiner
from .merge import merge
from .model import Analysis, CallRecord, Finding, MediaStream, Message, Protocol, Skipped
from .packets import Batch
from .records import Records, number_of
from .speech import Streams

if TYPE_CHECKING:
    from .parts import Part

AT_ONCE: Final = 10_000
"""Messages of a part taken before time goes on."""
MOST_OTHERS: Final = 100_000
"""Messages outside calls that are looked at for findings."""
TIDY: Final = 60.0
"""Seconds of the capture after which a stream that is silent has ended."""
LATEST_LEG: Final = 900.0
"""Seconds after which a call is joined no more to one that began with it and is over."""
MOST_FINDINGS: Final = 100_000
_LINKS: Final = frozenset({Protocol.MTP2, Protocol.MTP3})


class Analyser:
    """Takes batches in the order of time; `result` ends it."""

    def __init__(self, options: Options | None = None) -> None:
        self.dissector = Dissector(options)
        self.skipped: list[Skipped] = []
        self.end = 0.0
        """Time of the last packet."""
        self._records = Records()
        self._joiner = Joiner(self._records.link)
        numbering = Numbering()
        self._circuits = CircuitTracker(self._done, numbering)
        self._channels = DChannelTracker(self._done, numbering)
        self._dialogs = DialogTracker(self._done, numbering)
        self._tidied = 0.0
        self._elsewhere: Counter[str] = Counter()
        """What was left out of parts, by reason."""
        self._links: list[Message] = []
        self._serving: set[tuple[str, bool | None]] = set()
        """Directions of links that have carried messages or fill-in units since their last status unit."""
        self._streams = Streams()

    def feed(self, batch: Batch) -> None:
        """Take a batch."""
        if not len(batch):
            return
        dissected = self.dissector.feed(batch)
        if dissected.rtp is not None:
            self._streams.take(dissected.rtp)
        self._take(dissected.messages, float(batch.time[-1]))

    def absorb(self, part: Part) -> None:
        """Take what was made of a file elsewhere: the file that follows those before it in time."""
        before = self.dissector.packets
        for message in part.messages:
            message.packet += before
        for first in range(0, max(1, len(part.messages)), AT_ONCE):
            some = part.messages[first : first + AT_ONCE]
            self._take(some, some[-1].time if some else part.last)
        self.end = max(self.end, part.last)
        self.dissector.packets += part.packets
        for protocol, counts in part.counts.items():
            self.dissector.counts[protocol].update(counts)
        for reason, count in part.statistics.items():
            self._elsewhere[reason] += count
        if part.streams is not None:
            self._streams.join(part.streams)
        self.skipped += part.skipped

    def _take(self, messages: list[Message], end: float) -> None:
        for message in messages:
            protocol = message.protocol
            if protocol in (Protocol.ISUP, Protocol.TUP):
                self._circuits.take(message)
            elif protocol is Protocol.SIP:
                self._dialogs.take(message)
            elif protocol in (Protocol.Q931, Protocol.H225):
                self._channels.take(message)
            elif protocol in _LINKS or message.type in findings.LINK_TYPES:
                self._link(message)
        self.end = max(self.end, end)
        for tracker in (self._circuits, self._channels, self._dialogs):
            tracker.expire(self.end)
        del self._circuits.supervision[MOST_OTHERS:], self._dialogs.others[MOST_OTHERS:]
        del self._channels.supervision[:]
        if self.end - self._tidied > TIDY:
            self._tidy()

    def _done(self, record: CallRecord) -> None:
        """An attempt is over, or the capture."""
        self._records.add(record)
        self._joiner.take(record)

    def _attach(self, number: int, stream: MediaStream) -> None:
        self._records.attach(number, stream)

    def _tidy(self) -> None:
        """Let go of what nothing more will come for: memory does not grow with the length of the capture."""
        self._tidied = self.end
        open_since = min(tracker.earliest() for tracker in (self._circuits, self._channels, self._dialogs))
        self._joiner.forget(min(self.end - 2 * TIDY, max(open_since, self.end - LATEST_LEG)))
        self._give_speech(self._streams.finished(self.end - TIDY))
        self._dialogs.forget(self.end - 2 * TIDY)

    def complain(self, file: str, reason: str, octets: int) -> None:
        """A part of the input cannot be used."""
        self.skipped.append(Skipped(file=file, reason=reason, octets=octets))

    def result(self) -> Analysis:
        """Everything found; the capture ends here."""
        for tracker in (self._circuits, self._channels, self._dialogs):
            tracker.close()
        records = self._records
        self._give_speech(self._streams.result())
        self.skipped += [Skipped(file="", reason=f"{count} {reason}") for reason, count in self._unkept() if count]
        for reason, count in self.dissector.statistics().items():
            if count := count + self._elsewhere[reason]:
                self.skipped.append(Skipped(file="", reason=f"{count} {reason}"))
        found = [
            *self._limited(findings.of_calls(records, self.end, records.find)),
            *findings.of_supervision(self._circuits.supervision),
            *findings.of_links(self._links),
            *findings.of_collisions(self._circuits.collisions),
            *findings.of_registrations(self._dialogs.others),
        ]
        return Analysis(
            packets=self.dissector.packets,
            messages={protocol: dict(counts) for protocol, counts in sorted(self.dissector.counts.items())},
            calls=records,
            findings=sorted(found, key=lambda finding: finding.time or 0.0),
            skipped=self.skipped,
        )

    def _link(self, message: Message) -> None:
        """Keep what may be a failure: a status unit is one only on a link that was in service."""
        where = message.where
        link = (where.link, where.sent)
        if message.type in ("MSU", "FISU"):
            self._serving.add(link)
            return
        if message.protocol is Protocol.MTP2:
            if link not in self._serving:
                return
            self._serving.discard(link)
        if len(self._links) < MOST_OTHERS:
            self._links.append(message)

    def _limited(self, found: Iterator[Finding]) -> Iterator[Finding]:
        yield from islice(found, MOST_FINDINGS)
        if more := sum(1 for _ in found):
            self.skipped.append(Skipped(file="", reason=f"{more} findings beyond the first {MOST_FINDINGS}"))

    def _unkept(self) -> Iterator[tuple[str, int]]:
        yield "RTP packets of streams beyond those that are followed at once", self._streams.unkept

    def _give_speech(self, streams: list[MediaStream]) -> None:
        """Give every stream to the call whose session description named where it goes, or came from."""
        wanted = self._dialogs.speech
        for stream in streams:
            for record in reversed(wanted.get(stream.destination) or wanted.get(stream.source) or []):
                if record.start <= stream.last and stream.first <= (record.completed or record.released or self.end):
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
