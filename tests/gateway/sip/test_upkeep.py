"""Sessions that are refreshed, changed at the same time by both sides, probed, and given up."""

import pytest
from support.sip_pair import OFFER, Network, invitation, make_agent
from support.sip_script import Script, peer_request

from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import (
    Answered,
    Failed,
    IncomingInvite,
    ProbeResult,
    Refer,
    Refreshed,
    ReInvite,
    ReInviteResult,
    SessionOffered,
    UpdateResult,
)

TAGS = ("100rel", "timer")
SDP = OFFER.decode()


def answered(*lines, options=None, allow="INVITE, ACK, BYE, UPDATE", now=0.0):
    """An outgoing call that the peer answered with `lines`."""
    script = Script(supported=TAGS)
    script.agent.invite(invitation(options=options or CallOptions(session_expires=1800)), now)
    (invite,) = script.drain()
    (ack,) = script.answer(invite, 200, f"Allow: {allow}", *lines, body=SDP)
    assert ack.method == "ACK"
    script.events.clear()
    return script, invite


def test_refresh_by_update():
    """7.4, RFC 3311: without a description where the peer takes UPDATE."""
    script, invite = answered("Session-Expires: 200;refresher=uac", "Require: timer")
    assert (invite.get("session-expires"), invite.get("supported")) == ("1800", "timer")
    assert script.wait(99.9) == []
    (update,) = script.wait(0.2)
    assert (update.method, update.body, update.get("session-expires")) == ("UPDATE", b"", "200;refresher=uac")
    script.answer(update, 200, "Session-Expires: 300;refresher=uac")
    assert [type(e) for e in script.events] == [Refreshed]
    again = script.wait(151)[0]
    assert (again.method, again.get("session-expires")) == ("UPDATE", "300;refresher=uac")


def test_refresh_by_reinvite_repeats_the_description():
    """7.4: the version of o= is the same, so that the peer knows that nothing changed (RFC 3264 8)."""
    script, invite = answered("Session-Expires: 200;refresher=uac", allow="INVITE, ACK, BYE")
    again = script.wait(101)[0]
    assert (again.method, again.body, again.to.tag) == ("INVITE", invite.body, "b1")
    (ack,) = script.answer(again, 200, "Session-Expires: 200;refresher=uac", body=SDP)
    assert ack.method == "ACK"
    (event,) = script.events
    assert isinstance(event, Refreshed)
    assert event.body == OFFER


def test_the_peer_refreshes():
    script, invite = answered("Session-Expires: 200;refresher=uas")
    assert script.wait(130) == []
    lines = ("Session-Expires: 200;refresher=uac", "Supported: timer")
    request = peer_request("UPDATE", *lines, tag=invite.from_.tag, call_id=invite.call_id).replace("tag=a1", "tag=b1")
    (ok,) = script.hear(request)
    assert (ok.status, ok.get("session-expires"), ok.get("require")) == (200, "200;refresher=uac", "timer")
    assert script.wait(160) == []
    assert [m.method for m in script.wait(10)][:1] == ["BYE"]
    assert script.events == [Failed(1, "session expired"), script.events[-1]]


def test_a_peer_that_stopped_answering():
    """The refresh gets no answer: BYE, and the call is over long before its interval is."""
    script, _ = answered("Session-Expires: 1800;refresher=uac")
    sent = script.wait(940)
    assert {m.method for m in sent} == {"UPDATE", "BYE"}
    assert script.events[0] == Failed(1, "timeout")


@pytest.mark.parametrize(
    ("status", "lines", "seconds", "then"),
    [
        (422, ("Min-SE: 400",), 0.1, [("UPDATE", "400;refresher=uac")]),
        (405, (), 0.1, [("INVITE", "200;refresher=uac")]),
        (500, (), 10.1, [("UPDATE", "200;refresher=uac")]),
        (491, (), 4.1, [("UPDATE", "200;refresher=uac")]),
    ],
)
def test_a_refresh_that_is_refused_is_tried_again(status, lines, seconds, then):
    script, _ = answered("Session-Expires: 200;refresher=uac")
    (update,) = script.wait(100.1)
    script.answer(update, status, *lines)
    found = [(m.method, m.get("session-expires")) for m in script.wait(seconds)]
    assert found[:1] == then


def test_481_to_a_refresh_ends_the_call():
    script, _ = answered("Session-Expires: 200;refresher=uac")
    (update,) = script.wait(100.1)
    assert [m.method for m in script.answer(update, 481)] == ["BYE"]
    assert script.events[0] == Failed(1, "dialog")


def test_no_timer_without_session_expires_in_the_answer():
    script, _ = answered()
    assert script.wait(5000) == []


def test_422_to_our_invite():
    script = Script()
    script.agent.invite(invitation(options=CallOptions(session_expires=100)), 0.0)
    (invite,) = script.drain()
    ack, again = script.answer(invite, 422, "Min-SE: 900")
    assert (ack.method, again.method, again.cseq) == ("ACK", "INVITE", 2)
    assert (again.get("session-expires"), again.get("min-se")) == ("900", "900")
    (ack,) = script.answer(again, 422, "Min-SE: 900")
    assert script.kinds() == ["Rejected", "Closed"]


def test_422_to_the_peer():
    script = Script(supported=TAGS)
    script.hear(peer_request("INVITE", "Session-Expires: 90", "Supported: timer", body=SDP))
    assert not script.agent.configure(1, CallOptions(session_expires=1800, min_se=600), 0.0)
    (refused,) = script.drain()
    assert (refused.status, refused.get("min-se")) == (422, "600")


def test_we_answer_and_refresh():
    script = Script(supported=TAGS)
    script.hear(peer_request("INVITE", "Session-Expires: 90;refresher=uas", "Supported: timer", body=SDP))
    assert script.agent.configure(1, CallOptions(session_expires=1800), 0.0)
    script.agent.respond(1, 200, body=OFFER, now=0.0)
    (ok,) = script.drain()
    assert (ok.get("session-expires"), ok.get("supported")) == ("90;refresher=uas", "timer")
    script.hear(peer_request("ACK", tag=ok.to.tag, branch="z9hG4bKack"))
    (again,) = script.wait(45.1)
    assert (again.method, again.body, again.get("session-expires")) == ("INVITE", OFFER, "90;refresher=uac")
    (retry,) = script.answer(again, 422, "Min-SE: 200") and script.wait(0.1)
    assert (retry.method, retry.get("session-expires")) == ("INVITE", "200;refresher=uac")


# --- changes


def test_update_of_ours():
    script, _ = answered()
    assert script.agent.update(1, b"offer", (), 0.0)
    assert not script.agent.update(1, b"offer", (), 0.0)
    (update,) = script.drain()
    script.answer(update, 200, body=SDP)
    assert [(type(e), e.status) for e in script.events] == [(UpdateResult, 200)]
    assert script.agent.update(1, b"offer", (), 0.0)
    script.answer(script.drain()[0], 488)
    assert script.events[-1].status == 488


def test_an_update_without_answer_ends_the_call():
    script, _ = answered()
    script.agent.update(1, b"offer", (), 0.0)
    assert script.wait(33)[-1].method == "BYE"
    assert script.events[:2] == [UpdateResult(1, 408, None), Failed(1, "timeout")]


def test_glare():
    """RFC 3261 14.1: both offer at once, both get 491, the owner of the Call-ID waits longer; both get through."""
    network = Network(delay=0.05)

    def answer(side, event, now):
        if isinstance(event, IncomingInvite):
            side.agent.configure(event.call, CallOptions(), now)
            side.agent.respond(event.call, 200, body=OFFER, now=now)
        elif isinstance(event, ReInvite):
            side.agent.answer_reinvite(event.call, 200, OFFER, now=now)

    sides = [network.add(make_agent(host, supported=TAGS), answer) for host in ("10.0.0.1", "10.0.0.2")]
    sides[0].agent.invite(invitation(), 0.0)
    network.run(1.0)
    assert any(isinstance(e, Answered) for e in sides[0].events)
    for side in sides:
        side.agent.modify(1, OFFER, (), network.now)
    network.run(10.0)
    assert [m for *_, m in network.log if m.startswith(b"SIP/2.0 491")]
    for side in sides:
        assert [e.status for e in side.events if isinstance(e, ReInviteResult)] == [200]
        assert len([e for e in side.events if isinstance(e, ReInvite)]) == 1


def test_a_change_waits_for_the_one_under_way():
    script, _ = answered()
    script.agent.modify(1, b"one", (), 0.0)
    script.agent.modify(1, b"two", (), 0.0)
    script.agent.modify(1, b"three", (), 0.0)
    (first,) = script.drain()
    script.answer(first, 200)
    second = script.wait(1.0)[0]
    assert (first.body, second.body) == (b"one", b"three")


def test_an_update_of_the_peer_meets_ours():
    script, invite = answered()
    script.agent.update(1, b"offer", (), 0.0)
    script.drain()
    request = peer_request("UPDATE", tag=invite.from_.tag, call_id=invite.call_id, body=SDP).replace("tag=a1", "tag=b1")
    assert [m.status for m in script.hear(request)] == [491]


def test_bye_while_an_offer_of_the_peer_is_open():
    script, invite = answered()
    request = peer_request("UPDATE", tag=invite.from_.tag, call_id=invite.call_id, body=SDP).replace("tag=a1", "tag=b1")
    assert script.hear(request) == []
    assert isinstance(script.events[-1], SessionOffered)
    script.agent.bye(1, (), 0.0)
    terminated, bye = script.drain()
    assert (terminated.status, bye.method) == (487, "BYE")


# --- probes and transfer


@pytest.mark.parametrize(("status", "alive"), [(200, True), (405, True), (481, False), (408, False)])
def test_probe(status, alive):
    script, _ = answered()
    assert script.agent.probe(1, 0.0)
    assert not script.agent.probe(1, 0.0)
    (options,) = script.drain()
    assert (options.method, options.to.tag) == ("OPTIONS", "b1")
    script.answer(options, status)
    assert script.events == [ProbeResult(1, alive)]


def test_a_probe_without_answer():
    script, _ = answered()
    script.agent.probe(1, 0.0)
    script.wait(33)
    assert script.events == [ProbeResult(1, False)]


def test_refer():
    """RFC 3515: 202, then NOTIFY with message/sipfrag."""
    script = Script(allow=("INVITE", "ACK", "BYE", "REFER"))
    script.hear(peer_request("INVITE", body=SDP))
    script.agent.respond(1, 200, body=OFFER, now=0.0)
    (ok,) = script.drain()
    script.hear(peer_request("ACK", tag=ok.to.tag, branch="z9hG4bKack"))
    assert script.hear(peer_request("REFER", "Refer-To: <sip:9@x>", tag=ok.to.tag, cseq=2, branch="z9hG4bKr")) == []
    assert isinstance(script.events[-1], Refer)
    script.agent.answer_refer(1, 202, 0.0)
    script.agent.notify_refer(1, "SIP/2.0 200 OK", True, 0.0)
    accepted, notify = script.drain()
    assert (accepted.status, notify.method, notify.body) == (202, "NOTIFY", b"SIP/2.0 200 OK\r\n")
    assert notify.get("subscription-state") == "terminated;reason=noresource"
    assert notify.get("event") == "refer"
