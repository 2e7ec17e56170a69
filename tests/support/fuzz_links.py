"""Signalling links and signalling points as sides of a duel."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from support.fuzzing import Duel, mutate
from support.sigtran_vectors import captured

from tandem.core.errors import EncodeError
from tandem.core.sigtran.primitives import SendMessage
from tandem.ss7.mtp2 import primitives as level2
from tandem.ss7.mtp2.configuration import EimParameters, LinkConfiguration
from tandem.ss7.mtp2.link import SignallingLink
from tandem.ss7.mtp3 import primitives as level3
from tandem.ss7.mtp3.configuration import Configuration, LinksetConfiguration, Route, TransferConfiguration
from tandem.ss7.mtp3.configuration import LinkConfiguration as PointLink
from tandem.ss7.mtp3.label import LAYOUTS, RoutingLabel, Variant, encode_label
from tandem.ss7.mtp3.messages import LINK_TEST, NETWORK_MANAGEMENT
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.sigtran.m2pa import M2paLink
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
UNITS = [bytes.fromhex(line.split()[1]) for line in (VECTORS / "mtp2/units.txt").read_text().splitlines()]
M2PA = [message.octets for message in captured(5)]
MSUS = [bytes.fromhex(item["msu"]) for item in json.loads((VECTORS / "mtp3/labels.json").read_text())]
MSU = b"\x85\x01\x80\x00\x00\x01\x00\x12"
#: Small, so that a queue without bound is found soon.
BUFFERS: dict[str, int] = {"congestion_onset": 40, "congestion_abatement": 20, "transmission_buffer": 200}


class LevelTwo:
    """Requests of level 3 to any kind of link."""

    def __init__(self, link: Any, source: Random) -> None:
        self.machine = link
        self.source = source

    def request(self, now: float) -> None:
        link, source = self.machine, self.source
        match source.randrange(16):
            case 0 | 1 | 2:
                link.start(now)
            case 3 if source.random() < 0.2:
                link.stop(now)
            case 4:
                link.set_emergency(source.random() < 0.5, now)
            case 5:
                (link.local_processor_outage if source.random() < 0.3 else link.local_processor_recovered)(now)
            case 6:
                link.set_busy(source.random() < 0.3, now)
            case 7:
                link.retrieve_bsnt(now)
            case 8:
                link.retrieval_request(source.choice((None, 0, 127, source.randrange(1 << 24))), now)
            case 9 if isinstance(link, SignallingLink):
                link.flush_buffers(now)
            case _:
                for _ in range(source.choice((1, 1, 1, 30))):
                    with suppress(EncodeError):
                        link.send(source.choice((MSU, source.randbytes(source.randint(0, 300)))), now)


class Mtp2Side(LevelTwo):
    """MTP level 2, with the terminal that repeats its fill."""

    fill: bytes | None = None

    def take(self, now: float) -> list[tuple[int, bytes]]:
        units: list[tuple[int, bytes]] = []
        for output in self.machine.outputs():
            if isinstance(output, level2.SendUnits):
                units += [(0, unit) for unit in output.units]
                self.fill = output.fill
                if output.fill is not None:
                    units.append((0, output.fill))
        return units

    def receive(self, channel: int, octets: bytes, now: float) -> None:
        source = self.source
        self.machine.receive([octets] * source.choice((1, 1, 1, 2)), now)
        self.machine.monitor(source.choice((1, 30)), 0, 0, now)

    def request(self, now: float) -> None:
        if self.source.random() < 0.05:
            source = self.source
            self.machine.monitor(source.randrange(40), source.choice((0, 1, 70)), source.choice((0, 20, 2000)), now)
        else:
            super().request(now)

    def noise(self) -> tuple[int, bytes]:
        source = self.source
        unit = source.choice((source.choice(UNITS), source.randbytes(source.randint(0, 8))))
        return 0, mutate(unit, source.choice(UNITS), source) if source.random() < 0.5 else unit


def mtp2(source: Random) -> Duel:
    """Both ends of a link, configured alike."""
    options: dict[str, Any] = {
        "format": source.choice(("basic", "extended")),
        "error_correction": source.choice(("basic", "basic", "cyclic")),
        "eim": source.choice((None, EimParameters())),
        "status_octets": source.choice((1, 2)),
    }
    configuration = LinkConfiguration(**options, **BUFFERS)
    return Duel([Mtp2Side(SignallingLink(configuration), source) for _ in range(2)], source)


def mtp2_recovers(duel: Duel) -> None:
    """After anything, both ends align again."""
    duel.cut()
    for side in duel.sides:
        side.machine.stop(duel.now)
        side.machine.set_busy(False, duel.now)
        side.machine.local_processor_recovered(duel.now)
    duel.drain()
    duel.cut()
    for side in duel.sides:
        side.machine.set_emergency(True, duel.now)
        side.machine.start(duel.now)
    duel.drain()

    def repeat() -> None:
        for side, other in (duel.sides, duel.sides[::-1]):
            if side.fill is not None:
                other.receive(0, side.fill, duel.now)
        duel.drain()

    for _ in range(30):
        duel.quietly(1.0, each=repeat)
        if all(side.machine.state is level2.LinkState.IN_SERVICE for side in duel.sides):
            return
    raise AssertionError(f"link does not align: {[side.machine.state for side in duel.sides]}")


class M2paSide(LevelTwo):
    """M2PA over an association that comes and goes."""

    def take(self, now: float) -> list[tuple[int, bytes]]:
        return [(o.stream, o.octets) for o in self.machine.outputs() if isinstance(o, SendMessage)]

    def receive(self, channel: int, octets: bytes, now: float) -> None:
        self.machine.receive(octets, channel, now)

    def request(self, now: float) -> None:
        roll = self.source.random()
        if roll < 0.15:
            self.machine.connected(now)
        elif roll < 0.18:
            self.machine.disconnected(now)
        else:
            super().request(now)

    def noise(self) -> tuple[int, bytes]:
        source = self.source
        message = source.choice(M2PA)
        return source.choice((0, 1, 9)), mutate(message, source.choice(M2PA), source)


def m2pa(source: Random) -> Duel:
    configuration = M2paConfiguration("x", window=source.choice((1, 7, 127)), **BUFFERS)
    return Duel([M2paSide(M2paLink(configuration), source) for _ in range(2)], source)


def m2pa_recovers(duel: Duel) -> None:
    """After anything, a new association and a start bring the link into service."""
    duel.cut()
    for side in duel.sides:
        side.machine.stop(duel.now)
        side.machine.disconnected(duel.now)
        side.machine.set_busy(False, duel.now)
        side.machine.local_processor_recovered(duel.now)
    duel.drain()
    duel.cut()
    for side in duel.sides:
        side.machine.connected(duel.now)
    for side in duel.sides:
        side.machine.set_emergency(True, duel.now)
        side.machine.start(duel.now)
    duel.drain()
    for _ in range(60):
        duel.quietly(1.0)
        if all(side.machine.state is level2.LinkState.IN_SERVICE for side in duel.sides):
            return
    raise AssertionError(f"link does not align: {[side.machine.alignment for side in duel.sides]}")


EVENTS = (
    level2.LinkInService(),
    level2.LinkInService(),
    level2.LinkOutOfService("fuzz"),
    level2.RemoteProcessorOutage(),
    level2.RemoteProcessorRecovered(),
    level2.LinkCongested(),
    level2.LinkCongestionCeased(),
    level2.RetrievedBsnt(5),
    level2.RetrievedMessages((MSU, b"", b"\x80")),
)
HEADINGS = [kind.heading for kind in (*NETWORK_MANAGEMENT, *LINK_TEST)]
OTHER_POINTS = (3, 4, 5)


class PointSide:
    """MTP level 3 of point `own`: links 0 and 1 to the other point, link 2 to a point that only the noise plays."""

    def __init__(self, own: int, configuration: Configuration, source: Random) -> None:
        self.machine = SignallingPoint(configuration)
        self.own, self.source, self.configuration = own, source, configuration
        self.started = False
        self.reliable = False
        """Level 2 does all that it is asked for."""

    def take(self, now: float) -> list[tuple[int, bytes]]:
        source, sent = self.source, []
        for _ in range(20):
            outputs = self.machine.outputs()
            if not outputs:
                return sent
            for output in outputs:
                answer: Any = None
                match output:
                    case level3.SendMessage(link, msu):
                        sent.append((link, msu))
                    case level3.StartLink(link) if self.reliable or source.random() < 0.8:
                        answer = level2.LinkInService()
                    case level3.RetrieveBsnt(link):
                        answer = level2.RetrievedBsnt(source.randrange(128))
                    case level3.RetrieveMessages(link) if self.reliable or source.random() < 0.9:
                        answer = level2.RetrievedMessages((MSU,) * source.randrange(4))
                if answer is not None:
                    self.machine.link_event(link, answer, now)
        return sent  # links that fail and start for ever take turns with time

    def receive(self, channel: int, octets: bytes, now: float) -> None:
        self.machine.link_event(channel, level2.MessageReceived(octets), now)

    def request(self, now: float) -> None:
        point, source = self.machine, self.source
        if not self.started:
            point.start(now)
            self.started = True
        link = source.randrange(3)
        match source.randrange(12):
            case 0 | 1:
                point.activate(link, now)
            case 2 if source.random() < 0.3:
                point.deactivate(link, now)
            case 3:
                point.inhibit(link, now)
            case 4:
                point.uninhibit(link, now)
            case 5 | 6:
                point.link_event(link, source.choice(EVENTS), now)
            case 7 if source.random() < 0.05:
                point.stop(now)
            case _:
                size = source.choice((2, 30, 300))
                request = level3.TransferRequest(
                    5, source.randrange(8), source.randrange(20), source.randbytes(size), priority=source.randrange(4)
                )
                with suppress(EncodeError):
                    point.transfer(request, now)

    def noise(self) -> tuple[int, bytes]:
        source, variant = self.source, self.configuration.variant
        link = source.randrange(3)
        if source.random() < 0.3:
            return link, mutate(source.choice(MSUS), source.choice(MSUS), source)
        peer = OTHER_POINTS[0] if link == 2 else 3 - self.own
        label = RoutingLabel(
            source.choice((self.own, self.own, self.own, source.randrange(8))),
            source.choice((peer, peer, source.randrange(8))),
            source.choice((0, 1, link % 2, source.randrange(16))),
        )
        about = source.choice((1, 2, *OTHER_POINTS)).to_bytes(LAYOUTS[variant].point_code_bits // 8 + 1, "little")
        service = source.choice((0, 0, 0, 0, 1, 2, 5, 9))
        body = bytes([source.choice(HEADINGS)]) + source.choice((about, source.randbytes(5), b"\x60TANDEM"))
        if variant is Variant.JAPAN:
            several = bytes([source.choice((0, 1, 1, 2))]) + about[:2] + b"\0\0" + source.randbytes(source.randrange(6))
            body = source.choice((b"\0" + body, b"\0" + body[:1] + several, b"\0\x23\0\x11\x77", b"\0\x84\0\x11\x77"))
        return link, bytes([0x80 | service]) + encode_label(label, variant) + body


def mtp3(source: Random) -> Duel:
    """Two signalling points of one variant; each may transfer, and has ways round by the third."""
    variant = source.choice(list(Variant))
    options: dict[str, Any] = {
        "variant": variant,
        "transfer": source.choice((None, TransferConfiguration(restricted=source.random() < 0.5))),
        "full_restart": source.random() < 0.5,
        "congestion_levels": source.random() < 0.5,
        "route_test": variant is Variant.JAPAN and source.random() < 0.5,
    }
    tested = source.random() < 0.7
    sides = []
    for own, other in ((1, 2), (2, 1)):
        linksets = (
            LinksetConfiguration("other", other, (PointLink(0, 0), PointLink(1, 1)), link_test=tested),
            LinksetConfiguration("third", OTHER_POINTS[0], (PointLink(2, 0),), link_test=tested),
        )
        routes = [
            Route(4, "other"),
            Route(4, "third", 1),
            Route(5, "third"),
            Route(5, "other"),
            Route(other, "third", 1),
        ]
        sides.append(PointSide(own, Configuration(own, linksets, routes=tuple(routes), **options), source))
    return Duel(sides, source)


def mtp3_recovers(duel: Duel) -> None:
    """After anything, with links that work and nothing inhibited, the points reach each other."""
    duel.cut()
    for side in duel.sides:
        side.reliable = True
        if not side.started:
            side.machine.start(duel.now)
        for link in range(3):
            side.machine.deactivate(link, duel.now)
    duel.drain()
    duel.cut()
    duel.quietly(5.0, 0.5)
    for side in duel.sides:
        for link in range(3):
            side.machine.activate(link, duel.now)
    duel.drain()
    for _ in range(8):
        duel.quietly(60.0, 1.0)
        for side in duel.sides:
            for link in side.machine.inhibited_links():
                side.machine.uninhibit(link, duel.now)
        duel.drain()
        if all(side.machine.available(3 - side.own) for side in duel.sides):
            return
    raise AssertionError(f"out of reach: {[side.machine.link_states() for side in duel.sides]}")
