"""A ladder of the call: who sent what to whom, when, in three lanes: caller - A, the E1, B - callee."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Width of each lane, and the four stations between them.
LANES = (30, 38, 30)
STATIONS = ("caller", "gateway A", "gateway B", "callee")
_CAUSE = re.compile(r"Cause indicators: (\d+ [^,|]*)")
_CALLED = re.compile(r"Called party number: ([0-9A-F]+)")


@dataclass(frozen=True, order=True)
class Rung:
    """One message: `lane` 0 to 2 from left to right, `forward` when it goes to the right."""

    seconds: float
    lane: int
    forward: bool
    text: str


def heading() -> str:
    """The line above the ladder."""
    return f"{'':9}{STATIONS[0]:<{LANES[0]}}{STATIONS[1]:<{LANES[1]}}{STATIONS[2]:<{LANES[2]}}{STATIONS[3]}"


def draw(rung: Rung, origin: float) -> str:
    """One rung as a line, with the time since `origin` in seconds."""
    width = LANES[rung.lane] - 2
    text = rung.text if len(rung.text) <= width - 6 else rung.text[: width - 7] + "…"
    line = f"─ {text} " + "─" * (width - len(text) - 4)
    arrow = f"{line}▶" if rung.forward else f"◀{line}"
    return f"{rung.seconds - origin:8.3f} {'':{sum(LANES[: rung.lane])}}{arrow}"


def isup_text(text: str) -> str:
    """A message of the log in a few words: its name, its circuit, and what matters most in it."""
    head = text.partition(" | ")[0]
    if called := _CALLED.search(text):
        return f"{head} to {called[1]}"
    if cause := _CAUSE.search(text):
        return f"{head} {cause[1]}"
    return head


def sip_text(start_line: str) -> str:
    """A start line without version and, for requests, with the user part alone."""
    text = start_line.removeprefix("SIP/2.0 ").removesuffix(" SIP/2.0")
    method, _, uri = text.partition(" ")
    if uri.startswith("sip:"):
        user = uri[4:].partition("@")[0] if "@" in uri else ""
        return f"{method} {user}".strip() if method == "INVITE" else method
    return text
