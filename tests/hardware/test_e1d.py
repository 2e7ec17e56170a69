"""The driver of osmo-e1d against a stand-in daemon of ours, in virtual time."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from support.e1d_daemon import Daemon

from tandem.core.errors import SpanError
from tandem.hardware import e1d
from tandem.hardware.alarms import Alarm
from tandem.hardware.framing.hdlc import HdlcReceiver, HdlcTransmitter
from tandem.hardware.registry import check_spec, open_span
from tandem.hardware.span import Framing, LineFormat

SPEECH = np.random.default_rng(1).integers(0, 256, (4000, 32), dtype=np.uint8)
IDLE = np.full((40, 32), 0xD5, np.uint8)


class Line:
    """Two spans with a daemon between them."""

    def __init__(self, path: str, options: str = "") -> None:
        self.path = path
        self.daemon = Daemon(path)
        self.spans = [open_span(f"e1d:0:{line},socket={path}{options}") for line in (0, 1)]
        self.now = 100.0
        self.heard = [[], []]

    def run(self, seconds: float, speech: np.ndarray | None = None) -> None:
        """Both write at the line's pace, 5 ms at a time; the first speaks, the other is idle."""
        for turn in range(round(seconds / 0.005)):
            block = IDLE if speech is None else speech[40 * turn : 40 * turn + 40]
            for span, frames in zip(self.spans, (block, IDLE), strict=True):
                span.write(frames, self.now)
            for span, heard in zip(self.spans, self.heard, strict=True):
                heard.append(span.read(self.now))
            self.daemon.serve()
            for _ in range(4):
                self.daemon.step()
            self.now += 0.005

    def restart(self) -> None:
        self.daemon.close()
        self.daemon = Daemon(self.path)

    def close(self) -> None:
        for span in self.spans:
            span.close()
        self.daemon.close()


@pytest.fixture
def line(tmp_path):
    line = Line(str(tmp_path / "ctl"))
    yield line
    line.close()


def test_a_line_comes_up_and_octets_pass_unchanged(line):
    assert [span.alarms() for span in line.spans] == [{Alarm.LOS}] * 2
    line.run(0.5)
    assert [span.alarms() for span in line.spans] == [frozenset()] * 2
    assert [span.termination.detail for span in line.spans] == ["", ""]
    line.heard = [[], []]
    line.run(0.5, SPEECH)
    received = np.concatenate(line.heard[1])[:, 1:]
    start = next(at for at in range(1000) if (received[at : at + 8] == SPEECH[:8, 1:]).all())
    length = len(received) - start
    assert length > 3500
    assert (received[start:] == SPEECH[:length, 1:]).all()
    # What is written waits 15 ms in the daemon, and up to 5 ms until it is read.
    assert start / 8 <= 25
    assert [span.counters()["transmit_slips"] for span in line.spans] == [0, 0]
    assert [span.counters()["transmit_queue_ms"] for span in line.spans] == [15, 15]


def test_frames_longer_than_the_daemons_own_pass_by_our_hdlc(line):
    """262 octets is what the daemon's HDLC can do; a signal unit has up to 276 without FCS, LAPD more."""
    line.run(0.3)
    unit = bytes(range(256)) + bytes(20)
    transmitter, receiver = HdlcTransmitter(), HdlcReceiver()
    transmitter.send([unit])
    line.heard = [[], []]
    speech = np.array(SPEECH)
    speech[:, 16] = np.frombuffer(transmitter.block(4000), np.uint8)
    line.run(0.3, speech)
    assert receiver.receive(np.concatenate(line.heard[1])[:, 16].tobytes()) == [unit]


def test_a_daemon_that_restarts_is_an_alarm_and_then_none(line):
    line.run(0.3)
    line.restart()
    line.run(0.02)
    assert [span.alarms() for span in line.spans] == [{Alarm.LOS}] * 2, "at once"
    line.run(0.6)
    for span in line.spans:
        assert span.alarms() == {Alarm.LOS}
        assert "ended or restarts" in span.termination.detail
    ones = np.concatenate(line.heard[0][-10:])
    assert len(ones)
    assert (ones == 0xFF).all()
    line.run(1.3)
    assert [span.alarms() for span in line.spans] == [frozenset()] * 2
    assert [span.counters()["reconnections"] for span in line.spans] == [1, 1]


def test_no_daemon_at_the_beginning_is_an_alarm_too(tmp_path):
    span = open_span(f"e1d:0:0,socket={tmp_path}/none")
    assert len(span.read(1.0)) == 0
    span.write(IDLE, 1.0)
    assert span.alarms() == {Alarm.LOS}
    assert "is osmo-e1d running?" in span.termination.detail
    span.close()


@pytest.mark.parametrize(
    ("event", "alarm"), [(0x40, Alarm.LOS), (0x42, Alarm.AIS), (0x44, Alarm.RAI), (0x46, Alarm.LFA)]
)
def test_alarms_of_the_line_come_and_go(line, event, alarm):
    line.run(0.3)
    line.daemon.event(event, 0, 0)
    line.run(0.02)
    assert [span.alarms() for span in line.spans] == [{alarm}, frozenset()]
    line.daemon.event(event + 1, 0, 0)
    line.run(0.02)
    assert line.spans[0].alarms() == frozenset()


def test_a_timeslot_closed_alone_closes_the_line(line):
    line.run(0.3)
    line.daemon.timeslots.pop((0, 0, 7)).close()
    line.run(0.02)
    assert "closed a timeslot" in line.spans[0].termination.detail
    assert line.spans[1].termination.detail == ""


def test_a_stalled_writer_slips_on_all_timeslots_together(line):
    line.run(0.3)
    for _ in range(40):  # 50 ms in which nobody of ours runs
        line.daemon.step()
    line.run(0.3)
    assert line.spans[0].counters()["transmit_slips"] == 1
    assert {span.counters()["realignments"] for span in line.spans} == {0}


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("e1d:0", "INTERFACE:LINE"),
        ("e1d:", "INTERFACE:LINE"),
        ("e1d:a:0", "INTERFACE=a"),
        ("e1d:0:b", "LINE=b"),
        ("e1d:0:0,depth=0", "from 1 to 16"),
        ("e1d:0:0,chunk=41", "16, 32, 40, 80, 160"),
        ("e1d:0:0,takeover=maybe", "yes or no"),
        ("e1d:0:0,path=x", "unknown option 'path'"),
    ],
)
def test_wrong_specs_say_what_is_wrong(spec, told):
    with pytest.raises(SpanError, match=told):
        check_spec(spec)


def test_there_is_no_t1():
    with pytest.raises(SpanError, match="no T1"):
        check_spec("e1d:0:0", LineFormat(Framing.ESF))


def test_frames_that_are_no_multiple_of_the_quantum(tmp_path):
    span = open_span(f"e1d:0:0,socket={tmp_path}/none")
    with pytest.raises(SpanError, match="multiple of 40"):
        span.write(IDLE[:8], 1.0)
    span.close()


class TestDiscovery:
    @pytest.fixture
    def served(self, tmp_path):
        daemon = Daemon(str(tmp_path / "ctl"))
        ended = threading.Event()

        def serve():
            while not ended.wait(0.002):
                daemon.serve()

        thread = threading.Thread(target=serve)
        thread.start()
        yield daemon
        ended.set()
        thread.join()
        daemon.close()

    def test_lines_of_a_daemon(self, served, tmp_path):
        served.modes[0, 1] = 0x21
        found = e1d.find_lines(str(tmp_path / "ctl"), 20)
        assert [(each.spec, each.kind, each.state) for each in found] == [
            (f"e1d:0:0,socket={tmp_path}/ctl", "E1", "ok"),
            (f"e1d:0:1,socket={tmp_path}/ctl", "E1", "failed"),
        ]
        check_spec(found[0].spec)

    def test_a_line_in_use(self, served, tmp_path):
        span = open_span(f"e1d:0:0,socket={tmp_path}/ctl")
        for _ in range(200):
            span.read(1.0)
            if not span.termination.detail:
                break
            time.sleep(0.01)
        found = e1d.find_lines(str(tmp_path / "ctl"), 20)
        assert [each.state for each in found] == ["in use", "ok"]
        span.close()

    def test_nothing_where_no_daemon_ever_was(self, tmp_path):
        assert e1d.find_lines(str(tmp_path / "ctl")) == []

    def test_a_daemon_that_has_gone(self, tmp_path):
        Daemon(str(tmp_path / "ctl")).close()
        (found,) = e1d.find_lines(str(tmp_path / "ctl"))
        assert found.state == "failed"
        assert "start it" in found.detail

    def test_the_usual_place(self, monkeypatch, tmp_path):
        monkeypatch.setattr(e1d, "SOCKET", str(tmp_path / "ctl"))
        assert e1d.discover() == []
