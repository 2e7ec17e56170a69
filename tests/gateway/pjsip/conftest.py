"""A PJSIP process whose one trunk has its RTP pass PJSIP by, and a peer of it."""

import pytest
from support.pjsip_engine import Engine, peer_of

from tandem.gateway.pjsip.protocol import Account, Started


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
    with peer_of(past_pjmedia) as made:
        yield made
