"""Signalling traffic flow control, Q.704 (07/96) 11.2, and the route set congestion test, RCAT of 13.9.

A link whose buffers fill makes MTP-STATUS for users here and TFC for users elsewhere, for the first and every eighth
message. Networks with congestion levels keep the level of every destination: while no TFC comes, it is tested with RCT
of a priority one lower, and goes down a level when no TFC answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tandem.ss7.mtp3.configuration import Timers
from tandem.ss7.mtp3.primitives import StatusCause, StatusIndication
from tandem.ss7.mtp3.timers import Timer
from tandem.ss7.mtp3.timers import Timers as TimerTable

#: Q.704 11.2.3: one indication for so many messages.
_EVERY: Final = 8


@dataclass(frozen=True, slots=True)
class SendControlled:
    """Send TFC about `dpc` to the origin `opc` of a message."""

    opc: int
    dpc: int
    level: int


@dataclass(frozen=True, slots=True)
class SendCongestionTest:
    """Send RCT with `priority` to `dpc`."""

    dpc: int
    priority: int


CongestionOutput = SendControlled | SendCongestionTest | StatusIndication


class Congestion:
    """Congested links, and the congestion level of destinations. Outputs collect until `outputs` is called."""

    def __init__(self, timers: Timers, table: TimerTable, levels: bool) -> None:
        """`levels`: the network has congestion levels and message priorities (ANSI, national option)."""
        self.levels = levels
        self._t15, self._t16 = timers.t15, timers.t16
        self._timers = table
        self.links: dict[int, int] = {}
        """Level of each congested link; while there is none, nothing else is to be done for a message."""
        self._counts: dict[tuple[int, int | None], int] = {}
        self._status: dict[int, int] = {}
        self._outputs: list[CongestionOutput] = []

    def link(self, link: int, level: int) -> None:
        """The buffers of `link` have reached congestion `level`; 0: the abatement threshold again."""
        if level:
            self.links[link] = level
        else:
            self.links.pop(link, None)
            if not self.links:
                self._counts.clear()

    def message(self, link: int, dpc: int, opc: int | None, priority: int) -> bool:
        """A message for `dpc` is about to go over `link`; `opc` None when it is ours. False when it must be dropped.

        With congestion levels, messages of a priority below that of the link are dropped (T1.111.4).
        """
        if link not in self.links:
            return True
        level = self.links[link] if self.levels else 0
        count = self._counts.get((dpc, opc), 0)
        self._counts[dpc, opc] = count + 1
        if count % _EVERY == 0:
            if opc is None:
                self._outputs.append(StatusIndication(dpc, StatusCause.CONGESTION, level=level))
            else:
                self._outputs.append(SendControlled(opc, dpc, level))
        return not self.levels or priority >= level

    def controlled(self, dpc: int, level: int, now: float) -> None:
        """TFC about `dpc` came."""
        if self.levels:
            self._timers.stop((Timer.T16, dpc))
            if level == 0:
                self._end(dpc)
            else:
                self._status[dpc] = level
                self._timers.start((Timer.T15, dpc), now + self._t15)
        self._outputs.append(StatusIndication(dpc, StatusCause.CONGESTION, level=level))

    def forget(self, dpc: int) -> None:
        """`dpc` cannot be reached any more."""
        self._end(dpc)

    def test_due(self, dpc: int, now: float) -> None:
        """T15 expired: test whether the level is still what it was."""
        self._outputs.append(SendCongestionTest(dpc, self._status[dpc] - 1))
        self._timers.start((Timer.T16, dpc), now + self._t16)

    def test_passed(self, dpc: int, now: float) -> None:
        """T16 expired without TFC: one level less."""
        level = self._status[dpc] - 1
        self._outputs.append(StatusIndication(dpc, StatusCause.CONGESTION, level=level))
        if level == 0:
            self._end(dpc)
        else:
            self._status[dpc] = level
            self.test_due(dpc, now)

    def outputs(self) -> list[CongestionOutput]:
        """What has been produced since the last call."""
        done, self._outputs = self._outputs, []
        return done

    def _end(self, dpc: int) -> None:
        self._status.pop(dpc, None)
        self._timers.stop((Timer.T15, dpc))
        self._timers.stop((Timer.T16, dpc))
