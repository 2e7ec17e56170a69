"""Which INVITEs go before others when not all can be served: emergency calls, and what the network itself marks so.

Resource-Priority (RFC 4412) goes on from a peer that is trusted to one that is; its namespace q735 is the precedence of
ISUP (Q.763 3.34, Q.735.3), level for level. RFC 4412 is recalled here, and so is the layout of the parameter.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from tandem.core.errors import DecodeError
from tandem.gateway.calls.model import Opaque
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip.message import Request
from tandem.gateway.trunks.access import parameter, parameter_of
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.supplementary import MlppPrecedence, Precedence

#: Lowest value of each namespace (RFC 4412 10 and 12, IANA; recalled): it asks for nothing.
_ROUTINE: Final = frozenset(("dsn.routine", "drsn.routine", "q735.4"))
_DIGITS: Final = tuple("01234")
_WORDS: Final = ("flash-override", "flash", "immediate", "priority", "routine")
#: Namespaces that are understood, with their values, highest first (RFC 4412 10, RFC 7135; recalled).
_NAMESPACES: Final = {
    "dsn": _WORDS,
    "drsn": ("flash-override-override", *_WORDS),
    **dict.fromkeys(("q735", "ets", "wps", "esnet"), _DIGITS),
}
OPTION: Final = "resource-priority"
"""Option tag of it."""
_ACCEPTED: Final = ", ".join(f"{space}.{value}" for space, values in _NAMESPACES.items() for value in values)
#: Category in a number, Q.763 3.11 and its national values by name (3GPP TS 29.163 annex C).
_CATEGORY: Final = re.compile(r";\s*cpc\s*=\s*(?:priority|emergency)\b", re.IGNORECASE)
#: Kind of an `Opaque` with the values of Resource-Priority.
_PRIORITY: Final = "resource-priority"
_HEADER: Final = "Resource-Priority"
#: Namespace and value, neither with a dot in it (RFC 4412 3.1).
_VALUE: Final = re.compile(r"[A-Za-z0-9!%*_+`'~-]+\.[A-Za-z0-9!%*_+`'~-]+")
_PRECEDENCE: Final = re.compile(r"q735\.([0-4])", re.IGNORECASE)
#: Look-ahead for busy is not allowed: it is of a service domain, and SIP names none.
_NO_LOOK_AHEAD: Final = 2


def opaque_of(request: Request, trunk: SipTrunk) -> tuple[Opaque, ...]:
    """The priority of an INVITE to be carried, for SIP and for ISUP; nothing from a peer that is not trusted."""
    if not trunk.trusted or "resource-priority" not in request.fields:
        return ()
    values = [value for value in map(str.strip, request.values(_HEADER)) if _VALUE.fullmatch(value)]
    if not values:
        return ()
    found = [Opaque(_PRIORITY, ", ".join(values).encode())]
    levels = [int(match[1]) for value in values if (match := _PRECEDENCE.fullmatch(value)) is not None]
    if levels:
        made = MlppPrecedence(min(levels), _NO_LOOK_AHEAD)
        found.append(parameter(ParameterCode.MLPP_PRECEDENCE, made.encode()))
    return tuple(found)


def refusal(request: Request, trunk: SipTrunk) -> tuple[int, tuple[tuple[str, str], ...]] | None:
    """Status and header fields for an INVITE whose priority must be minded and is not; None when all is well.

    417 where it has no value that is understood, with those that are; 403 from a peer whose priority counts for
    nothing (RFC 4412 4.6.2 and 4.6.4; recalled).
    """
    if "require" not in request.fields or OPTION not in [tag.lower() for tag in request.values("require")]:
        return None
    for value in request.values(_HEADER):
        space, _, level = value.strip().lower().partition(".")
        if level in _NAMESPACES.get(space, ()):
            return None if trunk.trusted else (403, ())
    return 417, (("Accept-Resource-Priority", _ACCEPTED),)


def headers(opaque: tuple[Opaque, ...], trunk: SipTrunk) -> tuple[tuple[str, str], ...]:
    """Resource-Priority towards a peer that is trusted: what came, else the precedence of ISUP."""
    if not trunk.trusted:
        return ()
    for part in opaque:
        if part.kind == _PRIORITY and part.data:
            return ((_HEADER, part.data.decode()),)
    octets = parameter_of(opaque, ParameterCode.MLPP_PRECEDENCE)
    if octets is None:
        return ()
    try:
        level = MlppPrecedence.parse(octets).precedence
    except DecodeError:
        return ()
    return ((_HEADER, f"q735.{level}"),) if level <= Precedence.ROUTINE else ()


def has_priority(request: Request, trunk: SipTrunk | None, emergency_numbers: Collection[str]) -> bool:
    """Whether a new call goes before others. Who is in no trust domain of ours can but call for help."""
    if emergency_numbers and (request.uri.user or "").partition(";")[0] in emergency_numbers:
        return True
    if trunk is None or not trunk.trusted:
        return False
    for value in request.values("Resource-Priority"):
        value = value.strip().lower()
        if value.partition(".")[0] in _NAMESPACES and value not in _ROUTINE:
            return True
    named = (value for name in ("p-asserted-identity", "from") for value in request.fields.get(name, ()))
    return any(_CATEGORY.search(value) for value in named)
