"""Which trunks have RTP pass PJSIP by, and how the adapter treats them."""

import pytest
from support.pjsip_adapter import PEER, SAVP, Pjsip, message

from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.media.protocol import UpdateRtp
from tandem.gateway.pjsip import protocol
from tandem.gateway.sip import sdp
from tandem.gateway.sip.primitives import Answered
from tandem.gateway.trunks.sip_direct import first_by_pjsip, has_own_media, is_direct

CLEAR = SAVP.replace("0 8 96", "98").replace("96 telephone-event", "98 CLEARMODE")


@pytest.mark.parametrize(
    ("options", "direct", "own"),
    [
        ({"engine": "pjsua2"}, False, False),
        ({"engine": "pjsua2", "clear_mode": True}, True, True),
        ({"engine": "pjsua2", "silence_suppression": True}, True, True),
        ({"clear_mode": True}, False, True),
    ],
)
def test_which(options, direct, own):
    trunk = SipTrunk(name="t", peer="192.0.2.1", **options)
    assert (is_direct(trunk), has_own_media(trunk)) == (direct, own)


@pytest.fixture
def pjsip():
    made = Pjsip("clear_mode = true\nptime = 30")
    yield made
    made.close()


def test_a_call_that_comes_in(pjsip):
    """Octets go between the media process and the peer; the descriptions are ours and the peer's."""
    told = []
    effects = pjsip.bench.node.effects
    pjsip.bench.node.effects = lambda: (found := effects(), told.extend(found.media))[0]
    invite = message("INVITE sip:4930200@127.0.0.1:5070 SIP/2.0", body=CLEAR)
    pjsip.tell(protocol.CallReceived(-1, invite, PEER, 18500, direct=True))
    update = next(one for one in told if isinstance(one, UpdateRtp) and one.remote == ("10.0.0.8", 4000))
    assert update.payload_type == 98
    (answer,) = pjsip.commands(protocol.Respond)
    (stream,) = sdp.parse(answer.session).media
    assert (stream.formats, stream.encodings[98], stream.ptime) == (("98",), "clearmode/8000", 30)
    ack = message("ACK sip:4930200@127.0.0.1:5070 SIP/2.0", method="ACK", tag="b")
    pjsip.tell(protocol.TagChosen(-1, "b"), protocol.CallConfirmed(-1, None, ack))
    held = CLEAR.replace("1 1 IN", "1 2 IN") + "a=sendonly\r\n"
    for method in ("INVITE", "UPDATE"):
        changed = message(f"{method} sip:4930200@127.0.0.1:5070 SIP/2.0", body=held, method=method, tag="b")
        pjsip.tell(protocol.OfferArrived(-1, changed))
        (answer,) = pjsip.commands(protocol.AnswerOffer)
        assert answer.status == 200
        assert b"a=recvonly" in answer.session
    refused = changed.replace(b"CLEARMODE", b"OTHERMODE").replace(b"1 2 IN", b"1 3 IN")
    pjsip.tell(protocol.OfferArrived(-1, refused))
    assert [answer.status for answer in pjsip.commands(protocol.AnswerOffer)] == [488]
    pjsip.tell(protocol.OfferArrived(-1, b"UPDATE\r\n"))
    assert [answer.status for answer in pjsip.commands(protocol.AnswerOffer)] == [400]
    bye = message("BYE sip:4930200@127.0.0.1:5070 SIP/2.0", method="BYE", tag="b")
    pjsip.tell(protocol.CallEnded(-1, 200, "", bye))


def test_a_call_without_an_offer():
    """RFC 3261 13.2.1: ours goes with the first reliable response, which PJSIP lets be a 183; PRACK has the answer."""
    pjsip = Pjsip("silence_suppression = true", answer=180)
    invite = message("INVITE sip:4930200@127.0.0.1:5070 SIP/2.0", "Supported: 100rel")
    pjsip.tell(protocol.CallReceived(-1, invite, PEER, 18500, direct=True))
    progress, ringing = pjsip.commands(protocol.Respond)
    assert (progress.status, ringing.status) == (183, 180)
    assert b"CN/8000" in progress.session
    assert progress.session == ringing.session
    (session,) = (one for one in pjsip.bench.node.sip._sessions.values() if one.trunk.name == "ice")
    assert session.offering
    answer = SAVP.replace("SAVP 0 8 96", "SAVP 8")
    prack = message("PRACK sip:4930200@127.0.0.1:5070 SIP/2.0", body=answer, method="PRACK", tag="b")
    pjsip.tell(protocol.AnswerArrived(-1, prack))
    assert (session.offering, session.description.port) == (False, 4000)
    offer = prack.replace(b"1 1 IN", b"1 2 IN").replace(b" 4000 ", b" 4002 ")
    pjsip.tell(protocol.OfferArrived(-1, offer))
    assert [answer.status for answer in pjsip.commands(protocol.AnswerOffer)] == [200]
    assert session.description.port == 4002
    cancel = message("CANCEL sip:4930200@h SIP/2.0", method="CANCEL")
    pjsip.tell(protocol.CallEnded(-1, 487, "", cancel))
    pjsip.bench.run(1.0)
    pjsip.close()


def test_an_invite_of_ours_without_an_offer():
    """The peer offers in its answer; PJSIP goes on with ours, and tells of that answer once more."""
    pjsip = Pjsip("silence_suppression = true\ndelayed_offer = true")
    pjsip.call()
    (call,) = pjsip.commands(protocol.MakeCall)
    assert (call.offer, call.session) == (False, b"")
    offer = message("SIP/2.0 200 OK", body=SAVP, call_id=call.call_id, tag="b")
    pjsip.tell(protocol.OfferArrived(call.call, offer))
    (answer,) = pjsip.commands(protocol.AnswerOffer)
    assert (answer.status, sdp.parse(answer.session).media[0].formats) == (200, ("8", "96"))
    pjsip.tell(protocol.ResponseReceived(call.call, offer, None))
    assert len(pjsip.bench.heard(pjsip.pbx, Answered)) == 1
    pjsip.pbx.bye(pjsip.out, (), pjsip.bench.now)
    pjsip.bench.run(0.1)
    pjsip.tell(protocol.OfferArrived(call.call, offer))
    assert pjsip.commands(protocol.AnswerOffer) == [protocol.AnswerOffer(call.call, 200)]
    pjsip.tell(protocol.CallEnded(call.call, 200, "", b""))
    pjsip.bench.run(1.0)
    pjsip.close()


def test_a_call_that_goes_out(pjsip):
    """The media process has SRTP too, and hold is answered by the peer's own description."""
    pjsip.call()
    (call,) = pjsip.commands(protocol.MakeCall)
    assert b" RTP/SAVP 8 0 101\r\n" in call.session
    assert b"a=ptime:30" in call.session
    answer = SAVP.replace("SAVP 0 8 96", "SAVP 8")
    pjsip.tell(protocol.ResponseReceived(call.call, message("SIP/2.0 200 OK", body=answer, tag="b"), None))
    assert pjsip.bench.heard(pjsip.pbx, Answered)
    (session,) = (one for one in pjsip.bench.node.sip._sessions.values() if one.trunk.name == "ice")
    assert (session.description.address, session.description.port, session.description.law) == ("10.0.0.8", 4000, "A")
    held = SAVP.replace("RTP/SAVP", "RTP/AVP").replace("1 1 IN", "1 2 IN") + "a=sendonly\r\n"
    pjsip.pbx.reinvite(pjsip.out, held.encode(), (), pjsip.bench.now)
    pjsip.bench.run(0.1)
    (hold,) = pjsip.commands(protocol.SetHold)
    assert b"a=sendonly" in hold.session
    answer = answer.replace("1 1 IN", "1 2 IN") + "a=recvonly\r\n"
    pjsip.tell(protocol.OfferAnswered(call.call, message("SIP/2.0 200 OK", body=answer, tag="b")))
    assert session.description.direction == "sendonly"
    assert not session.offering
    pjsip.pbx.bye(pjsip.out, (), pjsip.bench.now)
    pjsip.bench.run(0.1)
    pjsip.tell(protocol.CallEnded(call.call, 200, "", b""))


def test_whose_codecs_pjsip_has():
    one, other = SipTrunk(name="a", engine="pjsua2", clear_mode=True), SipTrunk(name="b", engine="pjsua2")
    assert first_by_pjsip([one, other]) is other
    assert first_by_pjsip([one]) is one
