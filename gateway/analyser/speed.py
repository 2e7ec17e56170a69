"""The compiled loops over octets, where this Tandem was installed with them: see docs/decisions/0021."""

from __future__ import annotations

from importlib import import_module
from typing import Any

speedups: Any
"""The module `speedups`, of speedups.pyx; None where it was not built, and everything is done with numpy."""
try:
    speedups = import_module(".speedups", __package__)
except ImportError:
    speedups = None


def room(count: int) -> int:
    """Slots of a table of so many keys: a power of two, at most half of it full."""
    return 1 << (2 * count + 1).bit_length()
