"""The contract of every protocol machine.

A machine does no I/O and has no clock. Inputs are method calls that carry the time (`now`, seconds as a float on
one monotonic scale chosen by the caller); they change state and append to the outputs. The caller then drains
`outputs()`, acts on each, and arms one timer for `next_deadline()`. The same order everywhere: one input, drain,
re-arm.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

Output = TypeVar("Output")


class Machine(Protocol[Output]):
    """What a pump needs to know of a machine; inputs differ from one protocol to another."""

    def next_deadline(self) -> float | None:
        """Time at which `handle_timers` is due, or None when no timer runs."""
        ...

    def handle_timers(self, now: float) -> None:
        """Act on every timer that has expired at `now`."""
        ...

    def outputs(self) -> list[Output]:
        """Return what has been produced since the last call, in order, and forget it."""
        ...
