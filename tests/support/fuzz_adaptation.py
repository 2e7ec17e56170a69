"""M3UA and M2UA as sides of a duel, over two associations that come and go."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from support.fuzz_links import EVENTS, MSU, LevelTwo
from support.fuzzing import Duel, mutate
from support.sigtran_vectors import captured

from tandem.core.errors import EncodeError
from tandem.core.sigtran.codes import Tag, TrafficMode, Type, UnavailabilityCause
from tandem.core.sigtran.common import Message, Parameter
from tandem.core.sigtran.configuration import AssociationConfiguration, Role
from tandem.core.sigtran.primitives import CloseAssociation, SendMessage
from tandem.ss7.mtp3.primitives import TransferRequest
from tandem.ss7.sigtran.m2ua import M2ua
from tandem.ss7.sigtran.m2ua_configuration import M2uaServer
from tandem.ss7.sigtran.m2ua_links import LinkRequest, Request
from tandem.ss7.sigtran.m3ua import M3ua
from tandem.ss7.sigtran.m3ua_configuration import M3uaServer
from tandem.ss7.sigtran.m3ua_destinations import DestinationState

NAMES = ("x", "y")
INTERFACES: tuple[int | str, ...] = (1, "two")
CAPTURED = [message.octets for message in captured(2, 3)]


class LayerSide:
    """What is the same for every layer."""

    def __init__(self, machine: Any, source: Random) -> None:
        self.machine = machine
        self.source = source

    def take(self, now: float) -> list[tuple[tuple[str, int], bytes]]:
        sent = []
        for output in self.machine.outputs():
            if isinstance(output, SendMessage):
                sent.append(((output.association, output.stream), output.octets))
            elif isinstance(output, CloseAssociation):
                self.machine.disconnected(output.association, now)
            else:
                self.act(output, now)
        return sent

    def act(self, output: object, now: float) -> None:
        """Something for the user above."""

    def receive(self, channel: tuple[str, int], octets: bytes, now: float) -> None:
        """The channel is the association and the stream."""
        self.machine.receive(channel[0], octets, channel[1], now)

    def request(self, now: float) -> None:
        layer, source = self.machine, self.source
        name = source.choice(NAMES)
        match source.randrange(30):
            case 0 | 1 | 2 | 3:
                layer.connected(name, now, source.choice((1, 2, 16)))
            case 4 if source.random() < 0.3:
                layer.disconnected(name, now)
            case 5 if source.random() < 0.1:
                layer.stop(now)
            case 6:
                layer.block(name, source.random() < 0.3, now)
            case _:
                self.use(now)

    def use(self, now: float) -> None:
        """Something that the user above asks for."""
        raise NotImplementedError

    def noise(self) -> tuple[tuple[str, int], bytes]:
        """A captured or built message, perhaps changed."""
        source = self.source
        octets = source.choice(CAPTURED) if source.random() < 0.3 else self._built()
        if source.random() < 0.5:
            octets = mutate(octets, source.choice(CAPTURED), source)
        return (source.choice(NAMES), source.choice((0, 1, 1, 17))), octets

    def _built(self) -> bytes:
        source = self.source
        parameters = []
        for _ in range(source.randrange(5)):
            tag = source.choice(list(Tag))
            number = source.choice((0, 1, 2, 3, 42, 100, 200, 300, source.randrange(1 << 32)))
            value = source.choice(
                (number.to_bytes(4, "big"), number.to_bytes(4, "big") * 3, b"two", source.randbytes(20))
            )
            parameters.append(Parameter(tag, value))
        return Message(source.choice(list(Type)), tuple(parameters)).encode()


class M3uaSide(LayerSide):
    def use(self, now: float) -> None:
        layer, source = self.machine, self.source
        match source.randrange(8):
            case 0:
                layer.start(now)
            case 1:
                state = source.choice(list(DestinationState))
                layer.destination_status(source.choice((100, 200, 300, 400)), state, now, source.randrange(4))
            case 2:
                cause = source.choice(list(UnavailabilityCause))
                layer.user_unavailable(source.choice((200, 300)), source.randrange(16), cause, now)
            case _:
                octets = source.choice((MSU, source.randbytes(source.randint(0, 400))))
                service, code = source.choice((5, 3, 16)), source.choice((100, 200, 300))
                layer.transfer(TransferRequest(service, code, source.randrange(300), octets), now)


ROLES = {
    "m3ua-asp-sgp": (Role.ASP, Role.SGP),
    "m3ua-ipsp": (Role.IPSP, Role.IPSP),
    "m3ua-ipsp-double": (Role.IPSP_DOUBLE, Role.IPSP_DOUBLE),
}


def m3ua(name: str, source: Random) -> Duel:
    gateway_roles = ROLES[name]
    mode = source.choice(list(TrafficMode))
    options: dict[str, Any] = {
        "mode": mode,
        "network_appearance": source.choice((None, 7)),
        "required_active": 1 if mode is TrafficMode.OVERRIDE else source.choice((1, 2)),
        "pending_messages": 50,
    }
    register = name == "m3ua-asp-sgp" and source.random() < 0.5
    context = source.choice((None, 42)) if not register else None
    sides = []
    for number, role in enumerate(gateway_roles):
        own, others = ((100, (200, 300)), (200, (100,)))[number]
        associations = [
            AssociationConfiguration(
                each,
                role,
                initiate=number == 0 or source.random() < 0.5,
                asp_identifier=source.choice((None, 1)),
                standby=each == "y" and options["required_active"] == 1 and source.random() < 0.3,
            )
            for each in NAMES
        ]
        server = M3uaServer(
            name="s",
            associations=NAMES,
            point_code=own,
            destinations=others,
            register=register,
            routing_context=42 if register and role is Role.SGP else context,
            **options,
        )
        sides.append(M3uaSide(M3ua(associations, [server]), source))
    return Duel(sides, source)


class M2uaSide(LayerSide):
    """Either end of M2UA; at the gateway level 2 is a stand-in."""

    def __init__(self, machine: Any, source: Random, gateway: bool) -> None:
        super().__init__(machine, source)
        self.gateway = gateway
        self._links = [] if gateway else [LevelTwo(machine.link(interface), source) for interface in INTERFACES]

    def take(self, now: float) -> list[tuple[tuple[str, int], bytes]]:
        for link in self._links:
            link.machine.outputs()
        return super().take(now)

    def act(self, output: object, now: float) -> None:
        match output:
            case LinkRequest(interface, Request.START):
                self.machine.link_indication(interface, EVENTS[0], now)
            case LinkRequest(interface, Request.RETRIEVE_BSN):
                self.machine.link_indication(interface, EVENTS[-2], now)
            case LinkRequest(interface, Request.RETRIEVE_MESSAGES):
                self.machine.link_indication(interface, EVENTS[-1], now)

    def use(self, now: float) -> None:
        if self.gateway:
            self.machine.link_indication(self.source.choice(INTERFACES), self.source.choice(EVENTS), now)
        else:
            with suppress(EncodeError):
                self.source.choice(self._links).request(now)


def m2ua(source: Random) -> Duel:
    sides = []
    mode = source.choice(list(TrafficMode))
    for role in (Role.ASP, Role.SGP):
        server = M2uaServer(
            name="s",
            associations=NAMES,
            interfaces=INTERFACES,
            waiting_messages=200,
            mode=mode,
        )
        machine = M2ua([AssociationConfiguration(each, role) for each in NAMES], [server])
        sides.append(M2uaSide(machine, source, role is Role.SGP))
    return Duel(sides, source)


def layers_recover(duel: Duel) -> None:
    """After anything, new associations bring the server into service at both ends."""
    duel.cut()
    for side in duel.sides:
        for name in NAMES:
            side.machine.disconnected(name, duel.now)
            side.machine.block(name, False, duel.now)
    duel.quietly(30.0, 1.0)
    for side in duel.sides:
        for name in NAMES:
            side.machine.connected(name, duel.now, 4)
    duel.drain()
    duel.quietly(120.0, 0.5)
    states = [side.machine.server_state("s") for side in duel.sides]
    assert {state.name for state in states} == {"ACTIVE"}, states
