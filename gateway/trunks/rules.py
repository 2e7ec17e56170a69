"""How values of one protocol become those of the neutral call and back: the tables that the trunks read, row by row.

A row is `DIRECTION WHAT KEY` and a value, as `tandem mappings` shows it and as `[mapping]` of the configuration
changes it: `"tup-call category 16" = 10`. Causes and final statuses are in `tandem.gateway.calls.interworking`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tandem.core.enumeration import Symbol
from tandem.gateway.calls.interworking import MappingRow
from tandem.gateway.calls.model import Charge, Nature
from tandem.isdn.q931.numbers import TypeOfNumber
from tandem.ss7.isup.indicators import CalledPartyStatus, Event
from tandem.ss7.tup.codes import MessageType as TupMessage
from tandem.ss7.tup.fields import Category
from tandem.ss7.tup.fields import Nature as TupNature
from tandem.ss7.tup.messages import AddressCompleteKind


class Means(Symbol):
    """What a backward message before the answer says of the called party."""

    ALERTING = "alerting"
    """It is being rung."""
    PROGRESS = "progress"
    """Nothing yet; there may be something to hear."""


_ORDINARY, _PRIORITY = int(Category.ORDINARY), int(Category.PRIORITY)
_CPC: Final = {
    "unknown": 0,
    "operator": 2,
    "ordinary": 10,
    "priority": 11,
    "data": 12,
    "test": 13,
    "payphone": 15,
    "mobile-hplmn": 16,
    "mobile-vplmn": 17,
}
_SAYS_NATURE: Final = [nature for nature in Nature if nature is not Nature.UNKNOWN]
_TUP_NATURES: Final = {
    TupNature.SUBSCRIBER: Nature.SUBSCRIBER,
    TupNature.SPARE: Nature.UNKNOWN,
    TupNature.NATIONAL: Nature.NATIONAL,
    TupNature.INTERNATIONAL: Nature.INTERNATIONAL,
}
_TYPES: Final = {
    TypeOfNumber.UNKNOWN: Nature.UNKNOWN,
    TypeOfNumber.INTERNATIONAL: Nature.INTERNATIONAL,
    TypeOfNumber.NATIONAL: Nature.NATIONAL,
    TypeOfNumber.NETWORK_SPECIFIC: Nature.NETWORK_SPECIFIC,
    TypeOfNumber.SUBSCRIBER: Nature.SUBSCRIBER,
}
_A, _P = Means.ALERTING, Means.PROGRESS


@dataclass(frozen=True, slots=True)
class Rules:
    """Every table. Keys that a table does not have are treated as the comment on it says."""

    tup_category: dict[int, int] = field(
        default_factory=lambda: dict.fromkeys((16, 17, 18, 19, 24), _ORDINARY) | dict.fromkeys((20, 21), _PRIORITY)
    )
    """Calling party's category of TUP to that of Q.763 3.11; others are the same number."""
    category_tup: dict[int, int] = field(default_factory=dict)
    """The other way round; others up to 13 are the same, those above that of the trunk."""
    isup_category: dict[int, int] = field(default_factory=dict)
    """Others are the same."""
    category_isup: dict[int, int] = field(default_factory=dict)
    """Others are the same."""
    sip_category: dict[str, int] = field(default_factory=lambda: dict(_CPC))
    """`cpc` in lower case; another says nothing."""
    category_sip: dict[int, str] = field(
        default_factory=lambda: (
            {value: name for name, value in _CPC.items() if value} | dict.fromkeys((1, 3, 4, 5), "operator")
        )
    )
    """Others are not told."""
    tup_nature: dict[TupNature, Nature] = field(default_factory=lambda: dict(_TUP_NATURES))
    nature_tup: dict[Nature, TupNature] = field(
        default_factory=lambda: {ours: code for code, ours in _TUP_NATURES.items() if ours is not Nature.UNKNOWN}
    )
    """Others are told as `unknown_nature` of the trunk says."""
    isup_nature: dict[int, Nature] = field(default_factory=lambda: {int(nature): nature for nature in Nature})
    """Others are unknown."""
    nature_isup: dict[Nature, int] = field(default_factory=lambda: {nature: int(nature) for nature in _SAYS_NATURE})
    """An unknown one is told as `unknown_nature` of the trunk says."""
    pri_nature: dict[TypeOfNumber, Nature] = field(default_factory=lambda: dict(_TYPES))
    """Others are unknown. An unknown one may be told by its prefix."""
    nature_pri: dict[Nature, TypeOfNumber] = field(
        default_factory=lambda: {ours: kind for kind, ours in _TYPES.items() if ours is not Nature.UNKNOWN}
    )
    """An unknown one is told as `unknown_type` of the trunk says, else as its switch type does."""
    acm_charge: dict[AddressCompleteKind, Charge] = field(
        default_factory=lambda: {
            AddressCompleteKind.ADDRESS_COMPLETE: Charge.NO_INDICATION,
            AddressCompleteKind.CHARGE: Charge.CHARGE,
            AddressCompleteKind.NO_CHARGE: Charge.NO_CHARGE,
            AddressCompleteKind.COIN_BOX: Charge.CHARGE,
        }
    )
    """Type of ACM of TUP."""
    charge_acm: dict[Charge, AddressCompleteKind] = field(
        default_factory=lambda: {
            Charge.NO_INDICATION: AddressCompleteKind.ADDRESS_COMPLETE,
            Charge.CHARGE: AddressCompleteKind.CHARGE,
            Charge.NO_CHARGE: AddressCompleteKind.NO_CHARGE,
        }
    )
    answer_charge: dict[TupMessage, Charge] = field(
        default_factory=lambda: {
            TupMessage.ANU: Charge.NO_INDICATION,
            TupMessage.ANC: Charge.CHARGE,
            TupMessage.ANN: Charge.NO_CHARGE,
        }
    )
    charge_answer: dict[Charge, TupMessage] = field(
        default_factory=lambda: {
            Charge.NO_INDICATION: TupMessage.ANU,
            Charge.CHARGE: TupMessage.ANC,
            Charge.NO_CHARGE: TupMessage.ANN,
        }
    )
    isup_charge: dict[int, Charge] = field(default_factory=lambda: {int(charge): charge for charge in Charge})
    """Charge indicator of backward call indicators; the spare value says nothing."""
    charge_isup: dict[Charge, int] = field(
        default_factory=lambda: {Charge.NO_INDICATION: 2, Charge.NO_CHARGE: 1, Charge.CHARGE: 2}
    )
    """Who does not say that the call is free of charge has it charged."""
    acm_status: dict[int, Means] = field(
        default_factory=lambda: {
            int(CalledPartyStatus.NO_INDICATION): _P,
            int(CalledPartyStatus.SUBSCRIBER_FREE): _A,
            int(CalledPartyStatus.CONNECT_WHEN_FREE): _P,
        }
    )
    """Called party's status in ACM; the spare value is progress. Progress of an ACM is always in band."""
    cpg_event: dict[int, Means] = field(
        default_factory=lambda: {int(event): _A if event is Event.ALERTING else _P for event in Event}
    )
    """Others are progress."""
    subscriber_free: dict[bool, Means] = field(default_factory=lambda: {True: _A, False: _P})
    """Bit of ACM of TUP."""
    sip_response: dict[int, Means] = field(default_factory=lambda: {180: _A, 181: _P, 182: _P, 183: _P})
    """Others are progress."""
    response_sip: dict[Means, int] = field(default_factory=lambda: {_A: 180, _P: 183})

    @classmethod
    def of(cls, changes: Mapping[str, int | str]) -> Rules:
        """The standard tables with the operator's rows; ValueError, worded for the operator, for a wrong one."""
        rules = cls()
        for row, value in changes.items():
            table, key, told = parse_row(row, value)
            getattr(rules, table.name)[key] = told
        return rules


class Words:
    """Keys or values that have names."""

    def __init__(self, values: Mapping[str, Any], what: str) -> None:
        """`what` they are, for the operator."""
        self._values = {name.lower(): value for name, value in values.items()}
        self._names, self.what = {value: name for name, value in values.items()}, what

    def read(self, text: int | str) -> Any:
        """The value of a name; ValueError when there is none."""
        found = self._values.get(text.strip().lower()) if isinstance(text, str) else None
        if found is None:
            raise ValueError(f"{text!r} is not {self.what}; there are {', '.join(self._names.values())}")
        return found

    def show(self, value: Any) -> str:
        """The name of a value."""
        return self._names[value]


class Numbers:
    """Keys or values that are numbers."""

    def __init__(self, low: int, high: int, what: str) -> None:
        """`what` they are, for the operator."""
        self._low, self._high, self.what = low, high, what

    def read(self, text: int | str) -> int:
        """The number; ValueError when it is none or too large."""
        number = int(text) if isinstance(text, int) or text.isdecimal() else -1
        if isinstance(text, bool) or not self._low <= number <= self._high:
            raise ValueError(f"{text!r} is not {self.what} ({self._low}-{self._high})")
        return number

    def show(self, value: int) -> str:
        """As it is written."""
        return str(value)


def _named(kind: Any, what: str) -> Words:
    return Words({item.name.replace("_", " ").lower(): item for item in kind}, what)


_CATEGORY = Numbers(0, 255, "a calling party's category of Q.763 3.11")
_TUP_CATEGORY = Numbers(0, 63, "a calling party's category of TUP")
_NATURE = _named(Nature, "a nature of address")
_TUP_NATURE = _named(TupNature, "a nature of address of TUP")
_TYPE = _named(_TYPES, "a type of number of Q.931")
_ISUP_NATURE = Numbers(0, 127, "a nature of address indicator of Q.763 3.9")
_CHARGE = _named(Charge, "a charge indication")
_KIND = _named(AddressCompleteKind, "a type of ACM of TUP")
_ANSWER = Words({kind.name: kind for kind in (TupMessage.ANU, TupMessage.ANC, TupMessage.ANN)}, "an answer")
_MEANS = Words({"alerting": _A, "progress": _P}, "what a call control knows")
_NAMED_STATUS = Words({s.name.replace("_", " ").lower(): int(s) for s in CalledPartyStatus}, "a called party's status")
_NAMED_EVENT = Words({e.name.replace("_", " ").lower(): int(e) for e in Event}, "an event of CPG")
_CPC_NAMES = Words({name: name for name in _CPC}, "a calling party's category (cpc)")
_CHARGE_INDICATOR = Numbers(0, 3, "a charge indicator of Q.763 3.5")


@dataclass(frozen=True, slots=True)
class Table:
    """One table as people see it."""

    name: str
    """Attribute of `Rules`."""
    direction: str
    source: str
    """What stands before the key in a row."""
    target: str
    """What stands before the value where it is shown."""
    keys: Words | Numbers
    values: Words | Numbers
    clause: str


_TS: Final = "TS 29.163 C.1.1"
_PRACTICE: Final = "engineering practice after Q.764 2.1"
TABLES: Final[tuple[Table, ...]] = (
    Table("tup_category", "tup-call", "category", "category ", _TUP_CATEGORY, _CATEGORY, "GF 001-9001"),
    Table("category_tup", "call-tup", "category", "category ", _CATEGORY, _TUP_CATEGORY, "GF 001-9001"),
    Table("isup_category", "isup-call", "category", "category ", _CATEGORY, _CATEGORY, "Q.763 3.11"),
    Table("category_isup", "call-isup", "category", "category ", _CATEGORY, _CATEGORY, "Q.763 3.11"),
    Table("sip_category", "sip-call", "cpc", "category ", _CPC_NAMES, _CATEGORY, _TS),
    Table("category_sip", "call-sip", "category", "cpc ", _CATEGORY, _CPC_NAMES, _TS),
    Table("tup_nature", "tup-call", "nature", "nature ", _TUP_NATURE, _NATURE, "Q.723 3.3.1 d)"),
    Table("nature_tup", "call-tup", "nature", "nature ", _NATURE, _TUP_NATURE, "Q.723 3.3.1 d)"),
    Table("isup_nature", "isup-call", "nature", "nature ", _ISUP_NATURE, _NATURE, "Q.763 3.9 b)"),
    Table("nature_isup", "call-isup", "nature", "nature ", _NATURE, _ISUP_NATURE, "Q.763 3.9 b)"),
    Table("pri_nature", "pri-call", "type", "nature ", _TYPE, _NATURE, "Q.699 (recalled)"),
    Table("nature_pri", "call-pri", "nature", "type ", _NATURE, _TYPE, "Q.699 (recalled)"),
    Table("acm_charge", "tup-call", "ACM", "", _KIND, _CHARGE, "Q.723 3.5.1"),
    Table("charge_acm", "call-tup", "ACM with", "ACM ", _CHARGE, _KIND, "Q.723 3.5.1"),
    Table("answer_charge", "tup-call", "answer", "", _ANSWER, _CHARGE, "Q.722 3.4"),
    Table("charge_answer", "call-tup", "answer with", "", _CHARGE, _ANSWER, "Q.722 3.4"),
    Table("isup_charge", "isup-call", "charge indicator", "", _CHARGE_INDICATOR, _CHARGE, "Q.763 3.5 a)"),
    Table(
        "charge_isup",
        "call-isup",
        "ACM, CON or ANM with",
        "charge indicator ",
        _CHARGE,
        _CHARGE_INDICATOR,
        "Q.763 3.5 a)",
    ),
    Table("acm_status", "isup-call", "ACM, status", "", _NAMED_STATUS, _MEANS, "Q.764 2.1.4"),
    Table("cpg_event", "isup-call", "CPG, event", "", _NAMED_EVENT, _MEANS, "Q.764 2.1.6"),
    Table(
        "subscriber_free",
        "tup-call",
        "ACM, subscriber free",
        "",
        Words({"yes": True, "no": False}, "an answer to subscriber free"),
        _MEANS,
        f"Q.722 3.3, Q.723 3.3; {_PRACTICE}",
    ),
    Table(
        "sip_response",
        "sip-call",
        "response",
        "",
        Numbers(101, 198, "a provisional response with something to say"),
        _MEANS,
        "RFC 3398 8.2.3",
    ),
    Table(
        "response_sip",
        "call-sip",
        "response to",
        "",
        _MEANS,
        Numbers(180, 183, "a provisional response"),
        "RFC 3398 7.2.5, 7.2.6, 7.2.9",
    ),
)


def parse_row(row: str, value: int | str) -> tuple[Table, Any, Any]:
    """The table, key and value of a row of `[mapping]`; ValueError, worded for the operator, when it is none."""
    direction, _, rest = row.partition(" ")
    there = [table for table in TABLES if table.direction == direction]
    if not there:
        known = ", ".join(dict.fromkeys(table.direction for table in TABLES))
        raise ValueError(f'{row!r} is not a row; write "DIRECTION WHAT KEY" = VALUE, with a direction of {known}')
    for table in sorted(there, key=lambda item: -len(item.source)):
        if rest.lower().startswith(f"{table.source} ".lower()):
            return table, table.keys.read(rest[len(table.source) + 1 :]), table.values.read(value)
    known = ", ".join(f'"{direction} {table.source} …"' for table in there)
    raise ValueError(f"{row!r} is not a row; of {direction} there are {known}")


def shown(changes: Mapping[str, int | str], operator: str) -> Iterator[MappingRow]:
    """Every row for people; those that `changes` has name `operator` instead of their clause."""
    rules = Rules.of(changes)
    changed = {(table.name, key) for table, key, _ in (parse_row(row, value) for row, value in changes.items())}
    for table in TABLES:
        for key, value in getattr(rules, table.name).items():
            yield MappingRow(
                table.direction,
                f"{table.source} {table.keys.show(key)}",
                f"{table.target}{table.values.show(value)}",
                operator if (table.name, key) in changed else table.clause,
            )


#: The tables as they are without `[mapping]`.
STANDARD: Final = Rules()
