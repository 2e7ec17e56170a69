"""A ladder of the call: who sent what to whom, when, with a lane between any two stations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Width of a lane between SIP stations, and of one that is a circuit line.
SIP_LANE, LINE_LANE = 30, 38
_TIME = 9
_CAUSE = re.compile(r"Cause(?: indicators)?: (\d+ [^,|]*)")
_CALLED = re.compile(r"Called party number: ([0-9A-F]+)")


@dataclass(frozen=True, order=True)
class Rung:
    """One message: `lane` counts from 0 at the left, `forward` when it goes to the right."""

    seconds: float
    lane: int
    forward: bool
    text: str


def heading(stations: Sequence[str], lanes: Sequence[int]) -> str:
    """The line above the ladder; there is one lane fewer than stations."""
    between = "".join(f"{station:<{width}}" for station, width in zip(stations, lanes, strict=False))
    return f"{'':{_TIME}}{between}{stations[-1]}"


def draw(rung: Rung, origin: float, lanes: Sequence[int]) -> str:
    """One rung as a line, with the time since `origin` in seconds."""
    width = lanes[rung.lane] - 2
    text = rung.text if len(rung.text) <= width - 6 else rung.text[: width - 7] + "…"
    line = f"─ {text} " + "─" * (width - len(text) - 4)
    arrow = f"{line}▶" if rung.forward else f"◀{line}"
    return f"{rung.seconds - origin:8.3f} {'':{sum(lanes[: rung.lane])}}{arrow}"


def message_name(protocol: str, text: str) -> str:
    """The name of a message of the log: `IAM`, `CONNECT ACKNOWLEDGE`."""
    match protocol:
        case "pri":
            return text.partition(" call reference ")[0]
        case "tup":
            return text.partition(" | ")[0].rpartition(" ")[2]
        case _:
            return text.split(" ", 1)[0]


def line_text(protocol: str, text: str) -> str:
    """A message of the log in a few words: its name, its circuit, and what matters most in it."""
    head, _, rest = text.partition(" | ")
    name = message_name(protocol, text)
    if protocol == "pri":
        head = name
    elif protocol == "tup":
        head = f"{name} {head.removesuffix(f' {name}')}"
        digits = rest.partition(" | ")[0]
        return f"{head} to {digits}" if name in ("IAI", "IAM") else head
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
