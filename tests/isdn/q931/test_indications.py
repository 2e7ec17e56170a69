"""Elements of one value."""

import pytest

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931.elements import Element
from tandem.isdn.q931.indications import (
    CallState,
    CallStateValue,
    ChangeStatus,
    CongestionLevel,
    MoreData,
    Notification,
    NotificationIndicator,
    RepeatIndicator,
    RestartClass,
    RestartIndicator,
    SegmentedMessage,
    SendingComplete,
    ServiceState,
    Signal,
    Tone,
)


@pytest.mark.parametrize(
    ("octets", "value", "text"),
    [
        ("14010a", CallState(CallStateValue.ACTIVE), "10 active"),
        ("14014a", CallState(10, 1), "10 active"),
        ("790180", RestartIndicator(), "indicated channels"),
        ("790187", RestartIndicator(RestartClass.ALL_INTERFACES), "all interfaces"),
        ("2701f9", NotificationIndicator(Notification.REMOTE_HOLD), "remote hold"),
        ("2703833000", NotificationIndicator(3, b"\x30\x00"), "asn1 component 3000"),
        ("340104", Signal(Tone.BUSY), "busy"),
        ("0101c2", ChangeStatus(ServiceState.OUT_OF_SERVICE), "channel out of service"),
        ("010180", ChangeStatus(ServiceState.IN_SERVICE, channel=False), "span in service"),
        ("00028105", SegmentedMessage(True, 1, 5), "first segment of SETUP, 1 remaining"),
        ("00020005", SegmentedMessage(False, 0, 5), "segment of SETUP, 0 remaining"),
        ("a1", SendingComplete(), "yes"),
        ("a0", MoreData(), "yes"),
        ("bf", CongestionLevel(15), "receiver not ready"),
        ("b3", CongestionLevel(3), "3"),
        ("d2", RepeatIndicator(), "prioritized list"),
        ("d1", RepeatIndicator(1), "1"),
    ],
)
def test_codings(octets: str, value: Element, text: str):
    whole = bytes.fromhex(octets)
    content = whole[2:] if whole[0] < 0x80 else bytes((whole[0] & 0x0F,))
    assert type(value).parse(content) == value
    assert value.to_octets() == whole
    assert value.identifier == whole[0]
    assert str(value) == text


@pytest.mark.parametrize("cls", [CallState, RestartIndicator, NotificationIndicator, Signal, ChangeStatus])
def test_nothing_to_read(cls: type[Element]):
    with pytest.raises(DecodeError):
        cls.parse(b"")


def test_segmented_message_cut_short():
    with pytest.raises(DecodeError):
        SegmentedMessage.parse(b"\x81")


@pytest.mark.parametrize("value", [CallState(64), RestartIndicator(8), Signal(256), CongestionLevel(16)])
def test_values_that_do_not_fit(value: Element):
    with pytest.raises(EncodeError):
        value.to_octets()
