"""The loops over the octets of lines that are compiled where there is a compiler (docs/decisions/0027)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

speedups: Any
"""The module of speedups.pyx; None where it was not built, and everything is done with Python and numpy."""
try:
    speedups = import_module(".speedups", __package__)
except ImportError:
    speedups = None
