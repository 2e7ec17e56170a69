"""`sofia`: SIP as operators of FreeSWITCH ask for it.

There is one profile here, `sip`; `internal` and `external` mean it too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from tandem.gateway.configuration.check_sip import listeners
from tandem.gateway.operator import names, state
from tandem.gateway.operator.answer import Answer, Facts
from tandem.gateway.operator.command import Command, CommandError, Context, expect

PROFILE: Final = "sip"
_PROFILES: Final = (PROFILE, "internal", "external")
_RULE: Final = "=" * 97


def sofia() -> Iterable[Command]:
    """These commands."""
    return (
        Command(
            "sofia status",
            "[profile NAME [reg] | gateway [NAME]]",
            "SIP: its listeners and trunks; the profile, who is registered with it; a trunk.",
            _status,
            complete=_complete_status,
            example="sofia status gateway pbx",
        ),
        Command(
            "sofia profile",
            "NAME rescan|siptrace on|off",
            "Read the configuration again, or log every SIP message.",
            _profile,
            changes=True,
            complete=_complete_profile,
            example="sofia profile sip siptrace on",
        ),
    )


def _complete_status(context: Context, words: list[str]) -> Iterable[str]:
    match words:
        case []:
            return ("profile", "gateway")
        case ["profile"]:
            return _PROFILES
        case ["profile", _]:
            return ("reg",)
        case ["gateway"]:
            return names.sip_trunk_names(context)
    return ()


def _complete_profile(context: Context, words: list[str]) -> Iterable[str]:
    match words:
        case []:
            return _PROFILES
        case [_]:
            return ("rescan", "siptrace")
        case [_, "siptrace"]:
            return ("on", "off")
    return ()


def _status(context: Context, words: list[str]) -> Answer:
    if context.node.configuration.sip is None:
        raise CommandError("the configuration has no [sip]")
    match words:
        case []:
            return _all(context)
        case ["profile", name]:
            return _profile_status(context, _known(name))
        case ["profile", name, "reg"]:
            _known(name)
            return _registrations(context)
        case ["gateway"]:
            return _gateways(context)
        case ["gateway", name]:
            return _gateway(context, name.rpartition("::")[2])
    raise CommandError("usage: sofia status [profile NAME [reg] | gateway [NAME]]")


def _known(name: str) -> str:
    return names.known(name, _PROFILES, "profile")


def _all(context: Context) -> Answer:
    sip = context.node.configuration.sip
    assert sip is not None, "asked before"
    calls = context.node.sip.agent.calls
    rows = [
        (PROFILE, "profile", f"sip:tandem@{listener.sent_by};transport={listener.transport}", f"RUNNING ({calls})")
        for listener in listeners(sip)
    ]
    gateways = list(state.gateways(context.node))
    rows += [(f"{PROFILE}::{row['name']}", "gateway", f"sip:{row['peer']}", _registration(row)) for row in gateways]
    lines = [f"{'Name':>25}\t{'Type':>7}\t{'Data':>50}\tState", _RULE]
    lines += [f"{name:>25}\t{kind:>7}\t{data:>50}\t{what}" for name, kind, data, what in rows]
    profiles = len(rows) - len(gateways)
    lines += [_RULE, f"{profiles} profile{'' if profiles == 1 else 's'} 0 aliases", ""]
    facts = {
        "profiles": [{"name": row[0], "data": row[2], "state": row[3]} for row in rows[:profiles]],
        "gateways": gateways,
    }
    return Facts(facts, "\n".join(lines))


def _registration(row: dict[str, Any]) -> str:
    """The state of a gateway in the words of FreeSWITCH."""
    words = {"registered": "REGED", "trying": "TRYING", "failed": "FAILED", "removed": "UNREGED"}
    return words.get(str(row["registration"]), "NOREG")


def _profile_status(context: Context, name: str) -> Answer:
    node = context.node
    sip = node.configuration.sip
    assert sip is not None, "asked before"
    statistics = node.sip.agent.statistics
    facts: dict[str, Any] = {
        "Name": PROFILE,
        "Domain Name": sip.domain or "N/A",
        "Auto-NAT": "false",
        "RTP-IP": node.configuration.media.address,
        "SIP-IP": node.sip.address[0],
        "URL": f"sip:tandem@{node.sip.address[0]}:{node.sip.address[1]}",
        "BIND-URL": ", ".join(str(listener) for listener in listeners(sip)),
        "Codecs": ",".join(dict.fromkeys(codec for p in node.sip.trunks.values() for codec in p.configuration.codecs)),
        "TEL-EVENT": "101",
        "DTMF-MODE": "rfc2833",
        "CALLS": node.sip.agent.calls,
        "REGISTRATIONS": sum(1 for _ in state.registrations(node, context.now, context.wall)),
        **{word.upper().replace(" ", "-"): count for word, count in sorted(statistics.items())},
    }
    body = "".join(f"{word:<17}\t{value}\n" for word, value in facts.items())
    return Facts(facts, f"{_RULE}\n{body}")


def _registrations(context: Context) -> Answer:
    rows = list(state.registrations(context.node, context.now, context.wall))
    lines = ["", "Registrations:", _RULE]
    for row in rows:
        left = math.ceil(row["expires"] - context.wall)
        when = datetime.fromtimestamp(row["expires"]).strftime("%Y-%m-%d %H:%M:%S")
        lines += [
            f"Call-ID:    \t{row['token']}",
            f"User:       \t{row['reg_user']}@{row['realm'] or row['network_ip']}",
            f"Contact:    \t<{row['url']}>",
            f"Status:     \tRegistered({str(row['network_proto']).upper()})(unknown) EXP({when}) EXPSECS({left})",
            f"Host:       \t{row['hostname']}",
            f"IP:         \t{row['network_ip']}",
            f"Port:       \t{row['network_port']}",
            f"Auth-User:  \t{row['reg_user']}",
            "",
        ]
    lines += [f"Total items returned: {len(rows)}", _RULE, ""]
    return Facts({"registrations": rows}, "\n".join(lines))


def _gateways(context: Context) -> Answer:
    rows = list(state.gateways(context.node))
    lines = [f"{'Profile::Gateway-Name':>25}\t{'Data':>41}\tState\tCalls", _RULE]
    lines += [
        f"{PROFILE + '::' + row['name']:>25}\t{'sip:' + row['peer']:>41}\t{_registration(row)}\t{row['calls']}"
        for row in rows
    ]
    lines += [_RULE, f"{len(rows)} gateway{'' if len(rows) == 1 else 's'}", ""]
    return Facts({"gateways": rows}, "\n".join(lines))


def _gateway(context: Context, name: str) -> Answer:
    row = next((row for row in state.gateways(context.node) if row["name"] == name), None)
    if row is None:
        return "Invalid Gateway!\n"
    trunk = context.node.sip.trunks[name].configuration
    facts = {
        "Name": name,
        "Profile": PROFILE,
        "Realm": trunk.domain or trunk.peer,
        "Username": trunk.user or "not set",
        "Password": "yes" if trunk.password else "no",
        "Proxy": f"sip:{row['peer']}",
        "Context": "public",
        "Ping": "1" if trunk.options_seconds else "0",
        "PingFreq": trunk.options_seconds,
        "State": _registration(row),
        "Status": row["state"],
        "Calls": row["calls"],
        "MaxCalls": row["max_calls"],
    }
    body = "".join(f"{word:<8}\t{value}\n" for word, value in facts.items())
    return Facts(facts, f"{_RULE}\n{body}{_RULE}\n")


def _profile(context: Context, words: list[str]) -> Answer:
    usage = "sofia profile NAME rescan|siptrace on|off"
    name, action, how = expect(words, 2, 3, usage)
    _known(name)
    if action == "rescan" and not how:
        return context.host.reload(dry_run=False)
    if action == "siptrace" and how in ("on", "off"):
        context.node.trace("sip", how == "on")
        return f"Enabled sip debugging on {PROFILE}\n" if how == "on" else f"Disabled sip debugging on {PROFILE}\n"
    raise CommandError(f"usage: {usage}")
