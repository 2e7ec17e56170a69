"""What changed on lines, links and circuits, for those who watch: the event socket, a page, alarms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Notice:
    """One change; `facts` are names and values as an event shows them."""

    kind: Literal["span", "link", "circuit"]
    facts: Mapping[str, str]


Notify = Callable[[Notice], None]


def circuit_notice(trunk: str, circuit: str, state: str, usable: bool) -> Notice:
    """A circuit or B-channel is in `state` now; `usable` says whether a call could have it, or has it."""
    return Notice(
        "circuit", {"Trunk": trunk, "Circuit": circuit, "State": state, "Usable": "true" if usable else "false"}
    )


def ignore(notice: Notice) -> None:
    """Nobody watches."""
