"""Requests and answers on the wire: header lines up to an empty line, then a body of Content-Length octets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tandem.core.errors import DecodeError

#: Longest header block and body that are taken, in octets; a client that sends more is not one.
LONGEST_HEADERS: Final = 65536
LONGEST_BODY: Final = 1_048_576


@dataclass(frozen=True)
class Request:
    """What a client sent: a command line, headers behind it, perhaps a body."""

    line: str
    headers: dict[str, str] = field(default_factory=dict)
    """By name in lower case."""
    body: str = ""

    @property
    def verb(self) -> str:
        """The command, in lower case."""
        return self.line.partition(" ")[0].strip().lower()

    @property
    def arguments(self) -> str:
        """What follows the command on its line."""
        return self.line.partition(" ")[2].strip()

    @property
    def rest(self) -> str:
        """The same with the blanks at its end: a line to complete may end with one."""
        return self.line.partition(" ")[2].lstrip()


class Reader:
    """Cuts the octets of a connection into header blocks and bodies; used by server and client alike."""

    def __init__(self, longest_body: int = LONGEST_BODY) -> None:
        self._buffer = bytearray()
        self._longest_body = longest_body
        self._waiting: tuple[list[str], int] | None = None
        """The header lines whose body is not whole yet, and its length."""

    def feed(self, octets: bytes) -> list[tuple[list[str], str]]:
        """Every whole message up to now, as header lines and body; DecodeError when there can be no whole one."""
        self._buffer += octets
        found = []
        while (message := self._next()) is not None:
            found.append(message)
        return found

    def _next(self) -> tuple[list[str], str] | None:
        if self._waiting is None and not self._headers():
            return None
        assert self._waiting is not None, "`_headers` found a block"
        lines, length = self._waiting
        if len(self._buffer) < length:
            return None
        body = self._buffer[:length].decode("utf-8", "replace")
        del self._buffer[:length]
        self._waiting = None
        return lines, body

    def _headers(self) -> bool:
        """Take a header block off the buffer; empty lines before it do not count."""
        while self._buffer.startswith((b"\n", b"\r")):
            del self._buffer[:1]
        end, step = _end_of_block(self._buffer)
        if end < 0 or end > LONGEST_HEADERS:
            if end > LONGEST_HEADERS or len(self._buffer) > LONGEST_HEADERS:
                raise DecodeError(f"more than {LONGEST_HEADERS} octets of headers")
            return False
        text = self._buffer[:end].decode("utf-8", "replace")
        del self._buffer[: end + step]
        lines = [line.rstrip("\r") for line in text.split("\n")]
        self._waiting = (lines, self._length(lines))
        return True

    def _length(self, lines: list[str]) -> int:
        """The octets of the body that these headers announce."""
        text = parse_headers(lines).get("content-length", "0")
        if not (text.isascii() and text.isdigit()):
            raise DecodeError(f"Content-Length {text[:20]!r} is no number")
        if len(text) > 9 or int(text) > self._longest_body:
            raise DecodeError(f"a body of {text[:20]} octets is longer than {self._longest_body}")
        return int(text)


def _end_of_block(buffer: bytearray) -> tuple[int, int]:
    """Where the first empty line is, and how many octets end the block there; -1 when there is none yet."""
    plain, windows = buffer.find(b"\n\n"), buffer.find(b"\n\r\n")
    if windows >= 0 and (plain < 0 or windows < plain):
        return windows, 3
    return plain, 2


def parse_headers(lines: list[str]) -> dict[str, str]:
    """`Name: value` lines by name in lower case; what is no header is passed over."""
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and name and " " not in name:
            headers[name.lower()] = value.strip()
    return headers


def request_of(lines: list[str], body: str) -> Request:
    """A client's message as a request."""
    return Request(lines[0].lstrip(), parse_headers(lines[1:]), body)


def encode(content_type: str, headers: Mapping[str, str] | None = None, body: str | None = None) -> bytes:
    """One message: its type first, then `headers`, then the body with its length."""
    lines = [f"Content-Type: {content_type}"]
    lines += [f"{name}: {_one_line(value)}" for name, value in (headers or {}).items()]
    octets = b"" if body is None else body.encode()
    if body is not None:
        lines.append(f"Content-Length: {len(octets)}")
    return "\n".join(lines).encode() + b"\n\n" + octets


def reply(text: str, headers: Mapping[str, str] | None = None) -> bytes:
    """The answer to a command."""
    return encode("command/reply", {"Reply-Text": text, **(headers or {})})


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")
