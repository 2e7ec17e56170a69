"""Events as the event socket sends them: headers and perhaps a body, as text, JSON or XML."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Final, Literal
from urllib.parse import quote
from xml.sax.saxutils import escape

Format = Literal["plain", "json", "xml"]

_NAMES: Final = """
CUSTOM CLONE CHANNEL_CREATE CHANNEL_DESTROY CHANNEL_STATE CHANNEL_CALLSTATE CHANNEL_ANSWER CHANNEL_HANGUP
CHANNEL_HANGUP_COMPLETE CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HOLD CHANNEL_UNHOLD CHANNEL_BRIDGE
CHANNEL_UNBRIDGE CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_OUTGOING CHANNEL_PARK CHANNEL_UNPARK
CHANNEL_APPLICATION CHANNEL_ORIGINATE CHANNEL_UUID API LOG INBOUND_CHAN OUTBOUND_CHAN STARTUP SHUTDOWN PUBLISH
UNPUBLISH TALK NOTALK SESSION_CRASH MODULE_LOAD MODULE_UNLOAD DTMF MESSAGE PRESENCE_IN NOTIFY_IN PRESENCE_OUT
PRESENCE_PROBE MESSAGE_WAITING MESSAGE_QUERY ROSTER CODEC BACKGROUND_JOB DETECTED_SPEECH DETECTED_TONE
PRIVATE_COMMAND HEARTBEAT TRAP ADD_SCHEDULE DEL_SCHEDULE EXE_SCHEDULE RE_SCHEDULE RELOADXML NOTIFY PHONE_FEATURE
SEND_MESSAGE RECV_MESSAGE REQUEST_PARAMS CHANNEL_DATA GENERAL COMMAND SESSION_HEARTBEAT CLIENT_DISCONNECTED
SERVER_DISCONNECTED SEND_INFO RECV_INFO RECV_RTCP_MESSAGE CALL_SECURE NAT RECORD_START RECORD_STOP PLAYBACK_START
PLAYBACK_STOP CALL_UPDATE FAILURE SOCKET_DATA MEDIA_BUG_START MEDIA_BUG_STOP ALL
"""
#: Names of events that a client may ask for: those that FreeSWITCH has for what a gateway does, and `ALL`. Asking for
#: another name is no error as long as one of the names is known.
NAMES: Final = frozenset(_NAMES.split())


@dataclass(frozen=True)
class Event:
    """One event; for `CUSTOM` the header `Event-Subclass` tells which."""

    name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Without Event-Name; values as they are, not encoded."""
    body: str = ""

    @property
    def subclass(self) -> str:
        """Which custom event it is, empty for others."""
        return self.headers.get("Event-Subclass", "")

    @property
    def uuid(self) -> str:
        """The channel that it is about, empty when it is about none."""
        return self.headers.get("Unique-ID", "")

    def get(self, header: str) -> str | None:
        """The value of a header, whatever the case of its name."""
        wanted = header.lower()
        if wanted == "event-name":
            return self.name
        return next((value for name, value in self.headers.items() if name.lower() == wanted), None)

    def plain(self) -> str:
        """Header lines with percent-encoded values, an empty line, the body."""
        lines = [f"Event-Name: {self.name}"]
        lines += [
            f"{name}: {quote(value, safe=_SAFE) if _UNSAFE.search(value) else value}"
            for name, value in self.headers.items()
        ]
        if self.body:
            lines.append(f"Content-Length: {len(self.body.encode())}")
        return "\n".join(lines) + "\n\n" + self.body

    def json(self) -> str:
        """One JSON object; the body is its member `_body`."""
        members = {"Event-Name": self.name, **self.headers}
        if self.body:
            members |= {"Content-Length": str(len(self.body.encode())), "_body": self.body}
        return json.dumps(members, ensure_ascii=False)

    def xml(self) -> str:
        """An element `event` with `headers`, and `body` where there is one."""
        lines = ["<event>", "  <headers>", f"    <Event-Name>{self.name}</Event-Name>"]
        lines += [f"    <{name}>{escape(quote(value, safe=_SAFE))}</{name}>" for name, value in self.headers.items()]
        lines.append("  </headers>")
        if self.body:
            lines.insert(-1, f"    <Content-Length>{len(self.body.encode())}</Content-Length>")
            lines.append(f"  <body>{escape(self.body)}</body>")
        return "\n".join([*lines, "</event>"])

    def format(self, form: Format) -> str:
        """As `form` wants it."""
        return self.json() if form == "json" else self.xml() if form == "xml" else self.plain()


#: Characters that stand for themselves in the values of a plain event.
_SAFE: Final = "/:@-_.~!*'()$,;"
#: Any other: most values have none, and then need not be looked at one character after another.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9/:@\-_.~!*'()$,;]")


class Stamp:
    """Gives events the headers that each of them has: which gateway, when, and its number."""

    def __init__(self, core: str, host: str, node: str, source: Callable[[], float]) -> None:
        """`core` identifies this run of the gateway, `source` tells the seconds since 1970."""
        self.core = core
        self._fixed = {
            "Core-UUID": core,
            "FreeSWITCH-Hostname": host,
            "FreeSWITCH-Switchname": node,
            "FreeSWITCH-IPv4": "127.0.0.1",
            "FreeSWITCH-IPv6": "::1",
        }
        self._source = source
        self._count = 0
        self._second = -1
        self._dates: dict[str, str] = {}

    def __call__(self, name: str, headers: Mapping[str, str] | None = None, body: str = "") -> Event:
        """The event `name` with its own `headers` behind the common ones."""
        self._count += 1
        seconds = self._source()
        if int(seconds) != self._second:  # dates are to the second: many events have the same
            self._second = int(seconds)
            self._dates = {
                "Event-Date-Local": datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
                "Event-Date-GMT": formatdate(seconds, usegmt=True),
            }
        when = {"Event-Date-Timestamp": str(int(seconds * 1_000_000)), "Event-Sequence": str(self._count)}
        return Event(name, {**self._fixed, **self._dates, **when, **(headers or {})}, body)
