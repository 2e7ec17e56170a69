"""M3UA, M2UA, M2PA and SCTP against tshark: captured messages field by field, and everything that we send."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from support.associations import needs_usrsctp
from support.m2pa_pair import M2paPair
from support.sigtran_network import SigtranNetwork
from support.sigtran_tshark import Dissected, dissect, troubles, write_sctp_capture
from support.sigtran_vectors import captured

from tandem.core.sigtran.codes import Tag, TrafficMode, Type, UnavailabilityCause
from tandem.core.sigtran.common import Message, Parameter
from tandem.core.sigtran.configuration import AssociationConfiguration, Role
from tandem.core.sigtran.primitives import SendMessage
from tandem.gateway.sctp.configuration import SctpParameters
from tandem.gateway.sctp.engine import Association, Listener, engine
from tandem.ss7.mtp2.primitives import (
    LinkCongested,
    LinkInService,
    LinkOutOfService,
    MessageReceived,
    RemoteProcessorOutage,
    RetrievedBsnt,
    RetrievedMessages,
)
from tandem.ss7.mtp3.primitives import TransferRequest
from tandem.ss7.sigtran.m2pa_messages import UserData, parse_m2pa
from tandem.ss7.sigtran.m2ua import M2ua
from tandem.ss7.sigtran.m2ua_configuration import M2uaServer
from tandem.ss7.sigtran.m3ua import M3ua
from tandem.ss7.sigtran.m3ua_configuration import M3uaServer
from tandem.ss7.sigtran.m3ua_destinations import DestinationState
from tandem.ss7.sigtran.parameters import ProtocolData, nested

pytestmark = [
    pytest.mark.interop,
    pytest.mark.usefixtures("tshark"),
]

#: ISUP RSC on circuit 1: a user part that tshark can read to the end.
RESET = b"\x01\x00\x12"
NESTED = (Tag.ROUTING_KEY, Tag.REGISTRATION_RESULT, Tag.DEREGISTRATION_RESULT)


def numbers(texts: Iterable[str]) -> list[int]:
    return [int(text, 0) for text in texts]


def flat(parameters: Iterable[Parameter]) -> list[Parameter]:
    found: list[Parameter] = []
    for parameter in parameters:
        found.append(parameter)
        if parameter.tag in NESTED:
            found += nested(parameter)
    return found


def compare(octets: bytes, theirs: Dissected) -> None:
    """A message of M3UA or M2UA."""
    ours = Message.parse(octets)
    fields = theirs.fields
    assert (numbers(fields["message_class"]), numbers(fields["message_type"])) == ([ours.type >> 8], [ours.type & 0xFF])
    assert numbers(fields["message_length"]) == [len(octets)]
    parameters = flat(ours.parameters)
    assert numbers(fields.get("parameter_tag", [])) == [parameter.tag for parameter in parameters]
    assert numbers(fields.get("parameter_length", [])) == [4 + len(parameter.value) for parameter in parameters]
    for tag, name in SINGLE.items():
        if name in fields:
            values = [value for parameter in parameters if parameter.tag == tag for value in parameter.numbers]
            assert numbers(fields[name]) == values, name
    data = ours.get(Tag.PROTOCOL_DATA)
    if data is not None:
        label = ProtocolData.parse(data.value)
        names = ("opc", "dpc", "si", "ni", "mp", "sls")
        seen = [numbers(fields[f"protocol_data_{name}"])[0] for name in names]
        assert seen == [
            label.opc,
            label.dpc,
            label.service,
            label.network_indicator,
            label.priority,
            label.sls,
        ]


SINGLE = {
    Tag.ROUTING_CONTEXT: "routing_context",
    Tag.NETWORK_APPEARANCE: "network_appearance",
    Tag.TRAFFIC_MODE: "traffic_mode_type",
    Tag.ERROR_CODE: "error_code",
    Tag.ASP_IDENTIFIER: "asp_identifier",
    Tag.CORRELATION_ID: "correlation_identifier",
    Tag.INTERFACE_ID: "interface_identifier_int",
    Tag.STATE_REQUEST: "state",
    Tag.STATE_EVENT: "event",
    Tag.CONGESTION_STATUS: "congestion_status",
    Tag.ACTION: "action",
    Tag.SEQUENCE_NUMBER: "sequence_number",
    Tag.RETRIEVAL_RESULT: "retrieval_result",
}


@pytest.mark.parametrize("ppid", [2, 3])
def test_captured_messages(ppid, tmp_path):
    # tshark takes one message for a draft of M3UA, where tags are others.
    items = [item for item in captured(ppid) if item.capture != "m3ua_draft6" and b"\0\2\0" not in item.octets[8:11]]
    messages = [(item.octets, item.ppid, item.stream) for item in items]
    for item, theirs in zip(items, dissect(messages, tmp_path / "x.pcap"), strict=True):
        compare(item.octets, theirs)


def compare_m2pa(octets: bytes, theirs: Dissected) -> None:
    ours = parse_m2pa(octets)
    assert numbers(theirs.fields["bsn"]) == [ours.bsn]
    assert numbers(theirs.fields["fsn"]) == [ours.fsn]
    if isinstance(ours, UserData):
        assert numbers(theirs.fields["type"]) == [1]
    else:
        assert numbers(theirs.fields["status"]) == [ours.status]


def test_captured_m2pa(tmp_path):
    items = captured(5)
    messages = [(item.octets, 5, item.stream) for item in items]
    for item, theirs in zip(items, dissect(messages, tmp_path / "x.pcap"), strict=True):
        compare_m2pa(item.octets, theirs)


def m3ua(role: Role, associations: list[AssociationConfiguration], **settings: object) -> M3ua:
    names = [association.name for association in associations]
    return M3ua(associations, [M3uaServer(name="s", associations=names, **settings)])  # type: ignore[arg-type]


def m3ua_traffic() -> list[SendMessage]:
    """Registration, activation, traffic, network management, takeover, heartbeat, errors, shutdown."""
    network = SigtranNetwork()
    for number, name in enumerate(("one", "two"), 1):
        link = AssociationConfiguration(name, asp_identifier=number)
        asp = m3ua(
            Role.ASP,
            [link],
            point_code=100,
            destinations=(200, 300),
            services=(5,),
            network_appearance=7,
            register=True,
            mode=TrafficMode.OVERRIDE,
        )
        network.add(name, asp)
    gateway = m3ua(
        Role.SGP,
        [AssociationConfiguration(name, Role.SGP) for name in ("one", "two")],
        point_code=200,
        destinations=(100,),
        services=(5,),
        routing_context=42,
        network_appearance=7,
        register=True,
        mode=TrafficMode.OVERRIDE,
    )
    network.add("sg", gateway)
    for name in ("one", "two"):
        network.join(name, name, "sg")
        network.run(1)
    for state in (DestinationState.UNAVAILABLE, DestinationState.RESTRICTED, DestinationState.AVAILABLE):
        gateway.destination_status(300, state, network.now, congestion=int(state))
    gateway.user_unavailable(300, 5, UnavailabilityCause.INACCESSIBLE, network.now)
    network.machines["two"].transfer(TransferRequest(5, 200, 3, RESET), network.now)
    gateway.transfer(TransferRequest(5, 100, 9, RESET), network.now)
    network.drain()
    network.run(70)
    gateway.receive("one", b"\x01\x00\x01\x01\x00\x00\x00\x08", 0, network.now)
    gateway.receive("one", Message(Type.ASPAC, (Parameter.number(Tag.ROUTING_CONTEXT, 9),)).encode(), 0, network.now)
    gateway.receive("one", Message(Type.DEREG_REQ, (Parameter.number(Tag.ROUTING_CONTEXT, 42, 9),)).encode(), 0, 0.0)
    network.drain()
    network.fail("two")
    network.run(5)
    network.machines["one"].stop(network.now)
    network.drain()
    network.run(1)
    return [message for _, message in network.sent]


def m2ua_traffic() -> list[SendMessage]:
    network = SigtranNetwork()
    for name, role in (("asp", Role.ASP), ("sg", Role.SGP)):
        server = M2uaServer(name="s", associations=["x"], interfaces=(1, "two"))
        network.add(name, M2ua([AssociationConfiguration("x", role)], [server]))
    network.join("x", "asp", "sg")
    network.run(1)
    for interface in (1, "two"):
        link, gateway = network.machines["asp"].link(interface), network.machines["sg"]
        link.set_emergency(True, network.now)
        link.start(network.now)
        network.drain()
        network.run(1)
        msu = b"\x85\x01\x80\x00\x00" + RESET
        for indication in (
            LinkInService(),
            MessageReceived(msu),
            RemoteProcessorOutage(),
            LinkCongested(),
            RetrievedBsnt(7),
            RetrievedMessages((msu, msu)),
        ):
            gateway.link_indication(interface, indication, network.now)
        network.drain()
        network.run(1)
        link.send(msu, network.now)
        link.local_processor_outage(network.now)
        link.retrieve_bsnt(network.now)
        link.retrieval_request(7, network.now)
        link.stop(network.now)
        network.drain()
        network.run(1)
        gateway.link_indication(interface, LinkOutOfService("test"), network.now)
        network.drain()
    return [message for _, message in network.sent]


def test_everything_that_m3ua_sends(tmp_path):
    sent = m3ua_traffic()
    kinds = {Type(Message.parse(message.octets).type).name for message in sent}
    expected = {kind.name for kind in Type if kind >> 8 in (0, 1, 2, 3, 4, 9)} - {"ASPIA", "ASPIA_ACK"}
    expected = {name for name in expected if not name.startswith("TEI_")}  # management of IUA
    assert kinds == expected
    check(sent, tmp_path / "x.pcap")


def test_everything_that_m2ua_sends(tmp_path):
    sent = m2ua_traffic()
    kinds = {Type(Message.parse(message.octets).type).name for message in sent if message.octets[2] == 6}
    assert kinds == {kind.name for kind in Type if kind >> 8 == 6} - {"DATA_ACK"}
    check(sent, tmp_path / "x.pcap")


def check(sent: list[SendMessage], path) -> None:
    messages = [(message.octets, message.ppid, message.stream) for message in sent]
    for message, theirs in zip(sent, dissect(messages, path), strict=True):
        assert theirs.trouble == [], Message.parse(message.octets)
        compare(message.octets, theirs)


def test_everything_that_m2pa_sends(tmp_path):
    pair = M2paPair()
    pair.start()
    pair.send(0, *[b"\x85\x01\x80\x00\x00" + RESET] * 6)
    pair.run(1)
    pair.b.local_processor_outage(pair.now)
    pair.drain()
    pair.run(1)
    pair.b.local_processor_recovered(pair.now)
    pair.b.set_busy(True, pair.now)
    pair.b.set_busy(False, pair.now)
    pair.drain()
    pair.run(1)
    pair.a.stop(pair.now)
    pair.drain()
    pair.run(1)
    pair.restart(emergency=False)
    messages = [(message.octets, message.ppid, message.stream) for message in pair.octets]
    seen = set()
    for message, theirs in zip(pair.octets, dissect(messages, tmp_path / "x.pcap"), strict=True):
        assert theirs.trouble == []
        compare_m2pa(message.octets, theirs)
        seen.update(theirs.fields.get("status", []))
    assert numbers(sorted(seen)) == list(range(1, 10))


@needs_usrsctp
def test_packets_of_sctp(tmp_path):
    parameters = SctpParameters(streams=4)
    sctp, packets, queue = engine(), [], []
    tokens = [
        sctp.open_token(lambda packet, to=to: (packets.append(packet), queue.append((to, packet)))) for to in (1, 0)
    ]
    ends = []
    callbacks = {"up": lambda streams: None, "down": lambda reason, was_up: None, "message": lambda *message: None}
    ends.append(
        Listener(
            sctp,
            tokens[1],
            2905,
            parameters,
            lambda handle, port: ends.append(Association(sctp, handle, send_queue=9, **callbacks)),
        )
    )
    near = Association.connect(sctp, tokens[0], 2906, 2905, parameters, **callbacks)
    ends.append(near)
    for step in range(60):
        while queue:
            to, packet = queue.pop(0)
            sctp.packet_received(tokens[to], packet)
        sctp.advance_to(50.0 + step * 0.01)
        if step == 10:
            near.send(Message(Type.BEAT).encode(), 0, 3)
        if step == 40:
            near.shut_down()
    for end in ends:
        end.close()
    for token in tokens:
        sctp.close_token(token)
    path = tmp_path / "x.pcap"
    write_sctp_capture(path, packets)
    assert {packet[12] for packet in packets} >= {0, 1, 2, 3, 7, 8, 10, 11, 14}
    assert troubles(path) == []
