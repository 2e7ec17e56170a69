"""Playing a file to a sink: a thread reads ahead into a bounded queue, the tick takes one block and never waits."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator
from typing import Final

import numpy as np

from tandem.codecs.g711 import SILENCE, Law, Octets, Samples, encode

from .sounds import SoundError, samples

BLOCK: Final = 160
AHEAD: Final = 100
"""Blocks that are read ahead: 2 s."""
LOW: Final = 50
"""Blocks at which more are asked for."""


class FilePlayer:
    """One file, in one law; `play` is for the tick, `fill` for the reader."""

    def __init__(self, what: str, law: Law, reader: Reader) -> None:
        """Have `reader` begin to read `what`."""
        self._what = what
        self._law = law
        self._reader = reader
        self._blocks: deque[Octets] = deque()
        self._chunks: Iterator[Samples] | None = None
        self._rest = np.zeros(0, np.int16)
        self._silence = np.full(BLOCK, SILENCE[law], np.uint8)
        self._read = False
        """All of it has been read, or what is left cannot be."""
        self._asked = True
        self.error = ""
        """Why it could not be read, for the operator."""
        self.played = 0
        """Blocks played."""
        self.stopped = False
        reader.ask(self)

    @property
    def over(self) -> bool:
        """Whether there is nothing left to play."""
        return self._read and not self._blocks

    def play(self) -> Octets:
        """The next block; silence while the disk does not keep up."""
        if len(self._blocks) < LOW and not self._read and not self._asked:
            self._asked = True
            self._reader.ask(self)
        if not self._blocks:
            return self._silence
        self.played += 1
        return self._blocks.popleft()

    def fill(self) -> None:
        """Read until there is enough; called by the reader's thread only."""
        try:
            if self._chunks is None:
                self._chunks = samples(self._what)
            while len(self._blocks) < AHEAD and not self.stopped and not self._read:
                self._take(next(self._chunks, None))
        except SoundError as error:
            self.error = str(error)
            self._read = True
        except Exception as error:  # whatever a file may hold, the other calls go on
            self.error = f"cannot be played: {error}"
            self._read = True
        self._asked = False

    def _take(self, chunk: Samples | None) -> None:
        last = chunk is None
        pcm = self._rest if chunk is None else np.concatenate((self._rest, chunk))
        if last:
            pcm = np.concatenate((pcm, np.zeros(-pcm.size % BLOCK, np.int16)))
        whole = pcm.size // BLOCK * BLOCK
        self._rest = pcm[whole:]
        if whole:
            self._blocks.extend(encode(pcm[:whole], self._law).reshape(-1, BLOCK))
        self._read = last


class OctetPlayer:
    """Octets that are there already."""

    error = ""
    stopped = False

    def __init__(self, octets: Octets) -> None:
        """`octets` are a whole number of blocks, in the law of the sink."""
        self._octets = octets
        self.played = 0

    @property
    def over(self) -> bool:
        """Whether there is nothing left to play."""
        return self.played * BLOCK >= self._octets.size

    def play(self) -> Octets:
        """The next block."""
        start = self.played * BLOCK
        self.played += 1
        return self._octets[start : start + BLOCK]


class Reader:
    """The thread that reads ahead for all players; it is started when the first one comes."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[FilePlayer | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def ask(self, player: FilePlayer) -> None:
        """Have `player` filled."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sound reader", daemon=True)
            self._thread.start()
        self._asked.put(player)

    def close(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._asked.put(None)
            self._thread.join(1.0)

    def _run(self) -> None:
        while (player := self._asked.get()) is not None:
            player.fill()
