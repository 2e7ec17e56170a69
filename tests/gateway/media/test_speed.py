"""The compiled loops beside what they stand for; packets of any kind, in any order, leave both in the same state."""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.gateways import free_ports
from support.media_plane import Phone
from support.spans import spec_pair

from tandem.codecs.g711 import Law, encode
from tandem.codecs.modem_tones import MATRIX, TABLES
from tandem.codecs.rtp import pack_header
from tandem.codecs.telephone_event import digit_event
from tandem.gateway.media import speed
from tandem.gateway.media.digits import EventInProgress
from tandem.gateway.media.jitter import BLOCK, DEEPEST, JitterBuffers
from tandem.gateway.media.line import SignallingChannel, SpanLine
from tandem.gateway.media.matrix import USUAL_TABLES, Matrix, Rendering
from tandem.gateway.media.modem import ModemListener
from tandem.gateway.media.ports import RtpPorts
from tandem.gateway.media.protocol import Channel
from tandem.gateway.media.receive import RECEIVED, ROW, Receivers
from tandem.gateway.media.transmit import _PACKET as PACKET
from tandem.gateway.media.transmit import Transmitters
from tandem.hardware import speed as line_speed
from tandem.hardware.framing.e1_framer import E1Framer
from tandem.hardware.framing.hdlc import HdlcTransmitter
from tandem.hardware.registry import open_span
from tandem.hardware.satop import SatopTransmitter
from tandem.hardware.satop_udp import SatopUdpSpan
from tandem.hardware.span import TIMESLOTS

speedups = speed.speedups
pytestmark = pytest.mark.skipif(speedups is None, reason="Tandem was installed here without a C compiler")

LEGS = 5
EVENT = 101


def pair(least_ms: int, most_ms: int) -> tuple[Receivers, Receivers]:
    """The same legs twice, the second without the compiled loops."""
    compiled = Receivers(LEGS, least_ms, most_ms)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "speedups", None)
        python = Receivers(LEGS, least_ms, most_ms)
    for receivers in (compiled, python):
        for leg in range(LEGS - 1):  # the last is nobody's
            receivers.open(leg, "Au"[leg % 2], 8 * (1 - leg % 2), EVENT)
    return compiled, python


def state(receivers: Receivers) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in (*vars(receivers).items(), *vars(receivers.jitter).items()):
        if isinstance(value, np.ndarray) and name not in ("_others", "_flat"):
            found[name] = value.tobytes()
        elif isinstance(value, dict) and name != "_legs":
            found[name] = dict(value)
    return found


def kinds() -> st.SearchStrategy[tuple[str, int]]:
    plain = st.tuples(st.just("plain"), st.just(0))
    odd = st.sampled_from(
        [
            *("lost", "late", "twice", "marker", "other", "event", "noise", "short", "long", "source"),
            *("rubbish", "empty", "cut", "version"),
        ]
    )
    return st.one_of(plain, plain, plain, st.tuples(odd, st.integers(0, 2**32 - 1)))


class Peer:
    """Sends what it is told to."""

    def __init__(self, leg: int, sequence: int, timestamp: int) -> None:
        self.leg, self.sequence, self.timestamp, self.ssrc = leg, sequence, timestamp, leg + 1
        self.payload_type = 8 * (1 - leg % 2)

    def packet(self, kind: str, number: int) -> bytes:
        sequence, timestamp, payload_type, size = self.sequence, self.timestamp, self.payload_type, BLOCK
        if kind == "rubbish":
            return np.random.default_rng(number).bytes(number % ROW)
        if kind == "late":
            sequence, timestamp = sequence - 1 - number % 3, timestamp - BLOCK * (1 + number % 3)
        elif kind == "lost":
            self.sequence += 1 + number % 4
            self.timestamp += BLOCK * (1 + number % 4)
            sequence, timestamp = self.sequence, self.timestamp
        elif kind == "source":
            self.ssrc = number
        elif kind == "other":
            payload_type = number % 128
        elif kind == "noise":
            payload_type, size = 13, 1
        elif kind == "short":
            size = number % BLOCK
        elif kind == "long":
            size = BLOCK + number % 800
        body = np.random.default_rng(sequence % 97).bytes(size)
        if kind == "event":
            payload_type, body = EVENT, digit_event("5", BLOCK).encode()
        if kind not in ("late", "twice"):
            self.sequence, self.timestamp = sequence + 1, timestamp + max(size, BLOCK)
        header = pack_header(payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, self.ssrc, kind == "marker")
        packet = header + body
        if kind == "version":
            return bytes([number % 256]) + packet[1:]
        return packet[: {"empty": 0, "cut": number % len(packet)}.get(kind)]


@given(
    st.lists(st.lists(st.tuples(st.integers(0, LEGS - 1), kinds()), max_size=8), max_size=40),
    st.sampled_from([(20, 200), (20, 40), (60, DEEPEST // 8)]),
    st.integers(0, 65535),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=150)
def test_packets_of_any_kind(ticks, depth, sequence, timestamp):
    receivers = pair(*depth)
    peers = [Peer(leg, sequence, timestamp) for leg in range(LEGS)]
    rows = [np.zeros((LEGS, BLOCK), np.uint8) for _ in receivers]
    for tick, arrivals in enumerate(ticks):
        batches: list[dict[int, bytes]] = [{}]
        for leg, (kind, number) in arrivals:
            if leg in batches[-1]:
                batches.append({})
            batches[-1][leg] = peers[leg].packet(kind, number)
        for batch in batches:
            packets = np.zeros(len(batch), RECEIVED)
            octets = packets.view(np.uint8).reshape(len(batch), ROW)
            for place, packet in enumerate(batch.values()):
                octets[place, : len(packet)] = np.frombuffer(packet, np.uint8)
            lengths = np.array([len(packet) for packet in batch.values()], np.intp)
            for each in receivers:
                each.receive(np.array(list(batch), np.intp), packets, lengths, 1000 + tick / 50)
        for each, played in zip(receivers, rows, strict=True):
            each.jitter.play(played)
        for each in receivers if tick % 5 == 4 else ():
            before = each.heard.copy()
            told = each.silent(1000 + (tick - 10) / 50)
            assert told == [leg for leg in range(LEGS) if -np.inf < before[leg] < 1000 + (tick - 10) / 50]
        if tick % 7 == 6:  # another call on the same port
            for each in receivers:
                each.end(tick % LEGS)
                each.open(tick % LEGS, "uA"[tick % 2], 8 * (tick % 2), EVENT)
        assert state(receivers[0]) == state(receivers[1])
        assert receivers[0].events == receivers[1].events
        assert (rows[0] == rows[1]).all()
    for leg in range(LEGS):
        assert receivers[0].statistics(leg) == receivers[1].statistics(leg)


def renderings(matrix: Matrix, sinks: np.ndarray) -> tuple[Rendering, Rendering]:
    """The compiled one, and that which it stands for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "speedups", None)
        plain = Rendering(matrix, sinks)
    return Rendering(matrix, sinks), plain


@given(st.integers(1, 2), st.booleans(), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_timeslots_that_hear_anybody(lines, usual, seed):
    random = np.random.default_rng(seed)
    legs, timeslots = 3, TIMESLOTS * lines
    matrix = Matrix(legs, timeslots)
    for endpoint in range(matrix.sinks):
        matrix.set_law(endpoint, "Au"[random.integers(2)])
    for sink in random.permutation(matrix.sinks).tolist():
        source = int(random.integers(-1, matrix.sinks))
        gain = 0.0 if usual else float(random.choice([0.0, 0.0, 3.0, -6.0]))
        transparent = not usual and bool(random.integers(8) == 0)
        matrix.set_source(sink, None if source < 0 else source, transparent, gain)
    assert matrix.is_usual or not usual
    matrix.rows[:] = random.integers(0, 256, matrix.rows.shape, np.uint8)
    for endpoint in range(matrix.sinks):
        found = matrix.listeners(endpoint)
        assert found == np.flatnonzero(matrix.source == matrix.row(endpoint)).tolist()
        assert {type(sink) for sink in found} <= {int}
    rendering, plain = renderings(matrix, np.arange(legs, matrix.sinks))
    frames = rendering.frames()
    assert frames.tolist() == plain.frames().tolist()
    chosen = random.permutation(matrix.sinks)[: random.integers(matrix.sinks + 1)]
    packets = np.zeros((3, matrix.sinks, 12 + BLOCK), np.uint8)
    rendering, plain = renderings(matrix, chosen)
    rendering.render_into(packets[0], 12)
    plain.render_into(packets[1], 12)
    packets[2, rendering.order, 12:] = rendering.render()
    assert (packets[0] == packets[1]).all()
    assert (packets[2] == packets[1]).all()
    matrix.receive_lines(0, list(frames))
    assert (matrix.timeslot_rows == np.concatenate([line.T for line in frames])).all()


@given(
    st.integers(1, 2),
    st.lists(st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70), st.integers(0, 999)), max_size=6), max_size=9),
)
@settings(max_examples=60, deadline=None)
def test_lines_are_filled_with_what_has_changed(lines, ticks):
    legs, timeslots = 3, TIMESLOTS * lines
    matrix = Matrix(legs, timeslots)
    speech = [np.full((3 * BLOCK, TIMESLOTS), 7, np.uint8) for _ in range(lines)]
    shown = np.full((lines, 3, TIMESLOTS), -1, np.int16)
    columns = matrix.rows, matrix.source, matrix.mu.view(np.uint8), USUAL_TABLES
    filler = speedups.LineFiller(speech, columns, matrix.leg_row, legs, shown)
    for block, changes in enumerate(ticks):
        for sink, source, number in changes:
            sink, source = sink % matrix.sinks, source % matrix.sinks
            matrix.set_source(sink, None if number % 5 == 4 else source)
            if number % 7 == 6:
                matrix.set_law(source, "Au"[number % 2])
            random = np.random.default_rng(number)
            matrix.rows[matrix.row(source)] = number % 256 if number % 3 else random.integers(0, 256, BLOCK, np.uint8)
            if number % 11 == 10:
                speech[sink % lines][:] = number % 256
                filler.forget(sink % lines)
        _, plain = renderings(matrix, np.arange(legs, matrix.sinks))
        start = block % 3 * BLOCK
        for line, frames in enumerate(plain.frames()):
            filler.fill(line, block)
            assert (speech[line][start : start + BLOCK] == frames).all()


def test_lines_that_are_not_there_are_not_filled():
    matrix, line = Matrix(1, TIMESLOTS), np.zeros((2 * BLOCK, TIMESLOTS), np.uint8)
    columns = matrix.rows, matrix.source, matrix.mu.view(np.uint8), USUAL_TABLES
    shown = np.full((1, 2, TIMESLOTS), -1, np.int16)
    for lines, arrays, wrong, message in (
        ([line[1:].copy()], columns, shown, "whole blocks"),
        ([line[:, 1:].copy()], columns, shown, "whole blocks"),
        ([line, line], columns, shown, "32 timeslots"),
        ([line], columns, shown[:, :, 1:].copy(), "32 timeslots"),
        ([line], columns, shown[:, :0].copy(), "32 timeslots"),
        ([line], (matrix.rows[:, 1:].copy(), *columns[1:]), shown, "160 octets"),
        ([line], (*columns[:3], USUAL_TABLES[:, 1:].copy()), shown, "160 octets"),
    ):
        with pytest.raises(ValueError, match=message):
            speedups.LineFiller(lines, arrays, matrix.leg_row, 1, wrong)
    with pytest.raises(ValueError, match="160 octets"):
        speedups.LineFiller([line], columns, 1, 1, shown)
    filler = speedups.LineFiller([line], columns, matrix.leg_row, 1, shown)
    for number, block in ((1, 0), (-1, 0), (0, -1)):
        with pytest.raises(IndexError):
            filler.fill(number, block)
    with pytest.raises(IndexError):
        filler.forget(1)
    for row in (len(matrix.rows), -1):
        matrix.source[1] = row
        with pytest.raises(IndexError):
            filler.fill(0, 0)
    with pytest.raises(IndexError):
        speedups.LineFiller([line], columns, matrix.leg_row, 2, shown).fill(0, 0)


@given(st.lists(st.sampled_from("Au"), min_size=64, max_size=64), st.sampled_from([None, 0, 40]))
def test_frames_of_silence_are_made_once(laws, gained):
    matrix = Matrix(0, 64)
    for sink, law in enumerate(laws):
        matrix.set_law(sink, law)
    if gained is not None:
        matrix.set_source(gained, 1, gain=3.0)
        matrix.set_source(gained, None)
    rendering, plain = renderings(matrix, np.arange(64))
    frames = rendering.frames()
    assert frames.tolist() == plain.frames().tolist()
    matrix.rows[matrix.row(5)] = 7  # what comes in on a timeslot is heard by nobody
    assert rendering.frames() is frames
    matrix.set_source(9, 5)
    rendering, plain = renderings(matrix, np.arange(64))
    for octet in (7, 8):
        matrix.rows[matrix.row(5)] = octet
        assert rendering.frames().tolist() == plain.frames().tolist()
        assert (rendering.frames()[0, :, 9] != frames[0, :, 9]).all()


def test_sinks_without_a_place():
    source, mu, sinks = np.zeros(4, np.intp), np.zeros(12, np.uint8), np.arange(4)
    with pytest.raises(ValueError, match="each sink"):
        speedups.choose(source, mu, sinks, 2, np.zeros(3, np.intp), np.zeros(4, np.uint8))
    for wrong in (sinks + 1, sinks - 1):
        with pytest.raises(IndexError):
            speedups.choose(source, mu, wrong, 2, np.zeros(4, np.intp), np.zeros(4, np.uint8))


@given(st.integers(1, 12), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.1, 0.5, 0.6, 3.0]))
@settings(max_examples=100)
def test_rows_that_may_be_tones(count, seed, noise):
    random = np.random.default_rng(seed)
    matrix = Matrix(9, 0)
    matrix.mu[:] = random.integers(0, 2, len(matrix.mu))
    for row in range(len(matrix.rows)):
        level, law = 10 ** random.uniform(1, 4), Law.MU if matrix.mu[row] else Law.A
        wave = np.sin(2 * np.pi * random.choice([1100, 2100, 2096, 440]) / 8000 * np.arange(BLOCK))
        pcm = level * (wave + noise * random.standard_normal(BLOCK))
        matrix.rows[row] = encode(np.clip(pcm, -32768, 32767).astype(np.int16), law)
    rows = random.integers(0, len(matrix.rows), count)
    listener = ModemListener(matrix, JitterBuffers(9))
    listener._samples, listener._places = np.empty((count, BLOCK), np.float32), np.empty(count, np.intp)
    found = listener._tones_of(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "speedups", None)
        expected = listener._tones_of(rows)
    assert expected is not None
    assert expected.tolist() == ([0] * count if found is None else found.tolist())


@given(
    st.integers(0, 2**32 - 1), st.lists(st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=4), max_size=40)
)
@settings(max_examples=60)
def test_modems_on_any_legs(seed, ticks):
    random = np.random.default_rng(seed)
    matrix = Matrix(9, 0)
    listeners = [ModemListener(matrix, JitterBuffers(9))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "speedups", None)
        listeners.append(ModemListener(matrix, JitterBuffers(9)))
    tones = encode((8000 * np.sin(2 * np.pi * 2100 / 8000 * np.arange(BLOCK))).astype(np.int16), Law.A)
    for changes in ticks:
        for leg, is_open in changes:
            for listener in listeners:
                (listener.open if is_open else listener.close)(leg)
            matrix.set_source(leg, int(random.integers(9)) if random.integers(2) else None)
            row = matrix.row(int(random.integers(9)))
            kind = random.integers(4)
            matrix.rows[row] = tones if kind < 2 else kind if kind < 3 else random.integers(0, 256, BLOCK, np.uint8)
        found = [listeners[0].listen()]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(speed, "speedups", None)
            found.append(listeners[1].listen())
        assert found[0] == found[1]
        for name in ("_heard", "tone", "_open"):
            assert getattr(listeners[0], name).tolist() == getattr(listeners[1], name).tolist()
        assert listeners[0]._followed == listeners[1]._followed


def test_ears_that_do_not_fit():
    legs, matrix = (np.ones(3, np.uint8), np.zeros(3, np.int64)), Matrix(2, 0)
    common = matrix.rows, matrix.source, matrix.mu.view(np.uint8), 2
    tones = TABLES, MATRIX, 0.0, 0.0
    for wrong in (
        ((matrix.rows[:, 1:].copy(), *common[1:]), tones),
        (common, (TABLES[:, 1:].copy(), *tones[1:])),
        (common, (TABLES, MATRIX[1:].copy(), 0.0, 0.0)),
        (common, (TABLES, MATRIX[:, 1:].copy(), 0.0, 0.0)),
    ):
        with pytest.raises(ValueError, match=r"six tones|256 samples"):
            speedups.ModemEars(legs, *wrong)
    ears = speedups.ModemEars(legs, common, tones)
    assert not ears.listen(0, 5)
    for turn in (2, -1, 5):  # of a leg that has no source, and none at all
        with pytest.raises(IndexError):
            ears.listen(turn, 5)
    matrix.source[0] = 9
    with pytest.raises(IndexError):
        ears.listen(0, 5)


@given(st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_headers_of_a_tick(legs, seed):
    random = np.random.default_rng(seed)
    speaking = np.flatnonzero(random.integers(0, 2, legs))
    found = []
    for compiled in (True, False):
        transmitters = Transmitters.__new__(Transmitters)
        transmitters._packets = np.zeros(legs, PACKET)
        transmitters._fields = {name: transmitters._packets[name] for name in ("sequence", "timestamp")}
        for place, name in enumerate(("sequence", "timestamp")):
            drawn = np.random.default_rng(seed + place).integers(0, 2**32, legs, np.uint32)
            transmitters._fields[name][:] = drawn | (0xFFFF if place == 0 and seed % 2 else 0)
        transmitters._clock = np.random.default_rng(seed + 2).integers(0, 2**32, legs, np.uint32)
        transmitters._sent, transmitters._octets = np.arange(legs), np.arange(legs)
        octets = transmitters._packets.view(np.uint8).reshape(legs, PACKET.itemsize)
        if compiled:
            speedups.advance(octets, transmitters._clock, speaking, transmitters._sent, transmitters._octets)
        else:
            transmitters._advance(speaking)
        found.append((octets.tolist(), transmitters._sent.tolist(), transmitters._octets.tolist()))
    assert found[0] == found[1]


class Departing:
    """Legs that send to a socket."""

    def __init__(self) -> None:
        first = free_ports(2 * LEGS)
        self.ports = RtpPorts("127.0.0.1", first, first + 2 * LEGS - 1)
        self.matrix = Matrix(LEGS, 0)
        self.transmitters = Transmitters(self.matrix, self.ports)
        self.phone = Phone()
        self.random = np.random.default_rng(0)

    def act(self, leg: int, what: str, number: int) -> None:
        transmitters, is_open = self.transmitters, leg in self.ports.latches
        if what == "open" and not is_open:
            self.ports.open(leg, self.phone.address)
            transmitters.open(leg, 8, EVENT if number % 2 else None)
        elif what == "source":
            self.matrix.set_source(leg, number % LEGS, gain=3.0 * (number % 7 == 6), transparent=number % 11 == 10)
            transmitters.refresh()
        elif what == "law":
            self.matrix.set_law(leg, "Au"[number % 2])
            transmitters.refresh()
        elif not is_open:
            return
        elif what == "close":
            transmitters.close(leg)
            self.ports.close(leg)
        elif what == "latch":
            self.ports.latches[leg].latched = self.phone.address
            self.ports._sockets[leg].connect(self.phone.address)
            transmitters.refresh([leg])
        elif what == "update":
            times = (20, 20, 20, 10, 40)
            arguments = EVENT if number % 2 else None, number % 4 > 0, times[number % 5], number % 3 == 2
            transmitters.update(leg, number % 128, *arguments)
        elif what == "event" and transmitters.takes_events(leg):
            transmitters.start_event(leg, EventInProgress(number % 16, 10, 0, 160 * (number % 4), ended=True))

    def tick(self) -> tuple[object, ...]:
        self.matrix.rows[2:] = self.random.integers(0, 256, self.matrix.rows[2:].shape, np.uint8)
        self.transmitters.prepare()
        pauses = len(list(self.transmitters.batches()))
        self.phone.packets.clear()
        self.phone.listen()
        found = [getattr(self.transmitters, name).tobytes() for name in ("_packets", "_clock", "_sent", "_octets")]
        return pauses, sorted(self.phone.packets), self.ports.send_errors, found


deeds = st.tuples(
    st.integers(0, LEGS - 1),
    st.sampled_from(["open", "open", "open", "source", "law", "close", "latch", "update", "event"]),
    st.integers(0, 999),
)


@given(st.lists(st.lists(deeds, max_size=4), max_size=25))
@example([[(leg, "open", leg), (leg, "source", leg + 1)] for leg in range(LEGS)] + [[]] * 3)
@settings(max_examples=60, deadline=None)
def test_legs_that_send_anything(ticks):
    sides = []
    for plain in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            if plain:
                patch.setattr(speed, "speedups", None)
            sides.append(Departing())
    try:
        for tick, acts in enumerate(ticks):
            found = []
            for plain, side in enumerate(sides):
                with pytest.MonkeyPatch.context() as patch:
                    if plain:
                        patch.setattr(speed, "speedups", None)
                    patch.setattr(os, "urandom", np.random.default_rng(tick).bytes)
                    for leg, what, number in acts:
                        side.act(leg, what, number)
                    found.append(side.tick())
            assert found[0] == found[1]
    finally:
        for side in sides:
            side.ports.close_all()
            side.phone.socket.close()


def test_packets_that_do_not_fit_are_not_sent():
    legs = np.zeros(2, np.intp)
    packets = [np.zeros((2, 172), np.uint8), np.zeros(2, np.uint8), np.zeros(2, np.uint32), *np.zeros((2, 2), np.int64)]
    destinations = [np.ones(2, np.uint8), legs - 1, np.zeros((2, 28), np.uint8), np.array([0, 29])]
    matrix = [np.zeros((6, BLOCK), np.uint8), legs.copy(), np.zeros(6, np.uint8), np.zeros((3, 256), np.uint8), 2]
    for whole, place, wrong in (
        (packets, 0, packets[0][:, 1:]),
        (matrix, 0, matrix[0][:, 1:]),
        (matrix, 3, packets[0]),
    ):
        spoilt = [part if number != place else wrong.copy() for number, part in enumerate(whole)]
        parts = [spoilt if part is whole else part for part in (packets, destinations, matrix)]
        with pytest.raises(ValueError, match="hold a row"):
            speedups.Departures(*parts, legs)
    departures = speedups.Departures(packets, destinations, matrix, legs)
    departures.tick()
    assert packets[2].tolist() == [BLOCK, BLOCK]
    assert len(departures) == 0
    departures.plan()
    assert len(departures) == 2
    assert departures.send(0, 1) == 1
    with pytest.raises(IndexError):
        departures.send(1, 9)
    destinations[3][1] = 0
    for row in (6, -1):
        matrix[1][:] = row
        with pytest.raises(IndexError):
            departures.send(0, 9)
    with pytest.raises(IndexError):
        speedups.Departures(packets, destinations, matrix, legs[:1]).plan()


def test_headers_of_legs_that_are_not_there_are_errors():
    packets, clock, counts = np.zeros((2, 172), np.uint8), np.zeros(2, np.uint32), np.zeros(2, np.int64)
    for leg in (2, -1):
        with pytest.raises(IndexError):
            speedups.advance(packets, clock, np.array([leg]), counts, counts)
    for octets, times in ((packets, clock[:1]), (packets[:, :11].copy(), clock)):
        with pytest.raises(ValueError, match="each leg"):
            speedups.advance(octets, times, np.zeros(0, np.intp), counts, counts)


def test_rows_and_frames_that_are_not_there_are_errors():
    rows, frames, tables = (
        np.zeros((9, BLOCK), np.uint8),
        np.zeros((1, BLOCK, TIMESLOTS), np.uint8),
        np.zeros((2, 256), np.uint8),
    )
    none = np.zeros(TIMESLOTS, np.intp)
    for sources, conversions in ((none + 9, 0), (none - 1, 0), (none, 2)):
        with pytest.raises(IndexError):
            speedups.interleave(rows, sources, np.full(TIMESLOTS, conversions, np.uint8), tables, frames)
    same = np.zeros(TIMESLOTS, np.uint8)
    wrong = [
        (rows, none[:-1], same, tables, frames),
        (rows, none, same[:-1], tables, frames),
        (rows[:, :-1].copy(), none, same, tables, frames),
        (rows, none, same, tables[:, :-1].copy(), frames),
        (rows, none, same, tables, frames[:, :-1].copy()),
        (rows, none[:-1], same[:-1], tables, frames[:, :, :-1].copy()),
    ]
    for arguments in wrong:
        with pytest.raises(ValueError, match="each timeslot"):
            speedups.interleave(*arguments)
    packets = np.zeros((9, 12 + BLOCK), np.uint8)
    one = none[:1]
    for sources, conversions, places in (
        (one + 9, 0, one),
        (one - 1, 0, one),
        (one, 2, one),
        (one, 0, one + 9),
        (one, 0, one - 1),
    ):
        with pytest.raises(IndexError):
            speedups.render(rows, sources, np.full(1, conversions, np.uint8), tables, packets, places, 12)
    for arguments in (
        (rows, none, same[:1], tables, packets, none, 12),
        (rows, none, same, tables, packets, one, 12),
        (rows, one, same[:1], tables, packets, one, 13),
        (rows, one, same[:1], tables, packets, one, -1),
        (rows[:, 1:].copy(), one, same[:1], tables, packets, one, 12),
        (rows, one, same[:1], tables[:, 1:].copy(), packets, one, 12),
    ):
        with pytest.raises(ValueError, match="table"):
            speedups.render(*arguments)
    for lines, into in (
        ([frames[0, :-1]], rows[:1]),
        ([frames[0]], rows),
        ([frames[0]], np.zeros((TIMESLOTS, 159), np.uint8)),
    ):
        with pytest.raises(ValueError, match="32 rows"):
            speedups.separate(lines, into)
    for line in (frames[0, :-1], frames[0, :, :-1].copy()):
        with pytest.raises(ValueError, match="160 frames"):
            speedups.separate([line], np.zeros((TIMESLOTS, BLOCK), np.uint8))
    found, mu, counted = np.empty((1, BLOCK), np.float32), np.zeros(9, np.uint8), np.zeros(1, np.intp)
    for chosen in (9, -1):
        with pytest.raises(IndexError):
            speedups.tonal(rows, np.array([chosen]), mu, TABLES, MATRIX, 0.0, 0.0, found, counted)
    with pytest.raises(IndexError):
        speedups.tonal(rows, one + 8, mu[:8], TABLES, MATRIX, 0.0, 0.0, found, counted)
    for wrong_tones, message in (
        ((rows, none[:2], mu, TABLES, MATRIX, 0.0, 0.0, found, counted), "octets"),
        ((rows, one, mu, TABLES, MATRIX, 0.0, 0.0, found[:, :-1].copy(), counted), "octets"),
        ((rows, one, mu, TABLES, MATRIX, 0.0, 0.0, found, counted[:0]), "octets"),
        ((rows[:, 1:].copy(), one, mu, TABLES, MATRIX, 0.0, 0.0, found, counted), "octets"),
        ((rows, one, mu, TABLES[:, 1:].copy(), MATRIX, 0.0, 0.0, found, counted), "tables"),
        ((rows, one, mu, TABLES, MATRIX[1:], 0.0, 0.0, found, counted), "matrix"),
        ((rows, one, mu, TABLES, MATRIX[:, 1:].copy(), 0.0, 0.0, found, counted), "matrix"),
    ):
        with pytest.raises(ValueError, match=message):
            speedups.tonal(*wrong_tones)


def test_legs_that_are_not_there_and_rows_that_do_not_fit_are_errors():
    receivers, _ = pair(20, 200)
    plain, buffers = receivers._compiled, receivers.jitter.compiled
    packets, lengths, others = np.zeros((2, ROW), np.uint8), np.full(2, 12 + BLOCK), np.zeros(2, np.intp)
    packets[:, 0] = 0x80
    for leg in (LEGS, -1):
        with pytest.raises(IndexError):
            plain.open(leg, 8)
        with pytest.raises(IndexError):
            buffers.open(leg, 0xD5, False)
    for legs in ([0, LEGS], [-1, 0]):
        with pytest.raises(IndexError):
            plain.take(np.array(legs), packets, lengths, 0.0, others)
    for fewer in (packets[:1], packets[:, :171].copy()):
        with pytest.raises(ValueError, match="for each leg"):
            plain.take(np.arange(2), fewer, lengths, 0.0, others)
    with pytest.raises(IndexError):
        plain.take(np.arange(2), packets, lengths, 0.0, others[:1])
    for rows in (np.zeros((LEGS - 1, BLOCK), np.uint8), np.zeros((LEGS, BLOCK - 1), np.uint8)):
        with pytest.raises(ValueError, match="for each leg"):
            buffers.play(rows, others)


def test_what_has_come_is_thrown_away() -> None:
    near, far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with near, far:
        near.bind(("127.0.0.1", 0))
        for _ in range(5):
            far.sendto(b"x", near.getsockname())
        assert speedups.discard(near.fileno(), 3) == 0
        assert near.recv(9) == b"x"
        assert speedups.discard(near.fileno(), 3) == 0
        near.setblocking(False)
        with pytest.raises(BlockingIOError):
            near.recv(9)
    assert speedups.discard(-1, 3) == 3


def test_loops_over_sockets_keep_within_their_arrays() -> None:
    octets, places = np.zeros((2, 3), np.uint8), np.zeros(1, np.intp)
    descriptors = np.array([-1], np.intc)
    names, sizes = np.zeros((2, 28), np.uint8), np.zeros(2, np.intp)
    for rows, lengths in (([2], [1]), ([-1], [1]), ([0], [4]), ([0], [-1])):
        with pytest.raises(IndexError):
            speedups.send(descriptors, octets, np.array(rows), np.array(lengths), names, sizes)
    for fewer, longer in ((names[:0], [9]), (names, [29]), (names, [-1]), (names, [])):
        with pytest.raises(IndexError):
            speedups.send(descriptors, octets, places, places, fewer, np.array(longer, np.intp))
    with pytest.raises(ValueError, match="row"):
        speedups.send(descriptors, octets, np.zeros(2, np.intp), places, names, sizes)
    with pytest.raises(ValueError, match="row"):
        speedups.receive(descriptors, octets[:0], places, places.copy())


class FarEnd:
    """What is at the other end of two lines that hear the same: one in compiled steps, and one that has none."""

    def __init__(self, options: str, channels: list[Channel]) -> None:
        self.sockets, self.lines = [], []
        for plain in (False, True):
            with pytest.MonkeyPatch.context() as patch:
                if plain:
                    patch.setattr(line_speed, "speedups", None)
                here, there = spec_pair("satop", options)
                line = SpanLine("E", open_span(here), 0xD5, 160, 640)
                for channel in channels:
                    line.add_channel(SignallingChannel(channel))
                line.settle()
                line._framed_ahead = False  # in Python all lines are, so that they tell of errors a tick later
            far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            far.bind(("127.0.0.1", int(there.split(",")[0].rsplit(":", 1)[1])))
            far.connect(("127.0.0.1", int(here.split(",")[0].rsplit(":", 1)[1])))
            far.settimeout(2)
            self.sockets.append(far)
            self.lines.append(line)

    def close(self) -> None:
        for line in self.lines:
            line.span.close()
        for far in self.sockets:
            far.close()

    def both(self, act: Callable[[SpanLine], Any]) -> Any:
        """Do something with both lines, which comes to the same; what it comes to."""
        found = []
        for line, plain in zip(self.lines, (False, True), strict=True):
            with pytest.MonkeyPatch.context() as patch:
                if plain:
                    patch.setattr(line_speed, "speedups", None)
                found.append(act(line))
        assert found[0] == found[1]
        return found[0]

    def exchange(self, packets: list[bytes], now: float) -> None:
        """Send packets to both, and have them read."""
        for far in self.sockets:
            for packet in packets:
                far.send(packet)
        self.both(lambda line: line.receive(now))
        self.both(lambda line: line.alarm_change())

    def sent(self, count: int) -> list[bytes]:
        packets = [[far.recv(65536) for _ in range(count)] for far in self.sockets]
        assert packets[0] == packets[1]
        return packets[0]


def state_of(line: SpanLine) -> dict[str, Any]:
    """All that a line on a SatopUdpSpan remembers, but for objects and for what is of one way alone."""
    span: Any = line.span
    parts = {
        "receiver": span._receiver,
        "transmitter": span._transmitter,
        "termination": span.termination,
        "deframer": span.termination.deframer,
        "framer": span.termination._framer,
        "store": line.store,
    }
    plain = (int, float, str, bytes, frozenset, tuple, list, dict, deque, type(None))
    found = {
        f"{part} {name}": value
        for part, whole in parts.items()
        for name, value in vars(whole).items()
        if isinstance(value, plain)
    }
    counts = [channel.receiver.counts for channel in line.channels]
    return found | {"counts": counts, "counters": span.counters()}


units = st.lists(st.binary(min_size=3, max_size=60) | st.just(b"\xff\xff\x00"), max_size=3)
#: What is queued here, and there; what is done to the burst that comes, or to the line that hears it.
turns = st.tuples(
    units,
    units,
    st.sampled_from(["", "", "", "", "", "lose", "spoil", "alarm", "slip", "fault", "silence"]),
    st.randoms(),
)


@given(
    st.lists(turns, min_size=1, max_size=30),
    st.sampled_from([("mtp2", (1, 2, 3, 4, 5, 6, 7, 8)), ("mtp2", (16,)), ("lapd", (31,)), ("mtp2", (1, 3)), ("", ())]),
)
@example(
    [
        ([], [b"a unit"], what, Random(seed))
        for what in ("spoil", "lose", "fault", "alarm", "silence")
        for seed in range(4)
    ],
    ("mtp2", (16,)),
)
@example(
    [([], [], what, Random(seed)) for what in ("spoil", "lose", "fault", "alarm", "silence") for seed in range(4)],
    ("", ()),
)
@settings(max_examples=40, deadline=None)
def test_a_line_in_one_step(turns, channel):
    kind, timeslots = channel
    far_end = FarEnd(",frames=8,burst=5", [Channel(1, "E", timeslots, kind=kind)] if timeslots else [])
    framer, frames_out, packets_out = E1Framer(), HdlcTransmitter(b"\xff\xff\x00"), SatopTransmitter()
    framer.multiframe_aligned = True
    now, number = 1.0, 0

    def burst() -> list[bytes]:
        frames = np.random.default_rng(number).integers(0, 256, (40, 32)).astype(np.uint8)
        if timeslots:
            line = np.frombuffer(frames_out.block(40 * len(timeslots)), np.uint8).reshape(40, -1)
            frames[:, list(timeslots)] = line
        return packets_out.packets(framer.transmit(frames))

    try:
        for here, there, what, random in [([], [], "", None)] * 30 + turns + [([], [], "", None)] * 4:
            now += 0.005
            frames_out.send(there)
            packets = burst()
            framer.remote_alarm = what == "alarm"
            if what == "lose":
                del packets[random.randrange(5)]
            elif what == "spoil":
                place, at = random.randrange(5), random.randrange(4, 260)
                packets[place] = packets[place][:at] + bytes([random.randrange(256)]) + packets[place][at + 1 :]
            elif what == "slip":
                packets_out.sequence = packets_out.sequence + 3 & 0xFFFF
            elif what == "silence":
                packets, now = [], now + random.choice([0.01, 0.05, 0.2])
            packets_out.fault = what == "fault"
            far_end.exchange(packets, now)
            for _ in timeslots[:1]:
                far_end.both(lambda line: line.channels[0].send(here, b"\xff\xff\x01"))  # noqa: B023
            if number % 4 == 0 and (timeslots or random is None or random.randrange(3)):  # it may be late
                speech = np.random.default_rng(number + 1).integers(0, 256, (BLOCK, 32)).astype(np.uint8)
                far_end.both(lambda line: line.fill(number // 4, speech))  # noqa: B023
                far_end.both(lambda line: line.store.read(BLOCK).tobytes())
            far_end.both(lambda line: (line.pressing, [channel.transmitter.frames for channel in line.channels]))
            if timeslots:
                far_end.both(state_of)
                far_end.both(lambda line: line.transmit(5 * number, 5, now))  # noqa: B023
            else:
                far_end.both(lambda line: line.transmit(number, 1, now))  # noqa: B023
            far_end.sent(5)
            number += 1
        far_end.both(lambda line: line.counters())
        assert far_end.both(lambda line: [channel.report() for channel in line.channels]) or not timeslots
    finally:
        far_end.close()


@pytest.mark.parametrize("channels", [[], [Channel(1, "E", (1, 2, 3))]])
def test_a_plain_line_is_read_and_sent_in_one_step(monkeypatch, channels):
    """Nothing of a line that idles goes the long way."""
    one, other = spec_pair("satop", ",frames=8,burst=5")
    lines = [SpanLine("E", open_span(spec), 0xD5) for spec in (one, other)]
    steps = 0
    for line in lines:
        for channel in channels:
            line.add_channel(SignallingChannel(channel))
        line.settle()
        for channel in line.channels:
            channel.send([], b"\xff\xff\x00")

    def counted(self, frames, now):
        nonlocal steps
        steps += 1
        return accept(self, frames, now)

    accept = SpanLine.accept
    monkeypatch.setattr(SpanLine, "accept", counted)
    silence = np.full((BLOCK, 32), 0xD5, np.uint8)
    for number in range(60):
        if number == 40:  # frames are aligned, alarms are over
            steps = 0
            monkeypatch.setattr(SatopUdpSpan, "give", None)
        for line in lines:
            if number % 4 == 0:
                line.fill(number // 4, silence)
            groups = 40 // line.frames
            line.transmit(groups * number, groups, number * 0.005)
            line.alarm_change()
        for line in lines:
            line.receive(number * 0.005)
    for line in lines:
        line.span.close()
    assert steps == 0
