"""The reading of plain messages that is compiled where there is a compiler (docs/decisions/0033)."""

from __future__ import annotations

from typing import Any

from tandem.core.compiled import compiled

speedups: Any = compiled("tandem.gateway.sip")
"""The module of speedups.pyx; None where it was not built, and everything is read in Python."""
