"""What a carrier tests at acceptance, seen by SIPp on both sides: SIP, ISUP, SIP through two gateways."""

import pytest
from support.built_pjsip import NAME
from support.gateways import wait_for
from support.sipp import Sipp

pytestmark = pytest.mark.interop
ENGINES = ("native", "pjsua2", NAME)

NUMBER = "301234567"
REFER_REFUSED = {"native": 405, "pjsua2": 603}


def test_a_call_with_everything(pair, tmp_path):
    """PRACK both ways, session timers, hold by re-INVITE, back by UPDATE, INFO, REFER refused, identity, diversion."""
    before = {name: len(pair[name].records()) for name in "AB"}
    with Sipp("callee_as_a_carrier", tmp_path, pair["B"].user, payload=8) as callee:
        with Sipp(
            "caller_as_a_carrier",
            tmp_path,
            None,
            pair["A"].sip,
            called=f"0{NUMBER}",
            calling="302000",
            payload=0,
            refer=REFER_REFUSED[pair.engine],
        ) as caller:
            caller.wait()
        callee.wait()
    pair.wait_idle()
    for name in "AB":
        wait_for(lambda name=name: len(pair[name].records()) > before[name], f"the record of {name}")
        record = pair[name].records()[-1]
        assert (record.cause, record.result) == (16, "answered")


def test_a_session_interval_that_is_too_small(pair, tmp_path):
    with Sipp(
        "caller_with_a_short_session", tmp_path, None, pair["A"].sip, called=f"0{NUMBER}", calling="302000", payload=0
    ) as caller:
        caller.wait()
