"""Parameters of supplementary services."""

import pytest

from tandem.core.errors import EncodeError
from tandem.ss7.isup.services import (
    ClosedUserGroupInterlockCode,
    EchoControlInformation,
    GenericNotificationIndicator,
    InformationIndicators,
    InformationRequestIndicators,
    Notification,
    PropagationDelayCounter,
    Redirecting,
    RedirectionInformation,
    RedirectionReason,
)


def test_redirection_information():
    information = RedirectionInformation.parse(b"\x13\x21")
    assert information == RedirectionInformation(
        Redirecting.CALL_DIVERTED, RedirectionReason.USER_BUSY, 1, RedirectionReason.NO_REPLY
    )
    assert information.encode() == b"\x13\x21"
    assert str(information) == "call diverted, originally user busy, last no reply, 1 times"


def test_redirection_information_of_one_octet():
    information = RedirectionInformation.parse(b"\x03")
    assert (information.counter, information.reason) == (None, None)
    assert information.encode() == b"\x03"


def test_propagation_delay_is_big_endian():
    assert PropagationDelayCounter.parse(b"\x00\x64").milliseconds == 100
    with pytest.raises(EncodeError):
        PropagationDelayCounter(65536).encode()


def test_interlock_code():
    code = ClosedUserGroupInterlockCode.parse(bytes.fromhex("12340100"))
    assert code == ClosedUserGroupInterlockCode("1234", 256)
    with pytest.raises(EncodeError):
        ClosedUserGroupInterlockCode("12", 1).encode()


def test_indicators():
    assert GenericNotificationIndicator(Notification.REMOTE_HOLD).encode() == b"\xf9"
    assert InformationRequestIndicators(calling_party_address=True).encode() == b"\x01\x00"
    assert InformationIndicators(calling_party_address=3, calling_partys_category=True).encode() == b"\x23\x00"
    assert EchoControlInformation(2, 1, 1, 2).encode() == b"\x96"
