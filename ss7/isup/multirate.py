"""Connections of several circuits, N x 64 kbit/s: which circuits belong together, Q.764 (12/1999) 2.1.14 and 2.9.1.

The circuits lie side by side in one 2048 kbit/s path, the IAM goes on the first; timeslots 0 and 16 do not count
(where the runs may begin is recalled: pairs at odd places, larger runs at multiples of 384 kbit/s).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tandem.ss7.isup.circuits import Circuit, Group
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.messages import Message

#: Transmission medium requirement -> circuits, Q.763 3.54; 16 to 42 are 3 to 29 circuits without the gaps below.
_NAMED: Final = {7: 2, 8: 6, 9: 24, 10: 30}
_FIRST, _LAST, _GAPS = 16, 42, frozenset({19, 37})

_CHANNELS: Final = 30


def circuits_needed(message: Message) -> int:
    """How many circuits the call of an IAM takes, 1 to 30."""
    octets = message.raw(ParameterCode.TRANSMISSION_MEDIUM_REQUIREMENT)
    if not octets or octets[0] < 7:
        return 1
    medium = octets[0]
    if _FIRST <= medium <= _LAST and medium not in _GAPS:
        return medium - 13
    return _NAMED.get(medium, 1)


def run_from(group: Group, cic: int, count: int) -> list[Circuit] | None:
    """The circuits of a connection whose first circuit is `cic`; None when it cannot begin there or one is missing."""
    place = _place(cic)
    if place is None or place + count > _CHANNELS or place % _step(count):
        return None
    circuits = group.circuits
    run = [circuits.get(cic - cic % 32 + _timeslot(index)) for index in range(place, place + count)]
    return None if None in run else run  # type: ignore[return-value]


def find_run(group: Group, count: int, usable: Callable[[Circuit], bool]) -> list[Circuit] | None:
    """The first run of `count` usable circuits, by CIC; None when there is none."""
    for cic in group.circuits:
        run = run_from(group, cic, count)
        if run is not None and all(usable(circuit) for circuit in run):
            return run
    return None


def _place(cic: int) -> int | None:
    """Position among the 30 channels of the path, None for timeslots 0 and 16."""
    timeslot = cic % 32
    if timeslot in (0, 16):
        return None
    return timeslot - 1 if timeslot < 16 else timeslot - 2


def _timeslot(place: int) -> int:
    return place + 1 if place < 15 else place + 2


def _step(count: int) -> int:
    if count == 2:
        return 2
    return 6 if count in (6, 24, 30) else 1
