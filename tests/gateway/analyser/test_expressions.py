import pytest

from tandem.core.errors import TandemError
from tandem.gateway.analyser.expressions import expression
from tandem.gateway.analyser.model import CallRecord


def record():
    return CallRecord(
        protocol="isup", id="isup-1", outcome="busy", start=3661.25, called="123", calling="99", cic=7, cause=17
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("duration > 60", False),
        ("not answered", True),
        ("cause in (17, 19) and matches(called, '^12')", True),
        ("protocol == 'sip' or 5 < cic <= 7", True),
        ("answered is None and cic != -1", True),
        ("matches(call_id, 'x')", False),
    ],
)
def test_expressions(text, expected):
    assert expression(text)(record()) is expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "cause =", "nonsense == 1", "__import__('os')", "cause.__class__", "called[0]", "matches(called, '(')"),
        *("lambda: 1", "messages", "[x for x in called]", "cause + 1", "x" * 3000, "(" * 500),
    ],
)
def test_what_is_no_expression(text):
    with pytest.raises(TandemError):
        expression(text)
