"""Preconditions in SDP (RFC 3312, RFC 4032): what must be reserved before the called party is alerted.

Each side of a call has a table with a row for every segment and direction of the stream: whether it is reserved, and
how much that is wanted (RFC 3312 5). What an offer or answer says is put into it, and what we say is made of it. Rows
are seen from our side: `local` is our own access, `send` what we send; the peer's words are turned round on the way in.
We have nothing to reserve, so our own segment is ready when the owner says that what lies behind it is.

Option tags as in RFC 3312 11; the rest of the RFC was not at hand, its rules and clauses are recalled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum, IntEnum
from typing import Final, Self

from msgspec import Struct
from msgspec.structs import replace

from tandem.core.errors import DecodeError

OPTION: Final = "precondition"
#: Attributes of a stream that belong to it.
ATTRIBUTES: Final = ("curr", "des", "conf")
#: The one type that we know (RFC 3312 4).
QOS: Final = "qos"

#: Attributes of one stream that are looked at; `qos` alone needs nine at most.
_MOST: Final = 64
_CURRENT = re.compile(r"([!-~]+) +(e2e|local|remote) +(none|send|recv|sendrecv) *")
_DESIRED = re.compile(
    r"([!-~]+) +(mandatory|optional|none|failure|unknown) +(e2e|local|remote) +(none|send|recv|sendrecv) *"
)


class Segment(Enum):
    """Which part of the way (RFC 3312 4, status type)."""

    LOCAL = "local"
    REMOTE = "remote"
    E2E = "e2e"


class Strength(IntEnum):
    """How much a row is wanted, in the order of RFC 3312 5.2: an answer may raise it and never lower it."""

    NONE = 0
    OPTIONAL = 1
    MANDATORY = 2


class Row(Struct, frozen=True):
    """One segment and direction, of one type of precondition."""

    kind: str
    segment: Segment
    way: str
    """`send` or `recv`."""

    def turned(self) -> Row:
        """The same row as the other side names it."""
        return Row(self.kind, _OTHER_SEGMENT[self.segment], _OTHER_WAY[self.way])


class Stated(Struct, frozen=True):
    """What one description says, as its writer sees it."""

    current: frozenset[Row] = frozenset()
    desired: tuple[tuple[Row, Strength], ...] = ()

    @classmethod
    def parse(cls, attributes: Iterable[tuple[str, str]]) -> Self | None:
        """Read `curr`, `des` and `conf` of one stream; None without any. DecodeError when one is malformed.

        What is to be confirmed is not kept: whatever changes on our side is told anyway.
        """
        attributes = tuple(attributes)
        if not attributes:
            return None
        if len(attributes) > _MOST:
            raise DecodeError(f"{len(attributes)} attributes of preconditions in one stream")
        current: set[Row] = set()
        desired: list[tuple[Row, Strength]] = []
        for name, value in attributes:
            match = (_DESIRED if name == "des" else _CURRENT).fullmatch(value)
            if match is None:
                raise DecodeError(f"a={name}:{value[:40]!r} is malformed")
            kind, segment, ways = match[1].lower(), Segment(match[match.re.groups - 1]), _WAYS[match[match.re.groups]]
            rows = [Row(kind, segment, way) for way in ways]
            if name == "des":
                desired += [(row, _STRENGTHS.get(match[2], Strength.NONE)) for row in rows]
            elif name == "curr":
                current.update(rows)
        return cls(frozenset(current), tuple(desired))


class Preconditions(Struct, frozen=True):
    """The table of one stream."""

    current: frozenset[Row] = frozenset()
    """What is reserved."""
    desired: dict[Row, Strength] = {}
    ready: bool = True
    """Whether our own segment is."""

    @classmethod
    def offered(cls, strength: Strength, ready: bool) -> Self:
        """The table of an offer of ours: our segment wanted by `strength`, of the peer's nothing known yet."""
        desired = {Row(QOS, Segment.LOCAL, way): strength for way in _OTHER_WAY}
        return cls(desired=desired | {Row(QOS, Segment.REMOTE, way): Strength.NONE for way in _OTHER_WAY}, ready=ready)

    def told(self, stated: Stated) -> Preconditions:
        """The table after a description of the peer (RFC 3312 5.2): of its own segment the peer knows, of ours we."""
        # Types that we do not know are those of the last description alone: of them nothing is ours to remember.
        desired = {row: strength for row, strength in self.desired.items() if row.kind == QOS}
        for row, strength in stated.desired:
            turned = row.turned()
            desired[turned] = max(strength, desired.get(turned, Strength.NONE))
        current = frozenset(row.turned() for row in stated.current if row.segment is Segment.LOCAL)
        return replace(self, current=current, desired=desired)

    def made_ready(self) -> Preconditions:
        """Our own segment is reserved now."""
        return replace(self, ready=True)

    def settled(self) -> Preconditions:
        """The call is answered: whatever was not told, there is nothing to wait for any more."""
        return replace(self, ready=True, current=frozenset(self.desired))

    def is_reserved(self, row: Row) -> bool:
        """Whether a row is reserved."""
        return row in self.current or (self.ready and row.segment is Segment.LOCAL and row.kind == QOS)

    @property
    def missing(self) -> list[Row]:
        """Mandatory rows that are not reserved: the called party is not alerted before there is none (RFC 3312 6)."""
        return [
            row
            for row, strength in self.desired.items()
            if strength is Strength.MANDATORY and not self.is_reserved(row)
        ]

    @property
    def impossible(self) -> list[Row]:
        """Mandatory rows that we can never meet nor be told of: the offer gets 580 (RFC 3312 8, 9)."""
        return [
            row
            for row in self.missing
            if row.segment is Segment.E2E or (row.kind != QOS and row.segment is Segment.LOCAL)
        ]

    def lines(self) -> str:
        """The attributes of our description: what is, what is wanted, and what we want to be told of (RFC 3312 7)."""
        found = []
        segments = list(Segment)
        kinds = dict.fromkeys((row.kind, row.segment) for row in self.desired)
        kinds = dict.fromkeys(sorted(kinds, key=lambda one: segments.index(one[1])))
        for kind, segment in kinds:
            rows = [Row(kind, segment, way) for way in _OTHER_WAY]
            found.append(f"a=curr:{kind} {segment.value} {_ways(row for row in rows if self.is_reserved(row))}\r\n")
        for kind, segment in kinds:
            by_strength: dict[Strength, list[Row]] = {}
            for way in _OTHER_WAY:
                if (strength := self.desired.get(row := Row(kind, segment, way))) is not None:
                    by_strength.setdefault(strength, []).append(row)
            for strength, rows in by_strength.items():
                found.append(f"a=des:{kind} {strength.name.lower()} {segment.value} {_ways(rows)}\r\n")
        for kind, segment in kinds:
            missing = [row for row in self.missing if (row.kind, row.segment) == (kind, segment)]
            if segment is Segment.REMOTE and missing:
                found.append(f"a=conf:{kind} {segment.value} {_ways(missing)}\r\n")
        return "".join(found)

    def failure_lines(self) -> str:
        """The attributes of a 580: which of the wanted could not be had, as `failure` or `unknown` (RFC 3312 8, 9)."""
        found = []
        for kind, segment in dict.fromkeys((row.kind, row.segment) for row in self.impossible):
            ways = _ways(row for row in self.impossible if (row.kind, row.segment) == (kind, segment))
            found.append(f"a=des:{kind} {'failure' if kind == QOS else 'unknown'} {segment.value} {ways}\r\n")
        return "".join(found)


_OTHER_SEGMENT: Final = {
    Segment.LOCAL: Segment.REMOTE,
    Segment.REMOTE: Segment.LOCAL,
    Segment.E2E: Segment.E2E,
}
_OTHER_WAY: Final = {"send": "recv", "recv": "send"}
_WAYS: Final = {"none": (), "send": ("send",), "recv": ("recv",), "sendrecv": ("send", "recv")}
_STRENGTHS: Final = {"mandatory": Strength.MANDATORY, "optional": Strength.OPTIONAL}


def _ways(rows: Iterable[Row]) -> str:
    """The directions of some rows as one word."""
    ways = {row.way for row in rows}
    return next(word for word, several in _WAYS.items() if set(several) == ways)
