"""What an ISDN access says, in SIP: user-to-user information (RFC 7433, RFC 7434), sub-addresses (RFC 3966, RFC 4715).

Inside the gateway both are ISUP parameters (access.py). Of RFC 4715 the text was not at hand: the encodings are
recalled. A sub-address of type user specified has none there and is not told.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from tandem.gateway.calls.model import Opaque, Release
from tandem.gateway.sip.fields import Uri
from tandem.gateway.sip.message import Message
from tandem.gateway.trunks.access import LONGEST_USER_TO_USER, access_elements, parameter, user_to_user
from tandem.gateway.trunks.sip_numbers import number_parameters
from tandem.isdn.q931.texts import CalledPartySubaddress, CallingPartySubaddress, Subaddress, SubaddressType
from tandem.ss7.isup.codes import ParameterCode

_HEADER: Final = "User-to-User"
_PURPOSE: Final = "isdn-uui"
#: Authority and format identifiers of local NSAP addresses: IA5 characters, decimal digits (X.213 Annex A).
_IA5, _BCD = 0x50, 0x48
#: Most octets of a sub-address (Q.931 4.5.9).
_LONGEST: Final = 20
#: Characters of a sub-address that need no escape in a user part and do not end a parameter (RFC 3261 25.1).
_PLAIN: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.!~*'()")


# --- from SIP


def opaque_of(message: Message, called: Uri | None = None, calling: Uri | None = None) -> tuple[Opaque, ...]:
    """What a message says of the access at the peer's end, as ISUP parameters; of INVITE the two parties too."""
    found: list[Opaque] = []
    if "user-to-user" in message.fields and (information := _user_to_user(message)):
        found.append(parameter(ParameterCode.USER_TO_USER_INFORMATION, information))
    if called is not None:
        elements = (_subaddress(CalledPartySubaddress, called), _subaddress(CallingPartySubaddress, calling))
        if elements != (None, None):
            octets = b"".join(element.to_octets() for element in elements if element is not None)
            found.append(parameter(ParameterCode.ACCESS_TRANSPORT, octets))
    return tuple(found)


def with_access(release: Release, message: Message) -> Release:
    """The end of a call, with what the message that brought it says of the access."""
    found = opaque_of(message)
    return replace(release, opaque=(*release.opaque, *found)) if found else release


def _user_to_user(message: Message) -> bytes | None:
    """The information for an ISDN user, its protocol discriminator first (RFC 7434 7)."""
    for value in message.values(_HEADER):
        content, *rest = (part.strip() for part in value.split(";"))
        settings = dict(_setting(part) for part in rest)
        if settings.get("purpose", _PURPOSE) != _PURPOSE or settings.get("encoding", "hex") != "hex":
            continue
        try:
            octets = bytes.fromhex(content.strip('"'))
        except ValueError:
            continue
        if 0 < len(octets) <= LONGEST_USER_TO_USER:
            return octets
    return None


def _setting(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip().strip('"').lower()


def _subaddress(kind: type[Subaddress], uri: Uri | None) -> Subaddress | None:
    """The sub-address in the parameters of a telephone number, in the user part of a SIP URI."""
    if uri is None or not ("isub" in uri.parameters or ";" in (uri.user or "")):
        return None
    settings = number_parameters(uri)
    text, odd = settings.get("isub") or "", False
    if not text:
        return None
    encoding = (settings.get("isub-encoding") or "nsap-ia5").lower()
    try:
        if encoding == "nsap":
            octets = bytes.fromhex(text)
        elif encoding == "nsap-bcd":
            odd = bool(len(text) % 2)
            octets = bytes((_BCD,)) + bytes.fromhex(text + "f" * odd)
        else:
            octets = bytes((_IA5,)) + text.encode("ascii")
    except ValueError:
        return None
    return kind(octets, SubaddressType.NSAP, odd) if len(octets) <= _LONGEST else None


# --- to SIP


def headers(opaque: tuple[Opaque, ...]) -> tuple[tuple[str, str], ...]:
    """The header that tells user-to-user information."""
    information = user_to_user(opaque)
    if information is None:
        return ()
    return ((_HEADER, f"{information.hex()};purpose={_PURPOSE};encoding=hex;content={_PURPOSE}"),)


def called_subaddress(opaque: tuple[Opaque, ...]) -> str:
    """What follows the called number in the user part: its sub-address."""
    return _written(CalledPartySubaddress, opaque)


def calling_subaddress(opaque: tuple[Opaque, ...]) -> str:
    """What follows the calling number in the user part: its sub-address."""
    return _written(CallingPartySubaddress, opaque)


def _written(kind: type[Subaddress], opaque: tuple[Opaque, ...]) -> str:
    element = next((item for item in access_elements(opaque) if isinstance(item, kind)), None)
    if element is None or element.type_of_subaddress != SubaddressType.NSAP or not element.information:
        return ""
    afi, rest = element.information[0], element.information[1:]
    if afi == _IA5 and rest and rest.isascii() and _PLAIN.issuperset(rest.decode("ascii")):
        return f";isub={rest.decode('ascii')};isub-encoding=nsap-ia5"
    return f";isub={element.information.hex()};isub-encoding=nsap"
