import gzip
import io
import sys

import lz4.frame
import pytest
import zstandard
from support.packet_files import enhanced, interface, pcap, section

from tandem.core.errors import TandemError
from tandem.gateway.analyser.files import LATEST, expand, read_file

CAPTURE = pcap([(1, b"one"), (2, b"two")])


def read(path):
    complaints = []
    batches = list(read_file(str(path), lambda *what: complaints.append(what)))
    return [b.octets(i) for b in batches for i in range(len(b))], complaints


@pytest.mark.parametrize(
    "pack",
    [
        bytes,
        gzip.compress,
        zstandard.compress,
        lz4.frame.compress,
        lambda data: gzip.compress(zstandard.compress(data)),
    ],
    ids=["plain", "gzip", "zstd", "lz4", "zstd in gzip"],
)
def test_compression_is_seen_whatever_the_name_says(tmp_path, pack):
    path = tmp_path / "capture.txt"
    path.write_bytes(pack(CAPTURE))
    assert read(path) == ([b"one", b"two"], [])


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lz4.frame.compress])
def test_a_cut_compressed_file_gives_what_it_can(tmp_path, pack):
    path = tmp_path / "cut"
    path.write_bytes(pack(pcap([(i, bytes([i % 256, i * i % 256]) * 500) for i in range(3000)]))[:-300])
    found, complaints = read(path)
    assert len(complaints) == 1
    assert complaints[0][0] == str(path)
    assert all(len(packet) == 1000 for packet in found)


@pytest.mark.parametrize(("octets", "word"), [(b"", "empty"), (b"Hello world, no capture", "no capture")])
def test_what_is_no_capture_is_an_error_with_the_name(tmp_path, octets, word):
    path = tmp_path / "file"
    path.write_bytes(octets)
    with pytest.raises(TandemError, match=word) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_pcapng_without_packets(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(section())
    assert read(path) == ([], [])


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CAPTURE)))
    assert read("-")[0] == [b"one", b"two"]


def test_a_folder_is_its_files(tmp_path):
    for name in ("b.pcap", "a.pcap"):
        (tmp_path / name).write_bytes(CAPTURE)
    assert expand([str(tmp_path), "-"]) == [str(tmp_path / "a.pcap"), str(tmp_path / "b.pcap"), "-"]
    with pytest.raises(TandemError, match="no such file"):
        expand([str(tmp_path / "c.pcap")])


def test_a_file_that_may_not_be_read(tmp_path):
    with pytest.raises(TandemError, match="cannot be read"):
        read(tmp_path)


def test_times_that_no_calendar_has(tmp_path):
    path = tmp_path / "spoilt.pcapng"
    late = enhanced(0, 1 << 60, b"x")
    path.write_bytes(section() + interface(1) + enhanced(0, 5_000_000, b"y") + late)
    told = []
    (batch,) = read_file(str(path), lambda *one: told.append(one))
    assert batch.time.tolist() == [5.0, LATEST]
    assert told == [(str(path), "1 packets have times before 1970 or after 9999", 0)]
