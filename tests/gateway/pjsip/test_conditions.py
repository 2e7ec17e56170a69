from tandem.gateway.pjsip.conditions import told
from tandem.gateway.sip.preconditions import Preconditions, Strength

AUDIO = (
    "v=0\r\no=- 1 1 IN IP4 10.0.0.8\r\ns=-\r\nc=IN IP4 10.0.0.8\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n"
)
LINES = "a=curr:qos local sendrecv\r\na=des:qos mandatory local sendrecv\r\n"


def test_the_table_takes_what_the_peer_says_and_nothing_from_what_cannot_be_read():
    table = Preconditions.offered(Strength.OPTIONAL, ready=True)
    assert told(table, AUDIO) is table
    assert told(table, "a=curr") is table
    wanted = told(table, AUDIO + LINES.replace("local sendrecv", "local none", 1))
    assert [(row.segment.value, row.way) for row in wanted.missing] == [("remote", "send"), ("remote", "recv")]
    assert not told(wanted, AUDIO + LINES).missing
