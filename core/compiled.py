"""Loops that are compiled where Tandem was installed with a C compiler (docs/decisions/0021)."""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

UNPACKING: Final = 10.0
"""Seconds between the files of one installation, which are laid down in any order."""


def compiled(package: str) -> Any:
    """The module `speedups` of a package, of its speedups.pyx; None where that was not built, or is out of date."""
    try:
        module = import_module(".speedups", package)
    except ImportError:
        return None
    if _is_stale(module):
        text = f"{package}: speedups.pyx has changed since it was compiled, and is not used; `make` compiles it anew"
        warnings.warn(text, RuntimeWarning, stacklevel=2)
        return None
    return module


def _is_stale(module: ModuleType) -> bool:
    """Whether its source lies beside it, as in a checkout, and is newer: who calls it may expect another interface."""
    built = Path(module.__file__ or "")
    source = built.with_name("speedups.pyx")
    return source.exists() and built.exists() and source.stat().st_mtime > built.stat().st_mtime + UNPACKING
