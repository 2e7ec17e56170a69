import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser.sipkeys import LONGEST, key_of, keys_of, text_key, texts


def columns(values):
    octets = b"".join(values)
    ends = np.cumsum([len(value) for value in values])
    return np.frombuffer(octets + bytes(64), np.uint8), ends - [len(value) for value in values], ends


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60), min_size=1, max_size=8))
def test_the_same_wherever_a_text_stands(words):
    octets, begin, end = columns([word.encode() for word in words])
    assert texts(octets, begin, end).tolist() == [text_key(word) for word in words]


@given(st.sets(st.binary(max_size=LONGEST), min_size=2, max_size=30))
def test_texts_differ(values):
    octets, begin, end = columns(sorted(values))
    assert len(set(texts(octets, begin, end).tolist())) == len(values)


def test_a_key_is_that_of_both_directions_and_as_text():
    call = b"1a@192.0.2.1"
    four, six = (
        bytes((192, 0, 2, 1, 198, 51, 100, 9)),
        bytes.fromhex("20010db8") + bytes(12) + bytes.fromhex("fd") + bytes(15),
    )
    octets = np.frombuffer(call + four + four[4:] + four[:4] + six + bytes(64), np.uint8)
    size = len(call)
    address = np.array([size, size + 8, size + 16])
    keys = keys_of(octets, np.zeros(3, np.int64), np.full(3, size), address, np.array([False, False, True]))
    assert keys[0] == keys[1] == key_of(call.decode(), "192.0.2.1", "198.51.100.9")
    assert keys[2] == key_of(call.decode(), "[fd00::]", "[2001:db8::]")
    assert len({*keys.tolist(), key_of(call.decode(), "192.0.2.1", "198.51.100.8")}) == 3


def test_an_end_without_an_address():
    assert key_of("a", "", "") == text_key("a")
