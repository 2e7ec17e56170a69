"""Several paths to one peer, for an SCTP that knows only one: where its packets go, and which paths work.

RFC 9260 6.4 and 8 in the place below the library. Each path is probed with HEARTBEATs of our own, in the name of an
association that is up; the answers do not reach the library. What the library sends goes along the first path that
works; its retransmissions, which know nothing of paths, take the next one when that one fails. A HEARTBEAT of the
peer is answered along the path it came on.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tandem.gateway.sctp import chunks
from tandem.gateway.sctp.configuration import SctpParameters

#: Number of the path and of the probe, after the secret.
_PROBE: Final = struct.Struct(">HH")
#: What goes back along the path that its cause came on (RFC 9260 6.4).
_ANSWERS: Final = frozenset({chunks.INIT_ACK, chunks.HEARTBEAT_ACK, chunks.ABORT, chunks.COOKIE_ACK})
#: Paths of one peer; more are not learnt.
MAX_PATHS: Final = 16


class Route(NamedTuple):
    """A way to a peer: from which of our sockets, to which address and UDP port (0 in raw IP)."""

    local: int
    address: str
    port: int


class PathChange(NamedTuple):
    """A path failed or works again."""

    route: Route
    works: bool


@dataclass
class _Path:
    route: Route
    works: bool = True
    unproven: bool = True
    """Nothing came along it yet."""
    misses: int = 0
    """Probes without answer since it was heard last."""
    answers: int = 0
    """Probes answered since it failed."""
    sent: float | None = None
    """When the first packet went after it was heard last."""
    probed: float | None = None
    """When the probe went that waits for its answer."""
    next_probe: float = 0.0
    number: int = 0
    """Of the last probe."""


class Paths:
    """The paths to one peer. Feed it what comes and goes; `outputs` are packets of its own and changes."""

    def __init__(self, routes: Sequence[Route], parameters: SctpParameters, secret: bytes, now: float) -> None:
        """`secret`, of a multiple of four octets, tells our probes' answers from others; it must not be guessable."""
        self._parameters = parameters
        self._secret = secret
        self._paths = [_Path(route, unproven=index > 0) for index, route in enumerate(routes)]
        self._active = self._paths[0]
        self._arrived: _Path | None = None
        self._association: chunks.Head | None = None
        self._outputs: list[tuple[Route, bytes] | PathChange] = []
        for path in self._paths:
            path.next_probe = now

    @property
    def active(self) -> Route:
        """Where packets go."""
        return self._active.route

    @property
    def routes(self) -> list[Route]:
        """Every path."""
        return [path.route for path in self._paths]

    def prefer(self, number: int) -> None:
        """Use a path for an association that is about to begin, whatever was heard along it."""
        self._active = self._paths[number % len(self._paths)]

    def add(self, route: Route, now: float) -> bool:
        """Add a path, unless it is known or they are too many; False then."""
        if route in self.routes or len(self._paths) >= MAX_PATHS:
            return False
        self._paths.append(_Path(route, next_probe=now))
        return True

    def outputs(self) -> list[tuple[Route, bytes] | PathChange]:
        """Packets to send with their routes, and changes, since the last call."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def received(self, route: Route, packet: bytes, now: float) -> bool:
        """A packet came; False when it was an answer to a probe and not for the library.

        While the library works on it, until `done`, its immediate answers go back the same way.
        """
        path = next((path for path in self._paths if path.route == route), None)
        if path is None:
            return True
        path.unproven = False
        path.sent = None
        if path.works:
            path.misses = 0
            if not self._active.works:
                self._choose()
        information = chunks.heartbeat_information(packet)
        if information is not None and information.startswith(self._secret):
            self._answered(path, information[len(self._secret) :], now)
            return False
        self._arrived = path
        return True

    def done(self) -> None:
        """The library has seen the packet."""
        self._arrived = None

    def ended(self) -> None:
        """An association with the peer ended: its tag is worth nothing any more."""
        self._association = None
        for path in self._paths:
            path.probed = path.sent = None

    def route(self, packet: bytes, now: float) -> Route:
        """Where a packet of the library goes."""
        found = chunks.head(packet)
        path = self._active
        if found is not None:
            if found.established:
                self._association = found
            if found.chunk in _ANSWERS and self._arrived is not None:
                path = self._arrived
        if path.sent is None:
            path.sent = now
        return path.route

    def handle_timers(self, now: float) -> None:
        """Probe what is to be probed, and give up what does not answer; to be called often, not at an exact time."""
        if len(self._paths) < 2:
            return
        for path in self._paths:
            if path.probed is not None:
                if now >= path.probed + self._parameters.rto_initial:
                    path.probed = None
                    self._missed(path, now)
            elif now >= path.next_probe or self._suspicious(path, now):
                self._probe(path, now)

    def _suspicious(self, path: _Path, now: float) -> bool:
        return path.works and path.sent is not None and now >= path.sent + self._parameters.rto_initial

    def _probe(self, path: _Path, now: float) -> None:
        association = self._association
        if association is None:
            return
        path.number = path.number + 1 & 0xFFFF
        information = self._secret + _PROBE.pack(self._paths.index(path), path.number)
        source, destination, tag, _ = association
        self._outputs.append((path.route, chunks.heartbeat(source, destination, tag, information)))
        path.probed = now
        path.next_probe = now + (self._parameters.heartbeat or self._parameters.rto_max)

    def _answered(self, path: _Path, rest: bytes, now: float) -> None:
        if rest != _PROBE.pack(self._paths.index(path), path.number):
            return  # too late, or along another path than the probe went
        path.probed = None
        path.misses = 0
        if path.works:
            return
        path.answers += 1
        path.next_probe = now + self._parameters.rto_initial
        if path.answers > self._parameters.path_retransmissions:
            path.works = True
            self._outputs.append(PathChange(path.route, True))
            self._choose()

    def _missed(self, path: _Path, now: float) -> None:
        path.misses += 1
        path.answers = 0
        if path.works and path.misses > self._parameters.path_retransmissions:
            path.works = False
            path.sent = None
            self._outputs.append(PathChange(path.route, False))
            self._choose()
        elif path.works:
            path.next_probe = now

    def _choose(self) -> None:
        """The first path that works; without any, the one that was used goes on being tried (RFC 9260 8.2)."""
        self._active = next((path for path in self._paths if path.works and not path.unproven), self._active)
