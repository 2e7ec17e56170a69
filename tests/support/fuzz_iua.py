"""IUA as a duel: an exchange, two associations, a gateway whose D-channels are data links to users of two lines."""

from __future__ import annotations

from contextlib import suppress
from itertools import zip_longest
from random import Random
from typing import Any

from support.fuzz_dchannel import MESSAGE, frame, message
from support.fuzzing import Duel, mutate
from support.sigtran_vectors import captured

from tandem.core.errors import EncodeError
from tandem.core.sigtran.codes import Status, Tag, TrafficMode
from tandem.core.sigtran.common import Message, Parameter
from tandem.core.sigtran.interfaces import interface_name
from tandem.core.sigtran.primitives import AsState, CloseAssociation
from tandem.core.timers import earliest
from tandem.gateway.configuration.load import parse
from tandem.gateway.iua import IuaEnds
from tandem.gateway.media.protocol import UnitsReceived
from tandem.isdn.iua.link import IuaLink
from tandem.isdn.iua.messages import IUA_FORMS, Dlci
from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.link import DataLink
from tandem.isdn.q921.primitives import DataIndication, SendFrame, State

NAMES = ("x", "y")
INTERFACES: tuple[int | str, ...] = (1, "two")
CAPTURED = [message.octets for message in captured(2, 3)]
UP, DOWN = State.MULTIPLE_FRAME_ESTABLISHED, State.TEI_ASSIGNED
#: Alarms of a line.
ALARMS: tuple[list[str], ...] = ([], ["LOS"], ["AIS"], ["RAI"])
#: Seconds in which a data link is established, whatever was in its way: attempts of Q.921 and IUA.
SETTLED = 60.0

_ASSOCIATIONS = "".join(
    f'[[association]]\nname = "{name}"\nlocal = "127.0.0.1:0"\npeer = "127.0.0.1:990{at}"\n'
    for at, name in enumerate(NAMES)
)
_EXCHANGE = _ASSOCIATIONS + "".join(
    f"""
[[span]]
name = "s{at}"
device = "virtual:s{at}"
[[trunk]]
name = "t{at}"
type = "pri"
side = "network"
  [[trunk.spans]]
  span = "s{at}"
  associations = ["x", "y"]
  iua_interface = {interface!r}
[[route]]
to = ["t{at}"]
"""
    for at, interface in enumerate(INTERFACES)
)
_GATEWAY = _ASSOCIATIONS + "".join(
    f"""
[[span]]
name = "s{at}"
device = "virtual:s{at}"
[[isdn.backhaul]]
associations = ["x", "y"]
interface = {interface!r}
span = "s{at}"
side = "network"
"""
    for at, interface in enumerate(INTERFACES)
)


class Machine:
    """IUA of a gateway and, where its Q.921 is, the users at the far ends of its lines."""

    def __init__(self, text: str, far: dict[int, DataLink]) -> None:
        self.ends = IuaEnds(parse(text), 0, lambda line: None)
        self.far = far

    def next_deadline(self) -> float | None:
        return earliest(self.ends.next_deadline(), *(link.next_deadline() for link in self.far.values()))

    def handle_timers(self, now: float) -> None:
        self.ends.handle_timers(now)
        for link in self.far.values():
            link.handle_timers(now)


Machine.__module__ = "tandem.fuzzed"  # what it holds is counted


class IuaSide:
    """What is the same at either end."""

    def __init__(self, text: str, source: Random, far: dict[int, DataLink]) -> None:
        self.machine: Any = Machine(text, far)
        self.ends: IuaEnds = self.machine.ends
        self.source = source

    @property
    def state(self) -> AsState:
        """Of the application server."""
        assert self.ends._machine is not None
        return self.ends._machine.server_state(" ".join(NAMES))

    def take(self, now: float) -> list[tuple[tuple[str, int], bytes]]:
        sent = []
        self.settle(now)
        while self.ends.messages:
            messages, self.ends.messages[:] = self.ends.messages[:], []
            for output in messages:
                if isinstance(output, CloseAssociation):
                    self.ends.association_down(output.association, "closed", now)
                else:
                    sent.append(((output.association, output.stream), output.octets))
            self.settle(now)
        return sent

    def settle(self, now: float) -> None:
        """Carry frames and primitives until there are none."""
        self.ends.settle(now)

    def receive(self, channel: tuple[str, int], octets: bytes, now: float) -> None:
        self.ends.association_message(channel[0], octets, channel[1], now)

    def request(self, now: float) -> None:
        source = self.source
        name = source.choice(NAMES)
        match source.randrange(30):
            case 0 | 1:
                self.ends.association_up(name, source.choice((1, 2, 16)), now)
            case 2 if source.random() < 0.3:
                self.ends.association_down(name, "cut", now)
            case _:
                self.use(now)

    def use(self, now: float) -> None:
        """Something that layer 3, a user or a line does."""
        raise NotImplementedError

    def noise(self) -> tuple[tuple[str, int], bytes]:
        """A captured or built message, perhaps changed."""
        source = self.source
        octets = source.choice(CAPTURED) if source.random() < 0.2 else self._built()
        if source.random() < 0.4:
            octets = mutate(octets, source.choice(CAPTURED), source)
        return (source.choice(NAMES), source.choice((0, 1, 1, 17))), octets

    def _built(self) -> bytes:
        """A message that has what its form demands, and often what it may have."""
        source = self.source
        kind = source.choice(list(IUA_FORMS))
        form = IUA_FORMS[kind]
        tags = [source.choice(group) for group in form.required]
        tags += [tag for tag in form.optional if source.random() < 0.4]
        if source.random() < 0.1:
            tags = [source.choice(list(Tag)) for _ in range(source.randrange(5))]
        return Message(kind, tuple(self._parameter(tag) for tag in tags)).encode()

    def _parameter(self, tag: Tag) -> Parameter:
        source = self.source
        match tag:
            case Tag.INTERFACE_ID | Tag.INTERFACE_ID_TEXT if source.random() < 0.9:
                return interface_name(source.choice(INTERFACES))
            case Tag.DLCI:
                return Dlci(source.choice((0, 0, 0, 16)), source.choice((0, 0, 0, 1, 127))).encode()
            case Tag.QPTM_PROTOCOL_DATA:
                return Parameter(tag, message(source))
            case Tag.STATUS:
                return Parameter.number(tag, source.choice(list(Status)))
            case Tag.TRAFFIC_MODE:
                return Parameter.number(tag, source.choice(list(TrafficMode)))
            case Tag.HEARTBEAT_DATA | Tag.INFO_STRING | Tag.DIAGNOSTIC:
                return Parameter(tag, source.randbytes(source.randrange(20)))
        return Parameter.number(tag, source.choice((0, 1, 2, 3, 77, source.randrange(1 << 32))))


class Exchange(IuaSide):
    """Layer 3 of both D-channels."""

    def __init__(self, text: str, source: Random) -> None:
        super().__init__(text, source, {})
        self.heard: dict[int | str, list[bytes]] = {interface: [] for interface in INTERFACES}

    @property
    def links(self) -> list[IuaLink]:
        return [self.ends.link(interface) for interface in INTERFACES]

    def settle(self, now: float) -> None:
        super().settle(now)
        for link in self.links:
            heard = self.heard[link.interface]
            heard += [output.octets for output in link.outputs() if isinstance(output, DataIndication)]
            del heard[:-20]

    def use(self, now: float) -> None:
        source = self.source
        link = source.choice(self.links)
        match source.randrange(12):
            case 0 | 1 | 2:
                link.establish(now)
            case 3:
                link.release(now)
            case 4 if source.random() < 0.3:
                link.persistent_deactivation(now)
            case 5:
                with suppress(EncodeError):
                    link.unit_data(message(source), now)
            case _:
                with suppress(EncodeError):
                    link.data(message(source), now)


class Gateway(IuaSide):
    """Q.921 of both D-channels, and a user at the far end of each line, which loses frames in one episode of two."""

    def __init__(self, text: str, source: Random) -> None:
        far = {number: DataLink(LinkConfiguration(network=False)) for number in range(len(INTERFACES))}
        super().__init__(text, source, far)
        self.far = far
        self.loss = source.choice((0.0, 0.1))
        self.heard: dict[int, list[bytes]] = {number: [] for number in far}

    def link(self, number: int) -> DataLink:
        """The gateway's own data link."""
        return self.ends._backhauls[INTERFACES[number]].link

    def settle(self, now: float) -> None:
        moved = True
        while moved:
            super().settle(now)
            units, self.ends.units[:] = self.ends.units[:], []
            moved = bool(units)
            for number, frames, _ in units:
                for octets in frames:
                    if self.source.random() >= self.loss:
                        self.far[number].frame_received(octets, now)
            for number, link in self.far.items():
                for output in link.outputs():
                    moved = True
                    if isinstance(output, SendFrame) and self.source.random() >= self.loss:
                        self.ends.units_received(UnitsReceived(number, [output.octets], 1, 0), now)
                    elif isinstance(output, DataIndication):
                        self.heard[number] = [*self.heard[number][-20:], output.octets]

    def use(self, now: float) -> None:
        source = self.source
        number = source.choice(list(self.far))
        link = self.far[number]
        match source.randrange(16):
            case 0 | 1 | 2:
                link.establish(now)
            case 3:
                link.release(now)
            case 4:
                self.ends.span_changed(f"s{number}", source.choice(ALARMS), now)
            case 5:
                self.ends.units_received(UnitsReceived(number, [frame(source)], 1, 0), now)
            case 6:
                link.set_busy(source.random() < 0.3, now)
            case 7 if source.random() < 0.3:
                link.persistent_deactivation(now)
            case _:
                with suppress(EncodeError):
                    link.data(message(source), now)


def iua(source: Random) -> Duel:
    """An exchange and a gateway."""
    mode = f'[isdn]\niua_mode = "{source.choice(("override", "loadshare"))}"\n'
    return Duel([Exchange(mode + _EXCHANGE, source), Gateway(mode + _GATEWAY, source)], source)


def iua_recovers(duel: Duel) -> None:
    """After anything, new associations and sound lines bring every data link up, and it carries messages both ways."""
    exchange, gateway = duel.sides
    assert isinstance(exchange, Exchange)
    assert isinstance(gateway, Gateway)
    duel.cut()
    gateway.loss = 0.0
    for side in (exchange, gateway):
        for name in NAMES:
            side.ends.association_down(name, "cut", duel.now)
    for number, link in gateway.far.items():
        gateway.ends.span_changed(f"s{number}", [], duel.now)
        link.set_busy(False, duel.now)
    duel.quietly(30.0, 1.0)
    states = [link.state for link in (*exchange.links, *map(gateway.link, gateway.far))]
    assert not {State.MULTIPLE_FRAME_ESTABLISHED, State.AWAITING_RELEASE} & set(states), f"without a server: {states}"
    for side in (exchange, gateway):
        for name in NAMES:
            side.ends.association_up(name, 4, duel.now)
    duel.drain()
    duel.quietly(SETTLED, 0.5)
    assert {side.state for side in (exchange, gateway)} == {AsState.ACTIVE}
    for link in exchange.links:
        link.release(duel.now)
    duel.drain()
    duel.quietly(SETTLED, 0.5)
    for link in exchange.links:
        link.establish(duel.now)
    duel.drain()
    duel.quietly(SETTLED, 0.5)
    for at, (link, far) in enumerate(zip_longest(exchange.links, gateway.far.values())):
        states = [link.state, gateway.link(at).state, far.state]
        assert states == [UP, UP, UP], f"data link {link.interface} is not established: {states}"
        exchange.heard[link.interface].clear()
        gateway.heard[at].clear()
        for text in (b"1", b"2", b"3"):
            assert link.data(MESSAGE + text, duel.now)
            assert far.data(MESSAGE + text, duel.now)
        duel.drain()
        duel.quietly(5.0)
        wanted = [MESSAGE + text for text in (b"1", b"2", b"3")]
        assert exchange.heard[link.interface] == wanted, "messages are lost on the way to the exchange"
        assert gateway.heard[at] == wanted, "messages are lost on the way to the line"
