"""Our node and libss7 as each other's neighbour exchange, in real time: a packet socket is the signalling link.

The node runs in this process without media and without sockets for SIP: a SIP agent is its user, as in node_pair.
"""

from __future__ import annotations

import itertools
import re
import select
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from support.peers import INTEROP, program

from tandem.gateway.configuration.load import parse
from tandem.gateway.media.protocol import (
    CloseRtp,
    ContinuityHeard,
    MediaStatistics,
    RtpClosed,
    SendUnits,
    Source,
    TimeslotEndpoint,
    Tone,
    UnitsReceived,
)
from tandem.gateway.node import Node
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.primitives import IncomingInvite, InviteRequest, SendDatagram
from tandem.ss7.isup.circuits import Blocking, CircuitStatus
from tandem.ss7.isup.messages import Message

#: What a terminal does 50 times a second or more: repeat the fill.
FILL_INTERVAL = 0.02
CONFIGURATION = """
[sip]
listen = "127.0.0.1:5060"
[[span]]
name = "e1"
device = "virtual:e1"
[[ss7.linkset]]
name = "libss7"
point_code = "{own}"
adjacent_point_code = "{other}"
proving = "{proving}"
{linkset}
{links}
[[trunk]]
name = "pstn"
type = "isup"
linkset = "libss7"
{trunk}
  [[trunk.circuits]]
  span = "e1"
  cic = "1-15"
[[trunk]]
name = "pbx"
type = "sip"
peer = "127.0.0.1:5070"
[[route]]
trunk = ["pbx"]
to = ["pstn"]
[[route]]
trunk = ["pstn"]
to = ["pbx"]
"""
LINK = """
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = {}
"""
NODE, USER = ("127.0.0.1", 5060), ("127.0.0.1", 5070)
OWN, OTHER = 2, 1
CICS = range(1, 16)
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\na=sendrecv\r\n"
)


def build(folder: Path) -> Path:
    """Compile ss7peer; fails with the package to install where a part is absent."""
    compiler = program("cc", "gcc libc6-dev")
    if not Path("/usr/include/libss7.h").exists():
        pytest.fail("libss7.h is not installed: apt install libss7-dev")
    peers = INTEROP / "peers"
    sources = [peers / "ss7peer" / "ss7peer.c", peers / "common" / "chan.c"]
    out = folder / "ss7peer"
    command = [compiler, "-O1", "-w", "-I", str(peers / "common"), "-o", str(out), *map(str, sources), "-lss7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert shutil.which(str(out))
    return out


class Line:
    """One signalling link as the media process would carry it."""

    def __init__(self, path: Path) -> None:
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(path))
        self.listener.listen(1)
        self.socket: socket.socket | None = None
        self.fill: bytes | None = None
        self.next_fill = 0.0
        self.last = b""
        """Last short unit that came; repeats of it are not handed on."""
        self.cut = False
        """While set, nothing passes."""
        self.sent: list[bytes] = []
        self.received: list[bytes] = []

    def accept(self) -> None:
        self.listener.settimeout(10)
        self.socket = self.listener.accept()[0]
        self.socket.setblocking(False)
        self.listener.close()

    def send(self, unit: bytes) -> None:
        assert self.socket is not None
        if not self.cut:
            try:
                self.socket.send(unit)
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                return

    def close(self) -> None:
        self.listener.close()
        if self.socket is not None:
            self.socket.close()


class Exchanges:
    """Our node, libss7, and a SIP user behind the node."""

    def __init__(
        self,
        executable: Path,
        folder: Path,
        links: int = 1,
        proving: str = "automatic",
        linkset: str = "",
        trunk: str = "",
        options: tuple[str, ...] = ("-T", "t21=5000"),
    ) -> None:
        """Start both; nothing has gone over the links yet."""
        self.lines = [Line(folder / f"link{number}") for number in range(links)]
        command = [str(executable), "-p", str(OTHER), "-P", str(OWN), "-k", "20", "-t", "900", *options]
        for number in range(links):
            command += ["-c", f"unix-connect:{folder / f'link{number}'}"]
        self.peer = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self.said: list[str] = []
        """Lines that libss7's program printed."""
        self._rest = b""
        configuration = parse(
            CONFIGURATION.format(
                own=OWN,
                other=OTHER,
                proving=proving,
                linkset=linkset,
                trunk=trunk,
                links="".join(LINK.format(16 + number) for number in range(links)),
            )
        )
        self.node = Node(configuration, map(str, itertools.count(1)).__next__, lambda now: 1.7e9 + now, None, True)
        self.log: list[str] = []
        """Lines of our log, each `SHAPE SUBJECT: TEXT`."""
        self.records = []
        self.user = SipAgent(AgentConfiguration(*USER), (f"u{n}" for n in itertools.count()).__next__)
        self.heard: list[object] = []
        """What the SIP user was told."""
        self.circuits: dict[object, Source | Tone] = {}
        """What each timeslot, or leg, was told last to transmit."""
        self.held: list[tuple[Line, bytes]] | None = None
        """A list while messages of ours are held back (see `hold`)."""
        try:
            for line in self.lines:
                line.accept()
        except BaseException:
            self.close()
            raise
        self.node.start(list(range(10000, 10064, 2)), time.monotonic())
        self._act(time.monotonic())

    # --- time

    def run_until(self, condition, what: str, seconds: float = 30.0):
        """Let both work until `condition()` is true, and return what it returned."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            now = time.monotonic()
            if now >= end:
                tail = "\n".join([*self.log[-12:], *self.said[-12:]])
                raise AssertionError(f"not within {seconds:.0f} s: {what}\n{tail}")
            self._step(now)
        return found

    def run(self, seconds: float) -> None:
        """Let both work for a while."""
        end = time.monotonic() + seconds
        self.run_until(lambda: time.monotonic() >= end, "time passes", seconds + 5)

    def up(self) -> Exchanges:
        """Wait until every circuit is idle and libss7 says that it is up."""
        self.run_until(lambda: any("SS7_EVENT_UP" in text for text in self.said), "SS7 up at libss7", 60)
        self.run_until(self.all_idle, "every circuit idle", 60)
        return self

    def _step(self, now: float) -> None:
        due = [line.next_fill for line in self.lines]
        deadlines = [d for d in (self.node.next_deadline(), self.user.next_deadline()) if d is not None]
        wait = max(0.0, min([*due, *deadlines, now + 0.05]) - now)
        assert self.peer.stdout is not None
        sockets = [line.socket for line in self.lines if line.socket is not None]
        ready, _, _ = select.select([*sockets, self.peer.stdout], [], [], wait)
        now = time.monotonic()
        for number, line in enumerate(self.lines):
            if line.socket in ready:
                self._receive(number, line, now)
            if now >= line.next_fill:
                line.next_fill = now + FILL_INTERVAL
                if line.fill is not None:
                    line.send(line.fill)
        if self.peer.stdout in ready:
            *whole, self._rest = (self._rest + self.peer.stdout.read(65536)).split(b"\n")
            self.said += [text.decode() for text in whole]
            assert self.peer.poll() is None, f"ss7peer ended: {self.said[-3:]}"
        for machine in (self.node, self.user):
            deadline = machine.next_deadline()
            if deadline is not None and deadline <= now:
                machine.handle_timers(now)
        self._act(now)

    def _receive(self, number: int, line: Line, now: float) -> None:
        units, good = [], 0
        while True:
            try:
                unit = line.socket.recv(4096)
            except BlockingIOError:
                break
            if not unit:
                break
            good += 1
            if line.cut or (len(unit) <= 5 and unit == line.last):
                continue
            line.last = unit if len(unit) <= 5 else b""
            units.append(unit)
            line.received.append(unit)
        if line.cut:
            self.node.media_events([UnitsReceived(number, [], 0, good, 16 * good)], now)
        else:
            self.node.media_events([UnitsReceived(number, units, good, 0)], now)

    def _act(self, now: float) -> None:
        """Carry out what the node and the user want until there is nothing more."""
        while True:
            effects = self.node.effects()
            self.records += effects.records
            self.log += [f"{line.shape} {line.subject}: {line.text}" for line in effects.lines]
            for data, destination in effects.datagrams:
                if destination == USER:
                    self.user.receive(data, NODE, now)
            closed = []
            for command in effects.media:
                if isinstance(command, SendUnits):
                    self._send(command)
                elif isinstance(command, CloseRtp):
                    closed.append(RtpClosed(command.leg, MediaStatistics()))
                elif isinstance(command, Source | Tone):
                    self.circuits[command.sink] = command
            if closed:
                self.node.media_events(closed, now)
            moved = bool(effects.datagrams or closed)
            for output in self.user.outputs():
                moved = True
                if isinstance(output, SendDatagram):
                    self.node.datagram(output.data, USER, now)
                else:
                    self.heard.append(output)
            if not moved:
                return

    def _send(self, command: SendUnits) -> None:
        line = self.lines[command.channel]
        for unit in command.units:
            line.sent.append(unit)
            if self.held is None:
                line.send(unit)
            else:
                self.held.append((line, unit))
        if self.held is not None:
            return
        if command.fill != line.fill:
            line.fill, line.next_fill = command.fill, 0.0
            if command.fill is not None:
                line.sent.append(command.fill)

    def hold(self) -> None:
        """Keep our messages back from libss7 until `let_go`, so that messages cross."""
        self.held = []

    def let_go(self) -> None:
        """Send what was held back, in order."""
        held, self.held = self.held or [], None
        for line, unit in held:
            line.fill = unit[:2] + b"\x00"  # what would have been repeated behind the last message
            line.send(unit)

    # --- circuits, as the media process would switch them

    @staticmethod
    def timeslot(cic: int) -> TimeslotEndpoint:
        """Where a circuit is."""
        return TimeslotEndpoint("e1", cic)

    def source(self, cic: int):
        """What a circuit transmits: an endpoint, or None for silence or a tone."""
        command = self.circuits.get(self.timeslot(cic))
        return command.source if isinstance(command, Source) else None

    def tones(self) -> list[object]:
        """The circuits that send the check tone."""
        return [sink for sink, what in self.circuits.items() if isinstance(what, Tone) and what.name == "continuity"]

    def tone_heard(self, cic: int) -> None:
        """The check tone came back on a circuit."""
        now = time.monotonic()
        self.node.media_events([ContinuityHeard(self.timeslot(cic))], now)
        self._act(now)

    # --- libss7

    def tell(self, command: str) -> str:
        """Give libss7's program a command and return its answer (`OK …` or `ERR …`)."""
        mark = len(self.said)
        assert self.peer.stdin is not None
        self.peer.stdin.write(command.encode() + b"\n")

        def answer():
            return next((text for text in self.said[mark:] if text.startswith(("OK", "ERR"))), None)

        return self.run_until(answer, f"an answer to {command!r}", 10)

    def event(self, pattern: str, since: int = 0, seconds: float = 30.0) -> re.Match[str]:
        """Wait for an event of libss7's that matches; `since` is a place in `said`."""

        def find():
            return next((m for text in self.said[since:] if (m := re.search(pattern, text))), None)

        return self.run_until(find, f"event {pattern}", seconds)

    # --- our side

    @property
    def exchange(self):
        """Our ISUP."""
        return self.node.isup.exchange

    def all_idle(self) -> bool:
        """Whether every circuit is idle and not blocked, as we see it."""
        views = self.exchange.circuit_states("pstn").values()
        return all(view.status is CircuitStatus.IDLE and not view.blocking for view in views)

    def blocking(self, cic: int) -> Blocking:
        """How a circuit is blocked."""
        return self.exchange.circuit_states("pstn")[cic].blocking

    def act(self, action, *arguments, **options):
        """Ask something of our ISUP or of the SIP user, with the time as last argument."""
        now = time.monotonic()
        result = action(*arguments, **options, now=now)
        # The node settles with its next input; an empty list of media events is one.
        self.node.media_events([], now)
        self._act(now)
        return result

    def invite(self, number: str = "5551234", caller: str = "4321") -> int:
        """The SIP user calls `number` by way of the node; the handle of its call."""
        request = InviteRequest(
            uri=f"sip:{number}@127.0.0.1",
            from_uri=f"sip:{caller}@127.0.0.1",
            to_uri=f"sip:{number}@127.0.0.1",
            destination=NODE,
            body=SDP,
        )
        return self.act(self.user.invite, request)

    def hears(self, kind, since: int = 0, seconds: float = 30.0):
        """Wait until the SIP user was told something of a type, and return it."""

        def find():
            return next((item for item in self.heard[since:] if isinstance(item, kind)), None)

        return self.run_until(find, f"{kind.__name__} at the SIP user", seconds)

    def offered(self, since: int = 0) -> IncomingInvite:
        """Wait for a call at the SIP user."""
        return self.hears(IncomingInvite, since)

    def isup(self) -> list[str]:
        """ISUP messages on the links so far, `> IAM 3` for one of ours on circuit 3."""
        pattern = re.compile(r"([<>]) isup \S+: (\w+)(?: CIC (\d+))?")
        found = (pattern.match(text) for text in self.log)
        return [f"{m[1]} {m[2]} {m[3]}" for m in found if m]

    def trouble(self) -> list[str]:
        """What our log calls trouble."""
        return [text for text in self.log if text.startswith("!")]

    def close(self) -> None:
        """End libss7's program."""
        self.peer.kill()
        self.peer.wait(10)
        for stream in (self.peer.stdin, self.peer.stdout):
            if stream is not None:
                stream.close()
        for line in self.lines:
            line.close()


class Talk:
    """One call at a time between the two, and what was said in it."""

    def __init__(self, both):
        self.both = both
        self.marks = (len(both.isup()), len(both.said), len(both.heard), len(both.records))

    @property
    def isup(self):
        """Names of the ISUP messages since the start, ours with `>`."""
        return [" ".join(text.split()[:2]) for text in self.both.isup()[self.marks[0] :]]

    @property
    def circuits(self):
        """The circuits that these messages were about."""
        return {int(text.split()[2]) for text in self.both.isup()[self.marks[0] :]}

    def event(self, pattern):
        """Wait for an event of libss7's in this call."""
        return self.both.event(pattern, self.marks[1])

    def hears(self, kind):
        """Wait until the SIP user was told something in this call."""
        return self.both.hears(kind, self.marks[2])

    def from_libss7(self, cic=3, called="5551234", calling="4321"):
        """libss7 calls; the number of its call and the INVITE at the SIP user."""
        answer = self.both.tell(f"call {called} {calling} {cic}")
        return re.search(r"call=(\d+)", answer)[1], self.both.offered(self.marks[2])

    def checked_call(self, cic):
        """libss7 calls and asks for a continuity check of the circuit; the number of its call."""
        answer = self.both.tell(f"cotcall 5551234 4321 {cic}")
        return re.search(r"call=(\d+)", answer)[1]

    def to_libss7(self, number="5551234", caller="4321"):
        """The SIP user calls; its handle, and the IAM event of libss7."""
        handle = self.both.invite(number, caller)
        return handle, self.event(r"ISUP_EVENT_IAM call=(\d+) cic=(\d+) opc=2 called=(\S+) nai=(\d) calling=(\w+)")

    def respond(self, call, status, body=None):
        """The SIP user answers."""
        self.both.act(self.both.user.respond, call, status, body=body)

    def over(self):
        """Everything is idle again and the record is written; the record."""
        both = self.both
        both.run_until(lambda: both.all_idle() and not both.exchange.calls(), "all idle")
        both.run_until(lambda: len(both.records) == self.marks[3] + 1, "one record")
        return both.records[-1]


def decode(unit: bytes) -> Message:
    """The ISUP message in an MSU, from the BSN on."""
    return Message.parse(unit[8:])


def lssu(units: list[bytes]) -> list[int]:
    """Status of the LSSUs among units: 0 SIO, 1 SIN, 2 SIE, 3 SIOS (Q.703 11.1.3)."""
    return [unit[3] & 7 for unit in units if unit[2] in (1, 2)]
