"""Registrations as configured, and calls that come because of them."""

from support.sip_bench import GATEWAY, OFFER, SipBench

from tandem.gateway.sip.message import parse_message
from tandem.gateway.sip.primitives import Answered, IncomingInvite, InviteRequest

TEXT = """
[[trunk]]
name = "provider"
type = "sip"
peer = "10.0.0.8"
user = "account"
password = "secret"
domain = "provider.example"
[[trunk]]
name = "pbx"
type = "sip"
peer = "10.0.0.9"
[[route]]
trunk = ["provider"]
to = ["pbx"]
[[sip.registration]]
trunk = "provider"
number = "4930100"
[[sip.registration]]
trunk = "provider"
user = "second"
password = "other"
address_of_record = "4930200@home.example"
expires = 600
"""


def test_every_registration_is_made_and_told():
    bench = SipBench(TEXT)
    requests = [parse_message(data) for data in bench.raw["10.0.0.8", 5060]] if bench.raw else []
    bench.run(0.1)
    requests = [parse_message(data) for data in bench.raw["10.0.0.8", 5060]]
    assert [(r.uri_text, r.to.uri.text, r.contact.uri.user, r.get("Expires")) for r in requests] == [
        ("sip:provider.example", "sip:account@provider.example", "account", "3600"),
        ("sip:home.example", "sip:4930200@home.example", "4930200", "600"),
    ]
    for request in requests:
        lines = [f"{name}: {request.fields[name.lower()][0]}" for name in ("Via", "From", "To", "Call-ID", "CSeq")]
        contact = request.fields["contact"][0]
        bench.send("\r\n".join(["SIP/2.0 200 OK", *lines, f"Contact: {contact}", "", ""]), ("10.0.0.8", 5060))
    assert bench.node.sip._registrations.states == {
        "sip:account@provider.example": "registered",
        "sip:4930200@home.example": "registered",
    }
    assert bench.said("registration sip:account@provider.example: registered at 10.0.0.8:5060 for 3600 s")
    bench.node.shut_down(bench.now)
    bench.node.stop(bench.now)
    assert not bench.node.stopped
    bench.run(40)
    assert bench.node.stopped
    assert len(bench.said(": removed")) == 2


def test_a_call_to_the_contact_is_one_to_the_number():
    bench = SipBench(TEXT)
    provider, pbx = bench.agent("10.0.0.8"), bench.agent("10.0.0.9", answer=200)
    request = InviteRequest(
        uri="sip:account@127.0.0.1:5060",
        from_uri="sip:1@provider.example",
        to_uri="sip:x@provider.example",
        destination=GATEWAY,
        body=OFFER,
    )
    provider.invite(request, bench.now)
    bench.run(1.0)
    assert bench.heard(provider, Answered)
    assert bench.heard(pbx, IncomingInvite)[0].request.uri.user == "4930100"


def test_a_refusal_is_a_warning():
    bench = SipBench(TEXT)
    bench.agent("10.0.0.8")
    bench.run(0.1)
    assert len(bench.said("failed 405 Method Not Allowed; trying again in 300 s")) == 2
