"""Messages of PJSIP that differ from what goes over the wire.

What came is changed before PJSIP acts on it, what goes after PJSIP has put it together. PJSIP's structures are known
here as in `library`, and as little of them.
"""

from __future__ import annotations

import ctypes
from typing import Final

from .library import BODY, FIELD, Text, allocate, find_header, information, make_body, put_together, word
from .overlap import Names

_ROOM: Final = 1024
"""Octets more than a message needs, when it gets another place."""
_TAG: Final = 8
"""Octets before the tag in the value of From and To: a pointer to the URI."""
_TYPE: Final = b"application"
_SUBTYPE: Final = b"sdp"


def put_session(received: int, octets: bytes) -> None:
    """Have PJSIP see a description as the body of a message that came, in the place of what is there.

    `octets` must outlive the message. PJSIP reads the kind of body from Content-Type.
    """
    message = word(information(received) + 16)
    kind = find_header(message, ctypes.byref(Text(b"Content-Type", 12)), None)
    if not kind:
        return
    texts = [Text(text, len(text)) for text in (_TYPE, _SUBTYPE, octets)]
    for place, text in zip((kind + FIELD, kind + FIELD + 16), texts, strict=False):
        ctypes.memmove(place, ctypes.byref(text), ctypes.sizeof(Text))
    pool = word(received)
    ctypes.c_uint64.from_address(message + BODY).value = make_body(pool, *map(ctypes.byref, texts)) or 0


def put_names(received: int, names: Names) -> None:
    """Have PJSIP see other names of a dialog in a message that came."""
    message, pool = word(information(received) + 16), word(received)
    response = ctypes.c_int.from_address(message).value
    ours = b"From" if response else b"To"
    for name, offset, text in ((b"Call-ID", 0, names.call_id), (ours, _TAG, names.tag)):
        field = find_header(message, ctypes.byref(Text(name, len(name))), None)
        place = allocate(pool, len(text))
        ctypes.memmove(place, text, len(text))
        ctypes.c_uint64.from_address(field + FIELD + offset).value = place
        ctypes.c_ssize_t.from_address(field + FIELD + offset + 8).value = len(text)
    if names.sequence is not None:
        field = find_header(message, ctypes.byref(Text(b"CSeq", 4)), None)
        ctypes.c_int32.from_address(field + FIELD).value = names.sequence


def write(sent: int, octets: bytes) -> None:
    """Have something else go out than what PJSIP has put together."""
    place, pool = put_together(sent)
    if not place:
        return
    start, limit = word(place), word(place + 16)
    if len(octets) > limit - start:
        start = allocate(pool, len(octets) + _ROOM)
        ctypes.c_uint64.from_address(place).value = start
        ctypes.c_uint64.from_address(place + 16).value = start + len(octets) + _ROOM
    ctypes.memmove(start, octets, len(octets))
    ctypes.c_uint64.from_address(place + 8).value = start + len(octets)
