"""What peers are told of calls of PJSIP when its process is lost."""

import pytest
from support.pjsip_adapter import PEER, SAVP, SPEECH, Pjsip, answered, message

from tandem.gateway.pjsip import protocol
from tandem.gateway.sip.message import parse_message
from tandem.gateway.sip.primitives import IncomingInvite


@pytest.fixture
def pjsip():
    made = Pjsip()
    yield made
    made.close()


def lost(pjsip, peer=PEER):
    """The PJSIP process dies: what its peer gets first."""
    pjsip.bench.raw[peer] = []
    pjsip.bench.node.pjsip_lost(pjsip.bench.now)
    pjsip.bench.run(0.1)
    pjsip.close()
    return parse_message(pjsip.bench.raw[peer][0])


def test_a_peer_is_told_when_the_process_is_lost_in_a_call_of_its_own():
    pjsip = Pjsip()
    answered(pjsip)
    bye = lost(pjsip)
    assert (bye.method, bye.uri_text, bye.call_id) == ("BYE", "sip:10.0.0.8", "in@peer")
    assert (bye.from_.tag, bye.to.tag) == ("b", "a")
    assert bye.cseq > 1 << 15
    assert "cause=41" in bye.get("reason")


def test_a_peer_is_told_when_the_process_is_lost_in_a_call_of_ours():
    pjsip = Pjsip()
    pjsip.call()
    (made,) = pjsip.commands(protocol.MakeCall)
    lines = ("Record-Route: <sip:10.0.0.8:5060;lr>", "Record-Route: <sip:10.0.0.7;lr>")
    answer = message("SIP/2.0 200 OK", *lines, call_id=made.call_id, tag="b")
    pjsip.tell(protocol.ResponseReceived(made.call, answer, SPEECH))
    bye = lost(pjsip, ("10.0.0.7", 5060))
    assert (bye.method, bye.from_.tag, bye.to.tag) == ("BYE", "a", "b")
    assert bye.fields["route"] == ["<sip:10.0.0.7;lr>", "<sip:10.0.0.8:5060;lr>"]


def test_a_peer_that_rings_is_told_when_the_process_is_lost():
    pjsip = Pjsip()
    pjsip.call()
    (made,) = pjsip.commands(protocol.MakeCall)
    pjsip.tell(
        protocol.ResponseReceived(made.call, message("SIP/2.0 180 Ringing", call_id=made.call_id, tag="b"), None)
    )
    cancel = lost(pjsip)
    done = (
        b"SIP/2.0 200 OK\r\n"
        + b"".join(
            b"%b: %b\r\n" % (name.encode(), value.encode())
            for name, value in (
                ("Via", cancel.fields["via"][0]),
                ("From", cancel.fields["from"][0]),
                ("To", "<sip:x@h>;tag=b"),
                ("Call-ID", cancel.call_id),
                ("CSeq", "1 CANCEL"),
            )
        )
        + b"\r\n"
    )
    assert pjsip.bench.send(done, PEER) == []
    pjsip.bench.run(40.0)
    assert pjsip.bench.raw[PEER] == [], "its answer is taken, and nothing is sent again"
    assert (cancel.method, cancel.uri_text, cancel.cseq) == ("CANCEL", made.target, 1)
    assert (cancel.via.branch, cancel.via.host) == ("z9hG4bK1", "10.0.0.8")
    assert (cancel.from_.tag, cancel.to.tag) == ("a", None)


def test_a_peer_that_calls_is_told_when_the_process_is_lost():
    pjsip = Pjsip(answer=180)
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:4930200@h SIP/2.0", body=SAVP), PEER, 18500))
    refusal = lost(pjsip)
    assert (refusal.status, refusal.via.branch, refusal.call_id) == (503, "z9hG4bK1", "in@peer")


def test_a_refusal_goes_where_the_peer_was_seen_to_be():
    """RFC 3581 4: behind a NAT the address in Via is not that."""
    pjsip = Pjsip(answer=180)
    invite = message("INVITE sip:4930200@h SIP/2.0", body=SAVP).replace(b"10.0.0.8;branch", b"192.168.1.2;rport;branch")
    pjsip.tell(protocol.CallReceived(-1, invite, PEER, 18500))
    via = lost(pjsip).via
    assert (via.host, via.parameters["received"], via.parameters["rport"]) == ("192.168.1.2", "10.0.0.8", "5060")


def test_nobody_is_told_of_a_call_that_ends_already():
    pjsip = Pjsip()
    answered(pjsip)
    (incoming,) = pjsip.bench.heard(pjsip.pbx, IncomingInvite)
    pjsip.pbx.bye(incoming.call, (), pjsip.bench.now)
    pjsip.bench.run(0.1)
    assert pjsip.bench.node.sip.pjsip.standing(-1) is None
    pjsip.bench.raw[PEER] = []
    pjsip.bench.node.pjsip_lost(pjsip.bench.now)
    pjsip.bench.run(0.1)
    assert pjsip.bench.raw[PEER] == []
    pjsip.close()


def test_what_is_kept_of_a_call_for_a_later_process_is_kept_again_when_its_tag_is_known(pjsip):
    """When both processes are killed the next gateway ends the dialog; with what was known at first it could not."""
    kept = []
    control = pjsip.bench.node.control
    control.renewed = lambda half: kept.append(pjsip.bench.node.sip.farewell(half))
    answered(pjsip)
    (farewell,) = kept
    assert b'"dialog"' in bytes(farewell)
    assert b";tag=b" in bytes(farewell)
    pjsip.tell(protocol.CallEnded(-1, 200, "", message("BYE sip:x@h SIP/2.0", method="BYE", tag="b")))
