"""Registration of routing keys at a gateway."""

import pytest

from tandem.core.sigtran.codes import DeregistrationStatus, RegistrationStatus, TrafficMode
from tandem.ss7.sigtran.m3ua_configuration import M3uaServer
from tandem.ss7.sigtran.m3ua_registration import Registrations
from tandem.ss7.sigtran.parameters import RoutingKey

SERVERS = [
    M3uaServer(name="a", associations=["x"], destinations=[1], services=[5], routing_context=10),
    M3uaServer(name="b", associations=["x"], destinations=[2, 3], routing_context=20),
]


@pytest.mark.parametrize(
    ("key", "context", "expected"),
    [
        (RoutingKey((1,), (5,)), None, (RegistrationStatus.REGISTERED, 10)),
        (RoutingKey((3, 2)), 20, (RegistrationStatus.REGISTERED, 20)),
        (RoutingKey((2,)), None, (RegistrationStatus.NOT_PROVISIONED, 0)),
        (RoutingKey((1,), (3,)), None, (RegistrationStatus.NOT_PROVISIONED, 0)),
        (RoutingKey((1,), (5,)), 20, (RegistrationStatus.CHANGE_REFUSED, 0)),
        (
            RoutingKey((1,), (5,), traffic_mode=TrafficMode.OVERRIDE),
            None,
            (RegistrationStatus.UNSUPPORTED_TRAFFIC_MODE, 0),
        ),
        (RoutingKey(()), None, (RegistrationStatus.INVALID_DPC, 0)),
    ],
)
def test_registration(key, context, expected):
    registrations = Registrations()
    assert registrations.register("x", context, key, SERVERS) == expected
    if expected[1]:
        again = registrations.register("x", context, key, SERVERS)
        assert again == (RegistrationStatus.ALREADY_REGISTERED, expected[1])


def test_deregistration():
    registrations = Registrations()
    known = {server.routing_context: server for server in SERVERS}
    assert registrations.deregister("x", 10, known, ()) is DeregistrationStatus.NOT_REGISTERED
    registrations.register("x", None, RoutingKey((1,), (5,)), SERVERS)
    assert registrations.is_registered("x", "a")
    assert registrations.deregister("x", 99, known, ()) is DeregistrationStatus.INVALID_ROUTING_CONTEXT
    assert registrations.deregister("x", 10, known, {"a"}) is DeregistrationStatus.ASP_ACTIVE
    assert registrations.deregister("x", 10, known, ()) is DeregistrationStatus.DEREGISTERED
    registrations.register("x", None, RoutingKey((1,), (5,)), SERVERS)
    registrations.forget("x")
    assert not registrations.is_registered("x", "a")
