"""Calls between our exchange and libss7: every message of a call, releases by either side in every state."""

import re

import pytest
from support.libss7 import CICS, SDP, Exchanges, Talk, build
from support.libss7_cases import Calls

from tandem.core.cause import Cause
from tandem.gateway.sip.primitives import Answered, Ended, IncomingInvite, Rejected
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.indicators import SuspendResumeIndicators

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ss7peer")
    both = Exchanges(build(folder), folder).up()
    yield both
    both.close()


class TestCalls(Calls):
    """As in every variant."""


def test_connect_without_address_complete(talk):
    _, event = talk.to_libss7()
    talk.both.tell(f"con {event[1]}")
    talk.hears(Answered)
    talk.both.tell(f"rel {event[1]} 16")
    talk.hears(Ended)
    talk.over()
    assert talk.isup == ["> IAM", "< CON", "< REL", "> RLC"]


def test_we_connect_without_address_complete(talk):
    call, invite = talk.from_libss7()
    talk.respond(invite.call, 200, SDP)
    talk.event(rf"ISUP_EVENT_CON call={call} cic=3")
    talk.both.tell(f"rel {call} 31")
    assert talk.hears(Ended).message.get("Reason").startswith("Q.850;cause=31")
    assert talk.over().cause == 31
    assert talk.isup == ["< IAM", "> CON", "< REL", "> RLC"]


@pytest.mark.parametrize("state", ["address complete", "answered"])
def test_libss7_releases_our_call(talk, state):
    _, event = talk.to_libss7()
    talk.both.tell(f"acm {event[1]}")
    if state == "answered":
        talk.both.tell(f"anm {event[1]}")
        talk.hears(Answered)
    talk.both.tell(f"rel {event[1]} 27")
    talk.hears(Ended if state == "answered" else Rejected)
    record = talk.over()
    assert (record.cause, record.released_by) == (27, "outgoing")
    assert talk.isup[-2:] == ["< REL", "> RLC"]


def test_both_release_at_once(talk):
    """Two RELs cross: each side answers with RLC (Q.764 2.3.1) and the circuit is idle at both ends."""
    call, invite = talk.from_libss7()
    talk.respond(invite.call, 200, SDP)
    talk.event(r"ISUP_EVENT_CON")
    talk.both.hold()
    talk.both.act(talk.both.user.bye, invite.call, ())
    talk.both.tell(f"rel {call} 16")
    talk.both.run_until(lambda: "< REL" in talk.isup, "REL of libss7")
    talk.both.let_go()
    talk.over()
    assert sorted(talk.isup) == sorted(["< IAM", "> CON", "> REL", "< REL", "> RLC", "< RLC"])
    again = Talk(talk.both)
    call, invite = again.from_libss7()
    again.both.tell(f"rel {call} 16")
    again.over()


def test_libss7_suspends_and_resumes(talk):
    """The called subscriber at libss7 hangs up and picks up again (network initiated): the call goes on."""
    handle, event = talk.to_libss7()
    talk.both.tell(f"acm {event[1]}")
    talk.both.tell(f"anm {event[1]}")
    talk.hears(Answered)
    talk.both.tell(f"sus {event[1]} 1")
    talk.both.run_until(lambda: "< SUS" in talk.isup, "SUS")
    talk.both.tell(f"res {event[1]} 1")
    talk.both.run_until(lambda: "< RES" in talk.isup, "RES")
    talk.both.run(0.5)
    assert not [item for item in talk.both.heard[talk.marks[2] :] if isinstance(item, Ended)]
    talk.both.act(talk.both.user.bye, handle, ())
    assert talk.over().cause == Cause.NORMAL_CALL_CLEARING


def test_we_suspend_and_resume(talk):
    call, invite = talk.from_libss7()
    talk.respond(invite.call, 200, SDP)
    talk.event(r"ISUP_EVENT_CON")
    (ours,) = talk.both.exchange.calls()
    for kind in (MessageType.SUS, MessageType.RES):
        parameters = [SuspendResumeIndicators(network_initiated=True)]
        talk.both.act(talk.both.exchange.send, ours, kind, parameters)
        talk.event(rf"ISUP_EVENT_{kind.name} cic=3 ind=1")
    talk.both.tell(f"rel {call} 16")
    talk.hears(Ended)
    talk.over()


def crossing(talk, pair):
    """Leave two circuits idle; our IAM and one of libss7's cross on the one that we take. It, and the other one."""
    both = talk.both
    both.act(both.exchange.block, "pstn", [cic for cic in CICS if cic not in pair])
    both.run_until(lambda: both.isup()[-1].startswith(("< CGBA", "< BLA")), "blocked")
    both.run(0.3)
    both.hold()
    talk.caller = both.invite("777")
    both.run(0.1)
    ours = int(both.isup()[-1].split()[2])
    assert ours in pair
    both.tell(f"call 5551234 4321 {ours}")
    both.run_until(lambda: f"< IAM {ours}" in both.isup()[talk.marks[0] :], "the IAM that crosses")
    both.let_go()
    return ours, next(cic for cic in pair if cic != ours)


def end(talk):
    """Release every call of libss7's and unblock all circuits."""
    both = talk.both
    for text in both.said[talk.marks[1] :]:
        if found := re.search(r"(?:^OK call=|ISUP_EVENT_IAM call=)(\d+)", text):
            both.tell(f"rel {found[1]} 16")
    both.run_until(lambda: not both.exchange.calls(), "no call left")
    both.act(both.exchange.unblock, "pstn", None)


def test_dual_seizure_of_a_circuit_that_libss7_controls(talk):
    """The lower point code, libss7's, controls odd circuits: our call moves on, libss7's goes on (Q.764 2.9.1.4)."""
    _, other = crossing(talk, (1, 15))
    talk.event(rf"ISUP_EVENT_IAM call=(\d+) cic={other} opc=2 called=777#")
    assert f"> IAM {other}" in talk.both.isup()[talk.marks[0] :]
    assert talk.both.offered(talk.marks[2]).request.uri.user == "5551234"
    end(talk)


def test_dual_seizure_of_a_circuit_that_we_control(talk):
    """The higher point code, ours, controls even circuits: libss7 says that its own call lost (its cause 256)."""
    ours, _ = crossing(talk, (2, 14))
    both = talk.both
    talk.event(rf"CB hangup cic={ours} pc=2 cause=256 ")
    both.run(0.3)
    assert not [item for item in both.heard[talk.marks[2] :] if isinstance(item, IncomingInvite)]
    (call,) = both.exchange.calls()
    assert both.exchange.circuit_of(call) == ours
    # The program does not ask libss7 for our call after that, so nobody answers: give up.
    both.act(both.user.end, talk.caller, 487, ())
    both.run_until(lambda: not both.exchange.calls(), "no call left")
    both.act(both.exchange.unblock, "pstn", None)
