"""SIP headers as numbers, identities and causes of the neutral call, and back (RFC 3398, RFC 3323, RFC 3325)."""

from __future__ import annotations

import re
from dataclasses import replace

from tandem.core.cause import Cause, Location, cause_name
from tandem.gateway.calls.interworking import CauseMap
from tandem.gateway.calls.model import Nature, Number, Presentation, Release, Screening, Setup
from tandem.gateway.sip.fields import Uri, parse_address
from tandem.gateway.sip.message import Message, Request, Response

_SEPARATORS = re.compile(r"[-.() ]")
_SIGNALS = re.compile(r"\+?[0-9A-Ea-e*#]+")
_REASON = re.compile(r"\s*Q\.850\s*;(?:[^,]*;)?\s*cause\s*=\s*(\d{1,3})", re.IGNORECASE)
_MAX_FORWARDS, _MOST_HOPS = 70, 31
#: Diversion reasons (RFC 5806) by redirecting reason of Q.763 3.45, recalled in the project's tables.
_DIVERSION_REASONS = {0: "unknown", 1: "user-busy", 2: "no-answer", 3: "unconditional", 4: "deflection"}


def number_of(uri: Uri) -> Number | None:
    """The telephone number of a tel URI or of the user part of a SIP URI; None when it holds none.

    A leading `+` means international (RFC 3966); without it the nature is unknown.
    """
    text = uri.user or ""
    text = _SEPARATORS.sub("", text.partition(";")[0])
    if not _SIGNALS.fullmatch(text):
        return None
    digits = text.lstrip("+").upper().replace("*", "B").replace("#", "C")
    return Number(digits, Nature.INTERNATIONAL if text.startswith("+") else Nature.UNKNOWN)


def setup_of(request: Request, hop_factor: int = 1) -> Setup | None:
    """The call that an INVITE offers; None when its Request-URI names no telephone number.

    One step of the hop counter is `hop_factor` of Max-Forwards (Q.1912.5, in the project's tables).

    The calling number is that of P-Asserted-Identity (network provided), else that of From (not verified);
    Privacy `id`, `user` or `header` restricts its presentation (RFC 3323, RFC 3325 7).
    """
    called = number_of(request.uri)
    if called is None:
        return None
    forwards = request.get("Max-Forwards")
    return Setup(
        called=called,
        calling=_calling(request),
        category=0,
        hop_counter=_hop_counter(forwards, hop_factor),
        redirecting=_diversion(request),
    )


def _hop_counter(forwards: str | None, factor: int) -> int | None:
    """Max-Forwards as a hop counter of five bits (Q.763 3.80), None where it is absent or no number."""
    if forwards is None or not forwards.isdecimal():
        return None
    return min(int(forwards[:6]) // factor, _MOST_HOPS)


def max_forwards(setup: Setup, hop_factor: int = 1) -> int:
    """Max-Forwards of the INVITE for a call, 70 where the other side counts no hops (RFC 3261 8.1.1.6)."""
    return _MAX_FORWARDS if setup.hop_counter is None else min(setup.hop_counter * hop_factor, 255)


def _calling(request: Request) -> Number | None:
    private = {part.strip().lower() for value in request.values("Privacy") for part in value.split(";")}
    restricted = bool(private & {"id", "user", "header"})
    for name, screening in (("P-Asserted-Identity", Screening.NETWORK), ("From", Screening.USER_NOT_VERIFIED)):
        for value in request.values(name):
            number = _number_in(value)
            if number is not None:
                presentation = Presentation.RESTRICTED if restricted else Presentation.ALLOWED
                return replace(number, presentation=presentation, screening=screening)
    return None


def _diversion(request: Request) -> Number | None:
    values = request.values("Diversion")
    return _number_in(values[0]) if values else None


def _number_in(value: str) -> Number | None:
    try:
        return number_of(parse_address(value).uri)
    except ValueError:
        return None


def user_part(number: Number, country_code: str) -> str:
    """The user part of a SIP URI for `number`, with `+` where it is known to be international."""
    digits = number.digits.replace("B", "*").replace("C", "%23")
    if number.nature is Nature.INTERNATIONAL:
        return f"+{digits}"
    if number.nature is Nature.NATIONAL and country_code:
        return f"+{country_code}{digits}"
    return digits


def identity_headers(setup: Setup, domain: str, country_code: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """The From URI, its display name and the headers that tell who calls (RFC 3325, identity mapping tables)."""
    number = setup.calling
    headers: list[tuple[str, str]] = []
    if setup.redirecting is not None:
        reason = _DIVERSION_REASONS.get(setup.redirection_reason or 0, "unknown")
        user = user_part(setup.redirecting, country_code)
        headers.append(("Diversion", f"<sip:{user}@{domain};user=phone>;reason={reason}"))
    if number is None or not number.digits or number.presentation is Presentation.UNAVAILABLE:
        return "sip:unavailable@unknown.invalid", "", tuple(headers)
    user = user_part(number, country_code)
    if number.screening in (Screening.NETWORK, Screening.USER_VERIFIED_PASSED):
        headers.append(("P-Asserted-Identity", f"<sip:{user}@{domain};user=phone>"))
    if number.presentation is Presentation.RESTRICTED:
        headers.append(("Privacy", "id"))
        return "sip:anonymous@anonymous.invalid", "Anonymous", tuple(headers)
    return f"sip:{user}@{domain};user=phone", "", tuple(headers)


def reason_header(release: Release) -> tuple[str, str]:
    """Reason with the Q.850 cause (RFC 3326, in responses RFC 6432)."""
    cause = int(release.cause)
    return "Reason", f'Q.850;cause={cause};text="{cause_name(cause)}"'


def reason_cause(message: Message) -> int | None:
    """The Q.850 cause of a Reason header, None without one."""
    for value in message.values("Reason"):
        found = _REASON.match(value)
        if found and 1 <= int(found[1]) <= 127:
            return int(found[1])
    return None


def release_of_rejection(status: int, message: Response, causes: CauseMap) -> Release:
    """Why our INVITE failed: by Reason, else by the status table; the place is beyond the interworking point."""
    cause = reason_cause(message)
    if cause is None:
        cause = int(Cause.REDIRECTION_TO_NEW_DESTINATION) if status < 400 else causes.cause(status)
    return Release(cause, Location.BEYOND_INTERWORKING)


def release_of_request(message: Message) -> Release:
    """Why the peer sent BYE or CANCEL: by Reason, else normal call clearing (RFC 3398 8.2.7)."""
    cause = reason_cause(message)
    return Release(Cause.NORMAL_CALL_CLEARING if cause is None else cause, Location.BEYOND_INTERWORKING)
