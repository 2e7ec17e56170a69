"""A gateway with a trunk on PJSIP, whose process is the test itself."""

from support.sip_bench import SipBench

from tandem.gateway.pjsip import protocol
from tandem.gateway.sip.primitives import InviteRequest

PEER = ("10.0.0.8", 5060)
TEXT = """
[sip.pjsua2]
listen = "127.0.0.1:5070"
{tables}
[[trunk]]
name = "ice"
type = "sip"
engine = "pjsua2"
peer = "10.0.0.8"
srtp = "required"
{options}
[[trunk]]
name = "pbx"
type = "sip"
peer = "10.0.0.9"
{pbx}
[[route]]
trunk = ["ice"]
to = ["pbx"]
[[route]]
trunk = ["pbx"]
to = ["ice"]
"""
SAVP = (
    "v=0\r\no=- 1 1 IN IP4 10.0.0.8\r\ns=-\r\nc=IN IP4 10.0.0.8\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0 8 96\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"
    "a=rtpmap:96 telephone-event/8000\r\n"
)


def message(start, *lines, body="", call_id="in@peer", method="INVITE", tag=""):
    head = [
        start,
        "Via: SIP/2.0/UDP 10.0.0.8;branch=z9hG4bK1",
        "From: <sip:4930100@10.0.0.8>;tag=a",
        f"To: <sip:4930200@127.0.0.1>{';tag=b' if tag else ''}",
        f"Call-ID: {call_id}",
        f"CSeq: 1 {method}",
        "Contact: <sip:10.0.0.8>",
        *(["Content-Type: application/sdp"] if body else []),
        *lines,
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


class Pjsip:
    """A gateway, a native peer, and this test in the place of the PJSIP process."""

    def __init__(self, options="", up=True, answer=200, tables="", pbx="", limit=4):
        self.bench = SipBench(TEXT.format(options=options, tables=tables, pbx=pbx))
        self.pbx = self.bench.agent("10.0.0.9", answer=answer)
        if up:
            self.tell(protocol.Started("2.15", limit))

    def tell(self, *events):
        self.bench.node.pjsip_events(list(events), self.bench.now)
        self.bench.run(0.1)

    def commands(self, kind):
        """Those of one kind that have not been seen yet."""
        found = [command for command in self.bench.commands if isinstance(command, kind)]
        self.bench.commands = [command for command in self.bench.commands if not isinstance(command, kind)]
        return found

    def call(self, number="4930200"):
        """A call from the native side."""
        offer = SAVP.replace("RTP/SAVP", "RTP/AVP").encode()
        uri = f"sip:{number}@127.0.0.1:5060"
        self.out = self.pbx.invite(InviteRequest(uri, "sip:1@10.0.0.9", uri, ("127.0.0.1", 5060), offer), 0.0)
        self.bench.run(0.1)

    def close(self):
        """Nothing is left of any call."""
        assert not self.bench.node.control.calls
        assert self.bench.node.sip.quiet
        assert len(self.bench.node.sip.ports) == 20


SPEECH = protocol.Speech(18500, "u")


def answered(pjsip, number=-1, call_id="in@peer", *lines):
    """A call from the peer on PJSIP that is up."""
    invite = message("INVITE sip:4930200@127.0.0.1:5070 SIP/2.0", *lines, body=SAVP, call_id=call_id)
    pjsip.tell(protocol.CallReceived(number, invite, PEER, 18500), protocol.TagChosen(number, "b"))
    ack = message("ACK sip:4930200@127.0.0.1:5070 SIP/2.0", method="ACK", tag="b", call_id=call_id)
    pjsip.tell(protocol.CallConfirmed(number, SPEECH, ack))
