"""One connection of the event socket as a machine: octets in, octets and requests out.

A client speaks first only after `auth/request`; on an outbound connection (application `socket`) the gateway has called
the client, and nobody needs a password. Commands are answered in their order: while one waits for its answer, those
behind it wait too. What the commands mean is not known here: `RunCommand` and the others ask the owner for it.
"""

from __future__ import annotations

import uuid as uuids
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from tandem.core.errors import DecodeError
from tandem.gateway.esl.event import Event, Format
from tandem.gateway.esl.subscription import Subscription
from tandem.gateway.esl.wire import Reader, Request, encode, reply, request_of
from tandem.gateway.log import LEVELS, Line

#: Requests that may wait behind one that is not answered yet; a client that sends more is cut off.
MOST_WAITING: Final = 1000

#: Log levels of FreeSWITCH by number, and the level of ours that is the least one shown.
LOG_NAMES: Final = ("CONSOLE", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG")
_LEVEL_NUMBERS: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3}


@dataclass(frozen=True, slots=True)
class Send:
    """Write these octets."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Run an API command; the owner calls `answer(number, text)`, or for a job `job_done`."""

    number: int
    line: str
    job: str = ""
    """Job-UUID of `bgapi`, empty for `api`."""


@dataclass(frozen=True, slots=True)
class ChannelMessage:
    """`sendmsg`: do something to a channel; the owner calls `answer(number, reply text)`."""

    number: int
    channel: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Follow:
    """`myevents` of a channel: the owner calls `answer`, with `-ERR` when there is no such channel."""

    number: int
    channel: str


@dataclass(frozen=True, slots=True)
class Raise:
    """`sendevent`: an event for every client."""

    name: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class WrongPassword:
    """Somebody does not know the password; `Close` follows."""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The client has said a password."""

    read_only: bool


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection when everything is written; `reason` is for the log."""

    reason: str


Output = Send | RunCommand | ChannelMessage | Follow | Raise | WrongPassword | Authenticated | Close


class Session:
    """One client."""

    def __init__(
        self, password: str, read_only_password: str = "", new_uuid: Callable[[], str] = lambda: str(uuids.uuid4())
    ) -> None:
        """`read_only_password` opens a session that may change nothing, where it is not empty."""
        self.read_only = False
        self.subscription = Subscription()
        self.authenticated = False
        self.outbound = ""
        """The channel that an outbound connection is about."""
        self.data: Mapping[str, str] = {}
        """Of an outbound connection: the headers of the answer to `connect`."""
        self.linger_seconds: int | None = None
        """How long the connection stays after its channel ended: None not at all, 0 until the client leaves."""
        self.log_level = -1
        """Least urgent level of the log that the client wants, -1 for no log."""
        self.diverting = False
        self._password, self._read_only_password = password, read_only_password
        self._new_uuid = new_uuid
        self._reader = Reader()
        self._waiting: deque[Request] = deque()
        self._pending = -1
        """Number of the request that waits for its answer, -1 for none."""
        self._form_of_answer: Callable[[str], bytes] = reply
        self._on_good: Callable[[], None] | None = None
        self._count = 0
        self._closed = False
        self._outputs: list[Output] = []

    # --- the contract

    def start(self) -> None:
        """A client has connected: ask for the password."""
        self._send(encode("auth/request"))

    def start_outbound(self, channel: str, data: Mapping[str, str]) -> None:
        """We have connected for `channel`, whose headers are `data`: the client says `connect` first."""
        self.authenticated, self.outbound, self.data = True, channel, data

    def outputs(self) -> list[Output]:
        """What was produced since the last call."""
        done, self._outputs = self._outputs, []
        return done

    def receive(self, octets: bytes) -> None:
        """Octets came."""
        if self._closed:
            return
        try:
            messages = self._reader.feed(octets)
        except DecodeError as error:
            self._close(f"it does not speak the protocol: {error}")
            return
        self._waiting += [request_of(lines, body) for lines, body in messages]
        if len(self._waiting) > MOST_WAITING:
            self._close(f"more than {MOST_WAITING} commands wait for answers")
            return
        self._go_on()

    def answer(self, number: int, text: str) -> None:
        """The answer to a request that waits; one that nobody waits for any more is dropped."""
        if self._closed or number != self._pending:
            return
        self._pending = -1
        self._send(self._form_of_answer(text))
        if self._on_good is not None and not text.startswith("-ERR"):
            self._on_good()
        self._on_good = None
        self._go_on()

    def event(self, event: Event) -> None:
        """Something happened: the client gets it when it wants it."""
        if not self._closed and self.authenticated and self.subscription.wants(event):
            self.send_event(event)

    def send_event(self, event: Event) -> None:
        """Send `event` whatever the client has asked for."""
        form = self.subscription.form
        self._outputs.append(Send(encode(f"text/event-{form}", None, event.format(form))))

    def log(self, line: Line) -> None:
        """A line was logged: the client gets it when it listens to the log."""
        number = _LEVEL_NUMBERS[line.level]
        if self._closed or number > self.log_level:
            return
        headers = {
            "Log-Level": str(number),
            "Text-Channel": "0",
            "Log-File": line.subject,
            "Log-Func": line.shape,
            "Log-Line": "0",
            "User-Data": "",
        }
        self._send(encode("log/data", headers, f"{line.shape} {line.subject}: {line.text}\n"))

    def channel_ended(self, data: Mapping[str, str]) -> None:
        """The channel of an outbound connection has ended: say so, and close unless the client lingers."""
        if self._closed:
            return
        headers = {"Controlled-Session-UUID": self.outbound, "Channel-Name": data.get("Channel-Name", "")}
        if self.linger_seconds is None:
            self._goodbye({**headers, "Content-Disposition": "disconnect"})
            return
        headers |= {"Content-Disposition": "linger", "Linger-Time": str(self.linger_seconds)}
        self._send(encode("text/disconnect-notice", headers))

    def leave(self, reason: str) -> None:
        """The gateway wants to end the connection."""
        if not self._closed:
            self._goodbye({"Content-Disposition": "disconnect"}, reason)

    # --- inside

    def _send(self, octets: bytes) -> None:
        self._outputs.append(Send(octets))

    def _close(self, reason: str) -> None:
        self._closed = True
        self._waiting.clear()
        self._outputs.append(Close(reason))

    def _goodbye(self, headers: Mapping[str, str] | None = None, reason: str = "it left") -> None:
        self._send(encode("text/disconnect-notice", headers, "Disconnected, goodbye.\n"))
        self._close(reason)

    def _go_on(self) -> None:
        """Take the requests that wait, up to one that needs time."""
        while self._waiting and self._pending < 0 and not self._closed:
            request = self._waiting.popleft()
            if self.read_only and request.verb in ("sendevent", "sendmsg"):
                self._send(reply("-ERR this access is read-only"))
                continue
            if not self.authenticated and request.verb not in ("auth", "exit"):
                self._send(reply("-ERR command not found" if request.verb != "userauth" else "-ERR invalid"))
                continue
            handler = _COMMANDS.get(request.verb)
            if handler is None:
                self._send(reply("-ERR command not found"))
            else:
                handler(self, request)

    def _wait(self, form: Callable[[str], bytes] = reply, on_good: Callable[[], None] | None = None) -> int:
        """The number of a request whose answer comes later."""
        self._count += 1
        self._pending = self._count
        self._form_of_answer, self._on_good = form, on_good
        return self._count

    def _auth(self, request: Request) -> None:
        if self.authenticated:
            self._send(reply("+OK accepted"))
            return
        said = request.arguments.encode()
        whole = compare_digest(said, self._password.encode())
        reading = bool(self._read_only_password) and compare_digest(said, self._read_only_password.encode())
        if whole or reading:
            self.authenticated, self.read_only = True, not whole
            self._outputs.append(Authenticated(self.read_only))
            self._send(reply("+OK accepted"))
        else:
            self._send(reply("-ERR invalid"))
            self._outputs.append(WrongPassword())
            self._goodbye(reason="wrong password")

    def _connect(self, request: Request) -> None:
        if not self.outbound:
            self._send(reply("+OK"))
            return
        headers = {name: value for name, value in self.data.items() if name not in ("Content-Type", "Reply-Text")}
        first = "Content-Type: command/reply\nReply-Text: +OK\nSocket-Mode: async\nControl: full\n"
        self._send((first + Event("CHANNEL_DATA", headers).plain()).encode())

    def _api(self, request: Request) -> None:
        if not request.arguments:
            self._send(encode("api/response", None, "-ERR no command\n"))
            return
        number = self._wait(lambda text: encode("api/response", None, text))
        self._outputs.append(RunCommand(number, request.rest))

    def _bgapi(self, request: Request) -> None:
        if not request.arguments:
            self._send(reply("-ERR Invalid Syntax"))
            return
        job = request.headers.get("job-uuid") or self._new_uuid()
        self._send(reply(f"+OK Job-UUID: {job}", {"Job-UUID": job}))
        self._count += 1
        self._outputs.append(RunCommand(self._count, request.arguments, job))

    def _event(self, request: Request) -> None:
        form, words = _form_and_words(request.arguments)
        if not self.subscription.add(words):
            self._send(reply("-ERR no keywords supplied"))
            return
        self.subscription.form = form
        self._send(reply(f"+OK event listener enabled {form}"))

    def _nixevent(self, request: Request) -> None:
        good = self.subscription.remove(request.arguments.replace(",", " ").split())
        self._send(reply("+OK events nixed" if good else "-ERR no keywords supplied"))

    def _noevents(self, request: Request) -> None:
        self.subscription.clear()
        self._send(reply("+OK no longer listening for events"))

    def _myevents(self, request: Request) -> None:
        form, words = _form_and_words(request.arguments)
        channel = words[0] if words else self.outbound

        def follow() -> None:
            self.subscription.form = form
            self.subscription.only(channel)

        if not channel:
            self._send(reply("-ERR missing uuid"))
        elif channel == self.outbound:
            follow()
            self._send(reply("+OK Events Enabled"))
        else:
            self._outputs.append(Follow(self._wait(on_good=follow), channel))

    def _divert(self, request: Request) -> None:
        word = request.arguments.lower()
        if word not in ("on", "off"):
            self._send(reply("-ERR say on or off"))
            return
        self.diverting = word == "on"
        self._send(reply(f"+OK events {'diverted' if self.diverting else 'not diverted'}"))

    def _filter(self, request: Request) -> None:
        header, _, value = request.arguments.partition(" ")
        value = value.strip()
        if header.lower() == "delete" and value:
            name, _, rest = value.partition(" ")
            self.subscription.remove_filter(name, rest.strip() or None)
            self._send(reply(f"+OK filter deleted. [{name}]=[{rest.strip()}]"))
        elif not value:
            self._send(reply("-ERR invalid syntax"))
        elif self.subscription.add_filter(header, value):
            self._send(reply(f"+OK filter added. [{header}]=[{value}]"))
        else:
            self._send(reply("-ERR too many filters"))

    def _sendevent(self, request: Request) -> None:
        name = request.arguments.upper()
        if not name:
            self._send(reply("-ERR no event name"))
            return
        headers = {_capital(header): value for header, value in request.headers.items() if header != "content-length"}
        identity = headers.setdefault("Event-UUID", self._new_uuid())
        self._outputs.append(Raise(name, headers, request.body))
        self._send(reply(f"+OK {identity}"))

    def _sendmsg(self, request: Request) -> None:
        channel = request.arguments or request.headers.get("session-id", "") or self.outbound
        if not channel:
            self._send(reply("-ERR invalid session id [none given]"))
            return
        self._outputs.append(ChannelMessage(self._wait(), channel, request.headers, request.body))

    def _getvar(self, request: Request) -> None:
        value = self.data.get(f"variable_{request.arguments}", "")
        self._send(encode("command/reply", {"Reply-Text": value}))

    def _log(self, request: Request) -> None:
        word = (request.arguments or "debug").upper()
        if word.isascii() and word.isdigit() and int(word) < len(LOG_NAMES):
            self.log_level = int(word)
        elif word in LOG_NAMES:
            self.log_level = LOG_NAMES.index(word)
        elif word.lower() in LEVELS or word == "ERROR":
            self.log_level = _LEVEL_NUMBERS[word.lower()]
        else:
            self._send(reply("-ERR invalid log level"))
            return
        self._send(reply(f"+OK log level {LOG_NAMES[self.log_level]} [{self.log_level}]"))

    def _nolog(self, request: Request) -> None:
        good, self.log_level = self.log_level >= 0, -1
        self._send(reply("+OK no longer logging" if good else "-ERR not logging"))

    def _linger(self, request: Request) -> None:
        if not self.outbound:
            self._send(reply("-ERR not controlling a session"))
            return
        text = request.arguments
        self.linger_seconds = int(text[:6]) if text.isascii() and text.isdigit() else 0
        self._send(
            reply(f"+OK will linger {self.linger_seconds} seconds" if self.linger_seconds else "+OK will linger")
        )

    def _nolinger(self, request: Request) -> None:
        if not self.outbound:
            self._send(reply("-ERR not controlling a session"))
            return
        self.linger_seconds = None
        self._send(reply("+OK will not linger"))

    def _exit(self, request: Request) -> None:
        self._send(reply("+OK bye"))
        self._goodbye()


def _form_and_words(text: str) -> tuple[Format, list[str]]:
    """The form of events that comes first, `plain` where none does, and the words behind it."""
    words = text.replace(",", " ").split()
    form: Format = "plain"
    rest = []
    for word in words:
        match word.lower():
            case "plain" | "json" | "xml" as found:
                form = found
            case _:
                rest.append(word)
    return form, rest


def _capital(name: str) -> str:
    """A header name as it is usually written."""
    return "-".join(part.capitalize() for part in name.split("-"))


_COMMANDS: Final[Mapping[str, Callable[[Session, Request], None]]] = {
    "auth": Session._auth,
    "connect": Session._connect,
    "api": Session._api,
    "bgapi": Session._bgapi,
    "event": Session._event,
    "events": Session._event,
    "nixevent": Session._nixevent,
    "noevents": Session._noevents,
    "noevent": Session._noevents,
    "myevents": Session._myevents,
    "divert_events": Session._divert,
    "filter": Session._filter,
    "sendevent": Session._sendevent,
    "sendmsg": Session._sendmsg,
    "getvar": Session._getvar,
    "log": Session._log,
    "nolog": Session._nolog,
    "linger": Session._linger,
    "nolinger": Session._nolinger,
    "exit": Session._exit,
    "quit": Session._exit,
}
