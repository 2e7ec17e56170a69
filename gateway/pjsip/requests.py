"""Requests that are answered in the place of PJSIP: where one came from, and a response with fields of our own.

As in `library`, what stands where is the same in every build: here the end of `pjsip_rx_data.pkt_info`, which is the
address of the sender as the system has it, its length, as text, and its port.
"""

from __future__ import annotations

import ctypes
import ipaddress
from collections.abc import Iterable
from typing import Final

from tandem.gateway.sip.endpoint import TransportName

from .library import Text, allocate, endpoint, erase, find_header, function, information, respond_stateless, word

_NAME: Final = 46
"""Octets of the address as text, PJ_INET6_ADDRSTRLEN."""
_SOCKET_ADDRESS: Final = 28
"""Octets of `pj_sockaddr`, that of IPv6 being the longest."""
_FIELDS: Final = 40
"""Offset of the head of its list of fields in `pjsip_msg`, behind the kind of message and its first line."""
_RECORD_ROUTE: Final = 88
"""Offset of `record_route` in `pjsip_rx_data.msg_info`: behind the message, as octets and parsed, and eight fields."""
_LONGEST: Final = 4000
"""Octets of a field that is looked at; a message has no more (PJSIP_MAX_PKT_LEN)."""
_ROUTE: Final = b"Record-Route"
_POINTER = ctypes.c_void_p

_respond_lasting = function(
    "pjsip_endpt_respond",
    *(ctypes.c_int, _POINTER, _POINTER, _POINTER, ctypes.c_int, _POINTER, _POINTER, _POINTER, _POINTER),
)
_field = function("pjsip_generic_string_hdr_create", _POINTER, _POINTER, ctypes.POINTER(Text), ctypes.POINTER(Text))
_parse_field = function(
    "pjsip_parse_hdr", _POINTER, _POINTER, ctypes.POINTER(Text), _POINTER, ctypes.c_size_t, _POINTER
)
_print_field = function("pjsip_hdr_print_on", ctypes.c_int, _POINTER, ctypes.c_char_p, ctypes.c_size_t)
_insert_before = function("pj_list_insert_before", None, _POINTER, _POINTER)
_insert_after = function("pj_list_insert_after", None, _POINTER, _POINTER)
_hold = function("pjsip_transport_add_ref", ctypes.c_int, _POINTER)
_shut_down = function("pjsip_transport_shutdown", ctypes.c_int, _POINTER)
_let_go = function("pjsip_transport_dec_ref", ctypes.c_int, _POINTER)


class _Fields(ctypes.Structure):
    """`pjsip_hdr`, as the head of a list."""

    _fields_ = (
        *(("before", ctypes.c_void_p), ("after", ctypes.c_void_p), ("kind", ctypes.c_int)),
        *(("name", Text), ("short", Text), ("functions", ctypes.c_void_p)),
    )


def origin_of(received: int) -> tuple[str, int]:
    """Address and port that a message came from; raises LookupError where they are not found."""
    end = information(received)
    for back in (4, 8):
        port = ctypes.c_int.from_address(end - back).value
        start = end - back - _NAME - 2 - 4 - _SOCKET_ADDRESS
        raw = ctypes.string_at(start, _SOCKET_ADDRESS)
        if 0 < port == int.from_bytes(raw[2:4]):
            family = int.from_bytes(raw[:2], "little")
            return str(ipaddress.ip_address(raw[4:8] if family == 2 else raw[8:24])), port
    raise LookupError("no address in pjsip_rx_data")


def connection_of(received: int) -> int:
    """The `pjsip_transport` that a message came over: it stands behind one pointer."""
    return word(received + 8)


def transport_of(received: int) -> TransportName:
    """What it is; a transport begins with its name, such as `tlsc0x7f2d`."""
    name = ctypes.string_at(connection_of(received), 3)
    return {b"tls": "tls", b"tcp": "tcp"}.get(name, "udp")  # type: ignore[return-value]


def hold(connection: int) -> None:
    """Have PJSIP keep a connection that nobody uses now: it closes such a one after ten minutes."""
    _hold(connection)


def let_go(connection: int) -> None:
    """Take `hold` back."""
    _let_go(connection)


def close(connection: int) -> None:
    """Have PJSIP close a connection, once nothing uses it."""
    _shut_down(connection)


def answer(kept: int, status: int, headers: Iterable[tuple[str, str]], *, lasting: bool) -> bool:
    """Answer a request that `library.keep` has kept.

    `lasting`: in a transaction, which answers when the request comes again.
    """
    pool, head = word(kept), _Fields()
    head.before = head.after = ctypes.addressof(head)
    for name, value in headers:
        texts = [Text(text, len(text)) for text in (name.encode(), value.encode("utf-8", "surrogateescape"))]
        _insert_before(ctypes.byref(head), _field(pool, *map(ctypes.byref, texts)))
    if lasting:
        return not _respond_lasting(endpoint(), None, kept, status, None, ctypes.byref(head), None, None)
    return not respond_stateless(endpoint(), kept, status, None, ctypes.byref(head), None)


def route_back(received: int, place: bytes) -> None:
    """Have the dialog that a message begins send its requests to `place`, whatever Contact says.

    As if the message had come through a proxy there; PJSIP writes no Route with `hide` into what it sends.
    """
    pool, text = word(received), b"<" + place + b";lr;hide>"
    room = allocate(pool, len(text) + 1)  # what is parsed points into it, as long as there is the message
    ctypes.memmove(room, text, len(text) + 1)
    found = _parse_field(pool, ctypes.byref(Text(_ROUTE, len(_ROUTE))), room, len(text), None)
    if found:
        place_in = information(received)
        _insert_after(word(place_in + 16) + _FIELDS, found)
        ctypes.c_uint64.from_address(place_in + _RECORD_ROUTE).value = found


def without_route_back(message: int) -> None:
    """Take out of a response what `route_back` has put into its request."""
    found = find_header(message, ctypes.byref(Text(_ROUTE, len(_ROUTE))), None)
    if found and b";hide" in text_of(found):
        erase(found)


def text_of(field: int) -> bytes:
    """A header field as it is written."""
    room = ctypes.create_string_buffer(_LONGEST)
    length = _print_field(field, room, _LONGEST)
    return room.raw[: max(0, length)]
