"""The E1 deframer: finds frame and CRC-4 multiframe alignment in a line, checks it, tells defects (G.706, G.775)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from operator import ne
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tandem.hardware import speed
from tandem.hardware.framing.crc4 import BLOCK, SUBMULTIFRAME, crc4, crc4_blocks
from tandem.hardware.framing.e1_search import AlignmentSearch
from tandem.hardware.framing.e1_timeslot0 import (
    BIT_1,
    E_FRAMES,
    FAS,
    FAS_MASK,
    FRAME_OCTETS,
    MULTIFRAME,
    MULTIFRAME_WORD,
    MULTIFRAME_WORD_BITS,
    NFAS,
    REMOTE_ALARM,
    word_bit,
)

BAD_SIGNALS: Final = 3
"""Consecutive bad FAS, or bad bits 2 of NFAS, that lose frame alignment (G.706 4.1.1)."""
REMOTE_ALARMS: Final = 3
"""Consecutive A bits that set or clear RAI."""
SEARCH_FRAMES: Final = 64
"""8 ms: two multiframe words must be found in it, else the frame alignment is taken for false (G.706 4.2)."""
INTERWORKING_FRAMES: Final = 3200
"""400 ms without multiframe alignment: the far end has no CRC-4 (G.706 annex B)."""
CHECKED_BLOCKS: Final = 1000
FALSE_BLOCKS: Final = 915
"""So many sub-multiframes in error of CHECKED_BLOCKS (one second) mean a false alignment (G.706 4.3.2)."""
_GOOD_WORDS: Final = 0b1111
"""Multiframe words of the last 8 ms, one bit each; fewer than two good ones lose multiframe alignment."""
_MANY: Final = 8
_UNKNOWN: Final = -1
"""In place of a CRC."""
Crcs = tuple[bytes, bytes]
"""CRC-4 and C bits of sub-multiframes, an octet each."""


class Alignment(Enum):
    """What the deframer knows of the line."""

    NONE = auto()
    """Searching for frame alignment."""
    FRAME = auto()
    """Frame alignment; searching for the CRC-4 multiframe."""
    MULTIFRAME = auto()
    """Frame and CRC-4 multiframe alignment."""
    WITHOUT_CRC = auto()
    """Frame alignment; CRC-4 is not used, by us or by the far end."""


@dataclass(slots=True)
class DeframerCounts:
    """Events since the deframer was made."""

    frames: int = 0
    fas_errors: int = 0
    """Frame alignment signals with a bit error while aligned."""
    crc4_errors: int = 0
    """Received sub-multiframes in error."""
    far_end_errors: int = 0
    """E bits that tell an error in what we sent, or no alignment of the far end."""
    alignment_losses: int = 0
    multiframe_losses: int = 0
    frames_unaligned: int = 0
    """Frames of ones given instead of what came without alignment."""


class E1Deframer:
    """Takes the octets of a line, aligned in no way, and gives frames.

    Without alignment it gives frames of ones at the rate of the line. Octets may come in any portions: the frames,
    counts and defects do not depend on it.
    """

    def __init__(self, *, crc4: bool = True) -> None:
        self.counts = DeframerCounts()
        self.alignment = Alignment.NONE
        self.remote_alarm = False
        self._crc4 = crc4
        self._search = AlignmentSearch()
        self._given = 0  # frames of ones given in this search
        self._octets = b""  # received and not yet given, when aligned
        self._shift = 0  # bit of the first of them where the next frame begins
        self._known: Crcs | None = None  # of all octets, if there is nothing else in this portion
        self._unsynchronised = 0  # frames since multiframe alignment was last there
        self._reset_alignment()

    @property
    def ais(self) -> bool:
        """All ones come instead of frames."""
        return self.alignment is Alignment.NONE and self._search.signal.ais

    @property
    def los(self) -> bool:
        """All zeros come instead of frames."""
        return self.alignment is Alignment.NONE and self._search.signal.los

    @property
    def multiframe_missing(self) -> bool:
        """Frames are aligned, CRC-4 multiframes should be and are not."""
        return self._crc4 and self.alignment in (Alignment.FRAME, Alignment.WITHOUT_CRC)

    def lose_signal(self) -> None:
        """Nothing comes any more: begin anew with what comes next."""
        if self.alignment is not Alignment.NONE:
            self.counts.alignment_losses += 1
        self._unsynchronised = 0
        self._begin_search(AlignmentSearch())

    @property
    def at_submultiframe(self) -> bool:
        """Whether the next octet is expected to be the first of a sub-multiframe with CRC-4."""
        aligned = self.alignment is Alignment.MULTIFRAME and self._shift == 0 and not self._octets
        return aligned and self._position % SUBMULTIFRAME == 0

    def receive(self, octets: bytes, crcs: Crcs | None = None) -> NDArray[np.uint8]:
        """Take the next octets of the line; return the frames that are complete, shape (n, 32), maybe read-only.

        `crcs` are those of `octets` if they are known already, see `crcs_together`.
        """
        if (
            speed.speedups is not None
            and self.alignment is Alignment.MULTIFRAME
            and (plain := speed.speedups.take_e1(self, octets))
        ):
            return np.frombuffer(octets, np.uint8).reshape(plain, FRAME_OCTETS)
        self._known = crcs
        given: list[NDArray[np.uint8]] = []
        while True:
            if self.alignment is Alignment.NONE:
                found = self._search.receive(octets)
                if (ones := self._search.frames_passed - self._given) > 0:
                    self._given += ones
                    self.counts.frames_unaligned += ones
                    given.append(np.full((ones, FRAME_OCTETS), 0xFF, np.uint8))
                if found is None:
                    break
                octets, self._shift = found
                self._octets = b""
                self._reset_alignment()
                self.alignment = Alignment.FRAME if self._crc4 else Alignment.WITHOUT_CRC
            if self._octets:
                octets = self._octets + octets
            line = self._frames(octets)
            frames = self._check(line)
            used = frames * FRAME_OCTETS
            if frames:
                self.counts.frames += frames
                given.append(np.frombuffer(line, np.uint8, used).reshape(frames, FRAME_OCTETS))
            octets = octets[used:]
            if self.alignment is not Alignment.NONE:
                self._octets = octets
                break
        if len(given) == 1:
            return given[0]
        return np.concatenate(given) if given else np.empty((0, FRAME_OCTETS), np.uint8)

    def _frames(self, octets: bytes) -> bytes:
        """The whole frames in `octets`, shifted to octet boundaries."""
        shift = self._shift
        if shift == 0:
            rest = len(octets) % FRAME_OCTETS
            return octets[:-rest] if rest else octets
        size = (len(octets) - 1) // FRAME_OCTETS * FRAME_OCTETS
        if size <= 0:
            return b""
        line = np.frombuffer(octets, np.uint8, size + 1)
        return (line[:-1] << shift | line[1:] >> (8 - shift)).tobytes()

    # Checking aligned frames

    def _reset_alignment(self) -> None:
        self.remote_alarm = False
        self._position = 0  # of the next frame in the multiframe; before multiframe alignment only its parity counts
        self._bad_fas = 0
        self._bad_nfas = 0
        self._alarm_changes = 0
        self._begin_multiframe_search()

    def _begin_multiframe_search(self) -> None:
        self._searched = 0
        self._word = (1 << MULTIFRAME_WORD_BITS) - 1
        self._words_found: set[int] = set()
        self._word_good = True
        self._words = _GOOD_WORDS
        self._crc = 0  # of the present sub-multiframe so far
        self._c_bits = 0
        self._complete = False  # whether the present sub-multiframe was seen from its first frame on
        self._previous_crc = _UNKNOWN
        self._blocks = 0
        self._bad_blocks = 0

    def _check(self, line: bytes) -> int:
        """Check the frames of `line`; return how many may be given: all, or those up to a loss of alignment."""
        count = len(line) // FRAME_OCTETS
        done = 0
        while done < count and self.alignment is not Alignment.NONE:
            size = min(count - done, self._unjudged)
            part = line if size == count else line[done * FRAME_OCTETS : (done + size) * FRAME_OCTETS]
            done += self._check_part(part, size)
        return done

    def _check_part(self, line: bytes, count: int) -> int:
        """Check frames; where something is wrong, only its multiframe is gone through frame by frame."""
        if self._check_fast(line, count):
            return count
        done = 0
        while done < count and self.alignment is not Alignment.NONE:
            size = min(MULTIFRAME, count - done)
            part = line[done * FRAME_OCTETS : (done + size) * FRAME_OCTETS]
            if size < count and self._check_fast(part, size):
                done += size
                continue
            for start in range(0, len(part), FRAME_OCTETS):
                done += 1
                if not self._check_frame(part[start : start + FRAME_OCTETS]):
                    return done
        return done

    @property
    def _unjudged(self) -> int:
        """Frames that can come before so many sub-multiframes were checked that the alignment is judged by them."""
        if self.alignment is not Alignment.MULTIFRAME:
            return sys.maxsize
        return (CHECKED_BLOCKS - self._blocks) * SUBMULTIFRAME - self._position % SUBMULTIFRAME

    def _judge(self) -> bool:
        """At the end of a second of sub-multiframes: whether the alignment is none, and was lost (G.706 4.3.2)."""
        if self._blocks < CHECKED_BLOCKS:
            return False
        false = self._bad_blocks >= FALSE_BLOCKS
        self._blocks = self._bad_blocks = 0
        if false:
            self._lose_alignment(false=True)
        return false

    def _check_fast(self, line: bytes, count: int) -> bool:
        """Check frames together; False, and nothing changed, unless timeslot 0 is as it was expected.

        The alignment may be lost all the same, behind the last of them.
        """
        aligned = self.alignment is Alignment.MULTIFRAME
        if count < 2 or not (aligned or self.alignment is Alignment.WITHOUT_CRC):
            return False
        if aligned and (not self._word_good or self._words != _GOOD_WORDS or count > self._unjudged):
            return False
        position = self._position
        if aligned and speed.speedups is not None:
            return self._check_compiled(line, count)
        timeslot0 = line[::FRAME_OCTETS]
        mask, expected = _expected(aligned, position, count, self.remote_alarm)
        if int.from_bytes(timeslot0, "big") & mask != expected:
            return False
        self._bad_fas = self._bad_nfas = self._alarm_changes = 0
        self._position = (position + count) % MULTIFRAME
        if aligned:
            self._check_crcs(line, timeslot0, position)
            for frame in E_FRAMES:
                if (first := (frame - position) % MULTIFRAME) < count:
                    self.counts.far_end_errors += sum(octet < BIT_1 for octet in timeslot0[first::MULTIFRAME])
            self._judge()
        return True

    def _check_compiled(self, line: bytes, count: int) -> bool:
        """What `_check_fast` does in multiframe alignment, by speedups.pyx."""
        found = speed.speedups.check_e1(
            line, self._position, self.remote_alarm, self._crc, self._c_bits, self._complete, self._previous_crc
        )
        if found is None:
            return False
        self._crc, self._c_bits, self._complete, self._previous_crc, blocks, errors, far = found
        self._bad_fas = self._bad_nfas = self._alarm_changes = 0
        self._position = (self._position + count) % MULTIFRAME
        self._blocks += blocks
        if errors or far:
            self._bad_blocks += errors
            self.counts.crc4_errors += errors
            self.counts.far_end_errors += far
        if self._blocks >= CHECKED_BLOCKS:
            self._judge()
        return True

    def _check_crcs(self, line: bytes, timeslot0: bytes, position: int) -> None:
        """CRC-4 of the frames of `line`, whose first has `position` in the multiframe."""
        done, count = 0, len(timeslot0)
        while done < count:
            place = (position + done) % SUBMULTIFRAME
            whole = (count - done) // SUBMULTIFRAME
            if place == 0 and whole >= _MANY:
                if self._known is None or len(self._known[0]) * SUBMULTIFRAME != count:
                    blocks = np.frombuffer(line, np.uint8, whole * BLOCK, done * FRAME_OCTETS)
                    self._check_blocks(*_to_bytes(blocks.reshape(-1, BLOCK)))
                else:
                    self._check_blocks(*self._known)
                done += whole * SUBMULTIFRAME
                continue
            size = min(SUBMULTIFRAME - place, count - done)
            if place == 0:
                self._complete, self._crc, self._c_bits = True, 0, 0
            self._crc ^= crc4(line[done * FRAME_OCTETS : (done + size) * FRAME_OCTETS], place * FRAME_OCTETS)
            for octet in timeslot0[done + place % 2 : done + size : 2]:
                self._c_bits = self._c_bits << 1 | octet >> 7
            if place + size == SUBMULTIFRAME:
                self._end_block()
            done += size

    def _check_blocks(self, crcs: bytes, told: bytes) -> None:
        """CRC-4 of many whole sub-multiframes: the C bits of each must be the CRC of the one before."""
        if self._previous_crc == _UNKNOWN:
            expected, told = crcs[:-1], told[1:]
        else:
            expected = bytes((self._previous_crc,)) + crcs[:-1]
        self._previous_crc = crcs[-1]
        self._blocks += len(told)
        if expected != told:
            errors = sum(map(ne, expected, told))
            self._bad_blocks += errors
            self.counts.crc4_errors += errors

    def _end_block(self) -> None:
        """A sub-multiframe ended: its C bits must be the CRC of the one before (G.704 2.3.3.5)."""
        if not self._complete:
            return
        if self._previous_crc != _UNKNOWN:
            self._blocks += 1
            if self._c_bits != self._previous_crc:
                self._bad_blocks += 1
                self.counts.crc4_errors += 1
        self._previous_crc = self._crc
        self._complete = False

    def _check_frame(self, frame: bytes) -> bool:
        """Check one frame in every way; False when alignment is lost with it."""
        octet = frame[0]
        position = self._position
        self._position = (position + 1) % MULTIFRAME
        good = self._check_fas(octet) if position % 2 == 0 else self._check_nfas(octet, position)
        if not good:
            return self._lose_alignment()
        if self.alignment is Alignment.MULTIFRAME:
            self._check_crcs(frame, frame[:1], position)
            if self._judge():
                return False
        elif self.alignment is Alignment.FRAME:
            self._searched += 1
            self._unsynchronised += 1
            if self._unsynchronised >= INTERWORKING_FRAMES:
                self.alignment = Alignment.WITHOUT_CRC
            elif self._searched >= SEARCH_FRAMES:
                return self._lose_alignment(false=True)
        return True

    def _check_fas(self, octet: int) -> bool:
        if octet & FAS_MASK == FAS:
            self._bad_fas = 0
            return True
        self._bad_fas += 1
        self.counts.fas_errors += 1
        return self._bad_fas < BAD_SIGNALS

    def _check_nfas(self, octet: int, position: int) -> bool:
        if octet & NFAS:
            self._bad_nfas = 0
        else:
            self._bad_nfas += 1
            if self._bad_nfas == BAD_SIGNALS:
                return False
        if bool(octet & REMOTE_ALARM) != self.remote_alarm:
            self._alarm_changes += 1
            if self._alarm_changes == REMOTE_ALARMS:
                self.remote_alarm = not self.remote_alarm
                self._alarm_changes = 0
        else:
            self._alarm_changes = 0
        _BIT_1_OF_NFAS[self.alignment](self, octet >> 7, position)
        return True

    def _search_word(self, bit: int, _: int) -> None:
        """Two multiframe words within 8 ms, a multiple of 2 ms apart, give multiframe alignment (G.706 4.2)."""
        self._word = (self._word << 1 | bit) & (1 << MULTIFRAME_WORD_BITS) - 1
        if self._word != MULTIFRAME_WORD:
            return
        phase = self._searched % MULTIFRAME
        if phase in self._words_found:
            self._begin_multiframe_search()
            self.alignment = Alignment.MULTIFRAME
            self._unsynchronised = 0
            self._position = 2 * MULTIFRAME_WORD_BITS  # the word ends with frame 11
        self._words_found.add(phase)

    def _check_word(self, bit: int, position: int) -> None:
        if position in E_FRAMES:
            self.counts.far_end_errors += not bit
            return
        if bit != word_bit(position):
            self._word_good = False
        if position == 2 * MULTIFRAME_WORD_BITS - 1:
            self._words = (self._words << 1 | self._word_good) & _GOOD_WORDS
            self._word_good = True
            if self._words.bit_count() < 2:
                self.counts.multiframe_losses += 1
                self._begin_multiframe_search()
                self.alignment = Alignment.FRAME

    def _ignore_bit(self, bit: int, position: int) -> None:
        """Bit 1 of NFAS means nothing without CRC-4."""

    def _lose_alignment(self, *, false: bool = False) -> bool:
        """Search again behind the frame just checked, elsewhere first when the alignment was false."""
        self.counts.alignment_losses += 1
        if self.alignment is Alignment.WITHOUT_CRC:
            self._unsynchronised = 0
        self._begin_search(AlignmentSearch(self._shift, avoid_first=false))
        return False

    def _begin_search(self, search: AlignmentSearch) -> None:
        self.alignment = Alignment.NONE
        self.remote_alarm = False
        self._search = search
        self._given = 0
        self._octets = b""


_BIT_1_OF_NFAS: Final[dict[Alignment, Callable[[E1Deframer, int, int], None]]] = {
    Alignment.FRAME: E1Deframer._search_word,
    Alignment.MULTIFRAME: E1Deframer._check_word,
    Alignment.WITHOUT_CRC: E1Deframer._ignore_bit,
}


def crcs_together(deframers: Sequence[E1Deframer], portions: Sequence[bytes]) -> list[Crcs | None]:
    """The CRCs of the octets that each of `deframers` is to receive next, None where they must be found step by step.

    They are computed at once for all portions that hold `_MANY` or more whole sub-multiframes and nothing else; not
    where the loops of speedups.pyx are cheaper still.
    """
    if speed.speedups is not None:
        return [None] * len(portions)
    chosen = [
        place
        for place, (deframer, octets) in enumerate(zip(deframers, portions, strict=True))
        if len(octets) >= _MANY * BLOCK and len(octets) % BLOCK == 0 and deframer.at_submultiframe
    ]
    found: list[Crcs | None] = [None] * len(portions)
    if chosen:
        blocks = np.frombuffer(b"".join([portions[place] for place in chosen]), np.uint8).reshape(-1, BLOCK)
        crcs, told = _to_bytes(blocks)
        start = 0
        for place in chosen:
            end = start + len(portions[place]) // BLOCK
            found[place] = crcs[start:end], told[start:end]
            start = end
    return found


def _to_bytes(blocks: NDArray[np.uint8]) -> Crcs:
    crcs, told = crc4_blocks(blocks)
    return crcs.tobytes(), told.tobytes()


@lru_cache(maxsize=1024)
def _expected(multiframe: bool, position: int, count: int, remote_alarm: bool) -> tuple[int, int]:
    """Mask and value of timeslot 0 of `count` good frames from `position` on, as integers."""
    masks, values = bytearray(), bytearray()
    for place in range(position, position + count):
        if place % 2 == 0:
            masks.append(FAS_MASK)
            values.append(FAS)
            continue
        mask, value = NFAS | REMOTE_ALARM, NFAS | (REMOTE_ALARM if remote_alarm else 0)
        if multiframe and place % MULTIFRAME not in E_FRAMES:
            mask |= BIT_1
            value |= BIT_1 if word_bit(place % MULTIFRAME) else 0
        masks.append(mask)
        values.append(value)
    return int.from_bytes(masks, "big"), int.from_bytes(values, "big")
