import pytest
from support.pri_pair import channels

from tandem.core.errors import ConfigurationError
from tandem.isdn.q931.call import NETWORK, USER
from tandem.isdn.q931.channels import ChannelId
from tandem.isdn.q931.configuration import InterfaceConfiguration
from tandem.isdn.q931.switch_types import SwitchType


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"channels": ()}, "no channels"),
        ({"channels": (ChannelId(0, 1), ChannelId(0, 1))}, "twice"),
        ({"channels": (ChannelId(0, 32),)}, "no channel 0/32"),
        ({"channels": (ChannelId(0, 1), ChannelId(1, 1))}, "nfas"),
        ({"nfas": True}, "no NFAS"),
        ({"attempts": 0}, "attempts"),
    ],
)
def test_mistakes_are_named(options, text):
    with pytest.raises(ConfigurationError, match=text):
        InterfaceConfiguration("p", **{"channels": channels(2), **options})


def test_both_sides_of_a_symmetric_interface_are_users():
    network = InterfaceConfiguration("p", channels(2), side="network")
    assert network.roles is NETWORK
    assert InterfaceConfiguration("p", channels(2)).roles is USER
    assert InterfaceConfiguration("p", channels(2), side="network", switch_type=SwitchType.QSIG).roles is USER


def test_what_is_restarted_at_the_start():
    assert InterfaceConfiguration("p", channels(2)).restarts == "channels"
    assert InterfaceConfiguration("p", channels(2), switch_type=SwitchType.QSIG).restarts == "none"
    assert InterfaceConfiguration("p", channels(2), restart_at_start="interface").restarts == "interface"
