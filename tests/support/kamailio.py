"""Kamailio with the configuration of examples/kamailio, on ports of the test."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
from pathlib import Path

from support.gateways import wait_for
from support.peers import INTEROP, program

EXAMPLE = INTEROP.parent.parent / "examples" / "kamailio"


class Kamailio:
    """A running Kamailio."""

    def __init__(self, folder: Path, configuration: Path, defines: dict[str, str], port: int) -> None:
        """`defines` replace the values of the substdef lines; `port` is where its TCP listener will answer."""
        folder.mkdir(parents=True, exist_ok=True)
        text = configuration.read_text()
        for name, value in defines.items():
            text, count = re.subn(rf'(#!substdef "!{name}!)[^!]*(!g")', rf"\g<1>{value}\g<2>", text)
            assert count == 1, f"{configuration} defines no {name}"
        file = folder / "kamailio.cfg"
        file.write_text(text)
        self._log = (folder / "kamailio.log").open("wb")
        self._path = folder / "kamailio.log"
        command = [shutil.which("kamailio") or "/usr/sbin/kamailio"]
        program(command[0], "kamailio")
        command += ["-DD", "-E", "-f", str(file), "-P", str(folder / "pid"), "-Y", str(folder), "-m", "64", "-M", "8"]
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL)
        try:
            wait_for(lambda: self._is_up(port), "Kamailio listens")
        except BaseException:
            self.close()
            raise

    def _is_up(self, port: int) -> bool:
        assert self.process.poll() is None, self.said()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    def said(self) -> str:
        """The end of its log."""
        return self._path.read_text(errors="replace")[-3000:]

    def close(self) -> None:
        """Make sure that it has gone, with its children."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()

    def __enter__(self) -> Kamailio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
