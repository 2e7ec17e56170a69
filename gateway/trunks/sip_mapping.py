"""SIP status codes and Reason as causes of the neutral call, and back; Max-Forwards as hop counter (RFC 3398)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from tandem.core.cause import Cause, Location, cause_name
from tandem.gateway.calls.interworking import CauseMap
from tandem.gateway.calls.model import Opaque, Release, Setup
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip.message import Message, Response

_REASON = re.compile(r"\s*Q\.850\s*;(?:[^,]*;)?\s*cause\s*=\s*(\d{1,3})", re.IGNORECASE)
_STATUS: Final = "sip-status"
#: Statuses that say something of the called user or number, and so to whoever calls; others concern one hop.
_OF_THE_USER: Final = frozenset({404, 408, 410, 480, 484, 485, 486, 488, 600, 603, 604, 606})
_LOCATION = re.compile(r";\s*location\s*=\s*([A-Za-z]+)", re.IGNORECASE)
_SIP_REASON = re.compile(r"\s*SIP\s*;(?:[^,]*;)?\s*cause\s*=\s*([2-6]\d\d)", re.IGNORECASE)
_MAX_FORWARDS, _MOST_HOPS, _MOST_FORWARDS = 70, 31, 255
_FORWARDS: Final = "max-forwards"
#: Tokens of RFC 8606 for the location of Q.850.
_LOCATIONS: dict[int, str] = {
    Location.USER: "U",
    Location.PRIVATE_NETWORK_LOCAL: "LPN",
    Location.PUBLIC_NETWORK_LOCAL: "LN",
    Location.TRANSIT_NETWORK: "TN",
    Location.PUBLIC_NETWORK_REMOTE: "RLN",
    Location.PRIVATE_NETWORK_REMOTE: "RPN",
    Location.INTERNATIONAL_NETWORK: "INTL",
    Location.BEYOND_INTERWORKING: "BI",
}
_BY_TOKEN = {token: location for location, token in _LOCATIONS.items()}


def hop_counter(forwards: str | None, factor: int) -> int | None:
    """Max-Forwards as a hop counter of five bits (Q.763 3.80), None where it is absent or no number.

    One step of the hop counter is `factor` of Max-Forwards (Q.1912.5, in the project's tables).
    """
    if forwards is None or not forwards.isdecimal():
        return None
    return min(int(forwards[:6]) // factor, _MOST_HOPS)


def forwards_opaque(forwards: str | None) -> tuple[Opaque, ...]:
    """Max-Forwards for another SIP trunk, where a hop counter of five bits cannot say it."""
    if forwards is None or not forwards.isdecimal() or not _MOST_HOPS < int(forwards[:6]) <= _MOST_FORWARDS:
        return ()
    return (Opaque(_FORWARDS, b"", int(forwards)),)


def max_forwards(setup: Setup, hop_factor: int = 1) -> int:
    """Max-Forwards of the INVITE for a call: one less than that of the caller's, else as its hops say.

    70 where the other side counts none (RFC 3261 8.1.1.6).
    """
    for part in setup.opaque:
        if part.kind == _FORWARDS:
            if setup.hop_counter is None or setup.hop_counter >= _MOST_HOPS - 1:
                return part.code - 1
            break
    return _MAX_FORWARDS if setup.hop_counter is None else min(setup.hop_counter * hop_factor, 255)


def reason_headers(release: Release, trunk: SipTrunk) -> tuple[tuple[str, str], ...]:
    """Reason with the Q.850 cause (RFC 3326, in responses RFC 6432) and its location (RFC 8606), where it is sent."""
    return _reason(int(release.cause), int(release.location)) if trunk.send_reason else ()


@lru_cache
def _reason(cause: int, location: int) -> tuple[tuple[str, str], ...]:
    place = f";location={_LOCATIONS[location]}" if location in _LOCATIONS else ""
    return (("Reason", f'Q.850;cause={cause};text="{cause_name(cause)}"{place}'),)


def reason_of(message: Message) -> Release | None:
    """What the Q.850 value of Reason says, None without one; the place is beyond interworking unless it says one."""
    for value in message.values("Reason"):
        found = _REASON.match(value)
        if found and 1 <= int(found[1]) <= 127:
            place = _LOCATION.search(value)
            location = _BY_TOKEN.get(place[1].upper()) if place else None
            return Release(int(found[1]), Location.BEYOND_INTERWORKING if location is None else location)
    return None


def reason_cause(message: Message) -> int | None:
    """The Q.850 cause of a Reason header, None without one."""
    found = reason_of(message)
    return None if found is None else int(found.cause)


def _sip_reason(message: Message, causes: CauseMap) -> int | None:
    """The cause for a Reason that gives a SIP status, such as 200 for a call that another answered (RFC 3326 2)."""
    for value in message.values("Reason"):
        found = _SIP_REASON.match(value)
        if found:
            status = int(found[1])
            return int(Cause.NON_SELECTED_USER_CLEARING) if status < 300 else causes.cause(status)
    return None


def release_of_rejection(status: int, message: Response, causes: CauseMap, obey_reason: bool = True) -> Release:
    """Why our INVITE failed: by Reason where it is obeyed, else by the status table."""
    said = reason_of(message) if obey_reason else None
    if said is not None:
        return said
    cause = int(Cause.REDIRECTION_TO_NEW_DESTINATION) if status < 400 else causes.cause(status)
    return Release(cause, Location.BEYOND_INTERWORKING, opaque=(Opaque(_STATUS, b"", status),))


def status_of(release: Release, causes: CauseMap) -> int:
    """The final status for a call that failed: that of another SIP trunk's called user, else of the cause.

    A row of the operator's for the cause goes before both.
    """
    for part in release.opaque:
        if part.kind == _STATUS:
            if part.code in _OF_THE_USER and int(release.cause) not in causes.overridden:
                return part.code
            break
    return causes.status(int(release.cause), int(release.location))


def release_of_request(message: Message, causes: CauseMap, obey_reason: bool = True) -> Release:
    """Why the peer sent BYE or CANCEL: by Reason, else normal call clearing (RFC 3398 8.2.7)."""
    cause = None
    if obey_reason and "reason" in message.fields:
        said = reason_of(message)
        if said is not None:
            return said
        cause = _sip_reason(message, causes)
    return Release(Cause.NORMAL_CALL_CLEARING if cause is None else cause, Location.BEYOND_INTERWORKING)
