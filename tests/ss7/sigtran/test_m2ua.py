"""M2UA: application server and gateway back to back, the gateway's links real; odd messages."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sigtran_network import SigtranNetwork
from support.sigtran_vectors import captured

from tandem.core.errors import ConfigurationError
from tandem.core.sigtran.codes import ErrorCode, Tag, TrafficMode, Type
from tandem.core.sigtran.common import Message, Parameter, encode_message
from tandem.core.sigtran.configuration import AssociationConfiguration, Role
from tandem.core.sigtran.primitives import SendMessage
from tandem.ss7.mtp2.primitives import (
    LinkCongested,
    LinkCongestionCeased,
    LinkInService,
    LinkOutOfService,
    LinkState,
    MessageReceived,
    RemoteProcessorOutage,
    RetrievedBsnt,
    RetrievedMessages,
)
from tandem.ss7.sigtran.m2ua import M2ua
from tandem.ss7.sigtran.m2ua_configuration import M2uaServer
from tandem.ss7.sigtran.m2ua_links import LinkRequest, Request
from tandem.ss7.sigtran.messages import M2UA_FORMS

MSU = b"\x85\0\0"
INTERFACES = (1, 2, "three")


def machine(role, *associations, interfaces=INTERFACES, **settings):
    links = [AssociationConfiguration(name, role) for name in associations]
    return M2ua(links, [M2uaServer(name="s", associations=associations, interfaces=interfaces, **settings)])


def network(*asps, **settings):
    found = SigtranNetwork()
    for name in asps:
        found.add(name, machine(Role.ASP, name, **settings))
    found.add("sg", machine(Role.SGP, *asps, **settings))
    for name in asps:
        found.join(name, name, "sg")
        found.run(1)
    return found


def start(found, asp, interface):
    """Start a link and let the gateway's level 2 say that it is in service."""
    found.machines[asp].link(interface).start(found.now)
    found.drain()
    found.run(0.5)
    assert found.take("sg", LinkRequest)[-1] == LinkRequest(interface, Request.START)
    found.machines["sg"].link_indication(interface, LinkInService(), found.now)
    found.drain()
    found.run(0.5)
    assert found.machines[asp].link(interface).outputs() == [LinkInService()]


@pytest.mark.parametrize("interface", INTERFACES)
def test_a_link_is_established_and_carries_messages(interface):
    found = network("asp")
    start(found, "asp", interface)
    link = found.machines["asp"].link(interface)
    link.send(MSU, found.now)
    found.drain()
    found.machines["sg"].link_indication(interface, MessageReceived(MSU + b"x"), found.now)
    found.drain()
    found.run(0.5)
    assert found.take("sg", LinkRequest) == [LinkRequest(interface, Request.SEND, MSU)]
    assert link.outputs() == [MessageReceived(MSU + b"x")]
    link.stop(found.now)
    found.drain()
    found.run(0.5)
    assert found.take("sg", LinkRequest) == [LinkRequest(interface, Request.STOP)]
    assert link.outputs() == []


@pytest.mark.parametrize("msu", [MSU, MSU + bytes(80)])
def test_japan_has_the_length_indicator_before_messages(msu):
    found = network("asp", length_indicator=True)
    interface = INTERFACES[0]
    start(found, "asp", interface)
    link = found.machines["asp"].link(interface)
    link.send(msu, found.now)
    found.machines["sg"].link_indication(interface, MessageReceived(msu), found.now)
    found.drain()
    found.run(0.5)
    assert found.take("sg", LinkRequest) == [LinkRequest(interface, Request.SEND, msu)]
    assert link.outputs() == [MessageReceived(msu)]
    sent = [Message.parse(item.octets) for _, item in found.sent]
    data = [message.require(Tag.PROTOCOL_DATA_2).value for message in sent if message.type == Type.MAUP_DATA]
    assert data == [bytes([min(len(msu), 63)]) + msu] * 2


def test_what_level_2_says_reaches_level_3():
    found = network("asp")
    start(found, "asp", 1)
    link, gateway = found.machines["asp"].link(1), found.machines["sg"]
    for indication in (
        RemoteProcessorOutage(),
        RetrievedBsnt(5),
        RetrievedMessages((MSU, MSU)),
        LinkOutOfService("test"),
    ):
        gateway.link_indication(1, indication, found.now)
    found.drain()
    found.run(0.5)
    said = link.outputs()
    assert said[:3] == [RemoteProcessorOutage(), RetrievedBsnt(5), RetrievedMessages((MSU, MSU))]
    assert isinstance(said[3], LinkOutOfService)


def test_the_level_of_congestion_reaches_level_3():
    found = network("asp")
    start(found, "asp", INTERFACES[0])
    for told in (LinkCongested(), LinkCongested(3), LinkCongestionCeased()):
        found.machines["sg"].link_indication(INTERFACES[0], told, found.now)
        found.drain()
        found.run(0.5)
        assert found.machines["asp"].link(INTERFACES[0]).outputs() == [told]


def test_what_level_3_asks_reaches_level_2():
    found = network("asp")
    link = found.machines["asp"].link(1)
    link.set_emergency(True, found.now)
    link.local_processor_outage(found.now)
    link.set_busy(True, found.now)
    link.retrieve_bsnt(found.now)
    link.retrieval_request(9, found.now)
    found.drain()
    found.run(0.5)
    assert [(item.request, item.fsnc) for item in found.take("sg", LinkRequest)] == [
        (Request.EMERGENCY, None),
        (Request.OUTAGE, None),
        (Request.BUSY, None),
        (Request.RETRIEVE_BSN, None),
        (Request.RETRIEVE_MESSAGES, 9),
    ]


def test_loss_of_the_association_fails_links_at_both_ends():
    found = network("asp")
    start(found, "asp", 1)
    found.fail("asp")
    assert isinstance(found.machines["asp"].link(1).outputs()[0], LinkOutOfService)
    found.run(5)
    assert found.take("sg", LinkRequest) == [LinkRequest(1, Request.STOP)]
    found.machines["asp"].link(1).start(found.now)
    found.repair("asp")
    found.run(1)
    assert found.take("sg", LinkRequest) == [LinkRequest(1, Request.START)]


def test_a_gateway_that_does_not_establish():
    found = network("asp", establish=10.0)
    link = found.machines["asp"].link(1)
    link.start(found.now)
    found.drain()
    found.run(11)
    assert link.outputs() == [LinkOutOfService("the gateway does not establish the link")]


def test_another_asp_takes_over_within_recovery():
    found = network("one", "two", mode=TrafficMode.OVERRIDE)
    found.machines["two"].link(1).start(found.now)  # two was last to be active
    found.drain()
    found.run(0.5)
    found.machines["sg"].link_indication(1, LinkInService(), found.now)
    found.drain()
    found.run(0.5)
    found.take("sg")
    found.machines["one"].link(1).start(found.now)
    found.fail("two")
    found.run(1)
    assert found.take("sg", LinkRequest) == []
    assert found.machines["one"].link(1).outputs() == [LinkInService()]


def test_data_acknowledgement():
    gateway = active(Role.SGP)
    parts = [Parameter.number(Tag.INTERFACE_ID, 1), Parameter.number(Tag.CORRELATION_ID, 8)]
    gateway.receive("x", encode_message(Type.MAUP_DATA, [*parts, Parameter(Tag.PROTOCOL_DATA_1, MSU)]), 1, 1.0)
    outputs = gateway.outputs()
    assert LinkRequest(1, Request.SEND, MSU) in outputs
    (answer,) = [Message.parse(output.octets) for output in outputs if isinstance(output, SendMessage)]
    assert (answer.type, answer.number(Tag.CORRELATION_ID)) == (Type.DATA_ACK, 8)


@pytest.mark.parametrize("item", captured(2), ids=lambda item: item.capture)
def test_captured_data_is_delivered(item):
    interface = Message.parse(item.octets).number(Tag.INTERFACE_ID)
    asp = active(Role.ASP, interfaces=(0 if interface is None else interface,))
    asp.receive("x", item.octets, item.stream, 1.0)
    (message,) = asp.link(interface or 0).outputs()
    data = Message.parse(item.octets).get(Tag.PROTOCOL_DATA_1)
    if data is not None:
        assert message.msu == data.value
    else:  # TTC: the length indicator comes first
        assert message.msu == Message.parse(item.octets).require(Tag.PROTOCOL_DATA_2).value[1:]


def active(role, **settings):
    found = machine(role, "x", **settings)
    found.connected("x", 0.0, 3)
    for kind in (Type.ASPUP_ACK, Type.ASPAC_ACK) if role is Role.ASP else (Type.ASPUP, Type.ASPAC):
        found.receive("x", encode_message(kind, []), 0, 0.0)
    found.outputs()
    return found


def errors(found):
    messages = [Message.parse(output.octets) for output in found.outputs() if isinstance(output, SendMessage)]
    return [message.number(Tag.ERROR_CODE) for message in messages if message.type == Type.ERR]


def number(tag, *values):
    return Parameter.number(tag, *values)


ONE = number(Tag.INTERFACE_ID, 1)
ODD = {
    "interface": (Type.ESTABLISH_REQUEST, [number(Tag.INTERFACE_ID, 9)], ErrorCode.INVALID_INTERFACE_ID),
    "text": (Type.ESTABLISH_REQUEST, [Parameter(Tag.INTERFACE_ID_TEXT, b"\xff")], ErrorCode.INVALID_INTERFACE_ID),
    "no interface": (Type.MAUP_DATA, [Parameter(Tag.PROTOCOL_DATA_1, MSU)], ErrorCode.INVALID_INTERFACE_ID),
    "missing interface": (Type.ESTABLISH_REQUEST, [], ErrorCode.MISSING_PARAMETER),
    "short data": (Type.MAUP_DATA, [ONE, Parameter(Tag.PROTOCOL_DATA_1, b"\x85")], ErrorCode.PARAMETER_FIELD_ERROR),
    "state": (Type.STATE_REQUEST, [ONE, number(Tag.STATE_REQUEST, 11)], ErrorCode.INVALID_PARAMETER_VALUE),
    "action": (Type.RETRIEVAL_REQUEST, [ONE, number(Tag.ACTION, 3)], ErrorCode.INVALID_PARAMETER_VALUE),
    "confirm": (Type.ESTABLISH_CONFIRM, [ONE], ErrorCode.UNEXPECTED_MESSAGE),
    "registration": (Type.IIM_REG_REQ, [Parameter(Tag.LINK_KEY, b"")], ErrorCode.UNSUPPORTED_CLASS),
    "M3UA": (Type.DATA, [Parameter(Tag.PROTOCOL_DATA, bytes(12))], ErrorCode.UNSUPPORTED_CLASS),
    "activation": (Type.ASPAC, [number(Tag.INTERFACE_ID, 9)], ErrorCode.INVALID_INTERFACE_ID),
    "range": (Type.ASPAC, [number(Tag.INTERFACE_ID_RANGE, 1)], ErrorCode.PARAMETER_FIELD_ERROR),
    "empty range": (Type.ASPAC, [number(Tag.INTERFACE_ID_RANGE, 7, 9)], ErrorCode.INVALID_INTERFACE_ID),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_messages_get_the_error_of_the_rfc(name):
    kind, parts, code = ODD[name]
    gateway = active(Role.SGP)
    gateway.receive("x", encode_message(kind, parts), 0, 1.0)
    assert errors(gateway) == [code]


def test_activation_by_ranges_and_texts():
    gateway = machine(Role.SGP, "x")
    gateway.connected("x", 0.0)
    gateway.receive("x", encode_message(Type.ASPUP, []), 0, 0.0)
    for parts in ([number(Tag.INTERFACE_ID_RANGE, 0, 5)], [Parameter(Tag.INTERFACE_ID_TEXT, b"three")]):
        gateway.receive("x", encode_message(Type.ASPAC, parts), 0, 0.0)
        assert errors(gateway) == []
    assert gateway.peers["x"].server.active == {"s"}


GOOD = {
    Type.ERR: [number(Tag.ERROR_CODE, 6)],
    Type.NTFY: [number(Tag.STATUS, 0x10004)],
    Type.MAUP_DATA: [ONE, Parameter(Tag.PROTOCOL_DATA_1, MSU)],
    Type.DATA_ACK: [ONE, number(Tag.CORRELATION_ID, 1)],
    Type.STATE_REQUEST: [ONE, number(Tag.STATE_REQUEST, 0)],
    Type.STATE_CONFIRM: [ONE, number(Tag.STATE_REQUEST, 0)],
    Type.STATE_INDICATION: [ONE, number(Tag.STATE_EVENT, 1)],
    Type.CONGESTION_INDICATION: [ONE, number(Tag.CONGESTION_STATUS, 1)],
    Type.RETRIEVAL_REQUEST: [ONE, number(Tag.ACTION, 1)],
    Type.RETRIEVAL_CONFIRM: [ONE, number(Tag.ACTION, 1), number(Tag.RETRIEVAL_RESULT, 0)],
    Type.RETRIEVAL_INDICATION: [ONE, Parameter(Tag.PROTOCOL_DATA_1, MSU)],
    Type.IIM_REG_REQ: [Parameter(Tag.LINK_KEY, b"")],
    Type.IIM_REG_RSP: [Parameter(Tag.LK_REGISTRATION_RESULT, b"")],
    Type.IIM_DEREG_RSP: [Parameter(Tag.LK_DEREGISTRATION_RESULT, b"")],
    **{
        kind: [ONE]
        for kind in (
            Type.ESTABLISH_REQUEST,
            Type.ESTABLISH_CONFIRM,
            Type.RELEASE_REQUEST,
            Type.RELEASE_CONFIRM,
            Type.RELEASE_INDICATION,
            Type.RETRIEVAL_COMPLETE,
            Type.IIM_DEREG_REQ,
        )
    },
}
FROM_ASP = {Type.ESTABLISH_REQUEST, Type.RELEASE_REQUEST, Type.STATE_REQUEST, Type.RETRIEVAL_REQUEST}
BOTH = {Type.MAUP_DATA, Type.DATA_ACK}
MAUP = {kind for kind in M2UA_FORMS if kind >> 8 == 6}


@pytest.mark.parametrize(("role", "up"), list(itertools.product([Role.ASP, Role.SGP], [False, True])))
def test_every_message_in_every_state(role, up):
    for kind in MAUP | {kind for kind in M2UA_FORMS if kind >> 8 == 10}:
        found = active(role) if up else machine(role, "x")
        if not up:
            found.connected("x", 0.0, 3)
            found.outputs()
        found.receive("x", encode_message(kind, GOOD[kind]), 1, 1.0)
        codes = errors(found)
        if kind not in MAUP:
            assert codes == [ErrorCode.UNSUPPORTED_CLASS], kind.name
        elif kind not in BOTH and (kind in FROM_ASP) is (role is Role.ASP):
            assert codes == [ErrorCode.UNEXPECTED_MESSAGE], kind.name
        else:
            assert codes == ([] if up or role is Role.ASP else [ErrorCode.UNEXPECTED_MESSAGE]), kind.name


@st.composite
def mutated(draw):
    kind = draw(st.sampled_from(list(M2UA_FORMS)))
    octets = bytearray(encode_message(kind, GOOD.get(kind, [])))
    for position, value in draw(st.lists(st.tuples(st.integers(0, len(octets) - 1), st.integers(0, 255)), max_size=4)):
        octets[position] = value
    return bytes(octets)


@settings(max_examples=150)
@given(st.sampled_from([Role.ASP, Role.SGP]), st.lists(st.one_of(mutated(), st.binary(max_size=64)), max_size=12))
def test_any_octets_give_outputs_and_a_machine_that_still_works(role, messages):
    found = active(role)
    if role is Role.ASP:
        found.link(1).start(0.0)
    for octets in messages:
        found.receive("x", octets, 1, 1.0)
        assert len(found.outputs()) < 50
    found.disconnected("x", 100.0)
    found.handle_timers(200.0)
    assert found.next_deadline() is None
    if role is Role.ASP:
        assert found.link(1).state is LinkState.OUT_OF_SERVICE


def test_configuration_mistakes():
    with pytest.raises(ConfigurationError, match="peers without"):
        machine(Role.IPSP, "x")
    servers = [M2uaServer(name=name, associations=["x"], interfaces=[1]) for name in "ab"]
    with pytest.raises(ConfigurationError, match="two application servers"):
        M2ua([AssociationConfiguration("x")], servers)
