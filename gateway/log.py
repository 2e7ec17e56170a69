"""Log lines in four shapes, for people or for programs.

`<` came in, `>` went out, `=` a state changed, `!` trouble. The subject says whom it concerns: a link, a circuit, a
call. Machines append Line values; the service prints them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TextIO

from tandem.gateway.calls.accounting import timestamp

Shape = Literal["<", ">", "=", "!"]
Level = Literal["debug", "info", "warning", "error"]
LEVELS: Final[dict[str, int]] = {"debug": 10, "info": 20, "warning": 30, "error": 40}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    level: Level
    shape: Shape
    subject: str
    text: str


class Logger:
    """Prints lines of at least one level to a stream; never raises when the stream is gone or its disk full."""

    def __init__(self, level: str, form: Literal["text", "json"] = "text", stream: TextIO | None = None) -> None:
        self.threshold = LEVELS[level]
        self._json = form == "json"
        self._stream = stream or sys.stderr
        self.listeners: list[Callable[[Line], None]] = []
        """Who else gets each line, of whatever level."""

    @property
    def wants_messages(self) -> bool:
        """Whether every signalling message is logged (level debug)."""
        return self.threshold <= LEVELS["debug"]

    def write(self, line: Line, seconds: float) -> None:
        """Print `line` with the time in seconds since 1970."""
        for listener in self.listeners:
            listener(line)
        if LEVELS[line.level] < self.threshold:
            return
        if self._json:
            # A program may put the logs of several gateways in order: an answer may come in the same millisecond.
            when = timestamp(seconds, digits=6)
            text = json.dumps(
                {"time": when, "level": line.level, "shape": line.shape, "subject": line.subject, "text": line.text}
            )
        else:
            text = f"{timestamp(seconds)} {line.level:7} {line.shape} {line.subject}: {line.text}"
        try:
            print(text, file=self._stream, flush=True)
        except (OSError, ValueError):
            return
