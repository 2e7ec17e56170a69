"""Symmetric RTP: whom a leg hears and to whom it sends, decided once per description and not by stray packets."""

from __future__ import annotations

from typing import Final

Address = tuple[str, int]

SAME_HOST: Final = 2
"""Packets in sequence from another port of the described host before it is believed (a NAT changed the port)."""
OTHER_HOST: Final = 5
"""The same from another host (a NAT changed the address): 100 ms in which nothing came from the described one."""
SILENCE: Final = 2.0
"""Seconds of silence after which the peer may come from elsewhere."""


class Latch:
    """Where the media of one leg comes from.

    The first valid packet from the very address that SDP gave fixes it. Another source is believed after some valid
    packets in sequence with one SSRC, as long as nothing comes from the described address. Once fixed, no other
    source is heard until the leg has been silent for SILENCE seconds or is described anew.
    """

    __slots__ = ("_candidate", "_count", "_expected", "_sequence", "_ssrc", "latched")

    def __init__(self, expected: Address | None) -> None:
        self._expected = expected
        self.latched: Address | None = None
        """The address that is heard, None while open."""
        self._candidate: Address | None = None
        self._ssrc = 0
        self._sequence = 0
        self._count = 0

    @property
    def destination(self) -> Address | None:
        """Where to send: the address heard, else the described one."""
        return self.latched or self._expected

    def describe(self, expected: Address | None) -> bool:
        """Take the address of a new description; True when latching starts again because it differs.

        A description without an address (a peer on hold) changes nothing: it must not open the leg to strangers.
        """
        if expected is None or expected == self._expected:
            return False
        self._expected = expected
        self.latched = self._candidate = None
        return True

    def release(self) -> None:
        """Nothing was heard for SILENCE seconds: the next valid source may be another; still send to the old one."""
        if self._expected is None:
            self._expected = self.latched
        self.latched = self._candidate = None

    def offer(self, source: Address, ssrc: int, sequence: int) -> bool:
        """A valid packet came from `source` while open; True when that fixes it."""
        if self._candidate == source and ssrc == self._ssrc and sequence == self._sequence:
            self._count += 1
        else:
            self._candidate, self._count = source, 1
        self._ssrc, self._sequence = ssrc, sequence + 1 & 0xFFFF
        if self._count >= self._needed(source):
            self.latched = source
            self._candidate = None
        return self.latched is not None

    def _needed(self, source: Address) -> int:
        if self._expected is None or source == self._expected:
            return 1
        return SAME_HOST if source[0] == self._expected[0] else OTHER_HOST
