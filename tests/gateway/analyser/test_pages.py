import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser import pages as module
from tandem.gateway.analyser.pages import PAGE, Pages


@pytest.fixture(params=[40, 1], ids=["in memory", "on disk"])
def pages(request, monkeypatch):
    monkeypatch.setattr(module, "IN_MEMORY", request.param)
    found = Pages([("one", "i8"), ("other", "u1")])
    yield found
    found.close()


def test_rows_are_what_was_written_to_them(pages):
    numbers = np.array([3 * PAGE + 1, 5, PAGE, 6])
    pages.put(numbers, one=np.array([10, 20, 30, 40]), other=1)
    pages.put(np.array([5, 6]), other=np.array([2, 3]))
    found = pages.get(np.array([6, 3 * PAGE + 1, 5, 7]))
    assert (found["one"].tolist(), found["other"].tolist()) == ([40, 10, 20, 0], [3, 1, 2, 0])
    pages.row(PAGE, change=True)["one"] = 31
    pages.row(0)
    assert pages.row(PAGE)["one"] == 31
    assert [(first, int(page["one"].sum())) for first, page in pages] == [(0, 60), (PAGE, 31), (3 * PAGE, 10)]
    assert [number in pages for number in (PAGE - 1, 2 * PAGE, 3 * PAGE)] == [True, False, True]


@given(st.lists(st.tuples(st.integers(0, 20 * PAGE), st.integers(0, 1 << 40)), max_size=30), st.integers(1, 3))
def test_as_a_dictionary_has_them(writes, in_memory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "IN_MEMORY", in_memory)
        pages, expected = Pages([("one", "i8")]), {}
        for number, value in writes:
            pages.put(np.array([number]), one=value)
            expected[number] = value
        numbers = np.array(list(expected), np.int64)
        assert pages.get(numbers)["one"].tolist() == list(expected.values())
        pages.close()
