"""Variants."""

import pytest

from tandem.ss7.mtp3.label import LAYOUTS
from tandem.ss7.tup.variants import LABELS, POINT_CODE_BITS, POINT_CODE_OCTETS, Variant


@pytest.mark.parametrize("variant", Variant)
def test_point_codes_are_those_of_the_label(variant):
    assert LAYOUTS[LABELS[variant]].point_code_bits == POINT_CODE_BITS[variant]
    assert (POINT_CODE_BITS[variant] + 7) // 8 == POINT_CODE_OCTETS[variant]
