"""Calls whose RTP passes PJSIP by, with the real PJSIP: what it sees, and what the peer."""

from tandem.gateway.pjsip.protocol import (
    AnswerArrived,
    AnswerOffer,
    CallConfirmed,
    CallEnded,
    CallReceived,
    Content,
    EndCall,
    HoldFailed,
    OfferAnswered,
    OfferArrived,
    Respond,
    ResponseReceived,
    SetHold,
)
from tandem.gateway.sip import sdp
from tandem.gateway.sip.message import parse_message

OURS = sdp.build_offer("127.0.0.1", 4000, 1, ["clear"], False)
THEIRS = sdp.build_offer("127.0.0.1", 5000, 2, ["clear"], False)
CHANGED = sdp.build_offer("127.0.0.1", 4000, 1, ["clear"], False, version=2)
MEDIA = ("127.0.0.1", 9)
TYPE = "Content-Type: application/sdp"


def test_a_call_that_comes_in(past_pjmedia, its_peer):
    its_peer.send("INVITE", 1, TYPE, body=THEIRS)
    received = past_pjmedia.hear(CallReceived)
    assert received.direct
    assert received.message.endswith(THEIRS)
    past_pjmedia.do(Respond(received.call, 183, "", [], None))
    progress = parse_message(its_peer.hear("SIP/2.0 183"))
    assert (progress.body, progress.get("content-type")) == (b"", None)
    # Longer than the room that PJSIP has for a message.
    long = OURS + b"".join(b"a=note:%040d\r\n" % number for number in range(100))
    past_pjmedia.do(Respond(received.call, 200, "", [], MEDIA, session=long))
    assert parse_message(its_peer.hear("SIP/2.0 200")).body == long
    its_peer.send("ACK", 1)
    assert past_pjmedia.hear(CallConfirmed).speech is None
    for number, status in ((2, 488), (3, 200)):
        its_peer.send("UPDATE", number, TYPE, body=THEIRS)
        assert past_pjmedia.hear(OfferArrived).message.endswith(THEIRS)
        if status == 200:
            its_peer.send("UPDATE", number, TYPE, body=THEIRS)  # once more, and no other
            its_peer.send("UPDATE", 4, TYPE, body=THEIRS)
            assert b"CSeq: 4 UPDATE" in its_peer.hear("SIP/2.0 491")
        past_pjmedia.do(AnswerOffer(received.call, status, CHANGED))
        answer = parse_message(its_peer.hear(f"SIP/2.0 {status}"))
        assert answer.body == (CHANGED if status == 200 else b"")
    its_peer.send("UPDATE", 5, "Accept: application/sdp")
    assert b"CSeq: 5 UPDATE" in its_peer.hear("SIP/2.0 200")
    its_peer.send("INVITE", 6, TYPE, body=THEIRS)
    assert past_pjmedia.hear(OfferArrived).message.startswith(b"INVITE")
    its_peer.send("BYE", 7)
    its_peer.hear("SIP/2.0 481")
    assert past_pjmedia.hear(CallEnded).message.startswith(b"BYE")


def test_a_call_that_goes_out(past_pjmedia, its_peer):
    """With ISUP beside the description, then hold that the peer takes."""
    isup = Content("application/isup", b"\x01\0\xff")
    past_pjmedia.call(-4, MEDIA, to=its_peer.port, session=OURS, content=isup, max_forwards=12)
    octets = its_peer.hear("INVITE")
    invite = parse_message(octets)
    assert invite.get("max-forwards") == "12"
    assert {part.media_type: part.body for part in invite.parts()} == {
        "application/sdp": OURS,
        "application/isup": isup.octets,
    }
    its_peer.answer(octets, "200 OK", TYPE, body=THEIRS)
    assert past_pjmedia.hear(ResponseReceived).message.endswith(THEIRS)
    its_peer.hear("ACK")
    past_pjmedia.do(SetHold(-4, True, CHANGED))
    again = its_peer.hear("INVITE")
    assert again.endswith(CHANGED)
    its_peer.answer(again, "200 OK", TYPE, body=THEIRS)
    assert past_pjmedia.hear(OfferAnswered).message.endswith(THEIRS)
    its_peer.hear("ACK")
    past_pjmedia.do(SetHold(-4, False, OURS))
    its_peer.answer(its_peer.hear("INVITE"), "488 Not Acceptable Here")
    assert past_pjmedia.hear(HoldFailed).status == 488
    past_pjmedia.do(SetHold(-4, True, CHANGED))
    its_peer.answer(its_peer.hear("INVITE"), "200 OK")  # without the answer that it should have
    assert parse_message(past_pjmedia.hear(OfferAnswered).message).body == b""
    its_peer.hear("ACK")
    its_peer.tag = invite.from_.tag
    its_peer.send("INVITE", 7, call_id=invite.call_id)
    assert parse_message(its_peer.hear("SIP/2.0 200")).body == CHANGED, "what was refused does not hold"
    its_peer.send("ACK", 7, TYPE, body=THEIRS, call_id=invite.call_id)
    past_pjmedia.do(EndCall(-4, 200, []))
    its_peer.answer(its_peer.hear("BYE"), "200 OK")
    past_pjmedia.hear(CallEnded)


def test_an_invite_without_an_offer(past_pjmedia, its_peer):
    """Ours goes with the first reliable response, its answer comes in PRACK; then an offer in another PRACK."""
    its_peer.send("INVITE", 1, "Supported: 100rel")
    received = past_pjmedia.hear(CallReceived)
    past_pjmedia.do(Respond(received.call, 183, "", [], MEDIA, session=OURS))
    past_pjmedia.do(Respond(received.call, 180, "", [], MEDIA, session=OURS))
    for number, status, kind in ((2, 183, AnswerArrived), (3, 180, OfferArrived)):
        response = parse_message(its_peer.hear(f"SIP/2.0 {status}"))
        assert response.body == (OURS if status == 183 else b"")
        its_peer.tag = response.to.tag
        its_peer.send("PRACK", number, f"RAck: {response.get('rseq')} 1 INVITE", TYPE, body=THEIRS)
        assert past_pjmedia.hear(kind).message.startswith(b"PRACK")
        if kind is OfferArrived:
            past_pjmedia.do(AnswerOffer(received.call, 200, CHANGED))
        answer = parse_message(its_peer.hear("SIP/2.0 200"))
        assert answer.body == (CHANGED if kind is OfferArrived else b"")
    past_pjmedia.do(Respond(received.call, 200, "", [], MEDIA, session=CHANGED))
    answer = parse_message(its_peer.hear("SIP/2.0 200"))
    its_peer.send("ACK", 1)
    past_pjmedia.hear(CallConfirmed)
    past_pjmedia.do(EndCall(received.call, 200, []))
    its_peer.answer(its_peer.hear("BYE"), "200 OK")
    past_pjmedia.hear(CallEnded)


def test_the_peer_offers_in_its_answer(past_pjmedia, its_peer):
    """An INVITE of ours without a description: our answer goes in ACK, when it is there."""
    past_pjmedia.call(-4, MEDIA, to=its_peer.port, offer=False)
    invite = its_peer.hear("INVITE")
    assert parse_message(invite).body == b""
    for _ in range(2):
        its_peer.answer(invite, "200 OK", TYPE, body=THEIRS)
    assert past_pjmedia.hear(OfferArrived).message.endswith(THEIRS)
    past_pjmedia.do(AnswerOffer(-4, 200, OURS))
    assert parse_message(its_peer.hear("ACK")).body == OURS
    past_pjmedia.hear(ResponseReceived)
    past_pjmedia.do(EndCall(-4, 200, []))
    its_peer.answer(its_peer.hear("BYE"), "200 OK")
    past_pjmedia.hear(CallEnded)
    assert not [event for event in past_pjmedia.events if isinstance(event, OfferArrived)]
