"""SIP and SDP read both ways: with what is compiled, and in Python alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tandem.core.errors import DecodeError
from tandem.gateway.sip import fields, message, sdp, speed
from tandem.gateway.sip.message import MalformedRequest, Message

#: Where what was read once is kept.
CACHES = (fields._parse_uri, fields._parse_address, message._parse_party)


@contextmanager
def reading(speedups: Any) -> Iterator[None]:
    """Read with these speedups, None for Python alone."""
    before, speed.speedups = speed.speedups, speedups
    for cache in CACHES:
        cache.cache_clear()
    try:
        yield
    finally:
        speed.speedups = before
        for cache in CACHES:
            cache.cache_clear()


def slots(value: Message) -> dict[str, object]:
    """All that a message holds."""
    names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def outcome(read: Callable[[Any], object], given: bytes | str) -> object:
    """What came out, error or value, in such a way that it can be compared."""
    try:
        value = read(given)
    except MalformedRequest as error:
        return str(error), error.status, slots(error.request), list(error.request.fields)
    except DecodeError as error:
        return type(error), str(error), getattr(error, "status", None)
    return (type(value), slots(value), list(value.fields)) if isinstance(value, Message) else value


def assert_both_ways(read: Callable[[Any], object], given: bytes | str) -> object:
    """`read` gives the same both ways; returns what."""
    with reading(None):
        expected = outcome(read, given)
    with reading(speed.compiled("tandem.gateway.sip")):
        assert outcome(read, given) == expected, given
    return expected


def both_ways(read: Callable[[Any], object]) -> Callable[[bytes], object]:
    """For a fuzzer: reads both ways."""

    def run(octets: bytes) -> object:
        assert_both_ways(read, octets)
        return read(octets)

    return run


#: Each reader of texts and octets that has a compiled part.
OF_TEXTS = (fields.parse_uri, fields.parse_address, fields.parse_via, fields.parse_parameters)
OF_OCTETS = (message.parse_message, sdp.parse)
