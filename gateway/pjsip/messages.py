"""What PJSIP sends and receives, message by message: it says so in its log, which is read here and written nowhere."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from typing import Any, Final

import pjsua2 as pj

#: Level of PJSIP's log at which messages are in it, and that at which nearly nothing is.
_TELLING, _QUIET = 4, 1
_HEAD: Final = re.compile(rb"([RT])X (\d+) bytes [^\n]* (?:from|to) ([A-Za-z]+)[0-9]* ([0-9.]+):(\d+):\n")


class MessageLog(pj.LogWriter):
    """Tells of each message; PJSIP's log holds 4000 octets at most, and what is longer is cut off there."""

    def __init__(self, tell: Callable[[bytes, str, tuple[str, int], bool], None]) -> None:
        """`tell`: octets, transport, address and port of the peer, whether it was sent."""
        super().__init__()
        self._tell = tell

    def into(self, settings: Any) -> None:
        """Be the one who writes PJSIP's log; nothing comes before `listen`."""
        settings.level = settings.consoleLevel = _TELLING
        settings.msgLogging, settings.decor, settings.writer = 1, 0, self

    @staticmethod
    def listen(on: bool) -> None:
        """Have PJSIP tell, or no more: while nobody wants to know it is to cost nothing."""
        ctypes.CDLL(pj._pjsua2.__file__).pj_log_set_level(_TELLING if on else _QUIET)

    def write(self, entry: Any) -> None:
        """PJSIP says something."""
        text = entry.msg
        if text[1:3] != "X ":
            return
        octets = text.encode("utf-8", "surrogateescape")
        head = _HEAD.match(octets)
        if head is None:
            return
        sent, length, transport, host, port = head.groups()
        message = octets[head.end() : head.end() + int(length)]
        self._tell(message, transport.decode().lower(), (host.decode(), int(port)), sent == b"T")
