"""Keeps the records of a running gateway: of calls that have ended in the journal, of others in a file beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tandem.gateway.calls.accounting import OpenCall, Record, RecordWriter
from tandem.gateway.records.open_calls import OpenCalls


class Keeper:
    """The journal and the file of open calls: each call has its record once, however we end."""

    def __init__(self, path: str | Path) -> None:
        """`path` is the journal; ConfigurationError when it cannot be written."""
        self._writer = RecordWriter(path)
        self._open = OpenCalls(path)
        self._ended: list[str] = []
        """Calls whose records wait for room on the disk: they stay open in the file until they are written."""
        self.left_behind = self._open.left_behind()
        """Calls that the process before this one had when it was killed; their records are written now."""
        self.write([call.record for call in self.left_behind])

    @property
    def error(self) -> str | None:
        """Why the disk does not take them, None when it does."""
        return self._writer.error or self._open.error

    @property
    def waiting(self) -> int:
        """How many records the disk has not taken."""
        return len(self._writer.waiting)

    def begin(self, calls: Sequence[OpenCall], dropped: Sequence[str]) -> None:
        """Calls that are up or being set up, and `id`s of those that will have no record."""
        if calls:
            self._open.write(calls)
        if dropped:
            self._open.close_calls(dropped)

    def write(self, records: Sequence[Record]) -> None:
        """Records of calls that have ended; never raises for a full or failing disk (see `error`)."""
        for record in records:
            self._writer.write(record)
            self._ended.append(record.id)
        self._settle()

    def sync(self) -> None:
        """Once a second: write what waits, bring what was written onto the disk, note that we run."""
        self._writer.sync()
        self._settle()
        self._open.keep_house()

    def close(self) -> None:
        """Write what waits, and close."""
        self._writer.close()
        self._settle()
        self._open.close()

    def _settle(self) -> None:
        if self._ended and not self._writer.waiting:
            self._open.account(self._ended)
            self._ended.clear()
