"""TOML that says what it was given."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.freeswitch.toml import Block, document, value_of


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_string_comes_back(text):
    assert tomllib.loads(f"a = {value_of(text)}") == {"a": text}


@pytest.mark.parametrize("value", [True, False, 5, 0.5, [], ["a"], ["x" * 50, "y\\1", "'\\\""], [1, 2]])
def test_every_value_comes_back(value):
    assert tomllib.loads(f"a = {value_of(value)}") == {"a": value}


def test_a_document():
    text = document([Block("[a]", {"b": "^1\\d$"}, ["from\nx"]), Block("", {}, ["left"]), Block("[[c]]", {"d": 1})])
    assert text == "# from x\n[a]\nb = '^1\\d$'\n\n# left\n\n[[c]]\nd = 1\n"
