"""Codes of Q.931: protocol discriminators, message types, identifiers of elements; ITU-T Q.931 (05/1998) 4."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Discriminator(IntEnum):
    """Protocol discriminator, Q.931 4.2; maintenance as AT&T TR 41459 and National ISDN-2 have it."""

    CALL_CONTROL = 0x08
    MAINTENANCE = 0x03
    MAINTENANCE_NI2 = 0x43


class MessageType(IntEnum):
    """Message type of call control, Q.931 4.4 and Q.932."""

    ALERTING = 0x01
    CALL_PROCEEDING = 0x02
    PROGRESS = 0x03
    SETUP = 0x05
    CONNECT = 0x07
    SETUP_ACKNOWLEDGE = 0x0D
    CONNECT_ACKNOWLEDGE = 0x0F
    USER_INFORMATION = 0x20
    SUSPEND_REJECT = 0x21
    RESUME_REJECT = 0x22
    HOLD = 0x24
    SUSPEND = 0x25
    RESUME = 0x26
    HOLD_ACKNOWLEDGE = 0x28
    SUSPEND_ACKNOWLEDGE = 0x2D
    RESUME_ACKNOWLEDGE = 0x2E
    HOLD_REJECT = 0x30
    RETRIEVE = 0x31
    RETRIEVE_ACKNOWLEDGE = 0x33
    RETRIEVE_REJECT = 0x37
    DISCONNECT = 0x45
    RESTART = 0x46
    RELEASE = 0x4D
    RESTART_ACKNOWLEDGE = 0x4E
    RELEASE_COMPLETE = 0x5A
    SEGMENT = 0x60
    FACILITY = 0x62
    REGISTER = 0x64
    NOTIFY = 0x6E
    STATUS_ENQUIRY = 0x75
    CONGESTION_CONTROL = 0x79
    INFORMATION = 0x7B
    STATUS = 0x7D


class MaintenanceType(IntEnum):
    """Message type of maintenance under discriminator 0x03; under 0x43 the two change places."""

    SERVICE_ACKNOWLEDGE = 0x07
    SERVICE = 0x0F


#: Bit that marks a type of the national set, reached by the escape octet 0x00 (Q.931 4.4).
NATIONAL: Final = 0x100


class ElementCode(IntEnum):
    """Identifier of an information element of codeset 0, Q.931 4.5.1, Q.932 and Q.95x.

    Of an element of one octet with a value (type 1) the value bits are zero here.
    """

    SEGMENTED_MESSAGE = 0x00
    CHANGE_STATUS = 0x01
    BEARER_CAPABILITY = 0x04
    CAUSE = 0x08
    CONNECTED_ADDRESS = 0x0C
    EXTENDED_FACILITY = 0x0D
    CALL_IDENTITY = 0x10
    CALL_STATE = 0x14
    CHANNEL_IDENTIFICATION = 0x18
    FACILITY = 0x1C
    PROGRESS_INDICATOR = 0x1E
    NETWORK_SPECIFIC_FACILITIES = 0x20
    ENDPOINT_IDENTIFIER = 0x26
    NOTIFICATION_INDICATOR = 0x27
    DISPLAY = 0x28
    DATE_TIME = 0x29
    KEYPAD_FACILITY = 0x2C
    CALL_STATUS = 0x2D
    UPDATE = 0x31
    INFORMATION_REQUEST = 0x32
    SIGNAL = 0x34
    SWITCHHOOK = 0x36
    FEATURE_ACTIVATION = 0x38
    FEATURE_INDICATION = 0x39
    INFORMATION_RATE = 0x40
    END_TO_END_TRANSIT_DELAY = 0x42
    TRANSIT_DELAY_SELECTION_AND_INDICATION = 0x43
    PACKET_LAYER_BINARY_PARAMETERS = 0x44
    PACKET_LAYER_WINDOW_SIZE = 0x45
    PACKET_SIZE = 0x46
    CLOSED_USER_GROUP = 0x47
    REVERSE_CHARGING_INDICATION = 0x4A
    CONNECTED_NUMBER = 0x4C
    CONNECTED_SUBADDRESS = 0x4D
    CALLING_PARTY_NUMBER = 0x6C
    CALLING_PARTY_SUBADDRESS = 0x6D
    CALLED_PARTY_NUMBER = 0x70
    CALLED_PARTY_SUBADDRESS = 0x71
    ORIGINAL_CALLED_NUMBER = 0x73
    REDIRECTING_NUMBER = 0x74
    REDIRECTING_SUBADDRESS = 0x75
    REDIRECTION_NUMBER = 0x76
    REDIRECTION_SUBADDRESS = 0x77
    TRANSIT_NETWORK_SELECTION = 0x78
    RESTART_INDICATOR = 0x79
    USER_USER_FACILITY = 0x7A
    LOW_LAYER_COMPATIBILITY = 0x7C
    HIGH_LAYER_COMPATIBILITY = 0x7D
    USER_USER = 0x7E
    ESCAPE_FOR_EXTENSION = 0x7F
    SHIFT = 0x90
    MORE_DATA = 0xA0
    SENDING_COMPLETE = 0xA1
    CONGESTION_LEVEL = 0xB0
    REPEAT_INDICATOR = 0xD0


_ELEMENT_NAMES: Final = {
    **{code: code.name.capitalize().replace("_", " ") for code in ElementCode},
    ElementCode.DATE_TIME: "Date/time",
    ElementCode.NETWORK_SPECIFIC_FACILITIES: "Network-specific facilities",
    ElementCode.END_TO_END_TRANSIT_DELAY: "End-to-end transit delay",
    ElementCode.USER_USER: "User-user",
    ElementCode.USER_USER_FACILITY: "User-user facility",
}

#: Elements of other codesets that are met on lines, by codeset and identifier.
_PRIVATE_NAMES: Final = {
    (5, 0x32): "Calling party category",
    (6, 0x01): "Originating line information",
    (6, 0x28): "Avaya display",
    (6, 0x37): "Generic digits",
    (6, 0x7B): "Call appearance",
}


def is_single(identifier: int) -> bool:
    """Whether the element consists of this octet alone (bit 8 set, Q.931 4.5.1)."""
    return identifier >= 0x80


def base_identifier(identifier: int) -> int:
    """The identifier without the value of a type 1 element; Q.931 4.5.1: only 1010 xxxx carries no value."""
    return identifier & 0xF0 if identifier >= 0x80 and identifier & 0xF0 != 0xA0 else identifier


def element_name(identifier: int, codeset: int = 0) -> str:
    """Name of an element, or `codeset N element 0xNN`."""
    if codeset == 0:
        base = base_identifier(identifier)
        return _ELEMENT_NAMES.get(base) or f"element {base:#04x}"  # type: ignore[call-overload]
    return _PRIVATE_NAMES.get((codeset, identifier), f"codeset {codeset} element {identifier:#04x}")


def maintenance_type(discriminator: int, code: int) -> MaintenanceType | None:
    """What a maintenance message means, whatever its discriminator; None when it is neither."""
    if code not in (0x07, 0x0F):
        return None
    return MaintenanceType(code ^ 0x08 if discriminator == Discriminator.MAINTENANCE_NI2 else code)


def message_name(code: int, discriminator: int = Discriminator.CALL_CONTROL) -> str:
    """Name of a message type in the Recommendation's words, or `message type 0xNN`."""
    known: IntEnum | None
    if discriminator == Discriminator.CALL_CONTROL:
        known = _MESSAGES.get(code)
    else:
        known = maintenance_type(discriminator, code)
    if known is None:
        return f"national message type {code - NATIONAL:#04x}" if code >= NATIONAL else f"message type {code:#04x}"
    return known.name.replace("_", " ")


_MESSAGES: Final = {item.value: item for item in MessageType}


def message_type(code: int) -> MessageType | int:
    """The type of a call control message, or the number where there is none."""
    return _MESSAGES.get(code, code)
