"""Switch types: what differs between EuroISDN, North American switches and Q.SIG, as data in one place.

The texts of the North American switches were not at hand: what is said of them is what working public stacks do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from tandem.isdn.q931.bearer import Capability
from tandem.isdn.q931.codes import Discriminator, ElementCode, MessageType
from tandem.isdn.q931.numbers import NumberingPlan, Screening, TypeOfNumber
from tandem.isdn.q931.texts import CHARSET_IA5

_NOTHING: Final[Mapping[MessageType, frozenset[ElementCode]]] = MappingProxyType({})
_NO_TIMERS: Final[Mapping[str, float]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SwitchType:
    """Whose rules hold on a line; the defaults are those of Q.931 itself."""

    EUROISDN: ClassVar[SwitchType]
    NI2: ClassVar[SwitchType]
    LUCENT_5ESS: ClassVar[SwitchType]
    DMS100: ClassVar[SwitchType]
    ATT_4ESS: ClassVar[SwitchType]
    QSIG: ClassVar[SwitchType]

    name: str
    """As written in a configuration."""
    title: str
    standard: str
    """The documents that the rules come from."""
    law: Literal["a", "mu"]
    """Usual law of speech: layer 1 of the bearer capability."""
    call_reference_length: int = 2
    """Octets of the call reference value at a primary rate interface (Q.931 4.3)."""
    symmetrical: bool = False
    """Whether both sides act alike: none is network or user, and whoever sends CONNECT is active at once."""
    interface_identifier: bool = True
    """Whether octet 3.1 of the channel identification may be used."""
    nfas: bool = False
    """Whether one D-channel (and a back-up) may serve several interfaces."""
    overlap: bool = True
    """Whether digits may follow the SETUP."""
    sends_sending_complete: bool = False
    """Whether a SETUP with the whole number carries sending complete."""
    display_charset: int | None = None
    """Character set octet before the text of a display; None: none."""
    display_from_user: bool = False
    """Whether the user side may send a display."""
    display_from_network: bool = True
    """Whether the network side may send a display; names go in facility otherwise."""
    layer1_in_bearer: bool = True
    """Whether the bearer capability of speech and audio names the law (octet 5)."""
    audio_capability: int = Capability.AUDIO_3K1
    """Information transfer capability that says 3.1 kHz audio."""
    ignores_single_shifted: bool = False
    """Whether an element after a non-locking shift is passed over."""
    service_discriminator: int | None = None
    """Protocol discriminator of SERVICE; None when there are no SERVICE messages."""
    progress_origination: bool = False
    """Whether SETUP carries progress 3 (origination non-ISDN) for a caller that is not on the ISDN."""
    progress_destination: bool = True
    """Whether SETUP ACKNOWLEDGE and CONNECT may carry progress 2 (destination non-ISDN)."""
    acknowledges_connect: bool = False
    """Whether the user side must send CONNECT ACKNOWLEDGE too."""
    restarts_at_start: bool = True
    """Whether channels are restarted when the link comes up."""
    called_type: int = TypeOfNumber.UNKNOWN
    """Type of called number sent when nothing else is known."""
    called_plan: int = NumberingPlan.UNKNOWN
    """Plan of the called number sent when nothing else is known."""
    calling_screening: int | None = None
    """Screening that every calling number with presentation allowed is sent with; None: as the call has it."""
    calling_always_allowed: bool = False
    """Whether calling numbers are always sent with presentation allowed."""
    mandatory: Mapping[MessageType, frozenset[ElementCode]] = field(default_factory=lambda: _NOTHING, hash=False)
    """Elements mandatory in either direction beyond those of Q.931."""
    timers: Mapping[str, float] = field(default_factory=lambda: _NO_TIMERS, hash=False)
    """Timers in seconds that differ from Q.931 table 9-1 and 9-2."""
    codesets: frozenset[int] = frozenset({0, 4, 5, 6, 7})
    """Codesets that may be met; elements of those other than 0 are carried and not read."""

    @property
    def service_type(self) -> int | None:
        """Message type of SERVICE; the other one of 0x07 and 0x0F acknowledges. None without SERVICE messages."""
        if self.service_discriminator is None:
            return None
        return 0x07 if self.service_discriminator == Discriminator.MAINTENANCE_NI2 else 0x0F

    @property
    def service_acknowledge_type(self) -> int | None:
        """Message type of SERVICE ACKNOWLEDGE; None without SERVICE messages."""
        return None if self.service_type is None else self.service_type ^ 0x08

    def __str__(self) -> str:
        return self.name


SwitchType.EUROISDN = SwitchType(
    name="euroisdn",
    title="EuroISDN",
    standard="ETSI EN 300 403-1 (ETS 300 102-1)",
    law="a",
    sends_sending_complete=True,
)
SwitchType.NI2 = SwitchType(
    name="ni2",
    title="National ISDN-2",
    standard="Telcordia SR-4994 (SR-NWT-002343)",
    law="mu",
    nfas=True,
    overlap=False,
    display_charset=CHARSET_IA5,
    display_from_user=True,
    service_discriminator=Discriminator.MAINTENANCE_NI2,
    progress_origination=True,
    called_type=TypeOfNumber.NATIONAL,
    called_plan=NumberingPlan.E164,
    timers=MappingProxyType({"T310": 30.0}),
)
SwitchType.LUCENT_5ESS = SwitchType(
    name="5ess",
    title="Lucent 5ESS custom",
    standard="AT&T 235-900-342",
    law="mu",
    nfas=True,
    overlap=False,
    display_charset=CHARSET_IA5,
    display_from_user=True,
    ignores_single_shifted=True,
    service_discriminator=Discriminator.MAINTENANCE,
    acknowledges_connect=True,
    called_type=TypeOfNumber.NATIONAL,
    called_plan=NumberingPlan.E164,
)
SwitchType.DMS100 = SwitchType(
    name="dms100",
    title="Nortel DMS-100",
    standard="Nortel NIS A211-1",
    law="mu",
    nfas=True,
    overlap=False,
    display_charset=CHARSET_IA5,
    display_from_user=True,
    service_discriminator=Discriminator.MAINTENANCE,
    progress_destination=False,
    called_type=TypeOfNumber.NATIONAL,
    called_plan=NumberingPlan.E164,
    calling_screening=Screening.NETWORK_PROVIDED,
)
SwitchType.ATT_4ESS = SwitchType(
    name="4ess",
    title="AT&T 4ESS",
    standard="AT&T TR 41459",
    law="mu",
    nfas=True,
    overlap=False,
    display_charset=CHARSET_IA5,
    display_from_user=True,
    layer1_in_bearer=False,
    audio_capability=Capability.UNRESTRICTED_DIGITAL,
    ignores_single_shifted=True,
    service_discriminator=Discriminator.MAINTENANCE,
    called_type=TypeOfNumber.NATIONAL,
    called_plan=NumberingPlan.E164,
    calling_screening=Screening.NETWORK_PROVIDED,
    calling_always_allowed=True,
)
SwitchType.QSIG = SwitchType(
    name="qsig",
    title="Q.SIG",
    standard="ECMA-143 (ISO/IEC 11572)",
    law="a",
    symmetrical=True,
    interface_identifier=False,
    sends_sending_complete=True,
    display_from_network=False,
    restarts_at_start=False,
    mandatory=MappingProxyType({MessageType.SETUP: frozenset({ElementCode.CHANNEL_IDENTIFICATION})}),
)

#: Every switch type by its name in a configuration.
SWITCH_TYPES: Final[Mapping[str, SwitchType]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            SwitchType.EUROISDN,
            SwitchType.NI2,
            SwitchType.LUCENT_5ESS,
            SwitchType.DMS100,
            SwitchType.ATT_4ESS,
            SwitchType.QSIG,
        )
    }
)
