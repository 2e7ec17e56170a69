"""A gateway's node with a PRI towards libpri and a SIP user behind it, as a machine for `libpri.Line`."""

from __future__ import annotations

import itertools
import re
import time
from pathlib import Path
from typing import Any

from support.libpri import Line, Peer
from support.node_pair import OFFER

from tandem.gateway.calls.accounting import Record
from tandem.gateway.configuration.load import parse
from tandem.gateway.media.protocol import CloseRtp, MediaStatistics, RtpClosed, SendUnits, UnitsReceived
from tandem.gateway.node import Node
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.primitives import InviteRequest, SendDatagram
from tandem.isdn.q921.primitives import SendFrame

CONFIGURATION = """
[node]
name = "G"
country_code = "49"
records = "unused"
[sip]
listen = "127.0.0.1:5060"
[[span]]
name = "line"
device = "virtual:line"
framing = "{framing}"
[[trunk]]
name = "line"
type = "pri"
side = "{side}"
switch = "{switch}"
hunting = "descending"
{lines}
  [[trunk.spans]]
  span = "line"
[[trunk]]
name = "pbx"
type = "sip"
peer = "127.0.0.1:5070"
[[route]]
trunk = ["pbx"]
to = ["line"]
[[route]]
trunk = ["line"]
to = ["pbx"]
"""
GATEWAY, USER = ("127.0.0.1", 5060), ("127.0.0.1", 5070)


class PriNode:
    """The node and the SIP user. Outputs are frames of the D-channel, and what the user notices."""

    def __init__(self, side: str, switch: str, lines: str) -> None:
        framing = "crc4" if switch in ("euroisdn", "qsig") else "esf"
        text = CONFIGURATION.format(side=side, switch=switch, framing=framing, lines=lines)
        tokens, more = (map(f"{letter}{{}}".format, itertools.count()) for letter in "gu")
        self.now = time.monotonic()
        self.node = Node(parse(text), tokens.__next__, wall_clock=lambda now: 1.7e9 + now)
        self.user = SipAgent(AgentConfiguration(*USER), more.__next__)
        self.records: list[Record] = []
        self.lines: list[Any] = []
        self.node.start(list(range(10000, 10200, 2)), self.now)

    @property
    def interface(self) -> Any:
        """The Q.931 interface."""
        return self.node.pri.trunks["line"].interface

    @property
    def idle(self) -> bool:
        """Whether every channel is idle and in service, and nothing waits for libpri."""
        interface = self.interface
        return bool(
            interface.available and interface.quiet and interface.idle_channels == len(interface.channel_states())
        )

    def frame_received(self, octets: bytes, now: float) -> None:
        self.now = now
        number = self.node.pri.dchannels.ports["line"].numbers[0]
        self.node.media_events([UnitsReceived(number, [octets], 1, 0)], now)

    def next_deadline(self) -> float | None:
        return min((d for d in (self.node.next_deadline(), self.user.next_deadline()) if d is not None), default=None)

    def handle_timers(self, now: float) -> None:
        self.now = now
        self.node.handle_timers(now)
        self.user.handle_timers(now)

    def outputs(self) -> list[Any]:
        found: list[Any] = []
        effects = self.node.effects()
        for data, _ in effects.datagrams:
            self.user.receive(data, GATEWAY, self.now)
        self.records += effects.records
        self.lines += effects.lines
        for command in effects.media:
            if isinstance(command, SendUnits):
                found += [SendFrame(unit) for unit in command.units]
            elif isinstance(command, CloseRtp):
                self.node.media_events([RtpClosed(command.leg, MediaStatistics())], self.now)
        for output in self.user.outputs():
            if isinstance(output, SendDatagram):
                self.node.datagram(output.data, USER, self.now)
                found += self.outputs()
            else:
                found.append(output)
        return found

    def invite(self, number: str, now: float) -> int:
        """The SIP user calls."""
        request = InviteRequest(
            uri=f"sip:{number}@127.0.0.1",
            from_uri="sip:+4930100@127.0.0.1",
            to_uri=f"sip:{number}@127.0.0.1",
            destination=GATEWAY,
            body=OFFER,
            headers=(("P-Asserted-Identity", "<sip:+4930100@127.0.0.1>"),),
        )
        return self.user.invite(request, now)

    def respond(self, call: int, status: int, now: float) -> None:
        """The SIP user answers, or refuses."""
        self.user.respond(call, status, body=OFFER if status == 200 else None, now=now)

    def answer_reinvite(self, call: int, now: float) -> None:
        """The SIP user agrees to another session."""
        self.user.answer_reinvite(call, 200, body=OFFER, now=now)


class PriLine(Line):
    """A node and libpri, the data link and every channel in service."""

    machine: PriNode

    def __init__(self, executable: Path, side: str, switch: str = "euroisdn", lines: str = "", *options: str) -> None:
        peer = Peer(executable, network=side == "user", switch=switch, options=options)
        super().__init__(PriNode(side, switch, lines), peer)
        try:
            self.up()
        except BaseException:
            self.close()
            raise

    def up(self) -> None:
        """Wait until all is idle."""
        self.run_until(lambda: self.machine.idle, "every channel idle", 60)


TANDEM = """
[node]
name = "TM"
country_code = "49"
records = "unused"
"""
TRUNK = """
[[span]]
name = "{name}"
device = "virtual:{name}"
framing = "{framing}"
[[trunk]]
name = "{name}"
type = "pri"
side = "{side}"
switch = "{switch}"
hunting = "descending"
{lines}
  [[trunk.spans]]
  span = "{name}"
[[route]]
trunk = ["{name}"]
to = ["{other}"]
"""


class Port:
    """One PRI of a node that has several, as a machine for `libpri.Line`."""

    def __init__(self, tandem: PriTandem, name: str) -> None:
        self._tandem = tandem
        self._trunk = tandem.node.pri.trunks[name]
        self.number = tandem.node.pri.dchannels.ports[name].numbers[0]
        self.frames: list[SendFrame] = []
        self.next_deadline = tandem.node.next_deadline

    @property
    def idle(self) -> bool:
        """As of `PriNode`."""
        interface = self._trunk.interface
        return bool(
            interface.available and interface.quiet and interface.idle_channels == len(interface.channel_states())
        )

    def frame_received(self, octets: bytes, now: float) -> None:
        self._tandem.node.media_events([UnitsReceived(self.number, [octets], 1, 0)], now)

    def handle_timers(self, now: float) -> None:
        self._tandem.node.handle_timers(now)

    def outputs(self) -> list[SendFrame]:
        self._tandem.collect()
        frames, self.frames = self.frames, []
        return frames


class PriTandem:
    """A node between two libpri, `left` and `right`, each behind a PRI; every channel in service."""

    def __init__(self, executable: Path, left: tuple[str, str, str], right: tuple[str, str, str]) -> None:
        """Each side is (the node's side of the line, switch type, lines of its trunk)."""
        text, tokens = TANDEM, map("g{}".format, itertools.count())
        for name, other, (side, switch, lines) in (("left", "right", left), ("right", "left", right)):
            framing = "crc4" if switch in ("euroisdn", "qsig") else "esf"
            text += TRUNK.format(name=name, other=other, side=side, switch=switch, lines=lines, framing=framing)
        self.node = Node(parse(text), tokens.__next__, wall_clock=lambda now: 1.7e9 + now)
        self.records: list[Record] = []
        self.node.start([], time.monotonic())
        self.ports = {name: Port(self, name) for name in ("left", "right")}
        self.left, self.right = (
            Line(self.ports[name], Peer(executable, network=side == "user", switch=switch))
            for name, (side, switch, _) in (("left", left), ("right", right))
        )
        try:
            self.up()
        except BaseException:
            self.close()
            raise

    def collect(self) -> None:
        """Sort what the node wants sent by its lines."""
        effects = self.node.effects()
        self.records += effects.records
        for command in effects.media:
            if isinstance(command, SendUnits):
                for port in self.ports.values():
                    if port.number == command.channel:
                        port.frames += [SendFrame(unit) for unit in command.units]

    def run_until(self, condition: Any, what: str, seconds: float = 20.0) -> Any:
        """Let all three work until `condition()` is true, and return what it returned."""

        def both() -> Any:
            self.right._step(time.monotonic())
            return condition()

        return self.left.run_until(both, what, seconds)

    def event(self, line: Line, pattern: str, since: int = 0) -> re.Match[str]:
        """Wait for an event of one libpri's that matches; `since` is a place in its `peer.said`."""

        def find() -> re.Match[str] | None:
            return next((found for text in line.peer.said[since:] if (found := re.search(pattern, text))), None)

        found: re.Match[str] = self.run_until(find, f"event {pattern}")
        return found

    def up(self) -> None:
        """Wait until all is idle."""
        self.run_until(lambda: all(port.idle for port in self.ports.values()), "every channel idle", 60)

    def close(self) -> None:
        """End both libpri."""
        self.left.close()
        self.right.close()
