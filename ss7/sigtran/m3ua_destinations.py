"""Which destinations can be reached, as gateways told of them (SSNM, RFC 4666 3.4 and 4.5)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from tandem.core.sigtran.codes import Type


class DestinationState(IntEnum):
    """What is known of a signalling point through one association; greater is better."""

    UNAVAILABLE = 0
    """DUNA."""
    RESTRICTED = 1
    """DRST: reachable, better by another way."""
    AVAILABLE = 2
    """DAVA, or nothing said."""


STATE_MESSAGES: Final = {
    DestinationState.UNAVAILABLE: Type.DUNA,
    DestinationState.RESTRICTED: Type.DRST,
    DestinationState.AVAILABLE: Type.DAVA,
}
MESSAGE_STATES: Final = {kind: state for state, kind in STATE_MESSAGES.items()}


class DestinationTable:
    """States by association, and what the user was told."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, int], DestinationState] = {}
        self._told: dict[int, bool] = {}

    def state(self, association: str, pc: int) -> DestinationState:
        """What the peer of `association` last said of `pc`; available until it says otherwise."""
        return self._states.get((association, pc), DestinationState.AVAILABLE)

    def set(self, association: str, pc: int, state: DestinationState) -> None:
        """The peer of `association` says so."""
        if state is DestinationState.AVAILABLE:
            self._states.pop((association, pc), None)
        else:
            self._states[association, pc] = state

    def forget(self, association: str) -> None:
        """The association is lost: what was said over it holds no more."""
        for key in [key for key in self._states if key[0] == association]:
            del self._states[key]

    def not_available(self, association: str) -> list[int]:
        """Destinations that the peer said are not simply available, in order."""
        return sorted(pc for name, pc in self._states if name == association)

    def best(self, associations: Iterable[str], pc: int) -> list[str]:
        """Those of `associations` over which `pc` is reached best, in their order; none when it is not."""
        if not self._states:
            return list(associations)
        graded = [(self.state(association, pc), association) for association in associations]
        best = max((state for state, _ in graded), default=DestinationState.UNAVAILABLE)
        if best is DestinationState.UNAVAILABLE:
            return []
        return [association for state, association in graded if state is best]

    def told(self, pc: int) -> bool:
        """Whether the user takes `pc` for reachable."""
        return self._told.get(pc, False)

    def tell(self, pc: int, reachable: bool) -> bool:
        """Note what the user is told; whether that is news."""
        if self._told.get(pc) is reachable:
            return False
        self._told[pc] = reachable
        return True
