"""Traffic flows: what has one destination and one SLS, and therefore has to stay in order (Q.704 2.3, 4.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

#: Messages that wait for one diversion or changeover; T2 of traffic at 64 kbit/s is about a hundred.
HOLD_LIMIT: Final = 4096


class Hold:
    """Messages that wait until those before them have arrived, in the order in which they came."""

    __slots__ = ("flows", "messages", "source")

    def __init__(self, source: int) -> None:
        self.source = source
        """The link that the messages before them were sent on."""
        self.flows: list[Flow] = []
        self.messages: list[tuple[Flow, bytes]] = []

    def take(self, flow: Flow) -> None:
        """Hold `flow` from now on."""
        flow.hold = self
        self.flows.append(flow)

    def merge(self, other: Hold) -> None:
        """Take over what `other` holds; no flow is in both."""
        for flow in other.flows:
            self.take(flow)
        self.messages += other.messages

    def add(self, flow: Flow, msu: bytes) -> bool:
        """Keep `msu`; False when too many wait already."""
        if len(self.messages) >= HOLD_LIMIT:
            return False
        self.messages.append((flow, msu))
        return True


class Flow:
    """Messages to `dpc` of which the SLS has the value `slot`."""

    __slots__ = ("dpc", "hold", "link", "slot")

    def __init__(self, dpc: int, slot: int) -> None:
        self.dpc = dpc
        self.slot = slot
        self.link: int | None = None
        """The link that the last message went over; None when none did since the destination became available."""
        self.hold: Hold | None = None


class FlowTable:
    """All flows that have carried a message."""

    def __init__(self, choose: Callable[[int, int], int | None], mask: int) -> None:
        """`choose` tells the link for a destination and a SLS, `mask` the bits of the SLS that matter."""
        self.choose = choose
        self._mask = mask
        self._tables: dict[int, list[Flow]] = {}

    def of(self, dpc: int, sls: int) -> Flow:
        """The flow of a message."""
        table = self._tables.get(dpc)
        if table is None:
            table = self._tables[dpc] = [Flow(dpc, slot) for slot in range(self._mask + 1)]
        return table[sls & self._mask]

    def __iter__(self) -> Iterator[Flow]:
        for table in self._tables.values():
            yield from table

    def gather(self, link: int, hold: Hold) -> None:
        """Hold every flow whose last message went over `link`, with what already waits for it."""
        former: list[Hold] = []
        for flow in self:
            if flow.hold is not None:
                if flow.hold.source == link and flow.hold not in former:
                    former.append(flow.hold)
            elif flow.link == link:
                hold.take(flow)
        for other in former:
            if other is not hold:
                hold.merge(other)
                other.flows = []
                other.messages = []
