import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.packet_files import file_of, pcap

from tandem.core.errors import DecodeError
from tandem.gateway.analyser import pcap as module
from tandem.gateway.analyser.pcap import read_pcap

pytestmark = pytest.mark.usefixtures("loops")

PACKETS = [(1.5, b"abc"), (2.25, b""), (1700000000.000001, b"x" * 300)]


def read(octets):
    complaints = []
    batches = list(read_pcap(file_of(octets), lambda reason, count: complaints.append((reason, count))))
    found = [(float(b.time[i]), b.octets(i)) for b in batches for i in range(len(b))]
    return found, complaints, batches


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
def test_packets_of_either_byte_order_and_unit(order, nano):
    found, complaints, batches = read(pcap(PACKETS, 140, order, nano))
    assert [octets for _, octets in found] == [octets for _, octets in PACKETS]
    assert [time for time, _ in found] == pytest.approx([time for time, *_ in PACKETS], abs=1e-6)
    assert not complaints
    assert batches[0].link_type == 140


def test_original_length_is_kept():
    _, _, batches = read(pcap([(0, b"abc", 1500)]))
    assert batches[0].original.tolist() == [1500]


def test_a_cut_file_gives_what_is_whole():
    whole = pcap(PACKETS)
    found, complaints, _ = read(whole[:-10])
    assert len(found) == 2
    assert complaints == [("the file ends within a packet", 16 + 300 - 10)]


def test_an_impossible_length_ends_the_file():
    octets = pcap(PACKETS[:1]) + b"\0" * 8 + b"\xff" * 8 + b"more"
    found, complaints, _ = read(octets)
    assert len(found) == 1
    assert complaints[0][1] == 20


def test_no_pcap_file():
    with pytest.raises(DecodeError):
        read(b"GIF89a" + bytes(30))


def test_chunks_do_not_matter(monkeypatch):
    packets = [(float(index), bytes([index]) * (index * 7 % 50)) for index in range(100)]
    whole, *_ = read(pcap(packets))
    monkeypatch.setattr(module, "CHUNK", 61)
    parts, complaints, _ = read(pcap(packets))
    assert parts == whole
    assert not complaints


@given(st.binary(max_size=400))
def test_any_octets_behind_the_header(octets):
    found, _, batches = read(pcap([]) + octets)
    assert all((b.start + b.length <= len(b.buffer)).all() for b in batches)
    assert sum(len(data) + 16 for _, data in found) <= len(octets)


def test_of_short_packets_less_is_read_at_a_time(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 1000)
    monkeypatch.setattr(module, "_PACKETS", 15)
    octets = pcap([(float(place), b"abcd") for place in range(200)])
    batches = list(read_pcap(file_of(octets), print))
    assert [len(batch) for batch in batches][:3] == [50, 15, 15]
    assert np.concatenate([batch.time for batch in batches]).tolist() == list(range(200))
