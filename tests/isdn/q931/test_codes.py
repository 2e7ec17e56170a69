"""Names and identifiers."""

import pytest

from tandem.isdn.q931.codes import (
    Discriminator,
    ElementCode,
    MaintenanceType,
    MessageType,
    base_identifier,
    element_name,
    is_single,
    maintenance_type,
    message_name,
    message_type,
)


def test_message_names():
    assert message_name(0x05) == "SETUP"
    assert message_name(0x5A) == "RELEASE COMPLETE"
    assert message_name(0x04) == "message type 0x04"
    assert message_type(0x05) is MessageType.SETUP
    assert message_type(0x04) == 0x04


@pytest.mark.parametrize(
    ("discriminator", "code", "kind"),
    [
        (Discriminator.MAINTENANCE, 0x0F, MaintenanceType.SERVICE),
        (Discriminator.MAINTENANCE, 0x07, MaintenanceType.SERVICE_ACKNOWLEDGE),
        (Discriminator.MAINTENANCE_NI2, 0x07, MaintenanceType.SERVICE),
        (Discriminator.MAINTENANCE_NI2, 0x0F, MaintenanceType.SERVICE_ACKNOWLEDGE),
        (Discriminator.MAINTENANCE, 0x05, None),
    ],
)
def test_maintenance_messages_change_places(discriminator: int, code: int, kind: MaintenanceType | None):
    assert maintenance_type(discriminator, code) is kind
    assert message_name(code, discriminator) == ("message type 0x05" if kind is None else kind.name.replace("_", " "))


def test_element_names():
    assert element_name(0x18) == "Channel identification"
    assert element_name(0xB7) == "Congestion level"
    assert element_name(0xA1) == "Sending complete"
    assert element_name(0x02) == "element 0x02"
    assert element_name(0x37, 6) == "Generic digits"
    assert element_name(0x18, 5) == "codeset 5 element 0x18"


def test_identifiers_of_one_octet():
    assert is_single(0x80)
    assert not is_single(0x7F)
    assert base_identifier(0xD2) == ElementCode.REPEAT_INDICATOR
    assert base_identifier(0xA1) == ElementCode.SENDING_COMPLETE
    assert base_identifier(0x18) == 0x18
