"""The basic call between two fake trunks."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_trunk import Exchange

from tandem.core.cause import Cause
from tandem.gateway.calls.basic import NO_ANSWER_SECONDS, STATISTICS_SECONDS
from tandem.gateway.calls.model import (
    Alerting,
    Answer,
    Bearer,
    Continuity,
    Diversion,
    Information,
    Nature,
    Number,
    Opaque,
    Proceeding,
    Progress,
    Release,
    Resume,
    Setup,
    Suspend,
)
from tandem.gateway.configuration.schema import Route
from tandem.gateway.media.protocol import Source, TimeslotEndpoint, Tone

CLEAR = Release(Cause.NORMAL_CALL_CLEARING)
BUSY = Release(Cause.USER_BUSY)
CONGESTION = Release(Cause.NO_CIRCUIT_CHANNEL_AVAILABLE)


def call(exchange, inward="c1", outward="c2", now=0.0):
    """A call from one trunk to the other: both halves."""
    incoming = exchange[inward].call_in(now=now)
    return incoming, exchange[outward].halves[-1]


def clear(exchange, *halves, now=0.0):
    for half in halves:
        exchange.control.cleared(half, now)


# --- a way that is not whole

PENDING = Setup(Number("12"), continuity_pending=True)


def pending(*names):
    exchange = Exchange(Route(trunk=["c1"], to=["c2", "s1"], fallback_causes=(34,)))
    for name in names:
        exchange[name].takes_pending = True
    return exchange


def offers(trunk):
    return [setup.continuity_pending for what, _, setup in trunk.asked if what == "offer"]


def test_a_call_waits_where_the_trunk_needs_its_way_whole():
    exchange = pending()
    incoming = exchange["c1"].call_in(setup=PENDING)
    assert offers(exchange["c2"]) == []
    exchange.control.event(incoming, Continuity(), 1.0)
    assert offers(exchange["c2"]) == [False]
    exchange.control.event(incoming, Continuity(), 2.0)
    assert offers(exchange["c2"]) == [False]


def test_a_call_goes_on_where_the_trunk_is_told_later():
    exchange = pending("c2")
    incoming = exchange["c1"].call_in(setup=PENDING)
    assert offers(exchange["c2"]) == [True]
    exchange.control.event(incoming, Continuity(), 1.0)
    assert exchange["c2"].to(exchange["c2"].halves[0]) == [Continuity()]


def test_the_next_attempt_waits_where_the_first_one_did_not():
    exchange = pending("c2")
    exchange["c2"].refusal = CONGESTION
    incoming = exchange["c1"].call_in(setup=PENDING)
    assert (offers(exchange["c2"]), offers(exchange["s1"])) == ([True], [])
    exchange.control.event(incoming, Continuity(), 1.0)
    assert offers(exchange["s1"]) == [False]


def test_digits_that_come_while_a_call_waits_are_kept():
    exchange = pending()
    exchange["c2"].sends_overlap = True
    incoming = exchange["c1"].call_in(setup=Setup(Number("12"), complete=False, continuity_pending=True))
    exchange.control.event(incoming, Information("34"), 1.0)
    exchange.control.event(incoming, Continuity(), 2.0)
    exchange.control.event(incoming, Information("5", complete=True), 3.0)
    assert exchange["c2"].to(exchange["c2"].halves[0]) == [Information("34"), Information("5", complete=True)]


@pytest.mark.parametrize("how", ["caller", "timer"])
def test_a_call_that_waits_may_end(how):
    exchange = pending()
    incoming = exchange["c1"].call_in(setup=PENDING)
    if how == "caller":
        exchange.control.event(incoming, CLEAR, 1.0)
    else:
        exchange.control.handle_timers(NO_ANSWER_SECONDS)
        assert exchange["c1"].released(incoming).cause == Cause.NO_USER_RESPONDING
    exchange.control.cleared(incoming, 200.0)
    assert offers(exchange["c2"]) == []
    assert not exchange.control.calls


# --- numbers that are not whole

EARLY = Setup(Number("12"), complete=False)


def overlapping(*names):
    exchange = Exchange(Route(trunk=["c1"], to=["c2", "s1"], fallback_causes=(34,)))
    for name in names:
        exchange[name].sends_overlap = True
    return exchange


@pytest.mark.parametrize(("names", "may"), [((), False), (("s1",), False), (("c2",), True)])
def test_a_call_may_be_set_up_early_where_its_first_trunk_takes_digits_later(names, may):
    exchange = overlapping(*names)
    assert exchange.control.may_offer_early("c1", EARLY, 0.0) is may
    assert not exchange.control.may_offer_early("s2", EARLY, 0.0)


def test_further_digits_go_on_and_into_the_record():
    exchange = overlapping("c2")
    incoming = exchange["c1"].call_in(setup=EARLY)
    outgoing = exchange["c2"].halves[-1]
    exchange.control.event(incoming, Information("3"), 0.0)
    exchange.control.event(incoming, Information("4", complete=True), 0.0)
    assert exchange["c2"].to(outgoing) == [Information("3"), Information("4", complete=True)]
    assert (incoming.leg.called, outgoing.leg.called) == ("1234", "1234")


def test_another_attempt_gets_the_digits_too_where_it_takes_them():
    exchange = overlapping("c2", "s1")
    incoming = exchange["c1"].call_in(setup=EARLY)
    exchange.control.event(incoming, Information("34", complete=True), 0.0)
    exchange.control.event(exchange["c2"].halves[-1], CONGESTION, 0.0)
    (second,) = exchange["s1"].halves
    assert exchange["s1"].to(second) == [Information("34", complete=True)]
    assert second.leg.called == "1234"


def test_a_trunk_that_takes_whole_numbers_only_is_not_offered_half_of_one():
    exchange = overlapping("c2")
    incoming = exchange["c1"].call_in(setup=EARLY)
    exchange.control.event(exchange["c2"].halves[-1], CONGESTION, 0.0)
    assert exchange["s1"].asked == []
    assert exchange["c1"].released(incoming).cause == Cause.INVALID_NUMBER_FORMAT


# --- several timeslots

DATA = Setup(Number("123"), bearer=Bearer.UNRESTRICTED_64K, timeslots=2)


@pytest.mark.parametrize("incoming_can", [True, False])
def test_a_trunk_that_does_not_say_so_carries_no_several_timeslots(incoming_can):
    exchange = Exchange(Route(trunk=["c1"], to=["c2", "s1"]))
    exchange["c1"].multirate = incoming_can
    exchange["c2"].multirate = not incoming_can
    incoming = exchange["c1"].call_in(setup=DATA)
    assert exchange["c1"].released(incoming).cause == Cause.BEARER_CAPABILITY_NOT_IMPLEMENTED
    assert exchange["c2"].asked == exchange["s1"].asked == []


def test_every_timeslot_is_joined_and_parted_octet_for_octet():
    exchange = Exchange(Route(trunk=["c1"], to=["c2"]), tones={"c1": 5.0})
    second = exchange["c2"]
    exchange["c1"].multirate = second.multirate = True
    further = {name: TimeslotEndpoint(name, 9) for name in ("c1", "c2")}
    offer = second.offer

    def offer_of_two(half, setup, now):
        refusal = offer(half, setup, now)
        half.more_endpoints = (further["c2"],)
        return refusal

    second.offer = offer_of_two
    first = exchange["c1"]
    equip = first._equip

    def equip_with_two(half):
        equip(half)
        half.more_endpoints = (further["c1"],)

    first._equip = equip_with_two
    incoming = first.call_in(setup=DATA)
    outgoing = second.halves[-1]
    joined = exchange.media()
    assert joined == [
        Source(incoming.endpoint, outgoing.endpoint, True),
        Source(further["c1"], further["c2"], True),
        Source(outgoing.endpoint, incoming.endpoint, True),
        Source(further["c2"], further["c1"], True),
    ]
    exchange.control.event(outgoing, BUSY, 1.0)
    assert exchange.media() == []  # no tone into data
    assert first.released(incoming) == BUSY


# --- primitives


@pytest.mark.parametrize(
    "primitive",
    [
        Proceeding(),
        Progress(),
        Progress(inband=True, opaque=(Opaque("isup", b"\x2c"),)),
        Alerting(),
        Alerting(inband=True),
        Answer(Number("5")),
        Suspend(),
        Resume(),
    ],
    ids=str,
)
def test_backward_primitives_pass_unchanged(primitive):
    exchange = Exchange(Route(to=["c2"]))
    incoming, outgoing = call(exchange)
    exchange.control.event(outgoing, primitive, 1.0)
    assert exchange["c1"].to(incoming) == [primitive]


@pytest.mark.parametrize("primitive", [Information("45", complete=True), Suspend(network=False), Resume()], ids=str)
def test_forward_primitives_pass_unchanged(primitive):
    exchange = Exchange(Route(to=["c2"]))
    incoming, outgoing = call(exchange)
    exchange.control.event(incoming, primitive, 1.0)
    assert exchange["c2"].to(outgoing) == [primitive]


def test_nothing_passes_after_release():
    exchange = Exchange(Route(to=["c2"]))
    incoming, outgoing = call(exchange)
    exchange.control.event(outgoing, BUSY, 1.0)
    exchange.control.event(outgoing, Answer(), 2.0)
    exchange.control.event(incoming, Information("1"), 2.0)
    assert exchange["c1"].to(incoming) == [BUSY]
    assert exchange["c2"].to(outgoing) == []


def test_answer_passes_once_and_later_alerting_rings_nobody():
    exchange = Exchange(Route(to=["s1"]))
    incoming, outgoing = call(exchange, outward="s1")
    exchange.control.event(outgoing, Answer(), 1.0)
    exchange.media()
    exchange.control.event(outgoing, Answer(), 2.0)
    exchange.control.event(outgoing, Alerting(), 3.0)
    assert exchange["c1"].to(incoming) == [Answer(), Alerting()]
    assert exchange.media() == []
    exchange.run_until(10_000)
    assert exchange["c1"].released(incoming) is None


def test_setup_passes_with_its_opaque_parts_and_rewritten_numbers():
    exchange = Exchange(Route(called=r"^0(\d+)$", set_called=r"\1", called_nature="national", to=["c2"]))
    setup = Setup(Number("030"), opaque=(Opaque("isup", b"\x01"),), category=13, hop_counter=5)
    exchange["c1"].call_in(setup=setup)
    ((_, _, offered),) = exchange["c2"].asked
    assert offered.called == Number("30", Nature.NATIONAL)
    assert (offered.opaque, offered.category, offered.hop_counter) == (setup.opaque, 13, 5)


# --- the record


def test_the_record_of_an_answered_call():
    exchange = Exchange(Route(name="r", set_called="456", to=["s1"]))
    incoming, outgoing = call(exchange, outward="s1", now=10.0)
    control = exchange.control
    control.event(outgoing, Proceeding(), 10.25)
    control.event(outgoing, Alerting(), 11.0)
    control.event(outgoing, Answer(), 15.0)
    control.event(incoming, CLEAR, 75.5)
    assert exchange["s1"].released(outgoing) == CLEAR
    assert control.records == []
    exchange.close_legs(packets_sent=3000)
    (record,) = control.records

    def at(seconds):
        text = datetime.fromtimestamp(Exchange.START + seconds, UTC).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")

    assert record.setup_time == at(10.0)
    assert record.progress_time == at(10.25)
    assert record.alerting_time == at(11.0)
    assert record.answer_time == at(15.0)
    assert record.release_time == at(75.5)
    assert (record.post_dial_delay_ms, record.duration_ms) == (250, 60_500)
    assert (record.cause, record.released_by, record.result, record.route) == (16, "incoming", "answered", "r")
    assert (record.node, record.attempts) == ("N", 1)
    assert (record.incoming.trunk, record.incoming.id, record.incoming.called) == ("c1", "c1/1", "123")
    assert (record.incoming.calling, record.incoming.protocol) == ("99", "isup")
    assert record.outgoing is not None
    assert (record.outgoing.trunk, record.outgoing.id, record.outgoing.called) == ("s1", "s1/1", "456")
    assert record.outgoing.media == {"packets_sent": 3000}
    assert control.calls
    clear(exchange, incoming, outgoing)
    assert control.calls == {}


def test_the_called_side_releases():
    exchange = Exchange(Route(to=["c2"]))
    incoming, outgoing = call(exchange)
    exchange.control.event(outgoing, Answer(), 1.0)
    exchange.control.event(outgoing, CLEAR, 2.0)
    assert exchange["c1"].released(incoming) == CLEAR
    (record,) = exchange.control.records
    assert (record.released_by, record.result, record.duration_ms) == ("outgoing", "answered", 1000)


def test_the_time_zero_is_a_time():
    exchange = Exchange(Route(to=["c2"]))
    _, outgoing = call(exchange)
    for now, primitive in ((0.0, Progress()), (0.0, Alerting()), (0.0, Answer()), (5.0, Progress()), (5.0, CLEAR)):
        exchange.control.event(outgoing, primitive, now)
    (record,) = exchange.control.records
    assert record.setup_time == record.progress_time == record.alerting_time == record.answer_time
    assert (record.post_dial_delay_ms, record.duration_ms) == (0, 5000)


def test_every_call_has_an_identity_of_its_own():
    exchange = Exchange(Route())
    for _ in range(3):
        exchange["c1"].call_in()
    assert len({record.id for record in exchange.control.records}) == 3


# --- routes, refusals, fall-back


def test_no_route():
    exchange = Exchange(Route(called="^9", to=["c2"]))
    incoming = exchange["c1"].call_in()
    assert exchange["c1"].released(incoming).cause == Cause.NO_ROUTE_TO_DESTINATION
    (record,) = exchange.control.records
    assert (record.cause, record.released_by, record.outgoing, record.attempts) == (3, "gateway", None, 0)
    assert (record.diagnostic, record.result) == ("no route matches", "failed")


def test_a_rule_that_refuses():
    exchange = Exchange(Route(name="no", refuse_cause=53), Route(to=["c2"]))
    incoming = exchange["c1"].call_in()
    assert exchange["c1"].released(incoming).cause == 53
    assert exchange["c2"].asked == []
    (record,) = exchange.control.records
    assert (record.route, record.diagnostic, record.attempts) == ("no", "refused by no", 0)


def test_fall_back_to_the_next_trunk_and_then_the_next_route():
    exchange = Exchange(Route(name="1", to=["c2", "s1"]), Route(name="2", to=["s2"]))
    incoming, first = call(exchange)
    exchange.control.event(first, CONGESTION, 1.0)
    exchange.control.event(exchange["s1"].halves[0], Release(Cause.TEMPORARY_FAILURE), 2.0)
    last = exchange["s2"].halves[0]
    assert exchange["c1"].to(incoming) == []
    exchange.control.event(last, Answer(), 3.0)
    exchange.control.event(last, CLEAR, 4.0)
    exchange.close_legs()
    clear(exchange, incoming, first, last, exchange["s1"].halves[0])
    (record,) = exchange.control.records
    assert (record.attempts, record.route, record.outgoing.trunk) == (3, "2", "s2")
    assert exchange.control.calls == {}


def test_when_all_fail_the_last_cause_counts():
    exchange = Exchange(Route(to=["c2", "s1"]))
    incoming, first = call(exchange)
    exchange.control.event(first, CONGESTION, 1.0)
    last = Release(Cause.DESTINATION_OUT_OF_ORDER)
    exchange.control.event(exchange["s1"].halves[0], last, 2.0)
    assert exchange["c1"].released(incoming) == last
    exchange.close_legs()
    (record,) = exchange.control.records
    assert (record.cause, record.released_by, record.attempts) == (27, "outgoing", 2)


def test_what_the_called_party_does_is_no_reason_to_fall_back():
    exchange = Exchange(Route(to=["c2", "s1"]))
    incoming, first = call(exchange)
    exchange.control.event(first, BUSY, 1.0)
    assert exchange["s1"].asked == []
    assert exchange["c1"].released(incoming) == BUSY


def test_the_operator_chooses_the_causes():
    exchange = Exchange(Route(to=["c2", "s1"], fallback_causes=(17,)))
    _, first = call(exchange)
    exchange.control.event(first, BUSY, 1.0)
    assert len(exchange["s1"].halves) == 1


@pytest.mark.parametrize(
    ("primitive", "falls_back"),
    [
        (Proceeding(), True),
        (Progress(), True),
        (Progress(inband=True), False),
        (Alerting(), False),
        (Alerting(inband=True), False),
        (Answer(), False),
    ],
    ids=str,
)
def test_no_fall_back_once_the_caller_heard_something(primitive, falls_back):
    exchange = Exchange(Route(to=["c2", "s1"]))
    _, first = call(exchange)
    exchange.control.event(first, primitive, 1.0)
    exchange.control.event(first, CONGESTION, 2.0)
    assert bool(exchange["s1"].halves) is falls_back


def test_the_first_trunk_has_no_circuit():
    exchange = Exchange(Route(to=["c2", "s1"]))
    exchange["c2"].refusal = CONGESTION
    incoming = exchange["c1"].call_in()
    assert exchange["c1"].to(incoming) == []
    assert len(exchange["s1"].halves) == 1
    assert exchange.control.calls[incoming.call.identity].attempts_made == 2


def test_no_trunk_has_a_circuit():
    exchange = Exchange(Route(to=["c2", "s1"]))
    exchange["c2"].refusal = exchange["s1"].refusal = CONGESTION
    incoming = exchange["c1"].call_in()
    assert exchange["c1"].released(incoming) == CONGESTION
    (record,) = exchange.control.records
    assert (record.cause, record.attempts, record.released_by) == (34, 2, "gateway")
    clear(exchange, incoming)
    assert exchange.control.calls == {}


def test_a_refusal_whose_cause_is_no_reason_to_fall_back():
    exchange = Exchange(Route(to=["c2", "s1"]))
    exchange["c2"].refusal = Release(Cause.INVALID_NUMBER_FORMAT)
    incoming = exchange["c1"].call_in()
    assert exchange["c1"].released(incoming).cause == 28
    assert exchange["s1"].asked == []


def test_what_an_abandoned_attempt_says_is_not_heard():
    exchange = Exchange(Route(to=["c2", "s1"]))
    incoming, first = call(exchange)
    exchange.control.event(first, CONGESTION, 1.0)
    exchange.control.event(first, Alerting(), 1.1)
    assert exchange["c1"].to(incoming) == []


# --- timers, tones, shutdown


@pytest.mark.parametrize(
    ("heard", "cause"),
    [
        ([], Cause.NO_USER_RESPONDING),
        ([Progress()], Cause.NO_USER_RESPONDING),
        ([Alerting()], Cause.NO_ANSWER_FROM_USER),
    ],
)
def test_nobody_answers(heard, cause):
    exchange = Exchange(Route(to=["s1"]))
    incoming, outgoing = call(exchange, outward="s1")
    for primitive in heard:
        exchange.control.event(outgoing, primitive, 5.0)
    start = 5.0 if heard == [Alerting()] else 0.0
    exchange.run_until(start + NO_ANSWER_SECONDS - 0.1)
    assert exchange["c1"].released(incoming) is None
    exchange.run_until(start + NO_ANSWER_SECONDS)
    assert exchange["c1"].released(incoming).cause == cause
    assert exchange["s1"].released(outgoing).cause == cause
    exchange.close_legs()
    (record,) = exchange.control.records
    assert (record.released_by, record.diagnostic) == ("gateway", "no answer in time")


def test_repeated_alerting_does_not_prolong_the_wait():
    exchange = Exchange(Route(to=["c2"]))
    incoming, outgoing = call(exchange)
    for now in range(0, 170, 10):
        exchange.control.event(outgoing, Alerting(), float(now))
    exchange.run_until(NO_ANSWER_SECONDS)
    assert exchange["c1"].released(incoming).cause == 19


def test_an_answered_call_has_no_limit():
    exchange = Exchange(Route(to=["c2"]))
    incoming, outgoing = call(exchange)
    exchange.control.event(outgoing, Alerting(), 1.0)
    exchange.control.event(outgoing, Answer(), 2.0)
    assert exchange.control.next_deadline() is None
    assert exchange["c1"].released(incoming) is None


@pytest.mark.parametrize(("release", "tone"), [(BUSY, "busy"), (CONGESTION, "congestion")])
@pytest.mark.parametrize("inward", ["c1", "s2"])
def test_failure_tones(inward, release, tone):
    exchange = Exchange(Route(to=["s1"]), tones={inward: 5.0})
    incoming, outgoing = call(exchange, inward, "s1")
    exchange.control.event(outgoing, release, 1.0)
    assert exchange[inward].to(incoming) == [Progress(inband=True, release=release)]
    assert exchange.media()[-1] == Tone(incoming.endpoint, tone)
    exchange.run_until(5.9)
    assert exchange[inward].released(incoming) is None
    exchange.run_until(6.0)
    assert exchange[inward].released(incoming) == release
    assert exchange.control.records == [], "statistics are waited for, however long the tone was"
    exchange.close_legs(packets_sent=1)
    (record,) = exchange.control.records
    assert (record.result, record.cause) == ("failed", release.cause)
    assert record.outgoing.media == {"packets_sent": 1}
    clear(exchange, incoming, outgoing)
    assert exchange.control.calls == {}


def test_the_caller_hangs_up_during_the_tone():
    exchange = Exchange(Route(to=["c2"]), tones={"c1": 5.0})
    incoming, outgoing = call(exchange)
    exchange.control.event(outgoing, BUSY, 1.0)
    exchange.control.event(incoming, CLEAR, 2.0)
    (record,) = exchange.control.records
    assert (record.cause, record.released_by) == (17, "outgoing")
    clear(exchange, incoming, outgoing)
    assert exchange.control.calls == {}
    assert exchange.control.next_deadline() is None
    assert exchange["c1"].released(incoming) is None


def test_no_tone_for_a_caller_who_cannot_hear_it():
    exchange = Exchange(Route(to=["c2"]), tones={"s1": 5.0})
    exchange["s1"].early_media = False
    incoming, outgoing = call(exchange, "s1", "c2")
    exchange.control.event(outgoing, BUSY, 1.0)
    assert exchange["s1"].released(incoming) == BUSY


def test_no_tone_after_answer():
    exchange = Exchange(Route(to=["c2"]), tones={"c1": 5.0})
    incoming, outgoing = call(exchange)
    exchange.control.event(outgoing, Answer(), 1.0)
    exchange.control.event(outgoing, CLEAR, 2.0)
    assert exchange["c1"].released(incoming) == CLEAR


def test_shutdown_refuses_new_calls_and_ends_the_others():
    exchange = Exchange(Route(to=["c2"]), tones={"c1": 5.0})
    talking = call(exchange)
    exchange.control.event(talking[1], Answer(), 1.0)
    ringing = call(exchange)
    failed = call(exchange)
    exchange.control.event(failed[1], BUSY, 2.0)
    exchange.control.accepting = False
    exchange.control.release_all(Release(Cause.NORMAL_UNSPECIFIED), 3.0)
    new = exchange["c1"].call_in(now=3.0)
    causes = [exchange["c1"].released(half).cause for half in (talking[0], ringing[0], failed[0], new)]
    assert causes == [31, 31, 17, Cause.SWITCHING_EQUIPMENT_CONGESTION]
    assert len(exchange.control.records) == 4
    clear(exchange, *talking, *ringing, *failed, new)
    assert exchange.control.calls == {}
    assert exchange.control.next_deadline() is None


# --- statistics


def test_statistics_that_do_not_come_are_not_waited_for_long():
    exchange = Exchange(Route(to=["s1"]))
    incoming, outgoing = call(exchange, "s2", "s1")
    exchange.control.event(outgoing, BUSY, 1.0)
    exchange.control.leg_closed(incoming.handle, {"packets_sent": 7})
    exchange.run_until(1.0 + STATISTICS_SECONDS - 0.1)
    assert exchange.control.records == []
    exchange.run_until(1.0 + STATISTICS_SECONDS)
    (record,) = exchange.control.records
    assert (record.incoming.media, record.outgoing.media) == ({"packets_sent": 7}, {})
    exchange.control.leg_closed(outgoing.handle, {"packets_sent": 8})
    clear(exchange, incoming, outgoing)
    assert len(exchange.control.records) == 1
    assert exchange.control.calls == {}


def test_statistics_that_came_before_the_release():
    exchange = Exchange(Route(to=["s1"]))
    incoming, outgoing = call(exchange, "c1", "s1")
    exchange.control.leg_closed(outgoing.handle, {"packets_sent": 8})
    exchange.control.event(incoming, CLEAR, 1.0)
    (record,) = exchange.control.records
    assert record.outgoing.media == {"packets_sent": 8}


def test_a_leg_that_is_opened_after_the_end_is_forgotten_with_the_call():
    """An incoming SIP call is refused before its adapter can tell of the leg; its statistics may never come."""
    exchange = Exchange()
    incoming = exchange["s1"].call_in()
    assert len(exchange.control.records) == 1
    clear(exchange, incoming)
    assert exchange.control.calls == {}
    assert exchange.control.ledger.legs == {}


def test_the_record_does_not_wait_for_a_dead_peer_to_clear():
    exchange = Exchange(Route(to=["c2"]))
    incoming, outgoing = call(exchange)
    exchange.control.event(incoming, CLEAR, 1.0)
    assert len(exchange.control.records) == 1
    clear(exchange, incoming)
    assert exchange.control.calls
    clear(exchange, outgoing)
    assert exchange.control.calls == {}


def test_a_half_that_is_cleared_without_a_release_ends_the_call():
    exchange = Exchange(Route(to=["c2"]))
    incoming, outgoing = call(exchange)
    exchange.control.event(outgoing, Answer(), 1.0)
    clear(exchange, outgoing, now=2.0)
    assert exchange["c1"].released(incoming).cause == Cause.TEMPORARY_FAILURE
    clear(exchange, incoming)
    assert exchange.control.calls == {}


def test_what_it_does_not_know_is_ignored():
    exchange = Exchange(Route(to=["c2"]))
    incoming, outgoing = call(exchange)
    exchange.control.event(incoming, CLEAR, 1.0)
    clear(exchange, incoming, outgoing, incoming)
    exchange.control.event(incoming, Answer(), 2.0)
    exchange.control.leg_opened(incoming, 5)
    exchange.control.leg_closed(5, {})
    exchange.control.endpoint_changed(incoming)
    assert len(exchange.control.records) == 1


# --- speech paths


def joined(one, other):
    return {(one, other), (other, one)}


def sources(commands):
    return {(command.sink, command.source) for command in commands if isinstance(command, Source)}


def test_two_circuits_are_joined_at_once():
    exchange = Exchange(Route(to=["c2"]))
    incoming, outgoing = call(exchange)
    assert sources(exchange.media()) == joined(incoming.endpoint, outgoing.endpoint)
    exchange.control.event(outgoing, Alerting(), 1.0)
    assert exchange.media() == [], "the far exchange rings"


def test_sip_to_a_circuit_hears_tones_first_and_speaks_from_answer_on():
    exchange = Exchange(Route(to=["c2"]))
    incoming, outgoing = call(exchange, "s1", "c2")
    assert exchange.media() == []
    exchange.control.event(outgoing, Alerting(), 1.0)
    assert exchange.media() == []
    exchange.control.event(outgoing, Progress(inband=True), 1.0)
    assert exchange.media() == [Source(incoming.endpoint, outgoing.endpoint)]
    exchange.control.event(outgoing, Answer(), 2.0)
    assert sources(exchange.media()) == joined(incoming.endpoint, outgoing.endpoint)


def test_a_circuit_hears_ringback_when_the_sip_side_gives_none():
    exchange = Exchange(Route(to=["s1"]))
    incoming, outgoing = call(exchange, "c1", "s1")
    assert exchange.media() == []
    exchange.control.event(outgoing, Alerting(), 1.0)
    assert exchange.media() == [Tone(incoming.endpoint, "ringback")]
    exchange.control.event(outgoing, Answer(), 2.0)
    assert sources(exchange.media()) == joined(incoming.endpoint, outgoing.endpoint)


def test_a_circuit_hears_the_ringback_of_the_sip_side():
    exchange = Exchange(Route(to=["s1"]))
    incoming, outgoing = call(exchange, "c1", "s1")
    exchange.control.event(outgoing, Alerting(inband=True), 1.0)
    assert exchange.media() == [Source(incoming.endpoint, outgoing.endpoint)]


def test_sip_to_sip_rings_at_the_caller():
    exchange = Exchange(Route(to=["s2"]))
    incoming, outgoing = call(exchange, "s1", "s2")
    exchange.control.event(outgoing, Alerting(), 1.0)
    assert exchange.media() == [], "the caller's telephone rings by itself after 180 without SDP"
    exchange.control.event(outgoing, Answer(), 2.0)
    assert sources(exchange.media()) == joined(incoming.endpoint, outgoing.endpoint)


def test_after_fall_back_the_first_circuit_is_not_heard_any_more():
    exchange = Exchange(Route(to=["c2", "s1"]))
    incoming, first = call(exchange)
    exchange.media()
    exchange.control.event(first, CONGESTION, 1.0)
    assert exchange.media() == [Source(incoming.endpoint, None)]


def test_another_circuit_is_joined_anew():
    exchange = Exchange(Route(to=["c2"]))
    incoming, outgoing = call(exchange)
    exchange.media()
    outgoing.endpoint = type(outgoing.endpoint)("c2", 30)
    exchange.control.endpoint_changed(outgoing)
    assert sources(exchange.media()) == joined(incoming.endpoint, outgoing.endpoint)


def test_another_circuit_of_a_sip_call_waits_for_answer():
    exchange = Exchange(Route(to=["c2"]))
    _, outgoing = call(exchange, "s1", "c2")
    exchange.control.endpoint_changed(outgoing)
    assert exchange.media() == []


# --- any order of events

SAID = [Proceeding(), Progress(), Progress(inband=True), Alerting(), Answer(), Suspend(), CLEAR, BUSY, CONGESTION]
EVENTS = st.one_of(
    st.tuples(
        st.sampled_from(["in", "out"]),
        st.sampled_from(SAID),
    ),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 3.0, 100.0, 200.0])),
    st.tuples(st.sampled_from(["clear", "leg"]), st.integers(0, 5)),
    st.just(("stop", None)),
)


@given(
    st.sampled_from(["c1", "s1"]),
    st.permutations(["c2", "s2"]),
    st.sets(st.sampled_from(["c2", "s2"])),
    st.booleans(),
    st.lists(EVENTS, max_size=12),
    st.booleans(),
)
def test_exactly_one_record_and_nothing_left(inward, order, full, tones, events, legs_last):
    exchange = Exchange(Route(to=list(order)), tones={"c1": 4.0, "s1": 4.0} if tones else {})
    for name in full:
        exchange[name].refusal = CONGESTION
    control, now = exchange.control, 0.0
    incoming = exchange[inward].call_in()

    def halves():
        return [incoming, *exchange["c2"].halves, *exchange["s2"].halves]

    for kind, value in events:
        now += 0.01
        if kind == "in":
            control.event(incoming, value, now)
        elif kind == "out" and len(halves()) > 1:
            control.event(halves()[-1], value, now)
        elif kind == "wait":
            now += value
            exchange.run_until(now)
        elif kind == "clear" and (half := halves()[value % len(halves())]).released:
            control.cleared(half, now)
        elif kind == "leg" and control.ledger.legs:
            control.leg_closed(sorted(control.ledger.legs)[value % len(control.ledger.legs)], {})
        elif kind == "stop":
            control.accepting = False
            control.release_all(Release(Cause.NORMAL_UNSPECIFIED), now)
        assert len(control.records) <= 1
    control.event(incoming, CLEAR, now)
    if not legs_last:
        exchange.close_legs()
    for half in halves():
        assert half.released
        control.cleared(half, now)
    if legs_last:
        exchange.close_legs()
    exchange.run_until(now + 500.0)
    (record,) = control.records
    assert control.calls == {}
    assert control.ledger.legs == {}
    assert control.next_deadline() is None
    assert (record.result == "answered") == (record.answer_time is not None)
    for half in halves():
        exchange[half.trunk.name].released(half)


# --- a called party that diverts


def test_a_diverted_call_goes_by_the_rules_for_who_diverts_it():
    exchange = Exchange(Route(trunk=["c1"], to=["c2"]), Route(trunk=["c2"], called="^7", to=["s1"]))
    incoming, outgoing = call(exchange)
    exchange.control.event(outgoing, Alerting(), 1.0)
    diverted = Release(Cause.REDIRECTION_TO_NEW_DESTINATION, diversion=Diversion(Number("77"), "c2", 4))
    exchange.control.event(outgoing, diverted, 2.0)
    exchange.control.cleared(outgoing, 2.0)
    (setup,) = [setup for what, _, setup in exchange["s1"].asked if what == "offer"]
    assert (setup.called, setup.redirecting, setup.redirection_reason) == (Number("77"), Number("123"), 4)
    exchange.control.event(exchange["s1"].halves[0], Answer(), 3.0)
    assert Answer() in exchange["c1"].to(incoming)


def test_a_diversion_for_which_there_is_no_rule_ends_the_call():
    exchange = Exchange(Route(trunk=["c1"], to=["c2"]))
    incoming, outgoing = call(exchange)
    diverted = Release(Cause.REDIRECTION_TO_NEW_DESTINATION, diversion=Diversion(Number("77"), "c2"))
    exchange.control.event(outgoing, diverted, 2.0)
    assert exchange["c1"].released(incoming).cause == Cause.REDIRECTION_TO_NEW_DESTINATION
