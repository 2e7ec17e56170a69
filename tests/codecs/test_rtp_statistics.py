from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.codecs.rtp import parse_header
from tandem.codecs.rtp_statistics import MAX_DROPOUT, ReceiveStatistics

CAPTURE = Path(__file__).parents[1] / "vectors" / "rtp" / "cisco_hold_resume.txt"


def feed(statistics, sequences, step=160):
    """Packets `sequences` (unwrapped numbers) arriving 20 ms apart, each with its own timestamp."""
    return [
        statistics.update(sequence & 0xFFFF, sequence * step & 0xFFFFFFFF, count * step)
        for count, sequence in enumerate(sequences)
    ]


@pytest.mark.parametrize(
    ("ssrc", "packets", "lost", "mean_jitter_ms", "max_jitter_ms"),
    [(0xE7EC9095, 190, 1, 0.039, 0.304), (0x689, 710, 0, 0.510, 2.905)],
)
def test_captured_streams_as_tshark_counts_them(ssrc, packets, lost, mean_jitter_ms, max_jitter_ms):
    statistics = ReceiveStatistics()
    jitter = []
    for line in CAPTURE.read_text().splitlines():
        microseconds, octets, _size = line.split()
        header = parse_header(bytes.fromhex(octets))
        if header.ssrc == ssrc:
            assert statistics.update(header.sequence, header.timestamp, round(int(microseconds) * 8 / 1000))
            jitter.append(statistics.jitter / 8)
    assert (statistics.received, statistics.lost, statistics.duplicates) == (packets, lost, 0)
    assert sum(jitter) / len(jitter) == pytest.approx(mean_jitter_ms, abs=0.02)
    assert max(jitter) == pytest.approx(max_jitter_ms, abs=0.05)


def test_nothing_received():
    statistics = ReceiveStatistics()
    assert (statistics.received, statistics.expected, statistics.lost, statistics.jitter) == (0, 0, 0, 0.0)
    assert statistics.fraction_lost() == 0


def test_wrap_is_no_loss():
    statistics = ReceiveStatistics()
    assert all(feed(statistics, range(65530, 65546)))
    assert (statistics.received, statistics.lost, statistics.reordered) == (16, 0, 0)
    assert statistics.extended_highest == 65545
    assert statistics.jitter == 0.0


def test_loss_late_and_repeated_packets():
    statistics = ReceiveStatistics()
    good = feed(statistics, [100, 101, 104, 103, 103, 105, 105])
    assert good == [True, True, True, True, False, True, False]
    assert statistics.received == 7
    assert statistics.expected == 6
    assert (statistics.lost, statistics.duplicates, statistics.reordered) == (1, 2, 1)
    assert statistics.cumulative_lost == -1


def test_first_packets_out_of_order():
    statistics = ReceiveStatistics()
    assert all(feed(statistics, [0, -1, -3, 1]))
    assert (statistics.expected, statistics.lost, statistics.reordered) == (5, 1, 2)


def test_burst_loss_longer_than_the_memory_of_duplicates():
    statistics = ReceiveStatistics()
    feed(statistics, [0, 1, 500, 499])
    assert (statistics.expected, statistics.lost, statistics.duplicates) == (501, 497, 0)


def test_restart_of_the_sender():
    statistics = ReceiveStatistics()
    assert feed(statistics, [10, 11, 40000, 40001, 40002]) == [True, True, False, True, True]
    assert statistics.restarts == 1
    assert statistics.lost == 0
    assert statistics.extended_highest == 40002


def test_single_stray_packet_does_not_restart():
    statistics = ReceiveStatistics()
    assert feed(statistics, [10, 11, 40000, 12, 40005, 13]) == [True, True, False, True, False, True]
    assert (statistics.received, statistics.restarts, statistics.lost) == (4, 0, 0)


def test_largest_dropout():
    statistics = ReceiveStatistics()
    assert feed(statistics, [0, MAX_DROPOUT - 1]) == [True, True]
    assert statistics.lost == MAX_DROPOUT - 2
    assert feed(ReceiveStatistics(), [0, MAX_DROPOUT]) == [True, False]


def test_fraction_lost_is_since_the_last_report():
    statistics = ReceiveStatistics()
    feed(statistics, [0, 1, 2, 4])
    assert statistics.fraction_lost() == 256 // 5
    feed(statistics, [5, 6, 7])
    assert statistics.fraction_lost() == 0


def test_jitter_formula():
    """RFC 3550 A.8 by hand: transit differences of 0, 16 and 32 units."""
    statistics = ReceiveStatistics()
    for sequence, arrival in enumerate([1000, 1160, 1336, 1464]):
        statistics.update(sequence, sequence * 160, arrival)
    assert statistics.jitter == pytest.approx((16 / 16) + (32 - 16 / 16) / 16)


def test_jitter_across_the_timestamp_wrap():
    statistics = ReceiveStatistics()
    for count in range(10):
        statistics.update(count, 2**32 - 800 + 160 * count & 0xFFFFFFFF, 5 + 160 * count)
    assert statistics.jitter == 0.0


@given(st.integers(0, 65535), st.lists(st.booleans(), min_size=1, max_size=200), st.randoms(use_true_random=False))
def test_counts_hold_for_any_loss_repetition_and_small_reordering(first, kept, random):
    sent = [first + number for number, keep in enumerate(kept) if keep]
    arrivals = sorted(sent + [n for n in sent if random.random() < 0.1], key=lambda n: n + random.uniform(0, 20))
    statistics = ReceiveStatistics()
    feed(statistics, arrivals)
    assert statistics.received == len(arrivals)
    assert statistics.duplicates == len(arrivals) - len(sent)
    assert statistics.lost == (sent[-1] - sent[0] + 1 - len(sent) if sent else 0)


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 2**32 - 1), st.integers(0, 2**40)), max_size=60))
def test_any_packets(packets):
    statistics = ReceiveStatistics()
    good = sum(statistics.update(*packet) for packet in packets)
    assert good == statistics.received - statistics.duplicates
    assert 0 <= statistics.lost == statistics.expected - good
