"""The B-channels of a PRI: who has which, what blocks them, and which to take next; Q.931 5.1.2, 5.2.3."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import Enum, IntFlag
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from tandem.isdn.q931.call import Call

Hunting = Literal["ascending", "descending", "round-robin", "oldest-idle"]


class ChannelId(NamedTuple):
    """A B-channel: interface identifier (0 where the D-channel serves one interface only) and channel number."""

    interface: int
    number: int

    def __str__(self) -> str:
        return f"{self.interface}/{self.number}"


class ChannelStatus(Enum):
    """What a channel is doing."""

    IDLE = "idle"
    OUTGOING = "outgoing busy"
    INCOMING = "incoming busy"
    RESTARTING = "restarting"


class Service(IntFlag):
    """Why a channel may not be used for new calls."""

    NONE = 0
    LOCAL_MAINTENANCE = 1
    """Blocked by us."""
    REMOTE_MAINTENANCE = 2
    """The peer said so with SERVICE."""
    LOCAL_HARDWARE = 4
    """The line is faulty."""
    NOT_RESTARTED = 8
    """RESTART was not acknowledged: out of service, Q.931 5.5.1."""


LOCAL: Final = Service.LOCAL_MAINTENANCE | Service.LOCAL_HARDWARE


class Channel:
    """One B-channel."""

    __slots__ = ("call", "id", "restarting", "service")

    def __init__(self, identity: ChannelId) -> None:
        self.id = identity
        self.call: Call | None = None
        """Who has it; until the peer's first answer the call that asks for it."""
        self.restarting = False
        """RESTART was sent for it, or waits to be sent."""
        self.service = Service.NONE

    @property
    def free(self) -> bool:
        """Whether a call may have it now."""
        return self.call is None and not self.restarting and not self.service

    @property
    def acceptable(self) -> bool:
        """Whether a call that the peer puts on it may have it: the peer's own blocking does not count."""
        return self.call is None and not self.restarting and not self.service & LOCAL

    @property
    def status(self) -> ChannelStatus:
        """What it is doing."""
        if self.call is not None:
            return ChannelStatus.OUTGOING if self.call.outgoing else ChannelStatus.INCOMING
        return ChannelStatus.RESTARTING if self.restarting else ChannelStatus.IDLE


class Channels:
    """All channels of a PRI. Those that may be taken are kept in the order in which they became idle."""

    def __init__(self, identities: Iterable[ChannelId], hunting: Hunting) -> None:
        self._channels = {identity: Channel(identity) for identity in sorted(identities)}
        self._hunting = hunting
        self._idle: dict[ChannelId, None] = dict.fromkeys(self._channels)
        self._last: ChannelId | None = None

    def get(self, identity: ChannelId) -> Channel | None:
        """The channel, or None when there is no such one."""
        return self._channels.get(identity)

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels.values())

    def __len__(self) -> int:
        return len(self._channels)

    @property
    def idle(self) -> int:
        """How many could be taken now."""
        return len(self._idle)

    def hunt(self, without: Collection[ChannelId] = (), interface: int | None = None) -> Channel | None:
        """The channel for a new call, not among `without`; it is not taken yet. None when there is none.

        `interface`: only one of this interface will do.
        """
        idle: Collection[ChannelId] = self._idle
        if without or interface is not None:
            idle = [one for one in idle if one not in without and interface in (None, one.interface)]
        if not idle:
            return None
        match self._hunting:
            case "ascending":
                found = min(idle)
            case "descending":
                found = max(idle)
            case "oldest-idle":
                found = next(iter(idle))
            case _:
                last = self._last
                found = min((one for one in idle if last is None or one > last), default=None) or min(idle)
        return self._channels[found]

    def take(self, channel: Channel, call: Call) -> None:
        """`call` has the channel, which must have no other call."""
        channel.call = call
        self._last = channel.id
        self._idle.pop(channel.id, None)

    def leave(self, channel: Channel) -> None:
        """Its call is done with it."""
        channel.call = None
        self.changed(channel)

    def changed(self, channel: Channel) -> None:
        """Look again whether the channel may be taken; one that may keeps its place in the order."""
        if not channel.free:
            self._idle.pop(channel.id, None)
        elif channel.id not in self._idle:
            self._idle[channel.id] = None
