"""What the switchboard tells of channels: values, made only for somebody who wants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import auto
from typing import Final

from tandem.core.enumeration import Symbol


class Happening(Symbol):
    """What a ChannelEvent tells of; the names are those of FreeSWITCH where it has one."""

    CHANNEL_CREATE = auto()
    CHANNEL_STATE = auto()
    """Its state is another one."""
    CHANNEL_CALLSTATE = auto()
    """The state of its call is another one: `original` was it before."""
    CHANNEL_PROGRESS = auto()
    """The called side is being rung, or is on its way."""
    CHANNEL_PROGRESS_MEDIA = auto()
    """There is something to hear before answer."""
    CHANNEL_ANSWER = auto()
    CHANNEL_BRIDGE = auto()
    CHANNEL_UNBRIDGE = auto()
    CHANNEL_HOLD = auto()
    CHANNEL_UNHOLD = auto()
    CHANNEL_EXECUTE = auto()
    """An application begins: `application`, `application_data`."""
    CHANNEL_EXECUTE_COMPLETE = auto()
    """It is done: also `application_response`."""
    CHANNEL_PARK = auto()
    CHANNEL_UNPARK = auto()
    CHANNEL_ORIGINATE = auto()
    """A leg of `originate` or `bridge` is being called."""
    CHANNEL_HANGUP = auto()
    """It ends: `cause`, `location`, `diagnostic`."""
    CHANNEL_HANGUP_COMPLETE = auto()
    """Nothing is left of it."""
    CHANNEL_DESTROY = auto()
    """The last that is told of it."""
    DTMF = auto()
    """`digit`, `duration_ms`."""
    PLAYBACK_START = auto()
    """`file`."""
    PLAYBACK_STOP = auto()
    """`file`, `status`, `milliseconds`."""
    RECORD_START = auto()
    """`file`."""
    RECORD_STOP = auto()
    """`file`, `status`, `milliseconds`."""
    BACKGROUND_JOB = auto()
    """`job`, `result`: an originate has come to its end. There is no channel where it failed."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A half-call as it was at one moment. Times are those of the machines, in seconds; None: not so far."""

    uuid: str
    call: str
    """`id` of the record of its call, empty when it is in none (any more)."""
    direction: str
    """`inbound` or `outbound`, as the gateway sees it."""
    trunk: str
    protocol: str
    """`sip`, `isup`, `tup`, `pri`; empty before the trunk has taken it."""
    reference: str
    """SIP Call-ID, or `TRUNK/CIC`."""
    caller_number: str
    destination_number: str
    state: str
    """`routing`, `executing`, `bridged`, `parked`, `hangup`."""
    answered: bool
    held: bool
    other_uuid: str
    """Whom it talks with; empty where an application, or nobody."""
    application: str
    """What is being executed on it, empty where nothing is."""
    application_data: str
    created: float
    progressed: float | None
    progressed_media: float | None
    answered_at: float | None
    bridged_at: float | None
    hung_up_at: float | None
    cause: int | None
    """Q.850 cause, once it has ended."""
    variables: Mapping[str, str]
    codec: str = ""
    """What its speech is coded with, by the name of RTP; empty before that is known."""

    @property
    def call_state(self) -> str:
        """The state of the call as FreeSWITCH names it."""
        if self.state == "hangup":
            return "HANGUP"
        if self.held:
            return "HELD"
        if self.answered:
            return "ACTIVE"
        return "EARLY" if self.progressed_media is not None else "RINGING" if self.progressed is not None else "DOWN"


@dataclass(frozen=True, slots=True)
class ChannelEvent:
    """One thing that happened, in order."""

    what: Happening
    time: float
    """Time of the machines."""
    channel: Channel | None
    data: Mapping[str, str] = field(default_factory=dict)
    """What the kind says, see `Happening`."""


STATES: Final = frozenset((Happening.CHANNEL_STATE, Happening.CHANNEL_CALLSTATE))
"""What follows from other happenings: looked for after each of them, wanted or not."""


class Interest:
    """What somebody wants to be told of, so that nothing is made of what nobody wants."""

    __slots__ = ("anywhere", "channels", "everywhere", "states")

    def __init__(
        self, everywhere: frozenset[Happening] = frozenset(), channels: Mapping[str, frozenset[Happening]] | None = None
    ) -> None:
        """`everywhere` is wanted of all channels, `channels` by uuid of these, and of whom they talk with."""
        self.everywhere = everywhere
        self.channels = channels or {}
        self.anywhere = everywhere.union(*self.channels.values())
        """What is wanted of one channel or another."""
        self.states = not STATES.isdisjoint(self.anywhere)

    def __bool__(self) -> bool:
        return bool(self.anywhere)

    def of(self, *uuids: str) -> frozenset[Happening]:
        """What is wanted of a channel, named with whom it talks with."""
        if not self.channels:
            return self.everywhere
        return self.everywhere.union(*(self.channels.get(uuid, ()) for uuid in uuids))


NOTHING: Final = Interest()
EVERYTHING: Final = Interest(frozenset(Happening))
