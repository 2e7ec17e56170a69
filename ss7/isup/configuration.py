"""Configuration of a circuit group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tandem.core.errors import ConfigurationError
from tandem.ss7.circuits.control import Control, controls
from tandem.ss7.circuits.selection import Selection
from tandem.ss7.isup.variants import CODINGS, Variant

Role = Literal["transit", "end"]
Unrecognised = Literal["pass-on", "discard"]


@dataclass(frozen=True)
class GroupConfiguration:
    """A group of circuits between this exchange and one peer."""

    name: str
    own_point_code: int
    """Our signalling point code as an integer."""
    peer_point_code: int
    """The signalling point code of the exchange at the other end of the circuits."""
    cics: tuple[int, ...]
    """Circuit identification codes of the circuits."""
    control: Control = "auto"
    """Which circuits we win at dual seizure, Q.764 2.9.1.4; auto: the higher point code controls the even CICs."""
    selection: Selection = "oldest-idle"
    """How an idle circuit is chosen, Q.764 2.9.1.4: method 2 (oldest-idle), or method 1 from one end of the group."""
    variant: Variant = Variant.ITU
    """Coding of messages."""
    timers: Mapping[str, float] = field(default_factory=dict)
    """Timer values in seconds that differ from the defaults, such as `{"T9": 120.0}`."""
    overlap: bool = False
    """Whether called numbers may come digit by digit; False takes the number in an IAM as whole."""
    minimum_digits: int = 1
    """Overlap: fewer digits than this cannot be a number; T35 waits for more."""
    maximum_digits: int = 0
    """Overlap: a number of so many digits is whole; 0 when the length is not known in advance (T10 decides)."""
    supervises: bool = True
    """Whether we are the controlling exchange that times answer (T9) and suspension (T2, T6) of outgoing calls."""
    reset_at_start: bool = True
    """Whether circuits are reset (GRS, RSC) before their first use."""

    role: Role = "transit"
    """What we are to messages and parameters that we do not know, Q.764 2.9.5: a transit passes on what may be."""
    unrecognised: Unrecognised = "pass-on"
    """What becomes of an unknown parameter that came without instruction; CFN goes back either way."""
    continuity_check: int = 0
    """Continuity check of outgoing calls: 0 none of our own accord, n every n-th call (Q.724 7, Q.764 2.1.8)."""
    relay_continuity: bool = False
    """Whether an incoming call whose check of a previous circuit is not over yet is told at once (Q.764 2.1.8)."""
    propagation_delay: int = 0
    """Milliseconds that the circuits add to a propagation delay counter passing by, Q.764 2.6."""
    satellite: bool = False
    """Whether the circuits go over a satellite; the satellite indicator of outgoing calls counts it."""
    times_suspension: bool = False
    """Whether we are the incoming international exchange that times a network suspension sent back (T38)."""

    def __post_init__(self) -> None:
        limit = (1 << CODINGS[self.variant].cic_bits) - 1
        if not self.cics:
            raise ConfigurationError(f"circuit group {self.name}: no CICs")
        if len(set(self.cics)) != len(self.cics):
            raise ConfigurationError(f"circuit group {self.name}: a CIC is listed twice")
        for cic in self.cics:
            if not 0 <= cic <= limit:
                raise ConfigurationError(f"circuit group {self.name}: CIC {cic} is not in 0..{limit}")
        if self.continuity_check < 0 or self.propagation_delay < 0:
            raise ConfigurationError(
                f"circuit group {self.name}: continuity_check and propagation_delay cannot be negative"
            )
        if self.control == "auto" and self.own_point_code == self.peer_point_code:
            raise ConfigurationError(
                f'circuit group {self.name}: control = "auto" needs different point codes; say even, odd, all or none'
            )

    def controls(self, cic: int) -> bool:
        """Whether we win dual seizure of this circuit."""
        return controls(self.control, cic, self.own_point_code, self.peer_point_code)
