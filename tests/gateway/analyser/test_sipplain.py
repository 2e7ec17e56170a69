"""SIP calls followed in bulk and one by one: the same records, findings and figures, whatever messages look like."""

import struct

import numpy as np
import pytest
from bench.traffic import generate
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bulk_analysis import analysed
from support.packet_files import ethernet, file_of, ipv4, pcap, rtp, udp
from support.sip_flows import ODDITIES, capture, message

from tandem.gateway.analyser.analysis import Analyser
from tandem.gateway.analyser.clock import Span
from tandem.gateway.analyser.files import read_file
from tandem.gateway.analyser.merge import merge
from tandem.gateway.analyser.pcap import read_pcap
from tandem.gateway.analyser.report import as_json
from tandem.gateway.analyser.sipplain import PlainDialogs

pytestmark = pytest.mark.usefixtures("loops")
STEPS = (0.01, 0.3, 2.0, 20.0, 33.0, 70.0)
ANSWERED = ["INVITE", "100 INVITE", "180 INVITE", "200 INVITE", "ACK"]
ENDED = ["BYE", "200 BYE"]
FLOWS = (
    ANSWERED + ENDED,
    ANSWERED,
    ["INVITE", "183 INVITE", "PRACK", "200 PRACK", "200 INVITE", "ACK", "UPDATE", "200 UPDATE", *ENDED],
    ["INVITE", "486 INVITE", "ACK"],
    ["INVITE", "180 INVITE", "CANCEL", "200 CANCEL", "487 INVITE", "ACK"],
    ["INVITE", "407 INVITE", "ACK"],
    ["INVITE", "407 INVITE", "ACK", "INVITE+", "100 INVITE+", "180 INVITE+", "200 INVITE+", "ACK+", *ENDED],
    ["INVITE", "100 INVITE", "401 INVITE", "ACK", "INVITE+", "486 INVITE+", "ACK+"],
    ["INVITE", "180 INVITE", "422 INVITE", "ACK", "INVITE+", "407 INVITE+", "ACK+", "INVITE++", "200 INVITE++"],
    ["INVITE", "407 INVITE", "ACK", "INVITE+", "CANCEL+", "200 CANCEL+", "487 INVITE+", "ACK+"],
    ["INVITE", "486 INVITE", "ACK", "INVITE+", "200 INVITE+", "ACK+"],
    ["INVITE", "CANCEL", "407 INVITE", "ACK", "INVITE+", "200 INVITE+"],
    ["INVITE", "503 INVITE", "ACK"],
    ["INVITE", "INVITE"],
    ["INVITE", "200 INVITE", "ACK", "BYE", "481 BYE"],
    ["INVITE", "200 INVITE", "ACK", "500 INVITE", "BYE"],
    ["REGISTER", "403 REGISTER"],
    ["OPTIONS", "200 OPTIONS"],
    ["BYE", "481 BYE"],
)
TYPES = sorted({name.rstrip("+") for flow in FLOWS for name in flow})


def flow(names, call, step, by_caller, cseq, odd, where):
    """A call; the side that ends it begins the last transaction; one message of it is odd.

    Each `+` behind a name is a try more.
    """
    events = []
    for place, name in enumerate(names):
        ending = name.endswith("BYE")
        forward = by_caller if ending else True
        number = cseq + name.count("+") + 5 * ending
        usual = "again" if "INVITE+" in name else ""
        events.append((step, call, name.rstrip("+"), forward, number, odd if place == where % len(names) else usual))
    return events


flows = st.builds(
    flow,
    st.sampled_from(FLOWS),
    st.integers(1, 3),
    st.sampled_from(STEPS),
    st.booleans(),
    st.sampled_from((1, 1, 1, 2)),
    st.sampled_from(ODDITIES),
    st.integers(0, 8),
)
strays = st.tuples(
    st.sampled_from(STEPS),
    st.integers(1, 3),
    st.sampled_from(TYPES),
    st.booleans(),
    st.integers(1, 3),
    st.sampled_from(ODDITIES),
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.one_of(flows, st.lists(strays, max_size=2)), max_size=6),
    st.sampled_from((1, 3, 7, 100)),
    st.randoms(use_true_random=False),
)
def test_the_same_as_one_by_one(parts, at_once, random):
    events = []
    waiting = [list(part) for part in parts if part]
    while waiting:  # calls go on side by side, each in its order
        chosen = random.choice(waiting)
        events.append(chosen.pop(0))
        waiting = [part for part in waiting if part]
    octets = capture(events)
    assert analysed(octets, True, at_once) == analysed(octets, False, at_once)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(TYPES), st.integers(0, 700), st.binary(max_size=6), st.integers(0, 8))
def test_spoilt_messages_are_the_same(name, place, octets, cut):
    whole = message(name, 1, True, odd="sdp")
    spoilt = whole[:place] + octets + whole[place + cut :]
    packets = [message("INVITE", 1, True), spoilt, message("200 INVITE", 1, True)]
    found = pcap([(1000.0 + at, ethernet(ipv4(udp(packet), 17))) for at, packet in enumerate(packets)])
    assert analysed(found, True, 100) == analysed(found, False, 100)


def taken_one_by_one(path):
    """Messages of SIP that were given to `DialogTracker`."""
    analyser, count = Analyser(), 0
    take = analyser._dialogs.take

    def counted(message):
        nonlocal count
        count += 1
        take(message)

    analyser._dialogs.take = counted
    for batch in merge([read_file(str(path), print)]):
        analyser.feed(batch)
    return analyser.result(), count


@pytest.mark.parametrize("mix", ["sip", "signalling", "speech", "challenged"])
def test_a_busy_capture_is_followed_in_bulk(tmp_path, mix):
    generate(tmp_path / "busy.pcap", 6000, mix)
    result, count = taken_one_by_one(tmp_path / "busy.pcap")
    assert count == 0
    singly = Analyser(bulk=False)
    for batch in merge([read_file(str(tmp_path / "busy.pcap"), print)]):
        singly.feed(batch)
    assert "".join(as_json(result)) == "".join(as_json(singly.result()))


def test_speech_finds_its_call_while_it_goes_on():
    invite, answer = message("INVITE", 1, True, odd="sdp"), message("200 INVITE", 1, True, odd="sdp")
    packets = [(1000.0, ethernet(ipv4(udp(invite), 17))), (1001.0, ethernet(ipv4(udp(answer, 5062, 5060), 17)))]
    for number in range(50):
        payload = rtp(number, number * 160)
        packets.append((1002 + number / 50, ethernet(ipv4(udp(payload, 9000, 10002), 17, "10.0.0.2", "10.0.0.1"))))
    # The stream is over long before the call is.
    packets += [(1000.0 + 70 * n, ethernet(ipv4(udp(b"x" * 20, 1, 2), 17))) for n in range(1, 4)]
    packets.append((1300.0, ethernet(ipv4(udp(message("BYE", 1, True, 2)), 17))))
    packets.append((1300.1, ethernet(ipv4(udp(message("200 BYE", 1, True, 2), 5062, 5060), 17))))
    octets = pcap(packets)
    for bulk in (True, False):
        assert analysed(octets, bulk, 10).count('"packets":50') == 1


def test_calls_under_way_are_bounded(monkeypatch):
    monkeypatch.setattr("tandem.gateway.analyser.sipplain.MOST_OPEN", 2)
    events = [(0.1, call, "INVITE", True, 1, "") for call in range(1, 6)]
    analyser = Analyser()
    for batch in merge([read_pcap(file_of(capture(events)), print)]):
        analyser.feed(batch)
    analyser._span = Span.of(np.array([2000.0]))
    analyser._flush()
    assert (len(analyser._plain_dialogs), len(analyser._dialogs)) == (0, 5)


def test_nothing_to_follow():
    plain = PlainDialogs([], print, lambda: (), print, print)
    plain.expire(1.0)
    plain.rest()
    assert len(plain) == 0


def test_a_length_of_a_packet_means_nothing():
    octets = bytearray(capture([(0.1, 1, "INVITE", True, 1, "sdp")]))
    struct.pack_into("<I", octets, 24 + 8, 40)
    assert analysed(bytes(octets), True, 10) == analysed(bytes(octets), False, 10)
