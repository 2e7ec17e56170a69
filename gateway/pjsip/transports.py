"""The transports that PJSIP listens on: addresses and ports, certificates, and who reaches them at all."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Collection
from typing import Final

import pjsua2 as pj

from tandem.core.errors import TandemError
from tandem.gateway.sip.endpoint import Listener
from tandem.gateway.sip.tls import TlsContexts

from . import abilities, packet_filter, tls
from .protocol import CertificatesRead, EngineConfiguration, Event, SetSources, Trouble

_KINDS: Final = {
    ("udp", False): pj.PJSIP_TRANSPORT_UDP,
    ("tcp", False): pj.PJSIP_TRANSPORT_TCP,
    ("tls", False): pj.PJSIP_TRANSPORT_TLS,
    ("udp", True): pj.PJSIP_TRANSPORT_UDP6,
    ("tcp", True): pj.PJSIP_TRANSPORT_TCP6,
    ("tls", True): pj.PJSIP_TRANSPORT_TLS6,
}
"""By transport and whether it is of IPv6."""


class EngineError(TandemError):
    """PJSIP cannot do what the configuration wants."""


class Transports:
    """Those that the configuration wants."""

    def __init__(
        self, configuration: EngineConfiguration, endpoint: pj.Endpoint, tell: Callable[[Event], None]
    ) -> None:
        self._configuration = configuration
        self._endpoint = endpoint
        self._tell = tell
        self.listeners = [Listener("udp", configuration.address, configuration.port), *configuration.listeners]
        """Where PJSIP listens, the main one first."""
        self.openssl = ""
        """What speaks TLS; empty where nobody does."""
        self._certificates: TlsContexts | None = None
        self._numbers: dict[Listener, int] = {}
        """Of those of TLS, as PJSIP has them."""

    def open(self) -> None:
        """Listen; EngineError when that cannot be done."""
        if self._of_tls:
            assert self._configuration.tls is not None, "the configuration was checked"
            self._certificates, self.openssl = TlsContexts(self._configuration.tls), abilities.openssl()
        for listener in self.listeners:
            self._listen(listener)

    @property
    def _of_tls(self) -> list[Listener]:
        return [one for one in self.listeners if one.transport == "tls"]

    def public_of(self, host: str) -> str:
        """What peers are told in the place of an address of ours, empty: itself."""
        return "" if ":" in host else self._configuration.public_address

    def _listen(self, listener: Listener) -> None:
        transport = pj.TransportConfig()
        transport.boundAddress, transport.port = listener.host, listener.port
        transport.publicAddress = self.public_of(listener.host)
        if listener.transport == "tls":
            assert self._configuration.tls is not None, "the configuration was checked"
            transport.tlsConfig = tls.settings_of(self._configuration.tls, self.openssl)
        try:
            if listener.transport != "udp":
                _try_to_listen(listener)
            number = self._endpoint.transportCreate(_KINDS[listener.transport, ":" in listener.host], transport)
        except (pj.Error, OSError) as error:
            key = "listen" if listener[1:] == self.listeners[0][1:] else "also_listen"
            reason = error.strerror if isinstance(error, OSError) else error.reason
            raise EngineError(f"sip.pjsua2.{key}: {listener} cannot be opened: {reason}") from None
        if listener.transport == "tls":
            self._numbers[listener] = number

    def protect(self, told: Collection[SetSources], turned_away: list[str]) -> None:
        """Let nobody reach us but peers of trunks; where certificates say who may call, TLS is open to all."""
        if not told:
            return
        sources = {host for one in told for host, _ in one.peers}
        sources.update(network for one in told for network in one.networks)
        for listener in self.listeners:
            anybody = listener.transport == "tls" and any(one.names for one in told)
            kind = socket.SOCK_DGRAM if listener.transport == "udp" else socket.SOCK_STREAM
            admitted = ["0.0.0.0/0", "::/0"] if anybody else sources
            packet_filter.protect(kind, listener[1:], admitted, turned_away)

    def read_certificates(self) -> bool:
        """Listen with new certificates where the files have changed; connections that are open go on.

        Whether sockets are others now, so that `protect` is needed anew.
        """
        if self._certificates is None:
            return False
        wrong = self._certificates.refresh()
        if wrong is None and len(self._numbers) == len(self._of_tls):
            return False
        if not wrong:
            for number in self._numbers.values():
                with contextlib.suppress(pj.Error):
                    self._endpoint.transportClose(number)
            self._numbers.clear()
            try:
                for listener in self._of_tls:
                    self._listen(listener)
            except TandemError as error:
                if wrong is not None:
                    self._tell(Trouble(f"{error}; tried again until it can be"))
                return False
        self._tell(CertificatesRead(wrong or ""))
        return not wrong


def _try_to_listen(listener: Listener) -> None:
    """OSError when nobody could listen there: with TLS PJSIP says nothing of it, and goes on without."""
    with socket.socket(socket.AF_INET6 if ":" in listener.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((listener.host, listener.port))
        probe.listen()
