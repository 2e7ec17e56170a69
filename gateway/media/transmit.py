"""What goes out on every RTP leg: one matrix of packets, whose headers are counted up all at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from operator import itemgetter
from struct import Struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tandem.codecs.g711 import Octets
from tandem.codecs.rtp import COMFORT_NOISE, HEADER, PLAIN

from . import speed
from .datagrams import Destination, Destinations, Outgoing
from .digits import EventInProgress, EventSender
from .matrix import USUAL_TABLES, Matrix, Rendering
from .packing import TICK_TIME, Packing
from .ports import RtpPorts
from .srtp import SecureLeg
from .suppression import NOISE, SPEECH, Suppression

BLOCK: Final = 160
BATCH: Final = 80
"""Packets sent before the line is looked after again: about 0.3 ms."""
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
_BEGINNING: Final = Struct("=HII")
"""Sequence number, timestamp and SSRC of a leg that begins, at random (RFC 3550 5.1)."""
_EVENT_PACKET: Final = 16
_MARKER: Final = 0x80
#: How a leg sends: not at all, its row as it is, as SRTP, in packets of another length than a tick.
_NOT, _PLAIN, _SECURED, _PACKED = range(4)


class Transmitters:
    """Sending sides of the RTP legs of `ports`, fed by `matrix`."""

    def __init__(self, matrix: Matrix, ports: RtpPorts) -> None:
        legs = matrix.legs
        self._matrix = matrix
        self._ports = ports
        self._packets = np.zeros(legs, _PACKET)
        self._packets["first"] = 0x80
        self._fields = {name: self._packets[name] for name in ("second", "sequence", "timestamp", "ssrc", "payload")}
        octets = self._packets.view(np.uint8).reshape(legs, _PACKET.itemsize)
        self._packet_octets = octets
        self._rows = [memoryview(octets[leg]) for leg in range(legs)]
        self._clock = np.zeros(legs, np.uint32)
        self._payload_type = np.zeros(legs, np.uint8)
        self._event_type: dict[int, int | None] = {}
        self._events: dict[int, EventSender] = {}
        self._sent = np.zeros(legs, np.int64)
        self._octets = np.zeros(legs, np.int64)
        self._sending: set[int] = set()
        self._stale_legs: set[int] = set()
        """Legs that may send in another way than they did: how, and where to, is to be found out."""
        self._stale_order = False
        """The ways of some legs have changed since the last plan."""
        self._stale_sources = False
        self._ways = np.zeros(legs, np.uint8)
        self._descriptors = np.zeros(legs, np.intp)
        self._sizes = np.zeros(legs, np.intp)
        self._destinations = Destinations(legs)
        self._sealed: dict[int, int | Destination] = {}
        """Where legs send to that send as SRTP."""
        self._marked = False  # some second octet differs from the payload type for this tick only
        self._rendering = Rendering(matrix, [])
        self._order = self._rendering.order
        self._plain_rows = nobody = np.zeros(0, np.intp)
        self._plain = Outgoing(octets, nobody, nobody, nobody, self._destinations)
        self._secured: list[tuple[int | Destination, memoryview, SecureLeg, int]] = []
        self._packing: dict[int, Packing] = {}
        """Legs with another packet time than a tick."""
        self._packed = self._nothing = self._rendering
        self._singly: list[tuple[int, bytes]] = []
        """Packets of this tick that are not in the matrix, by leg."""
        self._suppression = Suppression(legs)
        self._held_back: set[int] = set()
        """Legs that send nothing in this tick, or comfort noise."""
        self._silent: set[int] = set()
        """Legs that did not send speech in the tick before."""
        self._at_once = False
        """All that goes in this tick is plain, and is made when it is sent."""
        self._departures: Any = None
        """The same arrays, for the loops of speedups.pyx, where these were built."""
        if speed.speedups is not None:
            self._departures = speed.speedups.Departures(
                (octets, self._payload_type, self._clock, self._sent, self._octets),
                (self._ways, self._descriptors, self._destinations.names, self._destinations.sizes),
                (matrix.rows, matrix.source, matrix.mu.view(np.uint8), USUAL_TABLES, matrix.leg_row),
                np.zeros(legs, np.intp),
            )

    def open(self, leg: int, payload_type: int, event_payload_type: int | None) -> None:
        """Begin to send on `leg` with a random SSRC, sequence number and timestamp (RFC 3550 5.1)."""
        sequence, clock, ssrc = _BEGINNING.unpack(os.urandom(_BEGINNING.size))
        HEADER.pack_into(self._rows[leg], 0, PLAIN, payload_type, sequence, 0, ssrc)
        self._clock[leg] = clock
        self._sent[leg] = self._octets[leg] = 0
        self.update(leg, payload_type, event_payload_type, True)

    def update(
        self,
        leg: int,
        payload_type: int,
        event_payload_type: int | None,
        send: bool,
        packet_time: int = TICK_TIME,
        comfort_noise: bool = False,
    ) -> None:
        """Change what `leg` sends, or whether it does. Where to is a matter of the ports.

        `packet_time` is one of PACKET_TIMES; with `comfort_noise`, silence is not sent but described.
        """
        if packet_time == TICK_TIME:
            self._packing.pop(leg, None)
        else:
            self._packing[leg] = Packing(packet_time)
        (self._suppression.start if comfort_noise else self._suppression.stop)(leg)
        self._payload_type[leg] = payload_type
        self._event_type[leg] = event_payload_type
        if event_payload_type is None:
            self._events.pop(leg, None)
        begins = send and (leg not in self._sending or not self._sent[leg])
        self._fields["second"][leg] = payload_type | _MARKER if begins else payload_type
        if send:
            self._sending.add(leg)
        else:
            self._sending.discard(leg)
        self._stale_legs.add(leg)

    def send_all(self, leg: int) -> None:
        """From now on silence is sent too: a modem is on `leg`."""
        self._suppression.stop(leg)

    def close(self, leg: int) -> int:
        """Stop sending on `leg`; how many packets it sent."""
        self._sending.discard(leg)
        self._event_type.pop(leg, None)
        self._events.pop(leg, None)
        self._packing.pop(leg, None)
        self.send_all(leg)
        self._silent.discard(leg)
        self._stale_legs.add(leg)
        return int(self._sent[leg])

    def refresh(self, legs: Iterable[int] = ()) -> None:
        """A source in the matrix has changed, or the destination of `legs`."""
        self._stale_sources = True
        self._stale_legs.update(legs)

    def ssrc(self, leg: int) -> int:
        """The source that `leg` sends as."""
        return int(self._fields["ssrc"][leg])

    def sender(self, leg: int) -> tuple[int, int, int, int]:
        """Of `leg`: SSRC, the timestamp of now, packets and octets of payload sent (events count as 20 ms of G.711)."""
        return self.ssrc(leg), int(self._clock[leg]), int(self._sent[leg]), int(self._octets[leg])

    def takes_events(self, leg: int) -> bool:
        """Whether telephone-event was agreed on `leg`."""
        return self._event_type.get(leg) is not None

    def start_event(self, leg: int, event: EventInProgress) -> None:
        """Relay `event` on `leg`, in place of speech as long as it lasts."""
        self._events.setdefault(leg, EventSender()).start(event)
        self._stale_legs.add(leg)

    def prepare(self) -> None:
        """Fill in the packets of this tick."""
        # The timestamp is a clock and runs on while nothing is sent; the sequence number counts packets.
        if self._departures is None:
            self._clock += np.uint32(BLOCK)
        else:
            self._departures.tick()
        events = self._next_events() if self._events else {}
        if self._stale_legs:
            self._find_ways()
        self._at_once = self._departures is not None and self._all_plain()
        if self._at_once:
            return
        if self._stale_order or self._stale_sources:
            self._plan()
        order, fields = self._order, self._fields
        self._held_back.clear()
        if not (order.size or self._packed.order.size or events):
            return
        self._rendering.render_into(self._packet_octets, HEADER.size)
        if self._suppression.count and order.size:
            self._suppress(order, fields["payload"][order])
        if self._held_back:
            order = order[[leg not in self._held_back for leg in order.tolist()]]
        if speed.speedups is None:
            self._advance(order)
        else:
            speed.speedups.advance(self._packet_octets, self._clock, order, self._sent, self._octets)
        if self._packed.order.size:
            self._pack()
        for leg, (payload, timestamp, marker) in events.items():
            event_type = self._event_type[leg] or 0
            fields["second"][leg] = event_type | _MARKER if marker else event_type
            fields["timestamp"][leg] = timestamp
            fields["payload"][leg, : len(payload)] = np.frombuffer(payload, np.uint8)
            self._marked = True

    def _all_plain(self) -> bool:
        """Whether all packets are rows of the matrix in the law of their legs."""
        special = self._events or self._sealed or self._packing or self._suppression.count
        return not special and self._matrix.is_usual

    def _advance(self, speaking: npt.NDArray[np.intp]) -> None:
        """Put the time into the headers of those legs that have a packet in this tick, and count it."""
        fields = self._fields
        fields["timestamp"][speaking] = self._clock[speaking]
        fields["sequence"][speaking] += np.uint16(1)
        self._sent[speaking] += 1
        self._octets[speaking] += BLOCK

    def batches(self) -> Iterator[None]:
        """Send what was prepared, pausing after every batch."""
        if self._at_once:
            for start in range(0, len(self._departures), BATCH):
                self._ports.send_errors += self._departures.send(start, start + BATCH)
                yield
            return
        plain = self._plain
        if self._held_back:
            plain = plain.without(self._held_back)
        for start in range(0, len(plain), BATCH):
            self._ports.send_errors += plain.send(start, start + BATCH)
            yield
        if self._secured:
            self._send_secured()
        for leg, packet in self._singly:
            self._send_one(leg, packet)
        self._singly.clear()
        if self._marked:
            self._fields["second"][self._order] = self._payload_type[self._order]
            self._marked = False

    def _send_secured(self) -> None:
        for destination, row, secure, leg in self._secured:
            if self._speaks(leg) and (packet := secure.protect(row)):
                self._ports.send_one(destination, memoryview(packet))

    def _send_one(self, leg: int, packet: bytes) -> None:
        """Send a packet that is not in the matrix."""
        destination = self._ports.destination(leg)
        if destination is not None:
            secure = self._ports.secure.get(leg)
            if sealed := packet if secure is None else secure.protect(memoryview(packet)):
                self._ports.send_one(destination, memoryview(sealed))
            self._sent[leg] += 1
            self._octets[leg] += len(packet) - HEADER.size

    def _speaks(self, leg: int) -> bool:
        return leg not in self._held_back

    def _single(self, leg: int, payload_type: int, timestamp: int, payload: bytes) -> None:
        """A packet of `leg` of its own, with its next sequence number."""
        sequence = int(self._fields["sequence"][leg]) + 1 & 0xFFFF
        self._fields["sequence"][leg] = sequence
        self._singly.append((leg, HEADER.pack(PLAIN, payload_type, sequence, timestamp, self.ssrc(leg)) + payload))

    def _pack(self) -> None:
        """Legs whose packets are longer or shorter than a tick."""
        order = self._packed.order
        octets = self._packed.render()
        if self._suppression.count:
            self._suppress(order, octets)
        for leg, row in zip(order.tolist(), octets, strict=True):
            if leg in self._held_back:
                self._packing[leg].drop()
                continue
            for timestamp, payload in self._packing[leg].put(row.tobytes(), int(self._clock[leg])):
                self._single(leg, int(self._fields["second"][leg]), timestamp, payload)
                self._fields["second"][leg] = self._payload_type[leg]

    def _suppress(self, order: npt.NDArray[np.intp], octets: Octets) -> None:
        """Find the legs that are silent in this tick, and describe their noise when it is time."""
        places = np.flatnonzero(self._suppression.on[order])
        if not places.size:
            return
        legs = order[places]
        states, levels = self._suppression.decide(legs, octets[places], self._matrix.mu[self._matrix.leg_row + legs])
        for leg, state, level in zip(legs.tolist(), states.tolist(), levels.tolist(), strict=True):
            if leg in self._events or state == SPEECH:
                if leg in self._silent and leg not in self._events:
                    self._silent.discard(leg)
                    self._fields["second"][leg] = self._payload_type[leg] | _MARKER  # RFC 3551 4.1: a talkspurt
                    self._marked = True
                continue
            self._held_back.add(leg)
            self._silent.add(leg)
            if state == NOISE:
                self._single(leg, COMFORT_NOISE, int(self._clock[leg]), bytes([level]))

    def _plan(self) -> None:
        """Sort out who sends, where to, and from which source."""
        self._stale_sources = False
        ways = self._ways
        if self._stale_order:
            self._stale_order = False
            self._plain_rows = rows = np.flatnonzero(ways == _PLAIN)
            columns = self._descriptors[rows], rows, self._sizes[rows]
            self._plain = Outgoing(self._packet_octets, *columns, self._destinations)
            self._secured = [
                (destination, self._rows[leg][: self._sizes[leg]], self._ports.secure[leg], leg)
                for leg, destination in sorted(self._sealed.items(), key=itemgetter(0))
            ]
        for leg in self._events:
            if leg in self._packing:
                self._packing[leg].drop()
        rows = np.flatnonzero((ways == _PLAIN) | (ways == _SECURED)) if self._sealed else self._plain_rows
        self._rendering = Rendering(self._matrix, rows)
        self._packed = Rendering(self._matrix, np.flatnonzero(ways == _PACKED)) if self._packing else self._nothing
        self._order = self._rendering.order
        self._marked = True

    def _find_ways(self) -> None:
        """How each of the stale legs is to send from now on."""
        for leg in self._stale_legs:
            self._find_way(leg)
        self._stale_legs.clear()
        self._stale_order = True
        if self._departures is not None:
            self._departures.plan()

    def _find_way(self, leg: int) -> None:
        """How `leg` is to send from now on."""
        self._sealed.pop(leg, None)
        self._destinations.clear(leg)
        self._ways[leg] = _NOT
        destination = self._ports.destination(leg) if leg in self._sending else None
        if destination is None:
            return
        if leg in self._packing and leg not in self._events:
            self._ways[leg] = _PACKED
            return
        self._sizes[leg] = _EVENT_PACKET if leg in self._events else _PACKET.itemsize
        if self._ports.secure.get(leg) is not None:
            self._ways[leg] = _SECURED
            self._sealed[leg] = destination
        elif isinstance(destination, int):
            self._ways[leg] = _PLAIN
            self._descriptors[leg] = destination
        else:
            try:
                self._destinations.set(leg, destination)
            except OSError:
                self._ports.send_errors += 1
                return
            self._ways[leg] = _PLAIN
            self._descriptors[leg] = destination[0].fileno()

    def _next_events(self) -> dict[int, tuple[bytes, int, bool]]:
        """Packets of relayed events for this tick, by leg."""
        events: dict[int, tuple[bytes, int, bool]] = {}
        for leg in list(self._events):
            packet = self._events[leg].next(int(self._clock[leg]))
            if packet is None:
                del self._events[leg]
                self._stale_legs.add(leg)
            else:
                events[leg] = packet
        return events
