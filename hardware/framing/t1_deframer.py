"""The T1 deframer: finds frame alignment in a line, checks it, tells defects (G.704, G.706, ANSI T1.231, T1.403)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tandem.hardware.framing.crc6 import crc6
from tandem.hardware.framing.t1_data_link import DataLinkReceiver
from tandem.hardware.framing.t1_format import (
    BIT_2,
    CHANNELS,
    ESF_CRC_FRAMES,
    FRAME_BITS,
    MULTIFRAME,
    pattern,
)
from tandem.hardware.framing.t1_search import T1Search
from tandem.hardware.span import TIMESLOTS, Framing, LineFormat

ERRORS: Final = 2
"""Framing bits in error, of `LineFormat.loss_window`, that lose frame alignment."""
CHECKED_BLOCKS: Final = 333
FALSE_BLOCKS: Final = 320
"""So many extended superframes in error of CHECKED_BLOCKS (one second) mean a false alignment."""
YELLOW_CHANNELS: Final = 256
YELLOW_ONES: Final = 2
"""At most so many ones in bits 2 of so many timeslots in a row are remote alarm in SF."""
_FEW: Final = 16
"""Up to so many frames, integers are cheaper than numpy."""
_TIMESLOTS: Final = (1 << 8 * CHANNELS) - 1
_BEHIND: Final = 8 * (TIMESLOTS - 1 - CHANNELS)
"""Bits of the timeslots that a T1 has not, 25 to 31."""
_ONES: Final = 0xFF << 8 * (TIMESLOTS - 1) | (1 << _BEHIND) - 1
_TEXT: Final = bytes.maketrans(b"\0\1", b"01")


@dataclass(slots=True)
class T1Counts:
    """Events since the deframer was made."""

    frames: int = 0
    framing_errors: int = 0
    """Framing bits (Ft and Fs, or FPS) in error while aligned."""
    crc6_errors: int = 0
    """Received extended superframes in error."""
    alignment_losses: int = 0
    frames_unaligned: int = 0
    """Frames of ones given instead of what came without alignment."""


class T1Deframer:
    """Takes the octets of a line, aligned in no way, and gives frames.

    Without alignment it gives frames of ones at the rate of the line. Octets may come in any portions: the frames,
    counts and defects do not depend on it. In SF, Ft and Fs are watched each for itself.
    """

    def __init__(self, line: LineFormat) -> None:
        self.counts = T1Counts()
        self.aligned = False
        self.data_link = DataLinkReceiver()
        """Of ESF."""
        self._framing = line.framing
        self._esf = line.framing is Framing.ESF
        self._pattern = pattern(line.framing)
        self._recent = (1 << line.loss_window) - 1
        self._search = T1Search(line.framing)
        self._given = 0  # frames of ones given in this search
        self._octets = b""  # of the present multiframe, and what is behind it
        self._start = 0  # bit of `_octets` where the first frame of it begins that we have
        self._done = 0  # frames given since
        self._reset_alignment(0)

    @property
    def ais(self) -> bool:
        """All ones come instead of frames."""
        return not self.aligned and self._search.signal.ais

    @property
    def los(self) -> bool:
        """All zeros come instead of frames."""
        return not self.aligned and self._search.signal.los

    @property
    def remote_alarm(self) -> bool:
        """The far end has no good signal from us."""
        return self.data_link.remote_alarm if self._esf else self._yellow

    def lose_signal(self) -> None:
        """Nothing comes any more: begin anew with what comes next."""
        self.counts.alignment_losses += self.aligned
        self._begin_search(T1Search(self._framing))

    def receive(self, octets: bytes) -> NDArray[np.uint8]:
        """Take the next octets of the line; return the frames that are complete, shape (n, 32).

        Timeslot 0, and those that a T1 has not, are ones.
        """
        given: list[NDArray[np.uint8]] = []
        while True:
            if not self.aligned:
                found = self._search.receive(octets)
                if (ones := self._search.frames_passed - self._given) > 0:
                    self._given += ones
                    self.counts.frames_unaligned += ones
                    given.append(np.full((ones, TIMESLOTS), 0xFF, np.uint8))
                if found is None:
                    break
                self._octets, self._start, frame = found
                self._reset_alignment(frame)
                self.aligned = True
                octets = b""
            self._octets += octets
            frames = self._frames()
            if len(frames):
                self.counts.frames += len(frames)
                given.append(frames)
            if self.aligned:
                break
            octets, self._octets = self._octets, b""
        if len(given) == 1:
            return given[0]
        return np.concatenate(given) if given else np.empty((0, TIMESLOTS), np.uint8)

    def _frames(self) -> NDArray[np.uint8]:
        """The whole frames that have come, up to a loss of alignment."""
        first = self._start + FRAME_BITS * self._done
        count = (8 * len(self._octets) - first) // FRAME_BITS
        if count <= 0:
            return np.empty((0, TIMESLOTS), np.uint8)
        if count <= _FEW:
            return self._few_frames(first, count)
        line = np.frombuffer(self._octets, np.uint8, offset=first // 8)
        bits = np.unpackbits(line, count=first % 8 + FRAME_BITS * count)[first % 8 :].reshape(count, FRAME_BITS)
        count = self._check(bits[:, 0].tobytes())
        frames = np.full((count, TIMESLOTS), 0xFF, np.uint8)
        frames[:, 1 : 1 + CHANNELS] = np.packbits(bits[:count, 1:], axis=1)
        if not self._esf and self.aligned:
            self._watch_yellow(frames[:, 1 : 1 + CHANNELS])
        return frames

    def _few_frames(self, first: int, count: int) -> NDArray[np.uint8]:
        """The same of few frames, from bit `first` on, with integers: that is cheaper."""
        end = first + FRAME_BITS * count
        line = int.from_bytes(self._octets[first // 8 : (end + 7) // 8], "big") >> -end % 8
        bits, octets = bytearray(), []
        for shift in range(FRAME_BITS * (count - 1), -1, -FRAME_BITS):
            frame = line >> shift
            bits.append(frame >> (FRAME_BITS - 1) & 1)
            octets.append(((frame & _TIMESLOTS) << _BEHIND | _ONES).to_bytes(TIMESLOTS, "big"))
        count = self._check(bytes(bits))
        frames = np.frombuffer(b"".join(octets[:count]), np.uint8).reshape(count, TIMESLOTS)
        if not self._esf and self.aligned:
            self._watch_yellow(frames[:, 1 : 1 + CHANNELS])
        return frames

    # Checking aligned frames

    def _reset_alignment(self, position: int) -> None:
        """Frame `position` of the multiframe comes next."""
        self._position = position
        self._done = 0
        self._whole = position == 0  # whether the present multiframe is there from its first frame on
        self._errors = [0, 0]  # the last framing bits, a one for an error: those in even and in odd frames
        self._previous_crc: int | None = None
        self._c_bits = 0
        self._blocks = 0
        self._bad_blocks = 0
        self._yellow = False
        self._channels = b""
        self.data_link.lose()

    def _check(self, f_bits: bytes) -> int:
        """Check the F bits of the next frames; return how many may be given: up to a loss of alignment."""
        done, count = 0, len(f_bits)
        while done < count:
            size = min(MULTIFRAME - self._position, count - done)
            part = f_bits[done : done + size]
            mask, expected = _expected(self._esf, self._position, size)
            if any(self._errors) or int.from_bytes(part, "big") & mask != expected:
                size = self._check_bits(part)
                part = part[:size]
            done += size
            self._done += size
            if self._esf:
                self._take_bits(part)
            self._position += size
            if not self.aligned:
                self._lose_alignment()
                break
            if self._position == MULTIFRAME and not self._end_multiframe():
                self._lose_alignment(false=True)
                break
        return done

    def _check_bits(self, f_bits: bytes) -> int:
        """Check F bits one by one; return their number, or that up to where alignment is lost."""
        for place, bit in enumerate(f_bits):
            frame = self._position + place
            if (expected := self._pattern.get(frame)) is None:
                continue
            kind = frame % 2
            error = bit != expected
            self.counts.framing_errors += error
            self._errors[kind] = recent = (self._errors[kind] << 1 | error) & self._recent
            if recent.bit_count() >= ERRORS:
                self.aligned = False
                return place + 1
        return len(f_bits)

    def _take_bits(self, f_bits: bytes) -> None:
        """Take data link and CRC-6 out of F bits from `_position` on."""
        first = self._position % 2
        self.data_link.receive(f_bits[first::2].translate(_TEXT).decode("ascii"))
        for frame in ESF_CRC_FRAMES:
            if 0 <= frame - self._position < len(f_bits):
                self._c_bits = self._c_bits << 1 | f_bits[frame - self._position]

    def _end_multiframe(self) -> bool:
        """A multiframe is complete: its CRC-6 tells of the one before (G.704 2.1.3.1.2). False: alignment is false."""
        if self._esf:
            if self._previous_crc is not None:
                self._blocks += 1
                if self._c_bits != self._previous_crc:
                    self._bad_blocks += 1
                    self.counts.crc6_errors += 1
            self._previous_crc = crc6(self._octets, self._start) if self._whole else None
        end = self._start + FRAME_BITS * self._done
        self._octets, self._start = self._octets[end // 8 :], end % 8
        self._position = self._done = self._c_bits = 0
        self._whole = True
        if self._blocks < CHECKED_BLOCKS:
            return True
        false = self._bad_blocks >= FALSE_BLOCKS
        self._blocks = self._bad_blocks = 0
        return not false

    def _watch_yellow(self, channels: NDArray[np.uint8]) -> None:
        """Bit 2 of all timeslots zero is remote alarm in SF."""
        octets = self._channels + channels.tobytes()
        windows = len(octets) // YELLOW_CHANNELS
        if windows:
            whole = np.frombuffer(octets, np.uint8, windows * YELLOW_CHANNELS).reshape(windows, YELLOW_CHANNELS)
            self._yellow = int(np.count_nonzero(whole[-1] & BIT_2)) <= YELLOW_ONES
        self._channels = octets[windows * YELLOW_CHANNELS :]

    def _lose_alignment(self, *, false: bool = False) -> None:
        """Search again behind the frame just checked, elsewhere first when the alignment was false."""
        self.counts.alignment_losses += 1
        end = self._start + FRAME_BITS * self._done
        octets = self._octets[end // 8 :]
        self._begin_search(T1Search(self._framing, end % 8, avoid_first=false))
        self._octets = octets

    def _begin_search(self, search: T1Search) -> None:
        self.aligned = False
        self._yellow = False
        self.data_link.lose()
        self._search = search
        self._given = 0
        self._octets = b""


@lru_cache(maxsize=1024)
def _expected(esf: bool, position: int, count: int) -> tuple[int, int]:
    """Mask and value of `count` good F bits from frame `position` on, an octet each, as integers."""
    good = pattern(Framing.ESF if esf else Framing.SF)
    frames = range(position, position + count)
    mask = bytes(frame in good for frame in frames)
    return int.from_bytes(mask, "big"), int.from_bytes(bytes(good.get(frame, 0) for frame in frames), "big")
