"""Variants of TUP: ITU-T Q.723 (1988) and China GF 001-9001 (1990)."""

from __future__ import annotations

from typing import Final

from tandem.core.enumeration import Symbol
from tandem.ss7.mtp3.label import Variant as LabelVariant


class Variant(Symbol):
    """Whose TUP."""

    ITU = "itu"
    CHINA = "china"


#: The routing label under each variant.
LABELS: Final[dict[Variant, LabelVariant]] = {Variant.ITU: LabelVariant.ITU, Variant.CHINA: LabelVariant.CHINA}

#: Bits of a point code.
POINT_CODE_BITS: Final[dict[Variant, int]] = {Variant.ITU: 14, Variant.CHINA: 24}

#: Octets of a point code within a message: 14 bits and 2 spare ones, or 24 bits.
POINT_CODE_OCTETS: Final[dict[Variant, int]] = {Variant.ITU: 2, Variant.CHINA: 3}
