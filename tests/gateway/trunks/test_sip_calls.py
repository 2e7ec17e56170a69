"""What happens in a call, both ways."""

import pytest
from support.node_pair import ADDRESS, OFFER, Bench
from support.sip_calls import answered, place

from tandem.gateway.media.protocol import PlayDigit, UpdateRtp
from tandem.gateway.sip import sdp
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import (
    Answered,
    Cancelled,
    Ended,
    IncomingInvite,
    Provisional,
    Refreshed,
    ReInvite,
    ReInviteResult,
)


def test_hold_and_resume_reach_the_media_process():
    bench = Bench().up()
    call, _ = answered(bench)
    for direction, sends in ((b"sendonly", False), (b"sendrecv", True)):
        body = OFFER.replace(b"sendrecv", direction)
        bench.call("a", "reinvite", call, body, ())
        bench.run(0.5)
        assert [c for c in bench.media["A"] if isinstance(c, UpdateRtp)][-1].send is sends
    results = bench.events("a", ReInviteResult)
    assert [result.status for result in results] == [200, 200]
    versions = [result.message.body.split(b"o=- ")[1].split()[1] for result in results]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize(("formats", "law", "payload_type"), [(b"8", "A", 8), (b"0", "u", 0), (b"0 8", "A", 8)])
def test_another_codec_by_reinvite(formats, law, payload_type):
    bench = Bench().up()
    call, _ = answered(bench)
    bench.call("a", "reinvite", call, OFFER.replace(b"AVP 0 8", b"AVP " + formats).replace(b"- 1 1", b"- 1 2"), ())
    bench.run(0.5)
    (result,) = bench.events("a", ReInviteResult)
    assert f"RTP/AVP {payload_type}\r\n".encode() in result.message.body
    update = [command for command in bench.media["A"] if isinstance(command, UpdateRtp)][-1]
    assert (update.law, update.payload_type) == (law, payload_type)


def test_a_reinvite_without_a_codec_of_ours_is_refused_and_the_call_goes_on():
    bench = Bench().up()
    call, _ = answered(bench)
    bench.call("a", "reinvite", call, OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 18"), ())
    bench.run(0.5)
    assert bench.events("a", ReInviteResult)[0].status == 488
    assert not bench.events("a", Ended)


def test_an_answer_without_a_codec_of_ours_ends_the_call():
    bench = Bench().up()
    place(bench)
    offered = bench.events("b", IncomingInvite)[0]
    bench.call("b", "respond", offered.call, 200, body=OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 18"))
    bench.run(1)
    assert bench.events("b", Ended)
    assert bench.records["A"][0].cause == 65
    assert bench.all_idle()


def test_reliable_responses_on_both_sides():
    """PRACK on the incoming and on the outgoing side; the 200 repeats no description."""
    bench = Bench().up()
    options = CallOptions(reliable="required")
    place(bench, options=options)
    offered = bench.events("b", IncomingInvite)[0]
    assert "100rel" in offered.request.values("supported")
    bench.call("b", "configure", offered.call, options)
    bench.call("b", "respond", offered.call, 183, body=OFFER)
    bench.run(0.5)
    early = [output for output in bench.events("a", Provisional) if output.status == 183]
    assert [(output.message.get("rseq"), bool(output.body)) for output in early] == [("1", True)]
    bench.call("b", "respond", offered.call, 200, body=OFFER)
    bench.run(0.5)
    (answer,) = bench.events("a", Answered)
    assert not answer.body
    assert len(bench.events("b", type(early[0]))) == 0


def test_an_invite_without_offer_gets_ours_in_the_first_reliable_response():
    """RFC 3261 13.2.1."""
    bench = Bench().up()
    call = place(bench, body=None, options=CallOptions(reliable="required"))
    bench.call("b", "respond", bench.events("b", IncomingInvite)[0].call, 180)
    bench.run(0.2)
    (rings,) = [output for output in bench.events("a", Provisional) if output.status == 180]
    assert rings.offer
    bench.call("a", "prack", call, rings.to_tag, OFFER)
    bench.call("b", "respond", bench.events("b", IncomingInvite)[0].call, 200, body=OFFER)
    bench.run(0.5)
    assert bench.events("a", Answered)
    assert [c.remote for c in bench.media["A"] if isinstance(c, UpdateRtp)] == [("127.0.0.1", 4000)]


def test_delayed_offer_of_ours():
    """INVITE without SDP; the 200 offers, our ACK answers."""
    bench = Bench(sip_trunk="delayed_offer = true").up()
    place(bench)
    offered = bench.events("b", IncomingInvite)[0]
    assert not offered.body
    bench.call("b", "respond", offered.call, 200, body=OFFER)
    bench.run(0.2)
    (confirmed,) = [output for _, output in bench.heard["b"] if type(output).__name__ == "Confirmed"]
    assert b"m=audio" in confirmed.message.session
    assert bench.events("a", Answered)
    assert any(isinstance(c, UpdateRtp) for c in bench.media["B"])


def test_the_early_dialog_that_answers_is_the_one_that_speaks():
    """Two forks with a description each; the 200 of the first has none."""
    bench = Bench().up()
    place(bench)
    offered = bench.events("b", IncomingInvite)[0].request

    def say(status, tag, port=None):
        body = OFFER.replace(b"4000", str(port).encode()).decode() if port else ""
        head = [f"SIP/2.0 {status} X", *[f"Via: {via}" for via in offered.fields["via"]]]
        head += [f"From: {offered.fields['from'][0]}", f"To: {offered.fields['to'][0]};tag={tag}"]
        head += [f"Call-ID: {offered.call_id}", f"CSeq: {offered.fields['cseq'][0]}", "Contact: <sip:b@127.0.0.1:5071>"]
        head += ["Content-Type: application/sdp"] if body else []
        data = "\r\n".join([*head, f"Content-Length: {len(body)}", "", body]).encode()
        bench.nodes["B"].datagram(data, ADDRESS["b"], bench.now)
        bench._drain("B")
        bench.run(0.1)

    def remotes():
        return [c.remote[1] for c in bench.media["B"] if isinstance(c, UpdateRtp)]

    say(183, "one", 4100)
    say(183, "two", 4200)
    assert remotes() == [4100, 4200]
    say(199, "two")
    say(200, "one")
    assert remotes() == [4100, 4200, 4100]
    assert bench.events("a", Answered)


def test_hold_is_told_to_the_other_side():
    """re-INVITE sendonly, CPG with remote hold, re-INVITE sendonly; and back."""
    bench = Bench().up()
    call, _ = answered(bench)
    for theirs, ours in ((b"sendonly", "sendonly"), (b"sendrecv", "sendrecv")):
        bench.heard["b"].clear()
        bench.call("a", "reinvite", call, OFFER.replace(b"sendrecv", theirs), ())
        bench.run(0.5)
        (change,) = bench.events("b", ReInvite)
        assert sdp.parse(change.body).media[0].direction == ours
        bench.call("b", "answer_reinvite", change.call, 200, body=OFFER)
        bench.run(0.5)


def test_hold_stays_local():
    bench = Bench(sip_trunk='hold = "local"').up()
    call, _ = answered(bench)
    bench.call("a", "reinvite", call, OFFER.replace(b"sendrecv", b"inactive"), ())
    bench.run(1)
    assert not bench.events("b", ReInvite)


def test_a_refresh_gets_the_same_description_again():
    bench = Bench(sip_trunk="session_seconds = 200").up()
    call, _ = answered(bench)
    bench.call("a", "reinvite", call, OFFER, ())
    bench.run(0.5)
    first = bench.events("a", Answered)[0].body
    assert bench.events("a", ReInviteResult)[0].message.body == first


def test_the_gateway_refreshes_its_outgoing_leg():
    bench = Bench(sip_trunk="session_seconds = 100").up()
    place(bench)
    offered = bench.events("b", IncomingInvite)[0]
    bench.call("b", "configure", offered.call, CallOptions(session_expires=100))
    bench.call("b", "respond", offered.call, 200, body=OFFER)
    bench.run(300)
    assert not bench.events("b", Ended)
    assert bench.nodes["B"].control.calls
    assert not bench.events("b", Refreshed), "the caller refreshes: UPDATE without a description"


def test_a_peer_that_falls_silent_ends_the_call():
    """The session timer of the outgoing leg: the peer answers nothing any more."""
    bench = Bench(sip_trunk="session_seconds = 100\nsilence_seconds = 0").up()
    place(bench)
    offered = bench.events("b", IncomingInvite)[0]
    bench.call("b", "configure", offered.call, CallOptions(session_expires=100))
    bench.call("b", "respond", offered.call, 200, body=OFFER)
    bench.run(1)
    user = bench.users["b"]
    user.receive, user.next_deadline = (lambda *_: None), (lambda: None)
    bench.run(120)
    assert bench.records["B"][0].cause == 41
    assert bench.all_idle()


def test_a_digit_in_info_goes_into_the_circuit():
    bench = Bench().up()
    call, _ = answered(bench)
    bench.call("a", "send_info", call, "application/dtmf-relay", b"Signal=5\r\nDuration=200\r\n", ())
    bench.run(0.2)
    assert [c for c in bench.media["A"] if isinstance(c, PlayDigit)] == [PlayDigit(1, "5", 200)]


def test_a_reliable_offer_without_a_codec_of_ours_ends_the_call():
    """Delayed offer: the 183 offers G.729 alone; without PRACK the peer would wait for 32 s."""
    bench = Bench(sip_trunk="delayed_offer = true").up()
    place(bench)
    offered = bench.events("b", IncomingInvite)[0]
    bench.call("b", "configure", offered.call, CallOptions(reliable="supported"))
    bench.call("b", "respond", offered.call, 183, body=OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 18"))
    bench.run(1)
    assert bench.events("b", Cancelled)
    assert bench.records["B"][0].cause == 65
    assert bench.all_idle()
