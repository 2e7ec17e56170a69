from __future__ import annotations

import errno

import numpy as np
import pytest
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw
from scapy.utils import PcapWriter
from support.e1 import numbers, speech
from support.spans import spec_pair

from tandem.core.errors import SpanError
from tandem.hardware.alarms import Alarm
from tandem.hardware.line import terminate
from tandem.hardware.registry import check_spec, open_span
from tandem.hardware.satop import SatopTransmitter
from tandem.hardware.span import Framing, LineFormat


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("file:", "play missing"),
        ("file:play=x,loop=1", "yes or no"),
        ("file:play=x,port=0", "from 1 to 65535"),
        ("file:record=x", "span=SPEC is missing"),
        ("file:record=x,side=both,span=virtual:a", "should be in"),
        ("file:record=x,span=serial:/dev/tty", "can be recorded"),
        ("file:record=x,span=virtual:", "letters, digits"),
    ],
)
def test_wrong_specs_say_what_is_wrong(spec, told):
    with pytest.raises(SpanError, match="span '") as caught:
        check_spec(spec)
    assert told in str(caught.value)


@pytest.mark.parametrize("spec", ["file:play=/none/x", "file:record=/none/x,span=virtual:a"])
def test_a_file_that_cannot_be_opened_says_so(spec):
    with pytest.raises(SpanError, match=r"/none/x cannot be .*No such file"):
        open_span(spec)


@pytest.mark.parametrize("framing", Framing)
def test_a_line_that_was_recorded_is_played_as_it_was(tmp_path, framing):
    line, (one, other) = LineFormat(framing), spec_pair("virtual")
    path = tmp_path / "line.raw"
    sender, recorder = open_span(one, line), open_span(f"file:record={path},span={other}", line)
    frames, got = speech(1600), []
    for step in range(200):
        recorder.write(np.full((8, 32), 0xD5, np.uint8), step / 1000)
        sender.write(frames[8 * step : 8 * step + 8], step / 1000)
        got.append(recorder.read(step / 1000))
        sender.read(step / 1000)
    counters = recorder.counters()
    sender.close()
    recorder.close()
    assert path.stat().st_size == counters["octets_recorded"] == 200 * terminate(line).frame_bits
    player = open_span(f"file:play={path}", line)
    played = [player.read(step / 1000) for step in range(201)]
    player.close()
    last = framing.timeslots + 1
    assert (np.concatenate(played)[:, 1:last] == np.concatenate(got)[:, 1:last]).all()


def test_what_is_sent_can_be_recorded_and_the_file_has_an_end(tmp_path):
    path = tmp_path / "line.raw"
    span = open_span(f"file:record={path},side=out,megabytes=1,span={spec_pair('virtual')[0]}")
    for step in range(50):
        span.write(np.full((800, 32), step, np.uint8), step / 10)
    assert span.counters()["recording"] == 0
    span.close()
    octets = path.read_bytes()
    assert len(octets) == 40 * 800 * 32
    assert octets[32 * 800 * 3 + 1] == 3


def test_a_file_played_once_ends_in_los_and_a_loop_goes_on(tmp_path):
    path = tmp_path / "line.raw"
    path.write_bytes(terminate(LineFormat()).transmit(speech(1600)))
    once, loop = open_span(f"file:play={path}"), open_span(f"file:play={path},loop=yes")
    for step in range(1000):
        for span in (once, loop):
            span.write(np.full((8, 32), 0xD5, np.uint8), step / 1000)
            span.read(step / 1000)
    assert once.alarms() == {Alarm.LOS}
    assert Alarm.LOS not in loop.alarms()
    assert (once.counters()["rounds_played"], loop.counters()["rounds_played"]) == (1, 4)
    once.close()
    loop.close()


def test_an_empty_file_in_a_loop_ends(tmp_path):
    path = tmp_path / "line.raw"
    path.write_bytes(b"")
    span = open_span(f"file:play={path},loop=yes")
    for step in range(300):
        span.read(step / 1000)
    assert span.alarms() == {Alarm.LOS}
    span.close()


def test_a_stalled_reader_misses_what_has_passed(tmp_path):
    path = tmp_path / "line.raw"
    path.write_bytes(bytes(256 * 10_000))
    span = open_span(f"file:play={path}")
    span.take(0.0)
    assert len(span.take(0.25)) == 64_000
    assert span.take(5.0) == b""
    assert len(span.take(5.25)) == 64_000
    span.close()


def test_a_capture_is_played(tmp_path):
    path, frames = tmp_path / "line.pcap", speech(800)
    with PcapWriter(str(path)) as file:
        for packet in SatopTransmitter().packets(terminate(LineFormat()).transmit(frames)):
            file.write(IP() / UDP(sport=1, dport=40002) / Raw(packet))
    span = open_span(f"file:play={path},port=40002")
    played = np.concatenate([span.read(step / 1000) for step in range(102)])
    assert numbers(played) == list(range(800))
    span.close()


def test_a_spoilt_capture_is_los_with_its_reason(tmp_path):
    path = tmp_path / "line.pcap"
    path.write_bytes(b"\xd4\xc3\xb2\xa1 and no more")
    span = open_span(f"file:play={path}")
    for step in range(200):
        span.read(step / 1000)
    assert span.alarms() == {Alarm.LOS}
    assert "cannot be read" in span.termination.detail
    span.close()


def test_a_full_disk_ends_the_recording_and_not_the_line(tmp_path):
    span = open_span(f"file:record={tmp_path / 'line.raw'},side=out,span={spec_pair('virtual')[0]}")

    class Full:
        def write(self, octets):
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self):
            raise OSError(errno.ENOSPC, "No space left on device")

    span._file.close()
    span._file = Full()
    for step in range(5):
        span.write(np.full((8, 32), 0xD5, np.uint8), step / 1000)
    assert span.counters()["recording"] == 0
    assert span.counters()["frames_out"] == 40
    assert span.termination.detail == "recording stopped: No space left on device"
    span.close()
