"""The calls of trunks with `engine = "pjsua2"`: PJSIP in its own process, towards the adapter like our own agent.

PJSIP has the SIP messages and the media towards the peer. The adapter sees the same primitives as of `SipAgent`, each
with the peer's message; in the place of the peer's session description stands one that names the PJSIP process, where
the media process finds the speech of the call as plain RTP.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tandem.core.errors import DecodeError
from tandem.gateway.calls import accounting
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import MediaStatistics
from tandem.gateway.media.quality import judge
from tandem.gateway.pjsip import protocol
from tandem.gateway.sip import preconditions, sdp
from tandem.gateway.sip.dialog import Dialog, RequestHead
from tandem.gateway.sip.endpoint import Endpoint, Stream, show, transport_of
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import format_address
from tandem.gateway.sip.message import Message, Request, Response, parse_message
from tandem.gateway.sip.multipart import Part, build, parts
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import (
    Answered,
    Cancelled,
    Closed,
    Confirmed,
    Ended,
    Failed,
    IncomingInvite,
    InfoReceived,
    InviteRequest,
    OptionsResult,
    Output,
    ProbeResult,
    Provisional,
    Refer,
    RegistrationChanged,
    ReInviteResult,
    Rejected,
    SessionOffered,
    StreamMeasured,
    UpdateResult,
)
from tandem.gateway.sip.registration import RegistrationOptions
from tandem.gateway.sip.session_timer import supports
from tandem.gateway.sip.standing import ReceivedInvite, SentInvite, Standing, StandingDialog, place_of
from tandem.gateway.sip.upkeep import GONE
from tandem.gateway.trunks.sip_isup import MEDIA_TYPE

_PROFILES: Final = (sdp.PLAIN, sdp.SECURE)
_LAWS: Final = {"PCMA": "A", "PCMU": "u"}
_ELSEWHERE: Final = (408, 430, 500, 502, 503, 504)
"""Answers to REGISTER after which another server may give another one; 408 and 503 are no answer too."""
_FIRST_SEQUENCE: Final = 1 << 15
"""CSeq numbers of PJSIP begin below it (sip_dialog.c)."""
_TAG: Final = "lost"
"""Of the refusal of a call to which PJSIP had not sent a response with a tag."""
_REQUIRED: Final = (("Require", preconditions.OPTION),)
_BOUNDARY: Final = "tandem-in-the-place-of-pjsip"
"""Between parts of a body that only the adapter sees."""
_HOLDS: Final = ("sendonly", "inactive")
Headers = Iterable[tuple[str, str]]


@dataclass(slots=True)
class _Call:
    """What is known of a call of PJSIP."""

    account: str
    message: Message | None = None
    """The INVITE of an incoming call, the last response to an outgoing one."""
    speech: protocol.Speech | None = None
    """As the adapter knows it."""
    outgoing: bool = False
    answered: bool = False
    ending: bool = False
    """The adapter has ended it: it only waits for Closed."""
    holding: bool = False
    """A re-INVITE of ours is under way."""
    events: bool = True
    """The peer takes telephone-events, as far as we know."""
    sdp_version: int = field(default=0)
    referring: bool = False
    """A REFER waits for its answer."""
    dialog: tuple[str, frozenset[str | None]] | None = None
    """Call-ID and both tags, once the call is answered."""
    place: Endpoint = ("", 0)
    """Where the INVITE went to, or came from."""
    uri: str = ""
    """Request-URI of an outgoing call."""
    options: CallOptions = field(default_factory=CallOptions)
    """What a call that came in may use."""
    tag: str = ""
    """Ours, of a call that came in."""


@dataclass(slots=True)
class _Servers:
    """Of one provider."""

    places: list[Endpoint]
    position: int = 0
    """Of the one that is tried now."""
    failed: int = 0
    """How many have failed since one did not, or since all had."""

    def next(self) -> Endpoint | None:
        """The one that was tried has failed: the next one; None when all have, and PJSIP waits before it goes on."""
        self.failed += 1
        if self.failed >= len(self.places):
            self.failed = 0
            return None
        self.position = (self.position + 1) % len(self.places)
        return self.places[self.position]


class PjsipAgent:
    """Turns the adapter's wishes into commands for the PJSIP process, and its events into primitives."""

    def __init__(
        self,
        trunks: Mapping[str, SipTrunk],
        media_address: str,
        sources: Callable[[], Iterable[protocol.SetSources]],
        log: Callable[[Line], None],
    ) -> None:
        """`trunks` are those of this engine; `sources` says of each whence its calls come."""
        self.commands: list[protocol.Command] = []
        """For the PJSIP process."""
        self.limit = 0
        """Calls at once that the installed build allows; 0 while the process is not up."""
        self._trunks = trunks
        self._replaces = any(trunk.refer == "perform" for trunk in trunks.values())
        self._media_address = media_address
        self._sources = sources
        self._log = log
        self._calls: dict[int, _Call] = {}
        self._last_number = 0
        self.waiting: list[Output] = []
        """What `outputs` is going to return: the same list every time."""
        self._gate: Callable[[Request, Endpoint, float], bool] | None = None
        self._gated: tuple[Request, int] | None = None
        self._registrations: dict[int, protocol.Register] = {}
        self._registering: set[int] = set()
        self._servers: dict[int, _Servers] = {}
        """Where each registration may be tried."""
        self.seen: list[protocol.MessageSeen] = []
        """Messages of PJSIP since the owner took them; none unless `watch` asks for them."""
        self._watching = False
        self._proved: dict[int, tuple[str, ...]] = {}
        """SIP domains in the certificates of those who have connected to us over TLS, by connection."""

    def outputs(self) -> list[Output]:
        """Return what has been produced since the last call, in order, and forget it."""
        queue = self.waiting[:]
        self.waiting.clear()
        return queue

    # --- how many calls

    @property
    def usable(self) -> int:
        """Calls at once that are taken: one less than the build allows, which answers 503 to what is too much."""
        return max(0, self.limit - 1)

    @property
    def why_no_call(self) -> str:
        """Why no further call can be made; empty when one can."""
        if not self.limit:
            return "the PJSIP process is not up"
        if len(self._calls) >= self.usable:
            return f"the installed PJSIP allows {self.limit} calls at once (PJSUA_MAX_CALLS), {self.usable} are taken"
        return ""

    # --- the PJSIP process comes and goes

    def event(self, event: protocol.Event, now: float) -> None:
        """The PJSIP process told something."""
        match event:
            case protocol.Started(version=version, limit=limit):
                self.limit = limit
                text = (
                    f"PJSIP {version} is up: its build allows {limit} calls at once (PJSUA_MAX_CALLS); "
                    f"{self.usable} are taken, the last place answers 503 to what is too much"
                )
                self._log(Line("info", "=", "engine pjsua2", text))
                self._tell_library(event.openssl)
                if self._watching:
                    self.commands.append(protocol.TellMessages(True))
                self.tell_sources()
                self.commands += self._registrations.values()
                self._registering |= set(self._registrations)
            case protocol.CallReceived():
                self._received(event, now)
            case protocol.CallRefused(source=source):
                text = f"call from {source} refused with 503: the installed PJSIP allows {self.limit} calls at once"
                self._log(Line("warning", "!", "engine pjsua2", f"{text} (PJSUA_MAX_CALLS), {self.usable} are taken"))
            case protocol.PingAnswered(number=number, status=status):
                self.waiting.append(OptionsResult(number, status or None))
            case protocol.RegistrationAnswered():
                self._registered(event)
            case protocol.PeerProved(connection=connection, names=names):
                self._proved.pop(connection, None)
                if names is not None:
                    self._proved[connection] = names
            case protocol.CertificatesRead(wrong=wrong):
                line = Line("error", "!", "engine pjsua2", f"{wrong}; the old certificates stay in use")
                self._log(line if wrong else Line("info", "=", "engine pjsua2", "certificates were read again"))
            case protocol.MessageSeen():
                self.seen.append(event)
            case protocol.Trouble(text=text):
                self._log(Line("warning", "!", "engine pjsua2", text))
            case protocol.Failed():
                pass
            case _:
                call = self._calls.get(event.call)
                if call is not None:
                    self._in_call(event, call)

    def _tell_library(self, openssl: str) -> None:
        """Say what speaks TLS; and that nobody maintains it any more, where that is so: nothing before 3.0 in 2026."""
        if not openssl:
            return
        old = not openssl.startswith(("OpenSSL 3", "OpenSSL 4"))
        text = f"TLS by {' '.join(openssl.split())}"
        if old:
            text += (
                ", which nobody maintains any more; build PJSIP with the OpenSSL of the system, or use Tandem's engine"
            )
        self._log(Line("warning" if old else "info", "=", "engine pjsua2", text))

    def standing(self, number: int) -> Standing | None:
        """What would stand at the peer of a call if the PJSIP process ended now; None when nothing would, or is known.

        PJSIP counts its requests from below 2^15 on; who ends what stands leaves more room than that.
        """
        call = self._calls.get(number)
        message = None if call is None else call.message
        if call is None or message is None or call.ending:
            return None
        try:
            if isinstance(message, Request):
                if call.answered and call.tag:
                    dialog = Dialog.from_request(message, call.tag, call.place)
                    dialog.local_cseq = _FIRST_SEQUENCE
                    return StandingDialog.of(dialog)
                echo = "".join(f"{line}\r\n" for line in _echo(message))
                return ReceivedInvite(
                    message.uri_text, echo, message.fields["to"][0], call.tag or _TAG, place_of(call.place)
                )
            if call.answered and isinstance(message, Response):
                return StandingDialog.of(Dialog.from_response(message, message.cseq, call.place))
        except SipDecodeError:
            return None
        via = f"{message.fields['via'][0].partition(';')[0]};rport;branch={message.via.branch}"
        to = message.fields["to"][0].partition(";tag=")[0]
        caller = message.fields["from"][0]
        head = RequestHead(call.uri, via, caller, to, message.call_id, message.cseq, foreign=True)
        return SentInvite(head, place_of(call.place))

    def lost(self) -> list[tuple[int, Standing]]:
        """The PJSIP process is gone, and every call of it: what stands at the peer of each."""
        left = [(number, self.standing(number)) for number in self._calls]
        self.limit = 0
        self._proved.clear()
        self._registering.clear()
        self.commands.clear()
        for number, call in list(self._calls.items()):
            del self._calls[number]
            if not call.ending:
                self.waiting.append(Failed(number, "transport"))
            self.waiting.append(Closed(number))
        return [(number, standing) for number, standing in left if standing is not None]

    def watch(self, on: bool) -> None:
        """Have PJSIP tell what it sends and receives, or no more."""
        if on != self._watching:
            self._watching = on
            if self.limit:
                self.commands.append(protocol.TellMessages(on))

    def tell_sources(self) -> None:
        """Have the process know whose calls come from where, so that a call has the settings of its trunk."""
        if self.limit:
            self.commands += self._sources()

    def names_of(self, source: Endpoint) -> tuple[str, ...] | None:
        """The SIP domains that whoever connected to us over TLS has proved; None: we connected to him."""
        if not isinstance(source, Stream) or source.transport != "tls":
            return ()
        return self._proved.get(source.connection, ()) if source.connection else None

    # --- what the adapter wants

    def invite(self, request: InviteRequest) -> int:
        """Start a call and return its number."""
        self._last_number -= 2
        number = self._last_number
        if not self.limit:
            self.waiting += [Failed(number, "transport"), Closed(number)]
            return number
        trunk = self._trunks[request.account]
        self._calls[number] = _Call(
            request.account,
            outgoing=True,
            events=trunk.telephone_event,
            place=request.destination,
            uri=request.uri,
        )
        self.commands.append(
            protocol.MakeCall(
                call=number,
                account=request.account,
                destination=_uri_of(request.destination),
                target=request.uri,
                local=format_address(request.from_uri, request.from_display),
                remote=request.to_uri,
                call_id=request.call_id,
                headers=[*request.headers, *(_REQUIRED if trunk.preconditions == "required" else ())],
                media=_place_in(request.session or b"") or (self._media_address, 0),
                offer=not trunk.delayed_offer,
                content=_content_in(request),
                ready=_is_ready(request.session or b""),
            )
        )
        return number

    def respond(
        self,
        number: int,
        status: int,
        phrase: str | None,
        headers: Headers,
        body: bytes | None,
        part: Part | None = None,
    ) -> None:
        """Answer an incoming call."""
        call = self._calls.get(number)
        if call is None or call.ending:
            return
        call.ending = status >= 300
        call.answered = call.answered or 200 <= status < 300
        media = None if not body else _place_in(body)
        self.commands.append(
            protocol.Respond(number, status, phrase or "", list(headers), media, protocol.Content.of(part))
        )

    def end(self, number: int, status: int, headers: Headers, part: Part | None = None) -> None:
        """End a call in whichever state it is."""
        call = self._calls.get(number)
        if call is not None and not call.ending:
            call.ending = True
            self.commands.append(protocol.EndCall(number, status, list(headers), protocol.Content.of(part)))

    def modify(self, number: int, body: bytes | None) -> None:
        """Hold the peer, or no longer, as the description says."""
        call = self._calls.get(number)
        if call is not None and body and not call.ending:
            call.holding = True
            self.commands.append(protocol.SetHold(number, _direction_in(body) in _HOLDS))

    def send_info(self, number: int, content_type: str, body: bytes, headers: Headers) -> None:
        """Send INFO in an answered call."""
        if number in self._calls:
            disposition = dict(headers).get("Content-Disposition", "")
            self.commands.append(protocol.SendInfo(number, protocol.Content(content_type, body, disposition)))

    def configure(self, number: int, options: CallOptions) -> bool:
        """What a call that came in may use; False when it was refused for what it wants (RFC 3312 11).

        PJSIP sees to the rest, and takes preconditions in Require on every trunk once one has them.
        """
        call = self._calls.get(number)
        if call is None or not isinstance(call.message, Request):
            return True
        call.options = options
        wanted = preconditions.OPTION in map(str.lower, call.message.values("require"))
        if wanted and options.preconditions == "off":
            self.respond(number, 420, None, (("Unsupported", preconditions.OPTION),), None)
            return False
        if options.preconditions == "required" and not self.is_conditional(number):
            self.respond(number, 421, None, _REQUIRED, None)
            return False
        return True

    def is_conditional(self, number: int) -> bool:
        """Whether both sides of a call that came in know preconditions."""
        call = self._calls[number]
        request = call.message
        return (
            isinstance(request, Request)
            and call.options.preconditions != "off"
            and supports(request, preconditions.OPTION)
            and supports(request, "100rel")
        )

    def update(self, number: int, headers: Headers, told: Collection[str]) -> bool:
        """Tell the peer that our precondition is met; ends in UpdateResult. Of a fork PJSIP knows one dialog only."""
        call = self._calls.get(number)
        if call is None or call.ending or told:
            return False
        self.commands.append(protocol.TellReady(number, list(headers)))
        return True

    def probe(self, number: int) -> bool:
        """Ask the peer whether it still knows the call; ends in ProbeResult."""
        if number not in self._calls:
            return False
        self.commands.append(protocol.Ask(number))
        return True

    def find_dialog(self, call_id: str, tags: frozenset[str]) -> int | None:
        """The call whose confirmed dialog has this Call-ID and these two tags; None when there is none."""
        return next((number for number, call in self._calls.items() if call.dialog == (call_id, tags)), None)

    def answer_refer(self, number: int, status: int) -> None:
        """Answer Refer: 202 to perform it, or a refusal; once."""
        call = self._calls.get(number)
        if call is not None and call.referring:
            call.referring = False
            self.commands.append(protocol.AnswerRefer(number, status))

    def notify_refer(self, number: int, status_line: str, final: bool) -> None:
        """Tell the peer how its REFER goes."""
        call = self._calls.get(number)
        if call is not None and not call.ending:
            self.commands.append(protocol.TellTransfer(number, status_line, final))

    def send_options(self, account: str, destination: Endpoint, uri: str) -> int:
        """Ask a peer whether it lives; OptionsResult carries the returned number."""
        self._last_number -= 2
        if self.limit:
            self.commands.append(protocol.Ping(self._last_number, account, _uri_of(destination), uri))
        else:
            self.waiting.append(OptionsResult(self._last_number, None))
        return self._last_number

    def register(self, options: RegistrationOptions, destinations: Sequence[Endpoint]) -> int:
        """Register with a provider; RegistrationChanged carries the returned number. `destinations` in their order."""
        self._last_number -= 2
        self._servers[self._last_number] = _Servers(list(destinations))
        self._register(self._last_number, options, destinations[0] if destinations else ("", 0))
        return self._last_number

    def move_registration(self, number: int, destinations: Sequence[Endpoint]) -> None:
        """The provider is reached elsewhere from now on."""
        self._servers[number] = _Servers(list(destinations))
        self._register_at(number, destinations[0])

    def _register_at(self, number: int, destination: Endpoint) -> None:
        found = self._registrations[number]
        found.destination = _uri_of(destination)
        if self.limit:
            self._registering.add(number)
            self.commands.append(found)

    def unregister(self) -> None:
        """Take every registration back."""
        for number in self._registrations:
            if self.limit:
                self._registering.add(number)
                self.commands.append(protocol.Unregister(number))
        self._registrations = {}

    @property
    def registering(self) -> bool:
        """Whether a REGISTER waits for its answer."""
        return bool(self._registering)

    def guard(
        self, gate: Callable[[Request, Endpoint, float], bool], answers_malformed: Callable[[Endpoint, float], bool]
    ) -> None:
        """Ask `gate` about each call; what cannot be parsed PJSIP has thrown away before."""
        self._gate = gate

    def answer_stranger(self, request: Request, source: Endpoint, status: int, lines: str = "") -> None:
        """Answer a call that `gate` has kept to itself."""
        assert self._gated is not None, "only within `gate`"
        headers = [tuple(line.split(": ", 1)) for line in lines.split("\r\n") if line]
        self._calls[self._gated[1]].ending = True
        self.commands.append(protocol.Respond(self._gated[1], status, "", headers, None))  # type: ignore[arg-type]

    def answer(self, request: Request, source: Endpoint, status: int, lines: str, now: float) -> None:
        """As `answer_stranger`."""
        self.answer_stranger(request, source, status, lines)

    # --- what the process says

    def _received(self, event: protocol.CallReceived, now: float) -> None:
        number = event.call
        call = self._calls[number] = _Call("")
        try:
            request = parse_message(event.message)
            if not isinstance(request, Request):
                raise SipDecodeError("no request")
            source = _source_of(event)
        except SipDecodeError as error:
            call.ending = True
            self.commands.append(protocol.Respond(number, error.status, "", [], None))
            return
        self._gated = request, number
        admitted = self._gate is None or self._gate(request, source, now)
        self._gated = None
        if not admitted:
            if not call.ending:
                # Without an answer is not possible: PJSIP has sent 100 already.
                self.respond(number, 403, None, (), None)
            return
        if "replaces" in map(str.lower, request.values("require")) and not self._replaces:
            # PJSIP takes it, and has not seen what is to be replaced.
            self.respond(number, 420, None, (("Unsupported", "replaces"),), None)
            return
        call.message, call.place = request, source
        speech = self._offered(request, event.port)
        if speech is not None:
            self._describe(call, request, speech)
        self.waiting.append(IncomingInvite(number, request, source))

    def _offered(self, request: Request, port: int) -> protocol.Speech | None:
        """What PJSIP is going to agree to of an offer: the first codec of the peer that it has; None without one."""
        try:
            offer = sdp.parse(request.session)
        except DecodeError:
            return None
        codecs = next(iter(self._trunks.values())).codecs
        found = [answer for codec in codecs if (answer := sdp.choose(offer, [_LAWS[codec]], profiles=_PROFILES))]
        if not found:
            return None
        formats = offer.media[found[0].index].formats
        first = min(found, key=lambda answer: formats.index(str(answer.payload_type)))
        return protocol.Speech(port, first.law, offer.media[first.index].direction)

    def _in_call(self, event: protocol.Event, call: _Call) -> None:
        match event:
            case protocol.ResponseReceived(number, message, speech):
                self._response(number, call, message, speech)
            case protocol.CallConfirmed(number, speech, message) if isinstance(call.message, Request):
                call.dialog = _dialog_in(_parsed(message))
                self._describe(call, call.message, speech)
                self.waiting.append(Confirmed(number, call.message))
            case protocol.SpeechChanged(number, speech):
                self._speech_changed(number, call, speech)
            case protocol.HoldFailed(number, status):
                if call.holding:
                    call.holding = False
                    self.waiting.append(ReInviteResult(number, status, None))
            case protocol.InfoArrived(number, message):
                parsed = _parsed(message)
                if isinstance(parsed, Request):
                    self.waiting.append(InfoReceived(number, parsed))
            case protocol.UpdateArrived(number, message, speech):
                parsed = _parsed(message)
                if isinstance(parsed, Request) and parsed.session and not call.ending:
                    self._describe(call, parsed, speech or call.speech)
                    self.waiting.append(SessionOffered(number, parsed))
            case protocol.UpdateAnswered(number, status, message):
                answer = _parsed(message)
                if isinstance(answer, Response):
                    self._describe(call, answer, call.speech if answer.session else None)
                if not call.ending:
                    self.waiting.append(UpdateResult(number, status, answer if isinstance(answer, Response) else None))
            case protocol.TagChosen(value=tag):
                call.tag = tag
            case protocol.ReferArrived(number, message):
                parsed, call.referring = _parsed(message), True
                if isinstance(parsed, Request) and not call.ending:
                    self.waiting.append(Refer(number, parsed))
                else:
                    self.answer_refer(number, 603)
            case protocol.AskAnswered(number, status):
                self.waiting.append(ProbeResult(number, status not in GONE))
            case protocol.StreamMeasured(number):
                nothing = event == protocol.StreamMeasured(number, final=event.final)
                self.waiting.append(StreamMeasured(number, {} if nothing else statistics_of(event), event.final))
            case protocol.CallEnded():
                self._ended(event, call)

    def _response(self, number: int, call: _Call, octets: bytes, speech: protocol.Speech | None) -> None:
        message = _parsed(octets)
        if not isinstance(message, Response) or call.ending:
            return
        call.message = message
        self._describe(call, message, speech)
        if message.status < 200:
            self.waiting.append(Provisional(number, message.status, message, message.to.tag))
        elif not call.answered:
            call.answered = True
            call.dialog = _dialog_in(message)
            self.waiting.append(Answered(number, message))

    def _speech_changed(self, number: int, call: _Call, speech: protocol.Speech) -> None:
        if call.ending or call.message is None:
            return
        changed = speech != call.speech
        if call.holding:
            call.holding = False
            answer = Response(200, "OK", {}, b"")
            self._describe(call, answer, speech)
            self.waiting.append(ReInviteResult(number, 200, answer))
        elif changed:
            request = Request("UPDATE", "", {}, b"")
            self._describe(call, request, speech)
            self.waiting.append(SessionOffered(number, request))

    def _ended(self, event: protocol.CallEnded, call: _Call) -> None:
        number = event.call
        del self._calls[number]
        if not call.ending:
            message = _parsed(event.message)
            if isinstance(message, Response) and message.status >= 300 and not call.answered:
                self.waiting.append(Rejected(number, message.status, message))
            elif isinstance(message, Request) and message.method == "BYE":
                self.waiting.append(Ended(number, message))
            elif isinstance(message, Request):
                self.waiting.append(Cancelled(number, message))
            else:
                self.waiting.append(Failed(number, "timeout" if event.status == 408 else "transport"))
                self._log(Line("info", "=", "engine pjsua2", f"call ended by PJSIP: {event.status} {event.reason}"))
        self.waiting.append(Closed(number))

    def _describe(self, call: _Call, message: Message, speech: protocol.Speech | None) -> None:
        """Put the description of the PJSIP process in the place of the peer's.

        Whether the peer takes telephone-events is its own: without them digits are sent and found in the speech.
        """
        if (events := _has_events(message)) is not None:
            call.events = events
        try:
            others = [part for part in message.parts() if part.media_type == MEDIA_TYPE]
        except SipDecodeError:
            others = []
        conditions = _conditions_in(message)
        message.body = b""
        if speech is not None:
            call.speech = speech
            call.sdp_version += 1
            message.fields["content-type"] = ["application/sdp"]
            message.body = sdp.build_offer(
                self._media_address,
                speech.port,
                speech.port,
                [speech.law],
                call.events,
                version=call.sdp_version,
                direction=speech.direction,
                further=conditions,
            )
        if others:
            session = [Part("application/sdp", message.body)] if message.body else []
            content_type, message.body = build([*session, *others], _BOUNDARY)
            message.fields["content-type"] = [content_type]

    # --- registrations

    def _register(self, number: int, options: RegistrationOptions, destination: Endpoint) -> None:
        credentials = options.credentials
        command = protocol.Register(
            number=number,
            account=options.account,
            destination=_uri_of(destination),
            address_of_record=options.address_of_record,
            registrar=options.registrar,
            contact_user=options.contact_user,
            user=credentials.username if credentials else "",
            password=credentials.password if credentials else "",
            expires=options.expires,
        )
        self._registrations[number] = command
        if self.limit:
            self._registering.add(number)
            self.commands.append(command)

    def _registered(self, event: protocol.RegistrationAnswered) -> None:
        self._registering.discard(event.number)
        servers = self._servers[event.number]
        if event.status not in _ELSEWHERE or event.number not in self._registrations:
            servers.failed = 0
        elif (place := servers.next()) is not None:
            self._register_at(event.number, place)
            return
        if event.seconds:
            state, detail = "registered", f"for {event.seconds} s"
        elif event.status // 100 == 2:
            state, detail = "removed", ""
        else:
            state, detail = "failed", f"{event.status}: {event.reason}"
        self.waiting.append(RegistrationChanged(event.number, state, detail))


def statistics_of(measured: protocol.StreamMeasured) -> dict[str, float]:
    """What PJSIP measured of the peer's RTP, as the record of a call has it.

    PJSIP makes up for what was lost or came late, a packet at a time; how long that is follows from what came.
    """
    statistics = MediaStatistics(
        **{name: getattr(measured, name) for name in MediaStatistics.__struct_fields__ if hasattr(measured, name)}
    )
    if measured.packets_received:
        packet_ms = statistics.octets_received / 8 / measured.packets_received
        statistics.concealed_ms = round(packet_ms * (measured.packets_lost + measured.packets_late))
    judge(statistics, round(measured.waiting_ms * 8))
    found = accounting.statistics_of(statistics)
    for name in ("modem_hz", "modem_reversals", "modem_modulated"):
        del found[name]  # the media process hears them
    return found


def _content_in(request: InviteRequest) -> protocol.Content | None:
    """The part of an INVITE that is no description."""
    try:
        found = parts(request.content_type, None, request.body or b"")
    except SipDecodeError:
        return None
    return protocol.Content.of(next((part for part in found if part.media_type != "application/sdp"), None))


def _parsed(octets: bytes) -> Request | Response | None:
    """A message of the peer, None where our grammar does not take what PJSIP took."""
    try:
        return parse_message(octets) if octets else None
    except SipDecodeError:
        return None


def _dialog_in(message: Message | None) -> tuple[str, frozenset[str | None]] | None:
    """Call-ID and tags of the dialog that a message is of."""
    return None if message is None else (message.call_id, frozenset((message.from_.tag, message.to.tag)))


def _echo(request: Request) -> list[str]:
    """Lines of a request that each response to it repeats, but To."""
    names = (("Via", "via"), ("From", "from"), ("Call-ID", "call-id"), ("CSeq", "cseq"))
    return [f"{name}: {value}" for name, key in names for value in request.fields[key]]


def _source_of(event: protocol.CallReceived) -> Endpoint:
    """Where a call came from."""
    if event.transport == "udp":
        return event.source
    return Stream(*event.source, event.transport, event.connection)


def _uri_of(endpoint: Endpoint) -> str:
    """An address as PJSIP is told it."""
    return f"sip:{show((endpoint[0], endpoint[1]))};transport={transport_of(endpoint)}"


def _place_in(body: bytes) -> tuple[str, int] | None:
    """Where the media process receives, as our description says."""
    try:
        media = sdp.parse(body).media
    except DecodeError:
        return None
    found = next((one for one in media if one.kind == "audio" and one.port), None)
    return None if found is None else (found.address, found.port)


def _has_events(message: Message) -> bool | None:
    """Whether a description of the peer has telephone-events; None where there is none that can be used."""
    try:
        found = sdp.choose(sdp.parse(message.session), tuple(_LAWS.values()), profiles=_PROFILES)
    except DecodeError:
        return None
    return None if found is None else found.event_payload_type is not None


def _conditions_in(message: Message) -> str:
    """The peer's lines of preconditions."""
    lines = message.session.decode("utf-8", "replace").splitlines()
    return "".join(f"{line}\r\n" for line in lines if line.startswith(("a=curr:", "a=des:", "a=conf:")))


def _is_ready(body: bytes) -> bool:
    """Whether our description says that our own precondition is met."""
    return b"a=curr:qos local none" not in body


def _direction_in(body: bytes) -> str:
    """What our description says that we do."""
    return sdp.parse(body).media[0].direction
