"""Interworking tables as data: cause values to SIP status codes and back, one row a rule with its clause.

The rows are those of RFC 3398 7.2.4.1 and 8.2.6.1; causes it leaves out are given the status of the unspecified
cause of their Q.850 class (7.2.4.1, last paragraph: 500 where nothing fits better). The operator may change a row
in `[cause_map]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tandem.core.cause import Cause, Location, cause_name
from tandem.gateway.calls.cause_changes import is_change


class CauseRow(NamedTuple):
    """One rule of a table."""

    cause: int
    status: int
    clause: str


class MappingRow(NamedTuple):
    """One rule of how messages and their contents become the neutral call or are made from it, for people."""

    direction: str
    """`PROTOCOL-call` or `call-PROTOCOL`."""
    source: str
    target: str
    clause: str


_TO_SIP: Final = "RFC 3398 7.2.4.1"
_TO_ISUP: Final = "RFC 3398 8.2.6.1"

#: Cause in REL (or in a backward release of any circuit protocol) to final status of the INVITE.
CAUSE_TO_STATUS: Final[tuple[CauseRow, ...]] = (
    CauseRow(1, 404, _TO_SIP),
    CauseRow(2, 404, _TO_SIP),
    CauseRow(3, 404, _TO_SIP),
    CauseRow(17, 486, _TO_SIP),
    CauseRow(18, 408, _TO_SIP),
    CauseRow(19, 480, _TO_SIP),
    CauseRow(20, 480, _TO_SIP),
    CauseRow(22, 410, _TO_SIP),
    CauseRow(23, 410, _TO_SIP),
    CauseRow(26, 404, _TO_SIP),
    CauseRow(27, 502, _TO_SIP),
    CauseRow(28, 484, _TO_SIP),
    CauseRow(29, 501, _TO_SIP),
    CauseRow(31, 480, _TO_SIP),
    CauseRow(34, 503, _TO_SIP),
    CauseRow(38, 503, _TO_SIP),
    CauseRow(41, 503, _TO_SIP),
    CauseRow(42, 503, _TO_SIP),
    CauseRow(47, 503, _TO_SIP),
    CauseRow(55, 403, _TO_SIP),
    CauseRow(57, 403, _TO_SIP),
    CauseRow(58, 503, _TO_SIP),
    CauseRow(65, 488, _TO_SIP),
    CauseRow(70, 488, _TO_SIP),
    CauseRow(79, 501, _TO_SIP),
    CauseRow(87, 403, _TO_SIP),
    CauseRow(88, 503, _TO_SIP),
    CauseRow(102, 504, _TO_SIP),
    CauseRow(111, 500, _TO_SIP),
    CauseRow(127, 500, _TO_SIP),
    CauseRow(16, 480, _TO_SIP + ": a response is needed although the call cleared normally"),
    CauseRow(21, 403, _TO_SIP + ": 603 when the location is user"),
    CauseRow(25, 483, "RFC 3398 8.2.6.1 read backwards (483 to 25)"),
    CauseRow(44, 503, _TO_SIP + ", as 34: a circuit was wanted and not to be had"),
    CauseRow(63, 500, _TO_SIP + ", default of the table"),
)

#: Final status of the INVITE to cause.
STATUS_TO_CAUSE: Final[tuple[CauseRow, ...]] = (
    CauseRow(41, 400, _TO_ISUP),
    CauseRow(21, 401, _TO_ISUP),
    CauseRow(21, 402, _TO_ISUP),
    CauseRow(21, 403, _TO_ISUP),
    CauseRow(1, 404, _TO_ISUP),
    CauseRow(63, 405, _TO_ISUP),
    CauseRow(79, 406, _TO_ISUP),
    CauseRow(21, 407, _TO_ISUP),
    CauseRow(102, 408, _TO_ISUP),
    CauseRow(22, 410, _TO_ISUP),
    CauseRow(127, 413, _TO_ISUP),
    CauseRow(127, 414, _TO_ISUP),
    CauseRow(79, 415, _TO_ISUP),
    CauseRow(127, 416, _TO_ISUP),
    CauseRow(127, 420, _TO_ISUP),
    CauseRow(127, 421, _TO_ISUP),
    CauseRow(127, 423, _TO_ISUP),
    CauseRow(18, 480, _TO_ISUP),
    CauseRow(41, 481, _TO_ISUP),
    CauseRow(25, 482, _TO_ISUP),
    CauseRow(25, 483, _TO_ISUP),
    CauseRow(28, 484, _TO_ISUP),
    CauseRow(1, 485, _TO_ISUP),
    CauseRow(17, 486, _TO_ISUP),
    CauseRow(41, 500, _TO_ISUP),
    CauseRow(79, 501, _TO_ISUP),
    CauseRow(38, 502, _TO_ISUP),
    CauseRow(41, 503, _TO_ISUP),
    CauseRow(102, 504, _TO_ISUP),
    CauseRow(127, 505, _TO_ISUP),
    CauseRow(127, 513, _TO_ISUP),
    CauseRow(17, 600, _TO_ISUP),
    CauseRow(21, 603, _TO_ISUP),
    CauseRow(1, 604, _TO_ISUP),
    CauseRow(16, 487, _TO_ISUP + ": the CANCEL that it answers was ours"),
    CauseRow(65, 488, _TO_ISUP + ": by Warning; 65 for incompatible media"),
    CauseRow(65, 606, _TO_ISUP + ": by Warning; 65 for incompatible media"),
)

#: What becomes of a status or a cause that no row names.
DEFAULT_STATUS: Final = 500
DEFAULT_CAUSE_4XX: Final = Cause.NORMAL_UNSPECIFIED
DEFAULT_CAUSE: Final = Cause.INTERWORKING_UNSPECIFIED


@dataclass
class CauseMap:
    """Both tables with the operator's changes, for look-up."""

    to_status: dict[int, int] = field(default_factory=lambda: {row.cause: row.status for row in CAUSE_TO_STATUS})
    to_cause: dict[int, int] = field(default_factory=lambda: {row.status: row.cause for row in STATUS_TO_CAUSE})
    overridden: set[int] = field(default_factory=set)

    @classmethod
    def with_overrides(cls, overrides: Mapping[str, int | str]) -> CauseMap:
        """The tables of the standard, changed by rows such as `{"isup-sip 21": 603}`; others are passed over."""
        table = cls()
        for row, value in overrides.items():
            if is_change(row):
                continue
            direction, key = parse_override(row, value)
            value = int(value)
            (table.to_status if direction == "isup-sip" else table.to_cause)[key] = value
            if direction == "isup-sip":
                table.overridden.add(key)
        return table

    def status(self, cause: int, location: int) -> int:
        """The final status for a call that failed with `cause` at `location`."""
        if cause == Cause.CALL_REJECTED and location == Location.USER and cause not in self.overridden:
            return 603
        return self.to_status.get(cause, DEFAULT_STATUS)

    def cause(self, status: int) -> int:
        """The cause for an INVITE that ended with `status`."""
        found = self.to_cause.get(status)
        if found is not None:
            return found
        return DEFAULT_CAUSE_4XX if 400 <= status < 500 else DEFAULT_CAUSE


def parse_override(row: str, value: int | str) -> tuple[str, int]:
    """The direction and key of a row of SIP; raises ValueError, worded for the operator, when it is wrong."""
    direction, _, key = row.partition(" ")
    if direction not in ("isup-sip", "sip-isup") or not key.isdecimal() or isinstance(value, str):
        raise ValueError(
            f'{row!r} is not a row; write "isup-sip CAUSE" = STATUS, "sip-isup STATUS" = CAUSE, '
            '"isup-call CAUSE" = CAUSE (or call-isup, pri-call, call-pri), "tup-call MESSAGE" = CAUSE '
            'or "call-tup CAUSE" = "MESSAGE"'
        )
    cause, status = (int(key), value) if direction == "isup-sip" else (value, int(key))
    if not 1 <= cause <= 127:
        raise ValueError(f"{cause} is not a Q.850 cause value (1-127)")
    if not 400 <= status <= 699:
        raise ValueError(f"{status} is not a SIP status of failure (400-699)")
    return direction, int(key)


def describe(cause: int) -> str:
    """`17 User busy`."""
    return f"{cause} {cause_name(cause)}"
