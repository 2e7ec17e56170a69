"""The Q.931 benchmark measures what it says."""

from tandem.gateway.bench import q931


def test_it_reports_rates():
    result = q931.run(0.03)
    assert result.pop("message_octets") == 45
    assert sorted(result) == ["calls_per_second", "checks_per_second", "decodes_per_second", "encodes_per_second"]
    assert all(rate > 0 for rate in result.values())


def test_the_call_arrives_as_it_was_sent():
    assert tuple(q931.exchange()) == q931._CALL
