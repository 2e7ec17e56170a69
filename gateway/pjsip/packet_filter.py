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
#: The source address in the headers of IPv4 (RFC 791 3.1) and IPv6 (RFC 8200 3); the kernel counts their octets from
#: SKF_NET_OFF.
_HEADER: Final = 0xFFF00000
_SOURCE: Final = {4: _HEADER + 12, 6: _HEADER + 8}
_FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_ALL: Final = 0xFFFFFFFF
#: Most instructions that the kernel takes (BPF_MAXINSNS).
_MOST: Final = 4096
_MOST_TURNED_AWAY: Final = 100


def program(sources: Iterable[str], version: int = 4, turned_away: Iterable[str] = ()) -> bytes:
    """A filter that lets packets of these addresses and networks of a version of IP through, and no others.

    But none of those `turned_away`, of whom the last ones are turned away here.
    """
    networks = [one for one in map(ipaddress.ip_network, sources) if one.version == version]
    lines: list[tuple[int, int, int, int]] = []
    for one in [one for one in map(ipaddress.ip_network, turned_away) if one.version == version][-_MOST_TURNED_AWAY:]:
        lines += _of_network(one, 0)
    for network in ipaddress.collapse_addresses(networks):  # type: ignore[type-var]
        own = _of_network(network)
        if len(lines) + len(own) < _MOST:
            lines += own
    return b"".join(_INSTRUCTION.pack(*line) for line in (*lines, (_RETURN, 0, 0, 0)))


def _of_network(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network, taken: int = _ALL
) -> list[tuple[int, int, int, int]]:
    """Let packets of a network through, or not (0): a test for each word of an address that matters; else go on."""
    words = network.max_prefixlen // 32
    masks, values = _words(network.netmask.packed), _words(network.network_address.packed)
    tested = [place for place in range(words) if masks[place]]
    lines: list[tuple[int, int, int, int]] = []
    for number, place in enumerate(tested):
        past = 3 * (len(tested) - number - 1) + 1
        lines += [
            (_LOAD_WORD, 0, 0, _SOURCE[network.version] + 4 * place),
            (_AND, 0, 0, masks[place]),
            (_JUMP_IF_EQUAL, 0, past, values[place]),
        ]
    return [*lines, (_RETURN, 0, 0, taken)]


def _words(address: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(address) // 4}I", address)


def attach(own: socket.socket, code: bytes) -> None:
    """Have the kernel ask `code` about every packet for a socket; raises OSError."""
    kept = ctypes.create_string_buffer(code, len(code))
    wanted = struct.pack("HL", len(code) // _INSTRUCTION.size, ctypes.addressof(kept))
    own.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, wanted)


def protect(
    kind: socket.SocketKind, address: tuple[str, int], sources: Iterable[str], turned_away: Iterable[str] = ()
) -> bool:
    """Let nobody but `sources` reach the UDP or listening TCP socket of this process at `address`; False without one.

    PJSIP does not say which descriptor that is.
    """
    version = 6 if ":" in address[0] else 4
    code, found = program(sources, version, turned_away), False
    for name in os.listdir("/proc/self/fd"):
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            with socket.socket(fileno=os.dup(int(name))) as own:
                if own.family != _FAMILIES[version] or own.type != kind or own.getsockname()[:2] != address:
                    continue
                if kind == socket.SOCK_DGRAM or own.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    attach(own, code)
                    found = True
        except OSError:
            continue  # gone meanwhile
    return found
