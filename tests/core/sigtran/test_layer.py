"""What M3UA and M2UA share, seen through a layer without messages of its own."""

import pytest
from support.sigtran_network import SigtranNetwork

from tandem.core.sigtran.codes import Ppid, Type
from tandem.core.sigtran.common import Message, encode_message
from tandem.core.sigtran.configuration import AssociationConfiguration, Role, ServerConfiguration, Timers
from tandem.core.sigtran.layer import AdaptationLayer
from tandem.core.sigtran.primitives import AspState, AspStateChanged, AsState, AsStateChanged
from tandem.ss7.sigtran.messages import M3UA_FORMS


class Plain(AdaptationLayer):
    PPID = Ppid.M3UA
    FORMS = M3UA_FORMS

    def naming(self, association, server):
        return ()

    def named_servers(self, association, message):
        return list(self._served[association])

    def _message(self, peer, message, now):
        self.notice(f"own {message.name}", peer.name)

    def _active_changed(self, server, now):
        self.notice(f"active {server.active}")


def plain(role, **settings):
    return Plain(
        [AssociationConfiguration("x", role)], [ServerConfiguration(name="s", associations=["x"])], Timers(**settings)
    )


def test_states_are_reported_at_both_ends():
    network = SigtranNetwork()
    network.add("asp", plain(Role.ASP))
    network.add("sgp", plain(Role.SGP))
    network.join("x", "asp", "sgp")
    network.run(1)
    assert network.take("asp", AspStateChanged, AsStateChanged) == [
        AspStateChanged("x", True, AspState.INACTIVE),
        AsStateChanged("s", AsState.INACTIVE),
        AspStateChanged("x", True, AspState.ACTIVE),
        AsStateChanged("s", AsState.ACTIVE),
    ]
    assert network.take("sgp", AspStateChanged)[-1] == AspStateChanged("x", False, AspState.ACTIVE)


def test_own_messages_are_passed_on():
    machine = plain(Role.ASP)
    machine.connected("x", 0.0)
    machine.outputs()
    machine.receive("x", Message(Type.DATA, ()).encode(), 0, 0.0)
    assert machine.counters["ERR MISSING_PARAMETER"] == 1
    machine.receive("x", encode_message(Type.DAUD, []), 0, 0.0)
    assert machine.counters["errored messages"] == 2


def test_connected_twice_is_a_new_association():
    machine = plain(Role.SGP)
    machine.connected("x", 0.0)
    machine.receive("x", encode_message(Type.ASPUP, []), 0, 0.0)
    machine.connected("x", 1.0)
    assert not machine.peers["x"].up


def test_heartbeats_wait_until_the_peer_is_up():
    machine = plain(Role.ASP, beat=5.0, ack=1000.0)
    machine.connected("x", 0.0)
    machine.outputs()
    machine.handle_timers(50.0)
    assert machine.outputs() == []


def test_misuse_raises():
    with pytest.raises(KeyError):
        plain(Role.ASP).receive("y", b"", 0, 0.0)
