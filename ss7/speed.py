"""What is compiled where there is a compiler: parts of MTP level 2 and the form of ISUP messages (decision 34)."""

from __future__ import annotations

from typing import Any

from tandem.core.compiled import compiled

speedups: Any = compiled("tandem.ss7")
"""The module of speedups.pyx; None where it was not built, and everything is done in Python."""
