"""Interface identifiers: numbers, texts and ranges, and the servers they belong to."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.core.sigtran.codes import Ppid, Tag, Type
from tandem.core.sigtran.common import Message, Parameter
from tandem.core.sigtran.configuration import AssociationConfiguration, Role
from tandem.core.sigtran.interfaces import InterfaceLayer, InterfaceServer, interface_name, interfaces_of
from tandem.core.sigtran.messages import Form


class Plain(InterfaceLayer):
    PPID = Ppid.M2UA
    FORMS = dict.fromkeys((Type.ASPUP, Type.ASPAC), Form())

    def _message(self, peer, message, now):
        raise AssertionError

    def _active_changed(self, server, now):
        """Nothing is above."""


def machine():
    servers = [
        InterfaceServer(name="a", associations=["x"], interfaces=(1, 5, "one")),
        InterfaceServer(name="b", associations=["x"], interfaces=(7,)),
        InterfaceServer(name="c", associations=["y"], interfaces=(9,)),
    ]
    made = Plain([AssociationConfiguration(name, Role.SGP) for name in "xy"], servers)
    made.connected("x", 0.0)
    made.receive("x", Message(Type.ASPUP).encode(), 0, 0.0)
    made.outputs()
    return made


@pytest.mark.parametrize(
    ("parameters", "servers", "refused"),
    [
        ((), ["a", "b"], 0),
        ((Parameter.number(Tag.INTERFACE_ID, 1, 5),), ["a"], 0),
        ((interface_name("one"),), ["a"], 0),
        ((Parameter(Tag.INTERFACE_ID_TEXT, b"one\0"),), ["a"], 0),
        ((Parameter.number(Tag.INTERFACE_ID_RANGE, 0, 6),), ["a"], 0),
        ((Parameter.number(Tag.INTERFACE_ID_RANGE, 0, 8),), ["a", "b"], 0),
        ((Parameter.number(Tag.INTERFACE_ID_RANGE, 20, 30),), [], 1),
        ((Parameter.number(Tag.INTERFACE_ID, 7, 9),), ["b"], 1),
        ((interface_name("two"), interface_name(7)), ["b"], 1),
    ],
)
def test_servers_by_their_interfaces(parameters, servers, refused):
    made = machine()
    assert made.named_servers("x", Message(Type.ASPAC, parameters)) == servers
    assert made.counters["ERR INVALID_INTERFACE_ID"] == refused


def test_a_range_without_an_end():
    made = machine()
    made.receive("x", Message(Type.ASPAC, (Parameter.number(Tag.INTERFACE_ID_RANGE, 1),)).encode(), 0, 0.0)
    assert made.counters["ERR PARAMETER_FIELD_ERROR"] == 1


def test_names_of_a_server():
    made = machine()
    assert made.naming("x", "a") == (Parameter.number(Tag.INTERFACE_ID, 1, 5), Parameter(Tag.INTERFACE_ID_TEXT, b"one"))
    assert interfaces_of(Message(Type.ASPAC, (*made.naming("x", "b"), Parameter.number(Tag.TRAFFIC_MODE, 1)))) == [
        Parameter.number(Tag.INTERFACE_ID, 7)
    ]


@pytest.mark.parametrize("interfaces", [(), (1, 1), (1 << 32,), ("",), ("x" * 256,)])
def test_lists_that_are_none(interfaces):
    with pytest.raises(ConfigurationError):
        InterfaceServer(name="s", associations=["x"], interfaces=interfaces)


def test_an_interface_belongs_to_one_server():
    servers = [InterfaceServer(name=name, associations=["x"], interfaces=(1,)) for name in "ab"]
    with pytest.raises(ConfigurationError, match="two application servers"):
        Plain([AssociationConfiguration("x", Role.SGP)], servers)
