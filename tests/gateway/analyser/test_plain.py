"""Calls followed in bulk and one by one: the same records, findings and figures, whatever happens on a circuit."""

import struct

import pytest
from bench.traffic import generate
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bulk_analysis import analysed
from support.packet_files import data_chunk, ethernet, ipv4, pcap, sctp

from tandem.gateway.analyser.analysis import Analyser
from tandem.gateway.analyser.files import read_file
from tandem.gateway.analyser.merge import merge
from tandem.gateway.analyser.plain import PlainCalls
from tandem.gateway.analyser.report import as_json

pytestmark = pytest.mark.usefixtures("loops")

A, B = 1001, 2002


def iam(called="4989270", calling="4930110"):
    def number(head, digits):
        odd = len(digits) % 2
        swapped = bytes(int(pair[::-1], 16) for pair in map("".join, zip(*[iter(digits + "0" * odd)] * 2, strict=True)))
        return bytes((len(swapped) + 2, head | 0x80 * odd)) + b"\x10" + swapped

    first, second = number(4, called), number(4, calling)
    return bytes.fromhex("01 00 6000 0a 03 02") + bytes((1 + len(first),)) + first + b"\x0a" + second + b"\0"


BODIES = {
    "IAM": iam(),
    "IAM2": iam("498911", "12"),
    "IAM3": bytes.fromhex("01006000"),  # cut
    "ACM": bytes.fromhex("06 1200 00"),
    "ACM-free": bytes.fromhex("06 1604 00"),
    "CPG": bytes.fromhex("2c 02 00"),
    "CPG-alerting": bytes.fromhex("2c 01 00"),
    "ANM": bytes.fromhex("09 00"),
    "CON": bytes.fromhex("07 1404 00"),
    "REL": bytes.fromhex("0c 02 00 02 82 90"),
    "REL-19": bytes.fromhex("0c 02 00 02 84 93"),
    "REL-42": bytes.fromhex("0c 02 00 02 82 aa"),
    "REL-102": bytes.fromhex("0c 02 00 02 82 e6"),
    "REL-bad": bytes.fromhex("0c 02 00 00"),
    "RLC": bytes.fromhex("10 00"),
    "SAM": bytes.fromhex("02 02 00 03 80 21 43"),
    "SUS": bytes.fromhex("0d 00 00"),
    "BLO": bytes.fromhex("13"),
    "RSC": bytes.fromhex("12"),
    "GRS": bytes.fromhex("17 01 01 01"),
    "0xF0": bytes.fromhex("f0"),
}
CALL = ["IAM", "ACM", "ANM", "REL", "RLC"]
STEPS = (0.01, 0.2, 0.6, 1.5, 25.0, 61.0, 120.0)


def m3ua(forward, cic, name):
    isup = struct.pack("<H", cic) + BODIES[name]
    isup = isup + b"\0" * (3 - len(isup))
    opc, dpc = (A, B) if forward else (B, A)
    data = struct.pack(">IIBBBB", opc, dpc, 5, 2, 0, cic & 15) + isup
    parameter = struct.pack(">HH", 0x0210, 4 + len(data)) + data + bytes(-len(data) % 4)
    return struct.pack(">BBBBI", 1, 0, 1, 1, 8 + len(parameter)) + parameter


def m2pa(forward, cic, name):
    isup = struct.pack("<H", cic) + BODIES[name]
    opc, dpc = (A, B) if forward else (B, A)
    label = (dpc | opc << 14 | (cic & 15) << 28).to_bytes(4, "little")
    body = bytes(8) + b"\0\x85" + label + isup + b"\0" * (3 - len(isup))
    return struct.pack(">BBBBI", 1, 0, 11, 1, 8 + len(body)) + body


def capture(events, carried=m3ua):
    """Packets of events: seconds since the last, forward, circuit, message, chunks bundled with the one before."""
    ppid = 3 if carried is m3ua else 5
    packets, time, tsn = [], 1000.0, {True: 10, False: 10}
    for step, forward, cic, name, bundled in events:
        time += step
        tsn[forward] += 1
        chunk = data_chunk(tsn[forward], carried(forward, cic, name), ppid)
        if bundled and packets and packets[-1][1] == forward:
            packets[-1][2].append(chunk)
        else:
            packets.append((time, forward, [chunk]))
    ports = {True: (2905, 2906), False: (2906, 2905)}
    return pcap([(moment, ethernet(ipv4(sctp(chunks, *ports[forward]), 132))) for moment, forward, chunks in packets])


def event(names):
    return st.tuples(st.sampled_from(STEPS), st.booleans(), st.integers(1, 3), st.sampled_from(names), st.booleans())


def call(cic, forward, names, step):
    return [(step, forward == (name[:3] in ("IAM", "REL")), cic, name, False) for name in names]


calls = st.builds(
    call,
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from(
        [
            CALL,
            ["IAM", "ACM-free", "ANM", "REL", "RLC"],
            ["IAM", "ACM", "CPG-alerting", "CPG", "ANM", "REL", "RLC"],
            ["IAM2", "CON", "REL", "RLC"],
            ["IAM", "REL-42", "RLC"],
            ["IAM", "ACM", "REL-19", "RLC"],
            ["IAM", "ACM", "REL-102", "RLC"],
            ["IAM2", "REL"],
            CALL[:3],
        ]
    ),
    st.sampled_from(STEPS),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(calls, st.lists(event(list(BODIES)), max_size=2)), max_size=7),
    st.sampled_from((1, 3, 7, 100)),
    st.sampled_from((m3ua, m2pa)),
)
def test_the_same_as_one_by_one(parts, at_once, carried):
    octets = capture([event for part in parts for event in part], carried)
    assert analysed(octets, True, at_once) == analysed(octets, False, at_once)


@pytest.mark.parametrize("mix", ["speech", "signalling"])
def test_the_same_of_real_flows(tmp_path, mix):
    path = tmp_path / "traffic.pcap"
    generate(path, 8_000, mix)

    def of(bulk):
        analyser = Analyser(bulk=bulk)
        for batch in merge([read_file(str(path), print)]):
            analyser.feed(batch)
        return "".join(as_json(analyser.result()))

    assert of(True) == of(False)


@pytest.mark.parametrize("carried", [m3ua, m2pa])
def test_plain_calls_are_followed_in_bulk(monkeypatch, carried):
    """Nothing of them reaches the trackers, over batches too."""
    given_out = []
    take = PlainCalls.take
    monkeypatch.setattr(
        PlainCalls, "take", lambda self, rows, messages: given_out.append(take(self, rows, messages)) or given_out[-1]
    )
    octets = capture([event for cic in (1, 2, 3) for event in call(cic, True, CALL, 0.3)] * 2, carried)
    assert analysed(octets, True, 4).count('"completed":10') == 6
    assert len(given_out) > 5
    assert not any(given_out)
