"""The table: which command a line is, its form, what is refused, completion."""

import pytest

from tandem.gateway.operator.answer import Facts, Later, Rows
from tandem.gateway.operator.command import Command, CommandError, CommandTable, expect, text_of


def refuse(context, words):
    raise CommandError("not today")


def table():
    found = CommandTable(aliases={"cb": "circuit block"})
    found.add(
        Command("echo", "TEXT", "", lambda _, words: words[0], raw=True),
        Command("show spans", "", "", lambda _, words: Rows(("a",), [{"a": 1}])),
        Command(
            "circuit block",
            "TRUNK",
            "",
            lambda _, words: "+OK " + "/".join(words),
            changes=True,
            complete=lambda _, words: ("left", "right") if not words else (),
        ),
        Command("circuit show", "TRUNK", "", refuse),
        Command("circuit", "", "", lambda _, words: "all"),
    )
    return found


def test_the_longest_name_that_matches_is_the_command():
    assert table().run(None, "circuit block left 1-3") == "+OK left/1-3"
    assert table().run(None, "circuit") == "all"
    assert table().run(None, "cb left") == "+OK left"


def test_raw_arguments_stay_as_they_are():
    assert table().run(None, " echo  a   b ") == "a   b "
    assert table().run(None, "echo") == ""


def test_forms():
    assert table().run(None, "show spans as json") == '{"row_count": 1, "rows": [{"a": 1}]}'
    assert table().run(None, "show spans AS XML").startswith("<result")
    assert table().run(None, "show spans").endswith("1 total.\n")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("circuit show x", "-ERR not today\n"),
        ("sho spans", "-ERR sho is no command; did you mean 'show spans'?\n"),
        ("show", "-ERR show what? There are: show spans\n"),
        ("", "-ERR  is no command; `help` lists the commands\n"),
        ("zzzzzzzz", "-ERR zzzzzzzz is no command; `help` lists the commands\n"),
    ],
)
def test_mistakes(line, text):
    assert table().run(None, line) == text


def test_read_only_access_changes_nothing():
    assert table().run(None, "circuit block left", read_only=True).startswith("-ERR circuit block changes something")
    assert table().run(None, "circuit", read_only=True) == "all"
    assert table().is_change("circuit block x")
    assert not table().is_change("show spans")
    assert not table().is_change("nonsense")


def test_completion():
    found = table()
    assert found.completions(None, "") == ["cb", "circuit", "echo", "show"]
    assert found.completions(None, "ci") == ["circuit"]
    assert found.completions(None, "circuit ") == ["block", "show"]
    assert found.completions(None, "circuit block ") == ["left", "right"]
    assert found.completions(None, "circuit block l") == ["left"]
    assert found.completions(None, "circuit block left ") == []


def test_the_table_is_in_order():
    assert [command.name for command in table()] == sorted(command.name for command in table())
    assert next(iter(table())).usage == "circuit"


def test_expecting_arguments():
    assert expect(["a"], 1, 3, "x") == ["a", "", ""]
    for words in ([], ["a", "b", "c", "d"]):
        with pytest.raises(CommandError, match="usage: x"):
            expect(words, 1, 3, "x")


def test_text_of_answers():
    assert text_of("a") == "a"
    assert text_of(Facts({"a": 1})) == "a: 1\n"
    with pytest.raises(CommandError):
        text_of(Later())
