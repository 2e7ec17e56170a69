"""Small indicators."""

from tandem.ss7.isup.flags import CallDiversionTreatment, CollectCallRequest, FacilityIndicator, UidActionIndicators
from tandem.ss7.isup.messages import Message, MessageType


def test_octets():
    assert FacilityIndicator().encode() == b"\x02"
    assert CallDiversionTreatment(diversion=2).encode() == b"\x82"
    assert UidActionIndicators(through_connect=True).encode() == b"\x81"


def test_spare_bits_survive():
    assert CollectCallRequest.parse(b"\xff\x55").encode() == b"\xff\x55"


def test_a_message_names_them():
    message = Message.build(MessageType.FAR, 1, [FacilityIndicator()])
    assert "Facility indicator: facility 2" in str(message)
