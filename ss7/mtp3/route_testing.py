"""Signalling routing test of Japan (JT-Q707): whether messages get to a destination and back.

It runs as the link test of Q.707 does: no answer within T1 is tried once more, a good route is tested again after T2.
A failure is only reported, and tried again after T2; what the routes are is up to route management.
"""

from __future__ import annotations

from collections.abc import Callable

from tandem.ss7.mtp3.configuration import Timers
from tandem.ss7.mtp3.messages import ROUTE_TEST_PATTERN
from tandem.ss7.mtp3.testing import LinkTest, SltInput, SltOutput
from tandem.ss7.mtp3.timers import Timer
from tandem.ss7.mtp3.timers import Timers as TimerTable


class RouteTests:
    """The tests of one signalling point, by destination."""

    def __init__(
        self, timers: Timers, table: TimerTable, send: Callable[[int], None], report: Callable[[int, bool], None]
    ) -> None:
        """`send` transmits SRT to a point code; `report` hears of the first outcome and of each that differs."""
        self._durations = timers.test_t1, timers.test_t2
        self._table = table
        self._send = send
        self._report = report
        self._tests: dict[int, LinkTest] = {}
        self._told: dict[int, bool] = {}

    def begin(self, dpc: int, now: float) -> None:
        """`dpc` can be reached: test the way to it, from now on."""
        if dpc not in self._tests:
            names = Timer.ROUTE_TEST_T1, Timer.ROUTE_TEST_T2
            self._tests[dpc] = LinkTest(dpc, *self._durations, self._table, names)
            self._handle(dpc, SltInput.START, now)

    def end(self, dpc: int, now: float) -> None:
        """`dpc` cannot be reached any more."""
        if dpc in self._tests:
            self._handle(dpc, SltInput.STOP, now)
            self._table.stop((Timer.ROUTE_TEST_T2, dpc))
            del self._tests[dpc]
            self._told.pop(dpc, None)

    def acknowledged(self, opc: int, pattern: bytes, now: float) -> bool:
        """SRTA came from `opc`; False when it is none that was asked for, or has another pattern."""
        good = pattern == ROUTE_TEST_PATTERN
        if opc not in self._tests:
            return False
        self._handle(opc, SltInput.ACKNOWLEDGED if good else SltInput.MISMATCH, now)
        return good

    def timer(self, timer: Timer, dpc: int, now: float) -> None:
        """ROUTE_TEST_T1 or ROUTE_TEST_T2 expired."""
        if timer is Timer.ROUTE_TEST_T1:
            self._handle(dpc, SltInput.T1_EXPIRY, now)
        elif self._told.get(dpc):
            self._handle(dpc, SltInput.T2_EXPIRY, now)
        else:
            self._handle(dpc, SltInput.START, now)

    def _handle(self, dpc: int, event: SltInput, now: float) -> None:
        for output in self._tests[dpc].handle(event, now):
            if output is SltOutput.SEND:
                self._send(dpc)
                continue
            passed = output is SltOutput.PASSED
            if not passed:
                self._table.start((Timer.ROUTE_TEST_T2, dpc), now + self._durations[1])
            if self._told.get(dpc) is not passed:
                self._told[dpc] = passed
                self._report(dpc, passed)
