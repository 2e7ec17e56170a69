"""What the table of calls needs of an ISUP message, straight from its octets; details are decoded when asked for.

Only formats of Q.763 (12/1999) as ITU-T has them, whole and in order: anything else gives None, and the caller takes
the full decoder. A call costs three such look-ups, a full decode of each would be ten times as dear.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt

from . import speed
from .texts import Texts

CALLING_PARTY_NUMBER: Final = 0x0A
_ISUP_BODY: Final = re.compile(rb"\n(?:Content-Type|c)[ \t]*:[ \t]*application/isup", re.IGNORECASE)
_IAM: Final = b"\x01"
_SWAPPED: Final = bytes((octet & 0xF) << 4 | octet >> 4 for octet in range(256))
"""Address signals go low half first."""
_ODD: Final = 0x80
_ST: Final = "F"
_SUBSCRIBER_FREE: Final = 1
_ALERTING: Final = 1

_NATURES: Final = {1: "subscriber", 2: "unknown", 3: "national", 4: "international"}
NATURES: Final = [_NATURES.get(nature, str(nature)) for nature in range(128)]
"""Nature of address in words, by its code (Q.763 3.9)."""
Numbers = tuple[str, int, str, int]
"""Called digits and nature, calling digits and nature; the nature is -1 where there is no number."""


def initial_address(octets: bytes) -> Numbers | None:
    """The numbers of an IAM, from the CIC on (Q.763 table 32): fixed part of 5 octets, called number, options."""
    size = len(octets)
    if size < 12:
        return None
    begin = 8 + octets[8]
    end = begin + 1 + octets[begin] if octets[8] >= 2 and begin < size else size + 1
    if end > size or end - begin < 4:
        return None
    nature = octets[begin + 1]
    called = octets[begin + 3 : end].translate(_SWAPPED).hex().upper()
    if nature & _ODD:
        called = called[:-1]
    if called.endswith(_ST):
        called = called[:-1]
    if not octets[9]:
        return called, nature & 0x7F, "", -1
    position = 9 + octets[9]
    while position < size:
        code = octets[position]
        if code == 0:
            return called, nature & 0x7F, "", -1
        if position + 1 >= size:
            return None
        after = position + 2 + octets[position + 1]
        if after > size:
            return None
        if code == CALLING_PARTY_NUMBER:
            if after - position < 4:
                return None
            kind = octets[position + 2]
            calling = octets[position + 4 : after].translate(_SWAPPED).hex().upper()
            return called, nature & 0x7F, calling[:-1] if kind & _ODD and calling else calling, kind & 0x7F
        position = after
    return None


def initial_addresses(messages: Texts) -> tuple[Texts, npt.NDArray[np.int16]]:
    """Of n IAMs calling and called number, a line each, and (n, 2) the natures of these.

    The nature of the calling number is -1 where there is none, that of the called one -2 where there is no IAM.
    """
    count = len(messages)
    natures = np.full((count, 2), -1, np.int16)
    if speed.speedups is None:
        found = []
        for row, octets in enumerate(messages.tolist()):
            called, nature, calling, calling_nature = initial_address(octets) or ("", -2, "", -1)
            natures[row] = calling_nature, nature
            found.append(f"{calling}\n{called}".encode() if nature >= 0 else b"")
        return Texts.made_of(found), natures
    small = messages.compact()
    buffer = small.buffers[0]
    names, named = np.empty(2 * len(buffer) + count, np.uint8), np.empty((count, 2), np.int64)
    called_natures, calling_natures = np.empty(count, np.int16), np.empty(count, np.int16)
    used = speed.speedups.addresses(buffer, small.begin, small.end, names, named, called_natures, calling_natures)
    natures[:, 0], natures[:, 1] = calling_natures, called_natures
    return Texts.within(names[:used].tobytes(), named[:, 0].copy(), named[:, 1].copy()), natures


def release(octets: bytes) -> tuple[int, int] | None:
    """Cause value and location of a REL (Q.763 table 33 and 3.12)."""
    size = len(octets)
    if size < 8 or octets[3] < 2:
        return None
    begin = 3 + octets[3]
    if begin + 3 > size or begin + 1 + octets[begin] > size or octets[begin] < 2 or octets[begin + 1] < 0x80:
        return None
    return octets[begin + 2] & 0x7F, octets[begin + 1] & 0xF


def is_alerting(kind: str, octets: bytes) -> bool:
    """Whether an ACM says that the subscriber is free, or a CPG that he is alerted (Q.763 3.5, 3.21)."""
    if kind == "ACM":
        return len(octets) > 4 and octets[3] >> 2 & 3 == _SUBSCRIBER_FREE
    return len(octets) > 3 and octets[3] & 0x7F == _ALERTING


def carried_numbers(octets: bytes) -> str:
    """The numbers of the IAM in a SIP message, as `CallRecord.carried` has them; empty where there is none.

    The body is the message without its CIC (RFC 3204 3.1), alone or as a part of several.
    """
    if b"/isup" not in octets and b"/ISUP" not in octets:
        return ""
    place = _ISUP_BODY.search(octets)
    begin = -1 if place is None else octets.find(b"\r\n\r\n", place.end()) + 4
    if begin < 4 or octets[begin : begin + 1] != _IAM:
        return ""
    numbers = initial_address(b"\0\0" + octets[begin:])
    if numbers is None:
        return ""
    called, nature, calling, calling_nature = numbers
    return f"{called}/{NATURES[nature]} {calling}/{'' if calling_nature < 0 else NATURES[calling_nature]}"
