"""What trunks with `engine = "pjsua2"` must satisfy: PJSIP installed, its table there, and nothing it cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec

from tandem.gateway.configuration.problem import Problem
from tandem.gateway.configuration.ranges import parse_endpoint
from tandem.gateway.configuration.schema import Configuration, SipTrunk
from tandem.gateway.pjsip.protocol import Account, EngineConfiguration

_STUN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
_ONLY_NATIVE = 'is not to be had with engine = "pjsua2"'
#: What PJSIP has not, and why.
_LACKS = {
    "accept_names": "",
    "isup_variant": "",
    "clear_mode": "PJSIP carries speech, and no octets as they are",
    "silence_suppression": "PJSIP neither sends nor plays comfort noise (RFC 3389)",
}


def _trunks(configuration: Configuration) -> list[SipTrunk]:
    return [trunk for trunk in configuration.trunk if isinstance(trunk, SipTrunk) and trunk.engine == "pjsua2"]


def check_pjsua2(configuration: Configuration) -> Iterator[Problem]:
    """Problems of `[sip.pjsua2]`."""
    table = configuration.sip.pjsua2 if configuration.sip is not None else None
    if table is None:
        return
    yield from _ipv4("sip.pjsua2.listen", table.listen)
    if table.public_address:
        yield from _ipv4("sip.pjsua2.public_address", f"{table.public_address}:5060")
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
        text = "needs PJSIP with its Python interface: pip install 'tandem-gateway[pjsua2]', or write \"native\""
        yield Problem(f"{path}.engine", text)
    if configuration.sip is not None and configuration.sip.pjsua2 is None:
        yield Problem(f"{path}.engine", "needs a [sip.pjsua2] table with `listen`, the address PJSIP listens on")
    if trunk.ice and configuration.media.address.startswith("127."):
        text = "needs an address in [media] that others reach: PJSIP takes no loopback address as a candidate"
        yield Problem(f"{path}.ice", text)
    if ":" in configuration.media.address:
        yield Problem(f"{path}.engine", f"RTP over IPv6 {_ONLY_NATIVE}; [media] needs an IPv4 address for PJSIP")
    if trunk.registrar:
        yield Problem(f"{path}.registrar", f"{_ONLY_NATIVE}; users register with a trunk of Tandem's own engine")
    for key, why in _LACKS.items():
        if getattr(trunk, key):
            yield Problem(f"{path}.{key}", f"{_ONLY_NATIVE}: {why}" if why else _ONLY_NATIVE)
    if trunk.overlap != "en-bloc":
        yield Problem(f"{path}.overlap", f'"{trunk.overlap}" {_ONLY_NATIVE}')
    if trunk.transport not in ("udp", "tcp"):
        yield Problem(f"{path}.transport", f'{trunk.transport!r} {_ONLY_NATIVE}; write "udp" or "tcp"')
    elif trunk.transport == "tcp" and configuration.sip is not None:
        table = configuration.sip.pjsua2
        if table is not None and not table.tcp:
            yield Problem(f"{path}.transport", "PJSIP does not listen on TCP; set `tcp = true` in [sip.pjsua2]")
    if trunk.peer.startswith("["):
        yield Problem(f"{path}.peer", f"IPv6 {_ONLY_NATIVE}")
    first = _trunks(configuration)[0]
    for key in ("codecs", "ptime"):
        if getattr(trunk, key) != getattr(first, key):
            text = f"differs from that of {first.name!r}: PJSIP has one for all of its trunks"
            yield Problem(f"{path}.{key}", text)


def engine_configuration(configuration: Configuration) -> EngineConfiguration | None:
    """What the PJSIP process is to be started with; None where no trunk is of PJSIP."""
    sip, trunks = configuration.sip, _trunks(configuration)
    if sip is None or sip.pjsua2 is None or not trunks:
        return None
    table = sip.pjsua2
    address, port = parse_endpoint(table.listen, 5060)
    return EngineConfiguration(
        address=address,
        port=port,
        media_address=configuration.media.address,
        rtp_ports=table.ports,
        tcp=table.tcp,
        public_address=table.public_address,
        stun=table.stun,
        codecs=trunks[0].codecs,
        packet_time=trunks[0].ptime,
        user_agent=f"Tandem {configuration.node.name}".strip(),
        accounts=[
            Account(
                name=trunk.name,
                user=trunk.user,
                password=trunk.password,
                srtp=trunk.srtp,
                ice=trunk.ice,
                reliable=trunk.reliable_responses,
                session_seconds=trunk.session_seconds,
                minimum_session_seconds=trunk.minimum_session_seconds,
            )
            for trunk in trunks
        ],
    )


def _ipv4(path: str, text: str) -> Iterator[Problem]:
    try:
        address, port = parse_endpoint(text, 5060)
    except ValueError as error:
        yield Problem(path, str(error))
        return
    if ":" in address:
        yield Problem(path, "is IPv6; PJSIP is used over IPv4 only")
    elif address == "0.0.0.0":
        yield Problem(path, f"{address} cannot be announced to peers; give the address they reach us at")
    if port == 0:
        yield Problem(path, "port 0 is no port; give the one to use (1-65535)")
