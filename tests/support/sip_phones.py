"""Two phones that register at a gateway, alice and bob, and a carrier that calls them."""

from support.sip_bench import GATEWAY, OFFER, SipBench

from tandem.gateway.sip.primitives import Credentials, InviteRequest, RegistrationChanged
from tandem.gateway.sip.registration import RegistrationOptions

PHONES = """
[[trunk]]
name = "phones"
type = "sip"
registrar = true
[[sip.user]]
name = "alice"
password = "a-secret"
number = "100"
[[sip.user]]
name = "bob"
password = "b-secret"
number = "200"
[[trunk]]
name = "carrier"
type = "sip"
peer = "10.0.0.9"
[[route]]
trunk = ["phones"]
called = "^[12]00$"
to = ["phones"]
[[route]]
trunk = ["phones"]
called = "^0"
to = ["carrier"]
[[route]]
trunk = ["carrier"]
called = "^300"
to = ["user:bob"]
[[route]]
trunk = ["carrier"]
to = ["phones"]
"""
ALICE, BOB = Credentials("alice", "a-secret"), Credentials("bob", "b-secret")


def register(bench, agent, credentials, **more):
    options = RegistrationOptions(
        f"sip:{credentials.username}@127.0.0.1", "sip:127.0.0.1", credentials.username, credentials, **more
    )
    agent.register(options, [GATEWAY], bench.now)
    bench.run(0.1)
    return bench.heard(agent, RegistrationChanged)[-1]


def call(bench, agent, number, credentials=None, **more):
    request = InviteRequest(
        uri=f"sip:{number}@127.0.0.1",
        from_uri="sip:somebody@127.0.0.1",
        to_uri=f"sip:{number}@127.0.0.1",
        destination=GATEWAY,
        body=OFFER,
        credentials=credentials,
        **more,
    )
    number = agent.invite(request, bench.now)
    bench.run(0.2)
    return number


def phones(text=PHONES):
    bench = SipBench(text)
    alice, bob = bench.agent("10.0.0.1", answer=200), bench.agent("10.0.0.2", 5066, answer=200)
    assert register(bench, alice, ALICE).state == "registered"
    assert register(bench, bob, BOB).state == "registered"
    return bench, alice, bob
