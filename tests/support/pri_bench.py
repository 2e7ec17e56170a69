"""Two gateways joined by a PRI, under a virtual clock, with SIP users at both outer ends: A is the network, B the user.

Frames of the D-channels cross after a delay; each may be lost, and may come late, behind those sent after it.
"""

from __future__ import annotations

from typing import Any

from support.node_pair import Bench

from tandem.gateway.media.protocol import SpanChanged, UnitsReceived

CONFIGURATION = """
[node]
name = "{name}"
records = "unused"
[sip]
listen = "{sip}"
{ss7}
[[trunk]]
name = "pbx"
type = "sip"
peer = "{user}"
[[route]]
trunk = ["pbx"]
to = ["pstn"]
[[route]]
trunk = ["pstn"]
to = ["pbx"]
"""

E1 = """
[[span]]
name = "e1"
device = "virtual:e1"
[[trunk]]
name = "pstn"
type = "pri"
side = "{role}"
hunting = "{linkset}"
{trunk}
  [[trunk.spans]]
  span = "e1"
"""

#: Three T1 with one D-channel and its back-up.
NFAS = """
[[span]]
name = "t1-0"
device = "virtual:t1-0"
framing = "esf"
[[span]]
name = "t1-1"
device = "virtual:t1-1"
framing = "esf"
[[span]]
name = "t1-2"
device = "virtual:t1-2"
framing = "esf"
[[trunk]]
name = "pstn"
type = "pri"
side = "{role}"
switch = "ni2"
{trunk}
  [[trunk.spans]]
  span = "t1-0"
  interface = 0
  d_channel = 24
  [[trunk.spans]]
  span = "t1-1"
  interface = 1
  d_channel = 24
  [[trunk.spans]]
  span = "t1-2"
  interface = 2
"""


class PriBench(Bench):
    """The bench with a PRI between the gateways; `late` is how many seconds later a frame may come."""

    def __init__(self, lines: str = E1, late: float = 0.0, **options: Any) -> None:
        self.late = late
        self.dead: set[str] = set()
        """Spans that are cut."""
        options = {"linkset": "ascending", "trunk": ""} | options
        super().__init__(ss7=lines, roles=("network", "user"), configuration=CONFIGURATION, **options)

    def interface(self, name: str) -> Any:
        """The Q.931 interface of a gateway."""
        return self.nodes[name].pri.trunks["pstn"].interface

    def halves(self, name: str) -> list[Any]:
        """The half-calls on the PRI at a gateway, oldest first."""
        return list(self.nodes[name].pri.trunks["pstn"].halves.values())

    def all_idle(self) -> bool:
        """Whether every channel at both ends is idle and in service, and nothing waits for the other end."""
        return all(
            interface.available and interface.quiet and interface.idle_channels == len(interface.channel_states())
            for interface in map(self.interface, "AB")
        )

    def cut_span(self, span: str, cut: bool = True) -> None:
        """Cut a line, or join it again: both ends see it."""
        (self.dead.add if cut else self.dead.discard)(span)
        for name in "AB":
            self._media_event(name, SpanChanged(span, ["LOS"] if cut else []))

    def d_channel_of(self, channel: int) -> str:
        """The span that a D-channel is on."""
        port = self.nodes["A"].pri.dchannels.ports["pstn"]
        return str(port.lines[port.numbers.index(channel)].span)

    def _cross(self, other: str, channel: int, unit: bytes) -> bool:
        if self.d_channel_of(channel) in self.dead:
            return False
        if self.random.random() < self.loss:
            self._later(self.delay, lambda: self._media_event(other, UnitsReceived(channel, [], 0, 1)))
            return False
        delay = self.delay + (self.random.random() * self.late if self.random.random() < 0.2 else 0.0)
        self._later(delay, lambda: self._arrive(other, channel, unit))
        return True

    def _arrive(self, other: str, channel: int, unit: bytes) -> None:
        if self.d_channel_of(channel) not in self.dead:
            self._media_event(other, UnitsReceived(channel, [unit], 1, 0))
