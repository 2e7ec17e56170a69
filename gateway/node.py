"""A whole gateway without clock, sockets or media: every protocol machine, wired to its neighbours.

The service feeds it datagrams and media events and carries out what it asks for; tests join two of them under a
virtual clock. After each input everything that became possible has been done: the machines' outputs have been
carried to their neighbours until none has any left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from typing import Protocol, TypeVar

from msgspec import Struct

from tandem.core.cause import Cause
from tandem.core.errors import TandemError
from tandem.core.sigtran.primitives import CloseAssociation, SendMessage
from tandem.core.timers import Agenda, earliest
from tandem.gateway.applications.events import ChannelEvent
from tandem.gateway.applications.switchboard import Switchboard
from tandem.gateway.calls.accounting import Farewell, OpenCall, Record, statistics_of
from tandem.gateway.calls.cause_changes import CauseChanges
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.interworking import CauseMap
from tandem.gateway.calls.ledger import KILLED
from tandem.gateway.calls.model import Release
from tandem.gateway.calls.routing import RoutingTable
from tandem.gateway.configuration.schema import Configuration
from tandem.gateway.configuration.spans import companding_law
from tandem.gateway.lateness import Lateness
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import (
    Command,
    ContinuityHeard,
    DigitHeard,
    DigitReceived,
    Event,
    LineTest,
    MediaReport,
    PlaybackEnded,
    RecordingEnded,
    RtpClosed,
    RtpEndpoint,
    RtpSilent,
    SendUnits,
    SpanChanged,
    TimeslotEndpoint,
    UnitsReceived,
)
from tandem.gateway.notice import Notice, Notify, ignore
from tandem.gateway.pjsip.protocol import Command as PjsipCommand
from tandem.gateway.pjsip.protocol import Event as PjsipEvent
from tandem.gateway.signalling import Signalling
from tandem.gateway.signalling_setup import first_d_channel
from tandem.gateway.sip.connections import CloseConnection, OpenConnection, Write
from tandem.gateway.sip.endpoint import TransportName
from tandem.gateway.sip.location import Answer, Query
from tandem.gateway.sip.sdp import CODECS
from tandem.gateway.trunks.isup import IsupTrunks
from tandem.gateway.trunks.pri import PriTrunks
from tandem.gateway.trunks.sip import SipTrunks
from tandem.gateway.trunks.tup import TupTrunks

Result = TypeVar("Result")


class Capture(Protocol):
    """Where a node writes what it saw; see tandem.gateway.capture."""

    def write_mtp2(self, link: str, unit: bytes, sent: bool, now: float) -> None:
        """One signal unit, from the BSN on, without FCS."""
        ...

    def write_lapd(self, channel: str, frame: bytes, sent: bool, now: float, network: bool) -> None:
        """One frame of a D-channel, from the address on, without FCS."""
        ...

    def write_udp(
        self,
        source: tuple[str, int],
        destination: tuple[str, int],
        payload: bytes,
        now: float,
        sent: bool | None = None,
    ) -> None:
        """One datagram."""
        ...


class Effects(Struct):
    """What a node wants done, in order, since the owner last took it."""

    datagrams: Sequence[tuple[bytes, tuple[str, int]]] = ()
    streams: Sequence[OpenConnection | Write | CloseConnection] = ()
    """For the connections of SIP over TCP and TLS."""
    queries: Sequence[Query] = ()
    """For the DNS."""
    pjsip: Sequence[PjsipCommand] = ()
    """For the PJSIP process."""
    media: Sequence[Command] = ()
    associations: Sequence[SendMessage | CloseAssociation] = ()
    records: Sequence[Record] = ()
    lines: Sequence[Line] = ()
    channels: Sequence[ChannelEvent] = ()
    """What happened to channels, as far as `switchboard.interest` goes; ends of jobs always."""
    provisional: Sequence[OpenCall] = ()
    """What is to be known of calls if the process is killed now (see Ledger)."""
    dropped: Sequence[str] = ()
    """By `id`, calls that are to have no record."""


class Node:
    """The gateway as one machine."""

    def __init__(
        self,
        configuration: Configuration,
        token: Callable[[], str],
        wall_clock: Callable[[float], float],
        capture: Capture | None = None,
        messages_logged: bool = False,
    ) -> None:
        """`token` gives unguessable strings for SIP tags; `wall_clock` turns `now` into seconds since 1970."""
        self.configuration = configuration
        self.lines: list[Line] = []
        self.notices: list[Notice] = []
        """What changed on lines, links and circuits, while `watch` says that somebody wants to know."""
        self.traced: set[str] = set()
        """Protocols whose messages the operator has logged."""
        self.media_report: MediaReport | None = None
        """The last report of the media process."""
        self.span_alarms: dict[str, tuple[str, ...]] = {}
        self.span_tests: dict[str, LineTest] = {}
        """What the operator tests on spans."""
        """Alarms of each line, of those that the media process has told of."""
        self._notify: Notify = ignore
        self._messages_logged = messages_logged
        self._lateness = Lateness()
        self._captured = 0
        sip = configuration.sip
        self._sip_captures: tuple[Capture, ...] = (
            (capture,) if capture is not None and sip is not None and sip.capture else ()
        )
        tones = {trunk.name: trunk.failure_tone_seconds for trunk in configuration.trunk}
        changes = CauseChanges.of(configuration.cause_map)
        routing = RoutingTable(configuration.route)
        self.control = CallControl(routing, wall_clock, configuration.node.name, tones, changes)
        log = self.lines.append if messages_logged else None
        self.signalling = Signalling(configuration, self.lines.append, capture)
        causes = CauseMap.with_overrides(configuration.cause_map)
        self.isup = IsupTrunks(configuration, self.control, self.lines.append, log)
        self.tup = TupTrunks(configuration, self.control, self.lines.append, log)
        number = first_d_channel(configuration)
        self.pri = PriTrunks(configuration, self.control, number, self.lines.append, log, capture)
        self.sip = SipTrunks(configuration, self.control, causes, token, self.lines.append, log)
        self.control.trunks.update(self.isup.trunks)
        self.control.trunks.update(self.tup.trunks)
        self.control.trunks.update(self.pri.trunks)
        self.control.trunks.update(self.sip.trunks)
        self.control.trunks.update(self.sip.user_trunks)
        self.switchboard = Switchboard(self.control, token, wall_clock, self.lines.append)
        self.switchboard.kinds = self._kinds()
        self._span_laws = {span.name: companding_law(span) for span in configuration.span}
        self.switchboard.codec_of = self._codec_of
        if configuration.media.hold_music:
            self.switchboard.variables["hold_music"] = configuration.media.hold_music
        # Most gateways have trunks of two types: the others have nothing to say, and are not asked after each input.
        self._user_parts = [part for part in (self.isup, self.tup) if part.trunks]
        self._iua = self.pri.dchannels.iua
        self._has_pri = bool(self.pri.trunks) or self._iua.in_use
        pri = [self.pri] if self._has_pri else []
        self._agenda = Agenda()
        shared = self.signalling, *self._user_parts, self.sip, self.control, self.switchboard
        for machine in shared:
            machine.share(self._agenda)
        self._machines = (*shared, *pri)
        # Looking at what waits costs less than asking the machines, above all where the processor's caches are cold.
        self._sip_waiting = self.sip.waiting
        self._board_waiting = self.switchboard.waiting
        parts = [part.exchange.waiting for part in self._user_parts]
        self._waiting = (*self._sip_waiting, *parts, *self._board_waiting)

    # --- inputs

    def start(self, rtp_ports: list[int], now: float) -> None:
        """The media process is ready: bring the links up and take calls."""
        self.sip.ports.extend(rtp_ports)
        self.sip.watch_pjsip(bool(self._sip_captures))
        self.signalling.start(now)
        self.pri.start(now)
        self.sip.start(now)
        self._settle(now)

    def datagram(self, data: bytes, source: tuple[str, int], now: float) -> None:
        """A SIP datagram came in."""
        for capture in self._sip_captures:
            capture.write_udp(source, self.sip.address, data, now, sent=False)
        self.sip.receive(data, source, now)
        self._settle(now)

    def stream_accepted(self, transport: TransportName, host: str, port: int, now: float) -> int | None:
        """A peer opens a connection to the SIP agent: its number, or None when it is to be turned away."""
        return self.sip.stream_accepted(transport, host, port, now)

    def stream_connected(self, number: int, names: tuple[str, ...], now: float) -> None:
        """A connection that the SIP agent wanted is open, or TLS on one of a peer: the names in its certificate."""
        self.sip.connections.connected(number, now, names)
        self._settle(now)

    def stream_received(self, number: int, octets: bytes, now: float) -> None:
        """Octets came on a connection of the SIP agent."""
        self.sip.connections.received(number, octets, now)
        self._settle(now)

    def stream_closed(self, number: int, reason: str, now: float) -> None:
        """A connection of the SIP agent is gone, or could not be opened."""
        self.sip.connections.closed(number, reason)
        self._settle(now)

    def stream_blocked(self, number: int, blocked: bool, now: float) -> None:
        """The peer of a connection does not read any more, or does again."""
        if blocked:
            self.sip.connections.blocked(number, now)
        else:
            self.sip.connections.unblocked(number)
        self._settle(now)

    def dns_answer(self, answer: Answer, now: float) -> None:
        """The DNS answered a question."""
        self.sip.dns_answer(answer, now)
        self._settle(now)

    def pjsip_events(self, events: list[PjsipEvent], now: float) -> None:
        """The PJSIP process reported."""
        for event in events:
            self.sip.pjsip_event(event, now)
        self._settle(now)

    def pjsip_lost(self, now: float) -> None:
        """The PJSIP process is gone, and with it every call of its trunks."""
        self.sip.pjsip_lost(now)
        self._settle(now)

    def association_up(self, name: str, streams: int, now: float) -> None:
        """The association `name` is up, with `streams` streams to the peer (1 over TCP)."""
        if not self._iua.association_up(name, streams, now):
            self.signalling.association_up(name, streams, now)
        self._settle(now)

    def association_down(self, name: str, reason: str, now: float) -> None:
        """The association `name` is down; `reason` is for the operator."""
        if not self._iua.association_down(name, reason, now):
            self.signalling.association_down(name, reason, now)
        self._settle(now)

    def association_message(self, name: str, octets: bytes, stream: int, now: float) -> None:
        """A whole message came on the association `name`."""
        if not self._iua.association_message(name, octets, stream, now):
            self.signalling.association_message(name, octets, stream, now)
        self._settle(now)

    def media_events(self, events: list[Event], now: float) -> None:
        """The media process reported."""
        for event in events:
            if isinstance(event, UnitsReceived):
                if not (self._has_pri and self.pri.units_received(event, now)):
                    self.signalling.units_received(event, now)
            elif isinstance(event, RtpClosed):
                self.control.leg_closed(event.leg, statistics_of(event.statistics))
            elif isinstance(event, SpanChanged):
                self._span_changed(event, now)
            elif isinstance(event, DigitReceived):
                self.lines.append(Line("debug", "<", f"rtp {event.leg}", f"digit {event.digit}"))
                self.sip.digit_received(event.leg, event.digit, event.duration_ms, now)
                if self.switchboard.interest and (half := self.sip.half_of(event.leg)) is not None:
                    self.switchboard.digit(half, event.digit, event.duration_ms, now)
            elif isinstance(event, DigitHeard):
                self._digit_heard(event, now)
            elif isinstance(event, RtpSilent):
                self.sip.leg_silent(event.leg, now)
            elif isinstance(event, ContinuityHeard):
                self.isup.continuity_heard(event.endpoint, now)
                self.tup.continuity_heard(event.endpoint, now)
            elif isinstance(event, PlaybackEnded | RecordingEnded):
                self.switchboard.media_ended(event, now)
            elif isinstance(event, MediaReport):
                self.media_report = event
                self.lines += self._lateness.report(event, now)
        self._settle(now)

    def _digit_heard(self, event: DigitHeard, now: float) -> None:
        """A digit was heard in speech."""
        endpoint = event.endpoint
        if isinstance(endpoint, RtpEndpoint):
            place = f"rtp {endpoint.leg}"
            self.sip.digit_received(endpoint.leg, event.digit, event.duration_ms, now)
            half = self.sip.half_of(endpoint.leg)
        else:
            place = f"span {endpoint.span}/{endpoint.timeslot}"
            half = self.control.digit_heard(endpoint, event.digit, event.duration_ms, now)
        self.lines.append(Line("debug", "<", place, f"digit {event.digit} heard in speech"))
        if half is not None and self.switchboard.interest:
            self.switchboard.digit(half, event.digit, event.duration_ms, now)

    def operate(self, act: Callable[[Switchboard], Result], now: float) -> Result:
        """Have the operator do something at the switchboard, and carry out what follows; errors are the switchboard's.

        `node.operate(lambda board: board.kill(uuid, now), now)`.
        """
        try:
            return act(self.switchboard)
        finally:
            self._settle(now)

    def handle_timers(self, now: float) -> None:
        """Act on every timer due at `now`."""
        for machine in self._machines:
            deadline = machine.next_deadline()
            if deadline is not None and deadline <= now:
                machine.handle_timers(now)
        self._settle(now)
        first = earliest(*[machine.next_deadline() for machine in self._machines])
        self._agenda.due = inf if first is None else first

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due: a time before which it has nothing to do, as timers that were stopped count."""
        due = None if self._agenda.due == inf else self._agenda.due
        return earliest(due, self.pri.next_deadline()) if self._has_pri else due

    def watch(self, on: bool = True) -> None:
        """Collect `notices` from now on, or none any more."""
        notify: Notify = self.notices.append if on else ignore
        self.isup.notify = self.tup.notify = self.pri.notify = self.signalling.notify = self._notify = notify

    def trace(self, protocol: str, on: bool) -> None:
        """Log every message of `sip`, `isup`, `tup` or `pri` at level info, or no more than the configuration wants."""
        parts: dict[str, SipTrunks | IsupTrunks | TupTrunks | PriTrunks] = {
            "sip": self.sip,
            "isup": self.isup,
            "tup": self.tup,
            "pri": self.pri,
        }
        part = parts[protocol]
        (self.traced.add if on else self.traced.discard)(protocol)
        part.trace_to(self._traced if on else self.lines.append if self._messages_logged else None)

    def _traced(self, line: Line) -> None:
        self.lines.append(replace(line, level="info"))

    def capture_everything(self, capture: Capture | None) -> None:
        """Record all signalling in `capture` too, or no more than the configuration says."""
        before = self.signalling.everything
        self.signalling.everything = self.pri.dchannels.everything = capture
        configured = tuple(one for one in self._sip_captures if one is not before)
        self._sip_captures = configured if capture is None else (*configured, capture)
        self.sip.watch_pjsip(bool(self._sip_captures))

    def pause(self) -> None:
        """Refuse new calls until `resume`; those there are go on, and no circuit is blocked."""
        self.control.accepting, self.control.paused = False, True

    def resume(self, now: float) -> None:
        """Take back `pause` or `drain`."""
        paused, self.control.paused = self.control.paused, False
        accepting, self.control.accepting = self.control.accepting, True
        if accepting or paused:
            return
        for part in self._user_parts:
            for trunk in part.trunks:
                part.exchange.unblock(trunk, None, now)
        self.sip.resume(now)
        self._settle(now)

    def reconfigure(self, configuration: Configuration) -> None:
        """Take what of another configuration can be changed live (configuration.difference); calls go on."""
        self.configuration = configuration
        tones = {trunk.name: trunk.failure_tone_seconds for trunk in configuration.trunk}
        changes = CauseChanges.of(configuration.cause_map)
        for name in self.sip.user_trunks:
            self.control.trunks.pop(name, None)
        self.sip.reconfigure(configuration, CauseMap.with_overrides(configuration.cause_map))
        self.control.trunks.update(self.sip.user_trunks)
        self.switchboard.kinds = self._kinds()
        self.control.reconfigure(RoutingTable(configuration.route), tones, changes)

    def _kinds(self) -> dict[str, str]:
        """Protocol of each trunk by name."""
        return {
            **dict.fromkeys(self.isup.trunks, "isup"),
            **dict.fromkeys(self.tup.trunks, "tup"),
            **dict.fromkeys(self.pri.trunks, "pri"),
            **dict.fromkeys(self.sip.trunks, "sip"),
            **dict.fromkeys(self.sip.user_trunks, "sip"),
        }

    def settle(self, now: float) -> None:
        """An operator's command acted on a machine: carry what follows from it to the others."""
        self._settle(now)

    def drain(self, now: float) -> None:
        """Take no new calls and let those there are go on; `drained` tells when the last is over."""
        self.control.accepting = False
        self.isup.shut_down(now)
        self.tup.shut_down(now)
        self.pri.shut_down(now)
        self.sip.drain(now)
        self._settle(now)

    @property
    def drained(self) -> bool:
        """No call is left."""
        return not self.control.calls and self.sip.quiet

    def shut_down(self, now: float) -> None:
        """Take no new calls, end those there are, block the circuits; `idle` tells when that is done."""
        self.control.accepting = False
        self.isup.shut_down(now)
        self.tup.shut_down(now)
        self.pri.shut_down(now)
        self.control.release_all(Release(Cause.NORMAL_UNSPECIFIED, diagnostic="the gateway is shutting down"), now)
        self._settle(now)

    def stop(self, now: float) -> None:
        """Take the signalling down in order; `stopped` tells when the peers have answered."""
        self.signalling.stop(now)
        self.pri.stop(now)
        self.sip.stop(now)
        self._settle(now)

    @property
    def stopped(self) -> bool:
        """Whether nothing that `stop` began waits for an answer."""
        return self.signalling.stopped and self.pri.stopped and self.sip.stopped

    def abandon(self, reason: str, now: float) -> None:
        """The media process is gone: end every call as far as its peer can be told, and account for all of them."""
        self.control.accepting = False
        self.control.release_all(Release(Cause.TEMPORARY_FAILURE, diagnostic=reason), now)
        self.control.record_all()
        self._settle(now)

    def bid_farewell(self, farewells: list[Farewell], now: float) -> None:
        """End at the peers what the process before this one left standing when it was killed; after `start`."""
        for farewell in farewells:
            trunk = self.control.trunks.get(farewell.trunk)
            bid_farewell = getattr(trunk, "bid_farewell", None)  # a StandingTrunk, unless the configuration is another
            if bid_farewell is None:
                continue
            try:
                bid_farewell(farewell.what, KILLED, now)
            except TandemError as error:
                text = f"a call that was left standing cannot be ended: {error}"
                self.lines.append(Line("warning", "!", f"trunk {farewell.trunk}", text))
        self._settle(now)

    @property
    def idle(self) -> bool:
        """No call is left and every circuit that can be is blocked."""
        return not self.control.calls and all(part.quiet for part in (self.isup, self.tup, self.pri, self.sip))

    # --- outputs

    def effects(self) -> Effects:
        """What is to be done since the last call, and forget it."""
        control, sip, signalling, ledger = self.control, self.sip, self.signalling, self.control.ledger
        effects = Effects()
        # Nearly all of it is empty nearly always: what is not is looked for, and nothing made anew for the rest.
        if sip.datagrams:
            effects.datagrams, sip.datagrams = sip.datagrams, []
            self._captured = 0
        if sip.streams:
            effects.streams, sip.streams = sip.streams, []
        if sip.peers.queries:
            effects.queries, sip.peers.queries = sip.peers.queries, []
        if sip.pjsip is not None and sip.pjsip.commands:
            effects.pjsip = sip.pjsip.commands[:]
            sip.pjsip.commands.clear()
        if control.media_commands:
            effects.media, control.media_commands = control.media_commands, []
        if signalling.messages or self._iua.messages:
            effects.associations, signalling.messages = signalling.messages + self._iua.messages, []
            self._iua.messages.clear()
        if ledger.records:
            effects.records, ledger.records = ledger.records, []
        if self.lines:
            effects.lines = self.lines[:]
            self.lines.clear()
        if self.switchboard.events:
            effects.channels, self.switchboard.events = self.switchboard.events, []
        if ledger.noted:
            effects.provisional = ledger.provisional()
        if ledger.dropped:
            effects.dropped, ledger.dropped = ledger.dropped, []
        return effects

    def test_span(self, name: str, *, loopback: bool | None = None, remote_alarm: bool | None = None) -> None:
        """Begin or end tests on a span; what is None stays as it is."""
        before = self.span_tests.get(name, LineTest(name, loopback=False, remote_alarm=False))
        test = LineTest(
            name,
            before.loopback if loopback is None else loopback,
            before.remote_alarm if remote_alarm is None else remote_alarm,
        )
        self.span_tests[name] = test
        self.control.media_commands.append(test)

    # --- inside

    def _span_changed(self, event: SpanChanged, now: float) -> None:
        self.span_alarms[event.span] = tuple(event.alarms)
        self._notify(
            Notice("span", {"Span": event.span, "Alarms": " ".join(event.alarms), "State": _span_state(event.alarms)})
        )
        alarms = ", ".join(event.alarms) or "no alarms"
        shape, level = ("!", "warning") if event.alarms else ("=", "info")
        text = f"{alarms} {event.detail}".strip()
        self.lines.append(Line(level, shape, f"span {event.span}", text))  # type: ignore[arg-type]
        self.isup.span_changed(event.span, event.alarms, now)
        self.tup.span_changed(event.span, event.alarms, now)
        self.pri.span_changed(event.span, event.alarms, now)
        self._iua.span_changed(event.span, event.alarms, now)

    def _codec_of(self, half: HalfCall) -> str:
        """What the speech of a half-call is coded with."""
        endpoint = half.endpoint
        if isinstance(endpoint, TimeslotEndpoint):
            return CODECS[self._span_laws[endpoint.span]]
        return "" if endpoint is None else CODECS.get(self.sip.law_of(endpoint.leg), "")

    def _settle(self, now: float) -> None:
        """Carry outputs to their neighbours until there are none."""
        signalling, sip, switchboard = self.signalling, self.sip, self.switchboard
        has_pri, waiting = self._has_pri, self._waiting
        switchboard.now = now
        moved = has_pri
        while moved or signalling.touched or any(waiting):
            moved = has_pri and (signalling.touched or any(waiting))  # and may have something for PRI
            if any(self._sip_waiting):
                sip.settle(now)
            if has_pri:
                moved = self.pri.settle(now) or moved
            if signalling.touched:
                for indication in signalling.settle(now):
                    for user_part in self._user_parts:
                        user_part.mtp(indication, now)
            for user_part in self._user_parts:
                if user_part.exchange.waiting:
                    for request in user_part.settle(now):
                        signalling.transfer(request, now)
            if any(self._board_waiting):
                switchboard.settle(now)
        if self._sip_captures:
            self._write_sip(now)
        if sip.messages:
            sip.messages.clear()
        if sip.pjsip is not None:
            sip.pjsip.seen.clear()
        media = self.control.media_commands
        for queue in (signalling.units, self.pri.dchannels.units):
            if queue:
                for channel, units, fill in queue:
                    media.append(SendUnits(channel, list(units), fill))
                queue.clear()

    def _write_sip(self, now: float) -> None:
        """Give the captures what was sent over UDP, over connections, and by PJSIP."""
        sip = self.sip
        for capture in self._sip_captures:
            for message in [] if sip.pjsip is None else sip.pjsip.seen:
                source, destination = (message.own, message.peer) if message.sent else (message.peer, message.own)
                capture.write_udp(source, destination, message.message, now, sent=message.sent)
            for data, destination in sip.datagrams[self._captured :]:
                capture.write_udp(sip.address, destination, data, now, sent=True)
            for data, peer, sent in sip.messages:
                own = sip.own_address(peer)
                source, destination = (own, peer[:2]) if sent else (peer[:2], own)
                capture.write_udp(source, destination, data, now, sent=sent)
        self._captured = len(sip.datagrams)


def _span_state(alarms: list[str]) -> str:
    return "alarm" if alarms else "up"
