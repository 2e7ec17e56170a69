"""The journal of call records as a spool: read in order, and remembered how far a receiver has acknowledged it.

The journal is the file of JSON lines that `RecordWriter` appends to. Each receiver has a position in it, kept in a file
beside it and moved only when the receiver has acknowledged, so that neither a crash of ours nor one of the receiver
loses a record. The journal may be rotated by renaming (logrotate): what the old file still holds is read first, as long
as it lies in the same folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from tandem.core.errors import TandemError

LONGEST = 1 << 20
"""Octets read at once; a line is far shorter."""


class JournalError(TandemError):
    """The journal, or the position in it, cannot be read or kept."""


class Position(msgspec.Struct):
    """How far the journal is acknowledged."""

    inode: int = 0
    """Of the file; 0 before the first record."""
    offset: int = 0
    """Octets of it."""


class Journal:
    """The journal at `path` as one receiver has to read it; `state` is the file of its position."""

    def __init__(self, path: Path, state: Path) -> None:
        """JournalError when the position is there but cannot be read."""
        self.path = path
        self.state = state
        self.lost = False
        """The file that the position speaks of is gone: what had not been delivered of it cannot be any more."""
        self._file: BinaryIO | None = None
        self._position = self._load()
        self._next = self._position.offset

    def read(self, most: int) -> list[bytes]:
        """The next whole lines, `most` at most, without line ends; empty when there are none yet.

        The same are returned again until `acknowledge`. JournalError when the file cannot be read.
        """
        try:
            lines = self._lines(most)
            while not lines and self._move_on():
                lines = self._lines(most)
        except OSError as error:
            raise JournalError(f"{self.path} cannot be read: {error.strerror}") from None
        return lines

    def acknowledge(self) -> None:
        """What the last `read` returned is delivered. JournalError when that cannot be written down."""
        if self._file is None or self._next == self._position.offset:
            return
        self._position = Position(os.fstat(self._file.fileno()).st_ino, self._next)
        self._save()

    def behind(self) -> int:
        """Octets of the present file that are not acknowledged."""
        try:
            size = os.fstat(self._file.fileno()).st_size if self._file else self.path.stat().st_size
        except OSError:
            return 0
        return max(0, size - (self._position.offset if self._file else 0))

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _lines(self, most: int) -> list[bytes]:
        file = self._open()
        if file is None:
            return []
        offset = self._position.offset
        if os.fstat(file.fileno()).st_size < offset:  # emptied in place
            self.lost = True
            offset = self._position.offset = 0
        file.seek(offset)
        chunk = file.read(LONGEST)
        lines: list[bytes] = []
        start = 0
        while len(lines) < most and (end := chunk.find(b"\n", start)) >= 0:
            if line := chunk[start:end]:
                lines.append(line)
            start = end + 1
        self._next = offset + start
        return lines

    def _open(self) -> BinaryIO | None:
        """The file that the position is in; None while there is none."""
        if self._file is None:
            path = self._find()
            if path is None:
                return None
            self._file = path.open("rb")
            inode = os.fstat(self._file.fileno()).st_ino
            if inode != self._position.inode:
                self.lost = self._position.inode != 0
                self._position = Position(inode, 0)
        return self._file

    def _find(self) -> Path | None:
        """The file with the inode of the position under whatever name, else the journal."""
        inode = self._position.inode
        candidates = [self.path, *sorted(self.path.parent.glob(f"{self.path.name}*"))]
        for candidate in candidates:
            if inode and candidate.is_file() and candidate.stat().st_ino == inode:
                return candidate
        return self.path if self.path.is_file() else None

    def _move_on(self) -> bool:
        """Go to the next file once this one has been rotated away and read to its end; whether there is one."""
        if self._file is None:
            return False
        try:
            inode = self.path.stat().st_ino
        except FileNotFoundError:
            return False
        if inode == os.fstat(self._file.fileno()).st_ino:
            return False
        self.close()
        self._position = Position(inode, 0)
        return True

    def _load(self) -> Position:
        try:
            return msgspec.json.decode(self.state.read_bytes(), type=Position)
        except FileNotFoundError:
            return Position()
        except (OSError, msgspec.MsgspecError) as error:
            text = (
                f"{self.state} does not tell how far records were delivered ({error}); remove it to deliver all again"
            )
            raise JournalError(text) from None

    def _save(self) -> None:
        """Write the position so that a crash at any moment leaves the old one or the new one."""
        fresh = self.state.with_name(self.state.name + ".new")
        try:
            with fresh.open("wb") as file:
                file.write(msgspec.json.encode(self._position))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.state)
        except OSError as error:
            raise JournalError(f"{self.state} cannot be written: {error.strerror}") from None
