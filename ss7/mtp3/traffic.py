"""Signalling traffic management, STM of Q.704 (07/96) 4 to 8: which link each flow of messages goes over, and moves.

A flow moves because its link failed (changeover), because a better link is back (changeback) or because the route to
its destination changed (rerouting). Until the messages sent before have arrived, new ones wait in a `Hold`.
"""

from __future__ import annotations

from collections import Counter

from tandem.core.errors import DecodeError
from tandem.ss7.mtp3.changeover import (
    Acknowledge,
    Changeover,
    ChangeoverInput,
    ChangeoverState,
    Finished,
    Order,
    ReadNumber,
    Retrieve,
)
from tandem.ss7.mtp3.configuration import Configuration
from tandem.ss7.mtp3.diversion import CODES, CODES_JAPAN, Declare, Diversion, Diversions
from tandem.ss7.mtp3.flows import Flow, FlowTable, Hold
from tandem.ss7.mtp3.label import LAYOUTS, Service, Variant, rotate_sls
from tandem.ss7.mtp3.link_management import LinkControl
from tandem.ss7.mtp3.linkset import Linkset, SendManagement
from tandem.ss7.mtp3.messages import ManagementMessage, message_type
from tandem.ss7.mtp3.msu import decode_msu
from tandem.ss7.mtp3.primitives import Output, RetrieveBsnt, RetrieveMessages
from tandem.ss7.mtp3.routes import RouteState, RouteTable
from tandem.ss7.mtp3.routing import Router
from tandem.ss7.mtp3.sending import Sender
from tandem.ss7.mtp3.timers import Timer
from tandem.ss7.mtp3.timers import Timers as TimerTable


class Traffic:
    """The flows of one signalling point, the changeover of every link, and the diversions under way."""

    def __init__(
        self,
        configuration: Configuration,
        links: dict[int, LinkControl],
        linksets: dict[str, Linkset],
        routes: RouteTable,
        sender: Sender,
        table: TimerTable,
        outputs: list[Output],
        counters: Counter[str],
    ) -> None:
        self._variant = configuration.variant
        self._point_code = configuration.point_code
        self._rotation = configuration.sls_rotation
        self._links = links
        self._linksets = linksets
        self._routes = routes
        self._sender = sender
        self._outputs = outputs
        self._counters = counters
        self.router = Router(routes, linksets, configuration.variant)
        self._flows = FlowTable(self.router.link, LAYOUTS[configuration.variant].sls_mask)
        self._diversions = Diversions(
            configuration.timers, table, CODES_JAPAN if configuration.variant is Variant.JAPAN else CODES
        )
        self._changeovers = {
            number: Changeover(number, configuration.timers, table, configuration.retrieval) for number in links
        }
        self._holds: dict[int, Hold] = {}
        self.finished: list[int] = []
        """Links whose changeover has ended; the owner takes them from here."""
        sender.detour = self._detour

    # Messages

    def send(self, dpc: int, sls: int, msu: bytes) -> None:
        """Send `msu`, or keep it while its flow is on hold, or drop it when `dpc` cannot be reached."""
        flow = self._flows.of(dpc, sls)
        if flow.hold is not None:
            if not flow.hold.add(flow, msu):
                self._counters["held too many"] += 1
            return
        link = flow.link
        if link is None:
            link = flow.link = self.router.link(dpc, sls)
            if link is None:
                self._counters["no route"] += 1
                return
        self._sender.emit(link, rotate_sls(msu, self._rotation) if self._rotation else msu)

    def _emit(self, link: int, msu: bytes) -> None:
        self._sender.emit(link, rotate_sls(msu, self._rotation) if self._rotation else msu)

    # Changeover

    def changing_over(self, link: LinkControl) -> bool:
        """Whether the restoration of `link` has to wait."""
        return self._changeovers[link.id].busy

    def hold(self, link: LinkControl) -> None:
        """`link` is lost: its flows wait from now on."""
        if link.id not in self._holds:
            hold = self._holds[link.id] = Hold(link.id)
            self._diversions.source_failed(link.id)
            self._flows.gather(link.id, hold)

    def change_over(self, link: LinkControl, now: float) -> None:
        """Begin the changeover of `link`, and repeat the orders about others that may have been lost with it."""
        self._run(link, ChangeoverInput.FAILED, now)
        self._repeat_for_others(link, now)

    def ordered(self, link: LinkControl, message: ManagementMessage, was_in_service: bool, now: float) -> None:
        """COO, XCO or ECO about `link`; `was_in_service` when it is out of service since now, because of it."""
        event = ChangeoverInput.ORDERED_IN_SERVICE if was_in_service else ChangeoverInput.ORDERED
        self._run(link, event, now, message.fields.get("forward_sequence_number"))
        if was_in_service:
            self._repeat_for_others(link, now)

    def acknowledged(self, link: LinkControl, message: ManagementMessage, now: float) -> None:
        """COA, XCA or ECA about `link`."""
        self._run(link, ChangeoverInput.ACKNOWLEDGED, now, message.fields.get("forward_sequence_number"))

    def read_number(self, link: LinkControl) -> None:
        """Have the number of the last message accepted at hand, in case the neighbour asks."""
        if self._changeovers[link.id].retrieval:
            self._outputs.append(RetrieveBsnt(link.id))

    def number_read(self, link: LinkControl, number: int, now: float) -> None:
        """Level 2 of `link` told the number of the last message that it accepted."""
        self._run(link, ChangeoverInput.NUMBER_READ, now, number)

    def retrieved(self, link: LinkControl, msus: tuple[bytes, ...], now: float) -> None:
        """Level 2 of `link` gave back what the neighbour has not got: it goes before what waits."""
        hold = self._holds.get(link.id)
        first: list[tuple[Flow, bytes]] = []
        for msu in msus:
            try:
                label = decode_msu(msu, self._variant)
            except DecodeError:
                self._counters["malformed"] += 1  # transferred for others, who would have dropped it
                continue
            service = label.information.service
            if service in (Service.TESTING, Service.TESTING_SPECIAL):
                continue
            if service == Service.MANAGEMENT and label.label.opc == self._point_code:
                self._send_again(link, msu, label.management)
                continue
            sls = label.label.sls
            if self._rotation:
                msu = rotate_sls(msu, self._rotation, right=False)
                sls = msu[7]
            flow = self._flows.of(label.label.dpc, sls)
            if flow.hold is not None and flow.hold is hold:
                first.append((flow, msu))
            else:
                self._counters["retrieved too late"] += 1  # its flow has gone on over another link
        if hold is not None:
            self._counters["retrieved"] += len(first)
            hold.messages = first + hold.messages
        self._run(link, ChangeoverInput.RETRIEVED, now)

    def link_restored(self, link: LinkControl) -> None:
        """Level 2 of `link` is in service."""
        self._changeovers[link.id].link_restored()

    def _repeat_for_others(self, link: LinkControl, now: float) -> None:
        for other in self._links.values():
            if other is not link and other.linkset is link.linkset:
                self._run(other, ChangeoverInput.CARRIER_LOST, now)

    def _send_again(self, link: LinkControl, msu: bytes, message: ManagementMessage | None) -> None:
        linkset = self._linksets[link.linkset.name]
        carrier = linkset.carrier(link.slc)
        if message is None or message.acronym == "unknown" or message_type(message.acronym).about_link:
            return  # it belongs to a procedure that has begun anew with the failure
        if carrier is not None:
            self._sender.emit(carrier.id, msu)

    def _run(self, link: LinkControl, event: ChangeoverInput, now: float, number: int | None = None) -> None:
        linkset = self._linksets[link.linkset.name]
        hold = self._holds.get(link.id)
        reachable = linkset.carrier(link.slc) is not None or self._detour(linkset.adjacent, link.slc) is not None
        alternative = hold is not None and any(self.router.link(flow.dpc, flow.slot) is not None for flow in hold.flows)
        changeover = self._changeovers[link.id]
        for output in changeover.handle(event, now, number, reachable, alternative):
            match output:
                case ReadNumber():
                    self._outputs.append(RetrieveBsnt(link.id))
                case Order(accepted):
                    self._tell(link, ("ECO", "COO", "XCO"), accepted)
                case Acknowledge(accepted):
                    self._tell(link, ("ECA", "COA", "XCA"), accepted)
                case Retrieve(accepted):
                    self._outputs.append(RetrieveMessages(link.id, accepted))
                case Finished():
                    self.finished.append(link.id)
                    released = self._holds.pop(link.id, None)
                    if released is not None:
                        self._release(released)

    def _tell(self, link: LinkControl, acronyms: tuple[str, str, str], number: int | None) -> None:
        """Send the emergency, normal or extended message of `acronyms` about `link`."""
        emergency, normal, extended = acronyms
        if number is None:
            message = SendManagement(emergency, link.slc)
        else:
            acronym = extended if link.extended_sequence or number > 0x7F else normal
            message = SendManagement(acronym, link.slc, {"forward_sequence_number": number})
        self._sender.about_link(self._linksets[link.linkset.name], message)

    def _detour(self, point_code: int, sls: int) -> LinkControl | None:
        number = self.router.link(point_code, sls)
        return None if number is None else self._links[number]

    # Changeback and rerouting

    def review(self, now: float, cross: Timer = Timer.T6) -> None:
        """A link or route changed: move every flow whose link is not the one it should have.

        `cross` is the timer of a diversion to another linkset: T6 after a change of routes, T3 after a restart.
        """
        self.router.invalidate()
        begun: dict[tuple[int, int], Diversion] = {}
        for flow in self._flows:
            source = flow.link
            if flow.hold is not None or source is None:
                continue
            target = self.router.link(flow.dpc, flow.slot)
            if target == source:
                continue
            timer = None if target is None else self._how(flow.dpc, self._links[source], self._links[target], cross)
            if target is None or timer is None:
                flow.link = target
                continue
            if (source, target) not in begun:
                begun[source, target] = self._diversions.begin(source, target, timer, now)
            begun[source, target].take(flow)
        for diversion in begun.values():
            if diversion.timer is Timer.T4:
                self._declare(diversion)

    def _how(self, dpc: int, source: LinkControl, target: LinkControl, cross: Timer) -> Timer | None:
        """The timer of the diversion from `source` to `target`; None: at once."""
        if not source.in_service:
            return None
        if source.linkset is target.linkset:
            return Timer.T4 if source.usable else Timer.T1
        name = source.linkset.name
        if not self._routes.is_running(name) or self._routes.state(dpc, name) is RouteState.PROHIBITED:
            return None  # forced rerouting, Q.704 7
        return cross if source.usable else Timer.T1

    def _declare(self, diversion: Diversion) -> None:
        source, target = self._links[diversion.source], self._links[diversion.target]
        message = SendManagement("CBD", target.slc, {"changeback_code": diversion.code})
        self._sender.about_link(self._linksets[source.linkset.name], message, carrier=source)

    def changed_back(self, link: LinkControl, message: ManagementMessage) -> None:
        """CBA about `link`."""
        diversion = self._diversions.acknowledged(link.id, message.fields["changeback_code"])
        if diversion is not None:
            self._release(diversion)

    def _release(self, hold: Hold) -> None:
        for flow in hold.flows:
            flow.hold = None
            flow.link = self.router.link(flow.dpc, flow.slot)
        for flow, msu in hold.messages:
            if flow.link is None:
                self._counters["no route"] += 1
            else:
                self._emit(flow.link, msu)

    # Timers

    def timer(self, timer: Timer, key: int | tuple[int, str], now: float) -> None:
        """A timer of a changeover (key: link) or of a diversion expired."""
        if isinstance(key, int):
            event = ChangeoverInput.T1_EXPIRY if timer is Timer.T1 else ChangeoverInput.T2_EXPIRY
            if timer is Timer.T2 and self._changeovers[key].state is ChangeoverState.WAITING:
                self._counters["changeover not acknowledged"] += 1
            self._run(self._links[key], event, now)
            return
        match self._diversions.expired(key[0], now):
            case Declare(diversion):
                self._declare(diversion)
            case Diversion() as diversion:
                if timer is Timer.T5:
                    self._counters["changeback not acknowledged"] += 1
                self._release(diversion)
