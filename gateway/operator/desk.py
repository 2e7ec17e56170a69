"""Where orders of operators come in: runs a command, carries out what follows, and keeps the audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tandem.core.errors import TandemError
from tandem.gateway.log import Line
from tandem.gateway.operator.answer import Later
from tandem.gateway.operator.audit import first_line
from tandem.gateway.operator.command import CommandTable, Context, Host, text_of

if TYPE_CHECKING:
    from tandem.gateway.node import Node

Auditor = Callable[[float, str, str, str, bool], None]
"""Seconds since 1970, who, the command, its answer, and whether it changes anything."""


class Desk:
    """Commands for one gateway, whoever brings them."""

    def __init__(
        self,
        node: Node,
        host: Host,
        table: CommandTable,
        clocks: Callable[[], tuple[float, float]],
        audit: Auditor,
    ) -> None:
        """`clocks` gives the time of the machines and the seconds since 1970."""
        self.node = node
        self.table = table
        self._host = host
        self._clocks = clocks
        self._audit = audit
        self._jobs: dict[str, Later] = {}

    def context(self, who: str) -> Context:
        """What a command of `who` would work on now."""
        now, wall = self._clocks()
        return Context(self.node, now, wall, self._host, who, self._jobs)

    def job_done(self, job: str, result: str) -> None:
        """What was begun with the number `job` has come to its end."""
        later = self._jobs.pop(job, None)
        if later is not None:
            later.finish(f"{result}\n")

    def run(self, line: str, who: str, done: Callable[[str], None], read_only: bool = False) -> None:
        """Run a command for `who`; `done` gets its answer, at once or later, once it is in the audit."""
        context = self.context(who)
        try:
            answer = self.table.run(context, line, read_only)
        except TandemError as error:  # a machine refuses what the command asks of it
            answer = f"-ERR {error}\n"
        self.node.settle(context.now)

        def finish(text: str) -> None:
            self.note(who, line.strip(), text, self.table.is_change(line))
            done(text)

        if isinstance(answer, Later):
            answer.then(finish)
        else:
            finish(text_of(answer))

    def note(self, who: str, line: str, answer: str, changes: bool) -> None:
        """Put a command and its answer into the audit: in the file, and in the log (at `debug` when it only asked)."""
        _, wall = self._clocks()
        self._audit(wall, who, line, answer, changes)
        level = "info" if changes else "debug"
        self.node.lines.append(Line(level, "=", f"operator {who}", f"{line}: {first_line(answer)}"))  # type: ignore[arg-type]
