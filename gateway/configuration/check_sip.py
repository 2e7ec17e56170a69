"""What the SIP part of a configuration must satisfy: `[sip]` and its trunks."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.problem import Problem
from tandem.gateway.configuration.ranges import parse_endpoint, parse_listener
from tandem.gateway.configuration.schema import Configuration, Sip, SipTrunk
from tandem.gateway.sip.endpoint import DEFAULT_PORTS, Listener
from tandem.gateway.sip.tls import TlsContexts, TlsFiles

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?")


def check_sip(configuration: Configuration) -> Iterator[Problem]:
    """Problems of `[sip]` and `[sip.tls]`."""
    sip = configuration.sip
    if sip is None:
        return
    yield from _address("sip.listen", sip.listen, None, announced=True)
    yield from _host("sip.domain", sip.domain)
    seen = {("udp", sip.listen.startswith("[")): "sip.listen"}
    for index, text in enumerate(sip.also_listen):
        path = f"sip.also_listen[{index}]"
        try:
            listener = parse_listener(text)
        except ValueError as error:
            yield Problem(path, f"{error}; write TRANSPORT:ADDRESS:PORT, such as tcp:192.0.2.1:5060")
            continue
        yield from _usable(path, listener.host, listener.port, announced=True)
        kind = listener.transport, ":" in listener.host
        if kind in seen:
            version = "IPv6" if kind[1] else "IPv4"
            yield Problem(path, f"{seen[kind]} listens on {kind[0].upper()} over {version} already; one of each kind")
        seen[kind] = path
        if listener.transport == "tls" and (sip.tls is None or not sip.tls.certificate):
            yield Problem(path, "needs a certificate: write a [sip.tls] table with `certificate` and `private_key`")
    if sip.tls is not None:
        if sip.tls.private_key and not sip.tls.certificate:
            yield Problem("sip.tls.private_key", "is set without `certificate`")
        else:
            try:
                TlsContexts(tls_files(sip))
            except ConfigurationError as error:
                yield Problem("sip.tls", str(error))


def tls_files(sip: Sip) -> TlsFiles:
    """The files of `[sip.tls]`; without that table, a client that trusts the authorities of the system."""
    tls = sip.tls
    if tls is None:
        return TlsFiles()
    return TlsFiles(tls.certificate, tls.private_key, tls.authorities, tls.client_certificates, tls.verify, tls.minimum)


def listeners(sip: Sip) -> tuple[Listener, ...]:
    """Every address that `[sip]` listens on, `listen` first; raises ValueError for what `check_sip` reports."""
    return (parse_listener(f"udp:{sip.listen}"), *map(parse_listener, sip.also_listen))


def check_sip_trunk(path: str, trunk: SipTrunk, configuration: Configuration) -> Iterator[Problem]:
    """Problems of a SIP trunk."""
    sip = configuration.sip
    if sip is None:
        yield Problem(path, "a SIP trunk needs a [sip] table with `listen`")
    yield from _address(f"{path}.peer", trunk.peer, DEFAULT_PORTS[trunk.transport])
    if sip is not None:
        yield from _reachable(path, trunk, sip)
    for index, source in enumerate(trunk.accept_from):
        yield from _source(f"{path}.accept_from[{index}]", source)
    yield from _host(f"{path}.domain", trunk.domain)
    yield from _host(f"{path}.tls_name", trunk.tls_name)
    if trunk.tls_name and trunk.transport != "tls":
        yield Problem(f"{path}.tls_name", 'is only looked at over TLS; write transport = "tls" or leave it out')
    if len(set(trunk.codecs)) < len(trunk.codecs):
        yield Problem(f"{path}.codecs", "names a codec twice; each once is right")
    if bool(trunk.user) != bool(trunk.password):
        key, other_key = ("password", "user") if trunk.user else ("user", "password")
        yield Problem(f"{path}.{key}", f"is empty although `{other_key}` is set")


def _reachable(path: str, trunk: SipTrunk, sip: Sip) -> Iterator[Problem]:
    """Whether we listen on what the trunk needs, so that the peer can answer and call back."""
    try:
        host, port = parse_endpoint(trunk.peer, DEFAULT_PORTS[trunk.transport])
        ours = listeners(sip)
    except ValueError:
        return
    if Listener(trunk.transport, host, port) in ours:
        yield Problem(f"{path}.peer", "is the address we listen on ([sip]); give the peer's")
    version = "IPv6" if ":" in host else "IPv4"
    if not any(one.transport == trunk.transport and (":" in one.host) == (":" in host) for one in ours):
        example = f"{trunk.transport}:{'[2001:db8::1]' if ':' in host else '192.0.2.1'}"
        text = f"[sip] does not listen on {trunk.transport.upper()} over {version}; add it to also_listen, as {example}"
        yield Problem(f"{path}.transport" if trunk.transport != "udp" else f"{path}.peer", text)


def _source(path: str, text: str) -> Iterator[Problem]:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        if text.count(":") == 1:
            yield Problem(path, f"{text!r} has a port; any port is accepted, leave it out")
        elif "host bits" in str(error):
            network = ipaddress.ip_network(text, strict=False)
            yield Problem(path, f"{text!r} is no network but an address in one; write {str(network)!r} or the address")
        else:
            yield Problem(path, f"{text!r} is no IP address such as 192.0.2.1, and no network such as 192.0.2.0/24")


def _address(path: str, text: str, default_port: int | None, announced: bool = False) -> Iterator[Problem]:
    """Problems of an address and port; one that we announce must be an address that a peer can send to."""
    try:
        address, port = parse_endpoint(text, default_port)
    except ValueError as error:
        yield Problem(path, str(error))
        return
    yield from _usable(path, address, port, announced)


def _usable(path: str, address: str, port: int, announced: bool) -> Iterator[Problem]:
    if port == 0:
        yield Problem(path, "port 0 is no port; give the one to use (1-65535)")
    if announced and address in ("0.0.0.0", "::"):
        yield Problem(path, f"{address} cannot be announced to peers; give the address they reach us at")


def _host(path: str, text: str) -> Iterator[Problem]:
    if text and not _HOST.fullmatch(text):
        yield Problem(path, f"{text!r} is not a host name such as sip.example.org")
