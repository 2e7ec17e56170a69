"""RFC 3398 row by row, each as a real call through a gateway: causes, statuses, messages.

The tables are typed in from the RFC, not taken from the gateway. Q.1912.5 is where it differs in what can be checked
without its text: Reason counts before the status (profiles A and B), REL in the body before both (profile C; its
tests are tests/gateway/trunks/test_sip_isup.py).
"""

import pytest
from support.isup_pair import ACM, iam
from support.isup_single import cause
from support.sip_flow import SDP, Flow

from tandem.gateway.sip.primitives import IncomingInvite, Provisional, Rejected
from tandem.gateway.trunks.sip_mapping import reason_cause
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.indicators import BackwardCallIndicators, EventInformation, OptionalBackwardCallIndicators
from tandem.ss7.isup.parameters import RawParameter

#: 7.2.4.1: cause of REL before answer, to final response.
CAUSES = {
    1: 404, 2: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 22: 410, 23: 410, 26: 404, 27: 502, 28: 484,
    29: 501, 31: 480, 34: 503, 38: 503, 41: 503, 42: 503, 47: 503, 55: 403, 57: 403, 58: 503, 65: 488, 70: 488, 79: 501,
    87: 403, 88: 503, 102: 504, 111: 500, 127: 500,
}  # fmt: skip
#: 8.2.6.1: final response to cause of REL. 487 answers our own CANCEL; 488 and 606 are 65 for want of a Warning.
STATUSES = {
    400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21, 408: 102, 410: 22, 413: 127, 414: 127,
    415: 79, 416: 127, 420: 127, 421: 127, 423: 127, 480: 18, 481: 41, 482: 25, 483: 25, 484: 28, 485: 1, 486: 17,
    488: 65, 500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127, 600: 17, 603: 21, 604: 1, 606: 65,
}  # fmt: skip
#: Causes after which the circuit side tries again elsewhere first; here there is no other route.
PLAIN = 'reliable_responses = "off"\nsession_seconds = 0'


@pytest.mark.parametrize(("value", "status"), CAUSES.items())
def test_cause_of_rel_to_final_response(value, status):
    flow = Flow()
    flow.invite()
    flow.exchange(M.REL, flow.cic, cause(value))
    rejected = flow.event(Rejected)
    assert rejected.status == status
    assert reason_cause(rejected.message) == value, "RFC 6432"
    assert flow.isup[-1].type is M.RLC


def test_call_rejected_by_the_user():
    """7.2.4.1, note: 603 where the location is the user."""
    flow = Flow()
    flow.invite()
    flow.exchange(M.REL, flow.cic, cause(21, 0))
    assert flow.event(Rejected).status == 603


def refused(flow, status, *headers):
    """A call from the exchange that the user agent refuses; the cause of our REL."""
    flow.exchange(M.IAM, 1, *iam())
    flow.do("respond", flow.event(IncomingInvite).call, status, headers=headers)
    released = next(message for message in flow.isup if message.type is M.REL)
    return released.get(CauseIndicators)


@pytest.mark.parametrize(("status", "value"), STATUSES.items())
def test_final_response_to_cause_of_rel(status, value):
    found = refused(Flow(), status)
    assert (found.value, found.location) == (value, 10)


@pytest.mark.parametrize(("status", "value"), [(480, 19), (503, 34), (404, 28), (486, 21)])
def test_reason_before_the_status(status, value):
    """RFC 6432; Q.1912.5 profiles A and B. The other way round where the trunk says so."""
    reason = ("Reason", f"Q.850;cause={value}")
    assert refused(Flow(), status, reason).value == value
    assert refused(Flow(f"{PLAIN}\nobey_reason = false"), status, reason).value == STATUSES[status]


def acm(status, in_band=False):
    more = [OptionalBackwardCallIndicators(in_band_information=True)] if in_band else []
    return [BackwardCallIndicators(called_party_status=status), *more]


@pytest.mark.parametrize(
    ("kind", "parameters", "status", "described"),
    [
        (M.ACM, acm(0), 183, True),
        (M.ACM, acm(1), 180, False),
        (M.ACM, acm(1, True), 180, True),
        (M.ACM, acm(2), 183, True),
    ],
)
def test_acm_to_provisional_response(kind, parameters, status, described):
    """7.2.5, 7.2.6."""
    flow = Flow()
    flow.invite()
    flow.exchange(kind, flow.cic, *parameters)
    found = flow.event(Provisional)
    assert (found.status, bool(found.body)) == (status, described)


@pytest.mark.parametrize(("event", "status"), [(1, 180), (2, 183), (3, 183), (4, 183), (5, 183), (6, 183)])
def test_cpg_to_provisional_response(event, status):
    """7.2.9; 181 for forwarding is one of two choices there, 183 is the other."""
    flow = Flow()
    flow.invite()
    flow.exchange(M.ACM, flow.cic, *acm(0))
    flow.exchange(M.CPG, flow.cic, EventInformation(event=event))
    assert flow.event(Provisional).status == status


@pytest.mark.parametrize(
    ("statuses", "messages"),
    [
        ((180,), ["ACM"]),
        ((183,), ["ACM"]),
        ((183, 180), ["ACM", "CPG"]),
        ((180, 183), ["ACM", "CPG"]),
        ((181, 182, 180), ["ACM", "CPG", "CPG"]),
    ],
)
def test_provisional_response_to_acm_and_cpg(statuses, messages):
    """8.2.3."""
    flow = Flow()
    flow.exchange(M.IAM, 1, *iam())
    for status in statuses:
        flow.do("respond", flow.event(IncomingInvite).call, status)
    sent = [message for message in flow.isup if message.type is not M.GRS]
    assert [message.type.name for message in sent] == messages
    if statuses[-1] == 180:
        last = sent[-1]
        free = last.get(BackwardCallIndicators) if last.type is M.ACM else last.get(EventInformation)
        assert free.called_party_status == 1 if last.type is M.ACM else free.event == 1


@pytest.mark.parametrize(("rings", "messages"), [(True, ["ACM", "ANM"]), (False, ["CON"])])
def test_answer(rings, messages):
    """8.2.4."""
    flow = Flow()
    flow.exchange(M.IAM, 1, *iam())
    call = flow.event(IncomingInvite).call
    if rings:
        flow.do("respond", call, 180)
    flow.do("respond", call, 200, body=SDP)
    assert [message.type.name for message in flow.isup] == messages


def test_an_iam_becomes_an_invite():
    """8.2.1.1."""
    flow = Flow()
    number = RawParameter(P.CALLING_PARTY_NUMBER, b"\x03\x13\x94\x08")
    flow.exchange(M.IAM, 1, *iam(), number)
    request = flow.event(IncomingInvite).request
    assert request.uri.user == "123456"
    assert request.values("P-Asserted-Identity") == ["<sip:4980@127.0.0.1;user=phone>"]
    assert request.content_type == "application/sdp"


def test_rel_after_answer_is_bye():
    """7.2.8, 8.2.7."""
    flow = Flow()
    flow.invite()
    flow.exchange(M.ACM, flow.cic, *ACM)
    flow.exchange(M.ANM, flow.cic)
    flow.exchange(M.REL, flow.cic, cause(31))
    bye = next(message for message in flow.sip if message.method == "BYE")
    assert reason_cause(bye) == 31
