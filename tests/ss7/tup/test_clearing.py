from support.tup_pair import ACM, ANC, iam
from support.tup_single import Single

from tandem.ss7.tup.circuits import State
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.messages import SubsequentAddress
from tandem.ss7.tup.primitives import Alert, CallCleared, CallMessage, IncomingCall


def clearing(**options):
    single = Single(**options)
    call = single.setup()
    single.release(call)
    single.take()
    return single, call


def test_clear_forward_is_repeated_until_release_guard():
    single, call = clearing()
    single.wait(59)
    assert single.types() == [(M.CLF, 1)] * 11
    assert single.heard == []
    single.wait(1)
    assert (M.CLF, 1) in single.types()
    assert [type(item) for item in single.heard] == [Alert]
    single.wait(120)
    assert single.types() == [(M.CLF, 1)] * 2
    single.receive(M.RLG)
    single.take()
    assert single.heard == [CallCleared(call, 1)]
    assert single.exchange.next_deadline() is None


def test_clear_forward_on_an_idle_circuit_is_answered():
    single = Single()
    single.receive(M.CLF)
    assert single.types() == [(M.RLG, 1)]
    single.receive(M.RLG)
    assert single.take() == []


def test_a_call_message_on_an_idle_circuit_resets_it():
    single = Single()
    single.receive(ANC)
    assert single.types() == [(M.RSC, 1)]


def test_leftovers_on_a_circuit_blocked_for_a_failure_are_normal():
    single = Single()
    single.exchange.block("g", [1], single.now, hardware=True)
    single.take()
    single.receive(ANC)
    assert single.take() == []


def test_unreasonable_message_before_a_backward_one():
    single = Single()
    call = single.setup()
    single.take()
    single.receive(M.RAN)
    assert single.types() == [(M.RSC, 1), (M.IAM, 2)]
    assert single.exchange.circuit_of(call) == 2


def test_unreasonable_message_after_a_backward_one_is_discarded():
    single = Single()
    single.setup()
    single.receive(ACM)
    single.take()
    single.receive(M.RAN)
    single.receive(M.SAM)
    assert single.take() == []
    assert single.heard == []


def test_the_peers_call_that_crossed_one_of_ours_already_given_up():
    single, call = clearing(control="none")
    single.receive(iam("99"))
    single.receive(SubsequentAddress("78"))
    assert single.heard == []
    single.receive(M.RLG)
    single.take()
    assert single.heard == [
        CallCleared(call, 1),
        IncomingCall(2, "g", 1, iam("99"), True),
        CallMessage(2, SubsequentAddress("78")),
    ]


def test_such_a_call_that_is_given_up_too_or_lost_dual_seizure():
    single, _ = clearing(control="none")
    single.receive(iam())
    single.receive(M.CLF)
    single.receive(M.RLG)
    assert single.types() == [(M.RLG, 1)]
    assert single.state() is State.IDLE
    single, _ = clearing(control="all")
    single.receive(iam())
    single.receive(M.RLG)
    assert single.state() is State.IDLE
    assert single.exchange.calls() == []


def test_held_digits_are_bounded():
    single, _ = clearing(control="none")
    single.receive(SubsequentAddress("7"))
    single.receive(iam())
    for _ in range(100):
        single.receive(SubsequentAddress("7"))
    assert len(single.exchange._kernel.groups["g"].circuits[1].held) == 32
