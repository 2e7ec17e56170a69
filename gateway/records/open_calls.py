"""The calls that are up or being set up, in a file beside the journal: what a killed process leaves behind.

A line is a call, which takes the place of an earlier one with its `id`, or an `id` alone: that call is accounted for.
When the file was changed last tells when the gateway was last known to run.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from tandem.core.errors import ConfigurationError
from tandem.gateway.calls.accounting import OpenCall, timestamp

#: Octets of the file beyond which it is written anew, if most of them are of calls that have ended.
SLACK: Final = 1 << 20
#: Calls that were accounted for are written down as such when they are as many, if nothing else is written before.
MOST_ACCOUNTED: Final = 64
#: How far back, in octets, a record is looked for in each file of the journal: the last one written before the end.
_TAIL: Final = 1 << 20
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(OpenCall | str)


class OpenCalls:
    """The file of the calls that have not ended; one process writes it at a time."""

    def __init__(self, journal: str | Path) -> None:
        """ConfigurationError when the file beside `journal` cannot be written, or another process has it."""
        self._journal = Path(journal)
        self.path = self._journal.with_name(f"open-{self._journal.name}")
        self.error: str | None = None
        """Why the disk did not take the last lines, None when it did."""
        self._lines: dict[str, bytes] = {}
        self._changed = False
        self._accounted: list[str] = []
        """Calls whose records are written, and the file does not say so yet."""
        try:
            self._descriptor = self._open(self.path)
            self._size, self._changed_at = self._end_broken_line()
        except OSError as error:
            raise ConfigurationError(f"records: {self.path} cannot be written: {error.strerror}") from None

    def left_behind(self) -> list[OpenCall]:
        """Calls that the last process had when it was killed, their records whole, as far as they are not written.

        They stay in the file until `close_calls` has their `id`s.
        """
        found: dict[str, OpenCall] = {}
        for line in self.path.read_bytes().splitlines():
            try:
                entry = _DECODER.decode(line)
            except msgspec.MsgspecError:  # half a line, from a crash of the machine or a full disk
                continue
            if isinstance(entry, str):
                found.pop(entry, None)
                self._lines.pop(entry, None)
            else:
                identity = entry.record.id
                found[identity] = _whole(entry, self._changed_at)
                self._lines[identity] = line + b"\n"
        written = self._written(found)
        self.close_calls(written)
        return [call for identity, call in found.items() if identity not in written]

    def write(self, calls: Sequence[OpenCall]) -> None:
        """These calls have begun, go on, or end now; never raises for a full or failing disk (see `error`)."""
        octets = b""
        for call in calls:
            line = self._lines[call.record.id] = _ENCODER.encode(call) + b"\n"
            octets += line
        self._append(octets)

    def close_calls(self, identities: Iterable[str]) -> None:
        """These calls are accounted for elsewhere, or not to be accounted for."""
        ended = [identity for identity in identities if self._lines.pop(identity, None) is not None]
        if ended:
            self._append(_closing(ended))

    def account(self, identities: Iterable[str]) -> None:
        """The records of these calls are in the journal, where `left_behind` finds those that were written just before.

        So the file says so with its next line, which is no system call of its own, or when the house is kept.
        """
        self._accounted += [identity for identity in identities if self._lines.pop(identity, None) is not None]
        if len(self._accounted) >= MOST_ACCOUNTED:
            self._append(b"")

    def keep_house(self) -> None:
        """Once a second: note that we run, drop what is of no use any more, bring the rest onto the disk."""
        try:
            if self._accounted and self._lines:
                self._append(b"")
            self._accounted.clear()
            if not self._lines:
                if self._size:
                    os.ftruncate(self._descriptor, 0)
                    self._size = 0
                    self.error = None
                return
            if self.error is not None or (self._size > SLACK and self._size > 8 * sum(map(len, self._lines.values()))):
                self._begin_anew()
            os.utime(self._descriptor)
            if self._changed:
                self._changed = False
                os.fdatasync(self._descriptor)
        except OSError as error:
            self.error = error.strerror

    def close(self) -> None:
        """Give the file back; without calls nothing is left of it."""
        self.keep_house()
        if not self._lines:
            self.path.unlink(missing_ok=True)  # while it is still ours
        os.close(self._descriptor)

    def _append(self, octets: bytes) -> None:
        """Write lines, those of calls that are accounted for before them."""
        if self._accounted:
            octets = _closing(self._accounted) + octets
            self._accounted.clear()
        if self.error is not None:  # the last line may be half a one
            octets = b"\n" + octets
        try:
            written = os.write(self._descriptor, octets)
        except OSError as error:
            self.error = error.strerror
            return
        self._changed = True
        self._size += written
        if written < len(octets):
            self.error = os.strerror(errno.ENOSPC)  # the rest is written by `keep_house`, when there is room

    def _end_broken_line(self) -> tuple[int, float]:
        """Whatever the last process left, what comes begins a line; the size of the file, and when it was changed."""
        status = os.fstat(self._descriptor)
        if not status.st_size:
            return 0, status.st_mtime
        written = os.write(self._descriptor, b"\n")
        os.utime(self._descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
        return status.st_size + written, status.st_mtime

    def _begin_anew(self) -> None:
        """Write the calls that are up into a new file, in the place of this one."""
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        descriptor = self._open(fresh)  # locked before it takes its place
        octets = b"".join(self._lines.values())
        try:
            if os.write(descriptor, octets) < len(octets):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            fresh.replace(self.path)
        except OSError:
            os.close(descriptor)
            raise
        os.close(self._descriptor)
        self._descriptor, self._size, self._changed, self.error = descriptor, len(octets), True, None

    def _written(self, identities: Iterable[str]) -> set[str]:
        """Which of these have a record in the journal, or in one that was just rotated away."""
        wanted = {identity: b'"id":"%s"' % identity.encode() for identity in identities}
        if not wanted:
            return set()
        found = set()
        for file in self._journal.parent.glob(f"{self._journal.name}*"):
            if file.name.endswith((".position", ".new")) or not file.is_file():
                continue
            with file.open("rb") as opened:
                opened.seek(max(0, os.fstat(opened.fileno()).st_size - _TAIL))
                tail = opened.read()
            found |= {identity for identity, text in wanted.items() if text in tail}
        return found

    @staticmethod
    def _open(path: Path) -> int:
        """Open a file and keep others off: who came second would account for calls that are not his to account for."""
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise ConfigurationError(
                f"records: another gateway that runs writes {path}; give each a file of its own in `node.records`"
            ) from None
        except OSError:  # a file system without locks
            pass
        return descriptor


def _closing(identities: Iterable[str]) -> bytes:
    """The lines that say of calls that they are accounted for."""
    return b"".join([b'"%s"\n' % identity.encode() for identity in identities])


def _whole(call: OpenCall, last: float) -> OpenCall:
    """A call whose record has an end: `last`, in seconds since 1970, where it has none."""
    record = call.record
    if record.release_time is not None:
        return call
    begun, answered = (
        None if text is None else datetime.fromisoformat(text).timestamp()
        for text in (record.setup_time, record.answer_time)
    )
    ended = max(last, begun or last, answered or last)
    duration = 0 if answered is None else round((ended - answered) * 1000)
    record = msgspec.structs.replace(record, release_time=timestamp(ended), duration_ms=duration)
    return OpenCall(record, call.farewells)
