"""Bearer capability and low and high layer compatibility, Q.931 4.5.5, 4.5.19, 4.5.17."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Final, Self

from tandem.core.bits import meaning_of
from tandem.isdn.q931.cause import CodingStandard
from tandem.isdn.q931.codes import ElementCode
from tandem.isdn.q931.elements import Element, Fields, fit, group


class Capability(IntEnum):
    """Information transfer capability, Q.931 4.5.5."""

    SPEECH = 0x00
    UNRESTRICTED_DIGITAL = 0x08
    RESTRICTED_DIGITAL = 0x09
    AUDIO_3K1 = 0x10
    UNRESTRICTED_DIGITAL_WITH_TONES = 0x11
    VIDEO = 0x18


class TransferMode(IntEnum):
    """Transfer mode, Q.931 4.5.5."""

    CIRCUIT = 0
    PACKET = 2


class TransferRate(IntEnum):
    """Information transfer rate, Q.931 4.5.5."""

    PACKET = 0x00
    KBIT_64 = 0x10
    KBIT_2X64 = 0x11
    KBIT_384 = 0x13
    KBIT_1536 = 0x15
    KBIT_1920 = 0x17
    MULTIRATE = 0x18


class Layer1(IntEnum):
    """User information layer 1 protocol, Q.931 4.5.5."""

    V110 = 1
    MU_LAW = 2
    A_LAW = 3
    G721 = 4
    H221 = 5
    H223 = 6
    NON_ITU_RATE_ADAPTION = 7
    V120 = 8
    X31 = 9


_LAYER1: Final = 1
_LAYER2: Final = 2
_LAYER3: Final = 3


@dataclass(frozen=True, slots=True)
class Profile(Element):
    """What bearer capability and low layer compatibility share: octets 3 to 7."""

    DERIVED: ClassVar[tuple[str, ...]] = ("asynchronous", "inband_negotiation", "user_rate")

    capability: int
    """Information transfer capability, see `Capability`."""
    layer1: int | None = None
    """User information layer 1 protocol, see `Layer1`; None when octet 5 is absent."""
    rate: int = TransferRate.KBIT_64
    """Information transfer rate, see `TransferRate`."""
    mode: int = TransferMode.CIRCUIT
    """Transfer mode, see `TransferMode`."""
    coding_standard: int = CodingStandard.ITU_T
    """See `CodingStandard`."""
    multiplier: int | None = None
    """Number of 64 kbit/s channels (octet 4.1), with rate `MULTIRATE` only."""
    rate_details: tuple[int, ...] = ()
    """Octets 4a and 4b of older editions, bits 7-1."""
    layer1_details: tuple[int, ...] = ()
    """Octets 5a to 5d, bits 7-1."""
    layer2: int | None = None
    """User information layer 2 protocol: 2 Q.921, 6 X.25, 12 logical link control; None when octet 6 is absent."""
    layer2_details: tuple[int, ...] = ()
    """Octets 6a and 6b, bits 7-1."""
    layer3: int | None = None
    """User information layer 3 protocol: 2 Q.931, 6 X.25, 11 ISO/IEC TR 9577; None when octet 7 is absent."""
    layer3_details: tuple[int, ...] = ()
    """Octets 7a and so on, bits 7-1."""

    @property
    def asynchronous(self) -> bool | None:
        """Octet 5a bit 7; None when 5a is absent."""
        return bool(self.layer1_details[0] & 0x40) if self.layer1_details else None

    @property
    def inband_negotiation(self) -> bool | None:
        """Octet 5a bit 6; None when 5a is absent."""
        return bool(self.layer1_details[0] & 0x20) if self.layer1_details else None

    @property
    def user_rate(self) -> int | None:
        """Octet 5a bits 5-1 as coded (15 is 56 kbit/s); None when 5a is absent."""
        return self.layer1_details[0] & 0x1F if self.layer1_details else None

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the octets; layers come in ascending order, each at most once."""
        fields = Fields(cls.code, octets)
        first, *more = fields.group(2)
        values = cls._third(more)
        octet4, *details = fields.group()
        values.update(mode=octet4 >> 5, rate=octet4 & 0x1F, rate_details=tuple(details))
        if octet4 & 0x1F == TransferRate.MULTIRATE:
            values["multiplier"] = fields.octet() & 0x7F
        for layer in (_LAYER1, _LAYER2, _LAYER3):
            following = fields.peek()
            if following is not None and following >> 5 & 3 == layer:
                protocol, *extension = fields.group()
                values[f"layer{layer}"] = protocol & 0x1F
                values[f"layer{layer}_details"] = tuple(extension)
        return cls(capability=first & 0x1F, coding_standard=first >> 5 & 3, **values)

    @classmethod
    def _third(cls, more: list[int]) -> dict[str, Any]:
        """Values of what follows octet 3 in its group."""
        return {}

    def _encode(self) -> bytes:
        """Content octets."""
        first = fit(self.coding_standard, 2, "coding standard") << 5 | fit(self.capability, 5, "transfer capability")
        octet4 = fit(self.mode, 2, "transfer mode") << 5 | fit(self.rate, 5, "transfer rate")
        out = group(first, *self._third_details()) + group(octet4, *_septets(self.rate_details))
        if self.rate == TransferRate.MULTIRATE:
            out += group(fit(self.multiplier or 0, 7, "rate multiplier"))
        layers = (
            (_LAYER1, self.layer1, self.layer1_details),
            (_LAYER2, self.layer2, self.layer2_details),
            (_LAYER3, self.layer3, self.layer3_details),
        )
        for layer, protocol, details in layers:
            if protocol is not None:
                out += group(layer << 5 | fit(protocol, 5, f"layer {layer} protocol"), *_septets(details))
        return out

    def _third_details(self) -> tuple[int, ...]:
        return ()

    def __str__(self) -> str:
        words = [meaning_of(Capability, self.capability), f"{meaning_of(TransferMode, self.mode)} mode"]
        words.append(f"rate {meaning_of(TransferRate, self.rate)}")
        if self.multiplier is not None:
            words.append(f"times {self.multiplier}")
        if self.layer1 is not None:
            words.append(f"layer 1 {meaning_of(Layer1, self.layer1)}")
        words += [
            f"layer {layer} protocol {protocol}"
            for layer, protocol in ((2, self.layer2), (3, self.layer3))
            if protocol is not None
        ]
        return ", ".join(words)


def _septets(values: tuple[int, ...]) -> list[int]:
    return [fit(value, 7, "extension octet") for value in values]


@dataclass(frozen=True, slots=True)
class BearerCapability(Profile):
    """Bearer capability, Q.931 4.5.5: what the network shall provide."""

    code: ClassVar[ElementCode] = ElementCode.BEARER_CAPABILITY
    SHARED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class LowLayerCompatibility(Profile):
    """Low layer compatibility, Q.931 4.5.19: what the terminals agree on; carried through."""

    code: ClassVar[ElementCode] = ElementCode.LOW_LAYER_COMPATIBILITY
    SHARED: ClassVar[bool] = True

    negotiation: bool | None = None
    """Whether out-of-band negotiation is possible; None when octet 3a is absent."""

    @classmethod
    def _third(cls, more: list[int]) -> dict[str, Any]:
        return {"negotiation": bool(more[0] & 0x40)} if more else {}

    def _third_details(self) -> tuple[int, ...]:
        return () if self.negotiation is None else (0x40 if self.negotiation else 0,)


class HighLayer(IntEnum):
    """High layer characteristics identification, Q.931 4.5.17."""

    TELEPHONY = 0x01
    FAX_GROUP_2_3 = 0x04
    FAX_GROUP_4_CLASS_1 = 0x21
    FAX_GROUP_4_CLASS_2_3 = 0x24
    VIDEOTEX = 0x32
    TELEX = 0x35
    MESSAGE_HANDLING = 0x38
    OSI_APPLICATION = 0x41
    VIDEOTELEPHONY = 0x60


@dataclass(frozen=True, slots=True)
class HighLayerCompatibility(Element):
    """High layer compatibility, Q.931 4.5.17."""

    code: ClassVar[ElementCode] = ElementCode.HIGH_LAYER_COMPATIBILITY
    SHARED: ClassVar[bool] = True

    characteristics: int
    """See `HighLayer`."""
    extended: int | None = None
    """Extended characteristics (octet 4a); None when absent."""
    interpretation: int = 4
    """4: the first characteristics are those to be used."""
    presentation_method: int = 1
    """1: high layer protocol profile."""
    coding_standard: int = CodingStandard.ITU_T
    """See `CodingStandard`."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read octets 3, 4 and 4a."""
        fields = Fields(cls.code, octets)
        first = fields.group()[0]
        characteristics, *more = fields.group()
        return cls(characteristics, more[0] if more else None, first >> 2 & 7, first & 3, first >> 5 & 3)

    def _encode(self) -> bytes:
        """Content octets."""
        first = (
            fit(self.coding_standard, 2, "coding standard") << 5 | fit(self.interpretation, 3, "interpretation") << 2
        )
        first |= fit(self.presentation_method, 2, "presentation method")
        more = [] if self.extended is None else [fit(self.extended, 7, "extended characteristics")]
        return group(first) + group(fit(self.characteristics, 7, "high layer characteristics"), *more)

    def __str__(self) -> str:
        text = meaning_of(HighLayer, self.characteristics)
        return text if self.extended is None else f"{text}, extended {self.extended}"
