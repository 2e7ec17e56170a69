"""Each wish goes to the engine of its call: above zero our own, below zero PJSIP."""

import pytest
from msgspec.structs import replace
from support.pjsip_adapter import message
from support.sip_pair import counting_token

from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.pjsip import protocol
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import InfoResult, InviteRequest, SendDatagram
from tandem.gateway.sip.registration import RegistrationOptions
from tandem.gateway.trunks.sip_engines import EnginesAgent, towards_adapter
from tandem.gateway.trunks.sip_pjsip import PjsipAgent

TRUNK = SipTrunk(name="t", peer="10.0.0.8", engine="pjsua2", srtp="offered", delayed_offer=True)
PEER = ("10.0.0.8", 5060)
SDP = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


@pytest.fixture
def agent():
    pjsip = PjsipAgent({"t": TRUNK}, "10.0.0.1", list, lambda line: None)
    pjsip.event(protocol.Started("2.15", 4), 0.0)
    return EnginesAgent(AgentConfiguration("10.0.0.1"), counting_token("x"), pjsip)


def request(account):
    return InviteRequest("sip:1@10.0.0.8", "sip:2@10.0.0.1", "sip:1@10.0.0.8", PEER, SDP, session=SDP, account=account)


def test_calls_of_both(agent):
    assert agent.invite(request(""), 0.0) > 0
    assert [type(output) for output in agent.outputs()] == [SendDatagram]
    call = agent.invite(request("t"), 0.0)
    assert call < 0
    (made,) = agent.pjsip.commands
    assert (made.call, made.offer, made.media) == (call, False, ("10.0.0.1", 4000))
    assert agent.outputs() == []


def test_every_wish_reaches_pjsip(agent):
    call = agent.invite(request("t"), 0.0)
    agent.pjsip.commands.clear()
    assert agent.configure(call, CallOptions(), 0.0)
    assert agent.probe(call, 0.0)
    agent.send_info(call, "application/dtmf", b"1", (), 0.0)
    agent.notify_refer(call, "SIP/2.0 100 Trying", False, 0.0)
    agent.modify(call, SDP + b"a=sendonly\r\n", (), 0.0)
    agent.modify(call, SDP, (), 0.0)
    agent.respond(call, 183, None, (("X-A", "1"),), SDP, now=0.0)
    agent.cancel(call, (), 0.0)
    agent.notify_refer(call, "SIP/2.0 200 OK", True, 0.0)
    agent.bye(call, (), 0.0)
    agent.end(call, 500, (), 0.0)
    assert agent.pjsip.commands == [
        protocol.Ask(call),
        protocol.SendInfo(call, protocol.Content("application/dtmf", b"1")),
        protocol.TellTransfer(call, "SIP/2.0 100 Trying", False),
        protocol.SetHold(call, True),
        protocol.SetHold(call, False),
        protocol.Respond(call, 183, "", [("X-A", "1")], ("10.0.0.1", 4000)),
        protocol.EndCall(call, 487, []),
    ], "a call ends once"


def test_what_pjsip_does_by_itself_does_nothing(agent):
    call = agent.invite(request("t"), 0.0)
    agent.pjsip.commands.clear()
    agent.answer_update(call, 200, SDP, now=0.0)
    agent.answer_reinvite(call, 200, SDP, now=0.0)
    agent.answer_refer(call, 603, 0.0)
    agent.acknowledge(call, SDP, 0.0)
    agent.pin(call)
    assert not agent.is_reliable(call)
    assert agent.pjsip.commands == []
    assert agent.outputs() == []


def test_where_rtp_passes_pjsip_by_the_adapter_answers():
    trunk = replace(TRUNK, clear_mode=True, delayed_offer=False)
    pjsip = PjsipAgent({"t": trunk}, "10.0.0.1", list, lambda line: None)
    pjsip.event(protocol.Started("2.15", 4), 0.0)
    agent = EnginesAgent(AgentConfiguration("10.0.0.1"), counting_token("x"), pjsip)
    call = agent.invite(request("t"), 0.0)
    agent.answer_update(call, 200, SDP, now=0.0)
    agent.answer_reinvite(call, 488, now=0.0)
    assert agent.update(call, SDP, (), 0.0)
    agent.modify(call, SDP, (), 0.0)
    (made, *others) = agent.pjsip.commands
    assert isinstance(made, protocol.MakeCall)
    assert made.session == SDP
    assert others == [
        protocol.AnswerOffer(call, 200, SDP),
        protocol.AnswerOffer(call, 488),
        protocol.TellReady(call, [], SDP),
        protocol.SetHold(call, False, SDP),
    ]


def test_digits_in_an_early_dialog(agent):
    """INFO goes once a reliable response has made the dialog, and its answer is told."""
    call = agent.invite(request("t"), 0.0)

    def send():
        return agent.send_early_info(call, "application/x-session-info", b"1", (), 0.0)

    assert not send()
    for lines, sent in (([], False), (["Require: 100rel", "RSeq: 1"], True)):
        progress = message("SIP/2.0 183 Progress", *lines, tag="b")
        agent.pjsip.event(protocol.ResponseReceived(call, progress, None), 0.0)
        assert send() is sent
    content = protocol.Content("application/x-session-info", b"1")
    assert agent.pjsip.commands[1:] == [protocol.SendInfo(call, content, early=True)]
    agent.outputs()
    for status, told in ((200, 200), (408, None)):
        agent.pjsip.event(protocol.InfoAnswered(call, status), 0.0)
        assert agent.outputs() == [InfoResult(call, told)]
    agent.pjsip.event(protocol.ResponseReceived(call, message("SIP/2.0 200 OK", tag="b"), None), 0.0)
    assert not send()


@pytest.mark.parametrize(
    ("lines", "body", "reliable"),
    [(["Supported: 100rel"], SDP, True), ([], SDP, False), (["Supported: 100rel"], b"", False)],
)
def test_responses_to_a_call_that_came_in_are_reliable(agent, lines, body, reliable):
    invite = message("INVITE sip:1@10.0.0.1 SIP/2.0", *lines, body=body.decode())
    agent.pjsip.event(protocol.CallReceived(-1, invite, PEER, 4000), 0.0)
    assert agent.configure(-1, CallOptions(reliable="supported"), 0.0)
    assert agent.is_reliable(-1) is reliable
    assert agent.configure(-1, CallOptions(), 0.0)
    assert not agent.is_reliable(-1)


def test_pings_and_registrations(agent):
    assert agent.send_options(PEER, "sip:10.0.0.8", 0.0) > 0
    assert agent.send_options(PEER, "sip:10.0.0.8", 0.0, account="t") < 0
    options = RegistrationOptions("sip:a@p", "sip:p", "a", account="t")
    number = agent.register(options, [PEER], 0.0)
    assert agent.registering
    agent.move_registration(number, [("10.0.0.9", 5060)], 0.0)
    agent.unregister(0.0)
    kinds = [type(command).__name__ for command in agent.pjsip.commands]
    assert kinds == ["Ping", "Register", "Register", "Unregister"]
    agent.pjsip.event(protocol.RegistrationAnswered(number, 200, "OK", 0), 0.0)
    assert not agent.registering


def test_the_adapter_sees_plain_rtp():
    seen = towards_adapter(TRUNK)
    assert (seen.srtp, seen.delayed_offer, seen.engine) == ("off", False, "pjsua2")
    native = SipTrunk(name="n", peer="10.0.0.9", srtp="offered")
    assert towards_adapter(native) is native
