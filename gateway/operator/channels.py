"""Half-calls and calls as `show channels` and `show calls` list them, with the columns that clients know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tandem.gateway.operator.command import Context

if TYPE_CHECKING:
    from tandem.gateway.calls.control import Call
    from tandem.gateway.calls.half_call import HalfCall

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


def channels(context: Context) -> Iterator[dict[str, Any]]:
    """Every half-call."""
    for call in context.node.control.calls.values():
        for half in (call.incoming, call.outgoing):
            if half is not None and half.call is call:
                yield channel(context, call, half)


def calls(context: Context) -> Iterator[dict[str, Any]]:
    """Every call with two halves that is not being ended."""
    for call in context.node.control.calls.values():
        if call.outgoing is None or call.release is not None:
            continue
        first, second = channel(context, call, call.incoming), channel(context, call, call.outgoing)
        yield {
            **first,
            **{f"b_{name}": value for name, value in second.items()},
            "call_created_epoch": first["created_epoch"],
        }


def channel(context: Context, call: Call, half: HalfCall) -> dict[str, Any]:
    """One half-call."""
    created = context.wall - (context.now - call.setup_time)
    other = half.other
    return {
        "uuid": f"{call.identity}-{'a' if half.incoming else 'b'}",
        "direction": "inbound" if half.incoming else "outbound",
        "created": datetime.fromtimestamp(created).strftime("%Y-%m-%d %H:%M:%S"),
        "created_epoch": int(created),
        "name": f"{half.leg.protocol or 'sip'}/{half.leg.trunk}/{half.leg.called}",
        "state": channel_state(call, half),
        "cid_num": half.leg.calling,
        "dest": half.leg.called,
        "hostname": context.node.configuration.node.name,
        "callstate": call_state(call),
        "callee_num": half.leg.called if not half.incoming else "",
        "call_uuid": call.identity,
        "initial_cid_num": half.leg.calling,
        "initial_dest": half.leg.called,
        "read_rate": 8000,
        "write_rate": 8000,
        "application": "bridge" if half.incoming and other is not None else "",
        "application_data": f"{other.leg.trunk}/{other.leg.called}" if half.incoming and other is not None else "",
    }


def channel_state(call: Call, half: HalfCall) -> str:
    """The state as FreeSWITCH names it."""
    if half.released or call.release is not None:
        return "CS_HANGUP"
    return (
        "CS_EXECUTE" if half.incoming else "CS_EXCHANGE_MEDIA" if call.answer_time is not None else "CS_CONSUME_MEDIA"
    )


def call_state(call: Call) -> str:
    """The call's state as FreeSWITCH names it."""
    if call.release is not None:
        return "HANGUP"
    if call.answer_time is not None:
        return "ACTIVE"
    return "RINGING" if call.alerting_time is not None else "EARLY" if call.passed_backward else "DOWN"
