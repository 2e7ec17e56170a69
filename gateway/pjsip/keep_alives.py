"""Pings of peers over TCP and TLS are answered (RFC 5626 4.4.1): PJSIP throws them away.

PJSIP tells of what it throws away, and sends octets that are no message. As in `library`, what is known here of its
structures has been the same for long: `pjsip_tp_dropped_data`, `pjsip_tpselector`, and that a `pjsip_transport` has
near its beginning a number for its kind, behind which stands the address of the peer.
"""

from __future__ import annotations

import ctypes
from typing import Final

from .library import endpoint, function, word

PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"
_IGNORED: Final = 70020
"""`PJ_EIGNORED`: line ends before a message, or without any."""
_PENDING: Final = 70002
"""`PJ_EPENDING`: it is sent later, once the peer has read what came before."""
_SELECT_TRANSPORT: Final = 1
"""`PJSIP_TPSELECTOR_TRANSPORT`."""
_KINDS: Final = {b"tcp": 2, b"tls": 3}
"""`pjsip_transport_type_e`, by how a transport is called."""
_SIX: Final = 128
"""What it is more over IPv6."""
_NAME: Final = 32
"""Octets that a transport begins with, its name (PJ_MAX_OBJ_NAME)."""
_FAR: Final = 256
_LENGTHS: Final = {0: 16, _SIX: 28}
"""Octets of an address."""
_POINTER = ctypes.c_void_p


class _Dropped(ctypes.Structure):
    """`pjsip_tp_dropped_data`."""

    _fields_ = (
        *(("transport", _POINTER), ("start", _POINTER)),
        *(("length", ctypes.c_size_t), ("status", ctypes.c_int)),
    )


class _Selector(ctypes.Structure):
    """`pjsip_tpselector`."""

    _fields_ = (("kind", ctypes.c_int), ("no_reuse", ctypes.c_int), ("transport", _POINTER))


_OnDropped = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Dropped))
_OnSent = ctypes.CFUNCTYPE(None, _POINTER, _POINTER, ctypes.c_ssize_t)
_manager = function("pjsip_endpt_get_tpmgr", _POINTER, _POINTER)
_tell_dropped = function("pjsip_tpmgr_set_drop_data_cb", ctypes.c_int, _POINTER, _OnDropped)
_send = function(
    "pjsip_tpmgr_send_raw",
    *(ctypes.c_int, _POINTER, ctypes.c_int, ctypes.POINTER(_Selector), _POINTER),
    *(ctypes.c_char_p, ctypes.c_size_t, _POINTER, ctypes.c_int, _POINTER, _OnSent),
)


class KeepAlives:
    """Answers pings, one at a time to a peer that does not read."""

    def __init__(self) -> None:
        self._waiting: set[int] = set()
        """Connections with an answer that could not be sent yet."""
        self._on_dropped, self._on_sent = _OnDropped(self._dropped), _OnSent(self._sent)

    def begin(self) -> None:
        """From now on, until the process ends; once the endpoint is initialised."""
        _tell_dropped(_manager(endpoint()), self._on_dropped)

    def connection_gone(self, connection: int) -> None:
        """PJSIP closes a connection."""
        self._waiting.discard(connection)

    def _dropped(self, told: ctypes._Pointer[_Dropped]) -> None:
        dropped = told.contents
        connection = dropped.transport
        if dropped.status != _IGNORED or connection in self._waiting:
            return
        pings = ctypes.string_at(dropped.start, dropped.length).count(PING)
        kind, address = _kind_of(connection) if pings else (0, 0)
        if not kind:
            return
        selector = _Selector(_SELECT_TRANSPORT, 0, connection)
        length, octets = _LENGTHS[kind & _SIX], PONG * pings
        status = _send(
            _manager(endpoint()), kind, ctypes.byref(selector), None, octets, len(octets), address, length,
            connection, self._on_sent,
        )  # fmt: skip
        if status == _PENDING:
            self._waiting.add(connection)

    def _sent(self, token: int, _sent: int, _octets: int) -> None:
        self._waiting.discard(token)


def _kind_of(transport: int) -> tuple[int, int]:
    """Its kind, and where the address of its peer stands; 0 and 0 for one over UDP."""
    kind = _KINDS.get(ctypes.string_at(transport, 3), 0)
    for offset in range(_NAME, _FAR, 8) if kind else ():
        if (found := word(transport + offset)) in (kind, kind | _SIX):
            return found, transport + offset + 8
    return 0, 0
