"""Messages that differ between PJSIP and the wire, with the real PJSIP: calls whose RTP passes it by."""

import pytest
from support.pjsip_engine import Engine, Peer

from tandem.gateway.pjsip.protocol import (
    Account,
    AnswerArrived,
    AnswerOffer,
    CallConfirmed,
    CallEnded,
    CallReceived,
    Content,
    EndCall,
    OfferAnswered,
    OfferArrived,
    Ping,
    PingAnswered,
    Respond,
    ResponseReceived,
    SetHold,
    SetSources,
    Started,
)
from tandem.gateway.sip import sdp
from tandem.gateway.sip.message import parse_message

OURS = sdp.build_offer("127.0.0.1", 4000, 1, ["clear"], False)
THEIRS = sdp.build_offer("127.0.0.1", 5000, 2, ["clear"], False)
CHANGED = sdp.build_offer("127.0.0.1", 4000, 1, ["clear"], False, version=2)
MEDIA = ("127.0.0.1", 9)
TYPE = "Content-Type: application/sdp"


BYE = (
    "BYE sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKbye\r\n"
    "From: <sip:4930@127.0.0.1>;tag=p\r\nTo: <sip:+49301@gw.example>;tag=shared\r\n"
    "Call-ID: c@gw\r\nCSeq: 5 BYE\r\nContent-Length: 0\r\n\r\n"
)


@pytest.fixture
def engine():
    made = Engine(accounts=[Account("t", direct=True)])
    made.hear(Started)
    try:
        yield made
    finally:
        made.process.close()


@pytest.fixture
def peer(engine):
    made = Peer(engine.port)
    engine.do(SetSources("t", [("127.0.0.1", made.port)], ["127.0.0.1"]))
    uri = f"sip:127.0.0.1:{made.port}"
    engine.do(Ping(-2, "t", f"{uri};transport=udp", uri))
    with made.socket:
        made.answer(made.hear("OPTIONS"), "200 OK")
        engine.hear(PingAnswered)
        yield made


def test_a_call_that_comes_in(engine, peer):
    peer.send("INVITE", 1, TYPE, body=THEIRS)
    received = engine.hear(CallReceived)
    assert received.direct
    assert received.message.endswith(THEIRS)
    engine.do(Respond(received.call, 183, "", [], None))
    progress = parse_message(peer.hear("SIP/2.0 183"))
    assert (progress.body, progress.get("content-type")) == (b"", None)
    # Longer than the room that PJSIP has for a message.
    long = OURS + b"".join(b"a=note:%040d\r\n" % number for number in range(100))
    engine.do(Respond(received.call, 200, "", [], MEDIA, session=long))
    assert parse_message(peer.hear("SIP/2.0 200")).body == long
    peer.send("ACK", 1)
    assert engine.hear(CallConfirmed).speech is None
    for number, status in ((2, 488), (3, 200)):
        peer.send("UPDATE", number, TYPE, body=THEIRS)
        assert engine.hear(OfferArrived).message.endswith(THEIRS)
        if status == 200:
            peer.send("UPDATE", number, TYPE, body=THEIRS)  # once more, and no other
            peer.send("UPDATE", 4, TYPE, body=THEIRS)
            assert b"CSeq: 4 UPDATE" in peer.hear("SIP/2.0 491")
        engine.do(AnswerOffer(received.call, status, CHANGED))
        answer = parse_message(peer.hear(f"SIP/2.0 {status}"))
        assert answer.body == (CHANGED if status == 200 else b"")
    peer.send("UPDATE", 5, "Accept: application/sdp")
    assert b"CSeq: 5 UPDATE" in peer.hear("SIP/2.0 200")
    peer.send("INVITE", 6, TYPE, body=THEIRS)
    assert engine.hear(OfferArrived).message.startswith(b"INVITE")
    peer.send("BYE", 7)
    peer.hear("SIP/2.0 481")
    assert engine.hear(CallEnded).message.startswith(b"BYE")


def test_a_call_that_goes_out(engine, peer):
    """With ISUP beside the description, then hold that the peer takes."""
    isup = Content("application/isup", b"\x01\0\xff")
    engine.call(-4, MEDIA, to=peer.port, session=OURS, content=isup)
    octets = peer.hear("INVITE")
    invite = parse_message(octets)
    assert {part.media_type: part.body for part in invite.parts()} == {
        "application/sdp": OURS,
        "application/isup": isup.octets,
    }
    peer.answer(octets, "200 OK", TYPE, body=THEIRS)
    assert engine.hear(ResponseReceived).message.endswith(THEIRS)
    peer.hear("ACK")
    engine.do(SetHold(-4, True, CHANGED))
    again = peer.hear("INVITE")
    assert again.endswith(CHANGED)
    peer.answer(again, "200 OK", TYPE, body=THEIRS)
    assert engine.hear(OfferAnswered).message.endswith(THEIRS)
    peer.hear("ACK")
    engine.do(EndCall(-4, 200, []))
    peer.answer(peer.hear("BYE"), "200 OK")
    engine.hear(CallEnded)


def test_several_invites_of_one_call(engine, peer):
    """RFC 3578: one Call-ID, one tag of From, rising numbers; the first is refused, the second one answered."""
    invites = []
    for number, sequence in ((-4, 1), (-6, 11)):
        engine.call(number, MEDIA, to=peer.port, session=OURS, call_id="c@gw", from_tag="shared", sequence=sequence)
        invites.append(peer.hear("INVITE"))
        invite = parse_message(invites[-1])
        assert (invite.call_id, invite.from_.tag, invite.cseq) == ("c@gw", "shared", sequence)
    peer.answer(invites[0], "484 Address Incomplete")
    assert parse_message(peer.hear("ACK")).cseq == 1
    assert engine.hear(CallEnded).status == 484
    peer.answer(invites[1], "183 Progress", "Require: 100rel", "RSeq: 1", TYPE, body=THEIRS)
    octets = peer.hear("PRACK")
    prack = parse_message(octets)
    assert (prack.cseq, prack.get("rack")) == (12, "1 11 INVITE")
    peer.answer(octets, "200 OK")
    assert engine.hear(ResponseReceived).call == -6
    peer.answer(invites[1], "200 OK", TYPE, body=THEIRS)
    assert parse_message(peer.hear("ACK")).cseq == 11
    engine.hear(ResponseReceived)
    bye = BYE.format(port=peer.port)
    peer.socket.sendto(bye.encode(), ("127.0.0.1", engine.port))
    assert b";tag=shared\r\n" in peer.hear("SIP/2.0 200")
    assert engine.hear(CallEnded).call == -6


def test_an_invite_without_an_offer(engine, peer):
    """Ours goes with the first reliable response, its answer comes in PRACK; then an offer in another PRACK."""
    peer.send("INVITE", 1, "Supported: 100rel")
    received = engine.hear(CallReceived)
    engine.do(Respond(received.call, 183, "", [], MEDIA, session=OURS))
    engine.do(Respond(received.call, 180, "", [], MEDIA, session=OURS))
    for number, status, kind in ((2, 183, AnswerArrived), (3, 180, OfferArrived)):
        response = parse_message(peer.hear(f"SIP/2.0 {status}"))
        assert response.body == (OURS if status == 183 else b"")
        peer.tag = response.to.tag
        peer.send("PRACK", number, f"RAck: {response.get('rseq')} 1 INVITE", TYPE, body=THEIRS)
        assert engine.hear(kind).message.startswith(b"PRACK")
        if kind is OfferArrived:
            engine.do(AnswerOffer(received.call, 200, CHANGED))
        answer = parse_message(peer.hear("SIP/2.0 200"))
        assert answer.body == (CHANGED if kind is OfferArrived else b"")
    engine.do(Respond(received.call, 200, "", [], MEDIA, session=CHANGED))
    answer = parse_message(peer.hear("SIP/2.0 200"))
    peer.send("ACK", 1)
    engine.hear(CallConfirmed)
    engine.do(EndCall(received.call, 200, []))
    peer.answer(peer.hear("BYE"), "200 OK")
    engine.hear(CallEnded)


def test_the_peer_offers_in_its_answer(engine, peer):
    """An INVITE of ours without a description: our answer goes in ACK, when it is there."""
    engine.call(-4, MEDIA, to=peer.port, offer=False)
    invite = peer.hear("INVITE")
    assert parse_message(invite).body == b""
    for _ in range(2):
        peer.answer(invite, "200 OK", TYPE, body=THEIRS)
    assert engine.hear(OfferArrived).message.endswith(THEIRS)
    engine.do(AnswerOffer(-4, 200, OURS))
    assert parse_message(peer.hear("ACK")).body == OURS
    engine.hear(ResponseReceived)
    engine.do(EndCall(-4, 200, []))
    peer.answer(peer.hear("BYE"), "200 OK")
    engine.hear(CallEnded)
    assert not [event for event in engine.events if isinstance(event, OfferArrived)]
