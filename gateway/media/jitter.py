"""Jitter buffers of every RTP leg at once, as arrays.

Each leg has a ring of octets between `write` (where the next packet in order goes) and `read` (what is played next);
behind `read` is what was played. When nothing is there to play, speech is made up (`conceal.py`): if the packet was
late, the buffer has thereby grown; if it was lost, the gap it leaves is taken as already played. A gap in front of a
packet that has come is a hole, made up when it is to be played, unless the missing packet turns up before.

The depth follows the jitter. What is left over after each tick is the reserve. A packet later than the reserve makes
the buffer deeper at once. When for eight seconds there was always a packet more in reserve than there need be, one is
left out: in silence where there is any, else by an overlap of two, and not more than one a second. A leg that begins
to speak again, after silence that was not sent, begins as deep as it was.

A leg held for a modem keeps its depth: what is late is thrown away, what is missing is silence, and nothing moves.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tandem.codecs.comfort_noise import noise_block
from tandem.codecs.g711 import Law

from . import speed
from .conceal import Concealment
from .fade import fade

Octets = npt.NDArray[np.uint8]
Legs = npt.NDArray[np.intp]

BLOCK: Final = 160
"""Octets played a tick: 20 ms of G.711."""
SLOTS: Final = 40
RING: Final = BLOCK * SLOTS
LEAST: Final = BLOCK
"""Octets kept in reserve unless told otherwise."""
MOST: Final = 10 * BLOCK
"""Octets that wait at most unless told otherwise; of more, what is deeper than the leg needed to be is cut at once."""
DEEPEST: Final = 15 * BLOCK
"""The most that `MOST` can be told to be: a gap and a packet more still fit into the ring."""
WINDOW: Final = 50
"""Ticks of a window, in which the least reserve is taken."""
WINDOWS: Final = 8
"""Windows that a spare packet must have been there before it is given up."""
PATIENCE: Final = 100
"""Ticks that silence is waited for to leave out a packet in."""
SPARES: Final = 24
"""Legs that wait to leave a packet out at the same time: looking for silence takes them off the fast path."""
HELD: Final = 3 * BLOCK
"""Octets that wait, after a tick, on a leg held for a modem, within the bounds."""
FADED: Final = 3 * BLOCK
"""Octets of concealment after which it is silence."""
GIVE_UP: Final = 10 * BLOCK
"""Octets without a packet after which the sender is taken to have stopped."""
AT_ONCE: Final = 40
"""Legs that may run dry in one tick and be concealed by their pitch; more repeat their last block, fading."""
_LONGEST: Final = 960
_PRIMING: Final = 10
"""Ticks that a leg waits to be as deep as it was, at most."""

_IDLE, _PRIMED, _PLAYING = 0, 1, 2


class JitterBuffers:
    """Jitter buffers of `legs` legs; positions are octets since the leg was opened."""

    def __init__(self, legs: int, least: int = LEAST, most: int = MOST) -> None:
        """`least` octets are kept in reserve, `most` wait; whole blocks, DEEPEST at most."""
        self._least, self._most = least, max(most, least + BLOCK)
        self._ring = np.zeros((legs, SLOTS, BLOCK), np.uint8)
        self._flat = self._ring.reshape(legs, RING)
        self._state = np.zeros(legs, np.uint8)
        self._read = np.zeros(legs, np.int64)
        self.write = np.zeros(legs, np.int64)
        self._stretched = np.zeros(legs, np.int64)
        """Octets played, made up or silent, since nothing more was there."""
        self._packet = np.full(legs, BLOCK, np.int64)
        self._floor = np.full(legs, RING, np.int64)
        """The least reserve in this window, of legs that play; those that began in it had none."""
        self._floors = np.zeros((legs, WINDOWS), np.int64)
        self._deep = np.full(legs, least, np.int64)
        """Octets that wait when a leg begins to speak."""
        self._silence = np.full(legs, 0xD5, np.uint8)
        self._mu = np.zeros(legs, np.bool_)
        self._quiet = np.zeros(legs, np.bool_)
        self._held = np.zeros(legs, np.bool_)
        self._slow = np.zeros(legs, np.bool_)
        """Legs whose packets cannot be taken by `push_in_order`."""
        self._rough = np.zeros(legs, np.bool_)
        """Legs that have a hole, speech that comes back after concealment, or a packet to be left out."""
        self._holes: dict[int, list[tuple[int, int]]] = {}
        self._spare: dict[int, int] = {}
        """Legs that are to leave a packet out, and the tick until which silence is waited for."""
        self._concealment = Concealment()
        self._primed: dict[int, int] = {}
        """Legs that are about to begin, and how many ticks they have waited."""
        self._noise: dict[int, int] = {}
        """Level of the comfort noise that legs play while they are quiet, -dBov."""
        self._ticks = 0
        self.concealed = np.zeros(legs, np.int64)
        """Octets made up and played because none had come, by leg."""
        self.skipped = np.zeros(legs, np.int64)
        """Octets thrown away to shorten the delay, by leg."""
        self._others = np.zeros(legs, np.intp)
        self.compiled: Any = None
        """The same arrays, for the loops of speedups.pyx, where these were built."""
        if speed.speedups is not None:
            flags = [flag.view(np.uint8) for flag in (self._slow, self._rough, self._quiet, self._held, self._mu)]
            places = (self._read, self.write, self._stretched, self._floor, self._deep)
            counts = (self._packet, self.concealed, self.skipped)
            self.compiled = speed.speedups.Buffers(
                self._ring,
                (self._state, *flags, self._silence),
                (*places, *counts),
                self._floors,
                self._least,
                self._most,
            )

    def open(self, leg: int, law: str, silence: int) -> None:
        """Start `leg` empty; `silence` is the octet played while nothing comes."""
        self._concealment.open(leg, law)
        if self.compiled is None:
            self._begin(leg, silence, law == "u")
        else:
            self.compiled.open(leg, silence, law == "u")
        self._forget(leg)

    def _begin(self, leg: int, silence: int, mu: bool) -> None:
        self._silence[leg], self._mu[leg] = silence, mu
        self._state[leg] = _IDLE
        self._read[leg] = self.write[leg] = self._stretched[leg] = 0
        self._packet[leg] = BLOCK
        self._deep[leg] = self._least
        self._floors[leg] = 0
        self._quiet[leg] = self._held[leg] = self._slow[leg] = self._rough[leg] = False
        self.concealed[leg] = self.skipped[leg] = 0

    def close(self, leg: int) -> None:
        """Stop playing `leg`."""
        self._state[leg] = _IDLE
        self._concealment.close(leg)
        self._forget(leg)

    def delay(self, leg: int) -> int:
        """Octets waiting to be played."""
        return int(self.write[leg] - self._read[leg])

    def hold(self, leg: int) -> None:
        """A modem or fax machine speaks on `leg`: its delay must not change any more, and nothing be made up."""
        if self._held[leg]:
            return
        self._held[leg] = True
        self._spare.pop(leg, None)
        self._concealment.end(leg)
        more = min(HELD, self._most - BLOCK) - self.delay(leg)
        if self._state[leg] == _PLAYING and more > 0:
            # What was played last is played again: a step in the phase of the tone, no pause in it.
            self._read[leg] = max(0, int(self._read[leg]) - -(-more // BLOCK) * BLOCK)

    def held(self, leg: int) -> bool:
        """Whether `leg` is held for a modem."""
        return bool(self._held[leg])

    def accepts(self, legs: Legs) -> npt.NDArray[np.bool_]:
        """Which of `legs` can take a packet of 160 octets in order by `push_in_order`."""
        write = self.write[legs]
        room: npt.NDArray[np.bool_] = self._state[legs] == _PLAYING
        room &= write - self._read[legs] <= self._most - BLOCK
        room &= write % BLOCK == 0
        room &= ~self._slow[legs]
        return room

    def push_in_order(self, legs: Legs, payloads: Octets) -> None:
        """Take the next packet of 160 octets of each of `legs`, every one named once and accepting."""
        self._ring[legs, self.write[legs] // BLOCK % SLOTS] = payloads
        self.write[legs] += BLOCK
        # What was played meanwhile was for want of this packet: the leg is that much deeper now.
        self._deep[legs] = np.minimum(self._deep[legs] + self._stretched[legs], self._most - BLOCK)
        self._stretched[legs] = 0

    def push(self, leg: int, payload: bytes, gap: int = 0, lost: bool = True) -> bool:
        """Take one packet that begins `gap` octets behind the next expected one; False when it was too late.

        A positive gap is concealed when `lost`, else it is silence that was not sent. A negative gap is a packet out
        of order.
        """
        payload = payload[:_LONGEST]
        if gap < 0:
            return self._push_late(leg, payload, gap)
        stretched = int(self._stretched[leg])
        if self._held[leg] and not self._quiet[leg] and gap < stretched and self._state[leg] == _PLAYING:
            late = stretched - gap
            if late >= len(payload):
                self._stretched[leg] = late - len(payload)
                return False
            payload, gap = payload[late:], stretched
        if not self._quiet[leg] and gap < stretched and self._state[leg] == _PLAYING:
            self._deep[leg] = min(int(self._deep[leg]) + stretched - gap, self._most - BLOCK)
        self._quiet[leg] = self._slow[leg] = False
        if self._state[leg] == _IDLE:
            self._state[leg] = _PRIMED
            self._primed[leg] = 0
            if not self.write[leg]:  # the first packet
                self._flat[leg] = self._silence[leg]
            self._read[leg] = self.write[leg] = -(-int(self.write[leg]) // BLOCK) * BLOCK
            gap = 0
        gap = max(0, gap - stretched)
        self._stretched[leg] = 0
        if 0 < gap <= self._most:
            self._leave_gap(leg, gap, lost)
        if self._state[leg] == _PLAYING:
            self._noise.pop(leg, None)
        self._store(leg, int(self.write[leg]), payload)
        self.write[leg] += len(payload)
        self._packet[leg] = len(payload)
        if self.delay(leg) > self._most:
            self._shorten(leg, self.delay(leg) - min(max(int(self._deep[leg]), self._least) + BLOCK, self._most))
        return True

    def quiet(self, leg: int, level: int | None = None) -> None:
        """The sender said that it falls silent (comfort noise, telephone-event): silence, not concealment.

        With `level`, -dBov, noise is played until there is speech again.
        """
        self._quiet[leg] = self._slow[leg] = True
        if level is not None:
            self._noise[leg] = level

    def play(self, rows: Octets) -> None:
        """Write the next 160 octets of every leg into `rows`, shape (legs, 160), which still hold the last ones."""
        if self.compiled is None:
            others = self._play_smooth(rows)
        else:
            others = self._others[: self.compiled.play(rows, self._others)]
        if others.size:
            others = self._play_dry(others, rows)
        for leg in others.tolist():
            self._play_one(leg, rows[leg])
        for leg in list(self._primed):
            rows[leg] = self._silence[leg]
            self._prime(leg)
        for leg in self._noise:
            if (self._quiet[leg] and self._state[leg] == _IDLE) or leg in self._primed:
                rows[leg] = self._noise_of(leg, BLOCK)
        self._ticks += 1
        if self._ticks % WINDOW == 0:
            self._adapt()

    def _noise_of(self, leg: int, count: int) -> Octets:
        """Comfort noise of `leg`, another piece in every tick."""
        law = Law.MU if self._mu[leg] else Law.A
        return noise_block(law, self._noise[leg], self._ticks * BLOCK + leg * 1237, count)

    def _play_smooth(self, rows: Octets) -> Legs:
        """Play the legs on which all is plain; those that play and are not so plain."""
        waiting = self.write - self._read
        playing = self._state == _PLAYING
        smooth = playing & (waiting >= BLOCK) & ~self._rough
        legs = np.flatnonzero(smooth)
        rows[legs] = self._ring[legs, self._read[legs] // BLOCK % SLOTS]
        self._read[legs] += BLOCK
        np.minimum(self._floor, waiting - BLOCK, out=self._floor, where=playing)
        return np.flatnonzero(playing ^ smooth)

    def _play_dry(self, legs: Legs, rows: Octets) -> Legs:
        """When many legs run dry at once, most repeat their last block, so that the tick is in time; the other legs."""
        dry = (self.write[legs] <= self._read[legs]) & ~(self._rough[legs] | self._quiet[legs] | self._held[legs])
        begun = self._stretched[legs] > 0
        many = np.concatenate((legs[dry & begun], legs[dry & ~begun][AT_ONCE:]))
        if not many.size:
            return legs
        faded = self._stretched[many] >= FADED
        for law in ("A", "u"):
            group = many[(self._mu[many] == (law == "u")) & ~faded]
            rows[group] = fade(law, rows[group])
        rows[many[faded]] = self._silence[many[faded], None]
        self._ring[many, self._read[many] // BLOCK % SLOTS] = rows[many]
        self.concealed[many[~faded]] += BLOCK
        self._read[many] += BLOCK
        self.write[many] = self._read[many]
        self._stretched[many] += BLOCK
        self._floor[many] = 0
        self._state[many[self._stretched[many] >= GIVE_UP]] = _IDLE
        others: Legs = np.setdiff1d(legs, many, assume_unique=True)
        return others

    def _prime(self, leg: int) -> None:
        """A leg that has begun waits until it is as deep as it was before it fell silent."""
        self._primed[leg] += 1
        packet = max(BLOCK, int(self._packet[leg]))
        deep = min(max(int(self._deep[leg]), packet), self._most - BLOCK)
        if self.delay(leg) < deep // BLOCK * BLOCK and self._primed[leg] < _PRIMING:
            return
        del self._primed[leg]
        self._noise.pop(leg, None)
        self._state[leg] = _PLAYING
        self._floor[leg] = 0
        self._shorten(leg, self.delay(leg) - max(packet, deep))

    def _adapt(self) -> None:
        """At the end of a window: find the legs that were deeper than they need be all the time."""
        self._floors[:, self._ticks // WINDOW % WINDOWS] = self._floor
        self._floor[:] = RING
        low = self._floors.min(axis=1)
        deep = (low >= self._least + BLOCK) & (low < RING) & (self._state == _PLAYING) & ~self._held
        # Those that could not leave one out in their time, having become less deep, make room.
        self._spare = {leg: until for leg, until in self._spare.items() if self._ticks <= until}
        candidates = np.flatnonzero(deep)
        for leg in candidates[np.argsort(-low[candidates], kind="stable")].tolist():  # the deepest first
            if len(self._spare) >= SPARES:
                break  # the others have their turn in a later window
            self._spare.setdefault(leg, self._ticks + PATIENCE)
            self._rough[leg] = True

    def _play_one(self, leg: int, row: Octets) -> None:
        """The long way: some of the block is missing, or something is to be done to it."""
        read = int(self._read[leg])
        slot = self._ring[leg, read // BLOCK % SLOTS]
        begin, end = self._missing(leg, read)
        concealment = self._concealment
        if end < BLOCK and begin == end:
            # Nothing is missing: what was made up before joins what has come, and a spare packet may be left out.
            if leg in concealment:
                concealment.join(leg, slot)
            elif leg in self._spare and self.delay(leg) >= 2 * BLOCK:
                slot = self._leave_out(leg, read, slot)
                read = int(self._read[leg])
        else:
            if begin and leg in concealment:
                concealment.join(leg, slot[:begin])
            if self._quiet[leg] or self._held[leg]:
                concealment.end(leg)
                noisy = leg in self._noise and not self._held[leg]
                slot[begin:end] = self._noise_of(leg, end - begin) if noisy else self._silence[leg]
            else:
                if leg not in concealment:
                    concealment.begin(leg, self._played(leg, read + begin))
                concealment.make(leg, slot[begin:end])
                if end < BLOCK:
                    concealment.join(leg, slot[end:])
            if not self._quiet[leg] and self._stretched[leg] < FADED:
                self.concealed[leg] += end - begin
        row[:] = slot
        self._read[leg] = read + BLOCK
        if (have := int(self.write[leg]) - read) < BLOCK:
            self._starve(leg, BLOCK - max(have, 0), read + BLOCK)
        self._rough[leg] = leg in self._holes or leg in self._spare or leg in concealment

    def _missing(self, leg: int, read: int) -> tuple[int, int]:
        """From where to where there is nothing in the block at `read`; equal when it is whole."""
        have = min(max(int(self.write[leg]) - read, 0), BLOCK)
        begin, end = (have, BLOCK) if have < BLOCK else (0, 0)
        holes = self._holes.get(leg)
        if holes:
            for start, stop in holes:
                first, last = max(start - read, 0), min(stop - read, BLOCK)
                if first < last:
                    begin, end = (min(begin, first), max(end, last)) if begin < end else (first, last)
            rest = [hole for hole in holes if hole[1] > read + BLOCK]
            if rest:
                self._holes[leg] = rest
            else:
                del self._holes[leg]
        return begin, end

    def _starve(self, leg: int, octets: int, end: int) -> None:
        """Nothing is waiting: what was played instead is in the ring, and the next packet goes behind it."""
        self.write[leg] = end
        self._stretched[leg] += octets
        self._floor[leg] = 0
        if self._held[leg]:
            self._slow[leg] = True
        if self._stretched[leg] >= GIVE_UP:
            self._state[leg] = _IDLE
            self._spare.pop(leg, None)
            self._concealment.end(leg)

    def _leave_out(self, leg: int, read: int, slot: Octets) -> Octets:
        """The block to be played in place of two, where one can be left out now; else the next one as it is."""
        behind: Octets = self._ring[leg, (read // BLOCK + 1) % SLOTS]
        quiet = self._concealment.is_quiet(leg, slot)
        holes = self._holes.get(leg, ())
        if not (quiet or self._ticks >= self._spare[leg]) or any(hole[0] < read + 2 * BLOCK for hole in holes):
            return slot
        del self._spare[leg]
        if not quiet:
            self._concealment.overlap(leg, slot, behind)
        self._read[leg] += BLOCK
        self.skipped[leg] += BLOCK
        self._deep[leg] = max(self._least, int(self._deep[leg]) - BLOCK)
        self._floors[leg] -= BLOCK
        self._floor[leg] -= BLOCK
        return behind

    def _push_late(self, leg: int, payload: bytes, gap: int) -> bool:
        start = int(self.write[leg] - self._stretched[leg]) + gap
        end = start + len(payload)
        if start < self._read[leg]:
            return False
        holes = self._holes.get(leg, [])
        for hole in holes:
            if hole[0] <= start and end <= hole[1]:
                self._store(leg, start, payload)
                rest = [(hole[0], start), (end, hole[1])]
                holes = [other for other in holes if other != hole] + [r for r in rest if r[0] < r[1]]
                if holes:
                    self._holes[leg] = holes
                else:
                    del self._holes[leg]
                return True
        return False

    def _leave_gap(self, leg: int, gap: int, lost: bool) -> None:
        write = int(self.write[leg])
        if lost:
            self._holes.setdefault(leg, []).append((write, write + gap))
            self._rough[leg] = True
        noisy = leg in self._noise and not lost
        self._store(leg, write, self._noise_of(leg, gap).tobytes() if noisy else bytes([self._silence[leg]]) * gap)
        self.write[leg] += gap

    def _store(self, leg: int, position: int, payload: bytes) -> None:
        start = position % RING
        ring = self._flat[leg]
        octets = np.frombuffer(payload, np.uint8)
        first = min(len(octets), RING - start)
        ring[start : start + first] = octets[:first]
        ring[: len(octets) - first] = octets[first:]

    def _played(self, leg: int, end: int) -> Octets:
        """What was played before position `end`."""
        octets: Octets = self._flat[leg].take(np.arange(end - Concealment.HISTORY, end), mode="wrap")
        return octets

    def _shorten(self, leg: int, octets: int) -> None:
        """Throw away `octets`, in whole blocks, so that what is copied block by block stays so."""
        if (cut := octets // BLOCK * BLOCK) > 0:
            self._read[leg] += cut
            self.skipped[leg] += cut

    def _forget(self, leg: int) -> None:
        self._holes.pop(leg, None)
        self._spare.pop(leg, None)
        self._primed.pop(leg, None)
        self._noise.pop(leg, None)
