"""Overlap seen by SIPp on both sides: SIP, ISUP, SIP through two gateways, digits in a SAM between (RFC 3578)."""

import pytest
from support.gateways import GatewayPair, wait_for
from support.sipp import Sipp

pytestmark = pytest.mark.interop
FIRST, NUMBER = "30", "301234567"


def with_overlap(text):
    """Digits one by one on every trunk."""
    text = text.replace('type = "isup"\n', 'type = "isup"\noverlap = true\npass_digits = true\n')
    return text.replace('name = "pbx"\ntype = "sip"\n', 'name = "pbx"\ntype = "sip"\noverlap = "invites"\n')


def test_a_number_in_two_invites(tmp_path):
    pair = GatewayPair(tmp_path / "pair", edit=with_overlap)
    try:
        with Sipp("callee_wants_more_digits", tmp_path, pair["B"].user, first=FIRST, called=NUMBER) as callee:
            with Sipp(
                "caller_dials_on", tmp_path, None, pair["A"].sip, first=f"0{FIRST}", called=f"0{NUMBER}"
            ) as caller:
                caller.wait()
            callee.wait()
        pair.wait_idle()
        for name in "AB":
            (record,) = wait_for(pair[name].records, f"the record of {name}")
            assert (record.cause, record.result) == (16, "answered")
            assert record.outgoing.called == NUMBER
    finally:
        pair.close()
