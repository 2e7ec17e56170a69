"""A span of a telephony card with DAHDI's drivers: `dahdi:SPAN`.

The card frames the line. Channels set up as `bchan` in /etc/dahdi/system.conf are raw timeslots, `dchan`,
`hardhdlc` and `mtp2` ones are signalling whose HDLC the kernel does. This has not met a real card yet: it was made
from the descriptions of the interface, and is tested against a stand-in for the kernel and against DAHDI itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from errno import EBUSY, ENOENT
from typing import Final

from tandem.core.errors import SpanError
from tandem.hardware import dahdi_calls
from tandem.hardware.alarms import Alarm
from tandem.hardware.bank import CHUNK, DEPTH, TimeslotBank, parse_chunk
from tandem.hardware.dahdi_channels import (
    CONTROL,
    FRAME_BUFFERS,
    Channel,
    RawChannels,
    Sound,
    channels_of,
    is_frame_signalling,
    raw_buffers,
    span_status,
)
from tandem.hardware.dahdi_ioctl import (
    MAINTENANCE,
    MOST_SPANS,
    AlarmBits,
    ChannelParameters,
    Event,
    LineBits,
    Loop,
    Signalling,
    SpanStatus,
    maintenance,
)
from tandem.hardware.dahdi_signalling import KernelPort
from tandem.hardware.framed import FramedTermination
from tandem.hardware.registry import Found, parse_count, parse_options
from tandem.hardware.span import LineFormat, SignallingPort
from tandem.hardware.span_base import LineSpan

RETRY: Final = 1.0
"""Seconds between attempts to open a card that was lost."""
LOOK: Final = 1.0
"""Seconds between looks at the state of the span, besides those that events cause."""
MOST_BUFFERS: Final = 32
_ALARMS: Final = (
    (AlarmBits.LOS, Alarm.LOS),
    (AlarmBits.NOT_OPEN, Alarm.LOS),
    (AlarmBits.LFA, Alarm.LFA),
    (AlarmBits.LMFA, Alarm.LMFA),
    (AlarmBits.BLUE, Alarm.AIS),
    (AlarmBits.YELLOW, Alarm.RAI),
)
_LOST: Final = AlarmBits.RED | AlarmBits.RECOVER
_TAPS: Final = (32, 64, 128, 256, 512, 1024)
T1_CHANNELS: Final = 24
_UNFIT: Final = frozenset({Alarm.LOS, Alarm.AIS, Alarm.LFA})


@dataclass(frozen=True, slots=True)
class DahdiSpec:
    """What a `dahdi:` spec says."""

    span: int
    chunk: int
    buffers: int
    sound: Sound

    @classmethod
    def parse(cls, spec: str, body: str, line: LineFormat) -> DahdiSpec:
        """Read `SPAN[,chunk=40][,buffers=3][,echo=TAPS][,rxgain=DB][,txgain=DB]`."""
        number, _, rest = body.partition(",")
        options = parse_options(spec, rest, set(), {"chunk", "buffers", "echo", "rxgain", "txgain"})
        echo = options.get("echo", "0")
        if echo not in map(str, (0, *_TAPS)):
            raise SpanError(f"span {spec!r}: echo={echo} should be one of {', '.join(map(str, _TAPS))} (taps)")
        sound = Sound(
            line.speech_law,
            int(echo),
            _decibels(spec, "rxgain", options.get("rxgain", "0")),
            _decibels(spec, "txgain", options.get("txgain", "0")),
        )
        return cls(
            parse_count(spec, "SPAN", number, 1, MOST_SPANS),
            parse_chunk(spec, options.get("chunk", str(CHUNK))),
            parse_count(spec, "buffers", options.get("buffers", str(DEPTH)), 2, MOST_BUFFERS),
            sound,
        )


def _decibels(spec: str, key: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 99.0
    if not -24.0 <= value <= 24.0:
        raise SpanError(f"span {spec!r}: {key}={text} should be decibels from -24 to 24")
    return value


def check_spec(spec: str, body: str, line: LineFormat) -> None:
    """Raise SpanError when the spec is malformed."""
    DahdiSpec.parse(spec, body, line)


def open_span(spec: str, body: str, line: LineFormat) -> DahdiSpan:
    """Open the channels of the span; SpanError says why it cannot be."""
    return DahdiSpan(spec, DahdiSpec.parse(spec, body, line), line)


def alarms_of(status: SpanStatus) -> frozenset[Alarm]:
    """The alarms of a span; red without a cause is loss of frame, and so is the time of recovery."""
    alarms = {alarm for bit, alarm in _ALARMS if status.alarms & bit}
    if status.alarms & _LOST and not alarms & _UNFIT:
        alarms.add(Alarm.LFA)
    return frozenset(alarms)


class DahdiSpan(LineSpan):
    """An E1 or T1 of a card. A card that goes away is LOS until it is back."""

    termination: FramedTermination

    def __init__(self, spec: str, parsed: DahdiSpec, line: LineFormat) -> None:
        super().__init__(spec, parsed.chunk, FramedTermination())
        self._calls = dahdi_calls.KERNEL
        self._parsed, self._line = parsed, line
        self._control: int | None = None
        self._raw = RawChannels(parsed.chunk)
        self._bank: TimeslotBank | None = None
        self._ports: dict[int, KernelPort] = {}
        self._setup: dict[int, ChannelParameters] = {}
        """Channels by timeslot."""
        self._status = SpanStatus(parsed.span)
        self._collected: list[bytes] = []
        self._changed = False
        self._overrun = False
        self._next_look = 0.0
        self._retry = 0.0
        self._losses = 0
        self._events: dict[str, int] = {"read_overruns": 0, "write_underruns": 0}
        try:
            self._open()
        except OSError as error:
            self._close_all()
            raise SpanError(f"span {spec!r}: {_explain(error, parsed.span)}") from error
        except SpanError as error:
            self._close_all()
            raise SpanError(f"span {spec!r}: {error}") from error

    def fileno(self) -> int | None:
        """Nothing to poll: what has come is taken with each write, in the rhythm of the card's buffers."""
        return None

    def signalling_port(self, timeslots: tuple[int, ...], lapd: bool) -> SignallingPort | None:
        """See HasSignallingPorts."""
        wanted = {Signalling.HDLC_FCS, Signalling.HARD_HDLC} if lapd else {Signalling.MTP2}
        setup = [self._setup.get(timeslot) for timeslot in timeslots]
        if all(channel is not None and channel.signalling == Signalling.CLEAR for channel in setup):
            return None
        channel = setup[0]
        if len(setup) == 1 and channel is not None and channel.signalling in wanted:
            port = KernelPort(timeslots[0], channel.channel, self._lose, mtp2=not lapd)
            try:
                self._open_port(port)
            except (OSError, SpanError) as error:
                text = _explain(error, self._parsed.span) if isinstance(error, OSError) else error
                raise SpanError(f"span {self.spec!r}: {text}") from error
            self._ports[timeslots[0]] = port
            return port
        names = ", ".join(str(timeslot) for timeslot in timeslots)
        word = "dchan" if lapd else "mtp2"
        raise SpanError(
            f"span {self.spec!r}: timeslot {names} should be `clear` in /etc/dahdi/system.conf, or `{word}` when it is "
            "one timeslot; then run dahdi_cfg"
        )

    def take(self, now: float) -> bytes:
        """See Span."""
        self._collect(now)
        octets = b"".join(self._collected)
        self._collected.clear()
        return octets

    def give(self, octets: bytes, now: float) -> None:
        """See Span; without the card it goes nowhere."""
        self._collect(now)
        if self._bank is not None and self._control is not None:
            try:
                self._bank.give(octets, self.quantum)
            except OSError as error:
                self._lose(error)

    def counters(self) -> dict[str, int]:
        """See Span; what the kernel counts is as of the last look at the span."""
        status = self._status
        counted = {
            "bipolar_violations": status.bipolar_violations,
            "crc4_errors": status.crc4_errors,
            "far_end_errors": status.e_bits,
            "fas_errors": status.fas_errors,
            "missed_interrupts": status.missed_interrupts,
            "losses_of_card": self._losses,
        }
        bank = {} if self._bank is None else self._bank.counters()
        return self.termination.counters() | bank | counted | self._events | self._latency()

    def loop(self, loop: Loop) -> None:
        """Loop the line, or end that; SpanError when the card cannot."""
        set_loop(self._parsed.span, loop)

    def close(self) -> None:
        """See Span."""
        self._close_all()

    def _open(self) -> None:
        """Find the channels, open and set them up; OSError or SpanError."""
        calls, parsed = self._calls, self._parsed
        self._control = calls.open(CONTROL)
        self._status = span_status(calls, self._control, parsed.span)
        wanted, kind = "T1" if self._line.framing.is_t1 else "E1", _kind(self._status)
        if kind not in ("", wanted):
            right = {"T1": "esf or sf", "E1": "crc4 or basic"}.get(kind)
            advice = f"framing should be {right}" if right else "neither an E1 nor a T1"
            raise SpanError(f"the card has this span as {self._status.kind}; {advice}")
        found = channels_of(calls, self._control, parsed.span, self._status.all_channels)
        self._setup = {channel.position: channel for channel in found}
        clear = [channel for channel in found if channel.signalling == Signalling.CLEAR]
        if not clear and not any(is_frame_signalling(channel) for channel in found):
            raise SpanError("no channel is set up in /etc/dahdi/system.conf (bchan, dchan, mtp2); then run dahdi_cfg")
        self._raw.channels = []
        for channel in clear:
            self._raw.channels.append(Channel(calls, channel.channel, self._hear))
            self._raw.channels[-1].set_up(raw_buffers(parsed.chunk, parsed.buffers), parsed.sound)
        if clear:
            timeslots = [channel.position for channel in clear]
            depth = parsed.chunk * parsed.buffers
            if self._bank is None or self._bank.timeslots != timeslots:
                self._bank = TimeslotBank(timeslots, depth, depth, self._raw)
            self._restart()
        for port in self._ports.values():
            self._open_port(port)
        self._changed = True

    def _open_port(self, port: KernelPort) -> None:
        channel = Channel(self._calls, port.number, lambda _, event: self._hear_port(port, event))
        try:
            channel.set_up(FRAME_BUFFERS, None)
            channel.flush()
        except OSError:
            channel.close()
            raise
        port.attach(channel)

    def _restart(self) -> None:
        """Empty all buffers at once, so that all timeslots begin together."""
        for channel in self._raw.channels:
            channel.flush()
        if self._bank is not None:
            self._bank.restart()

    def _collect(self, now: float) -> None:
        if self._control is None:
            self._try_again(now)
            return
        try:
            if self._bank is not None:
                if octets := self._bank.take():
                    self._collected.append(octets)
                if self._overrun:
                    self._overrun = False
                    self._restart()
            if self._changed or now >= self._next_look:
                self._look(now)
        except OSError as error:
            self._lose(error)

    def _look(self, now: float) -> None:
        assert self._control is not None
        self._changed, self._next_look = False, now + LOOK
        self._status = span_status(self._calls, self._control, self._parsed.span)
        alarms = alarms_of(self._status)
        detail = "looped" if self._status.alarms & AlarmBits.LOOPBACK else ""
        if self._status.alarms & AlarmBits.NOT_OPEN:
            detail = "the span is not started: run dahdi_cfg"
        self.termination.tell(alarms, detail)
        for port in self._ports.values():
            port.has_signal = not alarms & _UNFIT

    def _hear(self, channel: Channel, event: int) -> None:
        """An event of a raw channel."""
        if event in (Event.ALARM, Event.NO_ALARM):
            self._changed = True
        elif event == Event.READ_OVERRUN:
            self._events["read_overruns"] += 1
            self._overrun = True
        elif event == Event.WRITE_UNDERRUN:
            self._events["write_underruns"] += 1
            if self._bank is not None and channel is self._raw.channels[0]:
                self._bank.run_dry()

    def _hear_port(self, port: KernelPort, event: int) -> None:
        if event in (Event.ALARM, Event.NO_ALARM):
            self._changed = True
        else:
            port.hear(event)

    def _lose(self, error: OSError) -> None:
        """The card is gone, or its driver: LOS, and another attempt every second."""
        if self._control is None:
            return
        self._losses += 1
        self._close_all()
        self._retry = 0.0
        self._gone(f"the card is gone ({error.strerror}): unplugged, or its module was removed")

    def _try_again(self, now: float) -> None:
        if not self._retry:
            self._retry = now + RETRY
        if now < self._retry:
            return
        self._retry = now + RETRY
        try:
            self._open()
        except (OSError, SpanError) as error:
            self._close_all()
            text = _explain(error, self._parsed.span) if isinstance(error, OSError) else str(error)
            self._gone(f"the card is not back: {text}")

    def _gone(self, detail: str) -> None:
        self.termination.tell(frozenset({Alarm.LOS}), detail)
        for port in self._ports.values():
            port.has_signal = False

    def _close_all(self) -> None:
        for channel in self._raw.channels:
            channel.close()
        self._raw.channels = []
        for port in self._ports.values():
            if port.channel is not None:
                port.channel.close()
                port.attach(None)
        if self._control is not None:
            self._calls.close(self._control)
            self._control = None

    def _latency(self) -> dict[str, int]:
        """Milliseconds in the kernel's buffers of the first raw timeslot, as it says."""
        if not self._raw.channels:
            return {}
        try:
            buffers = self._raw.channels[0].buffers()
        except OSError as error:
            self._lose(error)
            return {}
        return {
            "receive_queue_ms": max(0, buffers.full_receive) * self.quantum // 8,
            "transmit_queue_ms": max(0, buffers.full_transmit) * self.quantum // 8,
        }


def _kind(status: SpanStatus) -> str:
    """`E1` or `T1` where it is as one of them, else what the card calls it; empty where it says nothing."""
    if status.kind == "DYNAM":  # TDM over Ethernet: what is behind it
        return "E1" if status.all_channels > T1_CHANNELS else "T1"
    return "T1" if status.kind == "J1" else status.kind


def _explain(error: OSError, span: int) -> str:
    """What an error of the kernel means to an operator."""
    if error.errno == ENOENT and error.filename is not None:
        return f"{error.filename} does not exist; load the module of the card and run dahdi_cfg"
    if isinstance(error, PermissionError):
        return f"{error.filename or '/dev/dahdi'} may not be opened; add our user to the group of /dev/dahdi (dialout)"
    if error.errno == EBUSY:
        return "in use by another program, such as Asterisk; end that"
    return f"DAHDI has no span {span}, or refuses it: {error.strerror}; `dahdi_scan` lists what it has"


def loop_card(spec: str, body: str, how: str) -> None:
    """See registry.loop_card."""
    set_loop(DahdiSpec.parse(spec, body, LineFormat()).span, Loop[how.upper()])


def set_loop(span: int, loop: Loop) -> None:
    """Loop the line of a span, whoever has it open, or end that; SpanError when the card cannot."""
    calls = dahdi_calls.KERNEL
    try:
        control = calls.open(CONTROL)
        try:
            calls.ioctl(control, MAINTENANCE, maintenance(span, loop))
        finally:
            calls.close(control)
    except OSError as error:
        raise SpanError(f"span 'dahdi:{span}': loopback {loop.name.lower()}: {_explain(error, span)}") from error


def discover() -> list[Found]:
    """The spans of all cards; nothing where DAHDI is not."""
    calls = dahdi_calls.KERNEL
    try:
        control = calls.open(CONTROL)
    except FileNotFoundError:
        return []
    except OSError as error:
        return [Found("", "", "DAHDI", "failed", _explain(error, 0))]
    try:
        return [found for span in range(1, MOST_SPANS + 1) if (found := _describe(control, span))]
    finally:
        calls.close(control)


def _describe(control: int, span: int) -> Found | None:
    calls = dahdi_calls.KERNEL
    try:
        status = span_status(calls, control, span)
        channels = channels_of(calls, control, span, status.all_channels)
    except OSError:
        return None
    alarms = " ".join(sorted(alarm.value for alarm in alarms_of(status)))
    words = {Signalling.CLEAR: "clear", Signalling.MTP2: "mtp2", Signalling.HDLC_FCS: "dchan"}
    words[Signalling.HARD_HDLC] = "hardhdlc"
    parts = []
    for signalling, word in words.items():
        timeslots = [channel.position for channel in channels if channel.signalling == signalling]
        if timeslots:
            parts.append(f"{word} {_ranges(timeslots)}")
    if status.line & LineBits.CRC4:
        parts.append("crc4")
    detail = ", ".join(parts) or "no channel is set up: write /etc/dahdi/system.conf and run dahdi_cfg"
    return Found(f"dahdi:{span}", status.kind, status.description or status.name, alarms or "ok", detail)


def _ranges(numbers: list[int]) -> str:
    """`1-15 17-31` of the numbers."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)
