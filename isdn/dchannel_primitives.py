"""Configuration of a group of D-channels, and what it says upwards and downwards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from tandem.core.errors import ConfigurationError
from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.primitives import ErrorCode, Established, Released


class Status(Enum):
    """What a D-channel is doing."""

    OUT_OF_SERVICE = auto()
    """Its data link is not established."""
    STANDBY = auto()
    """Its data link is established; no call control."""
    WAIT = auto()
    """We want to take it in service; the peer has not agreed yet."""
    IN_SERVICE = auto()
    """It carries call control."""


@dataclass(frozen=True)
class GroupConfiguration:
    """All that a DChannelGroup needs to know; times in seconds."""

    links: tuple[LinkConfiguration, ...]
    """The data link of each D-channel: the first, and the back-up if there is one."""
    service_messages: bool = False
    """The peer has to agree to a change-over, with SERVICE messages (NI-2, 4ESS, 5ESS, DMS-100)."""
    t321: float = 30.0
    """For the agreement, then the other D-channel is tried."""
    retry: float = 1.0
    """Between two attempts to establish a data link; an attempt takes T200 (N200 + 1) itself."""
    first: float = 5.0
    """For D-channel 0 to come up, at the start. No figure of a standard."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.links) <= 2:
            raise ConfigurationError(f"{len(self.links)} D-channels: must be one, or two with the back-up")
        if len({link.network for link in self.links}) != 1:
            raise ConfigurationError("the D-channels of a group must all be of the network side or of the user side")


@dataclass(frozen=True, slots=True)
class SendOnChannel:
    """Downwards: send a frame on a D-channel, from its address field on."""

    channel: int
    octets: bytes


@dataclass(frozen=True, slots=True)
class ChannelUp:
    """The data link of a D-channel is established. On one that was up before, what was under way is lost."""

    channel: int


@dataclass(frozen=True, slots=True)
class ChannelDown:
    """The data link of a D-channel is gone."""

    channel: int


@dataclass(frozen=True, slots=True)
class ChannelError:
    """MDL-ERROR indication of a data link."""

    channel: int
    code: ErrorCode


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message of layer 3; one of maintenance may be from a D-channel that stands by."""

    channel: int
    octets: bytes
    acknowledged: bool = True
    """False: it came in a UI frame."""


@dataclass(frozen=True, slots=True)
class ChangeOver:
    """Ask the peer, with SERVICE on that D-channel, to take it in service.

    Answer with `change_over_acknowledged` when it does, `change_over_refused` when it does not.
    """

    channel: int


@dataclass(frozen=True, slots=True)
class ChangedOver:
    """Call control now uses this D-channel. What was under way on the other is lost."""

    channel: int


#: Established and Released are those of the service as a whole.
Output = (
    SendOnChannel
    | ChannelUp
    | ChannelDown
    | ChannelError
    | MessageReceived
    | ChangeOver
    | ChangedOver
    | Established
    | Released
)
