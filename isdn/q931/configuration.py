"""Configuration of a PRI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tandem.core.errors import ConfigurationError
from tandem.isdn.q931.call import NETWORK, USER, Roles
from tandem.isdn.q931.channels import ChannelId, Hunting
from tandem.isdn.q931.switch_types import SwitchType

Side = Literal["network", "user"]
ChannelChoice = Literal["preferred", "exclusive"]
Restart = Literal["auto", "none", "channels", "interface"]


@dataclass(frozen=True)
class InterfaceConfiguration:
    """One primary rate interface, or several under one D-channel (NFAS)."""

    name: str
    channels: tuple[ChannelId, ...]
    """The B-channels, without the D-channels."""
    side: Side = "user"
    """Which side of Q.931 we are; with Q.SIG, where both act alike, `network` wins channel collisions."""
    switch_type: SwitchType = SwitchType.EUROISDN
    """Whose rules hold on the line."""
    nfas: bool = False
    """Whether channels are named with their interface identifier (octet 3.1 of the channel identification)."""
    own_interface: int = 0
    """The interface that is meant where a message names none: the one with the D-channel."""
    backup_link: bool = False
    """Whether there is a back-up D-channel, data link 1."""
    channel_choice: ChannelChoice = "exclusive"
    """Whether the peer may put our calls on another channel than we name."""
    slot_map: bool = False
    """Whether we name channels by slot map instead of number."""
    slot_map_octets: int = 4
    """Length of a slot map: 4 octets for E1, 3 for T1."""
    hunting: Hunting = "ascending"
    """How the channel of an outgoing call is chosen; let the two sides start from different ends."""
    timers: Mapping[str, float] = field(default_factory=dict)
    """Timer values in seconds that differ from the defaults, such as `{"T310": 20.0}`."""
    overlap: bool = False
    """Whether called numbers may come digit by digit; False takes the number in a SETUP as whole."""
    minimum_digits: int = 1
    """Overlap: fewer digits than this cannot be a number; when T302 expires the call is cleared with cause 28."""
    maximum_digits: int = 0
    """Overlap: a number of so many digits is whole; 0 when the length is not known in advance (T302 decides)."""
    restart_at_start: Restart = "auto"
    """What is restarted when the data link comes up for the first time; auto: each channel, if the switch type does."""
    awards_calls: bool = False
    """Network side: whether call control sends CONNECT ACKNOWLEDGE itself (state N8); False: it is sent at once."""
    attempts: int = 3
    """Channels tried for one outgoing call that the peer refuses for its channel (causes 6, 44 and 82)."""
    longest_message: int = 260
    """N201 of Q.921: messages with more octets are sent in segments (annex H)."""

    def __post_init__(self) -> None:
        if not self.channels:
            raise ConfigurationError(f"PRI {self.name}: no channels")
        if len(set(self.channels)) != len(self.channels):
            raise ConfigurationError(f"PRI {self.name}: a channel is listed twice")
        for channel in self.channels:
            if not 1 <= channel.number <= 31 or not 0 <= channel.interface <= 127:
                raise ConfigurationError(f"PRI {self.name}: there is no channel {channel}")
        if self.nfas and not self.switch_type.nfas:
            raise ConfigurationError(f"PRI {self.name}: switch type {self.switch_type} has no NFAS")
        if not self.nfas and len({channel.interface for channel in self.channels}) > 1:
            raise ConfigurationError(f"PRI {self.name}: channels of several interfaces need nfas = true")
        if self.attempts < 1:
            raise ConfigurationError(f"PRI {self.name}: attempts must be at least 1")

    @property
    def roles(self) -> Roles:
        """The states that we are in: those of the user side on both sides of a symmetric interface."""
        return NETWORK if self.side == "network" and not self.switch_type.symmetrical else USER

    @property
    def restarts(self) -> Restart:
        """`restart_at_start` with auto resolved."""
        if self.restart_at_start != "auto":
            return self.restart_at_start
        return "channels" if self.switch_type.restarts_at_start else "none"
