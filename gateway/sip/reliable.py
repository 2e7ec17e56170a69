"""Reliable provisional responses (RFC 3262): the RSeq and RAck fields, and the sending side.

The receiving side needs no more than the last number seen in each early dialog; `outgoing.py` has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from tandem.gateway.sip.message import Request, Response

OPTION: Final = "100rel"
_RSEQ = re.compile(r"[0-9]{1,10}")
_RACK = re.compile(r"([0-9]{1,10})\s+([0-9]{1,10})\s+(\S+)")


def response_sequence(response: Response) -> int | None:
    """The RSeq of a provisional response that must be acknowledged, None for any other (3, 7.1)."""
    if not 101 <= response.status <= 199 or "require" not in response.fields:
        return None
    if OPTION not in [tag.lower() for tag in response.values("require")]:
        return None
    value = response.get("rseq")
    return int(value) if value is not None and _RSEQ.fullmatch(value) else None


def acknowledged(prack: Request) -> tuple[int, int, str] | None:
    """The response number, CSeq number and method of RAck; None without one that can be read (7.2)."""
    match = _RACK.fullmatch(prack.get("rack") or "")
    return None if match is None else (int(match[1]), int(match[2]), match[3])


class ReliableSender:
    """The provisional responses of one INVITE that we answer: one unacknowledged at a time, in order (3)."""

    __slots__ = ("_waiting", "outstanding", "sequence")

    def __init__(self, first: int = 1) -> None:
        self.sequence = first - 1
        """RSeq of the last response that was sent."""
        self.outstanding = False
        """The last response waits for its PRACK."""
        self._waiting: list[Callable[[float], None]] = []
        """What sends each response that has not been sent yet, at the time it is given."""

    @property
    def idle(self) -> bool:
        """Nothing waits, neither for a PRACK nor to be sent."""
        return not self.outstanding and not self._waiting

    def submit(self, send: Callable[[float], None], now: float) -> None:
        """Send a response now, or once what was sent before has been acknowledged."""
        self._waiting.append(send)
        self.go_on(now)

    def next_number(self) -> int:
        """RSeq of the response being sent (7.1: each one higher by one)."""
        self.sequence += 1
        return self.sequence

    def acknowledge(self, number: int) -> bool:
        """Take the response number of a PRACK; False when no response with it waits."""
        if not self.outstanding or number != self.sequence:
            return False
        self.outstanding = False
        return True

    def go_on(self, now: float) -> None:
        """Send what waited for the PRACK that has just been answered."""
        if self._waiting and not self.outstanding:
            self.outstanding = True
            self._waiting.pop(0)(now)

    def clear(self) -> None:
        """Forget everything: a final response ends all of it (3)."""
        self.outstanding = False
        self._waiting.clear()
