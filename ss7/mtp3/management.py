"""Signalling network management: what each of its messages leads to, and what leads to its messages (Q.704 5 to 13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from tandem.ss7.mtp3.configuration import Configuration
from tandem.ss7.mtp3.congestion import Congestion, SendCongestionTest, SendControlled
from tandem.ss7.mtp3.inhibition import InhibitInput, Inhibition, LinkInhibition, Report, Say
from tandem.ss7.mtp3.label import Variant
from tandem.ss7.mtp3.link_management import LinkControl, LinkInput
from tandem.ss7.mtp3.linkset import Linkset, SendManagement
from tandem.ss7.mtp3.messages import ManagementMessage
from tandem.ss7.mtp3.primitives import Notice, Output, StatusCause, StatusIndication
from tandem.ss7.mtp3.reports import RouteReports, TellNeighbour
from tandem.ss7.mtp3.restart import RestartInput, RestartState
from tandem.ss7.mtp3.routes import RouteState, RouteTable
from tandem.ss7.mtp3.sending import Sender
from tandem.ss7.mtp3.timers import Timer
from tandem.ss7.mtp3.timers import Timers as TimerTable
from tandem.ss7.mtp3.traffic import Traffic
from tandem.ss7.mtp3.transfer import Screening

_UPU_CAUSES: Final = {
    1: StatusCause.USER_PART_UNEQUIPPED,
    2: StatusCause.USER_PART_INACCESSIBLE,
}
_INHIBIT_TIMERS: Final = {
    Timer.T12: InhibitInput.T12_EXPIRY,
    Timer.T13: InhibitInput.T13_EXPIRY,
    Timer.T14: InhibitInput.T14_EXPIRY,
    Timer.T22: InhibitInput.T22_EXPIRY,
    Timer.T23: InhibitInput.T23_EXPIRY,
}


class Management:
    """Carries out management messages of the neighbours, and tells them what they have to know."""

    def __init__(
        self,
        configuration: Configuration,
        links: dict[int, LinkControl],
        linksets: dict[str, Linkset],
        routes: RouteTable,
        traffic: Traffic,
        sender: Sender,
        table: TimerTable,
        outputs: list[Output],
        counters: Counter[str],
        settle: Callable[[LinkControl, float], None],
        restart: Callable[[Linkset, RestartInput, float], None],
    ) -> None:
        """`settle` carries out what a link wants after its state changed; `restart` hands an event to a linkset."""
        self._point_code = configuration.point_code
        self._japan = configuration.variant is Variant.JAPAN
        self._ansi = configuration.variant is Variant.ANSI
        self._linksets = linksets
        self._links = links
        self._routes = routes
        self._traffic = traffic
        self._sender = sender
        self._outputs = outputs
        self._counters = counters
        self._settle = settle
        self._restart = restart
        timers = configuration.timers
        self._by_adjacent = {linkset.adjacent: linkset for linkset in linksets.values()}
        self._inhibitions = {number: LinkInhibition(number, timers, table) for number in links}
        self.congestion = Congestion(timers, table, configuration.congestion_levels)
        transfer = configuration.transfer
        self._screening = Screening(transfer) if transfer else None
        neighbours = {linkset.name: linkset.adjacent for linkset in linksets.values()}
        restricting = bool(transfer and transfer.restricted)
        self._reports = (
            RouteReports(routes, neighbours, timers.t8, timers.t11, restricting, table) if transfer else None
        )

    def message(self, link: LinkControl, message: ManagementMessage, opc: int, sls: int, now: float) -> None:
        """Act on `message`, which came from `opc` over `link`."""
        # A message about a link may come over another linkset, when its own is gone (Q.704 5.3.2).
        linkset = self._by_adjacent.get(opc)
        if linkset is None:
            linkset = self._linksets[link.linkset.name]
            if message.acronym not in _FROM_AFAR:
                self._counters["management from a point that is not adjacent"] += 1
                return
        if (action := GENERAL.get(message.acronym)) is not None:
            self._counters[message.acronym] += 1
            action(self, linkset, message, now)
            return
        concerned = linkset.link(message.fields.get("signalling_link_code", sls) & 0xF)
        procedure = ABOUT_LINK.get(message.acronym)
        if concerned is None or procedure is None:
            self._counters["management not acted on"] += 1
        else:
            self._counters[message.acronym] += 1
            procedure(self, concerned, message, now)

    # Changeover and changeback

    def _changeover_ordered(self, link: LinkControl, message: ManagementMessage, now: float) -> None:
        was_in_service = link.in_service
        if was_in_service:
            self._traffic.hold(link)
            link.handle(LinkInput.CHANGEOVER_ORDERED, now, f"the neighbour sent {message.acronym}")
            self._settle(link, now)
        self._traffic.ordered(link, message, was_in_service, now)
        self._settle(link, now)

    def _changeover_acknowledged(self, link: LinkControl, message: ManagementMessage, now: float) -> None:
        self._traffic.acknowledged(link, message, now)
        self._settle(link, now)

    def _changeback_declared(self, link: LinkControl, message: ManagementMessage, now: float) -> None:
        """Messages are handed to users as they come, so everything before the declaration has been (Q.704 6.3)."""
        code = {"changeback_code": message.fields["changeback_code"]}
        self._about(link, SendManagement("CBA", link.slc, code))

    def _changeback_acknowledged(self, link: LinkControl, message: ManagementMessage, now: float) -> None:
        self._traffic.changed_back(link, message)

    # Inhibition

    def inhibit(self, link: LinkControl, now: float) -> None:
        """Our operator wants `link` free of user traffic."""
        if self._japan:
            self._outputs.append(Notice("not inhibited: Japanese networks have no inhibiting", link.id))
        elif self._is_needed(link):
            self._outputs.append(Notice("not inhibited: destinations would be cut off", link.id))
        else:
            if self._inhibitions[link.id].state is Inhibition.INHIBITED:
                self._outputs.append(Notice("inhibited", link.id))
            self._inhibition(link, InhibitInput.INHIBIT, now)

    def uninhibit(self, link: LinkControl, now: float) -> None:
        """Our operator wants traffic on `link` again."""
        if self._inhibitions[link.id].state is Inhibition.NONE:
            self._outputs.append(Notice("not uninhibited: it was not inhibited from here", link.id))
        self._inhibition(link, InhibitInput.UNINHIBIT, now)

    def reclaim(self, linkset: Linkset, now: float) -> None:
        """Take inhibited links back when no other is usable and some destination needs them."""
        if linkset.usable() or not self._routes.depends_on(linkset.name):
            return
        for link in linkset.links:
            if link.inhibited and link.in_service:
                self._inhibition(link, InhibitInput.RECLAIM, now)

    def stopped(self) -> None:
        """The point stops: nothing is inhibited after that."""
        for link in self._links.values():
            self._inhibitions[link.id].forget()
            link.inhibited = False

    def inhibit_timer(self, timer: Timer, link: LinkControl, now: float) -> bool:
        """Act on an expired timer of inhibition; False when it is none."""
        event = _INHIBIT_TIMERS.get(timer)
        if event is not None:
            self._inhibition(link, event, now)
        return event is not None

    def _is_needed(self, link: LinkControl) -> bool:
        linkset = self._linksets[link.linkset.name]
        return linkset.usable() == [link] and self._routes.depends_on(linkset.name)

    def _inhibit_message(self, link: LinkControl, message: ManagementMessage, now: float) -> None:
        event = InhibitInput[message.acronym]
        if event is InhibitInput.LIN and self._is_needed(link):
            event = InhibitInput.LIN_DENIED
        self._inhibition(link, event, now)

    def _inhibition(self, link: LinkControl, event: InhibitInput, now: float) -> None:
        machine = self._inhibitions[link.id]
        for output in machine.handle(event, now):
            match output:
                case Say(acronym):
                    self._about(link, SendManagement(acronym, link.slc))
                case Report(text):
                    self._outputs.append(Notice(text, link.id))
        if link.inhibited is not machine.inhibited:
            link.inhibited = machine.inhibited
            self._settle(link, now)

    def _no_data_link(self, link: LinkControl, message: ManagementMessage, now: float) -> None:
        """Data links are fixed here: connection not possible (Q.704 12.6)."""
        self._about(link, SendManagement("CNP", link.slc))

    def _about(self, link: LinkControl, message: SendManagement) -> None:
        self._sender.about_link(self._linksets[link.linkset.name], message)

    # Routes

    def _traffic_restart_allowed(self, linkset: Linkset, message: ManagementMessage, now: float) -> None:
        self._restart(linkset, RestartInput.TRA, now)

    def _traffic_restart_waiting(self, linkset: Linkset, message: ManagementMessage, now: float) -> None:
        """ANSI: the neighbour's MTP restarts; elsewhere nobody says so."""
        if self._ansi:
            self._restart(linkset, RestartInput.TRW, now)
        else:
            self._counters["management not acted on"] += 1

    def _route_state(self, linkset: Linkset, message: ManagementMessage, now: float) -> None:
        state, cluster = _ROUTE_STATES[message.acronym]
        destination = message.fields["destination"]
        known = [
            dpc
            for dpc in (self._cluster(destination) if cluster else [destination, *message.also])
            if dpc != linkset.adjacent and self._routes.told(dpc, linkset.name, state, now)
        ]
        if not known:
            self._counters["route message about an unknown destination"] += 1

    def _route_set_test(self, linkset: Linkset, message: ManagementMessage, now: float) -> None:
        """An answer when the state is not the one that the neighbour asks about (Q.704 13.5.4)."""
        asked, cluster = _TESTED_STATES[message.acronym]
        destination = message.fields["destination"]
        for dpc in self._cluster(destination) if cluster else [destination, *message.also]:
            if dpc == self._point_code:
                self._sender.management(linkset, "TFA", destination=dpc)
            elif self._reports is not None and dpc in self._routes.destinations:
                self.tell(self._reports.asked(dpc, linkset.name, asked))

    def _cluster(self, point_code: int) -> list[int]:
        """Known destinations of the cluster of `point_code`: the same but for the member (ANSI)."""
        return [dpc for dpc in self._routes.destinations if dpc >> 8 == point_code >> 8]

    def routes_changed(self, now: float) -> None:
        """Tell the neighbours what they have to know."""
        if self._reports is not None:
            running = [name for name, each in self._linksets.items() if each.restart.state is RestartState.RUNNING]
            self.tell(self._reports.review(running, now))

    def second_choice_lasts(self, dpc: int, now: float) -> None:
        """T11 expired: tell the neighbours that the route to `dpc` is restricted."""
        if self._reports is not None:
            self._reports.second_choice_lasts(dpc)
            self.routes_changed(now)

    def before_restart_allowed(self, linkset: Linkset) -> None:
        """TRA is about to go out: the neighbour has to know before which destinations cannot be reached."""
        if self._reports is not None:
            self.tell(self._reports.restart(linkset.name))

    def tell(self, messages: list[TellNeighbour]) -> None:
        """Send TFP, TFR and TFA."""
        for message in messages:
            self._sender.management(self._linksets[message.linkset], message.state.value, destination=message.dpc)

    # Transfer

    def transfer(self, link: LinkControl, msu: bytes, opc: int, dpc: int, sls: int, now: float) -> bool:
        """Transfer a message for another point; False when this point does not transfer."""
        if self._screening is None or self._reports is None:
            return False
        linkset = link.linkset.name
        if not self._screening.permits(linkset, msu[0] & 0xF, opc, dpc):
            self._counters["screened"] += 1
            return True
        route = self._traffic.router.link(dpc, sls)
        if route is None or self._links[route].linkset.name == linkset:
            # Back where it came from would be a circle: the neighbour is told not to send it here.
            self._counters["cannot be transferred"] += 1
            self.tell(self._reports.misdirected(dpc, linkset, now))
        elif self.admit(route, dpc, opc, msu[0] >> 4 & 3):
            self._counters["transferred"] += 1
            self._traffic.send(dpc, sls, msu)
        return True

    # Congestion and users

    def admit(self, link: int, dpc: int, opc: int | None, priority: int) -> bool:
        """Whether a message may go over `link`, as far as congestion is concerned; `opc` None when it is ours."""
        if not self.congestion.links:
            return True
        admitted = self.congestion.message(link, dpc, opc, priority)
        if not admitted:
            self._counters["dropped for congestion"] += 1
        self.drain_congestion()
        return admitted

    def drain_congestion(self) -> None:
        """Carry out what flow control wants."""
        for output in self.congestion.outputs():
            match output:
                case SendControlled(opc, dpc, level):
                    self._send_to(opc, "TFC", destination=dpc, status=level)
                case SendCongestionTest(dpc, priority):
                    self._send_to(dpc, "RCT", priority)
                case StatusIndication():
                    self._outputs.append(output)

    def no_user(self, linkset: Linkset, service: int, opc: int) -> None:
        """No user part for `service`: say so to the origin (UPU, Q.704 11.2.7), cause unequipped; not in Japan."""
        self._counters["no user part"] += 1
        if self._japan:
            return
        if self._traffic.router.link(opc, 0) is None:
            self._sender.management(linkset, "UPU", opc, destination=self._point_code, user_part=service, cause=1)
        else:
            self._send_to(opc, "UPU", destination=self._point_code, user_part=service, cause=1)

    def _send_to(self, dpc: int, acronym: str, priority: int | None = None, **fields: int) -> None:
        """Send a management message to a point that need not be adjacent."""
        number = self._traffic.router.link(dpc, 0)
        if number is not None:
            self._sender.distant(self._links[number], dpc, acronym, priority, fields)

    def _transfer_controlled(self, linkset: Linkset, message: ManagementMessage, now: float) -> None:
        self.congestion.controlled(message.fields["destination"], message.fields["status"], now)
        self.drain_congestion()

    def _congestion_test(self, linkset: Linkset, message: ManagementMessage, now: float) -> None:
        """It has done its work by getting here (Q.704 13.9.5)."""

    def _user_part_unavailable(self, linkset: Linkset, message: ManagementMessage, now: float) -> None:
        cause = _UPU_CAUSES.get(message.fields["cause"], StatusCause.USER_PART_UNKNOWN)
        service = message.fields["user_part"]
        self._outputs.append(StatusIndication(message.fields["destination"], cause, service=service))


#: Acronym to the state told, and whether it is about a cluster.
_ROUTE_STATES: Final = {
    "TFP": (RouteState.PROHIBITED, False),
    "TFR": (RouteState.RESTRICTED, False),
    "TFA": (RouteState.ALLOWED, False),
    "TCP": (RouteState.PROHIBITED, True),
    "TCR": (RouteState.RESTRICTED, True),
    "TCA": (RouteState.ALLOWED, True),
}
_TESTED_STATES: Final = {
    "RST": (RouteState.PROHIBITED, False),
    "RSR": (RouteState.RESTRICTED, False),
    "RCP": (RouteState.PROHIBITED, True),
    "RCR": (RouteState.RESTRICTED, True),
}
#: May come from a point that is not adjacent.
_FROM_AFAR: Final = frozenset({"UPU", "TFC", "RCT"})

#: What a message that is not about a link leads to.
GENERAL: Final[dict[str, Callable[[Management, Linkset, ManagementMessage, float], None]]] = {
    "TRA": Management._traffic_restart_allowed,
    "TRW": Management._traffic_restart_waiting,
    **{acronym: Management._route_state for acronym in _ROUTE_STATES},
    **{acronym: Management._route_set_test for acronym in _TESTED_STATES},
    "TFC": Management._transfer_controlled,
    "RCT": Management._congestion_test,
    "UPU": Management._user_part_unavailable,
}

#: What a message about a link leads to.
ABOUT_LINK: Final[dict[str, Callable[[Management, LinkControl, ManagementMessage, float], None]]] = {
    "COO": Management._changeover_ordered,
    "XCO": Management._changeover_ordered,
    "ECO": Management._changeover_ordered,
    "COA": Management._changeover_acknowledged,
    "XCA": Management._changeover_acknowledged,
    "ECA": Management._changeover_acknowledged,
    "CBD": Management._changeback_declared,
    "CBA": Management._changeback_acknowledged,
    **{name: Management._inhibit_message for name in ("LIN", "LUN", "LIA", "LUA", "LID", "LFU", "LLT", "LRT")},
    "DLC": Management._no_data_link,
}
