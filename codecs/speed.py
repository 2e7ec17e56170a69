"""The loops over samples that are compiled where there is a compiler (docs/decisions/0021)."""

from __future__ import annotations

from typing import Any

from tandem.core.compiled import compiled

speedups: Any = compiled("tandem.codecs")
"""The module of speedups.pyx; None where it was not built, and everything is done with numpy."""
