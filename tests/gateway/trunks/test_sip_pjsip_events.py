"""What the PJSIP process says of calls that there are, as the adapter understands it."""

import pytest
from support.pjsip_adapter import SAVP, SPEECH, Pjsip, answered, message

from tandem.gateway.pjsip import protocol
from tandem.gateway.sip.primitives import Answered, Ended, IncomingInvite


@pytest.fixture
def pjsip():
    made = Pjsip('max_calls = 10\nuser = "u"\npassword = "p"')
    yield made
    made.close()


def test_the_record_of_a_call_that_we_end_waits_for_what_was_measured_last(pjsip):
    """Else it has what was measured within the last second or so before, of a short call nothing."""
    pjsip.call()
    (made,) = pjsip.commands(protocol.MakeCall)
    pjsip.tell(protocol.ResponseReceived(made.call, message("SIP/2.0 200 OK", call_id=made.call_id, tag="b"), SPEECH))
    pjsip.tell(protocol.StreamMeasured(made.call, packets_sent=1))
    pjsip.pbx.bye(pjsip.out, (), pjsip.bench.now)
    pjsip.bench.run(0.1)
    assert len(pjsip.commands(protocol.EndCall)) == 1
    assert pjsip.bench.records == []
    last = protocol.StreamMeasured(made.call, packets_sent=26, packets_received=25, octets_received=4000, final=True)
    pjsip.tell(last)
    (record,) = pjsip.bench.records
    assert (record.outgoing.media["packets_sent"], record.outgoing.media["packets_received"]) == (26, 25)
    pjsip.tell(protocol.CallEnded(made.call, 200, "", b""))
    assert len(pjsip.bench.records) == 1


def test_a_call_of_which_nothing_was_measured_has_its_record_too(pjsip):
    pjsip.call()
    (made,) = pjsip.commands(protocol.MakeCall)
    pjsip.tell(
        protocol.ResponseReceived(made.call, message("SIP/2.0 180 Ringing", call_id=made.call_id, tag="b"), None)
    )
    pjsip.pbx.cancel(pjsip.out, (), pjsip.bench.now)
    pjsip.bench.run(0.1)
    pjsip.tell(protocol.CallEnded(made.call, 487, "", b""))
    (record,) = pjsip.bench.records
    assert record.result != "answered"


REFER = ("Refer-To: <sip:4930300@127.0.0.1>",)


def test_a_transfer_that_the_peer_asks_for():
    pjsip = Pjsip('refer = "perform"')
    answered(pjsip)
    refer = message("REFER sip:4930200@h SIP/2.0", *REFER, method="REFER", tag="b")
    pjsip.tell(protocol.ReferArrived(-1, refer))
    assert pjsip.commands(protocol.AnswerRefer)[0] == protocol.AnswerRefer(-1, 202)
    told = pjsip.commands(protocol.TellTransfer)
    assert (told[0].status_line, told[0].final) == ("SIP/2.0 100 Trying", False)
    assert (told[-1].status_line, told[-1].final) == ("SIP/2.0 200 OK", True)
    bye = message("BYE sip:4930200@h SIP/2.0", method="BYE", tag="b")
    pjsip.tell(protocol.CallEnded(-1, 200, "", bye))
    _, second = pjsip.bench.heard(pjsip.pbx, IncomingInvite)
    assert second.request.uri.user == "4930300"
    assert not pjsip.bench.heard(pjsip.pbx, Ended)
    pjsip.pbx.bye(second.call, (), pjsip.bench.now)
    pjsip.bench.run(0.2)
    assert len(pjsip.bench.heard(pjsip.pbx, Ended)) == 1
    pjsip.close()


def test_a_transfer_where_none_is_performed(pjsip):
    answered(pjsip)
    refer = message("REFER sip:4930200@h SIP/2.0", *REFER, method="REFER", tag="b")
    pjsip.tell(protocol.ReferArrived(-1, refer))
    assert pjsip.commands(protocol.AnswerRefer) == [protocol.AnswerRefer(-1, 603)]
    pjsip.tell(protocol.CallEnded(-1, 200, "", message("BYE sip:x@h SIP/2.0", method="BYE", tag="b")))


def test_isup_goes_both_ways():
    """IAM, ACM, ANM and REL in the messages of PJSIP, in whose place the adapter sees another description."""
    pjsip = Pjsip('isup_variant = "itu"')
    pjsip.call()
    (made,) = pjsip.commands(protocol.MakeCall)
    kind, _, parameters = made.content.media_type.partition(";")
    assert (kind, made.content.octets[0], made.content.disposition) == (
        "application/isup",
        1,
        "signal;handling=required",
    )
    assert "version=itu-t92+" in parameters
    acm, anm = b"\x06\x16\x14\0", b"\x09\0"
    ringing = message("SIP/2.0 180 Ringing", "Content-Type: application/isup", tag="b")
    pjsip.tell(protocol.ResponseReceived(made.call, ringing.replace(b"Length: 0", b"Length: 4") + acm, None))
    answer = message("SIP/2.0 200 OK", "Content-Type: multipart/mixed;boundary=b", tag="b")
    body = b"--b\r\nContent-Type: application/sdp\r\n\r\n" + SAVP.encode() + b"\r\n"
    body += b"--b\r\nContent-Type: application/isup\r\n\r\n" + anm + b"\r\n--b--\r\n"
    answer = answer.replace(b"Length: 0", b"Length: %d" % len(body)) + body
    pjsip.tell(protocol.ResponseReceived(made.call, answer, SPEECH))
    (answered_,) = pjsip.bench.heard(pjsip.pbx, Answered)
    pjsip.pbx.bye(answered_.call, (), pjsip.bench.now)
    pjsip.bench.run(0.1)
    (ended,) = pjsip.commands(protocol.EndCall)
    assert ended.content.octets[0] == 12
    pjsip.tell(protocol.CallEnded(made.call, 200, "", b""))
    pjsip.close()
    leg = pjsip.bench.records[0]
    assert (leg.result, leg.alerting_time is not None) == ("answered", True)
