"""Dial strings: whom to call, several at once or one after another, with variables.

`{origination_caller_id_number=123}isup/TO-A/301234,user/1000|sip/CARRIER/+49301234`: first both of the first group at
once, the first to answer wins; when all of them fail, those behind `|`. `{…}` in front are variables of all legs,
`[…]` those of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

PROTOCOLS: Final = ("isup", "tup", "pri", "sip")
_NUMBER: Final = re.compile(r"\+?[0-9A-D*#]+")


@dataclass(frozen=True, slots=True)
class Target:
    """One leg to call."""

    protocol: str
    """`isup`, `tup`, `pri`, `sip`; empty: whatever the trunk speaks."""
    trunk: str
    """Name of a trunk, or `user:NAME`."""
    number: str
    """`+` in front makes it international."""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DialString:
    """Groups of legs: those of a group are called at once, the groups one after another."""

    groups: tuple[tuple[Target, ...], ...]
    variables: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> DialString:
        """Read a dial string; ValueError, worded for the operator."""
        variables, rest = _variables(text.strip(), "{", "}")
        groups = tuple(tuple(_target(leg) for leg in split(group, ",")) for group in split(rest, "|"))
        return cls(groups, variables)


def _target(text: str) -> Target:
    variables, name = _variables(text.strip(), "[", "]")
    kind, _, rest = name.partition("/")
    if kind == "user" and rest:
        user = rest.partition("@")[0]
        return Target("sip", f"user:{user}", user, variables)
    if kind == "sofia":
        gateway, _, rest = rest.partition("/")
        if gateway != "gateway":
            raise ValueError(f"{name!r}: write sofia/gateway/TRUNK/NUMBER; calls go to trunks, not to SIP addresses")
        kind = "sip"
    trunk, _, number = rest.partition("/")
    if kind not in PROTOCOLS or not trunk or not number:
        raise ValueError(
            f"{name!r} is not a leg such as isup/TRUNK/NUMBER, tup/…, pri/…, sip/TRUNK/NUMBER, user/NAME or "
            "sofia/gateway/TRUNK/NUMBER"
        )
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"{number!r} is not a number: digits, with + in front where it is international")
    return Target(kind, trunk, number, variables)


def _variables(text: str, opening: str, closing: str) -> tuple[dict[str, str], str]:
    """Variables in front of `text`, and what is behind them."""
    found: dict[str, str] = {}
    while text.startswith(opening):
        end = _end(text, closing)
        if end < 0:
            raise ValueError(f"{text!r}: {opening} is not closed by {closing}")
        for item in split(text[1:end], ","):
            name, equals, value = item.partition("=")
            if not equals or not name.strip():
                raise ValueError(f"{item!r} is not VARIABLE=VALUE")
            found[name.strip()] = value.strip().removeprefix("'").removesuffix("'")
        text = text[end + 1 :].lstrip()
    return found, text


def _end(text: str, closing: str) -> int:
    quoted = False
    for place, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif letter == closing and not quoted:
            return place
    return -1


def split(text: str, separator: str) -> Iterator[str]:
    """Parts between separators that are neither quoted nor in brackets."""
    depth, quoted, start = 0, False, 0
    for place, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif letter in "[{":
            depth += 1
        elif letter in "]}":
            depth -= 1
        elif letter == separator and depth == 0:
            yield text[start:place]
            start = place + 1
    yield text[start:]
