"""Recording to a file: the tick leaves octets in a bounded queue and never waits, a thread writes them."""

from __future__ import annotations

import queue
import threading
import wave
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import numpy as np

from tandem.codecs.g711 import Law, Samples, decode, encode
from tandem.codecs.tones import RATE

BLOCK: Final = 160
TOGETHER: Final = 10
"""Blocks that are written at once: 200 ms."""
MOST: Final = 500
"""Blocks that wait for a slow disk: 10 s; what comes then is not recorded, and is told."""
_RAW: Final = {".alaw": Law.A, ".al": Law.A, ".ulaw": Law.MU, ".ul": Law.MU}
_Block = tuple[bytes, str, bytes, str]


class Recorder:
    """One file; `put`, `end` and `finished` are for the tick, `write` for the writer."""

    def __init__(self, path: str, mode: str, limit: float, writer: Writer) -> None:
        """`mode` and `limit` as in `protocol.Record`."""
        self._path = Path(path)
        self._mode = mode
        self._limit = int(limit * RATE / BLOCK) if limit else 0
        self._writer = writer
        self._blocks: deque[_Block] = deque()
        self._file: wave.Wave_write | IO[bytes] | None = None
        self._opened: IO[bytes] | None = None
        self.recorded = 0
        """Blocks taken."""
        self.lost = 0
        """Blocks that the disk was too slow for."""
        self.status = ""
        """Why it is to end, empty while it goes on."""
        self.error = ""
        self.finished = False
        """The file is closed."""

    def put(self, received: bytes, received_law: str, heard: bytes, heard_law: str) -> None:
        """One block: what came, and what was sent."""
        if self.status:
            return
        if len(self._blocks) >= MOST:
            self.lost += 1
            return
        self._blocks.append((received, received_law, heard, heard_law))
        self.recorded += 1
        if self._limit and self.recorded >= self._limit:
            self.end("done")
        elif self.recorded % TOGETHER == 0:
            self._writer.ask(self)

    def end(self, status: str) -> None:
        """Close the file when all that waits has been written."""
        if not self.status:
            self.status = status
            self._writer.ask(self)

    def write(self) -> None:
        """Write what waits; called by the writer's thread only."""
        if self.finished:
            return
        ending = bool(self.status)
        try:
            if self._file is None:
                self._file = self._open()
            if blocks := [self._blocks.popleft() for _ in range(len(self._blocks))]:
                self._put(self._samples(blocks))
            if ending:
                self._close()
                self.finished = True
        except (OSError, wave.Error) as error:
            self._fail(f"cannot be written: {getattr(error, 'strerror', None) or error}")

    def _open(self) -> wave.Wave_write | IO[bytes]:
        self._opened = self._path.open("wb")
        if self._path.suffix in _RAW or self._path.suffix == ".raw":
            return self._opened
        file = wave.open(self._opened, "wb")  # noqa: SIM115
        file.setnchannels(2 if self._mode == "stereo" else 1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        return file

    def _samples(self, blocks: list[_Block]) -> Samples:
        received = _decoded([(octets, law) for octets, law, _, _ in blocks])
        if self._mode == "received":
            return received
        heard = _decoded([(octets, law) for _, _, octets, law in blocks])
        if self._mode == "stereo":
            stereo: Samples = np.stack((received, heard), axis=1).reshape(-1)
            return stereo
        mixed: Samples = np.clip(received.astype(np.int32) + heard, -32768, 32767).astype(np.int16)
        return mixed

    def _put(self, pcm: Samples) -> None:
        if isinstance(self._file, wave.Wave_write):
            self._file.writeframes(pcm.astype("<i2").tobytes())  # and the length in the header, should we be killed
        elif self._file is not None:
            law = _RAW.get(self._path.suffix)
            self._file.write(pcm.astype("<i2").tobytes() if law is None else encode(pcm, law).tobytes())
            self._file.flush()

    def _close(self) -> None:
        for file in (self._file, self._opened):
            if file is not None:
                file.close()

    def _fail(self, text: str) -> None:
        self.error = self.status = text
        self._blocks.clear()
        with suppress(OSError, wave.Error):  # the disk is what failed
            self._close()
        if self._opened is not None:
            with suppress(OSError):
                self._opened.close()
        self.finished = True


class Writer:
    """The thread that writes for all recorders; it is started when the first one comes."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[Recorder | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def ask(self, recorder: Recorder) -> None:
        """Have what `recorder` holds written."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sound writer", daemon=True)
            self._thread.start()
        self._asked.put(recorder)

    def close(self) -> None:
        """Write what waits, then end the thread."""
        if self._thread is not None:
            self._asked.put(None)
            self._thread.join(2.0)

    def _run(self) -> None:
        while (recorder := self._asked.get()) is not None:
            recorder.write()


def _decoded(blocks: list[tuple[bytes, str]]) -> Samples:
    """Linear samples of blocks, each in its law."""
    laws = {law for _, law in blocks}
    if len(laws) == 1:
        return decode(np.frombuffer(b"".join(octets for octets, _ in blocks), np.uint8), Law(laws.pop()))
    return np.concatenate([decode(np.frombuffer(octets, np.uint8), Law(law)) for octets, law in blocks])
