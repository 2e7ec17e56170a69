"""What PJSIP sends and receives, message by message: it says so in its log, which is read here and written nowhere.

The log has addresses; what it has of a message ends at an octet 0, and after 4000. The message itself is asked for.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from typing import Any, Final

import pjsua2 as pj

from . import library

#: Level of PJSIP's log at which messages are in it, and that at which nearly nothing is.
_TELLING, _QUIET = 4, 1
_HEAD: Final = re.compile(rb"([RT])X (\d+) bytes [^\n]* (?:from|to) ([A-Za-z]+)[0-9]* ([0-9.]+):(\d+):\n")


class MessageLog(pj.LogWriter):
    """Tells of each message."""

    def __init__(self, tell: Callable[[bytes, str, tuple[str, int], bool], None]) -> None:
        """`tell`: octets, transport, address and port of the peer, whether it was sent."""
        super().__init__()
        self._tell = tell
        self._on = False
        self._whole = b""
        """The message that the log is about to tell of."""
        self._modules = (
            library.Module(library.BEFORE_LOG, request=self._came, response=self._came),
            library.Module(library.LOG, sent_request=self._goes, sent_response=self._goes),
        )

    def into(self, settings: Any) -> None:
        """Be the one who writes PJSIP's log; nothing comes before `listen`."""
        settings.level = settings.consoleLevel = _TELLING
        settings.msgLogging, settings.decor, settings.writer = 1, 0, self

    def begin(self) -> None:
        """The endpoint is initialised; nothing is told before `listen`."""
        for module in self._modules:
            module.register()
        self.listen(False)

    def listen(self, on: bool) -> None:
        """Have PJSIP tell, or no more: while nobody wants to know it is to cost nothing."""
        self._on = on
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
        if len(self._whole) == int(length) and self._whole.startswith(message[:100]):
            message = self._whole
        self._tell(message, transport.decode().lower(), (host.decode(), int(port)), sent == b"T")

    def _came(self, received: int) -> bool:
        if self._on:
            self._whole = library.octets_of(received)
        return False

    def _goes(self, sent: int) -> bool:
        if self._on:
            self._whole = library.octets_of_sent(sent)
        return False
