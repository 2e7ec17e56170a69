import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser.texts import Texts

pytestmark = pytest.mark.usefixtures("loops")
lists = st.lists(st.binary(max_size=8), max_size=6)


@given(st.lists(lists, max_size=4), st.randoms(use_true_random=False))
def test_texts_are_what_they_were_made_of(parts, random):
    texts, values = Texts.joined([Texts.made_of(part) for part in parts]), [text for part in parts for text in part]
    assert (texts.tolist(), len(texts), texts.size.tolist()) == (values, len(values), [len(text) for text in values])
    which = [random.randrange(len(values)) for _ in values]
    some, expected = texts.some(np.array(which, np.int64)), [values[index] for index in which]
    for found in (some, some.compact(), some.lean(), pickle.loads(pickle.dumps(some))):
        assert found.tolist() == expected
    assert len(some.compact().buffers) == 1
    assert [some[index] for index in range(len(some))] == expected


def test_few_octets_do_not_keep_a_large_buffer():
    buffer = bytes(9 << 20)
    texts = Texts.within(buffer, np.array([5]), np.array([9]))
    assert len(texts.lean().buffers[0]) == 4
    assert len(pickle.dumps(texts)) < 1000
    whole = Texts.within(buffer, np.array([0]), np.array([len(buffer)]))
    assert whole.lean() is whole


def test_buffers_that_are_mostly_used_stay():
    used, spare = bytes(range(256)) * (6 << 12), b"abcdef" * (6 << 20)
    many = Texts.joined(
        [
            Texts.within(spare, np.array([0, 7]), np.array([2, 9])),
            Texts.within(used, np.array([0]), np.array([len(used)])),
            Texts.within(spare, np.array([2]), np.array([3])),
        ]
    )
    lean = many.lean()
    assert [len(buffer) for buffer in lean.buffers] == [len(used), 5]
    assert lean.buffers[0] is used
    assert lean.tolist() == many.tolist()


def test_many_small_buffers_become_one():
    texts = Texts.joined([Texts.made_of([b"a"]) for _ in range(100)])
    assert len(texts.lean().buffers) == 1


def test_texts_that_lie_apart_come_back_too():
    for texts in (
        Texts.within(b"abcd", np.array([2, 0]), np.array([4, 2])),
        Texts.made_of([]),
        Texts.made_of([b"", b"a"]),
    ):
        assert pickle.loads(pickle.dumps(texts)).tolist() == texts.tolist()
