"""Restart of a whole signalling point, MPR of Q.704 (07/96) 9.2: it listens before it takes traffic.

From the first link on, for T20 at most, the point collects what its neighbours say of their routes and waits for
their TRA; a transfer point waits T18 at least. Then it sends TRA to all, and traffic begins. In ANSI networks
(T1.111.4 9; recalled) it says TRW to each neighbour meanwhile, and a point isolated for less than T27 does not restart.
"""

from __future__ import annotations

from enum import Enum, auto

from tandem.ss7.mtp3.timers import Timer, Timers


class PointState(Enum):
    """Whether the point may announce itself."""

    ISOLATED = auto()
    """No usable link."""
    LISTENING = auto()
    """T20 runs."""
    RESTARTED = auto()


class PointRestart:
    """The restart of the point, from the state of its linksets."""

    def __init__(self, t18: float, t20: float, table: Timers, t27: float = 0.0) -> None:
        """`t18` is 0 for a point that does not transfer, `t27` outside of ANSI networks."""
        self.state = PointState.ISOLATED
        self._t18, self._t20, self._t27 = t18, t20, t27
        self._isolated_at: float | None = None
        self._timers = table
        self._up: set[str] = set()
        self._ready: set[str] = set()

    def usable(self, linkset: str, now: float) -> None:
        """`linkset` has a usable link."""
        self._up.add(linkset)
        if self.state is PointState.ISOLATED:
            if self._isolated_at is not None and now < self._isolated_at + self._t27:
                self.state = PointState.RESTARTED
                return
            self.state = PointState.LISTENING
            self._timers.start((Timer.T20, 0), now + self._t20)
            if self._t18:
                self._timers.start((Timer.T18, 0), now + self._t18)

    def lost(self, linkset: str, now: float) -> None:
        """`linkset` has none any more."""
        self._up.discard(linkset)
        self._ready.discard(linkset)
        if not self._up:
            if self.state is PointState.RESTARTED:
                self._isolated_at = now
            self.state = PointState.ISOLATED
            self._timers.stop((Timer.T18, 0))
            self._timers.stop((Timer.T20, 0))

    def neighbour_ready(self, linkset: str) -> None:
        """TRA came over `linkset`."""
        self._ready.add(linkset)

    def finished(self) -> bool:
        """Whether the restart has ended just now: all neighbours are ready and T18 is over, or T20 is."""
        if self.state is not PointState.LISTENING:
            return False
        waiting = self._timers.is_running((Timer.T18, 0)) or not self._up <= self._ready
        if waiting and self._timers.is_running((Timer.T20, 0)):
            return False
        self._timers.stop((Timer.T18, 0))
        self._timers.stop((Timer.T20, 0))
        self.state = PointState.RESTARTED
        return True
