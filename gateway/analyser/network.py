"""Link layers and IP in bulk: where the transport begins in every packet of a batch.

What is plain (no fragment, no extension header) is found for all packets at once; the few others are handed out one
by one. Sources: RFC 791, RFC 8200, IEEE 802.1Q, the LINKTYPE list of tcpdump.org.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from . import speed
from .packets import Batch

NULL, ETHERNET, PPP, RAW, LOOP, COOKED, IPV4, IPV6, COOKED2 = 0, 1, 9, 101, 108, 113, 228, 229, 276
OLD_RAW: Final = frozenset({12, 14})
"""LINKTYPE values that some systems wrote for raw IP (DLT_RAW)."""
CARRIERS_OF_IP: Final = frozenset({NULL, ETHERNET, PPP, RAW, LOOP, COOKED, IPV4, IPV6, COOKED2}) | OLD_RAW
TCP, UDP, SCTP = 6, 17, 132
_FRAGMENT, _HOP, _ROUTING, _DESTINATION = 44, 0, 43, 60
_TYPE_4, _TYPE_6 = 0x0800, 0x86DD
_VLAN: Final = (0x8100, 0x88A8, 0x9100)
_PAD: Final = 64

Ints = npt.NDArray[np.int64]


@dataclass
class Transports:
    """The n packets of a batch that carry TCP, UDP or SCTP and are whole."""

    buffer: bytes
    """That of the batch."""
    index: Ints
    """(n,) place in the batch."""
    protocol: Ints
    """(n,) 6, 17 or 132."""
    start: Ints
    """(n,) first octet of the transport header in the buffer."""
    end: Ints
    """(n,) end of the IP payload in the buffer, what a snap length cut off left out."""
    address: Ints
    """(n,) first octet of the source address in the buffer; the destination follows."""
    six: npt.NDArray[np.bool_]
    """(n,) whether the addresses are of IPv6."""
    source: Ints
    """(n,) source port, `destination` likewise."""
    destination: Ints
    first: npt.NDArray[np.uint8]
    """(n,) the octet behind a header of 8, as UDP has it."""

    @cached_property
    def view(self) -> npt.NDArray[np.uint8]:
        """The buffer alone, without a copy."""
        return np.frombuffer(self.buffer, np.uint8)

    @cached_property
    def octets(self) -> npt.NDArray[np.uint8]:
        """The buffer and some zeros."""
        return np.frombuffer(self.buffer + bytes(_PAD), np.uint8)


@dataclass(slots=True)
class Fragment:
    """A part of an IP packet; offset in octets."""

    index: int
    source: str
    destination: str
    identification: int
    protocol: int
    offset: int
    more: bool
    payload: bytes


def transports(batch: Batch) -> tuple[Transports, list[Fragment]]:
    """What of `batch`, of a link type of `CARRIERS_OF_IP`, carries a transport; fragments apart."""
    if speed.speedups is None or batch.link_type != ETHERNET:
        return _in_numpy(batch)
    count = len(batch)
    columns = [np.empty(count, np.int64) for _ in range(8)]
    first = np.empty(count, np.uint8)
    index, protocol, start, end, address, source, destination, other = columns
    plain, left = speed.speedups.transports(
        batch.buffer, batch.start, batch.length, index, protocol, start, end, address, source, destination, first, other
    )
    found = Transports(
        batch.buffer, index[:plain], protocol[:plain], start[:plain], end[:plain], address[:plain],
        np.zeros(plain, np.bool_), source[:plain], destination[:plain], first[:plain],
    )  # fmt: skip
    return _with(found, batch, other[:left]) if left else (found, [])


def _with(found: Transports, batch: Batch, other: Ints) -> tuple[Transports, list[Fragment]]:
    """The same with packets at the places `other`, which have to be looked at more closely."""
    more, fragments = _in_numpy(
        replace(
            batch,
            start=batch.start[other],
            length=batch.length[other],
            original=batch.original[other],
            time=batch.time[other],
            number=None,
            inbound=None,
        )
    )
    more.index = other[more.index]
    for fragment in fragments:
        fragment.index = int(other[fragment.index])
    order = np.argsort(np.concatenate((found.index, more.index)), kind="stable")
    names = [field.name for field in fields(Transports) if field.name != "buffer"]
    columns: list[Any] = [np.concatenate((getattr(found, name), getattr(more, name)))[order] for name in names]
    return Transports(batch.buffer, *columns), fragments


def _in_numpy(batch: Batch) -> tuple[Transports, list[Fragment]]:
    """The same, of packets of any kind."""
    octets = np.frombuffer(batch.buffer + bytes(_PAD), np.uint8)
    start, kind = _network(batch, octets)
    end = batch.start + batch.length
    first = octets[np.minimum(start, len(octets) - 1)]
    four = (kind == _TYPE_4) & (first >> 4 == 4) & (start + 20 <= end)
    six = (kind == _TYPE_6) & (first >> 4 == 6) & (start + 40 <= end)
    fragments: list[Fragment] = []
    parts = [_version_4(octets, start, end, np.flatnonzero(four), batch, fragments)]
    if six.any():
        parts.append(_version_6(octets, start, end, np.flatnonzero(six), fragments))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[0], kind="stable") if len(parts) > 1 else slice(None)
    index, protocol, begin, stop, address, is_six = (column[order] for column in columns)
    wanted = ((protocol == UDP) & (begin + 8 <= stop)) | ((protocol == TCP) & (begin + 20 <= stop))
    wanted |= (protocol == SCTP) & (begin + 12 <= stop)
    begin = begin[wanted]
    found = Transports(
        batch.buffer, index[wanted], protocol[wanted], begin, stop[wanted], address[wanted],
        is_six[wanted].astype(np.bool_), pair(octets, begin), pair(octets, begin + 2), octets[begin + 8],
    )  # fmt: skip
    found.__dict__["octets"] = octets
    return found, fragments


def text_address(octets: bytes) -> str:
    """An address of 4 or 16 octets as people write it."""
    if len(octets) == 4:
        return ".".join(map(str, octets))
    return str(ipaddress.IPv6Address(octets))


def endpoint(address: str, port: int) -> str:
    """`ADDRESS:PORT`, with brackets around an IPv6 address."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def pair(octets: npt.NDArray[np.uint8], at: Ints) -> Ints:
    """The 16-bit number at each place."""
    return octets[at].astype(np.int64) << 8 | octets[at + 1]


def _network(batch: Batch, octets: npt.NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Where the network layer begins, and its Ethernet type (0 where it is not known)."""
    start = batch.start
    limit = len(octets) - _PAD
    kind_of = batch.link_type
    if kind_of == ETHERNET:
        kind = pair(octets, np.minimum(start + 12, limit))
        begin = start + 14
        for _ in range(3):
            tagged = np.isin(kind, _VLAN)
            if not tagged.any():
                break
            kind = np.where(tagged, pair(octets, np.minimum(begin + 2, limit)), kind)
            begin = np.where(tagged, begin + 4, begin)
        return begin, kind
    if kind_of == COOKED:
        return start + 16, pair(octets, np.minimum(start + 14, limit))
    if kind_of == COOKED2:
        return start + 20, pair(octets, np.minimum(start, limit))
    ahead = {NULL: 4, LOOP: 4}.get(kind_of, 0)
    if kind_of == PPP:
        framed = pair(octets, np.minimum(start, limit)) == 0xFF03
        begin = start + np.where(framed, 4, 2)
        protocol = pair(octets, np.minimum(begin - 2, limit))
        return begin, np.where(protocol == 0x0021, _TYPE_4, np.where(protocol == 0x0057, _TYPE_6, 0))
    begin = start + ahead
    version = octets[np.minimum(begin, limit)] >> 4
    return begin, np.where(version == 4, _TYPE_4, np.where(version == 6, _TYPE_6, 0)).astype(np.int64)


_Columns = tuple[Ints, Ints, Ints, Ints, Ints, Ints]


def _version_4(
    octets: npt.NDArray[np.uint8], start: Ints, end: Ints, index: Ints, batch: Batch, fragments: list[Fragment]
) -> _Columns:
    at, stop = start[index], end[index]
    header = (octets[at] & 15).astype(np.int64) * 4
    total = pair(octets, at + 2)
    # A length of 0 is left to the network card by some systems (segmentation offload): then the capture tells.
    stop = np.where(total > 0, np.minimum(stop, at + total), stop)
    cut = pair(octets, at + 6)
    in_parts = (cut & 0x3FFF) != 0
    valid = (header >= 20) & (at + header <= stop)
    for place in np.flatnonzero(in_parts & valid).tolist():
        begin, length = int(at[place]), int(header[place])
        raw = batch.buffer[begin : begin + length]
        fragments.append(
            Fragment(
                int(index[place]),
                text_address(raw[12:16]),
                text_address(raw[16:20]),
                int.from_bytes(raw[4:6], "big"),
                raw[9],
                (int(cut[place]) & 0x1FFF) * 8,
                bool(cut[place] & 0x2000),
                batch.buffer[begin + length : int(stop[place])],
            )
        )
    valid &= ~in_parts
    index, at, stop, header = index[valid], at[valid], stop[valid], header[valid]
    return index, octets[at + 9].astype(np.int64), at + header, stop, at + 12, np.zeros_like(index)


def _version_6(
    octets: npt.NDArray[np.uint8], start: Ints, end: Ints, index: Ints, fragments: list[Fragment]
) -> _Columns:
    at = start[index]
    total = pair(octets, at + 4)
    stop = np.where(total > 0, np.minimum(end[index], at + 40 + total), end[index])
    following = octets[at + 6].astype(np.int64)
    begin = at + 40
    for place in np.flatnonzero(np.isin(following, (_HOP, _ROUTING, _DESTINATION, _FRAGMENT))).tolist():
        position, kind, last = int(begin[place]), int(following[place]), int(stop[place])
        while kind in (_HOP, _ROUTING, _DESTINATION) and position + 8 <= last:
            kind, position = int(octets[position]), position + 8 + 8 * int(octets[position + 1])
        if kind == _FRAGMENT and position + 8 <= last:
            head = octets[position : position + 8].tobytes()
            cut = int.from_bytes(head[2:4], "big")
            address = octets[int(at[place]) + 8 : int(at[place]) + 40].tobytes()
            payload = octets[position + 8 : last].tobytes()
            fragments.append(
                Fragment(
                    int(index[place]),
                    text_address(address[:16]),
                    text_address(address[16:]),
                    int.from_bytes(head[4:8], "big"),
                    head[0],
                    cut & 0xFFF8,
                    bool(cut & 1),
                    payload,
                )
            )
            kind = -1
        following[place], begin[place] = kind, min(position, last)
    return index, following, begin, stop, at + 8, np.ones_like(index)
