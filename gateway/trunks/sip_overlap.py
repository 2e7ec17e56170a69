"""Numbers that come digit by digit, in SIP (RFC 3578): one INVITE after another for the same call.

Each INVITE has all digits so far in Request-URI and To, and the Call-ID and From tag of the first, by which the peer
knows that they belong together (3.2); where ISUP is carried, an IAM with the same digits too. The one before is not
cancelled: the peer refuses it with 484 (3.4). The first that gets a provisional response above 100 or an answer is the
call, all others are given up (3.3).

The other way round a further INVITE brings further digits, and the INVITE before it is refused with 484 (3.5). What
is sent when a peer will not have the digits so far is 484 too. The text of RFC 3578 was not at hand: its rules and
clauses are recalled.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from tandem.core.cause import Cause, Location
from tandem.core.errors import EncodeError
from tandem.core.timers import TimerTable
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Information, Primitive, Release, Setup
from tandem.gateway.log import Line
from tandem.gateway.sip.message import Request
from tandem.gateway.sip.primitives import Answered, CallOutput, Closed, IncomingInvite, Provisional
from tandem.gateway.trunks.rules import Rules
from tandem.gateway.trunks.sip_digits import SipDigits
from tandem.gateway.trunks.sip_identity import identity_of
from tandem.gateway.trunks.sip_isup import digits_of, number_ends
from tandem.gateway.trunks.sip_port import SipTrunkPort
from tandem.gateway.trunks.sip_session import STATUSES, Session, Verdict
from tandem.ss7.isup.messages import Message as IsupMessage

#: Seconds that more digits are waited for when the last INVITE has got 484 (TOIW3 of Q.1912.5, 4 to 6 s; recalled).
WAIT_SECONDS: Final = 4.0
#: The sequence number of the next INVITE is so much higher, to leave room for answers to challenges (RFC 3261 22.2).
_SEQUENCE_STEP: Final = 10
ADDRESS_INCOMPLETE: Final = 484


class SipOverlap(SipDigits):
    """Further digits to and from SIP peers."""

    _country_code: str
    _rules: Rules
    _overlaid: dict[int, Session]
    """Calls of the agent that another INVITE has taken the place of, until they are over."""
    _digit_timers: TimerTable[int]
    """TOIW3, by RTP leg."""
    _callers: dict[tuple[str, str], Session]
    """Unanswered calls of peers that may send further INVITEs."""

    def why_no_call(self, port: SipTrunkPort) -> str:
        """Why the engine of a trunk takes no further call; empty where it does."""
        raise NotImplementedError

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """Tell the peer what the other side of the call does."""
        raise NotImplementedError

    # --- towards a peer

    def more_digits(self, session: Session, more: Information, now: float) -> None:
        """Send another INVITE, or INFO, with the digits that have come; none when the peer has enough."""
        setup = session.offered
        if setup is None or session.request is None or session.early or session.answered or session.settled:
            return
        if setup.complete and not more.digits:
            return  # that is known
        session.offered = setup = replace(
            setup, called=replace(setup.called, digits=setup.called.digits + more.digits), complete=more.complete
        )
        if self.trunks[session.trunk.name].digits_in_info and not session.refused:
            self.digits_on(session, more, now)
        elif more.digits:
            self._invite_again(session, setup, now)
        elif session.refused:
            self._incomplete(session, now)

    def _invite_again(self, session: Session, setup: Setup, now: float) -> None:
        assert session.request is not None  # the caller has looked
        port, request = self.trunks[session.trunk.name], session.request
        if why := self.why_no_call(port):
            # PJSIP has a place for each INVITE; the one before has one still.
            self._log(Line("warning", "!", session.half.reference, f"further digits cannot be sent: {why}"))
            return
        host = port.host or request.destination[0]
        parties = identity_of(
            setup, session.trunk, host, session.uri_port, self._domain, self._country_code, self._rules
        )
        request = replace(request, uri=parties.uri, to_uri=parties.to_uri, sequence=request.sequence + _SEQUENCE_STEP)
        try:
            if port.encapsulation is not None:
                part = port.encapsulation.initial(setup, self._country_code)
                content_type, body = port.encapsulation.body(request.session or None, part, self._token())
                request = replace(request, content_type=content_type, body=body)
            call = self.agent.invite(request, now)
        except EncodeError as error:
            # Too long for a datagram or an IAM: the digits so far must do.
            self._log(Line("warning", "!", session.half.reference, f"further digits cannot be sent: {error}"))
            return
        session.request = request
        session.untold, session.telling = None, False
        self._digit_timers.stop(session.leg)
        gone, session.refused = session.refused, False
        before = session.half.handle
        self._renumber(session, call, request)
        if not gone:
            self._overlaid[before] = session

    def refused_as_incomplete(self, session: Session, status: int, now: float) -> bool:
        """The last INVITE got `status`: whether more digits are waited for (3.3)."""
        if status != ADDRESS_INCOMPLETE or session.offered is None or session.offered.complete:
            return False
        session.refused = True
        self._digit_timers.start(session.leg, now + WAIT_SECONDS)
        if session.untold is not None or session.telling:
            # The peer has not had the last digits, and collects none in INFO.
            self._invite_again(session, session.offered, now)
        return True

    def _incomplete(self, session: Session, now: float) -> None:
        """No more digits will come for a number that the peer holds to be too short."""
        half = session.half
        self.abandon(session, now)
        reason = Release(Cause.INVALID_NUMBER_FORMAT, Location.BEYOND_INTERWORKING)
        self._control.event(half, reason, now)
        self._control.cleared(half, now)

    def abandon(self, session: Session, now: float) -> None:
        """A session without an INVITE ends."""
        self._digit_timers.stop(session.leg)
        self._media.close(session)
        self._sessions.pop(session.half.handle, None)
        self._by_leg.pop(session.leg, None)
        self.trunks[session.trunk.name].calls -= 1

    def end_overlaid(self, session: Session, now: float) -> None:
        """Give up every INVITE of a call but the one that counts (3.4)."""
        for call in [number for number, known in self._overlaid.items() if known is session]:
            self.agent.end(call, 487, (), now)

    def overlaid(self, session: Session, output: CallOutput, now: float) -> None:
        """Something came for an INVITE that was replaced by another with more digits."""
        match output:
            case Provisional(status=status, call=call) if status > 100 and not session.settled:
                self._settle_on(session, call, now)
                self._handle(output, now)
            case Answered(call=call) if not session.answered and not session.half.released:
                self._settle_on(session, call, now)
                self._handle(output, now)
            case Answered(call=call, offer=offer):
                if offer:
                    self.agent.acknowledge(call, None, now)
                self.agent.bye(call, (), now)
            case Closed(call=call):
                del self._overlaid[call]

    def _settle_on(self, session: Session, call: int, now: float) -> None:
        """The peer goes on with this INVITE: its digits were enough. All others are given up."""
        before = session.half.handle
        del self._overlaid[call]
        if session.request is not None:
            self._renumber(session, call, session.request)
        if not session.refused:
            self._overlaid[before] = session
        session.refused = False
        self.settle_digits(session, now)

    def settle_digits(self, session: Session, now: float) -> None:
        """The INVITE that counts has been taken: no more are sent."""
        if session.offered is not None and not session.settled:
            session.settled = True
            self._digit_timers.stop(session.leg)
            self.end_overlaid(session, now)

    def digits_missing(self, now: float) -> None:
        """Act on expired timers: TOIW3."""
        for leg in self._digit_timers.expired(now):
            session = self._sessions.get(self._by_leg.get(leg, -1))
            if session is not None and session.refused:
                self._incomplete(session, now)

    # --- from a peer

    def further_invite(
        self, port: SipTrunkPort, output: IncomingInvite, setup: Setup, isup: IsupMessage | None, now: float
    ) -> bool:
        """An INVITE that is more of a call in hand: its digits go on, and the one before gets 484 (3.5).

        False when it is a call of its own: of none before, or of one to a side that takes whole numbers only, which
        is given up. Where ISUP is carried the digits may be in its SAM alone, and the end of the number in either.
        """
        session = self._callers.get(_caller(output.request))
        known = None if session is None else session.offered
        if session is None or known is None or session.answered or session.half.released:
            return False
        half, before = session.half, session.half.handle
        sam = None if isup is None else digits_of(isup)
        if sam is not None and setup.called.digits == known.called.digits:
            setup = replace(setup, called=replace(setup.called, digits=setup.called.digits + sam.digits))
        more = setup.called.digits.removeprefix(known.called.digits)
        longer = 0 < len(more) < len(setup.called.digits) and setup.called.nature is known.called.nature
        if half.trunk is not port or not longer:
            return False
        if known.complete:
            self.agent.respond(before, ADDRESS_INCOMPLETE, now=now)
            self._media.close(session)
            self._control.event(half, Release(Cause.INVALID_NUMBER_FORMAT, Location.BEYOND_INTERWORKING), now)
            return False
        if output.body and (verdict := self._media.take_offer(session, output.body)) is not Verdict.AGREED:
            self.agent.respond(output.call, STATUSES[verdict], now=now)
            return True
        del self._sessions[before]
        half.handle = output.call
        self._sessions[output.call], self._by_leg[session.leg] = session, output.call
        self.agent.respond(before, ADDRESS_INCOMPLETE, now=now)
        complete = isup is not None and (number_ends(isup) if sam is None else sam.complete)
        session.offered = replace(known, called=setup.called, complete=complete)
        self._control.event(half, Information(more, complete), now)
        if session.said is not None and not half.released:
            self.send(half, session.said, now)
        return True

    def digits_in_info(self, session: Session, more: Information, now: float) -> None:
        """Further digits of a number that was not whole; ones that come too late are of no use."""
        known, half = session.offered, session.half
        if known is None or known.complete or session.caller is None or half.released:
            return
        if session.said is not None or session.answered:
            return
        called = replace(known.called, digits=known.called.digits + more.digits)
        session.offered = replace(known, called=called, complete=more.complete)
        self._control.event(half, more, now)

    def note_caller(self, session: Session, request: Request, setup: Setup) -> None:
        """Remember whose further INVITEs may bring further digits."""
        session.offered, session.caller = setup, _caller(request)
        self._callers[session.caller] = session

    def forget_caller(self, session: Session) -> None:
        """The call is over."""
        if session.caller is not None and self._callers.get(session.caller) is session:
            del self._callers[session.caller]


def _caller(request: Request) -> tuple[str, str]:
    """What the INVITEs of one call share: Call-ID and From tag."""
    return request.call_id, request.from_.tag or ""
