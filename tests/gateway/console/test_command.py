"""How the console finds its gateway."""

import asyncio
import threading

import pytest
from click.testing import CliRunner
from support.event_server import started

from tandem.core.errors import TandemError
from tandem.gateway.cli import main
from tandem.gateway.console.command import Place, place_of


def write(tmp_path, text):
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    return path


def test_a_configuration_file_says_where(tmp_path, monkeypatch):
    monkeypatch.delenv("TANDEM_PASSWORD", raising=False)
    path = write(tmp_path, '[event_socket]\npassword = "x"\nlisten = "0.0.0.0:9021"\n[node]\nwrong = 1\n')
    assert place_of(path, None, None) == Place("127.0.0.1", 9021, "x")
    assert place_of(path, "192.0.2.1", "y") == Place("192.0.2.1", 8021, "y")
    assert place_of(None, None, "z") == Place("127.0.0.1", 8021, "z")
    assert place_of(None, "[::1]:9000", "z") == Place("::1", 9000, "z")
    monkeypatch.setenv("TANDEM_PASSWORD", "secret")
    assert place_of(None, None, None).password == "secret"


@pytest.mark.parametrize(
    ("text", "error"),
    [("[node]\n", "has no .event_socket."), ("[[[", "not TOML"), (None, "cannot be read")],
)
def test_what_is_missing_is_said(tmp_path, text, error):
    path = write(tmp_path, text) if text else tmp_path / "none.toml"
    with pytest.raises(TandemError, match=error):
        place_of(path, None, None)


def test_no_password_and_no_address(monkeypatch):
    monkeypatch.delenv("TANDEM_PASSWORD", raising=False)
    with pytest.raises(TandemError, match="no password"):
        place_of(None, None, None)
    with pytest.raises(TandemError, match="address: "):
        place_of(None, "nowhere:x", "y")


class Running:
    """An event socket in a thread of its own, for commands that run a loop themselves."""

    def __enter__(self):
        self.ready, self.loop = threading.Event(), asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.serve(),))
        self.thread.start()
        assert self.ready.wait(10)
        return self

    async def serve(self):
        async with started() as self.bench:
            self.port, self.over = self.bench.port, asyncio.Event()
            self.ready.set()
            await self.over.wait()

    def __exit__(self, *error):
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join(10)
        self.loop.close()


def test_one_command_and_several_from_a_pipe():
    with Running() as running:
        where = ["-H", f"127.0.0.1:{running.port}", "-p", "ClueCon"]
        result = CliRunner().invoke(main, ["console", *where, "-x", "show channels"])
        assert (result.exit_code, result.output) == (0, "+OK show channels\n")
        result = CliRunner().invoke(main, ["console", *where], input="status\n\nversion\n")
        assert (result.exit_code, result.output) == (0, "+OK status\n+OK version\n")
        assert CliRunner().invoke(main, ["reload", *where, "--dry-run"]).output == "+OK reload dry_run\n"
        assert CliRunner().invoke(main, ["reload", *where]).output == "+OK reload\n"
        running.bench.desk.answer = "-ERR {} cannot be had\n"
        result = CliRunner().invoke(main, ["console", *where, "-x", "this"])
        assert result.exit_code == 1
        assert "tandem: this cannot be had" in result.stderr
