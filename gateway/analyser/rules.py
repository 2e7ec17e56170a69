"""The rules between causes and SIP statuses that calls are judged by; imported once a call needs them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tandem.gateway.calls.interworking import CauseMap


@cache
def standard_causes() -> CauseMap:
    """The table of RFC 3398, without an operator's changes."""
    from tandem.gateway.calls.interworking import CauseMap

    return CauseMap.with_overrides({})
