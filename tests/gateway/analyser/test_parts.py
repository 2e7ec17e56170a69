import builtins
import shutil
from pathlib import Path

import pytest
from bench.traffic import generate
from support.packet_files import data_chunk, ethernet, ipv4, pcap, rtp, sctp, udp
from support.sip_flows import message

from tandem.core.errors import TandemError
from tandem.gateway.analyser import parts as module
from tandem.gateway.analyser import pcap as reader
from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.dissect import Options
from tandem.gateway.analyser.parts import (
    analyse_parts,
    analyse_segments,
    cluster,
    dissect_file,
    in_order,
    processes,
    segments,
    worthwhile,
)

CAPTURE = Path(__file__).parents[2] / "vectors" / "isup" / "captures" / "m3ua_94calls_wireshark.pcap"


class Here:
    """A pool that works at once."""

    def __init__(self, function, *arguments):
        self.value = function(*arguments)

    def result(self):
        return self.value


@pytest.fixture
def files(tmp_path):
    """The capture of 94 calls cut into three, with names that do not tell the order."""
    octets = CAPTURE.read_bytes()
    cuts, position, number = [24], 24, 0
    while position < len(octets):
        position += 16 + int.from_bytes(octets[position + 8 : position + 12], "little")
        number += 1
        if number in (300, 600):
            cuts.append(position)
    cuts.append(len(octets))
    for name, begin, end in zip("cab", cuts, cuts[1:], strict=False):
        (tmp_path / f"{name}.pcap").write_bytes(octets[:24] + octets[begin:end])
    return [str(tmp_path / f"{name}.pcap") for name in "abc"]


def whole(files):
    return analyse(in_order(files))


def same(one, other):
    return (one.packets, one.messages, list(one.calls), one.findings) == (
        other.packets,
        other.messages,
        list(other.calls),
        other.findings,
    )


def test_parts_make_the_same_analysis(files):
    found = analyse_parts(files, Options(), Here, 2)
    assert same(found, whole(files))
    assert (found.packets, len(found.calls)) == (810, 94)


def test_in_processes(files):
    with processes(2) as submit:
        assert same(analyse_parts(files, Options(), submit, 2), whole(files))


def test_files_that_overlap_are_merged(files, tmp_path):
    shutil.copy(CAPTURE, tmp_path / "d.pcap")
    both = [files[0], str(tmp_path / "d.pcap")]
    assert same(analyse_parts(both, Options(), Here, 2), analyse(both))


def test_streams_go_on_in_the_next_file(tmp_path):
    def part(name, numbers, start):
        packets = [(start + n / 50, ethernet(ipv4(udp(rtp(n, 160 * n), 4000, 4002), 17))) for n in numbers]
        (tmp_path / name).write_bytes(pcap(packets))
        return str(tmp_path / name)

    files = [part("1", range(65500, 65536), 0), part("2", [n for n in range(65536, 65600) if n != 65550], 0)]
    streams = []
    for path in files:
        streams.append(dissect_file(path, Options()).streams)
    from tandem.gateway.analyser.speech import Streams

    joined = Streams()
    for state in streams:
        joined.join(state)
    (stream,) = joined.result()
    assert (stream.packets, stream.lost) == (99, 1)


def test_one_file_or_what_is_no_capture(files, tmp_path):
    assert analyse_parts(files[:1], Options(), Here, 2).packets == whole(files[:1]).packets
    (tmp_path / "text").write_text("no capture")
    with pytest.raises(TandemError, match="no capture"):
        analyse_parts([*files, str(tmp_path / "text")], Options(), Here, 2)


def test_no_dask(monkeypatch):
    original = builtins.__import__
    monkeypatch.setattr(
        builtins,
        "__import__",
        lambda name, *more: (_ for _ in ()).throw(ImportError) if name == "distributed" else original(name, *more),
    )
    with pytest.raises(TandemError, match=r"tandem-gateway\[cluster\]"), cluster("tcp://127.0.0.1:1"):
        pass


@pytest.fixture
def short(monkeypatch):
    """Segments of 16 kB, what goes before each of 4 kB."""
    for place, name, value in ((reader, "CHUNK", 4096), (module, "CHUNK", 4096), (module, "SEGMENT", 16384)):
        monkeypatch.setattr(place, name, value)


def as_one(path):
    return analyse([str(path)])


@pytest.mark.parametrize("mix", ["signalling", "speech", "sip"])
def test_segments_of_a_file_make_the_same_analysis(tmp_path, short, mix):
    path = tmp_path / "long.pcap"
    generate(path, 1500, mix)
    pieces, told = segments(str(path)), []
    assert len(pieces) > 5
    assert (pieces[0].begin, pieces[-1].end) == (24, path.stat().st_size)
    assert [one.end for one in pieces[:-1]] == [one.begin for one in pieces[1:]]
    found = analyse_segments(pieces, Options(), Here, 2, told.append)
    assert same(found, as_one(path))
    assert (found.skipped, sum(told)) == ([], path.stat().st_size - 24)


def test_what_crosses_a_cut_is_known(tmp_path, short):
    """Every chunk comes twice and every datagram in two fragments, wherever the cuts are."""
    packets = []
    for number in range(400):
        octets = data_chunk(number, bytes.fromhex("01000301 00000008"), 3)
        packets += [(number, ethernet(ipv4(sctp([octets]), 132)))] * 2
        text = udp(message("INVITE", number, True) + bytes(-len(message("INVITE", number, True)) % 8))
        for offset, more in ((0, True), (200, False)):
            part = text[offset : offset + 200] if more else text[offset:]
            packets.append((number, ethernet(ipv4(part, 17, identification=number, offset=offset, more=more))))
    path = tmp_path / "long.pcap"
    path.write_bytes(pcap(packets))
    found, one = analyse_segments(segments(str(path)), Options(), Here, 2), as_one(path)
    assert same(found, one)
    assert found.skipped == one.skipped
    assert len(found.calls) == 400


def test_a_file_that_is_not_cut(tmp_path, short):
    path = tmp_path / "other"
    assert segments(str(path)) == []
    for octets in (bytes(50000), pcap([(1, bytes(60))] * 10)):
        path.write_bytes(octets)
        assert segments(str(path)) == []


def test_a_corrupt_end_is_told_once(tmp_path, short):
    path = tmp_path / "long.pcap"
    generate(path, 1500, "signalling")
    octets = path.read_bytes()
    path.write_bytes(octets + b"\xff" * 9000)
    found, one = analyse_segments(segments(str(path)), Options(), Here, 2), as_one(path)
    assert same(found, one)
    assert [(skipped.file, skipped.reason) for skipped in found.skipped] == [
        (skipped.file, skipped.reason) for skipped in one.skipped
    ]


def test_several_processes_are_used_where_that_is_faster(tmp_path, loops):
    ethernet, line = tmp_path / "ethernet.pcap", tmp_path / "line.pcap"
    ethernet.write_bytes(pcap([(1.0, b"x" * 60)]))
    line.write_bytes(pcap([(1.0, b"x" * 60)], 141))
    assert worthwhile([str(ethernet)]) == (loops == "numpy")
    assert worthwhile([str(tmp_path)])
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "none").write_bytes(b"")
    assert worthwhile([str(empty)]) == (loops == "numpy")
