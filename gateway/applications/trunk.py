"""Applications as a trunk: what a route, a transfer or an originate ends at where it does not end at a peer.

Call control is never called back while it calls: what it says waits until `settle`.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from tandem.core.cause import Cause
from tandem.core.timers import Agenda, TimerTable
from tandem.gateway.applications.session import Begin, Digit, End, Expired, Input, Interrupt, Program, Session
from tandem.gateway.calls.actions import APPLICATIONS, Action
from tandem.gateway.calls.half_call import ApplicationPeer, HalfCall
from tandem.gateway.calls.model import Answer, Dtmf, Primitive, Release, Setup

if TYPE_CHECKING:
    from tandem.gateway.applications.origination import Origination
    from tandem.gateway.applications.referral import Referral
    from tandem.gateway.applications.switchboard import Switchboard

_OVER = Release(Cause.NORMAL_CALL_CLEARING)


class ApplicationTrunk(ApplicationPeer):
    """All application half-calls."""

    name = APPLICATIONS
    is_circuit = False
    takes_digits = True
    needs_ringback = True
    """Nothing is heard of an application that rings."""

    def __init__(self, board: Switchboard) -> None:
        """`board` carries out what the actions want."""
        self._board = board
        self.sessions: dict[int, Session] = {}
        """By handle of the half-call."""
        self.waiting: deque[tuple[Session, Begin | End | Primitive]] = deque()
        self._timers: TimerTable[int] = TimerTable()
        self._count = 0

    # --- what call control asks (Trunk)

    def offer(self, half: HalfCall, setup: Setup, now: float) -> Release | None:
        """Begin to do what the attempt says."""
        session = self._adopt(half)
        attempt = None if half.call is None else half.call.attempt
        session.actions.extend(() if attempt is None else attempt.actions)
        self.waiting.append((session, Begin()))
        return None

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """The channel says something."""
        if (session := self.sessions.get(half.handle)) is not None:
            self.waiting.append((session, primitive))

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """The channel ends, or is joined to another one: what it hears of the application stops at once."""
        if (session := self.sessions.get(half.handle)) is not None:
            self._stop(session, now)
            self.waiting.append((session, End(release)))

    # --- what the switchboard asks

    def call(self, origination: Origination | Referral, variables: dict[str, str]) -> Session:
        """A half-call that is to call a leg for `origination`."""
        session = self._adopt(HalfCall(self, incoming=True))
        session.origination = origination
        session.half.variables = variables
        return session

    def hang_up(self, session: Session, release: Release, now: float) -> None:
        """Release from the side of the application."""
        if session.half.released:
            return
        self._stop(session, now)
        half = session.half
        self._board.control.event(half, release, now)
        self.waiting.append((session, End(release)))

    def run(self, session: Session, actions: list[Action], now: float) -> None:
        """Have `actions` done by a session whose leg has answered."""
        session.actions.extend(actions)
        self._advance(session, now)

    def interrupt(self, session: Session, actions: list[Action], now: float) -> None:
        """Have `actions` done now and not what waits; a channel that was parked is parked again afterwards.

        One that a program has over a socket is parked between the commands of that program.
        """
        parked = session.current is not None and session.current.application in ("park", "socket")
        session.actions.extendleft(reversed([*actions, Action("park")] if parked else actions))
        if parked:
            self.feed(session, Interrupt(), now)

    def session_of(self, half: HalfCall) -> Session | None:
        """What serves the channel `half`."""
        other = half.other
        return None if other is None or not other.is_application else self.sessions.get(other.handle)

    def feed(self, session: Session, happened: Input, now: float) -> None:
        """Let the action that is being done know what happened."""
        program = session.program
        if program is None or session.ended:
            return
        try:
            wait = program.send(happened)
        except StopIteration as stopped:
            self._completed(session, stopped.value, now)
            self._advance(session, now)
        else:
            self._wait(session, program, wait, now)

    # --- the owner

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._timers.share(agenda)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return self._timers.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        for handle in self._timers.expired(now):
            if (session := self.sessions.get(handle)) is not None:
                self.feed(session, Expired(), now)

    def settle(self, now: float) -> bool:
        """Act on what call control said; True when it said anything."""
        moved = bool(self.waiting)
        while self.waiting:
            session, said = self.waiting.popleft()
            self._take(session, said, now)
        return moved

    # --- inside

    def _adopt(self, half: HalfCall) -> Session:
        self._count += 1
        half.handle, half.reference = self._count, f"{self.name}/{self._count}"
        half.leg.protocol = self.name
        session = self.sessions[self._count] = Session(half)
        return session

    def _take(self, session: Session, said: Begin | End | Primitive, now: float) -> None:
        match said:
            case End(release=release):
                if self.sessions.pop(session.half.handle, None) is None:
                    return
                origination, session.origination = session.origination, None
                self._board.control.cleared(session.half, now)
                if origination is not None:
                    origination.leg_ended(session, release, now)
            case Begin() if not session.ended:
                channel = session.channel
                if channel is not None and channel.answered:
                    self._board.control.event(session.half, Answer(), now)
                self._advance(session, now)
            case Dtmf(digit=digit) if not session.ended:
                session.digits += digit
                self.feed(session, Digit(digit), now)
            case _ if session.origination is not None and not session.ended:
                session.origination.leg_progressed(session, said, now)  # type: ignore[arg-type]

    def _stop(self, session: Session, now: float) -> None:
        session.ended = True
        self._timers.stop(session.half.handle)
        program, session.program = session.program, None
        self._board.stop_media(session)
        if program is not None:
            with suppress(ValueError):  # it is what ends the session: `_wait` closes it
                program.close()
        if session.current is not None:
            self._completed(session, "", now)

    def _advance(self, session: Session, now: float) -> None:
        """Do one action after another until one takes its time."""
        board = self._board
        while not session.ended and session.program is None:
            if not session.actions:
                self.hang_up(session, _OVER, now)
                return
            action = session.current = session.actions.popleft()
            session.program = board.begin_action(session, action, now)
            if session.program is None:
                continue
            program = session.program
            try:
                wait = next(program)
            except StopIteration as stopped:
                self._completed(session, stopped.value, now)
            else:
                self._wait(session, program, wait, now)

    def _wait(self, session: Session, program: Program, seconds: float | None, now: float) -> None:
        if session.ended:  # what it did ended it
            program.close()
        elif seconds is None:
            self._timers.stop(session.half.handle)
        else:
            self._timers.start(session.half.handle, now + seconds)

    def _completed(self, session: Session, response: str, now: float) -> None:
        action, session.current, session.program = session.current, None, None
        self._timers.stop(session.half.handle)
        if action is not None:
            self._board.action_completed(session, action, response, now)
