"""What transports have in common."""

import pytest
from support.associations import Recorder

from tandem.core.errors import ConfigurationError
from tandem.gateway.sctp.configuration import AssociationSettings
from tandem.gateway.sctp.transport import Transport


class Plain(Transport):
    up = ()

    async def start(self):
        pass

    async def close(self):
        pass

    def send(self, association, octets, stream, ppid):
        return False

    def abort(self, association, reason):
        pass

    def is_up(self, association):
        return association in self.up


def listening(name, address="192.0.2.1"):
    return AssociationSettings(name, [address], 0, 2905, listen=True)


def test_a_peer_gets_an_association_that_is_down():
    transport = Plain([listening("a"), listening("b"), listening("c", "192.0.2.9")], Recorder())
    assert transport._expected("192.0.2.1", 1).name == "a"
    transport.up = ("a",)
    assert transport._expected("192.0.2.1", 1).name == "b"
    transport.up = ("a", "b")
    assert transport._expected("192.0.2.1", 1).name == "a"
    assert transport._expected("192.0.2.2", 1) is None


def test_names_are_unique():
    with pytest.raises(ConfigurationError, match="unique"):
        Plain([listening("a"), listening("a")], Recorder())
