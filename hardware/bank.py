"""Timeslots that a device hands over one by one, as one line: aligned when received, slipped together when sent.

The device's own clock paces both ways: it takes as many octets from every timeslot as it gives. So the octets given
to it less those taken from it are what waits in its queues, whatever the scheduler does to us.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from tandem.core.errors import SpanError
from tandem.hardware.span import TIMESLOTS, Frames

CHUNKS: Final = (16, 32, 40, 80, 160)
"""Frames that a device may be given at a time: parts of a speech tick in whole milliseconds."""
CHUNK: Final = 40
"""As many unless another number is asked for, 5 ms."""
DEPTH: Final = 3
"""Chunks that wait in the device after a write, 15 ms: it may find one of us 10 ms late without a gap."""
_ATTEMPTS: Final = 100
"""Readings after which timeslots of different lengths are taken as they are."""
_MOST_SKEW: Final = 800
"""Octets by which one timeslot may be ahead of another, 0.1 s, before all start anew."""


class TimeslotStreams(Protocol):
    """The device's side of the timeslots; places count from 0 in the order of the timeslots of the bank."""

    def read(self, place: int, wanted: int | None) -> bytes:
        """What has come on a timeslot: all of it, or about the `wanted` octets that an earlier one had."""
        ...

    def write(self, place: int, octets: bytes) -> bool:
        """Queue octets; False when there is no room for them, and none was taken."""
        ...


class TimeslotBank:
    """The timeslots `timeslots` of a line.

    `depth` octets wait in the device after a write when all is well; it holds `most`. A write that comes after
    the last octet has gone repeats its frames until `depth` octets wait, one that finds no room is left out: both are
    slips of whole frames on all timeslots together, so that these never lose their order.
    """

    def __init__(self, timeslots: Sequence[int], depth: int, most: int, streams: TimeslotStreams) -> None:
        self.slips = 0
        self.frames_repeated = 0
        self.frames_deleted = 0
        self.realignments = 0
        """Occasions of timeslots put in step again, the first of each start left out."""
        self.timeslots = list(timeslots)
        self._columns = np.array(timeslots)
        self._streams = streams
        self._depth = depth
        self._most = most
        self._places = range(len(timeslots))
        self._rest = [b""] * len(timeslots)
        self._attempts = 0
        self._aligned = False
        self._level: int | None = None

    @property
    def level(self) -> int:
        """Octets of each timeslot that wait to be sent."""
        return max(0, self._level or 0)

    def take(self) -> bytes:
        """The frames that have come on all timeslots, 32 octets each; ones on timeslots that are not of the bank."""
        read, wanted = self._streams.read, None
        parts = self._rest
        for place in self._places:
            octets = read(place, wanted)
            if wanted is None:
                wanted = len(octets)
            if octets:
                parts[place] += octets
        count = min(map(len, parts))
        if not self._aligned:
            return self._align(parts, count)
        if not count:
            return b""
        if max(map(len, parts)) - count > _MOST_SKEW:
            self.realignments += 1
            self.restart_receiving()
            return b""
        frames = np.full((count, TIMESLOTS), 0xFF, np.uint8)
        rows = np.frombuffer(b"".join([part[:count] for part in parts]), np.uint8)
        frames[:, self._columns] = rows.reshape(len(parts), count).T
        self._rest = [part[count:] for part in parts]
        if self._level is not None:
            self._level -= count
        return frames.tobytes()

    def give(self, octets: bytes, chunk: int) -> None:
        """Send frames, 32 octets each, all timeslots together, `chunk` frames at a time."""
        for start in range(0, len(octets), chunk * TIMESLOTS):
            self._give(octets[start : start + chunk * TIMESLOTS])

    def _give(self, octets: bytes) -> None:
        frames: Frames = np.frombuffer(octets, np.uint8).reshape(-1, TIMESLOTS)
        count = len(frames)
        rows = [row.tobytes() for row in frames.T[self._columns]]
        if self._level is None:
            self._level = 0
            copies = max(1, self._depth // count)
        elif self._level + count > self._most:
            self._delete(count)
            return
        elif self._level < 0:  # the device had to make octets up
            self._level = 0
            copies = max(1, self._depth // count)
            self.slips += 1
            self.frames_repeated += (copies - 1) * count
        else:
            copies = 1
        for _ in range(copies):
            for place, row in enumerate(rows):
                # The first timeslot decides for all; another that has no room loses these octets alone.
                if not self._streams.write(place, row) and place == 0:
                    self._delete(count)
                    return
            self._level += count

    def restart_receiving(self) -> None:
        """What has come is forgotten, and the timeslots are put in step again."""
        self._rest = [b""] * len(self._rest)
        self._attempts, self._aligned = 0, False

    def run_dry(self) -> None:
        """The device says that it had nothing to send."""
        self._level = None if self._level is None else -1

    def restart(self) -> None:
        """The queues of the device are empty both ways."""
        self.restart_receiving()
        self._level = None

    def counters(self) -> dict[str, int]:
        """What the bank did, by name."""
        return {
            "transmit_slips": self.slips,
            "transmit_frames_repeated": self.frames_repeated,
            "transmit_frames_deleted": self.frames_deleted,
            "realignments": self.realignments,
        }

    def _delete(self, count: int) -> None:
        self.slips += 1
        self.frames_deleted += count

    def _align(self, parts: list[bytes], count: int) -> bytes:
        """Timeslots are in step once the same number of octets has come on each since all were last emptied."""
        if not any(parts):
            return b""
        if self._level is not None:
            self._level -= len(parts[0])
        self._attempts += 1
        self._aligned = count > 0 and (count == max(map(len, parts)) or self._attempts >= _ATTEMPTS)
        self._rest = [b""] * len(parts)
        return b""


def parse_chunk(spec: str, text: str) -> int:
    """The frames of a chunk, of CHUNKS."""
    if text not in map(str, CHUNKS):
        raise SpanError(f"span {spec!r}: chunk={text} should be one of {', '.join(map(str, CHUNKS))} (octets)")
    return int(text)
