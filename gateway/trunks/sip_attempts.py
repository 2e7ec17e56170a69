"""Another attempt in the place of one that failed: a 3xx followed, another server or contact, plain RTP for SRTP."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from tandem.core.errors import EncodeError
from tandem.gateway.calls.control import CallControl
from tandem.gateway.log import Line
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.endpoint import show
from tandem.gateway.sip.message import Response
from tandem.gateway.sip.primitives import (
    InviteRequest,
)
from tandem.gateway.trunks import sip_early
from tandem.gateway.trunks.sip_port import SipTrunkPort
from tandem.gateway.trunks.sip_session import Place, Session, Sessions

_MOST_REDIRECTIONS = 5
#: From here on a final response speaks for every place (RFC 3261 21.6).
GLOBAL_FAILURE = 600
#: A final response to INVITE that names other places.
REDIRECTIONS = range(300, 400)
#: What a phone says that is not there: the user may be at another contact.
_ABSENT = frozenset({404, 408, 410, 430, 480, 500, 502, 504})


class SipAttempts:
    """Sessions by the number of their call, and the means to go on with one under another number."""

    agent: SipAgent
    trunks: dict[str, SipTrunkPort]
    _control: CallControl
    _media: Sessions
    _token: Callable[[], str]
    _log: Callable[[Line], None]
    _domain: str
    _sessions: dict[int, Session]
    _by_leg: dict[int, int]

    def settle_digits(self, session: Session, now: float) -> None:
        """No more digits are sent to the peer."""
        raise NotImplementedError

    def _follow(self, session: Session, response: Response | None, now: float) -> bool:
        """Call the next place that a 3xx names, when the trunk is to; False when there is none (RFC 3261 8.1.3.4).

        `response` is the 3xx, None where one of the places that it named has failed.
        """
        request = self.next_target(session, response)
        if request is None:
            return False
        self.settle_digits(session, now)
        request = replace(request, call_id=f"{self._token()}@{self._domain}")
        try:
            call = self.agent.invite(request, now)
        except EncodeError:
            return False
        # The peer has spoken for itself: its other servers would say the same.
        session.request, session.places = request, []
        self._renumber(session, call, request)
        return True

    def next_target(self, session: Session, response: Response | None) -> InviteRequest | None:
        """The INVITE for the next place that a 3xx has named; None when there is none, or it is not to be followed."""
        trunk = session.trunk
        if trunk.redirects != "follow" or session.redirections >= _MOST_REDIRECTIONS or session.request is None:
            return None
        named = sip_early.contacts(response, session.tried) if response is not None else ()
        targets = [*session.targets, *(text for text in named if not self.is_here(text))]
        if not targets:
            return None
        target, session.targets = targets[0], targets[1:]
        session.redirections += 1
        session.tried.add(target)
        self._log(Line("info", "=", session.half.reference, f"redirected to {target}"))
        destination = self.trunks[trunk.name].destination_of(target)
        return replace(session.request, uri=target, to_uri=target, destination=destination)

    def is_here(self, uri: str) -> bool:
        """Whether a URI names this gateway."""
        raise NotImplementedError

    def _try_elsewhere(self, session: Session, status: int | None, now: float, retry_after: int = 0) -> bool:
        """Call the next place when this one could not be reached, or would not have the call (RFC 3263 4.3).

        False when there is none left, when the refusal is the called party's, or when the caller has heard something.
        """
        if status == 503 and session.request is not None:
            peers = self.trunks[session.trunk.name].peers
            peers.leave_alone(session.request.destination, retry_after, now)
        if not session.places or session.request is None or session.early:
            return False
        if status is not None and status != 503 and not (session.trunk.registrar and status in _ABSENT):
            return False
        (place, *others), session.places = together(session.places)
        request = replace(
            session.request,
            uri=place.uri or session.request.uri,
            destination=place.destination,
            call_id=f"{self._token()}@{self._domain}",
        )
        try:
            call = self.agent.invite(request, now)
        except EncodeError:
            return False
        session.request = request
        self._log(Line("info", "=", session.half.reference, f"tried at {show(place.destination)} instead"))
        self._renumber(session, call, request)
        session.failures.clear()
        self._ring_beside(session, others, now)
        return True

    def _ring_beside(self, session: Session, places: list[Place], now: float) -> None:
        """Call these places too."""
        raise NotImplementedError

    def _plainly(self, session: Session, now: float) -> bool:
        """Call again without SRTP, where the trunk only offers it; False when that is no way out."""
        if session.trunk.srtp != "offered" or session.crypto is None or session.request is None:
            return False
        session.crypto = None
        port, half = self.trunks[session.trunk.name], session.half
        body = self._media.offer(session)
        content_type, content = "application/sdp", body
        if port.encapsulation is not None:
            content_type, content = port.encapsulation.with_session(session.request, body, self._token())
        request = replace(
            session.request,
            call_id=f"{self._token()}@{self._domain}",
            body=content,
            content_type=content_type,
            session=body,
        )
        try:
            call = self.agent.invite(request, now)
        except EncodeError:
            return False
        self._log(Line("info", "=", half.reference, "the peer takes no SRTP: called again without"))
        session.request = request
        self._renumber(session, call, request)
        return True

    def _renumber(self, session: Session, call: int, request: InviteRequest, early_ends: bool = True) -> None:
        """The half-call goes on as another call of the agent; `early_ends`: what was heard so far is over."""
        half = session.half
        del self._sessions[half.handle]
        if early_ends:
            session.early.clear()
            session.told.clear()
        half.handle, half.reference, half.leg.id = call, request.call_id, request.call_id
        self._sessions[call], self._by_leg[session.leg] = session, call


def together(places: list[Place]) -> tuple[list[Place], list[Place]]:
    """The places to call next, at once, and those for later."""
    first = places[0]
    count = next((i for i, place in enumerate(places) if place.quality != first.quality), len(places))
    if first.quality is None:
        count = 1
    return places[:count], places[count:]
