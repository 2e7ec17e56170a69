"""Session timers (RFC 4028): what the header fields say, which interval holds, and who refreshes.

In a message `uac` is whoever sent the request, `uas` whoever answers it: the roles change with each request.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import CACHED_LENGTH, split_list
from tandem.gateway.sip.message import Message, Request, Response
from tandem.gateway.sip.options import CallOptions

#: RFC 4028 4: no interval may be shorter, and Min-SE has this value where it is absent.
LEAST_INTERVAL: Final = 90
_DELTA = re.compile(r"\s*([0-9]{1,9})\s*(?:;\s*(.*))?")
_REFRESHER = re.compile(r"(?:.*;)?\s*refresher\s*=\s*(uac|uas)\s*(?:;.*)?", re.IGNORECASE | re.DOTALL)


class SessionExpires(Struct, frozen=True):
    """The value of a Session-Expires field."""

    seconds: int
    refresher: str = ""
    """`uac`, `uas`, or empty where it names none."""

    @classmethod
    def of(cls, message: Message) -> SessionExpires | None:
        """The field of `message`; None without one that can be read (RFC 4028 then has no timer)."""
        lines = message.fields.get("session-expires")
        if not lines or (match := _DELTA.fullmatch(lines[0])) is None:
            return None
        found = _REFRESHER.fullmatch(match[2]) if match[2] else None
        return cls(int(match[1]), found[1].lower() if found else "")

    def __str__(self) -> str:
        return f"{self.seconds};refresher={self.refresher}" if self.refresher else str(self.seconds)


def min_se(message: Message) -> int:
    """The value of Min-SE, 90 without one that can be read."""
    lines = message.fields.get("min-se")
    match = _DELTA.fullmatch(lines[0]) if lines else None
    return LEAST_INTERVAL if match is None else max(int(match[1]), LEAST_INTERVAL)


def supports(message: Message, tag: str) -> bool:
    """Whether `message` names an option tag in Supported or Require."""
    fields = message.fields
    for name in ("supported", "require"):
        if name in fields:
            for line in fields[name]:
                if tag in _tags(line):
                    return True
    return False


def _tags(line: str) -> frozenset[str]:
    return _parse_tags(line) if len(line) <= CACHED_LENGTH else _parse_tags.__wrapped__(line)


@lru_cache(256)
def _parse_tags(line: str) -> frozenset[str]:
    """Option tags in lower case, none of a malformed line; one set for all the calls of a kind of peer."""
    try:
        return frozenset([value.lower() for value in split_list(line)]) if line else frozenset()
    except SipDecodeError:
        return frozenset()


class SessionTimer:
    """The session timer of one call."""

    __slots__ = (
        "_least",
        "interval",
        "options",
        "refreshing",
        "wanted",
    )

    def __init__(self, options: CallOptions) -> None:
        self.options = options
        self.wanted = options.session_expires > 0
        """Whether we use session timers in this call."""
        self.interval = 0
        """Seconds of the interval that was agreed, 0 while there is none."""
        self.refreshing = False
        """We refresh; else the peer does."""
        self._least = max(options.min_se, LEAST_INTERVAL)
        """What Min-SE of our requests says; grows with each 422."""

    def request_lines(self) -> str:
        """Session-Expires and Min-SE of a request of ours (7.1, 7.4)."""
        if not self.wanted:
            return ""
        if self.interval:
            value = SessionExpires(self.interval, "uac" if self.refreshing else "uas")
        else:
            refresher = {"auto": "", "local": "uac", "remote": "uas"}[self.options.refresher]
            value = SessionExpires(max(self.options.session_expires, self._least), refresher)
        least = f"Min-SE: {self._least}\r\n" if self._least > LEAST_INTERVAL else ""
        return f"Session-Expires: {value}\r\n{least}"

    def too_small(self, response: Response) -> bool:
        """Take the Min-SE of a 422; False when it asks for nothing more than what was sent (7.3)."""
        least = min_se(response)
        if not self.wanted or least <= max(self._least, self.interval or self.options.session_expires):
            return False
        self._least = least
        if self.interval:
            self.interval = least
        return True

    def refusal(self, request: Request) -> str | None:
        """The Min-SE line of the 422 that `request` gets, None when its interval is long enough (9)."""
        asked = SessionExpires.of(request) if self.wanted else None
        if asked is None:
            return None
        least = max(self.options.min_se, LEAST_INTERVAL)
        if asked.seconds >= least or not supports(request, "timer"):
            return None
        return f"Min-SE: {least}\r\n"

    def accept(self, request: Request) -> str:
        """Agree to a session with whoever sent `request`; Session-Expires and Require lines of the 2xx (9)."""
        if not self.wanted:
            return ""
        asked, peer_can = SessionExpires.of(request), supports(request, "timer")
        if asked is None:
            seconds = max(self.interval or self.options.session_expires, min_se(request))
        else:
            seconds = max(min(asked.seconds, self.options.session_expires), min_se(request), LEAST_INTERVAL)
        if not peer_can:
            refresher = "uas"
        elif asked is not None and asked.refresher:
            refresher = asked.refresher
        else:
            refresher = "uas" if self.options.refresher == "local" else "uac"
        self.interval, self.refreshing = seconds, refresher == "uas"
        require = "Require: timer\r\n" if refresher == "uac" else ""
        return f"Session-Expires: {SessionExpires(seconds, refresher)}\r\n{require}"

    def agreed(self, response: Response) -> None:
        """Take what a 2xx to our request says; without Session-Expires there is no timer (7.2)."""
        value = SessionExpires.of(response) if self.wanted else None
        self.interval = 0 if value is None else max(value.seconds, LEAST_INTERVAL)
        self.refreshing = value is not None and value.refresher != "uas"

    def refresh_after(self) -> float:
        """Seconds after which we refresh: half the interval (7.2)."""
        return self.interval / 2

    def expires_after(self) -> float:
        """Seconds after which a session without refresh is over, a little before its interval is (10)."""
        return self.interval - min(32.0, self.interval / 3)
