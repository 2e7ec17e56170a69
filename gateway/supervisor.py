"""Tells a supervisor how the gateway is: the notifications of systemd (sd_notify(3)), which others take too.

A datagram of a few words goes to the socket that the environment names. Without one nothing is sent.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Final

MEDIA_SILENCE: Final = 5.0
"""Seconds without a report of the media process after which the watchdog is not fed any more: it hangs."""


class Supervisor:
    """Whoever started us, as far as it listens."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """`environment` has NOTIFY_SOCKET and, when a watchdog is to be fed, WATCHDOG_USEC and perhaps WATCHDOG_PID."""
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if address else None
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._watched = ours and "WATCHDOG_USEC" in environment
        self._report: object = None
        self._heard: float | None = None

    def ready(self, status: str) -> None:
        """The gateway is up; `status` for people."""
        self._tell(f"READY=1\nSTATUS={status}")

    def stopping(self) -> None:
        """The gateway ends, in order."""
        self._tell("STOPPING=1\nSTATUS=shutting down")

    def alive(self, report: object, now: float, status: str) -> None:
        """Once a second: feed the watchdog, unless the media process hangs; `report` is its last one."""
        if report is not self._report or self._heard is None:
            self._report, self._heard = report, now
        fed = "WATCHDOG=1\n" if self._watched and now - self._heard < MEDIA_SILENCE else ""
        self._tell(f"{fed}STATUS={status}")

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()

    def _tell(self, words: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(words.encode(), socket.MSG_DONTWAIT, self._address)
        except OSError:  # a supervisor that is gone or busy is no reason to drop a call
            return
