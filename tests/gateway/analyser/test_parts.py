import builtins
import shutil
from pathlib import Path

import pytest
from support.packet_files import ethernet, ipv4, pcap, rtp, udp

from tandem.core.errors import TandemError
from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.dissect import Options
from tandem.gateway.analyser.parts import analyse_parts, cluster, dissect_file, in_order, processes

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
