"""Signalling network management and test messages as one table (Q.704 (07/96) 15, Q.707 5).

In the ITU, Chinese and Japanese formats the signalling link code of a message about a link is the SLS field of its
label; ANSI puts it into the message. Japan has a spare octet before the heading, several destinations in one message
about routes, and the signalling routing test in place of the link test (JT-Q704 and JT-Q707, as public dissectors
read them).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.mtp3.label import LAYOUTS, Service, Variant

#: Bits of a field that is a point code of the variant, and a marker that starts the next field on a whole octet.
POINT_CODE: Final = -1
ALIGN: Final = ("", 0)
#: Pattern of the signalling routing test of Japan, in the order sent (as public dissectors expect it).
ROUTE_TEST_PATTERN: Final = b"\x11\x77"


@dataclass(frozen=True, slots=True)
class MessageType:
    """One row of the table: how a message is called, told apart and laid out."""

    acronym: str
    h0: int
    """Message group."""
    h1: int
    title: str
    fields: tuple[tuple[str, int], ...] = ()
    """Name and bits of each field after the heading, least significant bit first."""
    about_link: bool = False
    """Whether it concerns one link, whose code ANSI puts before the fields."""

    @property
    def heading(self) -> int:
        """The heading octet: H0 in the low half."""
        return self.h0 | self.h1 << 4


_FSN = (("forward_sequence_number", 7),)
_EXTENDED_FSN = (("forward_sequence_number", 24),)
_CHANGEBACK = (("changeback_code", 8),)
_DESTINATION = (("destination", POINT_CODE),)

#: Q.704 table 1 (heading allocation); the clusters and TRW are ANSI's.
NETWORK_MANAGEMENT: Final[tuple[MessageType, ...]] = (
    MessageType("COO", 1, 1, "changeover order", _FSN, about_link=True),
    MessageType("COA", 1, 2, "changeover acknowledgement", _FSN, about_link=True),
    MessageType("XCO", 1, 3, "extended changeover order", _EXTENDED_FSN, about_link=True),
    MessageType("XCA", 1, 4, "extended changeover acknowledgement", _EXTENDED_FSN, about_link=True),
    MessageType("CBD", 1, 5, "changeback declaration", _CHANGEBACK, about_link=True),
    MessageType("CBA", 1, 6, "changeback acknowledgement", _CHANGEBACK, about_link=True),
    MessageType("ECO", 2, 1, "emergency changeover order", about_link=True),
    MessageType("ECA", 2, 2, "emergency changeover acknowledgement", about_link=True),
    MessageType("RCT", 3, 1, "signalling route set congestion test"),
    MessageType("TFC", 3, 2, "transfer controlled", (*_DESTINATION, ("status", 2))),
    MessageType("TFP", 4, 1, "transfer prohibited", _DESTINATION),
    MessageType("TCP", 4, 2, "transfer cluster prohibited", _DESTINATION),
    MessageType("TFR", 4, 3, "transfer restricted", _DESTINATION),
    MessageType("TCR", 4, 4, "transfer cluster restricted", _DESTINATION),
    MessageType("TFA", 4, 5, "transfer allowed", _DESTINATION),
    MessageType("TCA", 4, 6, "transfer cluster allowed", _DESTINATION),
    MessageType("RST", 5, 1, "signalling route set test for prohibited destination", _DESTINATION),
    MessageType("RSR", 5, 2, "signalling route set test for restricted destination", _DESTINATION),
    MessageType("RCP", 5, 3, "signalling route set test for prohibited cluster", _DESTINATION),
    MessageType("RCR", 5, 4, "signalling route set test for restricted cluster", _DESTINATION),
    MessageType("LIN", 6, 1, "link inhibit", about_link=True),
    MessageType("LUN", 6, 2, "link uninhibit", about_link=True),
    MessageType("LIA", 6, 3, "link inhibit acknowledgement", about_link=True),
    MessageType("LUA", 6, 4, "link uninhibit acknowledgement", about_link=True),
    MessageType("LID", 6, 5, "link inhibit denied", about_link=True),
    MessageType("LFU", 6, 6, "link forced uninhibit", about_link=True),
    MessageType("LLT", 6, 7, "link local inhibit test", about_link=True),
    MessageType("LRT", 6, 8, "link remote inhibit test", about_link=True),
    MessageType("TRA", 7, 1, "traffic restart allowed"),
    MessageType("TRW", 7, 2, "traffic restart waiting"),
    MessageType("DLC", 8, 1, "signalling data link connection order", (("data_link_identity", 12),), about_link=True),
    MessageType("CSS", 8, 2, "connection successful"),
    MessageType("CNS", 8, 3, "connection not successful"),
    MessageType("CNP", 8, 4, "connection not possible"),
    MessageType("UPU", 10, 1, "user part unavailable", (*_DESTINATION, ALIGN, ("user_part", 4), ("cause", 4))),
)

#: Q.707 5.4: the low half of the octet before the pattern is spare (ANSI: the SLC), the high half its length.
LINK_TEST: Final[tuple[MessageType, ...]] = (
    MessageType("SLTM", 1, 1, "signalling link test message", (("spare", 4), ("length", 4))),
    MessageType("SLTA", 1, 2, "signalling link test acknowledgement", (("spare", 4), ("length", 4))),
)

#: JT-Q707: Japan tests a route to its end, with a pattern of two octets behind a spare one.
ROUTE_TEST: Final[tuple[MessageType, ...]] = (
    MessageType("SRT", 3, 2, "signalling routing test message", (("", 8),)),
    MessageType("SRTA", 4, 8, "signalling routing test acknowledgement message", (("", 8),)),
)

_BY_HEADING: Final[dict[tuple[bool, int], MessageType]] = {
    (table is not NETWORK_MANAGEMENT, kind.heading): kind
    for table in (NETWORK_MANAGEMENT, LINK_TEST, ROUTE_TEST)
    for kind in table
}
_BY_ACRONYM: Final[dict[str, MessageType]] = {
    kind.acronym: kind for kind in (*NETWORK_MANAGEMENT, *LINK_TEST, *ROUTE_TEST)
}
_TESTING: Final = (Service.TESTING, Service.TESTING_SPECIAL)


@dataclass(frozen=True, slots=True)
class ManagementMessage:
    """What follows the label in a message of service 0, 1 or 2."""

    acronym: str
    """`TFP`, `SLTM` and so on; `unknown` for a heading that is in no table."""
    heading: int
    fields: dict[str, int] = field(default_factory=dict)
    pattern: bytes = b""
    """The test pattern of SLTM, SLTA, SRT and SRTA."""
    also: tuple[int, ...] = ()
    """Japan: further destinations that the message is about."""
    trailing: bytes = b""
    """Octets behind the known fields; all of them when the heading is unknown."""

    @property
    def title(self) -> str:
        """The name in full."""
        kind = _BY_ACRONYM.get(self.acronym)
        return f"heading {self.heading:#04x}" if kind is None else kind.title

    def __str__(self) -> str:
        parts = [self.acronym, *(f"{name}={value}" for name, value in self.fields.items())]
        parts += [f"destination={code}" for code in self.also]
        return " ".join(parts + ([self.pattern.hex()] if self.pattern else []))


def decode_management(data: bytes, service: int, variant: Variant, offset: int = 0) -> ManagementMessage:
    """Decode `data` from `offset` (behind the label) on; DecodeError when fields are missing."""
    start = offset + (1 if variant is Variant.JAPAN else 0)
    if start >= len(data):
        raise DecodeError("heading is missing", len(data))
    heading = data[start]
    kind = _BY_HEADING.get((service in _TESTING, heading))
    body = start + 1
    if kind is None or (kind in ROUTE_TEST and variant is not Variant.JAPAN):
        return ManagementMessage("unknown", heading, trailing=data[body:])
    fields: dict[str, int] = {}
    length, layout = _layout(kind, variant)
    if len(data) - body < length:
        raise DecodeError(f"{kind.acronym} needs {length} octets after the heading, {len(data) - body} left", body)
    value = int.from_bytes(data[body : body + length], "little")
    for name, first, bits in layout:
        fields[name] = value >> first & (1 << bits) - 1
    body += length
    pattern = b""
    if kind in LINK_TEST:
        pattern = data[body : body + fields["length"]]
        if len(pattern) < fields["length"]:
            raise DecodeError(f"test pattern needs {fields['length']} octets, {len(pattern)} left", body)
        body += len(pattern)
        fields = {"signalling_link_code": fields["spare"]} if variant is Variant.ANSI else {}
    elif kind in ROUTE_TEST:
        pattern = data[body : body + len(ROUTE_TEST_PATTERN)]
        if len(pattern) < len(ROUTE_TEST_PATTERN):
            raise DecodeError(f"test pattern needs {len(ROUTE_TEST_PATTERN)} octets, {len(pattern)} left", body)
        body += len(pattern)
    also: tuple[int, ...] = ()
    if "count" in fields:
        also, body = _further_destinations(data, body, fields.pop("count") - 1)
    return ManagementMessage(kind.acronym, heading, fields, pattern, also, data[body:])


def encode_management(acronym: str, variant: Variant, pattern: bytes = b"", **fields: int) -> bytes:
    """The octets behind the label; fields left out are 0. EncodeError for what does not fit or does not belong."""
    kind = _BY_ACRONYM[acronym]
    if kind in LINK_TEST:
        if not 1 <= len(pattern) <= 15:
            raise EncodeError("a test pattern has 1 to 15 octets")
        fields = {"length": len(pattern), "spare": fields.pop("signalling_link_code", 0), **fields}
    elif kind in ROUTE_TEST and len(pattern) != len(ROUTE_TEST_PATTERN):
        raise EncodeError(f"the pattern of a routing test has {len(ROUTE_TEST_PATTERN)} octets")
    length, layout = _layout(kind, variant)
    if layout and layout[0][0] == "count":
        fields = {"count": 1, **fields}
    value = 0
    for name, first, bits in layout:
        part = fields.pop(name, 0)
        if not 0 <= part < 1 << bits:
            raise EncodeError(f"{name} {part} of {acronym} does not fit {bits} bits")
        value |= part << first
    if fields:
        raise EncodeError(f"{acronym} has no field {', '.join(sorted(fields))} in {variant.value}")
    head = b"\x00" if variant is Variant.JAPAN else b""
    return head + bytes((kind.heading,)) + value.to_bytes(length, "little") + pattern


def message_type(acronym: str) -> MessageType:
    """The row of the table for `acronym`; KeyError when there is none."""
    return _BY_ACRONYM[acronym]


def _further_destinations(data: bytes, start: int, count: int) -> tuple[tuple[int, ...], int]:
    """The destinations behind the first, two octets and two spare ones each, and where they end."""
    end = start + 4 * count
    if count < 0 or end > len(data):
        raise DecodeError(f"{count + 1} destinations do not fit {len(data)} octets", start)
    return tuple(int.from_bytes(data[at : at + 2], "little") for at in range(start, end, 4)), end


@cache
def _layout(kind: MessageType, variant: Variant) -> tuple[int, tuple[tuple[str, int, int], ...]]:
    """Octets of the fixed part, and per field its name, first bit and width."""
    placed: list[tuple[str, int, int]] = []
    position = 0
    for name, bits in _fields(kind, variant):
        if not name:
            position = position + bits if bits else -(-position // 8) * 8
            continue
        placed.append((name, position, bits))
        position += bits
    return -(-position // 8), tuple(placed)


def _fields(kind: MessageType, variant: Variant) -> Iterator[tuple[str, int]]:
    if kind.about_link and variant is Variant.ANSI:
        yield ("signalling_link_code", 4)
    if variant is Variant.JAPAN and kind.fields == _DESTINATION:
        yield from (("count", 8), ("destination", 16), ("", 16))
        return
    if variant is Variant.JAPAN and kind.acronym == "TFC":
        yield ("", 8)
    for name, bits in kind.fields:
        yield (name, LAYOUTS[variant].point_code_bits if bits == POINT_CODE else bits)
