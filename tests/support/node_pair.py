"""Two gateways under a virtual clock, their signalling channels joined, with SIP users at both outer ends.

The media process is played by `FakeMedia`: units cross after a delay and may be lost (counted as errored at the
other end, as a bad FCS would be); RTP legs answer with empty statistics.
"""

import heapq
import itertools
from random import Random

import msgspec

from tandem.core.sigtran.primitives import SendMessage
from tandem.gateway.calls.accounting import OpenCall
from tandem.gateway.configuration.load import parse
from tandem.gateway.media.protocol import (
    CloseRtp,
    ContinuityHeard,
    MediaStatistics,
    RtpClosed,
    SendUnits,
    Source,
    Tone,
    UnitsReceived,
)
from tandem.gateway.node import Node
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.primitives import SendDatagram

CONFIGURATION = """
[node]
name = "{name}"
records = "unused"
[sip]
listen = "{sip}"
[[span]]
name = "e1"
device = "virtual:{name}"
{ss7}
[[trunk]]
name = "pstn"
type = "{user_part}"
linkset = "peer"
{trunk}
  [[trunk.circuits]]
  span = "e1"
  cic = "{cics}"
  {circuits}
[[trunk]]
name = "pbx"
type = "sip"
peer = "{user}"
{sip_trunk}
[[route]]
trunk = ["pbx"]
to = ["pstn"]
[[route]]
trunk = ["pstn"]
to = ["pbx"]
{more}
"""

LINKSET = """
[[ss7.linkset]]
name = "peer"
point_code = "{own}"
adjacent_point_code = "{other}"
proving = "emergency"
restart_wait = 1.0
{linkset}
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 16
{links}
"""

M2PA = """
[[association]]
name = "wire"
local = "127.0.0.1:3565"
peer = "127.0.0.2:3565"
wait = {wait}
[[ss7.linkset]]
name = "peer"
point_code = "{own}"
adjacent_point_code = "{other}"
proving = "emergency"
restart_wait = 1.0
{linkset}
  [[ss7.linkset.link]]
  association = "wire"
"""

M3UA = """
[[association]]
name = "wire"
local = "127.0.0.1:2905"
peer = "127.0.0.2:2905"
wait = {wait}
role = "{role}"
[[ss7.m3ua]]
name = "peer"
associations = ["wire"]
point_code = "{own}"
destinations = ["{other}"]
routing_context = 7
{linkset}
"""

USER_METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK", "REFER", "NOTIFY")
ADDRESS = {
    "A": ("127.0.0.1", 5060),
    "B": ("127.0.0.1", 5061),
    "a": ("127.0.0.1", 5070),
    "b": ("127.0.0.1", 5071),
}
OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0 8\r\na=sendrecv\r\n"
)


class Bench:
    """The clock, the wires, two nodes `A` and `B`, and two users `a` and `b` (SIP agents)."""

    def __init__(
        self,
        seed=0,
        loss=0.0,
        delay=0.004,
        sip_loss=0.0,
        cics="1-15,17-31",
        ss7=LINKSET,
        roles=("asp", "sgp"),
        user_part="isup",
        configuration=CONFIGURATION,
        **extra,
    ):
        self.random = Random(seed)
        self.now = 1000.0
        self.loss, self.delay, self.sip_loss = loss, delay, sip_loss
        self._cut = False
        self.user_part = user_part
        self.nodes = {}
        self.users = {}
        self.heard = {"a": [], "b": []}
        """(time, output) of each user agent."""
        self.records = {"A": [], "B": []}
        self.astray: list[tuple[bytes, tuple[str, int]]] = []
        """Datagrams to addresses where nobody is."""
        self.open = {"A": {}, "B": {}}
        """By `id`, the calls that a node that is killed leaves behind."""
        self._made = {}
        self.lines = []
        self.media = {"A": [], "B": []}
        """Commands to each media process, signal units left out."""
        self._events = []
        self._order = itertools.count()
        self.deaf = False
        """While set, no check tone comes back."""
        self._sources = {}
        self._fill = {}
        self._counts = {}
        parts = {"linkset": "", "circuits": "", "links": "", "trunk": "", "sip_trunk": "", "more": ""} | extra
        for name, own, other in (("A", "1", "2"), ("B", "2", "1")):
            first = name == "A"
            below = ss7.format(
                own=own, other=other, wait=str(not first).lower(), role=roles[0 if first else 1], **parts
            )
            text = configuration.format(
                name=name,
                ss7=below,
                cics=cics,
                user_part=user_part,
                sip="{}:{}".format(*ADDRESS[name]),
                user="{}:{}".format(*ADDRESS[name.lower()]),
                **parts,
            )
            tokens = map(f"{name}{{}}".format, itertools.count())  # `name` as it is now
            self._made[name] = parse(text), tokens.__next__
            self.nodes[name] = self._node(name)
        for name in "ab":
            tokens = map(f"{name}{{}}".format, itertools.count())  # `name` as it is now
            host, port = ADDRESS[name]
            configuration = AgentConfiguration(
                host, port, supported=("100rel", "timer", "precondition"), allow=USER_METHODS
            )
            self.users[name] = SipAgent(configuration, tokens.__next__)
        for name in "AB":
            self.nodes[name].start(list(range(10000, 10200, 2)), self.now)
            self._drain(name)

    def _node(self, name):
        return Node(*self._made[name], wall_clock=lambda now: 1.7e9 + now)

    def restart(self, name):
        """Kill a node and start another in its place, which is told what the first left; returns that."""
        left = list(self.open[name].values())
        self.open[name].clear()
        self.nodes[name] = self._node(name)
        self.nodes[name].start(list(range(10000, 10200, 2)), self.now)
        self.nodes[name].bid_farewell([farewell for call in left for farewell in call.farewells], self.now)
        self._drain(name)
        return left

    @property
    def cut(self):
        """While set, nothing crosses between the gateways and their receivers count octets (Q.703 4.1.4)."""
        return self._cut

    @cut.setter
    def cut(self, value):
        started, self._cut = value and not self._cut, value
        if started:
            self._count_octets()

    def _count_octets(self):
        if self._cut:
            for name, node in self.nodes.items():
                for channel in node.signalling.links:
                    self._media_event(name, UnitsReceived(channel, [], 0, 0, 800))
            self._later(0.1, self._count_octets)

    # --- running

    def run(self, seconds):
        """Let virtual time pass."""
        end = self.now + seconds
        while True:
            due = [(d, n) for n in (*self.nodes, *self.users) if (d := self._machine(n).next_deadline()) is not None]
            moment, name = min(due, default=(end + 1, ""))
            if self._events and self._events[0][0] <= moment:
                if self._events[0][0] > end:
                    break
                self.now, _, action = heapq.heappop(self._events)
                action()
                continue
            if moment > end:
                break
            self.now = max(self.now, moment)
            self._machine(name).handle_timers(self.now)
            self._drain(name)
        self.now = end

    def run_until(self, condition, limit=300.0):
        """Let time pass until `condition()`; fails when that takes longer than `limit` virtual seconds."""
        end = self.now + limit
        while not condition():
            assert self.now < end, "it did not happen in time"
            self.run(0.05)

    def up(self):
        """Let time pass until every circuit of both gateways is idle."""
        self.run_until(self.all_idle)
        return self

    def all_idle(self):
        """Whether every circuit at both ends is idle and unblocked."""
        return all(
            part.exchange.idle_circuits("pstn") == len(part.trunks["pstn"].endpoints) for part in map(self.part, "AB")
        )

    def part(self, name):
        """The user part that signals for the circuits of a node."""
        return getattr(self.nodes[name], self.user_part)

    def call(self, user, action, *args, **kwargs):
        """Ask something of a user agent."""
        result = getattr(self.users[user], action)(*args, now=self.now, **kwargs)
        self._drain(user)
        return result

    def events(self, user, kind):
        """What a user agent said, of one type."""
        return [output for _, output in self.heard[user] if isinstance(output, kind)]

    # --- wires

    def _machine(self, name):
        return self.nodes.get(name) or self.users[name]

    def _later(self, delay, action):
        heapq.heappush(self._events, (self.now + delay, next(self._order), action))

    def _drain(self, name):
        if name in self.users:
            for output in self.users[name].outputs():
                if isinstance(output, SendDatagram):
                    self._sip(name, output)
                else:
                    self.heard[name].append((self.now, output))
            return
        effects = self.nodes[name].effects()
        for data, destination in effects.datagrams:
            self._sip(name, SendDatagram(data, destination))
        for call in effects.provisional:
            self.open[name][call.record.id] = msgspec.json.decode(msgspec.json.encode(call), type=OpenCall)
        for record in effects.records:
            self.records[name].append(record)
            self.open[name].pop(record.id, None)
        for identity in effects.dropped:
            self.open[name].pop(identity, None)
        self.lines += [(self.now, name, line) for line in effects.lines]
        for command in effects.media:
            self._command(name, command)
        for message in effects.associations:
            self._association(name, message)

    def connect(self):
        """Bring the association between the gateways up."""
        for name, node in self.nodes.items():
            node.association_up("wire", 4, self.now)
            self._drain(name)

    def stop(self, name):
        """Have one gateway take its signalling down."""
        self.nodes[name].stop(self.now)
        self._drain(name)

    def disconnect(self):
        """Cut the association between the gateways."""
        for name, node in self.nodes.items():
            node.association_down("wire", "cut", self.now)
            self._drain(name)

    def _association(self, name, message):
        other = "B" if name == "A" else "A"
        if isinstance(message, SendMessage) and not self.cut:

            def arrive():
                self.nodes[other].association_message("wire", message.octets, message.stream, self.now)
                self._drain(other)

            self._later(self.delay, arrive)

    def datagram(self, name, data, source):
        """A datagram comes to a gateway from an address of nobody here."""
        self.nodes[name].datagram(data, source, self.now)
        self._drain(name)

    def _sip(self, sender, datagram):
        receiver = next((name for name, address in ADDRESS.items() if address == datagram.destination), None)
        if receiver is None:
            self.astray.append((datagram.data, datagram.destination))
        if receiver is None or self.random.random() < self.sip_loss:
            return

        def arrive():
            machine = self._machine(receiver)
            if receiver in self.nodes:
                machine.datagram(datagram.data, ADDRESS[sender], self.now)
            else:
                machine.receive(datagram.data, ADDRESS[sender], self.now)
            self._drain(receiver)

        self._later(0.0005, arrive)

    def _command(self, name, command):
        if isinstance(command, SendUnits):
            self._units(name, command)
            return
        self.media[name].append(command)
        if isinstance(command, Source | Tone):
            self._check_loops(name, command)
        if isinstance(command, CloseRtp):
            self._later(0.001, lambda: self._media_event(name, RtpClosed(command.leg, MediaStatistics())))

    def _check_loops(self, name, command):
        """The check tone on a circuit comes back while the other end has a loop on it."""
        self._sources[name, repr(command.sink)] = command
        for one, other in (("A", "B"), ("B", "A")):
            mine = self._sources.get((one, repr(command.sink)))
            theirs = self._sources.get((other, repr(command.sink)))
            sent = isinstance(mine, Tone) and mine.name == "continuity"
            looped = isinstance(theirs, Source) and theirs.source == theirs.sink
            if sent and looped and not self.deaf:
                self._later(0.1, lambda one=one, sink=mine.sink: self._media_event(one, ContinuityHeard(sink)))

    def _media_event(self, name, event):
        self.nodes[name].media_events([event], self.now)
        self._drain(name)

    def _units(self, name, command):
        """Units cross in order; the fill crosses once when it changes, and again until it got through."""
        other = "B" if name == "A" else "A"
        for unit in command.units:
            self._cross(other, command.channel, unit)
        key = (name, command.channel)
        if command.fill != self._fill.get(key):
            self._fill[key] = command.fill
            self._repeat(name, other, command.channel, command.fill)

    def _repeat(self, name, other, channel, fill):
        if fill is None or self._fill.get((name, channel)) != fill:
            return
        if not self._cross(other, channel, fill):
            self._later(0.002, lambda: self._repeat(name, other, channel, fill))

    def _cross(self, other, channel, unit):
        """Send one unit; whether it will arrive."""
        if self.cut:
            return False
        if self.random.random() < self.loss:
            self._later(self.delay, lambda: self._media_event(other, UnitsReceived(channel, [], 0, 1)))
            return False
        good = 30 if len(unit) <= 5 else 1
        self._later(self.delay, lambda: self._media_event(other, UnitsReceived(channel, [unit], good, 0)))
        return True
