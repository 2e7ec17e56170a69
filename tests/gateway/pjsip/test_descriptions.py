"""Descriptions of PJSIP, and what is another in them."""

import pytest

from tandem.gateway.pjsip.descriptions import version_offered, with_lines, with_packet_time, without_events

AUDIO = (
    "v=0\r\no=- 1 1 IN IP4 10.0.0.8\r\ns=-\r\nc=IN IP4 10.0.0.8\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n"
)
VIDEO = "m=video 4002 RTP/AVP 31\r\n"
LINES = "a=curr:qos local sendrecv\r\na=des:qos mandatory local sendrecv\r\n"


def test_lines_go_to_the_speech():
    assert with_lines(AUDIO, LINES) == AUDIO + LINES
    assert with_lines(AUDIO + VIDEO, LINES) == AUDIO + LINES + VIDEO


@pytest.mark.parametrize(("description", "lines"), [(AUDIO, ""), (VIDEO, LINES), ("", LINES)])
def test_a_description_without_speech_or_lines_stays_as_it_is(description, lines):
    assert with_lines(description, lines) == description


def test_packets_are_as_long_as_we_want_unless_that_is_said():
    assert with_packet_time(AUDIO + VIDEO, 30) == AUDIO + "a=ptime:30\r\n" + VIDEO
    assert with_packet_time(AUDIO + "a=ptime:20\r\n", 30) == AUDIO + "a=ptime:20\r\n"
    assert with_packet_time(VIDEO, 30) == VIDEO


def test_a_description_without_digits():
    with_events = AUDIO.replace("AVP 0", "AVP 0 101 1010") + (
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=rtpmap:1010 x/8000\r\n"
    )
    assert without_events(with_events) == AUDIO.replace("AVP 0", "AVP 0 1010") + "a=rtpmap:1010 x/8000\r\n"
    assert without_events(AUDIO) == AUDIO


@pytest.mark.parametrize(
    ("body", "six"),
    [
        (AUDIO, False),
        (AUDIO.replace("IP4", "IP6"), True),
        (AUDIO + "c=IN IP6 2001:db8::1\r\n", True),
        (AUDIO + VIDEO + "c=IN IP6 2001:db8::1\r\n", False),
        ("v=0\r\nc=IN IP6 2001:db8::1\r\n", None),
        ("", None),
    ],
)
def test_the_version_of_ip_of_the_first_stream(body, six):
    assert version_offered(f"INVITE sip:h SIP/2.0\r\n\r\n{body}") is six
