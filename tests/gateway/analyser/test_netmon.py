import struct

import pytest
from support.packet_files import file_of

from tandem.core.errors import DecodeError
from tandem.gateway.analyser.netmon import read_netmon


def capture(frames, media=1, table_extra=()):
    """Version 2.0: a header of 128 octets, the frames, then the table of their offsets."""
    body, offsets = b"", []
    for micro, octets in frames:
        offsets.append(128 + len(body))
        body += struct.pack("<QII", micro, len(octets) + 4, len(octets)) + octets
    offsets += table_extra
    table = struct.pack(f"<{len(offsets)}I", *offsets)
    date = struct.pack("<8H", 2005, 7, 0, 17, 15, 39, 20, 502)
    head = b"GMBU" + struct.pack("<BBH", 0, 2, media) + date + struct.pack("<II", 128 + len(body), len(table))
    return head + bytes(128 - len(head)) + body + table


def test_frames_with_their_times():
    complaints = []
    batch = read_netmon(file_of(capture([(0, b"abc"), (2_500_000, b"defg")])), lambda *what: complaints.append(what))
    assert [batch.octets(index) for index in range(2)] == [b"abc", b"defg"]
    assert batch.time.tolist() == pytest.approx([1121614760.502, 1121614763.002])
    assert batch.original.tolist() == [7, 8]
    assert batch.link_type == 1
    assert not complaints


def test_frames_that_are_not_there_are_told():
    complaints = []
    batch = read_netmon(file_of(capture([(0, b"abc")], table_extra=(10_000,))), lambda *what: complaints.append(what))
    assert len(batch) == 1
    assert "1 frames" in complaints[0][0]


def test_an_empty_capture():
    assert len(read_netmon(file_of(capture([])), print)) == 0


@pytest.mark.parametrize("octets", [b"", b"GMBU", capture([], media=99), b"GMBU" + bytes(200)])
def test_what_is_none_is_refused(octets):
    with pytest.raises(DecodeError):
        read_netmon(file_of(octets), print)
