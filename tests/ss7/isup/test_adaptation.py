"""Messages of one variant as messages of another."""

import pytest
from support.isup_pair import iam
from support.isup_single import cause

from tandem.ss7.isup.adaptation import adapted, has_type, medium_of
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.variants import Variant

ITU, ANSI, CHINA = Variant.ITU, Variant.ANSI, Variant.CHINA


def through(message_type, parameters, source, target):
    message = Message.build(message_type, 1, parameters, variant=source)
    message = Message.parse(message.encode(), source)
    octets = Message.build(message_type, 1, adapted(message, target), variant=target).encode()
    return Message.parse(octets, target)


def test_itu_and_china_are_alike():
    everything = [*iam(), RawParameter(P.CHARGE_NUMBER, b"\x03\x10\x21"), RawParameter(0xEE, b"\x01")]
    assert through(M.IAM, everything, ITU, CHINA).raw_parameters() == everything
    assert through(M.IAM, everything, CHINA, ITU).raw_parameters() == everything


@pytest.mark.parametrize(("medium", "bearer"), [(0, "8090a2"), (2, "8890"), (3, "9090a2"), (6, "9090a2")])
def test_medium_becomes_bearer_and_back(medium, bearer):
    there = through(M.IAM, iam(medium=medium), ITU, ANSI)
    assert there.raw(P.USER_SERVICE_INFORMATION).hex() == bearer
    assert P.TRANSMISSION_MEDIUM_REQUIREMENT not in there
    back = through(M.IAM, there.raw_parameters(), ANSI, ITU)
    assert back.raw(P.TRANSMISSION_MEDIUM_REQUIREMENT) == bytes([3 if medium == 6 else medium])
    assert back.raw(P.USER_SERVICE_INFORMATION).hex() == bearer


def test_bearer_that_is_there_stays():
    given = [*iam(), RawParameter(P.USER_SERVICE_INFORMATION, b"\x88\x90")]
    assert through(M.IAM, given, ITU, ANSI).raw(P.USER_SERVICE_INFORMATION) == b"\x88\x90"


def test_parameters_and_natures_of_ansi_stay_there():
    parameters = [
        *[item for item in iam() if item.code not in (P.TRANSMISSION_MEDIUM_REQUIREMENT, P.CALLED_PARTY_NUMBER)],
        RawParameter(P.USER_SERVICE_INFORMATION, b"\x80\x90\xa2"),
        RawParameter(P.CALLED_PARTY_NUMBER, b"\xf2\x10\x21\x03"),
        RawParameter(P.CHARGE_NUMBER, b"\x03\x10\x21"),
        RawParameter(P.HOP_COUNTER, b"\x05"),
    ]
    message = through(M.IAM, parameters, ANSI, ITU)
    assert P.CHARGE_NUMBER not in message
    assert message.raw(P.HOP_COUNTER) == b"\x05"
    assert message.raw(P.CALLED_PARTY_NUMBER) == b"\x83\x10\x21\x03"


@pytest.mark.parametrize(
    ("octets", "expected"), [(b"\x83\x90", b"\x83\x90"), (b"\xc3\x97", b"\x83\x81"), (b"\x83", b"\x83")]
)
def test_causes_of_ansi(octets, expected):
    assert through(M.REL, [RawParameter(P.CAUSE_INDICATORS, octets)], ANSI, ITU).raw(P.CAUSE_INDICATORS) == expected


def test_segmentation_bit_is_not_end_to_end_information():
    indicators = [RawParameter(P.BACKWARD_CALL_INDICATORS, b"\x16\x16")]
    for source, target in ((ITU, ANSI), (ANSI, ITU)):
        assert through(M.ACM, indicators, source, target).raw(P.BACKWARD_CALL_INDICATORS) == b"\x16\x14"


def test_types():
    assert not has_type(M.CON, ANSI)
    assert has_type(M.CON, ITU)
    assert through(M.REL, [cause(16)], ITU, ANSI).type is M.REL


@pytest.mark.parametrize(
    ("medium", "octets"),
    [(2, "8890"), (7, "8891"), (8, "8893"), (9, "8895"), (10, "8897"), (17, "889884"), (42, "88989d")],
)
def test_digital_bearers_both_ways(medium, octets):
    """N x 64 kbit/s: transmission medium requirement (Q.763 3.54) and information transfer rate (Q.931 4.5.5)."""
    message = through(M.IAM, iam(medium=medium), ITU, ANSI)
    assert message.raw(P.USER_SERVICE_INFORMATION) == bytes.fromhex(octets)
    assert medium_of(message) == medium
    back = through(M.IAM, message.raw_parameters(), ANSI, ITU)
    assert back.raw(P.TRANSMISSION_MEDIUM_REQUIREMENT) == bytes([medium])
