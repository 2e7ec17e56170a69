"""SIP profiles, gateways and users of FreeSWITCH as `[sip]`, trunks, registrations and users."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tandem.gateway.freeswitch.toml import Block, Value
from tandem.gateway.freeswitch.tree import Element, Left, Tree

#: Trunk of the users that register.
PHONES: Final = "phones"
_CODECS: Final = ("PCMA", "PCMU")
_NUMBER: Final = re.compile(r"\+?\d+")
_YES: Final = ("true", "yes", "on", "1")

#: Parameters of gateways that are acted on, or whose meaning is Tandem's way anyhow.
_GATEWAY: Final = """
username auth-username password realm proxy outbound-proxy from-domain register register-transport expire-seconds
retry-seconds extension context ping caller-id-in-from
"""
_USER: Final = frozenset({"password", "a1-hash", "dial-string", "vm-password", "jsonrpc-allowed-methods"})
#: Parameters of profiles that change what peers see, and that have no counterpart on one profile.
_PROFILE_LEFT: Final = {
    "ext-sip-ip": "an address behind NAT: see `public_address` of [sip.pjsua2]",
    "ext-rtp-ip": "an address behind NAT: see `public_address` of [sip.pjsua2]",
    "apply-inbound-acl": "an access list: use accept_from of the trunk",
    "apply-register-acl": "an access list: use accept_from of the trunk",
    "inbound-bypass-media": "speech always passes through the gateway",
    "inbound-proxy-media": "speech always passes through the gateway",
    "accept-blind-reg": "users must have passwords",
    "accept-blind-auth": "users must have passwords",
}


@dataclass
class Sip:
    """What is carried over, and in which trunks the calls of each dial plan context come in."""

    blocks: list[Block] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    contexts: dict[str, list[str]] = field(default_factory=dict)
    """Trunks by context."""
    users: dict[str, str] = field(default_factory=dict)
    """Names of users by name and by number."""
    trunks: set[str] = field(default_factory=set)
    hosts: dict[str, str] = field(default_factory=dict)
    """Trunk by host name or address of its peer."""


def read(tree: Tree) -> Sip:
    """Profiles with their gateways, and the users of the directory."""
    sip = Sip()
    profiles = [profile for profile in tree.root.all("profile") if profile.parameters("settings")]
    users = list(_users(tree, sip))
    main = next((p for p in profiles if _setting(p, "auth-calls").lower() in _YES), profiles[0] if profiles else None)
    domain = next((one.get("name") for one in tree.root.all("domain") if one.get("name") not in ("", "all")), "")
    listen: dict[str, Value] = {"listen": f"{_address(main, sip)}:{_port(main, '5060')}"}
    if domain and domain != "127.0.0.1":
        listen["domain"] = domain
    codecs = _codecs(main, tree, sip)
    gateways = list(_gateways(tree, profiles, main, codecs, sip))
    sip.blocks.append(Block("[sip]", listen))
    _profiles(profiles, main, sip)
    if users:
        sip.trunks.add(PHONES)
        sip.blocks.append(Block("[[trunk]]", {"name": PHONES, "type": "sip", "registrar": True, "codecs": codecs}))
    sip.blocks += users + gateways
    return sip


# --- users


def _users(tree: Tree, sip: Sip) -> Iterator[Block]:
    contexts: Counter[str] = Counter()
    places: dict[str, Element] = {}
    for user in tree.root.all("user"):
        name, parameters = user.get("id"), user.parameters("params")
        if user.get("type") == "pointer" or not name:
            continue
        if name in sip.users:
            sip.left.append(Left(user.place, f"user {name} is there twice; the first one is taken"))
            continue
        values: dict[str, Value] = {"name": name}
        if "a1-hash" in parameters:
            values["ha1"] = parameters["a1-hash"].get("value")
        elif parameters.get("password") is not None and parameters["password"].get("value"):
            values["password"] = parameters["password"].get("value")
        else:
            sip.left.append(Left(user.place, f"user {name} has no password, and is left out"))
            continue
        number = user.get("number-alias")
        if number and number != name:
            values["number"] = number
            sip.users.setdefault(number, name)
        sip.users[name] = name
        variables = user.parameters("variables", "variable")
        context = variables["user_context"].get("value") if "user_context" in variables else "default"
        contexts[context] += 1
        places.setdefault(context, user)
        if user.get("cidr"):
            sip.left.append(Left(user.place, f"cidr of user {name}: use accept_from of the trunk {PHONES}"))
        for word, element in parameters.items():
            if word not in _USER:
                sip.left.append(Left(element.place, f"param {word} of user {name}"))
        for word, element in variables.items():
            if word.startswith(("effective_caller_id", "outbound_caller_id")) and name not in element.get("value"):
                value = element.get("value")
                sip.left.append(Left(element.place, f"{word}={value} of user {name}: use set_calling in a route"))
        yield Block("[[sip.user]]", values)
    if contexts:
        most = contexts.most_common(1)[0][0]
        sip.contexts.setdefault(most, []).append(PHONES)
        for context in contexts.keys() - {most}:
            text = f"user_context {context}: all users are on the trunk {PHONES}, whose context is {most}"
            sip.left.append(Left(places[context].place, text))


# --- gateways


def _gateways(
    tree: Tree, profiles: list[Element], main: Element | None, codecs: list[str], sip: Sip
) -> Iterator[Block]:
    homes = {id(gateway): profile for profile in profiles for gateway in profile.all("gateway")}
    for gateway in tree.root.all("gateway"):
        profile = homes.get(id(gateway), main)
        name = re.sub(r"[^A-Za-z0-9_.-]", "-", gateway.get("name"))
        if not name or name in sip.trunks or name == PHONES:
            text = "has no name" if not name else f"has the name {name!r}, which is taken"
            sip.left.append(Left(gateway.place, f"a gateway {text}, and is left out"))
            continue
        sip.trunks.add(name)
        parameters = {word: element.get("value") for word, element in gateway.parameters("").items()}
        realm = parameters.get("realm") or gateway.get("name")
        peer = parameters.get("proxy") or parameters.get("outbound-proxy") or realm
        peer, _, options = peer.removeprefix("sip:").partition(";")
        transport = parameters.get("register-transport") or options.partition("transport=")[2] or "udp"
        values: dict[str, Value] = {"name": name, "type": "sip", "peer": peer}
        if transport.lower() in ("tcp", "tls"):
            values["transport"] = transport.lower()
            sip.left.append(Left(gateway.place, f"gateway {name} over {transport}: add also_listen to [sip]"))
        user, password = parameters.get("auth-username") or parameters.get("username", ""), parameters.get("password")
        if password:
            values |= {"user": user, "password": password}
        domain = parameters.get("from-domain") or realm
        if domain and domain != peer:
            values["domain"] = domain
        if parameters.get("ping", "").isdecimal():
            values["options_seconds"] = int(parameters["ping"])
        if parameters.get("caller-id-in-from", "").lower() in _YES:
            values["identity"] = "From"
        values["codecs"] = codecs
        sip.hosts |= {_host(peer): name, _host(realm): name}
        context = parameters.get("context") or _setting(profile, "context") or "public"
        sip.contexts.setdefault(context, []).append(name)
        for word, element in gateway.parameters("").items():
            if word not in _GATEWAY.split():
                sip.left.append(Left(element.place, f"param {word} of gateway {name}"))
        yield Block("[[trunk]]", values)
        if parameters.get("register", "true").lower() in _YES and user:
            yield Block("[[sip.registration]]", _registration(name, parameters, realm))


def _registration(name: str, parameters: dict[str, str], realm: str) -> dict[str, Value]:
    values: dict[str, Value] = {"trunk": name}
    user = parameters.get("username", "")
    if not parameters.get("password"):
        values["user"] = user
    if parameters.get("auth-username", user) != user:
        values["address_of_record"] = f"{user}@{parameters.get('from-domain') or realm}"
    extension = parameters.get("extension", "")
    if _NUMBER.fullmatch(extension) and extension != user:
        values["number"] = extension
    seconds = parameters.get("expire-seconds", "")
    if seconds.isdecimal():
        values["expires"] = min(86400, max(60, int(seconds)))
    return values


def _host(peer: str) -> str:
    return peer.rpartition(":")[0] if peer.count(":") == 1 else peer


# --- profiles


def _setting(profile: Element | None, name: str) -> str:
    found = None if profile is None else profile.parameters("settings").get(name)
    return "" if found is None else found.get("value")


def _address(profile: Element | None, sip: Sip) -> str:
    address = _setting(profile, "sip-ip") or "127.0.0.1"
    if re.fullmatch(r"[0-9.]+|\[?[0-9a-fA-F:]+\]?", address) is None:
        assert profile is not None
        sip.left.append(Left(profile.place, f"sip-ip {address} is no address; 127.0.0.1 is taken"))
        return "127.0.0.1"
    return f"[{address}]" if ":" in address and "[" not in address else address


def _port(profile: Element | None, default: str) -> str:
    port = _setting(profile, "sip-port")
    return port if port.isdecimal() and 0 < int(port) < 65536 else default


def _codecs(profile: Element | None, tree: Tree, sip: Sip) -> list[str]:
    text = _setting(profile, "inbound-codec-prefs") or tree.variables.get("global_codec_prefs", "")
    names = [name.partition("@")[0].upper() for name in text.split(",") if name.strip()]
    others = [name for name in names if name not in _CODECS]
    if others and profile is not None:
        sip.left.append(Left(profile.place, f"codecs {', '.join(others)}: Tandem carries G.711 alone"))
    return [name for name in dict.fromkeys(names) if name in _CODECS] or list(_CODECS)


def _profiles(profiles: list[Element], main: Element | None, sip: Sip) -> None:
    for profile in profiles:
        name, settings = profile.get("name"), profile.parameters("settings")
        if profile is not main and _port(profile, "5060") != _port(main, "5060"):
            text = f"profile {name} listens on port {_port(profile, '5060')}: here all trunks share one port"
            sip.left.append(Left(profile.place, f"{text}, {_port(main, '5060')}; tell the peers"))
        if _setting(profile, "tls").lower() in _YES:
            sip.left.append(Left(settings["tls"].place, "tls: set also_listen and [sip.tls]"))
        for word, why in _PROFILE_LEFT.items():
            if word in settings and settings[word].get("value").lower() not in ("", "false", "auto-nat"):
                sip.left.append(Left(settings[word].place, f"param {word} of profile {name}: {why}"))
