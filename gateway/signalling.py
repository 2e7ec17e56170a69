"""Signalling System No. 7 below the user parts: the signalling points, linksets and links of one gateway, wired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tandem.core.timers import TimerTable
from tandem.gateway.configuration.ranges import parse_ranges
from tandem.gateway.configuration.schema import Configuration, Link, Linkset
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import Channel, UnitsReceived
from tandem.ss7.mtp2.configuration import LinkConfiguration as Mtp2Configuration
from tandem.ss7.mtp2.link import SignallingLink
from tandem.ss7.mtp2.primitives import LinkInService, LinkOutOfService, SendUnits
from tandem.ss7.mtp3 import configuration as mtp3
from tandem.ss7.mtp3.label import Variant, parse_point_code
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.primitives import (
    LinkFailed,
    LinkRestored,
    Notice,
    RetrieveBsnt,
    RetrieveMessages,
    SendMessage,
    StartLink,
    StopLink,
    TransferRequest,
    UserIndication,
)

#: Longest that an acknowledgement (a FISU with a new BSN) waits for a message to carry it or for others to join it.
#: The peer's T7 allows 0.5 to 2 s (Q.703 12.3); 10 ms saves most of the FISU traffic between the two processes.
ACKNOWLEDGEMENT_DELAY = 0.01
_NETWORKS = {"international": 0, "national": 2, "national spare": 3}


class UnitCapture(Protocol):
    """Where signal units are recorded."""

    def write_mtp2(self, link: str, unit: bytes, sent: bool, now: float) -> None:
        """One signal unit, from the BSN on, without FCS."""
        ...


@dataclass(slots=True)
class LinkPort:
    """One signalling link: its level 2, and the signalling point it belongs to."""

    number: int
    name: str
    level2: SignallingLink
    point: SignallingPoint
    capture: bool
    extended: bool
    """Whether its units have the extended format (Q.703 Annex A)."""
    fill: bytes | None = None
    """What level 2 last wanted repeated."""


class Signalling:
    """MTP levels 2 and 3 of every linkset.

    Linksets with the same own point code, variant and network belong to one signalling point.
    """

    def __init__(
        self, configuration: Configuration, log: Callable[[Line], None], capture: UnitCapture | None = None
    ) -> None:
        """`log` takes lines for the operator."""
        self.units: list[tuple[int, tuple[bytes, ...], bytes | None]] = []
        """(channel, units, fill) to hand to the media process."""
        self.links: dict[int, LinkPort] = {}
        self.points: dict[tuple[int, Variant, int], SignallingPoint] = {}
        self._log = log
        self._capture = capture
        self._acknowledgements: TimerTable[int] = TimerTable()
        """Links whose fill has a newer BSN that the media process does not have yet."""
        captured_spans = {span.name for span in configuration.span if span.capture}
        numbers = {key: number for number, key in enumerate(_link_keys(configuration))}
        for identity, linksets in _by_point(configuration).items():
            code, variant, network = identity
            point = self.points[identity] = SignallingPoint(_level3(code, variant, network, linksets, numbers))
            for linkset in linksets:
                for position, link in enumerate(linkset.link):
                    number = numbers[linkset.name, position]
                    capture_link = linkset.capture or link.span in captured_spans
                    level2 = SignallingLink(_level2(linkset, link))
                    name = f"{linkset.name}/{_slc(link, position)}"
                    self.links[number] = LinkPort(number, name, level2, point, capture_link, link.format == "extended")

    def start(self, now: float) -> None:
        """Bring every link up."""
        for point in self.points.values():
            point.start(now)

    def units_received(self, event: UnitsReceived, now: float) -> None:
        """Signal units and error counts from the media process."""
        port = self.links[event.channel]
        if event.units:
            if port.capture and self._capture is not None:
                for unit in event.units:
                    self._capture.write_mtp2(port.name, unit, sent=False, now=now)
            port.level2.receive(event.units, now)
        port.level2.monitor(event.good, event.errored, event.octet_counting, now)

    def transfer(self, request: TransferRequest, now: float) -> None:
        """MTP-TRANSFER request of a user part, by way of the signalling point `request.opc`."""
        for (code, _, _), point in self.points.items():
            if request.opc is None or request.opc == code:
                point.transfer(request, now)
                return

    def settle(self, now: float) -> list[UserIndication]:
        """Carry primitives between levels 2 and 3 until there are none; what is for the user parts."""
        indications: list[UserIndication] = []
        moved = True
        while moved:
            moved = False
            for port in self.links.values():
                for primitive in port.level2.outputs():
                    moved = True
                    if isinstance(primitive, SendUnits):
                        self._send(port, primitive, now)
                    else:
                        if isinstance(primitive, LinkInService | LinkOutOfService):
                            self._log_level2(port, primitive)
                        port.point.link_event(port.number, primitive, now)
            for point in self.points.values():
                for output in point.outputs():
                    moved = True
                    if isinstance(output, SendMessage):
                        self.links[output.link].level2.send(output.msu, now)
                    elif isinstance(output, StartLink):
                        level2 = self.links[output.link].level2
                        level2.set_emergency(output.emergency, now)
                        level2.start(now)
                    elif isinstance(output, StopLink):
                        self.links[output.link].level2.stop(now)
                    elif isinstance(output, RetrieveBsnt):
                        self.links[output.link].level2.retrieve_bsnt(now)
                    elif isinstance(output, RetrieveMessages):
                        self.links[output.link].level2.retrieval_request(output.fsnc, now)
                    elif isinstance(output, LinkRestored | LinkFailed | Notice):
                        self._log_level3(output)
                    else:
                        indications.append(output)
        return indications

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        machines: list[SignallingLink | SignallingPoint] = [port.level2 for port in self.links.values()]
        machines += self.points.values()
        deadlines = [d for machine in machines if (d := machine.next_deadline()) is not None]
        waiting = self._acknowledgements.next_deadline()
        if waiting is not None:
            deadlines.append(waiting)
        return min(deadlines, default=None)

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        for number in self._acknowledgements.expired(now):
            self.units.append((number, (), self.links[number].fill))
        for port in self.links.values():
            deadline = port.level2.next_deadline()
            if deadline is not None and deadline <= now:
                port.level2.handle_timers(now)
        for point in self.points.values():
            point.handle_timers(now)

    def _send(self, port: LinkPort, primitive: SendUnits, now: float) -> None:
        """Hand units down at once; a fill that only acknowledges waits a little for company."""
        acknowledges = not primitive.units and _only_acknowledges(port.fill, primitive.fill, port.extended)
        port.fill = primitive.fill
        if acknowledges:
            if not self._acknowledgements.is_running(port.number):
                self._acknowledgements.start(port.number, now + ACKNOWLEDGEMENT_DELAY)
            return
        self._acknowledgements.stop(port.number)
        self.units.append((port.number, primitive.units, primitive.fill))
        if port.capture and self._capture is not None:
            for unit in primitive.units:
                self._capture.write_mtp2(port.name, unit, sent=True, now=now)
            if primitive.fill is not None and not primitive.units:
                self._capture.write_mtp2(port.name, primitive.fill, sent=True, now=now)

    def _log_level2(self, port: LinkPort, primitive: LinkInService | LinkOutOfService) -> None:
        if isinstance(primitive, LinkInService):
            self._log(Line("info", "=", f"link {port.name}", "aligned"))
        else:
            self._log(Line("info", "=", f"link {port.name}", f"out of service: {primitive.reason}"))

    def _log_level3(self, output: LinkRestored | LinkFailed | Notice) -> None:
        subject = "ss7" if output.link is None else f"link {self.links[output.link].name}"
        if isinstance(output, LinkRestored):
            self._log(Line("info", "=", subject, "in service"))
        elif isinstance(output, LinkFailed):
            self._log(Line("warning", "!", subject, f"failed: {output.reason}"))
        else:
            self._log(Line("info", "=", subject, output.text))


def _only_acknowledges(former: bytes | None, fill: bytes | None, extended: bool) -> bool:
    """Whether two FISUs differ in the BSN alone, so that the newer one is nothing but an acknowledgement."""
    size, length, bib = (6, 4, 1) if extended else (3, 2, 0)
    if former is None or fill is None or len(former) != size or len(fill) != size:
        return False
    return former[bib] & 0x80 == fill[bib] & 0x80 and former[bib + 1 : length] == fill[bib + 1 : length]


def channels(configuration: Configuration) -> list[Channel]:
    """The signalling channels that the media process frames, numbered as the links here."""
    linksets = {linkset.name: linkset for linkset in configuration.ss7.linkset}
    found = []
    for number, (name, position) in enumerate(_link_keys(configuration)):
        link = linksets[name].link[position]
        found.append(Channel(number, link.span, _timeslots(link), link.format == "extended"))
    return found


def _link_keys(configuration: Configuration) -> list[tuple[str, int]]:
    """Every link as (linkset, position), in the order of the file; the position here is the link's number."""
    return [(linkset.name, position) for linkset in configuration.ss7.linkset for position in range(len(linkset.link))]


def _timeslots(link: Link) -> tuple[int, ...]:
    return parse_ranges(link.timeslots or str(link.timeslot), 1, 31)


def _slc(link: Link, position: int) -> int:
    return position if link.slc is None else link.slc


def _by_point(configuration: Configuration) -> dict[tuple[int, Variant, int], list[Linkset]]:
    points: dict[tuple[int, Variant, int], list[Linkset]] = {}
    for linkset in configuration.ss7.linkset:
        variant = Variant(linkset.variant)
        identity = (parse_point_code(linkset.point_code, variant), variant, _NETWORKS[linkset.network])
        points.setdefault(identity, []).append(linkset)
    return points


def _level3(
    code: int, variant: Variant, network: int, linksets: list[Linkset], numbers: dict[tuple[str, int], int]
) -> mtp3.Configuration:
    timers = {
        name: value
        for linkset in linksets
        for key, value in linkset.timers.items()
        if not key.startswith("q703")
        for name in [key.removeprefix("q704_").replace("q707_", "test_")]
    }
    return mtp3.Configuration(
        point_code=code,
        variant=variant,
        network_indicator=network,
        retrieval=True,
        linksets=tuple(
            mtp3.LinksetConfiguration(
                name=linkset.name,
                adjacent_point_code=parse_point_code(linkset.adjacent_point_code, variant),
                links=tuple(
                    mtp3.LinkConfiguration(
                        numbers[linkset.name, position], _slc(link, position), link.format == "extended"
                    )
                    for position, link in enumerate(linkset.link)
                ),
                proving=mtp3.Proving(linkset.proving),
                restart_wait=linkset.restart_wait,
            )
            for linkset in linksets
        ),
        routes=tuple(
            mtp3.Route(parse_point_code(reached, variant), linkset.name)
            for linkset in linksets
            for reached in linkset.reaches
        ),
        timers=replace(mtp3.Timers(), **timers),
    )


def _level2(linkset: Linkset, link: Link) -> Mtp2Configuration:
    names = {"q703_t4n": "t4_normal", "q703_t4e": "t4_emergency"}
    timers: dict[str, Any] = {
        names.get(key, key.removeprefix("q703_")): value
        for key, value in linkset.timers.items()
        if key.startswith("q703")
    }
    rate = 64_000.0 * len(_timeslots(link))
    extended = link.format == "extended"
    base = Mtp2Configuration.high_speed(rate) if extended else Mtp2Configuration(bit_rate=rate)
    return replace(base, **timers)
