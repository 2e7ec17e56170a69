"""The TUP benchmark measures what it says."""

import pytest

from tandem.gateway.bench import tup
from tandem.ss7.tup.variants import Variant


def test_it_reports_rates():
    result = tup.run(0.03)
    assert result.pop("message_octets") == 19
    assert sorted(result) == ["calls_per_second", "decodes_per_second", "encodes_per_second"]
    assert all(rate > 0 for rate in result.values())


@pytest.mark.parametrize("variant", Variant)
def test_the_call_arrives_as_it_was_sent(variant):
    assert tuple(tup.exchange(variant)) == tup._CALL
