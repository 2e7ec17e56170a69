"""What the SIP part of a configuration must satisfy: `[sip]` and its trunks."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.problem import Problem, duplicates, unknown_name
from tandem.gateway.configuration.ranges import (
    LINK_LOCAL,
    is_link_local,
    parse_endpoint,
    parse_listener,
    split_host,
)
from tandem.gateway.configuration.schema import Configuration, Pjsua2, Sip, SipTrunk, Trunk
from tandem.gateway.sip.endpoint import DEFAULT_PORTS, Listener
from tandem.gateway.sip.tls import TlsContexts, TlsFiles

_HA1 = re.compile(r"[0-9A-Fa-f]{32}")
_NUMBER = re.compile(r"\+?[0-9*#]+")
_RECORD = re.compile(r"[A-Za-z0-9_.!~*'()&=+$,;?/%-]+@[A-Za-z0-9.\-\[\]:]+")
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
    yield from _host("sip.realm", sip.realm)
    for index, server in enumerate(sip.nameservers):
        yield from _address(f"sip.nameservers[{index}]", server, 53, link_local=True)
    if sip.register_minimum_seconds > sip.register_maximum_seconds:
        yield Problem("sip.register_minimum_seconds", "is more than register_maximum_seconds")
    yield from _users(configuration, sip)
    yield from _registrations(configuration, sip)
    if sip.tls is not None:
        if sip.tls.private_key and not sip.tls.certificate:
            yield Problem("sip.tls.private_key", "is set without `certificate`")
        else:
            try:
                TlsContexts(tls_files(sip))
            except ConfigurationError as error:
                yield Problem("sip.tls", str(error))


def _users(configuration: Configuration, sip: Sip) -> Iterator[Problem]:
    trunks = {trunk.name: trunk for trunk in configuration.trunk if isinstance(trunk, SipTrunk)}
    registrars = [trunk.name for trunk in trunks.values() if trunk.registrar]
    if len(registrars) > 1:
        yield Problem("trunk", f"{' and '.join(registrars)} both have `registrar`; one trunk can")
    yield from duplicates("sip.user", (user.name for user in sip.user))
    numbers: dict[str, int] = {}
    for index, user in enumerate(sip.user):
        path = f"sip.user[{index}]"
        if bool(user.password) == bool(user.ha1):
            yield Problem(
                path, "needs `password` or `ha1`" if not user.ha1 else "has `password` and `ha1`; one is right"
            )
        if user.ha1 and not _HA1.fullmatch(user.ha1):
            yield Problem(f"{path}.ha1", "is not the 32 hexadecimal digits of MD5(name:realm:password)")
        if user.number and not _NUMBER.fullmatch(user.number):
            yield Problem(f"{path}.number", f"{user.number!r} is not a telephone number such as 100 or +4930100")
        if user.trunk:
            yield from unknown_name(f"{path}.trunk", user.trunk, trunks, "trunk")
            found = trunks.get(user.trunk)
            if found is not None and not (found.registrar or found.authenticate):
                text = f"{user.trunk!r} asks nobody for a password; set `authenticate` or `registrar` there"
                yield Problem(f"{path}.trunk", text)
        elif not registrars:
            yield Problem(path, "belongs to no trunk: name one with `trunk`, or set `registrar` on a trunk")
        number = user.number or user.name
        if number in numbers:
            yield Problem(f"{path}.number", f"{number} is that of sip.user[{numbers[number]}] already")
        numbers.setdefault(number, index)
    for index, trunk in enumerate(configuration.trunk):
        if isinstance(trunk, SipTrunk) and (trunk.authenticate or trunk.registrar):
            default = registrars[0] if registrars else ""
            if not any((user.trunk or default) == trunk.name for user in sip.user):
                key = "registrar" if trunk.registrar else "authenticate"
                yield Problem(f"trunk[{index}].{key}", f"is set, but no [[sip.user]] belongs to {trunk.name!r}")


def _registrations(configuration: Configuration, sip: Sip) -> Iterator[Problem]:
    trunks = {trunk.name: trunk for trunk in configuration.trunk if isinstance(trunk, SipTrunk)}
    for index, table in enumerate(sip.registration):
        path = f"sip.registration[{index}]"
        yield from unknown_name(f"{path}.trunk", table.trunk, trunks, "trunk")
        trunk = trunks.get(table.trunk)
        if trunk is None:
            continue
        if trunk.registrar:
            yield Problem(f"{path}.trunk", f"{table.trunk!r} is where users register with us; name a provider's")
        if bool(table.user) != bool(table.password):
            yield Problem(path, "`user` and `password` come together")
        if not table.user and not trunk.user:
            yield Problem(f"{path}.user", "is needed: neither here nor on the trunk is one")
        if table.address_of_record and not _RECORD.fullmatch(table.address_of_record):
            yield Problem(f"{path}.address_of_record", f"{table.address_of_record!r} is not NAME@DOMAIN")
        if table.number and not _NUMBER.fullmatch(table.number):
            yield Problem(f"{path}.number", f"{table.number!r} is not a telephone number such as 100 or +4930100")


def user_names(configuration: Configuration) -> list[str]:
    """What routes may name besides trunks: `user:NAME` of each user who registers."""
    sip = configuration.sip
    registrars = [trunk.name for trunk in configuration.trunk if isinstance(trunk, SipTrunk) and trunk.registrar]
    if sip is None or not registrars:
        return []
    return [f"user:{user.name}" for user in sip.user if user.trunk in ("", registrars[0])]


def pjsua2_listeners(table: Pjsua2) -> list[Listener]:
    """Every address that PJSIP listens on, `listen` first; those that can be read."""
    found: list[Listener] = []
    first = f"udp:{table.listen}"
    for text in (first, *([f"tcp:{table.listen}"] if table.tcp else []), *table.also_listen):
        try:
            found.append(parse_listener(text))
        except ValueError:
            continue
    return found


def tls_files(sip: Sip, trunks: Iterable[Trunk] = ()) -> TlsFiles:
    """The files of `[sip.tls]`; without that table, a client that trusts the authorities of the system."""
    tls = sip.tls
    if tls is None:
        return TlsFiles()
    names = any(isinstance(trunk, SipTrunk) and trunk.accept_names for trunk in trunks)
    required = tls.client_certificates
    return TlsFiles(tls.certificate, tls.private_key, tls.authorities, required, names, tls.verify, tls.minimum)


def listeners(sip: Sip) -> tuple[Listener, ...]:
    """Every address that `[sip]` listens on, `listen` first; raises ValueError for what `check_sip` reports."""
    return (parse_listener(f"udp:{sip.listen}"), *map(parse_listener, sip.also_listen))


def _listeners(sip: Sip) -> tuple[Listener, ...]:
    """Our addresses as far as they can be read."""
    try:
        return listeners(sip)
    except ValueError:
        return ()


def check_sip_trunk(path: str, trunk: SipTrunk, configuration: Configuration) -> Iterator[Problem]:
    """Problems of a SIP trunk."""
    sip = configuration.sip
    if sip is None:
        yield Problem(path, "a SIP trunk needs a [sip] table with `listen`")
    if trunk.registrar:
        if trunk.peer:
            yield Problem(f"{path}.peer", "is set together with `registrar`: calls go to where users registered")
        if trunk.authenticate:
            yield Problem(f"{path}.authenticate", "goes without saying with `registrar`; leave it out")
    elif not trunk.peer:
        yield Problem(path, "the key 'peer' is missing")
    elif split_host(trunk.peer) is not None:
        known = ("auto", *(one.transport for one in _listeners(sip))) if sip is not None else ()
        if sip is not None and trunk.engine == "native" and trunk.transport not in known:
            over = trunk.transport.upper()
            yield Problem(f"{path}.transport", f"[sip] does not listen on {over}; add it to also_listen")
    elif trunk.transport == "auto":
        yield Problem(f"{path}.transport", "auto needs the name of a host as `peer`; an address is asked about nowhere")
    else:
        yield from _address(f"{path}.peer", trunk.peer, DEFAULT_PORTS[trunk.transport])
        if sip is not None and trunk.engine == "native":
            yield from _reachable(path, trunk, sip)
    yield from _names(path, trunk, configuration)
    for index, source in enumerate(trunk.accept_from):
        yield from _source(f"{path}.accept_from[{index}]", source)
    yield from _host(f"{path}.domain", trunk.domain)
    yield from _host(f"{path}.tls_name", trunk.tls_name)
    if trunk.tls_name and trunk.transport not in ("tls", "auto"):
        yield Problem(f"{path}.tls_name", 'is only looked at over TLS; write transport = "tls" or leave it out')
    if len(set(trunk.codecs)) < len(trunk.codecs):
        yield Problem(f"{path}.codecs", "names a codec twice; each once is right")
    if bool(trunk.user) != bool(trunk.password):
        key, other_key = ("password", "user") if trunk.user else ("user", "password")
        yield Problem(f"{path}.{key}", f"is empty although `{other_key}` is set")


def _names(path: str, trunk: SipTrunk, configuration: Configuration) -> Iterator[Problem]:
    """Whether certificates can say who calls."""
    sip = configuration.sip
    if not trunk.accept_names or sip is None:
        return
    path = f"{path}.accept_names"
    if trunk.engine == "native" and not any(one.transport == "tls" for one in _listeners(sip)):
        yield Problem(path, "is about TLS, and [sip] does not listen on it; add tls:ADDRESS to also_listen")
    if trunk.registrar or trunk.accept_from:
        other = "registrar" if trunk.registrar else "accept_from"
        yield Problem(path, f"is set together with `{other}`; calls come by names or by that, leave one of them out")
    for name in trunk.accept_names:
        if not _HOST.fullmatch(name):
            yield Problem(path, f"{name!r} is not a domain such as carrier.example")
    for other_trunk in configuration.trunk:
        if isinstance(other_trunk, SipTrunk) and other_trunk.name < trunk.name:
            for name in {n.lower() for n in other_trunk.accept_names} & {n.lower() for n in trunk.accept_names}:
                yield Problem(path, f"{name} is a name of {other_trunk.name!r} too; it can be of one trunk")


def _reachable(path: str, trunk: SipTrunk, sip: Sip) -> Iterator[Problem]:
    """Whether we listen on what the trunk needs, so that the peer can answer and call back."""
    try:
        host, port = parse_endpoint(trunk.peer, DEFAULT_PORTS[trunk.transport])
        ours = listeners(sip)
    except ValueError:
        return
    if any((trunk.transport, host, port) == one for one in ours):
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


def _address(
    path: str, text: str, default_port: int | None, announced: bool = False, link_local: bool = False
) -> Iterator[Problem]:
    """Problems of an address and port; one that we announce must be an address that a peer can send to.

    `link_local`: such an address will do, as for whatever is not named in messages.
    """
    try:
        address, port = parse_endpoint(text, default_port)
    except ValueError as error:
        yield Problem(path, str(error))
        return
    yield from _usable(path, address, port, announced, link_local)


def _usable(path: str, address: str, port: int, announced: bool, link_local: bool = False) -> Iterator[Problem]:
    if port == 0:
        yield Problem(path, "port 0 is no port; give the one to use (1-65535)")
    if announced and address in ("0.0.0.0", "::"):
        yield Problem(path, f"{address} cannot be announced to peers; give the address they reach us at")
    if not link_local and is_link_local(address):
        yield Problem(path, f"{address} {LINK_LOCAL}")


def _host(path: str, text: str) -> Iterator[Problem]:
    if text and not _HOST.fullmatch(text):
        yield Problem(path, f"{text!r} is not a host name such as sip.example.org")
