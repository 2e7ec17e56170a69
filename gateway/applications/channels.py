"""Channels: half-calls by their names, what happens to them, and their variables.

A channel is a half-call that is no application; its `uuid` is given when somebody first asks for it. Only events that
somebody wants (`interest`) are made, so that ordinary calls cost nothing here.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from tandem.gateway.applications.causes import name_of
from tandem.gateway.applications.events import NOTHING, STATES, Channel, ChannelEvent, Happening
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Alerting, Primitive, Proceeding, Progress, Release
from tandem.gateway.log import Line

if TYPE_CHECKING:
    from tandem.gateway.applications.session import Session


class Channels:
    """All channels. Methods raise LookupError for a uuid that is no channel (any more)."""

    def __init__(
        self,
        control: CallControl,
        token: Callable[[], str],
        wall_clock: Callable[[float], float],
        log: Callable[[Line], None],
    ) -> None:
        """`token` gives unguessable strings; `wall_clock` turns the time of the machines into seconds since 1970."""
        self.control = control
        self.interest = NOTHING
        """What somebody who takes `events` wants; the owner sets it."""
        self.events: list[ChannelEvent] = []
        """What happened, in order, since the owner last took it."""
        self.variables: dict[str, str] = {}
        """Global variables, seen wherever a channel has none of that name."""
        self.kinds: dict[str, str] = {}
        """Protocol of each trunk by name; the owner fills it."""
        self.codec_of: Callable[[HalfCall], str] = lambda half: ""
        """What the speech of a half-call is coded with; the owner sets it."""
        self.now = 0.0
        self._token = token
        self._wall_clock = wall_clock
        self._log = log
        self._channels: dict[str, HalfCall] = {}
        self._ends: dict[HalfCall, Release] = {}
        self._states: dict[str, tuple[str, str]] = {}
        """By uuid, the states of channel and call that were told last."""
        self._count = 0
        self._later: deque[Callable[[float], None]] = deque()

    def session_of(self, half: HalfCall) -> Session | None:
        """The application that serves a channel."""
        raise NotImplementedError

    # --- by their names

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
        if self.interest.anywhere:
            self.now = now
            self.tell(Happening.CHANNEL_CREATE, half)

    def progressed(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """The called side rings, or lets something be heard."""
        if not self.interest.anywhere or half.is_application or isinstance(primitive, Proceeding):
            return
        self.now = now
        inband = isinstance(primitive, Alerting | Progress) and primitive.inband
        self.tell(Happening.CHANNEL_PROGRESS_MEDIA if inband else Happening.CHANNEL_PROGRESS, half)

    def answered(self, half: HalfCall, now: float) -> None:
        """Answer passed."""
        if self.interest.anywhere and not half.is_application:
            self.now = now
            self.tell(Happening.CHANNEL_ANSWER, half)

    def bridged(self, first: HalfCall, second: HalfCall, now: float) -> None:
        """Two channels talk."""
        if self.interest.anywhere and not (first.is_application or second.is_application):
            self.now = now
            self._tell_of_both(Happening.CHANNEL_BRIDGE, first, second)

    def held(self, half: HalfCall, held: bool, now: float) -> None:
        """The peer holds us, or no longer does."""
        if self.interest.anywhere:
            self.now = now
            self.tell(Happening.CHANNEL_HOLD if held else Happening.CHANNEL_UNHOLD, half)

    def released(self, half: HalfCall, release: Release, other: HalfCall | None, now: float) -> None:
        """A channel ends."""
        if not self.interest.anywhere or half.is_application:
            return
        self.now = now
        if other is not None and not other.is_application and not other.released:
            self._tell_of_both(Happening.CHANNEL_UNBRIDGE, half, other)
        self._ends[half] = release
        self.tell(Happening.CHANNEL_HANGUP, half, **_end_data(release))

    def cleared(self, half: HalfCall, now: float) -> None:
        """A channel is gone."""
        if half.is_application:
            return
        if self.interest.anywhere:
            self.now = now
            release = self._ends.get(half)
            data = {} if release is None else _end_data(release)
            self.tell(Happening.CHANNEL_HANGUP_COMPLETE, half, **data)
            self.tell(Happening.CHANNEL_DESTROY, half, **data)
        self._ends.pop(half, None)
        if half.uuid:
            self._channels.pop(half.uuid, None)
            self._states.pop(half.uuid, None)

    # --- for the applications

    def next_number(self) -> int:
        """A number for an origination, a playback or a recording."""
        self._count += 1
        return self._count

    def later(self, act: Callable[[float], None]) -> None:
        """Do `act` when what is being done now is done."""
        self._later.append(act)

    def tell(self, what: Happening, half: HalfCall | None, **data: str) -> None:
        """Tell of something whoever wants to know, and of the states that have changed with it."""
        interest = self.interest
        if what not in interest.anywhere and not interest.states:
            return
        if half is None:
            if what in interest.everywhere:
                self.events.append(ChannelEvent(what, self.now, None, data))
            return
        other = half.other
        wanted = interest.of(half.uuid, "" if other is None else other.uuid)
        if what not in wanted and STATES.isdisjoint(wanted):
            return
        channel = self._snapshot(half)
        if what in wanted:
            self.events.append(ChannelEvent(what, self.now, channel, data))
        self._tell_states(channel, wanted)

    def _tell_of_both(self, what: Happening, half: HalfCall, other: HalfCall) -> None:
        """Tell of something that `half` and `other` have in common; without need neither gets a name."""
        if what in self.interest.anywhere:
            self.tell(what, half, other_uuid=self.uuid_of(other))
        else:
            self.tell(what, half)

    def warn(self, half: HalfCall, text: str) -> None:
        """Tell the operator of a mistake."""
        self._log(Line("warning", "!", half.reference, text))

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

    # --- inside

    def _tell_states(self, channel: Channel, wanted: frozenset[Happening]) -> None:
        """Tell what is another state now than was told."""
        if STATES.isdisjoint(wanted):
            return
        state, call = self._states.get(channel.uuid, ("", "DOWN"))
        now = channel.state, channel.call_state
        if now == (state, call):
            return
        self._states[channel.uuid] = now
        if now[0] != state and Happening.CHANNEL_STATE in wanted:
            self.events.append(ChannelEvent(Happening.CHANNEL_STATE, self.now, channel))
        if now[1] != call and Happening.CHANNEL_CALLSTATE in wanted:
            self.events.append(ChannelEvent(Happening.CHANNEL_CALLSTATE, self.now, channel, {"original": call}))

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
        session = self.session_of(half)
        talks = other is not None and not other.is_application and call is not None and call.answer_time is not None
        current = None if session is None else session.current
        end = self._ends.get(half)
        if half.released:
            state = "hangup"
        elif talks:
            state = "bridged"
        elif current is not None and current.application == "park":
            state = "parked"
        elif session is not None and session.origination is None:
            state = "executing"
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
            codec=self.codec_of(half),
        )

    def _new_uuid(self) -> str:
        return str(
            uuid.UUID(
                bytes=blake2b(self._token().encode() + self._token().encode(), digest_size=16).digest(), version=4
            )
        )


def _end_data(release: Release) -> dict[str, str]:
    return {
        "cause": str(int(release.cause)),
        "cause_name": name_of(release.cause),
        "location": str(int(release.location)),
        "diagnostic": release.diagnostic,
    }


_KNOWN: Final[dict[str, Callable[[Channels, HalfCall], str]]] = {
    "uuid": lambda board, half: board.uuid_of(half),
    "call_uuid": lambda board, half: board.uuid_of(half),
    "caller_id_number": lambda board, half: half.leg.calling,
    "destination_number": lambda board, half: half.leg.called,
    "channel_name": lambda board, half: f"{half.leg.protocol}/{half.trunk.name}/{half.leg.called}",
    "direction": lambda board, half: "inbound" if half.incoming else "outbound",
    "trunk": lambda board, half: half.trunk.name,
}
