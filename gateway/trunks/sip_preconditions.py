"""Preconditions of a SIP call and the rest of the call (RFC 3312, Q.1912.5 profile A).

From a peer whose own part is not reserved yet the call is taken with a reliable 183 and goes on as
`continuity_pending`: nobody is called, or an ISUP exchange gets an IAM that says so, until UPDATE or PRACK tells that
the last mandatory precondition is met. Towards a peer we offer our own part, and confirm it with UPDATE where it was
not ready at once. The clauses of Q.1912.5 are recalled.
"""

from __future__ import annotations

from typing import Final

from tandem.core.cause import Cause, Location
from tandem.core.timers import TimerTable
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Continuity, Release
from tandem.gateway.sip.message import Response
from tandem.gateway.sip.preconditions import OPTION
from tandem.gateway.trunks.sip_overlap import SipOverlap
from tandem.gateway.trunks.sip_session import Session

#: The description that a message carries has mandatory preconditions (RFC 3312 11).
_REQUIRE: Final = (("Require", OPTION),)
_GLARE: Final = 491
#: RFC 3261 14.1: whoever made the Call-ID waits between 2.1 and 4 s after glare, the other side less than that.
_GLARE_SECONDS: Final = 2.1


class SipPreconditions(SipOverlap):
    """What becomes of preconditions once a call has begun."""

    _confirm_timers: TimerTable[int]
    """When to confirm again after glare, by call of the agent."""

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """End the call."""
        raise NotImplementedError

    # --- of the peer that calls

    def suspend(self, session: Session, now: float) -> None:
        """The offer had preconditions: the answer goes at once, as its writer may wait for it (RFC 3312 7)."""
        half = session.half
        if session.preconditions is not None and not half.released and not session.answered:
            self.agent.respond(half.handle, 183, None, _REQUIRE, session.local, now=now)

    def go_on(self, session: Session, now: float) -> None:
        """The peer has described its session again: the call goes on when nothing is missing any more."""
        table = session.preconditions
        if session.suspended and (table is None or not table.missing):
            session.suspended = False
            self._control.event(session.half, Continuity(), now)

    # --- towards the peer that is called

    def way_complete(self, session: Session, now: float) -> None:
        """What lies before us is ready now, and so is our part."""
        if session.preconditions is not None and not session.preconditions.ready:
            session.preconditions = session.preconditions.made_ready()
            session.unconfirmed = True
            self.confirm(session, now)

    def confirm(self, session: Session, now: float) -> None:
        """Tell the peer that our part is ready: every early dialog there is, one after another (RFC 3311 5.1)."""
        if not session.unconfirmed or session.answered or session.confirming:
            return
        if self._confirm_timers.is_running(session.half.handle):
            return
        before = session.local, session.version, session.offering
        if self.agent.update(session.half.handle, self._media.offer(session), _REQUIRE, now, session.told):
            session.confirming = True
        else:
            session.local, session.version, session.offering = before

    def confirm_again(self, now: float) -> None:
        """Act on expired timers."""
        for call in self._confirm_timers.expired(now):
            if (session := self._sessions.get(call)) is not None:
                self.confirm(session, now)

    @staticmethod
    def is_unsettled(session: Session) -> bool:
        """Whether either part is not reserved, or ours is and the peer has not said that it knows."""
        table = session.preconditions
        unknown = session.confirming or (session.unconfirmed and not any(session.told.values()))
        return table is not None and (bool(table.missing) or unknown)

    def confirmed(self, session: Session, status: int, response: Response | None, now: float) -> None:
        """How that UPDATE ended: after glare it is sent again.

        Any other refusal is that of one place of a fork; the call ends when no place is left that knows.
        """
        session.confirming = False
        tag = "" if response is None else response.to.tag or ""
        if status == _GLARE:
            self._confirm_timers.start(session.half.handle, now + _GLARE_SECONDS)
            return
        session.told[tag] = status < 300
        if status < 300 and response is not None:
            answer = self._media.read_answer(session, response.session)
            if answer is not None:
                session.early[tag] = answer
        self.confirm(session, now)
        if not session.confirming and not any(session.told.values()):
            cause = Cause.RECOVERY_ON_TIMER_EXPIRY if response is None else Cause.INTERWORKING_UNSPECIFIED
            reason = Release(cause, Location.BEYOND_INTERWORKING, "SIP: the preconditions could not be confirmed")
            self.release(session.half, reason, now)
            self._control.event(session.half, reason, now)
