"""A gateway as a child process: its configuration made ready, its log read line by line."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tandem.core.errors import TandemError

#: Ports of the example configurations, and how far a block of them may be moved when one is taken.
_PORT = re.compile(r"(?<=127\.0\.0\.1:)[1-9]\d*|(?<=ports = \[)\d+, \d+|(?<=udp_port = )\d+")
_STEP, _TRIES = 700, 40


def example(name: str) -> str:
    """The text of an example configuration that belongs to this package."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def shift_ports(text: str, offset: int) -> str:
    """`text` with every port moved by `offset`."""
    return _PORT.sub(lambda found: ", ".join(str(int(port) + offset) for port in found[0].split(", ")), text)


def free_offset(texts: list[str]) -> int:
    """The least offset at which every port of `texts` is free; 0 when all are free as they stand."""
    for attempt in range(_TRIES):
        offset = attempt * _STEP
        ports = {
            int(port)
            for text in texts
            for found in _PORT.findall(shift_ports(text, offset))
            for port in found.split(", ")
        }
        if all(port < 65000 and _is_free(port) for port in ports):
            return offset
    raise TandemError("no free block of UDP ports on 127.0.0.1 for the demonstration; is another one running?")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Gateway:
    """A `tandem run` child and what its log has said so far; the log is kept beside its configuration."""

    def __init__(self, name: str, configuration: Path, on_line: Callable[[str, Mapping[str, Any]], None]) -> None:
        """`on_line` hears of each log line: (gateway, the JSON object with `seconds` since 1970 added)."""
        self.name = name
        self.idle: set[str] = set()
        """Circuits whose last reported state is idle."""
        self.in_service: set[str] = set()
        """Trunks with every circuit in service."""
        self._out: set[str] = set()
        """Trunks that are out of service as a whole."""
        self.is_up = False
        """Whether it has opened what it needs."""
        self.last_trouble = ""
        self._configuration = configuration
        self._on_line = on_line
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def start(self, level: str = "debug") -> None:
        """Start the process."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "tandem.gateway",
            "run",
            "-c",
            str(self._configuration),
            "--log-format",
            "json",
            "--log-level",
            level,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reader = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """Process id of the signalling process."""
        return self._process.pid if self._process is not None else 0

    async def up(self) -> None:
        """Wait until it runs."""
        await self._until(lambda: self.is_up)

    async def trunk_in_service(self, trunk: str) -> None:
        """Wait until every circuit of `trunk` has been put in service (log level info suffices)."""
        await self._until(lambda: f"trunk {trunk}" in self.in_service)

    async def circuits_idle(self, count: int) -> None:
        """Wait until `count` circuits are idle (needs log level debug)."""
        await self._until(lambda: len(self.idle) >= count)

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that log lines change; TandemError when the gateway ends first."""
        while not condition():
            if self._reader is not None and self._reader.done():
                raise TandemError(f"gateway {self.name} ended early: {self.last_trouble or 'it said nothing'}")
            self._changed.clear()
            await self._changed.wait()

    async def stop(self) -> int:
        """End the process in order and return its exit status."""
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.terminate()
        status = await self._process.wait()
        if self._reader is not None:
            await self._reader
        return status

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        with self._configuration.with_suffix(".log").open("wb") as log:
            async for raw in self._process.stderr:
                log.write(raw)
                self._heard(raw)
        self._changed.set()

    def _heard(self, raw: bytes) -> None:
        try:
            line = json.loads(raw)
        except ValueError:
            self.last_trouble = raw.decode(errors="replace").strip()
            self._changed.set()
            return
        line["seconds"] = datetime.fromisoformat(line["time"]).timestamp()
        self._take(line)
        self._on_line(self.name, line)

    def _trunk(self, subject: str, text: str) -> None:
        """Channels that come back are told of before or after the trunk that they belong to comes back itself."""
        if text.startswith("out of service"):
            self._out.add(subject)
        elif text.startswith("in service"):
            self._out.discard(subject)
        serves = text.startswith(("in service", "every ")) and subject not in self._out
        (self.in_service.add if serves else self.in_service.discard)(subject)

    def _take(self, line: Mapping[str, Any]) -> None:
        subject, text = line["subject"], line["text"]
        if subject == "gateway" and " is up" in text:
            self.is_up = True
            self._changed.set()
        if subject.startswith("trunk ") and (line["shape"] == "=" or text.startswith("out of service")):
            self._trunk(subject, text)
            self._changed.set()
        if subject.startswith("circuit ") and line["shape"] == "=":
            (self.idle.add if text == "idle" else self.idle.discard)(subject)
            self._changed.set()
        if line["shape"] == "!":
            self.last_trouble = f"{subject}: {text}"
