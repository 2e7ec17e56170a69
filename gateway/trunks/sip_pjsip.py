"""The calls of trunks with `engine = "pjsua2"`: PJSIP in its own process, towards the adapter like our own agent.

PJSIP has the SIP messages and the media towards the peer. The adapter sees the same primitives as of `SipAgent`, each
with the peer's message; in the place of the peer's session description stands one that names the PJSIP process, where
the media process finds the speech of the call as plain RTP.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.log import Line
from tandem.gateway.pjsip import protocol
from tandem.gateway.sip import preconditions
from tandem.gateway.sip.endpoint import Endpoint, Stream
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import format_address
from tandem.gateway.sip.message import Request, Response, parse_message
from tandem.gateway.sip.multipart import Part
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import (
    Closed,
    Failed,
    IncomingInvite,
    InviteRequest,
    OptionsResult,
    Output,
)
from tandem.gateway.sip.registration import RegistrationOptions
from tandem.gateway.sip.reliable import response_sequence
from tandem.gateway.sip.standing import Standing
from tandem.gateway.trunks.sip_direct import first_by_pjsip, is_direct
from tandem.gateway.trunks.sip_pjsip_call import PjsipCall
from tandem.gateway.trunks.sip_pjsip_events import PjsipEvents
from tandem.gateway.trunks.sip_pjsip_gate import PjsipGate
from tandem.gateway.trunks.sip_pjsip_messages import (
    about_tls,
    agreed_to,
    content_in,
    direction_in,
    is_ready,
    place_in,
    source_of,
    uri_of,
)
from tandem.gateway.trunks.sip_pjsip_registrations import PjsipRegistrations

_REQUIRED: Final = (("Require", preconditions.OPTION),)
_RINGING, _PROGRESS = 180, 183
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
        self._events = PjsipEvents(self._calls, self.commands, self.waiting, media_address, log)
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
                if event.openssl:
                    self._log(about_tls(event.openssl))
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
                    self._events.within(event, call)

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
            self._send_info(number, content_type, body, headers, early=False)

    def send_early_info(self, number: int, content_type: str, body: bytes, headers: Headers) -> bool:
        """Send INFO in the early dialog that a reliable response made; False when there is none."""
        call = self._calls.get(number)
        if call is None or call.ending or call.answered or not isinstance(call.message, Response):
            return False
        if response_sequence(call.message) is None:
            return False
        self._send_info(number, content_type, body, headers, early=True)
        return True

    def _send_info(self, number: int, content_type: str, body: bytes, headers: Headers, *, early: bool) -> None:
        content = protocol.Content(content_type, body, dict(headers).get("Content-Disposition", ""))
        self.commands.append(protocol.SendInfo(number, content, early))

    def is_reliable(self, number: int) -> bool:
        """Whether provisional responses to a call that came in are sent reliably."""
        return self._calls[number].is_reliable

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
        if options.preconditions == "required" and not call.is_conditional:
            self.respond(number, 421, None, _REQUIRED, None)
            return False
        return True

    def is_conditional(self, number: int) -> bool:
        """Whether both sides of a call that came in know preconditions."""
        return self._calls[number].is_conditional

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
        if not call.direct:
            codecs = first_by_pjsip(list(self._trunks.values())).codecs
            speech = agreed_to(request, event.port, codecs)
            if speech is not None:
                call.describe(request, speech, self._media_address)
        self.waiting.append(IncomingInvite(number, request, source))
