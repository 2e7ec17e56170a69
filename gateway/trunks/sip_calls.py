"""What happens in a SIP call, told to call control, and what call control says, told to the peer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec
from msgspec.structs import replace

from tandem.core.cause import Cause, Location
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.interworking import CauseMap
from tandem.gateway.calls.model import (
    Alerting,
    Answer,
    Continuity,
    Diversion,
    Dtmf,
    Hold,
    Information,
    Number,
    Primitive,
    Progress,
    Release,
    Resume,
    Retrieve,
    Suspend,
    Transparent,
)
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.message import Message as SipMessage
from tandem.gateway.sip.message import Response, retry_after
from tandem.gateway.sip.multipart import Part
from tandem.gateway.sip.primitives import (
    Answered,
    CallOutput,
    Cancelled,
    Closed,
    Confirmed,
    Credentials,
    Ended,
    Failed,
    InfoReceived,
    InfoResult,
    ProbeResult,
    Provisional,
    ProvisionalConfirmed,
    Refer,
    Refreshed,
    ReInvite,
    ReInviteConfirmed,
    ReInviteResult,
    Rejected,
    SessionOffered,
    StreamMeasured,
    UpdateResult,
)
from tandem.gateway.sip.standing import SentInvite, Standing
from tandem.gateway.trunks import sip_access, sip_early, sip_info, sip_refer
from tandem.gateway.trunks import sip_mapping as mapping
from tandem.gateway.trunks.isup_mapping import primitive_from
from tandem.gateway.trunks.rules import Means
from tandem.gateway.trunks.sip_access import with_access
from tandem.gateway.trunks.sip_attempts import GLOBAL_FAILURE, REDIRECTIONS
from tandem.gateway.trunks.sip_digits import further_digits
from tandem.gateway.trunks.sip_direct import has_own_media
from tandem.gateway.trunks.sip_forks import best
from tandem.gateway.trunks.sip_identity import connected_headers, connected_of
from tandem.gateway.trunks.sip_isup import digits_of, information_of, release_of
from tandem.gateway.trunks.sip_port import SipTrunkPort
from tandem.gateway.trunks.sip_preconditions import SipPreconditions
from tandem.gateway.trunks.sip_session import STATUSES, Session, Verdict
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.messages import Message as IsupMessage

#: INFO that carries an ISUP message and nothing else.
_SIGNAL = (("Content-Disposition", "signal;handling=required"),)
#: Final responses of a peer that takes no RTP/SAVP.
_NO_SRTP = (415, 488, 606)
_SESSION_PROGRESS = 183
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(list[Standing])


class SipCalls(SipPreconditions):
    """Calls once they have begun; `SipTrunks` begins them."""

    _causes: CauseMap
    _country_code: str

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """Tell the caller of progress, alerting or answer; either party of hold, and of digits."""
        session = self._sessions.get(half.handle)
        if session is not None and primitive.__class__ in self._SENDERS:
            self._SENDERS[primitive.__class__](self, session, primitive, now)

    def _send_progress(self, session: Session, primitive: Alerting | Progress, now: float) -> None:
        if not session.answered:
            session.said = primitive
            self._provisional(session, primitive, now)

    def _send_digits(self, session: Session, primitive: Information, now: float) -> None:
        self.more_digits(session, primitive, now)

    def _send_continuity(self, session: Session, primitive: Continuity, now: float) -> None:
        self.way_complete(session, now)

    def _send_answer(self, session: Session, primitive: Answer, now: float) -> None:
        if session.answered:
            return
        session.answered = True
        if session.description is None and not session.offering:
            self._media.offer(session)
        if session.preconditions is not None:
            session.preconditions = session.preconditions.settled()
        headers = connected_headers(primitive.connected, session.trunk, self._domain, self._country_code)
        headers += sip_access.headers(primitive.opaque)
        part = self._part(session, primitive)
        self.agent.respond(session.half.handle, 200, None, headers, session.local, part, now=now)

    def _send_transparent(self, session: Session, primitive: Transparent | Suspend | Resume, now: float) -> None:
        self._informed(session, primitive, now)

    def _send_hold(self, session: Session, primitive: Hold | Retrieve, now: float) -> None:
        holding = isinstance(primitive, Hold)
        if not self._informed(session, primitive, now) and session.answered and (holding or session.holding):
            session.holding = holding
            self.agent.modify(session.half.handle, self._media.offer(session), (), now)

    def _send_dtmf(self, session: Session, primitive: Dtmf, now: float) -> None:
        if session.answered and session.trunk.digits != "events":
            content_type, body = sip_info.digit_body(session.trunk.digits, primitive.digit, primitive.duration_ms)
            self.agent.send_info(session.half.handle, content_type, body, (), now)

    _SENDERS: ClassVar[dict[type, Callable[[Any, Session, Any, float], None]]] = {
        Alerting: _send_progress,
        Progress: _send_progress,
        Information: _send_digits,
        Continuity: _send_continuity,
        Answer: _send_answer,
        Transparent: _send_transparent,
        Suspend: _send_transparent,
        Resume: _send_transparent,
        Hold: _send_hold,
        Retrieve: _send_hold,
        Dtmf: _send_dtmf,
    }

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """End the call in whatever state it is, with the status or Reason of the cause."""
        session = self._sessions.get(half.handle)
        if session is None:
            return
        if session.refused:
            self.abandon(session, now)
            self._control.cleared(half, now)
            return
        session.given_up = True
        if session.offered is not None:
            self.settle_digits(session, now)
        status = mapping.status_of(release, self._causes)
        encapsulation = self.trunks[session.trunk.name].encapsulation
        part = None if encapsulation is None else encapsulation.release(release)
        headers = (*mapping.reason_headers(release, session.trunk), *sip_access.headers(release.opaque))
        self.agent.end(half.handle, status, headers, now, part)
        if session.branches:
            self.end_branches(session, headers, now)
        if has_own_media(session.trunk):  # else what the other engine measured comes first, then the record
            self._media.close(session)

    def farewell(self, half: HalfCall) -> msgspec.Raw | None:
        """What a later process needs to end the call at its peer; None when nothing stands there."""
        session = self._sessions.get(half.handle)
        if session is None:
            return None
        standing = self.agent.standing(half.handle)
        if session.branches:
            each = [standing, *(self.agent.standing(call) for call in session.branches)]
            left = [one for one in each if one is not None]
            return msgspec.Raw(_ENCODER.encode(left)) if left else None
        if standing is None:
            return None
        if session.farewell is None or session.farewell[0] is not standing:
            session.farewell = standing, msgspec.Raw(_ENCODER.encode([standing]))
        return session.farewell[1]

    def bid_farewell(self, port: SipTrunkPort, what: msgspec.Raw, release: Release, now: float) -> None:
        """Send BYE, CANCEL or a refusal for what an earlier process left; raise TandemError when it is broken."""
        try:
            left = _DECODER.decode(what)
        except msgspec.MsgspecError as error:
            raise SipDecodeError(f"what was kept of it is of another version: {error}") from None
        self.end_standing(port, left, release, now)

    def end_standing(self, port: SipTrunkPort, left: list[Standing], release: Release, now: float) -> None:
        """Send BYE, CANCEL or a refusal for each of what was left; raise SipDecodeError when it is broken."""
        trunk = port.configuration
        status = mapping.status_of(release, self._causes)
        headers = mapping.reason_headers(release, trunk)
        credentials = Credentials(trunk.user, trunk.password) if trunk.user else None
        part = None if port.encapsulation is None else port.encapsulation.release(release)
        for standing in left:
            with_part = None if isinstance(standing, SentInvite) else part
            self.agent.end_standing(standing, status, headers, credentials, now, with_part)

    def _provisional(self, session: Session, primitive: Alerting | Progress, now: float) -> None:
        """180 or 183, with SDP where there is something to hear, and where it must have our offer (RFC 3261 13.2.1)."""
        half = session.half
        status = self._rules.response_sip[Means.ALERTING if isinstance(primitive, Alerting) else Means.PROGRESS]
        if session.description is None and not session.offering and self.agent.is_reliable(half.handle):
            self._media.offer(session)
        early = primitive.inband and session.trunk.early_media and session.description is not None
        half.hears_early = half.hears_early or early
        body = session.local if early or session.offering else None
        headers = (*sip_early.response_headers(session, early), *sip_access.headers(primitive.opaque))
        self.agent.respond(half.handle, status, None, headers, body, self._part(session, primitive), now=now)

    def _part(self, session: Session, primitive: Primitive) -> Part | None:
        """The ISUP message for a primitive, where the trunk carries ISUP."""
        encapsulation = self.trunks[session.trunk.name].encapsulation
        found = None if encapsulation is None else encapsulation.backward(primitive, session.complete)
        if found is None:
            return None
        session.complete = session.complete or found[0] in (MessageType.ACM, MessageType.CON)
        return found[1]

    def _informed(self, session: Session, primitive: Primitive, now: float) -> bool:
        """Send what ISUP alone says in INFO, where the trunk carries it; False when it is to be told in SIP's way."""
        encapsulation = self.trunks[session.trunk.name].encapsulation
        if isinstance(primitive, Transparent):
            part = None if encapsulation is None else encapsulation.transparent(primitive)
        elif isinstance(primitive, Hold | Retrieve) and not primitive.opaque:
            return False
        else:
            part = self._part(session, primitive)
        if part is not None and encapsulation is not None:
            self.agent.send_info(session.half.handle, encapsulation.content_type(), part.body, _SIGNAL, now)
        return part is not None or isinstance(primitive, Transparent | Suspend | Resume)

    def _handle(self, output: CallOutput, now: float) -> None:
        session = self._sessions.get(output.call)
        if session is not None:
            self._HANDLERS[output.__class__](self, session, output, now)
        elif (replaced := self._overlaid.get(output.call)) is not None:
            self.overlaid(replaced, output, now)
        elif (beside := self._forked.get(output.call)) is not None:
            self.forked(beside, output, now)

    def _on_provisional(self, session: Session, output: Provisional, now: float) -> None:
        if output.status > 100:
            self._progress(session, output, now)

    def _on_answered(self, session: Session, output: Answered, now: float) -> None:
        if session.branches or session.failures:
            self.answered_here(session, now)
        self._answered(session, output, now)

    def _on_confirmed(self, session: Session, output: Confirmed, now: float) -> None:
        if output.call < 0:
            # Of a call that PJSIP has answered the tag is known no sooner.
            self._control.renewed(session.half)
        if session.offering and not self._media.take_answer(session, output.message.session):
            self._no_codec(session, now)

    def _on_provisional_confirmed(self, session: Session, output: ProvisionalConfirmed, now: float) -> None:
        if session.offering:
            self._media.take_answer(session, output.body)

    def _on_offer(self, session: Session, output: SessionOffered, now: float) -> None:
        self._control.renewed(session.half)
        self._session_offered(session, output.body, now)

    def _on_refreshed(self, session: Session, output: Refreshed, now: float) -> None:
        self._control.renewed(session.half)
        self._media.take_answer(session, output.body)

    def _on_updated(self, session: Session, output: UpdateResult, now: float) -> None:
        if not session.confirming:
            self._on_reinvited(session, output, now)
            return
        self._control.renewed(session.half)
        self.confirmed(session, output.status, output.message, now)

    def _on_reinvited(self, session: Session, output: ReInviteResult | UpdateResult, now: float) -> None:
        self._control.renewed(session.half)
        response = output.message
        if response is not None and output.status < 300:
            self._media.take_answer(session, response.session)
        session.offering = False

    def _on_probed(self, session: Session, output: ProbeResult, now: float) -> None:
        if not output.alive:
            half = session.half
            reason = Release(Cause.DESTINATION_OUT_OF_ORDER, diagnostic="SIP peer is gone: no RTP, no answer")
            self.release(half, reason, now)
            self._control.event(half, reason, now)

    def _on_refer(self, session: Session, output: Refer, now: float) -> None:
        self.agent.answer_refer(output.call, self._referred(session, output.message, now), now)

    def _on_rejected(self, session: Session, output: Rejected, now: float) -> None:
        if self.refused_as_incomplete(session, output.status, now):
            return
        if not self.others_ring(session, output.status, output.message, now):
            self._failed(session, now)

    def _on_info(self, session: Session, output: InfoReceived, now: float) -> None:
        message = output.message
        isup = self._read(self.trunks[session.trunk.name], message)
        if isup is not None:
            if (digits := digits_of(isup)) is not None:
                self.digits_in_info(session, digits, now)
                return
            self._control.event(session.half, information_of(isup, self._rules), now)
        elif (more := further_digits(message)) is not None:
            self.digits_in_info(session, more, now)
        elif (digit := sip_info.digit_of(message)) is not None:
            self._control.signalled_digit(session.half, digit, now)

    def _on_info_result(self, session: Session, output: InfoResult, now: float) -> None:
        self.digits_told(session, output.status, now)

    def _on_end(self, session: Session, output: Cancelled | Ended, now: float) -> None:
        self._end(session, with_access(self._ending(session, output.message), output.message), now)

    def _on_failed(self, session: Session, output: Failed, now: float) -> None:
        what = output.what
        if session.answered or what not in ("timeout", "transport"):
            self._end(session, _loss(what), now)
        elif not self.others_ring(session, None, None, now):
            self._failed(session, now, what)

    def _on_reinvite(self, session: Session, output: ReInvite, now: float) -> None:
        self._control.renewed(session.half)
        self._reinvite(session, output, now)

    def _on_measured(self, session: Session, output: StreamMeasured, now: float) -> None:
        leg = session.half.leg
        leg.media = leg.media | output.statistics
        if output.final and session.given_up:
            self._media.close(session)

    def _on_reinvite_confirmed(self, session: Session, output: ReInviteConfirmed, now: float) -> None:
        if session.offering:
            self._media.take_answer(session, output.message.session)

    def _on_closed(self, session: Session, output: Closed, now: float) -> None:
        if session.refused:
            return
        if session.caller is not None:
            self.forget_caller(session)
        if session.open:
            self._media.close(session)
        del self._sessions[output.call]
        self._by_leg.pop(session.leg, None)
        self.trunks[session.trunk.name].calls -= 1
        self._control.cleared(session.half, now)

    #: What becomes of each output. Those that refresh the target also tell that the peer may be elsewhere (RFC 3261
    #: 12.2.1.2, RFC 3311 5.1).
    _HANDLERS: ClassVar[dict[type, Callable[[Any, Session, Any, float], None]]] = {
        Provisional: _on_provisional,
        Answered: _on_answered,
        Confirmed: _on_confirmed,
        ProvisionalConfirmed: _on_provisional_confirmed,
        SessionOffered: _on_offer,
        Refreshed: _on_refreshed,
        UpdateResult: _on_updated,
        ReInviteResult: _on_reinvited,
        ProbeResult: _on_probed,
        Refer: _on_refer,
        Rejected: _on_rejected,
        InfoReceived: _on_info,
        InfoResult: _on_info_result,
        Cancelled: _on_end,
        Ended: _on_end,
        Failed: _on_failed,
        ReInvite: _on_reinvite,
        StreamMeasured: _on_measured,
        ReInviteConfirmed: _on_reinvite_confirmed,
        Closed: _on_closed,
    }

    def _failed(self, session: Session, now: float, what: str = "timeout") -> None:
        """Every INVITE of the call has failed: call elsewhere, or tell why. `what`: where the last had no response."""
        failure = best(session.failures)
        status, response = failure.status, failure.response
        session.failures.clear()
        if session.given_up:
            self._end(session, _loss(what), now)
            return
        if status is None or response is None:
            if not self._try_elsewhere(session, None, now) and not self._follow(session, None, now):
                self._end(session, _loss(what), now)
            return
        if status in REDIRECTIONS and self._follow(session, response, now):
            return
        if status in _NO_SRTP and self._plainly(session, now):
            return
        if self._try_elsewhere(session, status, now, retry_after(response)):
            return
        if status < GLOBAL_FAILURE and self._follow(session, None, now):
            return
        release = with_access(self._rejection(session, status, response), response)
        if status in REDIRECTIONS and session.trunk.redirects == "follow":
            release = replace(release, diversion=self._diversion(session, response))
        self._end(session, release, now)

    def _diversion(self, session: Session, response: Response) -> Diversion | None:
        """The number at this gateway itself that a 3xx names first; None without one."""
        half = session.half
        here = next((text for text in sip_early.contacts(response, ()) if self.is_here(text)), None)
        number = None if here is None else self.number_here(here)
        if number is None:
            return None
        alerted = half.call is not None and half.call.alerting_time is not None
        return Diversion(number, session.trunk.name, 4 if alerted else 5)

    def number_here(self, uri: str) -> Number | None:
        """The number that a URI at this gateway means."""
        raise NotImplementedError

    def _referred(self, session: Session, message: SipMessage, now: float) -> int:
        """The peer asks for a transfer: the status to answer with (RFC 3515 2.4.2)."""
        transferrer = self._control.transferrer
        if session.trunk.refer == "refuse" or transferrer is None:
            return 603
        wish = sip_refer.wish_of(message)
        if wish is None:
            return 400
        replaced = None
        if wish.replaces is not None:
            call = self.agent.find_dialog(wish.replaces.call_id, wish.replaces.tags)
            other = None if call is None else self._sessions.get(call)
            if other is None or other is session or other.trunk is not session.trunk:
                return 404  # the target's own dialogs are not ours to reach
            replaced = other.half
        handle = session.half.handle

        def tell(primitive: Primitive, now: float) -> None:
            if (line := sip_refer.status_line(primitive, self._causes)) is not None:
                self.agent.notify_refer(handle, *line, now)

        if not transferrer.refer(session.half, wish.number, replaced, tell, now):
            return 603
        self.agent.answer_refer(handle, 202, now)
        self.agent.notify_refer(handle, "SIP/2.0 100 Trying", False, now)
        return 202

    def _end(self, session: Session, release: Release, now: float) -> None:
        if session.offered is not None:
            self.settle_digits(session, now)
        self._media.close(session)
        self._control.event(session.half, release, now)

    def _read(self, port: SipTrunkPort, message: SipMessage) -> IsupMessage | None:
        """The ISUP message in a SIP message."""
        return None if port.encapsulation is None or not message.body else port.encapsulation.read(message)

    def _ending(self, session: Session, message: SipMessage) -> Release:
        """Why the peer ends the call: its REL, else its Reason."""
        isup = self._read(self.trunks[session.trunk.name], message)
        said = None if isup is None else release_of(isup)
        return said or mapping.release_of_request(message, self._causes, session.trunk.obey_reason)

    def _rejection(self, session: Session, status: int, response: Response) -> Release:
        """Why the peer refused: its REL, else its Reason, else the status."""
        isup = self._read(self.trunks[session.trunk.name], response)
        said = None if isup is None else release_of(isup)
        return said or mapping.release_of_rejection(status, response, self._causes, session.trunk.obey_reason)

    def _no_codec(self, session: Session, now: float) -> None:
        reason = Release(Cause.BEARER_CAPABILITY_NOT_IMPLEMENTED, Location.BEYOND_INTERWORKING, "no codec")
        self.release(session.half, reason, now)
        self._control.event(session.half, reason, now)

    def _progress(self, session: Session, output: Provisional, now: float) -> None:
        """A provisional response; early media once begun goes on, whatever later responses carry (RFC 3960 3.2)."""
        tag, status = output.to_tag or "", output.status
        if status == 199:
            # RFC 6228: this early dialog is over; what others gave still holds.
            session.early.pop(tag, None)
            return
        if session.offered is not None:
            if self.only_collects(session, output, now):
                return
            self.settle_digits(session, now)
        if output.offer:
            verdict = self._media.take_offer(session, output.body)
            if verdict is not Verdict.AGREED:
                self._no_codec(session, now)
                return
            self.agent.prack(output.call, tag, session.local, now)
        else:
            answer = self._media.read_answer(session, output.body)
            if answer is not None:
                session.early[tag] = answer
        if session.unconfirmed:
            self.confirm(session, now)
        if status == _SESSION_PROGRESS and self.is_unsettled(session):
            return  # it answers the offer, and says nothing of how the call goes
        heard = sip_early.may_hear(session, output)
        if heard and tag in session.early:
            self._media.agree(session, session.early[tag])
        if self._rules.sip_response.get(status) is Means.ALERTING:
            primitive: Primitive = Alerting(heard, sip_access.opaque_of(output.message))
        else:
            primitive = Progress(heard and status == 183, sip_access.opaque_of(output.message))
        self._control.event(session.half, self._with_isup(session, output.message, primitive), now)

    def _with_isup(self, session: Session, message: SipMessage, primitive: Primitive) -> Primitive:
        """What ISUP says in a response stands before what SIP says; whether there is something to hear, SIP knows."""
        isup = self._read(self.trunks[session.trunk.name], message)
        if isup is None:
            return primitive
        said = primitive_from(isup, self._rules)
        if isinstance(said, Alerting | Progress) and isinstance(primitive, Alerting | Progress):
            return replace(said, inband=said.inband and session.description is not None)
        return said if isinstance(said, Answer) and isinstance(primitive, Answer) else primitive

    def _answered(self, session: Session, output: Answered, now: float) -> None:
        """The answer: what its own early dialog agreed holds where it carries no description of its own."""
        session.answered = True
        if session.preconditions is not None:
            session.preconditions = session.preconditions.settled()
        if session.offered is not None:
            self.settle_digits(session, now)
        if output.offer:
            agreed = self._media.take_offer(session, output.body) is Verdict.AGREED
            self.agent.acknowledge(output.call, session.local if agreed else None, now)
        else:
            answer = self._media.read_answer(session, output.body)
            answer = answer or session.early.get(output.message.to.tag or "")
            agreed = answer is not None or session.description is not None
            if answer is not None:
                self._media.agree(session, answer)
        session.offering = False
        session.early.clear()
        if agreed:
            connected = connected_of(output.message, session.trunk)
            primitive = Answer(connected, sip_access.opaque_of(output.message))
            self._control.event(session.half, self._with_isup(session, output.message, primitive), now)
        else:
            self._no_codec(session, now)

    def _session_offered(self, session: Session, body: bytes, now: float) -> None:
        """UPDATE or PRACK with an offer, before or after the answer."""
        verdict = self._media.take_offer(session, body)
        if verdict is Verdict.AGREED:
            self.agent.answer_update(session.half.handle, 200, session.local, now=now)
            self._note_hold(session, now)
            self.go_on(session, now)
        else:
            self.agent.answer_update(session.half.handle, STATUSES[verdict], now=now)

    def _reinvite(self, session: Session, output: ReInvite, now: float) -> None:
        """Hold, resume, another address or codec: agree to what we can do, keep the session otherwise."""
        if not output.body:
            self.agent.answer_reinvite(output.call, 200, body=self._media.offer(session), now=now)
            return
        verdict = self._media.take_offer(session, output.body)
        if verdict is Verdict.AGREED:
            self.agent.answer_reinvite(output.call, 200, body=session.local, now=now)
            self._note_hold(session, now)
        else:
            self.agent.answer_reinvite(output.call, STATUSES[verdict], now=now)

    def _note_hold(self, session: Session, now: float) -> None:
        """Tell the other side when the peer holds it, or no longer does."""
        held = session.description is not None and session.description.direction in ("recvonly", "inactive")
        if held == session.held:
            return
        session.held = held
        if session.answered and session.trunk.hold == "relay":
            self._control.event(session.half, Hold() if held else Retrieve(), now)


def _loss(what: str) -> Release:
    """Why a call ends that the agent lost."""
    cause = Cause.RECOVERY_ON_TIMER_EXPIRY if what in ("timeout", "no ACK") else Cause.TEMPORARY_FAILURE
    return Release(cause, Location.BEYOND_INTERWORKING, f"SIP: {what}")
