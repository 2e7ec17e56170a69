"""RFC 3262, both roles: fields, order, repetition, offers and answers in PRACK."""

import pytest
from support.sip_pair import OFFER, Network, invitation, make_agent
from support.sip_script import Script, peer_request

from tandem.gateway.sip.message import Request, Response
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import (
    Answered,
    Cancelled,
    Failed,
    IncomingInvite,
    Provisional,
    ProvisionalConfirmed,
    Rejected,
    SessionOffered,
)
from tandem.gateway.sip.reliable import ReliableSender, acknowledged, response_sequence

SDP = OFFER.decode()
TAGS = ("100rel", "timer")


def provisional(status=183, **fields):
    return Response(status, "", {name: [value] for name, value in fields.items()}, b"")


@pytest.mark.parametrize(
    ("response", "sequence"),
    [
        (provisional(require="100rel", rseq="7"), 7),
        (provisional(require="foo, 100REL", rseq="4294967295"), 4294967295),
        (provisional(rseq="7"), None),
        (provisional(require="100rel"), None),
        (provisional(require="100rel", rseq="x"), None),
        (provisional(100, require="100rel", rseq="7"), None),
        (provisional(200, require="100rel", rseq="7"), None),
    ],
)
def test_response_sequence(response, sequence):
    assert response_sequence(response) == sequence


@pytest.mark.parametrize(
    ("value", "found"),
    [("776656 1 INVITE", (776656, 1, "INVITE")), ("1  2  INVITE", (1, 2, "INVITE")), ("1 INVITE", None), ("", None)],
)
def test_acknowledged(value, found):
    assert acknowledged(Request("PRACK", "sip:x", {"rack": [value]}, b"")) == found


def test_one_response_at_a_time():
    sent = []
    sender = ReliableSender()
    for now in (1.0, 2.0):
        sender.submit(lambda now: sent.append((sender.next_number(), now)), now)
    assert sent == [(1, 1.0)]
    assert not sender.acknowledge(2)
    assert sender.acknowledge(1)
    assert not sender.acknowledge(1)
    sender.go_on(3.0)
    assert sent == [(1, 1.0), (2, 3.0)]
    sender.clear()
    assert sender.idle


# --- we answer


def incoming(*lines, body=SDP, reliable="supported"):
    script = Script(supported=TAGS)
    script.hear(peer_request("INVITE", *lines, body=body))
    configured = script.agent.configure(1, CallOptions(reliable=reliable), 0.0)
    return script, configured


def prack(script, response, tag, body="", **options):
    rack = f"RAck: {options.pop('rack', response.get('rseq'))} 1 INVITE"
    cseq = options.pop("cseq", 2)
    return script.hear(peer_request("PRACK", rack, tag=tag, cseq=cseq, branch=f"z9hG4bKp{cseq}x", body=body))


def ringing(**options):
    script, configured = incoming("Supported: 100rel", **options)
    assert configured
    script.agent.respond(1, 180, now=0.0)
    (response,) = script.drain()
    return script, response


def test_a_reliable_180():
    script, response = ringing()
    assert (response.status, response.get("require"), response.get("rseq")) == (180, "100rel", "1")
    assert script.agent.is_reliable(1)
    (ok,) = prack(script, response, response.to.tag)
    assert (ok.status, ok.method) == (200, "PRACK")
    assert isinstance(script.events[-1], ProvisionalConfirmed)
    assert script.wait(30) == []
    script.agent.respond(1, 200, body=OFFER, now=script.now)
    (answer,) = script.drain()
    assert (answer.status, answer.get("supported")) == (200, "100rel")


def test_it_is_repeated_with_doubling_intervals_until_the_prack():
    """3: T1, then twice the time each, without the limit of T2."""
    script, response = ringing()
    script.wait(0.4)
    assert [m.status for m in script.wait(3.2)] == [180, 180, 180]
    prack(script, response, response.to.tag)
    assert script.wait(20) == []


def test_without_prack_the_call_ends_with_a_5xx():
    script, _ = ringing()
    sent = script.wait(32.5)
    assert sent[-1].status == 504
    assert script.events[-2] == Failed(1, "no PRACK")


def test_answer_and_later_responses_wait_for_the_prack():
    script, response = ringing()
    tag = response.to.tag
    script.agent.respond(1, 183, body=OFFER, now=0.0)
    script.agent.respond(1, 200, body=OFFER, now=0.0)
    assert script.drain() == []
    ok, progress = prack(script, response, tag)
    assert (ok.method, progress.status, progress.get("rseq"), progress.body) == ("PRACK", 183, "2", OFFER)
    ok, answer = prack(script, progress, tag, cseq=3)
    assert (ok.method, answer.status) == ("PRACK", 200)
    assert answer.body == b"", "offer and answer were complete with the 183"


def test_a_prack_for_something_else_gets_481():
    script, response = ringing()
    (refused,) = prack(script, response, response.to.tag, rack="9")
    assert refused.status == 481
    (again,) = script.wait(0.6)
    assert again.status == 180


def test_a_final_refusal_does_not_wait():
    script, _ = ringing()
    script.agent.respond(1, 486, now=0.0)
    assert [m.status for m in script.drain()] == [486]
    assert [m.status for m in script.wait(5)] == [486] * 3, "timer G, and no more 180"


def test_cancel_while_the_answer_waits():
    script, response = ringing()
    script.agent.respond(1, 200, body=OFFER, now=0.0)
    ok, terminated = script.hear(peer_request("CANCEL"))
    assert (ok.status, terminated.status) == (200, 487)
    assert any(isinstance(event, Cancelled) for event in script.events)
    (late,) = prack(script, response, response.to.tag)
    assert late.status == 481


def test_our_offer_in_a_reliable_response_is_answered_in_the_prack():
    """RFC 3262 5: an INVITE without an offer."""
    script, configured = incoming("Require: 100rel", body="")
    assert configured
    script.agent.respond(1, 183, body=OFFER, now=0.0)
    (response,) = script.drain()
    (ok,) = prack(script, response, response.to.tag, body=SDP)
    assert (ok.status, ok.body) == (200, b"")
    assert script.events[-1].body == OFFER
    script.agent.respond(1, 200, body=OFFER, now=0.0)
    assert script.drain()[0].body == b""


def test_an_offer_in_prack():
    """5: once the first one is settled, PRACK may carry another, answered in its 2xx."""
    script, _ = incoming("Supported: 100rel")
    script.agent.respond(1, 183, body=OFFER, now=0.0)
    (response,) = script.drain()
    script.agent.respond(1, 180, now=0.0)
    assert prack(script, response, response.to.tag, body=SDP) == []
    assert isinstance(script.events[-1], SessionOffered)
    script.agent.answer_update(1, 200, b"answer", now=0.0)
    ok, rings = script.drain()
    assert (ok.method, ok.body, rings.status, rings.get("rseq")) == ("PRACK", b"answer", 180, "2")


def test_update_before_the_answer():
    """RFC 3311 5.2: 500 while the offer of the INVITE is open, and no more once it was answered reliably."""
    script, _ = incoming("Supported: 100rel")
    script.agent.respond(1, 180, now=0.0)
    (response,) = script.drain()
    tag = response.to.tag
    prack(script, response, tag)
    (refused,) = script.hear(peer_request("UPDATE", tag=tag, cseq=3, branch="z9hG4bKu3", body=SDP))
    assert (refused.status, refused.get("retry-after")) == (500, "5")
    assert not script.agent.update(1, OFFER, (), 0.0)
    script.agent.respond(1, 183, body=OFFER, now=0.0)
    prack(script, script.drain()[0], tag, cseq=4)
    script.hear(peer_request("UPDATE", tag=tag, cseq=5, branch="z9hG4bKu5", body=SDP))
    assert isinstance(script.events[-1], SessionOffered)
    script.agent.answer_update(1, 200, b"answer", now=0.0)
    assert [(m.method, m.status) for m in script.drain()] == [("UPDATE", 200)]
    assert script.agent.update(1, OFFER, (), 0.0)
    assert [m.method for m in script.drain()] == ["UPDATE"]


@pytest.mark.parametrize(
    ("lines", "reliable", "status", "header"),
    [
        (("Require: 100rel",), "off", 420, ("unsupported", "100rel")),
        ((), "required", 421, ("require", "100rel")),
        (("Require: timer",), "supported", 420, ("unsupported", "timer")),
    ],
)
def test_what_the_peer_needs_and_we_do_not_have(lines, reliable, status, header):
    script, configured = incoming(*lines, reliable=reliable)
    assert not configured
    (refused,) = script.drain()
    assert (refused.status, refused.get(header[0])) == (status, header[1])


def test_a_peer_that_does_not_know_it_gets_plain_responses():
    script, configured = incoming()
    assert configured
    script.agent.respond(1, 180, now=0.0)
    assert script.drain()[0].get("require") is None


def test_every_minute_another_reliable_response():
    script, response = ringing()
    prack(script, response, response.to.tag)
    (again,) = script.wait(60.2)
    assert (again.status, again.get("rseq")) == (180, "2")


# --- we call


def outgoing(reliable="supported", body=OFFER):
    script = Script(supported=TAGS)
    script.agent.invite(invitation(options=CallOptions(reliable=reliable), body=body), 0.0)
    (invite,) = script.drain()
    return script, invite


def test_what_the_invite_says():
    assert outgoing()[1].get("supported") == "100rel"
    assert outgoing("required")[1].get("require") == "100rel"
    assert "100rel" not in str(outgoing("off")[1].fields)


def test_a_prack_for_each_reliable_response_in_order():
    script, invite = outgoing()
    (prack_,) = script.answer(invite, 183, "Require: 100rel", "RSeq: 17", body=SDP)
    assert (prack_.method, prack_.get("rack"), prack_.cseq) == ("PRACK", "17 1 INVITE", 2)
    assert prack_.to.tag == "b1"
    assert script.answer(invite, 183, "Require: 100rel", "RSeq: 17", body=SDP) == [], "a repetition"
    assert script.answer(invite, 180, "Require: 100rel", "RSeq: 19") == [], "18 is missing"
    (second,) = script.answer(invite, 180, "Require: 100rel", "RSeq: 18")
    assert second.get("rack") == "18 1 INVITE"
    assert [e.status for e in script.events if isinstance(e, Provisional)] == [183, 180]
    (ack,) = script.answer(invite, 200)
    assert ack.cseq == 1
    script.agent.bye(1, (), 0.0)
    assert script.drain()[0].cseq == 4


def test_each_early_dialog_has_its_own_numbers():
    script, invite = outgoing()
    (one,) = script.answer(invite, 180, "Require: 100rel", "RSeq: 1", tag="x")
    (two,) = script.answer(invite, 180, "Require: 100rel", "RSeq: 9", tag="y")
    assert [(m.get("rack"), m.to.tag) for m in (one, two)] == [("1 1 INVITE", "x"), ("9 1 INVITE", "y")]


def test_not_agreed_upon_there_is_no_prack():
    script, invite = outgoing("off")
    assert script.answer(invite, 180, "Require: 100rel", "RSeq: 1") == []
    assert script.kinds() == ["Provisional"]


def test_an_offer_in_a_reliable_response_is_answered_by_the_owner():
    script, invite = outgoing(body=None)
    assert script.answer(invite, 183, "Require: 100rel", "RSeq: 1", body=SDP) == []
    event = script.events[-1]
    assert (event.offer, event.body) == (True, OFFER)
    script.agent.prack(1, "b1", b"answer", 0.0)
    (message,) = script.drain()
    assert (message.method, message.body, message.get("content-type")) == ("PRACK", b"answer", "application/sdp")


def test_an_update_of_the_peer_before_the_answer():
    script, invite = outgoing()
    script.answer(invite, 180, "Require: 100rel", "RSeq: 1")
    request = peer_request("UPDATE", tag=invite.from_.tag, call_id=invite.call_id, body=SDP).replace("tag=a1", "tag=b1")
    (refused,) = script.hear(request)
    assert refused.status == 491, "our offer has no answer yet"
    script.answer(invite, 183, "Require: 100rel", "RSeq: 2", body=SDP)
    script.hear(request.replace("CSeq: 1", "CSeq: 2").replace("z9hG4bKp1", "z9hG4bKp2"))
    assert isinstance(script.events[-1], SessionOffered)


@pytest.mark.parametrize("seed", range(8))
def test_two_agents_over_a_lossy_network(seed):
    """Whatever is lost or doubled, every response is acknowledged and the call is answered."""
    network = Network(seed, loss=0.2, duplication=0.1, jitter=0.05)
    options = CallOptions(reliable="required")
    caller = network.add(make_agent("10.0.0.1", supported=TAGS))

    def answer(side, event, now):
        if isinstance(event, IncomingInvite):
            assert side.agent.configure(event.call, options, now)
            side.agent.respond(event.call, 183, body=OFFER, now=now)
            side.agent.respond(event.call, 180, now=now)
            side.agent.respond(event.call, 200, body=OFFER, now=now)

    callee = network.add(make_agent("10.0.0.2", supported=TAGS), answer)
    caller.agent.invite(invitation(options=options), 0.0)
    network.run(120.0)
    assert [e.status for e in caller.events if isinstance(e, Provisional) and e.status > 100] == [183, 180]
    assert any(isinstance(e, Answered) for e in caller.events)
    assert callee.kinds().count("ProvisionalConfirmed") == 2
    assert not any(isinstance(e, Rejected | Failed) for e in caller.events + callee.events)
