"""Parameters, timers and counters of an M2PA link."""

from __future__ import annotations

from dataclasses import dataclass
from enum import auto

from tandem.core.enumeration import Symbol
from tandem.core.errors import ConfigurationError


class Timer(Symbol):
    """Timers of RFC 4165 (named as in Q.703), and two of our own."""

    T1 = auto()
    """Ready, waiting for the peer to be."""
    T2 = auto()
    """Waiting for any sign of alignment from the peer."""
    T3 = auto()
    """Aligned, waiting for the peer to prove."""
    T4 = auto()
    """Proving period."""
    T6 = auto()
    """The peer is busy."""
    T7 = auto()
    """Acknowledgement is late."""
    REPEAT = auto()
    """Until Alignment or Proving is said again."""
    ACK = auto()
    """Until what was accepted is acknowledged without a message of ours to carry it."""


@dataclass(frozen=True)
class M2paConfiguration:
    """All that an M2PA link needs to know; times in seconds. RFC 4165 leaves them open: these are in common use."""

    association: str
    """Name that the transport knows the association by: one association a link."""
    t1: float = 45.0
    t2: float = 20.0
    t3: float = 2.0
    t4_normal: float = 8.0
    t4_emergency: float = 0.5
    t6: float = 4.0
    t7: float = 2.0
    """Longer than a retransmission of SCTP takes."""
    repeat: float = 0.25
    """Between two Alignment or Proving messages."""
    ack_delay: float = 0.1
    """Longest wait for a message of ours to carry an acknowledgement. Some peers want theirs within a second."""
    ack_messages: int = 4
    """Messages accepted after which one is acknowledged at once."""
    max_sif: int = 272
    """Longest SIF sent, octets; what is received may be longer."""
    window: int = 1024
    """Messages that may be sent and not acknowledged."""
    congestion_onset: int = 256
    """Messages waiting or unacknowledged at which the link reports congestion."""
    congestion_abatement: int = 128
    congestion_levels: int = 1
    """Levels of congestion, 1 to 3; level n begins at n times `congestion_onset` (networks with message priorities)."""
    transmission_buffer: int = 4096
    """Messages waiting beyond which new ones are discarded."""

    def __post_init__(self) -> None:
        if not 1 <= self.window < 1 << 23:
            raise ConfigurationError(f"window {self.window}: must be 1 to {(1 << 23) - 1}")
        if not 2 <= self.max_sif <= 4096:
            raise ConfigurationError(f"max_sif {self.max_sif}: must be 2 to 4096")
        if self.ack_messages < 1 or self.repeat <= 0:
            raise ConfigurationError("ack_messages must be at least 1 and repeat longer than 0")
        if not 0 <= self.congestion_abatement < self.congestion_onset <= self.transmission_buffer:
            raise ConfigurationError("congestion_abatement < congestion_onset <= transmission_buffer must hold")
        if not (1 <= self.congestion_levels <= min(3, self.transmission_buffer // self.congestion_onset)):
            raise ConfigurationError("congestion_levels must be 1 to 3, and their onsets within transmission_buffer")


@dataclass
class M2paCounters:
    """What a link has done since it was made."""

    messages_sent: int = 0
    octets_sent: int = 0
    """SIO and SIF of `messages_sent`."""
    messages_retransmitted: int = 0
    """Sent again after an outage of the peer's processor."""
    messages_received: int = 0
    octets_received: int = 0
    messages_discarded: int = 0
    """Not taken for sending because the transmission buffer was full."""
    malformed: int = 0
    """Messages from the peer that could not be understood."""
    unexpected: int = 0
    """Messages, or repeats of them, that had no meaning in the state of the link."""
    alignments: int = 0
    alignments_failed: int = 0
    failures: int = 0
    congestions: int = 0
    remote_congestions: int = 0
