"""A PostgreSQL server of one's own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def program(name: str) -> str | None:
    """Where a program of the server is, which Debian keeps off the path."""
    found = [*sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True), shutil.which(name)]
    return found[0] and str(found[0])


class Server:
    """PostgreSQL on a socket in `folder`, as a user without root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.user = ["runuser", "-u", "nobody", "--"] if os.getuid() == 0 else []
        self.conninfo = f"host={folder} dbname=postgres user=tandem"
        if os.getuid() == 0:
            shutil.chown(folder, "nobody")
        self._run(program("initdb"), "-D", self.data, "-U", "tandem", "-A", "trust", "--no-sync", "-E", "UTF8")

    def _run(self, *words: object) -> None:
        words = [*self.user, *map(str, words)]
        result = subprocess.run(words, capture_output=True, text=True, cwd=self.folder)
        assert result.returncode == 0, result.stdout + result.stderr

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        log = self.folder / "log"
        self._run(program("pg_ctl"), "-D", self.data, "-l", log, "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run(program("pg_ctl"), "-D", self.data, "-m", "immediate", "-w", "stop")


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """One that runs; the test is skipped where none is installed."""
    if program("initdb") is None:
        pytest.skip("no PostgreSQL server: apt install postgresql")
    with tempfile.TemporaryDirectory(prefix="tandem-pg-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        server = Server(Path(folder))
        server.start()
        yield server
        server.stop()
