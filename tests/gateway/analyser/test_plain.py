"""Calls followed in bulk and one by one: the same records, findings and figures, whatever happens on a circuit."""

import struct

import pytest
from bench.traffic import generate
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bulk_analysis import analysed
from support.isup_flows import BODIES, CALL, call, calls, event
from support.packet_files import data_chunk, ethernet, ipv4, pcap, sctp

from tandem.gateway.analyser.analysis import Analyser
from tandem.gateway.analyser.files import read_file
from tandem.gateway.analyser.merge import merge
from tandem.gateway.analyser.plain import PlainCalls
from tandem.gateway.analyser.report import as_json

pytestmark = pytest.mark.usefixtures("loops")

A, B = 1001, 2002


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


def test_what_is_handed_over_late_is_given_up_in_time():
    """The REL of circuit 2 waits no longer because another call came to the tracker before it."""
    events = [(0.1, True, 2, "IAM3", False), (0.1, True, 2, "REL", False), (0.1, True, 1, "IAM3", False)]
    events += [(75.0, True, 1, "REL-bad", False), (1.0, True, 3, "IAM", False), (0.1, True, 4, "IAM", False)]
    events += [(1.0, False, 2, "RLC", False)]
    octets = capture(events)
    found = analysed(octets, True, 2)
    assert found == analysed(octets, False, 2)
    assert "missing-rlc" in found


WHOLE = [(0.0, True, 1, "IAM", False), (1.0, False, 1, "ACM", False), (1.0, False, 1, "ANM", False)]


@pytest.mark.parametrize("at_once", [1, 2, 100])
@pytest.mark.parametrize("wrong", [-900.0, -4e6, 400.0 + 3600, 4e6])
def test_a_time_that_is_wrong_loses_no_message(wrong, at_once):
    """One packet of another circuit has it, just when a REL waits for its RLC."""
    events = [
        *WHOLE,
        (1.0, True, 1, "REL", False),
        (wrong, True, 2, "IAM", False),
        (0.1 - wrong, False, 1, "RLC", False),
    ]
    octets = capture([(2e7, True, 3, "IAM", False), *events])
    found = analysed(octets, True, at_once)
    assert found == analysed(octets, False, at_once)
    assert found.count('"type":"RLC"') == 1
    assert "missing-rlc" not in found


@pytest.mark.parametrize("at_once", [1, 2, 5, 100])
@pytest.mark.parametrize("jump", [-900.0, -90_000.0])
def test_a_clock_that_is_set_back_loses_no_message(jump, at_once):
    """Nor is a call said to wait for long that began a moment before the capture ends."""
    events = [(2e6, True, 3, "IAM", False), *WHOLE, (jump, True, 2, "IAM", False), (0.1, True, 1, "REL", False)]
    events += [(0.1, False, 2, "ACM", False), (0.1, False, 1, "RLC", False), (0.1, True, 4, "IAM", False)]
    octets = capture(events)
    found = analysed(octets, True, at_once)
    assert found == analysed(octets, False, at_once)
    assert found.count('"type":"RLC"') == 1
    assert "missing-rlc" not in found
    assert "unanswered-iam" not in found


def test_what_waits_is_given_up_in_the_order_of_time():
    """The REL of circuit 1 comes late in the file, with an earlier time than that of circuit 2."""
    events = [(0.0, True, 1, "IAM3", False), (0.1, True, 2, "IAM3", False), (50.0, True, 2, "REL", False)]
    events += [(-49.0, True, 1, "REL", False), (70.0, True, 3, "IAM", False), (1.0, True, 4, "IAM", False)]
    events += [(1.0, False, 1, "RLC", False), (30.0, False, 2, "RLC", False)]
    octets = capture(events)
    found = analysed(octets, True, 2)
    assert found == analysed(octets, False, 2)
    assert '"completed":null' in found
    assert found.count("missing-rlc") == 1


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_what_waited_before_the_clock_was_set_back_is_told(at_once):
    events = [(2e6, True, 1, "IAM", False), (1.0, True, 1, "REL", False), (70.0, True, 2, "IAM", False)]
    events += [(0.1, False, 2, "ACM", False), (-9000.0, True, 3, "IAM", False), (0.1, True, 4, "IAM", False)]
    octets = capture(events)
    found = analysed(octets, True, at_once)
    assert found == analysed(octets, False, at_once)
    assert found.count('"kind":"missing-rlc"') == 1
    assert "unanswered-iam" not in found
