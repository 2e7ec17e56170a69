"""What the adapter knows of one call of PJSIP, and what stands at its peer if the PJSIP process is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tandem.gateway.pjsip import protocol
from tandem.gateway.sip import preconditions, sdp
from tandem.gateway.sip.dialog import Dialog, RequestHead
from tandem.gateway.sip.endpoint import Endpoint
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.layer import echo_of
from tandem.gateway.sip.message import Message, Request, Response
from tandem.gateway.sip.multipart import Part, build
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.session_timer import supports
from tandem.gateway.sip.standing import ReceivedInvite, SentInvite, Standing, StandingDialog, place_of
from tandem.gateway.trunks.sip_isup import MEDIA_TYPE
from tandem.gateway.trunks.sip_pjsip_messages import conditions_in, has_events

_FIRST_SEQUENCE: Final = 1 << 15
"""CSeq numbers of PJSIP begin below it (sip_dialog.c)."""
_BOUNDARY: Final = "tandem-in-the-place-of-pjsip"
"""Between parts of a body that only the adapter sees."""
_TAG: Final = "lost"
"""Of the refusal of a call to which PJSIP had not sent a response with a tag."""


@dataclass(slots=True)
class PjsipCall:
    """What is known of a call of PJSIP."""

    account: str
    direct: bool = False
    """RTP passes PJSIP by: descriptions are the peer's, and ours."""
    message: Message | None = None
    """The INVITE of an incoming call, the last response to an outgoing one."""
    speech: protocol.Speech | None = None
    """As the adapter knows it."""
    outgoing: bool = False
    answered: bool = False
    offers: bool = True
    """The INVITE has a description, or one has gone out since."""
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

    @property
    def is_reliable(self) -> bool:
        """Whether provisional responses to an INVITE are sent reliably (RFC 3262).

        To one with an offer; without one PJSIP offers, unless RTP passes it by.
        """
        request = self.message
        if not isinstance(request, Request) or self.options.reliable == "off":
            return False
        return (self.direct or bool(request.session)) and supports(request, "100rel")

    @property
    def is_conditional(self) -> bool:
        """Whether both sides of a call that came in know preconditions (RFC 3312)."""
        request = self.message
        return (
            isinstance(request, Request)
            and self.options.preconditions != "off"
            and supports(request, preconditions.OPTION)
            and supports(request, "100rel")
        )

    @property
    def standing(self) -> Standing | None:
        """What would stand at the peer if the PJSIP process ended now; None when nothing would, or is known.

        PJSIP counts its requests from below 2^15 on; who ends what stands leaves more room than that.
        """
        message = self.message
        if message is None or self.ending:
            return None
        try:
            if isinstance(message, Request):
                if self.answered and self.tag:
                    dialog = Dialog.from_request(message, self.tag, self.place)
                    dialog.local_cseq = _FIRST_SEQUENCE
                    return StandingDialog.of(dialog)
                echo = echo_of(message, self.place)
                to = message.fields["to"][0]
                return ReceivedInvite(message.uri_text, echo, to, self.tag or _TAG, place_of(self.place))
            if self.answered and isinstance(message, Response):
                return StandingDialog.of(Dialog.from_response(message, message.cseq, self.place))
        except SipDecodeError:
            return None
        via = f"{message.fields['via'][0].partition(';')[0]};rport;branch={message.via.branch}"
        to = message.fields["to"][0].partition(";tag=")[0]
        caller = message.fields["from"][0]
        head = RequestHead(self.uri, via, caller, to, message.call_id, message.cseq, foreign=True)
        return SentInvite(head, place_of(self.place))

    def describe(self, message: Message, speech: protocol.Speech | None, media_address: str) -> None:
        """Put the description of the PJSIP process in the place of the peer's, unless RTP passes it by.

        `speech`: None where the message has no description that counts; `media_address`: of the PJSIP process.

        Whether the peer takes telephone-events is its own: without them digits are sent and found in the speech.
        """
        if self.direct:
            return
        if (events := has_events(message)) is not None:
            self.events = events
        try:
            others = [part for part in message.parts() if part.media_type == MEDIA_TYPE]
        except SipDecodeError:
            others = []
        conditions = conditions_in(message)
        message.body = b""
        if speech is not None:
            self.speech = speech
            self.sdp_version += 1
            message.fields["content-type"] = ["application/sdp"]
            message.body = sdp.build_offer(
                media_address,
                speech.port,
                speech.port,
                [speech.law],
                self.events,
                version=self.sdp_version,
                direction=speech.direction,
                further=conditions,
            )
        if others:
            session = [Part("application/sdp", message.body)] if message.body else []
            content_type, message.body = build([*session, *others], _BOUNDARY)
            message.fields["content-type"] = [content_type]
