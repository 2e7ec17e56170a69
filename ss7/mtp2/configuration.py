"""Parameters of a signalling link; the defaults are those of Q.703 (07/96) for 64 kbit/s."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import auto
from typing import Self

from tandem.core.enumeration import Symbol
from tandem.core.errors import ConfigurationError
from tandem.ss7.mtp2.units import EXTENDED, FORMATS, MAX_SIF, UnitFormat


class Timer(Symbol):
    """Timers of Q.703 12.3, and one of our own."""

    T1 = auto()
    """Aligned, waiting for the peer to finish proving."""
    T2 = auto()
    """Not aligned, waiting for any sign of alignment from the peer."""
    T3 = auto()
    """Aligned, waiting for the peer to be aligned."""
    T4 = auto()
    """Proving period, Pn or Pe."""
    T5 = auto()
    """Between two SIB."""
    T6 = auto()
    """Remote congestion lasts."""
    T7 = auto()
    """Acknowledgement is late."""
    T8 = auto()
    """Interval of the errored interval monitor (Annex A)."""
    PACE = auto()
    """The line has room for more messages; not in Q.703, where the terminal asks for each unit."""


@dataclass(frozen=True)
class SuermParameters:
    """Signal unit error rate monitor, Q.703 10.2."""

    threshold: int = 64
    """T: errors that fail the link."""
    rate: int = 256
    """D: signal units, good or not, that take one error off the count."""
    octets: int = 16
    """N: octets that count as one error in octet counting mode (also for the AERM)."""


@dataclass(frozen=True)
class EimParameters:
    """Errored interval monitor for 1.5 and 2 Mbit/s, Q.703 Annex A; in place of the SUERM."""

    threshold: int = 793_544
    """T(E). The defaults are for 2048 kbit/s."""
    increment: int = 198_384
    """U(E), added for an interval with an error."""
    decrement: int = 11_328
    """D(E), taken off for an interval without."""


@dataclass(frozen=True)
class LinkConfiguration:
    """All that a SignallingLink needs to know; times in seconds, ranges of Q.703 12.3 in brackets."""

    t1: float = 45.0
    """Aligned ready (40-50 s)."""
    t2: float = 20.0
    """Not aligned (5-150 s)."""
    t3: float = 1.5
    """Aligned (1-2 s)."""
    t4_normal: float = 8.2
    """Normal proving period Pn (7.5-9.5 s, 2^16 octets)."""
    t4_emergency: float = 0.5
    """Emergency proving period Pe (0.4-0.6 s, 2^12 octets)."""
    t5: float = 0.1
    """Interval between SIB (80-120 ms)."""
    t6: float = 4.0
    """Remote congestion (3-6 s)."""
    t7: float = 1.0
    """Excessive delay of acknowledgement (0.5-2 s)."""
    t8: float = 0.1
    """Interval of the errored interval monitor (Annex A: 100 ms)."""
    proving_attempts: int = 5
    """M: aborted provings that fail the alignment (7.3)."""
    aerm_normal: int = 4
    """Tin: errors that abort normal proving (10.3)."""
    aerm_emergency: int = 1
    """Tie: errors that abort emergency proving (10.3)."""
    suerm: SuermParameters = field(default_factory=SuermParameters)
    eim: EimParameters | None = None
    """Given, it replaces the SUERM."""
    format: str = "basic"
    """`basic`, or `extended` (Annex A) when the peer uses 12-bit sequence numbers too."""
    error_correction: str = "basic"
    """`basic`, or `cyclic`: preventive cyclic retransmission, for links with a delay above 15 ms (5.1, 6)."""
    n1: int = 127
    """Preventive cyclic retransmission: messages unacknowledged that force retransmission (6.4)."""
    n2: int = 8192
    """Preventive cyclic retransmission: octets unacknowledged that force retransmission (6.4); as the delay asks."""
    status_octets: int = 1
    """Octets of the status field of our LSSU, 1 or 2 (11.1.2). Either is understood."""
    max_sif: int = MAX_SIF
    """Longest SIF sent or accepted, octets (62 on links that keep to the oldest format)."""
    max_unacknowledged: int = 0
    """Messages sent and not acknowledged; 0: as many as the format allows, 127 or 4095."""
    bit_rate: float = 64_000.0
    """Of the timeslots together, bit/s. Decides how many messages are handed down at a time."""
    queue_ahead: float = 0.06
    """Seconds of line time that may be queued below; bounds how late a retransmission starts."""
    congestion_onset: int = 256
    """Messages waiting or unacknowledged at which the link reports congestion (Q.704 3.8.2.2)."""
    congestion_abatement: int = 128
    """Messages at which it reports the end of congestion."""
    congestion_levels: int = 1
    """Levels of congestion, 1 to 3; level n begins at n times `congestion_onset` (networks with message priorities)."""
    transmission_buffer: int = 4096
    """Messages waiting beyond which new ones are discarded."""

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ConfigurationError(f"signal unit format {self.format!r}: must be one of {', '.join(FORMATS)}")
        if self.error_correction not in ("basic", "cyclic"):
            raise ConfigurationError(f"error_correction {self.error_correction!r}: must be basic or cyclic")
        if not (1 <= self.n1 < self.unit_format.modulus and self.n2 >= 1):
            raise ConfigurationError(f"n1 must be 1 to {self.unit_format.modulus - 1}, n2 at least 1")
        if self.status_octets not in (1, 2):
            raise ConfigurationError(f"status_octets {self.status_octets}: must be 1 or 2")
        if not 2 <= self.max_sif <= MAX_SIF:
            raise ConfigurationError(f"max_sif {self.max_sif}: must be 2 to {MAX_SIF}")
        if not 0 <= self.max_unacknowledged < self.unit_format.modulus:
            raise ConfigurationError(f"max_unacknowledged: must be 0 to {self.unit_format.modulus - 1}")
        if not 0 <= self.congestion_abatement < self.congestion_onset <= self.transmission_buffer:
            raise ConfigurationError("congestion_abatement < congestion_onset <= transmission_buffer must hold")
        if not (1 <= self.congestion_levels <= min(3, self.transmission_buffer // self.congestion_onset)):
            raise ConfigurationError("congestion_levels must be 1 to 3, and their onsets within transmission_buffer")

    @property
    def unit_format(self) -> UnitFormat:
        """The layout that `format` names."""
        return FORMATS[self.format]

    @property
    def window(self) -> int:
        """Messages that may be unacknowledged (5.2.1: 127, one less than the modulus)."""
        return self.max_unacknowledged or self.unit_format.modulus - 1

    @classmethod
    def high_speed(cls, bit_rate: float = 31 * 64_000.0) -> Self:
        """A link of 1.5 or 2 Mbit/s as Annex A has it: extended format, its timers, errored interval monitor.

        A link of only a few timeslots keeps the basic format: give LinkConfiguration its `bit_rate`.
        """
        eim = EimParameters() if bit_rate > 1_544_000 else EimParameters(577_169, 144_292, 9_308)
        return cls(t1=300.0, t4_normal=30.0, format=EXTENDED.name, eim=eim, bit_rate=bit_rate)


@dataclass
class LinkCounters:
    """What a link has done since it was made (Q.752 table 1 has most of these)."""

    messages_sent: int = 0
    """First transmissions."""
    octets_sent: int = 0
    """SIO and SIF of `messages_sent`."""
    messages_retransmitted: int = 0
    forced_retransmissions: int = 0
    """Times that N1 or N2 was reached (preventive cyclic retransmission)."""
    messages_flushed: int = 0
    """Discarded by `flush_buffers`."""
    messages_received: int = 0
    octets_received: int = 0
    messages_discarded: int = 0
    """Not taken for sending because the transmission buffer was full."""
    negative_acknowledgements_sent: int = 0
    negative_acknowledgements_received: int = 0
    units_discarded: int = 0
    """Units with a wrong length, or an abnormal BSN or FIB."""
    units_good: int = 0
    units_errored: int = 0
    alignments: int = 0
    """Times the link came into service."""
    alignments_failed: int = 0
    provings_aborted: int = 0
    failures: int = 0
    """Times the link went out of service other than by `stop`, after alignment."""
    congestions: int = 0
    remote_congestions: int = 0
