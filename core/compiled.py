"""Loops that are compiled where Tandem was installed with a C compiler (docs/decisions/0021)."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def compiled(package: str) -> Any:
    """The module `speedups` of a package, of its speedups.pyx; None where that was not built."""
    try:
        return import_module(".speedups", package)
    except ImportError:
        return None
