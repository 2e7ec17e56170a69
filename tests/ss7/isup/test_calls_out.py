import pytest
from support.isup_pair import ACM, COT_SUCCESS, CPG, SUS_NETWORK, SUS_USER, iam
from support.isup_single import Single, cause, kind, status

from tandem.ss7.isup.circuits import Blocking, State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import CallCleared, CallMessage, CallReleased, CircuitChanged, IncomingCall

SAM = RawParameter(ParameterCode.SUBSEQUENT_NUMBER, b"\x00\x87")


def outgoing(*received, **options):
    """An exchange with an outgoing call on circuit 1, after the given messages from the peer."""
    single = Single(**options)
    call = single.setup()
    for message, *parameters in received:
        single.receive(message, 1, *parameters)
    single.take()
    return single, call


def test_call_answered_and_released_by_us():
    single = Single()
    call = single.setup()
    (initial,) = single.take()
    assert (initial.type, initial.cic) == (M.IAM, 1)
    for message, parameters, state in (
        (M.ACM, ACM, State.OUT_WAIT_ANM),
        (M.CPG, CPG, State.OUT_WAIT_ANM),
        (M.ANM, (), State.OUT_ANSWERED),
    ):
        single.receive(message, 1, *parameters)
        assert single.take() == []
        assert [(type(item), item.call, item.message.type) for item in single.heard] == [(CallMessage, call, message)]
        assert single.state() is state
    assert single.exchange.next_deadline() is None
    single.release(call, 16)
    (release,) = single.take()
    assert (release.type, release.raw(18)) == (M.REL, b"\x83\x90")
    single.receive(M.RLC, 1)
    assert single.take() == []
    assert single.heard == [CallCleared(call, 1)]
    assert single.state() is State.IDLE


def test_connect_answers_without_acm():
    single, _call = outgoing((M.CON, *ACM))
    assert single.state() is State.OUT_ANSWERED
    assert single.heard[0].message.type is M.CON
    assert single.exchange.next_deadline() is None


@pytest.mark.parametrize(
    ("received", "seconds", "value"),
    [
        ([], 25, 102),  # T7
        ([(M.ACM, *ACM)], 180, 19),  # T9
        ([(M.ACM, *ACM), (M.ANM,), (M.SUS, *SUS_NETWORK)], 30, 16),  # T6
        ([(M.ACM, *ACM), (M.ANM,), (M.SUS, *SUS_USER)], 180, 16),  # T2
        ([(M.OLM,)], 120, 42),  # T3
    ],
    ids=["T7", "T9", "T6", "T2", "T3"],
)
def test_timer_releases_in_both_directions(received, seconds, value):
    single, call = outgoing(*received)
    single.wait(seconds - 0.1)
    assert single.types() == []
    single.wait(0.1)
    (release,) = single.take()
    assert (release.type, release.raw(18)[1]) == (M.REL, 0x80 | value)
    (released,) = single.heard
    assert (type(released), released.call, released.cause) == (CallReleased, call, value)
    single.receive(M.RLC, 1)
    single.take()
    assert single.heard == [CallCleared(call, 1)]


def test_resume_stops_the_timer_of_its_kind_only():
    single, call = outgoing((M.ACM, *ACM), (M.ANM,), (M.SUS, *SUS_NETWORK), (M.SUS, *SUS_USER), (M.RES, *SUS_NETWORK))
    single.wait(100)
    assert single.types() == []
    single.receive(M.RES, 1, *SUS_USER)
    single.wait(1000)
    assert single.types() == []
    assert single.exchange.calls() == [call]


def test_transit_exchange_times_neither_answer_nor_suspension():
    single, _ = outgoing((M.ACM, *ACM), supervises=False)
    assert single.exchange.next_deadline() is None
    single.receive(M.ANM, 1)
    single.receive(M.SUS, 1, *SUS_NETWORK)
    assert single.exchange.next_deadline() is None


def test_timer_values_can_be_configured():
    single, _ = outgoing((M.ACM, *ACM), timers={"T9": 45})
    single.wait(45)
    assert single.types() == [(M.REL, 1)]


def test_digits_restart_t7():
    single, call = outgoing()
    single.wait(20)
    single.send(call, M.SAM, SAM)
    assert single.types() == [(M.SAM, 1)]
    single.wait(24)
    assert single.types() == []
    single.wait(1)
    assert single.types() == [(M.REL, 1)]


def test_dual_seizure_of_a_circuit_we_control_goes_on_with_our_call():
    single, _call = outgoing(control="all")
    single.receive(M.IAM, 1, *iam())
    single.receive(M.SAM, 1, SAM)
    assert single.types() == []
    assert single.heard == []
    single.receive(M.ACM, 1, *ACM)
    assert single.state() is State.OUT_WAIT_ANM


def test_dual_seizure_of_a_circuit_the_peer_controls_moves_our_call_with_its_digits():
    single, call = outgoing(control="none")
    single.send(call, M.SAM, SAM)
    single.take()
    single.receive(M.IAM, 1, *iam(b"\x99"))
    sent = single.take()
    assert [(m.type, m.cic) for m in sent] == [(M.IAM, 2), (M.SAM, 2)]
    assert sent[0].raw(4) == b"\x03\x10\x21\x43\x65"
    changed, incoming = single.heard
    assert changed == CircuitChanged(call, 1, 2)
    assert isinstance(incoming, IncomingCall)
    assert (incoming.cic, incoming.message.raw(4)) == (1, b"\x03\x10\x99")
    assert single.exchange.circuit_of(call) == 2
    # only the timer of the new circuit runs for our call
    single.receive(M.ACM, 2, *ACM)
    single.send(incoming.call, M.ACM, *ACM)
    single.take()
    single.wait(100)
    assert single.take() == []
    assert single.heard == []


def test_continuity_of_previous_circuits_is_told_again_on_another_circuit():
    single = Single(control="none")
    call = single.setup(iam(continuity=2))
    single.send(call, M.COT, *COT_SUCCESS)
    assert single.types() == [(M.IAM, 1), (M.COT, 1)]
    single.receive(M.IAM, 1, *iam(b"\x99"))
    assert single.types() == [(M.IAM, 2), (M.COT, 2)]


def test_after_a_backward_message_an_iam_is_no_dual_seizure():
    single, _ = outgoing((M.ACM, *ACM), control="none")
    single.receive(M.IAM, 1, *iam())
    assert single.types() == []
    assert single.state() is State.OUT_WAIT_ANM


def test_no_other_circuit_for_a_repeat_attempt_is_congestion():
    single = Single((1,), control="none")
    call = single.setup()
    single.receive(M.IAM, 1, *iam())
    single.take()
    released, cleared, incoming = single.heard
    assert (released.call, released.cause) == (call, 34)
    assert cleared == CallCleared(call, 1)
    assert incoming.call != call


def test_repeat_attempts_are_bounded():
    single = Single(tuple(range(1, 9)), control="none")
    call = single.setup()
    for cic in (1, 2):
        single.receive(M.IAM, cic, *iam())
    assert single.exchange.circuit_of(call) == 3
    single.receive(M.IAM, 3, *iam())
    assert call not in single.exchange.calls()


@pytest.mark.parametrize(
    ("message", "parameters", "first", "state"),
    [
        (M.RSC, (), (M.RLC, 1), State.IDLE),
        (M.BLO, (), (M.BLA, 1), State.WAIT_RLC),
        (M.CGB, (kind(False), status(1, 1)), (M.CGBA, 1), State.WAIT_RLC),
        (M.CGB, (kind(True), status(1, 1)), (M.CGBA, 1), State.IDLE),
        (M.UCIC, (), None, State.UNEQUIPPED),
        (M.ANM, (), (M.RSC, 1), State.RESETTING),
    ],
    ids=["reset", "blocked", "group blocked", "hardware", "unequipped", "unexpected"],
)
def test_attempt_moves_to_another_circuit(message, parameters, first, state):
    single, call = outgoing()
    single.receive(message, 1, *parameters)
    sent = single.types()
    assert (sent[0] if first else None) == first
    assert sent[-1] == (M.IAM, 2)
    assert CircuitChanged(call, 1, 2) in single.heard
    assert CallReleased not in map(type, single.heard)
    assert single.state() is state
    assert single.exchange.circuit_of(call) == 2


def test_hardware_blocking_and_reset_end_an_answered_call_without_release():
    for message, parameters in ((M.CGB, (kind(True), status(1, 1))), (M.RSC, ())):
        single, call = outgoing((M.ACM, *ACM), (M.ANM,))
        single.receive(message, 1, *parameters)
        assert M.REL not in [sent for sent, _ in single.types()]
        released, cleared = single.heard
        assert (released.call, released.cause) == (call, 31)
        assert cleared == CallCleared(call, 1)


def test_maintenance_blocking_leaves_an_answered_call_alone():
    single, _call = outgoing((M.ACM, *ACM), (M.ANM,))
    single.receive(M.BLO, 1)
    assert single.types() == [(M.BLA, 1)]
    assert single.heard == []
    assert single.view().blocking is Blocking.REMOTE_MAINTENANCE
    single.receive(M.REL, 1, cause(16))
    assert single.exchange.idle_circuits("g") == 3
    single.receive(M.UBL, 1)
    assert single.exchange.idle_circuits("g") == 4
