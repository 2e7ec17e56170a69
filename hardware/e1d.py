"""A span of an icE1usb, or of another device of osmo-e1d: `e1d:INTERFACE:LINE`.

The daemon frames the line and hands over raw timeslots; HDLC on them is ours, for its own frames end at 262 octets.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Final

from tandem.core.errors import DecodeError, SpanError
from tandem.hardware.alarms import Alarm
from tandem.hardware.bank import CHUNK, DEPTH, TimeslotBank, parse_chunk
from tandem.hardware.e1d_client import E1dClient, Wanted
from tandem.hardware.e1d_protocol import LONGEST, LineMode, Message, Type, interfaces, lines, timeslots
from tandem.hardware.framed import FramedTermination
from tandem.hardware.registry import Found, parse_count, parse_options
from tandem.hardware.span import LineFormat
from tandem.hardware.span_base import LineSpan

SOCKET: Final = "/tmp/osmo-e1d.ctl"
"""Where osmo-e1d listens unless it is built otherwise."""
BUFFER: Final = 160
"""Octets that the daemon moves at a time at most."""
_TIMESLOTS: Final = tuple(range(1, 32))
_LARGEST: Final = 4096
_LOS: Final = frozenset({Alarm.LOS})


@dataclass(frozen=True, slots=True)
class E1dSpec:
    """What an `e1d:` spec says."""

    interface: int
    line: int
    path: str = SOCKET
    chunk: int = CHUNK
    depth: int = DEPTH
    take_over: bool = False

    @classmethod
    def parse(cls, spec: str, body: str, line: LineFormat) -> E1dSpec:
        """Read `INTERFACE:LINE[,socket=PATH][,chunk=40][,depth=3][,takeover=yes]`."""
        if line.framing.is_t1:
            raise SpanError(f"span {spec!r}: osmo-e1d has no T1; framing should be crc4 or basic, as on the device")
        place, _, rest = body.partition(",")
        first, colon, second = place.partition(":")
        if not colon:
            raise SpanError(f"span {spec!r}: {place!r} should be INTERFACE:LINE, as in 'e1d:0:0'")
        options = parse_options(spec, rest, set(), {"socket", "chunk", "depth", "takeover"})
        take_over = options.get("takeover", "no")
        if take_over not in ("yes", "no"):
            raise SpanError(f"span {spec!r}: takeover={take_over} should be yes or no")
        return cls(
            parse_count(spec, "INTERFACE", first, 0, 254),
            parse_count(spec, "LINE", second, 0, 254),
            options.get("socket", SOCKET),
            parse_chunk(spec, options.get("chunk", str(CHUNK))),
            parse_count(spec, "depth", options.get("depth", str(DEPTH)), 1, 16),
            take_over == "yes",
        )


def check_spec(spec: str, body: str, line: LineFormat) -> None:
    """Raise SpanError when the spec is malformed."""
    E1dSpec.parse(spec, body, line)


def open_span(spec: str, body: str, line: LineFormat) -> E1dSpan:
    """The span; a daemon that is not there (yet) is an alarm, not an error."""
    return E1dSpan(spec, E1dSpec.parse(spec, body, line))


class E1dSpan(LineSpan):
    """An E1 of osmo-e1d. While the daemon is away it has LOS; timeslots come back when the daemon does."""

    termination: FramedTermination

    def __init__(self, spec: str, parsed: E1dSpec) -> None:
        super().__init__(spec, parsed.chunk, FramedTermination())
        depth = parsed.depth * parsed.chunk
        self._streams = DescriptorStreams()
        self._bank = TimeslotBank(_TIMESLOTS, depth, 2 * depth + parsed.chunk, self._streams)
        self._collected: list[bytes] = []
        wanted = Wanted(parsed.path, parsed.interface, parsed.line, _TIMESLOTS, BUFFER, parsed.take_over)
        self._client = E1dClient(wanted, self._opened, self._closed)

    def fileno(self) -> int | None:
        """Nothing to poll: the daemon would wake us every 1.25 ms; what has come is taken with each write."""
        return None

    def take(self, now: float) -> bytes:
        """See Span."""
        self._collect(now)
        octets = b"".join(self._collected)
        self._collected.clear()
        return octets

    def give(self, octets: bytes, now: float) -> None:
        """See Span; without the daemon it goes nowhere."""
        self._collect(now)
        if self._streams.descriptors:
            self._bank.give(octets, self.quantum)

    def counters(self) -> dict[str, int]:
        """See Span."""
        own = {
            "send_errors": self._streams.errors,
            "transmit_queue_ms": self._bank.level // 8,
            "reconnections": max(0, self._client.connections - 1),
        }
        return self.termination.counters() | self._bank.counters() | own

    def close(self) -> None:
        """See Span."""
        self._client.close()
        self._closed()

    def _collect(self, now: float) -> None:
        client = self._client
        client.serve(now)
        if self._streams.descriptors:
            try:
                if octets := self._bank.take():
                    self._collected.append(octets)
            except (OSError, EOFError) as error:
                client.lose(f"osmo-e1d closed a timeslot: {error}")
        self.termination.tell(client.alarms if client.is_open else _LOS, client.trouble)

    def _opened(self, descriptors: list[int]) -> None:
        self._streams.descriptors = descriptors
        self._bank.restart()

    def _closed(self) -> None:
        for descriptor in self._streams.descriptors:
            os.close(descriptor)
        self._streams.descriptors = []


class DescriptorStreams:
    """The raw timeslots: stream sockets, 8000 octets a second each way."""

    def __init__(self) -> None:
        self.descriptors: list[int] = []
        self.errors = 0
        """Writes that the daemon did not take whole."""

    def read(self, place: int, wanted: int | None) -> bytes:
        """See TimeslotStreams; EOFError when the daemon has closed it."""
        del wanted
        try:
            octets = os.read(self.descriptors[place], _LARGEST)
        except BlockingIOError:
            return b""
        if not octets:
            raise EOFError("end of its stream")
        return octets

    def write(self, place: int, octets: bytes) -> bool:
        """See TimeslotStreams; a timeslot that broke is found when it is read."""
        try:
            taken = os.write(self.descriptors[place], octets)
        except OSError:
            taken = 0
        self.errors += taken != len(octets)
        return taken > 0


def discover() -> list[Found]:
    """The lines of the daemon at its usual place; nothing when it was never there."""
    return find_lines(SOCKET)


def find_lines(path: str, timeout: float = 1.0) -> list[Found]:
    """The lines of the daemon that listens at `path`; asks it and waits for answers, `timeout` seconds for each."""
    if not os.path.exists(path):
        return []
    option = "" if path == SOCKET else f",socket={path}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(timeout)
            connection.connect(path)
            return [
                _describe(connection, interface, line, option)
                for interface, count in interfaces(_ask(connection, Message(Type.INTERFACE_QUERY)))
                if count
                for line in lines(_ask(connection, Message(Type.LINE_QUERY, interface)))
            ]
    except (OSError, DecodeError) as error:
        detail = f"osmo-e1d at {path} does not answer: {error}; start it, or remove the socket it left"
        return [Found("", "E1", "osmo-e1d", "failed", detail)]


def _describe(connection: socket.socket, interface: int, line: tuple[int, int, int], option: str) -> Found:
    number, mode, _ = line
    spec, name = f"e1d:{interface}:{number}{option}", f"osmo-e1d interface {interface} line {number}"
    if mode not in (LineMode.OFF, LineMode.CHANNELIZED):
        return Found(spec, "E1", name, "failed", "not channelized; change it in the configuration of osmo-e1d")
    known = timeslots(_ask(connection, Message(Type.TIMESLOT_QUERY, interface, number)))
    used = [str(timeslot) for timeslot, use in known if timeslot and use]
    if used:
        return Found(spec, "E1", name, "in use", f"timeslots {' '.join(used)} are open")
    return Found(spec, "E1", name, "ok")


def _ask(connection: socket.socket, request: Message) -> Message:
    """The answer to a request; events on the way are passed over."""
    connection.send(request.encode())
    while True:
        octets = connection.recv(LONGEST)
        if not octets:
            raise ConnectionError("it closed the connection")
        message = Message.parse(octets)
        if message.is_error:
            raise ConnectionError("it refused a question")
        if message.answers == request.type:
            return message
