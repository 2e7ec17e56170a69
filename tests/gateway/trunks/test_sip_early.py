"""Authorisation of early media, and the places that a 3xx names."""

import pytest
from support.sip_pair import OFFER

from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip import sdp
from tandem.gateway.sip.message import Request, Response
from tandem.gateway.sip.primitives import Provisional
from tandem.gateway.trunks.sip_early import contacts, invite_headers, may_hear, note_caller, response_headers
from tandem.gateway.trunks.sip_session import Session


def session(p_early_media, described=True):
    trunk = SipTrunk(name="t", peer="192.0.2.1", p_early_media=p_early_media)
    made = Session(HalfCall(None, False), trunk, 1, 4000, ("A",))  # type: ignore[arg-type]
    if described:
        made.early["x"] = sdp.choose(sdp.parse(OFFER), ("A",))
    return made


def response(status=183, **fields):
    return Response(status, "", {name.replace("_", "-"): value for name, value in fields.items()}, b"")


@pytest.mark.parametrize(
    ("configured", "described", "value", "heard"),
    [
        (False, True, None, True),
        (False, False, None, False),
        (False, True, "inactive", True),
        (True, True, None, True),
        (True, True, "sendrecv", True),
        (True, True, "sendonly", True),
        (True, True, "recvonly", False),
        (True, True, "inactive", False),
        (True, True, "gated, inactive", False),
        (True, True, "sendrecv, inactive", True),
        (True, False, "sendrecv", False),
    ],
)
def test_may_hear(configured, described, value, heard):
    message = response(p_early_media=[value]) if value else response()
    assert may_hear(session(configured, described), Provisional(1, 183, message, "x")) is heard


def test_another_early_dialog_without_a_description_is_not_heard():
    assert not may_hear(session(False), Provisional(1, 183, response(), "y"))


@pytest.mark.parametrize(
    ("configured", "said", "early", "header"),
    [(True, "supported", True, "sendonly"), (True, "supported", False, "inactive"), (True, "", True, None),
     (False, "supported", True, None)],
)  # fmt: skip
def test_what_we_authorise(configured, said, early, header):
    made = session(configured)
    note_caller(made, Request("INVITE", "sip:x", {"p-early-media": [said]} if said else {}, b""))
    assert response_headers(made, early) == ((("P-Early-Media", header),) if header else ())


def test_what_our_invite_says():
    assert invite_headers(session(True).trunk) == (("P-Early-Media", "supported"),)
    assert invite_headers(session(False).trunk) == ()


def test_contacts():
    """RFC 3261 8.1.3.4: by q, each once, nothing that cannot be called by INVITE as it stands."""
    found = response(302)
    found.fields["contact"] = ["<sip:a@192.0.2.1>;q=0.1, <sip:b@192.0.2.2>", "<tel:+1>, <sip:c@x?S=y>", "<sip:d@x>"]
    assert contacts(found, {"sip:d@x"}) == ["sip:b@192.0.2.2", "sip:a@192.0.2.1"]
