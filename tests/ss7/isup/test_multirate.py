"""Connections of several circuits, Q.764 2.1.14."""

import pytest
from support.isup_pair import ACM, Pair, iam
from support.isup_single import Single, cause, kind, status

from tandem.ss7.isup.circuits import CircuitStatus, State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.multirate import circuits_needed, circuits_of_medium, medium_of_circuits
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import CallReleased, CircuitChanged, IncomingCall
from tandem.ss7.isup.variants import Variant

E1 = (*range(1, 16), *range(17, 32))


@pytest.mark.parametrize(
    ("medium", "count"),
    [(0, 1), (2, 1), (3, 1), (7, 2), (8, 6), (9, 24), (10, 30), (16, 3), (18, 5), (19, 1), (20, 7), (37, 1), (42, 29)],
)
def test_circuits_by_medium(medium, count):
    assert circuits_needed(Message.build(M.IAM, 1, iam(medium=medium))) == count


def test_absent_medium_is_one_circuit():
    assert circuits_needed(Message(M.IAM, 1)) == 1


def test_circuits_lie_side_by_side_around_timeslot_16():
    single = Single(E1)
    taken = [single.exchange.circuits_of(single.setup(iam(medium=8))) for _ in range(5)]
    assert taken == [
        (1, 2, 3, 4, 5, 6),
        (7, 8, 9, 10, 11, 12),
        (13, 14, 15, 17, 18, 19),
        (20, 21, 22, 23, 24, 25),
        (26, 27, 28, 29, 30, 31),
    ]
    assert single.setup() is None
    assert single.types() == [(M.IAM, cic) for cic in (1, 7, 13, 20, 26)]


def test_one_busy_circuit_spoils_its_run():
    single = Single(E1)
    assert single.exchange.circuit_of(single.setup()) == 1
    assert single.exchange.circuits_of(single.setup(iam(medium=7))) == (3, 4)
    assert single.setup(iam(medium=10)) is None
    assert Single((1, 3)).setup(iam(medium=7)) is None


def test_the_circuits_are_free_together():
    single = Single()
    call = single.setup(iam(medium=7))
    assert single.view(2).status is CircuitStatus.CONNECTED
    single.receive(M.ACM, 1, *ACM)
    single.receive(M.ANM, 1)
    single.release(call)
    assert single.state(2) is State.MEMBER
    single.receive(M.RLC, 1)
    assert {single.state(cic) for cic in (1, 2)} == {State.IDLE}
    assert single.exchange.idle_circuits("g") == 4


def test_incoming_call():
    single = Single()
    single.receive(M.IAM, 1, *iam(medium=7))
    single.take()
    (incoming,) = single.heard
    assert (incoming.cic, incoming.circuits) == (1, (1, 2))
    single.receive(M.REL, 1, cause(16))
    assert single.types() == [(M.RLC, 1)]
    assert single.exchange.idle_circuits("g") == 4


@pytest.mark.parametrize("cic", [2, 4], ids=["not the first of a pair", "the other is busy"])
def test_incoming_call_without_its_circuits_is_refused(cic):
    single = Single((1, 2, 3, 4, 5))
    single.receive(M.IAM, 4, *iam())
    single.take()
    single.receive(M.IAM, 3 if cic == 4 else cic, *iam(medium=7))
    (release,) = single.take()
    assert (release.type, release.raw(18)[1]) == (M.REL, 0x80 | 44)
    assert single.heard == []


@pytest.mark.parametrize(
    ("message", "parameters"),
    [(M.RSC, ()), (M.CGB, (kind(True), status(1, 1))), (M.UCIC, ())],
    ids=["reset", "hardware", "unequipped"],
)
def test_a_circuit_taken_away_ends_the_call(message, parameters):
    single = Single((1, 2, 3, 4, 5, 6))
    call = single.setup(iam(medium=8))
    single.receive(M.ACM, 1, *ACM)
    single.take()
    single.receive(message, 3, *parameters)
    assert (M.REL, 1) in single.types()
    assert [(item.call, item.cause) for item in single.heard if isinstance(item, CallReleased)] == [(call, 41)]
    single.receive(M.RLC, 1)
    assert {single.state(cic) for cic in (1, 2, 4, 5, 6)} == {State.IDLE}


def test_reset_by_maintenance_of_one_circuit_ends_the_call():
    single = Single()
    single.setup(iam(medium=7))
    single.take()
    single.exchange.reset("g", [2], 0.0)
    assert single.types() == [(M.RSC, 2), (M.REL, 1)]


def test_dual_seizure_the_larger_call_wins():
    single = Single((1, 2, 3, 4, 5, 6), control="all")
    small = single.setup()
    single.receive(M.IAM, 1, *iam(medium=7))
    assert single.types() == [(M.IAM, 1), (M.IAM, 3)]  # the pair 1 and 2 is the peer's now
    assert CircuitChanged(small, 1, 3) in single.heard
    large = Single(control="none")
    large.setup(iam(medium=7))
    large.take()
    large.receive(M.IAM, 1, *iam())
    large.receive(M.IAM, 2, *iam())
    assert large.take() == []
    assert large.heard == []


def test_a_small_call_on_a_later_circuit_gives_way():
    single = Single((1, 2, 3, 4, 5, 6, 7))
    calls = [single.setup() for _ in range(3)]
    single.receive(M.REL, 1, cause(16))
    single.take()
    single.receive(M.IAM, 1, *iam(medium=7))
    sent = single.types()
    assert (M.IAM, 4) in sent
    incoming = [item for item in single.heard if isinstance(item, IncomingCall)]
    assert incoming[0].circuits == (1, 2)
    assert single.exchange.circuit_of(calls[1]) == 4


def test_both_ends():
    pair = Pair(E1)
    call = pair.a.setup(pair.now, iam(medium=8))
    pair.run(1)
    (incoming,) = pair.b.take(IncomingCall)
    assert incoming.circuits == pair.a.exchange.circuits_of(call)
    pair.b.exchange.send(incoming.call, M.CON, ACM, pair.now)
    pair.run(1)
    pair.b.release(incoming.call, pair.now)
    pair.run(1)
    pair.assert_agreed()


def test_other_media_codes_do_not_disturb():
    single = Single()
    single.receive(M.IAM, 1, *iam(medium=255))
    single.take()
    assert single.heard[0].circuits == ()
    assert RawParameter(P.TRANSMISSION_MEDIUM_REQUIREMENT, b"\xff") in single.heard[0].message.raw_parameters()


def circuit_map(*timeslots, kind=2):
    bits = sum(1 << number - 1 for number in timeslots)
    return RawParameter(P.CIRCUIT_ASSIGNMENT_MAP, bytes([kind]) + bits.to_bytes(4, "little"))


@pytest.mark.parametrize("count", range(1, 31))
def test_medium_and_count_agree(count):
    assert circuits_of_medium(medium_of_circuits(count)) == count


@pytest.mark.parametrize(("count", "medium"), [(1, 2), (2, 7), (3, 16), (6, 8), (24, 9), (30, 10), (29, 42)])
def test_medium_of_a_digital_connection(count, medium):
    assert medium_of_circuits(count) == medium


def test_scattered_circuits_are_named_by_a_map():
    """Q.763 3.69: when no run is free, any circuits of one path carry N x 64 kbit/s, in the order of the map."""
    single = Single((1, 2, 4, 5, 7, 34, 35))
    call = single.setup(iam(medium=17))  # 4 x 64 kbit/s
    (initial,) = single.take()
    assert initial.raw(P.CIRCUIT_ASSIGNMENT_MAP) == circuit_map(1, 2, 4, 5).octets
    assert single.exchange.circuits_of(call) == (1, 2, 4, 5)
    assert single.setup(iam(medium=16)) is None  # 7, 34 and 35 are of two paths
    assert single.setup(iam(medium=8)) is None


def test_a_run_needs_no_map():
    single = Single((1, 2, 3, 4, 5))
    single.setup([*iam(medium=16), circuit_map(1, 3, 5)])  # the map of another circuit group
    (initial,) = single.take()
    assert P.CIRCUIT_ASSIGNMENT_MAP not in initial


def test_incoming_scattered_circuits():
    single = Single(E1)
    single.receive(M.IAM, 3, *iam(medium=17), circuit_map(3, 9, 20, 31))
    single.take()
    assert [item.circuits for item in single.heard] == [(3, 9, 20, 31)]
    assert {single.state(cic) for cic in (9, 20, 31)} == {State.MEMBER}


@pytest.mark.parametrize(
    "wrong",
    [circuit_map(3, 9, 20), circuit_map(4, 9, 20, 31), circuit_map(3, 9, 20, 31, kind=1), circuit_map(3, 9, 16, 31)],
    ids=["too few", "not from the CIC on", "1544 kbit/s", "no such circuit"],
)
def test_an_incoming_map_that_is_wrong_is_refused(wrong):
    single = Single(E1)
    single.receive(M.IAM, 3, *iam(medium=17), wrong)
    (release,) = single.take()
    assert (release.type, release.raw(18)[1]) == (M.REL, 0x80 | 44)
    assert single.heard == []


def test_a_repeat_attempt_has_circuits_and_map_of_its_own():
    single = Single((1, 3, 5, 33, 35, 37))
    call = single.setup(iam(medium=16))
    single.take()
    single.receive(M.UCIC, 1)
    (initial,) = [message for message in single.take() if message.type is M.IAM]
    assert initial.raw(P.CIRCUIT_ASSIGNMENT_MAP) == circuit_map(1, 3, 5).octets
    assert CircuitChanged(call, 1, 33, (33, 35, 37)) in single.heard


def test_both_ends_with_a_map():
    pair = Pair((1, 3, 5, 7))
    call = pair.a.setup(pair.now, iam(medium=16))
    pair.run(1)
    (incoming,) = pair.b.take(IncomingCall)
    assert incoming.circuits == pair.a.exchange.circuits_of(call) == (1, 3, 5)


@pytest.mark.parametrize(
    ("octets", "count"),
    [("8893", 6), ("889884", 4), ("8891", 2), ("8895", 24), ("8897", 30), ("8890", 1), ("9093", 1), ("8898ff", 1)],
)
def test_circuits_by_user_service_information(octets, count):
    """ANSI has no transmission medium requirement: Q.931 4.5.5, information transfer rate and multiplier."""
    bearer = RawParameter(P.USER_SERVICE_INFORMATION, bytes.fromhex(octets))
    parameters = [item for item in iam() if item.code != P.TRANSMISSION_MEDIUM_REQUIREMENT]
    assert circuits_needed(Message.build(M.IAM, 1, [*parameters, bearer], variant=Variant.ANSI)) == count
