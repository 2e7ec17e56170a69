"""ISUP on signalling links captured as such, found in bulk: MTP2, with a pseudo header or in ERF, and MTP3.

Plain is a message signal unit of ISUP with the label of ITU-T and at least its message type. All else is left to the
readers that go unit by unit. Sources: Q.703 2.2, Q.704 2.2, the LINKTYPE list of tcpdump.org.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tandem.ss7.mtp3.label import Service

from . import speed
from .network import Ints
from .packets import Batch

MTP2_WITH_PSEUDO, MTP2, MTP3, ERF = 139, 140, 141, 197
CARRIERS_OF_MTP: Final = frozenset({MTP2_WITH_PSEUDO, MTP2, MTP3, ERF})
_PSEUDO: Final = 4
_RECORD: Final = 16
"""Octets of the header of an ERF record; of a channel of several 4 more follow, with its number in the last 10 bits."""
_KIND: Final = 8
"""Where its type is."""
CHANNELS: Final = (5, 12)
"""Types of records of one channel of several; 1 is that of a line of one."""
_FCS: Final = 2
_HEADER: Final = 3
"""BSN, FSN and length indicator."""
_LONG: Final = 63
"""A length indicator of so much says that there are as many octets or more."""
_LABELLED: Final = 5
"""Service information octet and label."""
_LEAST: Final = _LABELLED + 3
_PAD: Final = 32

Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Units:
    """The n signal units of a batch; offsets are places in its buffer."""

    octets: npt.NDArray[np.uint8]
    """The buffer, and some zeros perhaps."""
    plain: Flags
    """(n,) holds a plain message of ISUP; what follows says nothing of others."""
    fill_in: Flags
    """(n,) is a fill-in signal unit."""
    status: Flags
    """(n,) is a link status signal unit, or none that there is."""
    message: Ints
    """(n,) the ISUP message, from the CIC on; up to `stop`."""
    stop: Ints
    opc: Ints
    dpc: Ints
    kind: Ints
    """(n,) ISUP message type."""
    link: Ints
    """(n,) link and direction as one number."""
    relation: Ints
    """(n,) point codes, network, and `link`, as one number."""

    def some(self, which: Ints) -> Units:
        """Those at these places, which are in order."""
        if len(which) == len(self.plain):
            return self
        return Units(self.octets, *(getattr(self, name)[which] for name in self.__slots__[1:]))


def units(batch: Batch, kind: int, fcs: bool) -> Units:
    """The signal units of a batch of link type `kind`, MTP2 with its FCS where `fcs` says so."""
    return (_in_numpy if speed.speedups is None else _compiled)(batch, kind, fcs)


def _compiled(batch: Batch, kind: int, fcs: bool) -> Units:
    count = len(batch)
    flags = np.empty((3, count), np.bool_)
    columns = np.empty((7, count), np.int64)
    inbound = np.zeros(count, np.int8) if batch.inbound is None else batch.inbound
    speed.speedups.units(
        batch.buffer, batch.start, batch.length, inbound, kind != MTP3, kind == MTP2_WITH_PSEUDO, kind == ERF, fcs,
        flags.view(np.uint8), columns,
    )  # fmt: skip
    return Units(np.frombuffer(batch.buffer, np.uint8), *flags, *columns)


def _in_numpy(batch: Batch, kind: int, fcs: bool) -> Units:
    octets = np.frombuffer(batch.buffer + bytes(_PAD), np.uint8)
    start, end = batch.start, batch.start + batch.length
    link: Ints = np.zeros(len(start), np.int64)
    if batch.inbound is not None:
        link |= batch.inbound.astype(np.int64)
    nothing = np.zeros(len(start), np.bool_)
    fill_in = status = nothing
    begin = start
    if kind != MTP3:
        end = end - _FCS * fcs
        if kind == MTP2_WITH_PSEUDO:
            link = _pseudo(octets, start)
            begin = start + _PSEUDO
        if kind == ERF:
            begin, link = _record(octets, start, link)
        length = (octets[begin + 2] & 0x3F).astype(np.int64)
        whole = end - begin >= _HEADER
        if kind == ERF:
            odd = (batch.length >= _RECORD + 2) & (octets[start + _KIND] >= 0x80)
            # By its look: with or without an FCS. All else may be LAPD.
            whole &= ~odd & (batch.length >= _RECORD + 2) & _fits(length, end - begin)
        fill_in = whole & (length == 0)
        status = whole & (length > 0) & (length <= 2)
        if kind == ERF:
            status |= odd  # what is behind more headers may be one
        begin = begin + _HEADER
        end = np.where(length == _LONG, end, np.minimum(end, begin + length))
        begin = np.where(whole & (length > 2), begin, end)
    long = end - begin >= _LEAST
    service = octets[begin]
    plain = long & (service & 0xF == Service.ISUP)
    # Of what is shorter these read what follows, which nobody looks at.
    at = np.where(plain, begin, 0)
    label: Ints = np.zeros(len(start), np.int64)
    for place in range(4):
        label |= octets[at + 1 + place].astype(np.int64) << 8 * place
    codes = label & 0xFFFFFFF
    return Units(
        octets=octets,
        plain=plain,
        fill_in=fill_in,
        status=status,
        message=at + _LABELLED,
        stop=end,
        opc=codes >> 14,
        dpc=codes & 0x3FFF,
        kind=octets[at + _LABELLED + 2].astype(np.int64),
        link=link,
        relation=codes | (service.astype(np.int64) >> 6) << 28 | link << 30,
    )


def _record(octets: npt.NDArray[np.uint8], start: Ints, inbound: Ints) -> tuple[Ints, Ints]:
    """Where units of ERF records begin, which have no header but theirs, and link and direction of each."""
    kind = octets[start + _KIND]
    several = (kind == CHANNELS[0]) | (kind == CHANNELS[1])
    number = (octets[start + _RECORD + 2].astype(np.int64) & 3) << 8 | octets[start + _RECORD + 3]
    return start + _RECORD + 4 * several, np.where(several, number + 1, 0) << 2 | inbound


def _fits(length: Ints, size: Ints) -> Flags:
    """Whether a length indicator is that of a unit of so many octets, with or without an FCS."""
    fits: Flags = (length == np.minimum(size - _HEADER, _LONG)) | (length == np.minimum(size - _HEADER - _FCS, _LONG))
    return fits


def _pseudo(octets: npt.NDArray[np.uint8], start: Ints) -> Ints:
    """Link number and whether the unit was sent, of the pseudo header."""
    sent = (octets[start] == 1).astype(np.int64)
    number: Ints = octets[start + 2].astype(np.int64) << 9 | octets[start + 3].astype(np.int64) << 1 | sent
    return number
