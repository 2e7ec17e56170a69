"""Wording of mistakes."""

from tandem.gateway.configuration.problem import Problem, duplicates, suggestion, unknown_name


def test_suggestion():
    assert suggestion("trnk", ["trunk", "route"], "there are") == "did you mean 'trunk'?"
    assert suggestion("xyz", ["trunk", "route"], "there are") == "there are trunk, route"
    assert suggestion("xyz", [], "there are") == "there are none"


def test_unknown_name():
    assert list(unknown_name("p", "a", ["a"], "span")) == []
    assert list(unknown_name("p", "x", ["a"], "span")) == [Problem("p", "no [[span]] is named 'x'; there are: a")]


def test_duplicates():
    assert list(duplicates("span", ["a", "b"])) == []
    assert [problem.path for problem in duplicates("span", ["a", "", "a", "a"])] == [
        "span[1].name",
        "span[2].name",
        "span[3].name",
    ]
