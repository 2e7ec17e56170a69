"""Peers that are names, that die and come back, that want to be left alone, and limits."""

import pytest
from support.sip_bench import GATEWAY, OFFER, SipBench

from tandem.gateway.sip.location import Srv
from tandem.gateway.sip.primitives import Answered, IncomingInvite, InviteRequest, Rejected

ROUTES = """
[[trunk]]
name = "pbx"
type = "sip"
peer = "10.0.0.1"
{pbx}
[[trunk]]
name = "first"
type = "sip"
{first}
[[trunk]]
name = "second"
type = "sip"
peer = "10.0.0.8"
[[route]]
trunk = ["pbx"]
to = ["first", "second"]
"""
PINGED = 'peer = "10.0.0.7"\noptions_seconds = 10'


def bench(first, pbx=""):
    made = SipBench(ROUTES.format(first=first, pbx=pbx))
    return made, made.agent("10.0.0.1"), made.agent("10.0.0.8", answer=200)


def call(made, agent, seconds=0.3):
    request = InviteRequest(
        uri="sip:123@127.0.0.1",
        from_uri="sip:1@10.0.0.1",
        to_uri="sip:123@127.0.0.1",
        destination=GATEWAY,
        body=OFFER,
    )
    agent.invite(request, made.now)
    made.run(seconds)


def test_a_dead_peer_is_noticed_and_calls_take_the_next_route_at_once():
    made, pbx, second = bench(PINGED)
    made.run(35)
    assert made.said("trunk first: 10.0.0.7:5060 is down: OPTIONS are not answered")
    call(made, pbx)
    assert made.heard(pbx, Answered)
    assert made.heard(second, IncomingInvite)
    first = made.agent("10.0.0.7", answer=200)
    made.run(12)
    assert made.said("trunk first: 10.0.0.7:5060 is up again")
    call(made, pbx)
    assert made.heard(first, IncomingInvite)


def test_retry_after_is_honoured():
    made, pbx, second = bench('peer = "10.0.0.7"')
    first = made.agent("10.0.0.7")
    call(made, pbx)
    (offered,) = made.heard(first, IncomingInvite)
    first.respond(offered.call, 503, headers=(("Retry-After", "20"),), now=made.now)
    made.run(0.3)
    assert made.heard(second, IncomingInvite), "this call takes the next route"
    call(made, pbx)
    assert len(made.heard(first, IncomingInvite)) == 1, "the next call does not even ask"
    assert len(made.heard(second, IncomingInvite)) == 2
    made.run(21)
    call(made, pbx)
    assert len(made.heard(first, IncomingInvite)) == 2


@pytest.mark.parametrize("side", ["incoming", "outgoing"])
def test_calls_a_second(side):
    made, pbx, second = bench(
        'peer = "10.0.0.7"' + ("\ncalls_per_second = 2" if side == "outgoing" else ""),
        "calls_per_second = 2" if side == "incoming" else "",
    )
    first = made.agent("10.0.0.7", answer=200)
    for _ in range(5):
        call(made, pbx, 0.01)
    made.run(0.5)
    assert len(made.heard(first, IncomingInvite)) == 2
    if side == "incoming":
        assert [(event.status, event.message.get("Retry-After")) for event in made.heard(pbx, Rejected)] == [
            (503, "1")
        ] * 3
    else:
        assert len(made.heard(second, IncomingInvite)) == 3


ZONE = {
    ("_sip._udp.carrier.example", "SRV"): (Srv(1, 0, 5060, "a.example."), Srv(2, 0, 5080, "b.example.")),
    ("a.example", "A"): ("10.0.0.7",),
    ("b.example", "A"): ("10.0.0.9",),
}


def named(zone=ZONE):
    made = SipBench(ROUTES.format(first='peer = "carrier.example"', pbx=""), zone=zone)
    return made, made.agent("10.0.0.1"), made.agent("10.0.0.8", answer=200)


def test_a_name_and_its_servers_in_order():
    made, pbx, second = named()
    assert made.said("trunk first: carrier.example is at 10.0.0.7:5060, 10.0.0.9:5080")
    one, other = made.agent("10.0.0.7"), made.agent("10.0.0.9", 5080, answer=200)
    call(made, pbx)
    (offered,) = made.heard(one, IncomingInvite)
    assert offered.request.uri.host == "carrier.example"
    one.respond(offered.call, 503, now=made.now)
    made.run(0.3)
    assert made.heard(other, IncomingInvite), "RFC 3263 4.3: the next server of the same peer"
    assert made.heard(pbx, Answered)
    assert not made.heard(second, IncomingInvite)
    assert len(made.node.control.calls) == 1


def test_a_server_that_does_not_answer():
    made, pbx, _ = named()
    other = made.agent("10.0.0.9", 5080, answer=200)
    call(made, pbx, 33)
    assert made.heard(other, IncomingInvite)
    assert made.said("tried at 10.0.0.9:5080 instead")


def test_calls_come_from_any_of_them():
    made, _, _ = named()
    other = made.agent("10.0.0.9", 5080)
    call(made, other)
    assert [event.status for event in made.heard(other, Rejected)] == [404], "known, but no route"


def test_a_name_that_nobody_knows():
    made, pbx, second = named({})
    assert made.said("trunk first: carrier.example has no address for SIP in the DNS")
    call(made, pbx)
    assert made.heard(second, IncomingInvite)
    made.zone = ZONE
    made.run(31)
    assert made.said("carrier.example is at")


def test_the_dns_goes_away_and_what_was_known_stays():
    made, _, _ = named()
    made.zone = {}
    made.run(61)
    assert made.said("what was known before stays in use")
    assert made.node.sip.trunks["first"].peers.endpoints == [("10.0.0.7", 5060), ("10.0.0.9", 5080)]
