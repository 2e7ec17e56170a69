"""One call of PJSIP: its states told to the signalling process, its speech joined to the media process."""

from __future__ import annotations

import contextlib
import ctypes
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pjsua2 as pj

from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.message import Message, parse_message
from tandem.gateway.sip.preconditions import Preconditions, Strength
from tandem.gateway.sip.session_timer import supports

from . import direct, library
from .conditions import told, with_lines
from .overlap import Alias
from .protocol import (
    AnswerArrived,
    AnswerOffer,
    AnswerRefer,
    Ask,
    AskAnswered,
    CallConfirmed,
    CallEnded,
    Content,
    EndCall,
    Headers,
    HoldFailed,
    InfoAnswered,
    InfoArrived,
    MakeCall,
    OfferAnswered,
    OfferArrived,
    ReferArrived,
    Respond,
    ResponseReceived,
    SendInfo,
    SetHold,
    Speech,
    SpeechChanged,
    StreamMeasured,
    TagChosen,
    TellReady,
    TellTransfer,
    UpdateAnswered,
    UpdateArrived,
)
from .speech import SILENCE, SpeechPath

if TYPE_CHECKING:
    from .engine import Engine, Place

ISUP: Final = b"application/isup"
_TAKEN: Final = (ISUP, b"application/x-session-info", b"application/session-info")
"""What may be in INFO beside digits of DTMF, which PJSIP knows: ISUP, and further digits of a number."""
UAS: Final = b"uas"
_REFRESHERS: Final = {"local": b"uac", "remote": UAS}
"""Of an INVITE of ours."""
_DIGIT_MILLISECONDS: Final = 100
"""What a digit from the peer lasts towards the media process; PJSIP tells of its beginning."""
_DEAF: Final = 10.0
"""Seconds without RTP from the peer after which nothing goes to the media process either, so that it notices."""
_MEASURE: Final = 1.0
"""Seconds from one measurement of a stream that is told to the next."""
_COUNTERS: Final = (
    *("packets_sent", "packets_received", "octets_received"),
    *("packets_lost", "packets_late", "remote_lost"),
)
_EVENTS: Final = re.compile(r"^a=rtpmap:(\d+) telephone-event/", re.MULTILINE | re.IGNORECASE)
_TAG: Final = re.compile(r"^To:[^\r\n]*;tag=([^;\s]+)", re.MULTILINE)
_LAWS: Final = {"PCMA": "A", "PCMU": "u"}
_DIRECTIONS: Final = {
    pj.PJMEDIA_DIR_ENCODING_DECODING: "sendrecv",
    pj.PJMEDIA_DIR_ENCODING: "recvonly",
    pj.PJMEDIA_DIR_DECODING: "sendonly",
    pj.PJMEDIA_DIR_NONE: "inactive",
}
"""What the peer does, by what we do."""


_TEXT: Final = hasattr(pj.CallSetting, "textCount")
"""Whether this PJSIP would offer real-time text (RFC 4103) beside speech, as it does since 2.16."""


def speech_alone(parameters: Any) -> None:
    """Have the CallOpParam of an offer or answer of ours be of one audio stream."""
    parameters.opt.audioCount, parameters.opt.videoCount = 1, 0
    if _TEXT:
        parameters.opt.textCount = 0


def headers_into(option: Any, headers: Headers) -> None:
    """Put header fields into a SipTxOption."""
    for name, value in headers:
        field = pj.SipHeader()
        field.hName, field.hValue = name, value
        option.headers.append(field)


def content_into(option: Any, content: Content | None, *, alone: bool = False) -> None:
    """Put a part of a body into a SipTxOption: beside the description, if there is one; or as the whole of the body."""
    if content is None:
        return
    filler = library.filler_for(content.octets).decode()
    if alone:
        option.contentType, option.msgBody = content.media_type, filler
        if content.disposition:
            headers_into(option, [("Content-Disposition", content.disposition)])
        library.put_octets(option, content.octets)
        return
    option.multipartContentType.type, option.multipartContentType.subType = "multipart", "mixed"
    part = pj.SipMultipartPart()
    # PJSIP writes both as they are, so that parameters may stand in the second.
    part.contentType.type, _, part.contentType.subType = content.media_type.partition("/")
    part.body = filler
    if content.disposition:
        field = pj.SipHeader()
        field.hName, field.hValue = "Content-Disposition", content.disposition
        part.headers.append(field)
    option.multipartParts.append(part)
    library.put_octets(option.multipartParts[len(option.multipartParts) - 1], content.octets)


def _octets_at_once(vector: Any) -> bytes:
    """The octets of a ByteVector: C++ keeps a std::vector as a pointer to its elements, and two more.

    Octet by octet through SWIG it takes 0.5 ms, a fortieth of the block.
    """
    start = ctypes.cast(int(vector.this), ctypes.POINTER(ctypes.c_void_p))[0]
    return ctypes.string_at(start or 0, len(vector)) if start else b""


def _octets_one_by_one(vector: Any) -> bytes:
    return bytes(vector)


_TRIAL: Final = bytes(range(256))
octets_of = _octets_at_once if _octets_at_once(pj.ByteVector(_TRIAL)) == _TRIAL else _octets_one_by_one


class SpeechPort(pj.AudioMediaPort):
    """The call's place in the conference bridge; called by the thread of the bridge."""

    def __init__(self, path: SpeechPath) -> None:
        super().__init__()
        self._path = path
        form = pj.MediaFormatAudio()
        form.init(pj.PJMEDIA_FORMAT_PCM, 8000, 1, 20_000, 16)
        self.createPort(f"speech-{path.port}", form)

    def onFrameRequested(self, frame: Any) -> None:
        """What the peer is to hear."""
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO
        frame.buf = pj.ByteVector(self._path.take())

    def onFrameReceived(self, frame: Any) -> None:
        """What the peer says."""
        samples = octets_of(frame.buf)
        self._path.send(samples if len(samples) == len(SILENCE) else SILENCE)

    def remove(self) -> None:
        """Take the port out of the conference bridge, for good.

        The bridge's thread calls until PJSIP's object is gone, so that one goes first, by hand: left to the garbage
        collector, Python takes this object's attributes away while it is still being called.
        """
        pj.AudioMediaPort.__swig_destroy__(self)


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
        self.path = path
        self.outgoing = outgoing
        if not outgoing:
            super().__init__(account, call_id)
        self.released: Content | None = None if account is None else account.settings.released
        """Body of the 200 to a BYE with ISUP."""
        self._events = True if account is None else account.settings.telephone_event
        """Whether the peer is told of telephone-events."""
        self.direct = account is not None and account.settings.direct
        """RTP passes PJSIP by."""
        self.session = b""
        """What goes out in the place of PJSIP's descriptions then; empty: none does."""
        self.offered = True
        """The INVITE had a description."""
        self._offer = 0
        """The message with an offer of the peer that waits for its answer, as `library` keeps it."""
        self._unreliable = b""
        """Call-ID of a call of ours without reliable responses."""
        self._by_response = False
        """It is a response to our INVITE that waits."""
        self._offer_number = 0
        """In CSeq of that request."""
        self._settled = b""
        """What holds again when the peer refuses another description."""
        self._changing = False
        """A re-INVITE of ours with another description is on its way."""
        self._port: SpeechPort | None = None
        self._speech: Speech | None = None
        self._confirmed = self._tagged = False
        self._answer = b""
        """The 2xx to our INVITE."""
        self._early = b""
        """A provisional response with a description that is not told yet: its media begin a little later."""
        self._last = b""
        """The BYE or CANCEL of the peer."""
        self._asking = False
        self._packets = -2
        self._measured = StreamMeasured(number)
        """Of the stream that is there."""
        self._before = dict.fromkeys(_COUNTERS, 0)
        """Counts of streams that were there before: each change of the session makes another."""
        self._measuring = 0.0
        self._heard = 0.0
        self._over = False
        self._dialog: tuple[str, frozenset[str | None]] | None = None
        """Call-ID and both tags, once the call is answered."""
        self.known_as = ""
        """Call-ID as PJSIP has it."""
        self.answers = "", 0
        """Call-ID and number in CSeq of the INVITE of a call that came in."""
        """Call-ID of a call that came in."""
        self.fields: dict[int, dict[tuple[str, str], int]] = {}
        """How many fields of each name and value belong into the response with a status; of all that we ever put in."""
        self._conditions: Preconditions | None = None
        """What must be reserved before the called party is alerted (RFC 3312)."""
        self._updating = False
        self._telling = False
        """An INFO with digits is on its way."""
        self.bare = False
        """The 183 that is being sent has no description."""
        self._call_id = ""
        self._refer = 0
        """The REFER that waits for its answer, as `library` keeps it."""
        self._refer_number = ""
        self.pinned = ""
        """Call-ID of a call whose requests all go where its INVITE went."""
        self.passing: Place | None = None
        """Where that is, for as long as there are such calls."""
        self._refer_status = 0
        """What a REFER is being answered with."""

    def begin(self, place: Place, command: MakeCall) -> None:
        """Send the INVITE; raises pj.Error."""
        super().__init__(place)
        self.direct, self.session = place.settings.direct, command.session
        self.offered = command.offer
        self._call_id = self.known_as = command.call_id
        if command.from_tag:
            self._call_id = self.known_as = f"{-command.call}.{command.call_id}"
            inside, call_id, tag = (name.encode() for name in (self._call_id, command.call_id, command.from_tag))
            self._engine.exchange.aliases.add(Alias(inside, call_id, tag, command.sequence))
        if command.pinned:
            self.pinned = self._call_id
            self._engine.pins[self.pinned] = command.destination.encode()
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
            self._engine.refreshers[self._call_id] = refresher
        if not self.direct:
            self.path.connect(command.media)
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
        if self._over:
            return
        try:
            match command:
                case Respond():
                    self._respond(command)
                case EndCall(status=status, headers=headers, content=content):
                    self._tell_last()
                    parameters = pj.CallOpParam()
                    parameters.statusCode = status
                    headers_into(parameters.txOption, headers)
                    if self._confirmed or not self.outgoing:
                        content_into(parameters.txOption, content, alone=True)
                    self._note_fields(status, parameters.txOption)
                    if self.outgoing or self._confirmed:
                        self.hangup(parameters)
                    else:
                        self.answer(parameters)
                case SetHold(on=on, session=session):
                    parameters = pj.CallOpParam(True)
                    self._settled, self.session, self._changing = self.session, session, self.direct
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
                    self.session = session
                    if self._conditions is not None:
                        self._conditions = self._conditions.made_ready()
                    self._updating = True
                    parameters = pj.CallOpParam(True)
                    speech_alone(parameters)
                    headers_into(parameters.txOption, headers)
                    self.update(parameters)
                case AnswerOffer(status=status, session=session) if self._offer:
                    kept, self._offer = self._offer, 0
                    if self._by_response:
                        self.session, self._by_response = session, False
                        library.go_on(kept, library.BEFORE_TRANSACTIONS)
                    elif status < 300:
                        self.session = session
                        library.go_on(kept)
                    else:
                        library.refuse(kept, status)
                        library.forget(kept)
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
                self._updating = False
                self._engine.tell(UpdateAnswered(self.number, 500, b""))
            elif isinstance(command, Respond):
                self.command(EndCall(self.number, 500, []))

    def _respond(self, command: Respond) -> None:
        if command.media is not None and not self.direct:
            self.path.connect(command.media)
        self.session = command.session
        parameters = pj.CallOpParam(_TEXT)
        if _TEXT:
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
        """A REFER came: whether it is of this call and waits for its answer, or has come once more meanwhile.

        A second one meanwhile is refused without PJSIP, to which it would make the first one too old (CSeq).
        """
        try:
            request = parse_message(message)
        except SipDecodeError:
            return False
        if self._over or not self.is_of(request):
            return False
        number = request.get("cseq") or ""
        if self._refer:
            return number == self._refer_number or library.refuse(received, 603)
        self._refer, self._refer_number = library.keep(received), number
        if self._refer:
            self._engine.tell(ReferArrived(self.number, message))
        return bool(self._refer)

    def is_offered(self, received: int, message: bytes) -> bool:
        """The answer to our INVITE without a description has one: whether it waits for ours."""
        if self._over or (self.offered and not self._by_response):
            return False
        if not self._by_response:
            self._offer, self.offered = library.keep(received), True
            self._by_response = bool(self._offer)
            self._engine.tell(OfferArrived(self.number, message))
        return self._by_response

    def is_told(self, received: int, message: bytes) -> bool:
        """A request of this call with another description came: whether it waits for its answer, or was refused.

        In PRACK it is the answer to an offer of ours where the INVITE had none (RFC 3262 5).
        """
        if self._over or not self.direct:
            return False
        if message.startswith(b"PRACK ") and not self.offered:
            self.offered = True
            self._engine.tell(AnswerArrived(self.number, message))
            return False
        number = library.sequence_received(received)
        if self._offer and number == self._offer_number:
            return True  # once more
        if self._changing or self._updating or self._offer:
            return library.refuse(received, 491)
        self._offer, self._offer_number = library.keep(received), number
        if self._offer:
            self._engine.tell(OfferArrived(self.number, message))
        return bool(self._offer)

    def end(self, status: int, reason: str, message: bytes = b"") -> None:
        """The call is over: tell so, once."""
        if self._over:
            return
        self._over = True
        if self._refer:
            library.forget(self._refer)
            self._refer = 0
        if self._offer:
            if not self._by_response:
                library.refuse(self._offer, 481)
            library.forget(self._offer)
            self._offer = 0
        self._tell_last()
        del self._engine.calls[self.number]
        self._engine.refreshers.pop(self._call_id, None)
        self._engine.exchange.unreliable.discard(self._unreliable)
        self._engine.exchange.hops.pop(self._call_id.encode(), None)
        self._engine.exchange.aliases.ended(self._call_id.encode(), time.monotonic())
        self._engine.pins.pop(self.pinned, None)
        self._engine.ended.append(self)
        self._engine.tell(CallEnded(self.number, status, reason, message))
        self.path.close()

    def let_go(self) -> None:
        """Free what PJSIP holds of a call that is over; outside its callbacks."""
        if self._port is not None:
            self._port.remove()
            self._port = None

    # --- at intervals

    def send_digits(self) -> None:
        """Digits from the media process go to the peer."""
        for digit in self.path.digits():
            with contextlib.suppress(pj.Error):
                self.dialDtmf(digit)

    def watch(self, now: float) -> None:
        """See whether anything comes from the peer."""
        if not self._confirmed or self._speech is None:
            return
        packets = -1
        with contextlib.suppress(pj.Error):
            self._measure(0)
            packets = self._measured.packets_received
        if now >= self._measuring:
            self._measuring = now + _MEASURE
            self._tell_measured()
        if packets != self._packets:
            self._packets, self._heard = packets, now
        self.path.paused = now - self._heard > _DEAF

    def _measure(self, index: int) -> None:
        """Ask for the statistics of the stream; raises pj.Error when there is none."""
        found = self.getStreamStat(index)
        rtcp, came, went = found.rtcp, found.rtcp.rxStat, found.rtcp.txStat
        self._measured = StreamMeasured(
            self.number,
            packets_sent=int(went.pkt),
            packets_received=int(came.pkt),
            octets_received=int(came.bytes),
            packets_lost=int(came.loss),
            packets_late=int(came.discard) + int(came.dup),
            remote_lost=int(went.loss),
            jitter_ms=came.jitterUsec.last / 1000,
            remote_jitter_ms=went.jitterUsec.last / 1000,
            round_trip_ms=rtcp.rttUsec.mean / 1000,
            waiting_ms=float(found.jbuf.avgDelayMsec),
        )

    def _tell_measured(self, *, final: bool = False) -> None:
        counts = {name: self._before[name] + getattr(self._measured, name) for name in _COUNTERS}
        self._engine.tell(msgspec.structs.replace(self._measured, **counts, final=final))

    def _tell_last(self) -> None:
        """Tell what was measured, before it is told that the call is over: its record is written then."""
        with contextlib.suppress(pj.Error):
            if hasattr(self, "this"):  # PJSIP knows of it
                self._measure(0)
        self._tell_measured(final=True)

    # --- what PJSIP says

    def onStreamDestroyed(self, parameters: Any) -> None:
        """The stream ends, with the call or because another takes its place."""
        with contextlib.suppress(pj.Error):
            self._measure(parameters.streamIdx)
        if self._measured != StreamMeasured(self.number):
            self._tell_measured()
            for name in _COUNTERS:
                self._before[name] += getattr(self._measured, name)
            self._measured = StreamMeasured(self.number)

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
            if self._speech is None and b"application/sdp" in message and self.offered and not self.direct:
                self._early = message
            else:
                self._engine.tell(ResponseReceived(self.number, message, self._speech))
        elif self.outgoing and message.startswith(b"SIP/2.0 2") and state == pj.PJSIP_INV_STATE_CONNECTING:
            self._answer = message
        if state == pj.PJSIP_INV_STATE_CONFIRMED and not self._confirmed:
            self._confirmed = True
            self._note_dialog(self._answer or message)
            self._tell_early()
            if self.outgoing:
                self._engine.tell(ResponseReceived(self.number, self._answer or message, self._speech))
            else:
                self._engine.tell(CallConfirmed(self.number, self._speech, message))

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
        description = with_packet_time(parameters.sdp.wholeSdp, self._engine.configuration.packet_time)
        if self._conditions is not None:
            if self._confirmed:
                self._conditions = self._conditions.settled()
            self._conditions = told(self._conditions, parameters.remSdp.wholeSdp)
            description = with_lines(description, self._conditions.lines())
        parameters.sdp.wholeSdp = description if self._events else without_events(description)

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

    def onCallMediaState(self, parameters: Any) -> None:
        """Media began, changed, or ended."""
        if self.direct:
            return
        info = self.getInfo()
        for index, media in enumerate(info.media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO or media.status == pj.PJSUA_CALL_MEDIA_ERROR:
                continue
            direction = _DIRECTIONS.get(media.dir, "sendrecv")
            law = self._join(index)
            if law is None:
                # Neither side sends (a=inactive): PJSIP has no stream, and does not say what codec there would be.
                law = self._speech.law if self._speech is not None else self._engine.first_law
                direction = "inactive"
            speech = Speech(self.path.port, law, direction)
            if self._confirmed:
                self._engine.tell(SpeechChanged(self.number, speech))
            self._speech = speech
            self._tell_early()
            return

    def _tell_early(self) -> None:
        """Tell the provisional response that waited for its media; once."""
        if self._early:
            message, self._early = self._early, b""
            self._engine.tell(ResponseReceived(self.number, message, self._speech))

    def _join(self, index: int) -> str | None:
        """Join the stream of the peer and the media process; its law, None where there is no stream."""
        try:
            law = _LAWS.get(self.getStreamInfo(index).codecName)
            audio = self.getAudioMedia(index)
        except pj.Error:
            return None
        if law is None:
            return None
        self.path.set_law(law)
        if self._port is None:
            self._port = SpeechPort(self.path)
        audio.startTransmit(self._port)
        self._port.startTransmit(audio)
        return law

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
            elif message.startswith(b"UPDATE ") and self._conditions is not None and not self._confirmed:
                if transaction.state == pj.PJSIP_TSX_STATE_TRYING:
                    self._engine.tell(UpdateArrived(self.number, message, self._speech))
            elif self._refer_status and message.startswith(b"REFER "):
                library.respond(int(body.src.rdata.pjRxData), self._refer_status)
            elif message.startswith(b"INFO ") and transaction.state == pj.PJSIP_TSX_STATE_TRYING:
                if any(kind in message.lower() for kind in _TAKEN):
                    library.respond(int(body.src.rdata.pjRxData), 200)
                self._engine.tell(InfoArrived(self.number, message))
        elif self._confirmed and transaction.method == "INVITE" and transaction.statusCode >= 300:
            if transaction.statusCode not in (401, 407, 422):
                if self._changing:
                    self.session, self._changing = self._settled, False
                self._engine.tell(HoldFailed(self.number, int(transaction.statusCode)))
        elif self.direct and not self._updating and self._has_answered(transaction, message):
            self._changing = False
            self._engine.tell(OfferAnswered(self.number, message))
        elif self._updating and transaction.method == "UPDATE" and transaction.statusCode >= 200:
            self._updating = False
            self._note_conditions(message)
            self._engine.tell(UpdateAnswered(self.number, int(transaction.statusCode), message))
        elif self._telling and transaction.method == "INFO" and transaction.statusCode >= 200:
            self._telling = False
            self._engine.tell(InfoAnswered(self.number, int(transaction.statusCode)))
        elif self._asking and transaction.method == "OPTIONS" and transaction.statusCode >= 200:
            self._asking = False
            self._engine.tell(AskAnswered(self.number, int(transaction.statusCode)))

    def _has_answered(self, transaction: Any, message: bytes) -> bool:
        """Whether the peer has answered an offer within the call: ours, or PJSIP's that only refreshes the session."""
        return (
            self._confirmed
            and transaction.method in ("INVITE", "UPDATE")
            and transaction.statusCode // 100 == 2
            and message not in (b"", self._answer)
            and (direct.has_description(message) or (self._changing and transaction.method == "INVITE"))
        )

    def _tell_tag(self, response: str) -> None:
        """What our response has in To: without it nobody could end the call if this process were lost."""
        if (found := _TAG.search(response)) is not None:
            self._tagged = True
            self._engine.tell(TagChosen(self.number, found[1]))

    def onDtmfDigit(self, parameters: Any) -> None:
        """A digit came; one in INFO is told with the INFO."""
        if parameters.method == pj.PJSUA_DTMF_METHOD_RFC2833:
            self.path.send_digit(parameters.digit, _DIGIT_MILLISECONDS)

    def onCallTransferRequest(self, parameters: Any) -> None:
        """REFER that is not answered here: not taken, as PJSIP would make the new call past call control."""
        parameters.statusCode = 603

    def onCallReplaceRequest(self, parameters: Any) -> None:
        """INVITE with Replaces, which `library` hides from PJSIP: not taken, for the same reason."""
        parameters.statusCode = 603

    def onCallRedirected(self, parameters: Any) -> int:
        """3xx: call control decides."""
        return int(pj.PJSIP_REDIRECT_STOP)


def with_packet_time(description: str, milliseconds: int) -> str:
    """A description whose audio stream asks for packets of so many milliseconds (RFC 4566 6, a=ptime)."""
    start = description.find("m=audio ")
    if start < 0 or "\r\na=ptime:" in description[start:]:
        return description
    end = description.find("\r\nm=", start)
    end = len(description.rstrip()) if end < 0 else end
    return f"{description[:end]}\r\na=ptime:{milliseconds}{description[end:]}"


def without_events(description: str) -> str:
    """A description without telephone-events (RFC 4733)."""
    found = _EVENTS.findall(description)
    lines = description.split("\r\n")
    for number in found:
        attribute = re.compile(rf"a=(?:rtpmap|fmtp):{number}\b")
        lines = [line for line in lines if not attribute.match(line)]
        lines = [re.sub(rf" {number}(?= |$)", "", line) if line.startswith("m=audio ") else line for line in lines]
    return "\r\n".join(lines)


def _message_of(event: Any) -> bytes:
    """The message that came with an event, empty where none did."""
    if event.type == pj.PJSIP_EVENT_TSX_STATE and event.body.tsxState.type == pj.PJSIP_EVENT_RX_MSG:
        return bytes(event.body.tsxState.src.rdata.wholeMsg.encode("utf-8", "surrogateescape"))
    if event.type == pj.PJSIP_EVENT_RX_MSG:
        return bytes(event.body.rxMsg.rdata.wholeMsg.encode("utf-8", "surrogateescape"))
    return b""
