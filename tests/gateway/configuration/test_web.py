"""Mistakes in `[web]`."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.load import parse


def test_left_out_there_is_no_server_and_empty_it_is_for_this_host():
    assert parse("").web is None
    web = parse("[web]").web
    assert (web.listen, web.token, web.changes) == ("127.0.0.1:8080", "", False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('listen = "0.0.0.0:8080"', "web.token: is empty, and 0.0.0.0 can be reached by others"),
        ('listen = "127.0.0.1:0"', "port 0 is no port"),
        ('listen = "here"', "web.listen"),
        ("changes = true", "web.changes: is true without a token"),
    ],
)
def test_mistakes(text, expected):
    with pytest.raises(ConfigurationError) as caught:
        parse(f"[web]\n{text}")
    assert expected in str(caught.value)


def test_with_a_token_others_may_reach_it():
    assert parse('[web]\nlisten = "0.0.0.0:8080"\ntoken = "x"\nchanges = true').web.changes
