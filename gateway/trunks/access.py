"""What belongs to the access at either end of a call, and goes through the gateway as the ISUP parameter that holds it.

Sub-addresses, compatibility elements and progress indicators are in the access transport parameter, user-to-user
information in one of its own (Q.763 3.3, 3.60). PRI and SIP trunks make them from their messages; an ISUP message that
is carried whole has them already.
"""

from __future__ import annotations

from typing import Final

from tandem.core.errors import DecodeError
from tandem.gateway.calls.model import Opaque
from tandem.isdn.q931.codes import Discriminator, MessageType
from tandem.isdn.q931.elements import AnyElement, Shift
from tandem.isdn.q931.messages import decode
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.messages import Message as IsupMessage
from tandem.ss7.isup.variants import Variant

#: Kind of an `Opaque` that is one ISUP parameter; its code is the parameter's.
PARAMETER: Final = "parameter-isup"
#: Kind of an `Opaque` that is the calling party's name, in UTF-8.
_NAME: Final = "calling-name"
#: Kind of an `Opaque` that is a whole ISUP message, for each variant.
_ISUP: Final = {variant: f"isup-{variant.value}" for variant in Variant}
_VARIANTS: Final = {kind: variant for variant, kind in _ISUP.items()}
#: The last messages that were carried or read, by variant and octets: both halves of a call ask, once for each thing
#: that may be in it. They are shared: what changes one makes another.
_messages: Final[dict[tuple[Variant, bytes], IsupMessage]] = {}
_MOST_MESSAGES: Final = 64
#: Most octets of user-to-user information, protocol discriminator included (Q.931 4.5.30, Q.957.1).
LONGEST_USER_TO_USER: Final = 129


def parameter(code: ParameterCode, octets: bytes) -> Opaque:
    """An ISUP parameter to be carried."""
    return Opaque(PARAMETER, octets, int(code))


def named(name: str) -> tuple[Opaque, ...]:
    """The calling party's name to be carried; nothing where there is none."""
    shown = " ".join("".join(one if one.isprintable() else " " for one in name).split())
    return (Opaque(_NAME, shown.encode("utf-8", "replace")),) if shown else ()


def name_of(opaque: tuple[Opaque, ...]) -> str:
    """The calling party's name; empty where it is not known."""
    return next((part.data.decode("utf-8") for part in opaque if part.kind == _NAME), "")


def isup_message(opaque: tuple[Opaque, ...]) -> IsupMessage | None:
    """The ISUP message that came through."""
    for part in opaque:
        variant = _VARIANTS.get(part.kind)
        if variant is not None:
            found = _messages.get((variant, part.data))
            if found is None:
                found = IsupMessage.parse(part.data, variant)
                whole(found)
            return found
    return None


def whole(message: IsupMessage) -> Opaque:
    """A whole ISUP message to be carried."""
    octets = message.encode()
    if len(_messages) >= _MOST_MESSAGES:
        del _messages[next(iter(_messages))]
    _messages[message.variant, octets] = message
    return Opaque(_ISUP[message.variant], octets, int(message.type))


def parameter_of(opaque: tuple[Opaque, ...], code: ParameterCode) -> bytes | None:
    """The octets of a carried parameter, alone or in a whole ISUP message; None without it."""
    for part in opaque:
        if part.kind == PARAMETER and part.code == code:
            return part.data
    message = isup_message(opaque) if opaque else None
    return None if message is None else message.firsts.get(code)


def user_to_user(opaque: tuple[Opaque, ...]) -> bytes | None:
    """User-to-user information with its protocol discriminator; None without any, or when it is too long."""
    octets = parameter_of(opaque, ParameterCode.USER_TO_USER_INFORMATION)
    return octets if octets and len(octets) <= LONGEST_USER_TO_USER else None


def access_elements(opaque: tuple[Opaque, ...]) -> list[AnyElement]:
    """The elements of Q.931 in the access transport parameter."""
    octets = parameter_of(opaque, ParameterCode.ACCESS_TRANSPORT)
    return elements_in(octets) if octets else []


def elements_in(octets: bytes) -> list[AnyElement]:
    """Elements of codeset 0 that stand one after another; none where the octets are no such elements."""
    header = bytes((Discriminator.CALL_CONTROL, 0, MessageType.INFORMATION))
    try:
        found = decode(header + octets).elements
    except DecodeError:
        return []
    return [item for item in found if not isinstance(item, Shift) and item.codeset == 0]
