"""Which addresses a peer may send from."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from tandem.gateway.sip.endpoint import Endpoint, transport_of


class Sources:
    """A list of addresses and networks, asked for every new call."""

    def __init__(self, entries: Iterable[str], tls_only: bool = False) -> None:
        """`entries` are IP addresses and networks such as `192.0.2.0/24`; raise ValueError for anything else."""
        networks = [ipaddress.ip_network(entry) for entry in entries]
        self._hosts = {str(network.network_address) for network in networks if network.num_addresses == 1}
        self._networks = [network for network in networks if network.num_addresses > 1]
        self._tls_only = tls_only
        """Over anything but TLS an address says nothing: it may be forged."""

    def __contains__(self, source: Endpoint) -> bool:
        if self._tls_only and transport_of(source) != "tls":
            return False
        host = source[0]
        if host in self._hosts:
            return True
        if not self._networks:
            return False
        address = _address(host)
        return any(address in network for network in self._networks)


@lru_cache(maxsize=1024)
def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(host)
