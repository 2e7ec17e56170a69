"""The peers: whose trunk an address is of, what certificates have proved over connections, what servers are called."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final

import pjsua2 as pj

from tandem.gateway.sip.endpoint import TransportName, endpoint_of
from tandem.gateway.sip.sources import Sources

from . import requests, tls
from .protocol import EngineConfiguration, Event, PeerProved, SetSources, Trouble

_ACCEPTED: Final = (b"tcps", b"tlss")
"""How connections are called that others have opened; our own are tcpc and tlsc."""


class Peers:
    """Those of all trunks."""

    def __init__(self, configuration: EngineConfiguration, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._verify = configuration.tls is not None and configuration.tls.verify
        self._sources: dict[str, tuple[SetSources, Sources]] = {}
        self._proved: dict[str, tuple[int, tuple[str, ...]]] = {}
        """Who has connected to us over TLS, by `ADDRESS:PORT`: number of the connection, names in the certificate."""
        self._last_connection = 0
        self._expected: dict[str, set[str]] = {}
        """What servers that we connect to are called, by `ADDRESS:PORT`."""

    def set_sources(self, command: SetSources) -> None:
        """The calls of a trunk come from there from now on."""
        self._sources[command.account] = command, Sources(command.networks)

    @property
    def told(self) -> list[SetSources]:
        """Where the calls of each trunk come from."""
        return [sources for sources, _ in self._sources.values()]

    def connection_of(self, source: str) -> int:
        """Number of the connection over TLS that `ADDRESS:PORT` has to us; 0 without one."""
        return self._proved.get(source, (0, ()))[0]

    def expect(self, place: str, name: str) -> None:
        """The server at `ADDRESS:PORT` is called so; empty: by its address."""
        self._expected.setdefault(place, set()).add(name)

    def account_of(self, source: str, transport: TransportName) -> str | None:
        """The trunk that `ADDRESS:PORT` is of."""
        host, port = address_of(source)
        endpoint = endpoint_of(transport, host, port)
        _, names = self._proved.get(source, (0, ()))
        found = None
        for account, (sources, networks) in self._sources.items():
            if sources.names:
                if not set(names).isdisjoint(sources.names):
                    return account
            elif (host, port) in sources.peers:
                return account
            elif found is None and endpoint in networks:
                found = account
        return found

    def connection(self, parameters: Any) -> None:
        """One over TLS is there or gone: look at the certificate of a server, note that of a client."""
        if not parameters.type.upper().startswith("TLS"):
            return
        source = parameters.tlsInfo.remoteAddr
        if parameters.state != pj.PJSIP_TP_STATE_CONNECTED:
            if source in self._proved:
                self._tell(PeerProved(self._proved.pop(source)[0], None))
        elif is_of_peer(parameters):
            self._last_connection += 1
            self._proved[source] = self._last_connection, tls.proved(parameters.tlsInfo)
            self._tell(PeerProved(*self._proved[source]))
        else:
            self._check_server(parameters, source)

    def _check_server(self, parameters: Any, source: str) -> None:
        if not self._verify:
            return
        names = self._expected.get(source, {""})
        wrong = [tls.why_not(parameters.tlsInfo, name or address_of(source)[0]) for name in names]
        if all(wrong):
            requests.close(int(parameters.hnd))
            self._tell(Trouble(f"tls:{source} is not who it should be: {wrong[0]}"))


def is_of_peer(parameters: Any) -> bool:
    """Whether the peer has opened the connection of an OnTransportStateParam."""
    return ctypes.string_at(int(parameters.hnd), 4) in _ACCEPTED


def address_of(source: str) -> tuple[str, int]:
    """`ADDRESS:PORT` in two."""
    host, _, port = source.rpartition(":")
    return host.strip("[]"), int(port)


def shown(place: tuple[str, int]) -> str:
    """The same in one."""
    host = f"[{place[0]}]" if ":" in place[0] else place[0]
    return f"{host}:{place[1]}"
