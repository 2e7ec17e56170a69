"""The audit file: who ordered what, when, and what came of it; one JSON object a line."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tandem.core.errors import ConfigurationError
from tandem.gateway.calls.accounting import timestamp

#: Longest part of an answer that is kept, in characters.
LONGEST_ANSWER = 200


class AuditFile:
    """Appends entries; at `limit` octets the file is set aside as `NAME.1` and a new one begun."""

    def __init__(self, path: str | Path, limit: int = 10_000_000) -> None:
        self.path = Path(path)
        self._limit = limit
        self.error: str | None = None
        """Why the last entry could not be written, None when it was."""
        try:
            self._descriptor = self._open()
        except OSError as error:
            raise ConfigurationError(f"audit file: {path} cannot be written: {error.strerror}") from None

    def write(self, seconds: float, who: str, command: str, answer: str, changes: bool) -> None:
        """One entry, `seconds` since 1970; never raises for a full or failing disk (see `error`)."""
        entry = {
            "time": timestamp(seconds),
            "who": who,
            "command": command,
            "changes": changes,
            "answer": first_line(answer),
        }
        octets = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        try:
            if os.fstat(self._descriptor).st_size + len(octets) > self._limit:
                os.close(self._descriptor)
                self.path.replace(self.path.with_name(self.path.name + ".1"))
                self._descriptor = self._open()
            os.write(self._descriptor, octets)
        except OSError as error:
            self.error = error.strerror
        else:
            self.error = None

    def close(self) -> None:
        """No more entries."""
        os.close(self._descriptor)

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)


def first_line(answer: str) -> str:
    """What an answer says in a line: its first that is not empty."""
    line = next((line for line in answer.splitlines() if line.strip()), "")
    return line[:LONGEST_ANSWER]
