"""What goes through from one side of a call to the other unread: elements of Q.931, and ISUP parameters that hold them.

Towards another PRI the whole message is carried (`Opaque` of kind `pri`). Towards ISUP the access transport
parameter, the user service and user-to-user information and the indicators are made from it (Q.699; the text was not
at hand, rows recalled), each an `Opaque` of kind `parameter-isup`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tandem.core.errors import DecodeError
from tandem.gateway.calls.model import Opaque
from tandem.gateway.trunks.access import access_elements, isup_message, parameter, parameter_of, user_to_user
from tandem.isdn.q931.bearer import BearerCapability
from tandem.isdn.q931.cause import ProgressDescription, ProgressIndicator
from tandem.isdn.q931.codes import ElementCode, MessageType
from tandem.isdn.q931.elements import AnyElement, Element, RawElement
from tandem.isdn.q931.indications import NotificationIndicator
from tandem.isdn.q931.messages import Message, decode
from tandem.isdn.q931.switch_types import SwitchType
from tandem.isdn.q931.tables import USAGE, Side
from tandem.isdn.q931.texts import UserUser
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.indicators import BackwardCallIndicators, ForwardCallIndicators, OptionalBackwardCallIndicators
from tandem.ss7.isup.services import GenericNotificationIndicator

E = ElementCode
M = MessageType

#: Elements that each side makes itself: from the neutral call, or for its own line.
_MADE_HERE: Final = frozenset(
    {
        E.SENDING_COMPLETE,
        E.CHANNEL_IDENTIFICATION,
        E.CALLED_PARTY_NUMBER,
        E.CALLING_PARTY_NUMBER,
        E.CONNECTED_NUMBER,
        E.REDIRECTING_NUMBER,
        E.ORIGINAL_CALLED_NUMBER,
        E.BEARER_CAPABILITY,
        E.REPEAT_INDICATOR,
        E.KEYPAD_FACILITY,
        E.NETWORK_SPECIFIC_FACILITIES,
        E.TRANSIT_NETWORK_SELECTION,
        E.CAUSE,
        E.SIGNAL,
        E.CALL_IDENTITY,
    }
)
#: Elements that travel in the access transport parameter (Q.763 3.3, Q.699).
_ACCESS: Final = (
    E.PROGRESS_INDICATOR,
    E.CALLING_PARTY_SUBADDRESS,
    E.CALLED_PARTY_SUBADDRESS,
    E.CONNECTED_SUBADDRESS,
    E.LOW_LAYER_COMPATIBILITY,
    E.HIGH_LAYER_COMPATIBILITY,
)
_FORWARD: Final = frozenset({M.SETUP})
_BACKWARD: Final = frozenset({M.CALL_PROCEEDING, M.PROGRESS, M.ALERTING, M.CONNECT})


def carry(message: Message) -> tuple[Opaque, ...]:
    """What a message holds for the other side, whatever that is."""
    return (Opaque("pri", message.encode(), int(message.type)), *_isup_parameters(message))


def carried_elements(
    opaque: tuple[Opaque, ...], kind: MessageType, sender: Side | None, switch: SwitchType, display: bool
) -> list[Element | RawElement]:
    """The elements for a message of type `kind` that we send as `sender`; those that it may not have are left out."""
    elements = [element for element in _sources(opaque) if isinstance(element, Element | RawElement)]
    usage = USAGE.get(int(kind))
    allowed = frozenset[ElementCode]() if usage is None else usage.allowed(sender)
    shows = switch.display_from_user if sender == "user" else switch.display_from_network
    found = []
    for element in elements:
        if element.codeset or element.code in _MADE_HERE or element.code not in allowed:
            continue
        if element.code == E.DISPLAY and not (display and shows):
            continue
        if isinstance(element, RawElement) and element.error is not None:
            continue
        found.append(element)
    return found


def carried_bearer(opaque: tuple[Opaque, ...]) -> BearerCapability | None:
    """The bearer capability of the other side, where it has one."""
    message = pri_message(opaque)
    if message is not None:
        return message.get(BearerCapability)
    octets = parameter_of(opaque, ParameterCode.USER_SERVICE_INFORMATION)
    if not octets:
        return None
    try:
        return BearerCapability.parse(octets)
    except DecodeError:
        return None


def is_isdn(opaque: tuple[Opaque, ...]) -> bool:
    """Whether the other side says itself how much ISDN there is: another PRI, or ISUP."""
    return pri_message(opaque) is not None or isup_message(opaque) is not None


def pri_message(opaque: tuple[Opaque, ...]) -> Message | None:
    """The Q.931 message that came through."""
    return next((decode(part.data) for part in opaque if part.kind == "pri"), None)


def notifications_of(opaque: tuple[Opaque, ...]) -> list[NotificationIndicator]:
    """What a CPG notifies of (Q.699, recalled): the codes are those of Q.931."""
    message = isup_message(opaque)
    indicator = None if message is None else message.find(GenericNotificationIndicator)
    return [] if indicator is None else [NotificationIndicator(indicator.notification)]


def progress_of(opaque: tuple[Opaque, ...], location: int) -> list[ProgressIndicator]:
    """Progress indicators that the indicators of an ISUP message stand for (Q.699, recalled)."""
    message = isup_message(opaque)
    if message is None:
        return []
    forward, backward = message.find(ForwardCallIndicators), message.find(BackwardCallIndicators)
    optional = message.find(OptionalBackwardCallIndicators)
    found = []
    for indicators, access in (
        (forward, ProgressDescription.ORIGINATION_NON_ISDN),
        (backward, ProgressDescription.DESTINATION_NON_ISDN),
    ):
        if indicators is not None and (indicators.interworking or not indicators.isup_all_the_way):
            found.append(ProgressIndicator(ProgressDescription.NOT_END_TO_END_ISDN, location))
        elif indicators is not None and not indicators.isdn_access:
            found.append(ProgressIndicator(access, location))
    if optional is not None and optional.in_band_information:
        found.append(ProgressIndicator(ProgressDescription.INBAND_INFORMATION, location))
    return found


def _sources(opaque: tuple[Opaque, ...]) -> list[AnyElement]:
    """The elements of another PRI's message, or those inside an ISUP message."""
    message = pri_message(opaque)
    if message is not None:
        return list(message.elements)
    found = access_elements(opaque)
    user = user_to_user(opaque)
    if user:
        found.append(UserUser.parse(user))
    return found


def _isup_parameters(message: Message) -> Iterable[Opaque]:
    """The ISUP parameters that a message stands for (Q.699, recalled)."""
    access = b"".join(
        element.to_octets()
        for element in message.elements
        if isinstance(element, Element) and element.code in _ACCESS and not _in_band(element)
    )
    if access:
        yield parameter(ParameterCode.ACCESS_TRANSPORT, access)
    user = message.get(UserUser)
    if user is not None:
        yield parameter(ParameterCode.USER_TO_USER_INFORMATION, user.encode())
    notification = message.get(NotificationIndicator)
    if message.type == M.NOTIFY and notification is not None:
        octets = GenericNotificationIndicator(notification=notification.description).encode()
        yield parameter(ParameterCode.GENERIC_NOTIFICATION_INDICATOR, octets)
    told = {indicator.description for indicator in message.get_all(ProgressIndicator)}
    interworking = ProgressDescription.NOT_END_TO_END_ISDN in told
    if message.type in _FORWARD:
        bearer = message.get(BearerCapability)
        if bearer is not None:
            yield parameter(ParameterCode.USER_SERVICE_INFORMATION, bearer.encode())
        yield parameter(
            ParameterCode.FORWARD_CALL_INDICATORS,
            ForwardCallIndicators(
                interworking=interworking,
                isup_all_the_way=not interworking,
                isdn_access=ProgressDescription.ORIGINATION_NON_ISDN not in told and not interworking,
            ).encode(),
        )
    elif message.type in _BACKWARD:
        yield parameter(
            ParameterCode.BACKWARD_CALL_INDICATORS,
            BackwardCallIndicators(
                interworking=interworking,
                isup_all_the_way=not interworking,
                isdn_access=ProgressDescription.DESTINATION_NON_ISDN not in told and not interworking,
            ).encode(),
        )


def _in_band(element: Element) -> bool:
    """Progress 8 is told by the optional backward call indicators instead."""
    return isinstance(element, ProgressIndicator) and element.description == ProgressDescription.INBAND_INFORMATION
