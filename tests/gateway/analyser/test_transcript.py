import pytest
from support.packet_files import file_of

from tandem.core.errors import DecodeError
from tandem.gateway.analyser.transcript import read_transcript

HEAD = b"Session Transcript (format 3.1)\nFebruary 21, 2006     16:45:20.5000\n"
LINES = (
    b"test.1/isdn_l3/1,12/// s tm 17.2500 l $0308\n"
    b"UDP.1/ip/1/// r tm 23.5 l $45\n"
    b"UDP.1/ip/1/// s tm 24.5 l $4500\n"
    b"frelay_l2.2/frelay_l2/2,1,5/// r tm 31.1274 l $000e\n"
    b"a line of something else\n"
    b"MTP_L2.1/ss7_mtp2/2/ s tm 51.7698 l $b2327a\n"
)


def test_lines_of_known_protocols_are_packets():
    complaints = []
    batches = list(read_transcript(file_of(HEAD + LINES), lambda *what: complaints.append(what)))
    assert [(b.link_type, b.interface, [b.octets(i) for i in range(len(b))]) for b in batches] == [
        (203, "test.1", [b"\x03\x08"]),
        (101, "UDP.1", [b"\x45", b"\x45\x00"]),
        (140, "MTP_L2.1", [b"\xb2\x32\x7a"]),
    ]
    assert batches[0].time.tolist() == [1140540320.5 + 17.25]
    assert batches[1].inbound.tolist() == [1, 2]
    assert complaints == [("1 lines are of protocols that are not looked at", 0)]


def test_a_date_that_is_none_counts_from_zero():
    batches = list(read_transcript(file_of(b"Session Transcript\n?\n" + LINES), lambda *what: None))
    assert batches[0].time.tolist() == [17.25]


def test_no_transcript():
    with pytest.raises(DecodeError):
        list(read_transcript(file_of(b"Dear all,\n"), print))
