"""Jitter buffers of every RTP leg at once, as arrays.

Each leg has a ring of octets between `write` (where the next packet in order goes) and `read` (what is played next).
What lies between is always whole: a gap is filled with concealment when the packet behind it arrives, and a packet
that turns up later overwrites its own part. When nothing is there to play, concealment is played and *read* stays
where it is: if the packet was late, the buffer has thereby grown; if it was lost, the gap it leaves is taken as
already played. A buffer that has stayed too full for a second gives up what it did not need.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from .fade import fade

Octets = npt.NDArray[np.uint8]

BLOCK: Final = 160
"""Octets played a tick: 20 ms of G.711."""
SLOTS: Final = 16
RING: Final = BLOCK * SLOTS
MOST: Final = 5 * BLOCK
"""More than this (100 ms) waiting is cut to two packets at once."""
SPARE: Final = 2 * BLOCK
"""Left over after every tick of a window, this much shows that the buffer is too deep."""
WINDOW: Final = 50
"""Ticks of a window."""
FADED: Final = 3 * BLOCK
"""Octets of concealment after which it is silence."""
GIVE_UP: Final = 10 * BLOCK
"""Octets without a packet after which the sender is taken to have stopped."""

_IDLE, _PRIMED, _PLAYING = 0, 1, 2


class JitterBuffers:
    """Jitter buffers of `legs` legs; positions are octets since the leg was opened."""

    def __init__(self, legs: int) -> None:
        self._ring = np.zeros((legs, SLOTS, BLOCK), np.uint8)
        self._flat = self._ring.reshape(legs, RING)
        self._state = np.zeros(legs, np.uint8)
        self._read = np.zeros(legs, np.int64)
        self.write = np.zeros(legs, np.int64)
        self._stretched = np.zeros(legs, np.int64)
        self._packet = np.full(legs, BLOCK, np.int64)
        self._floor = np.full(legs, RING, np.int64)
        self._silence = np.full(legs, 0xD5, np.uint8)
        self._law = ["A"] * legs
        self._quiet = np.zeros(legs, np.bool_)
        self._holes: dict[int, list[tuple[int, int]]] = {}
        self._ticks = 0
        self.concealed = np.zeros(legs, np.int64)
        """Octets made up and played because none had come, by leg."""
        self.skipped = np.zeros(legs, np.int64)
        """Octets thrown away to shorten the delay, by leg."""

    def open(self, leg: int, law: str, silence: int) -> None:
        """Start `leg` empty; `silence` is the octet played while nothing comes."""
        self._law[leg] = law
        self._silence[leg] = silence
        self._state[leg] = _IDLE
        self._read[leg] = self.write[leg] = self._stretched[leg] = 0
        self._packet[leg] = BLOCK
        self._quiet[leg] = False
        self.concealed[leg] = self.skipped[leg] = 0
        self._holes.pop(leg, None)

    def close(self, leg: int) -> None:
        """Stop playing `leg`."""
        self._state[leg] = _IDLE
        self._holes.pop(leg, None)

    def delay(self, leg: int) -> int:
        """Octets waiting to be played."""
        return int(self.write[leg] - self._read[leg])

    def accepts(self, legs: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Which of `legs` can take a packet of 160 octets in order by `push_in_order`."""
        write = self.write[legs]
        room: npt.NDArray[np.bool_] = self._state[legs] == _PLAYING
        room &= write - self._read[legs] <= MOST - BLOCK
        room &= write % BLOCK == 0
        room &= ~self._quiet[legs]
        return room

    def push_in_order(self, legs: npt.NDArray[np.intp], payloads: Octets) -> None:
        """Take the next packet of 160 octets of each of `legs`, every one named once and accepting."""
        self._ring[legs, self.write[legs] // BLOCK % SLOTS] = payloads
        self.write[legs] += BLOCK
        self._stretched[legs] = 0

    def push(self, leg: int, payload: bytes, gap: int = 0, lost: bool = True) -> bool:
        """Take one packet that begins `gap` octets behind the next expected one; False when it was too late.

        A positive gap is concealed when `lost`, else it is silence that was not sent. A negative gap is a packet out
        of order.
        """
        payload = payload[: RING - MOST]
        if gap < 0:
            return self._push_late(leg, payload, gap)
        self._quiet[leg] = False
        if self._state[leg] == _IDLE:
            self._state[leg] = _PRIMED
            self._read[leg] = self.write[leg] = -(-int(self.write[leg]) // BLOCK) * BLOCK
            gap = 0
        gap = max(0, gap - int(self._stretched[leg]))
        self._stretched[leg] = 0
        if 0 < gap <= MOST:
            self._fill_gap(leg, gap, lost)
        self._store(leg, int(self.write[leg]), payload)
        self.write[leg] += len(payload)
        self._packet[leg] = len(payload)
        if self.delay(leg) > MOST:
            self._shorten(leg, self.delay(leg) - 2 * BLOCK)
        return True

    def quiet(self, leg: int) -> None:
        """The sender said that it falls silent (comfort noise, telephone-event): silence, not concealment."""
        self._quiet[leg] = True

    def play(self, rows: Octets) -> None:
        """Write the next 160 octets of every leg into `rows`, shape (legs, 160), which still hold the last ones."""
        waiting = self.write - self._read
        playing = self._state == _PLAYING
        smooth = playing & (waiting >= BLOCK) & (self._read % BLOCK == 0)
        legs = np.flatnonzero(smooth)
        rows[legs] = self._ring[legs, self._read[legs] // BLOCK % SLOTS]
        self._read[legs] += BLOCK
        np.minimum(self._floor, waiting - BLOCK, out=self._floor)
        rough = np.flatnonzero(playing ^ smooth)
        for leg in rough.tolist():
            self._play_one(leg, rows[leg])
        for leg in np.flatnonzero(self._state == _PRIMED).tolist():
            self._state[leg] = _PLAYING
            self._floor[leg] = 0
            rows[leg] = self._silence[leg]
            self._shorten(leg, self.delay(leg) - max(BLOCK, int(self._packet[leg])))
        self._ticks += 1
        if self._ticks % WINDOW == 0:
            self._adapt()

    def _adapt(self) -> None:
        for leg in np.flatnonzero((self._floor >= SPARE) & (self._state == _PLAYING)).tolist():
            self._shorten(leg, int(self._floor[leg]) - BLOCK)
        self._floor[:] = RING

    def _play_one(self, leg: int, row: Octets) -> None:
        read, have = int(self._read[leg]), min(self.delay(leg), BLOCK)
        silent = bool(self._quiet[leg]) or self._stretched[leg] >= FADED
        if have < BLOCK:
            row[have:] = self._silence[leg] if silent else fade(self._law[leg], row[have:])
        if have:
            row[:have] = self._flat[leg].take(np.arange(read, read + have), mode="wrap")
            self._read[leg] = read + have
        if have < BLOCK:
            self._starve(leg, BLOCK - have, silent)

    def _starve(self, leg: int, octets: int, silent: bool) -> None:
        self._stretched[leg] += octets
        if not silent:
            self.concealed[leg] += octets
        # Nothing is waiting: start the next packet on a block boundary, where whole blocks are copied.
        self._read[leg] = self.write[leg] = -(-int(self.write[leg]) // BLOCK) * BLOCK
        if self._stretched[leg] >= GIVE_UP:
            self._state[leg] = _IDLE

    def _push_late(self, leg: int, payload: bytes, gap: int) -> bool:
        start = int(self.write[leg]) + gap
        end = start + len(payload)
        read = int(self._read[leg])
        holes = [hole for hole in self._holes.get(leg, ()) if hole[1] > read]
        for hole in holes:
            if hole[0] <= start and end <= hole[1] and start >= read:
                self._store(leg, start, payload)
                self.concealed[leg] -= len(payload)
                rest = [(hole[0], start), (end, hole[1])]
                self._holes[leg] = [other for other in holes if other != hole] + [r for r in rest if r[0] < r[1]]
                return True
        return False

    def _fill_gap(self, leg: int, gap: int, lost: bool) -> None:
        write = int(self.write[leg])
        if lost:
            block = self._flat[leg].take(np.arange(write - BLOCK, write), mode="wrap")
            for start in range(0, gap, BLOCK):
                block = fade(self._law[leg], block) if start < FADED else np.full(BLOCK, self._silence[leg], np.uint8)
                self._store(leg, write + start, block[: gap - start].tobytes())
            self.concealed[leg] += gap
            self._holes.setdefault(leg, []).append((write, write + gap))
            del self._holes[leg][:-8]
        else:
            self._store(leg, write, bytes([self._silence[leg]]) * gap)
        self.write[leg] += gap

    def _store(self, leg: int, position: int, payload: bytes) -> None:
        start = position % RING
        ring = self._flat[leg]
        octets = np.frombuffer(payload, np.uint8)
        first = min(len(octets), RING - start)
        ring[start : start + first] = octets[:first]
        ring[: len(octets) - first] = octets[first:]

    def _shorten(self, leg: int, octets: int) -> None:
        """Throw away `octets`, in whole blocks, so that what is copied block by block stays so."""
        if (cut := octets // BLOCK * BLOCK) > 0:
            self._read[leg] += cut
            self.skipped[leg] += cut
