"""The connection to osmo-e1d: from nothing to the descriptors of all timeslots of a line, and again when it is lost.

Nothing here waits: `serve` does what can be done now. A media process cannot stop for a daemon that restarts.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tandem.core.errors import DecodeError
from tandem.hardware.alarms import Alarm
from tandem.hardware.e1d_protocol import (
    EVENTS,
    LONGEST,
    LineMode,
    Message,
    Type,
    configure_line,
    lines,
    open_timeslot,
)

RETRY: Final = 1.0
"""Seconds between attempts."""
PATIENCE: Final = 3.0
"""Seconds for all answers of the daemon."""
_LINE_NAMES: Final = {LineMode.OFF: "off", LineMode.SUPERCHANNEL: "a superchannel", LineMode.E1_OVER_IP: "E1oIP"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to open."""

    path: str
    """Of the control socket."""
    interface: int
    line: int
    timeslots: tuple[int, ...]
    buffer: int
    """Octets that the daemon moves at a time."""
    take_over: bool = False


class E1dClient:
    """Opens timeslots and hears of alarms.

    `on_open` is called with the descriptors, by timeslot in the order of `wanted`, and owns them from then on;
    `on_close` when the connection is gone, and the timeslots with it.
    """

    def __init__(self, wanted: Wanted, on_open: Callable[[list[int]], None], on_close: Callable[[], None]) -> None:
        self.alarms: frozenset[Alarm] = frozenset()
        """As the daemon has told since the timeslots were opened."""
        self.trouble = "osmo-e1d was not asked yet"
        """Why there are no timeslots; empty when there are."""
        self.connections = 0
        """Occasions of all timeslots opened."""
        self._wanted = wanted
        self._on_open, self._on_close = on_open, on_close
        self._socket: socket.socket | None = None
        self._found: dict[int, int] = {}
        self._retry = -1e300
        self._deadline = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the timeslots are there."""
        return not self.trouble

    def serve(self, now: float) -> None:
        """Take what the daemon said, connect when it is time."""
        if self._socket is None:
            if now >= self._retry:
                self._retry = now + RETRY
                self._connect(now)
            return
        while self._socket is not None:
            try:
                octets, descriptors, _, _ = socket.recv_fds(self._socket, LONGEST, 4)
            except BlockingIOError:
                if not self.is_open and now >= self._deadline:
                    self.lose(f"osmo-e1d does not answer on {self._wanted.path}")
                return
            except OSError as error:
                self.lose(f"the connection to osmo-e1d broke: {error.strerror}")
                return
            if not octets:
                self.lose(f"osmo-e1d closed {self._wanted.path}: it ended or restarts")
                return
            try:
                self._take(Message.parse(octets), descriptors)
            except DecodeError as error:
                _close(descriptors)
                self.lose(f"osmo-e1d speaks another protocol: {error}")

    def lose(self, trouble: str) -> None:
        """The timeslots are gone, for this reason; try again in a second."""
        was_open = self.is_open
        self.trouble, self.alarms = trouble, frozenset()
        self.close()
        if was_open:
            self._on_close()

    def close(self) -> None:
        """Close the connection and what was found so far."""
        _close(list(self._found.values()))
        self._found = {}
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self, now: float) -> None:
        wanted = self._wanted
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            connection.connect(wanted.path)
            connection.send(Message(Type.LINE_QUERY, wanted.interface, wanted.line).encode())
        except OSError as error:
            connection.close()
            hint = "; is osmo-e1d running?" if isinstance(error, (FileNotFoundError, ConnectionRefusedError)) else ""
            self.trouble = f"{wanted.path}: {error.strerror}{hint}"
            return
        self._socket, self._deadline = connection, now + PATIENCE
        self.trouble = "osmo-e1d is asked for the line"

    def _take(self, message: Message, descriptors: list[int]) -> None:
        wanted = self._wanted
        if (event := EVENTS.get(message.type)) is not None:
            if (message.interface, message.line) == (wanted.interface, wanted.line):
                alarm, begins = event
                self.alarms = self.alarms | {alarm} if begins else self.alarms - {alarm}
        elif message.is_error:
            _close(descriptors)
            self.lose(f"osmo-e1d has no line {wanted.line} on interface {wanted.interface}, or refuses it")
        elif message.answers == Type.TIMESLOT_OPEN:
            self._take_timeslot(message, descriptors)
            return
        elif message.answers in (Type.LINE_QUERY, Type.LINE_CONFIG):
            self._take_line(message)
        _close(descriptors)

    def _take_line(self, message: Message) -> None:
        wanted = self._wanted
        mode = next((mode for number, mode, _ in lines(message) if number == wanted.line), None)
        if mode is None:
            self.lose(f"osmo-e1d has no line {wanted.line} on interface {wanted.interface}")
        elif mode == LineMode.CHANNELIZED:
            self._send(
                [
                    open_timeslot(wanted.interface, wanted.line, ts, wanted.buffer, wanted.take_over)
                    for ts in wanted.timeslots
                ]
            )
        elif message.answers == Type.LINE_QUERY and mode == LineMode.OFF:
            self._send([configure_line(wanted.interface, wanted.line, LineMode.CHANNELIZED)])
        else:
            name = _LINE_NAMES.get(LineMode(mode), str(mode)) if mode in list(LineMode) else f"in mode {mode:#04x}"
            self.lose(f"the line is {name}; set it to channelized in the configuration of osmo-e1d")

    def _take_timeslot(self, message: Message, descriptors: list[int]) -> None:
        wanted = self._wanted
        timeslot = message.timeslot
        if not descriptors:
            text = f"timeslot {timeslot} is in use by another program; end that, or add takeover=yes to the device"
            self.lose(text)
            return
        _close(descriptors[1:])
        if timeslot not in wanted.timeslots or timeslot in self._found:
            _close(descriptors[:1])
            return
        self._found[timeslot] = descriptors[0]
        os.set_blocking(descriptors[0], False)
        if len(self._found) == len(wanted.timeslots):
            found, self._found = self._found, {}
            self.trouble = ""
            self.connections += 1
            self._on_open([found[timeslot] for timeslot in wanted.timeslots])

    def _send(self, messages: list[Message]) -> None:
        try:
            for message in messages:
                if self._socket is not None:
                    self._socket.send(message.encode())
        except OSError as error:
            self.lose(f"osmo-e1d does not take requests: {error.strerror}")


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
