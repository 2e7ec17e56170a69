"""Names and lists that commands take."""

import pytest
from support.operator_desk import DeskBench

from tandem.gateway.operator import names
from tandem.gateway.operator.command import CommandError
from tandem.isdn.q931.channels import ChannelId


def context():
    bench = DeskBench()
    return bench.desk.context("x")


def test_names_for_completion():
    found = context()
    assert names.trunk_names(found) == ["pstn", "pbx"]
    assert names.circuit_trunk_names(found) == ["pstn"]
    assert names.sip_trunk_names(found) == ["pbx"]
    assert names.link_names(found) == ["peer/0"]
    assert names.linkset_names(found) == ["peer"]


def test_what_is_not_there_is_refused_with_a_hint():
    found = context()
    with pytest.raises(CommandError, match="no link is named 'peer/1'; did you mean 'peer/0'"):
        names.link(found, "peer/1")
    with pytest.raises(CommandError, match="no trunk on circuits is named 'pbx'"):
        names.part_of(found, "pbx")
    assert names.link(found, "peer/0").number == 0
    assert names.part_of(found, "pstn") is found.node.isup


def test_circuits():
    assert names.circuits("", [1, 2]) is None
    assert names.circuits("all", [1, 2]) is None
    assert names.circuits("1-2,4", [1, 2, 3, 4]) == [1, 2, 4]
    with pytest.raises(CommandError, match=r"there is no circuit 5; there are 1-3,7"):
        names.circuits("5", [1, 2, 3, 7])
    with pytest.raises(CommandError, match="are no circuits"):
        names.circuits("x", [1])


class Port:
    def __init__(self, *channels):
        self.name = "line"
        self.endpoints = dict.fromkeys(channels)


def test_channels():
    one = Port(ChannelId(0, 1), ChannelId(0, 2))
    assert names.channels("all", one) is None
    assert names.channels("1-2", one) == [ChannelId(0, 1), ChannelId(0, 2)]
    with pytest.raises(CommandError, match="line has no B-channel 0/3"):
        names.channels("3", one)
    with pytest.raises(CommandError, match="are no channels"):
        names.channels("x/1", one)
    two = Port(ChannelId(0, 1), ChannelId(1, 1), ChannelId(1, 2))
    assert names.channels("1", two) == [ChannelId(0, 1), ChannelId(1, 1)]
    assert names.channels("1/2", two) == [ChannelId(1, 2)]
    with pytest.raises(CommandError, match="no B-channel 0/2"):
        names.channels("0/2", two)
