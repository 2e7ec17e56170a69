from __future__ import annotations

import errno

import pytest
from support.dahdi_kernel import Kernel

from tandem.core.errors import SpanError
from tandem.hardware.dahdi_channels import (
    FRAME_BUFFERS,
    Channel,
    FrameQueue,
    RawChannels,
    Sound,
    channels_of,
    is_frame_signalling,
    raw_buffers,
    span_status,
)
from tandem.hardware.dahdi_ioctl import Signalling

CHUNK = 40


@pytest.fixture
def kernel():
    return Kernel({16: "HDLCFCS"}, {16: "MTP2"})


@pytest.fixture
def heard():
    return []


@pytest.fixture
def channel(kernel, heard):
    channel = Channel(kernel, 1, lambda channel, event: heard.append((channel.number, event)))
    channel.set_up(raw_buffers(CHUNK, 3), Sound())
    return channel


def test_state_and_channels_of_a_span(kernel):
    control = kernel.open("/dev/dahdi/ctl")
    status = span_status(kernel, control, 2)
    assert (status.kind, status.all_channels, status.description) == ("E1", 31, "stand-in card")
    channels = channels_of(kernel, control, 2, status.all_channels)
    assert [(each.channel, each.position) for each in channels] == [(31 + place, place) for place in range(1, 32)]
    assert channels[15].signalling == Signalling.MTP2
    assert [is_frame_signalling(each) for each in channels[14:17]] == [False, True, False]
    with pytest.raises(OSError, match="Invalid"):
        span_status(kernel, control, 3)


def test_buffers_of_a_channel(kernel, channel):
    ours = kernel.spans[0].channels[0]
    assert (ours.transmit_policy, ours.receive_policy) == (1, 0), "sent when all are full, received at once"
    assert (ours.number_of_buffers, ours.size) == (3, CHUNK)
    for _ in range(3):
        assert channel.write(bytes(CHUNK))
    assert not channel.write(bytes(CHUNK))
    assert channel.buffers().full_transmit == 3
    channel.flush()
    assert channel.buffers().full_transmit == 0


def test_nothing_is_sent_before_all_buffers_are_full(kernel, channel):
    channel.write(bytes(CHUNK))
    channel.write(bytes(CHUNK))
    kernel.run(CHUNK)
    assert channel.buffers().full_transmit == 2
    channel.write(bytes(CHUNK))
    kernel.run(CHUNK)
    assert channel.buffers().full_transmit == 2


def test_events_are_fetched_before_data(kernel, channel, heard):
    kernel.run(CHUNK)
    for name in ("ALARM", "NOALARM"):
        kernel.spans[0].channels[0].event(name)
    assert channel.read(CHUNK) == b"\xff" * CHUNK
    assert heard == [(1, 4), (1, 5)]
    kernel.spans[0].channels[0].event("WRITE_UNDERRUN")
    assert channel.write(bytes(CHUNK))
    assert heard[2:] == [(1, 30)]
    assert channel.read(CHUNK) == b""


def test_a_channel_that_never_stops_telling_events_does_not_hold_us(kernel, channel, heard):
    ours = kernel.spans[0].channels[0]
    ours.events.extend([4] * 100_000)
    assert channel.read(CHUNK) == b""
    assert 64 <= len(heard) <= 64 * 64


def test_the_event_of_removal_is_an_error(kernel, channel):
    kernel.spans[0].channels[0].event("REMOVED")
    with pytest.raises(OSError, match="No such device") as caught:
        channel.read(CHUNK)
    assert caught.value.errno == errno.ENODEV


def test_a_channel_in_use_is_no_channel_and_leaves_nothing_open(kernel, channel):
    before = kernel.open_files
    with pytest.raises(SpanError, match="channel 1 is in use"):
        Channel(kernel, 1, lambda *_: None)
    with pytest.raises(OSError, match="No such device or address"):
        Channel(kernel, 999, lambda *_: None)
    assert kernel.open_files == before


def test_frame_channels_hold_a_power_of_two_of_frames(kernel):
    channel = Channel(kernel, 31 + 16, lambda *_: None)
    channel.set_up(FRAME_BUFFERS, None)
    assert FRAME_BUFFERS.number == 16


def test_raw_channels_read_as_much_of_each(kernel):
    raw = RawChannels(CHUNK)
    for number in (1, 2):
        raw.channels.append(Channel(kernel, number, lambda *_: None))
        raw.channels[-1].set_up(raw_buffers(CHUNK, 3), Sound())
    kernel.run(2 * CHUNK)
    assert len(raw.read(0, None)) == 2 * CHUNK
    kernel.run(CHUNK)
    assert len(raw.read(1, 2 * CHUNK)) == 2 * CHUNK
    assert len(raw.read(1, None)) == CHUNK
    assert all(raw.write(0, bytes(CHUNK)) for _ in range(3))
    assert not raw.write(0, bytes(CHUNK)), "no buffer is free"


def test_sound_is_transparent_unless_something_is_asked_for():
    assert Sound("A").is_transparent
    assert not Sound("A", echo_taps=128).is_transparent
    assert not Sound("A", transmit_gain=-1.0).is_transparent


def test_a_fill_behind_others_takes_the_place_of_an_older_one():
    queue, written = FrameQueue(), []
    queue.append(b"one")
    queue.append(b"old", is_fill=True)
    queue.append(b"fill", is_fill=True)
    queue.append(b"two")
    queue.append(b"last", is_fill=True)
    assert len(queue) == 3
    queue.flush(lambda frame: written.append(frame) is None)
    assert written == [b"one", b"two", b"last"]
    queue.append(b"more")
    queue.flush(lambda frame: False)
    assert len(queue) == 1
