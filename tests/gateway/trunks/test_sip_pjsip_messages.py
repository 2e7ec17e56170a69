"""What is read of messages, and of what PJSIP measured."""

import pytest
from support.pjsip_adapter import PEER, SAVP, SPEECH, Pjsip, message

from tandem.gateway.pjsip import protocol
from tandem.gateway.sip.message import parse_message
from tandem.gateway.trunks.sip_pjsip_messages import conditions_in, is_ready


@pytest.fixture
def pjsip():
    made = Pjsip()
    yield made
    made.close()


def test_the_record_tells_what_the_rtp_of_the_peer_was_like(pjsip):
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:4930200@h SIP/2.0", body=SAVP), PEER, 18500))
    pjsip.tell(protocol.CallConfirmed(-1, SPEECH))
    measured = protocol.StreamMeasured(
        -1,
        packets_sent=500,
        packets_received=495,
        octets_received=495 * 160,
        packets_lost=4,
        packets_late=1,
        remote_lost=7,
        jitter_ms=3.5,
        remote_jitter_ms=2.25,
        round_trip_ms=80.0,
        waiting_ms=40.0,
    )
    pjsip.tell(measured)
    pjsip.tell(protocol.CallEnded(-1, 200, "", message("BYE sip:h SIP/2.0", method="BYE", tag="b")))
    (record,) = pjsip.bench.records
    media = record.incoming.media
    assert (media["packets_lost"], media["packets_late"], media["remote_lost"]) == (4, 1, 7)
    assert (media["concealed_ms"], media["round_trip_ms"], media["jitter_ms"]) == (100, 80.0, 3.5)
    assert 3.5 < media["mos"] < 4.4
    assert media["modem_hz"] == 0
    assert record.outgoing.media["packets_lost"] == 0, "of the other leg the media process tells"


LINES = (
    "a=curr:qos local none\r\na=curr:qos remote none\r\n"
    "a=des:qos mandatory local sendrecv\r\na=conf:qos remote recv\r\n"
)


@pytest.mark.parametrize("body", ["", "no description", SAVP])
def test_a_description_without_preconditions_has_no_lines_of_them_and_waits_for_nothing(body):
    assert conditions_in(parse_message(message("INVITE sip:4930200@h SIP/2.0", body=body))) == ""
    assert is_ready(body.encode())


def test_lines_of_preconditions_are_those_of_the_speech():
    video = "m=video 4002 RTP/AVP 31\r\na=curr:qos local sendrecv\r\n"
    assert conditions_in(parse_message(message("INVITE sip:4930200@h SIP/2.0", body=SAVP + LINES + video))) == LINES


@pytest.mark.parametrize(("ours", "ready"), [("none", False), ("sendrecv", True)])
def test_our_own_precondition_is_met_when_the_description_says_so(ours, ready):
    assert is_ready((SAVP + LINES.replace("local none", f"local {ours}")).encode()) is ready
