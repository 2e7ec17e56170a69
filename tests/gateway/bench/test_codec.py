import numpy as np

from tandem.codecs import g711
from tandem.codecs.g711 import Law
from tandem.gateway.bench import codec


def test_the_reference_does_the_same_work():
    octets = np.arange(256, dtype=np.uint8)
    samples = np.arange(-32768, 32768).astype(np.int16)
    assert np.array_equal(codec.decode_a_by_arithmetic(octets), g711.decode(octets, Law.A))
    assert np.array_equal(codec.encode_a_by_arithmetic(samples), g711.encode(samples, Law.A))


def test_result_has_every_figure():
    result = codec.run(0.01)
    assert result["shape"] == [480, 160]
    for name in ("decode", "encode", "convert"):
        figures = result[name]
        assert set(figures) == {
            "samples_per_second",
            "reference_samples_per_second",
            "times_reference",
            "channels_per_core",
        }
        assert all(value > 0 for value in figures.values())
