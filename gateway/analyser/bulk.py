"""M3UA and M2PA with ISUP in SCTP, found in bulk: the plain packets of a busy capture, taken apart all at once.

Plain is a packet all of whose DATA chunks, any number, are whole and hold an M3UA DATA message of ISUP, or, where
asked for, M2PA user data with ISUP; SACK and HEARTBEAT may go with them. All else is left to the readers that go octet
by octet. Sources: RFC 9260 3.3, RFC 4666 3.3.1, RFC 4165 2.2, Q.704 2.2 for the label, which is read as ITU-T has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from tandem.ss7.mtp3.label import Service

from . import speed
from .layers_ss7 import PPID_M2PA, PPID_M3UA
from .network import SCTP, Ints, Transports, pair

_COMMON: Final = 12
_DATA, _SACK, _HEARTBEAT, _HEARTBEAT_ACK = 0, 3, 4, 5
_DATA_HEADER: Final = 16
_WHOLE: Final = 3
_M3UA_DATA: Final = 0x01000101
"""Version, reserved octet, class and type."""
_PROTOCOL_DATA: Final = 0x0210
_BEFORE: Final = (0x0006, 0x0200, 0x0013)
"""Parameters that may go before it: routing context, network appearance, correlation identifier."""
_LEAST: Final = 16 + 3
"""Protocol data with its heading and the least ISUP message."""
_M2PA_USER: Final = 0x01000B01
_MSU: Final = 17
"""Where the MSU begins in M2PA user data: behind both headers and the priority."""
_LABELLED: Final = _MSU + 5
"""And the ISUP message, behind the service information octet and a label of 4 octets."""
_LEAST_CHUNK: Final = _DATA_HEADER + _LABELLED + 3
"""Octets of the least DATA chunk that is plain."""
_MOST_CHUNKS: Final = 64
"""A packet with more of them is left to the other readers."""


@dataclass(slots=True)
class Circuits:
    """The n plain ISUP messages of a batch; offsets are places in its buffer."""

    at: Ints
    """(n,) place among the transports."""
    chunk: Ints
    """(n,) the user data of the chunk, which is the M3UA message; up to `end`."""
    end: Ints
    message: Ints
    """(n,) the ISUP message, from the CIC on; up to `stop`."""
    stop: Ints
    opc: Ints
    dpc: Ints
    network: Ints
    kind: Ints
    """(n,) ISUP message type."""
    stream: Ints
    sequence: Ints
    tsn: Ints
    tag: Ints
    """(n,) verification tag."""
    m2pa: npt.NDArray[np.bool_]
    """(n,) came in M2PA, behind a label, not in M3UA."""

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def none(cls) -> Self:
        """No messages."""
        return cls(*(np.zeros(0, np.bool_ if name == "m2pa" else np.int64) for name in cls.__slots__))

    def some(self, wanted: npt.NDArray[np.bool_]) -> Circuits:
        """Those that are wanted, (n,)."""
        return Circuits(*(getattr(self, name)[wanted] for name in self.__slots__))


def circuits(found: Transports, m2pa: bool = False) -> tuple[Circuits, npt.NDArray[np.bool_]]:
    """Plain ISUP messages in their order, and which transports are dealt with: these, and SCTP without DATA."""
    done = np.zeros(len(found.index), np.bool_)
    at = np.flatnonzero((found.protocol == SCTP) & ~found.six)
    if not len(at):
        return Circuits.none(), done
    if speed.speedups is not None:
        return _compiled(found, at, m2pa, done), done
    octets = found.octets
    done[at] = True
    chunk, end = found.start[at] + _COMMON, found.end[at]
    parts: list[tuple[Ints, Ints, Ints]] = []
    left = at
    for _ in range(_MOST_CHUNKS):
        more = chunk + 4 <= end
        left, chunk, end = left[more], chunk[more], end[more]
        if not len(left):
            break
        kind, length = octets[chunk], pair(octets, chunk + 2)
        data = kind == _DATA
        control = (kind >= _SACK) & (kind <= _HEARTBEAT_ACK)
        good = (data | control) & (length >= np.where(data, _LEAST_CHUNK, 4)) & (chunk + length <= end)
        parts.append((left[good & data], chunk[good & data], length[good & data]))
        done[left[~good]] = False
        left, chunk, end = left[good], (chunk + (length + 3 & ~3))[good], end[good]
    done[left] = False
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [np.zeros(0, np.int64)] * 3
    order = np.argsort(columns[0], kind="stable")
    at, chunk, length = (column[order] for column in columns)
    plain, good = _messages(found, at, chunk, length)
    if m2pa:
        labelled, also = _labelled(found, at, chunk, length)
        names = Circuits.__slots__
        columns = [np.where(also, getattr(labelled, name), getattr(plain, name)) for name in names]
        plain, good = Circuits(*columns), good | also
    done[plain.at[~good]] = False
    return plain.some(done[plain.at]), done


def _compiled(found: Transports, at: Ints, m2pa: bool, done: npt.NDArray[np.bool_]) -> Circuits:
    start, end = found.start[at], found.end[at]
    most = int((end - start).sum()) // _LEAST_CHUNK + 1
    columns, labelled = np.empty((len(Circuits.__slots__) - 1, most), np.int64), np.empty(most, np.uint8)
    count = speed.speedups.circuits(
        found.buffer, at, start, end, m2pa, PPID_M3UA, PPID_M2PA, done.view(np.uint8), columns, labelled
    )
    filled: list[Any] = [*columns[:, :count], labelled[:count].view(np.bool_)]
    return Circuits(*filled)


def _messages(found: Transports, at: Ints, chunk: Ints, length: Ints) -> tuple[Circuits, npt.NDArray[np.bool_]]:
    """What DATA chunks hold, and which hold a plain message; the others are read as well, within the packet."""
    octets, end = found.octets, chunk + length
    message = chunk + _DATA_HEADER
    plain = (octets[chunk + 1] & _WHOLE == _WHOLE) & (length >= _DATA_HEADER + 8 + _LEAST)
    plain &= (_word(octets, chunk + 12) == PPID_M3UA) & (_word(octets, message) == _M3UA_DATA)
    position = message + 8
    for _ in range(len(_BEFORE)):
        tag, size = pair(octets, position), pair(octets, position + 2)
        skipped = np.isin(tag, _BEFORE) & (size >= 4) & (position + (size + 3 & ~3) + _LEAST <= end)
        if not skipped.any():
            break
        position = np.where(skipped, position + (size + 3 & ~3), position)
    position = np.minimum(position, end - _LEAST)
    stop = position + pair(octets, position + 2)
    plain &= (pair(octets, position) == _PROTOCOL_DATA) & (stop - position >= _LEAST) & (stop <= end)
    plain &= octets[position + 12] == Service.ISUP
    return (
        Circuits(
            at=at,
            chunk=message,
            end=end,
            message=position + 16,
            stop=stop,
            opc=_word(octets, position + 4),
            dpc=_word(octets, position + 8),
            network=octets[position + 13].astype(np.int64) & 3,
            kind=octets[position + 18].astype(np.int64),
            stream=pair(octets, chunk + 8),
            sequence=pair(octets, chunk + 10),
            tsn=_word(octets, chunk + 4),
            tag=_word(octets, found.start[at] + 4),
            m2pa=np.zeros(len(at), np.bool_),
        ),
        plain,
    )


def _labelled(found: Transports, at: Ints, chunk: Ints, length: Ints) -> tuple[Circuits, npt.NDArray[np.bool_]]:
    """What DATA chunks hold as M2PA user data, and which hold it."""
    octets, message = found.octets, chunk + _DATA_HEADER
    sio = octets[message + _MSU].astype(np.int64)
    plain = octets[chunk + 1] & _WHOLE == _WHOLE
    plain &= (_word(octets, chunk + 12) == PPID_M2PA) & (_word(octets, message) == _M2PA_USER)
    plain &= sio & 0xF == Service.ISUP
    label: Ints = np.zeros(len(at), np.int64)
    for place in range(4):
        label |= octets[message + _MSU + 1 + place].astype(np.int64) << 8 * place
    return (
        Circuits(
            at=at,
            chunk=message,
            end=chunk + length,
            message=message + _LABELLED,
            stop=chunk + length,
            opc=label >> 14 & 0x3FFF,
            dpc=label & 0x3FFF,
            network=sio >> 6,
            kind=octets[message + _LABELLED + 2].astype(np.int64),
            stream=pair(octets, chunk + 8),
            sequence=pair(octets, chunk + 10),
            tsn=_word(octets, chunk + 4),
            tag=_word(octets, found.start[at] + 4),
            m2pa=plain,
        ),
        plain,
    )


def _word(octets: npt.NDArray[np.uint8], at: Ints) -> Ints:
    """The 32-bit number at each place."""
    return pair(octets, at) << 16 | pair(octets, at + 2)
