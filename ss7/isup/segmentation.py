"""Simple segmentation: what is too long for one message goes on in an SGM; Q.764 (12/1999) 2.1.12, Q.763 1.

Only the messages of call set-up can announce a segment, and only some parameters may move there.
"""

from __future__ import annotations

from typing import Final

from tandem.core.errors import EncodeError
from tandem.ss7.isup.codes import MessageType, ParameterCode, message_name
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter

P = ParameterCode

#: Where each message that may be segmented announces it: bit C of its optional indicators (Q.763 3.37, 3.38).
_INDICATORS: Final[dict[int, ParameterCode]] = {
    MessageType.IAM: P.OPTIONAL_FORWARD_CALL_INDICATORS,
    MessageType.ACM: P.OPTIONAL_BACKWARD_CALL_INDICATORS,
    MessageType.CPG: P.OPTIONAL_BACKWARD_CALL_INDICATORS,
    MessageType.ANM: P.OPTIONAL_BACKWARD_CALL_INDICATORS,
    MessageType.CON: P.OPTIONAL_BACKWARD_CALL_INDICATORS,
}
_MORE: Final = 4

#: What moves to the SGM, the least urgent first (Q.763 table of the SGM).
_MOVABLE: Final = (
    P.USER_TO_USER_INFORMATION,
    P.ACCESS_TRANSPORT,
    P.GENERIC_NOTIFICATION_INDICATOR,
    P.GENERIC_DIGITS,
    P.GENERIC_NUMBER,
)


def announces_segment(message: Message) -> bool:
    """Whether a message says that an SGM follows."""
    code = _INDICATORS.get(message.type)
    if code is None:
        return False
    octets = message.firsts.get(code)
    return bool(octets and octets[0] & _MORE)


def join(first: Message, segment: Message | None) -> Message:
    """The whole message; None for `segment` when it did not come. What announced it is taken back."""
    code = _INDICATORS[int(first.type)]
    octets = first.raw(code) or b"\0"
    whole = first.replace(RawParameter(code, bytes([octets[0] & ~_MORE]) + octets[1:]))
    if segment is None:
        return whole
    added = [item for item in segment.raw_parameters() if item.code != P.MESSAGE_COMPATIBILITY_INFORMATION]
    parameters = [*whole.raw_parameters(), *added]
    return Message.build(first.type, first.cic, parameters, variant=first.variant)


def split(message: Message, limit: int) -> list[bytes]:
    """Octets of the messages that carry `message` in at most `limit` octets each: one, or a first part and an SGM.

    User-to-user information that fits nowhere is left out (Q.764 2.1.12). EncodeError when nothing helps.
    """
    octets = message.encode()
    if len(octets) <= limit:
        return [octets]
    code = _INDICATORS.get(int(message.type))
    if code is None:
        return [_shortened(message, limit)]
    indicator = message.raw(code) or b"\0"
    first = message.replace(RawParameter(code, bytes([indicator[0] | _MORE]) + indicator[1:]))
    moved: list[RawParameter] = []
    for movable in _MOVABLE:
        found = [item for item in first.raw_parameters() if item.code == movable]
        if not found:
            continue
        candidate = Message.build(MessageType.SGM, message.cic, [*moved, *found], variant=message.variant)
        first = first.without(movable)
        if len(candidate.encode()) <= limit:
            moved += found
        elif movable != P.USER_TO_USER_INFORMATION:
            break
        octets = first.encode()
        if len(octets) <= limit:
            if not moved:
                return [first.replace(RawParameter(code, indicator)).encode()]
            segment = Message.build(MessageType.SGM, message.cic, moved, variant=message.variant)
            return [octets, segment.encode()]
    raise EncodeError(f"{message_name(message.type)} does not fit {limit} octets and an SGM")


def _shortened(message: Message, limit: int) -> bytes:
    octets = message.without(P.USER_TO_USER_INFORMATION).encode()
    if len(octets) > limit:
        raise EncodeError(f"{message_name(message.type)} has {len(octets)} octets, {limit} fit a signal unit")
    return octets
