"""libusrsctp, an SCTP in user space, by way of ctypes: only what is used here, with the types of usrsctp.h 0.9.5."""

from __future__ import annotations

import ctypes as c
import socket
from functools import cache
from typing import Any, Final

from tandem.core.errors import ConfigurationError

AF_CONN: Final = 123
IPPROTO_SCTP: Final = 132
SOCK_STREAM: Final = 1
SOL_SOCKET: Final = 1
SO_LINGER: Final = 13
SHUT_WR: Final = 1

EVENT_READ: Final = 1
EVENT_WRITE: Final = 2
EVENT_ERROR: Final = 4
MSG_EOR: Final = int(socket.MSG_EOR)
MSG_NOTIFICATION: Final = 0x2000

RTOINFO: Final = 0x1
ASSOCINFO: Final = 0x2
INITMSG: Final = 0x3
NODELAY: Final = 0x4
PEER_ADDR_PARAMS: Final = 0xA
EVENT: Final = 0x1E
RECVRCVINFO: Final = 0x1F

ASSOC_CHANGE: Final = 0x1
SHUTDOWN_EVENT: Final = 0x5
COMM_UP, COMM_LOST, RESTART, SHUTDOWN_COMP, CANT_STR_ASSOC = 1, 2, 3, 4, 5

SENDV_SNDINFO: Final = 1
RECVV_RCVINFO: Final = 1
HEARTBEAT_ENABLE: Final = 1
HEARTBEAT_DISABLE: Final = 2


class ConnAddress(c.Structure):
    """struct sockaddr_conn: a number of ours in place of an address."""

    _fields_ = (("family", c.c_uint16), ("port", c.c_uint16), ("address", c.c_void_p))


class SendInfo(c.Structure):
    """struct sctp_sndinfo."""

    _fields_ = (
        ("stream", c.c_uint16),
        ("flags", c.c_uint16),
        ("ppid", c.c_uint32),
        ("context", c.c_uint32),
        ("association", c.c_uint32),
    )


class ReceiveInfo(c.Structure):
    """struct sctp_rcvinfo."""

    _fields_ = (
        ("stream", c.c_uint16),
        ("ssn", c.c_uint16),
        ("flags", c.c_uint16),
        ("ppid", c.c_uint32),
        ("tsn", c.c_uint32),
        ("cumulative_tsn", c.c_uint32),
        ("context", c.c_uint32),
        ("association", c.c_uint32),
    )


class AssociationChange(c.Structure):
    """struct sctp_assoc_change."""

    _fields_ = (
        ("type", c.c_uint16),
        ("flags", c.c_uint16),
        ("length", c.c_uint32),
        ("state", c.c_uint16),
        ("error", c.c_uint16),
        ("outbound_streams", c.c_uint16),
        ("inbound_streams", c.c_uint16),
        ("association", c.c_uint32),
    )


class InitMessage(c.Structure):
    """struct sctp_initmsg."""

    _fields_ = (
        ("outbound_streams", c.c_uint16),
        ("max_inbound_streams", c.c_uint16),
        ("max_attempts", c.c_uint16),
        ("max_timeout", c.c_uint16),
    )


class RtoInformation(c.Structure):
    """struct sctp_rtoinfo, milliseconds."""

    _fields_ = (
        ("association", c.c_uint32),
        ("initial", c.c_uint32),
        ("maximum", c.c_uint32),
        ("minimum", c.c_uint32),
    )


class AssociationParameters(c.Structure):
    """struct sctp_assocparams."""

    _fields_ = (
        ("association", c.c_uint32),
        ("peer_window", c.c_uint32),
        ("local_window", c.c_uint32),
        ("cookie_life", c.c_uint32),
        ("max_retransmissions", c.c_uint16),
        ("peer_destinations", c.c_uint16),
    )


class _Storage(c.Structure):
    _fields_ = (("octets", c.c_uint8 * 120), ("_align", c.c_uint64))


class PathParameters(c.Structure):
    """struct sctp_paddrparams, milliseconds; an address of zeros stands for every path."""

    _fields_ = (
        ("address", _Storage),
        ("association", c.c_uint32),
        ("heartbeat_interval", c.c_uint32),
        ("path_mtu", c.c_uint32),
        ("flags", c.c_uint32),
        ("flow_label", c.c_uint32),
        ("max_retransmissions", c.c_uint16),
        ("dscp", c.c_uint8),
    )


class Event(c.Structure):
    """struct sctp_event."""

    _fields_ = (("association", c.c_uint32), ("type", c.c_uint16), ("on", c.c_uint8))


class Linger(c.Structure):
    """struct linger."""

    _fields_ = (("on", c.c_int), ("seconds", c.c_int))


OutputCallback = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_size_t, c.c_uint8, c.c_uint8)
Upcall = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_int)

_P = c.c_void_p
_PROTOTYPES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "usrsctp_init_nothreads": (None, (c.c_uint16, OutputCallback, _P)),
    "usrsctp_handle_timers": (None, (c.c_uint32,)),
    "usrsctp_register_address": (None, (_P,)),
    "usrsctp_deregister_address": (None, (_P,)),
    "usrsctp_conninput": (None, (_P, c.c_char_p, c.c_size_t, c.c_uint8)),
    "usrsctp_socket": (_P, (c.c_int, c.c_int, c.c_int, _P, _P, c.c_uint32, _P)),
    "usrsctp_set_non_blocking": (c.c_int, (_P, c.c_int)),
    "usrsctp_set_upcall": (c.c_int, (_P, Upcall, _P)),
    "usrsctp_get_events": (c.c_int, (_P,)),
    "usrsctp_setsockopt": (c.c_int, (_P, c.c_int, c.c_int, _P, c.c_uint32)),
    "usrsctp_bind": (c.c_int, (_P, c.POINTER(ConnAddress), c.c_uint32)),
    "usrsctp_listen": (c.c_int, (_P, c.c_int)),
    "usrsctp_accept": (_P, (_P, c.POINTER(ConnAddress), c.POINTER(c.c_uint32))),
    "usrsctp_connect": (c.c_int, (_P, c.POINTER(ConnAddress), c.c_uint32)),
    "usrsctp_sendv": (c.c_ssize_t, (_P, c.c_char_p, c.c_size_t, _P, c.c_int, _P, c.c_uint32, c.c_uint, c.c_int)),
    "usrsctp_recvv": (c.c_ssize_t, (_P, _P, c.c_size_t, _P, _P, _P, _P, _P, _P)),
    "usrsctp_shutdown": (c.c_int, (_P, c.c_int)),
    "usrsctp_close": (None, (_P,)),
}


@cache
def load() -> c.CDLL:
    """The library, with the types of its functions; ConfigurationError when this machine does not have it."""
    for name in ("libusrsctp.so.2", "libusrsctp.so.1", "libusrsctp.so", "libusrsctp.dylib"):
        try:
            library = c.CDLL(name, use_errno=True)
        except OSError:
            continue
        if not hasattr(library, "usrsctp_init_nothreads"):
            raise ConfigurationError(f"{name} is too old: version 0.9.4 or later is needed")
        for function, (result, arguments) in _PROTOTYPES.items():
            prototype = getattr(library, function)
            prototype.restype, prototype.argtypes = result, arguments
        return library
    raise ConfigurationError(
        "SCTP in user space needs libusrsctp, which is not installed (Debian and Ubuntu: apt install libusrsctp2)"
    )
