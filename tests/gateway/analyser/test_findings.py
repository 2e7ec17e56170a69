import pytest

from tandem.gateway.analyser.findings import of_calls, of_collisions, of_links, of_registrations, of_supervision
from tandem.gateway.analyser.model import CallMessage, CallRecord, Leg, MediaStream, Message, Protocol, Where


def record(protocol, messages, **values):
    kept = [CallMessage(number, float(number), kind, forward) for number, (kind, forward) in enumerate(messages, 1)]
    base = {"protocol": protocol, "id": "x", "outcome": "open", "start": 1.0, "messages": kept, "variant": "itu"}
    base |= {"opc": 1, "dpc": 2, "cic": 7} if protocol in ("isup", "tup") else {"source": "a:1", "destination": "b:2"}
    return CallRecord(**(base | values))


def kinds(*records, end=1000.0):
    return [
        (finding.kind, finding.fault)
        for finding in of_calls(list(records), end, {record.id: record for record in records}.get)
    ]


def message(kind, time=1.0, protocol=Protocol.ISUP, packet=1, **where):
    return Message(packet, time, protocol, kind, Where(**({"opc": 1, "dpc": 2, "variant": "itu"} | where)), b"")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (record("isup", [("IAM", True)]), [("unanswered-iam", "0-0-2")]),
        (record("tup", [("IAI", True)]), [("unanswered-iam", "0-0-2")]),
        (
            record("isup", [("IAM", True), ("ACM", False), ("REL", True), ("REL", True)], released=3.0),
            [("missing-rlc", "0-0-2")],
        ),
        (
            record("isup", [("IAM", True), ("ACM", False), ("REL", False)], released=3.0, released_by="called"),
            [("missing-rlc", "0-0-1")],
        ),
        (
            record(
                "isup",
                [("IAM", True), ("REL", False), ("RLC", True)],
                released=2.0,
                released_by="called",
                cause=34,
                completed=3.0,
            ),
            [("release-before-acm", "0-0-2"), ("congestion", "0-0-2")],
        ),
        (record("isup", [("IAM", True), ("ACM", False), ("ANM", False)], answered=3.0), []),
        (record("sip", [("INVITE", True)]), [("unanswered-invite", "b:2")]),
        (record("sip", [("INVITE", True), ("200", False)], answered=2.0), [("missing-ack", "a:1")]),
        (
            record("sip", [("INVITE", True), ("200", False), ("ACK", True), ("BYE", False)], answered=2.0),
            [("unanswered-bye", "a:1")],
        ),
    ],
)
def test_single_calls(found, expected):
    assert kinds(found) == expected


def test_what_may_still_come_is_no_finding():
    assert kinds(record("isup", [("IAM", True)]), record("sip", [("INVITE", True)]), end=20.0) == []


def test_a_reset_in_a_call():
    found = record("isup", [("IAM", True), ("ACM", False), ("RSC", False)], outcome="failed", released_by="called")
    found.messages[-1].summary = "reset"
    assert ("reset-in-call", "0-0-2") in kinds(found)


def test_retransmissions():
    found = record("sip", [("INVITE", True)] * 4 + [("100", False)])
    for repeated in found.messages[1:4]:
        repeated.duplicate = True
    assert kinds(found) == [("retransmissions", "")]


def test_a_cause_that_the_gateway_told_wrongly():
    isup = record("isup", [("IAM", True), ("REL", False)], id="isup-1", released=2.0, cause=17, completed=3.0)
    sip = record("sip", [("INVITE", True), ("486", False)], id="sip-2", start=0.5, status=500, released=2.0)
    isup.legs.append(Leg("sip-2", 0.9, "numbers and time"))
    assert ("cause-mapping", "the gateway between them") in kinds(isup, sip)
    sip.status = 486
    assert not any(kind == "cause-mapping" for kind, _ in kinds(isup, sip))


def test_a_status_that_the_gateway_told_wrongly():
    isup = record("isup", [("IAM", True), ("REL", False)], id="isup-1", released=2.0, cause=16, completed=3.0)
    sip = record("sip", [("INVITE", True), ("486", False)], id="sip-2", start=1.5, status=486, released=2.0)
    isup.legs.append(Leg("sip-2", 0.9, "numbers and time"))
    assert ("cause-mapping", "the gateway between them") in kinds(isup, sip)


def test_reset_storms_and_blocked_circuits():
    storm = [(message("RSC", time=number / 2), number) for number in range(10)]
    blocked = [(message("BLO"), 5), (message("BLO"), 6), (message("UBL"), 6)]
    found = list(of_supervision(storm + blocked))
    assert [(finding.kind, finding.text.split(" ")[0]) for finding in found] == [
        ("reset-storm", "10"),
        ("circuit-blocked", "circuit"),
    ]
    assert "circuit 5 " in found[1].text
    assert not list(of_supervision([(message("RSC", time=number * 10.0), number) for number in range(10)]))


def test_links_that_fail():
    found = list(
        of_links([message("SIOS", protocol=Protocol.MTP2, link="3", opc=None), message("SLTM"), message("COO")])
    )
    assert [(finding.kind, finding.fault) for finding in found] == [("link-failure", ""), ("changeover", "0-0-1")]
    assert "on link 3" in found[0].text


def test_registrations():
    def sip(kind, source, destination):
        return message(kind, protocol=Protocol.SIP, opc=None, dpc=None, source=source, destination=destination)

    exchange = [("REGISTER", "a", "r"), ("401", "r", "a"), ("REGISTER", "a", "r"), ("403", "r", "a")]
    exchange += [("REGISTER", "b", "r"), ("REGISTER", "c", "r"), ("200", "r", "c")]
    found = list(of_registrations([sip(*one) for one in exchange]))
    assert [(finding.kind, finding.fault) for finding in found] == [
        ("registration-failed", ""),
        ("registration-unanswered", "r"),
    ]


def stream(source, destination, **values):
    base = {"ssrc": 1, "codec": "PCMA", "first": 2.0, "last": 20.0, "packets": 900, "lost": 0, "jitter_ms": 0.0}
    return MediaStream(source=source, destination=destination, **(base | {"payload_types": [8]} | values))


def answered(**values):
    messages = [("INVITE", True), ("200", False), ("ACK", True), ("BYE", True), ("200", False)]
    base = {"answered": 2.0, "released": 20.0, "completed": 20.1, "duration": 18.0, "id": "sip-1"}
    both = [stream("a:9", "b:9"), stream("b:9", "a:9")]
    return record("sip", messages, **(base | {"media": both, "outcome": "answered"} | values))


def test_speech_in_a_codec_that_nobody_asked_for():
    assert kinds(answered(formats={"a:9": [8, 101], "b:9": [8]})) == []
    assert kinds(answered(formats={"a:9": [0], "b:9": [8]})) == [("codec-mismatch", "b:9")]


def test_digits_that_are_lost():
    cut = [stream("a:9", "b:9", digits="12", digits_cut=1), stream("b:9", "a:9")]
    assert kinds(answered(media=cut)) == [("dtmf-lost", "the path from a:9")]
    one = answered(media=[stream("a:9", "b:9", digits="12"), stream("b:9", "a:9")], legs=[Leg("sip-2", 0.9, "")])
    other = answered(id="sip-2", start=1.5)
    assert ("dtmf-lost", "what joins b:2 and a:1") in kinds(one, other)
    other.media[0].digits = "12"
    assert kinds(one, other) == []


def test_timers_and_setups():
    found = record("isup", [("IAM", True), ("REL", True)], id="isup-1", released=26.0, completed=27.0)
    found.messages[1].time, found.messages[1].summary = 26.0, "cause 102"
    assert ("timer-expiry", "0-0-2") in kinds(found)
    assert kinds(record("q931", [("SETUP", True)])) == [("unanswered-setup", "b:2")]


def test_dual_seizures():
    (found,) = of_collisions([(message("IAM", packet=9), 7, 8)])
    assert (found.kind, found.packets) == ("dual-seizure", [8, 9])
    assert "circuit 7 was seized by 0-0-1 and 0-0-2" in found.text


def test_congestion_and_destinations():
    told = [message(kind, protocol=Protocol.M3UA) for kind in ("SCON", "DUNA", "DAVA", "ASPDN")] + [message("TFC")]
    assert [finding.kind for finding in of_links(told)] == [
        *("congestion", "destination-unavailable", "link-failure", "congestion")
    ]


def test_what_a_sender_sent_elsewhere_meanwhile_is_not_missing():
    first = [stream("a:9", "b:9", lost=300), stream("b:9", "a:9")]
    assert kinds(answered(media=first)) == [("speech-loss", "the path from a:9")]
    held = [*first, stream("a:9", "c:9", packets=300), stream("c:9", "a:9", ssrc=2)]
    assert kinds(answered(media=held)) == []
    other = [*first, stream("a:9", "c:9", packets=300, ssrc=7), stream("c:9", "a:9", ssrc=2)]
    assert kinds(answered(media=other)) == [("speech-loss", "the path from a:9")]
