"""One number for a Call-ID between two addresses, the same for either direction: of columns, and of one message."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from .network import Ints

LONGEST: Final = 128
"""Octets of a text that are looked at: of longer ones, several can have one key."""
_ONE, _TWO = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_HALF: Final = np.uint64(32)
Keys = npt.NDArray[np.uint64]


def keys_of(octets: npt.NDArray[np.uint8], begin: Ints, end: Ints, address: Ints, six: npt.NDArray[np.bool_]) -> Keys:
    """(n,) keys of the Call-IDs that stand in `octets`, which has 16 octets to spare, from `begin` up to `end`.

    `address`: where the source address is, the destination follows; `six` tells those of IPv6.
    """
    return texts(octets, begin, end) + _hosts(octets, address, six)


def key_of(call_id: str, source: str, destination: str) -> int:
    """The key of one message; its ends as text, without their ports."""
    return text_key(call_id) + _host(source) + _host(destination) & 0xFFFFFFFFFFFFFFFF


@lru_cache(maxsize=4096)
def text_key(text: str) -> int:
    """`texts` of one."""
    octets = text.encode(errors="surrogateescape")
    padded = np.frombuffer(octets + bytes(16), np.uint8)
    return int(texts(padded, np.zeros(1, np.int64), np.array([len(octets)]))[0])


def texts(octets: npt.NDArray[np.uint8], begin: Ints, end: Ints) -> Keys:
    """(n,) hashes of the octets from `begin` up to `end`, as far as `LONGEST` reaches, and of how many there are."""
    words: Keys = np.ndarray((len(octets) - 7,), "<u8", buffer=octets, strides=(1,))
    size = end - begin
    found = size.astype(np.uint64) * _ONE
    for place in range(0, LONGEST, 8):
        left = np.flatnonzero(size > place) if place else np.arange(len(size))
        if not len(left):
            break
        word = words[begin[left] + place]
        short = np.minimum(size[left] - place, 8).astype(np.uint64)
        # Octets beyond the end are shifted out.
        word = word << (np.uint64(64) - short * np.uint64(8)) if (short < 8).any() else word
        mixed = (found[left] ^ word) * _TWO
        found[left] = mixed ^ mixed >> _HALF
    return found * _ONE


def _hosts(octets: npt.NDArray[np.uint8], address: Ints, six: npt.NDArray[np.bool_]) -> Keys:
    """The sum of both: which is the source does not matter."""
    if six.any():
        found = np.zeros(len(address), np.uint64)
        for wanted, size in ((~six, 4), (six, 16)):
            at = address[wanted]
            found[wanted] = _mixed(octets, at, size) + _mixed(octets, at + size, size)
        return found
    return _mixed(octets, address, 4) + _mixed(octets, address + 4, 4)


def _mixed(octets: npt.NDArray[np.uint8], at: Ints, size: int) -> Keys:
    found = np.full(len(at), size, np.uint64)
    words = np.ndarray((len(octets) - 3,), "<u4", buffer=octets, strides=(1,))
    for place in range(0, size, 4):
        mixed = (found ^ words[at + place].astype(np.uint64)) * _TWO
        found = mixed ^ mixed >> _HALF
    return found * _ONE


@lru_cache(maxsize=4096)
def _host(name: str) -> int:
    try:
        packed = ipaddress.ip_address(name.strip("[]")).packed
    except ValueError:
        return 0
    octets = np.frombuffer(packed + bytes(4), np.uint8)
    return int(_mixed(octets, np.zeros(1, np.int64), len(packed))[0])
