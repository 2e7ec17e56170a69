"""Two nodes joined by a span with faults, in virtual time: framing, HDLC, MTP2 or Q.921, circuits and calls are real.

Only speech, the sockets of RTP and the media process itself are left out: `SpanLine` is what they have of a line.
"""

from __future__ import annotations

from typing import Any

from support.node_pair import Bench
from support.pri_bench import PriBench
from support.spans import spec_pair

from tandem.gateway.media.line import SignallingChannel, SpanLine
from tandem.gateway.media.protocol import Command, SendUnits, UnitsReceived
from tandem.gateway.signalling_setup import channels
from tandem.hardware.registry import open_span

STEP = 0.02
"""Seconds of the line that are written and read together; those of a packet where packets are to come one by one."""


class OnLines(Bench):
    """In place of the wire of signal units: spans `e1`, of which `fault` spoils what A sends.

    Times of faults are seconds since the bench began, `bench.began`.
    """

    def __init__(self, fault: str, kind: str = "virtual", line: str = "", step: float = STEP, **options: Any) -> None:
        one, other = spec_pair(kind, line)
        self.specs = {"A": f"fault:{fault},span={one}", "B": other}
        self.ends: dict[str, SpanLine] = {}
        self.told: dict[str, list[tuple[float, str]]] = {"A": [], "B": []}
        """Alarms by node, seconds since the beginning first."""
        self.began = 1000.0
        self.units = {"A": [0, 0], "B": [0, 0]}
        """Signal units or frames received by a node, good ones and errored ones."""
        self._step = step
        self._steps = 0
        super().__init__(**options)
        self._step_lines()

    def alarms(self, name: str) -> list[str]:
        """Alarms that a node was told of, one after the other."""
        return [alarms for _, alarms in self.told[name]]

    def until(self, moment: float) -> None:
        """Let time pass until so many seconds after the beginning."""
        self.run(self.began + moment - self.now)

    def close(self) -> None:
        """Give the spans back."""
        for line in self.ends.values():
            line.span.close()

    def _line(self, name: str) -> SpanLine:
        if name not in self.ends:
            line = self.ends[name] = SpanLine("e1", open_span(self.specs[name]), 0xD5)
            for channel in channels(self.nodes[name].configuration):
                line.add_channel(SignallingChannel(channel))
            line.settle()
        return self.ends[name]

    def _command(self, name: str, command: Command) -> None:
        if not isinstance(command, SendUnits):
            super()._command(name, command)
            return
        for channel in self._line(name).channels:
            if channel.number == command.channel:
                channel.send(command.units, command.fill)

    def _step_lines(self) -> None:
        """Write and read a step of both ends, and tell the nodes what came."""
        for name in "AB":
            line = self._line(name)
            groups = round(8000 * self._step) // line.frames
            line.transmit(self._steps * groups, groups, self.now)
        for name in "AB":
            line = self._line(name)
            events: list[Any] = list(line.receive(self.now))
            if (change := line.alarm_change()) is not None:
                self.told[name].append((self.now - self.began, " ".join(change.alarms)))
                events.append(change)
            if (self._steps + 1) % round(1 / self._step) == 0:
                events += [channel.report() for channel in line.channels]
            for event in events:
                if isinstance(event, UnitsReceived):
                    self.units[name][0] += event.good
                    self.units[name][1] += event.errored
            if events:
                self.nodes[name].media_events(events, self.now)
                self._drain(name)
        self._steps += 1
        self._later(self._step, self._step_lines)


class IsupLines(OnLines):
    """With ISUP circuits and their signalling link on the span."""


class PriLines(OnLines, PriBench):
    """With a PRI on the span; A is the network."""
