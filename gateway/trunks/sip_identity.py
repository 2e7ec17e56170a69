"""Who calls and who is called: header fields of INVITE to and from the neutral call (RFC 3323, RFC 3325, RFC 3966)."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tandem.gateway.calls.model import Number, Opaque, Presentation, Screening, Setup
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip.fields import Address, parse_address, sip_uri
from tandem.gateway.sip.message import Message, Request
from tandem.gateway.trunks import sip_access, sip_diversion, sip_priority
from tandem.gateway.trunks.access import name_of, named
from tandem.gateway.trunks.rules import STANDARD, Rules
from tandem.gateway.trunks.sip_mapping import forwards_opaque, hop_counter
from tandem.gateway.trunks.sip_numbers import Attributes, attributes, number_of, parameters_of, tel_uri, user_part

#: Kind of `Opaque` that carries a header field from one SIP trunk to another.
HEADER: Final = "sip-header"
_RESTRICTED = frozenset(("id", "user", "header"))
_VOUCHED = (Screening.NETWORK, Screening.USER_VERIFIED_PASSED)
_LINE_BREAK = re.compile(r"[\r\n\0]")


class Identity(Struct, frozen=True):
    """The parties of an INVITE as they are written."""

    uri: str
    """Request-URI."""
    to_uri: str
    from_uri: str
    from_display: str
    headers: tuple[tuple[str, str], ...]


def setup_of(request: Request, trunk: SipTrunk, rules: Rules = STANDARD) -> Setup | None:
    """The call that an INVITE offers; None when its Request-URI names no telephone number.

    The calling number is that of the first field of `calling_from` that has one. One of a peer that is not trusted
    is not verified, whatever the field; nor is that of From.
    """
    uri = request.uri
    called = number_of(uri)
    if called is None:
        return None
    behind = attributes(uri)
    calling, address = _calling(request, trunk)
    of_caller = Attributes() if address is None else attributes(address.uri, rules)
    forwards = request.fields.get("max-forwards", (None,))[0]
    opaque = [*forwards_opaque(forwards), *sip_priority.opaque_of(request, trunk)]
    opaque += sip_access.opaque_of(request, uri, None if address is None else address.uri)
    if address is not None and (name := address.display or request.from_.display):
        opaque += named(name)
    if trunk.pass_headers:
        opaque[:0] = [
            Opaque(HEADER, f"{name}: {value}".encode())
            for name in trunk.pass_headers
            for value in request.fields.get(name.lower(), ())
        ]
    setup = Setup(
        called=called,
        calling=calling,
        category=of_caller.category or 0,
        hop_counter=hop_counter(forwards, trunk.hop_factor),
        routing_number=behind.routing,
        ported=behind.dipped,
        carrier=behind.carrier,
        originating_line=of_caller.line,
        additional_calling=_additional(request, calling),
        opaque=tuple(opaque),
    )
    redirection = sip_diversion.read(request)
    return setup if redirection is None else redirection.apply(setup)


def _calling(request: Request, trunk: SipTrunk) -> tuple[Number | None, Address | None]:
    restricted = "privacy" in request.fields and not _RESTRICTED.isdisjoint(_privacy(request))
    for name in trunk.calling_from:
        if name != "From" and name.lower() not in request.fields:
            continue
        for address in _addresses(request, name):
            number = number_of(address.uri)
            if number is None:
                continue
            screening = Screening.NETWORK
            hidden = restricted
            if name == "From":
                screening = Screening.USER_NOT_VERIFIED
            elif name == "Remote-Party-ID":
                if (address.parameters.get("party") or "calling").lower() != "calling":
                    continue
                hidden = hidden or (address.parameters.get("privacy") or "off").lower() in ("full", "uri")
                if (address.parameters.get("screen") or "no").lower() != "yes":
                    screening = Screening.USER_NOT_VERIFIED
            if not trunk.trusted:
                screening = Screening.USER_NOT_VERIFIED
            presentation = Presentation.RESTRICTED if hidden else Presentation.ALLOWED
            return replace(number, presentation=presentation, screening=screening), address
    return None, None


def _additional(request: Request, calling: Number | None) -> Number | None:
    """The number of From where it is another than the one that is vouched for (Q.1912.5: additional calling party)."""
    if calling is None or calling.screening not in _VOUCHED:
        return None
    number = number_of(request.from_.uri)
    if number is None or (number.digits, number.nature) == (calling.digits, calling.nature):
        return None
    return replace(number, presentation=calling.presentation, screening=Screening.USER_NOT_VERIFIED)


def identity_of(
    setup: Setup,
    trunk: SipTrunk,
    host: str,
    port: int | None,
    domain: str,
    country_code: str,
    rules: Rules = STANDARD,
) -> Identity:
    """What the INVITE for a call says of its parties; `host` and `port` are the peer's, `domain` is ours."""
    behind = ""
    if trunk.number_parameters:
        known = Attributes(setup.routing_number, setup.ported, setup.carrier)
        behind = parameters_of(known, tuple(trunk.number_parameters), country_code)
        if "isub" in trunk.number_parameters:
            behind += sip_access.called_subaddress(setup.opaque)
    user = user_part(setup.called, country_code)
    if trunk.uri == "tel":
        context = trunk.phone_context or domain
        uri = to_uri = tel_uri(setup.called, country_code, context, behind)
    else:
        called = (user.replace("%23", "#") if "%" in user else user) + behind
        uri = to_uri = sip_uri(called, host, None, "user=phone")
        if port is not None:
            uri = sip_uri(called, host, port, "user=phone")
    from_uri, display, headers = _caller(setup, trunk, domain, country_code, rules)
    if setup.redirecting is not None:
        headers += sip_diversion.write(setup, trunk.diversion, domain, country_code, uri)
    headers += sip_priority.headers(setup.opaque, trunk)
    if trunk.pass_headers:
        headers += [pair for part in setup.opaque if (pair := _passed(part, trunk)) is not None]
    return Identity(uri, to_uri, from_uri, display, tuple(headers))


def _caller(
    setup: Setup, trunk: SipTrunk, domain: str, country_code: str, rules: Rules
) -> tuple[str, str, list[tuple[str, str]]]:
    """From with its display name, and the fields that vouch for the caller (RFC 3325)."""
    number = setup.calling
    if number is None or not number.digits or number.presentation is Presentation.UNAVAILABLE:
        return "sip:unavailable@unknown.invalid", "", []
    behind = ""
    if trunk.number_parameters:
        known = Attributes(category=setup.category, line=setup.originating_line)
        behind = parameters_of(known, tuple(trunk.number_parameters), country_code, rules)
        if "isub" in trunk.number_parameters:
            behind += sip_access.calling_subaddress(setup.opaque)
    user = user_part(number, country_code) + behind
    vouched = number.screening in _VOUCHED
    restricted = number.presentation is Presentation.RESTRICTED
    headers: list[tuple[str, str]] = []
    if trunk.identity in ("P-Asserted-Identity", "both") and vouched and (trunk.trusted or not restricted):
        headers.append(("P-Asserted-Identity", f"<sip:{user}@{domain};user=phone>"))
    if trunk.identity in ("Remote-Party-ID", "both") and (trunk.trusted or not restricted):
        privacy, screen = ("full" if restricted else "off"), ("yes" if vouched else "no")
        value = f"<sip:{user}@{domain};user=phone>;party=calling;privacy={privacy};screen={screen}"
        headers.append(("Remote-Party-ID", value))
    if restricted:
        headers.append(("Privacy", "id"))
        return "sip:anonymous@anonymous.invalid", "Anonymous", headers
    shown = setup.additional_calling
    if shown is not None and shown.digits and vouched and trunk.identity != "From":
        user = user_part(shown, country_code)
    return f"sip:{user}@{domain};user=phone", name_of(setup.opaque), headers


def _passed(part: Opaque, trunk: SipTrunk) -> tuple[str, str] | None:
    """A header field of another SIP trunk that this one lets through."""
    if part.kind != HEADER:
        return None
    name, _, value = part.data.decode("utf-8", "replace").partition(": ")
    if name.lower() not in {allowed.lower() for allowed in trunk.pass_headers} or _LINE_BREAK.search(value):
        return None
    return name, value


def connected_headers(
    number: Number | None, trunk: SipTrunk, domain: str, country_code: str
) -> tuple[tuple[str, str], ...]:
    """What the 200 says of who answered (RFC 3325 5): a connected number that is vouched for."""
    if number is None or not number.digits or number.screening not in _VOUCHED or trunk.identity == "From":
        return ()
    restricted = number.presentation is not Presentation.ALLOWED
    if restricted and not trunk.trusted:
        return ()
    value = f"<sip:{user_part(number, country_code)}@{domain};user=phone>"
    return (("P-Asserted-Identity", value), *([("Privacy", "id")] if restricted else []))


def connected_of(message: Message, trunk: SipTrunk) -> Number | None:
    """Who answered, by P-Asserted-Identity of a trusted peer."""
    if not trunk.trusted:
        return None
    if "p-asserted-identity" not in message.fields:
        return None
    private = _privacy(message)
    for address in _addresses(message, "P-Asserted-Identity"):
        number = number_of(address.uri)
        if number is not None:
            presentation = Presentation.RESTRICTED if private & _RESTRICTED else Presentation.ALLOWED
            return replace(number, presentation=presentation, screening=Screening.NETWORK)
    return None


def _privacy(message: Message) -> set[str]:
    """What Privacy asks for, in lower case."""
    return {part.strip().lower() for value in message.values("Privacy") for part in value.split(";")}


def _addresses(message: Message, name: str) -> list[Address]:
    if name == "From":
        return [message.from_]
    found = []
    for value in message.values(name):
        try:
            found.append(parse_address(value))
        except ValueError:
            continue
    return found
