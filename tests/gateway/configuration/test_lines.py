"""Line numbers of keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.configurations import WHOLE

from tandem.gateway.configuration.lines import KeyLines

TEXT = '''\
top = 1
[node]
name = """
inner = 1
[not.a.header]
"""
after = 2
[[a.b]]
  [[a.b.c]]
  x = 1
  [[a.b.c]]
  x = 2
[[a.b]]
  [[a.b.c]]
  "quoted key" = { y = 3 }
[table.sub]
k.l = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("top", 1),
        ("node", 2),
        ("node.name", 3),
        ("node.after", 7),
        ("a", 8),
        ("a.b", 8),
        ("a.b[0]", 8),
        ("a.b[0].c[0].x", 10),
        ("a.b[0].c[1].x", 12),
        ("a.b[1]", 13),
        ("a.b[1].c[0]", 14),
        ("a.b[1].c[0].quoted key", 15),
        ("a.b[1].c[0].quoted key.y", 15),
        ("a.b[1].c[7].x", 14),
        ("table.sub.k.l", 17),
        ("table.sub.missing", 16),
        ("inner", 1),
        ("node.inner", 2),
        ("nowhere", 1),
        ("a.b[...]", 8),
        ("", 1),
    ],
)
def test_find(path, line):
    assert KeyLines(TEXT).find(path) == line


@given(st.text(alphabet='ab.[]" 01', max_size=30))
def test_any_path_has_a_line(path):
    assert 1 <= KeyLines(WHOLE).find(path) <= WHOLE.count("\n")


@given(st.text(alphabet="ab.[]=\"'\n ", max_size=60))
def test_any_text_is_taken(text):
    assert KeyLines(text).find("a.b[0]") >= 1
