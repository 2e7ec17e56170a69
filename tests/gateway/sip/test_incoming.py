import pytest
from support.sip_script import PEER, Script, peer_request

from tandem.gateway.sip.primitives import Cancelled, Confirmed, Ended, Failed, IncomingInvite, SendDatagram

pytestmark = pytest.mark.usefixtures("sip_reading")

SDP = "v=0\r\n"


def ringing() -> tuple[Script, int, str]:
    """A call that rings, its number and our tag."""
    script = Script()
    script.hear(peer_request("INVITE", body=SDP))
    (incoming,) = script.events
    script.agent.respond(incoming.call, 180, now=0.0)
    (response,) = script.drain()
    return script, incoming.call, response.to.tag


def answered() -> tuple[Script, int, str]:
    script, call, tag = ringing()
    script.agent.respond(call, 200, body=SDP.encode(), now=0.0)
    script.drain()
    return script, call, tag


def confirmed() -> tuple[Script, int, str]:
    script, call, tag = answered()
    script.hear(peer_request("ACK", branch="z9hG4bKack", tag=tag))
    return script, call, tag


def at_rest(script: Script) -> None:
    script.wait(40)
    assert set(script.agent.sizes().values()) == {0}
    assert script.agent.next_deadline() is None


def test_invite():
    """8.2.6.1: 100 at once, without a To tag; 12.1.1: tag, Contact and Record-Route in what forms a dialog."""
    script = Script()
    (trying,) = script.hear(peer_request("INVITE", "Record-Route: <sip:10.0.0.2;lr>", "Subject: x", body=SDP))
    assert (trying.status, trying.to.tag) == (100, None)
    (event,) = script.events
    assert isinstance(event, IncomingInvite)
    assert (event.request.uri.user, event.body, event.source) == ("4321", SDP.encode(), PEER)
    assert event.request.get("subject") == "x"
    script.agent.respond(event.call, 183, "Progress", [("Reason", "Q.850;cause=0")], SDP.encode(), now=0.0)
    (progress,) = script.drain()
    assert (progress.status, progress.phrase, progress.body) == (183, "Progress", SDP.encode())
    assert (progress.get("Record-Route"), progress.get("Reason")) == ("<sip:10.0.0.2;lr>", "Q.850;cause=0")
    assert progress.contact.uri.text == "sip:10.0.0.1:5060"
    assert script.agent.call_id(event.call) == "c1"
    script.agent.respond(event.call, 200, body=SDP.encode(), now=0.0)
    (ok,) = script.drain()
    assert (ok.status, ok.to.tag) == (200, progress.to.tag)
    assert "INVITE" in ok.values("Allow")


def test_retransmitted_invite_gets_the_last_response():
    """17.2.1."""
    script, _, tag = ringing()
    (again,) = script.hear(peer_request("INVITE", body=SDP))
    assert (again.status, again.to.tag) == (180, tag)
    assert script.kinds() == ["IncomingInvite"]


def test_provisional_response_every_minute():
    """13.3.1.1."""
    script, _, _ = ringing()
    assert [m.status for m in script.wait(130)] == [180, 180]


def test_answer_is_repeated_until_the_ack():
    """13.3.1.4: T1 doubling up to T2."""
    script, _, tag = answered()
    assert [m.status for m in script.wait(4.0)] == [200, 200, 200]
    script.hear(peer_request("ACK", branch="z9hG4bKack", tag=tag, body=SDP))
    assert isinstance(script.events[-1], Confirmed)
    assert script.events[-1].message.body == SDP.encode()
    assert script.wait(40) == []
    assert script.hear(peer_request("ACK", branch="z9hG4bKack", tag=tag)) == []
    assert script.kinds().count("Confirmed") == 1


def test_no_ack_ends_the_call():
    """13.3.1.4: BYE after 64*T1."""
    script, _, _ = answered()
    sent = script.wait(32.0)
    assert [m.status for m in sent if hasattr(m, "status")] == [200] * 10
    assert sent[-1].method == "BYE"
    assert script.events[-2] == Failed(1, "no ACK")
    at_rest(script)


@pytest.mark.parametrize("status", [302, 404, 486, 503, 603])
def test_refusal(status):
    script, call, tag = ringing()
    script.agent.respond(call, status, headers=[("Reason", "Q.850;cause=17")], now=0.0)
    (refusal,) = script.drain()
    assert (refusal.status, refusal.to.tag, refusal.get("reason")) == (status, tag, "Q.850;cause=17")
    assert script.kinds() == ["IncomingInvite", "Closed"]
    assert [m.status for m in script.wait(1.5)] == [status, status]
    script.hear(peer_request("ACK", tag=tag))
    assert script.wait(5.1) == []
    at_rest(script)


def test_refusal_without_ack_is_over_after_64_t1():
    """17.2.1 timer H: nothing more is told."""
    script, call, _ = ringing()
    script.agent.respond(call, 486, now=0.0)
    script.wait(33)
    assert script.kinds() == ["IncomingInvite", "Closed"]
    at_rest(script)


def test_cancel():
    """9.2: 200 for the CANCEL with the same tag, 487 for the INVITE."""
    script, call, tag = ringing()
    ok, terminated = script.hear(peer_request("CANCEL", "Reason: Q.850;cause=16"))
    assert (ok.status, ok.method, ok.to.tag) == (200, "CANCEL", tag)
    assert (terminated.status, terminated.method, terminated.to.tag) == (487, "INVITE", tag)
    assert isinstance(script.events[1], Cancelled)
    assert script.events[1].message.get("Reason") == "Q.850;cause=16"
    assert script.kinds() == ["IncomingInvite", "Cancelled", "Closed"]
    script.agent.respond(call, 200, now=0.0)
    assert script.drain() == []
    (again,) = script.hear(peer_request("CANCEL"))
    assert again.status == 200
    at_rest(script)


def test_cancel_after_the_answer_changes_nothing():
    """9.2: no effect on an INVITE that has its final response."""
    script, _, tag = answered()
    (ok,) = script.hear(peer_request("CANCEL"))
    assert (ok.status, ok.method) == (200, "CANCEL")
    script.hear(peer_request("ACK", branch="z9hG4bKack", tag=tag))
    assert script.kinds() == ["IncomingInvite", "Confirmed"]


def test_cancel_of_nothing():
    """9.2."""
    (response,) = Script().hear(peer_request("CANCEL"))
    assert (response.status, response.method) == (481, "CANCEL")


@pytest.mark.parametrize("end", ["bye", "end"])
def test_bye_of_ours(end):
    script, call, _ = confirmed()
    if end == "bye":
        script.agent.bye(call, [("Reason", "Q.850;cause=16")], 1.0)
    else:
        script.agent.end(call, 486, [("Reason", "Q.850;cause=16")], 1.0)
    (bye,) = script.drain()
    assert (bye.method, bye.uri_text, bye.get("Reason")) == ("BYE", "sip:1234@10.0.0.2:5060", "Q.850;cause=16")
    assert script.kinds() == ["IncomingInvite", "Confirmed", "Closed"]
    script.answer(bye, 200)
    at_rest(script)


def test_bye_waits_for_the_ack():
    """15: the callee must not send BYE before the ACK came or the 2xx timed out."""
    script, call, tag = answered()
    script.agent.bye(call, (), 0.0)
    assert script.drain() == []
    assert script.kinds() == ["IncomingInvite"]
    (bye,) = script.hear(peer_request("ACK", branch="z9hG4bKack", tag=tag))
    assert bye.method == "BYE"
    assert script.kinds() == ["IncomingInvite", "Closed"]
    script, call, _ = answered()
    script.agent.bye(call, (), 0.0)
    assert script.wait(32.0)[-1].method == "BYE"
    assert script.kinds() == ["IncomingInvite", "Closed"]
    at_rest(script)


def test_bye_of_the_peer():
    script, _, tag = confirmed()
    (ok,) = script.hear(peer_request("BYE", "Reason: Q.850;cause=31", branch="z9hG4bKp2", cseq=2, tag=tag))
    assert ok.status == 200
    assert isinstance(script.events[-2], Ended)
    assert script.events[-2].message.get("reason") == "Q.850;cause=31"
    (again,) = script.hear(peer_request("BYE", branch="z9hG4bKp2", cseq=2, tag=tag))
    assert again.status == 200
    (other,) = script.hear(peer_request("BYE", branch="z9hG4bKp3", cseq=3, tag=tag))
    assert other.status == 481
    assert script.kinds() == ["IncomingInvite", "Confirmed", "Ended", "Closed"]
    at_rest(script)


def test_bye_of_the_peer_before_its_ack():
    script, _, tag = answered()
    (ok,) = script.hear(peer_request("BYE", branch="z9hG4bKp2", cseq=2, tag=tag))
    assert ok.status == 200
    assert script.kinds() == ["IncomingInvite", "Ended", "Closed"]
    assert script.wait(40) == []
    at_rest(script)


def test_bye_in_the_early_dialog():
    """15.1.2: 200 for the BYE, 487 for the INVITE."""
    script, _, tag = ringing()
    ok, terminated = script.hear(peer_request("BYE", branch="z9hG4bKp2", cseq=2, tag=tag))
    assert (ok.status, ok.method, terminated.status, terminated.method) == (200, "BYE", 487, "INVITE")
    assert script.kinds() == ["IncomingInvite", "Cancelled", "Closed"]


def test_answer_without_offer_in_the_invite():
    """13.2.2.4: our 200 offers, the ACK answers."""
    script = Script()
    script.hear(peer_request("INVITE"))
    assert script.events[0].body == b""
    script.agent.respond(1, 200, body=SDP.encode(), now=0.0)
    (ok,) = script.drain()
    script.hear(peer_request("ACK", branch="z9hG4bKack", tag=ok.to.tag, body=SDP))
    assert script.events[-1].message.body == SDP.encode()


# --- transactions of a call that is over


def over() -> tuple[Script, str, list[tuple[bytes, object]]]:
    """A call that the peer has ended, our tag, and what its BYE got."""
    script, _, tag = confirmed()
    answer = script.hear_octets(peer_request("BYE", branch="z9hG4bKp2", cseq=2, tag=tag))
    script.drain()
    return script, tag, answer


def test_the_bye_again_gets_the_same_octets_until_timer_j():
    """17.2.2."""
    script, tag, answer = over()
    bye = peer_request("BYE", branch="z9hG4bKp2", cseq=2, tag=tag)
    assert len(answer) == 1
    for _ in range(3):
        script.now += 10
        assert script.hear_octets(bye) == answer
    assert script.kinds().count("Ended") == 1
    script.wait(2.3)
    assert [m.status for m in script.hear(bye)] == [481], "64*T1 are over"


def test_the_invite_again_is_absorbed_until_timer_l():
    """RFC 6026 7.1: it is no new call, though the first one is over."""
    script, _, _ = over()
    told = script.kinds()
    script.now += 31
    assert script.hear(peer_request("INVITE", body=SDP)) == []
    assert script.kinds() == told
    script.wait(1.3)
    assert set(script.agent.sizes().values()) == {0}
    assert [m.status for m in script.hear(peer_request("INVITE", body=SDP))] == [100]
    assert script.kinds() == [*told, "IncomingInvite"]


@pytest.mark.parametrize("branch", ["z9hG4bKack", "z9hG4bKp1"])
def test_a_late_ack_is_absorbed(branch):
    """RFC 6026 8.7: also with the branch of the INVITE, as RFC 2543 has it."""
    script, tag, _ = over()
    told = script.kinds()
    assert script.hear(peer_request("ACK", branch=branch, tag=tag)) == []
    assert script.kinds() == told


def test_a_late_cancel_has_the_tag_of_the_call():
    """9.2: 200, without effect."""
    script, tag, _ = over()
    told = script.kinds()
    (ok,) = script.hear(peer_request("CANCEL"))
    assert (ok.status, ok.method, ok.to.tag) == (200, "CANCEL", tag)
    assert script.kinds() == told


def test_the_invite_by_another_path_is_a_loop_while_the_first_lingers():
    """8.2.2.2."""
    script, _, _ = over()
    assert [m.status for m in script.hear(peer_request("INVITE", branch="z9hG4bKother", body=SDP))] == [482]
    script.wait(33)
    assert [m.status for m in script.hear(peer_request("INVITE", branch="z9hG4bKthird", body=SDP))] == [100]


def test_the_invite_again_after_a_bye_before_the_ack():
    """The 2xx is not repeated to whoever has left, and neither is the INVITE a new one."""
    script, _, tag = answered()
    script.hear(peer_request("BYE", branch="z9hG4bKp2", cseq=2, tag=tag))
    told = script.kinds()
    assert script.hear(peer_request("INVITE", body=SDP)) == []
    assert script.hear(peer_request("ACK", branch="z9hG4bKack", tag=tag)) == []
    assert script.kinds() == told
    at_rest(script)


def test_a_refusal_is_repeated_until_its_ack():
    """17.2.1; 9.2 for the CANCEL."""
    script, call, tag = ringing()
    script.agent.respond(call, 486, now=0.0)
    (refusal,) = [output.data for output in script.agent.outputs() if isinstance(output, SendDatagram)]
    invite, ack = peer_request("INVITE", body=SDP), peer_request("ACK", tag=tag)
    assert script.hear_octets(invite) == [(refusal, PEER)]
    assert script.hear_octets(ack) == script.hear_octets(ack) == script.hear_octets(invite) == []
    (ok,) = script.hear(peer_request("CANCEL"))
    assert (ok.status, ok.to.tag) == (200, tag)
    at_rest(script)
