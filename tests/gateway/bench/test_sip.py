"""`tandem bench sip` at its smallest."""

import pytest

from tandem.gateway.bench.sip import run


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_it_measures_complete_calls(transport):
    result = run(transport, rate=10, seconds=1, hold=0.1)
    assert result["completed"] == result["records"] == 10
    assert result["failures"] == {}
    assert result["cpu_ms_per_call"] > 0
