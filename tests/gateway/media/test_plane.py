from __future__ import annotations

import socket
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from support.gateways import free_ports
from support.media_plane import Phone, Planes, Side, leg, timeslot, two_planes

from tandem.codecs.g711 import Law, encode
from tandem.codecs.quality import Quality, measure_octets, probe
from tandem.codecs.rtp import pack_header
from tandem.codecs.telephone_event import digit_event, parse_events
from tandem.codecs.tones import ToneGenerator, dtmf_octets, sine
from tandem.core.errors import ConfigurationError, SpanError
from tandem.gateway.media.plane import Plane
from tandem.gateway.media.ports import PortError
from tandem.gateway.media.protocol import (
    Channel,
    CloseRtp,
    Detect,
    DigitHeard,
    DigitReceived,
    LineTest,
    MediaConfiguration,
    MediaReport,
    OpenRtp,
    PlayDigit,
    RtpClosed,
    RtpSilent,
    SendUnits,
    Source,
    SpanChanged,
    SpanConfiguration,
    SrtpKeys,
    Tone,
    UnitsReceived,
    UpdateRtp,
)
from tandem.gateway.media.srtp import SecureLeg

Bench = tuple[Planes, Side, Side]

both_loops = pytest.mark.usefixtures("media_loops")


@pytest.fixture
def bench() -> Iterator[Bench]:
    with two_planes() as bench:
        yield bench


class SecureSocket:
    """A phone's socket that speaks SRTP."""

    def __init__(self, plain: socket.socket, leg: SecureLeg) -> None:
        self._plain, self._leg = plain, leg

    def sendto(self, packet: bytes, address: tuple[str, int]) -> None:
        self._plain.sendto(self._leg.protect(memoryview(packet)), address)

    def recv(self, size: int) -> bytes:
        packet = self._leg.unprotect(self._plain.recv(size))
        assert packet is not None
        return packet

    def getsockname(self) -> tuple[str, int]:
        return self._plain.getsockname()

    def close(self) -> None:
        self._plain.close()


def connect(a: Side, b: Side, circuit: int = 5) -> None:
    """Leg 1 of A, the circuit, leg 1 of B, both ways."""
    for side in (a, b):
        side.command(Source(leg(1), timeslot(circuit)), Source(timeslot(circuit), leg(1)))


def talk(planes: Planes, a: Phone, b: Phone, laws: tuple[Law, Law], seconds: float = 1.0) -> tuple[Quality, Quality]:
    """Speech both ways at once; quality from A to B and from B to A."""
    phones = (a, b)
    spoken = [encode(probe(round(8000 * seconds), seed), law) for seed, law in zip((1, 2), laws, strict=True)]
    for phone, octets in zip(phones, spoken, strict=True):
        phone.packets.clear()
        phone.speech = octets.tobytes()
        phone.line_open = True
    planes.run(seconds + 0.4)
    return (
        measure_octets(spoken[0], laws[0], b.heard, laws[1]),
        measure_octets(spoken[1], laws[1], a.heard, laws[0]),
    )


@both_loops
def test_a_call_through_a_span_is_bit_exact_when_the_laws_agree(bench: Bench) -> None:
    planes, a, b = bench
    phones = a.phone(1), b.phone(1)
    connect(a, b)
    planes.run(0.3)
    for quality in talk(planes, *phones, (Law.A, Law.A)):
        assert quality.exact, quality
        assert quality.delay_ms is not None
        assert quality.delay_ms < 120


@both_loops
def test_transcoding_costs_no_more_than_the_tables_do(bench: Bench) -> None:
    planes, a, b = bench
    phones = a.phone(1, "u"), b.phone(1, "A")
    connect(a, b)
    planes.run(0.3)
    for quality in talk(planes, *phones, (Law.MU, Law.A)):
        assert quality.snr_db > 33
        assert (quality.lost_samples, quality.repeated_samples) == (0, 0)


def test_mu_law_all_the_way_is_bit_exact() -> None:
    with two_planes(laws=("u", "u")) as (planes, a, b):
        phones = a.phone(1, "u"), b.phone(1, "u")
        connect(a, b)
        planes.run(0.3)
        assert all(quality.exact for quality in talk(planes, *phones, (Law.MU, Law.MU)))


@pytest.mark.parametrize("framing", ["esf", "sf"])
@pytest.mark.parametrize("channels", [[], [Channel(1, "E0", (24,), kind="lapd")]], ids=["speech", "signalling"])
def test_mu_law_over_a_t1_is_bit_exact(framing: str, channels: list[Channel]) -> None:
    with two_planes(laws=("u", "u"), framing=framing, channels=channels) as (planes, a, b):
        phones = a.phone(1, "u"), b.phone(1, "u")
        connect(a, b, circuit=23)
        planes.run(0.4)
        assert all(quality.exact for quality in talk(planes, *phones, (Law.MU, Law.MU)))
        alarms = [[event.alarms for event in side.told(SpanChanged)] for side in (a, b)]
        assert [told[-1] for told in alarms] == [[], []]
        assert a.plane.lines[0].counters()["slips"] == 0


@both_loops
def test_a_call_from_a_t1_to_an_e1_is_transcoded() -> None:
    """A phone on either side of a gateway B, whose T1 goes to A and whose E1 goes to C."""
    first = free_ports(60)
    t1, e1 = f"virtual:t{first}", f"virtual:e{first}"
    spans = [
        [SpanConfiguration("T", t1, "u", "esf")],
        [SpanConfiguration("T", t1, "u", "esf"), SpanConfiguration("E", e1)],
        [SpanConfiguration("E", e1)],
    ]
    a, b, c = (
        Side(Plane(MediaConfiguration(spans=each, rtp_ports=(first + 20 * place, first + 20 * place + 9))))
        for place, each in enumerate(spans)
    )
    planes = Planes(a, b, c)
    phones = a.phone(1, "u"), c.phone(1, "A")
    for side, circuit in ((a, timeslot(24, "T")), (c, timeslot(31, "E"))):
        side.command(Source(leg(1), circuit), Source(circuit, leg(1)))
    b.command(Source(timeslot(24, "T"), timeslot(31, "E")), Source(timeslot(31, "E"), timeslot(24, "T")))
    planes.run(0.4)
    for quality in talk(planes, *phones, (Law.MU, Law.A)):
        assert quality.snr_db > 33
        assert (quality.lost_samples, quality.repeated_samples) == (0, 0)
    for side in (a, b, c):
        side.plane.close()
        for phone in side.phones:
            phone.socket.close()


@pytest.mark.parametrize(("framing", "slot"), [("esf", 24), ("sf", 24), ("crc4", 16), ("basic", 1)])
def test_a_d_channel_carries_frames_both_ways(framing: str, slot: int) -> None:
    with two_planes(framing=framing, channels=[Channel(7, "E0", (slot,), kind="lapd")]) as (planes, a, b):
        planes.run(0.3)
        sabme, ready = bytes.fromhex("00017f"), bytes.fromhex("00010101")
        information = bytes.fromhex("02010000") + bytes(range(256)) * 6
        # Equal frames in a row are two frames; what is in the queue goes behind what was there.
        sent = [[sabme, sabme, ready, information], [ready, ready, ready]]
        for side, frames in zip((a, b), sent, strict=True):
            side.events.clear()
            side.command(SendUnits(7, frames[:2], None))
            side.command(SendUnits(7, frames[2:], None))
        planes.run(0.5)
        for side, frames in zip((b, a), sent, strict=True):
            told = side.told(UnitsReceived)
            assert [unit for event in told for unit in event.units] == frames
            assert {event.channel for event in told} == {7}
            assert sum(event.errored for event in told) == 0
            assert sum(event.good for event in told) == len(frames)


@both_loops
def test_two_legs_and_nothing_else(bench: Bench) -> None:
    planes, a, _ = bench
    one, other = a.phone(1), a.phone(2)
    a.command(Source(leg(1), leg(2)), Source(leg(2), leg(1)))
    for quality in talk(planes, one, other, (Law.A, Law.A)):
        assert quality.exact, quality
        assert quality.delay_ms is not None
        assert quality.delay_ms < 80


@both_loops
def test_timeslot_to_timeslot_in_transit(bench: Bench) -> None:
    """A phone of A over timeslot 3 to B, back over timeslot 9, to the other phone of A."""
    planes, a, b = bench
    one, other = a.phone(1), a.phone(2)
    for endpoint, circuit in ((leg(1), timeslot(3)), (leg(2), timeslot(9))):
        a.command(Source(endpoint, circuit), Source(circuit, endpoint))
    b.command(Source(timeslot(3), timeslot(9)), Source(timeslot(9), timeslot(3)))
    planes.run(0.3)
    assert all(quality.exact for quality in talk(planes, one, other, (Law.A, Law.A)))


def test_without_a_source_silence_is_sent(bench: Bench) -> None:
    planes, a, b = bench
    phone = a.phone(1)
    planes.run(0.5)
    assert len(phone.packets) >= 20
    assert set(phone.heard) == {0xD5}
    assert set(b.plane.matrix.timeslot_rows[1:16].ravel()) == {0xD5}


def test_a_tone_begins_at_its_beginning_and_ends_at_the_next_source(bench: Bench) -> None:
    planes, a, _ = bench
    phone = a.phone(1)
    planes.run(0.1)
    phone.packets.clear()
    a.command(Tone(leg(1), "ringback"))
    planes.run(0.5)
    heard = phone.heard
    start = int(np.flatnonzero(heard != 0xD5)[0]) // 160 * 160
    expected = ToneGenerator("eu", "ringback", Law.A).block(len(heard) - start)
    assert start <= 320
    assert np.array_equal(heard[start:], expected)
    a.command(Source(leg(1), None))
    planes.run(0.1)
    phone.packets.clear()
    planes.run(0.2)
    assert set(phone.heard) == {0xD5}


@both_loops
def test_a_line_that_is_looped_sends_back_what_comes_until_it_is_not(bench: Bench) -> None:
    planes, a, b = bench
    one, other = a.phone(1), b.phone(1)
    connect(a, b)
    b.command(LineTest("E0", loopback=True, remote_alarm=False))
    planes.run(0.3)
    one.packets.clear()
    spoken = encode(probe(4000, 1), Law.A)
    one.speech, one.line_open = spoken.tobytes(), True
    planes.run(0.9)
    quality = measure_octets(spoken, Law.A, one.heard, Law.A)
    assert quality.exact, quality
    assert quality.delay_ms is not None
    assert quality.delay_ms < 200
    b.command(LineTest("E0", loopback=False, remote_alarm=False))
    planes.run(0.2)
    assert all(quality.exact for quality in talk(planes, one, other, (Law.A, Law.A), 0.5))


def test_the_remote_alarm_is_sent_for_a_test(bench: Bench) -> None:
    planes, a, b = bench
    planes.run(0.3)
    a.command(LineTest("E0", loopback=False, remote_alarm=True))
    planes.run(0.4)
    assert b.told(SpanChanged)[-1].alarms == ["RAI"]
    a.command(LineTest("nowhere", loopback=True, remote_alarm=True), LineTest("E0", loopback=False, remote_alarm=False))
    planes.run(0.4)
    assert b.told(SpanChanged)[-1].alarms == []


def test_a_tone_reaches_the_far_side_of_a_span(bench: Bench) -> None:
    planes, a, b = bench
    phone = b.phone(1)
    connect(a, b)
    planes.run(0.3)
    a.command(Tone(timeslot(5), "busy"))
    planes.run(1.0)
    quality = measure_octets(ToneGenerator("eu", "busy", Law.A).block(8000), Law.A, phone.heard, Law.A)
    assert quality.repeated_samples == 0
    assert quality.snr_db > 60


def test_cut_through_from_tone_to_speech_repeats_nothing(bench: Bench) -> None:
    planes, a, _ = bench
    one, other = a.phone(1), a.phone(2)
    spoken = encode(probe(8000), Law.A)
    one.speech = spoken.tobytes()
    one.line_open = True
    a.command(Tone(leg(2), "ringback"))
    planes.run(0.4)
    other.packets.clear()
    a.command(Source(leg(2), leg(1)))
    planes.run(0.9)
    heard = other.heard
    speech = heard[320:] if len(heard) > 320 else heard
    quality = measure_octets(spoken, Law.A, speech, Law.A)
    assert quality.exact or (quality.repeated_samples, quality.unmatched_samples) == (0, 0), quality


def test_closing_tells_what_the_leg_carried_and_silences_its_listeners(bench: Bench) -> None:
    planes, a, _ = bench
    one, other = a.phone(1), a.phone(2)
    a.command(Source(leg(2), leg(1)))
    one.speech = bytes(160 * 20)
    planes.run(0.5)
    a.command(CloseRtp(1))
    planes.run(0.1)
    other.packets.clear()
    planes.run(0.1)
    assert set(other.heard) == {0xD5}
    (closed,) = a.told(RtpClosed)
    assert isinstance(closed, RtpClosed)
    assert closed.leg == 1
    statistics = closed.statistics
    assert (statistics.packets_received, statistics.octets_received, statistics.packets_lost) == (20, 3200, 0)
    assert statistics.packets_sent in (25, 26)


def test_a_port_is_free_again_after_close(bench: Bench) -> None:
    planes, a, _ = bench
    phone = a.phone(1)
    phone.speech = bytes(160 * 10)
    planes.run(0.3)
    a.command(CloseRtp(1))
    a.phones.clear()
    again = a.phone(2)
    again.speech = bytes(160 * 5)
    phone.speech = bytes(160 * 5)
    planes.run(0.3)
    a.command(CloseRtp(2))
    planes.run(0.01)
    closed = a.told(RtpClosed)[-1]
    assert isinstance(closed, RtpClosed)
    assert (closed.leg, closed.statistics.packets_received) == (2, 5)
    phone.socket.close()


def test_hold_stops_sending_and_resume_goes_on(bench: Bench) -> None:
    planes, a, _ = bench
    phone = a.phone(1)
    planes.run(0.2)
    a.command(UpdateRtp(1, "A", 8, phone.address, None, send=False))
    planes.run(0.03)
    before = phone.packets[-1] if phone.packets else b""
    phone.packets.clear()
    planes.run(0.3)
    assert phone.packets == []
    a.command(UpdateRtp(1, "A", 8, phone.address))
    planes.run(0.2)
    first = phone.packets[0]
    assert first[1] == 0x88
    assert int.from_bytes(first[2:4], "big") - int.from_bytes(before[2:4], "big") & 0xFFFF <= 2
    assert int.from_bytes(first[4:8], "big") - int.from_bytes(before[4:8], "big") & 0xFFFFFFFF >= 2400


def test_a_stranger_is_not_heard_once_the_peer_was(bench: Bench) -> None:
    planes, a, _ = bench
    phone, stranger = a.phone(1), Phone()
    stranger.to = phone.to
    phone.speech = bytes(160 * 40)
    planes.run(0.2)
    for _ in range(10):
        stranger.send(8, bytes(160))
        planes.run(0.02)
    assert a.plane.ports.latches[0].latched == phone.address
    stranger.listen()
    assert stranger.packets == []
    assert a.plane.receivers.statistics(0).packets_received <= 20
    stranger.socket.close()


def test_the_peer_may_move_after_silence(bench: Bench) -> None:
    planes, a, _ = bench
    phone, moved = a.phone(1), Phone()
    moved.to = phone.to
    phone.speech = bytes(160 * 5)
    planes.run(2.5)
    moved.speech = bytes(160 * 20)
    a.phones.append(moved)
    planes.run(0.3)
    assert a.plane.ports.latches[0].latched == moved.address
    assert moved.packets


def test_digits_reach_the_signalling_process_and_the_timeslot_as_tones(bench: Bench) -> None:
    planes, a, b = bench
    phone, far = a.phone(1, event_payload_type=101), b.phone(1)
    connect(a, b)
    phone.speech = b"\xd5" * 160 * 10
    planes.run(0.3)
    far.packets.clear()
    for tick in range(1, 9):
        phone.send(101, digit_event("7", 160 * min(tick, 6), end=tick >= 6).encode(), same_time=True)
        planes.run(0.02)
    planes.run(0.3)
    assert a.told(DigitReceived) == [DigitReceived(1, "7", 120)]
    loud = np.flatnonzero(far.heard != 0xD5)
    assert 900 <= loud[-1] - loud[0] <= 1300
    assert not b.told(DigitReceived)


@pytest.mark.parametrize("on", [True, False])
def test_digits_heard_on_a_circuit_are_told_and_relayed_as_events(bench: Bench, on: bool) -> None:
    planes, a, b = bench
    phone, far = a.phone(1), b.phone(1, event_payload_type=101)
    connect(a, b)
    b.command(Detect(timeslot(5)))
    if not on:
        b.command(Detect(timeslot(5), on=False))
    phone.line_open = True
    planes.run(0.3)
    pause = b"\xd5" * 800
    phone.speech = b"".join(dtmf_octets(digit, Law.A, 100).tobytes() + pause for digit in "5#")
    planes.run(0.7)
    told = b.told(DigitHeard)
    events = [parse_events(packet[12:])[0] for packet in far.packets if packet[1] & 0x7F == 101]
    if not on:
        assert not told
        assert not events
        return
    assert [(event.endpoint, event.digit) for event in told] == [(timeslot(5), "5"), (timeslot(5), "#")]
    assert all(90 <= event.duration_ms <= 110 for event in told)
    assert [event.digit for event in events if event.end] == ["5"] * 3 + ["#"] * 3
    assert not a.told(DigitHeard)


def test_digits_heard_on_an_rtp_leg_are_told_until_it_ends(bench: Bench) -> None:
    planes, a, _ = bench
    phone = a.phone(1)
    a.command(Detect(leg(1)))
    phone.line_open = True
    planes.run(0.2)
    phone.speech = dtmf_octets("9", Law.A, 80).tobytes()
    planes.run(0.4)
    assert [(event.endpoint, event.digit) for event in a.told(DigitHeard)] == [(leg(1), "9")]
    a.command(CloseRtp(1))
    planes.run(0.1)
    other = a.phone(2)
    a.command(OpenRtp(2, a.ports[0], "A", 8, other.address))
    other.to = ("127.0.0.1", a.ports[0])
    other.speech = dtmf_octets("9", Law.A, 80).tobytes()
    planes.run(0.4)
    assert len(a.told(DigitHeard)) == 1


def test_a_modem_is_told_in_the_statistics(bench: Bench) -> None:
    planes, a, _ = bench
    phone = a.phone(1)
    phone.speech = encode(sine(2100, -12, 8000), Law.A).tobytes()
    planes.run(0.9)
    a.command(CloseRtp(1))
    planes.run(0.1)
    (closed,) = a.told(RtpClosed)
    assert closed.statistics.modem_hz == 2100


def answer_tone(period: float, depth: float) -> bytes:
    """1.6 s of 2100 Hz in A-law, its phase turned every `period` seconds (0: never)."""
    time = np.arange(12_800) / 8000
    wave = 8000 * (1 + depth * np.sin(2 * np.pi * 15 * time)) * np.sin(2 * np.pi * 2100 * time)
    if period:
        wave *= np.where(np.floor(time / period) % 2, -1, 1)
    return encode(np.rint(wave).astype(np.int16), Law.A).tobytes()


@pytest.mark.parametrize(("period", "depth"), [(0.45, 0.2), (0.45, 0.0), (0.0, 0.0)])
def test_data_modems_have_the_line_at_its_own_level_and_fax_machines_keep_the_gain(
    bench: Bench, period: float, depth: float
) -> None:
    planes, a, b = bench
    phone, far = a.phone(1), b.phone(1)
    a.command(Source(timeslot(5), leg(1), gain=6.0), Source(leg(1), timeslot(5), gain=-3.0))
    b.command(Source(leg(1), timeslot(5)), Source(timeslot(5), leg(1)))
    phone.line_open = far.line_open = True
    phone.speech = answer_tone(period, depth)
    planes.run(1.8)
    data = np.random.default_rng(7).integers(0, 256, 160 * 40, np.uint8).tobytes()
    phone.speech, far.speech = data, data[::-1]
    planes.run(1.0)
    middle = slice(160 * 10, 160 * 30)
    untouched = [data[middle] in far.heard.tobytes(), data[::-1][middle] in phone.heard.tobytes()]
    a.command(CloseRtp(1))
    planes.run(0.1)
    (closed,) = a.told(RtpClosed)
    known = closed.statistics
    assert (known.modem_hz, known.modem_reversals, known.modem_modulated) == (2100, period > 0, depth > 0)
    assert untouched == [period > 0] * 2


def test_what_sounds_like_a_digit_in_the_noise_of_a_modem_is_none(bench: Bench) -> None:
    planes, a, b = bench
    phone = a.phone(1)
    connect(a, b)
    a.command(Detect(leg(1)))
    digit = dtmf_octets("7", Law.A, 100).tobytes()
    phone.speech = b"\xd5" * 800 + digit + b"\xd5" * 800 + answer_tone(0.0, 0.0)[:4800] + digit + b"\xd5" * 1600
    planes.run(1.6)
    assert [event.digit for event in a.told(DigitHeard)] == ["7"], "that before the modem"


def test_octets_that_are_no_speech_are_never_made_up(bench: Bench) -> None:
    planes, a, b = bench
    phone, far = a.phone(1), b.phone(1)
    for side in (a, b):
        side.command(Source(leg(1), timeslot(5), transparent=True), Source(timeslot(5), leg(1), transparent=True))
    data = np.random.default_rng(5).integers(0, 256, 160 * 50, np.uint8).tobytes()
    phone.speech = data
    planes.run(0.4)
    phone._sequence += 1
    phone._timestamp += 160
    phone.speech = phone.speech[160:]
    planes.run(0.8)
    heard = far.heard.tobytes()
    start = heard.index(data[160 * 5 : 160 * 6]) - 160 * 5
    lost = next(block for block in range(8, 50) if heard[start + 160 * block :][:160] != data[160 * block :][:160])
    assert heard[start + 160 * lost :][:160] == b"\xd5" * 160
    assert heard[start + 160 * (lost + 1) : start + 160 * 45] == data[160 * (lost + 1) : 160 * 45]


def test_digits_are_relayed_to_rtp_as_events(bench: Bench) -> None:
    planes, a, _ = bench
    one, other = a.phone(1, event_payload_type=101), a.phone(2, event_payload_type=96)
    a.command(Source(leg(2), leg(1)))
    planes.run(0.1)
    for tick in range(1, 7):
        one.send(101, digit_event("#", 160 * min(tick, 4), end=tick >= 4).encode(), same_time=True)
        planes.run(0.02)
    planes.run(0.2)
    events = [packet for packet in other.packets if packet[1] & 0x7F == 96]
    blocks = [parse_events(packet[12:])[0] for packet in events]
    assert {block.digit for block in blocks} == {"#"}
    assert [block.end for block in blocks][-3:] == [True] * 3
    assert blocks[-1].duration >= 640
    assert len({packet[4:8] for packet in events}) == 1
    numbers = [int.from_bytes(packet[2:4], "big") for packet in other.packets]
    assert all(later - earlier & 0xFFFF == 1 for earlier, later in pairwise(numbers))


def test_a_digit_told_in_signalling_is_played_and_relayed(bench: Bench) -> None:
    """As if it had come as a telephone-event on that leg: DTMF into a timeslot, an event towards RTP that takes it."""
    planes, a, b = bench
    phone, far = a.phone(1), b.phone(1)
    other = a.phone(2, event_payload_type=96)
    connect(a, b)
    a.command(Source(leg(2), leg(1)))
    phone.speech = b"\xd5" * 160 * 10
    planes.run(0.2)
    far.packets.clear()
    a.command(PlayDigit(1, "#", 120), PlayDigit(1, "x", 120), PlayDigit(9, "#", 120))
    planes.run(0.4)
    loud = np.flatnonzero(far.heard != 0xD5)
    assert 900 <= loud[-1] - loud[0] <= 1300
    blocks = [parse_events(packet[12:])[0] for packet in other.packets if packet[1] & 0x7F == 96]
    assert {block.digit for block in blocks} == {"#"}
    assert blocks[-1].duration == 960


def test_silence_of_a_leg_is_told_again_and_again(bench: Bench) -> None:
    planes, a, _ = bench
    phone = a.phone(1)
    a.command(OpenRtp(1, a.ports[0], "A", 8, phone.address, silence_seconds=2.0))
    planes.run(1.0)
    phone.speech = bytes(160 * 100)
    planes.run(2.0)
    assert not a.told(RtpSilent)
    planes.run(6.5)
    assert len(a.told(RtpSilent)) in (2, 3)
    phone.speech = bytes(160 * 200)
    before = len(a.told(RtpSilent))
    planes.run(3.0)
    assert len(a.told(RtpSilent)) == before


def test_speech_by_srtp(bench: Bench) -> None:
    """Both ways through a circuit; packets before the keys, and packets of strangers, are not heard."""
    planes, a, b = bench
    phone, far = a.phone(1), b.phone(1)
    connect(a, b)
    keys = SrtpKeys("AES_CM_128_HMAC_SHA1_80", bytes(range(30)), bytes(range(30, 60)))
    a.command(OpenRtp(1, a.ports[0], "A", 8, phone.address, secure=True))
    connect(a, b)
    peer = SecureLeg(SrtpKeys(keys.suite, keys.receive, keys.send))
    plain = phone.socket
    phone.socket = SecureSocket(plain, peer)  # type: ignore[assignment]
    phone.speech = bytes([0x55]) * 160 * 20
    planes.run(0.3)
    assert a.plane.receivers.packets(0) == 0
    assert not phone.packets, "nothing is sent in the clear while SRTP is on offer"
    a.command(UpdateRtp(1, "A", 8, phone.address, keys=keys))
    results = talk(planes, phone, far, (Law.A, Law.A))
    assert all(quality.exact for quality in results)
    lost = a.plane.receivers.packets(0)
    plain.sendto(pack_header(8, 9999, 0, 0xABCD) + bytes(160), phone.to or ("", 0))
    planes.run(0.1)
    assert a.plane.receivers.packets(0) <= lost + 6
    a.command(UpdateRtp(1, "A", 8, phone.address))
    phone.socket = plain
    phone.packets.clear()
    phone.line_open = True
    planes.run(0.3)
    assert {len(packet) for packet in phone.packets} == {172}


def test_signal_units_cross_both_ways_and_repeats_do_not(bench: Bench) -> None:
    planes, a, b = bench
    fisu = b"\x7f\xff\x00"
    for side in (a, b):
        side.command(SendUnits(1, [], fisu))
    planes.run(0.4)
    b.events.clear()
    units = [bytes([number, 0x80, 20]) + bytes(20) for number in range(30)]
    a.command(SendUnits(1, units, fisu))
    planes.run(0.6)
    received = [event for event in b.told(UnitsReceived) if isinstance(event, UnitsReceived)]
    delivered = [unit for event in received for unit in event.units if unit != fisu]
    assert delivered == units
    assert sum(event.errored for event in received) == 0
    assert sum(len(event.units) for event in received) <= len(units) + 1
    planes.run(1.1)
    last = b.told(UnitsReceived)[-1]
    assert isinstance(last, UnitsReceived)
    assert (last.units, last.errored) == ([], 0)
    assert last.good > 50


def test_signalling_does_not_disturb_speech(bench: Bench) -> None:
    planes, a, b = bench
    phones = a.phone(1), b.phone(1)
    connect(a, b, 17)
    planes.run(0.3)
    a.command(SendUnits(1, [bytes([number]) * 100 for number in range(60)], b"\x7f\xff\x00"))
    assert all(quality.exact for quality in talk(planes, *phones, (Law.A, Law.A)))


@pytest.mark.parametrize("milliseconds", [4, 9, 15, 18])
@pytest.mark.parametrize("held", [0, 1], ids=["speaker", "hearer"])
def test_speech_bears_a_machine_that_holds_the_process_up(bench: Bench, milliseconds: int, held: int) -> None:
    """At any moment of the tick, with signalling on the span, for less than is in the elastic store."""
    planes, a, b = bench
    phones = a.phone(1), b.phone(1)
    connect(a, b, 17)
    for side in (a, b):
        side.command(SendUnits(1, [], b"\x7f\xff\x00"))
    planes.run(0.3)
    run, side = planes.run, (a, b)[held]

    def run_held_up(seconds: float) -> None:
        for step in range(round(seconds / 0.061)):
            side.held_until = planes.now + milliseconds / 1000
            if step % 5 == 0:
                side.command(SendUnits(1, [bytes([step, 0x80]) * 50], b"\x7f\xff\x00"))
            run(0.061)

    planes.run = run_held_up  # type: ignore[method-assign]
    assert all(quality.exact for quality in talk(planes, *phones, (Law.A, Law.A), 1.5))
    for line in (*a.plane.lines, *b.plane.lines):
        counters = line.counters()
        assert (counters["speech_underruns"], counters["slips"]) == (0, 0)


def test_a_longer_stall_costs_what_it_took_and_speech_goes_on(bench: Bench) -> None:
    planes, a, b = bench
    phones = a.phone(1), b.phone(1)
    connect(a, b, 17)
    planes.run(0.3)
    a.held_until = planes.now + 0.3
    planes.run(1.0)
    assert a.plane.speech.skipped > 0
    assert all(quality.exact for quality in talk(planes, *phones, (Law.A, Law.A)))


def test_alarms_come_and_go(bench: Bench) -> None:
    planes, a, b = bench
    planes.run(0.5)
    assert a.told(SpanChanged)[0] == SpanChanged("E0", ["LOS"])
    assert a.told(SpanChanged)[-1] == SpanChanged("E0", [])
    line = a.plane.lines[0].span.line  # type: ignore[attr-defined]
    line.cut = True
    planes.run(0.5)
    assert a.told(SpanChanged)[-1] == SpanChanged("E0", ["LOS"])
    assert set(a.plane.matrix.timeslot_rows.ravel()) == {0xD5}
    assert b.told(SpanChanged)[-1] == SpanChanged("E0", ["LOS"])
    line.cut = False
    planes.run(0.5)
    assert a.told(SpanChanged)[-1] == SpanChanged("E0", [])


def test_reports_come_every_second(bench: Bench) -> None:
    planes, a, _ = bench
    planes.run(3.05)
    reports = [event for event in a.told(MediaReport) if isinstance(event, MediaReport)]
    assert [report.ticks for report in reports] == [51, 101, 151]
    assert all(report.worst_late_ms < 1.5 for report in reports)
    assert reports[-1].spans["E0"]["slips"] == 0
    assert reports[-1].spans["E0"]["speech_underruns"] == 0


def test_several_spans_without_signalling() -> None:
    with two_planes(spans=3) as (planes, a, b):
        phones = a.phone(1), b.phone(1)
        for side in (a, b):
            circuit = timeslot(31, "E2")
            side.command(Source(leg(1), circuit), Source(circuit, leg(1)))
        planes.run(0.3)
        assert all(quality.exact for quality in talk(planes, *phones, (Law.A, Law.A)))


def test_commands_for_what_does_not_exist_are_passed_over(bench: Bench) -> None:
    planes, a, _ = bench
    a.command(
        Source(leg(99), timeslot(1)),
        Source(timeslot(1, "nowhere"), None),
        Source(timeslot(40), None),
        Tone(leg(99), "busy"),
        Tone(timeslot(1), "no such tone"),
        CloseRtp(99),
        UpdateRtp(99, "A", 8),
        SendUnits(99, [b"abc"], None),
    )
    planes.run(0.1)


@pytest.mark.parametrize(
    ("configuration", "error", "word"),
    [
        (MediaConfiguration(spans=[SpanConfiguration("x", "foo:1")], rtp_ports=(2, 1)), SpanError, "foo"),
        (MediaConfiguration(channels=[Channel(1, "x", (16,))], rtp_ports=(2, 1)), ConfigurationError, "'x'"),
        (MediaConfiguration(tones="atlantis", rtp_ports=(2, 1)), ConfigurationError, "atlantis"),
        (MediaConfiguration(rtp_address="192.0.2.1"), PortError, "192.0.2.1"),
    ],
    ids=["span", "channel", "tones", "address"],
)
def test_what_cannot_be_had_is_named(configuration: MediaConfiguration, error: type[Exception], word: str) -> None:
    with pytest.raises(error, match=word):
        Plane(configuration)


def test_a_port_that_is_taken_is_named(bench: Bench) -> None:
    _, a, _ = bench
    with pytest.raises(PortError, match=str(a.ports[0])):
        Plane(MediaConfiguration(rtp_ports=(a.ports[0], a.ports[-1])))


def test_quanta_go_together_and_with_signal_units_in_them_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_ports(1)
    device = f"satop:listen=127.0.0.1:{port},peer=127.0.0.1:{port},frames=8,burst=5"
    plane = Plane(
        MediaConfiguration(spans=[SpanConfiguration("E", device)], channels=[Channel(1, "E", (16,))], rtp_ports=(2, 1))
    )
    written: list[tuple[int, int]] = []

    def write(frames: np.ndarray, now: float) -> None:
        written.append((round(1000 * now), len(frames)))

    def run(first: int, last: int) -> None:
        for millisecond in range(first, last):
            if millisecond * 1000 % plane.period == 0:
                while plane.serve(millisecond / 1000 + 1e-6):
                    pass

    try:
        monkeypatch.setattr(plane.lines[0].span, "write", write)
        plane.begin(0.0)
        run(0, 103)
        assert plane.period == 5000
        assert written == [(millisecond, 40) for millisecond in range(10, 101, 5)]
        written.clear()
        assert not plane.commands_can_wait(0.103 + 1e-6), "a burst may go at once"
        plane.command(SendUnits(1, [b"a unit of signalling"], None))
        plane.serve(0.103 + 1e-6)
        run(104, 403)
        assert written == [(103, 40)] + [(millisecond, 40) for millisecond in range(110, 401, 5)]
        written.clear()
        plane.command(SendUnits(1, [b"so many units of signalling"] * 18, None))  # 70 ms of the line
        plane.serve(0.403 + 1e-6)
        assert written == [(403, 40), (403, 40)], "not more than two bursts early"
        assert plane.commands_can_wait(0.403 + 1e-6)
        run(404, 600)
        early = [(millisecond, 40) for millisecond in range(405, 461, 5)]
        assert written[2:] == early + [(millisecond, 40) for millisecond in range(475, 600, 5)]
        assert plane.lines[0].underruns == 0
    finally:
        plane.close()


@pytest.mark.parametrize(("channels", "waits"), [([Channel(1, "E", (16,))], True), ([], False)])
def test_commands_can_wait_for_the_next_quantum_of_signalling(channels: list[Channel], waits: bool) -> None:
    plane = Plane(MediaConfiguration(spans=[SpanConfiguration("E", "virtual:x")], channels=channels, rtp_ports=(2, 1)))
    try:
        plane.begin(0.0)
        plane.serve(0.0)
        assert plane.commands_can_wait(0.0) is waits
    finally:
        plane.close()
