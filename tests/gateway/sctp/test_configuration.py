"""Settings of associations."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.gateway.sctp.configuration import AssociationSettings, SctpParameters


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"remote_addresses": []}, "addresses"),
        ({"remote_port": 65536}, "no port"),
        ({"remote_port": 0}, "port of the peer"),
        ({"udp_port": 0}, "port of the peer"),
        ({"listen": True}, "listens"),
    ],
)
def test_mistakes_in_associations(settings, text):
    with pytest.raises(ConfigurationError, match=text):
        AssociationSettings(**{"name": "x", "remote_addresses": ["192.0.2.1"], "remote_port": 2905, **settings})


@pytest.mark.parametrize("settings", [{"streams": 0}, {"rto_min": 2.0}, {"send_queue": 0}, {"max_retransmissions": 0}])
def test_mistakes_in_parameters(settings):
    with pytest.raises(ConfigurationError):
        SctpParameters(**settings)


def test_whom_a_listening_association_accepts():
    association = AssociationSettings("x", ["192.0.2.1", "192.0.2.2"], 2905, 2905, listen=True)
    assert association.accepts("192.0.2.2", 2905)
    assert not association.accepts("192.0.2.2", 2906)
    assert not association.accepts("192.0.2.3", 2905)
    assert AssociationSettings("x", ["192.0.2.1"], 0, 2905, listen=True).accepts("192.0.2.1", 1)
    assert not AssociationSettings("x", ["192.0.2.1"], 2905).accepts("192.0.2.1", 2905)
