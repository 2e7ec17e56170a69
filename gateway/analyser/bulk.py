"""M3UA with ISUP in SCTP, found in bulk: the plain packets of a busy capture, taken apart all at once.

Plain is a packet with one whole DATA chunk (a SACK may go before it) that holds an M3UA DATA message of ISUP, or one
without any DATA. All else is left to the readers that go octet by octet. Sources: RFC 9260 3.3, RFC 4666 3.3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tandem.ss7.mtp3.label import Service

from .layers_ss7 import PPID_M3UA
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


def circuits(found: Transports) -> tuple[Circuits, npt.NDArray[np.bool_]]:
    """Plain ISUP messages, and which transports are dealt with: these, and SCTP without DATA."""
    octets = found.octets
    done = np.zeros(len(found.index), np.bool_)
    at = np.flatnonzero((found.protocol == SCTP) & ~found.six)
    start, end = found.start[at], found.end[at]
    chunk, size, kind = _chunk(octets, start + _COMMON)
    # Control chunks that stand alone carry no message.
    alone = (chunk + size >= end) & (kind >= _SACK) & (kind <= _HEARTBEAT_ACK) & (size >= 4)
    done[at[alone]] = True
    acknowledged = (kind == _SACK) & (size >= 16) & (chunk + size + _DATA_HEADER <= end)
    chunk = np.where(acknowledged, chunk + size, chunk)
    plain = ~alone & (chunk + _DATA_HEADER + 8 + _LEAST <= end)
    at, start, end, chunk = at[plain], start[plain], end[plain], chunk[plain]
    length = pair(octets, chunk + 2)
    message = chunk + _DATA_HEADER
    plain = (octets[chunk] == _DATA) & (octets[chunk + 1] & _WHOLE == _WHOLE)
    plain &= (chunk + length <= end) & (chunk + (length + 3 & ~3) >= end)
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
    plain &= (pair(octets, position) == _PROTOCOL_DATA) & (stop - position >= _LEAST) & (stop <= chunk + length)
    plain &= octets[position + 12] == Service.ISUP
    at, start, chunk, message = at[plain], start[plain], chunk[plain], message[plain]
    position, stop, length = position[plain], stop[plain], length[plain]
    done[at] = True
    return (
        Circuits(
            at=at,
            chunk=message,
            end=chunk + length,
            message=position + 16,
            stop=stop,
            opc=_word(octets, position + 4),
            dpc=_word(octets, position + 8),
            network=octets[position + 13].astype(np.int64) & 3,
            kind=octets[position + 18].astype(np.int64),
            stream=pair(octets, chunk + 8),
            sequence=pair(octets, chunk + 10),
            tsn=_word(octets, chunk + 4),
            tag=_word(octets, start + 4),
        ),
        done,
    )


def _chunk(octets: npt.NDArray[np.uint8], at: Ints) -> tuple[Ints, Ints, Ints]:
    """Place, padded length and type of a chunk."""
    return at, pair(octets, at + 2) + 3 & ~3, octets[at].astype(np.int64)


def _word(octets: npt.NDArray[np.uint8], at: Ints) -> Ints:
    """The 32-bit number at each place."""
    return pair(octets, at) << 16 | pair(octets, at + 2)
