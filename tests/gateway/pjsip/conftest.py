"""A PJSIP process whose one trunk has its RTP pass PJSIP by, and a peer of it."""

import pytest
from support.pjsip_engine import Engine, Peer

from tandem.gateway.pjsip.protocol import Account, Ping, PingAnswered, SetSources, Started


@pytest.fixture
def past_pjmedia():
    made = Engine(accounts=[Account("t", direct=True)])
    made.hear(Started)
    try:
        yield made
    finally:
        made.process.close()


@pytest.fixture
def its_peer(past_pjmedia):
    made = Peer(past_pjmedia.port)
    past_pjmedia.do(SetSources("t", [("127.0.0.1", made.port)], ["127.0.0.1"]))
    uri = f"sip:127.0.0.1:{made.port}"
    past_pjmedia.do(Ping(-2, "t", f"{uri};transport=udp", uri))
    with made.socket:
        made.answer(made.hear("OPTIONS"), "200 OK")
        past_pjmedia.hear(PingAnswered)
        yield made
