import pytest

from tandem.gateway.applications.dial_strings import DialString, Target


def test_every_form_of_a_leg():
    dial = DialString.parse("isup/TO-A/301234,tup/T/1|pri/P/+4930|sip/S/9,user/1000,sofia/gateway/S/*21#")
    assert dial.groups == (
        (Target("isup", "TO-A", "301234"), Target("tup", "T", "1")),
        (Target("pri", "P", "+4930"),),
        (Target("sip", "S", "9"), Target("sip", "user:1000", "1000"), Target("sip", "S", "*21#")),
    )


def test_variables_of_all_legs_and_of_one():
    dial = DialString.parse("{a=1,b='x,|y'}[c=2]sip/S/1,[d=3,e=4][f=5]user/7@example.com")
    assert dial.variables == {"a": "1", "b": "x,|y"}
    (first, second) = dial.groups[0]
    assert first.variables == {"c": "2"}
    assert second == Target("sip", "user:7", "7", {"d": "3", "e": "4", "f": "5"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a leg"),
        ("isup/T", "is not a leg"),
        ("q931/T/1", "is not a leg"),
        ("sip/S/alice", "is not a number"),
        ("sofia/internal/1@host", "write sofia/gateway"),
        ("{a=1sip/S/1", "is not closed"),
        ("{a}sip/S/1", "is not VARIABLE=VALUE"),
        ("sip/S/1,", "is not a leg"),
    ],
)
def test_mistakes_are_named(text, says):
    with pytest.raises(ValueError, match=says):
        DialString.parse(text)
