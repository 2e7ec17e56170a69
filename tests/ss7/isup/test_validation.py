"""Circuit reservation and circuit validation of ANSI T1.113."""

import pytest
from support.isup_single import Single, cause

from tandem.core.errors import ConfigurationError
from tandem.ss7.isup.circuits import State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import Alert, CircuitValidated, ContinuityLoop, IncomingCall
from tandem.ss7.isup.variants import Variant

IAM = [
    RawParameter(P.NATURE_OF_CONNECTION_INDICATORS, b"\x00"),
    RawParameter(P.FORWARD_CALL_INDICATORS, b"\x20\x01"),
    RawParameter(P.CALLING_PARTYS_CATEGORY, b"\x0a"),
    RawParameter(P.USER_SERVICE_INFORMATION, b"\x80\x90\xa2"),
    RawParameter(P.CALLED_PARTY_NUMBER, b"\x83\x10\x55\x15\x12\x02"),
]
ONE = RawParameter(P.CIRCUIT_VALIDATION_RESPONSE_INDICATOR, b"\x01")
DIGITAL = RawParameter(P.CIRCUIT_GROUP_CHARACTERISTIC_INDICATOR, b"\x02")


def nature(octet=0):
    return RawParameter(P.NATURE_OF_CONNECTION_INDICATORS, bytes([octet]))


def ansi(**options):
    return Single((1, 2, 10000), variant=Variant.ANSI, reset_at_start=False, **options)


def test_calls_on_a_cic_of_14_bits():
    single = ansi()
    single.receive(M.IAM, 10000, *IAM)
    single.take()
    (incoming,) = single.heard
    assert incoming.message.raw(P.USER_SERVICE_INFORMATION) == b"\x80\x90\xa2"
    single.receive(M.REL, 10000, cause(16))
    assert single.types() == [(M.RLC, 10000)]
    assert single.setup(IAM) is not None
    assert single.take()[0].encode()[2:7] == b"\x01\x00\x20\x01\x0a"


def test_exit_is_for_call_control():
    single = ansi()
    single.setup(IAM)
    single.receive(M.EXM, 1)
    single.take()
    assert single.heard[0].message.type is M.EXM


def test_messages_that_ansi_does_not_have_are_unrecognised():
    single = ansi()
    single.setup(IAM)
    single.take()
    single.exchange.receive(1, 2, 1, bytes([1, 0, M.SAM, 2, 0, 2, 0, 0x21]), 0.0)
    assert single.types() == [(M.CFN, 1)]


def test_reservation_is_acknowledged_and_used():
    single = ansi()
    single.receive(M.CRM, 1, nature())
    assert single.types() == [(M.CRA, 1)]
    assert single.state() is State.IN_RESERVED
    assert single.exchange.idle_circuits("g") == 2
    single.receive(M.IAM, 1, *IAM)
    single.take()
    assert isinstance(single.heard[-1], IncomingCall)
    assert single.state() is State.IN_ADDRESS


def test_reservation_with_continuity_check():
    single = ansi()
    single.receive(M.CRM, 1, nature(4))
    single.take()
    assert single.heard == [ContinuityLoop("g", 1, True)]
    single.receive(M.COT, 1, RawParameter(P.CONTINUITY_INDICATORS, b"\x01"))
    single.take()
    assert single.heard == [ContinuityLoop("g", 1, False)]
    assert single.state() is State.IN_RESERVED
    single.receive(M.COT, 1, RawParameter(P.CONTINUITY_INDICATORS, b"\x00"))
    assert single.state() is State.IN_WAIT_CCR


def test_reservation_ends_by_release_or_timer():
    single = ansi()
    single.receive(M.CRM, 1, nature())
    single.receive(M.REL, 1, cause(16))
    assert single.types() == [(M.CRA, 1), (M.RLC, 1)]
    single.receive(M.CRM, 1, nature())
    single.wait(20)
    assert single.types() == [(M.CRA, 1), (M.REL, 1)]


@pytest.mark.parametrize(("control", "octet"), [("auto", 0x0A), ("odd", 0x06), ("all", 0x0E), ("none", 0x02)])
def test_validation_is_answered(control, octet):
    single = ansi(control=control)
    single.receive(M.CVT, 1)
    (answer,) = single.take()
    assert answer.encode() == bytes([1, 0, 0xEB, 1, octet, 0])


def test_validation_of_an_unknown_circuit():
    single = ansi()
    single.receive(M.CVT, 77)
    assert single.types() == [(M.UCIC, 77)]


def test_we_ask_for_validation():
    single = ansi()
    single.exchange.validate("g", [2], 0.0)
    assert single.types() == [(M.CVT, 2)]
    single.receive(M.CVR, 2, ONE, DIGITAL)
    single.take()
    (validated,) = single.heard
    assert (type(validated), validated.cic, validated.successful) == (CircuitValidated, 2, True)
    single.receive(M.CVR, 2, ONE, DIGITAL)
    single.take()
    assert single.heard == []


def test_validation_that_fails_or_is_not_answered_alerts():
    single = ansi()
    single.exchange.validate("g", [2], 0.0)
    single.receive(M.CVR, 2, RawParameter(P.CIRCUIT_VALIDATION_RESPONSE_INDICATOR, b"\x00"), DIGITAL)
    single.take()
    assert [type(item) for item in single.heard] == [Alert, CircuitValidated]
    single.exchange.validate("g", [1], 0.0)
    single.wait(10)
    single.take()
    assert [type(item) for item in single.heard] == [Alert]
    with pytest.raises(ConfigurationError, match="ansi variant only"):
        Single().exchange.validate("g", [1], 0.0)
