"""Captures cut, spoilt or hostile: partial results, what was left out is told, never a crash, little memory."""

import gzip
import random
import struct
import tracemalloc
from pathlib import Path

import pytest
from support.packet_files import block, enhanced, ethernet, interface, ipv4, option, pcap, section, udp

from tandem.core.errors import TandemError
from tandem.gateway.analyser import page, report
from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.dissect import Options
from tandem.gateway.analyser.filters import Filter
from tandem.gateway.analyser.statistics import reckon

CAPTURES = Path(__file__).parent.parent / "vectors" / "trace" / "captures"
SMALL = (
    *("sigtran_m3ua-draft6_isup_1call.pcap", "derived_sigtran_m2ua_isup_1call_hepgen.pcap"),
    "isdn_dct2000_isup+q931+sip_sample.out",
)
LENGTHS = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f")


def whole(name):
    return gzip.decompress((CAPTURES / f"{name}.gz").read_bytes())


def read(path, octets):
    """The analysis with everything that is made of it; None where the file is said to be no capture."""
    path.write_bytes(octets)
    try:
        found = analyse([str(path)], Options(detect=True))
    except TandemError:
        return None
    assert "".join(report.as_json(found)).endswith("}\n")
    assert list(report.summary(found, Filter()))
    assert list(report.figures(reckon(report.brief(found))))
    for record in list(found.calls)[:2]:
        assert list(report.ladder(found, record))
    return found


@pytest.mark.parametrize("name", SMALL)
def test_cut_at_every_octet(tmp_path, name):
    octets = whole(name)
    before = 0
    for size in range(len(octets) + 1):
        found = read(tmp_path / "cut", octets[:size])
        packets = 0 if found is None else found.packets
        # What was whole stays so; a line of text that is cut may seem whole for an octet.
        assert packets >= before or name.endswith(".out")
        before = packets
    assert before == found.packets
    assert len(found.calls) == len(analyse([str(CAPTURES / f"{name}.gz")], Options(detect=True)).calls)


def test_a_cut_packet_is_told(tmp_path):
    octets = whole(SMALL[0])
    found = read(tmp_path / "cut", octets[:-5])
    assert found.packets == 5
    assert [(one.file, one.octets > 0) for one in found.skipped] == [(str(tmp_path / "cut"), True)]


@pytest.mark.parametrize("seed", range(80))
def test_spoilt_at_random(tmp_path, seed):
    chance = random.Random(seed)
    paths = sorted(CAPTURES.glob("*.gz"))
    octets = bytearray(gzip.decompress(chance.choice(paths).read_bytes())[:60_000])
    for _ in range(chance.randrange(1, 30)):
        at = chance.randrange(len(octets) - 4)
        match chance.randrange(4):
            case 0:
                octets[at] = chance.randrange(256)
            case 1:
                octets[at : at + 4] = chance.choice(LENGTHS)
            case 2:
                octets[at:at] = octets[:300]
            case 3:
                del octets[at : at + chance.randrange(300)]
    if (found := read(tmp_path / "spoilt", bytes(octets))) is not None:
        assert "".join(page.render(found, Filter(), [str(tmp_path / "spoilt")], Options()))


@pytest.mark.parametrize("length", [0xFFFF_FFFF, 0x7FFF_FFFF, 0x1000_0000])
def test_huge_lengths_take_no_memory(tmp_path, length):
    good = pcap([(1, ethernet(ipv4(udp(b"x"), 17)))])
    record = struct.pack("<IIII", 1, 0, length, length) + bytes(200)
    blocks = section() + interface(1) + enhanced(0, 5, b"x") + struct.pack("<III", 6, length & ~3, 0) + bytes(100)
    tracemalloc.start()
    for octets in (good + record, blocks):
        found = read(tmp_path / "huge", octets)
        assert found.packets == 1
        assert found.skipped
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


def test_odd_blocks_of_pcapng(tmp_path):
    """Blocks nobody knows, options without an end, packets of an interface that is not there, a second section."""
    packet = ethernet(ipv4(udp(b"OPTIONS sip:a SIP/2.0\r\n\r\n"), 17))
    odd = [block(kind, bytes(range(40))) for kind in (0, 2, 4, 5, 9, 0x0BAD, 0x4000_0BAD, 0x8000_0000)]
    strange = interface(1, options=option(9, b"\xff") + option(14, b"\0" * 3) + option(2, b"\xff\xfe"))
    first = (section(), *odd, strange, enhanced(0, 5, packet), enhanced(77, 5, packet))
    octets = b"".join((*first, section(), interface(1), enhanced(0, 6, packet)))
    found = read(tmp_path / "odd", octets)
    assert found.packets >= 1
    assert sum(found.messages["sip"].values()) == found.packets
