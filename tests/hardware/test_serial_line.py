from __future__ import annotations

import errno
import os
import select
import tty

import pytest

from tandem.core.errors import SpanError
from tandem.hardware import serial_line
from tandem.hardware.alarms import Alarm
from tandem.hardware.framing.async_hdlc import encode
from tandem.hardware.registry import Found, check_spec, open_span
from tandem.hardware.serial_line import MOST_QUEUED, SerialPort, discover

FISU, OTHER_FISU, SIOS = bytes.fromhex("ffff00"), bytes.fromhex("80ff00"), bytes.fromhex("ffff0103")
MESSAGE = bytes(range(0x70, 0x80)) * 10


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("serial:", "path of a device"),
        ("serial:ttyUSB0", "path of a device"),
        ("serial:/dev/ttyUSB0?baud", "key=value"),
        ("serial:/dev/ttyUSB0?baud=fast", "from 1200 to 4000000"),
        ("serial:/dev/ttyUSB0?parity=odd", "unknown option 'parity'"),
        ("serial:/dev/ttyUSB0?carrier=ri", "none, dcd, dsr, cts"),
        ("serial:/dev/ttyUSB0?flow=yes", "none, rtscts or xonxoff"),
    ],
)
def test_wrong_specs_say_what_is_wrong(spec, told):
    with pytest.raises(SpanError, match="span 'serial:") as caught:
        check_spec(spec)
    assert told in str(caught.value)


def test_right_specs():
    check_spec("serial:/dev/ttyS0")
    check_spec("serial:/dev/serial/by-id/usb-x-port0?baud=921600&carrier=dcd&flow=rtscts")


def test_a_device_that_is_not_there_says_so():
    with pytest.raises(SpanError, match="not plugged in"):
        open_span("serial:/dev/tty-of-no-driver")


def test_lines_that_a_driver_has_are_found(monkeypatch):
    from serial.tools import list_ports

    port = type(
        "Port", (), {"device": "/dev/ttyUSB3", "product": "FT232R", "description": "", "name": "", "hwid": "USB"}
    )
    monkeypatch.setattr(list_ports, "comports", lambda: [port])
    assert discover() == [Found("serial:/dev/ttyUSB3", "serial", "FT232R", "ok", "USB")]


class Terminals:
    """Two spans on pseudo-terminals and a cable between them, in virtual time."""

    def __init__(self, *, lapd):
        self.now = 0.0
        self.masters, self.spans, self.ports = [], [], []
        for _ in range(2):
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            self.masters.append(master)
            self.spans.append(open_span(f"serial:{os.ttyname(slave)}"))
            self.ports.append(self.spans[-1].signalling_port((16,), lapd))
            os.close(slave)
        self.got = ([], [])
        self.cut = False

    def run(self, seconds):
        for _ in range(round(seconds / 0.005)):
            for end, span in enumerate(self.spans):
                before = span.counters()["octets_out"]
                span.give(b"", self.now)
                # A terminal takes its time, which is not ours.
                size, octets = span.counters()["octets_out"] - before, b""
                while len(octets) < size and select.select([self.masters[end]], [], [], 5)[0]:
                    octets += os.read(self.masters[end], 65536)
                if octets and not self.cut:
                    os.write(self.masters[1 - end], octets)
                    assert select.select([self.spans[1 - end].fileno()], [], [], 5)[0]
            for span, port, got in zip(self.spans, self.ports, self.got, strict=True):
                assert len(span.read(self.now)) == 0
                got += port.receive(self.now)
            self.now += 0.005

    def close(self):
        for span in self.spans:
            span.close()
        for master in self.masters:
            os.close(master)


@pytest.fixture
def dchannel():
    terminals = Terminals(lapd=True)
    yield terminals
    terminals.close()


@pytest.fixture
def link():
    terminals = Terminals(lapd=False)
    yield terminals
    terminals.close()


def test_frames_of_a_d_channel_all_arrive_in_order(dchannel):
    frames = [bytes((2, 1, number)) + MESSAGE[:number] for number in range(150)]
    dchannel.ports[0].send([*frames, frames[0], frames[0]], None)
    dchannel.ports[1].send(frames[::-1], None)
    dchannel.run(0.5)
    assert dchannel.got[1] == [*frames, frames[0], frames[0]]
    assert dchannel.got[0] == frames[::-1]
    assert [span.alarms() for span in dchannel.spans] == [set(), set()]
    assert dchannel.ports[1].counts.good == 152


def test_fill_of_a_link_is_heard_once_and_repeated_on_the_line(link):
    link.ports[0].send([], SIOS)
    link.run(1.0)
    assert link.got[1] == [SIOS]
    assert 9 <= link.ports[1].counts.good <= 12
    link.ports[0].send([MESSAGE], FISU)
    link.ports[0].send([], FISU)
    link.ports[0].send([], OTHER_FISU)
    link.run(0.3)
    assert link.got[1] == [SIOS, MESSAGE, OTHER_FISU]


def test_fill_that_was_lost_is_heard_a_little_later(link):
    link.cut = True
    link.ports[0].send([], FISU)
    link.run(0.05)
    link.cut = False
    link.run(0.2)
    assert link.got[1] == [FISU]


def test_a_line_has_one_channel(dchannel):
    with pytest.raises(SpanError, match="one channel"):
        dchannel.spans[0].signalling_port((17,), True)


def test_an_unplugged_device_is_los_and_comes_back(tmp_path):
    name = tmp_path / "ttyUSB0"

    def plug():
        master, slave = os.openpty()
        tty.setraw(slave)
        name.unlink(missing_ok=True)
        name.symlink_to(os.ttyname(slave))
        return master, slave

    master, slave = plug()
    span = open_span(f"serial:{name}")
    os.close(slave)
    port = span.signalling_port((16,), True)
    for step in range(60):
        span.read(step / 200)
    assert span.alarms() == set()
    os.write(master, encode(MESSAGE)[:20])
    span.read(0.31)
    os.close(master)
    name.unlink()
    for step in range(400):
        span.read(0.4 + step / 200)
        span.give(b"", 0.4 + step / 200)
    assert span.alarms() == {Alarm.LOS}
    assert "ttyUSB0" in span.termination.detail
    port.send([b"queued"], None)
    master, slave = plug()
    for step in range(600):
        span.read(2.5 + step / 200)
        span.give(b"", 2.5 + step / 200)
    assert span.alarms() == set()
    assert span.termination.detail == ""
    assert span.counters()["reconnections"] == 1
    assert os.read(master, 100) == b"\x7e" + encode(b"queued")
    os.write(master, b"\x7e" + encode(MESSAGE))
    assert select.select([span.fileno()], [], [], 5)[0]  # a terminal takes its time
    span.read(6.0)
    assert port.receive(6.0) == [MESSAGE]
    span.close()
    os.close(master)
    os.close(slave)


class Modem:
    """What pyserial gives, with a modem control line; octets go through a pipe."""

    def __init__(self):
        self.cd = True
        self.readable, self.writable = os.pipe()
        os.set_blocking(self.readable, False)

    def fileno(self):
        return self.readable

    def close(self):
        os.close(self.readable)
        os.close(self.writable)


def test_carrier_off_is_los_and_nothing_is_sent(monkeypatch):
    modem = Modem()
    monkeypatch.setattr(serial_line, "open_device", lambda spec, parsed: modem)
    span = open_span("serial:/dev/ttyS0?carrier=dcd")
    port = span.signalling_port((16,), True)
    for step in range(30):
        span.read(step / 100)
    assert span.alarms() == set()
    modem.cd = False
    port.send([MESSAGE], None)
    for step in range(30, 60):
        span.read(step / 100)
    span.give(b"", 0.6)
    assert span.alarms() == {Alarm.LOS}
    assert span.termination.detail == "DCD is off"
    assert port.queued == 1
    modem.cd = True
    for step in range(60, 90):
        span.read(step / 100)
    assert span.alarms() == set()
    span.close()


def test_a_line_without_control_lines_says_so_when_it_should_have_one():
    master, slave = os.openpty()
    with pytest.raises(SpanError, match="no modem control lines; carrier=none"):
        open_span(f"serial:{os.ttyname(slave)}?carrier=dcd")
    os.close(master)
    os.close(slave)


def test_a_device_that_somebody_has_is_a_clear_error(dchannel):
    with pytest.raises(SpanError, match="another program has it"):
        open_span(dchannel.spans[0].spec)


def test_octets_are_counted_at_the_rate_of_a_line_that_is_away():
    """As octet counting mode has it, Q.703 4.1.4; a timeslot's rate at most."""
    for baud, octets in ((9600, 960), (115200, 8000)):
        port = SerialPort(lapd=False, flow=False, baud=baud)
        port.interrupt()
        for step in range(201):
            assert port.receive(5 + step / 200) == []
        assert octets - 1 <= port.counts.octet_counting <= octets
        port.resume()
        port.receive(20.0)
        assert port.counts.octet_counting <= octets


def test_a_line_that_takes_nothing_keeps_the_newest():
    port = SerialPort(lapd=True, flow=False, baud=115200)
    port.send([number.to_bytes(4, "big") for number in range(MOST_QUEUED + 5)], None)
    assert (port.queued, port.frames_dropped) == (MOST_QUEUED, 5)
    assert port.octets(0.0).startswith(encode((5).to_bytes(4, "big")))


def test_reasons_say_what_to_do():
    for number in (errno.EACCES, errno.EBUSY, errno.ENOENT, errno.EIO, errno.ENOTTY):
        assert serial_line._reason(OSError(number, "x"), "/dev/tty").startswith("/dev/tty: ")
