"""Two whole gateways with a PRI between them: every outcome, both directions, loss, delay, and lines that fail.

Gateway A (network) takes calls from its SIP user `a` to the PRI, B (user) from the PRI to `b`, and the other way.
"""

from random import Random

import pytest
from support.node_pair import ADDRESS, OFFER
from support.pri_bench import E1, NFAS, PriBench

from tandem.gateway.sip.primitives import Answered, Ended, IncomingInvite, InviteRequest, Rejected

LINES = {"e1": E1, "nfas": NFAS}
lines = pytest.mark.parametrize("kind", LINES.values(), ids=LINES)


def invite(bench, caller="a", number="301234"):
    gateway = ADDRESS[caller.upper()]
    request = InviteRequest(
        uri=f"sip:{number}@127.0.0.1:{gateway[1]}",
        from_uri="sip:100@127.0.0.1",
        to_uri=f"sip:{number}@127.0.0.1",
        destination=gateway,
        body=OFFER,
    )
    return bench.call(caller, "invite", request)


def talk(bench, caller="a"):
    """A call up to the answer; its numbers at the caller and at the called user."""
    called = "b" if caller == "a" else "a"
    known = len(bench.events(called, IncomingInvite))
    call = invite(bench, caller)
    bench.run_until(lambda: len(bench.events(called, IncomingInvite)) > known, 30)
    far = bench.events(called, IncomingInvite)[-1].call
    bench.call(called, "respond", far, 180)
    bench.run(0.5)
    bench.call(called, "respond", far, 200, body=OFFER)
    bench.run_until(lambda: any(event.call == call for event in bench.events(caller, Answered)), 30)
    return call, far


@lines
@pytest.mark.parametrize("caller", ["a", "b"])
@pytest.mark.parametrize("ends", ["caller", "called"])
def test_calls_both_ways_released_by_either_side(kind, caller, ends):
    bench = PriBench(kind).up()
    call, far = talk(bench, caller)
    called = "b" if caller == "a" else "a"
    bench.call(*((caller, "bye", call, ()) if ends == "caller" else (called, "bye", far, ())))
    bench.run(3)
    assert bench.events(called if ends == "caller" else caller, Ended)
    for name in "AB":
        (record,) = bench.records[name]
        assert (record.cause, record.result) == (16, "answered")
    assert bench.all_idle()


@pytest.mark.parametrize(("status", "cause", "back"), [(404, 1, 404), (486, 17, 486), (603, 21, 403), (484, 28, 484)])
def test_refusals_come_through_with_their_cause(status, cause, back):
    bench = PriBench().up()
    invite(bench)
    bench.run_until(lambda: bench.events("b", IncomingInvite), 5)
    bench.call("b", "respond", bench.events("b", IncomingInvite)[-1].call, status)
    bench.run(3)
    assert [event.status for event in bench.events("a", Rejected)] == [back]
    assert [record.cause for name in "AB" for record in bench.records[name]] == [cause, cause]
    assert bench.all_idle()


def test_the_whole_line_full_and_one_more():
    bench = PriBench(linkset="oldest-idle").up()
    for _ in range(30):
        invite(bench)
    bench.run(1)
    assert len(bench.events("b", IncomingInvite)) == 30
    invite(bench)
    bench.run(1)
    assert [event.status for event in bench.events("a", Rejected)] == [503]
    for offer in bench.events("b", IncomingInvite):
        bench.call("b", "respond", offer.call, 486)
    bench.run(5)
    assert bench.all_idle()


@pytest.mark.parametrize("trunk", ["", 'channel_choice = "preferred"', "slot_map = true"])
def test_both_sides_call_at_once_on_the_same_channels(trunk):
    bench = PriBench(trunk=trunk).up()
    for _ in range(4):
        invite(bench, "a")
        invite(bench, "b")
    bench.run(5)
    for name in "ab":
        for offer in bench.events(name, IncomingInvite):
            bench.call(name, "respond", offer.call, 486)
    bench.run(30)
    assert bench.all_idle()
    assert len(bench.records["A"]) >= 4


@lines
@pytest.mark.parametrize("seed", range(3))
def test_random_calls_over_a_line_with_loss_and_delay_leave_no_channel_stuck(kind, seed):
    source = Random(seed)
    bench = PriBench(kind, seed=seed, delay=0.02).up()
    bench.loss, bench.late = 0.08, 0.3
    calls = {"a": [], "b": []}
    for _ in range(80):
        user = source.choice("ab")
        offers = [offer.call for offer in bench.events(user, IncomingInvite)]
        roll = source.random()
        if roll < 0.4:
            calls[user].append(invite(bench, user))
        elif offers and roll < 0.75:
            status = source.choice((180, 183, 200, 200, 486, 503))
            bench.call(user, "respond", offers[-1], status, body=OFFER if status in (183, 200) else None)
        elif calls[user] + offers:
            bench.call(user, "end", source.choice((calls[user] + offers)[-5:]), 480, ())
        bench.run(source.choice((0.0, 0.05, 0.5, 3.0)))
    for user in "ab":
        for call in calls[user] + [offer.call for offer in bench.events(user, IncomingInvite)]:
            bench.call(user, "end", call, 480, ())
    bench.loss = bench.late = 0.0
    bench.run_until(bench.all_idle, 900)
    bench.run(40)
    for node in bench.nodes.values():
        assert not node.control.calls
        assert not node.pri.trunks["pstn"].halves
        assert not node.pri.trunks["pstn"].digits
    assert bench.all_idle()


# --- lines that fail


def test_a_short_loss_of_the_line_ends_no_call():
    bench = PriBench().up()
    call, _ = talk(bench)
    bench.cut_span("e1")
    bench.run(30)
    bench.cut_span("e1", False)
    bench.run(30)
    assert not bench.records["A"]
    bench.call("a", "bye", call, ())
    bench.run(3)
    assert [record.cause for name in "AB" for record in bench.records[name]] == [16, 16]
    assert bench.all_idle()


def test_a_long_loss_ends_calls_with_cause_27_and_the_channels_are_free_when_the_line_is_back():
    bench = PriBench().up()
    talk(bench)
    bench.cut_span("e1")
    bench.run(130)
    assert bench.events("a", Ended)
    assert bench.events("b", Ended)
    assert [record.cause for name in "AB" for record in bench.records[name]] == [27, 27]
    bench.cut_span("e1", False)
    bench.run_until(bench.all_idle, 300)
    talk(bench)


def test_the_back_up_d_channel_keeps_calls_and_takes_new_ones():
    bench = PriBench(NFAS).up()
    call, _ = talk(bench)
    bench.cut_span("t1-0")
    bench.run(60)
    assert not bench.records["A"]
    second, _ = talk(bench)
    assert [half.reference for half in bench.halves("A")] == ["pstn/0/1", "pstn/1/1"]
    bench.cut_span("t1-0", False)
    bench.run(60)
    for one in (call, second):
        bench.call("a", "bye", one, ())
    bench.run_until(bench.all_idle, 300)
    assert [record.cause for name in "AB" for record in bench.records[name]] == [16] * 4


@pytest.mark.parametrize("span", ["t1-2", "t1-0"])
def test_one_line_of_several_loses_only_its_own_calls(span):
    lines = NFAS.replace("interface = 2\n", 'interface = 2\n  channels = "1"\n')
    bench = PriBench(lines, trunk='hunting = "descending"').up()
    talk(bench)
    second, _ = talk(bench)
    assert [half.reference for half in bench.halves("A")] == ["pstn/2/1", "pstn/1/23"]
    bench.cut_span(span)
    bench.run(130)
    assert bench.interface("A").available
    ended = [(record.cause, record.diagnostic) for record in bench.records["A"]]
    assert ended == ([(27, "span t1-2 did not come back")] if span == "t1-2" else [])
    bench.cut_span(span, False)
    bench.call("a", "bye", second, ())
    bench.run(200)
    assert len(bench.halves("A")) == (0 if span == "t1-2" else 1)
