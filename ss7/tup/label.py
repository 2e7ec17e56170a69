"""The label of TUP and the circuit in it; ITU-T Q.723 (1988) clause 2, China GF 001-9001.

The label is DPC, OPC and a CIC of 12 bits, whose four low bits are the signalling link selection: the routing label of
MTP ends in the middle of the CIC. ITU-T has 40 bits, so its routing label carries bits 1 to 4 of the CIC and the
first octet behind it bits 5 to 12. China has 64 bits: the seventh octet of its routing label carries bits 1 to 8, the
first octet behind it bits 9 to 12 and four spare bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.tup.messages import Message, decode, encode
from tandem.ss7.tup.variants import Variant

CIC_BITS: Final = 12

#: Bits of the CIC in the SLS field of the routing label (the whole field as sent).
_SLS_BITS: Final = {Variant.ITU: 4, Variant.CHINA: 8}

#: Most octets behind the routing label: 272 octets of signalling information (Q.703 2.3.8) less the label.
DATA_LIMITS: Final = {Variant.ITU: 268, Variant.CHINA: 265}


@dataclass(frozen=True, slots=True)
class CircuitMessage:
    """A message and its circuit, as MTP carries them: the SLS field, and the octets behind the routing label."""

    cic: int
    message: Message
    spare: int = 0
    """The four spare bits behind the CIC in China."""

    @classmethod
    def parse(cls, sls: int, data: bytes, variant: Variant) -> Self:
        """Put the CIC together from the SLS field as sent and the first octet of `data`, and decode what follows.

        DecodeError with the offset in `data`.
        """
        if not data:
            raise DecodeError("octet with the upper bits of the CIC is missing", 0)
        low = _SLS_BITS[variant]
        number = data[0] << low | sls & (1 << low) - 1
        try:
            message = decode(data[1:], variant)
        except DecodeError as error:
            raise DecodeError(error.message, None if error.offset is None else error.offset + 1) from None
        return cls(number & (1 << CIC_BITS) - 1, message, number >> CIC_BITS)

    def encode(self, variant: Variant) -> tuple[int, bytes]:
        """The SLS field as sent and the octets behind the routing label. EncodeError when something does not fit."""
        sls, first = split_cic(self.cic, variant, self.spare)
        data = bytes((first,)) + encode(self.message, variant)
        if len(data) > DATA_LIMITS[variant]:
            raise EncodeError(f"{len(data)} octets behind the label, a signal unit holds {DATA_LIMITS[variant]}")
        return sls, data

    def __str__(self) -> str:
        return f"CIC {self.cic} {self.message}"


def split_cic(cic: int, variant: Variant, spare: int = 0) -> tuple[int, int]:
    """The SLS field of the routing label and the first octet behind it. EncodeError when the CIC is too large."""
    if not 0 <= cic < 1 << CIC_BITS:
        raise EncodeError(f"CIC {cic} is not within 0 to {(1 << CIC_BITS) - 1}")
    low = _SLS_BITS[variant]
    number = cic | spare << CIC_BITS
    if not 0 <= number < 1 << low + 8:
        raise EncodeError(f"spare bits {spare} do not fit the label of {variant.value}")
    return number & (1 << low) - 1, number >> low
