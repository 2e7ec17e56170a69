"""The accounts of call control: which RTP legs' statistics a record waits for, and what there is to write down.

Pure; the owner drains `records`, `dropped` and `provisional()`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tandem.core.cause import Cause
from tandem.gateway.calls.accounting import Farewell, OpenCall, Record
from tandem.gateway.calls.call import Call
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Release

#: How a call ended whose gateway did before it.
KILLED: Final = Release(
    Cause.TEMPORARY_FAILURE, diagnostic="the gateway was killed; released when it was last known to run"
)


class Ledger:
    """Records of calls, finished and provisional."""

    def __init__(self, node: str, wall_clock: Callable[[float], float]) -> None:
        """`node` names the gateway; `wall_clock` turns the time of the machines into seconds since 1970."""
        self.records: list[Record] = []
        """Records of calls that have ended."""
        self.noted: dict[str, Call] = {}
        """By `id`, calls of which something has changed that is to survive us."""
        self.dropped: list[str] = []
        """By `id`, provisional records of calls that will have none of their own."""
        self.legs: dict[int, tuple[Call, HalfCall]] = {}
        """By RTP leg, for whom its statistics are."""
        self._node = node
        self._wall_clock = wall_clock

    # --- statistics of RTP legs

    def open_leg(self, call: Call, half: HalfCall, leg: int) -> None:
        """The record of `call` is to wait for the statistics of `leg`, which `half` uses."""
        call.waiting_statistics.add(leg)
        self.legs[leg] = (call, half)

    def close_leg(self, leg: int, statistics: dict[str, float]) -> Call | None:
        """They came; the call that waited for them."""
        found = self.legs.pop(leg, None)
        if found is None:
            return None
        call, half = found
        half.leg.media = statistics | half.leg.media  # what was measured before was measured nearer to the peer
        call.waiting_statistics.discard(leg)
        return call

    def take_legs(self, call: Call, half: HalfCall) -> set[int]:
        """The legs of `half`, which leaves `call`: its record does not wait for them any more."""
        legs = {leg for leg in call.waiting_statistics if self.legs[leg][1] is half}
        call.waiting_statistics -= legs
        return legs

    def give_legs(self, call: Call, legs: set[int]) -> None:
        """Legs that came to `call` with a half."""
        for leg in legs:
            self.legs[leg] = call, self.legs[leg][1]
        call.waiting_statistics |= legs

    def forget_legs(self, call: Call) -> None:
        """Stop waiting for statistics."""
        for leg in call.waiting_statistics:
            self.legs.pop(leg, None)
        call.waiting_statistics.clear()

    # --- records

    def note(self, call: Call) -> None:
        """The call has begun, got further, or has ended and waits: account for it even if we are killed now."""
        self.noted[call.identity] = call

    def provisional(self) -> list[OpenCall]:
        """The calls that were noted since the last time; one takes the place of an earlier one with the same `id`.

        They are made now and not by `note`: a dialog that is confirmed stands only once its 200 has been made.
        """
        if not self.noted:
            return []
        noted, self.noted = self.noted.values(), {}
        opened = []
        for call in noted:
            if not call.recorded:
                opened.append(self._open(call))
        return opened

    def _open(self, call: Call) -> OpenCall:
        farewells = []
        for half in (call.incoming, call.outgoing):
            if half is None or half.released:
                continue
            # A StandingTrunk; isinstance of a protocol takes its time.
            farewell = getattr(half.trunk, "farewell", None)
            if farewell is not None and (what := farewell(half)) is not None:
                farewells.append(Farewell(trunk=half.trunk.name, what=what))
        return OpenCall(call.record(call.release or KILLED, self._node, self._wall_clock), farewells)

    def write(self, call: Call, release: Release) -> None:
        """The record of a call that has ended."""
        call.recorded = True
        self.records.append(call.record(release, self._node, self._wall_clock))

    def drop(self, call: Call) -> None:
        """The call goes on as part of another one and leaves no record."""
        call.recorded = True
        self.dropped.append(call.identity)
