import pytest
from support.sip_pair import OFFER, invitation
from support.sip_script import PEER, Script, peer_request, response_to

from tandem.core.errors import EncodeError
from tandem.gateway.sip.primitives import Answered, Credentials, Failed, Provisional, Rejected

pytestmark = pytest.mark.usefixtures("sip_reading")


def calling(**options):
    """A call whose INVITE is out: the script, its number, the INVITE."""
    script = Script()
    call = script.agent.invite(invitation(**options), 0.0)
    (invite,) = script.drain()
    return script, call, invite


def at_rest(script: Script) -> None:
    script.wait(40)
    assert set(script.agent.sizes().values()) == {0}
    assert script.agent.next_deadline() is None


def test_the_call_id_of_the_owner_is_used():
    assert calling(call_id="mine@host")[2].call_id == "mine@host"
    made = [calling()[2].call_id for _ in range(2)]
    assert all(call_id.endswith("@10.0.0.1") for call_id in made)


def test_invite():
    script, call, invite = calling(
        from_display='A "B"', headers=(("Privacy", "id"),), routes=("<sip:10.0.0.2;lr>",), max_forwards=9
    )
    assert (invite.method, invite.uri_text, invite.body) == ("INVITE", "sip:4321@10.0.0.2:5060", OFFER)
    assert (invite.from_.display, invite.from_.uri.user, invite.to.tag) == ('A "B"', "1234", None)
    assert (invite.get("privacy"), invite.get("route"), invite.content_type) == (
        "id",
        "<sip:10.0.0.2;lr>",
        "application/sdp",
    )
    assert invite.get("Max-Forwards") == "9"
    assert invite.via.branch.startswith("z9hG4bK")
    assert "rport" in invite.via.parameters
    assert script.sent[0][1] == PEER
    assert script.agent.call_id(call) == invite.call_id
    assert script.agent.call_id(99) == ""


def test_answered():
    """13.2.2.4: ACK outside the transaction, again for each repeated 2xx."""
    script, call, invite = calling()
    assert script.answer(invite, 100) == []
    assert script.answer(invite, 180) == []
    (ack,) = script.answer(invite, 200, "Contact: <sip:b@10.0.0.2:5066>", body="v=0")
    assert (ack.method, ack.uri_text, ack.cseq, ack.to.tag) == ("ACK", "sip:b@10.0.0.2:5066", 1, "b1")
    assert ack.via.branch != invite.via.branch
    assert script.sent[-1][1] == ("10.0.0.2", 5066)
    (again,) = script.answer(invite, 200, "Contact: <sip:b@10.0.0.2:5066>", body="v=0")
    assert again.via.branch == ack.via.branch
    trying, ringing, answered = script.events
    assert (trying.status, trying.to_tag, ringing.status, ringing.to_tag) == (100, None, 180, "b1")
    assert isinstance(answered, Answered)
    assert answered.body == b"v=0"
    script.agent.bye(call, (), 0.0)
    (bye,) = script.drain()
    assert (bye.method, bye.cseq, bye.to.tag) == ("BYE", 2, "b1")
    assert script.kinds()[-1] == "Closed"
    assert [m.method for m in script.wait(1.6)] == ["BYE", "BYE"]
    script.answer(bye, 200)
    at_rest(script)


@pytest.mark.parametrize("status", [302, 404, 486, 603])
def test_rejected(status):
    """17.1.1.3: the ACK has the branch of the INVITE."""
    script, _, invite = calling()
    (ack,) = script.answer(invite, status, "Reason: Q.850;cause=1")
    assert (ack.method, ack.via.branch, ack.uri_text, ack.to.tag) == ("ACK", invite.via.branch, invite.uri_text, "b1")
    rejected, _ = script.events
    assert isinstance(rejected, Rejected)
    assert (rejected.status, rejected.message.get("reason")) == (status, "Q.850;cause=1")
    assert script.kinds() == ["Rejected", "Closed"]
    assert len(script.answer(invite, status)) == 1
    assert script.kinds() == ["Rejected", "Closed"]
    at_rest(script)


def test_no_response():
    """17.1.1.2: timer B."""
    script, call, _ = calling()
    assert len(script.wait(32)) == 6
    assert script.events == [Failed(call, "timeout"), script.events[1]]
    at_rest(script)


def test_early_dialogs_of_a_fork():
    """13.2.2.4: the first 2xx is the call; any other is acknowledged and ended with BYE."""
    script, call, invite = calling()
    script.answer(invite, 180, tag="x")
    script.answer(invite, 183, tag="y", body="v=0")
    assert [e.to_tag for e in script.events if isinstance(e, Provisional)] == ["x", "y"]
    assert script.agent.sizes()["dialogs"] == 2
    (ack,) = script.answer(invite, 200, tag="y")
    assert ack.to.tag == "y"
    assert script.agent.sizes()["dialogs"] == 1
    ack, bye = script.answer(invite, 200, tag="x")
    assert (ack.method, ack.to.tag, bye.method, bye.to.tag) == ("ACK", "x", "BYE", "x")
    (again,) = script.answer(invite, 200, tag="x")
    assert again.method == "ACK"
    assert script.kinds() == ["Provisional", "Provisional", "Answered"]
    script.agent.bye(call, (), 0.0)
    (ours,) = script.drain()
    assert ours.to.tag == "y"
    ack, late = script.answer(invite, 200, tag="z")
    assert (ack.method, late.method, late.to.tag) == ("ACK", "BYE", "z")
    for message in (bye, ours, late):
        script.answer(message, 200)
    assert script.kinds()[-1] == "Closed"
    at_rest(script)


def test_cancel_before_any_response_waits():
    """9.1: no CANCEL before a provisional response."""
    script, call, invite = calling()
    script.agent.cancel(call, [("Reason", "Q.850;cause=16")], 0.0)
    assert script.drain() == []
    (cancel,) = script.answer(invite, 100)
    assert (cancel.method, cancel.via.branch, cancel.cseq, cancel.uri_text) == (
        "CANCEL",
        invite.via.branch,
        1,
        invite.uri_text,
    )
    assert cancel.get("reason") == "Q.850;cause=16"
    assert cancel.to.tag is None
    script.answer(cancel, 200)
    assert script.answer(invite, 180) == []
    (ack,) = script.answer(invite, 487)
    assert ack.method == "ACK"
    assert [type(e).__name__ for e in script.events] == ["Rejected", "Closed"]
    at_rest(script)


def test_cancel_without_any_response():
    script, call, _ = calling()
    script.agent.cancel(call, (), 0.0)
    script.wait(32)
    assert script.kinds() == ["Failed", "Closed"]
    at_rest(script)


def test_cancel_while_ringing_is_sent_once():
    script, call, invite = calling()
    script.answer(invite, 180)
    script.agent.end(call, 500, (), 0.0)
    script.agent.end(call, 500, (), 0.0)
    assert [m.method for m in script.drain()] == ["CANCEL"]


def test_an_answer_to_cancel_that_names_another_in_via_is_not_ours():
    """18.1.2."""
    script, call, invite = calling()
    script.answer(invite, 180)
    script.agent.cancel(call, (), 0.0)
    (cancel,) = script.drain()
    via = cancel.fields["via"][0]
    cancel.fields["via"] = [via.replace("10.0.0.1:5060", "10.0.0.7:5060")]
    script.answer(cancel, 200)
    assert script.agent.statistics["stray responses"] == 1
    cancel.fields["via"] = [via]
    script.answer(cancel, 200)
    assert script.agent.statistics["stray responses"] == 1
    script.answer(invite, 487)
    at_rest(script)


def test_cancel_meets_the_answer():
    """9.1, 15: a 2xx that crosses the CANCEL is acknowledged and ended with BYE."""
    script, call, invite = calling()
    script.answer(invite, 180)
    script.agent.cancel(call, [("Reason", "Q.850;cause=16")], 0.0)
    (cancel,) = script.drain()
    ack, bye = script.answer(invite, 200)
    assert (ack.method, bye.method, bye.get("reason")) == ("ACK", "BYE", "Q.850;cause=16")
    assert script.kinds() == ["Provisional", "Closed"]
    script.answer(cancel, 200)
    (again,) = script.answer(invite, 200)
    assert again.method == "ACK"
    script.answer(bye, 200)
    at_rest(script)


def test_cancel_before_a_provisional_response_meets_the_answer():
    script, call, invite = calling()
    script.agent.cancel(call, (), 0.0)
    ack, bye = script.answer(invite, 200)
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert script.kinds() == ["Closed"]


def test_cancel_after_the_answer_is_a_bye():
    script, call, invite = calling()
    script.answer(invite, 200)
    script.agent.cancel(call, (), 0.0)
    assert [m.method for m in script.drain()] == ["BYE"]
    assert script.kinds() == ["Answered", "Closed"]


def test_cancel_without_final_response():
    """9.1: the INVITE is considered cancelled 64*T1 after the CANCEL."""
    script, call, invite = calling()
    script.answer(invite, 180)
    script.agent.cancel(call, (), 0.0)
    (cancel,) = script.drain()
    script.answer(cancel, 200)
    script.wait(32)
    assert script.kinds() == ["Provisional", "Failed", "Closed"]
    assert script.answer(invite, 200) == []
    at_rest(script)


def challenge(nonce: str = "n1", stale: str = "") -> str:
    return f'WWW-Authenticate: Digest realm="r", nonce="{nonce}", qop="auth"{stale}'


def test_digest():
    """22.2: same Call-ID and From, next CSeq, new branch; the ACK and the BYE carry what is due."""
    script, call, invite = calling(credentials=Credentials("u", "p"))
    ack, second = script.answer(invite, 401, challenge())
    assert (ack.method, second.method, second.cseq, second.call_id) == ("ACK", "INVITE", 2, invite.call_id)
    assert second.from_.tag == invite.from_.tag
    assert second.via.branch != invite.via.branch
    assert 'username="u"' in second.get("Authorization")
    (ack,) = script.answer(second, 200)
    assert ack.get("authorization") == second.get("authorization")
    assert script.kinds() == ["Answered"]
    script.agent.bye(call, (), 0.0)
    (bye,) = script.drain()
    (retry,) = script.answer(bye, 407, 'Proxy-Authenticate: Digest realm="r", nonce="n2"')
    assert (retry.method, retry.cseq) == ("BYE", bye.cseq + 1)
    assert 'nonce="n2"' in retry.get("Proxy-Authorization")
    assert script.answer(retry, 407, 'Proxy-Authenticate: Digest realm="r", nonce="n3"') == []
    at_rest(script)


@pytest.mark.parametrize(
    ("first", "second", "invites"),
    [
        (challenge(), challenge(), 2),
        (challenge(), challenge("n2", ", stale=true"), 3),
        ("X: y", challenge(), 1),
        ("WWW-Authenticate: Basic realm=x", challenge(), 1),
        ("WWW-Authenticate: nonsense", challenge(), 1),
    ],
)
def test_digest_gives_up(first, second, invites):
    script, _, message = calling(credentials=Credentials("u", "p"))
    count, line = 1, first
    while len(sent := script.answer(message, 401, line)) == 2:
        message, line = sent[1], second
        count += 1
    assert count == invites
    assert script.kinds() == ["Rejected", "Closed"]
    at_rest(script)


def test_without_credentials_a_challenge_is_a_rejection():
    script, _, invite = calling()
    assert len(script.answer(invite, 401, challenge())) == 1
    assert script.kinds() == ["Rejected", "Closed"]


def test_answer_without_usable_contact():
    """Peers that leave out the Contact of a 2xx get their requests where the INVITE went."""
    script, call, invite = calling()
    (ack,) = script.answer(invite, 200, "Contact: <sip:")
    assert ack.uri_text == invite.uri_text
    assert script.agent.statistics["2xx without usable Contact"] == 1
    script.agent.bye(call, (), 0.0)
    assert [m.method for m in script.drain()] == ["BYE"]


def test_answer_with_another_call_id():
    """The transaction takes it; the early dialog goes with the call all the same."""
    script, call, invite = calling()
    script.answer(invite, 180)
    script.hear(response_to(invite, 200).replace(invite.call_id, "other"))
    script.agent.bye(call, (), script.now)
    at_rest(script)


def test_provisional_response_without_usable_contact():
    """It makes no dialog, but is told."""
    script, _, invite = calling()
    script.answer(invite, 180, "Contact: <sip:")
    assert script.kinds() == ["Provisional"]
    assert script.agent.sizes()["dialogs"] == 0
    assert script.agent.statistics["1xx without usable Contact"] == 1


def test_requests_of_the_peer_in_the_early_dialog():
    script, _, invite = calling()
    script.answer(invite, 180)
    info = peer_request("INFO", tag=invite.from_.tag, call_id=invite.call_id).replace(";tag=a1", ";tag=b1")
    assert [m.status for m in script.hear(info)] == [200]
    assert script.kinds() == ["Provisional", "InfoReceived"]


def test_what_cannot_be_sent():
    script = Script()
    with pytest.raises(EncodeError):
        script.agent.invite(invitation(headers=(("X", "a\r\nb"),)), 0.0)
    with pytest.raises(EncodeError):
        script.agent.invite(invitation(body=b"x" * 70000), 0.0)
    assert script.drain() == []
    assert set(script.agent.sizes().values()) == {0}


def test_the_tag_and_the_sequence_number_of_the_owner_are_used():
    """RFC 3578 3.2: several INVITEs of one call have one From tag, each a higher CSeq."""
    message = calling(from_tag="one", sequence=11)[2]
    assert (message.from_.tag, message.cseq) == ("one", 11)


def test_an_answer_that_offers_comes_again_after_its_ack():
    """The ACK was lost: the same one, with our answer in it, goes again (13.2.2.4)."""
    script, call, invite = calling(body=None)
    answer = response_to(invite, 200, "Content-Type: application/sdp", body=OFFER.decode())
    assert script.hear(answer) == []
    script.agent.acknowledge(call, OFFER, script.now)
    (ack,) = script.drain()
    (again,) = script.hear(answer)
    assert (again.method, again.cseq, again.body, again.via.branch) == ("ACK", ack.cseq, OFFER, ack.via.branch)
    script.agent.bye(call, (), script.now)
    (bye,) = script.drain()
    script.hear(response_to(bye, 200))
    at_rest(script)
