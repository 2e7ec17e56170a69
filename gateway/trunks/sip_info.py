"""Digits in INFO: application/dtmf-relay (`Signal=5`, `Duration=160`) and application/dtmf (the digit alone).

No RFC defines either; the first is Cisco's, the second is as old, and both are what PBXs and carriers send.
"""

from __future__ import annotations

import re
from typing import Final

from tandem.gateway.calls.model import Dtmf
from tandem.gateway.sip.message import Message

_SIGNAL: Final = re.compile(r"^\s*signal\s*=\s*([0-9*#a-d]|1[0-5])\s*$", re.IGNORECASE | re.MULTILINE)
_DURATION: Final = re.compile(r"^\s*duration\s*=\s*([0-9]{1,5})\s*$", re.IGNORECASE | re.MULTILINE)
_DIGIT: Final = re.compile(r"\s*([0-9*#A-Da-d]|1[0-5])\s*")
#: Some write the event codes of RFC 4733 instead of the signs.
_CODES: Final = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}
#: Where the message says none, and the least and most that is believed, in milliseconds.
USUAL, LEAST, MOST = 160, 40, 8000


def digit_of(message: Message) -> Dtmf | None:
    """The digit that an INFO carries; None when it carries none."""
    relay = message.part("application/dtmf-relay")
    plain = message.part("application/dtmf") if relay is None else None
    part = relay or plain
    if part is None:
        return None
    text = part.body.decode("ascii", "replace")
    match = _SIGNAL.search(text) if relay is not None else _DIGIT.fullmatch(text)
    if match is None:
        return None
    said = _DURATION.search(text) if relay is not None else None
    duration = USUAL if said is None else min(max(int(said[1]), LEAST), MOST)
    return Dtmf(_CODES.get(match[1], match[1].upper()), duration)


def digit_body(form: str, digit: str, duration_ms: int) -> tuple[str, bytes]:
    """Content-Type and body of the INFO for a digit; `form` is `info-relay` or `info`."""
    if form == "info":
        return "application/dtmf", f"{digit}\r\n".encode()
    return "application/dtmf-relay", f"Signal={digit}\r\nDuration={duration_ms}\r\n".encode()
