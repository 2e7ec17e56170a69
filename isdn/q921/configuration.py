"""Parameters of a data link connection; the defaults are those of Q.921 (09/97) 5.9 for a primary-rate line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import auto

from tandem.core.enumeration import Symbol
from tandem.core.errors import ConfigurationError


class Timer(Symbol):
    """Timers of Q.921 5.9 that a connection with a fixed TEI has."""

    T200 = auto()
    """Waiting for an acknowledgement or an answer."""
    T203 = auto()
    """The line has been quiet for long."""


@dataclass(frozen=True)
class LinkConfiguration:
    """All that a DataLink needs to know; times in seconds."""

    network: bool
    """True: we are the network side, the peer the user side; decides the command/response bit (3.3.2)."""
    sapi: int = 0
    """Service access point identifier; 0: call control."""
    tei: int = 0
    """Terminal endpoint identifier; 0 on a primary-rate line, point to point."""
    window: int = 7
    """k: I frames that may be unacknowledged (5.9.5)."""
    n200: int = 3
    """Retransmissions of a frame before its failure is reported (5.9.2)."""
    n201: int = 260
    """Longest information field, octets (5.9.3)."""
    t200: float = 1.0
    """Acknowledgement (5.9.1)."""
    t203: float = 10.0
    """Longest time without frames before the peer is asked whether it is there (5.9.8)."""
    send_queue: int = 512
    """Messages waiting or unacknowledged beyond which new ones are refused. No figure of Q.921."""

    def __post_init__(self) -> None:
        if not 0 <= self.sapi <= 63:
            raise ConfigurationError(f"sapi {self.sapi}: must be 0 to 63")
        if not 0 <= self.tei <= 126:
            raise ConfigurationError(f"tei {self.tei}: must be 0 to 126")
        if not 1 <= self.window <= 127:
            raise ConfigurationError(f"window {self.window}: must be 1 to 127")
        if self.n200 < 1 or self.n201 < 1:
            raise ConfigurationError("n200 and n201 must be at least 1")
        if not (self.t200 > 0 and self.t203 > self.t200):
            raise ConfigurationError("t200 must be above 0, and t203 above t200")
        if self.send_queue < self.window:
            raise ConfigurationError(f"send_queue {self.send_queue}: must be at least the window, {self.window}")


@dataclass
class LinkCounters:
    """What a connection has done since it was made."""

    messages_sent: int = 0
    """I frames, first transmissions."""
    messages_retransmitted: int = 0
    messages_received: int = 0
    """I frames handed up."""
    messages_refused: int = 0
    """Not taken for sending: the queue was full, or the connection not up."""
    messages_discarded: int = 0
    """Taken, but lost with the connection before the peer acknowledged them."""
    out_of_sequence: int = 0
    """I frames with another N(S) than the one expected."""
    rejects_received: int = 0
    """REJ frames."""
    frames_discarded: int = 0
    """Frames for another address, or too short to be one (2.9)."""
    frames_in_error: int = 0
    """Frame rejection conditions (3.6.11)."""
    establishments: int = 0
    """Times that multiple frame operation began or began anew."""
    releases: int = 0
