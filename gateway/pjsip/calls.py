"""One call of PJSIP: its states told to the signalling process, its speech joined to the media process."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pjsua2 as pj

from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.message import Message, parse_message
from tandem.gateway.sip.preconditions import Preconditions, Strength
from tandem.gateway.sip.session_timer import supports

from . import descriptions, direct, library
from .conditions import told
from .fields import ISUP, TO_TAG, head_of
from .media import CallMedia
from .offers import Offers
from .overlap import Alias
from .parameters import HAS_TEXT, content_into, headers_into, speech_alone
from .protocol import (
    AnswerOffer,
    AnswerRefer,
    Ask,
    AskAnswered,
    CallConfirmed,
    CallEnded,
    Content,
    EndCall,
    HoldFailed,
    InfoAnswered,
    InfoArrived,
    MakeCall,
    ReferArrived,
    Respond,
    ResponseReceived,
    SendInfo,
    SetHold,
    SpeechChanged,
    TagChosen,
    TellReady,
    TellTransfer,
    UpdateAnswered,
    UpdateArrived,
)
from .speech import SpeechPath

if TYPE_CHECKING:
    from .accounts import Place
    from .engine import Engine

_TAKEN: Final = (ISUP, b"application/x-session-info", b"application/session-info")
"""What may be in INFO beside digits of DTMF, which PJSIP knows: ISUP, and further digits of a number."""
_REFRESHERS: Final = {"local": library.UAC, "remote": library.UAS}
"""Of an INVITE of ours."""


class Call(pj.Call):
    """One call."""

    def __init__(
        self,
        engine: Engine,
        number: int,
        path: SpeechPath,
        account: Any = None,
        call_id: int | None = None,
        *,
        outgoing: bool = False,
    ) -> None:
        """An incoming call is there already; an outgoing one begins with `begin`."""
        self._engine = engine
        self.number = number
        self.outgoing = outgoing
        if not outgoing:
            super().__init__(account, call_id)
        self.released: Content | None = None if account is None else account.settings.released
        """Body of the 200 to a BYE with ISUP."""
        self._events = True if account is None else account.settings.telephone_event
        """Whether the peer is told of telephone-events."""
        self.direct = account is not None and account.settings.direct
        """RTP passes PJSIP by."""
        self.media = CallMedia(engine, self, path)
        self.offers = Offers(engine, self)
        self._unreliable = b""
        """Call-ID of a call of ours without reliable responses."""
        self.confirmed = self._tagged = False
        self._answer = b""
        """The 2xx to our INVITE."""
        self._early = b""
        """A provisional response with a description that is not told yet: its media begin a little later."""
        self._last = b""
        """The BYE or CANCEL of the peer."""
        self._asking = False
        self.over = False
        self._dialog: tuple[str, frozenset[str | None]] | None = None
        """Call-ID and both tags, once the call is answered."""
        self.known_as = ""
        """Call-ID as PJSIP has it."""
        self.answers = "", 0
        """Call-ID and number in CSeq of the INVITE of a call that came in."""
        self.fields: dict[int, dict[tuple[str, str], int]] = {}
        """How many fields of each name and value belong into the response with a status; of all that we ever put in."""
        self._conditions: Preconditions | None = None
        """What must be reserved before the called party is alerted (RFC 3312)."""
        self.updating = False
        """An UPDATE of ours is on its way."""
        self._telling = False
        """An INFO with digits is on its way."""
        self.bare = False
        """The 183 that is being sent has no description."""
        self._call_id = ""
        self._refer = 0
        """The REFER that waits for its answer, as `library` keeps it."""
        self._refer_number = 0
        """In CSeq of that."""
        self.pinned = ""
        """Call-ID of a call whose requests all go where its INVITE went."""
        self.passing: Place | None = None
        """Where that is, for as long as there are such calls."""
        self._refer_status = 0
        """What a REFER is being answered with."""

    def begin(self, place: Place, command: MakeCall) -> None:
        """Send the INVITE; raises pj.Error."""
        super().__init__(place)
        self.direct, self.offers.session = place.settings.direct, command.session
        self.offers.made = command.offer
        self._call_id = self.known_as = command.call_id
        if command.from_tag:
            self._call_id = self.known_as = f"{-command.call}.{command.call_id}"
            inside, call_id, tag = (name.encode() for name in (self._call_id, command.call_id, command.from_tag))
            self._engine.exchange.aliases.add(Alias(inside, call_id, tag, command.sequence))
        if command.pinned:
            self.pinned = self._call_id
            self._engine.modules.pins[self.pinned] = command.destination.encode()
        if command.max_forwards != direct.MAX_FORWARDS:
            self._engine.exchange.hops[self._call_id.encode()] = command.max_forwards
        if place.settings.reliable == "off" or not command.offer:
            self._unreliable = self._call_id.encode()
            self._engine.exchange.unreliable.add(self._unreliable)
        if place.settings.preconditions != "off" and not self.direct:
            strength = Strength.MANDATORY if place.settings.preconditions == "required" else Strength.OPTIONAL
            self._conditions = Preconditions.offered(strength, command.ready)
        self._events, self.released = place.settings.telephone_event, place.settings.released
        if (refresher := _REFRESHERS.get(place.settings.refresher)) is not None:
            self._engine.modules.refreshers[self._call_id] = refresher
        if not self.direct:
            self.media.path.connect(command.media)
        parameters = pj.CallOpParam(True)
        speech_alone(parameters)
        parameters.opt.customCallId = self._call_id
        if not command.offer:
            parameters.opt.flag |= pj.PJSUA_CALL_NO_SDP_OFFER
        option = parameters.txOption
        option.localUri, option.targetUri = command.local, command.target
        headers_into(option, command.headers)
        content_into(option, command.content)
        self.makeCall(command.remote, parameters)

    # --- what the signalling process wants

    def command(
        self,
        command: Respond | EndCall | SetHold | SendInfo | Ask | TellReady | AnswerOffer | AnswerRefer | TellTransfer,
    ) -> None:
        """Carry it out; what PJSIP refuses ends the call."""
        if self.over:
            return
        try:
            match command:
                case Respond():
                    self._respond(command)
                case EndCall(status=status, headers=headers, content=content):
                    self.media.tell_last()
                    parameters = pj.CallOpParam()
                    parameters.statusCode = status
                    headers_into(parameters.txOption, headers)
                    if self.confirmed or not self.outgoing:
                        content_into(parameters.txOption, content, alone=True)
                    self._note_fields(status, parameters.txOption)
                    if self.outgoing or self.confirmed:
                        self.hangup(parameters)
                    else:
                        self.answer(parameters)
                case SetHold(on=on, session=session):
                    parameters = pj.CallOpParam(True)
                    self.offers.change(session)
                    if on and not self.direct:
                        self.setHold(parameters)
                    else:
                        parameters.opt.flag = pj.PJSUA_CALL_UNHOLD
                        speech_alone(parameters)
                        self.reinvite(parameters)
                case SendInfo(content=content, early=early):
                    self._telling = early
                    request = pj.CallSendRequestParam()
                    request.method = "INFO"
                    content_into(request.txOption, content, alone=True)
                    self.sendRequest(request)
                case Ask():
                    request = pj.CallSendRequestParam()
                    request.method = "OPTIONS"
                    self._asking = True
                    self.sendRequest(request)
                case TellReady(headers=headers, session=session):
                    self.offers.session = session
                    if self._conditions is not None:
                        self._conditions = self._conditions.made_ready()
                    self.updating = True
                    parameters = pj.CallOpParam(True)
                    speech_alone(parameters)
                    headers_into(parameters.txOption, headers)
                    self.update(parameters)
                case AnswerOffer(status=status, session=session):
                    self.offers.answer(status, session)
                case AnswerRefer(status=status) if self._refer:
                    kept, self._refer, self._refer_status = self._refer, 0, status
                    library.go_on(kept)
                    self._refer_status = 0
                case TellTransfer():
                    self._notify(command)
        except pj.Error as error:
            if isinstance(command, EndCall):
                self.end(500, error.reason)
            elif isinstance(command, Ask):
                self._asking = False
            elif isinstance(command, SendInfo) and command.early:
                self._telling = False
                self._engine.tell(InfoAnswered(self.number, 500))
            elif isinstance(command, TellReady):
                self.updating = False
                self._engine.tell(UpdateAnswered(self.number, 500, b""))
            elif isinstance(command, Respond):
                self.command(EndCall(self.number, 500, []))

    def _respond(self, command: Respond) -> None:
        if command.media is not None and not self.direct:
            self.media.path.connect(command.media)
        self.offers.session = command.session
        parameters = pj.CallOpParam(HAS_TEXT)
        if HAS_TEXT:
            speech_alone(parameters)
        parameters.statusCode, parameters.reason = command.status, command.phrase
        headers_into(parameters.txOption, command.headers)
        # PJSIP puts a description into 183 and 2xx.
        described = command.status == 183 or 200 <= command.status < 300
        content_into(parameters.txOption, command.content, alone=not described)
        self._note_fields(command.status, parameters.txOption)
        self.bare = command.status == 183 and command.media is None and command.content is None
        self.answer(parameters)

    def _note_fields(self, status: int, option: Any) -> None:
        """What a response is to have of the fields that we put into responses."""
        now = Counter((field.hName, field.hValue) for field in option.headers)
        before = dict.fromkeys((field for response in self.fields.values() for field in response), 0)
        self.fields[status] = {**before, **now}

    def _notify(self, command: TellTransfer) -> None:
        """NOTIFY of the subscription that a REFER made (RFC 3515 2.4.4)."""
        request = pj.CallSendRequestParam()
        request.method = "NOTIFY"
        state = "terminated;reason=noresource" if command.final else "active;expires=60"
        contact = self.getInfo().localContact
        headers = [("Contact", contact), ("Event", "refer"), ("Subscription-State", state)]
        headers_into(request.txOption, headers)
        request.txOption.contentType = "message/sipfrag;version=2.0"
        request.txOption.msgBody = f"{command.status_line}\r\n"
        self.sendRequest(request)

    def is_of(self, request: Message) -> bool:
        """Whether a request is of this call's dialog, once it is answered."""
        return self._dialog == (request.call_id, frozenset((request.from_.tag, request.to.tag)))

    def asked_to_transfer(self, received: int, message: bytes) -> bool:
        """A REFER of this call came: whether it waits for its answer, or has come once more meanwhile.

        A second one meanwhile is refused without PJSIP, to which it would make the first one too old (CSeq).
        """
        number = library.sequence_received(received)
        if self._refer:
            return number == self._refer_number or library.refuse(received, 603)
        self._refer, self._refer_number = library.keep(received), number
        if self._refer:
            self._engine.tell(ReferArrived(self.number, message))
        return bool(self._refer)

    def end(self, status: int, reason: str, message: bytes = b"") -> None:
        """The call is over: tell so, once."""
        if self.over:
            return
        self.over = True
        if self._refer:
            library.forget(self._refer)
            self._refer = 0
        self.offers.end()
        self.media.tell_last()
        del self._engine.calls[self.number]
        self._engine.modules.refreshers.pop(self._call_id, None)
        self._engine.exchange.unreliable.discard(self._unreliable)
        self._engine.exchange.hops.pop(self._call_id.encode(), None)
        self._engine.exchange.aliases.ended(self._call_id.encode(), time.monotonic())
        self._engine.modules.pins.pop(self.pinned, None)
        self._engine.ended.append(self)
        self._engine.tell(CallEnded(self.number, status, reason, message))
        self.media.path.close()

    # --- what PJSIP says

    def onCallState(self, parameters: Any) -> None:
        """Another state of the INVITE session."""
        info = self.getInfo()
        message = _message_of(parameters.e)
        state = info.state
        if state == pj.PJSIP_INV_STATE_DISCONNECTED:
            ending = message if message.startswith((b"SIP/2.0 ", b"BYE ", b"CANCEL ")) else b""
            self.end(int(info.lastStatusCode), info.lastReason, ending or self._last)
        elif self.outgoing and message.startswith(b"SIP/2.0 1"):
            self._note_conditions(message)
            self._tell_early()
            if self.media.speech is None and b"application/sdp" in message and self.offers.made and not self.direct:
                self._early = message
            else:
                self._engine.tell(ResponseReceived(self.number, message, self.media.speech))
        elif self.outgoing and message.startswith(b"SIP/2.0 2") and state == pj.PJSIP_INV_STATE_CONNECTING:
            self._answer = message
        if state == pj.PJSIP_INV_STATE_CONFIRMED and not self.confirmed:
            self.confirmed = True
            self._note_dialog(self._answer or message)
            self._tell_early()
            if self.outgoing:
                self._engine.tell(ResponseReceived(self.number, self._answer or message, self.media.speech))
            else:
                self._engine.tell(CallConfirmed(self.number, self.media.speech, message))

    def _note_dialog(self, message: bytes) -> None:
        """Both tags stand in the 2xx to our INVITE, and in the ACK to our 2xx."""
        with contextlib.suppress(SipDecodeError):
            parsed = parse_message(message)
            self._dialog = parsed.call_id, frozenset((parsed.from_.tag, parsed.to.tag))

    def onCallSdpCreated(self, parameters: Any) -> None:
        """A description of ours is made; PJSIP leaves out how long packets are to be, and never telephone-events."""
        if self.direct:
            parameters.sdp.wholeSdp = direct.named(parameters.sdp.wholeSdp, self.number)
            return
        description = descriptions.with_packet_time(parameters.sdp.wholeSdp, self._engine.configuration.packet_time)
        if self._conditions is not None:
            if self.confirmed:
                self._conditions = self._conditions.settled()
            self._conditions = told(self._conditions, parameters.remSdp.wholeSdp)
            description = descriptions.with_lines(description, self._conditions.lines())
        parameters.sdp.wholeSdp = description if self._events else descriptions.without_events(description)

    def heed_conditions(self, invite: bytes) -> None:
        """A call that came in may have preconditions, if the peer knows them, PRACK and UPDATE (RFC 3312 11)."""
        with contextlib.suppress(SipDecodeError):
            request = parse_message(invite)
            if supports(request, "precondition") and supports(request, "100rel"):
                self._conditions = Preconditions()

    def _note_conditions(self, message: bytes) -> None:
        """What the peer says of them in an answer."""
        if self._conditions is not None:
            with contextlib.suppress(SipDecodeError):
                self._conditions = told(self._conditions, parse_message(message).session.decode("utf-8", "replace"))

    def onStreamDestroyed(self, parameters: Any) -> None:
        """A stream is about to end."""
        self.media.stream_ends(parameters.streamIdx)

    def onCallMediaState(self, parameters: Any) -> None:
        """Media began, changed, or ended."""
        if self.direct:
            return
        speech = self.media.join(self.getInfo())
        if speech is not None:
            if self.confirmed:
                self._engine.tell(SpeechChanged(self.number, speech))
            self._tell_early()

    def _tell_early(self) -> None:
        """Tell the provisional response that waited for its media; once."""
        if self._early:
            message, self._early = self._early, b""
            self._engine.tell(ResponseReceived(self.number, message, self.media.speech))

    def onCallTsxState(self, parameters: Any) -> None:
        """A request within the call, of either side."""
        body = parameters.e.body.tsxState
        transaction = body.tsx
        message = _message_of(parameters.e)
        if transaction.role == pj.PJSIP_ROLE_UAS:
            if not self._tagged and transaction.method == "INVITE" and body.type == pj.PJSIP_EVENT_TX_MSG:
                self._tell_tag(body.src.tdata.wholeMsg)
            if message.startswith((b"BYE ", b"CANCEL ")):
                self._last = message
            elif message.startswith(b"UPDATE ") and self._conditions is not None and not self.confirmed:
                if transaction.state == pj.PJSIP_TSX_STATE_TRYING:
                    self._engine.tell(UpdateArrived(self.number, message, self.media.speech))
            elif self._refer_status and message.startswith(b"REFER "):
                library.respond(int(body.src.rdata.pjRxData), self._refer_status)
            elif message.startswith(b"INFO ") and transaction.state == pj.PJSIP_TSX_STATE_TRYING:
                if any(kind in message.lower() for kind in _TAKEN):
                    library.respond(int(body.src.rdata.pjRxData), 200)
                self._engine.tell(InfoArrived(self.number, message))
        elif self.confirmed and transaction.method == "INVITE" and transaction.statusCode >= 300:
            if transaction.statusCode not in (401, 407, 422):
                self.offers.refused()
                self._engine.tell(HoldFailed(self.number, int(transaction.statusCode)))
        elif self._may_answer(message) and self.offers.is_answer(transaction, message):
            self.offers.answered(message)
        elif self.updating and transaction.method == "UPDATE" and transaction.statusCode >= 200:
            self.updating = False
            self._note_conditions(message)
            self._engine.tell(UpdateAnswered(self.number, int(transaction.statusCode), message))
        elif self._telling and transaction.method == "INFO" and transaction.statusCode >= 200:
            self._telling = False
            self._engine.tell(InfoAnswered(self.number, int(transaction.statusCode)))
        elif self._asking and transaction.method == "OPTIONS" and transaction.statusCode >= 200:
            self._asking = False
            self._engine.tell(AskAnswered(self.number, int(transaction.statusCode)))

    def _may_answer(self, message: bytes) -> bool:
        """Whether a message may answer an offer within the call, where RTP passes PJSIP by."""
        return self.direct and self.confirmed and not self.updating and message not in (b"", self._answer)

    def _tell_tag(self, response: str) -> None:
        """What our response has in To: without it nobody could end the call if this process were lost."""
        if (found := TO_TAG.search(head_of(response.encode("utf-8", "surrogateescape")))) is not None:
            self._tagged = True
            self._engine.tell(TagChosen(self.number, found[1].decode()))

    def onDtmfDigit(self, parameters: Any) -> None:
        """A digit came; one in INFO is told with the INFO."""
        if parameters.method == pj.PJSUA_DTMF_METHOD_RFC2833:
            self.media.receive_digit(parameters.digit)

    def onCallTransferRequest(self, parameters: Any) -> None:
        """REFER that is not answered here: not taken, as PJSIP would make the new call past call control."""
        parameters.statusCode = 603

    def onCallReplaceRequest(self, parameters: Any) -> None:
        """INVITE with Replaces, which `library` hides from PJSIP: not taken, for the same reason."""
        parameters.statusCode = 603

    def onCallRedirected(self, parameters: Any) -> int:
        """3xx: call control decides."""
        return int(pj.PJSIP_REDIRECT_STOP)


def _message_of(event: Any) -> bytes:
    """The message that came with an event, empty where none did."""
    if event.type == pj.PJSIP_EVENT_TSX_STATE and event.body.tsxState.type == pj.PJSIP_EVENT_RX_MSG:
        return bytes(event.body.tsxState.src.rdata.wholeMsg.encode("utf-8", "surrogateescape"))
    if event.type == pj.PJSIP_EVENT_RX_MSG:
        return bytes(event.body.rxMsg.rdata.wholeMsg.encode("utf-8", "surrogateescape"))
    return b""
