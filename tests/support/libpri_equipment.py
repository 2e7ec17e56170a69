"""ISDN equipment made of libpri: an E1 or T1 in software, D-channel by libpri, B-channels that echo what they hear."""

from __future__ import annotations

import threading
import time

import numpy as np
from support.libpri import Peer

from tandem.hardware.framing.hdlc import HdlcReceiver, HdlcTransmitter
from tandem.hardware.registry import open_span
from tandem.hardware.span import FRAME_RATE, TIMESLOTS, LineFormat

#: Frames written at a time: 5 ms.
STEP = 40
#: Frames that wait before they are sent back, so that a late step leaves no gap.
HELD = 160


class Equipment(threading.Thread):
    """Runs the line of `peer` until `stop`. Nobody else may read or write the peer's socket meanwhile."""

    def __init__(self, peer: Peer, spec: str, line: LineFormat, silence: int) -> None:
        """`silence` is the octet of silence in the law of the line."""
        super().__init__(daemon=True)
        self._peer = peer
        self._span = open_span(spec, line)
        self._d_channel = 24 if line.framing.is_t1 else 16
        self._silence = silence
        self._ended = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """See Thread."""
        try:
            self._run()
        except BaseException as failure:
            self.failure = failure
        finally:
            self._span.close()

    def stop(self) -> None:
        """End; what went wrong is raised here."""
        self._ended.set()
        self.join(10)
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        transmitter, receiver = HdlcTransmitter(), HdlcReceiver(min_octets=4, max_octets=1602)
        heard = np.full((HELD, TIMESLOTS), self._silence, np.uint8)
        due = time.monotonic()
        while not self._ended.is_set():
            now = time.monotonic()
            if due > now:
                time.sleep(due - now)
            due += STEP / FRAME_RATE
            now = time.monotonic()
            frames = self._span.read(now)
            for frame in receiver.receive(frames[:, self._d_channel].tobytes()):
                self._peer.socket.send(frame)
            transmitter.send(self._peer.frames())
            heard = np.concatenate([heard, frames])[-4 * HELD :]
            out, heard = heard[:STEP].copy(), heard[STEP:]
            if len(out) < STEP:
                out = np.concatenate([out, np.full((STEP - len(out), TIMESLOTS), self._silence, np.uint8)])
            out[:, self._d_channel] = np.frombuffer(transmitter.block(STEP), np.uint8)
            self._span.write(out, now)
