from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tandem.gateway.media.line import BLOCK, COUNTED, GROUP, SignallingChannel, SpanLine
from tandem.gateway.media.protocol import Channel
from tandem.hardware.framing.hdlc import HdlcTransmitter
from tandem.hardware.line import E1Line
from tandem.hardware.registry import open_span
from tandem.hardware.virtual import VirtualLine, VirtualSpan

pytestmark = pytest.mark.usefixtures("media_loops")

SILENCE = 0xD5


@pytest.fixture
def line() -> Iterator[SpanLine]:
    near, far = open_span("virtual:testline"), open_span("virtual:testline")
    yield SpanLine("E", near, SILENCE)
    near.close()
    far.close()


class Recorder:
    """Stands in for a span and keeps what is written."""

    quantum = 8
    burst = 1

    frame_bits = 256

    def __init__(self) -> None:
        self.written: list[np.ndarray] = []
        self.termination = self

    def write(self, frames: np.ndarray, now: float) -> None:
        self.written.append(frames.copy())

    def transmit(self, frames: np.ndarray) -> bytes:
        return frames.tobytes()

    def give(self, octets: bytes, now: float) -> None:
        self.written.append(np.frombuffer(octets, np.uint8).reshape(-1, 32))


def recorded(line: SpanLine) -> Recorder:
    recorder = Recorder()
    line.span = recorder  # type: ignore[assignment]
    return recorder


def line_of_far_end(line: SpanLine) -> VirtualLine:
    assert isinstance(line.span, VirtualSpan)
    return line.span.line


def block(number: int) -> np.ndarray:
    return np.full((BLOCK, 32), number, np.uint8)


def test_speech_leaves_at_its_time(line: SpanLine) -> None:
    recorder = recorded(line)
    line.settle()
    line.fill(0, block(1))
    for step in range(8):
        if step == 3:
            line.fill(1, block(2))
        line.transmit(step, 1, 0.0)
    assert [len(frames) for frames in recorder.written] == [GROUP] * 8
    assert np.concatenate(recorder.written)[:, 5].tolist() == [1] * BLOCK + [2] * BLOCK


def test_speech_that_is_not_there_in_time_is_idle_and_counted(line: SpanLine) -> None:
    recorder = recorded(line)
    line.fill(0, block(1))
    for number in range(40):
        line.transmit(number, 1, 0.0)
    assert np.concatenate(recorder.written)[:, 9].tolist() == [1] * BLOCK + [SILENCE] * BLOCK
    assert line.underruns == BLOCK


def test_blocks_left_out_are_silent(line: SpanLine) -> None:
    """After a long stall; what was there before must not be heard again."""
    recorder = recorded(line)
    line.fill(0, block(1))
    line.fill(1, block(2))
    line.fill(7, block(3))
    groups = BLOCK // line.frames
    for number in range(5 * groups, 8 * groups):
        line.transmit(number, 1, 0.0)
    assert np.concatenate(recorder.written)[:, 9].tolist() == [SILENCE] * 2 * BLOCK + [3] * BLOCK
    assert line.has_speech(8 * groups - 1)
    assert not line.has_speech(8 * groups)


def test_of_several_groups_what_is_there_is_sent(line: SpanLine) -> None:
    recorder = recorded(line)
    line.fill(0, block(1))
    line.transmit(18, 4, 0.0)
    assert recorder.written[0][:, 9].tolist() == [1] * 16 + [SILENCE] * 16
    assert line.underruns == 16


def test_a_block_framed_before_goes_in_groups(line: SpanLine) -> None:
    reference, far = E1Line(), line_of_far_end(line)
    line.settle()
    frames = [block(number) for number in range(3)]
    framed = [reference.transmit(part) for part in frames]
    line.give(0, line.span.termination.transmit(frames[0]))
    assert not line.can_frame(0)
    for number in range(5):  # the last one before its speech is there
        line.transmit(number, 1, 0.0)
    assert line.underruns == GROUP
    assert not line.can_frame(1)
    line.fill(1, frames[1])
    assert line.can_frame(2), "late once, it is framed with the others again from the next tick on"
    line.give(2, line.span.termination.transmit(frames[2]))
    for number in range(5, 12):
        line.transmit(number, 1, 0.0)
    received = far.arrivals(1, 1.0)
    assert received[: len(framed[0])] == framed[0]
    timeslot = received[5::32]
    assert timeslot == bytes([0] * BLOCK + [SILENCE] * GROUP + [1] * (BLOCK - GROUP) + [2] * BLOCK)
    deframer = E1Line()
    deframer.receive(received, 0.0)
    counters = deframer.counters()
    assert counters["crc4_errors"] == counters["alignment_losses"] == counters["multiframe_losses"] == 0


def test_a_channel_takes_its_timeslots_and_a_quantum_at_a_time(line: SpanLine) -> None:
    recorder = recorded(line)
    channel = SignallingChannel(Channel(1, "E", (16, 18)))
    line.add_channel(channel)
    line.settle()
    line.fill(0, block(1))
    channel.send([b"a unit of signalling"], b"\x7f\xff\x00")
    line.transmit(0, 1, 0.0)
    line.transmit(1, 1, 0.001)
    reference = HdlcTransmitter(b"\x7f\xff\x00")
    reference.send([b"a unit of signalling"])
    frames = np.concatenate(recorder.written)
    assert len(frames) == 16
    assert frames[:, (16, 18)].tobytes() == reference.block(16) + reference.block(16)
    assert set(frames[:, (1, 15, 17, 19, 31)].ravel()) == {1}


@pytest.mark.parametrize("timeslots", [(16,), (1, 2, 3), (1, 17, 31)])
def test_units_are_found_on_any_timeslots(timeslots: tuple[int, ...]) -> None:
    transmitter, channel = HdlcTransmitter(), SignallingChannel(Channel(3, "E", timeslots))
    units = [bytes([number]) * 30 for number in range(5)]
    transmitter.send(units)
    received = []
    for _ in range(30):
        frames = np.zeros((8, 32), np.uint8)
        octets = transmitter.block(8 * len(timeslots))
        frames[:, list(timeslots)] = np.frombuffer(octets, np.uint8).reshape(8, -1)
        if event := channel.receive(frames, 0.0):
            assert event.channel == 3
            received += event.units
    assert received == units
    assert channel.report().good == 0


def test_a_d_channel_gives_every_frame_and_is_quiet_otherwise() -> None:
    transmitter, channel = HdlcTransmitter(), SignallingChannel(Channel(2, "T", (24,), kind="lapd"))
    frames = [b"\x00\x01\x7f", b"\x00\x01\x7f", b"\x02\x01" + bytes(1598), b"\x00\x01", b"\x02\x01" + bytes(1599)]
    transmitter.send(frames)
    events = []
    for _ in range(650):
        octets = np.full((8, 32), 0xFF, np.uint8)
        octets[:, 24] = np.frombuffer(transmitter.block(8), np.uint8)
        events.append(channel.receive(octets, 0.0))
    # The fourth is shorter than Q.921 allows, the last longer than anybody sends.
    assert [unit for event in events if event for unit in event.units] == frames[:3]
    assert sum(event.errored for event in events if event) == 1
    channel.report()
    assert not any(channel.receive(np.full((8, 32), 0xFF, np.uint8), 0.0) for _ in range(300))


def test_octet_counting_is_told_now_and_then() -> None:
    channel = SignallingChannel(Channel(1, "E", (16,)))
    events = [channel.receive(np.full((8, 32), 0xFF, np.uint8), 0.0) for _ in range(100)]
    told = [event.octet_counting for event in events if event]
    assert len(told) == 800 // COUNTED - 1 or len(told) == 800 // COUNTED
    assert sum(told) + channel.report().octet_counting in (799, 800)


def test_counters_name_span_and_time(line: SpanLine) -> None:
    assert {"frames_in", "slips", "speech_underruns"} <= line.counters().keys()
