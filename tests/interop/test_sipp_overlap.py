"""Overlap seen by SIPp on both sides: SIP, ISUP, SIP through two gateways, digits in a SAM between (RFC 3578)."""

import pytest
from support.gateways import GatewayPair, wait_for
from support.sipp import Sipp

pytestmark = pytest.mark.interop
ENGINES = ("native", "pjsua2")
FIRST, NUMBER = "30", "301234567"


def with_overlap(how):
    """Digits one by one on every trunk, in SIP as `how` says."""

    def edit(text):
        text = text.replace('type = "isup"\n', 'type = "isup"\noverlap = true\npass_digits = true\n')
        return text.replace('name = "pbx"\ntype = "sip"\n', f'name = "pbx"\ntype = "sip"\noverlap = "{how}"\n')

    return edit


@pytest.fixture
def overlapping(request, tmp_path):
    how, engine = request.param
    pair = GatewayPair(tmp_path / "pair", engine=engine, edit=with_overlap(how))
    yield pair
    pair.close()


def judge(pair):
    pair.wait_idle()
    for name in "AB":
        (record,) = wait_for(pair[name].records, f"the record of {name}")
        assert (record.cause, record.result) == (16, "answered")
        assert record.outgoing.called == NUMBER


@pytest.mark.parametrize("overlapping", [("invites", engine) for engine in ENGINES], indirect=True)
def test_a_number_in_two_invites(overlapping, tmp_path):
    pair = overlapping
    with Sipp("callee_wants_more_digits", tmp_path, pair["B"].user, first=FIRST, called=NUMBER) as callee:
        with Sipp("caller_dials_on", tmp_path, None, pair["A"].sip, first=f"0{FIRST}", called=f"0{NUMBER}") as caller:
            caller.wait()
        callee.wait()
    judge(pair)


@pytest.mark.parametrize("overlapping", [("info", engine) for engine in ENGINES], indirect=True)
def test_a_number_in_an_invite_and_two_info(overlapping, tmp_path):
    pair = overlapping
    more = {"second": NUMBER[2:4], "third": NUMBER[4:]}
    with Sipp("callee_collects_digits", tmp_path, pair["B"].user, first=FIRST, **more) as callee:
        with Sipp("caller_dials_on_in_info", tmp_path, None, pair["A"].sip, first=f"0{FIRST}", **more) as caller:
            caller.wait()
        callee.wait()
    judge(pair)
