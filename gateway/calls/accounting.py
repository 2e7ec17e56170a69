"""Call detail records: one JSON object a line, for every attempt that ended."""

from __future__ import annotations

import os
from collections import deque
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from tandem.core.errors import ConfigurationError

ReleasedBy = Literal["incoming", "outgoing", "gateway"]


class Leg(msgspec.Struct, kw_only=True):
    """One side of the call."""

    trunk: str = ""
    protocol: str = ""
    id: str = ""
    """SIP Call-ID, or circuit as `TRUNK/CIC`."""
    called: str = ""
    calling: str = ""
    media: dict[str, float] = {}
    """Statistics of the RTP leg (see MediaStatistics); empty for a circuit."""
    metering_pulses: int = 0
    """Metering pulses that the called side told (TUP, MPM); 0 where it told none."""


class Record(msgspec.Struct, kw_only=True):
    """A call detail record. Times are UTC, ISO 8601 to the millisecond; null where the call never got so far."""

    id: str
    """Unique within the life of the gateway: start time and a running number."""
    node: str = ""
    incoming: Leg
    outgoing: Leg | None = None
    """The last attempt; null when none was made."""
    route: str = ""
    attempts: int = 0
    """Outgoing attempts made, fall-backs included."""
    setup_time: str | None = None
    progress_time: str | None = None
    alerting_time: str | None = None
    answer_time: str | None = None
    release_time: str | None = None
    post_dial_delay_ms: int | None = None
    """Setup to the first progress, alerting or answer."""
    duration_ms: int = 0
    """Answer to release; 0 when not answered."""
    cause: int
    """Q.850 cause value."""
    location: int
    """Q.850 location."""
    released_by: ReleasedBy
    """Which side's release came first; `gateway` when we released on our own."""
    diagnostic: str = ""
    result: Literal["answered", "failed"]
    linked: list[str] = []
    """Records, by `id`, of what these parties were in before: a call that was transferred, or that was joined."""


class Farewell(msgspec.Struct, frozen=True, kw_only=True):
    """What a trunk needs to end a half-call at its peer when the process that carried it is no more."""

    trunk: str
    what: msgspec.Raw
    """For the trunk alone: JSON."""


class OpenCall(msgspec.Struct, frozen=True):
    """A call that is not accounted for yet, as it is to be if the process is killed now."""

    record: Record
    """It has no release time while the call goes on."""
    farewells: list[Farewell] = []
    """What its peers would have to be told."""


def timestamp(seconds: float, digits: int = 3) -> str:
    """`seconds` since 1970 as ISO 8601 UTC, with so many digits of a second: milliseconds unless told."""
    scale = 10**digits
    whole, part = divmod(round(seconds * scale), scale)
    return f"{_second(whole)}.{part:0{digits}d}Z"


@lru_cache(64)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class RecordWriter:
    """Appends records to a file so that a killed process loses none that it reported.

    Each record is written by one `write` of one line straight to the operating system, no buffer of ours in
    between; a process that is killed loses nothing written. `sync` makes what was written survive a power failure.
    When the disk is full, records wait in memory (`waiting`) and are written in order as soon as there is room.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.waiting: deque[bytes] = deque()
        """Lines, the first perhaps without its beginning, that the disk has not taken."""
        self.error: str | None = None
        """Why the disk does not take them, None when it does."""
        self._partial = False  # the first of `waiting` has lost its beginning to the file
        try:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            self._end_broken_line()
        except OSError as error:
            raise ConfigurationError(f"records: {path} cannot be written: {error.strerror}") from None

    def write(self, record: Record) -> None:
        """Append one record; never raises for a full or failing disk (see `error`)."""
        self.waiting.append(_ENCODER.encode(record) + b"\n")
        self.flush()

    def flush(self) -> None:
        """Write what waits, as far as the disk takes it."""
        while self.waiting:
            line = self.waiting[0]
            try:
                written = os.write(self._descriptor, line)
            except OSError as error:
                self.error = error.strerror
                return
            self._partial = written < len(line)
            if self._partial:
                self.waiting[0] = line[written:]
            else:
                self.waiting.popleft()
        self.error = None

    def sync(self) -> None:
        """Ask the operating system to bring what was written onto the disk; begin anew where the file was rotated."""
        self._reopen()
        self.flush()
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            self.error = error.strerror

    def close(self) -> None:
        """Flush, sync and close."""
        self.sync()
        os.close(self._descriptor)

    def _reopen(self) -> None:
        """Go on in a new file when this one was renamed or removed (logrotate)."""
        try:
            ours, theirs = os.fstat(self._descriptor), os.stat(self.path)
            if (ours.st_ino, ours.st_dev) == (theirs.st_ino, theirs.st_dev):
                return
        except FileNotFoundError:
            pass
        except OSError as error:
            self.error = error.strerror
            return
        if self._partial:
            return  # the rest of a line belongs where its beginning is
        try:
            fresh = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            self.error = error.strerror
            return
        os.close(self._descriptor)
        self._descriptor = fresh

    def _end_broken_line(self) -> None:
        """A crash of the machine may have left half a line: end it, so that it spoils no other record."""
        size = os.fstat(self._descriptor).st_size
        if size:
            with self.path.open("rb") as file:
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    os.write(self._descriptor, b"\n")


def read_records(path: str | Path) -> list[Record]:
    """The records in a file, broken lines left out."""
    records: list[Record] = []
    for line in Path(path).read_bytes().splitlines():
        try:
            records.append(_DECODER.decode(line))
        except msgspec.DecodeError:
            continue
    return records


def statistics_of(statistics: Any) -> dict[str, float]:
    """A statistics struct as the `media` of a leg."""
    return msgspec.structs.asdict(statistics)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Record)
