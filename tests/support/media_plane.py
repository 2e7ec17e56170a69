"""Media planes in one process under a virtual clock: virtual spans between them, real UDP sockets for RTP."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from support.gateways import free_ports

from tandem.codecs.rtp import pack_header
from tandem.gateway.media.plane import Plane
from tandem.gateway.media.protocol import (
    Channel,
    Command,
    Event,
    MediaConfiguration,
    OpenRtp,
    Ready,
    RtpEndpoint,
    SpanConfiguration,
    TimeslotEndpoint,
)

STEP = 0.001


class Phone:
    """An RTP peer: sends octets 20 ms at a time, keeps the payloads it gets."""

    def __init__(self, payload_type: int = 8, host: str = "127.0.0.1") -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.payload_type = payload_type
        self.to: tuple[str, int] | None = None
        self.speech = b""
        self.line_open = False
        """Send silence when there is no speech."""
        self.packets: list[bytes] = []
        self._sequence, self._timestamp = 100, 5000

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()[:2]
        return host, port

    @property
    def heard(self) -> np.ndarray:
        payloads = [packet[12:] for packet in self.packets if packet[1] & 0x7F == self.payload_type]
        return np.frombuffer(b"".join(payloads), np.uint8)

    def tick(self) -> None:
        """20 ms of the phone's life."""
        self.listen()
        if self.speech:
            self.send(self.payload_type, self.speech[:160])
            self.speech = self.speech[160:]
        elif self.line_open:
            self.send(self.payload_type, bytes([0xD5 if self.payload_type == 8 else 0xFF]) * 160)

    def send(self, payload_type: int, payload: bytes, same_time: bool = False) -> None:
        assert self.to is not None
        self.socket.sendto(pack_header(payload_type, self._sequence, self._timestamp, 0xABCD) + payload, self.to)
        self._sequence += 1
        self._timestamp += 0 if same_time else 160

    def listen(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self.packets.append(self.socket.recv(2048))


@dataclass
class Side:
    """One plane, what it told and its phones."""

    plane: Plane
    events: list[Event] = field(default_factory=list)
    phones: list[Phone] = field(default_factory=list)
    held_until: float = 0.0
    """Its machine does nothing for it before this time."""

    def command(self, *commands: Command) -> None:
        for command in commands:
            self.plane.command(command)

    def phone(self, leg: int, law: str = "A", event_payload_type: int | None = None) -> Phone:
        """A phone with an open leg of that number towards it."""
        payload_type = 8 if law == "A" else 0
        phone = Phone(payload_type)
        port = self.ports[len(self.phones)]
        phone.to = ("127.0.0.1", port)
        self.command(OpenRtp(leg, port, law, payload_type, phone.address, event_payload_type))
        self.phones.append(phone)
        return phone

    @property
    def ports(self) -> list[int]:
        return next(event.ports for event in self.events if isinstance(event, Ready))

    def told(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


class Planes:
    """Planes that share a clock; `run` lets time pass."""

    def __init__(self, *sides: Side) -> None:
        self.sides = sides
        self.now = 1000.0
        self._steps = 0
        for place, side in enumerate(sides):
            side.plane.begin(self.now + 0.0004 * place)
            self._collect(side)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            self._steps += 1
            for side in self.sides:
                while self.now >= side.held_until and side.plane.serve(self.now):
                    pass
                self._collect(side)
                if self._steps % 20 == 7:
                    for phone in side.phones:
                        phone.tick()

    def _collect(self, side: Side) -> None:
        side.events += side.plane.events
        side.plane.events.clear()


@contextlib.contextmanager
def two_planes(
    spans: int = 1,
    laws: tuple[str, str] = ("A", "A"),
    framing: str = "crc4",
    channels: list[Channel] | None = None,
    address_v6: str = "",
) -> Iterator[tuple[Planes, Side, Side]]:
    """Two planes joined by virtual spans E0, E1, …; without `channels` signalling channel 1 in timeslot 16 of E0."""
    sides = []
    first_port = free_ports(40)
    for place, law in enumerate(laws):
        configuration = MediaConfiguration(
            spans=[
                SpanConfiguration(f"E{span}", f"virtual:media{first_port}-{span}", law, framing)
                for span in range(spans)
            ],
            channels=[Channel(1, "E0", (16,))] if channels is None else channels,
            rtp_ports=(first_port + 20 * place, first_port + 20 * place + 9),
            rtp_address_v6=address_v6,
        )
        sides.append(Side(Plane(configuration)))
    try:
        yield Planes(*sides), sides[0], sides[1]
    finally:
        for side in sides:
            side.plane.close()
            for phone in side.phones:
                phone.socket.close()


def timeslot(number: int, span: str = "E0") -> TimeslotEndpoint:
    return TimeslotEndpoint(span, number)


def leg(number: int) -> RtpEndpoint:
    return RtpEndpoint(number)
