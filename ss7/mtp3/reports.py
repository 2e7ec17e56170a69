"""What a transfer point tells its neighbours about destinations: RTPC, RTRC and RTAC of Q.704 (07/96) 13, sending side.

A neighbour is told TFP when the destination cannot be reached, or when traffic for it goes over that very neighbour
(so that none comes back), TFR when only a route of second choice is left for longer than T11 (national option), TFA
otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tandem.ss7.mtp3.routes import RouteState, RouteTable
from tandem.ss7.mtp3.timers import Timer, Timers


@dataclass(frozen=True, slots=True)
class TellNeighbour:
    """Send TFP, TFR or TFA about `dpc` to the adjacent point of `linkset`."""

    state: RouteState
    dpc: int
    linkset: str


class RouteReports:
    """What the adjacent point of every linkset has been told. Empty while the point does not transfer."""

    def __init__(
        self, routes: RouteTable, neighbours: dict[str, int], t8: float, t11: float, restricting: bool, table: Timers
    ) -> None:
        """`neighbours` are adjacent point codes by linkset; `restricting` says whether TFR is used."""
        self._routes = routes
        self._neighbours = neighbours
        self._t8, self._t11 = t8, t11
        self._restricting = restricting
        self._timers = table
        self._told: dict[tuple[int, str], RouteState] = {}
        self._restricted: set[int] = set()
        """Destinations with a route of second choice for longer than T11."""

    def state(self, dpc: int, linkset: str) -> RouteState:
        """What the adjacent point of `linkset` ought to know about `dpc`."""
        groups = self._routes.candidates(dpc)
        if not groups or linkset in groups[0]:
            return RouteState.PROHIBITED
        if dpc in self._restricted:
            return RouteState.RESTRICTED
        return RouteState.ALLOWED

    def review(self, ready: Iterable[str], now: float) -> list[TellNeighbour]:
        """Routes changed: what the neighbours of the linksets `ready` are to be told."""
        if self._restricting:
            for dpc in self._routes.destinations:
                self._supervise(dpc, now)
        return [tell for name in ready for tell in self._news(name)]

    def second_choice_lasts(self, dpc: int) -> None:
        """T11 expired; `review` is to follow."""
        self._restricted.add(dpc)

    def _supervise(self, dpc: int, now: float) -> None:
        key = (Timer.T11, dpc)
        if self._routes.normal(dpc) or not self._routes.available(dpc):
            self._timers.stop(key)
            self._restricted.discard(dpc)
        elif dpc not in self._restricted and not self._timers.is_running(key):
            self._timers.start(key, now + self._t11)

    def restart(self, linkset: str) -> list[TellNeighbour]:
        """The neighbour restarts, and takes every destination for allowed: tell it which are not, before TRA."""
        for key in [key for key in self._told if key[1] == linkset]:
            del self._told[key]
        return self._news(linkset)

    def asked(self, dpc: int, linkset: str, asked: RouteState) -> list[TellNeighbour]:
        """RST or RSR came: an answer when the state is not the one asked about (Q.704 13.5.4)."""
        state = self.state(dpc, linkset)
        if state is asked:
            return []
        self._told[dpc, linkset] = state
        return [TellNeighbour(state, dpc, linkset)]

    def misdirected(self, dpc: int, linkset: str, now: float) -> list[TellNeighbour]:
        """A message for `dpc` came over `linkset` and cannot be transferred: TFP, but once in T8 (response method)."""
        key = (Timer.T8, (dpc, linkset))
        if self._timers.is_running(key):
            return []
        self._timers.start(key, now + self._t8)
        self._told[dpc, linkset] = RouteState.PROHIBITED
        return [TellNeighbour(RouteState.PROHIBITED, dpc, linkset)]

    def _news(self, linkset: str) -> list[TellNeighbour]:
        found: list[TellNeighbour] = []
        for dpc in self._routes.destinations:
            if dpc == self._neighbours[linkset]:
                continue
            state = self.state(dpc, linkset)
            if self._told.get((dpc, linkset), RouteState.ALLOWED) is not state:
                self._told[dpc, linkset] = state
                found.append(TellNeighbour(state, dpc, linkset))
        return found
