"""Configuration of a circuit group that is signalled for with TUP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tandem.core.errors import ConfigurationError
from tandem.ss7.circuits.control import Control, controls
from tandem.ss7.circuits.selection import Selection
from tandem.ss7.tup.label import CIC_BITS
from tandem.ss7.tup.variants import Variant

ReleaseControl = Literal["calling", "called", "either"]


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
    """Which circuits we win at dual seizure, Q.724 2; auto: the higher point code controls the even CICs."""
    selection: Selection = "oldest-idle"
    """How an idle circuit is chosen, Q.724 2: method 2 (oldest-idle), or method 1 from one end of the group."""
    variant: Variant = Variant.ITU
    """Coding of messages, and which there are."""
    timers: Mapping[str, float] = field(default_factory=dict)
    """Timer values in seconds that differ from the defaults, such as `{"ANSWER": 90.0}`."""
    overlap: bool = False
    """Whether called numbers may come digit by digit; False takes the number in an IAM as whole."""
    minimum_digits: int = 1
    """Overlap: fewer digits than this cannot be a number; DIGITS waits for more."""
    maximum_digits: int = 0
    """Overlap: a number of so many digits is whole; 0 when the length is not known in advance (COMPLETE decides)."""
    supervises: bool = True
    """Whether we are the controlling exchange that times answer (ANSWER) and clear back (CLEAR_BACK)."""
    release_control: ReleaseControl = "calling"
    """Who ends an outgoing call, whose connection lasts until then.

    calling: CBK leaves the call in being for a reanswer, until the caller clears or CLEAR_BACK expires (Q.118).
    called: a caller who clears is reported with CCL, and the call lasts until CBK comes (police, fire brigade).
    either: whoever clears first ends it; CBK is answered with CLF at once.
    """
    request_identity: bool = False
    """Whether an incoming call without calling line identity is asked for one (GRQ) before it is offered."""
    answer_requests: bool = True
    """Whether GRQ is answered (GSM) from what the call was set up with; False leaves the answer to call control."""
    answer_without_line: bool = True
    """With `answer_requests`: whether that holds for a calling line identity too that the call was set up without."""
    reset_at_start: bool = True
    """Whether circuits are reset (GRS, RSC) before their first use."""
    group_messages_twice: bool = True
    """Whether messages about circuit groups are sent twice in a row, as a peer of the Blue Book wants them."""
    group_messages_confirmed: bool = False
    """Whether such messages of the peer count only when they come twice within GROUP_SECOND."""
    continuity_check: int = 0
    """Continuity check of outgoing calls: 0 none of our own accord, n every n-th call (Q.724 7)."""
    satellite: bool = False
    """Whether the circuits go over a satellite; the nature-of-circuit indicator of outgoing calls tells it."""

    def __post_init__(self) -> None:
        limit = (1 << CIC_BITS) - 1
        if not self.cics:
            raise ConfigurationError(f"circuit group {self.name}: no CICs")
        if len(set(self.cics)) != len(self.cics):
            raise ConfigurationError(f"circuit group {self.name}: a CIC is listed twice")
        for cic in self.cics:
            if not 0 <= cic <= limit:
                raise ConfigurationError(f"circuit group {self.name}: CIC {cic} is not in 0..{limit}")
        if self.continuity_check < 0:
            raise ConfigurationError(f"circuit group {self.name}: continuity_check cannot be negative")
        if self.control == "auto" and self.own_point_code == self.peer_point_code:
            raise ConfigurationError(
                f'circuit group {self.name}: control = "auto" needs different point codes; say even, odd, all or none'
            )

    def controls(self, cic: int) -> bool:
        """Whether we win dual seizure of this circuit."""
        return controls(self.control, cic, self.own_point_code, self.peer_point_code)
