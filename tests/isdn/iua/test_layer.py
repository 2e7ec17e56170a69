"""IUA: application servers and a gateway back to back, the gateway's data links real; odd and early messages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.iua_network import INTERFACES, SETUP, IuaNetwork

from tandem.core.errors import ConfigurationError
from tandem.core.sigtran.codes import ErrorCode, Status, Tag, TrafficMode, Type
from tandem.core.sigtran.common import Message, Parameter
from tandem.core.sigtran.configuration import AssociationConfiguration, Role
from tandem.core.sigtran.interfaces import interface_name
from tandem.core.sigtran.primitives import AsState
from tandem.isdn.iua.configuration import IuaServer
from tandem.isdn.iua.layer import Iua
from tandem.isdn.iua.messages import IUA_ERRORS, IUA_FORMS, Dlci
from tandem.isdn.q921.primitives import DataIndication, Established, Released, State

NUMBER = INTERFACES[0]
UP, DOWN = State.MULTIPLE_FRAME_ESTABLISHED, State.TEI_ASSIGNED


def sent(network, sender, kind):
    """Messages of a type that `sender` sent, parsed."""
    messages = [Message.parse(item.octets) for name, item in network.sent if name == sender]
    return [message for message in messages if message.type == kind]


def errors(network):
    return [message.require(Tag.ERROR_CODE).integer for message in sent(network, "sg", Type.ERR)]


@pytest.mark.parametrize("interface", INTERFACES)
def test_a_data_link_is_established_carries_messages_and_is_released(interface):
    network = IuaNetwork("asp")
    link, far = network.bring_up("asp", interface)
    assert link.data(SETUP, network.now)
    far.data(SETUP + b"x", network.now)
    network.run(1)
    assert network.heard("asp", interface) == [Established(True), DataIndication(SETUP + b"x")]
    assert network.far_heard(interface)[-1] == DataIndication(SETUP)
    link.release(network.now)
    network.run(1)
    assert network.heard("asp", interface) == [Released(True)]
    assert network.far_heard(interface) == [Released(False)]
    assert network.links[interface].state is DOWN


def test_the_far_end_establishes_anew():
    network = IuaNetwork("asp")
    _, far = network.bring_up("asp", NUMBER)
    network.heard("asp", NUMBER)
    far.release(network.now)
    network.run(1)
    far.establish(network.now)
    network.run(1)
    assert network.heard("asp", NUMBER) == [Released(False), Established(False)]


def test_a_line_that_fails_is_an_alarm():
    network = IuaNetwork("asp")
    network.bring_up("asp", NUMBER)
    network.heard("asp", NUMBER)
    network.links[NUMBER].persistent_deactivation(network.now)
    network.run(1)
    assert network.heard("asp", NUMBER) == [Released(False)]
    (message,) = sent(network, "sg", Type.QPTM_RELEASE_INDICATION)
    assert message.number(Tag.RELEASE_REASON) == 3


def test_a_short_loss_of_the_association():
    """The gateway keeps the data link and what comes in for T(r); the application server has it set up anew."""
    network = IuaNetwork("asp")
    _, far = network.bring_up("asp", NUMBER)
    network.heard("asp", NUMBER)
    network.fail("asp")
    far.data(SETUP, network.now)
    network.run(1)
    assert network.heard("asp", NUMBER) == [Released(False)]
    assert network.machines["sg"].server_state("s") is AsState.PENDING
    network.machines["asp"].link(NUMBER).establish(network.now)
    network.repair("asp")
    network.run(2)
    assert network.machines["asp"].link(NUMBER).state is UP
    assert network.links[NUMBER].state is UP
    (message,) = sent(network, "sg", Type.QPTM_DATA_INDICATION)
    assert message.require(Tag.QPTM_PROTOCOL_DATA).value == SETUP


def test_a_long_loss_releases_the_data_link():
    network = IuaNetwork("asp")
    network.bring_up("asp", NUMBER)
    network.fail("asp")
    network.run(5)
    assert network.machines["sg"].server_state("s") is AsState.DOWN
    assert network.links[NUMBER].state is DOWN
    assert network.far_heard(NUMBER)[-1] == Released(False)


def test_another_application_server_takes_over():
    network = IuaNetwork("one", "two")
    network.bring_up("two", NUMBER)
    assert [name for name in ("one", "two") if network.machines[name].server_state("s") is AsState.ACTIVE] == ["two"]
    states = [message.number(Tag.STATUS) for message in sent(network, "sg", Type.NTFY)]
    assert Status.ALTERNATE_ASP_ACTIVE in states
    network.fail("two")
    network.run(1)
    network.bring_up("one", NUMBER)


def test_application_servers_share():
    network = IuaNetwork("one", "two", mode=TrafficMode.LOADSHARE)
    used = set()
    for interface in INTERFACES:
        for name in ("one", "two"):
            network.machines[name].link(interface).establish(network.now)
        network.run(2)
        network.far[interface].data(SETUP, network.now)
        network.run(1)
        used |= {item.association for name, item in network.sent if Message.parse(item.octets).type == 0x0502}
    assert used == {"one", "two"}


def raw(network, kind, *parameters, stream=0):
    network.machines["sg"].receive("asp", Message(kind, parameters).encode(), stream, network.now)
    network.run(0.1)


def test_messages_before_the_server_is_active():
    network = IuaNetwork("asp", connect=False)
    network.machines["sg"].connected("asp", 0.0, 4)
    about = (interface_name(NUMBER), Dlci().encode())
    raw(network, Type.QPTM_ESTABLISH_REQUEST, *about)
    raw(network, Type.ASPUP)
    raw(network, Type.QPTM_ESTABLISH_REQUEST, *about)
    assert errors(network) == [ErrorCode.UNEXPECTED_MESSAGE] * 2
    assert network.links[NUMBER].state is DOWN


@pytest.mark.parametrize(
    ("kind", "parameters", "code"),
    [
        (Type.QPTM_DATA_INDICATION, (Dlci().encode(), Parameter(Tag.QPTM_PROTOCOL_DATA, SETUP)), 6),
        (Type.QPTM_DATA_REQUEST, (Dlci(16, 0).encode(), Parameter(Tag.QPTM_PROTOCOL_DATA, SETUP)), 11),
        (Type.QPTM_DATA_REQUEST, (Dlci(0, 1).encode(), Parameter(Tag.QPTM_PROTOCOL_DATA, SETUP)), 10),
        (Type.QPTM_DATA_REQUEST, (Dlci().encode(), Parameter(Tag.QPTM_PROTOCOL_DATA, bytes(261))), 7),
        (Type.QPTM_DATA_REQUEST, (Dlci().encode(), Parameter(Tag.QPTM_PROTOCOL_DATA, b"")), 7),
        (Type.QPTM_DATA_REQUEST, (Dlci().encode(),), 7),
        (Type.QPTM_ESTABLISH_REQUEST, (), 7),
        (Type.MAUP_DATA, (), 3),
        (0x050F, (), 4),
        (0x0005, (Dlci().encode(),), 4),
    ],
)
def test_odd_messages(kind, parameters, code):
    network = IuaNetwork("asp")
    raw(network, kind, interface_name(NUMBER), *parameters, stream=1)
    assert errors(network) == [code]


def test_interfaces_that_are_not_there():
    network = IuaNetwork("asp")
    raw(network, Type.QPTM_ESTABLISH_REQUEST, interface_name(77), Dlci().encode())
    raw(network, Type.QPTM_ESTABLISH_REQUEST, interface_name("x"), Dlci().encode())
    assert errors(network) == [ErrorCode.INVALID_INTERFACE_ID] * 2


def test_a_traffic_mode_that_is_not_ours():
    network = IuaNetwork("asp", connect=False)
    network.machines["sg"].connected("asp", 0.0, 4)
    raw(network, Type.ASPUP)
    raw(network, Type.ASPAC, Parameter.number(Tag.TRAFFIC_MODE, TrafficMode.LOADSHARE))
    assert errors(network) == [ErrorCode.UNSUPPORTED_TRAFFIC_MODE]


def test_tei_status():
    network = IuaNetwork("asp")
    for kind in (Type.TEI_STATUS_REQUEST, Type.TEI_QUERY):
        for dlci in (Dlci(), Dlci(0, 5)):
            raw(network, kind, interface_name(NUMBER), dlci.encode())
    confirmed = [
        (Dlci.parse(message.require(Tag.DLCI)).tei, message.number(Tag.TEI_STATUS))
        for message in sent(network, "sg", Type.TEI_STATUS_CONFIRM)
    ]
    assert confirmed == [(0, 0), (5, 1)]
    indicated = sent(network, "sg", Type.TEI_STATUS_INDICATION)
    assert [Dlci.parse(message.require(Tag.DLCI)) for message in indicated] == [Dlci()] * 2


def test_a_gateway_without_a_tei():
    network = IuaNetwork("asp")
    network.bring_up("asp", NUMBER)
    network.heard("asp", NUMBER)
    parts = (interface_name(NUMBER), Dlci().encode(), Parameter.number(Tag.TEI_STATUS, 1))
    network.machines["asp"].receive("asp", Message(Type.TEI_STATUS_INDICATION, parts).encode(), 0, network.now)
    assert network.heard("asp", NUMBER) == [Released(False)]


def test_an_establishment_without_answer_is_asked_for_again():
    network = IuaNetwork("asp")
    network.drop = lambda sender, item: sender == "asp" and Message.parse(item.octets).type == 0x0505
    link = network.machines["asp"].link(NUMBER)
    link.establish(network.now)
    network.run(11)
    assert len(sent(network, "asp", Type.QPTM_ESTABLISH_REQUEST)) == 3
    network.drop = lambda sender, item: False
    network.run(6)
    assert link.state is UP


def test_peers_need_a_gateway():
    with pytest.raises(ConfigurationError, match="no peers without"):
        Iua([AssociationConfiguration("x", Role.IPSP)], [IuaServer(name="s", associations=["x"], interfaces=[1])])


PARAMETERS = st.builds(
    Parameter,
    st.sampled_from(list(Tag)),
    st.one_of(st.binary(max_size=12), st.sampled_from([b"\0\0\0\1", b"\0\1\0\0", b"\0\0\0\0", b"two", SETUP])),
)
MESSAGES = st.builds(Message, st.sampled_from(list(IUA_FORMS)), st.lists(PARAMETERS, max_size=5).map(tuple))


@given(st.lists(st.tuples(st.sampled_from(["asp", "sg"]), st.one_of(MESSAGES.map(Message.encode), st.binary()))))
@settings(max_examples=60, deadline=None)
def test_nothing_a_peer_says_is_too_odd(items):
    """Whatever comes, no error escapes, ERR has only codes of RFC 4233, and service is there afterwards."""
    network = IuaNetwork("asp")
    for name, octets in items:
        network.machines[name].receive("asp", octets, 0, network.now)
        network.drain()
    network.run(1)
    assert set(errors(network)) <= IUA_ERRORS
    network.fail("asp")
    network.run(30)
    network.repair("asp")
    network.run(25)
    link, _ = network.bring_up("asp", NUMBER)
    assert link.state is UP


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_losses_of_the_association_never_leave_a_link_stuck(data):
    network = IuaNetwork("asp")
    link = network.machines["asp"].link(NUMBER)
    link.establish(network.now)
    for _ in range(data.draw(st.integers(1, 6))):
        network.run(data.draw(st.floats(0, 4)))
        if "asp" in network.up:
            network.fail("asp")
        else:
            network.repair("asp")
        if data.draw(st.booleans()) and link.state is DOWN:
            link.establish(network.now)
    if "asp" not in network.up:
        network.repair("asp")
    network.run(10)
    if link.state is DOWN:
        link.establish(network.now)
        network.run(10)
    assert link.state is UP
    assert network.links[NUMBER].state is UP
