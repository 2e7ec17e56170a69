"""Before the answer: whose early media is heard (P-Early-Media, RFC 5009), and where a 3xx points (RFC 3261)."""

from __future__ import annotations

from collections.abc import Collection

from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip.fields import parse_address
from tandem.gateway.sip.message import Message, Request, Response
from tandem.gateway.sip.primitives import Provisional
from tandem.gateway.trunks.sip_session import Session

_HEADER = "P-Early-Media"
#: Values that let the caller hear the called side.
_BACKWARD = frozenset(("sendrecv", "sendonly"))
_DIRECTIONS = frozenset(("sendrecv", "sendonly", "recvonly", "inactive"))


def invite_headers(trunk: SipTrunk) -> tuple[tuple[str, str], ...]:
    """What an INVITE says of early media: that we know its authorisation."""
    return ((_HEADER, "supported"),) if trunk.p_early_media else ()


def note_caller(session: Session, request: Request) -> None:
    """Whether the caller knows P-Early-Media."""
    if session.trunk.p_early_media:
        session.wants_early_authorization = "supported" in [value.lower() for value in request.values(_HEADER)]


def response_headers(session: Session, early: bool) -> tuple[tuple[str, str], ...]:
    """What a provisional response of ours authorises."""
    if not session.wants_early_authorization:
        return ()
    return ((_HEADER, "sendonly" if early else "inactive"),)


def may_hear(session: Session, output: Provisional) -> bool:
    """Whether the caller is to hear what comes in the early dialog of a provisional response.

    Without P-Early-Media: once a description came. With it: as its direction says; a response without the field
    changes nothing.
    """
    described = (output.to_tag or "") in session.early or session.description is not None
    if session.trunk.p_early_media and (direction := _direction(output.message)) is not None:
        return described and direction in _BACKWARD
    return described


def _direction(message: Message) -> str | None:
    """The direction of the first stream; RFC 5009 8 has one for each, in their order."""
    values = [value.lower() for value in message.values(_HEADER)]
    return next((value for value in values if value in _DIRECTIONS), None)


def contacts(response: Response, tried: Collection[str]) -> list[str]:
    """The URIs that a 3xx names, most wanted first, without those that have been tried (RFC 3261 8.1.3.4)."""
    found: list[tuple[float, int, str]] = []
    for value in response.values("Contact"):
        try:
            address = parse_address(value)
            wanted = float(address.parameters.get("q") or 1.0)
        except ValueError:
            continue
        if address.uri.scheme == "sip" and address.uri.text not in tried and not address.uri.headers:
            found.append((-wanted, len(found), address.uri.text))
    return [text for _, _, text in sorted(found)]
