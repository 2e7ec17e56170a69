"""Call attempts on D-channels and in H.225: followed by call reference and the side that chose it (Q.931 4.3)."""

from __future__ import annotations

from typing import Final, TypeVar

from tandem.core.cause import location_name
from tandem.core.errors import DecodeError
from tandem.isdn.q931.cause import CauseElement
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.elements import Element
from tandem.isdn.q931.messages import Message as Q931Message
from tandem.isdn.q931.messages import decode
from tandem.isdn.q931.numbers import CalledPartyNumber, CallingPartyNumber, TypeOfNumber

from .attempts import Attempt, Done, Numbering, Table
from .model import CallRecord, Message, Protocol

PATIENCE: Final = 30.0
"""Longer than T305, T308 and their repetition."""
_NATURES: Final = {
    TypeOfNumber.UNKNOWN: "unknown",
    TypeOfNumber.INTERNATIONAL: "international",
    TypeOfNumber.NATIONAL: "national",
    TypeOfNumber.SUBSCRIBER: "subscriber",
}
_RELEASING: Final = frozenset({"DISCONNECT", "RELEASE", "RELEASE_COMPLETE"})
_FLAG: Final = 0x80
E = TypeVar("E", bound=Element)


class DChannelTracker:
    """Attempts of Q.931 and of H.225 call signalling."""

    def __init__(self, done: Done, numbering: Numbering) -> None:
        self._table = Table(done, PATIENCE)
        self._numbering = numbering
        self.supervision: list[Message] = []
        """RESTART, SERVICE and the like; whoever reads them clears the list."""

    def take(self, message: Message) -> None:
        """A message of Q.931 or H.225, in the order of the capture."""
        octets, where = message.octets, message.where
        length = octets[1] & 0xF
        value = int.from_bytes(octets[2 : 2 + length], "big") & ~(_FLAG << 8 * (length - 1)) if length else 0
        if not value:  # the global and the dummy call reference
            self.supervision.append(message)
            return
        forward = not octets[2] & _FLAG  # the flag is 0 from the side that chose the reference
        sender, receiver = where.source, where.destination
        origin = (sender, receiver) if forward else (receiver or _other(sender), sender)
        key = (message.protocol, where.link, value, origin[0], origin[1] if receiver else "")
        parsed = _parse(message)
        if message.type == "SETUP":
            self._begin(key, message, value, origin, parsed)
            return
        attempt = self._table.get(key)
        if attempt is None:
            return
        record = attempt.record
        summary = self._progress(attempt, message, parsed)
        if message.type in _RELEASING:
            cause = _get(parsed, CauseElement)
            number = None if cause is None else int(cause.value)
            location = "" if cause is None else location_name(cause.location)
            attempt.released(message.time, "calling" if forward else "called", number, location)
            summary = "" if number is None else f"cause {number}"
        attempt.note(message, forward, summary)
        if message.type == "RELEASE_COMPLETE":
            record.completed = message.time
            self._table.end(key)

    def expire(self, now: float) -> None:
        """Time has gone on to `now`."""
        self._table.expire(now)

    def sort(self) -> None:
        """Messages were taken that were not in the order of time."""
        self._table.sort()

    def __len__(self) -> int:
        return len(self._table)

    def earliest(self) -> float:
        """When the first attempt under way began."""
        return self._table.earliest()

    def close(self) -> None:
        """The capture has ended."""
        self._table.close()

    def _begin(
        self,
        key: tuple[object, ...],
        message: Message,
        value: int,
        origin: tuple[str, str],
        parsed: Q931Message | None,
    ) -> None:
        if (repeated := self._table.get(key)) is not None and repeated.record.answered is None:
            repeated.note(message, True, "repeated")
            return
        protocol = message.protocol.value
        record = CallRecord(
            protocol=protocol,
            id=self._numbering(protocol, message.packet),
            outcome="open",
            link=message.where.link,
            source=origin[0],
            destination=origin[1] or _other(origin[0]),
            call_id=str(value),
            start=message.time,
        )
        if (called := _get(parsed, CalledPartyNumber)) is not None:
            record.called, record.called_nature = called.digits, _nature(called.type_of_number)
        if (calling := _get(parsed, CallingPartyNumber)) is not None:
            record.calling, record.calling_nature = calling.digits, _nature(calling.type_of_number)
        _channel(record, parsed)
        self._table.begin(key, record).note(message, True, f"{record.calling or '-'} to {record.called or '-'}")

    def _progress(self, attempt: Attempt, message: Message, parsed: Q931Message | None) -> str:
        record = attempt.record
        match message.type:
            case "CALL_PROCEEDING" | "PROGRESS":
                attempt.progressed(message.time)
            case "ALERTING":
                attempt.alerted(message.time)
            case "CONNECT":
                attempt.answered(message.time)
            case "INFORMATION":
                if (more := _get(parsed, CalledPartyNumber)) is not None:
                    record.called += more.digits
                    return more.digits
        if message.protocol is Protocol.Q931:
            _channel(record, parsed)
        return ""


def _parse(message: Message) -> Q931Message | None:
    if message.value is None and not message.error:
        try:
            message.value = decode(message.octets, long_user_user=message.protocol is Protocol.H225)
        except DecodeError as error:
            message.error = str(error)
    return message.value  # type: ignore[no-any-return]


def _get(parsed: Q931Message | None, kind: type[E]) -> E | None:
    return None if parsed is None else parsed.get(kind)


def _channel(record: CallRecord, parsed: Q931Message | None) -> None:
    """The B channel as last agreed."""
    channel = _get(parsed, ChannelIdentification)
    if channel is not None and len(channel.channels) == 1:
        record.cic = channel.channels[0]


def _nature(kind: int) -> str:
    return _NATURES[TypeOfNumber(kind)] if kind in _NATURES else str(kind)


def _other(side: str) -> str:
    """The other side of a D-channel, where the capture names the sides only."""
    return {"network": "user", "user": "network"}.get(side, "")
