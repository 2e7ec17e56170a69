"""What goes out on every RTP leg: one matrix of packets, whose headers are counted up all at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

import numpy as np

from .digits import EventInProgress, EventSender
from .matrix import Matrix, Rendering
from .ports import Destination, RtpPorts
from .srtp import SecureLeg

BLOCK: Final = 160
BATCH: Final = 40
"""Packets sent before the line is looked after again: about 0.2 ms."""
_PACKET: Final = np.dtype(
    [
        ("first", "u1"),
        ("second", "u1"),
        ("sequence", ">u2"),
        ("timestamp", ">u4"),
        ("ssrc", ">u4"),
        ("payload", "u1", (BLOCK,)),
    ]
)
_EVENT_PACKET: Final = 16
_MARKER: Final = 0x80


class Transmitters:
    """Sending sides of the RTP legs of `ports`, fed by `matrix`."""

    def __init__(self, matrix: Matrix, ports: RtpPorts) -> None:
        legs = matrix.legs
        self._matrix = matrix
        self._ports = ports
        self._packets = np.zeros(legs, _PACKET)
        self._packets["first"] = 0x80
        self._fields = {name: self._packets[name] for name in ("second", "sequence", "timestamp", "payload")}
        octets = self._packets.view(np.uint8).reshape(legs, _PACKET.itemsize)
        self._rows = [memoryview(octets[leg]) for leg in range(legs)]
        self._clock = np.zeros(legs, np.uint32)
        self._payload_type = np.zeros(legs, np.uint8)
        self._event_type: dict[int, int | None] = {}
        self._events: dict[int, EventSender] = {}
        self._sent = np.zeros(legs, np.int64)
        self._sending: set[int] = set()
        self._stale = True
        self._marked = False  # some second octet differs from the payload type for this tick only
        self._rendering = Rendering(matrix, [])
        self._order = self._rendering.order
        self._connected: list[tuple[int, memoryview]] = []
        self._open: list[tuple[Destination, memoryview]] = []
        self._secured: list[tuple[int | Destination, memoryview, SecureLeg]] = []

    def open(self, leg: int, payload_type: int, event_payload_type: int | None) -> None:
        """Begin to send on `leg` with a random SSRC, sequence number and timestamp (RFC 3550 5.1)."""
        packet = self._packets[leg : leg + 1]
        for field in (packet["sequence"], self._clock[leg : leg + 1], packet["ssrc"]):
            field[:] = int.from_bytes(os.urandom(field.itemsize), "big")
        self._sent[leg] = 0
        self.update(leg, payload_type, event_payload_type, True)

    def update(self, leg: int, payload_type: int, event_payload_type: int | None, send: bool) -> None:
        """Change what `leg` sends, or whether it does. Where to is a matter of the ports."""
        self._payload_type[leg] = payload_type
        self._event_type[leg] = event_payload_type
        if event_payload_type is None:
            self._events.pop(leg, None)
        begins = send and leg not in self._sending
        self._fields["second"][leg] = payload_type | _MARKER if begins else payload_type
        if send:
            self._sending.add(leg)
        else:
            self._sending.discard(leg)
        self._stale = True

    def close(self, leg: int) -> int:
        """Stop sending on `leg`; how many packets it sent."""
        self._sending.discard(leg)
        self._event_type.pop(leg, None)
        self._events.pop(leg, None)
        self._stale = True
        return int(self._sent[leg])

    def refresh(self) -> None:
        """A source in the matrix or the destination of a leg has changed."""
        self._stale = True

    def takes_events(self, leg: int) -> bool:
        """Whether telephone-event was agreed on `leg`."""
        return self._event_type.get(leg) is not None

    def start_event(self, leg: int, event: EventInProgress) -> None:
        """Relay `event` on `leg`, in place of speech as long as it lasts."""
        self._events.setdefault(leg, EventSender()).start(event)
        self._stale = True

    def prepare(self) -> None:
        """Fill in the packets of this tick."""
        # The timestamp is a clock and runs on while nothing is sent; the sequence number counts packets.
        self._clock += np.uint32(BLOCK)
        events = self._next_events()
        if self._stale:
            self._plan()
        order, fields = self._order, self._fields
        fields["timestamp"][:] = self._clock
        fields["sequence"][order] += np.uint16(1)
        fields["payload"][order] = self._rendering.render()
        for leg, (payload, timestamp, marker) in events.items():
            event_type = self._event_type[leg] or 0
            fields["second"][leg] = event_type | _MARKER if marker else event_type
            fields["timestamp"][leg] = timestamp
            fields["payload"][leg, : len(payload)] = np.frombuffer(payload, np.uint8)
            self._marked = True

    def batches(self) -> Iterator[None]:
        """Send what was prepared, pausing after every batch."""
        connected = self._connected
        for start in range(0, len(connected), BATCH):
            self._ports.send(connected[start : start + BATCH])
            yield
        self._ports.send_to(self._open)
        if self._secured:
            self._send_secured()
        self._sent[self._order] += 1
        if self._marked:
            self._fields["second"][self._order] = self._payload_type[self._order]
            self._marked = False

    def _send_secured(self) -> None:
        for destination, row, leg in self._secured:
            packet = memoryview(leg.protect(row))
            if not packet:
                continue
            if isinstance(destination, int):
                self._ports.send([(destination, packet)])
            else:
                self._ports.send_to([(destination, packet)])

    def _plan(self) -> None:
        """Sort out who sends, where to, and from which source."""
        self._stale = False
        self._connected, self._open, self._secured = [], [], []
        senders: list[int] = []
        for leg in sorted(self._sending):
            destination = self._ports.destination(leg)
            if destination is None:
                continue
            row = self._rows[leg][:_EVENT_PACKET] if leg in self._events else self._rows[leg]
            if (secure := self._ports.secure.get(leg)) is not None:
                self._secured.append((destination, row, secure))
            elif isinstance(destination, int):
                self._connected.append((destination, row))
            else:
                self._open.append((destination, row))
            senders.append(leg)
        self._rendering = Rendering(self._matrix, senders)
        self._order = self._rendering.order
        self._marked = True

    def _next_events(self) -> dict[int, tuple[bytes, int, bool]]:
        """Packets of relayed events for this tick, by leg."""
        events: dict[int, tuple[bytes, int, bool]] = {}
        for leg in list(self._events):
            packet = self._events[leg].next(int(self._clock[leg]))
            if packet is None:
                del self._events[leg]
                self._stale = True
            else:
                events[leg] = packet
        return events
