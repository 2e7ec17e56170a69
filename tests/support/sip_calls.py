"""Calls of the user agents of a bench through its gateways."""

from support.node_pair import ADDRESS, OFFER

from tandem.gateway.sip.primitives import (
    Answered,
    IncomingInvite,
    InviteRequest,
)


def place(bench, body=OFFER, number="301234", **more):
    request = InviteRequest(
        uri=f"sip:{number}@127.0.0.1",
        from_uri="sip:100@127.0.0.1",
        to_uri=f"sip:{number}@127.0.0.1",
        destination=ADDRESS["A"],
        body=body,
        **more,
    )
    call = bench.call("a", "invite", request)
    bench.run(0.1)
    return call


def answered(bench, body=OFFER, **more):
    call = place(bench, **more)
    offered = bench.events("b", IncomingInvite)[0]
    bench.call("b", "respond", offered.call, 200, body=body)
    bench.run(0.1)
    assert bench.events("a", Answered)
    return call, offered
