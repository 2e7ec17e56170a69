import pytest
from support.isup_pair import ACM, iam
from support.isup_single import Single, any_message, cause

from tandem.ss7.isup.circuits import State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.primitives import CallCleared, CallReleased


def answered():
    single = Single()
    call = single.setup()
    single.receive(M.CON, 1, *ACM)
    single.take()
    return single, call


def test_release_is_repeated_by_t1_until_answered():
    single, call = answered()
    single.release(call)
    first = single.take()
    single.wait(15)
    assert single.take() == first
    single.wait(15)
    assert single.take() == first
    single.receive(M.RLC, 1)
    single.take()
    assert single.heard == [CallCleared(call, 1)]
    assert single.exchange.next_deadline() is None


def test_releases_that_cross_are_both_answered():
    single, call = answered()
    single.release(call)
    single.receive(M.REL, 1, cause(16))
    assert single.types() == [(M.REL, 1), (M.RLC, 1)]
    assert single.heard == []
    assert single.state() is State.WAIT_RLC
    single.receive(M.RLC, 1)
    single.take()
    assert single.heard == [CallCleared(call, 1)]


def test_release_on_an_idle_circuit_is_answered_and_rlc_discarded():
    single = Single()
    single.receive(M.REL, 1, cause(16))
    single.receive(M.RLC, 1)
    assert single.types() == [(M.RLC, 1)]
    assert single.state() is State.IDLE


def test_rlc_in_a_call_releases_it():
    single, _call = answered()
    single.receive(M.RLC, 1)
    assert single.types() == [(M.REL, 1)]
    assert [type(item) for item in single.heard] == [CallReleased]


def test_whole_parameter_list_or_one_indicator_may_be_given():
    for argument in (17, cause(17, 3), [cause(17, 3)]):
        single, call = answered()
        single.exchange.release(call, argument, 0.0)
        assert single.take()[0].raw(18) == b"\x83\x91"
    single, call = answered()
    single.exchange.release(call, [], 0.0)
    assert single.take()[0].raw(18) == b"\x83\x90"


def test_call_message_on_an_idle_circuit_resets_it():
    single = Single()
    single.receive(M.ACM, 1, *ACM)
    assert single.types() == [(M.RSC, 1)]
    assert single.exchange.idle_circuits("g") == 3


def compatible(message_type, instruction):
    """An unknown message with message compatibility information: pointer, code 56, length, instruction, end."""
    return bytes([1, 0, message_type, 1, 56, 1, instruction, 0])


@pytest.mark.parametrize(
    ("octets", "sent", "state"),
    [
        (bytes([1, 0, 0x99]), M.CFN, State.OUT_ANSWERED),
        (bytes([1, 0, 0x99, 0]), M.CFN, State.OUT_ANSWERED),
        (bytes([1, 0, 0x99, 200, 1]), M.CFN, State.OUT_ANSWERED),
        (compatible(0x99, 0x81), None, State.OUT_ANSWERED),
        (compatible(0x99, 0x85), M.CFN, State.OUT_ANSWERED),
        (compatible(0x99, 0x83), M.REL, State.WAIT_RLC),
        (bytes([1, 0, M.DRS, 0]), M.CFN, State.OUT_ANSWERED),
    ],
    ids=["bare", "no optional part", "bad pointer", "discard", "notify", "release", "reserved"],
)
def test_unrecognised_message_is_treated_as_it_says(octets, sent, state):
    single, _ = answered()
    single.exchange.receive(1, 2, 1, octets, 0.0)
    messages = single.take()
    assert [message.type for message in messages] == ([sent] if sent else [])
    assert single.state() is state
    if sent is M.CFN:
        assert messages[0].raw(18) == bytes([0x83, 0x80 | 97, octets[2]])


def test_confusion_is_not_answered():
    for prepare in (lambda single: None, lambda single: single.receive(M.IAM, 1, *iam())):
        single = Single()
        prepare(single)
        single.take()
        single.exchange.receive(1, 2, 1, any_message(M.CFN, 1), 0.0)
        assert single.types() == []
