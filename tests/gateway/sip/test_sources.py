import pytest

from tandem.gateway.sip.endpoint import Stream
from tandem.gateway.sip.sources import Sources


def test_addresses_and_networks_any_port_any_transport():
    sources = Sources(["192.0.2.1", "198.51.100.0/24", "2001:db8::/32"])
    for inside in (("192.0.2.1", 9), ("198.51.100.77", 5060), ("2001:db8::5", 5060), Stream("192.0.2.1", 4, "tcp")):
        assert inside in sources
    for outside in (("192.0.2.2", 9), ("198.51.101.1", 5060), ("2001:db9::5", 5060)):
        assert outside not in sources


def test_a_tls_peer_is_known_over_tls_only():
    sources = Sources(["192.0.2.1"], tls_only=True)
    assert Stream("192.0.2.1", 4, "tls") in sources
    assert ("192.0.2.1", 5060) not in sources
    assert Stream("192.0.2.1", 4, "tcp") not in sources


def test_what_is_no_address():
    with pytest.raises(ValueError, match="does not appear"):
        Sources(["host.example"])
