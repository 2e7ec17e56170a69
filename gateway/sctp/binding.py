"""SIGTRAN machines joined to a transport: events of associations go up, messages go down, the rest to the pump."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tandem.core.sigtran.primitives import CloseAssociation, SendMessage
from tandem.gateway.sctp.transport import Transport
from tandem.ss7.sigtran.m2pa import M2paLink


class Layer(Protocol):
    """M3UA or M2UA: a machine that names the association in every input."""

    def connected(self, association: str, now: float, streams: int = 1) -> None:
        """The association is up."""
        ...

    def disconnected(self, association: str, now: float) -> None:
        """The association is down."""
        ...

    def receive(self, association: str, octets: bytes, stream: int, now: float) -> None:
        """A message came."""
        ...

    def outputs(self) -> list[Any]:
        """What the machine has produced."""
        ...

    def next_deadline(self) -> float | None:
        """When it wants to be called."""
        ...

    def handle_timers(self, now: float) -> None:
        """It is that time."""
        ...


class Links:
    """M2PA links by association, as one machine; their outputs come with the association."""

    def __init__(self, links: Mapping[str, M2paLink]) -> None:
        self.links = dict(links)

    def connected(self, association: str, now: float, streams: int = 1) -> None:
        """The association is up."""
        self.links[association].connected(now)

    def disconnected(self, association: str, now: float) -> None:
        """The association is down."""
        self.links[association].disconnected(now)

    def receive(self, association: str, octets: bytes, stream: int, now: float) -> None:
        """A message came."""
        self.links[association].receive(octets, stream, now)

    def outputs(self) -> list[Any]:
        """SendMessage as it is; what is for level 3 as (association, primitive)."""
        found: list[Any] = []
        for association, link in self.links.items():
            for output in link.outputs():
                found.append(output if isinstance(output, SendMessage) else (association, output))
        return found

    def next_deadline(self) -> float | None:
        """The earliest deadline of all links."""
        deadlines = (link.next_deadline() for link in self.links.values())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timers(self, now: float) -> None:
        """Have every link act on its timers."""
        for link in self.links.values():
            link.handle_timers(now)


class Binding:
    """The user of a transport on behalf of a machine.

    Give it to the transport as its user, then set `transport`. `wake` is called whenever something came from below:
    the pump is then to call `settle` and to look at `next_deadline` again.
    """

    def __init__(self, machine: Layer, clock: Callable[[], float], wake: Callable[[], None]) -> None:
        self.machine = machine
        self.transport: Transport | None = None
        self.lost = 0
        """Messages that found their association down."""
        self._clock = clock
        self._wake = wake

    def association_up(self, association: str, streams: int) -> None:
        """From the transport."""
        self.machine.connected(association, self._clock(), streams)
        self._wake()

    def association_down(self, association: str, reason: str) -> None:
        """From the transport."""
        self.machine.disconnected(association, self._clock())
        self._wake()

    def path_changed(self, association: str, address: str, works: bool) -> None:
        """From the transport; the machines need not know."""

    def message_received(self, association: str, octets: bytes, stream: int, ppid: int) -> None:
        """From the transport. The PPID is not looked at: some peers send it in the wrong octet order, or 0."""
        self.machine.receive(association, octets, stream, self._clock())
        self._wake()

    def settle(self) -> list[Any]:
        """Carry messages down until there are none; what is not for the transport."""
        rest: list[Any] = []
        while outputs := self.machine.outputs():
            for output in outputs:
                if isinstance(output, SendMessage):
                    self._send(output)
                elif isinstance(output, CloseAssociation):
                    rest.append(output)  # for the log
                    if self.transport is not None:
                        self.transport.abort(output.association, output.reason)
                else:
                    rest.append(output)
        return rest

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return self.machine.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on the timers of the machine."""
        self.machine.handle_timers(now)

    def _send(self, message: SendMessage) -> None:
        sent = self.transport is not None and self.transport.send(
            message.association, message.octets, message.stream, message.ppid
        )
        self.lost += not sent
