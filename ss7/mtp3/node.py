"""A signalling point: the blocks of Q.704 and Q.707 put together as one machine."""

from __future__ import annotations

from collections import Counter

from tandem.core.errors import DecodeError
from tandem.core.timers import Agenda, TimerTable
from tandem.ss7.mtp2 import primitives as mtp2
from tandem.ss7.mtp3.configuration import RESTARTS, Configuration, LinksetConfiguration, RestartProcedure
from tandem.ss7.mtp3.discrimination import Destination, Discrimination
from tandem.ss7.mtp3.distribution import Distribution, Recipient
from tandem.ss7.mtp3.label import LAYOUTS, Variant, format_point_code
from tandem.ss7.mtp3.link_management import DivertTraffic, LeftService, LinkControl, LinkInput, LinkState, SendTest
from tandem.ss7.mtp3.linkset import Linkset
from tandem.ss7.mtp3.management import Management
from tandem.ss7.mtp3.messages import ROUTE_TEST_PATTERN, ManagementMessage, decode_management
from tandem.ss7.mtp3.point_restart import PointRestart, PointState
from tandem.ss7.mtp3.primitives import (
    FlushBuffers,
    Notice,
    Output,
    PauseIndication,
    ResumeIndication,
    StartLink,
    StopLink,
    TransferIndication,
    TransferRequest,
)
from tandem.ss7.mtp3.restart import RestartControl, RestartInput, RestartOutput, RestartState
from tandem.ss7.mtp3.route_testing import RouteTests
from tandem.ss7.mtp3.routes import RouteTable, SendRouteSetTest
from tandem.ss7.mtp3.sending import Sender
from tandem.ss7.mtp3.testing import SltInput
from tandem.ss7.mtp3.timers import Timer, TimerKey
from tandem.ss7.mtp3.traffic import Traffic


class SignallingPoint:
    """MTP level 3 of one signalling point.

    Inputs: `start`, `stop`, `link_event`, `transfer`, `handle_timers`. Outputs: see `primitives.Output`. Messages
    that cannot be understood or are not for us are counted in `counters` by reason and dropped.

    With `Configuration.transfer` it is a transfer point, otherwise an end point.
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
        self._management = Management(
            configuration,
            self._links,
            self._linksets,
            self._routes,
            self._traffic,
            self._sender,
            self._timers,
            self._outputs,
            self.counters,
            self._drain_link,
            self._restart,
        )
        self._route_tests = RouteTests(timers, self._timers, self._test_route, self._route_tested)
        t18 = timers.t18 if configuration.transfer else 0.0
        t27 = timers.t27 if variant is Variant.ANSI else 0.0
        self._point_restart = PointRestart(t18, timers.t20, self._timers, t27) if configuration.full_restart else None
        self._held_back: dict[str, list[RestartOutput]] = {}
        """By linkset, what its restart wants done once the point itself has restarted."""

    def _build(self, configuration: LinksetConfiguration) -> Linkset:
        timers = self.configuration.timers

        def alone(link: LinkControl) -> bool:
            return all(other is link for other in self._linksets[configuration.name].usable())

        links = [LinkControl(link, configuration, timers, self._timers, alone) for link in configuration.links]
        self._links.update((link.id, link) for link in links)
        procedure = configuration.restart or RESTARTS[self._variant]
        guard = timers.t29 if procedure is RestartProcedure.TRW else timers.t19
        restart = RestartControl(
            configuration.name, configuration.restart_wait, guard, self._timers, procedure, timers.t25
        )
        return Linkset(configuration, links, restart)

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
        self._management.stopped()

    def activate(self, link: int, now: float) -> None:
        """Bring `link` up and keep it up."""
        self._links[link].handle(LinkInput.ACTIVATE, now)
        self._drain_link(self._links[link], now)

    def deactivate(self, link: int, now: float) -> None:
        """Take `link` out of service until `activate`."""
        self._links[link].handle(LinkInput.DEACTIVATE, now)
        self._drain_link(self._links[link], now)

    def inhibit(self, link: int, now: float) -> None:
        """Keep user traffic off `link` while it stays in service, if the neighbour agrees (Q.704 10); see Notice."""
        self._management.inhibit(self._links[link], now)

    def uninhibit(self, link: int, now: float) -> None:
        """Take back what `inhibit` asked for."""
        self._management.uninhibit(self._links[link], now)

    def inhibited_links(self) -> set[int]:
        """Links that carry no user traffic because one end or the other does not want it."""
        return {link.id for link in self._links.values() if link.inhibited}

    def transfer(self, request: TransferRequest, now: float) -> None:
        """MTP-TRANSFER request: send a user's message, or count and drop it when its destination is unavailable."""
        dpc, sls = request.dpc, request.sls
        msu = self._sender.encode(request.service, dpc, sls, request.data, request.opc, request.priority)
        if msu is not None:
            if self._management.congestion.links:
                link = self._traffic.router.link(dpc, sls)
                if link is not None and not self._management.admit(link, dpc, None, request.priority):
                    return
            self._traffic.send(dpc, sls, msu)

    def link_event(self, link_id: int, primitive: mtp2.Indication, now: float) -> None:
        """Take an indication of level 2 of link `link_id`."""
        if isinstance(primitive, mtp2.MessageReceived):
            self.receive(link_id, primitive.msu, now)
            return
        link = self._links.get(link_id)
        if link is None:
            self.counters["unknown link"] += 1
            return
        match primitive:
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
                if self.configuration.retrieval and self._linkset_of(link).usable():
                    self._outputs.append(FlushBuffers(link_id))
                link.remote_outage = False
                self._outputs.append(Notice("the neighbour's processor is back", link_id))
            case mtp2.LinkCongested() | mtp2.LinkCongestionCeased():
                self.counters[type(primitive).__name__] += 1
                level = primitive.level if isinstance(primitive, mtp2.LinkCongested) else 0
                self._management.congestion.link(link_id, level)
        self._drain_link(link, now)

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._timers.share(agenda)

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
                case Timer.T26, str(name):
                    if self._point_restart is not None and self._point_restart.state is PointState.LISTENING:
                        self._say_waiting(self._linksets[name], now)
                case Timer.ROUTE_TEST_T1 | Timer.ROUTE_TEST_T2, int(dpc):
                    self._route_tests.timer(timer, dpc, now)
                case Timer.T21 | Timer.T25 | Timer.T28, str(name):
                    text = f"linkset {name}: no TRA from the neighbour, traffic starts without it"
                    self._outputs.append(Notice(text))
                    self._restart(self._linksets[name], RestartInput.T21_EXPIRY, now)
                case Timer.PEER_TEST, str(name):
                    self._restart(self._linksets[name], RestartInput.PEER_TEST_EXPIRY, now)
                case Timer.T1 | Timer.T2 | Timer.T3 | Timer.T4 | Timer.T5 | Timer.T6, (int() | (int(), str())) as of:
                    self._traffic.timer(timer, of, now)
                    self._restore_waiting()
                case Timer.T8, _:
                    pass  # it only has to run
                case Timer.T11, int(dpc):
                    self._management.second_choice_lasts(dpc, now)
                case Timer.T15, int(dpc):
                    self._management.congestion.test_due(dpc, now)
                    self._management.drain_congestion()
                case Timer.T16, int(dpc):
                    self._management.congestion.test_passed(dpc, now)
                    self._management.drain_congestion()
                case Timer.T18 | Timer.T20, _:
                    self._point_restarted(now)
                case _, int(link_id):
                    self._link_timer(self._links[link_id], timer, now)

    def _link_timer(self, link: LinkControl, timer: Timer, now: float) -> None:
        if self._management.inhibit_timer(timer, link, now):
            return
        match timer:
            case Timer.T17:
                link.handle(LinkInput.T17_EXPIRY, now)
            case Timer.TEST_T1:
                link.handle_test(SltInput.T1_EXPIRY, now)
            case Timer.TEST_T2:
                link.handle_test(SltInput.T2_EXPIRY, now)
        self._drain_link(link, now)

    @property
    def waiting(self) -> list[Output]:
        """What `outputs` is going to return: the same list every time, for those who look often."""
        return self._outputs

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

    def receive(self, link_id: int, msu: bytes, now: float) -> None:
        """Take a message, SIO and SIF, that level 2 of link `link_id` has received."""
        link = self._links.get(link_id)
        if link is None:
            self.counters["unknown link"] += 1
            return
        if not link.delivers:
            self.counters["received on a link out of service"] += 1
            return
        discrimination = self._discrimination
        found = discrimination.known.get(msu[: discrimination.octets])
        if found is None:
            try:
                found = discrimination.discriminate(msu)
            except DecodeError:
                self.counters["malformed"] += 1
                return
        destination, service, dpc, opc, sls = found
        if destination is not Destination.HERE:
            elsewhere = destination is Destination.ELSEWHERE
            if not (elsewhere and self._management.transfer(link, msu, opc, dpc, sls, now)):
                self.counters[destination.value] += 1
            return
        data = msu[discrimination.octets :]
        linkset = self._linksets[link.linkset.name]
        match self._distribution.table[service]:
            case Recipient.USER:
                if linkset.restart.state is not RestartState.RUNNING:
                    self._restart(linkset, RestartInput.USER_TRAFFIC, now)
                self.counters["received"] += 1
                self._outputs.append(TransferIndication(service, opc, dpc, sls, data))
            case Recipient.NOBODY:
                self._management.no_user(linkset, service, opc)
            case recipient:
                try:
                    message = decode_management(data, service, self._variant)
                except DecodeError:
                    self.counters["malformed"] += 1
                    return
                if message.acronym in ("SRT", "SRTA"):
                    self._route_test_message(link, message, opc, sls, now)
                elif recipient is Recipient.TESTING:
                    self._test_message(link, message, service, opc, sls, now)
                else:
                    self._management.message(link, message, opc, sls, now)
                    self._drain_routes(now)

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

    def _route_test_message(
        self, link: LinkControl, message: ManagementMessage, opc: int, sls: int, now: float
    ) -> None:
        if message.acronym == "SRT":
            self.counters["SRT"] += 1
            back = self._traffic.router.link(opc, sls)
            self._sender.route_test(link.id if back is None else back, opc, sls, "SRTA", message.pattern)
        else:
            good = self._route_tests.acknowledged(opc, message.pattern, now)
            self.counters["SRTA" if good else "SRTA wrong"] += 1

    def _test_route(self, dpc: int) -> None:
        link = self._traffic.router.link(dpc, 0)
        if link is not None:
            self._sender.route_test(link, dpc, 0, "SRT", ROUTE_TEST_PATTERN)

    def _route_tested(self, dpc: int, passed: bool) -> None:
        where = format_point_code(dpc, self._variant)
        text = "answers the routing test" if passed else "does not answer the routing test (JT-Q707)"
        self._outputs.append(Notice(f"{where} {text}"))

    # Consequences

    def _drain_link(self, link: LinkControl, now: float) -> None:
        """Carry out what the link wants, and see whether its linkset gained or lost traffic by it."""
        linkset = self._linkset_of(link)
        outputs = link.outputs()
        diverted = any(isinstance(output, DivertTraffic) for output in outputs)
        if diverted:
            self._traffic.hold(link)
        for output in outputs:
            match output:
                case SendTest():
                    self._sender.link_test(link)
                case DivertTraffic():
                    pass
                case LeftService():
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
            self._management.reclaim(linkset, now)
            usable = linkset.usable()
        if not usable:
            if linkset.restart.state is not RestartState.DOWN or not linkset.in_service:
                self._restart(linkset, RestartInput.ALL_LINKS_LOST, now)
            return
        if linkset.restart.state is RestartState.DOWN and any(link.peer_tested for link in usable):
            self._restart(linkset, RestartInput.PEER_TEST_ANSWERED, now)
        self._restart(linkset, RestartInput.LINK_USABLE, now)

    def _restart(self, linkset: Linkset, event: RestartInput, now: float) -> None:
        outputs = linkset.restart.handle(event, now)
        if self._point_restart is not None:
            outputs = self._hold_back(self._point_restart, linkset, event, outputs, now)
        self._carry_out(linkset, outputs, now)

    def _hold_back(
        self, point: PointRestart, linkset: Linkset, event: RestartInput, outputs: list[RestartOutput], now: float
    ) -> list[RestartOutput]:
        """What of `outputs` may be done at once, the restart of the point considered."""
        if event in (RestartInput.TRA, RestartInput.USER_TRAFFIC):
            point.neighbour_ready(linkset.name)
        if event is RestartInput.LINK_USABLE:
            point.usable(linkset.name, now)
        elif event is RestartInput.ALL_LINKS_LOST:
            point.lost(linkset.name, now)
            self._held_back.pop(linkset.name, None)
            self._timers.stop((Timer.T26, linkset.name))
        if point.state is PointState.LISTENING:
            self._held_back.setdefault(linkset.name, []).extend(outputs)
            outputs = []
            if event is RestartInput.LINK_USABLE and not self._timers.is_running((Timer.T26, linkset.name)):
                self._say_waiting(linkset, now)
        self._point_restarted(now)
        return outputs

    def _say_waiting(self, linkset: Linkset, now: float) -> None:
        """ANSI: our point restarts; the neighbour is told so every T26 until TRA."""
        if (linkset.configuration.restart or RESTARTS[self._variant]) is RestartProcedure.TRW:
            self._sender.management(linkset, "TRW")
            self._timers.start((Timer.T26, linkset.name), now + self.configuration.timers.t26)

    def _point_restarted(self, now: float) -> None:
        if self._point_restart is not None and self._point_restart.finished():
            held, self._held_back = self._held_back, {}
            for name, outputs in held.items():
                self._timers.stop((Timer.T26, name))
                self._carry_out(self._linksets[name], outputs, now)

    def _carry_out(self, linkset: Linkset, outputs: list[RestartOutput], now: float) -> None:
        for output in outputs:
            match output:
                case RestartOutput.SEND_TRA:
                    self._management.before_restart_allowed(linkset)
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
                case SendRouteSetTest(dpc, name, restricted):
                    self._sender.management(self._linksets[name], "RSR" if restricted else "RST", destination=dpc)
                case PauseIndication(pc):
                    self._management.congestion.forget(pc)
                    self._route_tests.end(pc, now)
                    self._outputs.append(output)
                case ResumeIndication(pc):
                    self._outputs.append(output)
                    if self.configuration.route_test:
                        self._route_tests.begin(pc, now)
        self._management.routes_changed(now)

    def _linkset_of(self, link: LinkControl) -> Linkset:
        return self._linksets[link.linkset.name]
