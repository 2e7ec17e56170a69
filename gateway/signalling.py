"""Signalling System No. 7 below the user parts: the signalling points, linksets and links of one gateway, wired."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from tandem.core.errors import EncodeError
from tandem.core.sigtran.primitives import AspStateChanged, AsStateChanged, CloseAssociation
from tandem.core.sigtran.primitives import Notice as Remark
from tandem.core.sigtran.primitives import SendMessage as SendOctets
from tandem.core.timers import Agenda, TimerTable, earliest
from tandem.gateway import signalling_setup as setup
from tandem.gateway.configuration.schema import Backhaul, Configuration, Link
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import UnitsReceived
from tandem.gateway.notice import Notice as Watched
from tandem.gateway.notice import Notify, ignore
from tandem.ss7.mtp2.link import SignallingLink
from tandem.ss7.mtp2.primitives import Indication, LinkInService, LinkOutOfService, MessageReceived, SendUnits
from tandem.ss7.mtp3.label import Variant
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.primitives import (
    FlushBuffers,
    LinkFailed,
    LinkRestored,
    Notice,
    Output,
    RetrieveBsnt,
    RetrieveMessages,
    SendMessage,
    StartLink,
    StopLink,
    TransferIndication,
    TransferRequest,
    UserIndication,
)
from tandem.ss7.sigtran.m2pa import M2paLink
from tandem.ss7.sigtran.m2ua import M2ua
from tandem.ss7.sigtran.m2ua_links import LinkRequest, M2uaLink, carry_out
from tandem.ss7.sigtran.m3ua import M3ua

#: Longest that an acknowledgement (a FISU with a new BSN) waits for a message to carry it or for others to join it.
#: The peer's T7 allows 0.5 to 2 s (Q.703 12.3); most acknowledgements then need no unit of their own.
ACKNOWLEDGEMENT_DELAY = 0.05
#: The same for preventive cyclic retransmission, where the peer repeats all the time what is not acknowledged
#: (Q.703 6), and every repeat is work for both.
CYCLIC_ACKNOWLEDGEMENT_DELAY = 0.01
#: As many messages as this are acknowledged at once: the peer's window is 127 messages, and those not acknowledged
#: count for its congestion onset.
UNACKNOWLEDGED = 8

_OF_SERVICE: Final = (LinkInService, LinkOutOfService)

LinkOrder = Literal["activate", "deactivate", "inhibit", "uninhibit"]
_ORDERS: Final[dict[LinkOrder, Callable[[SignallingPoint, int, float], None]]] = {
    "activate": SignallingPoint.activate,
    "deactivate": SignallingPoint.deactivate,
    "inhibit": SignallingPoint.inhibit,
    "uninhibit": SignallingPoint.uninhibit,
}


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
    level2: SignallingLink | M2paLink | M2uaLink
    point: SignallingPoint | None
    """None where level 3 is elsewhere (backhaul by M2UA)."""
    capture: bool
    extended: bool
    """Whether its units have the extended format (Q.703 Annex A)."""
    fill: bytes | None = None
    """What level 2 last wanted repeated."""
    told: bytes | None = None
    """The fill that the media process has, with the BSN of before; None while it has none."""
    delay: float = ACKNOWLEDGEMENT_DELAY
    """How long an acknowledgement may wait."""
    interface: int = -1
    """M2UA interface identifier of a backhauled link."""


class Signalling:
    """MTP levels 2 and 3 of every linkset, on timeslots or M2PA, and M3UA beside them.

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
        self.notify: Notify = ignore
        """Takes what changes on links, for those who watch."""
        self._capture = capture
        self.everything: UnitCapture | None = None
        """Where the operator has all links recorded, whatever the configuration says of each."""
        self.touched = True
        """An input came since `settle` last ran: only then do the machines have outputs."""
        self._inhibitions: dict[int, list[Callable[[str], None]]] = {}
        """By link, who waits for what becomes of its inhibition."""
        self._acknowledgements: TimerTable[int] = TimerTable()
        """Links whose fill has a newer BSN that the media process does not have yet."""
        self.messages: list[SendOctets | CloseAssociation] = []
        """For the associations, in order."""
        self.m3ua = setup.m3ua(configuration)
        self.m2ua = setup.m2ua(configuration)
        self._layers: list[M3ua | M2ua] = [layer for layer in (self.m3ua, self.m2ua) if layer is not None]
        self._backhauls: dict[int | str, LinkPort] = {}
        self._m3ua_relations = setup.m3ua_relations(configuration)
        self._by_association: dict[str, LinkPort] = {}
        captured_spans = {span.name for span in configuration.span if span.capture}
        numbers = {key: number for number, key in enumerate(setup.link_keys(configuration))}
        for identity, linksets in setup.by_point(configuration).items():
            names = [linkset.name for linkset in linksets]
            point = self.points[identity] = SignallingPoint(
                setup.level3(identity, linksets, numbers, configuration.ss7, setup.user_parts(configuration, names))
            )
            for linkset in linksets:
                for position, link in enumerate(linkset.link):
                    number = numbers[linkset.name, position]
                    capture_link = linkset.capture or link.span in captured_spans
                    name = f"{linkset.name}/{setup.slc_of(link, position)}"
                    port = LinkPort(
                        number,
                        name,
                        setup.level2(linkset, link, self.m2ua),
                        point,
                        capture_link,
                        link.format == "extended",
                        delay=_delay(link),
                    )
                    self.links[number] = port
                    if link.association and link.interface is None:
                        self._by_association[link.association] = port
        for number, backhaul in setup.numbered_backhauls(configuration):
            name = f"backhaul/{backhaul.interface}"
            extended, captured = backhaul.format == "extended", backhaul.span in captured_spans
            mtp2 = setup.mtp2(backhaul, backhaul.timers)
            port = LinkPort(
                number, name, mtp2, None, captured, extended, delay=_delay(backhaul), interface=backhaul.interface
            )
            self.links[number] = self._backhauls[backhaul.interface] = port
        timed = [port.level2 for port in self.links.values() if not isinstance(port.level2, M2uaLink)]
        self._timed: list[SignallingLink | M2paLink | SignallingPoint | M3ua | M2ua] = [
            *timed,
            *self.points.values(),
            *self._layers,
        ]
        """Machines with timers; those of an M2UA link are in the M2UA machine."""
        self._link_outputs = [(port, port.level2.waiting) for port in self.links.values()]
        self._point_outputs = [(point, point.waiting) for point in self.points.values()]

    def start(self, now: float) -> None:
        """Bring every link up."""
        self.touched = True
        for point in self.points.values():
            point.start(now)
        if self.m3ua is not None:
            self.m3ua.start(now)

    def stop(self, now: float) -> None:
        """Take every link and every ASP down in order, so that the neighbours need not find out; see `stopped`."""
        self.touched = True
        for point in self.points.values():
            point.stop(now)
        for layer in self._layers:
            layer.stop(now)

    @property
    def stopped(self) -> bool:
        """Whether the peers have answered all that `stop` told them."""
        return all(layer.stopped for layer in self._layers)

    def order(self, link: int, order: LinkOrder, now: float) -> None:
        """What the operator wants of a link of a linkset; the log tells what becomes of it."""
        self.touched = True
        point = self.links[link].point
        if point is not None:
            _ORDERS[order](point, link, now)

    def await_inhibition(self, link: int, told: Callable[[str], None]) -> None:
        """Have `told` called once with what becomes of an order to inhibit or uninhibit that is given next."""
        self._inhibitions.setdefault(link, []).append(told)

    def association_up(self, name: str, streams: int, now: float) -> None:
        """The transport has the association `name`, with `streams` streams to the peer."""
        self.touched = True
        self._log(Line("info", "=", f"association {name}", "up"))
        port = self._by_association.get(name)
        if port is not None and isinstance(port.level2, M2paLink):
            port.level2.connected(now)
            return
        for layer in self._layers:
            if name in layer.peers:
                layer.connected(name, now, streams)

    def association_down(self, name: str, reason: str, now: float) -> None:
        """The transport has lost the association `name`."""
        self.touched = True
        self._log(Line("warning", "!", f"association {name}", f"down: {reason}"))
        port = self._by_association.get(name)
        if port is not None and isinstance(port.level2, M2paLink):
            port.level2.disconnected(now)
            return
        for layer in self._layers:
            if name in layer.peers:
                layer.disconnected(name, now)

    def association_message(self, name: str, octets: bytes, stream: int, now: float) -> None:
        """A whole message came on the association `name`."""
        self.touched = True
        port = self._by_association.get(name)
        if port is not None and isinstance(port.level2, M2paLink):
            port.level2.receive(octets, stream, now)
            return
        for layer in self._layers:
            if name in layer.peers:
                layer.receive(name, octets, stream, now)

    def units_received(self, event: UnitsReceived, now: float) -> None:
        """Signal units and error counts from the media process."""
        self.touched = True
        port = self.links[event.channel]
        level2 = port.level2
        if not isinstance(level2, SignallingLink):
            return
        if event.units:
            if port.capture or self.everything is not None:
                for capture in self._captures(port):
                    for unit in event.units:
                        capture.write_mtp2(port.name, unit, sent=False, now=now)
            level2.receive(event.units, now)
        level2.monitor(event.good, event.errored, event.octet_counting, now)

    def transfer(self, request: TransferRequest, now: float) -> None:
        """MTP-TRANSFER request of a user part: by M3UA where that serves the relation, else by the point `opc`."""
        self.touched = True
        if self.m3ua is not None and (request.opc, request.dpc) in self._m3ua_relations:
            self.m3ua.transfer(request, now)
            return
        for (code, _, _), point in self.points.items():
            if request.opc is None or request.opc == code:
                point.transfer(request, now)
                return

    def settle(self, now: float) -> list[UserIndication]:
        """Carry primitives between levels 2 and 3 until there are none; what is for the user parts."""
        indications: list[UserIndication] = []
        moved, self.touched = self.touched, False
        while moved:
            moved = False
            for port, said in self._link_outputs:
                if said:
                    moved = True
                    primitives = said[:]
                    said.clear()
                    self._settle_link(port, primitives, now)
            for _, produced in self._point_outputs:
                if produced:
                    moved = True
                    outputs = produced[:]
                    produced.clear()
                    self._settle_point(outputs, indications, now)
            for layer in self._layers:
                for notice in layer.outputs():
                    moved = True
                    if isinstance(notice, SendOctets | CloseAssociation):
                        self.messages.append(notice)
                    elif isinstance(notice, Remark | AsStateChanged | AspStateChanged):
                        self._log_sigtran(notice)
                    elif isinstance(notice, LinkRequest):
                        self._carry_out(notice, now)
                    else:
                        indications.append(notice)
        return indications

    def _settle_link(self, port: LinkPort, primitives: Sequence[object], now: float) -> None:
        """Carry what level 2 of a link has produced to where it belongs."""
        point = port.point
        for primitive in primitives:
            if isinstance(primitive, SendUnits):
                self._send(port, primitive, now)
            elif isinstance(primitive, MessageReceived) and point is not None:
                point.receive(port.number, primitive.msu, now)
            elif isinstance(primitive, SendOctets):
                self.messages.append(primitive)
            elif isinstance(primitive, Indication):
                if isinstance(primitive, _OF_SERVICE):
                    self._log_level2(port, primitive)
                if point is not None:
                    point.link_event(port.number, primitive, now)
                elif self.m2ua is not None:
                    self.m2ua.link_indication(port.interface, primitive, now)

    def _settle_point(self, outputs: list[Output], indications: list[UserIndication], now: float) -> None:
        """Carry what level 3 of a signalling point has produced to where it belongs."""
        for output in outputs:
            if isinstance(output, TransferIndication):
                indications.append(output)
            elif isinstance(output, SendMessage):
                self.links[output.link].level2.send(output.msu, now)
            elif isinstance(output, StartLink):
                level2 = self.links[output.link].level2
                level2.set_emergency(output.emergency, now)
                level2.start(now)
            elif isinstance(output, StopLink):
                self.links[output.link].level2.stop(now)
            elif isinstance(output, FlushBuffers):
                level2 = self.links[output.link].level2
                if isinstance(level2, SignallingLink):  # M2PA has no such request (RFC 4165 4.1.4)
                    level2.flush_buffers(now)
            elif isinstance(output, RetrieveBsnt):
                self.links[output.link].level2.retrieve_bsnt(now)
            elif isinstance(output, RetrieveMessages):
                self.links[output.link].level2.retrieval_request(output.fsnc, now)
            elif isinstance(output, LinkRestored | LinkFailed | Notice):
                self._log_level3(output)
            else:
                indications.append(output)

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._acknowledgements.share(agenda)
        for machine in self._timed:
            machine.share(agenda)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return earliest(self._acknowledgements.next_deadline(), *[machine.next_deadline() for machine in self._timed])

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        self.touched = True
        for number in self._acknowledgements.expired(now):
            port = self.links[number]
            port.told = port.fill
            self.units.append((number, (), port.fill))
        for port in self.links.values():
            level2 = port.level2
            if isinstance(level2, M2uaLink):
                continue  # its timers are those of the M2UA machine
            deadline = level2.next_deadline()
            if deadline is not None and deadline <= now:
                level2.handle_timers(now)
        for point in self.points.values():
            point.handle_timers(now)
        for layer in self._layers:
            layer.handle_timers(now)

    def _send(self, port: LinkPort, primitive: SendUnits, now: float) -> None:
        """Hand units down at once; a fill that only acknowledges waits a little for company."""
        former, fill = port.fill, primitive.fill
        port.fill = fill
        if not primitive.units and _may_wait(former, fill, port.told, port.extended):
            if not self._acknowledgements.is_running(port.number):
                self._acknowledgements.start(port.number, now + port.delay)
            return
        self._acknowledgements.stop(port.number)
        port.told = fill
        self.units.append((port.number, primitive.units, fill))
        if not port.capture and self.everything is None:
            return
        for capture in self._captures(port):
            for unit in primitive.units:
                capture.write_mtp2(port.name, unit, sent=True, now=now)
            if primitive.fill is not None and not primitive.units:
                capture.write_mtp2(port.name, primitive.fill, sent=True, now=now)

    def _captures(self, port: LinkPort) -> tuple[UnitCapture, ...]:
        """Where the units of a link are recorded."""
        own = (self._capture,) if port.capture and self._capture is not None else ()
        return own if self.everything is None else (*own, self.everything)

    def _log_level2(self, port: LinkPort, primitive: LinkInService | LinkOutOfService) -> None:
        if isinstance(primitive, LinkInService):
            self._log(Line("info", "=", f"link {port.name}", "aligned"))
        else:
            self._log(Line("info", "=", f"link {port.name}", f"out of service: {primitive.reason}"))

    def _carry_out(self, request: LinkRequest, now: float) -> None:
        """As M2UA gateway: what the ASP wants of a link."""
        port = self._backhauls[request.interface]
        try:
            carry_out(request, port.level2, now)
        except EncodeError as error:
            self._log(Line("warning", "!", f"link {port.name}", f"message of the ASP refused: {error}"))

    def _log_sigtran(self, notice: Remark | AsStateChanged | AspStateChanged) -> None:
        if isinstance(notice, Remark):
            subject = "m3ua" if notice.association is None else f"association {notice.association}"
            self._log(Line("info", "=", subject, notice.text))
        elif isinstance(notice, AsStateChanged):
            self._log(Line("info", "=", f"application server {notice.name}", notice.state.value))
        else:
            whose = "our ASP" if notice.local else "ASP"
            self._log(Line("info", "=", f"association {notice.association}", f"{whose} {notice.state.value}"))

    def _tell(self, link: str, state: str, reason: str = "") -> None:
        self.notify(Watched("link", {"Link": link, "State": state, "Reason": reason}))

    def _log_level3(self, output: LinkRestored | LinkFailed | Notice) -> None:
        subject = "ss7" if output.link is None else f"link {self.links[output.link].name}"
        if isinstance(output, LinkRestored):
            self._log(Line("info", "=", subject, "in service"))
            self._tell(self.links[output.link].name, "in service")
        elif isinstance(output, LinkFailed):
            self._log(Line("warning", "!", subject, f"failed: {output.reason}"))
            self._tell(self.links[output.link].name, "failed", output.reason)
        else:
            self._log(Line("info", "=", subject, output.text))
            if output.link is not None:
                self._tell(self.links[output.link].name, "notice", output.text)
                if "inhibited" in output.text:
                    for told in self._inhibitions.pop(output.link, ()):
                        told(output.text)


def _delay(link: Link | Backhaul) -> float:
    """How long acknowledgements of a link may wait."""
    return CYCLIC_ACKNOWLEDGEMENT_DELAY if link.error_correction == "cyclic" else ACKNOWLEDGEMENT_DELAY


def _may_wait(former: bytes | None, fill: bytes | None, told: bytes | None, extended: bool) -> bool:
    """Whether `fill` is nothing but an acknowledgement, of a few messages: a FISU that differs in the BSN alone.

    That is, from `former`; from `told`, what the media process was given last, it differs by few numbers.
    """
    size, length, bib = (6, 4, 1) if extended else (3, 2, 0)
    if former is None or fill is None or len(former) != size or len(fill) != size:
        return False
    if former[bib] & 0x80 != fill[bib] & 0x80 or former[bib + 1 : length] != fill[bib + 1 : length]:
        return False
    last = -1 if told is None else int.from_bytes(told[: bib + 1], "little")
    return int.from_bytes(fill[: bib + 1], "little") - last & (0xFFF if extended else 0x7F) < UNACKNOWLEDGED
