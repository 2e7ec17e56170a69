"""Signalling route management: which destinations can be reached over which linksets (Q.704 13; RTPC, RTAC, RSRT)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import Enum

from tandem.ss7.mtp3.configuration import Route
from tandem.ss7.mtp3.primitives import PauseIndication, ResumeIndication
from tandem.ss7.mtp3.timers import Timer, Timers


class RouteState(Enum):
    """What the adjacent point at the start of a route says about it."""

    ALLOWED = "TFA"
    RESTRICTED = "TFR"
    PROHIBITED = "TFP"


@dataclass(frozen=True, slots=True)
class SendRouteSetTest:
    """Ask the adjacent point of `linkset` for `dpc` again: RST, or RSR when it said TFR."""

    dpc: int
    linkset: str
    restricted: bool = False


RouteOutput = PauseIndication | ResumeIndication | SendRouteSetTest


class RouteTable:
    """All routes of a signalling point. Outputs collect until `outputs` is called."""

    def __init__(self, routes: tuple[Route, ...], t10: float, table: Timers) -> None:
        self._routes: defaultdict[int, list[Route]] = defaultdict(list)
        for route in routes:
            self._routes[route.dpc].append(route)
        self._states: dict[tuple[int, str], RouteState] = {}
        self._running: set[str] = set()
        self._available: dict[int, bool] = {}
        self._t10 = t10
        self._timers = table
        self._outputs: list[RouteOutput] = []

    @property
    def destinations(self) -> list[int]:
        """Every point code with a route."""
        return list(self._routes)

    def available(self, dpc: int) -> bool:
        """Whether some route to `dpc` can be used."""
        return self._available.get(dpc, False)

    def start(self) -> None:
        """Say of every destination that it cannot be reached: nothing is known to be good before a link is."""
        for dpc in self._routes:
            self._available[dpc] = False
            self._outputs.append(PauseIndication(dpc))

    def candidates(self, dpc: int) -> list[list[str]]:
        """Linksets that lead to `dpc` now, grouped by preference, best first; those of one group share the load."""
        groups: defaultdict[tuple[bool, int], list[str]] = defaultdict(list)
        for route in self._routes.get(dpc, ()):
            state = self.state(dpc, route.linkset)
            if state is not RouteState.PROHIBITED and route.linkset in self._running:
                groups[(state is RouteState.RESTRICTED, route.priority)].append(route.linkset)
        return [groups[key] for key in sorted(groups)]

    def normal(self, dpc: int) -> bool:
        """Whether a route of the highest priority to `dpc` can be used, and is not restricted."""
        routes = self._routes.get(dpc, [])
        groups = self.candidates(dpc)
        if not groups:
            return False
        best = min(route.priority for route in routes)
        used = groups[0][0]
        return self.state(dpc, used) is RouteState.ALLOWED and any(
            route.linkset == used and route.priority == best for route in routes
        )

    def depends_on(self, linkset: str) -> bool:
        """Whether some destination can be reached over `linkset` alone."""
        return any(
            any(route.linkset == linkset for route in routes)
            and not any(name != linkset for group in self.candidates(dpc) for name in group)
            for dpc, routes in self._routes.items()
        )

    def siblings(self, dpc: int, linkset: str) -> list[str]:
        """Every linkset configured with the priority that `linkset` has for `dpc`, usable or not."""
        routes = self._routes.get(dpc, [])
        priority = next((route.priority for route in routes if route.linkset == linkset), 0)
        return [route.linkset for route in routes if route.priority == priority]

    def state(self, dpc: int, linkset: str) -> RouteState:
        """What the adjacent point of `linkset` last said about `dpc`."""
        return self._states.get((dpc, linkset), RouteState.ALLOWED)

    def is_running(self, linkset: str) -> bool:
        """Whether traffic may go over `linkset`."""
        return linkset in self._running

    def linkset_running(self, linkset: str) -> None:
        """Traffic may go over `linkset`. What the neighbour said of its routes during restart holds."""
        self._running.add(linkset)
        self._review()

    def linkset_lost(self, linkset: str) -> None:
        """No traffic over `linkset`; its routes count as allowed when it returns, unless TFP comes again (Q.704 9)."""
        self._running.discard(linkset)
        for dpc, name in [key for key in self._states if key[1] == linkset]:
            self._set(dpc, name, RouteState.ALLOWED, 0.0)
        self._review()

    def told(self, dpc: int, linkset: str, state: RouteState, now: float) -> bool:
        """TFP, TFR or TFA about `dpc` from the adjacent point of `linkset`; False when there is no such route."""
        if not any(route.linkset == linkset for route in self._routes.get(dpc, ())):
            return False
        self._set(dpc, linkset, state, now)
        self._review()
        return True

    def test_due(self, dpc: int, linkset: str, now: float) -> None:
        """T10 expired: ask again, and again after T10, until TFA comes or the linkset is lost (Q.704 13.5)."""
        state = self.state(dpc, linkset)
        if state is not RouteState.ALLOWED:
            self._outputs.append(SendRouteSetTest(dpc, linkset, state is RouteState.RESTRICTED))
            self._timers.start((Timer.T10, (dpc, linkset)), now + self._t10)

    def outputs(self) -> list[RouteOutput]:
        """What has been produced since the last call."""
        done, self._outputs = self._outputs, []
        return done

    def _set(self, dpc: int, linkset: str, state: RouteState, now: float) -> None:
        key = (Timer.T10, (dpc, linkset))
        if state is RouteState.ALLOWED:
            self._states.pop((dpc, linkset), None)
            self._timers.stop(key)
        else:
            self._states[dpc, linkset] = state
            if not self._timers.is_running(key):
                self._timers.start(key, now + self._t10)

    def _review(self) -> None:
        for dpc in self._routes:
            available = bool(self.candidates(dpc))
            if available != self._available.get(dpc, False):
                self._available[dpc] = available
                self._outputs.append(ResumeIndication(dpc) if available else PauseIndication(dpc))
