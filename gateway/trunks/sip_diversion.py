"""Redirected calls: Diversion (RFC 5806) and History-Info (RFC 7044, causes of RFC 4458) to and from the neutral call.

RFC 7544 says how the two stand for each other. The redirecting number is the last that diverted the call, the original
called number the first. Reasons are those of Q.763 3.45, by the project's tables (recalled).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tandem.gateway.calls.model import Number, Presentation, Setup
from tandem.gateway.sip.fields import Address, Uri, parse_address
from tandem.gateway.sip.message import Message
from tandem.gateway.trunks.sip_numbers import number_of, user_part

#: Reason of a Diversion by redirecting reason of Q.763 3.45.
DIVERSION_REASONS: Final = {
    0: "unknown",
    1: "user-busy",
    2: "no-answer",
    3: "unconditional",
    4: "deflection",
    5: "deflection",
    6: "unavailable",
}
_REASONS: Final = {
    **{name: reason for reason, name in reversed(DIVERSION_REASONS.items())},
    "do-not-disturb": 1,
    "follow-me": 3,
    "time-of-day": 3,
    "away": 2,
    "out-of-service": 6,
}
#: `cause` of the URI that a call was diverted to (RFC 4458 3.1), by redirecting reason.
HISTORY_CAUSES: Final = {0: 404, 1: 486, 2: 408, 3: 302, 4: 487, 5: 480, 6: 503}
_BY_CAUSE: Final = {cause: reason for reason, cause in HISTORY_CAUSES.items()}
_MOST: Final = 7
"""The redirection counter has three bits, and Q.732 allows five diversions."""
_PRIVATE = re.compile(r"(?:^|&)privacy=[^&]*\b(?:history|header|session)\b", re.IGNORECASE)


class Redirection(Struct, frozen=True):
    """What the header fields say of a redirected call."""

    redirecting: Number
    original: Number | None
    reason: int
    original_reason: int
    counter: int

    def apply(self, setup: Setup) -> Setup:
        """The call with it."""
        return replace(
            setup,
            redirecting=self.redirecting,
            original_called=self.original,
            redirection_reason=self.reason,
            original_redirection_reason=self.original_reason,
            redirection_counter=self.counter,
        )


def read(message: Message) -> Redirection | None:
    """What Diversion, else History-Info, says; None for a call that was not redirected."""
    fields = message.fields
    found = _from_diversion(message) if "diversion" in fields else None
    return found or (_from_history(message) if "history-info" in fields else None)


def write(setup: Setup, form: str, domain: str, country_code: str, target: str) -> list[tuple[str, str]]:
    """The header fields for a redirected call; `form` is `diversion`, `history-info`, `both` or `none`.

    `target` is the URI that is being called.
    """
    if setup.redirecting is None or form == "none":
        return []
    fields = []
    if form in ("diversion", "both"):
        fields += _diversion(setup, domain, country_code)
    if form in ("history-info", "both"):
        fields.append(("History-Info", _history(setup, domain, country_code, target)))
    return fields


# --- Diversion


def _from_diversion(message: Message) -> Redirection | None:
    """RFC 5806 4.1: the topmost field is the last diversion."""
    found = [(number, address) for address in _addresses(message, "Diversion") if (number := number_of(address.uri))]
    if not found:
        return None
    counter = 0
    for _, address in found:
        counter += _count(address.parameters.get("counter"))
    numbers = [_presented(number, address.parameters.get("privacy") or "") for number, address in found]
    reasons = [_REASONS.get((address.parameters.get("reason") or "").strip('"').lower(), 0) for _, address in found]
    original = numbers[-1] if len(found) > 1 or counter > 1 else None
    original_reason = reasons[-1] if len(found) > 1 else 0
    return Redirection(numbers[0], original, reasons[0], original_reason, min(counter, _MOST))


def _diversion(setup: Setup, domain: str, country_code: str) -> list[tuple[str, str]]:
    assert setup.redirecting is not None
    several = setup.original_called is not None and (setup.redirection_counter or 1) > 1
    fields = [(setup.redirecting, setup.redirection_reason or 0, (setup.redirection_counter or 1) - several)]
    if several and setup.original_called is not None:
        fields.append((setup.original_called, setup.original_redirection_reason or 0, 1))
    return [("Diversion", _diversion_value(*field, domain, country_code)) for field in fields]


def _diversion_value(number: Number, reason: int, counter: int, domain: str, country_code: str) -> str:
    uri = f"sip:{user_part(number, country_code)}@{domain};user=phone"
    private = ";privacy=full" if number.presentation is Presentation.RESTRICTED else ""
    return f"<{uri}>;reason={DIVERSION_REASONS.get(reason, 'unknown')};counter={counter}{private}"


def _presented(number: Number, privacy: str) -> Number:
    restricted = privacy.strip('"').lower() in ("full", "uri")
    return replace(number, presentation=Presentation.RESTRICTED) if restricted else number


def _count(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() and 0 < len(text) < 4 else 1


# --- History-Info


def _from_history(message: Message) -> Redirection | None:
    """RFC 7044: who diverted stands before each entry whose URI has a cause of RFC 4458."""
    entries = [address.uri for address in _addresses(message, "History-Info")]
    hidden = any("history" in value.lower() for value in message.values("Privacy"))
    diverted = []
    for before, after in pairwise(entries):
        reason = _BY_CAUSE.get(_cause(after))
        number = number_of(before)
        if reason is not None and number is not None:
            private = hidden or bool(_PRIVATE.search(before.headers))
            diverted.append((_presented(number, "full") if private else number, reason))
    if not diverted:
        return None
    original = diverted[0] if len(diverted) > 1 else (None, 0)
    return Redirection(diverted[-1][0], original[0], diverted[-1][1], original[1], min(len(diverted), _MOST))


def _cause(uri: Uri) -> int:
    text = uri.parameters.get("cause") or ""
    return int(text) if text.isdecimal() and len(text) == 3 else 0


def _history(setup: Setup, domain: str, country_code: str, target: str) -> str:
    assert setup.redirecting is not None
    chain: list[tuple[Number, int]] = []
    if setup.original_called is not None and (setup.redirection_counter or 1) > 1:
        chain.append((setup.original_called, setup.original_redirection_reason or 0))
    chain.append((setup.redirecting, setup.redirection_reason or 0))
    values, index, cause = [], "1", ""
    for number, reason in chain:
        private = "?Privacy=history" if number.presentation is Presentation.RESTRICTED else ""
        uri = f"sip:{user_part(number, country_code)}@{domain};user=phone{cause}{private}"
        values.append(f"<{uri}>;index={index}")
        cause, index = f";cause={HISTORY_CAUSES.get(reason, 404)}", f"{index}.1"
    values.append(f"<{target}{cause}>;index={index}")
    return ", ".join(values)


def _addresses(message: Message, name: str) -> Iterator[Address]:
    for value in message.values(name):
        try:
            yield parse_address(value)
        except ValueError:
            continue
