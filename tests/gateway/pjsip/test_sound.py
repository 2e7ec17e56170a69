"""Requests whose CSeq names another method, or does so behind a lone CR: PJSIP is not to see them, and lives."""

import pytest
from support.pjsip_engine import Engine, Peer

from tandem.gateway.pjsip.protocol import CallEnded, CallReceived, EndCall, SetSources, Started
from tandem.gateway.pjsip.sound import is_sound


@pytest.mark.parametrize(
    ("message", "sound"),
    [
        (b"INVITE sip:h SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n", True),
        (b"INVITE sip:h SIP/2.0\nCSeq:1 INVITE\n\nCSeq: 1 BYE\n", True),
        (b"\r\nNOTIFY sip:h SIP/2.0\r\ncseq\t:\r\n 7\r\n NOTIFY\r\n\r\nSIP/2.0 200\r\nCSeq: 2 REFER\r\n", True),
        (b"INVITE sip:h SIP/2.0\r\n\r\n", True),
        (b"OPTIONS sip:h SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n", False),
        (b"OPTIONS sip:h SIP/2.0\r\nCSeq: 1 OPTIONS\r\ncseq: 1 INVITE\r\n\r\n", False),
        (b"OPTIONS sip:h SIP/2.0\r\nCSeq: 1 OPTIONS\r\nCSEQ:\r\n 1\r\n\tINVITE\r\n\r\n", False),
        (b"OPTIONS sip:h SIP/2.0\r\nCSeq: 1\r\n\r\n", False),
        (b"OPTIONS sip:h SIP/2.0\r\nCSeq: 1 OPTIONS\r\nX: y\rCSeq: 1 INVITE\r\n\r\n", False),
        (b"OPTIONS sip:h SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\nX: y\rCSeq: 1 INVITE\r\n\r\n", True),
    ],
)
def test_which_are(message, sound):
    assert is_sound(message) is sound


def test_pjsip_outlives_it():
    """A refused call is acknowledged, and another request claims to be of its transaction."""
    engine = Engine()
    try:
        engine.hear(Started)
        peer = Peer(engine.port)
        with peer.socket:
            engine.do(SetSources("t", [("127.0.0.1", peer.port)], []))
            peer.invite(call_id="c@peer")
            engine.do(EndCall(engine.hear(CallReceived).call, 486, []))
            engine.hear(CallEnded)
            refusal = peer.hear("SIP/2.0 486")
            fields = [line for line in refusal.split(b"\r\n") if line.startswith((b"Via", b"From", b"To"))]
            for method, named in (
                (b"ACK", b"1 ACK"),
                (b"OPTIONS", b"1 INVITE"),
                (b"OPTIONS", b"1 OPTIONS\rCSeq: 1 INVITE"),
            ):
                lines = [method + b" sip:4930@h SIP/2.0", *fields, b"Call-ID: c@peer", b"CSeq: " + named]
                octets = b"\r\n".join([*lines, b"Content-Length: 0", b"", b""])
                peer.socket.sendto(octets, ("127.0.0.1", engine.port))
            peer.send("OPTIONS", 2, call_id="o@peer")
            peer.hear("SIP/2.0 200")
    finally:
        engine.process.close()
