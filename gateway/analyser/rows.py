"""Plain ISUP messages of a batch as columns: what following calls in bulk needs of each, without an object for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from tandem.ss7.isup.codes import MessageType

from . import speed
from .bulk import Circuits
from .lines import Units
from .model import Message, Protocol, Where
from .texts import Texts

NAMES: Final = [
    MessageType(kind).name if kind in MessageType.__members__.values() else f"0x{kind:02X}" for kind in range(256)
]
"""ISUP message types by their code."""
WIDEST: Final = 1 << 24
"""Point codes from here on are none of any network: messages with them are followed one by one."""
_SUBSCRIBER_FREE: Final = 1
_ALERTING: Final = 1
_ACM, _CPG, _REL, _IAM = MessageType.ACM, MessageType.CPG, MessageType.REL, MessageType.IAM

Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class Rows:
    """n ISUP messages of the ITU-T variant, in the order of the capture."""

    packet: Ints
    """(n,) packet numbers."""
    time: npt.NDArray[np.float64]
    key: npt.NDArray[np.uint64]
    """(n,) circuit: both point codes and the CIC, by `key_of`."""
    opc: Ints
    kind: npt.NDArray[np.uint8]
    place: Ints
    """(n,) place of the two ends in the table of the dissector, `Dissector.ends`."""
    alerting: npt.NDArray[np.bool_]
    """(n,) ACM or CPG that says that the called party is rung (Q.763 3.5, 3.21)."""
    cause: npt.NDArray[np.int16]
    """(n,) cause value of a REL, -1 where there is none that could be read."""
    location: npt.NDArray[np.int8]
    number: Ints
    """(n,) of an IAM that was numbered: the number of its record; 0 before, and for other messages."""
    octets: Texts
    """The n messages, from the CIC on."""

    def __len__(self) -> int:
        return len(self.packet)

    def some(self, which: npt.NDArray[np.int64]) -> Rows:
        """The rows at these places."""
        columns: list[Any] = [getattr(self, name)[which] for name in _COLUMNS]
        columns.append(self.octets.some(which))
        return Rows(*columns)

    @classmethod
    def joined(cls, parts: list[Rows]) -> Rows:
        """All of them, one behind the other."""
        if len(parts) < 2:
            return parts[0] if parts else cls.none()
        columns: list[Any] = [np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS]
        columns.append(Texts.joined([part.octets for part in parts]))
        return Rows(*columns)

    def lean(self) -> Rows:
        """The same, without keeping more of the capture in memory than it needs."""
        self.octets = self.octets.lean()
        return self

    def messages(self, which: npt.NDArray[np.int64], ends: list[Where]) -> list[Message]:
        """The rows at these places as messages, for whoever follows calls one by one."""
        columns = (self.packet, self.time, self.kind, self.place, self.number)
        return [
            Message(packet, time, Protocol.ISUP, NAMES[kind], ends[place], octets, number=number)
            for packet, time, kind, place, number, octets in zip(
                *(column[which].tolist() for column in columns), self.octets.some(which).tolist(), strict=True
            )
        ]

    @classmethod
    def none(cls) -> Self:
        """No rows."""
        kinds = (np.int64, np.float64, np.uint64, np.int64, np.uint8, np.int64, np.bool_, np.int16, np.int8, np.int64)
        columns: list[Any] = [np.zeros(0, kind) for kind in kinds]
        columns.append(Texts.made_of(()))
        return cls(*columns)

    def names(self) -> Counter[str]:
        """How many there are of each type."""
        counts = np.bincount(self.kind, minlength=256)
        return Counter({NAMES[kind]: int(counts[kind]) for kind in np.flatnonzero(counts).tolist()})


_COLUMNS: Final = tuple(field.name for field in fields(Rows) if field.name != "octets")


def key_of(opc: Ints, dpc: Ints, cic: Ints) -> npt.NDArray[np.uint64]:
    """The circuit of messages between two point codes, in either direction."""
    low, high = np.minimum(opc, dpc).astype(np.uint64), np.maximum(opc, dpc).astype(np.uint64)
    key: Any = low << np.uint64(40) ^ high << np.uint64(16) ^ cic.astype(np.uint64)
    return key  # type: ignore[no-any-return]


def rows_of(
    octets: npt.NDArray[np.uint8], plain: Circuits | Units, buffer: bytes, packet: Ints,
    time: npt.NDArray[np.float64], place: Ints,
) -> Rows:  # fmt: skip
    """The messages of `plain` as rows; `octets` are `buffer`, `packet`, `time` and `place` columns of that length."""
    told = (_told if speed.speedups is None else _compiled)(octets, plain)
    return Rows(
        packet=packet,
        time=time,
        opc=plain.opc,
        place=place,
        number=np.zeros(len(packet), np.int64),
        octets=Texts.within(buffer, plain.message, plain.stop),
        **told,
    )


def _compiled(octets: npt.NDArray[np.uint8], plain: Circuits | Units) -> dict[str, Any]:
    count = len(plain.message)
    key, kind, alerting = np.empty(count, np.uint64), np.empty(count, np.uint8), np.empty(count, np.bool_)
    cause, location = np.empty(count, np.int16), np.empty(count, np.int8)
    speed.speedups.circuit_rows(
        octets, plain.message, plain.stop, plain.opc, plain.dpc, key, kind, alerting.view(np.uint8), cause, location
    )
    return {"key": key, "kind": kind, "alerting": alerting, "cause": cause, "location": location}


def _told(octets: npt.NDArray[np.uint8], plain: Circuits | Units) -> dict[str, Any]:
    """What the messages say, some columns of `Rows`."""
    begin, stop, kind = plain.message, plain.stop, plain.kind
    size = stop - begin
    cic = (octets[begin].astype(np.int64) | octets[begin + 1].astype(np.int64) << 8) & 0xFFF
    fourth = octets[np.minimum(begin + 3, len(octets) - 1)].astype(np.int64)
    alerting = (kind == _ACM) & (size > 4) & (fourth >> 2 & 3 == _SUBSCRIBER_FREE)
    alerting |= (kind == _CPG) & (size > 3) & (fourth & 0x7F == _ALERTING)
    cause, location = np.full(len(begin), -1, np.int16), np.zeros(len(begin), np.int8)
    releases = np.flatnonzero((kind == _REL) & (size >= 8) & (fourth >= 2))
    value = begin[releases] + 3 + fourth[releases]
    within = value + 3 <= stop[releases]
    releases, value = releases[within], value[within]
    length = octets[value].astype(np.int64)
    good = (value + 1 + length <= stop[releases]) & (length >= 2) & (octets[value + 1] >= 0x80)
    releases, value = releases[good], value[good]
    cause[releases] = octets[value + 2] & 0x7F
    location[releases] = octets[value + 1] & 0xF
    return {
        "key": key_of(plain.opc, plain.dpc, cic),
        "kind": kind.astype(np.uint8),
        "alerting": alerting,
        "cause": cause,
        "location": location,
    }
