"""Signalling links in bulk and unit by unit: the same records, findings and figures, whatever is on them."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bulk_analysis import analysed
from support.isup_flows import BODIES, CALL, call, calls, event
from support.packet_files import block, interface, option, pcap, section

from tandem.gateway.analyser import dissect
from tandem.gateway.analyser.dissect import Options
from tandem.gateway.analyser.lines import ERF, MTP2, MTP2_WITH_PSEUDO, MTP3
from tandem.gateway.analyser.pcapng import PcapngReader
from tandem.gateway.analyser.plain import PlainCalls
from tandem.ss7.mtp3.label import Variant

pytestmark = pytest.mark.usefixtures("loops")

CODES = {True: (1001, 2002), False: (2002, 1001)}
OTHERS = {
    "FISU": bytes(3),
    "SIPO": b"\0\0\1\4",
    "SIO": b"\0\0\2\0\0",
    "short": b"\0\0",
    "none": b"",
    "label": b"\0\0\7\x85abcdef",
    "SLTM": b"\0\0\7\x81\x51\x47\x12\x00\x11\x10a",
    "TFP": b"\0\0\x09\x80\x51\x47\x12\x00\x14\x22\3\0",
    "SCCP": b"\0\0\x0b\x83\x51\x47\x12\x00\x09\0\1\2\3",
    "ANSI": b"\0\0\x0f\x85" + bytes((1, 2, 3, 1, 2, 4, 5)) + b"\1\0\x06\0\0\0\0\0",
}
PLAIN = sorted(set(BODIES) - {"IAM3"})


def unit(forward, cic, name):
    """From the BSN on."""
    if name in OTHERS:
        return OTHERS[name]
    isup = struct.pack("<H", cic) + BODIES[name]
    opc, dpc = CODES[forward]
    msu = b"\x85" + (dpc | opc << 14 | (cic & 15) << 28).to_bytes(4, "little") + isup
    return bytes((0, 0, min(len(msu), 63))) + msu


def captured(kind, fcs, place, forward, octets):
    """A unit as a capture of this kind has it."""
    if kind == MTP3:
        return octets[3:]
    if kind == ERF:
        kind_of, more = (1, 5, 12)[place % 3], place % 25 == 24
        record = bytes(8) + bytes((kind_of | 0x80 * more,)) + bytes(7 + 8 * more)
        channel = b"" if kind_of == 1 else bytes((0, 0, 0, 4 + place % 2))
        return record + channel + octets + bytes(2 * fcs)
    head = bytes((forward, 0, 0, 5 + place % 2)) if kind == MTP2_WITH_PSEUDO else b""
    return head + octets + bytes(2 * fcs)


def capture(events, kind, fcs=False):
    time, packets = 1000.0, []
    for place, (step, forward, cic, name, _) in enumerate(events):
        time += step
        packets.append((time, captured(kind, fcs, place, forward, unit(forward, cic, name))))
    return pcap(packets, kind)


mixed = st.lists(st.one_of(calls, st.lists(event([*BODIES, *OTHERS]), max_size=3)), max_size=7)
options = st.builds(
    Options,
    detect=st.booleans(),
    fcs=st.booleans(),
    variant=st.sampled_from([Variant.ITU, Variant.ITU, Variant.ANSI]),
)


@settings(max_examples=80)
@given(mixed, st.sampled_from((1, 3, 7, 100)), st.sampled_from((MTP2, MTP2_WITH_PSEUDO, MTP3, ERF)), options)
def test_the_same_as_one_by_one(parts, at_once, kind, chosen):
    octets = capture([event for part in parts for event in part], kind, chosen.fcs)
    assert analysed(octets, True, at_once, chosen) == analysed(octets, False, at_once, chosen)


@settings(max_examples=40)
@given(mixed, st.data())
def test_cut_units_are_the_same(parts, data):
    events = [event for part in parts for event in part]
    packets, time = [], 1000.0
    for step, forward, cic, name, _ in events:
        time += step
        octets = unit(forward, cic, name)
        packets.append((time, octets[: data.draw(st.integers(0, len(octets)))]))
    octets = pcap(packets, MTP2)
    assert analysed(octets, True, 5) == analysed(octets, False, 5)


@pytest.mark.parametrize("kind", [MTP2, MTP3])
def test_directions_of_pcapng_are_the_same(kind):
    events = [one for cic in (1, 2) for one in call(cic, True, CALL, 0.3)]
    pieces = [section(), interface(kind, options=option(2, b"span 1"))]
    for place, (_, forward, cic, name, _) in enumerate(events):
        octets = captured(kind, False, place, forward, unit(forward, cic, name))
        head = struct.pack("<IIIII", 0, 0, 1000000 * place, len(octets), len(octets))
        flags = option(2, struct.pack("<I", 1 + forward)) + option(0, b"")
        pieces.append(block(6, head + octets + bytes(-len(octets) % 4) + flags))

    def read(stream, complain):
        return PcapngReader(stream, lambda reason, _: complain(reason)).batches()

    found = [analysed(b"".join(pieces), bulk, 4, read=read) for bulk in (True, False)]
    assert found[0] == found[1]
    assert '"link":"span 1"' in found[0]


@pytest.mark.parametrize("kind", [MTP2, MTP2_WITH_PSEUDO, MTP3, ERF])
@pytest.mark.parametrize("detect", [False, True])
def test_plain_calls_are_followed_in_bulk(monkeypatch, kind, detect):
    """Nothing of them is read unit by unit once an IAM each way has told the variant."""
    singly, given_out = [], []
    each, take = dissect.Dissector._each, PlainCalls.take

    def counted(self, batch, kind, which):
        singly.extend(which)
        each(self, batch, kind, which)

    monkeypatch.setattr(dissect.Dissector, "_each", counted)
    monkeypatch.setattr(
        PlainCalls, "take", lambda self, rows, messages: given_out.append(take(self, rows, messages)) or given_out[-1]
    )
    names = [one for cic in (1, 2, 3) for one in [*call(cic, True, CALL, 0.3), (0.1, True, 0, "FISU", False)]]
    assert analysed(capture(names, kind), True, 6, Options(detect=detect)).count('"completed":10') == 3
    assert len(singly) == detect + 3 * (kind == MTP3)
