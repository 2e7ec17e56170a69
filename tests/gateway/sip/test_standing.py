"""What stands at a peer of a process that is no more, and how it is ended."""

import msgspec
import pytest

from tandem.gateway.sip.dialog import Dialog, RequestHead
from tandem.gateway.sip.endpoint import Stream
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.standing import (
    SEQUENCE_LEAP,
    ReceivedInvite,
    SentInvite,
    Standing,
    StandingDialog,
    endpoint_at,
    place_of,
)


def kept(standing):
    """Written down and read again."""
    return msgspec.json.decode(msgspec.json.encode(standing), type=Standing)


@pytest.mark.parametrize(
    "endpoint",
    [
        ("10.0.0.1", 5062),
        ("::1", 5060),
        Stream("10.0.0.1", 5070, "tcp"),
        Stream("10.0.0.1", 5071, "tls", 0, "a.example"),
    ],
)
def test_a_place_is_an_endpoint_without_its_connection(endpoint):
    assert endpoint_at(place_of(endpoint)) == endpoint
    if isinstance(endpoint, Stream):
        assert endpoint_at(place_of(endpoint._replace(connection=7))) == endpoint


def test_requests_of_a_dialog_that_was_kept_follow_all_that_may_have_been_sent():
    dialog = Dialog("id", ("<sip:me@h>;tag=l", "l"), ("<sip:you@h>;tag=r", "r"), 3, 8)
    dialog.target, dialog.routes = "sip:you@10.0.0.9:5080", ["<sip:10.0.0.7;lr>", "<sip:10.0.0.8;lr>"]
    again = kept(StandingDialog.of(dialog)).dialog()
    head, expected = again.head("via"), dialog.head("via")
    assert head.cseq == 3 + SEQUENCE_LEAP + 1
    head.cseq = expected.cseq
    assert head == expected
    assert again.destination == dialog.destination == ("10.0.0.7", 5060)
    dialog.routes, dialog.pinned, dialog.fallback = [], True, ("10.0.0.5", 1234)
    assert kept(StandingDialog.of(dialog)).dialog().destination == ("10.0.0.5", 1234)


def test_an_invite_of_ours_is_kept_as_what_its_cancel_shares_with_it():
    head = RequestHead(
        "sip:1@h", "SIP/2.0/UDP h;branch=z9hG4bK1", "<sip:2@h>;tag=l", "<sip:1@h>", "id", 2, "Route: x\r\n"
    )
    sent = SentInvite(head, place_of(("10.0.0.1", 5060)))
    assert kept(sent) == sent


def test_an_invite_of_a_peer_that_was_kept_broken_is_refused():
    with pytest.raises(SipDecodeError):
        ReceivedInvite("sip:1@h", "Via: nonsense\r\n", "<sip:1@h>", "t", place_of(("10.0.0.1", 5060))).request()
