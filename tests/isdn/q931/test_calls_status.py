import pytest
from support.pri_single import M, Single

from tandem.isdn.q931.call import State
from tandem.isdn.q931.calls_status import compatible
from tandem.isdn.q931.cause import CauseElement, ProgressIndicator
from tandem.isdn.q931.elements import RawElement
from tandem.isdn.q931.indications import CallState, NotificationIndicator

ANSWER = CauseElement(30, 2)


def test_enquiry():
    single = Single()
    call = single.active()
    single.reply(call, M.STATUS_ENQUIRY)
    assert (single.cause(), single.sent[0].get(CallState).state) == (30, 10)


def test_enquiry_about_no_call():
    single = Single()
    single.receive(M.STATUS_ENQUIRY, reference=9)
    assert (single.cause(), single.sent[0].get(CallState).state) == (30, 0)
    assert single.sent[0].call_reference.flag


def test_the_peer_agrees():
    single = Single()
    call = single.active()
    single.ask("enquire", call)
    single.ask("enquire", call)  # one question at a time
    single.reply(call, M.STATUS, ANSWER, CallState(10))
    assert single.names == ["STATUS ENQUIRY"]
    assert single.primitives == []
    assert single.interface.next_deadline() is None


def test_no_answer():
    single = Single()
    call = single.active()
    single.ask("enquire", call)
    single.wait(12.1)
    assert single.cause() == 41
    assert single.names == ["STATUS ENQUIRY"] * 3 + ["DISCONNECT"]


def test_the_peer_has_no_call():
    single = Single()
    call = single.active()
    single.reply(call, M.STATUS, CauseElement(101), CallState(0))
    assert single.names == []
    assert single.primitives == ["ReleaseIndication", "CallCleared"]


def test_states_that_do_not_go_together():
    single = Single()
    call = single.active()
    single.reply(call, M.STATUS, CauseElement(101), CallState(4))
    assert single.names == ["STATUS ENQUIRY"]
    single.reply(call, M.STATUS, ANSWER, CallState(4))
    assert single.cause() == 101
    assert single.names == ["DISCONNECT"]


def test_an_answer_that_crossed_our_own_step():
    """Asked in state 4, answered in state 4 of the peer, active meanwhile: asked again, and all is well."""
    single = Single("network")
    call = single.offered()
    single.ask("alerting", call, ())
    single.ask("enquire", call)
    single.ask("connect", call, ())
    single.forget()
    single.reply(call, M.STATUS, ANSWER, CallState(4))
    assert single.names == ["STATUS ENQUIRY"]
    single.reply(call, M.STATUS, ANSWER, CallState(10))
    assert single.names == []
    assert single.state(call) is State.ACTIVE


@pytest.mark.parametrize(
    ("own", "peer", "expected"),
    [(10, 10, True), (10, 8, True), (10, 4, False), (4, 10, False), (10, 12, True), (19, 10, True), (3, 4, True)],
)
def test_compatible(own, peer, expected):
    assert compatible(State(own), peer) is expected


@pytest.mark.parametrize(
    ("kind", "elements", "answer"),
    [
        (M.STATUS, (CauseElement(98), CallState(0)), None),
        (M.STATUS, (CauseElement(98), CallState(10)), ("RELEASE COMPLETE", 101)),
        (M.RELEASE, (), ("RELEASE COMPLETE", 81)),
        (M.RELEASE_COMPLETE, (), None),
        (M.CONNECT, (), ("RELEASE COMPLETE", 81)),
        (0x55, (), ("RELEASE COMPLETE", 81)),
    ],
)
def test_no_such_call(kind, elements, answer):
    single = Single()
    single.receive(kind, *elements, reference=9)
    assert [(message.name, single.cause()) for message in single.sent] == ([answer] if answer else [])


def test_unknown_message_type():
    single = Single()
    call = single.active()
    single.reply(call, 0x55)
    assert (single.cause(), single.sent[0].get(CauseElement).diagnostics) == (97, b"\x55")
    assert single.names == ["STATUS"]


@pytest.mark.parametrize(
    ("elements", "cause"), [((ProgressIndicator(8),), 96), ((RawElement(0x27, b""),), 96), ((), None)]
)
def test_mandatory_element(elements, cause):
    """5.8.6: STATUS, and the message is not acted on."""
    single = Single()
    call = single.active()
    single.reply(call, M.NOTIFY, *elements)
    assert ([message.name for message in single.sent], bool(single.heard)) == (
        (["STATUS"], False) if cause else ([], True)
    )
    if cause:
        assert single.cause() == cause


def test_release_with_invalid_cause():
    single = Single()
    call = single.active()
    single.reply(call, M.RELEASE, RawElement(0x08, b"\x80"))
    assert single.names == ["RELEASE COMPLETE"]
    assert single.primitives == ["ReleaseIndication", "CallCleared"]


@pytest.mark.parametrize(
    ("extra", "cause"),
    [(RawElement(0x5B, b"\x01"), 99), (RawElement(0x1E, b"\x80"), 100), (RawElement(0x05, b"x"), 96)],
)
def test_optional_elements(extra, cause):
    """5.8.7: the message is acted on and the element reported; unless it had to be understood (bits 8 to 5 zero)."""
    single = Single()
    call = single.active()
    single.reply(call, M.NOTIFY, NotificationIndicator(0), extra)
    assert single.cause() == cause
    assert single.names == ["STATUS"]
    assert single.primitives == ([] if cause == 96 else ["CallMessage"])


def test_optional_element_of_a_setup():
    single = Single()
    call = single.offered(RawElement(0x5B, b"\x01"))
    assert single.cause() == 99
    assert single.state(call) is State.CALL_PRESENT
    assert single.names == ["STATUS"]


def test_release_complete_without_cause_is_taken():
    single = Single()
    call = single.setup()
    single.reply(call, M.RELEASE_COMPLETE, RawElement(0x08, b"\x80"))
    assert single.heard[0].cause == 31
