"""Configuration of an M3UA application server."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.core.sigtran.codes import TrafficMode
from tandem.ss7.sigtran.m3ua_configuration import M3uaServer
from tandem.ss7.sigtran.parameters import RoutingKey


def test_keys_of_both_ends():
    server = M3uaServer(name="s", associations=["x"], point_code=1, destinations=[2, 3], services=[5])
    assert server.own_key == RoutingKey((1,), (5,), (), None, TrafficMode.LOADSHARE)
    assert server.peer_key == RoutingKey((2, 3), (5,), (), None, TrafficMode.LOADSHARE)


def test_what_it_serves():
    server = M3uaServer(name="s", associations=["x"], point_code=1, destinations=[2], services=[5])
    assert server.serves(1, 2, 5)
    assert server.serves(None, 2, 5)
    assert not server.serves(9, 2, 5)
    assert not server.serves(1, 9, 5)
    assert not server.serves(1, 2, 3)


@pytest.mark.parametrize(
    "settings",
    [{"point_code": -1}, {"destinations": [1 << 24]}, {"network_indicator": 4}, {"services": [16]}],
)
def test_mistakes(settings):
    with pytest.raises(ConfigurationError):
        M3uaServer(name="s", associations=["x"], **settings)


def test_registration_needs_a_point_code():
    with pytest.raises(ConfigurationError, match="register"):
        _ = M3uaServer(name="s", associations=["x"], register=True).own_key
