"""What reads a line or its packets under random input: HDLC, E1, T1, SAToP. Each `step` is one portion."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
from support.fuzzing import mutate

from tandem.hardware.framing.e1_deframer import E1Deframer
from tandem.hardware.framing.e1_framer import E1Framer
from tandem.hardware.framing.hdlc import HdlcReceiver, HdlcTransmitter
from tandem.hardware.framing.t1_data_link import Code
from tandem.hardware.framing.t1_deframer import T1Deframer
from tandem.hardware.framing.t1_framer import T1Framer
from tandem.hardware.satop import FAR_AHEAD, SatopReceiver, SatopTransmitter
from tandem.hardware.span import Framing, LineFormat


def spoiled(octets: bytes, source: Random, hostility: float) -> bytes:
    """With errors sometimes: bits wrong, octets missing or too many, another alignment, ones, zeros, anything."""
    if source.random() >= hostility:
        return octets
    match source.randrange(6):
        case 0 | 1:
            return mutate(octets, octets, source)
        case 2:
            return bytes(len(octets))
        case 3:
            return b"\xff" * len(octets)
        case 4:
            shift = source.randrange(1, 8)
            return (int.from_bytes(octets, "big") << shift).to_bytes(len(octets) + 1, "big")[1:]
        case _:
            return source.randbytes(len(octets))


class Hdlc:
    def __init__(self, source: Random) -> None:
        self.source, self.hostility = source, source.choice((0.02, 0.2, 1.0))
        self.machine = HdlcReceiver(filter_repeats=source.random() < 0.5)
        self._transmitter = HdlcTransmitter(source.choice((None, b"\xff\xff\x00")))

    def step(self) -> None:
        source = self.source
        if self._transmitter.queued < 5:
            self._transmitter.send([source.randbytes(source.choice((3, 4, 20, 280, 300))) for _ in range(2)])
        for frame in self.machine.receive(
            spoiled(self._transmitter.block(source.randint(1, 200)), source, self.hostility)
        ):
            assert 3 <= len(frame) <= 278, len(frame)
        counts = self.machine.take_counts()
        assert min(counts.good, counts.bad_fcs, counts.errored, counts.octet_counting) >= 0


class E1:
    def __init__(self, source: Random) -> None:
        self.source, self.hostility = source, source.choice((0.02, 0.2, 1.0))
        self.machine = E1Deframer(crc4=source.random() < 0.7)
        self._framer = E1Framer(crc4=source.random() < 0.7)
        self._octets = self._frames = 0

    def step(self) -> None:
        source = self.source
        count = source.choice((1, 8, 8, 16, 40))
        frames = np.frombuffer(source.randbytes(32 * count), np.uint8).reshape(count, 32)
        octets = spoiled(self._framer.transmit(frames), source, self.hostility)
        cut = source.randrange(len(octets) + 1)
        for part in (octets[:cut], octets[cut:]):
            given = self.machine.receive(part)
            assert given.dtype == np.uint8
            assert given.shape[1:] == (32,)
            self._octets += len(part)
            self._frames += len(given)
        if source.random() < 0.001:
            self.machine.lose_signal()
            self._octets = self._frames = 0
        # Frames come at the rate of the line, but for one put off and those of a search.
        assert self._frames * 32 <= self._octets + 64, (self._frames, self._octets)


class T1:
    def __init__(self, source: Random) -> None:
        self.source, self.hostility = source, source.choice((0.02, 0.2, 1.0))
        framing = source.choice((Framing.ESF, Framing.SF))
        self.machine = T1Deframer(LineFormat(framing, source.choice((4, 5, 6))))
        self._framer = T1Framer(framing if source.random() < 0.8 else Framing.SF)
        self._octets = self._frames = 0

    def step(self) -> None:
        source = self.source
        count = source.choice((8, 8, 16, 40, 160))
        frames = np.frombuffer(source.randbytes(32 * count), np.uint8).reshape(count, 32)
        if source.random() < 0.02:
            self._framer.remote_alarm = not self._framer.remote_alarm
            self._framer.data_link.send_code(source.choice(list(Code)))
            self._framer.data_link.send(source.randbytes(source.randint(2, 80)))
        octets = spoiled(self._framer.transmit(frames), source, self.hostility)
        cut = source.randrange(len(octets) + 1)
        for part in (octets[:cut], octets[cut:]):
            given = self.machine.receive(part)
            assert given.dtype == np.uint8
            assert given.shape[1:] == (32,)
            self._octets += len(part)
            self._frames += len(given)
        self.machine.data_link.messages.clear()
        if source.random() < 0.001:
            self.machine.lose_signal()
            self._octets = self._frames = 0
        # Frames come at the rate of the line, none is made up.
        assert self._frames * 193 <= self._octets * 8, (self._frames, self._octets)


class Satop:
    def __init__(self, source: Random) -> None:
        self.source, self.hostility = source, source.choice((0.02, 0.2, 0.6))
        self.payload = source.choice((32, 256))
        self.reorder = source.choice((0, 2, 8))
        self.machine = SatopReceiver(self.payload, reorder=self.reorder)
        self._transmitter = SatopTransmitter(self.payload, sequence=source.randrange(1 << 16))
        self._kept: list[bytes] = [bytes(4)]
        self._now = 0.0

    def step(self) -> None:
        source = self.source
        self._now += source.choice((0.001, 0.001, 0.1))
        (packet,) = self._transmitter.packets(source.randbytes(self.payload))
        if source.random() < self.hostility:
            self._kept = [*self._kept[-9:], packet]
            match source.randrange(5):
                case 0:
                    packet = source.choice(self._kept)
                case 1:
                    packet = mutate(packet, source.choice(self._kept), source)
                case 2:
                    self._transmitter.sequence = source.choice((0, 0xFFF0, self._transmitter.sequence + 5 & 0xFFFF))
                    self._transmitter.fault = source.random() < 0.1
                case 3:
                    packet = mutate(packet[:4], packet, source) + packet[4:]
                case _:
                    self.machine.handle_silence(self._now)
                    return
        given = self.machine.receive(packet, self._now)
        assert len(given) % self.payload == 0
        assert len(given) <= (FAR_AHEAD + self.reorder + 1) * self.payload
        assert len(self.machine._waiting) <= FAR_AHEAD


LINES: dict[str, Any] = {"hdlc": Hdlc, "e1": E1, "t1": T1, "satop": Satop}
