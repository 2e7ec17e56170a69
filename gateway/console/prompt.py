"""The console at a terminal: a line with history and completion below the log as it comes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.patch_stdout import patch_stdout

from tandem.core.errors import TandemError
from tandem.gateway.console.client import EventClient
from tandem.gateway.console.command import LEVELS, Place

#: What the function keys do, as those of fs_cli where a gateway has the same.
KEYS: Final = {
    "f1": "help",
    "f2": "status",
    "f3": "show channels",
    "f4": "show calls",
    "f5": "sofia status",
    "f6": "reload dry_run",
    "f7": "/log debug",
    "f8": "/log none",
    "f9": "ss7",
    "f10": "show trunks",
    "f11": "show spans",
    "f12": "version",
}
_STYLES: Final = {3: "ansired", 4: "ansiyellow", 7: "ansibrightblack"}
_HELP: Final = """\
/help        this list
/log LEVEL   least level of the log shown: none, error, warning, info, debug
/quit        leave (also Ctrl-D)
help         the commands of the gateway
"""


def styled(level: int, text: str) -> FormattedText:
    """A line of the log in the colour of its level."""
    return FormattedText([(_STYLES.get(level, ""), text)])


def styled_answer(text: str) -> FormattedText:
    """An answer: green when it is done, red when it is an error."""
    colour = "ansired" if text.startswith("-ERR") else "ansigreen" if text.startswith("+OK") else ""
    return FormattedText([(colour, text.rstrip("\n"))])


class GatewayCompleter(Completer):
    """Asks the gateway what could stand at the cursor: it knows its trunks and circuits."""

    def __init__(self, client: EventClient) -> None:
        self._client = client

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> list[Completion]:
        """None: the gateway is asked by `get_completions_async`."""
        return []

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Each word that could stand there."""
        line = document.text_before_cursor
        unfinished = "" if not line or line[-1].isspace() else line.split()[-1]
        if line.startswith("/"):
            words = [f"/{word}" for word in ("help", "log", "quit")] if " " not in line else list(LEVELS)
            found = [word for word in words if word.startswith(unfinished)]
        else:
            found = parse_completions(await self._client.command(f"api console_complete {line}"))
        for word in found:
            yield Completion(word, -len(unfinished))


def parse_completions(answer: str) -> list[str]:
    """The words in an answer of `console_complete`."""
    return [line[1:-1].strip() for line in answer.splitlines() if line.startswith("[") and line.endswith("]")]


class Prompt:
    """One console at a terminal."""

    def __init__(self, place: Place, log_level: str, history: Path | None = None, **session: Any) -> None:
        """`history` is the file that lines are kept in; `session` goes to the PromptSession (tests give a terminal)."""
        self._place = place
        self._log_level = log_level
        self._client = EventClient(place.host, place.port, place.password, self._logged)
        self._history = history if history is not None else Path.home() / ".tandem_history"
        self._session = session

    async def run(self) -> None:
        """Until the operator leaves or the gateway is gone; TandemError when it cannot be reached."""
        client = self._client
        await client.connect()
        name = (await client.api("switchname")).strip()
        if self._log_level != "none":
            await client.command(f"log {self._log_level}")
        session: PromptSession[str] = PromptSession(
            f"{name}> ",
            history=_history(self._history),
            completer=GatewayCompleter(client),
            complete_while_typing=False,
            key_bindings=_bindings(),
            bottom_toolbar=" F1 help  F2 status  F3 channels  F4 calls  F9 ss7  F10 trunks  F11 spans   Ctrl-D leaves ",
            **self._session,
        )
        try:
            with patch_stdout(raw=True), contextlib.suppress(EOFError):
                while not client.closed.is_set():
                    try:
                        line = (await session.prompt_async()).strip()
                    except KeyboardInterrupt:
                        continue
                    if not await self._line(line):
                        return
        finally:
            await client.close()
        if client.closed.is_set():
            raise TandemError("the gateway has closed the connection")

    async def _line(self, line: str) -> bool:
        """Do what was typed; False when the operator leaves."""
        word, _, rest = line.partition(" ")
        if word in ("/quit", "/exit", "/bye", "..."):
            return False
        if word == "/log":
            level = rest.strip() or "debug"
            if level not in LEVELS:
                self._say(styled_answer(f"-ERR there are: {', '.join(LEVELS)}"))
            else:
                self._say(styled_answer(await self._client.command("nolog" if level == "none" else f"log {level}")))
        elif word.startswith("/"):
            self._say(FormattedText([("", _HELP)]))
        elif line:
            self._say(styled_answer(await self._client.api(line)))
        return True

    def _say(self, text: FormattedText) -> None:
        print_formatted_text(text, output=self._session.get("output"))

    def _logged(self, level: int, text: str) -> None:
        self._say(styled(level, text))


def _history(path: Path) -> History:
    """The lines of earlier consoles, where they can be kept; readable by nobody else."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))


def _bindings() -> KeyBindings:
    """A function key types its command and sends it."""
    bindings = KeyBindings()

    def bind(key: str, command: str) -> None:
        @bindings.add(key)
        def _(event: KeyPressEvent) -> None:
            event.app.current_buffer.text = command
            event.app.current_buffer.validate_and_handle()

    for key, command in KEYS.items():
        bind(key, command)
    return bindings
