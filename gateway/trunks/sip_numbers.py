"""Telephone numbers in SIP and tel URIs, with the parameters that carriers put behind them.

RFC 3966 (tel), RFC 4694 (`rn`, `npdi`, `cic`), 3GPP TS 29.163 annex C and draft-mahy-iptel-cpc (`cpc`, `oli`).
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from tandem.gateway.calls.model import Nature, Number
from tandem.gateway.sip.fields import Parameters, Uri
from tandem.gateway.trunks.rules import STANDARD, Rules

_SEPARATORS = re.compile(r"[-.() ]")
_SIGNALS = re.compile(r"\+?[0-9A-Ea-e*#]+")
_DIGITS = re.compile(r"[0-9]+")
#: Parameters that `attributes` reads.
_READ: Final = frozenset(("oli", "isup-oli", "cpc", "rn", "rn-context", "npdi", "cic"))


class Attributes(Struct, frozen=True):
    """What stands behind a number."""

    routing: Number | None = None
    """`rn`: the routing number of a ported subscriber."""
    dipped: bool = False
    """`npdi`: the number portability database has been asked."""
    carrier: str = ""
    """`cic`: the carrier to use, digits."""
    category: int | None = None
    """`cpc`, as Q.763 3.11 codes it."""
    line: int | None = None
    """`oli` or `isup-oli`: originating line information of ANSI."""


#: Those of a number with nothing behind it.
_NONE: Final = Attributes()


def number_of(uri: Uri) -> Number | None:
    """The telephone number of a tel URI or of the user part of a SIP URI; None when it holds none.

    A leading `+` means international (RFC 3966), as does a phone-context that begins with one, whose digits come
    first; without it the nature is unknown.
    """
    text = uri.user or ""
    international = text[:1] == "+"
    digits = text[1:] if international else text
    if digits.isdecimal() and digits.isascii() and (international or "phone-context" not in uri.parameters):
        return Number(digits, Nature.INTERNATIONAL if international else Nature.UNKNOWN)
    text = _SEPARATORS.sub("", text.partition(";")[0])
    if not _SIGNALS.fullmatch(text):
        return None
    context = number_parameters(uri).get("phone-context") or ""
    if not text.startswith("+") and re.fullmatch(r"\+[0-9]+", context):
        text = context + text
    digits = text.lstrip("+").upper().replace("*", "B").replace("#", "C")
    return Number(digits, Nature.INTERNATIONAL if text.startswith("+") else Nature.UNKNOWN)


def attributes(uri: Uri, rules: Rules = STANDARD) -> Attributes:
    """What the parameters of a number say; those that cannot be read are passed over."""
    parameters = number_parameters(uri) if ";" in (uri.user or "") else uri.parameters
    if _READ.isdisjoint(parameters):
        return _NONE
    line = parameters.get("oli") or parameters.get("isup-oli") or ""
    category = rules.sip_category.get((parameters.get("cpc") or "").lower())
    return Attributes(
        _number(parameters.get("rn"), parameters.get("rn-context")),
        "npdi" in parameters,
        _SEPARATORS.sub("", parameters.get("cic") or "").lstrip("+"),
        category,
        int(line) if line.isdecimal() and int(line[:4]) < 256 else None,
    )


def parameters_of(found: Attributes, wanted: tuple[str, ...], country_code: str, rules: Rules = STANDARD) -> str:
    """The parameters of a number as it is written; `wanted` names those that the peer understands."""
    text = ""
    if found.routing is not None and "rn" in wanted:
        digits = user_part(found.routing, country_code)
        local = "" if digits.startswith("+") else f";rn-context=+{country_code or '0'}"
        text += f";rn={digits}{local}"
    if found.dipped and "npdi" in wanted:
        text += ";npdi"
    if found.carrier and "cic" in wanted:
        text += f";cic={found.carrier}"
    if found.category and "cpc" in wanted and found.category in rules.category_sip:
        text += f";cpc={rules.category_sip[found.category]}"
    if found.line is not None and "oli" in wanted:
        text += f";oli={found.line}"
    return text


def user_part(number: Number, country_code: str) -> str:
    """The user part of a SIP URI for `number`, with `+` where it is known to be international."""
    digits = number.digits
    if "B" in digits or "C" in digits:
        digits = digits.replace("B", "*").replace("C", "%23")
    if number.nature is Nature.INTERNATIONAL:
        return f"+{digits}"
    if number.nature is Nature.NATIONAL and country_code:
        return f"+{country_code}{digits}"
    return digits


def tel_uri(number: Number, country_code: str, context: str, parameters: str = "") -> str:
    """A tel URI; a local number gets the phone-context that RFC 3966 5.1.5 demands."""
    digits = user_part(number, country_code).replace("%23", "#")
    local = "" if digits.startswith("+") else f";phone-context={context}"
    return f"tel:{digits}{local}{parameters}"


def number_parameters(uri: Uri) -> Parameters:
    """Those of the user part, where RFC 3261 19.1.6 puts those of a number, and of the URI itself."""
    user = uri.user or ""
    if ";" not in user:
        return uri.parameters
    text = user.partition(";")[2]
    found = dict(uri.parameters)
    for item in text.split(";"):
        name, equals, value = item.partition("=")
        found.setdefault(name.lower(), value if equals else None)
    return found


def _number(text: str | None, context: str | None) -> Number | None:
    digits = _SEPARATORS.sub("", text or "")
    if digits.startswith("+") and _DIGITS.fullmatch(digits[1:]):
        return Number(digits[1:], Nature.INTERNATIONAL)
    if not _DIGITS.fullmatch(digits):
        return None
    if context and re.fullmatch(r"\+[1-9][0-9]*", context):
        return Number(context[1:] + digits, Nature.INTERNATIONAL)
    return Number(digits, Nature.NATIONAL)
