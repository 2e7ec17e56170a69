import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.packet_files import ethernet, file_of, ipv4, ipv6, pcap, rtp, udp
from support.sip_flows import message

from tandem.gateway.analyser.network import transports
from tandem.gateway.analyser.pcap import read_pcap
from tandem.gateway.analyser.sipbulk import METHODS, SipRows, opening_of, sip_rows, type_name
from tandem.gateway.analyser.sipkeys import key_of, text_key
from tandem.gateway.analyser.sipscan import scan
from tandem.gateway.analyser.sipwords import uri_of, user_of, worded
from tandem.gateway.analyser.texts import Texts

pytestmark = pytest.mark.usefixtures("loops")


def rows_of(*payloads, packed=lambda octets: ethernet(ipv4(udp(octets), 17))):
    (batch,) = read_pcap(file_of(pcap([(float(at), packed(octets)) for at, octets in enumerate(payloads)])), print)
    found, _ = transports(batch)
    packets = np.arange(len(batch)) + 1
    return sip_rows(found, np.arange(len(found.index)), batch.buffer, packets, batch.time)


@pytest.mark.parametrize("odd", ["", "sdp", "short-names", "unknown-field", "upper", "no-tag", "identity"])
@pytest.mark.parametrize("what", ["INVITE", "180 INVITE", "486 INVITE", "ACK", "BYE", "200 BYE", "PRACK", "CANCEL"])
def test_a_row_says_what_the_scanner_says(what, odd):
    octets = message(what, 1, True, odd=odd)
    rows, chosen = rows_of(octets)
    scanned = scan(octets)
    assert (chosen.tolist(), rows.packet.tolist(), rows.octets.tolist()) == ([0], [1], [octets])
    assert type_name(int(rows.kind[0])) == (str(scanned.status) if scanned.status else scanned.method)
    assert METHODS[rows.method[0]] == scanned.method
    assert rows.sequence[0] == 1
    assert rows.tag[0] == text_key(scanned.from_tag)
    assert rows.key[0] == key_of(scanned.call_id, "10.0.0.1", "10.0.0.2")
    assert rows.words.tolist() == worded(Texts.made_of([scanned.body] if odd == "sdp" else [b""])).tolist()
    calling = b"+491" if odd == "identity" else b"10"
    assert rows.opening[0] == (b"id1@10.0.0.1\n" + calling + b"\n49130" if what == "INVITE" else b"")


def test_causes_of_releases():
    releases = [message(what, 1, True, odd="reason") for what in ("BYE", "CANCEL", "486 INVITE", "180 INVITE", "ACK")]
    assert rows_of(*releases)[0].cause.tolist() == [31, 31, 31, -1, -1]


@pytest.mark.parametrize("odd", ["folded", "doubled", "no-colon", "latin", "isup", "lone-newline", "tabs", "long-id"])
def test_what_is_left_to_others(odd):
    octets = message("INVITE", 1, True, odd=odd)
    _, chosen = rows_of(message("ACK", 1, True), octets, rtp(1, 1), message("BYE", 1, True))
    assert chosen.tolist() == [0, 3]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"SIP/2.0\r\n", b"SIP/2.1\r\n"),
        (b"INVITE sip", b"INVITE\rsip"),
        (b"CSeq: 1 INVITE", b"CSeq: 1 BYE"),
        (b"CSeq: 1 INVITE", b"CSeq: one INVITE"),
        (b"\r\n\r\n", b"\r\n"),
        (b"Call-ID: id1@10.0.0.1", b"Call-ID: "),
        (b"From:", b"From\x1a"),
        (b"Call-ID:", b"Call\rID:"),
        (b"INVITE sip", b"NOTIFY sip"),
    ],
)
def test_spoilt_messages_are_left_to_others(old, new):
    octets = message("INVITE", 1, True)
    assert old in octets
    assert not len(rows_of(octets.replace(old, new))[0])


def test_ipv6():
    (rows, _) = rows_of(message("INVITE", 1, True), packed=lambda octets: ethernet(ipv6(udp(octets), 17), 0x86DD))
    assert len(rows) == 1


def test_rows_are_put_together():
    rows, _ = rows_of(message("INVITE", 1, True), message("ACK", 1, True))
    both = SipRows.joined([rows.some(np.array([1])), rows.some(np.array([0]))])
    assert both.kind.tolist() == [-2, -1]
    assert len(SipRows.joined([])) == 0
    assert not len(rows_of(rtp(1, 1))[0])


def test_a_short_message_at_the_end_beside_a_long_from():
    octets = message("ACK", 1, True)
    long = octets.replace(b'"A;tag=no"', b'"' + b"A" * 140 + b'"')
    short = b"ACK sip:b@b SIP/2.0\r\nCall-ID: 1\r\nCSeq: 1 ACK\r\nTo: b\r\nFrom: a;tag=q\r\n\r\n"
    rows, chosen = rows_of(long, octets, short)
    assert chosen.tolist() == [0, 1, 2]
    assert rows.tag.tolist() == [text_key("a1"), text_key("a1"), text_key("q")]


@pytest.mark.parametrize(
    ("uri", "caller", "opening"),
    [
        (b"sip:host", b"<sip:there>;tag=1", ("id1@10.0.0.1", "", "11")),
        (b"sip:12;npdi@host", b"<tel:+49;x=y>;tag=1", ("id1@10.0.0.1", "+49", "12")),
        (b"tel:+4930", b"sip:7@there;tag=1", ("id1@10.0.0.1", "7", "+4930")),
        (b"sips:12@host", b"<<sip:7@there>;tag=1", ("id1@10.0.0.1", "7", "12")),
    ],
)
def test_numbers_of_uris_of_all_kinds(uri, caller, opening):
    octets = message("INVITE", 1, True).replace(b"sip:49130@10.0.0.2;user=phone", uri)
    octets = octets.replace(b'"A;tag=no" <sip:10@10.0.0.1>;tag=a1', caller)
    rows, _ = rows_of(octets)
    scanned = scan(octets)
    assert opening_of(rows.opening[0]) == opening
    assert opening[1:] == (user_of(uri_of(scanned.caller)), user_of(scanned.text) or user_of(uri_of(scanned.callee)))


_LINES = [
    b"c=IN IP4 192.0.2.7",
    b"m=audio 4 RTP/AVP 8",
    b"m=audi",
    b"m=video 1",
    b"a=inactive",
    b"a=rtpmap",
    b"v=0",
    b"m",
]


@given(
    st.lists(
        st.lists(st.sampled_from([*_LINES, b"\r\n", b"\n", b" "]), max_size=9).map(b"".join), min_size=1, max_size=4
    )
)
def test_words_are_kept_of_what_asks_for_speech(bodies):
    head = b"INVITE sip:1@a SIP/2.0\r\nFrom: <sip:2@b>;tag=1\r\nTo: <sip:1@a>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n"
    rows, _ = rows_of(*(head + body for body in bodies))
    audible = [any(line.startswith(b"m=audio") for line in body.split(b"\n")) for body in bodies]
    found = worded(Texts.made_of(bodies)).tolist()
    assert rows.words.tolist() == [words if heard else b"" for words, heard in zip(found, audible, strict=True)]
    assert rows.line.tolist() == [head.index(b"\n")] * len(bodies)
