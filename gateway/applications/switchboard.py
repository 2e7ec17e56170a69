"""The operator's hands on calls: originate, bridge, transfer, park, kill, execute, and transfers that peers ask for.

Pure: `Node` owns it, settles it, and hands on `events`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

from msgspec.structs import replace

from tandem.core.cause import Cause
from tandem.core.timers import Agenda, TimerTable, earliest
from tandem.gateway.applications.causes import cause_of, name_of
from tandem.gateway.applications.channel_media import ChannelMedia
from tandem.gateway.applications.dial_strings import DialString, Target
from tandem.gateway.applications.events import ChannelEvent, Happening
from tandem.gateway.applications.origination import Caller, Origination, Outcome, number_of
from tandem.gateway.applications.programs import PROGRAMS, Run
from tandem.gateway.applications.referral import Referral, Tell
from tandem.gateway.applications.session import Interrupt, LegAnswered, LegsFailed, Program, Session
from tandem.gateway.applications.trunk import ApplicationTrunk
from tandem.gateway.calls.actions import APPLICATIONS, Action
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Answer, Number, Release, Setup
from tandem.gateway.calls.routing import Attempt
from tandem.gateway.log import Line

#: Applications that a channel can be told to execute while it talks with another one.
_BESIDE: Final = frozenset(
    {"set", "export", "hangup", "transfer", "send_dtmf", "record_session", "stop_record_session", "hold", "park"}
)


class Switchboard(ChannelMedia):
    """Channels, and what can be done with them. Methods raise LookupError for a uuid that is no channel (any more)."""

    def __init__(
        self,
        control: CallControl,
        token: Callable[[], str],
        wall_clock: Callable[[float], float],
        log: Callable[[Line], None],
    ) -> None:
        """See Channels."""
        super().__init__(control, token, wall_clock, log)
        self.applications = ApplicationTrunk(self)
        self.sockets: list[tuple[str, str]] = []
        """(uuid, arguments) of channels whose `socket` application wants a connection; the owner takes them."""
        self._originations: dict[int, Origination] = {}
        self._timers: TimerTable[int] = TimerTable()
        self._referrals: dict[HalfCall, Referral] = {}
        control.observer = self
        control.transferrer = self
        control.trunks[APPLICATIONS] = self.applications

    # --- what an operator asks

    def originate(
        self, dial_string: str, then: str, now: float, variables: Mapping[str, str] | None = None, job: str = ""
    ) -> str:
        """Call `dial_string`; who answers is given to `then`: `&application(data)` or a number for the routes.

        Returns the job's uuid (`job`, if given), which the event BACKGROUND_JOB names when all is done, with
        `+OK UUID` or `-ERR CAUSE` as its result. ValueError, worded for the operator, for what cannot be begun.
        """
        self.now = now
        if not self.control.accepting:
            raise ValueError("the gateway takes no new calls")
        actions = _actions(then)
        dial = DialString.parse(dial_string)
        dial = DialString(dial.groups, {**(variables or {}), **dial.variables})
        job = job or self._new_uuid()
        setup = Setup(number_of(""), None)
        if "origination_caller_id_number" in dial.variables:
            setup = replace(setup, calling=number_of(dial.variables["origination_caller_id_number"]))
        origination = Origination(self, dial, Caller(setup), partial(self._originated, job, actions))
        self.later(origination.start)
        return job

    def bridge(self, first: str, second: str, now: float) -> None:
        """Join two channels that are answered; ValueError when they are not."""
        self.now = now
        one, two = self.find(first), self.find(second)
        for half in (one, two):
            if not half.answered:
                raise ValueError(f"{self.uuid_of(half)} is not answered")
        if one is two:
            raise ValueError("a channel cannot be joined to itself")
        self.later(lambda later: self.join(one, two, later))

    def kill(self, channel: str, now: float, cause: str = "") -> None:
        """Release a channel, and with it whom it talks with."""
        self.now = now
        half = self.find(channel)
        self._kill(half, Release(cause_of(cause), diagnostic="released by the operator"), now)

    def hang_up_all(self, now: float, cause: str = "") -> int:
        """Release every call; how many there were."""
        self.now = now
        calls = list(self.control.calls.values())
        self.control.release_all(Release(cause_of(cause), diagnostic="released by the operator"), now)
        return len(calls)

    def transfer(self, channel: str, then: str, now: float) -> None:
        """Route a channel anew, to a number or to `&application(data)`; whom it talked with is released."""
        self.now = now
        half = self.find(channel)
        actions = _actions(then)
        if actions[0].application == "transfer":
            self.route_anew(half, actions[0].data)
        else:
            self._give(half, actions)

    def transfer_both(self, channel: str, then: str, now: float) -> None:
        """Route a channel and whom it talks with anew, each by itself; ValueError when it talks with nobody."""
        self.now = now
        half = self.find(channel)
        other, actions = half.other, _actions(then)
        if other is None or other.is_application or not (half.answered and other.answered):
            raise ValueError("the channel talks with nobody")
        number = actions[0].data if actions[0].application == "transfer" else ""
        self.later(lambda later: self._transfer_both(half, other, number, actions, later))

    def park(self, channel: str, now: float) -> None:
        """Have a channel wait; whom it talked with is released."""
        self.now = now
        self._give(self.find(channel), (Action("park"),))

    def execute(self, channel: str, application: str, data: str, now: float) -> None:
        """Have a channel execute an application now; a parked one is parked again afterwards.

        ValueError when there is no such application, or when it cannot be done while the channel talks.
        """
        self.now = now
        half = self.find(channel)
        if application not in PROGRAMS:
            raise ValueError(f"there is no application {application!r}; there are {', '.join(sorted(PROGRAMS))}")
        session = self.applications.session_of(half)
        action = Action(application, data)
        if session is not None:
            self.later(lambda later: self.applications.interrupt(session, [action], later))
        elif application in _BESIDE or application in ("playback", "gentones"):
            self._beside(half, action)
        else:
            raise ValueError(f"{application} cannot be executed while the channel talks; park it first")

    def stop(self, channel: str, now: float) -> None:
        """Have a channel end what it executes, and do what waits behind it."""
        self.now = now
        session = self.applications.session_of(self.find(channel))
        if session is not None:
            self.later(lambda later: self.applications.feed(session, Interrupt(), later))

    # --- what trunks say

    def refer(self, half: HalfCall, number: Number | None, replaced: HalfCall | None, tell: Tell, now: float) -> bool:
        """The peer of `half` wants the one it talks with to talk with somebody else (see `Transferrer`)."""
        self.now = now
        party, call = half.other, half.call
        if party is None or call is None or party.is_application or party in self._referrals:
            return False
        if not (half.answered and party.answered and self.control.accepting):
            return False
        if replaced is not None:
            target = replaced.other
            if (
                target is None
                or target is party
                or target.is_application
                or not (replaced.answered and target.answered)
            ):
                return False
            self.later(lambda later: self._replace(party, target, tell, later))
            return True
        if number is None:
            return False
        setup = replace(call.setup, called=number, complete=True, redirecting=None, opaque=())
        if half is call.incoming:  # the caller is who transfers: its partner is who calls now
            setup = replace(setup, calling=number_of(party.leg.called))
        trunk = getattr(half.trunk, "configuration", half.trunk).name
        attempts = self.control.routing.attempts(trunk, setup, datetime.fromtimestamp(self._wall_clock(now)))
        referral = self._referrals[party] = Referral(self, party, tell)
        linked = call.identity
        self.later(lambda later: referral.start(setup, attempts, linked, later))
        return True

    def replacing(self, replaced: HalfCall, setup: Setup) -> tuple[Attempt, ...] | None:
        """A call takes the place of `replaced` (see `Transferrer`)."""
        other = replaced.other
        if other is None or other.is_application or not (replaced.answered and other.answered):
            return None
        action = Action("intercept", self.uuid_of(replaced))
        return (Attempt("replaces", APPLICATIONS, setup, Cause.INVALID_CALL_REFERENCE_VALUE, frozenset(), (action,)),)

    def referral_of(self, party: HalfCall) -> Referral | None:
        """The transfer that `party` waits for."""
        return self._referrals.get(party)

    def forget_referral(self, referral: Referral) -> None:
        """It is over."""
        self._referrals.pop(referral.party, None)

    # --- the owner

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._timers.share(agenda)
        self.applications.share(agenda)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return earliest(self._timers.next_deadline(), self.applications.next_deadline())

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        self.now = now
        for number in self._timers.expired(now):
            if (origination := self._originations.get(number)) is not None:
                origination.timed_out(now)
        self.applications.handle_timers(now)

    @property
    def waiting(self) -> tuple[Collection[object], ...]:
        """What `settle` is to act on: the same queues every time, for those who look often."""
        return self.applications.waiting, self._later

    def settle(self, now: float) -> bool:
        """Do what waits; True when there was anything."""
        self.now = now
        moved = self.applications.settle(now)
        while self._later:
            moved = True
            self._later.popleft()(now)
        return moved

    # --- what call control says (Observer)

    def released(self, half: HalfCall, release: Release, other: HalfCall | None, now: float) -> None:
        """A channel ends; a transfer that it waited for is over."""
        if self._referrals and (referral := self._referrals.get(half)) is not None:
            referral.party_gone()
        super().released(half, release, other, now)

    # --- for the applications

    def session_of(self, half: HalfCall) -> Session | None:
        """The application that serves a channel."""
        return self.applications.session_of(half)

    def begin_action(self, session: Session, action: Action, now: float) -> Program | None:
        """Begin what is to be done next; None when it is done already, or cannot be."""
        self.now = now
        channel = session.channel
        if channel is None:
            return None
        data = self.expand(channel, action.data)
        self.tell(Happening.CHANNEL_EXECUTE, channel, application=action.application, application_data=data)
        program = PROGRAMS.get(action.application)
        if program is None:
            self.warn(channel, f"there is no application {action.application!r}")
            self.action_completed(session, action, "INVALID APPLICATION", now)
            return None
        started = program(Run(self, session, channel, data, now))
        if isinstance(started, str):
            self.action_completed(session, action, started, now)
            return None
        return started

    def action_completed(self, session: Session, action: Action, response: str, now: float) -> None:
        """What was begun is done."""
        self.now = now
        session.current = None
        channel = session.channel
        if channel is not None:
            self.tell(
                Happening.CHANNEL_EXECUTE_COMPLETE,
                channel,
                application=action.application,
                application_data=action.data,
                application_response=response,
            )

    def route_anew(self, half: HalfCall, number: str, trunk: str = "") -> None:
        """Route a channel as if it had called `number`, from `trunk` where that is one, else from its own."""
        self.later(lambda now: self._route(half, number, trunk, now))

    def connect(self, half: HalfCall, arguments: str) -> None:
        """A channel is to be handed to a program that listens elsewhere."""
        self.sockets.append((self.uuid_of(half), arguments))

    def check_target(self, target: Target) -> None:
        """ValueError, worded for the operator, when a leg cannot be called."""
        kind = self.kinds.get(target.trunk)
        if kind is None or kind != target.protocol:
            if target.trunk.startswith("user:"):
                raise ValueError(f"there is no user {target.trunk.removeprefix('user:')!r}")
            known = [name for name, other in self.kinds.items() if other == target.protocol and "user:" not in name]
            raise ValueError(f"there is no {target.protocol} trunk {target.trunk!r}; there are: {', '.join(known)}")

    def time_origination(self, origination: Origination, deadline: float) -> None:
        """Let `origination` know when its time is over."""
        self._originations[origination.number] = origination
        self._timers.start(origination.number, deadline)

    def forget_origination(self, origination: Origination) -> None:
        """It is over."""
        self._originations.pop(origination.number, None)
        self._timers.stop(origination.number)

    # --- inside

    def _originated(self, job: str, actions: tuple[Action, ...], outcome: Outcome, now: float) -> None:
        self.now = now
        if isinstance(outcome, LegAnswered):
            name = self.uuid_of(outcome.leg)
            self._tell_job(job, f"+OK {name}", outcome.leg)
            session = self.applications.session_of(outcome.leg)
            if session is not None:
                self.applications.run(session, list(actions), now)
        elif isinstance(outcome, LegsFailed):
            self._tell_job(job, f"-ERR {name_of(outcome.release.cause)}", None)

    def _tell_job(self, job: str, result: str, half: HalfCall | None) -> None:
        """Told whether somebody listens to channels or not: whoever began the job waits for it."""
        channel = None if half is None else self._snapshot(half)
        self.events.append(ChannelEvent(Happening.BACKGROUND_JOB, self.now, channel, {"job": job, "result": result}))

    def _replace(self, party: HalfCall, target: HalfCall, tell: Tell, now: float) -> None:
        """Both parties of who transfers talk with each other; it is told before it is released."""
        tell(Answer(), now)
        self.join(party, target, now)

    def join(self, one: HalfCall, two: HalfCall, now: float) -> None:
        """Join two half-calls; told in the log where that cannot be done any more."""
        self.now = now
        if not self.control.join(one, two, now):
            self._log(Line("warning", "!", one.reference, f"cannot be joined to {two.reference} (any more)"))

    def _kill(self, half: HalfCall, release: Release, now: float) -> None:
        self.later(lambda later: self.control.release_call(half, release, later))

    def _give(self, half: HalfCall, actions: tuple[Action, ...]) -> None:
        """Let applications have a channel."""
        call = half.call
        if call is None:
            raise LookupError("the channel has ended")
        setup = call.setup
        attempt = Attempt("transfer", APPLICATIONS, setup, Cause.NORMAL_CALL_CLEARING, frozenset(), actions)
        self.later(lambda now: self._transfer(half, setup, (attempt,), now))

    def _route(self, half: HalfCall, number: str, trunk: str, now: float) -> None:
        found = self._attempts(half, number, trunk, (), now)
        if found is not None:
            self._transfer(half, *found, now)

    def _transfer_both(
        self, half: HalfCall, other: HalfCall, number: str, actions: tuple[Action, ...], now: float
    ) -> None:
        self.now = now
        routes = [self._attempts(one, number, "", actions, now) for one in (half, other)]
        found = [one for one in routes if one is not None]
        if len(found) == 2:
            half.after = other.after = ()
            self.control.transfer_both(half, found[0], found[1], now)

    def _attempts(
        self, half: HalfCall, number: str, trunk: str, actions: tuple[Action, ...], now: float
    ) -> tuple[Setup, Iterable[Attempt]] | None:
        """As what a channel is routed, and where to: to `number`, or where that is empty to `actions`."""
        call = half.call
        if call is None:
            return None
        if not number:
            attempt = Attempt("transfer", APPLICATIONS, call.setup, Cause.NORMAL_CALL_CLEARING, frozenset(), actions)
            return call.setup, (attempt,)
        setup = replace(call.setup, called=number_of(number), complete=True)
        if not half.incoming and call.setup.calling is None:
            setup = replace(setup, calling=number_of(half.leg.called))
        if trunk not in self.kinds:
            trunk = getattr(half.trunk, "configuration", half.trunk).name
        when = datetime.fromtimestamp(self._wall_clock(now))
        return setup, self.control.routing.attempts(trunk, setup, when)

    def _transfer(self, half: HalfCall, setup: Setup, attempts: Iterable[Attempt], now: float) -> None:
        self.now = now
        half.after = ()
        self.control.transfer(half, setup, attempts, now)

    def _beside(self, half: HalfCall, action: Action) -> None:
        """Execute on a channel that talks with another one."""
        data = self.expand(half, action.data)
        name = action.application
        self.tell(Happening.CHANNEL_EXECUTE, half, application=name, application_data=data)
        match name:
            case "set" | "export":
                variable, _, value = data.partition("=")
                self.set_variable(half, variable.strip(), value)
            case "hangup":
                self._kill(half, Release(cause_of(data), diagnostic="hung up by the application"), self.now)
            case "transfer":
                self.route_anew(half, data.split()[0] if data else "")
            case "send_dtmf":
                digits, _, milliseconds = data.partition("@")
                self.send_digits(half, digits, int(milliseconds) if milliseconds.isdecimal() else 160)
            case "record_session":
                self.record_channel(half, data, 0.0, "mixed", None)
            case "stop_record_session":
                self.stop_recordings(half, data)
            case "hold":
                self.put_on_hold(half, data != "off")
            case "park":
                self._give(half, (action,))
            case "gentones":
                self.play(half, f"tone_stream://{data}", None)
            case _:
                self.play(half, data, None)
        self.tell(
            Happening.CHANNEL_EXECUTE_COMPLETE,
            half,
            application=name,
            application_data=data,
            application_response="",
        )


def _actions(then: str) -> tuple[Action, ...]:
    """What an answered leg is given to: `&application(data)`, or a number for the routes."""
    then = then.strip()
    if not then.startswith("&"):
        if not then:
            raise ValueError("say what to do with who answers: &application(data), or a number")
        return (Action("transfer", then),)
    action = Action.parse(then[1:])
    if action.application not in PROGRAMS:
        raise ValueError(f"there is no application {action.application!r}; there are {', '.join(sorted(PROGRAMS))}")
    return (action,)
