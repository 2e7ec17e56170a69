"""Overlap in SIP (RFC 3578): digits from user a to gateway A, circuits, gateway B, INVITE after INVITE to user b."""

from random import Random

import pytest
from msgspec.structs import replace
from support.node_pair import ADDRESS, OFFER, Bench

from tandem.gateway.calls.model import Information
from tandem.gateway.sip.primitives import (
    Answered,
    Cancelled,
    Ended,
    IncomingInvite,
    InviteRequest,
    Provisional,
    Rejected,
)
from tandem.gateway.trunks.sip_overlap import WAIT_SECONDS

parts = pytest.mark.parametrize("part", ["isup", "tup"])
FIRST = InviteRequest(
    uri="sip:30@127.0.0.1",
    from_uri="sip:100@127.0.0.1",
    to_uri="sip:30@127.0.0.1",
    destination=ADDRESS["A"],
    body=OFFER,
    call_id="one@a",
    from_tag="caller",
)
CIRCUITS = "overlap = true\npass_digits = true\n"


def start(part="isup", circuits=CIRCUITS, **more):
    return Bench(user_part=part, trunk=circuits, sip_trunk='overlap = "invites"', **more).up()


def dial(bench, digits, step=0, **changes):
    """User a sends an INVITE with these digits; its number there."""
    uri = f"sip:{digits}@127.0.0.1"
    call = bench.call("a", "invite", replace(FIRST, uri=uri, to_uri=uri, sequence=1 + 10 * step, **changes))
    bench.run(0.3)
    return call


def invites(bench):
    return bench.events("b", IncomingInvite)


def digits(bench):
    return [invite.request.uri.user for invite in invites(bench)]


def statuses(bench, user="a"):
    return [(output.call, output.status) for output in bench.events(user, Rejected)]


def refuse(bench, invite, status=484):
    bench.call("b", "respond", invite.call, status)
    bench.run(0.2)


def clean(bench, records=1):
    bench.run_until(bench.all_idle, 200)
    bench.run(40)
    for name in "AB":
        node = bench.nodes[name]
        assert records is None or len(bench.records[name]) == records, name
        assert not node.control.calls
        sip = node.sip
        assert [len(held) for held in (sip._sessions, sip._overlaid, sip._callers, sip._by_leg)] == [0] * 4
        assert [port.calls for port in sip.trunks.values()] == [0] * len(sip.trunks)
        assert sip._digit_timers.next_deadline() is None
        assert len(set(sip.ports)) == 100
    return [record for name in "AB" for record in bench.records[name][:1]]


@parts
def test_digits_go_on_one_by_one_and_the_call_is_answered(part):
    bench = start(part)
    first = dial(bench, "30")
    second = dial(bench, "301", 1)
    third = dial(bench, "3012", 2)
    assert digits(bench) == ["30", "301", "3012"]
    one, two, three = (invite.request for invite in invites(bench))
    assert one.call_id == two.call_id == three.call_id
    assert one.from_.tag == two.from_.tag == three.from_.tag
    assert one.cseq < two.cseq < three.cseq
    assert three.to.uri.user == "3012"
    assert statuses(bench) == [(first, 484), (second, 484)]
    for invite in invites(bench)[:2]:
        refuse(bench, invite)
    bench.call("b", "respond", invites(bench)[2].call, 180)
    bench.run(0.3)
    assert [output.call for output in bench.events("a", Provisional) if output.status == 180] == [third]
    bench.call("b", "respond", invites(bench)[2].call, 200, body=OFFER)
    bench.run(1)
    assert [output.call for output in bench.events("a", Answered)] == [third]
    bench.call("a", "bye", third, ())
    first_record, second_record = clean(bench)
    assert (first_record.result, second_record.result) == ("answered", "answered")
    assert (first_record.incoming.called, second_record.outgoing.called) == ("3012", "3012")


def test_digits_that_follow_a_refusal_begin_anew():
    """484 at once, as a peer without overlap says: the next digits are another INVITE of the same call."""
    bench = start()
    dial(bench, "30")
    refuse(bench, invites(bench)[0])
    dial(bench, "3012", 1)
    assert digits(bench) == ["30", "3012"]
    bench.call("b", "respond", invites(bench)[1].call, 200, body=OFFER)
    bench.run(1)
    (answered,) = bench.events("a", Answered)
    bench.call("a", "bye", answered.call, ())
    assert [record.result for record in clean(bench)] == ["answered", "answered"]


def test_no_more_digits_after_a_refusal_ends_the_call_as_incomplete():
    bench = start()
    call = dial(bench, "30")
    refuse(bench, invites(bench)[0])
    assert statuses(bench) == []
    bench.run(WAIT_SECONDS)
    assert statuses(bench) == [(call, 484)]
    assert [record.cause for record in clean(bench)] == [28, 28]


def test_another_refusal_is_of_the_number():
    bench = start()
    call = dial(bench, "30")
    refuse(bench, invites(bench)[0], 404)
    assert statuses(bench) == [(call, 404)]
    assert [record.cause for record in clean(bench)] == [1, 1]


def test_an_older_invite_that_is_refused_changes_nothing():
    bench = start()
    dial(bench, "30")
    dial(bench, "301", 1)
    refuse(bench, invites(bench)[0], 404)
    refuse(bench, invites(bench)[1])
    dial(bench, "3012", 2)
    assert digits(bench) == ["30", "301", "3012"]
    assert 404 not in [status for _, status in statuses(bench)]


@pytest.mark.parametrize("status", [180, 200])
def test_the_peer_takes_an_older_invite(status):
    """Its digits were enough: those behind it are too many, and the INVITE with them is given up."""
    bench = start()
    dial(bench, "30")
    last = dial(bench, "301", 1)
    old, new = invites(bench)
    bench.call("b", "respond", old.call, status, body=OFFER if status == 200 else None)
    bench.run(0.3)
    assert [output.call for output in bench.events("b", Cancelled)] == [new.call]
    if status == 180:
        bench.call("b", "respond", old.call, 200, body=OFFER)
    bench.run(1)
    assert [output.call for output in bench.events("a", Answered)] == [last]
    bench.call("a", "bye", last, ())
    bench.run(1)
    assert [output.call for output in bench.events("b", Ended)] == [old.call]
    assert [record.result for record in clean(bench)] == ["answered", "answered"]


def test_both_invites_are_answered():
    """The second answer crosses our CANCEL: it gets ACK and BYE."""
    bench = start()
    dial(bench, "30")
    dial(bench, "301", 1)
    old, new = invites(bench)
    bench.call("b", "respond", new.call, 200, body=OFFER)
    bench.call("b", "respond", old.call, 200, body=OFFER)
    bench.run(1)
    assert [output.call for output in bench.events("b", Ended)] == [old.call]
    (answered,) = bench.events("a", Answered)
    bench.call("a", "bye", answered.call, ())
    bench.run(1)
    assert {output.call for output in bench.events("b", Ended)} == {old.call, new.call}
    clean(bench)


def test_the_caller_gives_up_among_several_invites():
    bench = start()
    dial(bench, "30")
    last = dial(bench, "301", 1)
    bench.call("a", "cancel", last, ())
    bench.run(1)
    assert {output.call for output in bench.events("b", Cancelled)} == {invite.call for invite in invites(bench)}
    assert [record.result for record in clean(bench)] == ["failed", "failed"]


def test_the_caller_gives_up_while_no_invite_is_out():
    bench = start()
    call = dial(bench, "30")
    refuse(bench, invites(bench)[0])
    bench.call("a", "cancel", call, ())
    bench.run(1)
    assert [record.cause for record in clean(bench)] == [16, 16]


def test_digits_after_ringing_are_too_many():
    bench = start()
    dial(bench, "30")
    bench.call("b", "respond", invites(bench)[0].call, 180)
    bench.run(0.3)
    more = dial(bench, "301", 1)
    assert digits(bench) == ["30"]
    assert [output.call for output in bench.events("a", Provisional) if output.status == 180][-1] == more
    bench.call("b", "respond", invites(bench)[0].call, 200, body=OFFER)
    bench.run(1)
    assert [output.call for output in bench.events("a", Answered)] == [more]
    bench.call("a", "bye", more, ())
    clean(bench)


@pytest.mark.parametrize("changes", [{"call_id": "two@a"}, {"from_tag": "another"}])
def test_an_invite_of_another_call_is_another_call(changes):
    bench = start()
    dial(bench, "30")
    dial(bench, "301", 1, **changes)
    assert statuses(bench) == []
    assert len(invites(bench)) == 2
    assert len(bench.nodes["A"].control.calls) == 2


def test_a_number_that_no_route_has_yet_is_incomplete():
    bench = start()
    bench.nodes["A"].control.has_route = lambda trunk, setup, now: len(setup.called.digits) > 2
    call = dial(bench, "30")
    assert statuses(bench) == [(call, 484)]
    dial(bench, "301", 1)
    assert digits(bench) == ["301"]


def test_towards_whole_numbers_the_call_before_is_given_up():
    """RFC 3578 3.5: where the circuits want whole numbers, a REL and another IAM take the place of the SAM."""
    bench = start(circuits="")
    first = dial(bench, "30")
    second = dial(bench, "301", 1)
    assert statuses(bench) == [(first, 484)]
    assert digits(bench) == ["30", "301"]
    bench.call("b", "respond", invites(bench)[1].call, 200, body=OFFER)
    bench.run(1)
    assert [output.call for output in bench.events("a", Answered)] == [second]
    bench.call("a", "bye", second, ())
    bench.run(1)
    records = clean(bench, records=2)
    assert [record.cause for record in records] == [28, 28]


def test_an_offer_that_cannot_be_agreed_to_leaves_the_call_as_it_is():
    bench = start()
    dial(bench, "30")
    bad = dial(bench, "301", 1, body=OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 18"))
    assert statuses(bench) == [(bad, 488)]
    assert digits(bench) == ["30"]


def test_en_bloc_is_the_default():
    bench = Bench(trunk=CIRCUITS).up()
    assert not bench.nodes["A"].sip.trunks["pbx"].sends_overlap
    dial(bench, "30")
    dial(bench, "301", 1)
    assert len(bench.nodes["A"].control.calls) == 2


def test_isup_digits_end_with_st_and_the_last_refusal_is_final():
    """The number is whole: nobody waits for more."""
    bench = start()
    dial(bench, "30")
    (call,) = bench.nodes["A"].control.calls.values()
    bench.nodes["A"].control.event(call.incoming, Information("12", complete=True), bench.now)
    bench.nodes["A"]._settle(bench.now)
    bench._drain("A")
    bench.run(0.3)
    assert digits(bench) == ["30", "3012"]
    refuse(bench, invites(bench)[1])
    bench.run(0.5)
    assert [status for _, status in statuses(bench)] == [484]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_in_whatever_order_leaves_nothing_behind(seed):
    bench = start("tup" if seed % 2 else "isup", loss=0.0, sip_loss=0.05 if seed % 3 else 0.0)
    random = Random(seed)
    calls, length = [], 2
    for _ in range(14):
        match random.randrange(6):
            case 0 | 1 if length < 9:
                calls.append(dial(bench, "301234567"[:length], length))
                length += 1
            case 2 if calls:
                bench.call("a", "end", random.choice(calls), 487, ())
            case 3 | 4 if invites(bench):
                invite = random.choice(invites(bench))
                status = random.choice([180, 183, 200, 200, 404, 484, 484, 486])
                bench.call("b", "respond", invite.call, status, body=OFFER if status == 200 else None)
            case _:
                bench.run(random.choice([0.05, 1.0, 5.0, 30.0]))
        bench.run(random.choice([0.0, 0.0, 0.3]))
    for user, numbers in (("a", calls), ("b", [invite.call for invite in invites(bench)])):
        for number in numbers:
            bench.call(user, "end", number, 486, ())
    bench.run(100)
    clean(bench, records=None)
