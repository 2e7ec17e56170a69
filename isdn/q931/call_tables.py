"""The state tables of a call, user and network side: Q.931 (05/1998) 5, as its SDL of annex A has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tandem.isdn.q931 import calls_clear, calls_in, calls_out, calls_services, calls_status, links
from tandem.isdn.q931.call import NETWORK, USER, Request, Roles, State
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.kernel import MessageAction, RequestAction, TimerAction
from tandem.isdn.q931.timers import Timer

#: Messages that belong to no call state: to the global call reference, or to segmentation.
ELSEWHERE: Final = frozenset({MessageType.RESTART, MessageType.RESTART_ACKNOWLEDGE, MessageType.SEGMENT})


@dataclass(frozen=True)
class Tables:
    """What happens in each state of a call."""

    messages: dict[tuple[State, MessageType], MessageAction]
    """Every state but null with every message; `calls_status.unexpected` where it has no place (5.8.4)."""
    timers: dict[tuple[State, Timer], TimerAction]
    """Timers that may run in a state; others cannot."""
    requests: dict[tuple[State, Request], RequestAction]
    """What call control may ask for; others are its mistake."""
    releases: dict[State, RequestAction]
    """How call control ends the call."""


def _tables(roles: Roles) -> Tables:
    messages: dict[tuple[State, MessageType], MessageAction] = {
        (state, message): calls_status.unexpected
        for state in State
        if state is not State.NULL
        for message in MessageType
    }
    timers: dict[tuple[State, Timer], TimerAction] = {}
    requests: dict[tuple[State, Request], RequestAction] = {}
    for part in (calls_clear, calls_status, calls_services, calls_out, calls_in):
        messages |= part.messages(roles)
        timers |= part.timers(roles)
    for owner in (calls_services, calls_clear, calls_out, calls_in):
        requests |= owner.requests(roles)
    timers[State.ACTIVE, Timer.T309] = links.lost_for_long
    return Tables(messages, timers, requests, calls_clear.releases(roles))


USER_TABLES: Final = _tables(USER)
NETWORK_TABLES: Final = _tables(NETWORK)


def tables(roles: Roles) -> Tables:
    """The tables of one side."""
    return NETWORK_TABLES if roles.network else USER_TABLES
