"""What following circuits needs of ISUP and TUP messages, by the full decoders; imported when `quick` does not do."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from tandem.core.errors import DecodeError
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.indicators import BackwardCallIndicators, CalledPartyStatus, Event, EventInformation
from tandem.ss7.isup.messages import Message as IsupMessage
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber, SubsequentNumber
from tandem.ss7.isup.variants import Variant as IsupVariant
from tandem.ss7.tup.cause import cause_of
from tandem.ss7.tup.codes import MessageType as Tup
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.messages import AddressComplete, InitialAddress, InitialAddressWithInformation
from tandem.ss7.tup.variants import Variant as TupVariant

from .model import CallRecord, Message
from .quick import NATURES

_TUP_NATURES: Final = {0: "subscriber", 1: "spare", 2: "national", 3: "international"}


def numbers(message: Message, record: CallRecord) -> None:
    """Fill in the numbers of an IAM of ISUP."""
    parsed = _parse(message)
    called = parsed.find(CalledPartyNumber) if parsed else None
    calling = parsed.find(CallingPartyNumber) if parsed else None
    if called is not None:
        record.called, record.called_nature = called.digits, NATURES[int(called.nature)]
    if calling is not None:
        record.calling, record.calling_nature = calling.digits, NATURES[int(calling.nature)]


def alerting(message: Message) -> bool | None:
    """Whether an ACM or CPG says that the called party is rung; None when it cannot be read."""
    parsed = _parse(message)
    if parsed is None:
        return None
    if message.type == "ACM":
        indicators = parsed.find(BackwardCallIndicators)
        return indicators is not None and indicators.called_party_status == CalledPartyStatus.SUBSCRIBER_FREE
    event = parsed.find(EventInformation)
    return event is not None and event.event == Event.ALERTING


def cause(message: Message) -> tuple[int, int] | None:
    """Cause value and location of a REL."""
    parsed = _parse(message)
    found = parsed.find(CauseIndicators) if parsed else None
    return None if found is None else (int(found.value), int(found.location))


def more_digits(message: Message) -> str:
    """The digits of a SAM."""
    parsed = _parse(message)
    more = parsed.find(SubsequentNumber) if parsed else None
    return "" if more is None else more.digits


def tup_numbers(message: Message, record: CallRecord) -> None:
    """Fill in the numbers of an IAM or IAI of TUP."""
    parsed = _parse_tup(message.octets, message.where.variant)
    if isinstance(parsed, InitialAddress):
        record.called = parsed.digits
        record.called_nature = _TUP_NATURES[int(parsed.indicators.nature) & 3]
    if isinstance(parsed, InitialAddressWithInformation) and (line := parsed.calling_line) is not None:
        record.calling = line.digits
        record.calling_nature = _TUP_NATURES[int(line.nature) & 3]


def tup_free(message: Message) -> bool:
    """Whether an ACM of TUP says that the subscriber is free."""
    parsed = _parse_tup(message.octets, message.where.variant)
    return isinstance(parsed, AddressComplete) and parsed.free


def tup_cause(kind: str) -> int:
    """The cause that a message of failure stands for."""
    return int(cause_of(Tup[kind]))


def _parse(message: Message) -> IsupMessage | None:
    """The message read; kept in it, with the reason where it cannot be read."""
    if message.value is None and not message.error:
        try:
            message.value = IsupMessage.parse(message.octets, _variant(message.where.variant))
        except DecodeError as error:
            message.error = str(error)
    return message.value  # type: ignore[no-any-return]


@lru_cache(maxsize=16)
def _variant(name: str) -> IsupVariant:
    try:
        return IsupVariant(name)
    except ValueError:
        return IsupVariant.ITU


def _parse_tup(octets: bytes, variant: str) -> object:
    try:
        return CircuitMessage.parse(octets[0], octets[1:], TupVariant(variant)).message
    except (DecodeError, ValueError):
        return None
