"""Which INVITEs go before others."""

import pytest

from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip.message import Request
from tandem.gateway.trunks.sip_priority import has_priority

TRUSTED = SipTrunk(name="t", peer="192.0.2.1")
STRANGE = SipTrunk(name="t", peer="192.0.2.1", trusted=False)


def invite(uri="sip:30@h", **fields):
    return Request("INVITE", uri, {name.replace("_", "-"): [value] for name, value in fields.items()}, b"")


@pytest.mark.parametrize(
    ("request_", "priority"),
    [
        (invite(), False),
        (invite(resource_priority="ets.0"), True),
        (invite(resource_priority="WPS.4"), True),
        (invite(resource_priority="esnet.1"), True),
        (invite(resource_priority="dsn.flash"), True),
        (invite(resource_priority="dsn.routine"), False),
        (invite(resource_priority="drsn.routine"), False),
        (invite(resource_priority="q735.3"), True),
        (invite(resource_priority="q735.4"), False),
        (invite(resource_priority="dsn.routine, ets.2"), True),
        (invite(resource_priority="made-up.0"), False),
        (invite(p_asserted_identity="<sip:+4930;cpc=priority@h;user=phone>"), True),
        (invite(p_asserted_identity="<tel:+4930;cpc=ordinary>"), False),
        (invite(**{"from": "<tel:+4930;CPC=emergency>;tag=1"}), True),
        (invite(**{"from": "<sip:cpc=priority@h>;tag=1"}), False),
    ],
)
def test_what_asks_for_it(request_, priority):
    assert has_priority(request_, TRUSTED, ()) is priority
    assert not has_priority(request_, STRANGE, ())
    assert not has_priority(request_, None, ())


@pytest.mark.parametrize(
    ("uri", "priority"),
    [("sip:112@h", True), ("tel:112", True), ("sip:112;phone-context=+49@h", True), ("sip:1123@h", False)],
)
def test_emergency_calls_of_whoever_may_call_at_all(uri, priority):
    assert has_priority(invite(uri), None, ["112"]) is priority
    assert not has_priority(invite(uri), None, [])
