"""The operator's hands on calls: originate, bridge, transfer, park, kill, play, record, and what happens to channels.

Pure: `Node` owns it, settles it, and hands on `events`. A channel is a half-call that is no application; its `uuid`
is given when somebody first asks for it. While `listening` is false no event is made, so that ordinary calls cost
nothing here.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Final

from tandem.core.cause import Cause
from tandem.core.timers import TimerTable, earliest
from tandem.gateway.applications.causes import cause_of, name_of
from tandem.gateway.applications.dial_strings import DialString, Target
from tandem.gateway.applications.events import Channel, ChannelEvent, Happening
from tandem.gateway.applications.origination import Caller, Origination, Outcome, number_of
from tandem.gateway.applications.programs import PROGRAMS, Run
from tandem.gateway.applications.referral import Referral, Tell
from tandem.gateway.applications.session import Interrupt, LegAnswered, LegsFailed, MediaEnded, Program, Session
from tandem.gateway.applications.trunk import ApplicationTrunk
from tandem.gateway.calls.actions import APPLICATIONS, Action
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import DigitTrunk, HalfCall
from tandem.gateway.calls.model import (
    Alerting,
    Answer,
    Dtmf,
    Hold,
    Number,
    Primitive,
    Proceeding,
    Progress,
    Release,
    Retrieve,
    Setup,
)
from tandem.gateway.calls.routing import Attempt
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import (
    Command,
    Play,
    PlaybackEnded,
    Record,
    RecordingEnded,
    SendDigits,
    Source,
    StopPlay,
    StopRecord,
)

#: Seconds of silence between digits that are sent.
_PAUSE: Final = 0.1
_KILLED: Final = Cause.NORMAL_CALL_CLEARING
#: Applications that a channel can be told to execute while it talks with another one.
_BESIDE: Final = frozenset(
    {"set", "export", "hangup", "transfer", "send_dtmf", "record_session", "stop_record_session", "hold", "park"}
)


class Switchboard:
    """Channels, and what can be done with them. Methods raise LookupError for a uuid that is no channel (any more)."""

    def __init__(
        self,
        control: CallControl,
        token: Callable[[], str],
        wall_clock: Callable[[float], float],
        log: Callable[[Line], None],
    ) -> None:
        """`token` gives unguessable strings; `wall_clock` turns the time of the machines into seconds since 1970."""
        self.control = control
        self.applications = ApplicationTrunk(self)
        self.listening = False
        """Whether somebody takes `events`; the owner sets it."""
        self.events: list[ChannelEvent] = []
        """What happened, in order, since the owner last took it."""
        self.sockets: list[tuple[str, str]] = []
        """(uuid, arguments) of channels whose `socket` application wants a connection; the owner takes them."""
        self.variables: dict[str, str] = {}
        """Global variables, seen wherever a channel has none of that name."""
        self.kinds: dict[str, str] = {}
        """Protocol of each trunk by name; the owner fills it."""
        self.now = 0.0
        self._token = token
        self._wall_clock = wall_clock
        self._log = log
        self._channels: dict[str, HalfCall] = {}
        self._ends: dict[HalfCall, Release] = {}
        self._count = 0
        self._later: deque[Callable[[float], None]] = deque()
        self._originations: dict[int, Origination] = {}
        self._timers: TimerTable[int] = TimerTable()
        self._playing: dict[int, tuple[HalfCall, str, Session | None]] = {}
        self._recording: dict[int, tuple[HalfCall, str, Session | None]] = {}
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

    def park(self, channel: str, now: float) -> None:
        """Have a channel wait; whom it talked with is released."""
        self.now = now
        self._give(self.find(channel), (Action("park"),))

    def hold(self, channel: str, now: float, on: bool = True) -> None:
        """Put the peer of a channel on hold, or take it off, as its protocol can tell it."""
        self.now = now
        half = self.find(channel)
        half.trunk.send(half, Hold() if on else Retrieve(), now)
        self.tell(Happening.CHANNEL_HOLD if on else Happening.CHANNEL_UNHOLD, half)

    def broadcast(self, channel: str, what: str, now: float, legs: str = "aleg") -> None:
        """Play a file to a channel (`aleg`), to whom it talks with (`bleg`) or to `both`, in place of speech."""
        self.now = now
        half = self.find(channel)
        other = half.other
        if legs in ("aleg", "both"):
            self.play(half, what, None)
        if legs in ("bleg", "both") and other is not None and not other.is_application:
            self.play(other, what, None)

    def stop_broadcast(self, channel: str, now: float) -> None:
        """End what is being played to a channel, by whomever."""
        self.now = now
        half = self.find(channel)
        for number, (playing, _, _) in list(self._playing.items()):
            if playing is half:
                self.stop_playback(number)

    def record(self, channel: str, path: str, now: float, limit: float = 0.0, mode: str = "mixed") -> None:
        """Record a channel into a file: what comes (`received`), both sides `mixed`, or both as `stereo`.

        `limit` in seconds, 0 for none.
        """
        self.now = now
        if mode not in ("received", "mixed", "stereo"):
            raise ValueError(f"{mode!r} is not received, mixed or stereo")
        self.record_channel(self.find(channel), path, limit, mode, None)

    def stop_record(self, channel: str, path: str, now: float) -> None:
        """End a recording of a channel; of all of them for `all`."""
        self.now = now
        self.stop_recordings(self.find(channel), "" if path == "all" else path)

    def send_dtmf(self, channel: str, digits: str, now: float, duration_ms: int = 160) -> None:
        """Send digits to the peer of a channel, in the form that its trunk takes."""
        self.now = now
        if not digits or any(digit not in "0123456789*#ABCD" for digit in digits.upper()):
            raise ValueError(f"{digits!r} are not digits (0-9, *, #, A-D)")
        self.send_digits(self.find(channel), digits.upper(), duration_ms)

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

    def dump(self, channel: str) -> Channel:
        """Everything about a channel."""
        return self._snapshot(self.find(channel))

    def get_variable(self, channel: str, name: str) -> str:
        """A variable of a channel, empty where there is none."""
        return self.variable(self.find(channel), name)

    def put_variable(self, channel: str, name: str, value: str) -> None:
        """Set a variable of a channel; an empty value takes it away."""
        half = self.find(channel)
        if value:
            self.set_variable(half, name, value)
        elif half.variables is not None:
            half.variables.pop(name, None)

    def exists(self, channel: str) -> bool:
        """Whether it is a channel."""
        return channel in self._channels

    def channels(self) -> list[Channel]:
        """All channels there are, oldest call first."""
        return [self._snapshot(half) for half in self._halves()]

    def find(self, channel: str) -> HalfCall:
        """The half-call of a uuid; LookupError when there is none (any more)."""
        half = self._channels.get(channel)
        if half is None:
            for other in self._halves():  # it may have been named without ever having been asked for
                if other.uuid == channel:
                    return other
            raise LookupError(f"there is no channel {channel}")
        return half

    def uuid_of(self, half: HalfCall) -> str:
        """The name of a half-call as a channel."""
        if not half.uuid:
            half.uuid = self._new_uuid()
            if half.call is not None:
                self._channels[half.uuid] = half
        return half.uuid

    # --- what the media process and trunks say

    def media_ended(self, event: PlaybackEnded | RecordingEnded, now: float) -> None:
        """A playback or recording is over."""
        self.now = now
        played = isinstance(event, PlaybackEnded)
        found = (self._playing if played else self._recording).pop(event.number, None)
        if found is None:
            return
        half, file, session = found
        if event.status not in ("done", "stopped"):
            self._log(Line("warning", "!", half.reference, f"{file}: {event.status}"))
        what = Happening.PLAYBACK_STOP if played else Happening.RECORD_STOP
        self.tell(what, half, file=file, status=event.status, milliseconds=str(event.milliseconds))
        if session is not None:
            session.media.discard(event.number)
            self.applications.feed(session, MediaEnded(event.number, event.status, event.milliseconds), now)

    def digit(self, half: HalfCall, digit: str, duration_ms: int, now: float) -> None:
        """A digit came from the peer of `half`, in whatever form."""
        self.now = now
        if self.listening:
            self.tell(Happening.DTMF, half, digit=digit, duration_ms=str(duration_ms))

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

    def settle(self, now: float) -> bool:
        """Do what waits; True when there was anything."""
        self.now = now
        moved = self.applications.settle(now)
        while self._later:
            moved = True
            self._later.popleft()(now)
        return moved

    # --- what call control says (Observer)

    def created(self, half: HalfCall, now: float) -> None:
        """A channel is there."""
        if half.is_application:
            return
        if half.variables is None and not half.incoming and half.call is not None:
            caller = half.call.incoming
            if caller.is_application and caller.variables:
                half.variables = dict(caller.variables)
                if name := half.variables.get("origination_uuid"):
                    half.uuid = name
                    self._channels[name] = half
        if self.listening:
            self.now = now
            self.tell(Happening.CHANNEL_CREATE, half)

    def progressed(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """The called side rings, or lets something be heard."""
        if not self.listening or half.is_application or isinstance(primitive, Proceeding):
            return
        self.now = now
        inband = isinstance(primitive, Alerting | Progress) and primitive.inband
        self.tell(Happening.CHANNEL_PROGRESS_MEDIA if inband else Happening.CHANNEL_PROGRESS, half)

    def answered(self, half: HalfCall, now: float) -> None:
        """Answer passed."""
        if self.listening and not half.is_application:
            self.now = now
            self.tell(Happening.CHANNEL_ANSWER, half)

    def bridged(self, first: HalfCall, second: HalfCall, now: float) -> None:
        """Two channels talk."""
        if self.listening and not (first.is_application or second.is_application):
            self.now = now
            self.tell(Happening.CHANNEL_BRIDGE, first, other_uuid=self.uuid_of(second))

    def held(self, half: HalfCall, held: bool, now: float) -> None:
        """The peer holds us, or no longer does."""
        if self.listening:
            self.now = now
            self.tell(Happening.CHANNEL_HOLD if held else Happening.CHANNEL_UNHOLD, half)

    def released(self, half: HalfCall, release: Release, other: HalfCall | None, now: float) -> None:
        """A channel ends."""
        if self._referrals and (referral := self._referrals.get(half)) is not None:
            referral.party_gone()
        if self._playing or self._recording:
            self._end_media(half)
        if not self.listening or half.is_application:
            return
        self.now = now
        if other is not None and not other.is_application and not other.released:
            self.tell(Happening.CHANNEL_UNBRIDGE, half, other_uuid=self.uuid_of(other))
        self._ends[half] = release
        self.tell(Happening.CHANNEL_HANGUP, half, **_end_data(release))

    def cleared(self, half: HalfCall, now: float) -> None:
        """A channel is gone."""
        if half.is_application:
            return
        if self.listening:
            self.now = now
            release = self._ends.get(half)
            self.tell(Happening.CHANNEL_HANGUP_COMPLETE, half, **({} if release is None else _end_data(release)))
        self._ends.pop(half, None)
        if half.uuid:
            self._channels.pop(half.uuid, None)

    # --- for the applications

    def next_number(self) -> int:
        """A number for an origination, a playback or a recording."""
        self._count += 1
        return self._count

    def later(self, act: Callable[[float], None]) -> None:
        """Do `act` when what is being done now is done."""
        self._later.append(act)

    def tell(self, what: Happening, half: HalfCall | None, **data: str) -> None:
        """Tell listeners of something."""
        if self.listening:
            channel = None if half is None else self._snapshot(half)
            self.events.append(ChannelEvent(what, self.now, channel, data))

    def warn(self, half: HalfCall, text: str) -> None:
        """Tell the operator of a mistake."""
        self._log(Line("warning", "!", half.reference, text))

    def media(self, commands: Iterable[Command]) -> None:
        """Have the media process do something."""
        self.control.media_commands += commands

    def silence(self, half: HalfCall) -> None:
        """The channel hears nothing any more."""
        self.media([Source(endpoint, None) for endpoint in half.endpoints])

    def variable(self, half: HalfCall, name: str) -> str:
        """A variable of a channel, or what is known of it under that name."""
        if half.variables is not None and name in half.variables:
            return half.variables[name]
        known = _KNOWN.get(name)
        if known is not None:
            return known(self, half)
        return self.variables.get(name, "")

    @staticmethod
    def set_variable(half: HalfCall, name: str, value: str) -> None:
        """Set a variable of a channel."""
        if half.variables is None:
            half.variables = {}
        half.variables[name] = value

    def expand(self, half: HalfCall, text: str) -> str:
        """`text` with the values of variables in place of `${name}`."""
        parts = text.split("${")
        done = [parts[0]]
        for part in parts[1:]:
            name, closed, rest = part.partition("}")
            done.append(self.variable(half, name) + rest if closed else "${" + part)
        return "".join(done)

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
        if channel is not None and self.listening:
            self.tell(
                Happening.CHANNEL_EXECUTE_COMPLETE,
                channel,
                application=action.application,
                application_data=action.data,
                application_response=response,
            )

    def stop_media(self, session: Session) -> None:
        """What the application plays and records ends with it."""
        for number in list(session.media):
            if number in self._playing:
                self.stop_playback(number)
            else:
                self.stop_recording(number)
        session.media.clear()

    def play(self, half: HalfCall, what: str, session: Session | None) -> int:
        """Play a file, or `tone_stream://`, `silence_stream://`, to a channel; the number that its end will name."""
        number = self.next_number()
        if half.endpoint is None:
            self.later(lambda now: self.media_ended(PlaybackEnded(number, "the channel has no speech path", 0), now))
        else:
            self.media([Play(half.endpoint, number, what)])
        self._playing[number] = half, what, session
        if session is not None:
            session.media.add(number)
        self.tell(Happening.PLAYBACK_START, half, file=what)
        return number

    def stop_playback(self, number: int) -> None:
        """End a playback; it is told as stopped."""
        self.media([StopPlay(number)])

    def record_channel(self, half: HalfCall, path: str, limit: float, mode: str, session: Session | None) -> int:
        """Begin to record a channel; the number that its end will name."""
        number = self.next_number()
        if half.endpoint is None:
            self.later(lambda now: self.media_ended(RecordingEnded(number, "the channel has no speech path", 0), now))
        else:
            self.media([Record(half.endpoint, number, path, mode, limit)])
        self._recording[number] = half, path, session
        if session is not None:
            session.media.add(number)
        self.tell(Happening.RECORD_START, half, file=path)
        return number

    def stop_recording(self, number: int) -> None:
        """End a recording; it is told as stopped."""
        self.media([StopRecord(number)])

    def stop_recordings(self, half: HalfCall, path: str) -> None:
        """End the recordings of a channel into `path`, all of them for an empty one."""
        for number, (recorded, file, _) in list(self._recording.items()):
            if recorded is half and path in ("", file):
                self.stop_recording(number)

    def send_digits(self, half: HalfCall, digits: str, milliseconds: int) -> float:
        """Send digits to the peer of a channel; the seconds that this takes."""
        if isinstance(half.trunk, DigitTrunk) and half.trunk.takes_digits:
            for digit in digits:
                half.trunk.send(half, Dtmf(digit, milliseconds), self.now)
        elif half.endpoint is not None:
            self.media([SendDigits(half.endpoint, digits, milliseconds)])
        return len(digits) * (milliseconds / 1000 + _PAUSE)

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

    def _end_media(self, half: HalfCall) -> None:
        """What is played to and recorded of a channel ends with it: its timeslot will be another call's."""
        for number, (owner, _, _) in self._playing.items():
            if owner is half:
                self.stop_playback(number)
        for number, (owner, _, _) in self._recording.items():
            if owner is half:
                self.stop_recording(number)

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
        call = half.call
        if call is None:
            return
        setup = replace(call.setup, called=number_of(number), complete=True)
        if not half.incoming and call.setup.calling is None and half.call is not None:
            setup = replace(setup, calling=number_of(half.leg.called))
        if trunk not in self.kinds:
            trunk = getattr(half.trunk, "configuration", half.trunk).name
        when = datetime.fromtimestamp(self._wall_clock(now))
        self._transfer(half, setup, self.control.routing.attempts(trunk, setup, when), now)

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
                half.trunk.send(half, Retrieve() if data == "off" else Hold(), self.now)
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

    def _halves(self) -> list[HalfCall]:
        found: list[HalfCall] = []
        for call in self.control.calls.values():
            for half in (call.incoming, call.outgoing):
                if half is not None and half.call is call and not half.is_application:
                    self.uuid_of(half)
                    found.append(half)
        return found

    def _snapshot(self, half: HalfCall) -> Channel:
        call, other = half.call, half.other
        session = self.applications.session_of(half)
        talks = other is not None and not other.is_application and call is not None and call.answer_time is not None
        current = None if session is None else session.current
        end = self._ends.get(half)
        if half.released:
            state = "hangup"
        elif talks:
            state = "bridged"
        elif current is not None:
            state = "parked" if current.application == "park" else "executing"
        else:
            state = "routing"
        other_uuid = ""
        if talks and other is not None:
            other_uuid = other.uuid if other.call is None else self.uuid_of(other)
        return Channel(
            uuid=self.uuid_of(half),
            call="" if call is None else call.identity,
            direction="inbound" if half.incoming else "outbound",
            trunk=half.trunk.name,
            protocol=half.leg.protocol or self.kinds.get(half.trunk.name, ""),
            reference=half.reference,
            caller_number=half.leg.calling,
            destination_number=half.leg.called,
            state=state,
            answered=half.answered,
            held=half.held,
            other_uuid=other_uuid,
            application="" if current is None else current.application,
            application_data="" if current is None else current.data,
            created=self.now if call is None else call.setup_time,
            progressed=None if call is None else call.alerting_time,
            progressed_media=None if call is None else call.progress_time,
            answered_at=None if call is None else call.answer_time,
            bridged_at=None if call is None or not talks else call.answer_time,
            hung_up_at=None if call is None else call.release_time,
            cause=None if end is None else int(end.cause),
            variables=dict(half.variables or {}),
        )

    def _new_uuid(self) -> str:
        return str(
            uuid.UUID(
                bytes=blake2b(self._token().encode() + self._token().encode(), digest_size=16).digest(), version=4
            )
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


def _end_data(release: Release) -> dict[str, str]:
    return {
        "cause": str(int(release.cause)),
        "cause_name": name_of(release.cause),
        "location": str(int(release.location)),
        "diagnostic": release.diagnostic,
    }


_KNOWN: Final[dict[str, Callable[[Switchboard, HalfCall], str]]] = {
    "uuid": lambda board, half: board.uuid_of(half),
    "call_uuid": lambda board, half: board.uuid_of(half),
    "caller_id_number": lambda board, half: half.leg.calling,
    "destination_number": lambda board, half: half.leg.called,
    "channel_name": lambda board, half: f"{half.leg.protocol}/{half.trunk.name}/{half.leg.called}",
    "direction": lambda board, half: "inbound" if half.incoming else "outbound",
    "trunk": lambda board, half: half.trunk.name,
}
