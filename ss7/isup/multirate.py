"""Connections of several circuits, N x 64 kbit/s: which circuits belong together, Q.764 (12/1999) 2.1.14 and 2.9.1.

All lie in one 2048 kbit/s path and the IAM goes on the first. Without a circuit assignment map (Q.763 3.69) they lie
side by side, timeslots 0 and 16 not counted; with one they are where the map says, which is for 3 to 29 circuits only
(where the runs may begin, and that they go before maps, is recalled: pairs at odd places, larger runs at multiples of
384 kbit/s).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tandem.ss7.isup.circuits import Circuit, Group
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.transport import Capability, UserServiceInformation

#: Transmission medium requirement -> circuits, Q.763 3.54; 16 to 42 are 3 to 29 circuits without the gaps below.
_NAMED: Final = {7: 2, 8: 6, 9: 24, 10: 30}
_MEDIA: Final = {count: medium for medium, count in _NAMED.items()}
_FIRST, _LAST, _GAPS = 16, 42, frozenset({19, 37})
_UNRESTRICTED: Final = 2

_CHANNELS: Final = 30
_PATH: Final = 32
#: Map type of a circuit assignment map, Q.763 3.69 a): bit n of its 31 stands for timeslot n of a 2048 kbit/s path.
_MAP_2048: Final = 2
_MAP_OCTETS: Final = 5


def circuits_of_medium(medium: int) -> int:
    """How many circuits a transmission medium requirement asks for, 1 to 30."""
    if _FIRST <= medium <= _LAST and medium not in _GAPS:
        return medium - 13
    return _NAMED.get(medium, 1)


def medium_of_circuits(count: int) -> int:
    """The transmission medium requirement of a digital connection of `count` circuits, 1 to 30."""
    return _UNRESTRICTED if count == 1 else _MEDIA.get(count, count + 13)


def circuits_needed(message: Message) -> int:
    """How many circuits the call of an IAM takes, 1 to 30: by its medium, in ANSI by its user service information."""
    octets = message.firsts.get(ParameterCode.TRANSMISSION_MEDIUM_REQUIREMENT)
    if octets:
        return 1 if octets[0] < 7 else circuits_of_medium(octets[0])
    bearer = message.find(UserServiceInformation)
    digital = bearer is not None and bearer.capability == Capability.UNRESTRICTED_DIGITAL
    return bearer.timeslots if bearer is not None and digital else 1


def run_of(group: Group, cic: int, message: Message) -> list[Circuit] | None:
    """The circuits of an IAM's connection whose first circuit is `cic`; None when one is missing or out of place."""
    count = circuits_needed(message)
    octets = message.raw(ParameterCode.CIRCUIT_ASSIGNMENT_MAP)
    if octets is None:
        return _run_from(group, cic, count)
    timeslots = _mapped(octets)
    if timeslots is None or len(timeslots) != count or timeslots[0] != cic % _PATH:
        return None
    return _present(group, cic, timeslots)


def find_run(group: Group, count: int, usable: Callable[[Circuit], bool]) -> list[Circuit] | None:
    """Usable circuits for a connection of `count`, by CIC: the first run, else any of one path; None without."""
    for cic in group.circuits:
        run = _run_from(group, cic, count)
        if run is not None and all(usable(circuit) for circuit in run):
            return run
    if count in _MEDIA:
        return None  # these have no map
    paths: dict[int, list[Circuit]] = {}
    for cic, circuit in group.circuits.items():
        if _place(cic) is not None and usable(circuit):
            path = paths.setdefault(cic // _PATH, [])
            path.append(circuit)
            if len(path) == count:
                return path
    return None


def assigned(message: Message, run: list[Circuit]) -> Message:
    """An IAM for the circuits of `run`: with its first CIC, and with their map where they are scattered."""
    cic = run[0].cic
    if message.raw(ParameterCode.CIRCUIT_ASSIGNMENT_MAP) is not None:  # of another circuit group
        message = message.without(ParameterCode.CIRCUIT_ASSIGNMENT_MAP)
    message = message.with_cic(cic)
    if len(run) == 1 or _run_from(run[0].group, cic, len(run)) == run:
        return message
    bits = sum(1 << circuit.cic % _PATH - 1 for circuit in run)
    octets = bytes([_MAP_2048]) + bits.to_bytes(_MAP_OCTETS - 1, "little")
    return message.replace(RawParameter(ParameterCode.CIRCUIT_ASSIGNMENT_MAP, octets))


def _mapped(octets: bytes) -> list[int] | None:
    """The timeslots of a circuit assignment map, None when it is of another path than ours."""
    if len(octets) < _MAP_OCTETS or octets[0] & 0x3F != _MAP_2048:
        return None
    bits = int.from_bytes(octets[1:_MAP_OCTETS], "little")
    return [number for number in range(1, _PATH) if bits >> number - 1 & 1] or None


def _run_from(group: Group, cic: int, count: int) -> list[Circuit] | None:
    """The circuits side by side from `cic` on; None when such a run cannot begin there or one is missing."""
    place = _place(cic)
    if place is None or place + count > _CHANNELS or place % _step(count):
        return None
    return _present(group, cic, [_timeslot(index) for index in range(place, place + count)])


def _present(group: Group, cic: int, timeslots: list[int]) -> list[Circuit] | None:
    circuits = group.circuits
    run = [circuits.get(cic - cic % _PATH + timeslot) for timeslot in timeslots]
    return None if None in run else run  # type: ignore[return-value]


def _place(cic: int) -> int | None:
    """Position among the 30 channels of the path, None for timeslots 0 and 16."""
    timeslot = cic % _PATH
    if timeslot in (0, 16):
        return None
    return timeslot - 1 if timeslot < 16 else timeslot - 2


def _timeslot(place: int) -> int:
    return place + 1 if place < 15 else place + 2


def _step(count: int) -> int:
    if count == 2:
        return 2
    return 6 if count in (6, 24, 30) else 1
