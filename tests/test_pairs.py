"""SIP to each user part and back, every outcome: two whole gateways, the circuits between them.

Gateway A takes the call from SIP to the circuit, gateway B from the circuit to SIP, so each case is both pairs.
Circuit to circuit is in `gateway/trunks/test_tup.py` and `gateway/trunks/test_isup_transit.py`.
"""

import pytest
from support.node_pair import ADDRESS, OFFER, Bench

from tandem.gateway.sip.primitives import Answered, Ended, IncomingInvite, InviteRequest, Rejected

parts = pytest.mark.parametrize("part", ["isup", "tup"])

#: Status of the called user, cause at both gateways, status at the caller. Cause 21 comes back as 403: its location
#: is not the user here.
FAILURES = {
    "unallocated": (404, 1, 404),
    "busy": (486, 17, 486),
    "rejected": (603, 21, 403),
    "incomplete": (484, 28, 484),
}


def start(part):
    bench = Bench(user_part=part).up()
    gateway = ADDRESS["A"]
    request = InviteRequest(
        uri=f"sip:301234@127.0.0.1:{gateway[1]}",
        from_uri="sip:100@127.0.0.1",
        to_uri="sip:301234@127.0.0.1",
        destination=gateway,
        body=OFFER,
    )
    call = bench.call("a", "invite", request)
    bench.run_until(lambda: bench.events("b", IncomingInvite), 20)
    return bench, call, bench.events("b", IncomingInvite)[-1].call


def answer(bench, far, ringing=True):
    if ringing:
        bench.call("b", "respond", far, 180)
        bench.run(0.5)
    bench.call("b", "respond", far, 200, body=OFFER)
    bench.run(1)
    assert bench.events("a", Answered)


def ended(bench, part, result):
    """Every circuit idle, one record at each gateway; those records, of A and of B."""
    bench.run_until(bench.all_idle, 200)
    bench.run(2)
    (first,), (second,) = bench.records["A"], bench.records["B"]
    assert (first.incoming.protocol, first.outgoing.protocol) == ("sip", part)
    assert (second.incoming.protocol, second.outgoing.protocol) == (part, "sip")
    assert first.result == second.result == result
    return first, second


@parts
@pytest.mark.parametrize("ringing", [True, False])
def test_success_released_by_the_calling_side(part, ringing):
    bench, call, far = start(part)
    answer(bench, far, ringing)
    bench.call("a", "bye", call, ())
    records = ended(bench, part, "answered")
    assert [(record.cause, record.released_by) for record in records] == [(16, "incoming")] * 2
    assert bench.events("b", Ended)


@parts
def test_success_released_by_the_called_side(part):
    """REL ends the call; CBK leaves that to the calling side (Q.118), here to its timer."""
    bench, _, far = start(part)
    answer(bench, far)
    bench.call("b", "bye", far, ())
    bench.run_until(lambda: bench.events("a", Ended), 200)
    first, second = ended(bench, part, "answered")
    assert (second.cause, second.released_by) == (16, "outgoing")
    assert first.released_by == "outgoing"


@parts
@pytest.mark.parametrize("outcome", FAILURES)
def test_failures(part, outcome):
    status, cause, back = FAILURES[outcome]
    bench, _, far = start(part)
    bench.call("b", "respond", far, status)
    bench.run_until(lambda: bench.events("a", Rejected), 20)
    assert bench.events("a", Rejected)[-1].status == back
    assert [record.cause for record in ended(bench, part, "failed")] == [cause, cause]


@parts
@pytest.mark.parametrize("ringing", [True, False])
def test_abandoned_before_answer(part, ringing):
    bench, call, far = start(part)
    if ringing:
        bench.call("b", "respond", far, 180)
    bench.run(0.5)
    bench.call("a", "cancel", call, ())
    records = ended(bench, part, "failed")
    assert [(record.cause, record.released_by) for record in records] == [(16, "incoming")] * 2
