"""The loop of the media process: an epoll over the line timer, the command socket and the signalling spans."""

from __future__ import annotations

import gc
import math
import os
import select
import socket
import time
from typing import Final

import msgspec

from .clock import Ticker
from .line import SpanLine
from .link import Link
from .plane import Plane
from .protocol import Command, Event, RtpClosed, Shutdown
from .timer import interval_timer, set_interval

STARTING: Final = 0.002
"""Seconds from here to the first tick."""
SWEEP: Final = 1.0
"""Seconds between garbage collections: the loop makes no cycles, what little others make is soon found."""
YOUNG: Final = 1
"""The oldest generation collected: what was there for a second or two stays, and is not looked at again."""
FLUSH: Final = 0.2
"""Seconds that signal units still queued at Shutdown are given to leave."""
COMPANY: Final = 0.02
"""Seconds that the statistics of a leg may wait for another event: they end a record, and are not worth a wake-up."""
LAST_UNIT: Final = 0.04
"""Seconds that the longest signal unit takes on a timeslot, once begun."""
_COMMANDS = msgspec.msgpack.Decoder(list[Command])


class Loop:
    """Runs `plane` until Shutdown or until the signalling process has gone."""

    def __init__(self, plane: Plane, end: socket.socket) -> None:
        self._plane = plane
        self._link: Link[Event, Command] = Link(end, _COMMANDS)
        self._ending: float | None = None
        self._clock = time.monotonic if plane.timing is None else plane.timing.now
        self._last: float | None = None
        self._held_until: float | None = None
        self._epoll = select.epoll()
        self._epoll.register(end.fileno(), select.EPOLLIN)
        self._lines = select.epoll()
        """The same without the command socket."""
        self._command_descriptor = end.fileno()
        self._writable_wanted = False
        self._spans: dict[int, SpanLine] = {}
        for line in plane.lines:
            descriptor = line.span.fileno()
            if line.channels and descriptor is not None:
                self._spans[descriptor] = line
                self._register(descriptor)

    def _register(self, descriptor: int) -> None:
        for epoll in (self._epoll, self._lines):
            epoll.register(descriptor, select.EPOLLIN)

    def run(self) -> None:
        """Run; returns when the process is to end in order."""
        start = self._clock() + STARTING
        period = self._plane.period
        timer = interval_timer(start, period / 1e6)
        self._register(timer)
        self._plane.begin(start)
        try:
            self._turn(timer, start, period, Ticker(start, SWEEP, SWEEP))
        finally:
            os.close(timer)
            self._epoll.close()
            self._lines.close()

    def _turn(self, timer: int, start: float, period: int, sweep: Ticker) -> None:
        clock, timing, plane, link = self._clock, self._plane.timing, self._plane, self._link
        poll, poll_lines = self._epoll.poll, self._lines.poll
        spans, commands = self._spans, self._command_descriptor
        more = gathering = False
        while not link.closed:
            # Commands that could not act before the timer comes are not worth a wake-up: more may come until then.
            obeyed = False
            for descriptor, _ in poll_lines(1.0) if gathering else poll(0 if more else 1.0):
                if descriptor == timer:
                    os.read(descriptor, 8)
                    if gathering:
                        gathering = False
                        obeyed = self._obey()
                elif descriptor == commands:
                    obeyed = self._obey()
                else:
                    plane.receive_line(spans[descriptor], clock())
            now = clock()
            more = plane.serve(now)
            if obeyed:
                gathering = not more and not self._writable_wanted and plane.commands_can_wait(now)
            if plane.events or self._writable_wanted:
                self._tell(now)
            if timing is not None and timing.take_steered():
                seconds = period / 1e6
                due = start + math.ceil((now - start) / seconds) * seconds
                set_interval(timer, timing.clock.local(due), seconds / (1 + timing.clock.rate))
            if not more and sweep.begin(now):
                gc.collect(YOUNG)
            if self._ending is not None and self._ended(now):
                break

    def _obey(self) -> bool:
        """Act on the commands that have come; whether there were any."""
        commands = self._link.receive()
        if commands and isinstance(commands[-1], Shutdown):  # nothing comes after it
            self._ending = self._clock() + FLUSH
        self._plane.obey(commands)
        return bool(commands)

    def _worth_a_wake_up(self, now: float) -> bool:
        """Whether to send the events now and not after a later turn."""
        if not all(isinstance(event, RtpClosed) for event in self._plane.events):
            return True
        if self._held_until is None:
            self._held_until = now + COMPANY
        return now >= self._held_until

    def _ended(self, now: float) -> bool:
        """After Shutdown: whether the last signal unit is out, or its time."""
        if self._last is None and not self._plane.queued():
            self._last = now + LAST_UNIT
        return now >= min(self._ending or now, self._last or math.inf)

    def _tell(self, now: float) -> None:
        events = self._plane.events
        if events and (self._ending is not None or self._worth_a_wake_up(now)):
            self._held_until = None
            self._link.send(events)
            events.clear()
        elif self._link.waiting:
            self._link.flush()
        if self._link.waiting != self._writable_wanted:
            self._writable_wanted = self._link.waiting
            mask = select.EPOLLIN | (select.EPOLLOUT if self._writable_wanted else 0)
            self._epoll.modify(self._command_descriptor, mask)
