"""Every capture of `tests/vectors/trace/captures` as tshark reads it: messages by protocol and type, and call by call.

Where the two differ, EXPLAINED says in what and why, and nothing else may differ. The pages of the documentation have
the same table.
"""

from collections import Counter, defaultdict
from pathlib import Path

import pytest
from support.trace_tshark import Seen

from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.dissect import Options

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("tshark")]

CAPTURES = Path(__file__).parent.parent / "vectors" / "trace" / "captures"
PROTOCOLS = ("isup", "q931", "h225", "sip", "m3ua", "m2ua", "m2pa", "sccp")
EXPLAINED = {
    # Messages by protocol: how many only we see, how many only tshark sees.
    ("isdn_dct2000_isup+q931+sip_sample.out", "packets"): (5, 10, "lines that carry no call are packets to tshark"),
    ("isdn_dct2000_isup+q931+sip_sample.out", "q931"): (1, 1, "a supplementary service of GSM, read as Q.931 by both"),
    ("isdn_lapd-177_gsm-abis-accept.pcap", "q931"): (5, 14, "A-bis, not Q.931: neither reads what it is"),
    ("isdn_q931-pri-backhaul-tcp2428+mgcp+rtp_1call.pcapng", "q931"): (
        8,
        0,
        "tshark has no dissector for the backhaul",
    ),
    ("sigtran_m3ua+m2ua_synthetic_arkime.pcap", "isup"): (0, 2, "repeated chunks count once"),
    ("sigtran_m3ua+m2ua_synthetic_arkime.pcap", "m3ua"): (0, 6, "repeated chunks count once"),
    ("sigtran_m3ua+m2ua_synthetic_arkime.pcap", "m2ua"): (0, 2, "repeated chunks count once"),
    ("sigtran_m3ua+m2ua_synthetic_arkime.pcap", "sccp"): (0, 3, "repeated chunks count once; one in a DATA of draft 6"),
    ("sigtran_m3ua_bicc_iam.pcap", "isup"): (0, 1, "BICC, messages of ISUP to tshark"),
    ("sip_protos-torture-c07.pcap", "sip"): (0, 9, "methods of more than 32 letters"),
}
OPTIONS = {"sigtran_m3ua-draft6_isup_1call.pcap": ("-o", "m3ua.version:Internet Draft version 6")}
"""What tshark has to be told; `tandem trace` finds it out."""
CALLS = {
    # Messages that only tshark's list of a call has.
    ("h323_cisco_h245-alphanumeric-dtmf.pcapng", "h225"): {("RELEASE_COMPLETE", 55)},  # repeated after the end
    ("ss7_mtp2-140_isup_libpcap-filter-test.pcap", "isup"): {("REL", 5), ("RLC", 6)},  # of a call before the capture
}


@pytest.fixture(scope="module", params=sorted(path.name for path in CAPTURES.glob("*.gz")), ids=lambda name: name[:-3])
def both(request):
    """Name, our analysis, tshark's counts."""
    path = CAPTURES / request.param
    return (
        request.param.removesuffix(".gz"),
        analyse([str(path)], Options(detect=True)),
        Seen(path, OPTIONS.get(path.name.removesuffix(".gz"), ())),
    )


def test_counts_and_calls(both):
    name, ours, theirs = both
    differences = {} if ours.packets == theirs.packets else {"packets": (ours.packets, theirs.packets)}
    for protocol in PROTOCOLS:
        one, other = Counter(ours.messages.get(protocol, {})), theirs.counts[protocol]
        if one != other:
            differences[protocol] = ((one - other).total(), (other - one).total())
    assert differences == {what: row[:2] for (capture, what), row in EXPLAINED.items() if capture == name}
    for protocol, seen, begin in (("isup", theirs.isup, "IAM"), ("sip", theirs.sip, "INVITE")):
        found = messages_of(ours, protocol)
        for key, messages in seen.items():
            if begin in {kind for kind, _ in messages} and not explained(name, protocol):
                expected = set(messages) - CALLS.get((name, protocol), set())
                assert set(found[key]) == expected, (protocol, key)
    found = messages_of(ours, "q931") | messages_of(ours, "h225")
    if not explained(name, "q931"):
        expected = {message for messages in theirs.q931.values() for message in messages}
        expected -= CALLS.get((name, "h225"), set())
        assert {message for messages in found.values() for message in messages} == expected


def explained(name, protocol):
    return (name, protocol) in EXPLAINED


def messages_of(analysis, protocol):
    """Messages of all records of a circuit or Call-ID: type and packet."""
    found = defaultdict(list)
    for record in analysis.calls:
        if record.protocol == protocol:
            key = record.cic if protocol == "isup" else record.call_id
            found[key] += [(message.type, message.packet) for message in record.messages]
    return found


def test_every_difference_is_one_of_a_capture_there_is():
    names = {path.name.removesuffix(".gz") for path in CAPTURES.glob("*.gz")}
    assert len(names) == 42
    assert {name for name, _ in [*EXPLAINED, *CALLS]} | {*OPTIONS} <= names
