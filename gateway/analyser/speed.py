"""The compiled loops over octets, where this Tandem was installed with them: see docs/decisions/0021."""

from __future__ import annotations

from typing import Any

from tandem.core.compiled import compiled

speedups: Any = compiled("tandem.gateway.analyser")
"""The module `speedups`, of speedups.pyx; None where it was not built, and everything is done with numpy."""


def room(count: int) -> int:
    """Slots of a table of so many keys: a power of two, at most half of it full."""
    return 1 << (2 * count + 1).bit_length()
