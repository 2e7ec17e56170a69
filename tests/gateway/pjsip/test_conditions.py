import pytest

from tandem.gateway.pjsip.conditions import told, with_lines
from tandem.gateway.sip.preconditions import Preconditions, Strength

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


def test_the_table_takes_what_the_peer_says_and_nothing_from_what_cannot_be_read():
    table = Preconditions.offered(Strength.OPTIONAL, ready=True)
    assert told(table, AUDIO) is table
    assert told(table, "a=curr") is table
    wanted = told(table, AUDIO + LINES.replace("local sendrecv", "local none", 1))
    assert [(row.segment.value, row.way) for row in wanted.missing] == [("remote", "send"), ("remote", "recv")]
    assert not told(wanted, AUDIO + LINES).missing
