"""A trunk with the engine pjsua2, seen by the adapter; the events of the PJSIP process are made up here."""

import pytest
from support.certificates import Authority
from support.pjsip_adapter import PEER, SAVP, SPEECH, Pjsip, answered, message

from tandem.gateway.media.protocol import Detect, OpenRtp, RtpEndpoint, UpdateRtp
from tandem.gateway.pjsip import protocol
from tandem.gateway.sip.primitives import Answered, Cancelled, Confirmed, Ended, IncomingInvite, InviteRequest, ReInvite


@pytest.fixture
def pjsip():
    made = Pjsip('max_calls = 10\nuser = "u"\npassword = "p"')
    yield made
    made.close()


def test_what_is_told_at_the_start(pjsip):
    assert pjsip.bench.said("PJSIP 2.15 is up: its build allows 4 calls at once (PJSUA_MAX_CALLS); 3 are taken")
    assert pjsip.commands(protocol.SetSources) == [protocol.SetSources("ice", [PEER], ["10.0.0.8"])]


def test_an_incoming_call(pjsip):
    invite = message("INVITE sip:4930200@127.0.0.1:5070 SIP/2.0", "X-A: 1", body=SAVP)
    pjsip.tell(protocol.CallReceived(-1, invite, PEER, 18500))
    (incoming,) = pjsip.bench.heard(pjsip.pbx, IncomingInvite)
    assert incoming.request.uri.user == "4930200"
    (answer,) = pjsip.commands(protocol.Respond)
    assert (answer.call, answer.status) == (-1, 200)
    assert answer.media in [("127.0.0.1", port) for port in range(20000, 20040, 2)]
    pjsip.tell(protocol.CallConfirmed(-1, SPEECH))
    bye = message("BYE sip:4930200@127.0.0.1:5070 SIP/2.0", "Reason: Q.850;cause=31", method="BYE", tag="b")
    pjsip.tell(protocol.CallEnded(-1, 200, "", bye))
    assert len(pjsip.bench.heard(pjsip.pbx, Ended)) == 1
    (record,) = pjsip.bench.records
    assert (record.incoming.trunk, record.result, record.cause) == ("ice", "answered", 31)


def test_the_media_process_gets_plain_rtp_in_the_codec_that_pjsip_takes(pjsip):
    commands = []
    effects = pjsip.bench.node.effects
    pjsip.bench.node.effects = lambda: (found := effects(), commands.extend(found.media))[0]
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:4930200@h SIP/2.0", body=SAVP), PEER, 18500))
    opened = next(command for command in commands if isinstance(command, OpenRtp))
    assert not opened.secure
    update = next(one for one in commands if isinstance(one, UpdateRtp) and one.leg == opened.leg)
    # PCMU stands first in the peer's offer, PCMA in our list: PJSIP takes the peer's first.
    assert (update.law, update.payload_type, update.remote, update.keys) == ("u", 0, ("127.0.0.1", 18500), None)
    assert update.event_payload_type == 101
    pjsip.tell(protocol.CallEnded(-1, 487, "", message("CANCEL sip:4930200@h SIP/2.0", method="CANCEL")))


def test_a_caller_who_gives_up():
    pjsip = Pjsip(answer=180)
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:4930200@h SIP/2.0", body=SAVP), PEER, 18500))
    assert [answer.status for answer in pjsip.commands(protocol.Respond)] == [180]
    pjsip.tell(protocol.CallEnded(-1, 487, "", message("CANCEL sip:4930200@h SIP/2.0", method="CANCEL")))
    assert len(pjsip.bench.heard(pjsip.pbx, Cancelled)) == 1
    pjsip.close()


def test_an_outgoing_call_with_early_media_hold_and_info():
    pjsip = Pjsip('digits = "info-relay"\ntelephone_event = false')
    pjsip.call()
    (made,) = pjsip.commands(protocol.MakeCall)
    assert (made.account, made.destination) == ("ice", "sip:10.0.0.8:5060;transport=udp")
    assert made.target == made.remote == "sip:4930200@10.0.0.8;user=phone"
    assert made.media[0] == "127.0.0.1"
    number = made.call
    response = message("SIP/2.0 183 Progress", call_id=made.call_id, tag="b")
    pjsip.tell(protocol.ResponseReceived(number, response, SPEECH))
    answer = message("SIP/2.0 200 OK", call_id=made.call_id, tag="b")
    pjsip.tell(protocol.ResponseReceived(number, answer, SPEECH))
    assert len(pjsip.bench.heard(pjsip.pbx, Answered)) == 1
    # The native side holds: PJSIP is to hold its peer, and what it then agrees ends the re-INVITE.
    held = SAVP.replace("RTP/SAVP", "RTP/AVP").replace("1 1 IN", "1 2 IN") + "a=sendonly\r\n"
    pjsip.pbx.reinvite(pjsip.out, held.encode(), (), pjsip.bench.now)
    pjsip.bench.run(0.1)
    assert pjsip.commands(protocol.SetHold) == [protocol.SetHold(number, True)]
    pjsip.tell(protocol.SpeechChanged(number, protocol.Speech(18500, "u", "recvonly")))
    # The peer of PJSIP holds too: the native side hears of it.
    pjsip.tell(protocol.SpeechChanged(number, protocol.Speech(18500, "u", "inactive")))
    (offered,) = pjsip.bench.heard(pjsip.pbx, ReInvite)
    assert b"a=inactive" in offered.body
    pjsip.pbx.answer_reinvite(pjsip.out, 200, held.replace("sendonly", "inactive").encode(), now=pjsip.bench.now)
    pjsip.bench.run(0.1)
    pjsip.pbx.send_info(pjsip.out, "application/dtmf", b"7", (), pjsip.bench.now)
    pjsip.bench.run(0.1)
    (info,) = pjsip.commands(protocol.SendInfo)
    assert info.content.octets.startswith(b"Signal=7")
    info = message("INFO sip:h SIP/2.0", method="INFO", tag="b")
    pjsip.tell(protocol.InfoArrived(number, info))
    pjsip.tell(protocol.HoldFailed(number, 488))
    pjsip.pbx.bye(pjsip.out, (("Reason", "Q.850;cause=16"),), pjsip.bench.now)
    pjsip.bench.run(0.1)
    (end,) = pjsip.commands(protocol.EndCall)
    assert dict(end.headers)["Reason"].startswith("Q.850;cause=16")
    pjsip.tell(protocol.CallEnded(number, 200, "", b""))
    pjsip.close()


def test_a_refusal_of_the_peer(pjsip):
    pjsip.call()
    (made,) = pjsip.commands(protocol.MakeCall)
    refusal = message("SIP/2.0 404 Not Found", call_id=made.call_id, tag="b")
    pjsip.tell(protocol.CallEnded(made.call, 404, "Not Found", refusal))
    (record,) = pjsip.bench.records
    assert (record.result, record.cause) == ("failed", 1)


@pytest.mark.parametrize(("status", "cause"), [(408, 102), (503, 41)])
def test_a_peer_that_does_not_answer(pjsip, status, cause):
    pjsip.call()
    (made,) = pjsip.commands(protocol.MakeCall)
    pjsip.tell(protocol.CallEnded(made.call, status, "no", b""))
    (record,) = pjsip.bench.records
    assert (record.result, record.cause) == ("failed", cause)


def test_more_calls_than_the_build_allows(pjsip):
    for _ in range(4):
        pjsip.call()
    made = pjsip.commands(protocol.MakeCall)
    assert len(made) == 3
    assert pjsip.bench.said("trunk ice: call not made: the installed PJSIP allows 4 calls at once (PJSUA_MAX_CALLS)")
    assert [record.cause for record in pjsip.bench.records] == [42]
    pjsip.tell(protocol.CallRefused("10.0.0.8:5060"))
    assert pjsip.bench.said("call from 10.0.0.8:5060 refused with 503")
    for call in made:
        pjsip.tell(protocol.CallEnded(call.call, 503, "", b""))


def test_the_process_is_lost_and_comes_back(pjsip):
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:4930200@h SIP/2.0", body=SAVP), PEER, 18500))
    pjsip.tell(protocol.CallConfirmed(-1, SPEECH))
    pjsip.bench.node.pjsip_lost(pjsip.bench.now)
    pjsip.bench.run(0.1)
    assert len(pjsip.bench.heard(pjsip.pbx, Ended)) == 1, "nobody is left in a call that is no more"
    assert [record.cause for record in pjsip.bench.records] == [41]
    pjsip.call()
    assert pjsip.commands(protocol.MakeCall) == []
    assert pjsip.bench.said("call not made: the PJSIP process is not up")
    pjsip.commands(protocol.SetSources)
    pjsip.tell(protocol.Started("2.15", 4))
    assert len(pjsip.commands(protocol.SetSources)) == 1
    pjsip.tell(protocol.CallEnded(-1, 200, "", b""))


def test_strangers_and_what_cannot_be_read(pjsip):
    invite = message("INVITE sip:4930200@h SIP/2.0", body=SAVP)
    pjsip.tell(protocol.CallReceived(-1, invite, ("10.0.0.66", 5060), 18500))
    # A peer of a trunk of our own engine is none of PJSIP's.
    pjsip.tell(protocol.CallReceived(-3, invite, ("10.0.0.9", 5060), 18502))
    pjsip.tell(protocol.CallReceived(-5, b"rubbish", PEER, 18504))
    assert [(one.call, one.status) for one in pjsip.commands(protocol.Respond)] == [(-1, 403), (-3, 403), (-5, 400)]
    assert pjsip.bench.said("10.0.0.66:5060: INVITE refused: no trunk has this source")
    for number in (-1, -3, -5):
        pjsip.tell(protocol.CallEnded(number, 403, "", b""))


def test_a_trunk_that_wants_proof():
    user = '[[sip.user]]\nname = "alice"\npassword = "secret"\nnumber = "4930777"\ntrunk = "ice"'
    pjsip = Pjsip(f"authenticate = true\n{user}")
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:4930200@h SIP/2.0", body=SAVP), PEER, 18500))
    (challenge,) = pjsip.commands(protocol.Respond)
    assert challenge.status == 401
    assert challenge.headers[0][0] == "WWW-Authenticate"
    assert challenge.headers[0][1].startswith("Digest ")
    pjsip.tell(protocol.CallEnded(-1, 401, "", b""))
    pjsip.close()


def test_silence_is_looked_into(pjsip):
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:4930200@h SIP/2.0", body=SAVP), PEER, 18500))
    pjsip.tell(protocol.CallConfirmed(-1, SPEECH))
    leg = next(iter(pjsip.bench.node.sip._by_leg))
    pjsip.bench.node.sip.leg_silent(leg, pjsip.bench.now)
    pjsip.bench.run(0.1)
    assert pjsip.commands(protocol.Ask) == [protocol.Ask(-1)]
    pjsip.tell(protocol.AskAnswered(-1, 500))
    assert pjsip.bench.node.control.calls
    pjsip.tell(protocol.AskAnswered(-1, 481))
    assert len(pjsip.commands(protocol.EndCall)) == 1
    pjsip.tell(protocol.CallEnded(-1, 200, "", b""))
    assert [record.cause for record in pjsip.bench.records] == [27]


def test_pings_mark_the_peer():
    pjsip = Pjsip("options_seconds = 10", up=False)
    assert pjsip.commands(protocol.Ping) == []
    pjsip.tell(protocol.Started("2.15", 4))
    for _ in range(2):
        pjsip.bench.run(10.0)
        (ping,) = pjsip.commands(protocol.Ping)
        assert (ping.account, ping.destination, ping.uri) == (
            "ice",
            "sip:10.0.0.8:5060;transport=udp",
            "sip:10.0.0.8:5060",
        )
        pjsip.tell(protocol.PingAnswered(ping.number, 0))
    assert pjsip.bench.said("trunk ice: 10.0.0.8:5060 is down")
    pjsip.bench.run(10.0)
    (ping,) = pjsip.commands(protocol.Ping)
    pjsip.tell(protocol.PingAnswered(ping.number, 200))
    assert pjsip.bench.said("up again")


def test_confirmed_carries_the_answer_where_the_invite_had_no_offer(pjsip):
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:4930200@h SIP/2.0"), PEER, 18500))
    (answer,) = [one for one in pjsip.commands(protocol.Respond) if one.status == 200]
    assert answer.media is not None
    pjsip.tell(protocol.CallConfirmed(-1, SPEECH))
    (session,) = [one for one in pjsip.bench.node.sip._sessions.values() if one.half.handle == -1]
    assert session.description.port == 18500
    pjsip.tell(protocol.CallEnded(-1, 200, "", message("BYE sip:h SIP/2.0", method="BYE", tag="b")))
    assert len(pjsip.bench.heard(pjsip.pbx, Confirmed)) == 1


def heard_by(pjsip):
    """Commands for the media process from now on."""
    commands = []
    effects = pjsip.bench.node.effects
    pjsip.bench.node.effects = lambda: (found := effects(), commands.extend(found.media))[0]
    return commands


def leg_towards_pjsip(commands):
    """What was last said of the leg that goes to the PJSIP process, and whether DTMF is looked for in it."""
    update = next(one for one in reversed(commands) if isinstance(one, UpdateRtp) and one.remote[1] == SPEECH.port)
    found = [one.on for one in commands if isinstance(one, Detect) and one.endpoint == RtpEndpoint(update.leg)]
    return update, bool(found and found[-1])


@pytest.mark.parametrize(
    ("options", "events", "payload_type", "detected"),
    [
        ("", True, 101, False),
        ("", False, None, True),
        ('dtmf = "inband"', True, 101, True),
        ("telephone_event = false", True, None, True),
        ('dtmf = "off"', False, None, False),
    ],
)
@pytest.mark.parametrize("outgoing", [False, True])
def test_digits_of_a_peer_without_telephone_events_are_in_the_speech(options, events, payload_type, detected, outgoing):
    """PJSIP would not send them: what the media process is told follows the peer's own description."""
    pjsip = Pjsip(options)
    commands = heard_by(pjsip)
    body = SAVP if events else SAVP.partition("a=rtpmap:96")[0].replace(" 96", "")
    if outgoing:
        pjsip.call()
        (made,) = pjsip.commands(protocol.MakeCall)
        number = made.call
        answer = message("SIP/2.0 200 OK", body=body, call_id=made.call_id, tag="b")
        pjsip.tell(protocol.ResponseReceived(number, answer, SPEECH))
    else:
        number = -1
        pjsip.tell(protocol.CallReceived(number, message("INVITE sip:4930200@h SIP/2.0", body=body), PEER, 18500))
        pjsip.tell(protocol.CallConfirmed(number, SPEECH))
    update, on = leg_towards_pjsip(commands)
    assert (update.event_payload_type, on) == (payload_type, detected)
    # A session that has changed since says nothing of events.
    pjsip.tell(protocol.SpeechChanged(number, protocol.Speech(SPEECH.port, "A")))
    update, on = leg_towards_pjsip(commands)
    assert (update.law, update.event_payload_type, on) == ("A", payload_type, detected)


def test_packets_towards_pjsip_are_its_own_matter():
    pjsip = Pjsip("ptime = 40")
    commands = heard_by(pjsip)
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:4930200@h SIP/2.0", body=SAVP), PEER, 18500))
    update, _ = leg_towards_pjsip(commands)
    assert update.packet_time == 20


class Written:
    """A capture that keeps what it gets."""

    def __init__(self):
        self.packets = []

    def write_udp(self, source, destination, data, now, sent):
        self.packets.append((source, destination, data, sent))


def test_messages_are_in_a_capture_as_long_as_there_is_one():
    pjsip, capture = Pjsip(), Written()
    own, peer = ("127.0.0.1", 5070), PEER
    pjsip.bench.node.capture_everything(capture)
    pjsip.bench.run(0.1)
    assert pjsip.commands(protocol.TellMessages) == [protocol.TellMessages(True)]
    pjsip.tell(
        protocol.MessageSeen(b"INVITE", "udp", own, peer, True),
        protocol.MessageSeen(b"SIP/2.0 200 OK", "udp", own, peer, False),
    )
    found = [packet for packet in capture.packets if own in packet]
    assert found == [(own, peer, b"INVITE", True), (peer, own, b"SIP/2.0 200 OK", False)]
    pjsip.bench.node.capture_everything(None)
    pjsip.bench.run(0.1)
    assert pjsip.commands(protocol.TellMessages) == [protocol.TellMessages(False)]


def test_messages_are_asked_for_again_when_the_process_comes_back():
    pjsip = Pjsip(up=False)
    pjsip.bench.node.capture_everything(Written())
    assert not pjsip.commands(protocol.TellMessages)
    pjsip.tell(protocol.Started("2.15", 4))
    assert pjsip.commands(protocol.TellMessages) == [protocol.TellMessages(True)]


def test_peers_are_told_that_no_new_calls_are_wanted():
    """And by a process that comes back meanwhile too, until calls are wanted again."""
    pjsip = Pjsip()
    sip = pjsip.bench.node.sip
    sip.drain(pjsip.bench.now)
    pjsip.bench.run(0.1)
    assert pjsip.commands(protocol.Leave) == [protocol.Leave(True)]
    sip.pjsip_lost(pjsip.bench.now)
    pjsip.tell(protocol.Started("2.15", 4))
    assert pjsip.commands(protocol.Leave) == [protocol.Leave(True)]
    sip.resume(pjsip.bench.now)
    pjsip.bench.run(0.1)
    assert pjsip.commands(protocol.Leave) == [protocol.Leave(False)]
    sip.pjsip_lost(pjsip.bench.now)
    pjsip.tell(protocol.Started("2.15", 4))
    assert pjsip.commands(protocol.Leave) == []


def test_who_proves_his_name_calls_and_nobody_else(tmp_path):
    """RFC 5922: certificates that PJSIP has verified."""
    certificate = Authority(tmp_path).issue("gw", "gw.example")
    tables = f'also_listen = ["tls:127.0.0.1:5071"]\n[sip.tls]\ncertificate = "{certificate}"'
    pjsip = Pjsip('accept_names = ["carrier.example"]', tables=tables)
    where = ("192.0.2.77", 40000)
    pjsip.tell(protocol.PeerProved(7, ("carrier.example",)), protocol.PeerProved(8, ("other.example",)))
    for call, connection in ((-1, 7), (-3, 8), (-5, 0)):
        invite = message("INVITE sip:4930200@127.0.0.1 SIP/2.0", body=SAVP, call_id=f"c{call}")
        pjsip.tell(protocol.CallReceived(call, invite, where, 4000, "tls", connection))
    refused = [command.call for command in pjsip.commands(protocol.Respond) if command.status == 403]
    assert refused == [-3, -5]
    pjsip.tell(protocol.PeerProved(7, None))
    pjsip.tell(protocol.CallReceived(-7, invite, where, 4000, "tls", 7))
    assert [command.status for command in pjsip.commands(protocol.Respond) if command.call == -7] == [403]


@pytest.mark.parametrize(("tag", "status"), [("b", 200), ("c", 481)])
def test_a_call_that_takes_the_place_of_another(tag, status):
    pjsip = Pjsip('refer = "perform"')
    answered(pjsip)
    invite = message(
        *("INVITE sip:4930300@h SIP/2.0", f"Replaces: in@peer;to-tag={tag};from-tag=a"), body=SAVP, call_id="2@peer"
    )
    pjsip.commands(protocol.Respond)
    pjsip.tell(protocol.CallReceived(-3, invite, PEER, 18502))
    assert [(one.call, one.status) for one in pjsip.commands(protocol.Respond)] == [(-3, status)]
    replaced = [one.call for one in pjsip.commands(protocol.EndCall)]
    assert replaced == ([-1] if status == 200 else [])
    pjsip.tell(protocol.CallEnded(-3, 200, "", message("BYE sip:x@h SIP/2.0", method="BYE", call_id="2@peer")))
    pjsip.tell(protocol.CallEnded(-1, 200, "", message("BYE sip:x@h SIP/2.0", method="BYE", tag="b")))
    pjsip.close()


@pytest.mark.parametrize(("refer", "statuses"), [("perform", [481]), ("refuse", [420])])
def test_replaces_that_must_be_obeyed(refer, statuses):
    pjsip = Pjsip(f'refer = "{refer}"')
    lines = ("Require: replaces", "Replaces: 7@x;to-tag=1;from-tag=2")
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:4930200@h SIP/2.0", *lines, body=SAVP), PEER, 18500))
    assert [one.status for one in pjsip.commands(protocol.Respond)] == statuses
    pjsip.tell(protocol.CallEnded(-1, statuses[0], "", b""))
    pjsip.close()


CONDITIONS = SAVP + (
    "a=curr:qos local none\r\na=curr:qos remote none\r\n"
    "a=des:qos mandatory local sendrecv\r\na=des:qos none remote sendrecv\r\n"
)
KNOWN = ("Supported: 100rel, precondition", "Require: precondition")


def test_a_call_whose_way_is_not_whole_waits():
    """The peer's UPDATE, which PJSIP has answered, lets the call go on."""
    pjsip = Pjsip('preconditions = "supported"')
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:4930200@h SIP/2.0", *KNOWN, body=CONDITIONS), PEER, 18500))
    (progress,) = pjsip.commands(protocol.Respond)
    assert (progress.status, progress.headers) == (183, [("Require", "precondition")])
    assert not pjsip.bench.heard(pjsip.pbx, IncomingInvite)
    met = CONDITIONS.replace("local none", "local sendrecv").replace("1 1 IN", "1 2 IN")
    pjsip.tell(protocol.UpdateArrived(-1, message("UPDATE sip:h SIP/2.0", body=met, method="UPDATE", tag="b"), SPEECH))
    assert len(pjsip.bench.heard(pjsip.pbx, IncomingInvite)) == 1
    assert [one.status for one in pjsip.commands(protocol.Respond)] == [200]
    pjsip.tell(protocol.CallEnded(-1, 200, "", message("BYE sip:x@h SIP/2.0", method="BYE", tag="b")))
    pjsip.close()


@pytest.mark.parametrize(
    ("preconditions", "lines", "status"),
    [("off", KNOWN, 420), ("required", ("Supported: 100rel",), 421), ("required", ("Supported: precondition",), 421)],
)
def test_preconditions_that_do_not_fit(preconditions, lines, status):
    pjsip = Pjsip(f'preconditions = "{preconditions}"')
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:4930200@h SIP/2.0", *lines, body=SAVP), PEER, 18500))
    (refusal,) = pjsip.commands(protocol.Respond)
    assert (refusal.status, [value for _, value in refusal.headers]) == (status, ["precondition"])
    pjsip.tell(protocol.CallEnded(-1, status, "", b""))
    pjsip.close()


def test_a_call_of_ours_rings_when_the_peer_says_that_its_way_is_whole():
    pjsip = Pjsip('preconditions = "required"')
    pjsip.call()
    (made,) = pjsip.commands(protocol.MakeCall)
    assert ("Require", "precondition") in made.headers
    assert made.ready
    answer = CONDITIONS.replace("RTP/SAVP", "RTP/AVP")
    progress = message("SIP/2.0 183 Session Progress", body=answer, call_id=made.call_id, tag="b")
    pjsip.tell(protocol.ResponseReceived(made.call, progress, SPEECH))
    sessions = [one for one in pjsip.bench.node.sip._sessions.values() if one.preconditions is not None]
    assert [bool(one.preconditions.missing) for one in sessions] == [True]
    pjsip.tell(protocol.CallEnded(made.call, 486, "", message("SIP/2.0 486 Busy", call_id=made.call_id, tag="b")))
    pjsip.close()


OVERLAP = 'overlap = "invites"'


def dial(pjsip, digits, step):
    """The native side dials as far as this."""
    uri = f"sip:{digits}@127.0.0.1:5060"
    call = {"call_id": "one@pbx", "from_tag": "caller", "sequence": 1 + 10 * step}
    offer = SAVP.replace("RTP/SAVP", "RTP/AVP").encode()
    pjsip.out = pjsip.pbx.invite(InviteRequest(uri, "sip:1@10.0.0.9", uri, ("127.0.0.1", 5060), offer, **call), 0.0)
    pjsip.bench.run(0.1)
    return pjsip.commands(protocol.MakeCall)


def test_digits_go_on_in_further_invites():
    """RFC 3578: Call-ID and tag of From stay, numbers rise; the refusal of the first one is that of too few digits."""
    pjsip = Pjsip(OVERLAP, pbx=OVERLAP)
    (first,) = dial(pjsip, "4930", 0)
    (second,) = dial(pjsip, "4930200", 1)
    assert (first.remote.partition("@")[0], second.remote.partition("@")[0]) == ("sip:4930", "sip:4930200")
    assert (first.call_id, first.from_tag, first.sequence + 10) == (second.call_id, second.from_tag, second.sequence)
    assert first.from_tag
    refusal = message("SIP/2.0 484 Address Incomplete", call_id=first.call_id, tag="b")
    pjsip.tell(protocol.CallEnded(first.call, 484, "", refusal))
    answer = message("SIP/2.0 200 OK", call_id=second.call_id, tag="b")
    pjsip.tell(protocol.ResponseReceived(second.call, answer, SPEECH))
    assert len(pjsip.bench.heard(pjsip.pbx, Answered)) == 1
    pjsip.tell(protocol.CallEnded(second.call, 200, "", message("BYE sip:x@y SIP/2.0", method="BYE", tag="b")))
    pjsip.bench.run(1.0)
    pjsip.close()


def test_without_a_place_the_digits_so_far_must_do():
    pjsip = Pjsip(OVERLAP, pbx=OVERLAP, limit=2)
    (first,) = dial(pjsip, "4930", 0)
    assert dial(pjsip, "4930200", 1) == []
    assert pjsip.bench.said("further digits cannot be sent: the installed PJSIP allows 2 calls at once")
    pjsip.tell(protocol.CallEnded(first.call, 404, "", message("SIP/2.0 404 Not Found", tag="b")))
    pjsip.bench.run(1.0)
    pjsip.close()


def test_digits_come_in_further_invites():
    pjsip = Pjsip(OVERLAP, pbx=OVERLAP, answer=100)
    for number, digits in ((-1, "4930"), (-3, "4930200")):
        invite = message(f"INVITE sip:{digits}@127.0.0.1:5070 SIP/2.0", body=SAVP)
        pjsip.tell(protocol.CallReceived(number, invite, PEER, 18500))
    assert [(answer.call, answer.status) for answer in pjsip.commands(protocol.Respond)] == [(-1, 484)]
    invites = pjsip.bench.heard(pjsip.pbx, IncomingInvite)
    assert [one.request.uri.user for one in invites] == ["4930", "4930200"]
    pjsip.tell(protocol.CallEnded(-1, 484, "", b""))
    pjsip.tell(protocol.CallEnded(-3, 487, "", message("CANCEL sip:4930200@h SIP/2.0", method="CANCEL")))
    pjsip.bench.run(40.0)
    pjsip.close()
