from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tandem.hardware.framing.signal_monitor import SignalMonitor


def after(*portions):
    monitor = SignalMonitor()
    for bits in portions:
        monitor.receive(bits)
    return monitor


def test_two_windows_with_two_zeros_each_are_ais():
    window = "1" * 255 + "00" + "1" * 255
    assert not after(window).ais
    assert after(window * 2).ais
    assert not after((window[:-1] + "0") * 2).ais


def test_ais_is_cleared_by_two_windows_with_three_zeros():
    ais, other = "1" * 1024, "000" + "1" * 509
    assert after(ais, other).ais
    assert not after(ais, other, other).ais


def test_255_zeros_are_loss_of_signal():
    assert not after("1" + "0" * 254 + "1").los
    assert after("1" + "0" * 255 + "1").los


def test_los_is_cleared_by_32_ones_in_255_bits():
    assert after("0" * 255, "1" * 31 + "0" * 224).los
    assert not after("0" * 255, "1" * 32 + "0" * 223).los


runs = st.lists(st.tuples(st.sampled_from(["0", "1", "01", "001", "1111111110"]), st.integers(1, 300)), max_size=8)


@given(runs, st.lists(st.integers(0, 3000), max_size=8))
def test_portions_do_not_matter(parts, cuts):
    bits = "".join(text * count for text, count in parts)
    places = sorted({0, len(bits), *(cut % (len(bits) + 1) for cut in cuts)})
    whole, cut = after(bits), after(*(bits[a:b] for a, b in pairwise(places)))
    assert (whole.ais, whole.los) == (cut.ais, cut.los)
