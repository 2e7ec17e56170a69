"""How many sessions there are and were."""

from tandem.gateway.calls.meter import Meter


def test_counts_peaks_and_rates():
    meter = Meter()
    for now in (0.1, 0.2, 0.9, 1.5):
        meter.began(now)
    meter.ended()
    assert (meter.sessions, meter.total, meter.peak, meter.peak_rate) == (3, 4, 4, 3)
    assert meter.rate(1.9) == 4
    assert meter.rate(2.5) == 1
    assert meter.rate(60.0) == 0


def test_recent_is_five_minutes():
    meter = Meter()
    for _ in range(5):
        meter.began(10.0)
    for _ in range(5):
        meter.ended()
    meter.began(200.0)
    meter.ended()
    assert (meter.recent_peak(250.0), meter.recent_peak_rate(250.0)) == (5, 5)
    assert (meter.recent_peak(400.0), meter.recent_peak_rate(400.0)) == (1, 1)
    assert (meter.recent_peak(1000.0), meter.recent_peak_rate(1000.0)) == (0, 0)
    assert meter.peak == 5


def test_memory_is_bounded():
    meter = Meter()
    for second in range(1000):
        meter.began(second)
    assert len(meter._seconds) == 300
