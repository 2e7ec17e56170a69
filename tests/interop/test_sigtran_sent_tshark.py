"""What SIGTRAN machines send besides what `test_sigtran_tshark` has: between peers, and in answer to anything."""

from __future__ import annotations

from random import Random

import pytest
from support.fuzz_adaptation import ROLES, m2ua, m3ua
from support.fuzzing import Duel
from support.sigtran_network import SigtranNetwork
from support.sigtran_tshark import dissect

from tandem.core.sigtran.codes import ErrorCode, Tag, TrafficMode, Type
from tandem.core.sigtran.common import Message, Parameter
from tandem.core.sigtran.configuration import AssociationConfiguration, Role
from tandem.core.sigtran.primitives import SendMessage
from tandem.ss7.mtp3.primitives import TransferRequest
from tandem.ss7.sigtran.m2ua import M2ua
from tandem.ss7.sigtran.m2ua_configuration import M2uaServer
from tandem.ss7.sigtran.m3ua import M3ua
from tandem.ss7.sigtran.m3ua_configuration import M3uaServer

pytestmark = [
    pytest.mark.interop,
    pytest.mark.usefixtures("tshark"),
]

#: ISUP RSC on circuit 1, a user part that tshark can read to the end.
RESET = b"\x01\x00\x12"


def names(sent: list[SendMessage]) -> set[str]:
    return {Type(Message.parse(message.octets).type).name for message in sent}


def check(sent: list[SendMessage], path) -> None:
    """tshark finds nothing malformed or unexpected, and sees the type and every parameter that we meant."""
    messages = [(message.octets, message.ppid, message.stream) for message in sent]
    for message, theirs in zip(sent, dissect(messages, path), strict=True):
        ours = Message.parse(message.octets)
        assert theirs.trouble == [], str(ours)
        kind = int(theirs.fields["message_class"][0]) << 8 | int(theirs.fields["message_type"][0])
        assert kind == ours.type
        tags = [int(tag, 0) for tag in theirs.fields.get("parameter_tag", [])]
        assert [parameter.tag for parameter in ours.parameters] == [
            tag for tag in tags if ours.get(Tag(tag)) is not None
        ], str(ours)


@pytest.mark.parametrize("role", [Role.IPSP, Role.IPSP_DOUBLE])
@pytest.mark.parametrize("mode", list(TrafficMode))
def test_between_peers(role, mode, tmp_path):
    """Activation, traffic both ways, ASP down on order, heartbeat, the end."""
    network = SigtranNetwork()
    for name, own, other in (("one", 100, 200), ("two", 200, 100)):
        associations = [AssociationConfiguration("x", role, initiate=name == "one" or role is Role.IPSP_DOUBLE)]
        server = M3uaServer(
            name="s", associations=["x"], point_code=own, destinations=[other], routing_context=7, mode=mode
        )
        network.add(name, M3ua(associations, [server]))
    network.join("x", "one", "two")
    network.run(2)
    for name, other in (("one", 200), ("two", 100)):
        network.machines[name].transfer(TransferRequest(5, other, 3, RESET), network.now)
    network.drain()
    network.run(1)
    network.machines["one"].block("x", True, network.now)
    network.drain()
    network.run(1)
    network.machines["one"].block("x", False, network.now)
    network.drain()
    network.run(40)
    for machine in network.machines.values():  # one after the other: who stops is taken down by its peer, too
        machine.stop(network.now)
        network.drain()
        network.run(5)
    sent = [message for _, message in network.sent]
    assert names(sent) >= {"ASPUP", "ASPUP_ACK", "ASPAC", "ASPAC_ACK", "DATA", "BEAT", "BEAT_ACK", "ASPDN", "ASPDN_ACK"}
    check(sent, tmp_path / "x.pcap")


def test_standby_gives_way(tmp_path):
    """An ASP on standby was active alone; when the other association comes up it says ASP Inactive."""
    network = SigtranNetwork()
    options = {"point_code": 100, "destinations": [200], "routing_context": 7, "mode": TrafficMode.LOADSHARE}
    server = M3uaServer(name="s", associations=["x", "y"], **options)
    standby = [AssociationConfiguration("x"), AssociationConfiguration("y", standby=True)]
    network.add("asp", M3ua(standby, [server]))
    gateway = M3uaServer(name="s", associations=["x", "y"], **(options | {"point_code": 200, "destinations": [100]}))
    network.add("sg", M3ua([AssociationConfiguration(name, Role.SGP) for name in ("x", "y")], [gateway]))
    network.join("y", "asp", "sg")
    network.run(2)
    network.join("x", "asp", "sg")
    network.run(5)
    sent = [message for _, message in network.sent]
    assert names(sent) >= {"ASPIA", "ASPIA_ACK", "NTFY"}
    check(sent, tmp_path / "x.pcap")


def test_data_is_acknowledged_when_the_peer_wants_it(tmp_path):
    """M2UA: a correlation identifier with the data (RFC 3331 3.3.1.1)."""
    network = SigtranNetwork()
    for name, role in (("asp", Role.ASP), ("sg", Role.SGP)):
        server = M2uaServer(name="s", associations=["x"], interfaces=(1,))
        network.add(name, M2ua([AssociationConfiguration("x", role)], [server]))
    network.join("x", "asp", "sg")
    network.run(1)
    parts = (
        Parameter.number(Tag.INTERFACE_ID, 1),
        Parameter(Tag.PROTOCOL_DATA_1, b"\x85\x01\x80\x00\x00" + RESET),
        Parameter.number(Tag.CORRELATION_ID, 99),
    )
    network.machines["sg"].receive("x", Message(Type.MAUP_DATA, parts).encode(), 1, network.now)
    network.drain()
    sent = [message for _, message in network.sent]
    assert "DATA_ACK" in names(sent)
    check(sent, tmp_path / "x.pcap")


class Listening:
    """A side of a duel whose messages are kept, each only once."""

    def __init__(self, duel: Duel) -> None:
        self.sent: dict[bytes, SendMessage] = {}
        for side in duel.sides:
            outputs = side.machine.outputs

            def listen(outputs=outputs):
                produced = outputs()
                for item in produced:
                    if isinstance(item, SendMessage):
                        self.sent.setdefault(item.octets, item)
                return produced

            side.machine.outputs = listen


@pytest.mark.parametrize("name", [*ROLES, "m2ua"])
def test_whatever_the_peer_sends(name, tmp_path):
    """What we say to peers that send anything; but not the contents of traffic, which are random here."""
    errors = set()
    sent: dict[bytes, SendMessage] = {}
    for seed in range(12):
        duel = m2ua(Random(seed)) if name == "m2ua" else m3ua(name, Random(seed))
        listening = Listening(duel)
        for _ in range(400):
            duel.step()
        sent |= listening.sent
    chosen = []
    for message in sent.values():
        ours = Message.parse(message.octets)
        if ours.get(Tag.PROTOCOL_DATA) is None and ours.get(Tag.PROTOCOL_DATA_1) is None:
            chosen.append(message)
        errors |= {ErrorCode(ours.require(Tag.ERROR_CODE).integer)} if ours.type == Type.ERR else set()
    assert len(chosen) > 100
    assert len(errors) >= 4, errors
    check(chosen[:1500], tmp_path / "x.pcap")
