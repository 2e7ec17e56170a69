"""Who gets a message."""

import pytest

from tandem.ss7.mtp3.distribution import Distribution, Recipient
from tandem.ss7.mtp3.label import Variant


@pytest.mark.parametrize(
    ("service", "variant", "recipient"),
    [
        (0, Variant.ITU, Recipient.MANAGEMENT),
        (1, Variant.ITU, Recipient.TESTING),
        (2, Variant.ITU, Recipient.NOBODY),
        (2, Variant.ANSI, Recipient.TESTING),
        (3, Variant.ITU, Recipient.NOBODY),
        (5, Variant.ITU, Recipient.USER),
        (15, Variant.ITU, Recipient.NOBODY),
    ],
)
def test_recipients(service, variant, recipient):
    assert Distribution(frozenset({5}), variant).recipient(service) is recipient
