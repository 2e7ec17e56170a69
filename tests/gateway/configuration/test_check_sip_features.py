"""Each mistake of a SIP trunk is told with what would be right."""

import pytest

from tandem.gateway.configuration.check_sip_features import check_sip_features
from tandem.gateway.configuration.schema import SipTrunk


def found(**options):
    return [
        (problem.path, problem.text)
        for problem in check_sip_features("trunk[0]", SipTrunk(**{"name": "t", "peer": "1.2.3.4"} | options))
    ]


def test_the_defaults_are_right():
    assert found() == []
    assert found(pass_headers=["X-A"], phone_context="+4930", digits="info", telephone_event=False) == []
    assert found(session_seconds=0) == []


@pytest.mark.parametrize(
    ("options", "key", "words"),
    [
        ({"pass_headers": ["X-A", "Via"]}, "pass_headers[1]", "does not begin with X-"),
        ({"pass_headers": ["X-A: b"]}, "pass_headers[0]", "does not begin with X-"),
        ({"phone_context": "a b"}, "phone_context", "+4930"),
        ({"digits": "info"}, "telephone_event", "twice"),
        ({"session_seconds": 100, "minimum_session_seconds": 200}, "session_seconds", "minimum_session_seconds"),
        ({"isup_version": "x"}, "isup_variant", "say nothing"),
        ({"preconditions": "supported", "reliable_responses": "off"}, "reliable_responses", "preconditions"),
        ({"preconditions": "required", "delayed_offer": True}, "delayed_offer", "preconditions"),
        ({"preconditions": "required", "overlap": "invites"}, "overlap", "preconditions"),
        ({"calling_from": ()}, "calling_from", "at least one"),
    ],
)
def test_mistakes(options, key, words):
    ((path, text),) = found(**options)
    assert path == f"trunk[0].{key}"
    assert words in text
