"""The calls of trunks with `engine = "pjsua2"`: PJSIP in its own process, towards the adapter like our own agent.

PJSIP has the SIP messages and the media towards the peer. The adapter sees the same primitives as of `SipAgent`, each
with the peer's message; in the place of the peer's session description stands one that names the PJSIP process, where
the media process finds the speech of the call as plain RTP.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from tandem.core.errors import DecodeError
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.log import Line
from tandem.gateway.pjsip import protocol
from tandem.gateway.sip import preconditions, sdp
from tandem.gateway.sip.endpoint import Endpoint, Stream
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import format_address
from tandem.gateway.sip.message import Message, Request, Response, parse_message
from tandem.gateway.sip.multipart import Part, build
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
    InfoResult,
    InviteRequest,
    OptionsResult,
    Output,
    ProbeResult,
    Provisional,
    ProvisionalConfirmed,
    Refer,
    ReInvite,
    ReInviteResult,
    Rejected,
    SessionOffered,
    StreamMeasured,
    UpdateResult,
)
from tandem.gateway.sip.registration import RegistrationOptions
from tandem.gateway.sip.reliable import response_sequence
from tandem.gateway.sip.session_timer import supports
from tandem.gateway.sip.standing import Standing
from tandem.gateway.sip.upkeep import GONE
from tandem.gateway.trunks.sip_direct import first_by_pjsip, is_direct
from tandem.gateway.trunks.sip_isup import MEDIA_TYPE
from tandem.gateway.trunks.sip_pjsip_call import PjsipCall
from tandem.gateway.trunks.sip_pjsip_gate import PjsipGate
from tandem.gateway.trunks.sip_pjsip_messages import (
    LAWS,
    PROFILES,
    conditions_in,
    content_in,
    dialog_in,
    direction_in,
    has_events,
    is_ready,
    message_in,
    place_in,
    source_of,
    statistics_of,
    uri_of,
)
from tandem.gateway.trunks.sip_pjsip_registrations import PjsipRegistrations

_REQUIRED: Final = (("Require", preconditions.OPTION),)
_BOUNDARY: Final = "tandem-in-the-place-of-pjsip"
"""Between parts of a body that only the adapter sees."""
_RINGING, _PROGRESS, NO_ANSWER = 180, 183, 408
_HOLDS: Final = ("sendonly", "inactive")
Headers = Iterable[tuple[str, str]]


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
        self._calls: dict[int, PjsipCall] = {}
        self._last_number = 0
        self.waiting: list[Output] = []
        """What `outputs` is going to return: the same list every time."""
        self._gate: Callable[[Request, Endpoint, float], bool] | None = None
        self._gated: tuple[Request, int] | None = None
        self.gate = PjsipGate(self.commands)
        """Who must prove who he is, and what of PJSIP waits for that."""
        self.registrations = PjsipRegistrations(self.commands, self.waiting)
        self.seen: list[protocol.MessageSeen] = []
        """Messages of PJSIP since the owner took them; none unless `watch` asks for them."""
        self._watching = self._leaving = False
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
                if self._leaving:
                    self.commands.append(protocol.Leave(True))
                self.tell_sources()
                self.gate.started()
                self.registrations.started()
            case protocol.CallReceived():
                self._received(event, now)
            case protocol.RequestArrived():
                self.gate.arrived(event, now)
            case protocol.CallRefused(source=source):
                text = f"call from {source} refused with 503: the installed PJSIP allows {self.limit} calls at once"
                self._log(Line("warning", "!", "engine pjsua2", f"{text} (PJSUA_MAX_CALLS), {self.usable} are taken"))
            case protocol.PingAnswered(number=number, status=status):
                self.waiting.append(OptionsResult(number, status or None))
            case protocol.RegistrationAnswered():
                self.registrations.answered(event)
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
                ", which nobody maintains any more; `tandem build-pjsip` has that of the system, or use Tandem's engine"
            )
        self._log(Line("warning" if old else "info", "=", "engine pjsua2", text))

    def standing(self, number: int) -> Standing | None:
        """What would stand at the peer of a call if the PJSIP process ended now."""
        call = self._calls.get(number)
        return None if call is None else call.standing

    def lost(self) -> list[tuple[int, Standing]]:
        """The PJSIP process is gone, and every call of it: what stands at the peer of each."""
        left = [(number, call.standing) for number, call in self._calls.items()]
        self.limit = 0
        self._proved.clear()
        self.registrations.lost()
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

    def leave(self, on: bool) -> None:
        """Have PJSIP tell whoever watches us that no new calls are wanted, or that they are again."""
        self._leaving = on
        if self.limit:
            self.commands.append(protocol.Leave(on))

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
        self._calls[number] = PjsipCall(
            request.account,
            is_direct(trunk),
            outgoing=True,
            events=trunk.telephone_event,
            place=request.destination,
            uri=request.uri,
        )
        self.commands.append(
            protocol.MakeCall(
                call=number,
                account=request.account,
                destination=uri_of(request.destination),
                target=request.uri,
                local=format_address(request.from_uri, request.from_display),
                remote=request.to_uri,
                call_id=request.call_id,
                headers=[*request.headers, *(_REQUIRED if trunk.preconditions == "required" else ())],
                media=place_in(request.session or b"") or (self._media_address, 0),
                offer=not trunk.delayed_offer,
                content=content_in(request),
                ready=is_ready(request.session or b""),
                from_tag=request.from_tag,
                max_forwards=request.max_forwards,
                sequence=request.sequence,
                session=(request.session or b"") if is_direct(trunk) else b"",
                pinned=request.pinned,
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
        media = None if not body else place_in(body)
        if call.direct and status == _RINGING and body and not call.offers:
            # The offer goes with the first reliable response (RFC 3261 13.2.1), and PJSIP puts none into 180.
            progress = protocol.Respond(number, _PROGRESS, "", list(headers), media, session=body)
            self.commands.append(progress)
            call.offers = True
        self.commands.append(
            protocol.Respond(
                number,
                status,
                phrase or "",
                list(headers),
                media,
                protocol.Content.of(part),
                body if body and call.direct else b"",
            )
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
            self.commands.append(protocol.SetHold(number, direction_in(body) in _HOLDS, body if call.direct else b""))

    def answer_offer(self, number: int, status: int, body: bytes | None) -> None:
        """Answer what the peer offers, where RTP passes PJSIP by; else it has answered."""
        call = self._calls.get(number)
        if call is not None and call.direct and not call.ending:
            self.commands.append(protocol.AnswerOffer(number, status, body or b""))

    def send_info(self, number: int, content_type: str, body: bytes, headers: Headers) -> None:
        """Send INFO in an answered call."""
        if number in self._calls:
            disposition = dict(headers).get("Content-Disposition", "")
            self.commands.append(protocol.SendInfo(number, protocol.Content(content_type, body, disposition)))

    def send_early_info(self, number: int, content_type: str, body: bytes, headers: Headers) -> bool:
        """Send INFO in the early dialog that a reliable response made; False when there is none."""
        call = self._calls.get(number)
        if call is None or call.ending or call.answered or not isinstance(call.message, Response):
            return False
        if response_sequence(call.message) is None:
            return False
        disposition = dict(headers).get("Content-Disposition", "")
        content = protocol.Content(content_type, body, disposition)
        self.commands.append(protocol.SendInfo(number, content, early=True))
        return True

    def is_reliable(self, number: int) -> bool:
        """Whether provisional responses are sent reliably, to an INVITE with an offer; without one PJSIP offers.

        Unless RTP passes it by.
        """
        call = self._calls[number]
        request = call.message
        if not isinstance(request, Request) or call.options.reliable == "off":
            return False
        return (call.direct or bool(request.session)) and supports(request, "100rel")

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

    def update(self, number: int, body: bytes | None, headers: Headers, told: Collection[str]) -> bool:
        """Tell the peer that our precondition is met; ends in UpdateResult. Of a fork PJSIP knows one dialog only."""
        call = self._calls.get(number)
        if call is None or call.ending or told:
            return False
        session = body if body and call.direct else b""
        self.commands.append(protocol.TellReady(number, list(headers), session))
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
            self.commands.append(protocol.Ping(self._last_number, account, uri_of(destination), uri))
        else:
            self.waiting.append(OptionsResult(self._last_number, None))
        return self._last_number

    def register(self, options: RegistrationOptions, destinations: Sequence[Endpoint]) -> int:
        """Register with a provider; RegistrationChanged carries the returned number. `destinations` in their order."""
        self._last_number -= 2
        self.registrations.begin(self._last_number, options, destinations)
        return self._last_number

    def guard(
        self, gate: Callable[[Request, Endpoint, float], bool], answers_malformed: Callable[[Endpoint, float], bool]
    ) -> None:
        """Ask `gate` about each call; what cannot be parsed PJSIP has thrown away before."""
        self._gate = gate

    def answer_stranger(self, request: Request, source: Endpoint, status: int, lines: str = "") -> None:
        """Answer a call, or another request, that `gate` has kept to itself."""
        if self.gate.answer(status, lines, lasting=False):
            return
        assert self._gated is not None, "only within `gate`"
        headers = [tuple(line.split(": ", 1)) for line in lines.split("\r\n") if line]
        self._calls[self._gated[1]].ending = True
        self.commands.append(protocol.Respond(self._gated[1], status, "", headers, None))  # type: ignore[arg-type]

    def answer(self, request: Request, source: Endpoint, status: int, lines: str, now: float) -> None:
        """The same, and remember the answer for when the request comes again."""
        if not self.gate.answer(status, lines, lasting=True):
            self.answer_stranger(request, source, status, lines)

    def turn_away(self, host: str, seconds: float) -> None:
        """Somebody is banned: the PJSIP process is not to hear him either."""
        if self.limit:
            self.commands.append(protocol.TurnAway(host, seconds))

    # --- what the process says

    def _received(self, event: protocol.CallReceived, now: float) -> None:
        number = event.call
        call = self._calls[number] = PjsipCall("", event.direct)
        try:
            request = parse_message(event.message)
            if not isinstance(request, Request):
                raise SipDecodeError("no request")
            source = source_of(event)
        except SipDecodeError as error:
            call.ending = True
            self.commands.append(protocol.Respond(number, error.status, "", [], None))
            return
        self._gated, request.caller = (request, number), event.caller
        admitted = event.admitted or self._gate is None or self._gate(request, source, now)
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
        call.offers = bool(request.session)
        speech = None if call.direct else self._offered(request, event.port)
        if speech is not None:
            self._describe(call, request, speech)
        self.waiting.append(IncomingInvite(number, request, source))

    def _offered(self, request: Request, port: int) -> protocol.Speech | None:
        """What PJSIP is going to agree to of an offer: the first codec of the peer that it has; None without one."""
        try:
            offer = sdp.parse(request.session)
        except DecodeError:
            return None
        codecs = first_by_pjsip(list(self._trunks.values())).codecs
        found = [answer for codec in codecs if (answer := sdp.choose(offer, [LAWS[codec]], profiles=PROFILES))]
        if not found:
            return None
        formats = offer.media[found[0].index].formats
        first = min(found, key=lambda answer: formats.index(str(answer.payload_type)))
        return protocol.Speech(port, first.law, offer.media[first.index].direction)

    def _in_call(self, event: protocol.Event, call: PjsipCall) -> None:
        match event:
            case protocol.ResponseReceived(number, message, speech):
                self._response(number, call, message, speech)
            case protocol.CallConfirmed(number, speech, message) if isinstance(call.message, Request):
                acknowledgement = message_in(message)
                call.dialog = dialog_in(acknowledgement)
                self._describe(call, call.message, speech)
                by_peer = call.direct and isinstance(acknowledgement, Request)
                self.waiting.append(Confirmed(number, acknowledgement if by_peer else call.message))  # type: ignore[arg-type]
            case protocol.SpeechChanged(number, speech):
                self._speech_changed(number, call, speech)
            case protocol.OfferArrived(number, message):
                parsed = message_in(message)
                if isinstance(parsed, Response):
                    self._offered_in_answer(number, call, parsed)
                elif not isinstance(parsed, Request) or call.ending:
                    self.answer_offer(number, 400, None)
                elif parsed.method == "INVITE":
                    self.waiting.append(ReInvite(number, parsed))
                else:
                    self.waiting.append(SessionOffered(number, parsed))
            case protocol.AnswerArrived(number, message):
                parsed = message_in(message)
                if isinstance(parsed, Request) and not call.ending:
                    self.waiting.append(ProvisionalConfirmed(number, parsed))
            case protocol.OfferAnswered(number, message):
                call.holding, answer = False, message_in(message)
                if isinstance(answer, Response) and not call.ending:
                    self.waiting.append(ReInviteResult(number, answer.status, answer))
            case protocol.HoldFailed(number, status):
                if call.holding:
                    call.holding = False
                    self.waiting.append(ReInviteResult(number, status, None))
            case protocol.InfoArrived(number, message):
                parsed = message_in(message)
                if isinstance(parsed, Request):
                    self.waiting.append(InfoReceived(number, parsed))
            case protocol.InfoAnswered(number, status):
                self.waiting.append(InfoResult(number, None if status == NO_ANSWER else status))
            case protocol.UpdateArrived(number, message, speech):
                parsed = message_in(message)
                if isinstance(parsed, Request) and parsed.session and not call.ending:
                    self._describe(call, parsed, speech or call.speech)
                    self.waiting.append(SessionOffered(number, parsed))
            case protocol.UpdateAnswered(number, status, message):
                answer = message_in(message)
                if isinstance(answer, Response):
                    self._describe(call, answer, call.speech if answer.session else None)
                if not call.ending:
                    self.waiting.append(UpdateResult(number, status, answer if isinstance(answer, Response) else None))
            case protocol.TagChosen(value=tag):
                call.tag = tag
            case protocol.ReferArrived(number, message):
                parsed, call.referring = message_in(message), True
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

    def _response(self, number: int, call: PjsipCall, octets: bytes, speech: protocol.Speech | None) -> None:
        message = message_in(octets)
        if not isinstance(message, Response) or call.ending:
            return
        call.message = message
        self._describe(call, message, speech)
        if message.status < 200:
            self.waiting.append(Provisional(number, message.status, message, message.to.tag))
        elif not call.answered:
            call.answered = True
            call.dialog = dialog_in(message)
            self.waiting.append(Answered(number, message))

    def _offered_in_answer(self, number: int, call: PjsipCall, response: Response) -> None:
        """What our INVITE did not offer the peer does: PJSIP goes on when that is answered."""
        if call.ending:
            self.commands.append(protocol.AnswerOffer(number, 200))
            return
        call.message, call.answered, call.dialog = response, True, dialog_in(response)
        self.waiting.append(Answered(number, response, offer=True))

    def _speech_changed(self, number: int, call: PjsipCall, speech: protocol.Speech) -> None:
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

    def _ended(self, event: protocol.CallEnded, call: PjsipCall) -> None:
        number = event.call
        del self._calls[number]
        if not call.ending:
            message = message_in(event.message)
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

    def _describe(self, call: PjsipCall, message: Message, speech: protocol.Speech | None) -> None:
        """Put the description of the PJSIP process in the place of the peer's, unless RTP passes it by.

        Whether the peer takes telephone-events is its own: without them digits are sent and found in the speech.
        """
        if call.direct:
            return
        if (events := has_events(message)) is not None:
            call.events = events
        try:
            others = [part for part in message.parts() if part.media_type == MEDIA_TYPE]
        except SipDecodeError:
            others = []
        conditions = conditions_in(message)
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
