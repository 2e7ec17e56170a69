from __future__ import annotations

import errno

import pytest
from support.dahdi_kernel import Kernel

from tandem.hardware.dahdi_channels import FRAME_BUFFERS, Channel
from tandem.hardware.dahdi_ioctl import Event
from tandem.hardware.dahdi_signalling import KernelPort

FISU = b"\xff\xff\x00"


class Link:
    """The two ends of a channel of frames."""

    def __init__(self, signalling: str) -> None:
        self.kernel = Kernel({16: signalling}, {16: signalling})
        self.lost: list[OSError] = []
        self.ports = []
        for number in (16, 47):
            port = KernelPort(16, number, self.lost.append, mtp2=signalling == "MTP2")
            channel = Channel(self.kernel, number, lambda _, event, port=port: port.hear(event))
            channel.set_up(FRAME_BUFFERS, None)
            port.attach(channel)
            port.has_signal = True
            self.ports.append(port)


@pytest.fixture
def mtp2():
    return Link("MTP2")


@pytest.fixture
def lapd():
    return Link("HDLCFCS")


def test_frames_go_with_room_for_the_fcs_and_come_without_it(lapd):
    one, other = lapd.ports
    one.send([b"\x02\x01\x7f"], None)
    lapd.kernel.run(40)
    assert other.receive(1.0) == [b"\x02\x01\x7f"]
    assert other.counts.good == 1


def test_what_the_kernel_does_not_take_waits(lapd):
    one, other = lapd.ports
    one.send([bytes([0, 1, number]) for number in range(40)], None)
    assert one.queued == 24
    received = []
    for turn in range(20):
        lapd.kernel.run(80)
        one.receive(turn * 0.01)
        received += other.receive(turn * 0.01)
    assert one.queued == 0
    assert len(received) == 40


def test_the_fill_is_no_queued_unit(mtp2):
    one, _ = mtp2.ports
    mtp2.kernel.spans[0].channels[15].transmit.extend([FISU] * 16)  # no room
    one.send([b"\xff\x80\x04" + bytes(9)], FISU)
    assert one.queued == 1
    one.send([], b"\xff\xff\x01\x00")
    assert one.queued == 1


def test_the_same_fill_again_is_not_written_again(mtp2):
    one, _ = mtp2.ports
    one.send([], FISU)
    one.send([], FISU)
    assert len(mtp2.kernel.spans[0].channels[15].transmit) == 1


def test_repeats_are_reckoned_from_the_time(mtp2):
    one, other = mtp2.ports
    one.send([], FISU)
    mtp2.kernel.run(400)
    assert other.receive(0.05) == [FISU]
    mtp2.kernel.run(8000)
    assert other.receive(1.05) == []
    assert other.counts.good == pytest.approx(1 + 8000 / 6, abs=2)


def test_repeats_of_message_units_are_not_reckoned(mtp2):
    one, other = mtp2.ports
    one.send([b"\xff\x80\x04" + bytes(9)], None)
    mtp2.kernel.run(400)
    assert len(other.receive(0.05)) == 1
    other.receive(1.05)
    assert other.counts.good == 1


def test_no_signal_counts_octets_and_no_units(mtp2):
    port = mtp2.ports[0]
    port.receive(0.0)
    port.has_signal = False
    port.receive(0.5)
    assert port.counts.octet_counting == 4000
    assert port.counts.good == 0


def test_a_d_channel_reckons_nothing(lapd):
    port = lapd.ports[0]
    port.receive(0.0)
    port.has_signal = False
    port.receive(5.0)
    assert (port.counts.good, port.counts.octet_counting) == (0, 0)


@pytest.mark.parametrize(
    ("event", "field"), [(Event.BAD_FCS, "bad_fcs"), (Event.ABORT, "aborts"), (Event.OVERRUN, "too_long")]
)
def test_errors_are_counted(lapd, event, field):
    port = lapd.ports[0]
    port.hear(event)
    port.hear(Event.ALARM)
    assert getattr(port.counts, field) == port.counts.errored == 1


def test_a_card_that_goes_is_told_once_per_attempt_and_its_frames_are_lost(mtp2):
    port = mtp2.ports[0]
    port.send([], FISU)
    mtp2.kernel.present = False
    assert port.receive(1.0) == []
    assert {error.errno for error in mtp2.lost} == {errno.ENODEV}
    port.attach(None)
    port.send([b"\xff\x80\x04" + bytes(9)], FISU)
    assert port.receive(2.0) == []
    mtp2.kernel.present = True
    channel = mtp2.kernel.spans[0].channels[15]
    channel.is_open = False
    channel.reset()
    again = Channel(mtp2.kernel, 16, lambda *_: None)
    port.attach(again)
    port.receive(3.0)
    assert list(channel.transmit) == [FISU], "the fill goes on; what was queued meanwhile is gone"
