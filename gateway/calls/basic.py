"""The basic call: two half-calls, whatever trunks they are on, from setup to release, every attempt accounted for.

Pure: trunk adapters call in with primitives and the time; commands for the media process and finished records are
drained by the owner (`media_commands`, and of `ledger`). What is heard before answer follows Q.764 2.1.1 to 2.1.4 and
RFC 3398 7.2.5: two circuits are connected through at once; from SIP to a circuit the backward path opens with the
first progress that has something to hear; towards a circuit whose far side gives no tone the gateway rings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import auto
from itertools import chain

from msgspec.structs import replace

from tandem.core.cause import Cause
from tandem.core.enumeration import Symbol
from tandem.core.timers import Agenda, TimerTable
from tandem.gateway.calls.accounting import Record, ReleasedBy
from tandem.gateway.calls.call import Call
from tandem.gateway.calls.cause_changes import CauseChanges
from tandem.gateway.calls.half_call import (
    ContinuityTrunk,
    DigitTrunk,
    HalfCall,
    InformationTrunk,
    MultirateTrunk,
    Observer,
    OverlapTrunk,
    Transferrer,
    Trunk,
)
from tandem.gateway.calls.ledger import Ledger
from tandem.gateway.calls.listening import Listening
from tandem.gateway.calls.meter import Meter
from tandem.gateway.calls.model import (
    Alerting,
    Answer,
    Bearer,
    CallingPartyCleared,
    Continuity,
    Diversion,
    Dtmf,
    ForwardTransfer,
    Hold,
    Information,
    InformationReply,
    InformationRequest,
    OperatorSignal,
    Primitive,
    Proceeding,
    Progress,
    Release,
    Resume,
    Retrieve,
    Setup,
    Suspend,
    Transparent,
)
from tandem.gateway.calls.routing import Attempt, RoutingTable
from tandem.gateway.media.protocol import Command, Endpoint, PlayDigit, RtpEndpoint, Source, Tone


class Timer(Symbol):
    """Timers of call control."""

    NO_ANSWER = auto()
    """Offered, or rung, and nobody answers: as T9 of Q.764 (1.5-3 min), whatever the outgoing protocol times itself."""
    FAILURE_TONE = auto()
    """Busy or congestion tone has been heard long enough."""
    STATISTICS = auto()
    """Media statistics did not come: write the record without."""


NO_ANSWER_SECONDS = 180.0
STATISTICS_SECONDS = 2.0

#: Tone that tells the caller what the cause would (E.180, E.182): busy for the called party's doing, else congestion.
_BUSY_CAUSES = frozenset({Cause.USER_BUSY, Cause.CALL_REJECTED, Cause.NO_ANSWER_FROM_USER, Cause.NO_USER_RESPONDING})


#: What the calling side says that goes on as it is.
_FORWARD = (Suspend, Resume, Hold, Retrieve, ForwardTransfer, OperatorSignal, CallingPartyCleared, Transparent)


class BasicCallControl:
    """All calls of the gateway, each from its setup to its record."""

    def __init__(
        self,
        routing: RoutingTable,
        wall_clock: Callable[[float], float],
        node: str = "",
        failure_tone_seconds: Mapping[str, float] | None = None,
        causes: CauseChanges | None = None,
    ) -> None:
        """`wall_clock` turns the time of the machines into seconds since 1970; tone seconds are by trunk name.

        `causes` are the operator's changes of causes at the edges.
        """
        self.causes = causes or CauseChanges()
        self.routing = routing
        self.trunks: dict[str, Trunk] = {}
        self.calls: dict[str, Call] = {}
        self.media_commands: list[Command] = []
        self.listening = Listening(lambda command: self.media_commands.append(command))
        self.ledger = Ledger(node, wall_clock)
        self.accepting = True
        self.paused = False
        """Not accepting because the operator wants a pause."""
        self.meter = Meter()
        self.observer: Observer | None = None
        self.transferrer: Transferrer | None = None
        self._wall_clock = wall_clock
        self._tone_seconds = dict(failure_tone_seconds or {})
        self._timers: TimerTable[tuple[str, Timer]] = TimerTable()
        self._count = 0

    @property
    def records(self) -> list[Record]:
        """Records of calls that have ended, since the owner last took them."""
        return self.ledger.records

    # --- what trunk adapters call

    def setup(self, half: HalfCall, setup: Setup, now: float, leg: int | None = None) -> None:
        """A call comes in on `half`; its speech is on the RTP leg `leg`, None on a circuit."""
        routing = self.routing
        when = datetime.fromtimestamp(self._wall_clock(now)) if routing.timed else datetime.min
        attempts = routing.attempts(half.trunk.name, setup, when)
        self.originate(half, setup, attempts, now, leg)

    def originate(
        self, half: HalfCall, setup: Setup, attempts: Iterable[Attempt], now: float, leg: int | None = None
    ) -> None:
        """Begin a call for `half` with these attempts; those of a call that comes in are made by the routes.

        Where an application of the gateway calls, `half` is of the trunk of applications.
        """
        call = self._begin(half, setup, attempts, now)
        if not half.is_application:
            self.meter.began(now)
        half.leg.trunk, half.leg.id = half.trunk.name, half.reference
        half.leg.called = str(setup.called)
        half.leg.calling = str(setup.calling or "")
        if leg is not None:
            self.leg_opened(half, leg)
        if self.observer is not None:
            self.observer.created(half, now)
        if not self.accepting:
            why = "the operator wants a pause" if self.paused else "the gateway is shutting down"
            refusal = Release(Cause.SWITCHING_EQUIPMENT_CONGESTION, diagnostic=why)
            self._end(call, refusal, "gateway", now)
            return
        self._try_next(call, None, "gateway", now)

    def _begin(self, half: HalfCall, setup: Setup, attempts: Iterable[Attempt], now: float) -> Call:
        """A new call of which `half` is the incoming half."""
        self._count += 1
        identity = f"{int(self._wall_clock(now) * 1000):x}-{self._count}"
        call = Call(identity, half, setup, iter(attempts), now)
        half.call = call
        self.calls[identity] = call
        return call

    def may_offer_early(self, trunk: str, setup: Setup, now: float) -> bool:
        """Whether a call from `trunk` may be set up before its number is whole: its first route takes digits later."""
        when = datetime.fromtimestamp(self._wall_clock(now))
        first = next(self.routing.attempts(trunk, setup, when), None)
        return first is not None and first.trunk is not None and _sends_overlap(self.trunks[first.trunk])

    def has_route(self, trunk: str, setup: Setup, now: float) -> bool:
        """Whether any rule is for a call from `trunk`, be it to refuse it."""
        when = datetime.fromtimestamp(self._wall_clock(now))
        return next(self.routing.attempts(trunk, setup, when), None) is not None

    def event(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """The peer of `half` said something after Setup."""
        call = half.call
        if call is None or half.released:
            return
        if isinstance(primitive, Release):
            half.released = True
            release = self.causes.entered(half.leg.protocol, primitive)
            if self.observer is not None:
                self.observer.released(half, release, self._joined(call, half), now)
            self._released(call, half, release, now)
            return
        if isinstance(primitive, Hold | Retrieve):
            half.held = isinstance(primitive, Hold)
            if self.observer is not None:
                self.observer.held(half, half.held, now)
        if half is call.incoming:
            self._forward(call, primitive, now)
        elif half is call.outgoing and call.release is None:
            self._backward(call, primitive, now)

    def cleared(self, half: HalfCall, now: float) -> None:
        """The protocol is done with `half`; its circuit or dialog is free."""
        self.listening.end(half)
        call = half.call
        if call is None:
            return
        if not half.released:
            half.released = True
            release = Release(Cause.TEMPORARY_FAILURE, diagnostic="cleared without a release")
            if self.observer is not None:
                self.observer.released(half, release, self._joined(call, half), now)
            self._released(call, half, release, now)
            call = half.call or call
        if self.observer is not None:
            self.observer.cleared(half, now)
        half.call = None
        if not half.is_application:
            self.meter.ended()
        call.open_halves -= 1
        self._finish(call, now)

    def signalled_digit(self, half: HalfCall, digit: Dtmf, now: float) -> None:
        """A digit came in the signalling of `half`."""
        if self.observer is not None and half.call is not None:
            self.observer.digit(half, digit.digit, digit.duration_ms, now)
        self.event(half, digit, now)

    def digit_heard(self, endpoint: Endpoint, digit: str, duration_ms: int, now: float) -> HalfCall | None:
        """A digit was heard on a circuit: whose it is, None when nobody's (any more)."""
        half = self.listening.half_of(endpoint)
        other = None if half is None else half.other
        if half is not None and other is not None and getattr(other.trunk, "takes_digits", False):
            self.event(half, Dtmf(digit, duration_ms), now)
        return half

    def renewed(self, half: HalfCall) -> None:
        """What `farewell` of the trunk says of `half` may be something else now (see StandingTrunk)."""
        call = half.call
        if call is not None and not half.released:
            self.ledger.note(call)

    def leg_opened(self, half: HalfCall, leg: int) -> None:
        """`half` uses the RTP leg `leg`, whose statistics the record will wait for."""
        call = half.call
        if call is not None:
            self.ledger.open_leg(call, half, leg)

    def leg_closed(self, leg: int, statistics: dict[str, float]) -> None:
        """The media process reported the statistics of `leg`."""
        call = self.ledger.close_leg(leg, statistics)
        if call is not None:
            self._record_if_done(call)

    # --- what the owner calls

    def reconfigure(
        self, routing: RoutingTable, failure_tone_seconds: Mapping[str, float], causes: CauseChanges
    ) -> None:
        """Other rules from now on; calls that are being set up go on by those they began with."""
        self.routing = routing
        self.causes = causes
        self._tone_seconds = dict(failure_tone_seconds)

    def release_all(self, release: Release, now: float) -> None:
        """End every call (the gateway stops, or the operator asks), those that play a failure tone too."""
        for call in list(self.calls.values()):
            if call.release is None:
                self._end(call, release, "gateway", now, tone=False)
            elif self._timers.stop((call.identity, Timer.FAILURE_TONE)):
                self._release_half(call.incoming, call.release, now)
                self._finish(call, now)

    def release_call(self, half: HalfCall, release: Release, now: float) -> None:
        """End the call of `half`, whoever it talks with; what `after` says is not done."""
        call = half.call
        if call is not None and call.release is None:
            self._end(call, release, "gateway", now, tone=False)

    def record_all(self) -> None:
        """Write every ended call's record now: no more statistics will come (the media process is gone)."""
        for call in list(self.calls.values()):
            self.ledger.forget_legs(call)
            self._record_if_done(call)

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._timers.share(agenda)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return self._timers.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        for identity, timer in self._timers.expired(now):
            call = self.calls.get(identity)
            if call is None:
                continue
            if timer is Timer.NO_ANSWER:
                rung = call.alerting_time is not None
                cause = Cause.NO_ANSWER_FROM_USER if rung else Cause.NO_USER_RESPONDING
                self._end(call, Release(cause, diagnostic="no answer in time"), "gateway", now)
            elif timer is Timer.FAILURE_TONE:
                self._release_half(call.incoming, call.release or Release(), now)
                self._finish(call, now)
            else:
                self.ledger.forget_legs(call)
                self._record_if_done(call)

    # --- attempts

    def _try_next(self, call: Call, failed: Release | None, by: ReleasedBy, now: float) -> None:
        """Offer the call to the next trunk that will have it.

        `failed` is why the last attempt failed and `by` on whose account: the call's own end when nothing is left.
        """
        for attempt in call.attempts:
            if attempt.trunk is None:
                failed, by = Release(attempt.refuse_cause, diagnostic=f"refused by {attempt.route}"), "gateway"
                call.attempt = attempt
                break
            trunk = self.trunks[attempt.trunk]
            if call.setup.continuity_pending and not _takes_pending(trunk):
                call.attempt = call.parked = attempt
                self._timers.start((call.identity, Timer.NO_ANSWER), now + NO_ANSWER_SECONDS)
                return
            refusal = self._offer(call, attempt, trunk, now)
            if refusal is None:
                self._timers.start((call.identity, Timer.NO_ANSWER), now + NO_ANSWER_SECONDS)
                self.ledger.note(call)
                return
            failed, by = refusal, "gateway"
            if not self._may_fall_back(call, refusal):
                break
        self._end(call, failed or Release(Cause.NO_ROUTE_TO_DESTINATION, diagnostic="no route matches"), by, now)

    def _offer(self, call: Call, attempt: Attempt, trunk: Trunk, now: float) -> Release | None:
        """Make one attempt; a Release when the trunk would not even begin."""
        self._part(call)
        if attempt.setup.continuity_pending and not call.setup.continuity_pending:
            attempt = replace(attempt, setup=replace(attempt.setup, continuity_pending=False))
        half = HalfCall(trunk, incoming=False, call=call)
        half.leg.trunk = trunk.name
        half.leg.called, half.leg.calling = str(attempt.setup.called), str(attempt.setup.calling or "")
        call.attempt, call.outgoing = attempt, half
        call.attempts_made += 1
        call.open_halves += 1
        if not half.is_application:
            self.meter.began(now)
        if self.observer is not None:
            self.observer.created(half, now)
        refusal = self._cannot_carry(call.incoming.trunk, trunk, attempt.setup) or trunk.offer(half, attempt.setup, now)
        half.leg.id = half.reference
        if refusal is None and call.more is not None:
            self._digits(call, half, call.more, now)
        if refusal is not None:
            half.call, half.released = None, True
            if not half.is_application:
                self.meter.ended()
            call.open_halves -= 1
            if self.observer is not None:
                self.observer.released(half, refusal, None, now)
                self.observer.cleared(half, now)
        elif call.incoming.trunk.is_circuit and trunk.is_circuit:
            self._connect(call)
        return refusal

    @staticmethod
    def _cannot_carry(incoming: Trunk, outgoing: Trunk, setup: Setup) -> Release | None:
        """Why `outgoing` is not to be offered a call of several timeslots from `incoming`; None when it may be."""
        if not setup.complete and not _sends_overlap(outgoing):
            text = f"{outgoing.name} takes whole numbers only"
            return Release(Cause.INVALID_NUMBER_FORMAT, diagnostic=text)
        if setup.timeslots > 1:
            for trunk in (incoming, outgoing):
                if not (isinstance(trunk, MultirateTrunk) and trunk.multirate):
                    text = f"{trunk.name} cannot carry {setup.timeslots} x 64 kbit/s"
                    return Release(Cause.BEARER_CAPABILITY_NOT_IMPLEMENTED, diagnostic=text)
        return None

    # --- primitives between the halves

    def _continuous(self, call: Call, now: float) -> None:
        """The way to here is whole: what waited for that goes on."""
        if call.release is not None or not call.setup.continuity_pending:
            return
        call.setup = replace(call.setup, continuity_pending=False)
        parked, call.parked = call.parked, None
        if parked is not None:
            call.attempts = chain((parked,), call.attempts)
            self._try_next(call, None, "gateway", now)
        elif call.outgoing is not None and not call.outgoing.released:
            call.outgoing.trunk.send(call.outgoing, Continuity(), now)

    def _forward(self, call: Call, primitive: Primitive, now: float) -> None:
        if isinstance(primitive, Continuity):
            self._continuous(call, now)
            return
        if isinstance(primitive, Information):  # also while the call waits for its way to be whole
            known = "" if call.more is None else call.more.digits
            call.more = Information(known + primitive.digits, primitive.complete)
            call.incoming.leg.called += primitive.digits
        outgoing = call.outgoing
        if outgoing is None or outgoing.released:
            return
        if isinstance(primitive, Dtmf):
            self._digit(call.incoming, outgoing, primitive, now)
        elif isinstance(primitive, Information):
            self._digits(call, outgoing, primitive, now)
        elif isinstance(primitive, InformationReply):
            self._identified(call, outgoing, primitive, now)
        elif isinstance(primitive, _FORWARD):
            outgoing.trunk.send(outgoing, primitive, now)
        elif isinstance(primitive, Progress) and primitive.opaque:
            # Progress of the calling side says nothing but to its own protocol (CPG of Q.733, forwards).
            outgoing.trunk.send(outgoing, Transparent(primitive.opaque), now)

    def ask(self, half: HalfCall, request: InformationRequest, now: float) -> bool:
        """The called side asks who calls, and the call does not know; False when nobody can be asked.

        The answer comes as `InformationReply` to the trunk of `half`.
        """
        call = half.call
        if call is None or half is not call.outgoing or call.incoming.released:
            return False
        trunk = call.incoming.trunk
        return isinstance(trunk, InformationTrunk) and trunk.ask(call.incoming, request, now)

    @staticmethod
    def _identified(call: Call, outgoing: HalfCall, reply: InformationReply, now: float) -> None:
        """Who calls is known now, to the record too."""
        if reply.calling is not None:
            for half in (call.incoming, outgoing):
                half.leg.calling = half.leg.calling or str(reply.calling)
        outgoing.trunk.send(outgoing, reply, now)

    @staticmethod
    def _digits(call: Call, half: HalfCall, more: Information, now: float) -> None:
        """Further digits of the called number go on as they come."""
        half.leg.called += more.digits
        half.trunk.send(half, more, now)

    def _digit(self, source: HalfCall, sink: HalfCall, digit: Dtmf, now: float) -> None:
        """A digit in signalling goes on in signalling where the other side wants that, else into its speech path."""
        if isinstance(sink.trunk, DigitTrunk) and sink.trunk.takes_digits:
            sink.trunk.send(sink, digit, now)
        elif isinstance(source.endpoint, RtpEndpoint):
            self.media_commands.append(PlayDigit(source.endpoint.leg, digit.digit, digit.duration_ms))

    def _backward(self, call: Call, primitive: Primitive, now: float) -> None:
        incoming, outgoing = call.incoming, call.outgoing
        answered = call.answer_time is not None
        if incoming.released or outgoing is None or (answered and isinstance(primitive, Answer)):
            return
        if isinstance(primitive, Dtmf):
            self._digit(outgoing, incoming, primitive, now)
            return
        if not answered:
            was_answered = incoming.answered
            self._note(call, primitive, now)
            if was_answered:
                # A call that was transferred: its caller needs no second answer, and hears what is to be heard.
                if isinstance(primitive, Alerting) and not primitive.inband:
                    self._ring(call)
                return
        incoming.trunk.send(incoming, primitive, now)
        if isinstance(primitive, Alerting) and not primitive.inband and not answered and incoming.hears_early:
            self._ring(call)

    def _answered(self, call: Call, now: float) -> None:
        """Both halves are answered now."""
        incoming, outgoing, observer = call.incoming, call.outgoing, self.observer
        assert outgoing is not None
        fresh = [half for half in (outgoing, incoming) if not half.answered]
        outgoing.answered = incoming.answered = True
        if observer is not None:
            for half in fresh:
                observer.answered(half, now)
            observer.bridged(incoming, outgoing, now)

    def _note(self, call: Call, primitive: Primitive, now: float) -> None:
        """Times, timer and speech path of a backward primitive before or with answer."""
        match primitive:
            case Answer():
                call.answer_time = now
                self._timers.stop((call.identity, Timer.NO_ANSWER))
                self._connect(call)
                self._answered(call, now)
                self.ledger.note(call)
            case Alerting(inband=inband):
                call.passed_backward = True
                if call.alerting_time is None:
                    call.alerting_time = now
                    self.ledger.note(call)
                    self._timers.start((call.identity, Timer.NO_ANSWER), now + NO_ANSWER_SECONDS)
                if inband:
                    self._hear(call)
            case Progress() | Proceeding():
                call.progress_time = now if call.progress_time is None else call.progress_time
                if isinstance(primitive, Progress) and primitive.inband:
                    call.passed_backward = True
                    self._hear(call)
        if self.observer is not None and call.outgoing is not None and not isinstance(primitive, Answer):
            self.observer.progressed(call.outgoing, primitive, now)

    def _hear(self, call: Call) -> None:
        """Let the caller hear the called side."""
        if call.outgoing is not None:
            self._listen(call, call.incoming, call.outgoing)

    def _listen(self, call: Call, sink: HalfCall, source: HalfCall) -> None:
        """Let the peer of `sink` hear that of `source`, timeslot by timeslot."""
        clear, gain = False, 0.0
        if call.setup.bearer is Bearer.UNRESTRICTED_64K:
            clear = (sink.trunk.is_circuit or sink.clear_channel) and (source.trunk.is_circuit or source.clear_channel)
        else:
            gain = getattr(source.trunk, "gain_in", 0.0) + getattr(sink.trunk, "gain_out", 0.0)
        if sink.endpoint is not None and source.endpoint is not None:
            self.media_commands.append(Source(sink.endpoint, source.endpoint, clear, gain))
            for ear, mouth in zip(sink.more_endpoints, source.more_endpoints, strict=False):
                self.media_commands.append(Source(ear, mouth, clear, gain))
        self.listening.listen(source, sink, call.setup.bearer)

    def _ring(self, call: Call) -> None:
        """Let the caller hear ringback where the called side gives none; a circuit of SS7 gives it."""
        outgoing = None if call.outgoing is None else call.outgoing.trunk
        gives = outgoing is not None and outgoing.is_circuit
        if getattr(outgoing, "needs_ringback", False):  # an AccessTrunk; isinstance of a protocol takes its time
            gives = call.setup.bearer is Bearer.UNRESTRICTED_64K
        if call.incoming.endpoint is None or gives:
            return
        self.media_commands.append(Tone(call.incoming.endpoint, "ringback"))

    def _part(self, call: Call) -> None:
        """Before another attempt: what the last one joined must not be heard, its timeslot may be another call's."""
        incoming, outgoing = call.incoming, call.outgoing
        if incoming.trunk.is_circuit and outgoing is not None and incoming.endpoint and outgoing.endpoint:
            self.media_commands += [Source(endpoint, None) for endpoint in incoming.endpoints]

    def _connect(self, call: Call) -> None:
        """Let both hear each other."""
        self._hear(call)
        if call.outgoing is not None:
            self._listen(call, call.outgoing, call.incoming)

    def reconnect(self, half: HalfCall) -> None:
        """`half` and whom it talks with hear each other again, after something else was heard."""
        call = half.call
        if call is not None and call.answer_time is not None and call.release is None:
            self._connect(call)

    def endpoint_changed(self, half: HalfCall) -> None:
        """`half` moved to another circuit before answer: join again what was joined."""
        call = half.call
        if call is None or call.outgoing is None:
            return
        if call.answer_time is not None or (call.incoming.trunk.is_circuit and call.outgoing.trunk.is_circuit):
            self._connect(call)

    # --- the end

    @staticmethod
    def _joined(call: Call, half: HalfCall) -> HalfCall | None:
        """Whom `half` talks with."""
        other = call.outgoing if half is call.incoming else call.incoming
        belongs = half is call.incoming or half is call.outgoing
        return other if belongs and call.answer_time is not None else None

    def _released(self, call: Call, half: HalfCall, release: Release, now: float) -> None:
        """The peer of `half` released."""
        survivor = half.other
        if call.release is not None:
            self._finish(call, now)
        elif survivor is not None and survivor.after and self._joined(call, half) is survivor:
            self._go_on(call, half, survivor, release, now)
        elif half is call.incoming:
            self._end(call, release, "incoming", now)
        elif half is call.outgoing:
            if release.diversion is not None and self._divert(call, release, release.diversion, now):
                return
            if call.answer_time is None and not call.passed_backward and self._may_fall_back(call, release):
                self._try_next(call, release, "outgoing", now)
            else:
                self._end(call, release, "outgoing", now)

    def _divert(self, call: Call, release: Release, diversion: Diversion, now: float) -> bool:
        """The called party diverts the call: route it anew. False when there is no rule for that, or it is too late."""
        setup = None if call.attempt is None else call.attempt.setup.diverted(diversion)
        if setup is None or call.answer_time is not None:
            return False
        when = datetime.fromtimestamp(self._wall_clock(now))
        attempts = self.routing.attempts(diversion.trunk, setup, when)
        first = next(attempts, None)
        if first is None:
            return False
        call.attempts = chain((first,), attempts)
        self._try_next(call, release, "outgoing", now)
        return True

    def _go_on(self, call: Call, half: HalfCall, survivor: HalfCall, release: Release, now: float) -> None:
        """`half` released, and `survivor` has something to do after that."""
        raise NotImplementedError

    @staticmethod
    def _may_fall_back(call: Call, release: Release) -> bool:
        return call.attempt is not None and release.cause in call.attempt.fallback_causes

    def _end(self, call: Call, release: Release, by: ReleasedBy, now: float, tone: bool = True) -> None:
        """Note the end once and release whichever half still lives, the incoming one after its tone if it has one."""
        call.release, call.released_by, call.release_time = release, by, now
        self._timers.stop((call.identity, Timer.NO_ANSWER))
        incoming, outgoing = call.incoming, call.outgoing
        if outgoing is not None:
            self._release_half(outgoing, release, now)
        tone = tone and self.accepting and call.setup.timeslots == 1
        seconds = self._tone_seconds.get(incoming.trunk.name, 0.0) if tone else 0.0
        if seconds and call.answer_time is None and not incoming.released and incoming.endpoint is not None:
            if not incoming.answered:
                incoming.trunk.send(incoming, Progress(inband=True, release=release), now)
            if incoming.hears_early or incoming.answered:
                name = "busy" if release.cause in _BUSY_CAUSES else "congestion"
                self.media_commands.append(Tone(incoming.endpoint, name))
                self._timers.start((call.identity, Timer.FAILURE_TONE), now + seconds)
                self.ledger.note(call)
                return
        self._release_half(incoming, release, now)
        self._finish(call, now)

    def _release_half(self, half: HalfCall, release: Release, now: float) -> None:
        if not half.released:
            half.released = True
            if self.observer is not None:
                self.observer.released(half, release, None if half.call is None else self._joined(half.call, half), now)
            half.trunk.release(half, self.causes.left(half.leg.protocol, release), now)

    def _finish(self, call: Call, now: float) -> None:
        """Write the record of an ended call, once its statistics are in or have been waited for long enough.

        The record does not wait for the protocols to clear: a dead SIP peer holds that up for 32 s.
        """
        key = (call.identity, Timer.STATISTICS)
        if call.release is not None and call.incoming.released and not call.recorded and call.waiting_statistics:
            if not self._timers.is_running(key):
                self._timers.start(key, now + STATISTICS_SECONDS)
                self.ledger.note(call)
        else:
            self._record_if_done(call)

    def _record_if_done(self, call: Call) -> None:
        """Write the record when nothing is waited for; forget the call once it is cleared."""
        if call.release is None:
            return
        if not call.recorded and not call.waiting_statistics and call.incoming.released:
            self._timers.stop((call.identity, Timer.STATISTICS))
            self._timers.stop((call.identity, Timer.FAILURE_TONE))
            self.ledger.write(call, call.release)
        if call.recorded and not call.open_halves:
            self.ledger.forget_legs(call)
            self.calls.pop(call.identity, None)


def _sends_overlap(trunk: Trunk) -> bool:
    return isinstance(trunk, OverlapTrunk) and trunk.sends_overlap


def _takes_pending(trunk: Trunk) -> bool:
    return isinstance(trunk, ContinuityTrunk) and trunk.takes_pending
