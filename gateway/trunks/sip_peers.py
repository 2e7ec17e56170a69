"""The peers of SIP trunks at work: found in the DNS, watched by OPTIONS, limited in calls a second."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

from tandem.core.cause import Cause
from tandem.core.timers import Agenda, TimerTable
from tandem.gateway.calls.model import Release
from tandem.gateway.log import Line
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.endpoint import Endpoint, Listener, show
from tandem.gateway.sip.location import Answer, Kind, Location, Query
from tandem.gateway.sip.primitives import OptionsResult

if TYPE_CHECKING:
    from tandem.gateway.trunks.sip_port import SipTrunkPort


class Timer(Enum):
    """Timers of a peer."""

    PING = auto()
    """Time for the next OPTIONS to each of its servers."""
    LOCATE = auto()
    """What the DNS said is too old."""


class SipPeers:
    """Keeps the servers of every trunk's peer up to date."""

    def __init__(
        self,
        ports: Mapping[str, SipTrunkPort],
        agent: SipAgent,
        listeners: Mapping[str, Sequence[Listener]],
        token: Callable[[], str],
        log: Callable[[Line], None],
        moved: Callable[[str, float], None],
    ) -> None:
        """`listeners` are those of each account with another engine, and of our own under an empty name.

        `moved` is told of a trunk whose servers have changed.
        """
        self.queries: list[Query] = []
        """Questions for the DNS, to be put by the owner."""
        self._ports = {name: port for name, port in ports.items() if not port.configuration.registrar}
        self._agent = agent
        self._listeners = listeners
        self._token = token
        self._log = log
        self._moved = moved
        self._timers: TimerTable[tuple[str, Timer]] = TimerTable()
        self._locations: dict[str, Location] = {}
        """Searches under way."""
        self._pings: dict[int, tuple[str, Endpoint]] = {}

    def start(self, now: float) -> None:
        """Look for peers that are names; ask each how it is."""
        for name, port in self._ports.items():
            if port.location is not None:
                self._locate(name, now)
            if port.configuration.options_seconds:
                self._ping(name, now)

    def answer(self, answer: Answer, now: float) -> None:
        """The DNS answered."""
        for name, location in list(self._locations.items()):
            self.queries += location.answer(answer)
            if location.done:
                del self._locations[name]
                self._located(name, location, now)

    def pinged(self, output: OptionsResult, now: float) -> None:
        """What became of an OPTIONS of ours."""
        found = self._pings.pop(output.identifier, None)
        if found is not None:
            name, endpoint = found
            self._tell(name, self._ports[name].peers.pinged(endpoint, output.status))

    def choose(self, port: SipTrunkPort, now: float) -> list[Endpoint] | Release:
        """Where a call may go, in order; or why it may not."""
        endpoints = port.peers.choose(now, self._random)
        if not endpoints:
            return Release(Cause.DESTINATION_OUT_OF_ORDER, diagnostic=f"{port.name}: {port.peers.why_none(now)}")
        if not port.rate.take(now):
            return Release(Cause.SWITCHING_EQUIPMENT_CONGESTION, diagnostic=f"{port.name}: calls_per_second reached")
        return endpoints

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._timers.share(agenda)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return self._timers.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Ping and look up what is due."""
        for name, timer in self._timers.expired(now):
            if timer is Timer.PING:
                self._ping(name, now)
            else:
                self._locate(name, now)

    # --- inside

    def _random(self) -> float:
        """A number from 0 to 1, out of the owner's source of unguessable strings."""
        return int.from_bytes(hashlib.blake2s(self._token().encode(), digest_size=4).digest()) / 0xFFFFFFFF

    def _ping(self, name: str, now: float) -> None:
        port = self._ports[name]
        host = port.configuration.domain
        for endpoint in port.peers.endpoints:
            self._tell(name, port.peers.pinging(endpoint))
            where = f"[{endpoint[0]}]" if ":" in endpoint[0] else endpoint[0]
            uri = f"sip:{host or f'{where}:{endpoint[1]}'}"
            number = self._agent.send_options(endpoint, uri, now, account=port.account)
            self._pings[number] = name, endpoint
        self._timers.start((name, Timer.PING), now + port.configuration.options_seconds)

    def _locate(self, name: str, now: float) -> None:
        location = self._ports[name].location
        assert location is not None, "only names are looked up"
        host, tcp_port, transport, tls_name = location
        listeners = self._listeners[self._ports[name].account]
        transports = [one for one in ("udp", "tcp", "tls") if any(one == own.transport for own in listeners)]
        versions: list[Kind] = ["A"] if any(":" not in own.host for own in listeners) else []
        if any(":" in own.host for own in listeners):
            versions.append("AAAA")
        search = Location(host, tcp_port, transport, tls_name, transports, versions)
        self._locations[name] = search
        self.queries += search.begin()

    def _located(self, name: str, location: Location, now: float) -> None:
        self._timers.start((name, Timer.LOCATE), now + location.ttl)
        port = self._ports[name]
        if not location.servers:
            known = "; what was known before stays in use" if port.peers.endpoints else ""
            text = f"{location.host} has no address for SIP in the DNS{known}"
            self._log(Line("warning", "!", f"trunk {name}", text))
        elif port.move(location.servers):
            places = ", ".join(show(endpoint) for endpoint in port.peers.endpoints)
            self._log(Line("info", "=", f"trunk {name}", f"{location.host} is at {places}"))
            self._moved(name, now)
            if port.configuration.options_seconds:
                self._ping(name, now)

    def _tell(self, name: str, change: str | None) -> None:
        if change is not None:
            up = change.endswith("up again")
            self._log(Line("info" if up else "warning", "=" if up else "!", f"trunk {name}", change))
