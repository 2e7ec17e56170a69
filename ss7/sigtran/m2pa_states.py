"""States and inputs of an M2PA link, RFC 4165 4.1."""

from __future__ import annotations

from enum import auto
from typing import Final

from tandem.core.enumeration import Symbol
from tandem.ss7.mtp2.primitives import LinkState
from tandem.ss7.sigtran.m2pa_configuration import Timer


class State(Symbol):
    """States of the link, RFC 4165 4.1; initial alignment is in two parts as in Q.703 figure 9."""

    OUT_OF_SERVICE = auto()
    NOT_ALIGNED = auto()
    """Alignment is said, and awaited (T2)."""
    ALIGNED = auto()
    """Proving is said, and awaited (T3)."""
    PROVING = auto()
    """Both prove, for T4."""
    ALIGNED_READY = auto()
    """Ready is said, and awaited (T1)."""
    ALIGNED_NOT_READY = auto()
    """As ALIGNED_READY, with an outage of our processor."""
    IN_SERVICE = auto()
    PROCESSOR_OUTAGE = auto()
    """In service but for an outage of a processor, at either end or both, or not over for both yet."""


class Input(Symbol):
    """What happens to a link, besides link statuses from the peer."""

    START = auto()
    STOP = auto()
    CONNECTED = auto()
    FAILURE = auto()
    """The association is lost, T6 or T7 expired, or numbers do not agree; `_reason` says which."""
    USER_DATA = auto()
    LOCAL_OUTAGE = auto()
    LOCAL_RECOVERED = auto()
    EMERGENCY = auto()
    T1_EXPIRY = auto()
    T2_EXPIRY = auto()
    T3_EXPIRY = auto()
    T4_EXPIRY = auto()


#: What a timer's expiry is, and the reason that it gives for a failure.
EXPIRIES: Final = {
    Timer.T1: (Input.T1_EXPIRY, "peer did not say ready (T1)"),
    Timer.T2: (Input.T2_EXPIRY, "peer does not align (T2)"),
    Timer.T3: (Input.T3_EXPIRY, "peer does not prove (T3)"),
    Timer.T4: (Input.T4_EXPIRY, ""),
}
#: The same states as level 2 has them.
LINK_STATES: Final = {
    State.OUT_OF_SERVICE: LinkState.OUT_OF_SERVICE,
    State.NOT_ALIGNED: LinkState.INITIAL_ALIGNMENT,
    State.ALIGNED: LinkState.INITIAL_ALIGNMENT,
    State.PROVING: LinkState.INITIAL_ALIGNMENT,
    State.ALIGNED_READY: LinkState.ALIGNED_READY,
    State.ALIGNED_NOT_READY: LinkState.ALIGNED_NOT_READY,
    State.IN_SERVICE: LinkState.IN_SERVICE,
    State.PROCESSOR_OUTAGE: LinkState.PROCESSOR_OUTAGE,
}
