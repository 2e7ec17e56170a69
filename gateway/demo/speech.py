"""One end of a conversation: sends a known signal as RTP every 20 ms and keeps what arrives, by RTP timestamp."""

from __future__ import annotations

import asyncio
import socket

import numpy as np

from tandem.codecs import g711
from tandem.codecs.g711 import SILENCE, Law, Octets
from tandem.codecs.quality import Quality, measure_octets, probe
from tandem.codecs.rtp import pack_header, parse_header
from tandem.core.errors import DecodeError

SAMPLES = 160
"""Samples of a packet: 20 ms."""


class Speech:
    """An RTP end at `address` that speaks `law`."""

    def __init__(self, address: str, law: Law, seed: int, seconds: float) -> None:
        """`seed` makes the signal; it lasts `seconds`."""
        self.law = law
        self.signal: Octets = g711.encode(probe(int(seconds * 8000) // SAMPLES * SAMPLES, seed), law)
        self._packets: list[tuple[float, int, bytes]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._readable)
        self._task: asyncio.Task[None] | None = None
        self._sent = 0
        """Octets of the signal that have been sent."""
        self._started: float | None = None
        """When the first octet of the signal was sent."""

    def start(self, remote: tuple[str, int], payload_type: int) -> None:
        """Begin to send the signal to `remote`."""
        if self._task is None:
            self._task = asyncio.create_task(self._send(remote, payload_type))

    def close(self) -> None:
        """Stop and close."""
        if self._task is not None:
            self._task.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def heard(self) -> tuple[Octets, float] | None:
        """What arrived in the order of its RTP timestamps, gaps as silence, and when its first octet arrived.

        What comes with a timestamp far from the others (a new stream) is left out. None when nothing came.
        """
        if not self._packets:
            return None
        arrival, origin, _ = self._packets[0]
        out: Octets = np.full(len(self.signal) * 2 + 16000, SILENCE[self.law], dtype=np.uint8)
        end = 0
        for _, timestamp, payload in self._packets:
            start = (timestamp - origin) & 0xFFFFFFFF
            if start + len(payload) <= len(out):
                out[start : start + len(payload)] = np.frombuffer(payload, dtype=np.uint8)
                end = max(end, start + len(payload))
        return out[:end], arrival

    def said(self) -> Octets:
        """What has been sent of the signal."""
        return self.signal[: self._sent]

    def delay_ms(self, quality: Quality, speaker: Speech) -> float | None:
        """One-way delay from the speaker's mouth to our ear, by the clock both share."""
        heard = self.heard()
        if quality.delay_samples is None or heard is None or speaker._started is None:
            return None
        return 1000 * (heard[1] - speaker._started) + quality.delay_samples / 8

    def quality(self, speaker: Speech) -> Quality | None:
        """What became of the speaker's signal on its way here; None when nothing came."""
        heard = self.heard()
        return None if heard is None else measure_octets(speaker.signal, speaker.law, heard[0], self.law)

    async def _send(self, remote: tuple[str, int], payload_type: int) -> None:
        """Send packets at even intervals of the clock, whatever each one's own lateness."""
        start = self._loop.time()
        for index in range(len(self.signal) // SAMPLES):
            wait = start + index * 0.02 - self._loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            if self._started is None:
                self._started = self._loop.time()
            header = pack_header(payload_type, index & 0xFFFF, index * SAMPLES, 0x7A7A0000 + self.port, index == 0)
            self._sent = (index + 1) * SAMPLES
            block = self.signal[index * SAMPLES : self._sent].tobytes()
            try:
                self._socket.sendto(header + block, remote)
            except OSError:
                continue

    def _readable(self) -> None:
        now = self._loop.time()
        while True:
            try:
                packet = self._socket.recv(2048)
            except OSError:
                return
            try:
                header = parse_header(packet)
            except DecodeError:
                continue
            self._packets.append((now, header.timestamp, header.payload(packet)))
