"""Joins records that are one call on neighbouring hops."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from .model import CallRecord, Leg

WINDOW: Final = 4.0
"""Seconds within which a gateway passes a call on."""
_COMPARED: Final = 7
"""Last digits compared: prefixes are taken off and put on at every hop."""
_FEWEST: Final = 3


def join(records: list[CallRecord]) -> None:
    """Fill in `legs` of every record that has others.

    Certain (1.0): the same Call-ID. Likely (0.9): the ends of both numbers agree; (0.6): only the called number.
    A hop leads on from where another arrived: the same two ends on the same circuit are never two hops of a call.
    """
    by_call_id: dict[str, list[CallRecord]] = defaultdict(list)
    by_number: dict[str, list[CallRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.start):
        if record.protocol == "sip":
            for other in by_call_id[record.call_id]:
                _link(other, record, 1.0, "call-id")
            by_call_id[record.call_id].append(record)
        end = _end(record.called)
        if not end:
            continue
        earlier = by_number[end]
        while earlier and record.start - earlier[0].start > WINDOW:
            earlier.pop(0)
        for other in earlier:
            if _is_neighbour(other, record):
                known = _end(other.calling) and _end(other.calling) == _end(record.calling)
                _link(other, record, 0.9 if known else 0.6, "numbers and time" if known else "called number and time")
        earlier.append(record)


def _is_neighbour(one: CallRecord, other: CallRecord) -> bool:
    if one.protocol == "sip" == other.protocol and one.call_id == other.call_id:
        return False  # joined by it already
    if one.protocol != other.protocol:
        return True
    if one.opc is not None:
        return one.dpc == other.opc and one.opc != other.dpc
    return (one.source, one.destination) != (other.source, other.destination)


def _link(one: CallRecord, other: CallRecord, sure: float, why: str) -> None:
    one.legs.append(Leg(other.id, sure, why))
    other.legs.append(Leg(one.id, sure, why))


def _end(number: str) -> str:
    digits = "".join(sign for sign in number if sign.isdigit())
    return digits[-_COMPARED:] if len(digits) >= _FEWEST else ""
