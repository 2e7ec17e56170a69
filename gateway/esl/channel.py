"""What the switchboard tells of channels, as events with the headers that clients know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from tandem.gateway.applications.causes import name_of
from tandem.gateway.applications.events import Channel, ChannelEvent, Happening
from tandem.gateway.operator.channels import STATES
from tandem.gateway.operator.channels import name_of as channel_name

#: Samples of a millisecond: FreeSWITCH tells the length of digits in samples.
_SAMPLES: Final = 8
#: How each item of a happening is called in its event.
_DATA: Final[dict[str, str]] = {
    "application": "Application",
    "application_data": "Application-Data",
    "application_response": "Application-Response",
    "digit": "DTMF-Digit",
    "status": "Playback-Status",
    "milliseconds": "Playback-Ms",
    "location": "Hangup-Location",
    "diagnostic": "Hangup-Diagnostic",
    "job": "Job-UUID",
    "original": "Original-Channel-Call-State",
}


def happenings(names: Iterable[str]) -> frozenset[Happening]:
    """What happens to channels under these names of events; other names are of other things."""
    return frozenset(Happening[name] for name in names if name in Happening.__members__)


def headers_of(channel: Channel, offset: float) -> dict[str, str]:
    """The headers about a channel; `offset` turns times of the machines into seconds since 1970."""
    state, number = STATES[channel.state]
    name, call = channel_name(channel), channel.call_state
    headers = {
        "Channel-State": state,
        "Channel-Call-State": call,
        "Channel-State-Number": str(number),
        "Channel-Name": name,
        "Unique-ID": channel.uuid,
        "Call-Direction": channel.direction,
        "Presence-Call-Direction": channel.direction,
        "Channel-HIT-Dialplan": "true" if channel.direction == "inbound" else "false",
        "Channel-Call-UUID": channel.call or channel.uuid,
        "Answer-State": "hangup" if call == "HANGUP" else "answered" if channel.answered else call.lower(),
        "Caller-Direction": channel.direction,
        "Caller-Logical-Direction": channel.direction,
        "Caller-Dialplan": "routes",
        "Caller-Caller-ID-Name": channel.variables.get("origination_caller_id_name", channel.caller_number),
        "Caller-Caller-ID-Number": channel.caller_number,
        "Caller-ANI": channel.caller_number,
        "Caller-Destination-Number": channel.destination_number,
        "Caller-Unique-ID": channel.uuid,
        "Caller-Source": channel.protocol,
        "Caller-Context": channel.trunk,
        "Caller-Channel-Name": name,
        "Tandem-Trunk": channel.trunk,
        "Tandem-Protocol": channel.protocol,
        "Tandem-Reference": channel.reference,
    }
    for word, when in (
        ("Profile-Created", channel.created),
        ("Channel-Created", channel.created),
        ("Channel-Answered", channel.answered_at if channel.answered else None),
        ("Channel-Progress", channel.progressed),
        ("Channel-Progress-Media", channel.progressed_media),
        ("Channel-Hangup", channel.hung_up_at),
        ("Channel-Bridged", channel.bridged_at),
    ):
        headers[f"Caller-{word}-Time"] = "0" if when is None else str(int((when + offset) * 1_000_000))
    if channel.codec:
        for way in ("Read", "Write"):
            headers[f"Channel-{way}-Codec-Name"] = channel.codec
            headers[f"Channel-{way}-Codec-Rate"] = "8000"
    if channel.other_uuid:
        headers |= {"Other-Type": "originatee" if channel.direction == "inbound" else "originator"}
        headers |= {"Other-Leg-Unique-ID": channel.other_uuid}
    if channel.cause is not None:
        headers["Hangup-Cause"] = name_of(channel.cause)
    return headers | {f"variable_{word}": value for word, value in variables_of(channel).items()}


def variables_of(channel: Channel) -> dict[str, str]:
    """Variables of a channel, those that every channel has included."""
    found = {
        "uuid": channel.uuid,
        "call_uuid": channel.call or channel.uuid,
        "direction": channel.direction,
        "channel_name": channel_name(channel),
    }
    if channel.application:
        found |= {"current_application": channel.application, "current_application_data": channel.application_data}
    if channel.other_uuid:
        found["bridge_uuid"] = channel.other_uuid
    if channel.cause is not None:
        found |= {"hangup_cause": name_of(channel.cause), "hangup_cause_q850": str(channel.cause)}
    return found | dict(channel.variables)


def event_headers(event: ChannelEvent, offset: float) -> dict[str, str]:
    """All headers of an event but the common ones."""
    headers = {} if event.channel is None else headers_of(event.channel, offset)
    data: Mapping[str, str] = event.data
    headers |= {_DATA[name]: value for name, value in data.items() if name in _DATA}
    match event.what:
        case Happening.CHANNEL_DESTROY:
            headers |= {"Channel-State": "CS_DESTROY", "Channel-State-Number": "12"}
        case Happening.DTMF:
            headers["DTMF-Duration"] = str(_SAMPLES * int(data.get("duration_ms", "0")))
            headers["DTMF-Source"] = "ENDPOINT"
        case Happening.PLAYBACK_START | Happening.PLAYBACK_STOP:
            headers["Playback-File-Path"] = data.get("file", "")
            headers["variable_playback_ms"] = data.get("milliseconds", "0")
        case Happening.RECORD_START | Happening.RECORD_STOP:
            headers["Record-File-Path"] = data.get("file", "")
            headers["variable_record_ms"] = data.get("milliseconds", "0")
        case Happening.CHANNEL_BRIDGE | Happening.CHANNEL_UNBRIDGE if event.channel is not None:
            other = data.get("other_uuid", "")
            headers |= {
                "Bridge-A-Unique-ID": event.channel.uuid,
                "Bridge-B-Unique-ID": other,
                "Other-Leg-Unique-ID": other,
            }
        case Happening.CHANNEL_HANGUP | Happening.CHANNEL_HANGUP_COMPLETE if cause := data.get("cause"):
            word = name_of(int(cause))
            headers |= {"Hangup-Cause": word, "variable_hangup_cause": word, "variable_hangup_cause_q850": cause}
        case Happening.CHANNEL_EXECUTE | Happening.CHANNEL_EXECUTE_COMPLETE:
            headers |= {
                "variable_current_application": data.get("application", ""),
                "variable_current_application_data": data.get("application_data", ""),
            }
    return headers
