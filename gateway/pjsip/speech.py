"""Speech of one call between PJSIP and the media process: blocks of 20 ms here, plain RTP of G.711 there.

Two threads come here: that of PJSIP's conference bridge for every block, the main thread for everything else. What
they share is single values and queues.
"""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from queue import Empty, SimpleQueue
from typing import Final

import numpy as np

from tandem.codecs import g711, rtp
from tandem.codecs.telephone_event import DIGITS, parse_events
from tandem.core.errors import DecodeError
from tandem.gateway.media.digits import EventInProgress, EventReceiver, EventSender
from tandem.gateway.sip.sdp import EVENT_PAYLOAD_TYPE, PAYLOAD_TYPES

BLOCK: Final = 160
SILENCE: Final = bytes(2 * BLOCK)
READY: Final = 2
"""Blocks from the media process that are waited for before the first is played: its tick and PJSIP's are two clocks."""
MOST: Final = 8
"""Blocks that may wait; of more, all but READY go, so that the delay stays short."""
_VOLUME: Final = 10
"""Power of digits, in -dBm0 (RFC 4733 2.3.3)."""
_LAWS: Final = {number: g711.Law(law) for law, number in PAYLOAD_TYPES.items()}


class SpeechPath:
    """One call's socket towards the media process."""

    def __init__(self, address: str) -> None:
        """Bind a port of `address`; OSError when none is to be had."""
        version = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(version, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((address, 0))
        self.port: int = self._socket.getsockname()[1]
        self.paused = False
        """Nothing comes from the peer: the media process is to notice."""
        self._remote: tuple[str, int] | None = None
        self._law = g711.Law.A
        self._sequence = int.from_bytes(os.urandom(2))
        self._timestamp = int.from_bytes(os.urandom(4))
        self._ssrc = int.from_bytes(os.urandom(4))
        self._waiting: deque[bytes] = deque()
        self._playing = False
        self._receiver = EventReceiver()
        self._sender = EventSender()
        self._heard: SimpleQueue[str] = SimpleQueue()

    def connect(self, remote: tuple[str, int]) -> None:
        """The media process receives at `remote`; from then on only it is listened to."""
        if remote != self._remote:
            self._socket.connect(remote)
            self._remote = remote

    def set_law(self, law: str) -> None:
        """Send with this law, `A` or `u`; received is either."""
        self._law = g711.Law(law)

    def close(self) -> None:
        """Give the port back; blocks that still come are thrown away."""
        self._remote = None
        self._socket.close()

    # --- digits

    def digits(self) -> list[str]:
        """Digits that came as telephone-events from the media process since the last call."""
        found: list[str] = []
        while True:
            try:
                found.append(self._heard.get_nowait())
            except Empty:
                return found

    def send_digit(self, digit: str, milliseconds: int) -> None:
        """Send a digit to the media process as a telephone-event (RFC 4733); what is none is passed over."""
        if len(digit) == 1 and digit in DIGITS:
            event = EventInProgress(DIGITS.index(digit), _VOLUME, 0, milliseconds * 8, ended=True)
            self._sender.start(event)

    # --- blocks, in the thread of the bridge

    def send(self, samples: bytes) -> None:
        """Send one block from the peer: 160 samples, 16 bits each in the order of this machine."""
        self._timestamp = self._timestamp + BLOCK & 0xFFFFFFFF
        event = self._sender.next(self._timestamp)
        if self._remote is None or (self.paused and event is None):
            return
        self._sequence = self._sequence + 1 & 0xFFFF
        if event is not None:
            payload, timestamp, marker = event
            head = rtp.pack_header(EVENT_PAYLOAD_TYPE, self._sequence, timestamp, self._ssrc, marker)
        else:
            payload = g711.encode(np.frombuffer(samples, np.int16), self._law).tobytes()
            payload_type = PAYLOAD_TYPES[self._law.value]
            head = rtp.pack_header(payload_type, self._sequence, self._timestamp, self._ssrc)
        try:
            self._socket.send(head + payload)
        except OSError:  # full, closed meanwhile, or the media process does not listen any more
            return

    def take(self) -> bytes:
        """The next block for the peer, silence where there is none."""
        self._read()
        waiting = self._waiting
        if len(waiting) > MOST:
            while len(waiting) > READY:
                waiting.popleft()
        if not self._playing and len(waiting) < READY:
            return SILENCE
        self._playing = bool(waiting)
        return waiting.popleft() if waiting else SILENCE

    def _read(self) -> None:
        """Take all packets that have come."""
        while self._remote is not None:
            try:
                packet = self._socket.recv(2048)
            except OSError:
                break
            try:
                header = rtp.parse_header(packet)
                payload = header.payload(packet)
                if header.payload_type == EVENT_PAYLOAD_TYPE:
                    _, ended = self._receiver.receive(parse_events(payload)[0], header.timestamp, time.monotonic())
                    self._note(ended)
                    continue
            except DecodeError:
                continue
            law = _LAWS.get(header.payload_type)
            if law is None:
                continue
            for start in range(0, len(payload) - BLOCK + 1, BLOCK):
                octets = np.frombuffer(payload, np.uint8, BLOCK, start)
                self._waiting.append(np.asarray(g711.decode(octets, law)).astype(np.int16).tobytes())
        self._note(self._receiver.expire(time.monotonic()))

    def _note(self, ended: EventInProgress | None) -> None:
        if ended is not None and ended.code < len(DIGITS):
            self._heard.put(DIGITS[ended.code])
