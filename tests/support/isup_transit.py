"""A node between two ISUP exchanges: messages go in and out at MTP-TRANSFER, levels 1 to 3 are left out."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from tandem.gateway.configuration.load import parse
from tandem.gateway.node import Node
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.variants import Variant
from tandem.ss7.mtp3.label import Service
from tandem.ss7.mtp3.primitives import ResumeIndication, TransferIndication

CONFIGURATION = """
[node]
name = "transit"
records = "unused"
[[span]]
name = "left"
device = "virtual:left"
[[span]]
name = "right"
device = "virtual:right"
[[ss7.linkset]]
name = "left"
point_code = "10"
adjacent_point_code = "11"
  [[ss7.linkset.link]]
  span = "left"
  timeslot = 16
[[ss7.linkset]]
name = "right"
point_code = "2000"
adjacent_point_code = "2001"
variant = "china"
  [[ss7.linkset.link]]
  span = "right"
  timeslot = 16
[[trunk]]
name = "left"
type = "isup"
linkset = "left"
  [[trunk.circuits]]
  span = "left"
  cic = "{left}"
[[trunk]]
name = "right"
type = "isup"
linkset = "right"
selection = "lowest"
  [[trunk.circuits]]
  span = "right"
  cic = "{right}"
[[route]]
trunk = ["left"]
to = ["right"]
[[route]]
trunk = ["right"]
to = ["left"]
"""

#: (own point code, peer's point code) of each side.
CODES = {"left": (10, 11), "right": (2000, 2001)}


class _NoSignalling:
    """Stands in for levels 2 and 3: keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.units: list[Any] = []
        self.messages: list[Any] = []
        self.touched = False

    def settle(self, now: float) -> list[Any]:
        return []

    def transfer(self, request: Any, now: float) -> None:
        self.sent.append(request)

    def next_deadline(self) -> float | None:
        return None

    def handle_timers(self, now: float) -> None: ...


class Transit:
    """The node, and the exchanges `left` (ITU-T) and `right` (China, or ANSI) played by the test."""

    def __init__(self, right: Variant = Variant.CHINA, cics: tuple[str, str] = ("1-15", "33-47")) -> None:
        configuration = parse(CONFIGURATION.format(left=cics[0], right=cics[1]))
        linksets = configuration.ss7.linkset
        linksets[1] = msgspec.structs.replace(linksets[1], variant=right.value)
        tokens = (f"t{number}" for number in itertools.count())
        self.now = 0.0
        self.node = Node(configuration, tokens.__next__, wall_clock=lambda now: 1.7e9 + now)
        self.signalling = _NoSignalling()
        self.node.signalling = self.signalling  # type: ignore[assignment]
        self.variants = {"left": Variant.ITU, "right": right}
        for side in CODES:
            self.node.isup.mtp(ResumeIndication(CODES[side][1]), 0.0)
            for message in self.take(side):
                if message.type is M.GRS:
                    status = RawParameter(22, message.raw(22) + b"\0\0")
                    self.receive(side, M.GRA, message.cic, status)
        self.take("left"), self.take("right")

    def receive(self, side: str, message_type: M, cic: int, *parameters: Any) -> None:
        """The exchange at one side sends."""
        message = Message.build(message_type, cic, parameters, variant=self.variants[side])
        self.octets(side, message.encode())

    def octets(self, side: str, octets: bytes) -> None:
        """It sends octets."""
        own, peer = CODES[side]
        self.node.isup.mtp(TransferIndication(Service.ISUP, peer, own, octets[0] & 15, octets), self.now)
        self.node._settle(self.now)

    def take(self, side: str) -> list[Message]:
        """Messages sent to one side since the last time."""
        self.node._settle(self.now)
        own, peer = CODES[side]
        found = [request for request in self.signalling.sent if request.dpc == peer]
        self.signalling.sent = [request for request in self.signalling.sent if request.dpc != peer]
        assert all(request.opc == own for request in found)
        return [Message.parse(request.data, self.variants[side]) for request in found]
