"""ISDN equipment made of libpri: an E1 or T1 in software, D-channel by libpri, B-channels that echo or speak."""

from __future__ import annotations

import threading
import time

import numpy as np
from numpy.typing import NDArray
from support.libpri import Peer

from tandem.codecs.g711 import Octets
from tandem.hardware.framing.hdlc import HdlcReceiver, HdlcTransmitter
from tandem.hardware.registry import open_span
from tandem.hardware.span import FRAME_RATE, TIMESLOTS, LineFormat

#: Frames written at a time: 5 ms.
STEP = 40
#: Frames that wait before they are sent back, so that a late step leaves no gap.
HELD = 160
#: Frames that are recorded at most: a minute.
LONGEST = 60 * FRAME_RATE


class Voice:
    """Who speaks on one channel, once, and records what comes."""

    def __init__(self, channel: int, octets: Octets) -> None:
        self._channel = channel
        self._left = octets
        self._record: list[Octets] = []
        self._recorded = 0

    def heard(self) -> Octets:
        """What came so far."""
        return np.concatenate([np.empty(0, np.uint8), *self._record])

    def talk(self, frames: NDArray[np.uint8], out: NDArray[np.uint8], silence: int) -> None:
        """Record what came in `frames`, and say the next in `out`."""
        if self._recorded < LONGEST:
            self._record.append(frames[:, self._channel].copy())
            self._recorded += len(frames)
        said, self._left = self._left[: len(out)], self._left[len(out) :]
        out[:, self._channel] = silence
        out[: len(said), self._channel] = said


class Equipment(threading.Thread):
    """Runs the line of `peer` until `stop`. Nobody else may read or write the peer's socket meanwhile."""

    def __init__(self, peer: Peer, spec: str, line: LineFormat, silence: int, signalling: str | None = None) -> None:
        """`silence` is the octet of silence in the law of the line.

        `signalling`: the D-channel alone leaves by this span, and the B-channels by `spec`, as behind a cross-connect.
        """
        super().__init__(daemon=True)
        self._peer = peer
        self._span = open_span(spec, line)
        self._signalling = self._span if signalling is None else open_span(signalling, line)
        self._d_channel = 24 if line.framing.is_t1 else 16
        self._cut = False
        self._voice: Voice | None = None
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
            if self._signalling is not self._span:
                self._signalling.close()

    def speak(self, channel: int, octets: Octets) -> None:
        """From now on say `octets` on a channel, once, instead of the echo; and record what is heard there."""
        self._voice = Voice(channel, octets)

    def heard(self) -> Octets:
        """What the channel of `speak` has heard since."""
        return self._voice.heard() if self._voice is not None else np.empty(0, np.uint8)

    def cut(self, cut: bool) -> None:
        """While cut, nothing is sent or heard on the span with the D-channel."""
        self._cut = cut

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
            signalled = frames if self._signalling is self._span else self._signalling.read(now)
            if self._cut:
                self._peer.frames()
                signalled = signalled[:0]
            for frame in receiver.receive(signalled[:, self._d_channel].tobytes()):
                self._peer.socket.send(frame)
            transmitter.send(self._peer.frames())
            heard = np.concatenate([heard, frames])[-4 * HELD :]
            out, heard = heard[:STEP].copy(), heard[STEP:]
            if len(out) < STEP:
                out = np.concatenate([out, self._silent(STEP - len(out))])
            if self._voice is not None:
                self._voice.talk(frames, out, self._silence)
            if self._signalling is not self._span:
                self._span.write(out, now)
                out = self._silent(STEP)
            out[:, self._d_channel] = np.frombuffer(transmitter.block(STEP), np.uint8)
            if not self._cut:
                self._signalling.write(out, now)

    def _silent(self, frames: int) -> NDArray[np.uint8]:
        return np.full((frames, TIMESLOTS), self._silence, np.uint8)
