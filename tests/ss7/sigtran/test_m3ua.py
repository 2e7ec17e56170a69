"""M3UA: gateway and ASPs, peers, takeovers, network management, registration, odd messages."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sigtran_network import SigtranNetwork

from tandem.core.errors import ConfigurationError
from tandem.core.sigtran.codes import ErrorCode, RegistrationStatus, Status, Tag, TrafficMode, Type, UnavailabilityCause
from tandem.core.sigtran.common import Message, Parameter, encode_message
from tandem.core.sigtran.configuration import AssociationConfiguration, Role, Timers
from tandem.core.sigtran.primitives import AsState, AsStateChanged, CloseAssociation, SendMessage
from tandem.ss7.mtp3.primitives import (
    PauseIndication,
    ResumeIndication,
    StatusCause,
    StatusIndication,
    TransferIndication,
    TransferRequest,
)
from tandem.ss7.sigtran.m3ua import M3ua
from tandem.ss7.sigtran.m3ua_configuration import M3uaServer
from tandem.ss7.sigtran.m3ua_destinations import DestinationState
from tandem.ss7.sigtran.messages import M3UA_FORMS
from tandem.ss7.sigtran.parameters import (
    AffectedPointCode,
    ProtocolData,
    RoutingKey,
    affected,
    parse_routing_key,
    registration_result,
)

ASP, SG = 100, 200
"""Point codes."""
USER = (TransferIndication, PauseIndication, ResumeIndication, StatusIndication)


def asp(*associations, **settings):
    """An ASP with point code 100 that reaches 200."""
    timers = settings.pop("timers", Timers())
    links = [
        association if isinstance(association, AssociationConfiguration) else AssociationConfiguration(association)
        for association in associations
    ]
    server = M3uaServer(
        name="as",
        associations=[link.name for link in links],
        **{"point_code": ASP, "destinations": (SG,), "routing_context": 7, **settings},
    )
    return M3ua(links, [server], timers)


def sgp(*associations, role=Role.SGP, **settings):
    """A gateway with point code 200 that serves 100."""
    timers = settings.pop("timers", Timers())
    links = [AssociationConfiguration(name, role=role) for name in associations]
    defaults = {"point_code": SG, "destinations": (ASP,), "routing_context": 7}
    return M3ua(links, [M3uaServer(name="as", associations=associations, **{**defaults, **settings})], timers)


def gateway_pair(connect=True, **settings):
    network = SigtranNetwork(skew=settings.pop("skew", 0.0))
    network.add("asp", asp("x", **settings))
    network.add("sg", sgp("x", **settings))
    for machine in network.machines.values():
        machine.start(0.0)
    network.drain()
    network.join("x", "asp", "sg", connect)
    return network


def request(dpc, sls=0, data=b"\x01\x00\x10", service=5, opc=None):
    return TransferRequest(service, dpc, sls, data, opc)


def data(octets, *more, opc=SG, dpc=ASP, context=7):
    parts = [] if context is None else [Parameter.number(Tag.ROUTING_CONTEXT, context)]
    value = ProtocolData(opc, dpc, 5, 2, 0, 1, octets).encode()
    return encode_message(Type.DATA, [*parts, *more, Parameter(Tag.PROTOCOL_DATA, value)])


def answers(machine):
    return [Message.parse(output.octets) for output in machine.outputs() if isinstance(output, SendMessage)]


def errors(machine):
    return [message.number(Tag.ERROR_CODE) for message in answers(machine) if message.type == Type.ERR]


# Coming up, traffic, going down


def test_asp_comes_up_and_messages_flow_both_ways():
    network = gateway_pair(timers=Timers(audit=0))
    assert network.take("asp", *USER) == [PauseIndication(SG)]
    network.run(1)
    assert network.names() == [
        "asp: ASPUP",
        "sg: ASPUP_ACK",
        "sg: NTFY",
        "asp: ASPAC",
        "sg: ASPAC_ACK",
        "sg: NTFY",
    ]
    statuses = [Message.parse(item.octets).number(Tag.STATUS) for _, item in network.sent]
    assert [status for status in statuses if status] == [Status.AS_INACTIVE, Status.AS_ACTIVE]
    assert network.take("asp", *USER) == [ResumeIndication(SG)]
    assert network.take("sg", *USER) == [PauseIndication(ASP), ResumeIndication(ASP)]
    network.machines["asp"].transfer(request(SG, 5, b"from asp"), network.now)
    network.machines["sg"].transfer(request(ASP, 3, b"from sg"), network.now)
    network.drain()
    network.run(1)
    assert network.take("sg", *USER) == [TransferIndication(5, ASP, SG, 5, b"from asp")]
    assert network.take("asp", *USER) == [TransferIndication(5, SG, ASP, 3, b"from sg")]
    assert [(item.stream, item.ppid) for _, item in network.sent[-2:]] == [(1 + 5 % 3, 3), (1 + 3 % 3, 3)]


def test_messages_of_one_sls_share_a_stream_and_none_uses_stream_zero():
    network = gateway_pair()
    network.run(1)
    start = len(network.sent)
    for sls in (*range(16), *range(16)):
        network.machines["asp"].transfer(request(SG, sls), network.now)
    network.drain()
    streams = [item.stream for _, item in network.sent[start:]]
    assert streams[:16] == streams[16:]
    assert set(streams) == {1, 2, 3}


def test_one_stream_carries_everything():
    machine = asp("x")
    machine.connected("x", 0.0, streams=1)
    machine.receive("x", encode_message(Type.ASPUP_ACK, []), 0, 0.0)
    machine.receive("x", encode_message(Type.ASPAC_ACK, []), 0, 0.0)
    machine.transfer(request(SG, 5), 0.0)
    assert {output.stream for output in machine.outputs() if isinstance(output, SendMessage)} == {0}


def test_requests_are_repeated_until_acknowledged():
    network = gateway_pair(connect=False, timers=Timers(beat=0))
    network.drop = lambda sender, message: network.now < 5
    network.repair("x")
    network.run(20)
    assert network.names().count("asp: ASPUP") == 4
    assert network.take("asp", *USER)[-1] == ResumeIndication(SG)


def test_loss_of_the_association_pauses_and_its_return_resumes():
    network = gateway_pair()
    network.run(1)
    network.take("asp")
    network.take("sg")
    network.fail("x")
    assert network.take("asp", *USER) == [PauseIndication(SG)]
    assert network.take("sg", *USER, AsStateChanged) == [AsStateChanged("as", AsState.PENDING)]
    network.run(1.9)
    assert network.take("sg", *USER) == []
    network.run(0.2)
    assert network.take("sg", *USER) == [PauseIndication(ASP)]
    network.repair("x")
    network.run(1)
    assert network.take("asp", *USER) == [ResumeIndication(SG)]
    assert network.take("sg", *USER) == [ResumeIndication(ASP)]


def test_messages_wait_while_the_server_is_pending():
    network = gateway_pair()
    network.run(1)
    network.fail("x")
    network.take("asp")
    for number in range(5):
        network.machines["sg"].transfer(request(ASP, 1, bytes([number])), network.now)
    network.repair("x")
    network.run(1)
    assert [item.data for item in network.take("asp", TransferIndication)] == [bytes([number]) for number in range(5)]


def test_waiting_messages_are_bounded_and_given_up_after_recovery():
    network = gateway_pair(pending_messages=3)
    network.run(1)
    network.fail("x")
    for number in range(5):
        network.machines["sg"].transfer(request(ASP, 1, bytes([number])), network.now)
    network.run(5)
    network.take("asp")
    network.repair("x")
    network.run(1)
    assert network.take("asp", TransferIndication) == []
    assert network.machines["sg"]._servers["as"].discarded == 5


def test_messages_that_overtake_the_acknowledgement_are_not_lost():
    network = gateway_pair(skew=0.5)
    network.run(0.8)
    while network.machines["sg"].server_state("as") is not AsState.ACTIVE:
        network.run(0.01)
    network.machines["sg"].transfer(request(ASP, 1, b"early"), network.now)
    network.drain()
    network.run(0.1)
    assert network.machines["asp"].server_state("as") is not AsState.ACTIVE
    assert [item.data for item in network.take("asp", TransferIndication)] == [b"early"]


def test_stop_takes_the_asp_down():
    network = gateway_pair()
    network.run(1)
    network.machines["asp"].stop(network.now)
    network.drain()
    network.run(10)
    assert network.machines["sg"].server_state("as") is AsState.DOWN
    assert "asp: ASPDN" in network.names()
    assert network.take("asp", *USER)[-1] == PauseIndication(SG)


def test_no_route_is_counted():
    machine = asp("x")
    machine.transfer(request(999), 0.0)
    machine.transfer(request(SG), 0.0)
    assert machine.counters["no route"] == 2
    assert machine.outputs() == []


# Peers without a gateway


@pytest.mark.parametrize("initiative", ["one", "both"])
def test_single_exchange_between_peers(initiative):
    network = SigtranNetwork()
    common = {"destinations": (SG,), "point_code": ASP, "routing_context": 7}
    network.add(
        "a", M3ua([AssociationConfiguration("x", Role.IPSP)], [M3uaServer(name="as", associations="x", **common)])
    )
    common = {"destinations": (ASP,), "point_code": SG, "routing_context": 7}
    second = AssociationConfiguration("x", Role.IPSP, initiate=initiative == "both")
    network.add("b", M3ua([second], [M3uaServer(name="as", associations="x", **common)]))
    network.join("x", "a", "b")
    network.run(1)
    assert network.names().count("b: ASPAC") == (initiative == "both")
    assert not any("NTFY" in name for name in network.names())
    network.machines["a"].transfer(request(SG, data=b"a"), network.now)
    network.machines["b"].transfer(request(ASP, data=b"b"), network.now)
    network.drain()
    network.run(1)
    assert [item.data for item in network.take("b", TransferIndication)] == [b"a"]
    assert [item.data for item in network.take("a", TransferIndication)] == [b"b"]


def test_double_exchange_needs_both():
    network = SigtranNetwork()
    network.add("a", sgp("x", role=Role.IPSP_DOUBLE, point_code=ASP, destinations=(SG,)))
    network.add("b", sgp("x", role=Role.IPSP_DOUBLE))
    network.drop = lambda sender, message: sender == "b" and Message.parse(message.octets).type == Type.ASPAC
    network.join("x", "a", "b")
    network.run(1)
    assert network.machines["a"].server_state("as") is AsState.INACTIVE
    assert network.machines["b"].server_state("as") is AsState.ACTIVE
    network.drop = lambda sender, message: False
    network.run(3)
    assert network.machines["a"].server_state("as") is AsState.ACTIVE
    network.machines["a"].transfer(request(SG, data=b"a"), network.now)
    network.drain()
    network.run(1)
    assert [item.data for item in network.take("b", TransferIndication)] == [b"a"]


def test_a_peer_of_a_single_exchange_that_goes_down_is_asked_again_later():
    machine = M3ua(
        [AssociationConfiguration("x", Role.IPSP)],
        [M3uaServer(name="as", associations=("x",), destinations=(SG,), point_code=ASP)],
        Timers(beat=0),
    )
    machine.connected("x", 0.0)
    for kind in (Type.ASPUP_ACK, Type.ASPAC_ACK):
        machine.receive("x", encode_message(kind, []), 0, 0.1)
    machine.receive("x", encode_message(Type.ASPUP, []), 0, 0.2)
    machine.receive("x", encode_message(Type.ASPDN, []), 0, 0.3)
    machine.outputs()
    machine.handle_timers(10.0)
    assert answers(machine) == []
    machine.handle_timers(30.0)
    assert [message.name for message in answers(machine)] == ["ASPUP"]


# Several ASPs


def triangle(mode, **settings):
    """Two ASP processes, `one` and `two`, of the server behind one gateway."""
    network = SigtranNetwork()
    for name in ("one", "two"):
        network.add(name, asp(name, mode=mode, **settings))
    network.add("sg", sgp("one", "two", mode=mode, **settings))
    for name in ("one", "two"):
        network.join(name, name, "sg")
        network.run(1)
    for name in network.said:
        network.take(name)
    return network


def delivered(network, count=16):
    for number in range(count):
        network.machines["sg"].transfer(request(ASP, number % 16, bytes([number])), network.now)
    network.drain()
    network.run(1)
    return [[item.data[0] for item in network.take(name, TransferIndication)] for name in ("one", "two")]


def test_override_gives_all_to_the_last_and_tells_the_first():
    network = triangle(TrafficMode.OVERRIDE)
    assert delivered(network) == [[], list(range(16))]
    told = [Message.parse(item.octets).number(Tag.STATUS) for _, item in network.sent if item.association == "one"]
    assert Status.ALTERNATE_ASP_ACTIVE in told
    assert network.names().count("one: ASPAC") == 1  # it does not fight back


def test_override_takes_over_within_recovery_without_loss():
    network = triangle(TrafficMode.OVERRIDE)
    network.fail("two")
    for number in range(5):
        network.machines["sg"].transfer(request(ASP, 1, bytes([number])), network.now)
    network.run(1)
    assert [item.data[0] for item in network.take("one", TransferIndication)] == [0, 1, 2, 3, 4]
    assert network.take("sg", PauseIndication) == []


def test_loadshare_divides_by_sls_and_keeps_its_order():
    network = triangle(TrafficMode.LOADSHARE)
    one, two = delivered(network, 32)
    assert sorted(one + two) == list(range(32))
    assert one == sorted(one)
    assert two == sorted(two)
    assert {number % 16 for number in one}.isdisjoint({number % 16 for number in two})
    network.fail("one")
    assert delivered(network) == [[], list(range(16))]


def test_broadcast_gives_everything_to_everyone():
    network = triangle(TrafficMode.BROADCAST)
    assert delivered(network) == [list(range(16)), list(range(16))]
    numbers = [Message.parse(item.octets).number(Tag.CORRELATION_ID) for _, item in network.sent if item.stream]
    assert len(set(numbers) - {None}) == 16


def test_failure_of_an_asp_is_told_to_the_others():
    network = SigtranNetwork()
    for number, name in enumerate(("one", "two"), 1):
        network.add(name, asp(AssociationConfiguration(name, asp_identifier=number)))
    network.add("sg", sgp("one", "two", required_active=2))
    for name in ("one", "two"):
        network.join(name, name, "sg")
    network.run(1)
    start = len(network.sent)
    network.fail("one")
    told = [Message.parse(item.octets) for _, item in network.sent[start:] if item.association == "two"]
    assert [(message.number(Tag.STATUS), message.number(Tag.ASP_IDENTIFIER)) for message in told] == [
        (Status.ASP_FAILURE, 1)
    ]


def test_a_server_is_active_only_with_as_many_asps_as_it_needs():
    network = SigtranNetwork()
    for name in ("one", "two"):
        network.add(name, asp(name))
    network.add("sg", sgp("one", "two", required_active=2))
    network.join("one", "one", "sg")
    network.join("two", "two", "sg", connect=False)
    network.run(1)
    assert network.machines["sg"].server_state("as") is AsState.INACTIVE
    network.repair("two")
    network.run(1)
    assert network.machines["sg"].server_state("as") is AsState.ACTIVE
    network.fail("two")
    assert network.machines["sg"].server_state("as") is AsState.ACTIVE


def test_standby_association_is_used_only_while_the_other_is_down():
    network = SigtranNetwork()
    network.add("asp", asp(AssociationConfiguration("first"), AssociationConfiguration("second", standby=True)))
    for name in ("first", "second"):
        network.add(name, sgp(name))
        network.join(name, "asp", name)
    network.run(1)
    assert network.machines["first"].server_state("as") is AsState.ACTIVE
    assert network.machines["second"].server_state("as") is AsState.INACTIVE
    network.fail("first")
    network.run(1)
    assert network.machines["second"].server_state("as") is AsState.ACTIVE
    network.repair("first")
    network.run(5)
    assert network.machines["first"].server_state("as") is AsState.ACTIVE
    assert network.machines["second"].server_state("as") is AsState.INACTIVE


def test_requests_go_to_another_gateway_when_one_cannot_reach_the_destination():
    network = SigtranNetwork()
    network.add("asp", asp("one", "two"))
    for name in ("one", "two"):
        network.add(name, sgp(name))
        network.join(name, "asp", name)
    network.run(1)
    network.take("asp")
    network.machines["one"].destination_status(SG, DestinationState.UNAVAILABLE, network.now)
    network.drain()
    network.run(1)
    assert network.take("asp", *USER) == []
    for sls in range(8):
        network.machines["asp"].transfer(request(SG, sls), network.now)
    network.drain()
    network.run(1)
    assert len(network.take("one", TransferIndication)) == 0
    assert len(network.take("two", TransferIndication)) == 8
    network.machines["two"].destination_status(SG, DestinationState.RESTRICTED, network.now)
    network.drain()
    network.run(1)
    assert network.take("asp", *USER) == []
    network.machines["one"].destination_status(SG, DestinationState.RESTRICTED, network.now)
    network.machines["two"].destination_status(SG, DestinationState.UNAVAILABLE, network.now)
    network.drain()
    network.run(1)
    assert network.take("asp", *USER) == []
    network.machines["one"].destination_status(SG, DestinationState.UNAVAILABLE, network.now)
    network.drain()
    network.run(1)
    assert network.take("asp", *USER) == [PauseIndication(SG)]


# Signalling network management


def test_network_management_reaches_the_user():
    network = gateway_pair(timers=Timers(audit=0))
    network.run(1)
    network.take("asp")
    gateway = network.machines["sg"]
    gateway.destination_status(SG, DestinationState.UNAVAILABLE, network.now)
    gateway.destination_status(SG, DestinationState.UNAVAILABLE, network.now)
    gateway.destination_status(SG, DestinationState.AVAILABLE, network.now, congestion=2)
    gateway.user_unavailable(SG, 5, UnavailabilityCause.UNEQUIPPED, network.now)
    network.drain()
    network.run(1)
    assert network.take("asp", *USER) == [
        PauseIndication(SG),
        ResumeIndication(SG),
        StatusIndication(SG, StatusCause.CONGESTION, level=2),
        StatusIndication(SG, StatusCause.USER_PART_UNEQUIPPED, service=5),
    ]


def test_a_range_of_point_codes_is_understood():
    machine = active_asp()
    machine.receive("x", encode_message(Type.DUNA, [affected(AffectedPointCode(SG & ~7, 3))]), 0, 1.0)
    assert PauseIndication(SG) in machine.outputs()
    machine.receive("x", encode_message(Type.DAVA, [affected(AffectedPointCode(SG & ~7, 2), 9)]), 0, 1.0)
    assert ResumeIndication(SG) in machine.outputs()


def test_audit_is_sent_and_answered():
    network = gateway_pair(timers=Timers(beat=0))
    network.machines["sg"].destination_status(SG, DestinationState.UNAVAILABLE, 0.0, congestion=1)
    network.run(1)
    assert network.take("asp", *USER)[-2:] == [
        PauseIndication(SG),
        StatusIndication(SG, StatusCause.CONGESTION, level=1),
    ]
    network.run(65)
    assert network.names().count("asp: DAUD") == 3
    network.machines["sg"]._network[SG] = (DestinationState.AVAILABLE, 0)  # as if DAVA had been lost
    network.run(30)
    assert network.take("asp", *USER)[-1] == ResumeIndication(SG)
    network.run(100)
    assert network.names().count("asp: DAUD") == 4


def test_audit_of_an_unknown_destination_is_answered_unavailable():
    machine = sgp("x")
    machine.connected("x", 0.0)
    machine.receive("x", encode_message(Type.ASPUP, []), 0, 0.0)
    machine.outputs()
    machine.receive("x", encode_message(Type.DAUD, [affected(AffectedPointCode(4000, 2))]), 0, 0.0)
    (answer,) = answers(machine)
    assert answer.type == Type.DUNA
    assert answer.require(Tag.AFFECTED_POINT_CODE).integer == 2 << 24 | 4000


# Registration


def registered_pair(**more):
    network = SigtranNetwork()
    network.add("asp", asp("x", register=True, routing_context=None, **more))
    network.add("sg", sgp("x", register=True, routing_context=42, **more))
    network.join("x", "asp", "sg")
    network.run(1)
    return network


def test_registration_is_taken_back_on_the_way_down():
    network = registered_pair()
    start = len(network.names())
    network.machines["asp"].stop(network.now)
    network.drain()
    network.run(1)
    told = [name for name in network.names()[start:] if "NTFY" not in name]
    assert told == [
        "asp: ASPIA",
        "sg: ASPIA_ACK",
        "asp: DEREG_REQ",
        "sg: DEREG_RSP",
        "asp: ASPDN",
        "sg: ASPDN_ACK",
    ]
    (request_sent,) = [
        Message.parse(item.octets) for _, item in network.sent if Message.parse(item.octets).type == Type.DEREG_REQ
    ]
    assert request_sent.number(Tag.ROUTING_CONTEXT) == 42
    assert network.machines["sg"].counters["ERR UNEXPECTED_MESSAGE"] == 0
    assert network.machines["asp"].stopped
    network.fail("x")
    network.repair("x")
    network.run(1)
    assert network.machines["asp"].server_state("as") is AsState.ACTIVE, "and it registers anew"


def test_a_gateway_that_does_not_answer_deregistration_is_left_all_the_same():
    network = registered_pair(timers=Timers(beat=0))
    network.drop = lambda sender, message: sender == "sg" and Message.parse(message.octets).type == Type.DEREG_RSP
    network.machines["asp"].stop(network.now)
    network.drain()
    network.run(1)
    assert not network.machines["asp"].stopped
    network.run(2)
    assert network.machines["asp"].stopped
    assert [name for name in network.names() if name in ("asp: DEREG_REQ", "asp: ASPDN")] == [
        "asp: DEREG_REQ",
        "asp: ASPDN",
    ]


def test_routing_key_is_registered_before_activation():
    network = SigtranNetwork()
    network.add("asp", asp("x", register=True, routing_context=None))
    network.add("sg", sgp("x", register=True, routing_context=42))
    network.join("x", "asp", "sg")
    network.run(1)
    names = network.names()
    assert names.index("asp: REG_REQ") < names.index("sg: REG_RSP") < names.index("asp: ASPAC")
    network.machines["asp"].transfer(request(SG), network.now)
    network.drain()
    network.run(1)
    (sent,) = [Message.parse(item.octets) for _, item in network.sent if item.stream and item.association == "x"][-1:]
    assert sent.number(Tag.ROUTING_CONTEXT) == 42
    assert len(network.take("sg", TransferIndication)) == 1


def test_a_gateway_that_knows_only_point_codes_gets_such_a_key():
    """As osmo-stp: service indicators in a routing key are refused with status 9."""
    machine = asp("x", register=True, routing_context=None, services=(5,), timers=Timers(beat=0))
    machine.connected("x", 0.0)
    machine.receive("x", encode_message(Type.ASPUP_ACK, []), 0, 0.0)
    keys = []
    for status in (RegistrationStatus.UNSUPPORTED_KEY_FIELD, RegistrationStatus.UNSUPPORTED_KEY_FIELD):
        (asked,) = [message for message in answers(machine) if message.type == Type.REG_REQ]
        local_id, _, key = parse_routing_key(asked.require(Tag.ROUTING_KEY))
        keys.append(key)
        machine.receive("x", encode_message(Type.REG_RSP, [registration_result(local_id, status, 0)]), 0, 0.0)
    assert [key.services for key in keys] == [(5,), ()]
    assert keys[0].dpcs == keys[1].dpcs
    assert [message for message in answers(machine) if message.type == Type.REG_REQ] == [], "later, if at all"


def test_a_key_that_is_not_provisioned_is_refused_and_tried_again_later():
    network = SigtranNetwork()
    network.add("asp", asp("x", register=True, routing_context=None, timers=Timers(beat=0)))
    network.add("sg", sgp("x", register=True, destinations=(101,), timers=Timers(beat=0)))
    network.join("x", "asp", "sg")
    network.run(50)
    assert network.names().count("asp: REG_REQ") == 3
    assert "asp: ASPAC" not in network.names()


def test_activation_without_registration_is_refused():
    machine = sgp("x", register=True)
    machine.connected("x", 0.0)
    machine.receive("x", encode_message(Type.ASPUP, []), 0, 0.0)
    machine.receive("x", encode_message(Type.ASPAC, []), 0, 0.0)
    assert errors(machine) == [ErrorCode.NO_CONFIGURED_AS]
    machine.receive("x", encode_message(Type.ASPAC, [Parameter.number(Tag.ROUTING_CONTEXT, 7)]), 0, 0.0)
    assert errors(machine) == [ErrorCode.INVALID_ROUTING_CONTEXT]


def test_deregistration():
    machine = sgp("x", register=True)
    machine.connected("x", 0.0)
    machine.receive("x", encode_message(Type.ASPUP, []), 0, 0.0)
    machine.receive("x", encode_message(Type.REG_REQ, [RoutingKey((ASP,)).encode(5)]), 0, 0.0)
    machine.outputs()
    machine.receive("x", encode_message(Type.DEREG_REQ, [Parameter.number(Tag.ROUTING_CONTEXT, 7, 8)]), 0, 0.0)
    (answer,) = answers(machine)
    assert [parameter.value[-1] for parameter in answer.parameters] == [0, 2]


# Odd messages


def active_asp(**settings):
    machine = asp("x", **settings)
    machine.connected("x", 0.0, streams=4)
    for kind in (Type.ASPUP_ACK, Type.ASPAC_ACK):
        machine.receive("x", encode_message(kind, []), 0, 0.0)
    machine.outputs()
    return machine


def inactive_sgp(**settings):
    machine = sgp("x", **settings)
    machine.connected("x", 0.0)
    machine.receive("x", encode_message(Type.ASPUP, []), 0, 0.0)
    machine.outputs()
    return machine


def number(tag, *values):
    return Parameter.number(tag, *values)


ODD_AT_GATEWAY = {
    "version": (b"\x02\x00\x03\x01\x00\x00\x00\x08", ErrorCode.INVALID_VERSION),
    "class": (b"\x01\x00\x07\x01\x00\x00\x00\x08", ErrorCode.UNSUPPORTED_CLASS),
    "MAUP at M3UA": (b"\x01\x00\x06\x01\x00\x00\x00\x08", ErrorCode.UNSUPPORTED_CLASS),
    "type": (b"\x01\x00\x03\x19\x00\x00\x00\x08", ErrorCode.UNSUPPORTED_TYPE),
    "length": (b"\x01\x00\x03\x01\x00\x00\x00\x10", ErrorCode.PARAMETER_FIELD_ERROR),
    "header": (b"\x01\x00\x03", ErrorCode.PROTOCOL_ERROR),
    "parameter length": (b"\x01\x00\x03\x01\x00\x00\x00\x0c\x00\x04\x00\x03", ErrorCode.PARAMETER_FIELD_ERROR),
    "mode": (encode_message(Type.ASPAC, [number(Tag.TRAFFIC_MODE, 1)]), ErrorCode.UNSUPPORTED_TRAFFIC_MODE),
    "context": (encode_message(Type.ASPAC, [number(Tag.ROUTING_CONTEXT, 8)]), ErrorCode.INVALID_ROUTING_CONTEXT),
    "context octets": (
        encode_message(Type.ASPAC, [Parameter(Tag.ROUTING_CONTEXT, b"\0\0\7")]),
        ErrorCode.PARAMETER_FIELD_ERROR,
    ),
    "two modes": (
        encode_message(Type.ASPAC, [number(Tag.TRAFFIC_MODE, 2)] * 2),
        ErrorCode.UNEXPECTED_PARAMETER,
    ),
    "DATA while inactive": (data(b"x", opc=ASP, dpc=SG), ErrorCode.UNEXPECTED_MESSAGE),
    "DATA context": (data(b"x", context=9), ErrorCode.INVALID_ROUTING_CONTEXT),
    "no protocol data": (encode_message(Type.DATA, []), ErrorCode.MISSING_PARAMETER),
    "short protocol data": (
        encode_message(Type.DATA, [Parameter(Tag.PROTOCOL_DATA, b"\0" * 11)]),
        ErrorCode.PARAMETER_FIELD_ERROR,
    ),
    "no point code": (encode_message(Type.DAUD, []), ErrorCode.MISSING_PARAMETER),
    "DUNA at a gateway": (encode_message(Type.DUNA, [affected(1)]), ErrorCode.UNEXPECTED_MESSAGE),
    "DUPU at a gateway": (
        encode_message(Type.DUPU, [affected(1), number(Tag.USER_CAUSE, 5)]),
        ErrorCode.UNEXPECTED_MESSAGE,
    ),
    "acknowledgement at a gateway": (encode_message(Type.ASPUP_ACK, []), ErrorCode.UNEXPECTED_MESSAGE),
    "NTFY at a gateway": (encode_message(Type.NTFY, [number(Tag.STATUS, 0x10003)]), ErrorCode.UNEXPECTED_MESSAGE),
    "REG RSP": (encode_message(Type.REG_RSP, [Parameter(Tag.REGISTRATION_RESULT, b"")]), ErrorCode.UNEXPECTED_MESSAGE),
    "key without identifier": (
        encode_message(Type.REG_REQ, [Parameter(Tag.ROUTING_KEY, b"")]),
        ErrorCode.MISSING_PARAMETER,
    ),
}


@pytest.mark.parametrize("name", ODD_AT_GATEWAY)
def test_odd_messages_get_the_error_of_the_rfc(name):
    octets, code = ODD_AT_GATEWAY[name]
    machine = inactive_sgp()
    machine.receive("x", octets, 0, 1.0)
    (answer,) = answers(machine)
    assert answer.type == Type.ERR
    assert answer.number(Tag.ERROR_CODE) == code
    assert answer.require(Tag.DIAGNOSTIC).value == octets[:40]


def test_management_on_a_data_stream_is_refused():
    machine = inactive_sgp()
    machine.receive("x", encode_message(Type.ASPUP, []), 3, 1.0)
    assert errors(machine) == [ErrorCode.INVALID_STREAM]


def test_errors_repeat_what_they_are_about():
    machine = inactive_sgp()
    machine.receive("x", encode_message(Type.ASPAC, [number(Tag.ROUTING_CONTEXT, 8, 7, 9)]), 0, 1.0)
    refusal, acknowledged = answers(machine)[:2]
    assert refusal.require(Tag.ROUTING_CONTEXT).numbers == (8, 9)
    assert acknowledged.type == Type.ASPAC_ACK
    assert acknowledged.require(Tag.ROUTING_CONTEXT).numbers == (7,)


def test_network_appearance_of_another_network_is_refused():
    machine = active_asp(network_appearance=5)
    machine.receive("x", data(b"x", number(Tag.NETWORK_APPEARANCE, 6)), 1, 1.0)
    (answer,) = answers(machine)
    assert answer.number(Tag.ERROR_CODE) == ErrorCode.INVALID_NETWORK_APPEARANCE
    assert answer.number(Tag.NETWORK_APPEARANCE) == 6
    machine.receive("x", data(b"x", number(Tag.NETWORK_APPEARANCE, 5)), 1, 1.0)
    assert TransferIndication(5, SG, ASP, 1, b"x") in machine.outputs()


def test_an_inactive_asp_discards_data_silently():
    machine = asp("x")
    machine.connected("x", 0.0)
    machine.outputs()
    machine.receive("x", data(b"x"), 1, 1.0)
    assert machine.outputs() == []
    assert machine.counters["DATA while not active"] == 1


def test_data_for_another_point_code_is_not_delivered():
    machine = active_asp()
    machine.receive("x", data(b"x", dpc=ASP + 1), 1, 1.0)
    assert machine.outputs() == []
    assert machine.counters["not for this point code"] == 1


def test_asp_up_while_active_is_acknowledged_and_an_error():
    machine = inactive_sgp()
    machine.receive("x", encode_message(Type.ASPAC, []), 0, 1.0)
    machine.outputs()
    machine.receive("x", encode_message(Type.ASPUP, []), 0, 1.0)
    assert [message.name for message in answers(machine)][:2] == ["ASPUP_ACK", "ERR"]
    assert machine.peers["x"].server.active == set()


def test_acknowledgements_that_were_not_asked_for():
    machine = asp("x")
    machine.connected("x", 0.0)
    machine.outputs()
    machine.receive("x", encode_message(Type.ASPAC_ACK, []), 0, 0.0)
    assert errors(machine) == [ErrorCode.UNEXPECTED_MESSAGE]
    machine = active_asp()
    machine.receive("x", encode_message(Type.ASPUP_ACK, []), 0, 1.0)
    assert [message.name for message in answers(machine)] == ["ERR", "ASPAC"]
    machine = active_asp()
    machine.receive("x", encode_message(Type.ASPDN_ACK, []), 0, 1.0)
    assert [message.name for message in answers(machine)] == ["ASPUP"]
    machine = active_asp()
    machine.receive("x", encode_message(Type.ASPIA_ACK, []), 0, 1.0)
    assert [message.name for message in answers(machine)] == ["ASPAC"]


def test_management_blocking():
    machine = inactive_sgp()
    machine.block("x", True, 1.0)
    assert [message.name for message in answers(machine)] == ["ASPDN_ACK"]
    machine.receive("x", encode_message(Type.ASPUP, []), 0, 1.0)
    assert errors(machine) == [ErrorCode.MANAGEMENT_BLOCKING]
    machine.block("x", False, 1.0)
    machine.receive("x", encode_message(Type.ASPUP, []), 0, 1.0)
    assert errors(machine) == []
    assert machine.peers["x"].server.up


@pytest.mark.parametrize(
    ("identifier", "code"),
    [(None, ErrorCode.ASP_IDENTIFIER_REQUIRED), (4, ErrorCode.INVALID_ASP_IDENTIFIER), (3, None)],
)
def test_asp_identifier_that_is_asked_for(identifier, code):
    link = AssociationConfiguration("x", Role.SGP, peer_identifier=3)
    machine = M3ua([link], [M3uaServer(name="as", associations=("x",), destinations=(ASP,))])
    machine.connected("x", 0.0)
    parts = [] if identifier is None else [number(Tag.ASP_IDENTIFIER, identifier)]
    machine.receive("x", encode_message(Type.ASPUP, parts), 0, 0.0)
    assert errors(machine) == ([] if code is None else [code])


def test_an_error_is_never_answered():
    machine = active_asp()
    for octets in (encode_message(Type.ERR, []), encode_message(Type.ERR, [number(Tag.ERROR_CODE, 99)])):
        machine.receive("x", octets, 0, 1.0)
    assert answers(machine) == []


def test_what_the_peer_refuses_is_not_asked_at_once_again():
    machine = asp("x", timers=Timers(beat=0))
    machine.connected("x", 0.0)
    machine.receive("x", encode_message(Type.ERR, [number(Tag.ERROR_CODE, ErrorCode.MANAGEMENT_BLOCKING)]), 0, 0.1)
    machine.outputs()
    assert machine.next_deadline() == pytest.approx(20.1)
    machine.handle_timers(20.2)
    assert [message.name for message in answers(machine)] == ["ASPUP"]


def test_habits_of_a_gateway_in_the_field():
    """As osmo-stp does: an empty BEAT right after ASPUP, NTFY before the acknowledgement, no answer to DAUD."""
    machine = asp("x")
    machine.start(0.0)
    machine.connected("x", 0.0)
    machine.receive("x", encode_message(Type.BEAT, []), 0, 0.0)
    machine.receive("x", encode_message(Type.ASPUP_ACK, []), 0, 0.1)
    status = number(Tag.STATUS, Status.AS_INACTIVE)
    machine.receive("x", encode_message(Type.NTFY, [status]), 0, 0.1)
    status = number(Tag.STATUS, Status.AS_ACTIVE)
    machine.receive("x", encode_message(Type.NTFY, [status, number(Tag.ROUTING_CONTEXT, 99)]), 0, 0.2)
    machine.receive("x", encode_message(Type.ASPAC_ACK, [number(Tag.ROUTING_CONTEXT, 7)]), 0, 0.3)
    machine.receive("x", encode_message(Type.ERR, [number(Tag.ERROR_CODE, ErrorCode.UNEXPECTED_MESSAGE)]), 0, 0.4)
    outputs = machine.outputs()
    sent = [Message.parse(output.octets).name for output in outputs if isinstance(output, SendMessage)]
    assert sent == ["ASPUP", "BEAT_ACK", "ASPAC", "DAUD"]
    assert ResumeIndication(SG) in outputs


# Heartbeat


def test_heartbeats_are_answered_in_any_state_with_their_data():
    machine = asp("x")
    machine.connected("x", 0.0)
    machine.outputs()
    for parts in ([], [Parameter(Tag.HEARTBEAT_DATA, b"abc")]):
        machine.receive("x", encode_message(Type.BEAT, parts), 0, 0.0)
        (answer,) = answers(machine)
        assert answer == Message(Type.BEAT_ACK, tuple(parts))


def test_a_peer_that_does_not_answer_heartbeats_is_given_up():
    network = gateway_pair(timers=Timers(beat=10))
    network.run(100)
    assert network.take("asp", CloseAssociation) == []
    network.drop = lambda sender, message: sender == "sg"
    network.run(21)
    closed = network.take("asp", CloseAssociation)
    assert [item.association for item in closed] == ["x"]
    assert network.machines["asp"].available(SG) is False


# Every state and message


STATES = ("not connected", "down", "inactive", "active")
GOOD = {
    Type.ERR: [number(Tag.ERROR_CODE, 6)],
    Type.NTFY: [number(Tag.STATUS, 0x10004)],
    Type.DATA: [Parameter(Tag.PROTOCOL_DATA, ProtocolData(SG, ASP, 5, 2, 0, 1, b"x").encode())],
    Type.DUPU: [affected(SG), number(Tag.USER_CAUSE, 5)],
    Type.REG_REQ: [RoutingKey((ASP,)).encode(1)],
    Type.REG_RSP: [
        Parameter(Tag.REGISTRATION_RESULT, b"\x02\x0a\x00\x08\0\0\0\1\x02\x12\0\x08\0\0\0\0\0\6\0\x08\0\0\0\1")
    ],
    Type.DEREG_REQ: [number(Tag.ROUTING_CONTEXT, 7)],
    Type.DEREG_RSP: [Parameter(Tag.DEREGISTRATION_RESULT, b"")],
    **{kind: [affected(SG)] for kind in (Type.DUNA, Type.DAVA, Type.DRST, Type.DAUD, Type.SCON)},
}


def in_state(role, state):
    link = AssociationConfiguration("x", role)
    machine = M3ua([link], [M3uaServer(name="as", associations=("x",), destinations=(SG,), point_code=ASP)])
    steps = {"not connected": 0, "down": 1, "inactive": 2, "active": 3}[state]
    if steps:
        machine.connected("x", 0.0, streams=2)
    for client, server in ((Type.ASPUP_ACK, Type.ASPUP), (Type.ASPAC_ACK, Type.ASPAC))[: max(0, steps - 1)]:
        if role.is_client:
            machine.receive("x", encode_message(client, []), 0, 0.0)
        if role.is_server:
            machine.receive("x", encode_message(server, []), 0, 0.0)
    machine.outputs()
    return machine


#: Messages that a role answers with ERR "unexpected message" whatever its state.
NEVER_EXPECTED = {
    Role.ASP: {Type.ASPUP, Type.ASPDN, Type.ASPAC, Type.ASPIA, Type.DAUD, Type.REG_REQ, Type.DEREG_REQ, Type.DEREG_RSP},
    Role.SGP: {
        Type.ASPUP_ACK,
        Type.ASPDN_ACK,
        Type.ASPAC_ACK,
        Type.ASPIA_ACK,
        Type.NTFY,
        Type.DUNA,
        Type.DAVA,
        Type.DRST,
        Type.DUPU,
        Type.REG_RSP,
        Type.DEREG_RSP,
    },
    Role.IPSP: {Type.DEREG_RSP},
    Role.IPSP_DOUBLE: {Type.DEREG_RSP},
}


@pytest.mark.parametrize(("role", "state"), list(itertools.product(Role, STATES)))
def test_every_message_in_every_state(role, state):
    allowed_down = {(kind, role) for kind in _ALLOWED_DOWN} | {(Type.DATA, Role.ASP)}
    for kind in M3UA_FORMS:
        machine = in_state(role, state)
        machine.receive("x", encode_message(kind, GOOD.get(kind, [])), 0, 1.0)
        codes = errors(machine)
        if state == "not connected":
            assert machine.counters["received before connected"] == 1
            assert codes == []
        elif kind in NEVER_EXPECTED[role] or (state == "down" and (kind, role) not in allowed_down):
            assert codes == [ErrorCode.UNEXPECTED_MESSAGE], kind.name
        elif state == "active":
            assert codes in ([], [ErrorCode.UNEXPECTED_MESSAGE]), kind.name
            assert not codes or kind in (Type.ASPUP, Type.ASPUP_ACK), kind.name


_ALLOWED_DOWN = {
    Type.ERR,
    Type.NTFY,
    Type.BEAT,
    Type.BEAT_ACK,
    Type.ASPUP,
    Type.ASPUP_ACK,
    Type.ASPDN,
    Type.ASPDN_ACK,
}


# Whatever comes


@st.composite
def mutated(draw):
    kind = draw(st.sampled_from(list(M3UA_FORMS)))
    octets = bytearray(encode_message(kind, GOOD.get(kind, [])))
    for position, value in draw(st.lists(st.tuples(st.integers(0, len(octets) - 1), st.integers(0, 255)), max_size=4)):
        octets[position] = value
    return bytes(octets[: draw(st.integers(0, len(octets)))]) if draw(st.booleans()) else bytes(octets)


@settings(max_examples=150)
@given(st.sampled_from(list(Role)), st.lists(st.one_of(mutated(), st.binary(max_size=64)), max_size=12))
def test_any_octets_give_outputs_and_a_machine_that_still_works(role, messages):
    machine = in_state(role, "active")
    for number_, octets in enumerate(messages):
        machine.receive("x", octets, number_ % 3, float(number_))
        machine.handle_timers(float(number_))
        assert len(machine.outputs()) < 50
    machine.disconnected("x", 100.0)
    machine.handle_timers(200.0)
    assert machine.next_deadline() is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["fail one", "fail two", "send"]), st.floats(0.0, 3.0)), max_size=15))
def test_whatever_fails_all_is_well_at_the_end(events):
    network = SigtranNetwork()
    for name in ("one", "two"):
        network.add(name, asp(name))
    network.add("sg", sgp("one", "two"))
    for name in ("one", "two"):
        network.join(name, name, "sg")
    for event, wait in events:
        if event == "send":
            network.machines["sg"].transfer(request(ASP), network.now)
            network.drain()
        else:
            name = event.split()[1]
            network.fail(name) if name in network.up else network.repair(name)
        network.run(wait)
    for name in ("one", "two"):
        if name not in network.up:
            network.repair(name)
    network.run(5)
    assert network.machines["sg"].server_state("as") is AsState.ACTIVE
    network.take("one")
    network.take("two")
    assert sum(len(part) for part in delivered(network)) == 16


def test_configuration_mistakes():
    with pytest.raises(ConfigurationError, match="point code"):
        M3uaServer(name="as", associations=("x",), destinations=(1 << 24,))
    elsewhere = M3uaServer(name="as", associations=("y",))
    with pytest.raises(ConfigurationError, match="association 'y'"):
        M3ua([AssociationConfiguration("x")], [elsewhere])
