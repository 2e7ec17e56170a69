"""Who may reach a socket of PJSIP at all: a filter in the kernel, by source address.

PJSIP has room for some 60 sockets and keeps each for half a second after it was closed; a stranger who connects and
goes 200 times in a row ends the process of a build with assertions, as the wheels are. It has few places for calls
too, and an INVITE takes one before anybody can refuse it. So nothing reaches it but what peers of trunks send.
"""

from __future__ import annotations

import ctypes
import ipaddress
import os
import socket
import stat
import struct
from collections.abc import Iterable
from typing import Final

_SO_ATTACH_FILTER: Final = 26
#: Instructions of the classic Berkeley packet filter: code, jump if true, jump if false, operand (linux/filter.h).
_INSTRUCTION: Final = struct.Struct("=HBBI")
_LOAD_WORD, _AND, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
#: The source address in the IPv4 header, whose place the kernel counts from here.
_SOURCE: Final = 0xFFF00000 + 12
_ALL: Final = 0xFFFFFFFF
#: Most networks: the kernel takes 4096 instructions.
_MOST: Final = 1000


def program(sources: Iterable[str]) -> bytes:
    """A filter that lets packets of these IPv4 addresses and networks through, and no others."""
    networks = {ipaddress.ip_network(source) for source in sources}
    lines: list[tuple[int, int, int, int]] = []
    for network in ipaddress.collapse_addresses(one for one in networks if isinstance(one, ipaddress.IPv4Network)):
        lines += [
            (_LOAD_WORD, 0, 0, _SOURCE),
            (_AND, 0, 0, int(network.netmask)),
            (_JUMP_IF_EQUAL, 0, 1, int(network.network_address)),
            (_RETURN, 0, 0, _ALL),
        ]
    return b"".join(_INSTRUCTION.pack(*line) for line in (*lines[: 4 * _MOST], (_RETURN, 0, 0, 0)))


def attach(own: socket.socket, code: bytes) -> None:
    """Have the kernel ask `code` about every packet for a socket; raises OSError."""
    kept = ctypes.create_string_buffer(code, len(code))
    wanted = struct.pack("HL", len(code) // _INSTRUCTION.size, ctypes.addressof(kept))
    own.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, wanted)


def protect(kind: socket.SocketKind, address: tuple[str, int], sources: Iterable[str]) -> bool:
    """Let nobody but `sources` reach the UDP or listening TCP socket of this process at `address`; False without one.

    PJSIP does not say which descriptor that is.
    """
    code, found = program(sources), False
    for name in os.listdir("/proc/self/fd"):
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            with socket.socket(fileno=os.dup(int(name))) as own:
                if own.family != socket.AF_INET or own.type != kind or own.getsockname() != address:
                    continue
                if kind == socket.SOCK_DGRAM or own.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    attach(own, code)
                    found = True
        except OSError:
            continue  # gone meanwhile
    return found
