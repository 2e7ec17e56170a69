import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser import speech as module
from tandem.gateway.analyser.model import RtpPackets
from tandem.gateway.analyser.speech import Streams, mean_opinion

pytestmark = pytest.mark.usefixtures("loops")


def packets(sequence, ssrc=1, kind=8, start=0.0, step=0.02, jitter=None):
    sequence = np.array(sequence, np.int64)
    n = len(sequence)
    time = start + np.arange(n) * step + (0.0 if jitter is None else np.array(jitter))
    return RtpPackets(
        packet=np.arange(n),
        time=time,
        flow=np.zeros(n, np.int64),
        flows=[("a:1", "b:2")],
        payload_type=np.full(n, kind, np.uint8),
        marker=np.zeros(n, bool),
        sequence=(sequence & 0xFFFF).astype(np.uint16),
        timestamp=(np.arange(n) * 160).astype(np.uint32),
        ssrc=np.full(n, ssrc, np.uint32),
        length=np.full(n, 160),
    )


def run(*parts):
    streams = Streams()
    for part in parts:
        streams.take(part)
    return streams.result()


def test_a_stream_without_faults():
    (stream,) = run(packets(range(65500, 65600)))
    assert (stream.source, stream.destination, stream.codec) == ("a:1", "b:2", "PCMA")
    assert (stream.packets, stream.lost, stream.jitter_ms) == (100, 0, 0.0)
    assert stream.mos == 4.41


def test_loss_is_counted_across_parts_and_the_wrap():
    numbers = [n for n in range(65500, 65600) if n not in (65510, 65536, 65570)]
    (stream,) = run(packets(numbers[:40]), packets(numbers[40:], start=0.8))
    assert (stream.packets, stream.lost) == (97, 3)


def test_packets_out_of_order_are_not_lost():
    (stream,) = run(packets([5, 7, 6, 8, 4]))
    assert stream.lost == 0


def test_jitter_is_the_mean_deviation():
    (stream,) = run(packets(range(101), jitter=[0.0, 0.004] * 50 + [0.0]))
    assert stream.jitter_ms == pytest.approx(4.0, abs=0.001)


def test_streams_do_not_mix():
    both = run(packets(range(10)), packets(range(500, 510), ssrc=2, kind=0))
    assert [(stream.ssrc, stream.codec, stream.lost) for stream in both] == [(1, "PCMA", 0), (2, "PCMU", 0)]


def test_a_codec_without_figures():
    (stream,) = run(packets(range(10), kind=101))
    assert (stream.codec, stream.mos) == ("type 101", None)


def test_the_e_model():
    assert mean_opinion("PCMA", 0) == 4.41
    assert mean_opinion("G729", 0) == pytest.approx(4.1, abs=0.05)
    falling = [mean_opinion("PCMU", loss) for loss in (0, 1, 5, 20, 100)]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] == 1.0


def test_streams_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST_STREAMS", 2)
    streams = Streams()
    for ssrc in range(5):
        streams.take(packets(range(3), ssrc=ssrc))
    assert (len(streams.result()), streams.unkept) == (2, 9)


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=50), st.integers(1, 49))
def test_parts_make_the_same_stream_as_the_whole(numbers, cut):
    (whole,) = run(packets(numbers))
    parts = [packets(numbers[:cut]), packets(numbers[cut:], start=cut * 0.02)]
    (split,) = run(*[part for part in parts if len(part.sequence)])
    assert (split.packets, split.lost) == (whole.packets, whole.lost)


def test_digits_and_their_ends():
    sent = packets(range(8), kind=101)
    sent.timestamp[:] = [100, 100, 100, 900, 900, 1700, 1700, 1700]
    sent.events = [
        (0, 5, False),
        (1, 5, True),
        (2, 5, True),
        (3, 9, False),
        (4, 9, False),
        (5, 11, False),
        (6, 11, True),
    ]
    sent.events += [(7, 200, False)]
    (stream,) = run(sent)
    assert (stream.digits, stream.digits_cut, stream.payload_types) == ("59", 1, [101])
