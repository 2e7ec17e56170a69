import pytest
from support.tup_pair import ACM, Pair, iam
from support.tup_single import Single

from tandem.ss7.tup.circuits import Blocking, State
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.primitives import CallReleased, CircuitChanged, IncomingCall


def test_block_and_unblock():
    pair = Pair()
    pair.forget()
    pair.a.exchange.block("g", [3], pair.now)
    pair.run(1)
    assert pair.types(pair.a) == [M.BLO]
    assert pair.types(pair.b) == [M.BLA]
    assert pair.b.exchange.circuit_states("g")[3].blocking is Blocking.REMOTE_MAINTENANCE
    pair.settled()
    pair.a.exchange.unblock("g", [3], pair.now)
    pair.run(1)
    assert pair.types(pair.b) == [M.UBA]
    assert pair.a.exchange.idle_circuits("g") == pair.b.exchange.idle_circuits("g") == 31


def test_calls_go_on_on_a_circuit_blocked_for_maintenance():
    single = Single()
    call = single.incoming()
    single.exchange.block("g", [1], single.now)
    single.receive(M.BLA)
    assert single.state() is State.IN_ADDRESS
    single.send(call, ACM)


def test_an_early_call_leaves_a_circuit_that_the_peer_blocks():
    single = Single()
    call = single.setup()
    single.take()
    single.receive(M.BLO)
    assert single.types() == [(M.BLA, 1), (M.CLF, 1), (M.IAM, 2)]
    assert CircuitChanged(call, 1, 2) in single.heard


def test_the_peer_is_told_again_when_it_seizes_a_blocked_circuit():
    single = Single()
    single.exchange.block("g", [1], single.now)
    single.receive(M.BLA)
    single.take()
    single.receive(M.IAM)
    assert single.types() == [(M.BLO, 1)]
    assert single.state() is State.IDLE


def test_test_calls_may_use_a_blocked_circuit():
    single = Single()
    single.exchange.block("g", [1], single.now)
    single.receive(M.BLA)
    single.incoming(iam(category=13))
    assert single.state() is State.IN_ADDRESS
    assert single.view().blocking is Blocking.LOCAL_MAINTENANCE


def test_a_peer_that_seizes_has_unblocked():
    single = Single()
    single.receive(M.BLO)
    single.incoming()
    assert single.view().blocking is Blocking.NONE


def test_answers_that_nobody_waits_for_are_put_right():
    single = Single()
    single.receive(M.BLA)
    assert single.types() == [(M.UBL, 1)]
    single.receive(M.UBA)
    assert single.exchange.quiet
    single.exchange.block("g", [1], single.now)
    single.receive(M.BLA)
    single.take()
    single.receive(M.UBA)  # the peer took the circuit for unblocked
    assert single.types() == [(M.BLO, 1)]


def test_a_wish_that_changes_meanwhile_is_made_good():
    single = Single()
    single.exchange.block("g", [1], single.now)
    single.exchange.unblock("g", [1], single.now)
    assert single.types() == [(M.BLO, 1)]
    single.receive(M.BLA)
    assert single.types() == [(M.UBL, 1)]
    single.receive(M.UBA)
    assert single.view().blocking is Blocking.NONE


@pytest.mark.parametrize("kind", [{"hardware": True}, {"software": True}], ids=["hardware", "software"])
def test_blocking_for_a_failure_ends_calls_without_clearing(kind):
    pair = Pair((1, 2))
    call = pair.a.setup(pair.now)
    pair.run(0.1)
    cic = pair.b.take(IncomingCall)[0].cic
    pair.b.exchange.send(1, ACM, pair.now)
    pair.run(0.1)
    pair.forget()
    pair.a.exchange.block("g", [cic], pair.now, **kind)
    pair.run(1)
    assert M.CLF not in pair.types(pair.a)
    assert pair.a.take(CallReleased)[0].call == call
    assert len(pair.b.take(CallReleased)) == 1
    pair.settled()
