"""The operator's changes of causes where calls enter and leave the gateway by ISUP, TUP and PRI: `[cause_map]`.

Rows `isup-call 31 = 16` and `pri-call` change the cause with which a call ends at that side, `call-isup` and `call-pri`
the one told to it. TUP has messages in the place of causes: `tup-call SSB = 17`, `call-tup 17 = "STB"`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from tandem.gateway.calls.model import Release
from tandem.ss7.tup.cause import FAILURES
from tandem.ss7.tup.codes import MessageType

#: Protocols that say a cause as it is.
PROTOCOLS: Final = ("isup", "pri")
_FAILURES: Final = frozenset(kind.name for kind in FAILURES)
#: Those that can tell a cause: EUM has a field of its own (Q.723 3.7).
_TELLING: Final = _FAILURES - {MessageType.EUM.name}


@dataclass
class CauseChanges:
    """What `[cause_map]` changes beside the tables of SIP."""

    entering: dict[tuple[str, int], int] = field(default_factory=dict)
    """(protocol, cause that came) -> cause."""
    leaving: dict[tuple[str, int], int] = field(default_factory=dict)
    """(protocol, cause) -> cause that is told."""
    failures: dict[str, int] = field(default_factory=dict)
    """Name of a TUP message that came -> cause."""
    messages: dict[int, str] = field(default_factory=dict)
    """Cause -> name of the TUP message that tells it."""

    @classmethod
    def of(cls, overrides: Mapping[str, int | str]) -> CauseChanges:
        """Those of a `[cause_map]`, rows of SIP passed over; ValueError, worded for the operator, for a wrong one."""
        changes = cls()
        for row, value in overrides.items():
            source, _, key = row.partition(" ")
            if source == "tup-call":
                changes.failures[_message(key, _FAILURES)] = _cause(value)
            elif source == "call-tup":
                changes.messages[_cause(key)] = _message(value, _TELLING)
            elif source in {f"{protocol}-call" for protocol in PROTOCOLS}:
                changes.entering[source.removesuffix("-call"), _cause(key)] = _cause(value)
            elif source in {f"call-{protocol}" for protocol in PROTOCOLS}:
                changes.leaving[source.removeprefix("call-"), _cause(key)] = _cause(value)
        return changes

    def entered(self, protocol: str, release: Release) -> Release:
        """A release of the peer as the gateway is to take it."""
        changes = self.entering
        return _changed(release, changes.get((protocol, release.cause))) if changes else release

    def left(self, protocol: str, release: Release) -> Release:
        """A release as the peer is to be told of it."""
        changes = self.leaving
        return _changed(release, changes.get((protocol, release.cause))) if changes else release


def is_change(row: str) -> bool:
    """Whether a row of `[cause_map]` is one of these, and not of the tables of SIP."""
    source = row.partition(" ")[0]
    return source in {side for name in (*PROTOCOLS, "tup") for side in (f"{name}-call", f"call-{name}")}


def _changed(release: Release, cause: int | None) -> Release:
    """With another cause; the other side's own message, which says the old one, goes no further."""
    return release if cause is None else replace(release, cause=cause, opaque=())


def _cause(value: int | str) -> int:
    cause = int(value) if isinstance(value, int) or value.isdecimal() else 0
    if not 1 <= cause <= 127:
        raise ValueError(f"{value} is not a Q.850 cause value (1-127)")
    return cause


def _message(value: int | str, known: frozenset[str]) -> str:
    if value not in known:
        raise ValueError(f"{value!r} is not a TUP message of failure; there are {', '.join(sorted(known))}")
    return str(value)
