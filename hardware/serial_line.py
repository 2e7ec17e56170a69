"""A serial line as a span: one D-channel or signalling link on it, in octet-stuffed HDLC (RFC 1662), and no speech."""

from __future__ import annotations

import errno
import os
import select
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import parse_qsl

import numpy as np

from tandem.core.errors import SpanError
from tandem.hardware.alarms import HIDDEN, NO_ALARMS, Alarm
from tandem.hardware.framing.async_hdlc import AsyncHdlcReceiver, encode
from tandem.hardware.framing.hdlc import (
    D_CHANNEL_MAX_OCTETS,
    LAPD_MIN_OCTETS,
    MTP2_EXTENDED_MAX_OCTETS,
    MTP2_EXTENDED_STATUS_OCTETS,
    MTP2_MIN_OCTETS,
    HdlcCounts,
)
from tandem.hardware.registry import Found, parse_count
from tandem.hardware.span import TIMESLOTS, Frames, LineFormat
from tandem.hardware.span_base import LineSpan
from tandem.hardware.termination import Termination

if TYPE_CHECKING:
    from serial import Serial

QUANTUM: Final = 40
"""Frames written at a time: 5 ms, after which what waits to be sent is looked at."""
REOPEN: Final = 1.0
"""Seconds between attempts to open a device that has gone."""
LOOK: Final = 0.05
"""Seconds between looks at the modem control line."""
REPEAT: Final = 0.1
"""Seconds after which the fill of a signalling link is sent again: one spoilt on the way must not be missed."""
MOST_QUEUED: Final = 2000
"""Frames kept for a line that takes none; the oldest go, as the layer above repeats what matters."""
_LARGEST: Final = 65536
_BITS: Final = 10
"""Of an octet on the line: start, eight, stop."""
_MOST_RATE: Final = 8000
"""Octets a second counted of a line without signal at most, those of a timeslot."""
_NO_FRAMES: Final = np.empty((0, TIMESLOTS), np.uint8)
_LOS: Final = frozenset({Alarm.LOS})

Carrier = Literal["none", "dcd", "dsr", "cts"]
_ATTRIBUTES: Final = {"dcd": "cd", "dsr": "dsr", "cts": "cts"}
"""What pyserial calls them."""
_CARRIERS: Final[tuple[Carrier, ...]] = ("none", "dcd", "dsr", "cts")


@dataclass(frozen=True, slots=True)
class SerialSpec:
    """What a `serial:` spec says."""

    path: str
    baud: int = 115200
    carrier: Carrier = "none"
    """The modem control line that must be on; off is LOS."""
    flow: Literal["none", "rtscts", "xonxoff"] = "none"

    @classmethod
    def parse(cls, spec: str, body: str) -> SerialSpec:
        """Read `/dev/ttyUSB0?baud=115200&carrier=dcd&flow=rtscts`."""
        path, _, query = body.partition("?")
        if not path.startswith("/"):
            raise SpanError(f"span {spec!r}: {path!r} should be the path of a device, as in serial:/dev/ttyUSB0")
        try:
            options = dict(parse_qsl(query, strict_parsing=bool(query)))
        except ValueError:
            raise SpanError(f"span {spec!r}: {query!r} should be key=value&key=value, as in ?baud=115200") from None
        if unknown := sorted(options.keys() - {"baud", "carrier", "flow"}):
            raise SpanError(f"span {spec!r}: unknown option {unknown[0]!r}; known are baud, carrier, flow")
        carrier = next((each for each in _CARRIERS if each == options.get("carrier", "none")), None)
        if carrier is None:
            raise SpanError(f"span {spec!r}: carrier={options['carrier']} should be one of {', '.join(_CARRIERS)}")
        flow = options.get("flow", "none")
        if flow not in ("none", "rtscts", "xonxoff"):
            raise SpanError(f"span {spec!r}: flow={flow} should be none, rtscts or xonxoff")
        baud = parse_count(spec, "baud", options.get("baud", "115200"), 1200, 4_000_000)
        return cls(path, baud, carrier, flow)  # type: ignore[arg-type]


def check_spec(spec: str, body: str, line: LineFormat) -> None:
    """Raise SpanError when the spec is malformed."""
    del line
    SerialSpec.parse(spec, body)


def open_span(spec: str, body: str, line: LineFormat) -> SerialSpan:
    """Open the device; SpanError says why it cannot be."""
    del line
    return SerialSpan(spec, SerialSpec.parse(spec, body))


def discover() -> list[Found]:
    """The serial lines of this machine that a driver has; none is opened."""
    try:
        from serial.tools.list_ports import comports
    except ImportError:
        return []
    return [
        Found(f"serial:{port.device}", "serial", port.product or port.description or port.name, "ok", port.hwid or "")
        for port in comports()
    ]


class SerialTermination(Termination):
    """A line without frames: it has a signal while the device is there and its carrier is on."""

    frame_bits = 8

    def __init__(self) -> None:
        super().__init__()
        self.present = False
        self.octets_in = 0
        self.octets_out = 0

    def transmit(self, frames: Frames) -> bytes:
        """Nothing: there are no timeslots."""
        del frames
        return b""

    def receive(self, octets: bytes, now: float) -> Frames:
        """Count what came; no frames."""
        self.octets_in += len(octets)
        if self.present:
            self._integrate(NO_ALARMS, now, NO_ALARMS)
        else:
            self._integrate(_LOS, now, HIDDEN[Alarm.LOS])
        return _NO_FRAMES

    def counters(self) -> dict[str, int]:
        """Events since the beginning, by name."""
        return {"octets_in": self.octets_in, "octets_out": self.octets_out}

    def _lose_signal(self) -> None:
        """Nothing to lose."""


class SerialPort:
    """The channel of frames on a serial line."""

    def __init__(self, *, lapd: bool, flow: bool, baud: int) -> None:
        self.frames_dropped = 0
        self._rate = min(baud / _BITS, _MOST_RATE)
        self._interrupted = False
        self._counted = 0.0  # until then octets of a line without signal are counted
        self._lapd = lapd
        self._flow = flow
        self._receiver = AsyncHdlcReceiver(
            min_octets=LAPD_MIN_OCTETS if lapd else MTP2_MIN_OCTETS,
            max_octets=D_CHANNEL_MAX_OCTETS if lapd else MTP2_EXTENDED_MAX_OCTETS,
        )
        self._queue: deque[bytes] = deque()
        self._fill: bytes | None = None
        self._fill_sent: float | None = None  # when the fill, as it is now, last went
        self._received: list[bytes] = []
        self._last = b""

    @property
    def counts(self) -> HdlcCounts:
        """See SignallingPort."""
        return self._receiver.counts

    @counts.setter
    def counts(self, counts: HdlcCounts) -> None:
        self._receiver.counts = counts

    @property
    def queued(self) -> int:
        """See SignallingPort."""
        return len(self._queue)

    def send(self, units: list[bytes], fill: bytes | None) -> None:
        """See SignallingPort. The fill goes once behind them, and again every REPEAT."""
        self._queue.extend(units)
        while len(self._queue) > MOST_QUEUED:
            self._queue.popleft()
            self.frames_dropped += 1
        if units or fill != self._fill:
            self._fill, self._fill_sent = fill, None

    def receive(self, now: float) -> list[bytes]:
        """See SignallingPort. Without signal there are no flags: octets are counted at the rate of the line.

        So the error rate monitor of a signalling link takes it out of service (Q.703 4.1.4, 10.2).
        """
        if self._interrupted:
            self._counted = self._counted or now
            octets = int((now - self._counted) * self._rate)
            self._receiver.counts.octet_counting += octets
            self._counted += octets / self._rate
        received, self._received = self._received, []
        return received

    def take(self, octets: bytes) -> None:
        """Take octets of the line."""
        for frame in self._receiver.receive(octets):
            # A status unit, or fill, that repeats the one before is known already.
            if self._lapd or frame != self._last or len(frame) > MTP2_EXTENDED_STATUS_OCTETS:
                self._received.append(frame)
            self._last = frame

    def octets(self, now: float) -> bytes:
        """What is to be sent now: all that is queued, and the fill when its time has come."""
        parts = [encode(frame, flow=self._flow) for frame in self._queue]
        self._queue.clear()
        if self._fill is not None and (self._fill_sent is None or now - self._fill_sent >= REPEAT):
            parts.append(encode(self._fill, flow=self._flow))
            self._fill_sent = now
        return b"".join(parts)

    def interrupt(self) -> None:
        """The line is away: a frame begun is none, and what the far end last knew is not known."""
        self._receiver.clear()
        self._last = b""
        self._fill_sent = None
        self._interrupted, self._counted = True, 0.0

    def resume(self) -> None:
        """The line is back."""
        self._interrupted = False


class SerialSpan(LineSpan):
    """A serial line; it may be unplugged and come back."""

    termination: SerialTermination

    def __init__(self, spec: str, parsed: SerialSpec) -> None:
        super().__init__(spec, QUANTUM, SerialTermination())
        self._parsed = parsed
        self._port: SerialPort | None = None
        self._waiting = b"\x7e"  # taken from the port, not yet by the device
        self._device: Serial | None = None
        self._epoll = select.epoll()  # stays the same to whoever polls, whatever device it has
        self._tried = -REOPEN
        self._looked = -LOOK
        self._carrier = True
        self.reconnections = 0
        try:
            self._open()
        except OSError as error:
            self._epoll.close()
            raise SpanError(f"span {spec!r}: {_reason(error, parsed.path)}") from error

    def fileno(self) -> int | None:
        """Readable when octets have come."""
        return self._epoll.fileno()

    def signalling_port(self, timeslots: tuple[int, ...], lapd: bool) -> SerialPort:
        """See HasSignallingPorts: the one channel of the line, under whatever timeslot."""
        if self._port is not None or len(timeslots) != 1:
            raise SpanError(f"span {self.spec!r}: a serial line has one channel of one timeslot, no more")
        self._port = SerialPort(lapd=lapd, flow=self._parsed.flow == "xonxoff", baud=self._parsed.baud)
        return self._port

    def take(self, now: float) -> bytes:
        """Octets of the line, for the termination; frames in them are at the port."""
        if self._device is None:
            self._reopen(now)
        if self._device is None:
            return b""
        octets = b""
        try:
            for _, events in self._epoll.poll(0):
                if events & (select.EPOLLHUP | select.EPOLLERR):  # unplugged
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                octets = os.read(self._device.fileno(), _LARGEST)
            if octets and self._port is not None:
                self._port.take(octets)
        except OSError as error:
            self._lose(error)
            return b""
        self._look(now)
        return octets

    def give(self, octets: bytes, now: float) -> None:
        """Send what waits at the port; `octets` is empty, there are no timeslots."""
        del octets
        if self._device is None or not self._carrier:
            return
        if self._port is not None and len(self._waiting) <= 1:  # nothing, or the flag that a line begins with
            self._waiting += self._port.octets(now)
        if not self._waiting:
            return
        try:
            sent = os.write(self._device.fileno(), self._waiting)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        self._waiting = self._waiting[sent:]
        self.termination.octets_out += sent

    def counters(self) -> dict[str, int]:
        """See Span."""
        dropped = self._port.frames_dropped if self._port is not None else 0
        return self.termination.counters() | {"reconnections": self.reconnections, "frames_dropped": dropped}

    def close(self) -> None:
        """See Span."""
        if self._device is not None:
            self._device.close()
        self._epoll.close()

    def _open(self) -> None:
        """OSError when it cannot be."""
        device = open_device(self.spec, self._parsed)
        try:
            self._epoll.register(device.fileno(), select.EPOLLIN)
            if self._parsed.carrier != "none":
                getattr(device, _ATTRIBUTES[self._parsed.carrier])
        except OSError:
            device.close()
            raise
        self._device = device
        self.termination.present = self._carrier = True
        self.termination.detail = ""

    def _reopen(self, now: float) -> None:
        if now - self._tried < REOPEN:
            return
        self._tried = now
        try:
            self._open()
        except OSError as error:
            self.termination.detail = _reason(error, self._parsed.path)
            return
        except SpanError as error:
            self.termination.detail = str(error)
            return
        self.reconnections += 1
        self._waiting = b"\x7e"
        if self._port is not None:
            self._port.resume()

    def _lose(self, error: OSError) -> None:
        """The device has gone."""
        if self._device is not None:
            self._device.close()
        self._device = None
        self.termination.present = False
        self.termination.detail = _reason(error, self._parsed.path)
        if self._port is not None:
            self._port.interrupt()

    def _look(self, now: float) -> None:
        """See whether the carrier is on."""
        if self._parsed.carrier == "none" or now - self._looked < LOOK or self._device is None:
            return
        self._looked = now
        try:
            on = bool(getattr(self._device, _ATTRIBUTES[self._parsed.carrier]))
        except OSError as error:
            self._lose(error)
            return
        if on != self._carrier:
            self._carrier = self.termination.present = on
            self.termination.detail = "" if on else f"{self._parsed.carrier.upper()} is off"
            if self._port is not None:
                (self._port.resume if on else self._port.interrupt)()


def open_device(spec: str, parsed: SerialSpec) -> Serial:
    """Open a device for us alone, without waiting on it; OSError when it cannot be, SpanError without pyserial."""
    try:
        from serial import Serial, SerialException
    except ImportError:
        raise SpanError(f"span {spec!r}: serial lines need pyserial: pip install 'tandem-gateway[serial]'") from None
    try:
        return Serial(
            parsed.path,
            parsed.baud,
            timeout=0,
            write_timeout=0,
            rtscts=parsed.flow == "rtscts",
            xonxoff=parsed.flow == "xonxoff",
            exclusive=True,
        )
    except SerialException as error:
        raise OSError(error.errno or errno.EBUSY, str(error)) from error


def _reason(error: OSError, path: str) -> str:
    """What is wrong, and what to do."""
    hint = {
        errno.ENOENT: "not plugged in, or of another name: see tandem hardware",
        errno.EACCES: "no permission: add the user to the group that owns it (dialout)",
        errno.EBUSY: "another program has it",
        errno.EAGAIN: "another program has it",
        errno.ENOTTY: "it has no modem control lines; carrier=none",
        errno.EIO: "it has gone",
    }
    return f"{path}: {hint.get(error.errno or 0, error.strerror or str(error))}"
