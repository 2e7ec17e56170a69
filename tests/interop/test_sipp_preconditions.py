"""Preconditions seen by SIPp on both sides: SIP, ISUP, SIP through two gateways (RFC 3312, Q.1912.5 profile A)."""

import pytest
from support.gateways import GatewayPair, wait_for
from support.sipp import Sipp

pytestmark = pytest.mark.interop
NUMBER = "301234567"


def with_preconditions(text):
    """Required on both SIP trunks, and relayed between by IAM and COT."""
    text = text.replace('type = "isup"\n', 'type = "isup"\nrelay_continuity = true\n')
    return text.replace('name = "pbx"\ntype = "sip"\n', 'name = "pbx"\ntype = "sip"\npreconditions = "required"\n')


@pytest.mark.parametrize("engine", ["native", "pjsua2"])
def test_nobody_rings_before_the_way_is_whole(tmp_path, engine):
    pair = GatewayPair(tmp_path / "pair", edit=with_preconditions, engine=engine)
    try:
        with Sipp("callee_with_preconditions", tmp_path, pair["B"].user, payload=8) as callee:
            with Sipp(
                "caller_with_preconditions",
                tmp_path,
                None,
                pair["A"].sip,
                called=f"0{NUMBER}",
                calling="302000",
                payload=0,
            ) as caller:
                caller.wait()
            callee.wait()
        pair.wait_idle()
        messages = pair["B"].messages()
        assert messages[messages.index("< IAM") :][:3] == ["< IAM", "< COT", "> ACM"]
        for name in "AB":
            (record,) = wait_for(pair[name].records, f"the record of {name}")
            assert (record.cause, record.result) == (16, "answered")
    finally:
        pair.close()
