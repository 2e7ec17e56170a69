"""Lists of numbers written as people write them: `1-15,17-31`."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter

from tandem.gateway.sip.endpoint import DEFAULT_PORTS, Listener, TransportName


def parse_ranges(text: str, low: int, high: int) -> tuple[int, ...]:
    """The numbers of `text` in the order written.

    Raises ValueError, worded for the operator, when a part is no number or range, lies outside `low`..`high`, or
    repeats a number.
    """
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not _is_number(first) or (dash and not _is_number(last)):
            raise ValueError(f"{part.strip()!r} is not a number or a range such as 1-15")
        start, end = int(first), int(last) if dash else int(first)
        if start > end:
            raise ValueError(f"{part.strip()!r} runs backwards")
        if start < low or end > high:
            raise ValueError(f"{part.strip()!r} is outside {low}-{high}")
        numbers.extend(range(start, end + 1))
    repeated = [number for number, times in Counter(numbers).items() if times > 1]
    if repeated:
        raise ValueError(f"{repeated[0]} is named twice")
    return tuple(numbers)


def parse_address(text: str, default_port: int | None = None) -> tuple[str, int]:
    """`ADDRESS:PORT` as (IPv4 address, port); raises ValueError worded for the operator."""
    host, colon, port = text.rpartition(":")
    if not colon:
        if default_port is None:
            raise ValueError(f"{text!r} lacks a port; write it as 127.0.0.1:5060")
        host, port = text, str(default_port)
    parts = host.split(".")
    if len(parts) != 4 or not all(_is_number(part) and int(part) < 256 for part in parts):
        raise ValueError(f"{host!r} is not an IPv4 address such as 127.0.0.1")
    if not _is_number(port) or int(port) > 65535:
        raise ValueError(f"{port!r} is not a port (0-65535)")
    return host, int(port)


def parse_endpoint(text: str, default_port: int | None = None) -> tuple[str, int]:
    """`ADDRESS:PORT` as (IP address, port), IPv6 in brackets: `[2001:db8::1]:5060`; raises ValueError for the operator.

    Port 0 and 0.0.0.0 pass: whether they make sense is for the caller to say.
    """
    if not text.startswith("["):
        if text.count(":") > 1:
            raise ValueError(f"{text!r}: an IPv6 address stands in brackets, as [2001:db8::1]:5060")
        return parse_address(text, default_port)
    host, bracket, port = text[1:].partition("]")
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise ValueError(f"{host!r} is not an IPv6 address such as 2001:db8::1") from None
    if not bracket or (port and port[0] != ":"):
        raise ValueError(f"{text!r} is not written as [2001:db8::1]:5060")
    if not port:
        if default_port is None:
            raise ValueError(f"{text!r} lacks a port; write it as [2001:db8::1]:5060")
        return str(address), default_port
    if not _is_number(port[1:]) or int(port[1:]) > 65535:
        raise ValueError(f"{port[1:]!r} is not a port (0-65535)")
    return str(address), int(port[1:])


LINK_LOCAL = "is link-local, and SIP cannot say of which network; give a global or a unique local address (fd00::/8)"
"""What is wrong with the address of a peer, or of ours that peers are told (RFC 4007 6, RFC 6874 1)."""


def is_link_local(host: str) -> bool:
    """Whether an address is of IPv6 and good on one network only (fe80::/10, with or without `%INTERFACE`)."""
    return ":" in host and ipaddress.IPv6Address(host).is_link_local


def split_host(text: str) -> tuple[str, int | None] | None:
    """`NAME[:PORT]` as (host name, port or None); None when it is no host name but perhaps an address."""
    match = _HOST_NAME.fullmatch(text)
    if match is None or match[1].replace(".", "").isdigit():
        return None
    port = int(match[2]) if match[2] else None
    return (match[1], port) if port is None or 0 < port < 65536 else None


def parse_listener(text: str) -> Listener:
    """`TRANSPORT:ADDRESS[:PORT]`, such as `tls:192.0.2.1:5061`; raises ValueError worded for the operator."""
    transport, _, where = text.partition(":")
    if transport not in DEFAULT_PORTS:
        raise ValueError(f"{text!r} does not begin with udp:, tcp: or tls:")
    host, port = parse_endpoint(where, DEFAULT_PORTS[transport])
    return Listener(_TRANSPORTS[transport], host, port)


_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"({_LABEL}(?:\.{_LABEL})*)(?::([0-9]{{1,5}}))?")
_TRANSPORTS: dict[str, TransportName] = {"udp": "udp", "tcp": "tcp", "tls": "tls"}


def _is_number(text: str) -> bool:
    """Whether `text` is digits 0-9, few enough to be any number here."""
    return text.strip().isascii() and text.strip().isdigit() and len(text.strip()) <= 9
