"""A user of associations that writes down what it is told, and waiting for that."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from tandem.core.errors import ConfigurationError
from tandem.gateway.sctp.library import load


class Recorder:
    """What a transport told its user."""

    def __init__(self) -> None:
        self.events: list[tuple[str, ...]] = []
        self.messages: list[tuple[str, bytes, int, int]] = []

    def association_up(self, association: str, streams: int) -> None:
        self.events.append(("up", association, str(streams)))

    def association_down(self, association: str, reason: str) -> None:
        self.events.append(("down", association, reason))

    def path_changed(self, association: str, address: str, works: bool) -> None:
        self.events.append(("works" if works else "failed", association, address))

    def message_received(self, association: str, octets: bytes, stream: int, ppid: int) -> None:
        self.messages.append((association, octets, stream, ppid))

    def count(self, kind: str) -> int:
        return sum(event[0] == kind for event in self.events)


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until `condition` holds."""
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


def free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _has_library() -> bool:
    try:
        load()
    except ConfigurationError:
        return False
    return True


needs_usrsctp = pytest.mark.skipif(not _has_library(), reason="libusrsctp2 is not installed: apt install libusrsctp2")
