"""A signalling point: the blocks of Q.704 and Q.707 put together as one machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from tandem.core.errors import DecodeError
from tandem.core.timers import TimerTable
from tandem.ss7.mtp2 import primitives as mtp2
from tandem.ss7.mtp3.configuration import Configuration, LinksetConfiguration
from tandem.ss7.mtp3.discrimination import Destination, Discrimination
from tandem.ss7.mtp3.distribution import Distribution, Recipient
from tandem.ss7.mtp3.label import LAYOUTS
from tandem.ss7.mtp3.link_management import DivertTraffic, LeftService, LinkControl, LinkInput, LinkState, SendTest
from tandem.ss7.mtp3.linkset import Linkset, SendManagement
from tandem.ss7.mtp3.messages import ManagementMessage, decode_management
from tandem.ss7.mtp3.primitives import (
    Notice,
    Output,
    PauseIndication,
    ResumeIndication,
    StartLink,
    StatusCause,
    StatusIndication,
    StopLink,
    TransferIndication,
    TransferRequest,
)
from tandem.ss7.mtp3.restart import RestartControl, RestartInput, RestartOutput, RestartState
from tandem.ss7.mtp3.routes import RouteState, RouteTable, SendRouteSetTest
from tandem.ss7.mtp3.sending import Sender
from tandem.ss7.mtp3.testing import SltInput
from tandem.ss7.mtp3.timers import Timer, TimerKey
from tandem.ss7.mtp3.traffic import Traffic

_UPU_CAUSES: Final = {
    1: StatusCause.USER_PART_UNEQUIPPED,
    2: StatusCause.USER_PART_INACCESSIBLE,
}


class SignallingPoint:
    """MTP level 3 of one signalling point.

    Inputs: `start`, `stop`, `link_event`, `transfer`, `handle_timers`. Outputs: see `primitives.Output`. Messages
    that cannot be understood or are not for us are counted in `counters` by reason and dropped.

    An end point: it does not transfer messages between others. TFC is reported to users as congestion without route
    set congestion test, link congestion is only counted, and `traffic` says which changeover procedures there are.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.counters: Counter[str] = Counter()
        """Messages by what became of them, and events by name."""
        self._timers: TimerTable[TimerKey] = TimerTable()
        self._outputs: list[Output] = []
        self._sender = Sender(configuration, self._outputs, self.counters)
        variant, timers = configuration.variant, configuration.timers
        self._variant = variant
        self._layout = LAYOUTS[variant]
        self._discrimination = Discrimination(configuration.point_code, variant, configuration.network_indicator)
        self._distribution = Distribution(configuration.users, variant)
        self._routes = RouteTable(configuration.routes, timers.t10, self._timers)
        self._links: dict[int, LinkControl] = {}
        self._linksets = {linkset.name: self._build(linkset) for linkset in configuration.linksets}
        self._by_adjacent = {linkset.adjacent: linkset for linkset in self._linksets.values()}
        self._waiting_starts: dict[int, StartLink] = {}
        """Restorations that wait for the end of a changeover: level 2 forgets its messages when it starts."""
        self._traffic = Traffic(
            configuration,
            self._links,
            self._linksets,
            self._routes,
            self._sender,
            self._timers,
            self._outputs,
            self.counters,
        )

    def _build(self, configuration: LinksetConfiguration) -> Linkset:
        timers = self.configuration.timers

        def alone(link: LinkControl) -> bool:
            return all(other is link for other in self._linksets[configuration.name].usable())

        links = [LinkControl(link, configuration, timers, self._timers, alone) for link in configuration.links]
        self._links.update((link.id, link) for link in links)
        restart = RestartControl(configuration.name, configuration.restart_wait, timers.t19, self._timers)
        return Linkset(configuration, links, restart, timers.t23, self._timers)

    def start(self, now: float) -> None:
        """Declare every destination unavailable and activate every link."""
        self._routes.start()
        self._drain_routes(now)
        for link in self._links.values():
            self.activate(link.id, now)

    def stop(self, now: float) -> None:
        """Deactivate every link; destinations become unavailable."""
        for link in self._links.values():
            self.deactivate(link.id, now)

    def activate(self, link: int, now: float) -> None:
        """Bring `link` up and keep it up."""
        self._links[link].handle(LinkInput.ACTIVATE, now)
        self._drain_link(self._links[link], now)

    def deactivate(self, link: int, now: float) -> None:
        """Take `link` out of service until `activate`."""
        self._links[link].handle(LinkInput.DEACTIVATE, now)
        self._drain_link(self._links[link], now)

    def transfer(self, request: TransferRequest, now: float) -> None:
        """MTP-TRANSFER request: send a user's message, or count and drop it when its destination is unavailable."""
        dpc, sls = request.dpc, request.sls
        msu = self._sender.encode(request.service, dpc, sls, request.data, request.opc, request.priority)
        if msu is not None:
            self._traffic.send(dpc, sls, msu)

    def link_event(self, link_id: int, primitive: mtp2.Indication, now: float) -> None:
        """Take an indication of level 2 of link `link_id`."""
        link = self._links.get(link_id)
        if link is None:
            self.counters["unknown link"] += 1
            return
        match primitive:
            case mtp2.MessageReceived(msu):
                self._received(link, msu, now)
                return
            case mtp2.LinkInService():
                link.delivers = True
                self._traffic.link_restored(link)
                link.handle(LinkInput.IN_SERVICE, now)
            case mtp2.RetrievedBsnt(bsnt):
                link.delivers = False
                self._traffic.number_read(link, bsnt, now)
            case mtp2.RetrievedMessages(msus):
                self._traffic.retrieved(link, msus, now)
            case mtp2.LinkOutOfService(reason):
                link.delivers = False
                link.handle(LinkInput.OUT_OF_SERVICE, now, reason)
            case mtp2.RemoteProcessorOutage():
                link.remote_outage = True
                self._outputs.append(Notice("the neighbour reports processor outage", link_id))
            case mtp2.RemoteProcessorRecovered():
                link.remote_outage = False
                self._outputs.append(Notice("the neighbour's processor is back", link_id))
            case _:
                self.counters[type(primitive).__name__] += 1
        self._drain_link(link, now)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due, None when no timer runs."""
        return self._timers.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on every timer that expired."""
        for timer, key in self._timers.expired(now):
            match timer, key:
                case Timer.T10, (int(dpc), str(linkset)):
                    self._routes.test_due(dpc, linkset, now)
                    self._drain_routes(now)
                case Timer.T21, str(name):
                    text = f"linkset {name}: no TRA from the neighbour, traffic starts without it"
                    self._outputs.append(Notice(text))
                    self._restart(self._linksets[name], RestartInput.T21_EXPIRY, now)
                case Timer.PEER_TEST, str(name):
                    self._restart(self._linksets[name], RestartInput.PEER_TEST_EXPIRY, now)
                case Timer.T1 | Timer.T2 | Timer.T3 | Timer.T4 | Timer.T5 | Timer.T6, (int() | (int(), str())) as of:
                    self._traffic.timer(timer, of, now)
                    self._restore_waiting()
                case _, int(link_id):
                    self._link_timer(self._links[link_id], timer, now)

    def _link_timer(self, link: LinkControl, timer: Timer, now: float) -> None:
        linkset = self._linkset_of(link)
        match timer:
            case Timer.T17:
                link.handle(LinkInput.T17_EXPIRY, now)
            case Timer.TEST_T1:
                link.handle_test(SltInput.T1_EXPIRY, now)
            case Timer.TEST_T2:
                link.handle_test(SltInput.T2_EXPIRY, now)
            case Timer.T23:
                self._answer(linkset, linkset.inhibit_test_due(link, now))
        self._drain_link(link, now)

    def outputs(self) -> list[Output]:
        """What has been produced since the last call."""
        done = self._outputs[:]
        self._outputs.clear()
        return done

    def available(self, pc: int) -> bool:
        """Whether signalling point `pc` can be reached now."""
        return self._routes.available(pc)

    def link_states(self) -> dict[int, LinkState]:
        """State of every link by number."""
        return {link.id: link.state for link in self._links.values()}

    def linkset_states(self) -> dict[str, RestartState]:
        """State of every linkset by name."""
        return {name: linkset.restart.state for name, linkset in self._linksets.items()}

    # Messages received

    def _received(self, link: LinkControl, msu: bytes, now: float) -> None:
        if not link.delivers:
            self.counters["received on a link out of service"] += 1
            return
        try:
            destination, service, dpc, opc, sls = self._discrimination.discriminate(msu)
        except DecodeError:
            self.counters["malformed"] += 1
            return
        if destination is not Destination.HERE:
            self.counters[destination.value] += 1
            return
        data = msu[1 + self._layout.octets :]
        linkset = self._linkset_of(link)
        match self._distribution.recipient(service):
            case Recipient.USER:
                if linkset.restart.state is not RestartState.RUNNING:
                    self._restart(linkset, RestartInput.USER_TRAFFIC, now)
                self.counters["received"] += 1
                self._outputs.append(TransferIndication(service, opc, dpc, sls, data))
            case Recipient.NOBODY:
                self._no_user(linkset, service, opc)
            case recipient:
                try:
                    message = decode_management(data, service, self._variant)
                except DecodeError:
                    self.counters["malformed"] += 1
                    return
                if recipient is Recipient.TESTING:
                    self._test_message(link, message, service, opc, sls, now)
                else:
                    self._management(link, message, opc, sls, now)

    def _no_user(self, linkset: Linkset, service: int, opc: int) -> None:
        """No user part for `service`: say so to the origin (UPU, Q.704 11.2.7), cause unequipped."""
        self.counters["no user part"] += 1
        own = self.configuration.point_code
        self._sender.management(linkset, "UPU", opc, destination=own, user_part=service, cause=1)

    def _test_message(
        self, link: LinkControl, message: ManagementMessage, service: int, opc: int, sls: int, now: float
    ) -> None:
        code = message.fields.get("signalling_link_code", sls) & 0xF
        linkset = self._linkset_of(link)
        expected = opc == linkset.adjacent and code == link.slc
        if not link.in_service:
            self.counters["test message dropped"] += 1
        elif message.acronym == "SLTA":
            good = expected and message.pattern == self.configuration.test_pattern
            self.counters["SLTA" if good else "SLTA wrong"] += 1
            link.handle_test(SltInput.ACKNOWLEDGED if good else SltInput.MISMATCH, now)
            self._drain_link(link, now)
        elif message.acronym == "SLTM" and opc == linkset.adjacent and message.pattern:
            # A wrong code is answered with the right one, for the neighbour to see that links are crossed.
            self.counters["SLTM" if expected else "SLTM with a wrong code"] += 1
            self._sender.link_test(link, message.pattern, service)
            if expected and not link.peer_tested:
                link.peer_tested = True
                self._restart(linkset, RestartInput.PEER_TEST_ANSWERED, now)
        else:
            self.counters["test message dropped"] += 1

    def _management(self, link: LinkControl, message: ManagementMessage, opc: int, sls: int, now: float) -> None:
        # A message about a link may come over another linkset, when its own is gone (Q.704 5.3.2).
        linkset = self._by_adjacent.get(opc)
        if linkset is None:
            linkset = self._linkset_of(link)
            if message.acronym != "UPU":
                self.counters["management from a point that is not adjacent"] += 1
                return
        if (action := _MANAGEMENT.get(message.acronym)) is not None:
            self.counters[message.acronym] += 1
            action(self, linkset, message, opc, now)
            return
        concerned = linkset.link(message.fields.get("signalling_link_code", sls) & 0xF)
        if concerned is None:
            self.counters["management not acted on"] += 1
        elif (procedure := _ABOUT_LINK.get(message.acronym)) is not None:
            self.counters[message.acronym] += 1
            procedure(self, concerned, message, now)
        else:
            answers = linkset.answer(message, concerned.slc, now)
            self.counters[message.acronym if answers is not None else "management not acted on"] += 1
            self._drain_link(concerned, now)
            self._answer(linkset, answers or [])

    def _changeover_ordered(self, link: LinkControl, message: ManagementMessage, now: float) -> None:
        was_in_service = link.in_service
        if was_in_service:
            self._traffic.hold(link)
            link.handle(LinkInput.CHANGEOVER_ORDERED, now, f"the neighbour sent {message.acronym}")
            self._drain_link(link, now)
        self._traffic.ordered(link, message, was_in_service, now)
        self._restore_waiting()

    def _changeover_acknowledged(self, link: LinkControl, message: ManagementMessage, now: float) -> None:
        self._traffic.acknowledged(link, message, now)
        self._restore_waiting()

    def _changeback_declared(self, link: LinkControl, message: ManagementMessage, now: float) -> None:
        """Messages are handed to users as they come, so everything before the declaration has been (Q.704 6.3)."""
        code = {"changeback_code": message.fields["changeback_code"]}
        self._answer(self._linkset_of(link), [SendManagement("CBA", link.slc, code)])

    def _changeback_acknowledged(self, link: LinkControl, message: ManagementMessage, now: float) -> None:
        self._traffic.changed_back(link, message)

    def _traffic_restart_allowed(self, linkset: Linkset, message: ManagementMessage, opc: int, now: float) -> None:
        self._restart(linkset, RestartInput.TRA, now)

    def _route_state(self, linkset: Linkset, message: ManagementMessage, opc: int, now: float) -> None:
        state = RouteState(message.acronym)
        destination = message.fields["destination"]
        if destination == linkset.adjacent or not self._routes.told(destination, linkset.name, state, now):
            self.counters["route message about an unknown destination"] += 1
        self._drain_routes(now)

    def _route_set_test(self, linkset: Linkset, message: ManagementMessage, opc: int, now: float) -> None:
        """Only this point itself can be reached through it: there is no transfer function (Q.704 13.5.4)."""
        if message.fields["destination"] == self.configuration.point_code:
            self._sender.management(linkset, "TFA", destination=self.configuration.point_code)

    def _transfer_controlled(self, linkset: Linkset, message: ManagementMessage, opc: int, now: float) -> None:
        level = message.fields["status"]
        self._outputs.append(StatusIndication(message.fields["destination"], StatusCause.CONGESTION, level=level))

    def _user_part_unavailable(self, linkset: Linkset, message: ManagementMessage, opc: int, now: float) -> None:
        cause = _UPU_CAUSES.get(message.fields["cause"], StatusCause.USER_PART_UNKNOWN)
        service = message.fields["user_part"]
        self._outputs.append(StatusIndication(message.fields["destination"], cause, service=service))

    # Consequences

    def _drain_link(self, link: LinkControl, now: float) -> None:
        """Carry out what the link wants, and see whether its linkset gained or lost traffic by it."""
        linkset = self._linkset_of(link)
        outputs = link.outputs()
        diverted = any(isinstance(output, DivertTraffic) for output in outputs)
        if diverted:
            self._traffic.hold(link)
            linkset.clear_inhibition(link)
        for output in outputs:
            match output:
                case SendTest():
                    self._sender.link_test(link)
                case DivertTraffic():
                    pass
                case LeftService():
                    linkset.clear_inhibition(link)
                    self._traffic.read_number(link)
                case StartLink() if diverted or self._traffic.changing_over(link):
                    self._waiting_starts[link.id] = output
                case StopLink():
                    self._waiting_starts.pop(link.id, None)
                    self._outputs.append(output)
                case _:
                    self._outputs.append(output)
        self._review(linkset, now)
        if diverted:
            self._traffic.change_over(link, now)
        self._restore_waiting()

    def _restore_waiting(self) -> None:
        """Begin the restorations whose changeover has ended."""
        for link_id, command in list(self._waiting_starts.items()):
            if not self._traffic.changing_over(self._links[link_id]):
                del self._waiting_starts[link_id]
                self._outputs.append(command)

    def _review(self, linkset: Linkset, now: float) -> None:
        self._review_links(linkset, now)
        self._traffic.review(now)

    def _review_links(self, linkset: Linkset, now: float) -> None:
        usable = linkset.usable()
        if not usable:
            # Better an inhibited link than none: forced uninhibiting, Q.704 10.3.
            self._answer(linkset, linkset.uninhibit_all())
            usable = linkset.usable()
        if not usable:
            if linkset.restart.state is not RestartState.DOWN or not linkset.in_service:
                self._restart(linkset, RestartInput.ALL_LINKS_LOST, now)
            return
        if linkset.restart.state is RestartState.DOWN and any(link.peer_tested for link in usable):
            self._restart(linkset, RestartInput.PEER_TEST_ANSWERED, now)
        self._restart(linkset, RestartInput.LINK_USABLE, now)

    def _answer(self, linkset: Linkset, messages: list[SendManagement]) -> None:
        for message in messages:
            self._sender.about_link(linkset, message)

    def _restart(self, linkset: Linkset, event: RestartInput, now: float) -> None:
        for output in linkset.restart.handle(event, now):
            match output:
                case RestartOutput.SEND_TRA:
                    self._sender.management(linkset, "TRA")
                case RestartOutput.READY:
                    self._routes.linkset_running(linkset.name)
                    self._traffic.review(now, Timer.T3)
                case RestartOutput.LOST:
                    self._routes.linkset_lost(linkset.name)
        self._drain_routes(now)

    def _drain_routes(self, now: float) -> None:
        outputs = self._routes.outputs()
        self._traffic.review(now)
        for output in outputs:
            match output:
                case SendRouteSetTest(dpc, name):
                    self._sender.management(self._linksets[name], "RST", destination=dpc)
                case PauseIndication() | ResumeIndication():
                    self._outputs.append(output)

    def _linkset_of(self, link: LinkControl) -> Linkset:
        return self._linksets[link.linkset.name]


Action = Callable[[SignallingPoint, Linkset, ManagementMessage, int, float], None]

#: What changeover and changeback messages lead to; `linkset.ANSWERS` has the others about a link.
_ABOUT_LINK: Final[dict[str, Callable[[SignallingPoint, LinkControl, ManagementMessage, float], None]]] = {
    "COO": SignallingPoint._changeover_ordered,
    "XCO": SignallingPoint._changeover_ordered,
    "ECO": SignallingPoint._changeover_ordered,
    "COA": SignallingPoint._changeover_acknowledged,
    "XCA": SignallingPoint._changeover_acknowledged,
    "ECA": SignallingPoint._changeover_acknowledged,
    "CBD": SignallingPoint._changeback_declared,
    "CBA": SignallingPoint._changeback_acknowledged,
}

#: What a management message that is not about one link leads to.
_MANAGEMENT: Final[dict[str, Action]] = {
    "TRA": SignallingPoint._traffic_restart_allowed,
    "TFP": SignallingPoint._route_state,
    "TFR": SignallingPoint._route_state,
    "TFA": SignallingPoint._route_state,
    "RST": SignallingPoint._route_set_test,
    "RSR": SignallingPoint._route_set_test,
    "TFC": SignallingPoint._transfer_controlled,
    "UPU": SignallingPoint._user_part_unavailable,
}
