"""Compatibility procedures, Q.764 2.9.5.2 and 2.9.5.3."""

import pytest
from support.isup_pair import ACM, iam
from support.isup_single import Single, cause

from tandem.ss7.isup.circuits import State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import CallMessage, CallReleased
from tandem.ss7.isup.variants import Variant

UNKNOWN = 0x96
"""A parameter code without a name."""
NEW = 0x99
"""A message type without a name."""


def with_instruction(octet):
    return [
        RawParameter(UNKNOWN, b"\x01"),
        RawParameter(P.PARAMETER_COMPATIBILITY_INFORMATION, bytes([UNKNOWN, octet])),
    ]


def answered(**options):
    single = Single(**options)
    call = single.setup()
    single.receive(M.ACM, 1, *ACM)
    single.receive(M.ANM, 1)
    single.take()
    return single, call


def told(single):
    """Cause value and diagnostic of each CFN or REL sent."""
    return [(m.type, m.raw(18)[1] & 0x7F, m.raw(18)[2:]) for m in single.take()]


@pytest.mark.parametrize(
    ("role", "instruction", "sent", "kept"),
    [
        ("transit", 0x80, [], True),  # pass on
        ("transit", 0x86, [], True),  # transit interpretation: the other bits do not count
        ("transit", 0x83, [(M.REL, 99, bytes([UNKNOWN]))], None),
        ("transit", 0x95, [(M.CFN, 99, bytes([UNKNOWN]))], False),
        ("transit", 0x91, [], False),
        ("transit", 0x8D, [(M.CFN, 110, bytes([M.CPG, UNKNOWN]))], None),
        ("transit", 0x89, [], None),
        ("transit", 0x85, [(M.CFN, 103, bytes([UNKNOWN]))], True),
        ("end", 0x82, [(M.REL, 99, bytes([UNKNOWN]))], None),
        ("end", 0x94, [(M.CFN, 99, bytes([UNKNOWN]))], False),
        ("end", 0x90, [], False),
        ("end", 0x8C, [(M.CFN, 110, bytes([M.CPG, UNKNOWN]))], None),
    ],
)
def test_unknown_parameter_is_treated_as_it_says(role, instruction, sent, kept):
    single, call = answered(role=role)
    single.receive(M.CPG, 1, RawParameter(P.EVENT_INFORMATION, b"\x02"), *with_instruction(instruction))
    assert told(single) == sent
    messages = [item.message for item in single.heard if isinstance(item, CallMessage)]
    assert [UNKNOWN in message for message in messages] == ([] if kept is None else [kept])
    released = [item.call for item in single.heard if isinstance(item, CallReleased)]
    assert released == ([call] if sent and sent[0][0] is M.REL else [])


@pytest.mark.parametrize(
    ("options", "value", "kept"),
    [
        ({}, 103, True),
        ({"unrecognised": "discard"}, 99, False),
        ({"role": "end"}, 99, False),
    ],
)
def test_unknown_parameter_without_instruction(options, value, kept):
    single, _ = answered(**options)
    single.receive(M.CPG, 1, RawParameter(P.EVENT_INFORMATION, b"\x02"), RawParameter(UNKNOWN, b"\x01"))
    assert told(single) == [(M.CFN, value, bytes([UNKNOWN]))]
    assert [UNKNOWN in item.message for item in single.heard] == [kept]


def test_parameter_with_a_name_is_never_unknown():
    single, _ = answered(role="end")
    single.receive(M.CPG, 1, RawParameter(P.EVENT_INFORMATION, b"\x02"), RawParameter(P.CHARGE_NUMBER, b"\x01"))
    assert single.take() == []


def test_iam_may_be_refused_for_a_parameter():
    single = Single(role="end")
    single.receive(M.IAM, 1, *iam(), *with_instruction(0x88))
    assert single.take() == []  # the message is discarded: the peer's T7 will tell
    assert single.state() is State.IDLE


def test_rlc_tells_of_parameters_in_rel():
    single, _ = answered()
    single.receive(M.REL, 1, cause(16), *with_instruction(0x95))
    (complete,) = single.take()
    assert (complete.type, complete.raw(18)[1:]) == (M.RLC, bytes([0x80 | 99, UNKNOWN]))
    single, _ = answered()
    single.receive(M.REL, 1, cause(16), *with_instruction(0x80))
    assert single.take()[0].codes() == ()


def test_cfn_is_never_answered_with_cfn():
    single, _ = answered(role="end")
    single.receive(M.CFN, 1, cause(97), RawParameter(UNKNOWN, b"\x01"))
    assert single.take() == []


def unknown_message(instruction):
    """Pointer, code 56, length, instruction, end."""
    return bytes([1, 0, NEW, 1, 56, 1, instruction, 0])


def test_unknown_message_is_passed_on_by_a_transit():
    single, call = answered()
    single.exchange.receive(1, 2, 1, unknown_message(0x86), 0.0)
    assert single.take() == []
    (passed,) = single.heard
    assert (passed.call, int(passed.message.type)) == (call, NEW)
    end, _ = answered(role="end")
    end.exchange.receive(1, 2, 1, unknown_message(0x84), 0.0)
    assert told(end) == [(M.CFN, 97, bytes([NEW]))]


@pytest.mark.parametrize(
    ("instruction", "sent"),
    [(0x80, [(M.REL, 97, bytes([NEW]))]), (0x90, []), (0x94, [(M.CFN, 97, bytes([NEW]))])],
)
def test_message_that_could_not_be_passed_on(instruction, sent):
    single, call = answered()
    single.exchange.receive(1, 2, 1, unknown_message(instruction), 0.0)
    single.take()
    single.exchange.not_passed_on(call, single.heard[0].message, 0.0)
    assert told(single) == sent


@pytest.mark.parametrize(
    ("instruction", "sent"),
    [
        (0x80, [(M.REL, 99, bytes([UNKNOWN]))]),
        (0xC4, [(M.CFN, 99, bytes([UNKNOWN]))]),
        (0xA4, [(M.CFN, 110, bytes([M.CPG, UNKNOWN]))]),
        (0xC0, []),
    ],
)
def test_parameter_that_could_not_be_passed_on(instruction, sent):
    single, call = answered()
    single.receive(M.CPG, 1, RawParameter(P.EVENT_INFORMATION, b"\x02"), *with_instruction(instruction))
    single.take()
    single.exchange.not_passed_on(call, single.heard[0].message, 0.0)
    assert told(single) == sent
    single.exchange.not_passed_on(99, single.heard[0].message if single.heard else Message(M.CPG, 1), 0.0)


def test_ansi_rlc_has_no_cause():
    single = Single(variant=Variant.ANSI, reset_at_start=False)
    single.receive(M.REL, 1, cause(16), *with_instruction(0x95))
    assert single.take()[0].encode() == b"\x01\x00\x10"
