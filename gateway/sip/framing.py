"""SIP messages out of a stream of octets: RFC 3261 18.3 by Content-Length, RFC 5626 3.5.1 keep-alives, with bounds."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from tandem.gateway.sip.errors import SipDecodeError

_END: Final = b"\r\n\r\n"
#: Content-Length in both forms, folded or not (RFC 3261 7.3.1, 7.3.3).
_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:(?:[ \t]|\r\n[ \t])*([^\r\n]*?)[ \t]*(?=\r\n)", re.IGNORECASE)
_NUMBER = re.compile(rb"[0-9]{1,9}")


class KeepAlive(Enum):
    """Empty lines between messages."""

    PONG = auto()
    """CRLF: the answer to a ping of ours, if there was one; else nothing."""
    PING = auto()
    """A second CRLF right after it: the two are to be answered with one CRLF (RFC 5626 4.4.1)."""


class StreamFramer:
    """The incoming half of one connection. It holds at most one message that is not whole."""

    __slots__ = ("_buffer", "_half_ping", "_maximum", "_needed", "_searched")

    def __init__(self, maximum: int) -> None:
        """`maximum` octets are the longest message taken."""
        self._buffer = bytearray()
        self._maximum = maximum
        self._needed = 0
        """Octets of the message at the front of the buffer, 0 while its header is not whole."""
        self._half_ping = False
        """The octets before were one CRLF of its own."""
        self._searched = 0
        """How far the end of the header was looked for, so that a slow sender does not cost quadratic time."""

    @property
    def partial(self) -> bool:
        """Whether a message has begun and is not whole."""
        return bool(self._buffer)

    def feed(self, octets: bytes) -> list[bytes | KeepAlive]:
        """The messages and keep-alives that are whole now, in order.

        Raises SipDecodeError when the stream cannot be followed any more: a message longer than the maximum, or
        without a usable Content-Length (RFC 3261 18.3: such a stream has no next message). What came before is lost
        with it: the connection is to be closed.
        """
        buffer = self._buffer
        buffer += octets
        found: list[bytes | KeepAlive] = []
        while buffer:
            if not self._needed:
                if buffer[0] in b"\r\n":
                    if not self._take_empty_line(found):
                        break
                    continue
                self._half_ping = False
                if not self._find_header():
                    break
            if len(buffer) < self._needed:
                break
            found.append(bytes(buffer[: self._needed]))
            del buffer[: self._needed]
            self._needed = self._searched = 0
        return found

    def _take_empty_line(self, found: list[bytes | KeepAlive]) -> bool:
        """Take a CRLF from the front; False when its second octet has not come."""
        buffer = self._buffer
        if len(buffer) < 2 and buffer == b"\r":
            return False
        if buffer[:2] != b"\r\n":
            raise SipDecodeError("a line end that is not CRLF between messages")
        found.append(KeepAlive.PING if self._half_ping else KeepAlive.PONG)
        self._half_ping = not self._half_ping
        del buffer[:2]
        return True

    def _find_header(self) -> bool:
        buffer = self._buffer
        end = buffer.find(_END, max(self._searched - 3, 0))
        if end < 0:
            self._searched = len(buffer)
            if len(buffer) > self._maximum:
                raise SipDecodeError(f"no end of the header within {self._maximum} octets", 513)
            return False
        lengths = set(_LENGTH.findall(bytes(buffer[: end + 2])))
        if len(lengths) != 1:
            raise SipDecodeError("no Content-Length on a stream" if not lengths else "Content-Length twice")
        (length,) = lengths
        if _NUMBER.fullmatch(length) is None:
            raise SipDecodeError(f"Content-Length {length[:80].decode('latin-1')!r} is malformed")
        self._needed = end + 4 + int(length)
        if self._needed > self._maximum:
            raise SipDecodeError(f"a message of {self._needed} octets; {self._maximum} are taken", 513)
        return True
