"""Timers that ran out in a call, told by what was sent and when; each with its name and clause.

Values are the ranges of Q.764 (12/1999) table A.1, Q.931 (05/1998) table 9-1 and RFC 3261 17: exchanges choose theirs
within them, so the wait must lie in the range, give or take a little.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from .model import CallMessage, CallRecord

SLACK: Final = 1.0
"""Seconds by which a wait may miss the range: exchanges are late, clocks differ."""
RECOVERY: Final = 102
"""Q.850: recovery on timer expiry."""


class Expiry(NamedTuple):
    """A timer that ran out."""

    timer: str
    since: list[CallMessage]
    """What it began with, as far as that was seen."""
    at: CallMessage
    """What was sent because of it."""
    times: int
    side: str
    """Side whose timer it was: `calling` or `called`; the other one kept it waiting."""
    waited_for: str
    clause: str


class _Wait(NamedTuple):
    """After `begun` nothing of `ends` comes back, and the waiting side then sends `sent`."""

    timer: str
    begun: frozenset[str]
    ends: frozenset[str]
    sent: frozenset[str]
    least: float
    most: float
    waited_for: str
    clause: str
    first: bool = False
    """It goes on while what began it is repeated."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ISUP: Final = (
    _Wait("T7", _words("IAM SAM"), _words("ACM CON ANM REL"), _words("REL"), 20, 30, "ACM", "Q.764 2.1.4.2, T7"),
    _Wait("T1", _words("REL"), _words("RLC"), _words("REL"), 15, 60, "RLC", "Q.764 2.3.1, T1"),
    _Wait("T5", _words("REL"), _words("RLC"), _words("RSC"), 300, 900, "RLC", "Q.764 2.3.1, T5", True),
    _Wait("T2", _words("SUS"), _words("RES REL"), _words("REL"), 179, 181, "RES", "Q.764 2.4.1, T2"),
    _Wait("T6", _words("SUS"), _words("RES REL"), _words("REL"), 10, 120, "RES", "Q.764 2.4.1, T6"),
    _Wait("T9", _words("ACM"), _words("ANM CON REL"), _words("REL"), 88, 240, "ANM", "Q.764 2.1.4.8, T9"),
)
_ANSI: Final = (
    *(wait for wait in _ISUP if wait.timer not in ("T1", "T5")),
    _Wait("T1", _words("REL"), _words("RLC"), _words("REL"), 4, 15, "RLC", "T1.113.4 2.3.1, T1"),
    _Wait("T5", _words("REL"), _words("RLC"), _words("RSC"), 60, 60, "RLC", "T1.113.4 2.3.1, T5", True),
)
"""Values as implementations have them; the text of T1.113 is not at hand, its clauses are those of Q.764."""
_Q931: Final = (
    _Wait(
        "T303",
        _words("SETUP"),
        _words("CALL_PROCEEDING SETUP_ACKNOWLEDGE ALERTING CONNECT PROGRESS RELEASE_COMPLETE"),
        _words("SETUP RELEASE_COMPLETE"),
        4,
        12,
        "an answer to SETUP",
        "Q.931 5.1.1, T303",
    ),
    _Wait(
        "T305",
        _words("DISCONNECT"),
        _words("RELEASE DISCONNECT"),
        _words("RELEASE"),
        30,
        60,
        "RELEASE",
        "Q.931 5.3.3, T305",
    ),
    _Wait(
        "T308",
        _words("RELEASE"),
        _words("RELEASE_COMPLETE RELEASE"),
        _words("RELEASE"),
        4,
        12,
        "RELEASE COMPLETE",
        "Q.931 5.3.3, T308",
    ),
    _Wait(
        "T310",
        _words("CALL_PROCEEDING"),
        _words("ALERTING CONNECT DISCONNECT PROGRESS"),
        _words("DISCONNECT"),
        10,
        120,
        "ALERTING",
        "Q.931 5.2.5, T310",
    ),
    _Wait(
        "T301",
        _words("ALERTING"),
        _words("CONNECT DISCONNECT"),
        _words("DISCONNECT"),
        180,
        400,
        "CONNECT",
        "Q.931 5.2.5, T301",
    ),
)
_AFTER_BACKWARD: Final = frozenset({"T9", "T6", "T2", "T310", "T301"})
"""What begins the wait comes from the other side."""


def expiries(record: CallRecord) -> Iterator[Expiry]:
    """Timers that ran out in a call of ISUP or Q.931, each once, and a cause 102 that no such wait explains."""
    waits = {"isup": _ANSI if record.variant == "ansi" else _ISUP, "q931": _Q931}.get(record.protocol, ())
    found = [expiry for wait in waits if (expiry := _expired(record, wait)) is not None]
    yield from found
    if record.cause == RECOVERY and not any(expiry.at.type in ("REL", "DISCONNECT", "RELEASE") for expiry in found):
        last = next((message for message in record.messages if message.summary == f"cause {RECOVERY}"), None)
        if last is not None:
            side = "calling" if last.forward else "called"
            yield Expiry("a timer", [], last, 1, side, "an answer", "Q.850 2.2, cause 102")


def _expired(record: CallRecord, wait: _Wait) -> Expiry | None:
    begun: CallMessage | None = None
    found: tuple[CallMessage, CallMessage] | None = None
    times = 0
    for message in record.messages:
        if message.duplicate:
            continue
        if begun is not None:
            sender_waits = (message.forward == begun.forward) != (wait.timer in _AFTER_BACKWARD)
            if message.type in wait.sent and sender_waits:
                waited = message.time - begun.time
                if wait.least - SLACK <= waited <= wait.most + SLACK and _says_so(wait, message):
                    found, times = found or (begun, message), times + 1
                begun = None
            elif message.type in wait.ends:
                begun = None
        if message.type in wait.begun and not (wait.first and begun is not None and begun.forward == message.forward):
            begun = message
    if found is None:
        return None
    since, sent = found
    side = "calling" if sent.forward else "called"
    return Expiry(wait.timer, [since], sent, times, side, wait.waited_for, wait.clause)


def _says_so(wait: _Wait, message: CallMessage) -> bool:
    """A caller may give up while a timer runs: then the cause is 16, where the timer's is another one."""
    if wait.timer not in ("T7", "T9", "T6", "T2", "T301", "T310"):
        return True
    return message.summary not in ("cause 16", "cause 17", "cause 21")
