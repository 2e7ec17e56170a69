"""Two nodes joined by a span with faults, in virtual time: framing, HDLC, MTP2 or Q.921, circuits and calls are real.

Only speech, the sockets of RTP and the media process itself are left out: `SpanLine` is what they have of a line.
"""

from __future__ import annotations

from typing import Any

from support.node_pair import OFFER, Bench
from support.pri_bench import PriBench
from support.sip_calls import place
from support.spans import spec_pair

from tandem.gateway.media.line import SignallingChannel, SpanLine
from tandem.gateway.media.protocol import Command, SendUnits, UnitsReceived
from tandem.gateway.signalling_setup import channels
from tandem.gateway.sip.primitives import Answered, IncomingInvite
from tandem.hardware.registry import open_span

STEP = 0.02
"""Seconds of the line that are written and read together; those of a packet where packets are to come one by one."""


def faulty(fault: str, kind: str = "virtual", options: str = "") -> tuple[str, str]:
    """Specs of the two ends of a line, of which `fault` spoils what the first sends.

    Times of faults are seconds since the bench began, `bench.began`.
    """
    one, other = spec_pair(kind, options)
    return f"fault:{fault},span={one}", other


class OnLines(Bench):
    """In place of the wire of signal units: the spans that `specs` describes, of A and of B, called `span` there."""

    def __init__(self, specs: tuple[str, str], step: float = STEP, span: str = "e1", **options: Any) -> None:
        self.span = span
        self.specs = dict(zip("AB", specs, strict=True))
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

    def carry(self) -> None:
        """What was written comes to the other end, where it does not by itself."""

    def _line(self, name: str) -> SpanLine:
        if name not in self.ends:
            line = self.ends[name] = SpanLine(self.span, open_span(self.specs[name]), 0xD5)
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
        self.carry()
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


def answered(bench: Bench, patience: float) -> int | None:
    """A call that both ends have taken; None when it failed. A lost frame costs a second or so."""
    before = len(bench.events("b", IncomingInvite)), len(bench.events("a", Answered))
    call, end = place(bench), bench.now + patience
    taken = False
    while bench.now < end:
        offered = bench.events("b", IncomingInvite)[before[0] :]
        if offered and not taken:
            bench.call("b", "respond", offered[0].call, 200, body=OFFER)
            taken = True
        bench.run(0.02)
        if len(bench.events("a", Answered)) > before[1]:
            return call
    return None


def hang_up(bench: Bench, call: int) -> None:
    """The caller hangs up."""
    bench.call("a", "bye", call, [])


def told(bench: Bench, subject: str, text: str) -> set[str]:
    """Nodes in whose logs such a line is."""
    return {name for _, name, line in bench.lines if line.subject.startswith(subject) and text in line.text}


def results(bench: Bench, name: str) -> list[tuple[str, int]]:
    """Results and causes of the records of a node."""
    return [(record.result, record.cause) for record in bench.records[name]]
