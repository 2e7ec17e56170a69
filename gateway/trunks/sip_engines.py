"""Two SIP engines as one agent: our own, and PJSIP for the trunks that ask for it.

Calls of our own have numbers above zero, those of PJSIP below. What a trunk of PJSIP cannot have does nothing here; the
check of the configuration does not let it be asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from msgspec.structs import replace

from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.call import Headers
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.endpoint import Endpoint
from tandem.gateway.sip.multipart import Part
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import InviteRequest, Output
from tandem.gateway.sip.registration import RegistrationOptions
from tandem.gateway.sip.standing import Standing
from tandem.gateway.trunks.sip_direct import has_own_media
from tandem.gateway.trunks.sip_pjsip import PjsipAgent


def towards_adapter(trunk: SipTrunk) -> SipTrunk:
    """A trunk as the adapter is to treat it: PJSIP has SRTP, the order of offers and the peer's packets to itself.

    Unless RTP passes it by.
    """
    if has_own_media(trunk):
        return trunk
    return replace(trunk, srtp="off", delayed_offer=False, ptime=20)


class EnginesAgent(SipAgent):
    """The agent of a gateway that has trunks of both engines, or of PJSIP alone."""

    def __init__(self, configuration: AgentConfiguration, token: Callable[[], str], pjsip: PjsipAgent) -> None:
        super().__init__(configuration, token)
        self.pjsip = pjsip

    @property
    def waiting(self) -> tuple[Sequence[Output], ...]:
        """What both are going to return."""
        return (*super().waiting, self.pjsip.waiting)

    def outputs(self) -> list[Output]:
        """What both have produced."""
        return super().outputs() + self.pjsip.outputs()

    def invite(self, request: InviteRequest, now: float) -> int:
        """Start a call by the engine of its trunk."""
        return self.pjsip.invite(request) if request.account else super().invite(request, now)

    def cancel(self, call: int, headers: Headers, now: float) -> None:
        """Give up an outgoing call."""
        if call < 0:
            self.pjsip.end(call, 487, headers)
        else:
            super().cancel(call, headers, now)

    def respond(
        self,
        call: int,
        status: int,
        reason_phrase: str | None = None,
        headers: Headers = (),
        body: bytes | None = None,
        part: Part | None = None,
        *,
        now: float,
    ) -> None:
        """Answer an incoming call."""
        if call < 0:
            self.pjsip.respond(call, status, reason_phrase, headers, body, part)
        else:
            super().respond(call, status, reason_phrase, headers, body, part, now=now)

    def bye(self, call: int, headers: Headers, now: float) -> None:
        """Leave an answered call."""
        if call < 0:
            self.pjsip.end(call, 200, headers)
        else:
            super().bye(call, headers, now)

    def end(self, call: int, status: int, headers: Headers, now: float, part: Part | None = None) -> None:
        """End a call in whichever state it is."""
        if call < 0:
            self.pjsip.end(call, status, headers, part)
        else:
            super().end(call, status, headers, now, part)

    def configure(self, call: int, options: CallOptions, now: float) -> bool:
        """What an incoming call may use: PJSIP has it of the account, and has refused what it must."""
        return self.pjsip.configure(call, options) if call < 0 else super().configure(call, options, now)

    def is_reliable(self, call: int) -> bool:
        """Whether provisional responses of an incoming call are sent reliably."""
        return self.pjsip.is_reliable(call) if call < 0 else super().is_reliable(call)

    def is_conditional(self, call: int) -> bool:
        """Whether both sides of an incoming call know preconditions."""
        return self.pjsip.is_conditional(call) if call < 0 else super().is_conditional(call)

    def update(self, call: int, body: bytes | None, headers: Headers, now: float, told: Collection[str] = ()) -> bool:
        """Send UPDATE: with PJSIP, to say that our precondition is met."""
        if call < 0:
            return self.pjsip.update(call, body, headers, told)
        return super().update(call, body, headers, now, told)

    def acknowledge(self, call: int, body: bytes | None, now: float) -> None:
        """Answer the offer of an answer."""
        if call < 0:
            self.pjsip.answer_offer(call, 200, body)
        else:
            super().acknowledge(call, body, now)

    def answer_update(
        self, call: int, status: int, body: bytes | None = None, headers: Headers = (), *, now: float
    ) -> None:
        """Answer SessionOffered: PJSIP does by itself, unless RTP passes it by."""
        if call < 0:
            self.pjsip.answer_offer(call, status, body)
        else:
            super().answer_update(call, status, body, headers, now=now)

    def answer_reinvite(
        self, call: int, status: int, body: bytes | None = None, headers: Headers = (), *, now: float
    ) -> None:
        """Answer ReInvite, which comes of PJSIP where RTP passes it by."""
        if call < 0:
            self.pjsip.answer_offer(call, status, body)
        else:
            super().answer_reinvite(call, status, body, headers, now=now)

    def modify(self, call: int, body: bytes | None, headers: Headers, now: float) -> None:
        """Offer a new session in an answered call: with PJSIP, hold and its end."""
        if call < 0:
            self.pjsip.modify(call, body)
        else:
            super().modify(call, body, headers, now)

    def probe(self, call: int, now: float) -> bool:
        """Ask the peer whether it still knows the call."""
        return self.pjsip.probe(call) if call < 0 else super().probe(call, now)

    def standing(self, call: int) -> Standing | None:
        """What would stand at the peer of a call if this process, and that of PJSIP, ended now."""
        return self.pjsip.standing(call) if call < 0 else super().standing(call)

    def find_dialog(self, call_id: str, tags: frozenset[str]) -> int | None:
        """The call whose confirmed dialog this is, whichever engine has it."""
        found = super().find_dialog(call_id, tags)
        return self.pjsip.find_dialog(call_id, tags) if found is None else found

    def answer_refer(self, call: int, status: int, now: float) -> None:
        """Answer Refer."""
        if call < 0:
            self.pjsip.answer_refer(call, status)
        else:
            super().answer_refer(call, status, now)

    def notify_refer(self, call: int, status_line: str, final: bool, now: float) -> None:
        """Tell the peer how its REFER goes."""
        if call < 0:
            self.pjsip.notify_refer(call, status_line, final)
        else:
            super().notify_refer(call, status_line, final, now)

    def send_info(self, call: int, content_type: str, body: bytes, headers: Headers, now: float) -> None:
        """Send INFO in an answered call."""
        if call < 0:
            self.pjsip.send_info(call, content_type, body, headers)
        else:
            super().send_info(call, content_type, body, headers, now)

    def send_early_info(self, call: int, content_type: str, body: bytes, headers: Headers, now: float) -> bool:
        """Send INFO in an early dialog."""
        if call < 0:
            return self.pjsip.send_early_info(call, content_type, body, headers)
        return super().send_early_info(call, content_type, body, headers, now)

    def send_options(
        self,
        destination: Endpoint,
        uri: str,
        now: float,
        headers: Iterable[tuple[str, str]] = (),
        account: str = "",
    ) -> int:
        """Ask a peer whether it lives, by the engine of its trunk."""
        if account:
            return self.pjsip.send_options(account, destination, uri)
        return super().send_options(destination, uri, now, headers)

    def register(self, options: RegistrationOptions, destinations: Sequence[Endpoint], now: float) -> int:
        """Register by the engine of the trunk."""
        if options.account:
            return self.pjsip.register(options, destinations)
        return super().register(options, destinations, now)

    def move_registration(self, number: int, destinations: Sequence[Endpoint], now: float) -> None:
        """The provider is reached at other addresses."""
        if number > 0:
            super().move_registration(number, destinations, now)
        elif destinations:
            self.pjsip.registrations.move(number, destinations)

    def unregister(self, now: float) -> None:
        """Take every registration back."""
        self.pjsip.registrations.end()
        super().unregister(now)

    @property
    def registering(self) -> bool:
        """Whether a REGISTER waits for its answer."""
        return self.pjsip.registrations.asking or super().registering
