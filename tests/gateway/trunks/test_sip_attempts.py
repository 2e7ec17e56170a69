"""Another attempt after one that failed."""

from support.node_pair import OFFER, Bench
from support.sip_calls import place

from tandem.gateway.media.protocol import UpdateRtp
from tandem.gateway.sip.primitives import (
    Answered,
    IncomingInvite,
    Provisional,
    Rejected,
)


def test_a_redirection_is_followed():
    bench = Bench(sip_trunk='redirects = "follow"').up()
    place(bench)
    first = bench.events("b", IncomingInvite)[0]
    bench.call("b", "respond", first.call, 302, headers=(("Contact", "<sip:99@127.0.0.1:5071>"),))
    bench.run(0.5)
    second = bench.events("b", IncomingInvite)[1]
    assert second.request.uri.user == "99"
    bench.call("b", "respond", second.call, 200, body=OFFER)
    bench.run(0.5)
    assert bench.events("a", Answered)
    bench.call("b", "bye", second.call, ())
    bench.run(1)
    assert bench.records["B"][0].outgoing.id == second.request.call_id
    assert bench.all_idle()
    assert bench.nodes["B"].sip.trunks["pbx"].calls == 0


def refused_after_a_redirection(statuses, first_place="sip:99@127.0.0.1:5071"):
    """A 302 with two places, and their final responses in turn; the bench, and who was asked."""
    bench = Bench(sip_trunk='redirects = "follow"').up()
    place(bench)
    first = bench.events("b", IncomingInvite)[0]
    contacts = f"<sip:98@127.0.0.1:5071>;q=0.2, <{first_place}>"
    bench.call("b", "respond", first.call, 302, headers=(("Contact", contacts),))
    bench.run(0.5)
    for status in statuses:
        bench.call("b", "respond", bench.events("b", IncomingInvite)[-1].call, status)
        bench.run(0.5)
    return bench, [invite.request.uri.user for invite in bench.events("b", IncomingInvite)[1:]]


def test_the_next_place_is_asked_when_one_fails():
    """RFC 3261 8.1.3.4: until the list is used up."""
    bench, asked = refused_after_a_redirection([486, 404])
    assert asked == ["99", "98"]
    bench.run(1)
    assert bench.records["B"][0].cause == 1
    assert bench.all_idle()
    assert bench.nodes["B"].sip.trunks["pbx"].calls == 0


def test_no_other_place_is_asked_after_a_refusal_for_all():
    bench, asked = refused_after_a_redirection([603])
    assert asked == ["99"]
    assert bench.records["B"][0].cause == 21


def test_a_place_that_does_not_respond_is_left_for_the_next():
    bench, asked = refused_after_a_redirection([], "sip:99@127.0.0.1:9")
    assert asked == []
    bench.run(40)
    assert [invite.request.uri.user for invite in bench.events("b", IncomingInvite)[1:]] == ["98"]


def test_nobody_else_is_called_for_a_caller_who_has_gone():
    """The 487 of the place that rang is no refusal."""
    bench, asked = refused_after_a_redirection([], "sip:99@127.0.0.1:5071")
    bench.call("b", "respond", bench.events("b", IncomingInvite)[-1].call, 180)
    bench.run(0.5)
    (caller,) = {event.call for event in bench.events("a", Provisional)}
    bench.call("a", "cancel", caller, ())
    bench.run(40)
    assert len(bench.events("b", IncomingInvite)) == 2, asked
    assert bench.all_idle()
    assert bench.nodes["B"].sip.trunks["pbx"].calls == 0


def test_a_redirection_is_mapped():
    bench = Bench().up()
    place(bench)
    first = bench.events("b", IncomingInvite)[0]
    bench.call("b", "respond", first.call, 302, headers=(("Contact", "<sip:99@127.0.0.1:5071>"),))
    bench.run(1)
    assert len(bench.events("b", IncomingInvite)) == 1
    assert bench.records["B"][0].cause == 23


def test_srtp_is_offered_and_done_without_where_the_peer_refuses_it():
    bench = Bench(sip_trunk='srtp = "offered"').up()
    place(bench)
    first = bench.events("b", IncomingInvite)[0]
    assert b"RTP/SAVP" in first.body
    bench.call("b", "respond", first.call, 488)
    bench.run(0.5)
    second = bench.events("b", IncomingInvite)[1]
    assert b"RTP/AVP" in second.body
    bench.call("b", "respond", second.call, 200, body=OFFER)
    bench.run(0.5)
    assert bench.events("a", Answered)
    assert [c.keys for c in bench.media["B"] if isinstance(c, UpdateRtp)] == [None]


def test_srtp_that_is_required_is_not_given_up():
    bench = Bench(sip_trunk='srtp = "required"').up()
    place(bench)
    assert bench.events("a", Rejected)[0].status == 488, "the caller offers none"
