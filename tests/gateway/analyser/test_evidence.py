from support.findings import message, record

from tandem.gateway.analyser.evidence import MOST_PACKETS, about, of_type, other, packets_of, receiver, sender, side_of
from tandem.gateway.analyser.model import Protocol, Severity


def test_a_finding_names_what_proves_it():
    call = record("isup", [("IAM", True), ("ACM", False), ("REL", True)])
    found = about("kind", Severity.NOTE, call, "text", proof=call.messages[1:], fault="who", clause="which")
    assert (found.packets, found.time, found.text, found.calls) == ([2, 3], 3.0, "x: text", ["x"])
    assert (found.severity, found.fault, found.clause) == ("note", "who", "which")
    assert about("kind", Severity.NOTE, call, "text").packets == [1]
    assert about("kind", Severity.NOTE, call, "text", proof=call.messages[:1], last=True).time == 3.0


def test_only_so_many_packets_are_named():
    call = record("isup", [("IAM", True)] * 100)
    assert len(about("kind", Severity.NOTE, call, "text", proof=call.messages).packets) == MOST_PACKETS
    assert len(list(packets_of(message("REL", packet=number) for number in range(100)))) == MOST_PACKETS


def test_ends():
    call = record("isup", [("IAM", True)])
    assert (side_of(call, "calling"), side_of(call, "called"), side_of(call, "")) == ("0-0-1", "0-0-2", "")
    assert (other("calling"), other("called"), other("x")) == ("called", "calling", "")
    plain = record("sip", [("INVITE", True)])
    assert side_of(plain, "called") == "b:2"
    told = message("SIOS", protocol=Protocol.MTP2, opc=None, dpc=None, sent=True)
    assert (sender(told), receiver(told)) == ("the side that captured", "")
    assert sender(message("SIOS", protocol=Protocol.MTP2, opc=None, dpc=None, sent=False)) == "the far end"
    assert sender(message("SIOS", protocol=Protocol.MTP2, opc=None, dpc=None)) == ""
    assert (sender(message("COO")), receiver(message("COO"))) == ("0-0-1", "0-0-2")


def test_messages_that_were_seen_twice_count_once():
    call = record("sip", [("ACK", True), ("ACK", True)])
    call.messages[1].duplicate = True
    assert len(of_type(call, "ACK")) == 1
