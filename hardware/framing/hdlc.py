"""HDLC on timeslots: flags, zero insertion, FCS-16, aborts, octet counting (ISO/IEC 13239; Q.703 3 and 4; Q.921 2).

Order of bits. HDLC sends the least significant bit of each of its octets first; a timeslot sends bit 1, the most
significant bit of the PCM octet, first (G.704). The first bit of HDLC therefore goes into the most significant bit
of the timeslot's octet, as HDLC controllers behind E1 framers do; a frame's octets appear bit-reversed on the line
wherever no zero was inserted. Several timeslots taken together are one stream in the order of transmission.

How it is done fast. Lines are handled as strings of "0" and "1": formatting, searching and replacing them run at C
speed, so that the cost per frame is a few microseconds and hardly depends on its length. Seen in the order of the
line, the FCS is the plain CRC-16 with polynomial 0x1021, most significant bit first, which `binascii` has. Where there
is a compiler, `speedups.pyx` finds the frames of a line bit by bit instead, in a tenth of the time, and makes a line of
frames octet by octet.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from tandem.hardware import speed

FCS_OCTETS: Final = 2
MTP2_MAX_OCTETS: Final = 278
"""Longest signal unit with FCS, without flags: 272 octets of SIF and 6 around it."""
MTP2_STATUS_OCTETS: Final = 5
"""Longest LSSU without FCS; a FISU has 3."""
MTP2_EXTENDED_MAX_OCTETS: Final = 281
"""As MTP2_MAX_OCTETS, in the extended format of Q.703 Annex A: three octets more."""
MTP2_EXTENDED_STATUS_OCTETS: Final = 8
"""Longest LSSU in the extended format without FCS; a FISU has 6."""
MTP2_MIN_OCTETS: Final = 5
"""Shortest signal unit with FCS, without flags: a FISU."""
LAPD_MIN_OCTETS: Final = 5
"""Shortest LAPD frame with FCS: two address octets, one control octet (Q.921 2.9 b)."""
LAPD_MAX_OCTETS: Final = 266
"""Longest LAPD frame with FCS: N201 = 260 octets, address, control of two octets, FCS."""
D_CHANNEL_MAX_OCTETS: Final = 1602
"""Longest frame with FCS taken from a D-channel: peers with a larger N201, and X.25 packets, are heard too."""

_REVERSED: Final = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_GOOD: Final = 0x1D0F
"""What is left of a CRC over a frame with its complemented FCS."""
_FLAG: Final = "01111110"
_ONES: Final = "111111"
_PLACES: Final = 256
"""Places in the fill at which blocks begin that are remembered: more than a repeated signal unit has bits."""
_FILL: Final = re.compile(r"(?:00?111111(?=0))+")
"""More flags behind one, with or without a shared zero."""


def fcs16(frame: bytes) -> bytes:
    """Return the two FCS octets of `frame` in the order and bit order of its octets (low octet first)."""
    crc = crc_hqx(frame.translate(_REVERSED), 0xFFFF) ^ 0xFFFF
    return crc.to_bytes(2, "big").translate(_REVERSED)


def _encode(frame: bytes) -> str:
    """Bits of a frame with FCS and inserted zeros, and of the flag behind it."""
    line = frame.translate(_REVERSED)
    line += (crc_hqx(line, 0xFFFF) ^ 0xFFFF).to_bytes(2, "big")
    bits = f"{int.from_bytes(line, 'big'):0{8 * len(line)}b}"
    return bits.replace("11111", "111110") + _FLAG


class HdlcTransmitter:
    """Sends queued frames, and a fill frame or flags when there are none; one flag between frames."""

    def __init__(self, fill: bytes | None = None) -> None:
        self._queue: deque[bytes] = deque()
        self._bits = _FLAG
        self._unsent = 0  # of them, up to the end of the last queued frame that has begun
        self._fill = fill
        self._fill_bits = ""  # of the fill and the flag behind it, once it is sent
        self._idle: dict[tuple[str, int], tuple[bytes, str]] = {}
        """What an idle line sends, by the bits left of the last block and the octets wanted; and what is left then."""
        self.compiled: Any = None if speed.speedups is None else speed.speedups.HdlcFramer()
        """Does the work where there is a compiler."""
        self.frames = 0
        """Queued frames begun so far; fill not counted."""

    @property
    def queued(self) -> int:
        """Queued frames that have not begun."""
        return len(self._queue)

    @property
    def pending(self) -> bool:
        """Whether queued frames have not left whole."""
        if self.compiled is not None:
            return bool(self._queue or self.compiled.unsent)
        return bool(self._unsent or self._queue)

    @property
    def fill(self) -> bytes | None:
        """The frame repeated when nothing is queued; None means flags. Set it to replace it.

        A new fill takes the place of the former one at the next frame boundary of the line.
        """
        return self._fill

    @fill.setter
    def fill(self, frame: bytes | None) -> None:
        if frame != self._fill:
            self._fill, self._fill_bits = frame, ""
            self._idle.clear()

    def send(self, frames: Iterable[bytes]) -> None:
        """Queue frames, octets without flags and FCS, behind those already queued."""
        self._queue.extend(frames)

    def clear(self) -> int:
        """Forget the queued frames that have not begun; return how many they were."""
        count = len(self._queue)
        self._queue.clear()
        return count

    def block(self, octets: int) -> bytes:
        """The next `octets` octets of the line."""
        if self.compiled is not None:
            queued = len(self._queue)
            line: bytes = self.compiled.block(octets, self._queue, self._fill)
            self.frames += queued - len(self._queue)
            return line
        if self._queue or self._unsent:
            return self._next_block(octets)
        place = self._bits, octets
        if (found := self._idle.get(place)) is None:
            block = self._next_block(octets)
            if len(self._idle) < _PLACES:
                self._idle[place] = block, self._bits
            return block
        block, self._bits = found
        return block

    def _next_block(self, octets: int) -> bytes:
        bits = self._bits
        need = 8 * octets
        if len(bits) < need:
            parts = [bits]
            missing = need - len(bits)
            queue = self._queue
            while queue and missing > 0:
                unit = _encode(queue.popleft())
                self.frames += 1
                parts.append(unit)
                missing -= len(unit)
                self._unsent = need - missing
            if missing > 0:
                unit = self._fill_bits
                if not unit:
                    unit = self._fill_bits = _FLAG if self._fill is None else _encode(self._fill)
                parts.append(unit * (-(-missing // len(unit))))
            bits = "".join(parts)
        self._bits = bits[need:]
        self._unsent = max(0, self._unsent - need)
        return int(bits[:need] or "0", 2).to_bytes(octets, "big")


@dataclass(slots=True)
class HdlcCounts:
    """What a receiver saw."""

    good: int = 0
    """Frames with a good FCS and length, repeats included."""
    bad_fcs: int = 0
    misaligned: int = 0
    """Not a whole number of octets between flags."""
    too_short: int = 0
    too_long: int = 0
    """Longer than the limit; octet counting mode was entered."""
    aborts: int = 0
    """Seven or more ones; octet counting mode was entered."""
    errored: int = 0
    """Frames in error outside octet counting mode: what the error rate monitors of Q.703 10 count."""
    octet_counting: int = 0
    """Octets received in octet counting mode (Q.703 4.1.4)."""


class HdlcReceiver:
    """Finds frames in the octets of a line.

    `min_octets` and `max_octets` bound a frame with its FCS. With `filter_repeats`, a FISU or LSSU (up to
    `filtered_octets` without FCS) equal to the good frame before it is counted but not delivered, so what is
    delivered is the received sequence with runs of equal units shortened to one.
    """

    def __init__(
        self,
        *,
        min_octets: int = MTP2_MIN_OCTETS,
        max_octets: int = MTP2_MAX_OCTETS,
        filter_repeats: bool = False,
        filtered_octets: int = MTP2_STATUS_OCTETS,
    ) -> None:
        self.counts = HdlcCounts()
        self._min_bits = 8 * min_octets
        self._max_bits = 8 * max_octets
        # No frame is longer on the line, however many zeros were inserted: its bits, the flag, the zero before.
        self._max_line_bits = self._max_bits + self._max_bits // 5 + 8
        self._filtered_octets = filtered_octets if filter_repeats else 0
        self.compiled: Any = None
        """Does the work where there is a compiler."""
        if speed.speedups is not None:
            self.compiled = speed.speedups.HdlcDeframer(min_octets, max_octets, self._filtered_octets)
        self._bits = ""  # of the line, since the first zero behind the last flag
        self._received = 0  # bits so far; positions below are on this scale
        self._body = 0  # position where self._bits begins, or began before it was cut short
        self._delimited = False  # whether a flag stands before self._bits
        self._counted: int | None = None  # octet counting mode: position up to which octets are counted
        self._last_chunk = ""
        self._last_frame = b""

    @property
    def octet_counting(self) -> bool:
        """Whether octet counting mode is on: no good frame since the last abort or overlong frame."""
        if self.compiled is not None:
            return bool(self.compiled.octet_counting)
        return self._counted is not None

    def take_counts(self) -> HdlcCounts:
        """Counts since the last call of this method."""
        counts, self.counts = self.counts, HdlcCounts()
        return counts

    def receive(self, octets: bytes) -> list[bytes]:
        """Take the next octets of the line; return the good frames that ended in them, without FCS."""
        if self.compiled is not None:
            found: list[bytes] = self.compiled.receive(octets, self.counts)
            return found
        frames: list[bytes] = []
        if not octets:
            return frames
        old = self._bits
        bits = f"{old}{int.from_bytes(octets, 'big'):0{8 * len(octets)}b}"
        origin = self._received - len(old)
        total = len(bits)
        self._received += 8 * len(octets)
        start = 0
        ones = bits.find(_ONES, max(0, len(old) - 6) if self._delimited else 0)
        while ones >= 0:
            end = ones + 6
            if end == total:
                break
            if bits[end] == "1":
                self._lose(origin + end + 1, aborted=True)
                zero = bits.find("0", end)
                if zero < 0:  # still in the run of ones: keep enough of it to know it again
                    start = total - 7
                    break
                start = zero
            else:
                chunk = bits[start:end]
                start = end
                self._flag(chunk, origin + end + 1, frames)
                # Repeats of one unit, and flags, are the bulk of an idle line.
                if chunk == self._last_chunk:
                    size = len(chunk)
                    while bits.startswith(chunk, start) and bits[start + size : start + size + 1] == "0":
                        self._leave_octet_counting(origin + start + size + 1)
                        self._accept(self._last_frame, True, frames)
                        start += size
                if fill := _FILL.match(bits, start):
                    start = fill.end()
                self._body = origin + start
            ones = bits.find(_ONES, start)
        if self._received - self._body > self._max_line_bits:
            self._lose(self._body + self._max_line_bits + 1)
        if not self._delimited:
            start = max(start, total - 7)
        self._bits = bits[start:]
        self._count_octets(self._received)
        return frames

    def _flag(self, chunk: str, position: int, frames: list[bytes]) -> None:
        """A flag ends at `position`; `chunk` runs from the last zero of the flag before to the last one of this."""
        if position - self._body > self._max_line_bits:
            self._lose(self._body + self._max_line_bits + 1)
        if self._delimited and len(chunk) > 8:
            if chunk == self._last_chunk:
                self._leave_octet_counting(position)
                self._accept(self._last_frame, True, frames)
            else:
                self._unit(chunk, position, frames)
        self._delimited = True

    def _unit(self, chunk: str, position: int, frames: list[bytes]) -> None:
        """Acceptance of a frame, Q.703 4.1.3 and 4.2."""
        body = chunk[1:-7].replace("111110", "11111")
        size = len(body)
        if size > self._max_bits:
            self._lose(position)
        elif size % 8:
            self.counts.misaligned += 1
            self._error()
        elif size < self._min_bits:
            self.counts.too_short += 1
            self._error()
        else:
            line = int(body, 2).to_bytes(size // 8, "big")
            if crc_hqx(line, 0xFFFF) != _GOOD:
                self.counts.bad_fcs += 1
                self._error()
                return
            self._leave_octet_counting(position)
            frame = line[:-FCS_OCTETS].translate(_REVERSED)
            self._accept(frame, False, frames)
            self._last_chunk = chunk
            self._last_frame = frame

    def _accept(self, frame: bytes, repeated: bool, frames: list[bytes]) -> None:
        self.counts.good += 1
        if not (repeated and len(frame) <= self._filtered_octets):
            frames.append(frame)

    def _error(self) -> None:
        if self._counted is None:
            self.counts.errored += 1

    def _lose(self, position: int, *, aborted: bool = False) -> None:
        """Alignment is lost with the bit before `position`: an abort, or no flag for too long (Q.703 4.1.2, 4.1.3)."""
        # The bit that makes it too long may be the one that aborts it: then it is an abort.
        if not aborted or position - self._body > self._max_line_bits + 1:
            self.counts.too_long += self._delimited
            position = min(position, self._body + self._max_line_bits + 1)
        else:
            self.counts.aborts += self._delimited
        self._delimited = False
        self._body = position
        if self._counted is None:
            self._counted = position

    def _count_octets(self, position: int) -> None:
        if self._counted is not None:
            octets = (position - self._counted) // 8
            self.counts.octet_counting += octets
            self._counted += 8 * octets

    def _leave_octet_counting(self, position: int) -> None:
        if self._counted is not None:
            self._count_octets(position)
            self._counted = None
