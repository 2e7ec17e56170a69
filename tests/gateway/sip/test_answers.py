import pytest
from support.sip_pair import OFFER, invitation
from support.sip_script import PEER, Script, peer_request, response_to

from tandem.gateway.sip.primitives import Credentials

pytestmark = pytest.mark.usefixtures("sip_reading")


def over(**options):
    """A call that we have ended: the script, its INVITE, and the ACK with where it went."""
    script = Script()
    call = script.agent.invite(invitation(**options), 0.0)
    (invite,) = script.drain()
    ack = script.hear_octets(response_to(invite, 200, "Contact: <sip:b@10.0.0.5:5066>", body="v=0\r\n"))
    script.agent.bye(call, (), 0.0)
    *_, bye = script.drain()
    script.answer(bye, 200)
    assert script.kinds()[-1] == "Closed"
    assert script.agent.sizes()["calls"] == 0
    return script, invite, ack


def at_rest(script):
    script.wait(40)
    assert set(script.agent.sizes().values()) == {0}


def test_the_2xx_again_gets_the_same_ack_until_timer_m():
    """13.2.2.4, RFC 6026 7.2: also once the call is over; the same octets, to where they went."""
    script, invite, ack = over()
    told = script.kinds()
    assert [destination for _, destination in ack] == [("10.0.0.5", 5066)]
    for _ in range(3):
        script.now += 10
        assert script.hear_octets(response_to(invite, 200, body="v=0\r\n")) == ack
    assert script.hear_octets(response_to(invite, 180)) == script.hear_octets(response_to(invite, 486)) == []
    assert script.kinds() == told
    script.wait(2.3)
    assert set(script.agent.sizes().values()) == {0}
    assert script.hear_octets(response_to(invite, 200)) == []
    assert script.agent.statistics["stray responses"] == 1


def test_another_fork_that_answers_after_the_call_is_left_at_once():
    """13.2.2.4: an ACK and a BYE of its own, by its route and with what was proved to the first one."""
    script = Script()
    call = script.agent.invite(invitation(credentials=Credentials("u", "p")), 0.0)
    (invite,) = script.drain()
    _, invite = script.answer(invite, 401, 'WWW-Authenticate: Digest realm="r", nonce="n1"')
    script.answer(invite, 200)
    script.agent.bye(call, (), 0.0)
    script.answer(script.drain()[0], 200)
    told = script.kinds()
    lines = "Contact: <sip:c@10.0.0.6:5067>", "Record-Route: <sip:10.0.0.7;lr>"
    ack, bye = script.answer(invite, 200, *lines, tag="late")
    assert (ack.method, bye.method, ack.to.tag, bye.to.tag) == ("ACK", "BYE", "late", "late")
    assert (ack.cseq, bye.cseq) == (invite.cseq, invite.cseq + 1)
    assert ack.get("authorization") == invite.get("authorization") is not None
    assert ack.uri_text == bye.uri_text == "sip:c@10.0.0.6:5067"
    assert bye.get("route") == "<sip:10.0.0.7;lr>"
    assert [destination for _, destination in script.sent[-2:]] == [("10.0.0.7", 5060)] * 2
    (again,) = script.answer(invite, 200, *lines, tag="late")
    assert again.fields == ack.fields
    (proved,) = script.answer(bye, 407, 'Proxy-Authenticate: Digest realm="r", nonce="n2"')
    assert (proved.method, proved.cseq) == ("BYE", bye.cseq + 1)
    script.answer(proved, 200)
    assert script.kinds() == told
    at_rest(script)


def test_another_fork_without_usable_contact_after_the_call():
    script, invite, _ = over()
    ack, bye = script.answer(invite, 200, "Contact: <sip:", tag="late")
    assert ack.uri_text == bye.uri_text == invite.uri_text
    assert script.agent.statistics["2xx without usable Contact"] == 1
    script.answer(bye, 200)
    at_rest(script)


def test_another_fork_of_a_pinned_call():
    """Its Contact may be behind a translator of addresses."""
    script, invite, ack = over(pinned=True)
    assert [destination for _, destination in ack] == [PEER]
    script.answer(invite, 200, "Contact: <sip:c@192.168.0.1>", tag="late")
    assert [destination for _, destination in script.sent[-2:]] == [PEER] * 2


def test_an_answer_that_offers_is_acknowledged_though_the_peer_leaves():
    """13.2.2.4: each 2xx gets an ACK; the owner had not yet said what to answer."""
    script = Script()
    script.agent.invite(invitation(body=None), 0.0)
    (invite,) = script.drain()
    answer = response_to(invite, 200, "Content-Type: application/sdp", body=OFFER.decode())
    assert script.hear(answer) == []
    bye = peer_request("BYE", tag=invite.from_.tag, call_id=invite.call_id).replace(";tag=a1", ";tag=b1")
    ok, ack = script.hear(bye)
    assert (ok.status, ok.method, ack.method, ack.cseq) == (200, "BYE", "ACK", invite.cseq)
    assert [m.method for m in script.hear(answer)] == ["ACK"]
    assert script.kinds() == ["Answered", "Ended", "Closed"]
    at_rest(script)
