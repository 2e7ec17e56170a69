"""The compiled loops beside what they stand for; octets of any kind give the same, or an error."""

from __future__ import annotations

import os
import socket

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.e1 import speech
from support.hdlc_reference import FLAG, frame_bits, line_octets
from support.spans import spec_pair

from tandem.hardware import satop, speed
from tandem.hardware.framing.crc4 import crc4_blocks
from tandem.hardware.framing.e1_deframer import CHECKED_BLOCKS, FALSE_BLOCKS, Alignment, E1Deframer
from tandem.hardware.framing.e1_framer import E1Framer, _fill_submultiframes
from tandem.hardware.framing.hdlc import HdlcReceiver, HdlcTransmitter
from tandem.hardware.registry import open_span
from tandem.hardware.satop import SatopTransmitter

speedups = speed.speedups
pytestmark = pytest.mark.skipif(speedups is None, reason="Tandem was installed here without a C compiler")


def aligned(line: bytes) -> E1Deframer:
    deframer = E1Deframer()
    deframer.receive(line)
    assert deframer.alignment is Alignment.MULTIFRAME
    return deframer


def state(deframer: E1Deframer) -> dict[str, object]:
    """All that the next octets meet; of a sub-multiframe that was not seen whole its CRC is of no matter."""
    found = {name: value for name, value in vars(deframer).items() if name not in ("_search", "_known", "counts")}
    if not found["_complete"]:
        del found["_crc"], found["_c_bits"]
    return found | {"counts": deframer.counts}


@given(
    st.integers(64, 120),
    st.lists(st.integers(1, 3000), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 400 * 32 - 1), st.integers(1, 255)), max_size=6),
    st.booleans(),
    st.sampled_from([0, CHECKED_BLOCKS - 7, CHECKED_BLOCKS - 1]),
    st.sampled_from([0, FALSE_BLOCKS]),
)
@settings(max_examples=60)
def test_checking_an_e1(before, sizes, spoilt, alarm, checked, bad):
    framer = E1Framer()
    framer.remote_alarm, framer.multiframe_aligned = alarm, True
    head, rest = framer.transmit(speech(before)), bytearray(framer.transmit(speech(400)))
    for place, bits in spoilt:
        rest[place] ^= bits
    deframers = aligned(head), aligned(head)
    for deframer in deframers:
        deframer._blocks, deframer._bad_blocks = checked, bad
    place = 0
    while place < len(rest):
        size = sizes.pop(0)
        sizes.append(size)
        portion = bytes(rest[place : place + size])
        frames = deframers[0].receive(portion)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(speed, "speedups", None)
            assert frames.tolist() == deframers[1].receive(portion).tolist()
        assert state(deframers[0]) == state(deframers[1])
        place += size


@given(st.integers(1, 5), st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=100)
def test_framing_e1s(lines, blocks, seed):
    random = np.random.default_rng(seed)
    frames = random.integers(0, 256, (lines, 8 * blocks, 32), np.uint8)
    timeslots0 = (random.integers(0, 256, 8 * lines * blocks, np.uint8) & 0x7F).tobytes()
    sent = random.integers(0, 16, lines, np.uint8).tobytes()
    made = speedups.frame_e1s(frames.tobytes(), timeslots0, sent)
    assert made == _fill_submultiframes(frames, timeslots0, sent)
    crcs, _ = crc4_blocks(np.frombuffer(made[0], np.uint8).reshape(-1, 256))
    assert made[1] == crcs.reshape(lines, -1)[:, -1].tobytes()


def test_a_single_octet_is_not_written_over():
    """CPython has each of them once."""
    for crc in range(16):
        speedups.frame_e1s(os.urandom(256), bytes(8), bytes((crc,)))
    assert [bytes((octet,))[0] for octet in range(256)] == list(range(256))


@pytest.mark.parametrize(
    ("frames", "timeslots0", "sent"), [(0, 0, 0), (256, 8, 2), (256, 7, 1), (255, 8, 1), (512, 8, 1)]
)
def test_framing_what_is_not_whole(frames, timeslots0, sent):
    with pytest.raises(ValueError, match="whole"):
        speedups.frame_e1s(bytes(frames), bytes(timeslots0), bytes(sent))


@given(st.binary(max_size=600), st.integers(1, 200), st.integers(0, 0x0FFF), st.integers(0, 0xFFFF))
def test_making_packets(octets, payload, flags, sequence):
    transmitter = SatopTransmitter(payload, sequence=sequence)
    transmitter.fault, transmitter.remote_loss, transmitter.modifier = flags & 1, flags & 2, flags >> 2 & 3
    packets = b"".join(SatopTransmitter.packets(transmitter, octets))
    assert speedups.satop_packets(octets, payload, transmitter.flags, sequence) == packets
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        assert speedups.satop_send(near.fileno(), octets, payload, transmitter.flags, sequence) == bool(octets)
        if octets:
            assert far.recv(65536) == packets
    assert not speedups.satop_send(-1, octets, payload, flags, sequence)
    for make in (speedups.satop_packets, lambda *arguments: speedups.satop_send(-1, *arguments)):
        with pytest.raises(ValueError, match="some"):
            make(octets, -payload + 1, flags, sequence)


@given(
    st.integers(0, 6),
    st.integers(1, 90),
    st.integers(0, 0xFFFF),
    st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=2),
)
def test_payloads_of_packets(count, payload, sequence, spoilt):
    packets = bytearray(SatopTransmitter(payload, sequence=sequence).run(os.urandom(payload * count)))
    for place, octet in spoilt if packets else []:
        packets[place % len(packets)] = octet
    given_to = bytes(packets), payload + 4, bytes(packets[:2]) if count else b"", sequence
    found, expected = speedups.satop_payloads(*given_to), satop._payloads(*given_to)
    if expected is not None and count:
        assert found == expected
    elif found is not None:  # the other cannot count on over 256
        assert sequence % 256 + count > 256
        assert found == b"".join([packets[at + 4 : at + payload + 4] for at in range(0, len(packets), payload + 4)])


@given(st.binary(max_size=300), st.integers(-3, 300), st.binary(max_size=3), st.integers(-(2**20), 2**20))
def test_payloads_of_anything(packets, size, flags, sequence):
    found = speedups.satop_payloads(packets, size, flags, sequence)
    assert found is None or len(found) == len(packets) // size * (size - 4)


def test_reading_packets_of_many_sizes():
    near, far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with near, far:
        near.bind(("127.0.0.1", 0))
        near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        far.connect(near.getsockname())
        assert speedups.receive(near.fileno(), 9, False) == ([], False, 0, False)
        sizes = (260, 260, 260, 40, 0, 0, 260, 1, 1, 65000, 65000, 7)
        packets = [bytes((place,)) * size for place, size in enumerate(sizes)]
        for packet in packets:
            far.send(packet)
        assert speedups.receive(near.fileno(), 2, False) == ([(packets[0] + packets[1], 260)], False, 2, False)
        runs, full, count, _ = speedups.receive(near.fileno(), 100, False)
        assert (full, count) == (True, 8)
        while full:
            further, full, _, _ = speedups.receive(near.fileno(), 100, False)
            runs += further
        assert [size for _, size in runs[:6]] == [260, 40, 0, 0, 260, 1]
        assert b"".join([octets for octets, _ in runs]) == b"".join(packets[2:])
    for joining in (False, True):
        assert speedups.receive(-1, 5, joining) == ([], False, 5, False), "an error is silence"


def test_reading_packets_that_come_together():
    near, far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with near, far:
        near.bind(("127.0.0.1", 0))
        near.setsockopt(socket.SOL_UDP, 104, 1)
        far.connect(near.getsockname())
        octets = os.urandom(5 * 260)
        for cut, sent in (
            (260, octets),
            (0, octets[:260]),
            (260, octets[:700]),
            (0, octets[:260]),
            (0, b""),
            (0, b"x"),
        ):
            far.setsockopt(socket.SOL_UDP, 103, cut)
            far.send(sent)
        runs, full, count, together = speedups.receive(near.fileno(), 100, True)
        assert not full
        assert count == 5 + 1 + 3 + 1 + 1 + 1
        assert together
        expected = [(octets + octets[:260] + octets[:700], 260), (octets[:260], 260), (b"", 0), (b"x", 1)]
        # Not every way of loopback leaves them together.
        assert b"".join([run for run, _ in runs]) == b"".join([run for run, _ in expected])
        assert runs == expected


def hdlc_receivers(**bounds) -> tuple[HdlcReceiver, HdlcReceiver]:
    """The compiled one, and that which it stands for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "speedups", None)
        plain = HdlcReceiver(**bounds)
    return HdlcReceiver(**bounds), plain


def compare_hdlc(line: bytes, sizes: list[int], **bounds) -> int:
    """Both find the same, in portions of `sizes` in turn; how many frames that was."""
    compiled, plain = hdlc_receivers(**bounds)
    assert compiled.compiled is not None
    assert plain.compiled is None
    place = found = turn = 0
    while place < len(line):
        portion = line[place : place + sizes[turn % len(sizes)]]
        place, turn = place + len(portion), turn + 1
        frames = compiled.receive(portion)
        assert frames == plain.receive(portion)
        assert compiled.counts == plain.counts
        assert compiled.octet_counting == plain.octet_counting
        found += len(frames)
    return found


short_runs = st.lists(st.sampled_from([0, 1, 4, 5, 6, 7, 8, 14]), max_size=60)
"""Of ones, each with a zero behind it: flags, aborts, inserted zeros, and neither."""


@given(
    st.lists(
        st.binary(min_size=3, max_size=40) | st.sampled_from([b"\xff\xff\x00", b"\xff\xff\x01\x03", b"\xff" * 9]),
        max_size=12,
    ),
    st.lists(st.tuples(st.integers(0), st.integers(1, 255)), max_size=5),
    st.lists(st.integers(1, 300), min_size=1, max_size=5),
    st.integers(9, 40),
    st.booleans(),
)
@settings(max_examples=200)
def test_frames_of_a_spoilt_hdlc_line(queue, spoilt, sizes, most, filtering):
    transmitter = HdlcTransmitter(b"\xff\xff\x00")
    transmitter.send(queue)
    line = bytearray(transmitter.block(600))
    for place, bits in spoilt:
        line[place % len(line)] ^= bits
    assert compare_hdlc(bytes(line), sizes, max_octets=most, filter_repeats=filtering)


@given(st.lists(short_runs | st.binary(max_size=30)), st.lists(st.integers(1, 60), min_size=1), st.integers(6, 12))
@settings(max_examples=200)
def test_hdlc_of_anything(parts, sizes, most):
    octets = b"".join(
        [
            part if isinstance(part, bytes) else line_octets([bit for run in part for bit in [1] * run + [0]])
            for part in parts
        ]
    )
    compare_hdlc(octets, sizes, min_octets=4, max_octets=most, filter_repeats=True)


fills = st.none() | st.sampled_from([b"\xff\xff\x00", b"\xff\xff\x01\x03", b""]) | st.binary(max_size=40)


@given(
    st.lists(
        st.tuples(st.lists(st.binary(max_size=300), max_size=3), fills, st.integers(0, 3), st.integers(0, 400)),
        max_size=12,
    )
)
@example([([], b"\xff\xff\x00", 0, 40)] * 70 + [([], b"\xff\xff\x01", 0, 40)] * 70 + [([], None, 0, 41)] * 3)
@example([([b"\xff" * 300, b"\x1f"], None, 0, 40), ([], b"\xf8", 0, 1), ([b""], b"\xf8", 1, 700)])
def test_making_a_line_of_frames(steps):
    compiled = HdlcTransmitter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "speedups", None)
        plain = HdlcTransmitter()
    assert compiled.compiled is not None
    assert plain.compiled is None
    for frames, fill, cleared, octets in steps:
        if cleared == 3:
            assert compiled.clear() == plain.clear()
        for transmitter in (compiled, plain):
            transmitter.fill = fill
            transmitter.send(frames)
        assert compiled.block(octets) == plain.block(octets)
        assert (compiled.pending, compiled.queued, compiled.frames) == (plain.pending, plain.queued, plain.frames)


def test_a_line_of_what_is_no_frame():
    framer = speedups.HdlcFramer()
    with pytest.raises(ValueError, match="octets"):
        framer.block(-1, [], None)
    with pytest.raises(TypeError):
        framer.block(4, [], "no octets")
    assert framer.block(4, [], None) == b"\x7e" * 4


def test_a_frame_whose_last_zero_is_missing_is_not_the_same_again():
    """Its FCS ends in five ones, behind which a zero belongs; the flag has one of its own."""
    frame = next(frame for octet in range(256) if frame_bits(frame := bytes((1, 2, octet)))[-6:] == [1, 1, 1, 1, 1, 0])
    whole = frame_bits(frame)
    line = line_octets(FLAG + whole + FLAG + whole[:-1] + FLAG + whole[:-1] + FLAG + whole + FLAG)
    assert compare_hdlc(line, [7], filter_repeats=True) == 3


@pytest.mark.parametrize("bounds", [(1, 9, 0), (9, 8, 0), (5, 65537, 0), (-5, -5, 0)])
def test_frames_without_bounds(bounds):
    with pytest.raises(ValueError, match="end"):
        speedups.HdlcDeframer(*bounds)


#: A packet of a line: places after the one before, what is done to it, and so many octets.
packets_in_disorder = st.tuples(
    st.sampled_from([1, 1, 1, 1, 1, 1, 0, 2, 3, -1, 70]),
    st.sampled_from(["", "", "", "", "L", "R", "empty", "M", "read"]),
    st.sampled_from([256, 256, 256, 256, 128]),
)


@given(st.lists(packets_in_disorder, max_size=40), st.booleans())
@example([(1, "", 256)] * 9 + [(1, "read", 256), (2, "", 256), (1, "L", 256), (1, "", 256)], True)
@settings(deadline=None)
def test_taking_and_giving_packets_of_a_line(packets, together):
    """Two spans that hear the same, one without the compiled loops; what they send is the same too."""
    pairs = [spec_pair("satop", ",frames=8,burst=5") for _ in range(2)]
    spans = [open_span(here) for here, _ in pairs]
    fars = []
    for here, there in pairs:
        far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        far.bind(("127.0.0.1", int(there.split("listen=")[1].split(",")[0].rsplit(":", 1)[1])))
        far.connect(("127.0.0.1", int(here.split("listen=")[1].split(",")[0].rsplit(":", 1)[1])))
        far.settimeout(2)
        fars.append(far)
    if together:
        for span in spans:
            span._packets._join(True)
            span._packets._left = None

    def exchange(now):
        octets = []
        for span, plain in zip(spans, (False, True), strict=True):
            with pytest.MonkeyPatch.context() as patch:
                if plain:
                    patch.setattr(speed, "speedups", None)
                taken = span.take(now)
                span.give(numbered, now)
                octets.append((taken, span.counters(), vars(span._receiver) | {"counts": None, "_depth": None}))
        assert octets[0] == octets[1]
        sent = [[far.recv(65536) for _ in range(5)] for far in fars]
        assert sent[0] == sent[1]

    try:
        numbered = bytes(range(256)) * 5
        sequence, now = 65530, 1.0
        exchange(now)
        for step, what, size in packets:
            if what == "read":
                now += 0.005
                exchange(now)
                continue
            sequence = sequence + step & 0xFFFF
            kinds = {"fault": what == "L", "remote_loss": what == "R", "modifier": 1 if what == "M" else 0}
            packet = b"" if what == "empty" else satop.Packet(sequence, os.urandom(size), **kinds).encode()
            for far in fars:
                far.send(packet)
        exchange(now + 0.01)
        exchange(now + 0.1)
    finally:
        for end in (*spans, *fars):
            end.close()
