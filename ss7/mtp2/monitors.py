"""Error rate monitors of Q.703 (07/96) 10 and Annex A.

They are fed with sums: units that were good, units that were errored, octets counted while the receiver hunted for
a flag (octet counting mode, Q.703 4.1.4), in which every N octets are one error.
"""

from __future__ import annotations

from tandem.ss7.mtp2.configuration import EimParameters, SuermParameters
from tandem.ss7.mtp2.primitives import LinkCongested, LinkCongestionCeased


class AlignmentErrorRateMonitor:
    """AERM, Q.703 10.3 and figure 17: counts errors of one proving period."""

    def __init__(self, octets: int) -> None:
        self._octets = octets
        self._hunted = 0
        self._errors = 0
        self._threshold: int | None = None

    def start(self, threshold: int) -> None:
        """Count from nought; `threshold` is Tin or Tie."""
        self._threshold = threshold
        self._errors = self._hunted = 0

    def stop(self) -> None:
        """Forget about errors until the next start."""
        self._threshold = None

    def count(self, errored: int, octets_counted: int) -> bool:
        """Add errors; True, once a start, when proving is to be aborted."""
        if self._threshold is None:
            return False
        hunted, self._hunted = divmod(self._hunted + octets_counted, self._octets)
        self._errors += errored + hunted
        if self._errors < self._threshold:
            return False
        self._threshold = None
        return True


class SignalUnitErrorRateMonitor:
    """SUERM, Q.703 10.2 and figure 18: a leaky bucket."""

    def __init__(self, parameters: SuermParameters) -> None:
        self._parameters = parameters
        self._running = False
        self.errors = 0
        """Cs, the level of the bucket."""
        self._units = 0
        self._hunted = 0

    def start(self) -> None:
        """Count from nought."""
        self._running = True
        self.errors = self._units = self._hunted = 0

    def stop(self) -> None:
        """Stop counting."""
        self._running = False

    def count(self, good: int, errored: int, octets_counted: int) -> bool:
        """Add units; True when the link is to fail. Of one sum, the errors are taken to have come first."""
        if not self._running:
            return False
        parameters = self._parameters
        if not errored and not octets_counted and not self.errors and self._units + good < parameters.rate:
            self._units += good  # as it is nearly always
            return False
        hunted, self._hunted = divmod(self._hunted + octets_counted, parameters.octets)
        errors = errored + hunted
        self.errors += errors
        if self.errors >= parameters.threshold:
            self._running = False
            return True
        leaks, self._units = divmod(self._units + good + errors, parameters.rate)
        self.errors = max(0, self.errors - leaks)
        return False


class ErroredIntervalMonitor:
    """EIM, Q.703 Annex A: a leaky bucket of intervals with and without an error."""

    def __init__(self, parameters: EimParameters) -> None:
        self._parameters = parameters
        self._errored = False
        self.level = 0

    def start(self) -> None:
        """Count from nought; the caller runs T8 and calls `interval` at its end."""
        self.level = 0
        self._errored = False

    def count(self, errored: int, octets_counted: int) -> None:
        """Note errors of the current interval."""
        if errored or octets_counted:
            self._errored = True

    def interval(self) -> bool:
        """End an interval and begin the next; True when the link is to fail."""
        if self._errored:
            self.level += self._parameters.increment
        else:
            self.level = max(0, self.level - self._parameters.decrement)
        self._errored = False
        return self.level >= self._parameters.threshold


class CongestionMonitor:
    """Congestion of one link by the messages that wait in it or are not acknowledged (Q.704 3.8.2.2).

    With `levels` above 1, level n begins at n times the onset threshold and ends as far below it as level 1 does.
    """

    def __init__(self, onset: int, abatement: int, levels: int) -> None:
        self._onset, self._gap, self._levels = onset, onset - abatement, levels
        self.level = 0

    def review(self, pending: int) -> LinkCongested | LinkCongestionCeased | None:
        """There are `pending` messages: what to tell level 3, if the level is another now."""
        level = self.level
        while level < self._levels and pending >= (level + 1) * self._onset:
            level += 1
        while level and pending <= level * self._onset - self._gap:
            level -= 1
        if level == self.level:
            return None
        self.level = level
        return LinkCongested(level) if level else LinkCongestionCeased()
