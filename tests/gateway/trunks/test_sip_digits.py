"""Digits in INFO within the early dialog: user a, gateway A, circuits, gateway B, user b."""

from random import Random

import pytest
from support.node_pair import ADDRESS, OFFER, Bench

from tandem.gateway.sip.message import Request
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import (
    Answered,
    IncomingInvite,
    InfoReceived,
    InviteRequest,
    Provisional,
    Rejected,
)
from tandem.gateway.trunks.sip_digits import further_digits

RELIABLE = CallOptions(reliable="supported")
CIRCUITS = "overlap = true\npass_digits = true\n"
FIRST = InviteRequest(
    uri="sip:30@127.0.0.1",
    from_uri="sip:100@127.0.0.1",
    to_uri="sip:30@127.0.0.1",
    destination=ADDRESS["A"],
    body=OFFER,
    options=RELIABLE,
)


def info(text, kind="application/x-session-info"):
    return Request("INFO", "sip:x", {"content-type": [kind]}, text.encode())


@pytest.mark.parametrize(
    ("message", "digits"),
    [
        (info("SubsequentDigit: 12\r\n"), "12"),
        (info("subsequentdigit:5"), "5"),
        (info("SubsequentDigit: 1b*#\r\n", "application/session-info"), "1BBC"),
        (info("SubsequentDigit: x\r\n"), None),
        (info("SubsequentDigit:\r\n"), None),
        (info("SubsequentDigit: 1\r\n", "application/dtmf"), None),
    ],
)
def test_what_an_info_carries(message, digits):
    found = further_digits(message)
    assert (None if found is None else found.digits) == digits


@pytest.fixture
def bench():
    return Bench(trunk=CIRCUITS, sip_trunk='overlap = "info"').up()


def dial(bench, request=FIRST):
    call = bench.call("a", "invite", request)
    bench.run(0.3)
    return call


def tell(bench, call, digits):
    sent = bench.call(
        "a", "send_early_info", call, "application/x-session-info", f"SubsequentDigit: {digits}".encode(), ()
    )
    bench.run(0.3)
    return sent


def collect(bench):
    """User b wants more digits."""
    (invite,) = bench.events("b", IncomingInvite)
    bench.call("b", "configure", invite.call, RELIABLE)
    bench.call("b", "respond", invite.call, 183)
    bench.run(0.3)
    return invite


def told(bench):
    return [further_digits(event.message).digits for event in bench.events("b", InfoReceived)]


def statuses(bench):
    return [event.status for event in bench.events("a", Provisional) if event.status > 100]


def test_digits_in_info_all_the_way(bench):
    call = dial(bench)
    (progress,) = [event for event in bench.events("a", Provisional) if event.status > 100]
    assert (progress.status, progress.message.body, progress.message.values("require")) == (183, b"", ["100rel"])
    invite = collect(bench)
    assert invite.request.uri.user == "30"
    assert tell(bench, call, "1")
    assert tell(bench, call, "23")
    assert told(bench) == ["1", "23"]
    assert len(bench.events("b", IncomingInvite)) == 1
    assert statuses(bench) == [183]  # the collecting 183 of the callee makes no ACM
    bench.call("b", "respond", invite.call, 180)
    bench.run(0.3)
    assert statuses(bench) == [183, 180]
    tell(bench, call, "4")
    assert told(bench) == ["1", "23"]  # too many
    bench.call("b", "respond", invite.call, 200, body=OFFER)
    bench.run(1)
    assert bench.events("a", Answered)
    bench.call("a", "bye", call, ())
    bench.run(40)
    assert bench.all_idle()
    assert [record.outgoing.called for name in "AB" for record in bench.records[name]] == ["30123", "30123"]


def test_digits_before_there_is_a_dialog_wait_and_go_together(bench):
    call = dial(bench)
    tell(bench, call, "1")
    tell(bench, call, "2")
    assert told(bench) == []
    collect(bench)
    assert told(bench) == ["12"]


def test_one_info_at_a_time(bench):
    call = dial(bench)
    collect(bench)
    for digit in "123":
        bench.call("a", "send_early_info", call, "application/x-session-info", f"SubsequentDigit: {digit}".encode(), ())
    bench.run(0.5)
    assert told(bench) == ["1", "23"]


def test_a_peer_that_refuses_gets_further_invites(bench):
    """484 all the same: as with `invites`."""
    call = dial(bench)
    (invite,) = bench.events("b", IncomingInvite)
    bench.call("b", "respond", invite.call, 484)
    bench.run(0.3)
    assert not bench.events("a", Rejected)
    tell(bench, call, "12")
    assert [event.request.uri.user for event in bench.events("b", IncomingInvite)] == ["30", "3012"]


def test_digits_that_the_refusing_peer_has_not_had_go_in_an_invite_at_once(bench):
    call = dial(bench)
    tell(bench, call, "1")
    (invite,) = bench.events("b", IncomingInvite)
    bench.call("b", "respond", invite.call, 484)
    bench.run(0.3)
    again = bench.events("b", IncomingInvite)[1]
    assert again.request.uri.user == "301"
    bench.call("b", "configure", again.call, RELIABLE)
    bench.call("b", "respond", again.call, 183)
    bench.run(0.3)
    tell(bench, call, "2")
    assert told(bench) == ["2"]


def test_a_description_says_that_the_number_is_enough(bench):
    call = dial(bench)
    (invite,) = bench.events("b", IncomingInvite)
    bench.call("b", "configure", invite.call, RELIABLE)
    bench.call("b", "respond", invite.call, 183, body=OFFER)
    bench.run(0.3)
    tell(bench, call, "1")
    assert told(bench) == []
    assert statuses(bench) == [183, 183]


def test_a_response_that_is_not_reliable_makes_no_dialog_for_digits(bench):
    call = dial(bench)
    (invite,) = bench.events("b", IncomingInvite)
    bench.call("b", "respond", invite.call, 183)
    bench.run(0.3)
    tell(bench, call, "1")
    assert told(bench) == []
    assert statuses(bench) == [183, 183]  # it says that the call goes on


def test_a_peer_that_takes_no_digits(bench):
    call = dial(bench)
    collect(bench)
    bench.users["b"]._context.dialogs.clear()
    tell(bench, call, "1")
    bench.run(1)
    assert any("further digits were not taken: 481" in str(line) for _, _, line in bench.lines)


def test_without_reliable_responses_no_dialog_is_offered(bench):
    dial(
        bench,
        InviteRequest(**{**{name: getattr(FIRST, name) for name in FIRST.__struct_fields__}, "options": CallOptions()}),
    )
    assert statuses(bench) == []
    assert bench.events("b", IncomingInvite)


def test_whole_numbers_need_no_dialog():
    bench = Bench(sip_trunk='overlap = "info"').up()
    dial(bench)
    assert statuses(bench) == []


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_in_whatever_order_leaves_nothing_behind(seed):
    chance = Random(seed)
    loss = chance.choice((0.0, 0.1))
    bench = Bench(seed, sip_loss=loss, trunk=CIRCUITS, sip_trunk='overlap = "info"').up()
    calls = [dial(bench) for _ in range(2)]
    for _ in range(20):
        bench.run(chance.choice((0.0002, 0.05, 0.7, 5.0)))
        tell(bench, chance.choice(calls), chance.choice(("1", "23", "#")))
        if chance.random() < 0.05:
            bench.call("a", "end", chance.choice(calls), 487, ())
        for invite in bench.events("b", IncomingInvite):
            if chance.random() < 0.5:
                bench.call("b", "configure", invite.call, RELIABLE)
            status = chance.choice((180, 183, 183, 183, 200, 404, 484))
            if chance.random() < 0.4:
                bench.call("b", "respond", invite.call, status, body=OFFER if status == 200 else None)
    for call in calls:
        bench.call("a", "end", call, 487, ())
    bench.run(300)
    assert bench.all_idle()
    for name in "AB":
        node = bench.nodes[name]
        assert not node.control.calls
        sip = node.sip
        assert [len(held) for held in (sip._sessions, sip._overlaid, sip._callers, sip._by_leg)] == [0] * 4
        assert sip._digit_timers.next_deadline() is None
        assert len(set(sip.ports)) == 100
