"""Applications of a FreeSWITCH dial plan as actions of a route."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tandem.core.cause import Cause
from tandem.gateway.applications.dial_strings import DialString, split
from tandem.gateway.applications.programs import PROGRAMS
from tandem.gateway.freeswitch.sip import PHONES, Sip
from tandem.gateway.freeswitch.tree import Element

#: Applications that say or change nothing that a caller would notice; left out without a word but a remark.
QUIET: Final = """
log info db hash limit limit_hash export_vars sched_hangup presence event verbose_events privacy
set_profile_var set_global enable_heartbeat
"""
#: Applications that a call does not come back from: without them there is nothing to do but to hang up.
_LAST: Final = """
voicemail conference ivr lua javascript perl python fifo callcenter valet_park rxfax txfax fax_detect
directory delay_echo redirect deflect enum lcr pickup eavesdrop att_xfer check_voicemail spandsp_start_fax
"""
#: Variables that mean something to FreeSWITCH's bridge or media and nothing here.
_WITHOUT_EFFECT: Final = """
bypass_media proxy_media ringback transfer_ringback instant_ringback ignore_early_media absolute_codec_string
codec_string rtp_secure_media sip_secure_media export_vars_on_bridge leg_timeout group_confirm_key
group_confirm_file effective_caller_id_name fail_on_single_reject call_direction
"""
#: Q.850 causes of the statuses that `respond` is used with (RFC 3398 8.2.6.1).
_STATUSES: Final = {"403": 21, "404": 1, "408": 102, "480": 18, "484": 28, "486": 17, "488": 88, "503": 41, "603": 21}
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")
#: Stands for a variable while a dial string is taken apart.
_ASIDE: Final = re.compile(r"\x1a(\d+)\x1b")
_GROUP: Final = re.compile(r"\$(\d)|\$\{(\d)\}")


@dataclass(frozen=True)
class Carried:
    """One action as it is here."""

    text: str
    """Empty when it is left out."""
    left: str = ""
    """What is not carried over, and why."""
    last: bool = False
    """Nothing behind it is done."""


def carry(element: Element, sip: Sip, groups: str) -> Iterator[Carried]:
    """An `action` element; `groups` tells what `$1` stands for: `called`, `calling`, or "" for nothing we have."""
    application, data = element.get("application"), element.get("data")
    if _GROUP.search(data) and groups != "called":
        why = "the calling number" if groups == "calling" else "a field that is not the called number"
        yield Carried("", f"{application} {data}: $1 stands for a part of {why}", application in ("bridge", "transfer"))
        return
    data = _GROUP.sub(lambda found: f"\\{found[1] or found[2]}", data)
    match application:
        case "bridge":
            yield from _bridge(data, sip)
        case "transfer":
            yield from _transfer(data, sip)
        case "set" | "export":
            yield from _set(application, data)
        case "multiset":
            for item in re.split(re.escape(data[2]), data[3:]) if data.startswith("^^") else data.split():
                yield from _set("set", item)
        case "unset":
            yield Carried(f"set {data}=")
        case "respond":
            status = data.split(" ")[0]
            yield Carried(f"hangup {_STATUSES.get(status, int(Cause.NORMAL_UNSPECIFIED))}", last=True)
        case "playback" | "record" | "record_session" | "read" | "play_and_get_digits":
            yield from _file(application, data)
        case "hangup":
            yield Carried(f"hangup {data}".strip(), last=True)
        case _ if application in PROGRAMS:
            yield Carried(f"{application} {data}".strip())
        case _ if application in QUIET.split():
            yield Carried("", f"{application} {data}".strip())
        case _ if application in _LAST.split():
            yield Carried(
                f"hangup {int(Cause.SERVICE_OR_OPTION_NOT_IMPLEMENTED_UNSPECIFIED)}",
                f"{application} {data}: there is no such application; the call ends with cause 79",
                last=True,
            )
        case _:
            yield Carried("", f"{application} {data}: there is no such application")


def _set(application: str, data: str) -> Iterator[Carried]:
    name = data.partition("=")[0].strip().removeprefix("nolocal:")
    if name in _WITHOUT_EFFECT.split():
        yield Carried("", f"{application} {data}: has no effect here")
    elif re.search(r"\$\{[^}]*[(:]", data):
        yield Carried("", f"{application} {data}: functions and parts of variables are not known")
    else:
        yield Carried(f"{application} {data}")


def _file(application: str, data: str) -> Iterator[Carried]:
    found = re.search(r"\b(say|phrase|local_stream|shout|http_cache|tts|speak|file_string|[a-z_]+\.conf)\b:?", data)
    if found is not None and ("://" in data or ":" in found[0]):
        yield Carried("", f"{application} {data}: {found[1]} is not played here")
    else:
        yield Carried(f"{application} {data}")


def _transfer(data: str, sip: Sip) -> Iterator[Carried]:
    words = data.split()
    if words[:1] in (["-bleg"], ["-both"]):
        yield Carried("", f"transfer {data}: {words[0]} is not done from a dial plan", last=True)
        return
    context = words[2] if len(words) > 2 else ""
    if not context:
        yield Carried(f"transfer {words[0] if words else ''}".strip(), last=True)
    elif trunks := sip.contexts.get(context):
        yield Carried(f"transfer {words[0]} {trunks[0]}", last=True)
    else:
        text = f"transfer {data}: no calls come into context {context}, so there are no routes for it; cause 3"
        yield Carried(f"hangup {int(Cause.NO_ROUTE_TO_DESTINATION)}", text, last=True)


def _bridge(data: str, sip: Sip) -> Iterator[Carried]:
    names: list[str] = _VARIABLE.findall(data)  # kept aside: their braces are none of the dial string's
    numbers = iter(range(len(names)))
    prefix, rest = _braces(_VARIABLE.sub(lambda _: f"\x1a{next(numbers)}\x1b", data))

    def whole(text: str) -> str:
        return _ASIDE.sub(lambda found: names[int(found[1])], text)

    groups: list[str] = []
    missing: list[str] = []
    for group in split(rest, "|"):
        legs = [(leg.strip(), _leg(leg.strip(), sip)) for leg in split(group, ",")]
        missing += [leg for leg, carried in legs if carried is None]
        if found := [carried for _, carried in legs if carried is not None]:
            groups.append(",".join(found))
    left = f"bridge: {whole(', '.join(missing))}: calls go to trunks and users" if missing else ""
    if not groups:
        cause = int(Cause.NO_ROUTE_TO_DESTINATION)
        yield Carried(f"hangup {cause}", f"{left}; the call ends with cause {cause}", last=True)
        return
    text = prefix + "|".join(groups)
    try:
        DialString.parse(re.sub(r"\\\d", "0", _ASIDE.sub("0", text)))
    except ValueError as error:
        yield Carried("", f"bridge {data}: {error}", last=True)
        return
    yield Carried(f"bridge {whole(text)}", left)


def _braces(text: str) -> tuple[str, str]:
    """Variables in front, and the rest."""
    found = re.match(r"((?:\{[^}]*\})*)(.*)", text.strip(), re.DOTALL)
    assert found is not None
    return found[1], found[2]


def _leg(leg: str, sip: Sip) -> str | None:
    """One leg as a leg of ours; None when there is none."""
    found = re.match(r"(\[[^\]]*\])?(.*)", leg, re.DOTALL)
    assert found is not None
    variables, name = found[1] or "", found[2]
    kind, _, rest = name.partition("/")
    if kind == "user":
        user = rest.partition("@")[0]
        if "\\" in user or _ASIDE.search(user):  # whose number it is, is found out by the trunk
            return f"{variables}sip/{PHONES}/{user}"
        user = sip.users.get(user, "")
        return f"{variables}user/{user}" if user else None
    if kind != "sofia":
        return None
    home, _, rest = rest.partition("/")
    if home == "gateway":
        trunk, _, number = rest.partition("/")
        trunk = re.sub(r"[^A-Za-z0-9_.-]", "-", trunk.rpartition("::")[2])
        return f"{variables}sip/{trunk}/{number}" if trunk in sip.trunks and number else None
    number, at, host = rest.partition("@")
    host = host.partition(";")[0].partition(":")[0]
    if at and host in sip.hosts:
        return f"{variables}sip/{sip.hosts[host]}/{number}"
    user, percent, _ = rest.partition("%")  # a contact that is registered
    return f"{variables}sip/{PHONES}/{user}" if percent and sip.users else None
