"""Delivers the journal of call records to each receiver, in a thread of its own, until it is acknowledged.

Threads, because what receivers do blocks (databases, web services, serial ports) and must not hold up a call. Each has
its own position in the journal, so that one that is down for a week neither loses a record nor delays the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from tandem.core.errors import TandemError
from tandem.gateway.calls.accounting import Record
from tandem.gateway.configuration.records import Records
from tandem.gateway.log import Line
from tandem.gateway.records.journal import Journal
from tandem.gateway.records.postgresql import Postgresql
from tandem.gateway.records.receiver import Receiver
from tandem.gateway.records.smdr import Smdr
from tandem.gateway.records.sqlite import Sqlite
from tandem.gateway.records.web import Web

BATCH: Final = 100
"""Records delivered together at most."""
FIRST_RETRY, LAST_RETRY = 1.0, 60.0
"""Seconds between attempts, doubled from the first to the last."""
_DECODER: Final = msgspec.json.Decoder(Record)


class Channel:
    """The way to one receiver."""

    def __init__(self, name: str, receiver: Receiver, journal: Callable[[], Journal]) -> None:
        self.name = name
        self.delivered = 0
        """Records acknowledged since the start."""
        self.unreadable = 0
        """Lines of the journal that are no records, left out."""
        self.error: str | None = None
        """Why it does not go on, None when it does."""
        self.waiting = 0
        """Octets of the journal not yet acknowledged."""
        self._receiver = receiver
        self._make_journal = journal
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"records {name}", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def wake(self) -> None:
        """There is a new record."""
        self._news.set()

    def stop(self) -> None:
        """Deliver what is there, if the receiver takes it at once, and end."""
        self._stopping.set()
        self._news.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; whether it came. What was never started has ended."""
        if self._thread.ident is None:
            return True
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        retry, journal = FIRST_RETRY, None
        while True:
            try:
                journal = journal or self._make_journal()
                while self._step(journal):
                    retry = FIRST_RETRY
                self.error = "some were removed before they were delivered" if journal.lost else None
            except Exception as error:  # a thread that ends would leave its receiver without records for good
                self.error = str(error) if isinstance(error, TandemError) else f"{type(error).__name__}: {error}"
                pause, retry = retry, min(2 * retry, LAST_RETRY)
            else:
                pause = FIRST_RETRY
            if journal is not None:
                self.waiting = journal.behind()
            if self._stopping.is_set():
                break
            # After an error news are no reason to try sooner.
            (self._stopping if self.error and self.waiting else self._news).wait(pause)
            self._news.clear()
        self._receiver.close()
        if journal is not None:
            journal.close()

    def _step(self, journal: Journal) -> bool:
        """Deliver one batch; whether there was one."""
        lines = journal.read(BATCH)
        if not lines:
            return False
        good: list[bytes] = []
        records: list[Record] = []
        for line in lines:
            try:
                records.append(_DECODER.decode(line))
                good.append(line)
            except msgspec.MsgspecError:  # half a line, from a crash of the machine
                self.unreadable += 1
        if records:
            self._receiver.deliver(good, records)
        journal.acknowledge()
        self.delivered += len(records)
        return True


class Delivery:
    """The ways to all receivers of a configuration."""

    def __init__(self, configuration: Records, path: str | Path) -> None:
        """`path` is the journal."""
        path = Path(path)
        receivers: dict[str, Receiver] = {}
        receivers |= {receiver.name: Sqlite(receiver) for receiver in configuration.sqlite}
        receivers |= {receiver.name: Postgresql(receiver) for receiver in configuration.postgresql}
        receivers |= {receiver.name: Web(receiver) for receiver in configuration.http}
        receivers |= {receiver.name: Smdr(receiver) for receiver in configuration.smdr}
        self.channels = [Channel(name, receiver, _journal(path, name)) for name, receiver in receivers.items()]
        self._told: dict[str, str | None] = {}

    def start(self) -> None:
        """Begin."""
        for channel in self.channels:
            channel.start()

    def wake(self) -> None:
        """There are new records."""
        for channel in self.channels:
            channel.wake()

    def news(self) -> list[Line]:
        """What an operator should know: a receiver that does not take records, or does again."""
        lines = []
        for channel in self.channels:
            error = channel.error
            if error == self._told.get(channel.name):
                continue
            self._told[channel.name] = error
            if error is None:
                lines.append(Line("info", "=", f"records {channel.name}", "are delivered again"))
            else:
                text = f"{error}; they are kept and sent again ({channel.waiting} octets wait)"
                lines.append(Line("error", "!", f"records {channel.name}", text))
        return lines

    @property
    def error(self) -> str | None:
        """Why some receiver does not take its records; None when all do."""
        return next((f"{one.name}: {one.error}" for one in self.channels if one.error), None)

    def stop(self, seconds: float) -> list[Line]:
        """Deliver what is there within `seconds`; lines about receivers that did not take it."""
        for channel in self.channels:
            channel.stop()
        lines = []
        for channel in self.channels:
            if not channel.join(seconds) or channel.waiting:
                text = "not all were delivered; the rest goes out after the next start"
                lines.append(Line("warning", "!", f"records {channel.name}", text))
        return lines

    def counters(self) -> dict[str, tuple[int, int]]:
        """Records delivered and octets waiting, by receiver."""
        return {channel.name: (channel.delivered, channel.waiting) for channel in self.channels}


def _journal(path: Path, name: str) -> Callable[[], Journal]:
    return lambda: Journal(path, path.with_name(f"{path.name}.{name}.position"))
