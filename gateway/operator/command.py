"""The table of commands: how each is called, what it is for, and whether it changes anything."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from tandem.core.errors import TandemError
from tandem.gateway.operator.answer import Answer, Facts, Form, Later, Rows

if TYPE_CHECKING:
    from tandem.gateway.node import Node


class CommandError(TandemError):
    """The operator cannot have what he asked for; the text says why, and what would be right."""


class Host(Protocol):
    """What the process around the node offers to commands; the pure parts know nothing of files and signals."""

    @property
    def started(self) -> float:
        """When the gateway started, in seconds since 1970."""
        ...

    def version(self) -> str:
        """Version of Tandem."""
        ...

    def reload(self, dry_run: bool) -> str:
        """Read the configuration again and apply what changed; what was done, CommandError when nothing was."""
        ...

    @property
    def leaving(self) -> bool:
        """Whether an elegant end is under way."""
        ...

    def stop(self, how: str) -> None:
        """End the gateway: `now`, `elegant` (after the last call), or `cancel` an elegant end that is under way."""
        ...

    def log_level(self) -> str:
        """Least level that goes to the log."""
        ...

    def set_log_level(self, level: str) -> None:
        """Least level that goes to the log from now on."""
        ...

    def start_capture(self, name: str) -> str:
        """Write all signalling to a file called `name`; where it goes. CommandError when not."""
        ...

    def stop_capture(self) -> str:
        """End what `start_capture` began; what was written."""
        ...

    def capture_status(self) -> Mapping[str, object]:
        """What is being captured."""
        ...


@dataclass
class Context:
    """What a command works on."""

    node: Node
    now: float
    """On the scale of the machines."""
    wall: float
    """Seconds since 1970."""
    host: Host
    who: str = ""
    """Who asks: an address; for the audit."""
    jobs: dict[str, Later] = field(default_factory=dict)
    """Answers that come when a call has been originated, by the number of the job."""


Handler = Callable[[Context, list[str]], Answer]
Completer = Callable[[Context, list[str]], Iterable[str]]


@dataclass(frozen=True)
class Command:
    """One command."""

    name: str
    """One or several words."""
    syntax: str
    """Its arguments; empty for none."""
    help: str
    """What it does, in one sentence."""
    run: Handler
    changes: bool = False
    """Whether it changes anything: such a command is refused to read-only access."""
    complete: Completer | None = None
    """What the next word could be, given those that are whole."""
    raw: bool = False
    """Its arguments are one string, as they stand behind the name."""
    example: str = ""

    @property
    def usage(self) -> str:
        """How it is called."""
        return f"{self.name} {self.syntax}".strip()


@dataclass
class CommandTable:
    """Every command by its name."""

    commands: dict[str, Command] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    """Another name by which a command is known."""

    def add(self, *commands: Command) -> None:
        """Take commands in."""
        for command in commands:
            self.commands[command.name] = command

    def __iter__(self) -> Iterator[Command]:
        return iter(sorted(self.commands.values(), key=lambda command: command.name))

    def find(self, line: str) -> tuple[Command, list[str], str]:
        """The command that `line` begins with, its arguments as words, and as they stand; CommandError for none."""
        line = line.lstrip()
        words = line.split()
        for count in range(min(len(words), _LONGEST_NAME), 0, -1):
            name = " ".join(words[:count])
            command = self.commands.get(self.aliases.get(name, name))
            if command is not None:
                rest = line.split(None, count)[count:]
                return command, words[count:], rest[0] if rest else ""
        raise CommandError(self._unknown(words))

    def _unknown(self, words: list[str]) -> str:
        group = sorted(name for name in self.commands if words and name.startswith(words[0] + " "))
        if group:
            return f"{words[0]} what? There are: {', '.join(group)}"
        name = words[0] if words else ""
        tries = [difflib.get_close_matches(" ".join(words[:count]), self.commands, 1, 0.6) for count in (2, 1)]
        close = tries[0] or tries[1]
        hint = f"did you mean {close[0]!r}?" if close else "`help` lists the commands"
        return f"{name} is no command; {hint}"

    def is_change(self, line: str) -> bool:
        """Whether `line` would change anything; False for what is no command."""
        try:
            command, _, _ = self.find(line)
        except CommandError:
            return False
        return command.changes

    def run(self, context: Context, line: str, read_only: bool = False) -> Answer:
        """What `line` answers, with `as json` or `as xml` behind it in that form; mistakes are answers with `-ERR`."""
        line, form = _form_of(line)
        try:
            command, words, text = self.find(line)
            if command.changes and read_only:
                raise CommandError(f"{command.name} changes something, and this access is read-only")
            answer = command.run(context, [text] if command.raw else words)
        except CommandError as error:
            return f"-ERR {error}\n"
        if isinstance(answer, Rows | Facts):
            return answer.format(form)
        return answer

    def completions(self, context: Context, line: str) -> list[str]:
        """Words that could stand where `line` ends, sorted."""
        words = line.split()
        unfinished = "" if not words or line[-1:].isspace() else words.pop()
        found = {
            parts[len(words)]
            for parts in (name.split() for name in [*self.commands, *self.aliases])
            if len(parts) > len(words) and parts[: len(words)] == words
        }
        try:
            command, arguments, _ = self.find(" ".join(words))
        except CommandError:
            pass
        else:
            if command.complete is not None:
                found |= set(command.complete(context, arguments))
        return sorted(word for word in found if word.startswith(unfinished))


_LONGEST_NAME: Final = 3


def _form_of(line: str) -> tuple[str, Form]:
    """`line` without the form at its end, and the form."""
    words = line.split()
    if len(words) > 2 and words[-2].lower() == "as":
        last = words[-1].lower()
        if last in ("json", "xml"):
            return line[: line.lower().rindex(" as ")], last  # type: ignore[return-value]
    return line, "text"


def text_of(answer: Answer) -> str:
    """An answer that is there at once as text; CommandError for one that comes later."""
    if isinstance(answer, Later):
        raise CommandError("the answer is not there yet")
    return answer.format("text") if isinstance(answer, Rows | Facts) else answer


def expect(words: list[str], least: int, most: int, command: str) -> list[str]:
    """`words` filled up to `most` with empty ones; CommandError with the usage when there are too few or too many."""
    if not least <= len(words) <= most:
        raise CommandError(f"usage: {command}")
    return [*words, *[""] * (most - len(words))]
