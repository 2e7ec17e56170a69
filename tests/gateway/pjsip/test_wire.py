"""Messages that differ between PJSIP and the wire, with the real PJSIP: names of dialogs."""

from tandem.gateway.pjsip.protocol import (
    CallEnded,
    ResponseReceived,
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


def test_several_invites_of_one_call(past_pjmedia, its_peer):
    """RFC 3578: one Call-ID, one tag of From, rising numbers; the first is refused, the second one answered."""
    invites = []
    for number, sequence in ((-4, 1), (-6, 11)):
        past_pjmedia.call(
            number, MEDIA, to=its_peer.port, session=OURS, call_id="c@gw", from_tag="shared", sequence=sequence
        )
        invites.append(its_peer.hear("INVITE"))
        invite = parse_message(invites[-1])
        assert (invite.call_id, invite.from_.tag, invite.cseq) == ("c@gw", "shared", sequence)
    its_peer.answer(invites[0], "484 Address Incomplete")
    assert parse_message(its_peer.hear("ACK")).cseq == 1
    assert past_pjmedia.hear(CallEnded).status == 484
    its_peer.answer(invites[1], "183 Progress", "Require: 100rel", "RSeq: 1", TYPE, body=THEIRS)
    octets = its_peer.hear("PRACK")
    prack = parse_message(octets)
    assert (prack.cseq, prack.get("rack")) == (12, "1 11 INVITE")
    its_peer.answer(octets, "200 OK")
    assert past_pjmedia.hear(ResponseReceived).call == -6
    its_peer.answer(invites[1], "200 OK", TYPE, body=THEIRS)
    assert parse_message(its_peer.hear("ACK")).cseq == 11
    past_pjmedia.hear(ResponseReceived)
    bye = BYE.format(port=its_peer.port)
    its_peer.socket.sendto(bye.encode(), ("127.0.0.1", past_pjmedia.port))
    assert b";tag=shared\r\n" in its_peer.hear("SIP/2.0 200")
    assert past_pjmedia.hear(CallEnded).call == -6
