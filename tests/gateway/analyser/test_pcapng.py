import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.packet_files import block, enhanced, file_of, interface, option, section

from tandem.core.errors import DecodeError
from tandem.gateway.analyser import pcapng as module
from tandem.gateway.analyser.pcapng import PcapngReader

pytestmark = pytest.mark.usefixtures("loops")


def read(octets):
    complaints = []
    reader = PcapngReader(file_of(octets), lambda reason, count: complaints.append(reason))
    return list(reader.batches()), complaints


@pytest.mark.parametrize("order", ["<", ">"])
def test_packets_with_the_resolution_and_name_of_their_interface(order):
    options = option(9, b"\x09", order) + option(2, b"E1 0", order) + option(0, b"", order)
    octets = section(order) + interface(140, order, options) + interface(1, order)
    octets += enhanced(0, 1_500_000_000, b"abc", order) + enhanced(1, 2_000_000, b"de", order)
    batches, complaints = read(octets)
    assert not complaints
    assert [(b.link_type, b.interface, b.time.tolist(), b.octets(0)) for b in batches] == [
        (140, "E1 0", [1.5], b"abc"),
        (1, "interface 1", [2.0], b"de"),
    ]


def test_binary_resolution_and_offset():
    options = option(9, b"\x8a") + option(14, struct.pack("<q", 100)) + option(0, b"")
    batches, _ = read(section() + interface(1, options=options) + enhanced(0, 1024 * 3, b"a"))
    assert batches[0].time.tolist() == [103.0]


def test_direction_from_the_flags():
    outbound = option(2, struct.pack("<I", 2)) + option(0, b"")
    octets = section() + interface(1) + enhanced(0, 0, b"abc", options=outbound) + enhanced(0, 1, b"abcd")
    batches, _ = read(octets)
    assert batches[0].inbound.tolist() == [2, 0]


def test_simple_and_obsolete_packets_and_unknown_blocks():
    octets = section() + interface(1, snap=3) + block(3, struct.pack("<I", 5) + b"abc\0")
    octets += block(0x99, b"????") + block(2, struct.pack("<HHIIII", 0, 0, 0, 7, 2, 9) + b"xy\0\0")
    batches, complaints = read(octets)
    assert not complaints
    found = [(b.octets(i), int(b.original[i])) for b in batches for i in range(len(b))]
    assert found == [(b"abc", 5), (b"xy", 9)]


def test_a_second_section_has_its_own_interfaces_and_byte_order():
    octets = section("<") + interface(1) + enhanced(0, 0, b"a") + section(">") + interface(140, ">")
    batches, _ = read(octets + enhanced(0, 0, b"b", ">"))
    assert [b.link_type for b in batches] == [1, 140]


@pytest.mark.parametrize(
    ("tail", "complaint"),
    [
        (enhanced(0, 0, b"abcd")[:-3], "ends within a block"),
        (struct.pack("<II", 6, 7), "impossible length"),
        (enhanced(5, 0, b"abcd"), "unknown interfaces"),
    ],
)
def test_what_is_broken_is_told_and_the_rest_is_kept(tail, complaint):
    batches, complaints = read(section() + interface(1) + enhanced(0, 0, b"ok!") + tail + bytes(4))
    assert batches[0].octets(0) == b"ok!"
    assert any(complaint in text for text in complaints)


def test_no_pcapng():
    with pytest.raises(DecodeError):
        read(b"Hello, this is text")


def test_chunks_do_not_matter(monkeypatch):
    octets = section() + interface(1) + b"".join(enhanced(0, i, bytes([i]) * (i % 9)) for i in range(80))
    whole = [b.octets(i) for b in read(octets)[0] for i in range(len(b))]
    monkeypatch.setattr(module, "CHUNK", 37)
    batches, complaints = read(octets)
    assert [b.octets(i) for b in batches for i in range(len(b))] == whole
    assert len(whole) == 80
    assert not complaints


@given(st.binary(max_size=300))
def test_any_octets_behind_the_first_blocks(octets):
    batches, _ = read(section() + interface(1) + octets)
    assert all((b.start + b.length <= len(b.buffer)).all() for b in batches)
