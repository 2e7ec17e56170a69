"""Rows and facts in each form, and answers that come later."""

import json
from xml.etree import ElementTree

from tandem.gateway.operator.answer import Facts, Later, Rows

ROWS = Rows(("name", "state"), [{"name": "e1", "state": "up"}, {"name": "e<2>", "state": None, "more": 1}])


def test_rows_as_text_have_a_heading_and_a_count():
    assert ROWS.format("text") == "name,state\ne1,up\ne<2>,\n\n2 total.\n"
    assert Rows(("name",), []).format("text") == "\n0 total.\n"


def test_a_line_end_in_a_value_makes_no_row():
    assert Rows(("a",), [{"a": "x\ny"}]).text() == "a\nx y\n\n1 total.\n"


def test_rows_as_json():
    assert json.loads(ROWS.format("json")) == {
        "row_count": 2,
        "rows": [{"name": "e1", "state": "up"}, {"name": "e<2>", "state": None}],
    }
    assert json.loads(Rows(("a",), []).json()) == {"row_count": 0}


def test_rows_as_xml():
    root = ElementTree.fromstring(ROWS.format("xml"))
    assert root.get("row_count") == "2"
    assert [row.find("name").text for row in root] == ["e1", "e<2>"]


def test_facts():
    facts = Facts({"up": True, "file": "a<b"})
    assert facts.format("text") == "up: true\nfile: a<b\n"
    assert json.loads(facts.format("json")) == {"up": True, "file": "a<b"}
    assert ElementTree.fromstring(facts.format("xml")).find("file").text == "a<b"
    assert Facts({"a": 1}, "own\n").format("text") == "own\n"


def test_an_answer_that_comes_later_comes_once_to_everybody():
    later, heard = Later(), []
    later.then(heard.append)
    assert not later.done
    later.finish("first")
    later.finish("second")
    later.then(heard.append)
    assert heard == ["first", "first"]
    assert later.done
