import pytest
from support.tup_pair import ACM, ANC, Pair, iam
from support.tup_single import Single

from tandem.ss7.tup.circuits import Blocking, State
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.messages import GroupSupervision, Signal
from tandem.ss7.tup.primitives import CallCleared, CallReleased, CircuitChanged, IncomingCall


def test_incoming_side_answers_rsc_with_rlg():
    single = Single()
    call = single.incoming()
    single.receive(M.RSC)
    assert single.types() == [(M.RLG, 1)]
    assert [type(item) for item in single.heard] == [CallReleased, CallCleared]
    assert call not in single.exchange.calls()


def test_outgoing_side_answers_rsc_with_clf_and_gets_rlg():
    pair = Pair((1, 2))
    call = pair.a.setup(pair.now)
    pair.run(0.1)
    (incoming,) = pair.b.take(IncomingCall)
    for message in (ACM, ANC):
        pair.b.exchange.send(incoming.call, message, pair.now)
    pair.run(0.1)
    pair.forget()
    pair.b.exchange.reset("g", [incoming.cic], pair.now)
    pair.run(1)
    assert pair.types(pair.b) == [M.RSC, M.RLG]
    assert pair.types(pair.a) == [M.CLF]
    assert [item.call for item in pair.a.take(CallReleased)] == [call]
    pair.settled()


def test_both_ends_reset_at_once():
    pair = Pair((1,))
    pair.a.exchange.reset("g", [1], pair.now)
    pair.b.exchange.reset("g", [1], pair.now)
    pair.run(1)
    assert pair.types(pair.a)[-2:] == [M.RSC, M.RLG]
    pair.settled()


def test_an_early_call_is_tried_elsewhere_when_the_peer_resets():
    single = Single()
    call = single.setup()
    single.take()
    single.receive(M.RSC)
    assert single.types() == [(M.CLF, 1), (M.IAM, 2)]
    assert CircuitChanged(call, 1, 2) in single.heard


def test_a_reset_removes_the_peers_blocking_and_states_ours_again():
    single = Single()
    single.exchange.block("g", [1], single.now)
    single.receive(M.BLA)
    single.receive(M.BLO)
    single.take()
    single.receive(M.RSC)
    assert single.types() == [(M.RLG, 1), (M.BLO, 1)]
    assert single.view().blocking is Blocking.LOCAL_MAINTENANCE


def test_group_reset_ends_calls_and_tells_what_is_blocked():
    single = Single()
    incoming, early = single.incoming(), single.setup()
    single.exchange.block("g", [2], single.now)
    single.receive(M.BLA, 2)
    single.take()
    single.receive(GroupSupervision(M.GRS, 2))
    first, *rest = single.take()
    assert first == GroupSupervision(M.GRA, 2, (False, True, False))
    assert [message.type for message in rest] == [M.IAM]
    assert single.exchange.circuit_of(early) == 4 or single.exchange.circuit_of(early) != 2
    assert [item.call for item in single.heard if isinstance(item, CallReleased)] == [incoming]


def test_gra_says_what_the_peer_has_blocked():
    single = Single((1, 2, 3), start=False)
    single.exchange.resume(1, 0.0)
    single.take()
    single.receive(GroupSupervision(M.GRA, 2, (False, True, False)))
    assert single.view(2).blocking is Blocking.REMOTE_MAINTENANCE
    assert single.exchange.idle_circuits("g") == 2


@pytest.mark.parametrize("answer", [M.RLG, M.CLF])
def test_either_answer_ends_our_reset(answer):
    single = Single()
    single.exchange.reset("g", [1], single.now)
    single.receive(answer)
    assert single.types() == [(M.RSC, 1)] + [(M.RLG, 1)] * (answer is M.CLF)
    assert single.state() is State.IDLE
    assert single.exchange.quiet


def test_an_escalated_reset_is_repeated_when_the_peer_starts():
    single = Single(start=False)
    single.exchange.resume(1, 0.0)
    single.wait(70)
    single.take()
    single.receive(GroupSupervision(M.GRS, 3))
    assert single.types() == [(M.GRA, 1), (M.GRS, 1)]


def test_a_call_whose_circuit_is_reset_under_it_is_cleared_once():
    single = Single()
    call = single.incoming()
    single.exchange.reset("g", [1], single.now)
    single.receive(Signal(M.RLG))
    single.take()
    assert single.heard[-1] == CallCleared(call, 1)
    single.incoming(iam())
