"""The console at a terminal, which is a pipe here."""

import asyncio

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from support.event_server import run

from tandem.core.errors import TandemError
from tandem.gateway.console.client import EventClient
from tandem.gateway.console.command import Place
from tandem.gateway.console.prompt import KEYS, GatewayCompleter, Prompt, parse_completions, styled, styled_answer
from tandem.gateway.log import Line
from tandem.gateway.operator.table import command_table

ANSWER = "[               block]\n[               reset]\n\n\nwrite=0:"


class Seen(Prompt):
    """Remembers what it would show."""

    def __init__(self, *arguments, **options):
        self.shown = []
        super().__init__(*arguments, **options)

    def _say(self, text):
        self.shown.append("".join(part[1] for part in text))


def typed(keys, tmp_path, level="info", during=None):
    """What a console showed while `keys` were typed, and what the gateway was asked."""
    found = {}

    async def scene(bench):
        with create_pipe_input() as pipe:
            place = Place("127.0.0.1", bench.port, "ClueCon")
            prompt = Seen(place, level, tmp_path / "history", input=pipe, output=DummyOutput())
            pipe.send_text(keys)
            task = asyncio.create_task(prompt.run())
            try:
                if during is not None:
                    await during(bench, prompt)
                await asyncio.wait_for(task, 20)
            finally:
                found["shown"], found["asked"] = prompt.shown, [line for line, _, _ in bench.desk.asked]

    run(scene)
    return found["shown"], found["asked"]


def test_lines_are_commands(tmp_path):
    shown, asked = typed("status\rshow channels\r/quit\r", tmp_path)
    assert asked == ["switchname", "status", "show channels"]
    assert shown == ["+OK status", "+OK show channels"]
    assert "show channels" in (tmp_path / "history").read_text()
    assert (tmp_path / "history").stat().st_mode & 0o077 == 0


def test_a_function_key_sends_its_command(tmp_path):
    _, asked = typed("\x1bOQ\x04", tmp_path)
    assert asked == ["switchname", "status"]


def test_the_function_keys_have_commands_that_exist():
    table = command_table()
    for command in KEYS.values():
        if not command.startswith("/"):
            table.find(command)


def test_commands_of_the_console_itself(tmp_path):
    shown, asked = typed("/log loud\r/log debug\r/log none\r/help\r\r/quit\r", tmp_path)
    assert asked == ["switchname"]
    assert shown[0].startswith("-ERR there are: none, error")
    assert shown[1:3] == ["+OK log level DEBUG [7]", "+OK no longer logging"]
    assert "/quit" in shown[3]


def test_the_log_is_shown_as_it_comes(tmp_path):
    async def during(bench, prompt):
        while not any(client.session.log_level == 4 for client in bench.server.clients):  # noqa: ASYNC110 - nobody would set an event
            await asyncio.sleep(0.01)
        bench.server.logged(Line("warning", "!", "span e1", "LOS"))
        while not prompt.shown:  # noqa: ASYNC110 - nobody would set an event
            await asyncio.sleep(0.01)
        prompt._session["input"].send_text("/quit\r")

    shown, _ = typed("", tmp_path, "warning", during)
    assert shown == ["! span e1: LOS"]


def test_a_gateway_that_goes_ends_it(tmp_path):
    async def during(bench, prompt):
        while not bench.desk.asked:  # noqa: ASYNC110 - nobody would set an event
            await asyncio.sleep(0.01)
        await bench.server.close()
        prompt._session["input"].send_text("\r")

    with pytest.raises(TandemError, match="closed the connection"):
        typed("", tmp_path, "none", during)


def test_completion_asks_the_gateway():
    async def scene(bench):
        bench.desk.answer = ANSWER
        client = EventClient("127.0.0.1", bench.port, "ClueCon")
        await client.connect()
        completer = GatewayCompleter(client)

        async def words(text):
            found = completer.get_completions_async(Document(text), CompleteEvent())
            return [(one.text, one.start_position) async for one in found]

        assert await words("circuit ") == [("block", 0), ("reset", 0)]
        assert bench.desk.asked[-1][0] == "console_complete circuit "
        assert await words("/l") == [("/log", -2)]
        assert await words("/log w") == [("warning", -1)]
        assert completer.get_completions(Document(""), CompleteEvent()) == []
        await client.close()

    run(scene)


def test_colours():
    assert styled(3, "x")[0][0] == "ansired"
    assert styled(6, "x")[0][0] == ""
    assert styled_answer("-ERR x\n") == [("ansired", "-ERR x")]
    assert styled_answer("+OK\n") == [("ansigreen", "+OK")]
    assert parse_completions(ANSWER) == ["block", "reset"]
