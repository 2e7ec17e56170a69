"""What trunks with `engine = "pjsua2"` must satisfy: PJSIP installed, its table there, and nothing it cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec

from tandem.gateway.configuration.check_pjsua2_registrar import check_pjsua2_registrar
from tandem.gateway.configuration.check_sip import pjsua2_listeners, tls_files
from tandem.gateway.configuration.installed_pjsip import installed
from tandem.gateway.configuration.problem import Problem
from tandem.gateway.configuration.ranges import (
    LINK_LOCAL,
    is_link_local,
    parse_endpoint,
    parse_listener,
    split_host,
)
from tandem.gateway.configuration.schema import Configuration, Pjsua2, Sip, SipTrunk
from tandem.gateway.pjsip.protocol import HOW_TO_INSTALL, Account, Content, EngineConfiguration
from tandem.gateway.trunks.sip_direct import first_by_pjsip, is_direct
from tandem.gateway.trunks.sip_isup import Encapsulation

_STUN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
_ONLY_NATIVE = 'is not to be had with engine = "pjsua2"'


def _trunks(configuration: Configuration) -> list[SipTrunk]:
    return [trunk for trunk in configuration.trunk if isinstance(trunk, SipTrunk) and trunk.engine == "pjsua2"]


def check_pjsua2(configuration: Configuration) -> Iterator[Problem]:
    """Problems of `[sip.pjsua2]`."""
    table = configuration.sip.pjsua2 if configuration.sip is not None else None
    if table is None:
        return
    yield from _address("sip.pjsua2.listen", table.listen)
    yield from _also(configuration.sip, table)
    if table.public_address:
        path = "sip.pjsua2.public_address"
        if ":" in table.public_address:
            yield Problem(path, "is not of IPv4, and there is no NAT of IPv6 for it")
        else:
            yield from _address(path, f"{table.public_address}:5060")
    low, high = table.ports
    if low >= high:
        yield Problem("sip.pjsua2.ports", f"[{low}, {high}] does not rise; write the first port, then the last")
    for index, server in enumerate(table.stun):
        if not _STUN.fullmatch(server):
            text = f"{server!r} is no STUN server such as stun.example.org or 192.0.2.1:3478"
            yield Problem(f"sip.pjsua2.stun[{index}]", text)


def check_pjsua2_trunk(path: str, trunk: SipTrunk, configuration: Configuration) -> Iterator[Problem]:
    """Problems of one trunk that have to do with its engine."""
    if trunk.engine != "pjsua2":
        if trunk.ice:
            yield Problem(f"{path}.ice", 'is only to be had with engine = "pjsua2"')
        return
    if find_spec("pjsua2") is None:
        text = f'needs PJSIP with its Python interface: {HOW_TO_INSTALL}, or write "native"'
        yield Problem(f"{path}.engine", text)
    if configuration.sip is not None and configuration.sip.pjsua2 is None:
        yield Problem(f"{path}.engine", "needs a [sip.pjsua2] table with `listen`, the address PJSIP listens on")
    if trunk.ice and not is_direct(trunk) and configuration.media.address.startswith("127."):
        text = "needs an address in [media] that others reach: PJSIP takes no loopback address as a candidate"
        yield Problem(f"{path}.ice", text)
    if ":" in configuration.media.address and (why := _why_no_ipv6()):
        yield Problem(f"{path}.engine", f"no RTP over IPv6: {why}; or [media] needs an IPv4 address")
    if trunk.registrar:
        yield from check_pjsua2_registrar(path, trunk)
    if trunk.delayed_offer and trunk.reliable_responses == "required":
        text = f'"required" {_ONLY_NATIVE} and `delayed_offer`: PJSIP cannot answer the offer of a reliable response'
        yield Problem(f"{path}.reliable_responses", text)
    if is_direct(trunk):
        yield from _past_pjsip(path, trunk, configuration)
    table = configuration.sip.pjsua2 if configuration.sip is not None else None
    if table is not None:
        spoken = {"auto", *(one.transport for one in pjsua2_listeners(table))}
        if trunk.transport not in spoken:
            text = f"PJSIP does not listen on {trunk.transport.upper()}; add {trunk.transport}:ADDRESS to `also_listen`"
            yield Problem(f"{path}.transport", f"{text} in [sip.pjsua2]")
        elif (version := _version_missing(trunk, table)) is not None:
            over = "udp" if trunk.transport == "auto" else trunk.transport
            example = f"{over}:{'[2001:db8::1]' if version == 6 else '192.0.2.1'}:5070"
            text = f"PJSIP does not listen on {over.upper()} over IPv{version}; add it to `also_listen` in [sip.pjsua2]"
            yield Problem(f"{path}.peer", f"{text}, as {example}")
        if trunk.accept_names and "tls" not in spoken:
            text = "is about TLS, and PJSIP does not listen on it; add tls:ADDRESS to `also_listen` in [sip.pjsua2]"
            yield Problem(f"{path}.accept_names", text)
    first = first_by_pjsip(_trunks(configuration))
    for key in ("codecs", "ptime"):
        if not is_direct(trunk) and getattr(trunk, key) != getattr(first, key):
            text = f"differs from that of {first.name!r}: PJSIP has one for all of its trunks"
            yield Problem(f"{path}.{key}", text)


def _past_pjsip(path: str, trunk: SipTrunk, configuration: Configuration) -> Iterator[Problem]:
    """Problems of a trunk whose RTP passes PJSIP by: what PJSIP does with RTP."""
    key = "clear_mode" if trunk.clear_mode else "silence_suppression"
    past = f"`{key}` has RTP pass PJSIP by, as PJMEDIA has no such codec"
    if trunk.ice:
        yield Problem(f"{path}.ice", f"is not to be had with `{key}`: {past}, and ICE is part of it")
    if configuration.sip is not None and configuration.sip.pjsua2 is not None and configuration.sip.pjsua2.stun:
        text = f"is not to be had with `stun` in [sip.pjsua2]: {past}; write `public_address` there instead"
        yield Problem(f"{path}.{key}", text)


def engine_configuration(configuration: Configuration) -> EngineConfiguration | None:
    """What the PJSIP process is to be started with; None where no trunk is of PJSIP."""
    sip, trunks = configuration.sip, _trunks(configuration)
    if sip is None or sip.pjsua2 is None or not trunks:
        return None
    table, first = sip.pjsua2, first_by_pjsip(trunks)
    address, port = parse_endpoint(table.listen, 5060)
    listeners = pjsua2_listeners(table)
    return EngineConfiguration(
        address=address,
        port=port,
        media_address=configuration.media.address,
        rtp_ports=table.ports,
        media_address_v6=configuration.media.address_v6 if any(":" in one.host for one in listeners) else "",
        listeners=listeners[1:],
        tls=tls_files(sip, trunks),
        public_address=table.public_address,
        stun=table.stun,
        codecs=first.codecs,
        packet_time=first.ptime,
        user_agent=f"Tandem {configuration.node.name}".strip(),
        accounts=[
            Account(
                name=trunk.name,
                user=trunk.user,
                password=trunk.password,
                srtp="off" if is_direct(trunk) else trunk.srtp,
                direct=is_direct(trunk),
                delayed_offer=trunk.delayed_offer,
                ice=trunk.ice,
                reliable=trunk.reliable_responses,
                session_seconds=trunk.session_seconds,
                minimum_session_seconds=trunk.minimum_session_seconds,
                refresher=trunk.refresher,
                preconditions=trunk.preconditions,
                telephone_event=trunk.telephone_event,
                guarded=trunk.registrar or trunk.authenticate,
                released=Content.of(Encapsulation(trunk).release_complete()) if trunk.isup_variant else None,
                tls_name=trunk.tls_name or trunk.domain or _host_of(trunk.peer),
            )
            for trunk in trunks
        ],
    )


def _also(sip: Sip | None, table: Pjsua2) -> Iterator[Problem]:
    """Problems of `also_listen`."""
    first = ":" in table.listen.rpartition(":")[0]
    seen = {("udp", first): "listen", **({("tcp", first): "tcp"} if table.tcp else {})}
    for index, text in enumerate(table.also_listen):
        path = f"sip.pjsua2.also_listen[{index}]"
        try:
            listener = parse_listener(text)
        except ValueError as error:
            yield Problem(path, f"{error}; write TRANSPORT:ADDRESS:PORT, such as tls:192.0.2.1:5071")
            continue
        yield from _address(path, listener.sent_by)
        kind = listener.transport, ":" in listener.host
        if kind in seen:
            over = f"{listener.transport.upper()} over IPv{6 if kind[1] else 4}"
            yield Problem(path, f"`{seen[kind]}` has PJSIP listen on {over} already; one of each kind")
        seen[kind] = f"also_listen[{index}]"
        if listener.transport == "tls":
            tls = None if sip is None else sip.tls
            if tls is None or not tls.certificate:
                text = "needs a certificate: write a [sip.tls] table with `certificate` and `private_key`"
                yield Problem(path, text)
            elif tls.minimum == "1.3" and (why := _why_no_tls13()):
                yield Problem(path, f"`minimum` of [sip.tls] is 1.3: {why}")


def _why_no_ipv6() -> str:
    """Why the installed PJSIP has no IPv6; empty where it has, or where there is none, which is told elsewhere."""
    try:
        found = installed()
    except ValueError as error:
        return str(error)
    if found is None or found.ipv6:
        return ""
    return f"PJSIP {found.version} is built without it (PJ_HAS_IPV6), and `tandem build-pjsip` builds one with it"


def _why_no_tls13() -> str:
    """The same for TLS 1.3."""
    try:
        found = installed()
    except ValueError as error:
        return str(error)
    if found is None or found.tls13:
        return ""
    library = found.openssl or "library"
    return f"the {library} of this PJSIP has not got it, and `tandem build-pjsip` builds one that has"


def _version_missing(trunk: SipTrunk, table: Pjsua2) -> int | None:
    """The version of IP of a peer's address, where PJSIP does not listen on it."""
    try:
        host, _ = parse_endpoint(trunk.peer, 5060)
    except ValueError:
        return None
    spoken = [one for one in pjsua2_listeners(table) if trunk.transport in ("auto", one.transport)]
    return None if any((":" in one.host) == (":" in host) for one in spoken) else 6 if ":" in host else 4


def _host_of(peer: str) -> str:
    """The host name of a peer that is given by name; empty for an address."""
    name = split_host(peer)
    return "" if name is None else name[0]


def _address(path: str, text: str) -> Iterator[Problem]:
    try:
        address, port = parse_endpoint(text, 5060)
    except ValueError as error:
        yield Problem(path, str(error))
        return
    if address in ("0.0.0.0", "::"):
        yield Problem(path, f"{address} cannot be announced to peers; give the address they reach us at")
    elif is_link_local(address):
        yield Problem(path, f"{address} {LINK_LOCAL}")
    elif ":" in address and (why := _why_no_ipv6()):
        yield Problem(path, f"is IPv6: {why}")
    if port == 0:
        yield Problem(path, "port 0 is no port; give the one to use (1-65535)")
