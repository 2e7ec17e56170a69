"""The DAHDI driver against a stand-in for the kernel, which checks every request. No real card was met."""

from __future__ import annotations

import errno

import numpy as np
import pytest
from support.dahdi_kernel import Kernel
from support.dahdi_line import SPEECH, DahdiLine

from tandem.codecs.g711 import DECODE, Law
from tandem.core.errors import SpanError
from tandem.gateway.line_test import LineTester
from tandem.hardware import dahdi, dahdi_calls
from tandem.hardware.alarms import Alarm
from tandem.hardware.bert import Bert
from tandem.hardware.dahdi_ioctl import Loop, SpanStatus
from tandem.hardware.framing.hdlc import HdlcReceiver, HdlcTransmitter
from tandem.hardware.prbs import PATTERNS
from tandem.hardware.registry import check_spec, open_span
from tandem.hardware.span import Framing, LineFormat

PRI = {16: "HDLCFCS"}
SS7 = {16: "MTP2"}


@pytest.fixture
def make(monkeypatch):
    lines = []

    def make(*setups, **options):
        lines.append(DahdiLine(monkeypatch, *setups, **options))
        return lines[-1]

    yield make
    for line in lines:
        line.close()
        assert line.kernel.open_files == 0, "every descriptor is closed"


def test_channels_are_opened_and_set_up_in_order(make):
    line = make()
    journal = [(name, value) for name, channel, value in line.kernel.journal if channel == 5]
    assert journal == [("SPECIFY", None), ("AUDIOMODE", 0), ("SET_BUFINFO", None), ("BUFFER_EVENTS", 1), ("FLUSH", 7)]
    flushes = [place for place, (name, *_) in enumerate(line.kernel.journal) if name == "FLUSH"][:31]
    assert flushes == list(range(flushes[0], flushes[0] + 31)), "all at once, so that timeslots begin together"


def test_octets_pass_unchanged_with_15_ms_in_the_kernel(make):
    line = make()
    line.run(0.2)
    line.heard = [[], []]
    line.run(1.0, SPEECH)
    received = np.concatenate(line.heard[1])[:, 1:]
    start = next(at for at in range(1000) if (received[at : at + 8] == SPEECH[:8, 1:]).all())
    length = len(received) - start
    assert length > 7500
    assert (received[start:] == SPEECH[:length, 1:]).all()
    # 15 ms in transmit buffers, 5 ms until a receive buffer is full, at most as long until it is read.
    assert start / 8 <= 25
    counters = line.spans[0].counters()
    assert counters["transmit_slips"] == counters["write_underruns"] == counters["read_overruns"] == 0
    assert counters["transmit_queue_ms"] <= 15
    assert [span.alarms() for span in line.spans] == [frozenset()] * 2


@pytest.mark.parametrize("buffers", [2, 3, 4])
def test_as_many_buffers_as_one_of_us_may_be_late(make, buffers):
    """With n buffers of 5 ms the driver may be (n - 1) * 5 ms late, and not more: the smallest safe number follows."""
    line = make(options=f",buffers={buffers}")
    line.run(0.2)
    line.kernel.run(40 * (buffers - 1))  # late by so many chunks
    line.run(0.005 * buffers)
    assert line.spans[0].counters()["write_underruns"] == 0
    line.run(0.2)
    line.kernel.run(40 * (buffers + 2))
    line.run(0.1)
    counters = line.spans[0].counters()
    assert counters["write_underruns"] >= 1
    assert counters["read_overruns"] >= 1
    line.heard = [[], []]
    line.run(0.2, SPEECH)
    received = np.concatenate(line.heard[1])[:, 1:]
    assert any((received[at : at + 40] == SPEECH[:40, 1:]).all() for at in range(800)), "timeslots are in step again"


def test_a_writer_ahead_of_the_card_slips_on_all_timeslots_together(make):
    line = make()
    line.run(0.2)
    line.run(0.05, moving=False)
    for span in line.spans:
        assert span.counters()["transmit_frames_deleted"] == 360, "the first found room, nine did not"
    depths = {len(channel.transmit) for channel in line.kernel.spans[0].channels}
    assert depths == {3}


@pytest.mark.parametrize("chunk", [16, 32, 80, 160])
def test_other_chunks(make, chunk):
    line = make(options=f",chunk={chunk}")
    line.run(0.4)
    line.heard = [[], []]
    line.run(0.4, SPEECH)
    received = np.concatenate(line.heard[1])[:, 1:]
    assert any((received[at : at + chunk] == SPEECH[:chunk, 1:]).all() for at in range(2000))


def test_a_t1_has_its_24_channels_and_mu_law(make):
    esf = LineFormat(Framing.ESF)
    line = make(line=esf, kind="T1", options=",echo=128")
    line.run(0.3, SPEECH)
    received = np.concatenate(line.heard[1])
    assert (received[:, 25:] == 0xFF).all()
    assert line.kernel.spans[0].channels[0].law == 1


class TestSound:
    def test_echo_canceller_and_gains_are_the_kernels(self, make):
        line = make(options=",echo=256,rxgain=-6,txgain=3.5")
        journal = [name for name, channel, _ in line.kernel.journal if channel == 1]
        expected = ["SPECIFY", "AUDIOMODE", "SET_BUFINFO", "BUFFER_EVENTS", "SETLAW", "SETGAINS", "ECHOCANCEL", "FLUSH"]
        assert journal == expected
        channel = line.kernel.spans[0].channels[0]
        assert (channel.taps, channel.law) == (256, 2)
        decode = DECODE[Law.A].astype(float)
        for table, decibels in zip(channel.gains, (-6, 3.5), strict=True):
            changed = DECODE[Law.A][np.frombuffer(table, np.uint8)]
            wanted = np.clip(decode * 10 ** (decibels / 20), -32256, 32256)
            large = np.abs(wanted) > 1000
            assert np.abs(changed[large] / wanted[large] - 1).max() < 0.05

    def test_a_gain_one_way_leaves_the_other_alone(self, make):
        line = make(options=",rxgain=2")
        assert line.kernel.spans[0].channels[0].gains[1] == bytes(range(256))

    def test_no_echo_canceller_is_told_with_what_to_do(self, monkeypatch):
        kernel = Kernel({}, {})
        kernel.has_echo_canceller = False
        monkeypatch.setattr(dahdi_calls, "KERNEL", kernel)
        with pytest.raises(SpanError, match="echocanceller="):
            open_span("dahdi:1,echo=128")
        assert kernel.open_files == 0


class TestAlarms:
    @pytest.mark.parametrize(
        ("bits", "alarms"),
        [
            (("RED", "LOS"), {Alarm.LOS}),
            (("RED", "LFA"), {Alarm.LFA}),
            (("RED",), {Alarm.LFA}),
            (("RECOVER",), {Alarm.LFA}),
            (("BLUE",), {Alarm.AIS}),
            (("YELLOW",), {Alarm.RAI}),
            (("LMFA",), {Alarm.LMFA}),
            (("NOTOPEN",), {Alarm.LOS}),
            (("LOOPBACK",), set()),
            ((), set()),
        ],
    )
    def test_alarms_follow_events_at_once(self, make, bits, alarms):
        line = make()
        line.run(0.3)
        line.kernel.set_alarms(1, *bits)
        line.run(0.02)
        assert [span.alarms() for span in line.spans] == [alarms, frozenset()]
        line.kernel.set_alarms(1)
        line.run(0.02)
        assert line.spans[0].alarms() == frozenset()

    def test_alarms_without_an_event_are_seen_within_a_second(self, make):
        line = make()
        line.run(0.3)
        line.kernel.spans[0].alarms = 4
        line.run(1.1)
        assert line.spans[0].alarms() == {Alarm.RAI}

    def test_counters_of_the_card_are_told(self, make):
        line = make()
        line.kernel.spans[0].counts.update(bpvcount=1, crc4count=2, ebitcount=3, fascount=4, irqmisses=5)
        line.run(1.1)
        counters = line.spans[0].counters()
        names = ("bipolar_violations", "crc4_errors", "far_end_errors", "fas_errors", "missed_interrupts")
        assert [counters[name] for name in names] == [1, 2, 3, 4, 5]


class TestUnplugging:
    @pytest.mark.parametrize("tell", [False, True])
    def test_a_card_that_goes_is_an_alarm_and_comes_back(self, make, tell):
        line = make(PRI, PRI)
        ports = [span.signalling_port((16,), True) for span in line.spans]
        line.run(0.3)
        line.kernel.unplug(tell=tell)
        line.kernel.present = False
        line.run(0.8)
        for span, port in zip(line.spans, ports, strict=True):
            port.send([b"\x02\x01\x7f"], None)
            assert port.receive(line.now) == []
            assert span.alarms() == {Alarm.LOS}
            assert "the card is" in span.termination.detail
        assert line.kernel.open_files == 0
        ones = np.concatenate(line.heard[0][-4:])
        assert len(ones)
        assert (ones == 0xFF).all()
        line.kernel.plug_in()
        for span in line.kernel.spans:
            for channel in span.channels:
                channel.reset()
        line.run(1.5)
        assert [span.alarms() for span in line.spans] == [frozenset()] * 2
        assert line.spans[0].counters()["losses_of_card"] == 1
        ports[0].send([b"\x00\x01\x7f"], None)
        line.run(0.05)
        assert b"\x00\x01\x7f" in ports[1].receive(line.now)

    def test_a_card_that_stays_away_is_tried_every_second(self, make):
        line = make()
        line.run(0.1)
        line.kernel.present = False
        line.run(3.0)
        assert "not back" in line.spans[0].termination.detail
        assert "load the module" in line.spans[0].termination.detail

    def test_the_port_finds_it_first(self, make):
        line = make(PRI, PRI)
        port = line.spans[0].signalling_port((16,), True)
        line.kernel.present = False
        assert port.receive(1.0) == []
        port.send([b"abc"], None)
        assert line.spans[0].termination.detail.startswith("the card is gone")


class TestSignalling:
    def test_a_d_channel_by_the_kernel(self, make):
        line = make(PRI, PRI)
        one, other = (span.signalling_port((16,), True) for span in line.spans)
        frames = [bytes([0, 1, number]) + bytes(number) for number in range(100)]
        one.send(frames, None)
        received = []
        for _ in range(60):
            line.run(0.05)
            received += other.receive(line.now)
            one.receive(line.now)
        assert received == frames
        assert one.queued == 0
        assert other.counts.good == 100
        assert other.counts.errored == 0

    def test_a_d_channel_between_the_kernel_and_our_hdlc(self, make):
        line = make(PRI, {})
        port = line.spans[0].signalling_port((16,), True)
        assert line.spans[1].signalling_port((16,), True) is None, "a clear channel: HDLC is ours"
        line.run(0.1)
        port.send([b"\x00\x01\x7f hello"], None)
        receiver, transmitter = HdlcReceiver(), HdlcTransmitter()
        transmitter.send([b"\x02\x01\x73 good bye"])
        line.heard = [[], []]
        for _ in range(40):
            frames = np.full((40, 32), 0xD5, np.uint8)
            frames[:, 16] = np.frombuffer(transmitter.block(40), np.uint8)
            line.spans[1].write(frames, line.now)
            line.spans[0].write(np.full((40, 32), 0xD5, np.uint8), line.now)
            line.heard[1].append(line.spans[1].read(line.now))
            line.kernel.run(40)
            line.now += 0.005
        assert receiver.receive(np.concatenate(line.heard[1])[:, 16].tobytes()) == [b"\x00\x01\x7f hello"]
        assert b"\x02\x01\x73 good bye" in port.receive(line.now)

    def test_a_link_by_the_kernels_mtp2(self, make):
        line = make(SS7, SS7)
        one, other = (span.signalling_port((16,), False) for span in line.spans)
        one.send([], b"\xff\xff\x00")
        line.run(0.1)
        assert other.receive(line.now) == [b"\xff\xff\x00"], "repeats are left out by the kernel"
        other.receive(line.now)
        counted = other.counts.good
        line.run(1.0)
        assert other.receive(line.now) == []
        # A second of FISUs, 6 octets each on the line; the kernel showed none of them.
        assert abs(other.counts.good - counted - 8000 // 6) <= 2
        one.send([b"\xff\x80\x20" + bytes(30)], b"\xff\x80\x00")
        line.run(0.1)
        assert other.receive(line.now) == [b"\xff\x80\x20" + bytes(30), b"\xff\x80\x00"]

    def test_a_fill_that_is_outdated_is_not_sent(self, make):
        line = make(SS7, SS7)
        port = line.spans[0].signalling_port((16,), False)
        for number in range(100):  # more than the kernel takes
            port.send([], bytes([number, number, 0]))
        assert port.queued == 0
        channel = line.kernel.spans[0].channels[15]
        assert len(channel.transmit) == 16
        line.run(0.3)
        port.receive(line.now)
        line.run(0.3)
        assert channel.hdlc_out.fill == bytes([99, 99, 0])

    def test_errors_of_the_line_are_counted(self, make):
        line = make(SS7, SS7)
        port = line.spans[0].signalling_port((16,), False)
        channel = line.kernel.spans[0].channels[15]
        for name in ("BADFCS", "ABORT", "OVERRUN", "BADFCS"):
            channel.event(name)
        port.receive(1.0)
        counts = port.counts
        assert (counts.errored, counts.bad_fcs, counts.aborts, counts.too_long) == (4, 2, 1, 1)

    def test_a_link_without_signal_counts_octets(self, make):
        line = make(SS7, SS7)
        port = line.spans[0].signalling_port((16,), False)
        line.run(0.1)
        port.receive(line.now)
        line.kernel.set_alarms(1, "RED", "LOS")
        line.run(0.01)
        port.receive(line.now)
        before = port.counts.octet_counting
        line.run(0.5)
        port.receive(line.now)
        assert abs(port.counts.octet_counting - before - 4000) <= 1

    def test_alarm_events_on_a_signalling_channel_are_heard(self, make):
        line = make(SS7, SS7)
        port = line.spans[0].signalling_port((16,), False)
        line.run(0.1)
        line.kernel.spans[0].alarms = 4
        line.kernel.spans[0].channels[15].event("ALARM")
        port.receive(line.now)
        line.run(0.01)
        assert line.spans[0].alarms() == {Alarm.RAI}

    @pytest.mark.parametrize(
        ("setup", "timeslots", "lapd", "word"),
        [
            ({16: "HDLCFCS"}, (16,), False, "`mtp2`"),
            ({16: "MTP2"}, (16,), True, "`dchan`"),
            ({16: "NONE"}, (16,), True, "`clear`"),
            ({16: "HDLCFCS"}, (15, 16), True, "`clear`"),
        ],
    )
    def test_a_channel_set_up_otherwise_says_what_would_be_right(self, make, setup, timeslots, lapd, word):
        line = make(setup, {})
        with pytest.raises(SpanError, match=word):
            line.spans[0].signalling_port(timeslots, lapd)

    def test_several_clear_timeslots_are_one_link_of_ours(self, make):
        line = make()
        assert line.spans[0].signalling_port((1, 2, 3), False) is None

    def test_a_signalling_channel_in_use(self, make):
        line = make(PRI, PRI)
        line.spans[0].signalling_port((16,), True)
        with pytest.raises(SpanError, match="channel 16 is in use"):
            line.spans[0].signalling_port((16,), True)


class TestOpening:
    def test_no_dahdi(self, monkeypatch):
        kernel = Kernel({}, {})
        kernel.present = False
        monkeypatch.setattr(dahdi_calls, "KERNEL", kernel)
        with pytest.raises(SpanError, match="/dev/dahdi/ctl does not exist; load the module"):
            open_span("dahdi:1")

    def test_no_such_span(self, monkeypatch):
        monkeypatch.setattr(dahdi_calls, "KERNEL", kernel := Kernel({}, {}))
        with pytest.raises(SpanError, match="no span 3"):
            open_span("dahdi:3")
        assert kernel.open_files == 0

    def test_in_use(self, make):
        make()
        with pytest.raises(SpanError, match="channel 1 is in use by another program"):
            open_span("dahdi:1")

    def test_framing_of_the_other_kind(self, monkeypatch):
        monkeypatch.setattr(dahdi_calls, "KERNEL", Kernel({}, {}))
        with pytest.raises(SpanError, match="as E1; framing should be crc4 or basic"):
            open_span("dahdi:1", LineFormat(Framing.ESF))

    @pytest.mark.parametrize(
        ("kind", "channels", "framing"),
        [
            ("DYNAM", "E1", Framing.CRC4),
            ("DYNAM", "T1", Framing.ESF),
            ("J1", "T1", Framing.ESF),
        ],
    )
    def test_what_is_as_an_e1_or_a_t1(self, monkeypatch, kind, channels, framing):
        """TDM over Ethernet is what it has channels for; a J1 is as a T1."""
        kernel = Kernel({}, {}, kind=channels)
        for span in kernel.spans:
            span.kind = kind
        monkeypatch.setattr(dahdi_calls, "KERNEL", kernel)
        open_span("dahdi:1", LineFormat(framing)).close()
        other = Framing.ESF if channels == "E1" else Framing.CRC4
        with pytest.raises(SpanError, match=f"as {kind}; framing should be"):
            open_span("dahdi:1", LineFormat(other))

    def test_neither_an_e1_nor_a_t1(self, monkeypatch):
        kernel = Kernel({}, {})
        kernel.spans[0].kind = "BRI"
        monkeypatch.setattr(dahdi_calls, "KERNEL", kernel)
        with pytest.raises(SpanError, match="as BRI; neither an E1 nor a T1"):
            open_span("dahdi:1")

    def test_nothing_set_up(self, monkeypatch):
        monkeypatch.setattr(dahdi_calls, "KERNEL", Kernel(dict.fromkeys(range(1, 32), "NONE"), {}))
        with pytest.raises(SpanError, match=r"system\.conf"):
            open_span("dahdi:1")

    def test_not_allowed(self, monkeypatch):
        kernel = Kernel({}, {})
        monkeypatch.setattr(dahdi_calls, "KERNEL", kernel)

        def refuse(path):
            raise PermissionError(errno.EACCES, "Permission denied", path)

        monkeypatch.setattr(kernel, "open", refuse)
        with pytest.raises(SpanError, match="group of /dev/dahdi"):
            open_span("dahdi:1")
        assert [found.state for found in dahdi.discover()] == ["failed"]

    def test_frames_that_are_no_multiple_of_the_chunk(self, make):
        with pytest.raises(SpanError, match="multiple of 40"):
            make().spans[0].write(SPEECH[:8], 1.0)


class TestLoopback:
    def test_a_bit_error_test_over_a_looped_card_finds_none(self, make):
        line = make()
        line.spans[0].loop(Loop.LOCAL)
        test = Bert(PATTERNS["2^15-1"], [1, 16, 31])
        tester = LineTester(line.spans[0], bert=test)
        for _ in range(400):
            tester.step(line.now)
            line.kernel.run(40)
            line.now += 0.005
        total = test.total()
        assert all(receiver.synchronised for receiver in test.receivers.values())
        assert total.errors == 0
        assert total.bits > 300_000

    def test_a_line_is_looped_and_released(self, make):
        line = make()
        line.run(0.1)
        line.spans[0].loop(Loop.LOCAL)
        line.heard = [[], []]
        line.run(0.3, SPEECH)
        received = np.concatenate(line.heard[0])[:, 1:]
        assert any((received[at : at + 40] == SPEECH[:40, 1:]).all() for at in range(1000))
        line.spans[0].loop(Loop.OFF)
        assert line.kernel.spans[0].maintenance == 0

    def test_of_a_span_that_is_not_there(self, make):
        make()
        with pytest.raises(SpanError, match="loopback local"):
            dahdi.set_loop(9, Loop.LOCAL)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("dahdi:", "SPAN="),
        ("dahdi:0", "from 1 to 128"),
        ("dahdi:x", "from 1 to 128"),
        ("dahdi:1,chunk=10", "16, 32, 40, 80, 160"),
        ("dahdi:1,buffers=1", "from 2 to 32"),
        ("dahdi:1,echo=100", "32, 64, 128"),
        ("dahdi:1,rxgain=loud", "decibels"),
        ("dahdi:1,txgain=60", "decibels"),
        ("dahdi:1,law=A", "unknown option 'law'"),
    ],
)
def test_wrong_specs_say_what_is_wrong(spec, told):
    with pytest.raises(SpanError, match=told):
        check_spec(spec)


def test_discovery_lists_spans_with_spec_state_and_channels(make):
    line = make({16: "HDLCFCS"}, {1: "MTP2", 31: "NONE"})
    line.kernel.set_alarms(2, "RED", "LOS", "YELLOW")
    found = dahdi.discover()
    assert [(each.spec, each.kind, each.state) for each in found] == [
        ("dahdi:1", "E1", "ok"),
        ("dahdi:2", "E1", "LOS RAI"),
    ]
    assert found[0].detail == "clear 1-15 17-31, dchan 16, crc4"
    assert found[1].detail == "clear 2-30, mtp2 1, crc4"
    check_spec(found[0].spec)


def test_discovery_without_dahdi(monkeypatch):
    kernel = Kernel({}, {})
    kernel.present = False
    monkeypatch.setattr(dahdi_calls, "KERNEL", kernel)
    assert dahdi.discover() == []


def test_a_span_that_is_not_started_says_so():
    status = SpanStatus(1, alarms=32)
    assert dahdi.alarms_of(status) == {Alarm.LOS}
