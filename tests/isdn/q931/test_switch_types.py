"""Switch types."""

import pytest

from tandem.isdn.q931.bearer import Capability
from tandem.isdn.q931.codes import ElementCode, MaintenanceType, MessageType, maintenance_type
from tandem.isdn.q931.switch_types import SWITCH_TYPES, SwitchType


def test_names():
    assert list(SWITCH_TYPES) == ["euroisdn", "ni2", "5ess", "dms100", "4ess", "qsig"]
    assert SWITCH_TYPES["ni2"] is SwitchType.NI2
    assert str(SwitchType.QSIG) == "qsig"


@pytest.mark.parametrize("switch_type", SWITCH_TYPES.values(), ids=str)
def test_service_messages_are_those_of_the_discriminator(switch_type: SwitchType):
    discriminator = switch_type.service_discriminator
    if discriminator is None:
        assert switch_type.service_type is None
        assert switch_type.service_acknowledge_type is None
        return
    assert switch_type.service_type is not None
    assert switch_type.service_acknowledge_type is not None
    assert maintenance_type(discriminator, switch_type.service_type) is MaintenanceType.SERVICE
    assert maintenance_type(discriminator, switch_type.service_acknowledge_type) is MaintenanceType.SERVICE_ACKNOWLEDGE


def test_what_differs():
    assert SwitchType.EUROISDN.sends_sending_complete
    assert SwitchType.EUROISDN.display_charset is None
    assert SwitchType.NI2.display_charset == 0xB1
    assert SwitchType.NI2.timers == {"T310": 30.0}
    assert not SwitchType.DMS100.progress_destination
    assert SwitchType.ATT_4ESS.audio_capability == Capability.UNRESTRICTED_DIGITAL
    assert SwitchType.QSIG.symmetrical
    assert not SwitchType.QSIG.interface_identifier
    assert SwitchType.QSIG.mandatory[MessageType.SETUP] == {ElementCode.CHANNEL_IDENTIFICATION}


def test_may_be_a_key():
    assert len({SwitchType.NI2: 1, SwitchType.QSIG: 2}) == 2
