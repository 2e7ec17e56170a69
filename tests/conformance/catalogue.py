"""Test lists of Recommendations as tables: each case has its number, its title and what it checks.

A case passes, fails, or does not apply, with the reason. The cases are run by pytest (`test_mtp.py`) and can be
printed as a table with `python tests/conformance/summary.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One test of a Recommendation."""

    recommendation: str
    number: str
    title: str
    check: Callable[[], None] | None
    """Raises AssertionError when the implementation does not conform; None: does not apply."""
    reason: str = ""
    """Why it does not apply."""
    recalled: bool = False
    """The number is from memory; what is checked is not."""

    def __str__(self) -> str:
        return f"{self.recommendation}-{self.number}"


class Catalogue:
    """The cases of one Recommendation, in their order."""

    def __init__(self, recommendation: str, recalled: bool = False) -> None:
        self.recommendation = recommendation
        self._recalled = recalled
        self.cases: list[Case] = []

    def case(self, number: str, title: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
        """Register the decorated function as the check of a case."""

        def register(check: Callable[[], None]) -> Callable[[], None]:
            self.cases.append(Case(self.recommendation, number, title, check, recalled=self._recalled))
            return check

        return register

    def not_applicable(self, number: str, title: str, reason: str) -> None:
        """Register a case that cannot be run, or has no meaning here."""
        self.cases.append(Case(self.recommendation, number, title, None, reason, self._recalled))
