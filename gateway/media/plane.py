"""The media plane: endpoints, commands and ticks. `loop` calls it at the right times."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from tandem.codecs.g711 import SILENCE, Law
from tandem.codecs.modem_tones import ANSWER
from tandem.codecs.telephone_event import DIGITS
from tandem.codecs.tones import ToneLibrary
from tandem.core.errors import ConfigurationError
from tandem.hardware.line import frame_together, receive_together
from tandem.hardware.registry import open_span
from tandem.hardware.span import FRAME_RATE, TIMESLOTS, Framing, LineFormat

from . import protocol, speed
from .booth import Booth, Former
from .clock import Ticker
from .continuity import ContinuityListener
from .digits import DigitPlayer, EventInProgress, EventReceiver, make_tones
from .dtmf import DigitListener
from .latch import SILENCE as SILENT
from .line import AHEAD, BLOCK, SignallingChannel, SpanLine
from .matrix import USUAL_TABLES, Matrix, Rendering, TonePlayer
from .modem import ModemListener
from .packing import PACKET_TIMES, TICK_TIME
from .ports import RtpPorts
from .protocol import Endpoint, Event, MediaConfiguration
from .quality import judge
from .receive import Receivers
from .rtcp import Rtcp
from .srtp import SecureLeg
from .timing import Timing
from .transmit import Transmitters

TICK: Final = 0.02
SPANS_AT_ONCE: Final = 16
"""Spans that are read before signalling is looked after again."""
LEAD_MICROSECONDS: Final = 5000
"""A speech tick comes about this long before the line needs its octets."""
EARLY: Final = 2
"""Bursts that may be under way before they are due: as many are there when signal units follow one another."""
DRAIN: Final = 0.01
"""Seconds between drains of the RTP sockets: the resolution of arrival times."""
RELEASED: Final = 5
"""Ticks after which silent legs are looked for again."""
REPORT: Final = 1.0
CATCH_UP: Final = 0.1
_VOLUME: Final = 10
"""Power of a digit that came without one, in -dBm0 (RFC 4733 2.3.3)."""


class _Leg:
    """What the plane remembers of an RTP leg."""

    def __init__(self, number: int, law: str, silence: float = 0.0) -> None:
        self.number = number
        self.silence = silence
        """Seconds after which its silence is told, 0 for never."""
        self.packets = 0
        """Packets received when it was last looked at."""
        self.heard: float | None = None
        """When `packets` last grew, or its silence was told."""
        self.events = EventReceiver()
        self.set_law(law)

    def set_law(self, law: str) -> None:
        """The leg is of `law` from now on; a digit that is being played is over."""
        self._law = law
        self._player: DigitPlayer | None = None

    @property
    def player(self) -> DigitPlayer:
        """Plays the digits that come as telephone-events: most legs never have one."""
        if self._player is None:
            self._player = DigitPlayer(self._law)
        return self._player


class Plane:
    """Spans, RTP legs and who hears whom; time is that of time.monotonic and runs from `begin` on.

    SpanError, PortError or ConfigurationError when something of `configuration` cannot be had.
    """

    def __init__(self, configuration: MediaConfiguration) -> None:
        self._continuity = ContinuityListener()
        self.events: list[Event] = []
        """What the signalling process is to hear; whoever sends it clears the list."""
        self.lines: list[SpanLine] = []
        self.ports = RtpPorts(configuration.rtp_address, *configuration.rtp_ports, configuration.rtp_address_v6)
        legs = len(self.ports.ports)
        try:
            self._open_spans(configuration)
            self._tones = {law.value: ToneLibrary(configuration.tones, law) for law in Law}
            self.timing = Timing(configuration.clock, self.lines) if configuration.clock else None
            """The clock followed; None: that of the system, and times are those of time.monotonic."""
        except Exception:
            self._give_back()
            raise
        for library in self._tones.values():
            for name in library.plan.tones:
                library.period(name)  # made now: it takes milliseconds
        make_tones()
        self.matrix = Matrix(legs, TIMESLOTS * len(self.lines))
        self._booth = Booth(self.matrix)
        self.receivers = Receivers(legs, *configuration.jitter_ms)
        self.transmitters = Transmitters(self.matrix, self.ports)
        self._rtcp: Rtcp | None = None
        if configuration.rtcp:
            self._rtcp = Rtcp(
                configuration.rtp_address,
                self.ports,
                self.receivers,
                self.transmitters,
                address_v6=configuration.rtp_address_v6,
            )
        self._modems = ModemListener(self.matrix, self.receivers.jitter)
        self._listener = DigitListener(self.matrix)
        self.period = math.gcd(
            round(DRAIN * 1e6), *(line.frames * line.burst * 1_000_000 // FRAME_RATE for line in self.lines)
        )
        """Microseconds between the times, from `begin` on, at which the loop must look."""
        self.speech = Ticker(0.0, TICK, CATCH_UP)
        self.drains = Ticker(0.0, DRAIN, DRAIN)
        self._line_ticks: list[tuple[Ticker, list[SpanLine]]] = []
        self._signalling_ticks: list[tuple[Ticker, list[SpanLine]]] = []
        """Those of lines with signalling channels."""
        self._lines_due = -math.inf
        """Before this nothing is due on any line, unless signal units wait."""
        self._bursting = [line for line in self.lines if line.burst > 1]
        self._units_wait = False
        """Signal units were queued, and may not have left whole."""
        self._reports = Ticker(0.0, REPORT, REPORT)
        self._legs: dict[int, _Leg] = {}
        self._indices: dict[int, int] = {}
        self._digits: set[int] = set()
        """Legs by index whose player may have something to play."""
        self._bases = {line.name: legs + TIMESLOTS * place for place, line in enumerate(self.lines)}
        self._timeslots: Rendering | None = None
        """What all timeslots transmit; None when it is to be found out anew."""
        self._filler: Any = None
        """Fills lines in one step."""
        if speed.speedups is not None:
            self._filler = speed.speedups.LineFiller(
                [line.speech for line in self.lines],
                (self.matrix.rows, self.matrix.source, self.matrix.mu.view(np.uint8), USUAL_TABLES),
                *(self.matrix.leg_row, legs),
                np.full((len(self.lines), AHEAD // BLOCK, TIMESLOTS), -1, np.int16),
            )
        self._tick: Iterator[None] | None = None
        self._just_read: set[str] = set()
        """Lines that were read because something came, since the last drain: they need not be asked in it."""
        self._unfilled = False
        """A tick has begun and its speech is not on the lines yet."""
        self._deferred: list[protocol.Command] = []
        self._actions: dict[type[protocol.Command], Callable[[Any], None]] = {
            protocol.SendUnits: self._send_units,
            protocol.Source: self._set_source,
            protocol.OpenRtp: self._open_leg,
            protocol.UpdateRtp: self._update_leg,
            protocol.CloseRtp: self._end_leg,
            protocol.Detect: self._detect,
            protocol.PlayDigit: self._play_digit,
            protocol.Tone: self._set_tone,
            protocol.Play: self._play,
            protocol.StopPlay: self._stop_play,
            protocol.Record: self._record,
            protocol.StopRecord: self._stop_record,
            protocol.LineTest: self._test_line,
            protocol.SendDigits: self._send_digits,
            protocol.Shutdown: self._shut_down,
        }
        for line, span in zip(self.lines, configuration.spans, strict=True):
            for timeslot in range(TIMESLOTS):
                self.matrix.set_law(self._bases[line.name] + timeslot, span.law)
        self.events.append(protocol.Ready(self.ports.ports))

    def _open_spans(self, configuration: MediaConfiguration) -> None:
        store, store_max = (
            milliseconds * FRAME_RATE // 1000
            for milliseconds in (configuration.elastic_store, configuration.elastic_store_max)
        )
        for span in configuration.spans:
            opened = open_span(span.device, LineFormat(Framing(span.framing), span.loss_window, span.law))
            self.lines.append(SpanLine(span.name, opened, SILENCE[Law(span.law)], store, store_max))
        lines = {line.name: line for line in self.lines}
        self._channels: dict[int, SignallingChannel] = {}
        for channel in configuration.channels:
            if channel.span not in lines:
                raise ConfigurationError(f"signalling channel {channel.number}: there is no span {channel.span!r}")
            self._channels[channel.number] = SignallingChannel(channel)
            lines[channel.span].add_channel(self._channels[channel.number])
        for line in self.lines:
            line.settle()
        self._signalling = [line for line in self.lines if line.channels]
        self._has_signalling_ports = any(channel.port is not None for channel in self._channels.values())

    def begin(self, start: float) -> None:
        """The first speech tick is at `start`, the first quantum of every line a little later."""
        self.speech.start = self.drains.start = start
        self._reports.start = start + REPORT
        groups: dict[tuple[int, int, bool], list[SpanLine]] = {}
        for line in self.lines:
            groups.setdefault((line.frames, line.burst, bool(line.channels)), []).append(line)
        lead = max(1, LEAD_MICROSECONDS // self.period) * self.period
        for (frames, burst, signalling), lines in groups.items():
            # A burst goes when its last group is due; that, too, is to be a time at which the timer wakes us.
            first = (lead / 1e6 + frames / FRAME_RATE) if signalling else lead / 1e6
            ticker = Ticker(start + first, frames / FRAME_RATE, CATCH_UP)
            ticker.slack = (burst - 1) * ticker.period
            self._line_ticks.append((ticker, lines))
            if signalling:
                self._signalling_ticks.append((ticker, lines))

    def command(self, command: protocol.Command) -> None:
        """Act on one command, as `obey` does."""
        self.obey([command])

    def obey(self, commands: Sequence[protocol.Command]) -> None:
        """Act on commands of the signalling process; what names something unknown is passed over.

        Signal units go at once. The rest waits for the end of a tick that has begun, so that a tick is of one piece.
        """
        actions, between = self._actions, self._tick is None
        for command in commands:
            kind = type(command)
            if between or kind is protocol.SendUnits:
                actions[kind](command)
            else:
                self._deferred.append(command)

    def commands_can_wait(self, now: float) -> bool:
        """Whether commands that come from `now` on can do nothing before the timer wakes the loop next.

        It wakes for ticks, with which it changes who hears whom. Signal units might go before that, in a burst that is
        not due yet, or on a device that does HDLC itself.
        """
        if not self._signalling_ticks or self._has_signalling_ports:
            return False
        for ticker, lines in self._signalling_ticks:
            if (burst := lines[0].burst) > 1:
                groups = burst - ticker.count % burst
                early = ticker.due + (groups - 1 - EARLY * burst) * ticker.period
                if early <= now and lines[0].has_speech(ticker.count + groups - 1):
                    return False
        return True

    def _send_units(self, command: protocol.SendUnits) -> None:
        if channel := self._channels.get(command.channel):
            channel.send(command.units, command.fill)
            self._units_wait = True

    def _detect(self, command: protocol.Detect) -> None:
        if (place := self._place(command.endpoint)) is not None:
            (self._listener.start if command.on else self._listener.stop)(place)

    def _stop_play(self, command: protocol.StopPlay) -> None:
        if (ended := self._booth.stop_play(command.number)) is not None:
            self._restore(*ended)

    def _stop_record(self, command: protocol.StopRecord) -> None:
        self._booth.stop_record(command.number)

    def _test_line(self, command: protocol.LineTest) -> None:
        for line in self.lines:
            if line.name == command.span:
                line.looped, line.span.termination.remote_alarm_forced = command.loopback, command.remote_alarm

    def _shut_down(self, command: protocol.Shutdown) -> None:
        """That is for the loop."""

    def serve(self, now: float) -> bool:
        """Do what is due: the line first, then a part of the speech tick; True when more of the tick is left.

        True too when the next tick has become due meanwhile: its time has come and gone, nothing will tell of it.
        """
        drain = self.drains.begin(now)
        if self._tick is None and self.speech.begin(now):
            self._tick = self.tick(now)
            self._unfilled = True
            drain = False
        self._send_lines(now)
        if self._tick is not None and next(self._tick, self) is self:
            self._tick = None
            if self._deferred:
                self.obey(self._deferred)
                self._deferred.clear()
            self._tell_alarms()
            self._report(now)
        if drain:
            self.drain(now)
        return self._tick is not None or now >= self.speech.due

    def _send_lines(self, now: float) -> None:
        """Send all that is due, what is late in order; together what may wait for each other.

        A burst with signal units in it goes at once, before it is due.
        """
        if now < self._lines_due and not (self._units_wait and self._is_pressed()):
            return
        due = math.inf
        # What was late once is better later still than idle: the far end has buffers for that, and nothing else.
        coming = self._unfilled or now >= self.speech.due
        for ticker, lines in self._line_ticks:
            burst = lines[0].burst
            while not coming or lines[0].has_speech(ticker.count):
                groups = burst - ticker.count % burst
                if now < (moment := ticker.due + (groups - 1) * ticker.period):
                    if (
                        burst == 1
                        or not self._units_wait
                        or moment > now + EARLY * burst * ticker.period
                        or not self._may_go(lines, ticker, groups)
                    ):
                        due = min(due, moment)
                        break
                    ticker.count += groups
                else:
                    groups = 0
                    while groups < burst and ticker.begin(now):
                        groups += 1
                    if not groups:
                        due = min(due, ticker.due)
                        break
                self._send(lines, ticker.count - groups, groups, now)
            else:
                due = now
        self._lines_due = due

    def _is_pressed(self) -> bool:
        """Whether signal units wait on a line that sends bursts."""
        self._units_wait = any([line.pressing for line in self._bursting])
        return self._units_wait

    def _may_go(self, lines: list[SpanLine], ticker: Ticker, groups: int) -> bool:
        """Whether the next `groups` can go before they are due where units wait: it has a use, and speech is there."""
        return lines[0].has_speech(ticker.count + groups - 1) and any([line.pressing for line in lines])

    def _send(self, lines: list[SpanLine], number: int, groups: int, now: float) -> None:
        for line in lines:
            line.transmit(number, groups, now)
            if line.channels and line.unheard:
                self.events += line.receive(now)

    def receive_line(self, line: SpanLine, now: float) -> None:
        """Read one span, which has something; signal units go to `events` at once."""
        self._just_read.add(line.name)
        self.events += line.receive(now)

    def drain(self, now: float) -> None:
        """Read RTP legs, and spans with signalling; what the others carry is only wanted at the tick."""
        for line in self._signalling:
            if line.name not in self._just_read:
                self.events += line.receive(now)
        self._just_read.clear()
        if latched := self.ports.drain(self.receivers, now):
            self.transmitters.refresh(latched)
        if self.receivers.events:
            self._take_events(now)

    def tick(self, now: float) -> Iterator[None]:
        """Do one speech tick; pauses wherever the line may be looked after."""
        self.drain(now)
        yield
        matrix = self.matrix
        for first in range(0, len(self.lines), SPANS_AT_ONCE):
            lines = self.lines[first : first + SPANS_AT_ONCE]
            self._receive_speech([line for line in lines if not line.channels], now)
            matrix.receive_lines(first, [line.store.read(BLOCK) for line in lines])
            yield
        self.events += self._continuity.listen(matrix)
        self.receivers.jitter.play(matrix.leg_rows)
        for index in self._modems.listen():
            self.transmitters.send_all(index)
            self._hear_no_digits(index)
        for index in self._modems.turning:
            self._leave_level(index)
        for place, digit in self._listener.listen():
            self._digit_heard(place, digit)
        self._play_digits(now)
        booth = self._booth
        if booth.active:
            for place, former in booth.over():
                self._restore(place, former)
        matrix.play_tones()
        if booth.active:
            booth.tick()
            self.events += booth.events
            booth.events.clear()
        if matrix.changed:
            matrix.changed = False
            self._timeslots = None
            self.transmitters.refresh()
        if self.lines:
            self._fill_lines()
            self._unfilled = False
            yield
        self.transmitters.prepare()
        yield from self.transmitters.batches()
        if self._rtcp is not None:
            self._rtcp.tick(now)
        if not self.speech.count % RELEASED:
            self._release_silent(now)

    def _receive_speech(self, lines: list[SpanLine], now: float) -> None:
        others = []
        for line in lines:
            if line.reads_at_once:
                line.receive(now)
            else:
                others.append(line)
        if not others:
            return
        octets = [line.span.take(now) for line in others]
        received = receive_together([line.span.termination for line in others], octets, now)
        for line, frames in zip(others, received, strict=True):
            line.accept(frames, now)

    def _report(self, now: float) -> None:
        """Once a second, tell how things are."""
        if not self._reports.begin(now):
            return
        self._tell_silence(now)
        late = max(ticker.take_worst_late() for ticker in [self.speech, *(ticker for ticker, _ in self._line_ticks)])
        counters = {line.name: line.counters() for line in self.lines}
        if self.timing is not None:
            self.timing.second(now)
            for name in counters:
                counters[name] |= self.timing.counters(name)
        self.events.append(protocol.MediaReport(self.speech.count, late * 1000, time.process_time(), counters))
        self.events += [channel.report() for channel in self._channels.values()]

    def _tell_silence(self, now: float) -> None:
        """Tell legs that nothing comes on; looked at with each report, once a second."""
        for index, leg in self._legs.items():
            if leg.silence:
                packets = self.receivers.packets(index)
                if leg.heard is None or packets != leg.packets:
                    leg.packets, leg.heard = packets, now
                elif now - leg.heard >= leg.silence:
                    leg.heard = now
                    self.events.append(protocol.RtpSilent(leg.number))

    def _tell_alarms(self) -> None:
        """Tell alarms that have changed."""
        for line in self.lines:
            if change := line.alarm_change():
                self.events.append(change)

    def queued(self) -> bool:
        """Whether signal units wait to be sent."""
        return any(channel.queued for channel in self._channels.values())

    def close(self) -> None:
        """Give everything back."""
        if self._rtcp is not None:
            self._rtcp.close_all()
        self._give_back()
        self._booth.close()

    def _give_back(self) -> None:
        for line in self.lines:
            line.span.close()
        self.ports.close_all()

    def _place(self, endpoint: Endpoint) -> int | None:
        """The number of an endpoint in the matrix, None when there is no such one (any more)."""
        if isinstance(endpoint, protocol.RtpEndpoint):
            return self._indices.get(endpoint.leg)
        base = self._bases.get(endpoint.span)
        return None if base is None or not 0 < endpoint.timeslot < TIMESLOTS else base + endpoint.timeslot

    def _endpoint(self, place: int) -> Endpoint | None:
        """The endpoint with this number in the matrix."""
        if place < self.matrix.legs:
            leg = self._legs.get(place)
            return None if leg is None else protocol.RtpEndpoint(leg.number)
        line, timeslot = divmod(place - self.matrix.legs, TIMESLOTS)
        return protocol.TimeslotEndpoint(self.lines[line].name, timeslot)

    def _set_source(self, command: protocol.Source) -> None:
        source = command.source
        if (place := self._place(command.sink)) is not None:
            self._continuity.stop(place)
            self._booth.taken(place)
            mouth = None if source is None else self._place(source)
            self.matrix.set_source(place, mouth, command.transparent, command.gain)
            if command.transparent and place < self.matrix.legs:
                self.receivers.jitter.hold(place)

    def _set_tone(self, command: protocol.Tone) -> None:
        sink, name = command.sink, command.name
        place = self._place(sink)
        if place is None:
            return
        self._continuity.stop(place)
        self._booth.taken(place)
        if name == "continuity" and isinstance(sink, protocol.TimeslotEndpoint):
            self._continuity.start(place, sink)
        library = self._tones[self.matrix.law(place)]
        if name in library.plan.tones:
            self.matrix.set_tone(place, TonePlayer(library, name))
        else:
            self.matrix.set_source(place, None)

    def _former(self, place: int) -> Former:
        """What a sink transmits, to come back to it."""
        if (former := self._booth.former(place)) is not None:
            self._booth.taken(place)
            return former
        source, player, transparent, gain = self.matrix.source_of(place)
        owner = self._legs[source].number if source is not None and source in self._legs else None
        return Former(source, owner, player, transparent, gain)

    def _hear_no_digits(self, index: int) -> None:
        """Modems speak on leg `index` from now on: what sounds like a digit is none, and must go through."""
        if self._modems.tone[index] != ANSWER:  # who sends a fax may have dialled on before
            return
        other = self.matrix.source_of(index)[0]
        for place in (index, other):
            if place is not None:
                self._listener.stop(place)

    def _leave_level(self, index: int) -> None:
        """Data modems want the line as it is: no gain either way from now on, as echo cancellers leave it alone too."""
        other = self.matrix.source_of(index)[0]
        self.matrix.drop_gain(index)
        if other is not None and self.matrix.source_of(other)[0] == index:
            self.matrix.drop_gain(other)

    def _restore(self, place: int, former: Former) -> None:
        """A sink transmits again what it did before; silence where that is gone, or has become somebody else's."""
        source = former.source
        if former.tone is not None:
            self.matrix.set_tone(place, former.tone)
            return
        if source is not None and source < self.matrix.legs:
            leg = self._legs.get(source)
            source = source if leg is not None and leg.number == former.owner else None
        self.matrix.set_source(place, source, former.transparent, former.gain)

    def _play(self, command: protocol.Play) -> None:
        place = self._place(command.sink)
        if place is None:
            self.events.append(protocol.PlaybackEnded(command.number, "the call has ended", 0))
        else:
            self._booth.play(place, command.number, command.what, self._former(place))

    def _record(self, command: protocol.Record) -> None:
        place = self._place(command.source)
        if place is None:
            self.events.append(protocol.RecordingEnded(command.number, "the call has ended", 0))
        else:
            self._booth.record(place, command.number, command.path, command.mode, command.limit)

    def _send_digits(self, command: protocol.SendDigits) -> None:
        place, milliseconds = self._place(command.sink), command.duration_ms
        known = "".join(digit for digit in command.digits if digit in DIGITS[:16])
        if place is None or not known:
            return
        if place < self.matrix.legs and self.transmitters.takes_events(place):
            for digit in known:
                event = EventInProgress(DIGITS.index(digit), _VOLUME, 0, milliseconds * 8, ended=True)
                self.transmitters.start_event(place, event)
        else:
            self._booth.play_digits(place, known, milliseconds, self._former(place))

    def _open_leg(self, command: protocol.OpenRtp) -> None:
        if command.leg in self._indices:
            self._close_leg(command.leg)
        index = self.ports.legs.get(command.port)
        if index is None:
            return
        if index in self._legs:
            self._close_leg(self._legs[index].number)
        self._indices[command.leg] = index
        self._legs[index] = _Leg(command.leg, command.law, command.silence_seconds)
        self.ports.open(index, command.remote)
        if command.secure:
            self.ports.protect(index, SecureLeg(None))
        if command.law != self.matrix.law(index):  # who has ended is silent
            self.matrix.set_law(index, command.law)
        self.receivers.open(index, command.law, command.payload_type, command.event_payload_type)
        self._modems.open(index)
        if self._rtcp is not None:
            self._rtcp.open(index, self.speech.due)
        self.transmitters.open(index, command.payload_type, command.event_payload_type)

    def _update_leg(self, command: protocol.UpdateRtp) -> None:
        index = self._indices.get(command.leg)
        if index is None:
            return
        self.ports.describe(index, command.remote)
        secure = self.ports.secure.get(index)
        if command.keys != (None if secure is None else secure.keys) or (secure is not None and command.keys is None):
            self.ports.protect(index, None if command.keys is None else SecureLeg(command.keys))
            self.transmitters.refresh([index])
        if command.law != self.matrix.law(index):
            self._legs[index].set_law(command.law)
            self.matrix.set_law(index, command.law)
            self._modems.open(index)
            if index in self._listener:
                self._listener.start(index)
        self.receivers.update(index, command.law, command.payload_type, command.event_payload_type)
        if self._rtcp is not None:
            self._rtcp.update(index, command.rtcp_port, command.rtcp_mux)
        self.transmitters.update(
            index,
            command.payload_type,
            command.event_payload_type,
            command.send,
            command.packet_time if command.packet_time in PACKET_TIMES else TICK_TIME,
            command.comfort_noise,
        )

    def _end_leg(self, command: protocol.CloseRtp) -> None:
        self._close_leg(command.leg)

    def _close_leg(self, number: int) -> None:
        index = self._indices.pop(number, None)
        if index is None:
            self.events.append(protocol.RtpClosed(number, protocol.MediaStatistics()))
            return
        statistics = self.receivers.statistics(index)
        if self._rtcp is not None:
            self._rtcp.complete(index, statistics)
            self._rtcp.close(index)
        judge(statistics, self.receivers.jitter.delay(index))
        self.receivers.end(index)
        statistics.packets_sent = self.transmitters.close(index)
        if tone := int(self._modems.tone[index]):
            statistics.modem_hz = tone
            statistics.modem_reversals = int(self._modems.answer.reversing[index])
            statistics.modem_modulated = int(self._modems.answer.modulated[index])
        self._modems.close(index)
        self._listener.stop(index)
        del self._legs[index]
        self._digits.discard(index)
        self.ports.close(index)
        self._booth.left(index)
        self.matrix.remove(index)
        self.events.append(protocol.RtpClosed(number, statistics))

    def _take_events(self, now: float) -> None:
        for index, timestamp, block in self.receivers.events:
            if leg := self._legs.get(index):
                began, ended = leg.events.receive(block, timestamp, now)
                if ended is not None and ended is not began:
                    self._tell_digit(leg, ended)
                if began is not None:
                    self._start_event(index, leg, began)
                    if began.ended:
                        self._tell_digit(leg, began)
        self.receivers.events.clear()

    def _start_event(self, index: int, leg: _Leg, event: EventInProgress) -> None:
        self._digits.add(index)
        leg.player.start(event)
        for sink in self.matrix.listeners(index):
            if sink < self.matrix.legs and self.transmitters.takes_events(sink):
                self.transmitters.start_event(sink, event)

    def _digit_heard(self, place: int, event: EventInProgress) -> None:
        """A digit began or ended in speech: those that take telephone-events get one, the others have heard it."""
        if not event.ended:
            for sink in self.matrix.listeners(place):
                if sink < self.matrix.legs and self.transmitters.takes_events(sink):
                    self.transmitters.start_event(sink, event)
            return
        endpoint = self._endpoint(place)
        if endpoint is not None:
            self.events.append(protocol.DigitHeard(endpoint, DIGITS[event.code], event.duration // 8))

    def _play_digit(self, command: protocol.PlayDigit) -> None:
        index = self._indices.get(command.leg)
        if index is not None and command.digit in DIGITS:
            event = EventInProgress(DIGITS.index(command.digit), _VOLUME, 0, command.duration_ms * 8, ended=True)
            self._start_event(index, self._legs[index], event)

    def _play_digits(self, now: float) -> None:
        """Put DTMF in place of what a leg receives while it sends telephone-events."""
        for index in list(self._digits):
            leg = self._legs[index]
            if ended := leg.events.expire(now):
                self._tell_digit(leg, ended)
            block = leg.player.play()
            if block is not None:
                self.matrix.rows[self.matrix.row(index)] = block
            elif leg.events.current is None:
                self._digits.discard(index)

    def _tell_digit(self, leg: _Leg, event: EventInProgress) -> None:
        self.events.append(protocol.DigitReceived(leg.number, DIGITS[event.code], event.duration // 8))

    def _fill_lines(self) -> None:
        block = self.speech.count - 1
        at_once = self._filler is not None and self.matrix.is_usual
        others = []
        for place, line in enumerate(self.lines):
            if at_once and not line.looped and line.can_take(block):
                self._filler.fill(place, block)
                line.take(block)
            else:
                others.append(place)
        if others:
            self._fill_others(others, block)

    def _fill_others(self, places: list[int], block: int) -> None:
        """Fill lines that are not as usual, and frame at once those that can be framed ahead."""
        matrix = self.matrix
        if self._timeslots is None:
            self._timeslots = Rendering(matrix, np.arange(matrix.legs, matrix.sinks))
        frames = self._timeslots.frames()
        early = []
        if any([line.looped for line in self.lines]):
            frames = frames.copy()
        for place in places:
            line = self.lines[place]
            if line.looped:
                frames[place] = matrix.timeslot_rows[TIMESLOTS * place : TIMESLOTS * (place + 1)].T
            if line.can_frame(block):
                early.append(place)
            else:
                line.fill(block, frames[place])
                if self._filler is not None:
                    self._filler.forget(place)
        if early:
            first, last = early[0], early[-1] + 1
            chosen = frames[first:last] if last - first == len(early) else frames[early]
            lines = [self.lines[place] for place in early]
            framed = frame_together([line.span.termination for line in lines], chosen)
            for line, part in zip(lines, framed, strict=True):
                line.give(block, part)

    def _release_silent(self, now: float) -> None:
        """Let legs that hear nothing from their peer listen to others again."""
        for index in self.receivers.silent(now - SILENT):
            if index in self._legs and self.ports.latches[index].latched is not None:
                self.ports.release(index)
                self.transmitters.refresh([index])
