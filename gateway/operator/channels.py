"""Half-calls and calls as `show channels` and `show calls` list them, with the columns that clients know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tandem.gateway.operator.command import Context

if TYPE_CHECKING:
    from tandem.gateway.applications.events import Channel

_CHANNEL = """\
uuid direction created created_epoch name state cid_name cid_num ip_addr dest application application_data dialplan
context read_codec read_rate read_bit_rate write_codec write_rate write_bit_rate secure hostname presence_id
presence_data accountcode callstate callee_name callee_num callee_direction call_uuid sent_callee_name sent_callee_num
initial_cid_name initial_cid_num initial_ip_addr initial_dest initial_dialplan initial_context"""
_LEG = """\
uuid direction created created_epoch name state cid_name cid_num ip_addr dest presence_id presence_data accountcode
callstate callee_name callee_num callee_direction"""
_MORE = "call_uuid hostname sent_callee_name sent_callee_num"
_OTHER_MORE = "b_sent_callee_name b_sent_callee_num call_created_epoch"
CHANNEL_COLUMNS = tuple(_CHANNEL.split())
CALL_COLUMNS = (*_LEG.split(), *_MORE.split(), *(f"b_{name}" for name in _LEG.split()), *_OTHER_MORE.split())


#: The states that FreeSWITCH has for those of a channel, with their numbers.
STATES = {
    "routing": ("CS_ROUTING", 2),
    "executing": ("CS_EXECUTE", 4),
    "parked": ("CS_PARK", 6),
    "bridged": ("CS_EXCHANGE_MEDIA", 5),
    "hangup": ("CS_HANGUP", 10),
}
#: Whatever speech is coded with here has this.
_CODED = {"read_rate": 8000, "read_bit_rate": 64000, "write_rate": 8000, "write_bit_rate": 64000}


def channels(context: Context) -> Iterator[dict[str, Any]]:
    """Every half-call."""
    return (row(context, channel) for channel in context.node.switchboard.channels())


def calls(context: Context) -> Iterator[dict[str, Any]]:
    """Every call, with the half that it came in on first."""
    grouped: dict[str, list[Channel]] = {}
    for channel in context.node.switchboard.channels():
        grouped.setdefault(channel.call, []).append(channel)
    for first, *others in grouped.values():
        one = row(context, first)
        second = row(context, others[0]) if others else {}
        yield {
            **one,
            **{f"b_{name}": value for name, value in second.items()},
            "call_created_epoch": one["created_epoch"],
        }


def row(context: Context, channel: Channel) -> dict[str, Any]:
    """One half-call."""
    created = context.wall - (context.now - channel.created)
    return {
        "uuid": channel.uuid,
        "direction": channel.direction,
        "created": datetime.fromtimestamp(created).strftime("%Y-%m-%d %H:%M:%S"),
        "created_epoch": int(created),
        "name": name_of(channel),
        "state": STATES[channel.state][0],
        "cid_num": channel.caller_number,
        "dest": channel.destination_number,
        "application": channel.application or ("bridge" if channel.state == "bridged" else ""),
        "application_data": channel.application_data or channel.other_uuid,
        "dialplan": "routes",
        "context": channel.trunk,
        **(_CODED | {"read_codec": channel.codec, "write_codec": channel.codec} if channel.codec else {}),
        "hostname": context.node.configuration.node.name,
        "callstate": channel.call_state,
        "callee_num": channel.destination_number if channel.direction == "outbound" else "",
        "call_uuid": channel.call,
        "accountcode": channel.variables.get("accountcode", ""),
        "initial_cid_num": channel.caller_number,
        "initial_dest": channel.destination_number,
        "initial_dialplan": "routes",
        "initial_context": channel.trunk,
    }


def name_of(channel: Channel) -> str:
    """A channel as it is called in lists: protocol, trunk and number."""
    return f"{channel.protocol or 'none'}/{channel.trunk}/{channel.destination_number}"
