"""Parameters of supplementary services, intelligent network and number portability."""

import pytest

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.supplementary import (
    ApplicationTransport,
    CallHistoryInformation,
    CallReference,
    CorrelationId,
    McidRequestIndicators,
    MlppPrecedence,
    NetworkRoutingNumber,
    Precedence,
    ServiceActivation,
    SignallingPointCode,
    UserTeleserviceInformation,
)


def test_precedence():
    parameter = MlppPrecedence.parse(bytes.fromhex("441234000102"))
    assert parameter == MlppPrecedence(Precedence.ROUTINE, 2, "1234", 0x102)
    assert MlppPrecedence(Precedence.FLASH, 0, "0001", 7).encode().hex() == "010001000007"
    assert str(parameter) == "routine, network 1234, domain 258"
    for wrong in (MlppPrecedence(network="12"), MlppPrecedence(network="xxxx"), MlppPrecedence(domain=1 << 24)):
        with pytest.raises(EncodeError):
            wrong.encode()


def test_call_reference_of_five_octets_and_of_six():
    assert CallReference.parse(bytes.fromhex("0001020503")) == CallReference(0x102, 0x305)
    assert CallReference.parse(bytes.fromhex("000102050310")) == CallReference(0x102, 0x100305, long=True)
    assert CallReference(1, 2).encode().hex() == "0000010200"
    with pytest.raises(EncodeError, match="point code"):
        CallReference(1, 0x4000).encode()
    with pytest.raises(DecodeError, match="needs 5 octets"):
        CallReference.parse(b"\x01")


def test_point_code_has_14_bits():
    assert SignallingPointCode.parse(b"\xff\xff").point_code == 0x3FFF
    assert SignallingPointCode.parse(b"\xff\xff").encode() == b"\xff\xff"


def test_application_transport():
    plain = ApplicationTransport.parse(bytes.fromhex("8582c0aabb"))
    assert plain == ApplicationTransport(5, notify=True, information=b"\xaa\xbb")
    segment = ApplicationTransport(5, release=True, segments=2, first=False, reference=9, information=b"\x01")
    assert segment.encode().hex() == "8581028901"
    assert ApplicationTransport.parse(segment.encode()) == segment
    for cut in ("", "85", "8580", "858002", "05"):
        with pytest.raises(DecodeError):
            ApplicationTransport.parse(bytes.fromhex(cut))


def test_small_ones():
    assert CallHistoryInformation(300).encode() == b"\x01\x2c"
    assert McidRequestIndicators(identification=True).encode() == b"\x01"
    assert ServiceActivation((1, 2)).encode() == b"\x01\x02"
    assert UserTeleserviceInformation(characteristics=1).encode() == b"\x91\x81"
    assert NetworkRoutingNumber("123").encode() == b"\x91\x21\x03"
    assert CorrelationId.parse(b"\x20\x21\x03").digits == "123"
