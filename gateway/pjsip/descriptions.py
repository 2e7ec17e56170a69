"""Descriptions of sessions that PJSIP makes and takes, where they are to be others, or say what it does not look at.

Nothing of this needs PJSIP: it is text in, text out.
"""

from __future__ import annotations

import re
from typing import Final

_EVENTS: Final = re.compile(r"^a=rtpmap:(\d+) telephone-event/", re.MULTILINE | re.IGNORECASE)
_CONNECTION: Final = re.compile(r"\nc=IN IP([46]) ")
"""Version of IP of a stream, or of all (RFC 4566 5.7)."""


def with_lines(description: str, lines: str) -> str:
    """A description whose audio stream has some more attributes."""
    start = description.find("m=audio ")
    if start < 0 or not lines:
        return description
    end = description.find("\r\nm=", start)
    end = len(description.rstrip()) if end < 0 else end
    return f"{description[:end]}\r\n{lines.rstrip()}{description[end:]}"


def with_packet_time(description: str, milliseconds: int) -> str:
    """A description whose audio stream asks for packets of so many milliseconds (RFC 4566 6, a=ptime)."""
    start = description.find("m=audio ")
    if start < 0 or "\r\na=ptime:" in description[start:]:
        return description
    return with_lines(description, f"a=ptime:{milliseconds}")


def without_events(description: str) -> str:
    """A description without telephone-events (RFC 4733)."""
    found = _EVENTS.findall(description)
    lines = description.split("\r\n")
    for number in found:
        attribute = re.compile(rf"a=(?:rtpmap|fmtp):{number}\b")
        lines = [line for line in lines if not attribute.match(line)]
        lines = [re.sub(rf" {number}(?= |$)", "", line) if line.startswith("m=audio ") else line for line in lines]
    return "\r\n".join(lines)


def version_offered(message: str) -> bool | None:
    """Whether the first stream that a message with CRLF offers is of IPv6; None without one."""
    session, mark, rest = message.partition("\r\nm=")
    found = _CONNECTION.search(rest.partition("\r\nm=")[0]) or _CONNECTION.search(session)
    return None if not mark or found is None else found[1] == "6"
