import pytest
from support.findings import kinds, record

from tandem.gateway.analyser.model import Leg


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (record("isup", [("IAM", True)]), [("unanswered-iam", "0-0-2")]),
        (record("tup", [("IAI", True)]), [("unanswered-iam", "0-0-2")]),
        (
            record("isup", [("IAM", True), ("ACM", False), ("REL", True), ("REL", True)], released=3.0),
            [("missing-rlc", "0-0-2")],
        ),
        (
            record("isup", [("IAM", True), ("ACM", False), ("REL", False)], released=3.0, released_by="called"),
            [("missing-rlc", "0-0-1")],
        ),
        (
            record(
                "isup",
                [("IAM", True), ("REL", False), ("RLC", True)],
                released=2.0,
                released_by="called",
                cause=34,
                completed=3.0,
            ),
            [("release-before-acm", "0-0-2"), ("congestion", "0-0-2")],
        ),
        (record("isup", [("IAM", True), ("ACM", False), ("ANM", False)], answered=3.0), []),
        (record("sip", [("INVITE", True)]), [("unanswered-invite", "b:2")]),
        (record("sip", [("INVITE", True), ("200", False)], answered=2.0), [("missing-ack", "a:1")]),
        (
            record("sip", [("INVITE", True), ("200", False), ("ACK", True), ("BYE", False)], answered=2.0),
            [("unanswered-bye", "a:1")],
        ),
    ],
)
def test_single_calls(found, expected):
    assert kinds(found) == expected


def test_what_may_still_come_is_no_finding():
    assert kinds(record("isup", [("IAM", True)]), record("sip", [("INVITE", True)]), end=20.0) == []


def test_a_reset_in_a_call():
    found = record("isup", [("IAM", True), ("ACM", False), ("RSC", False)], outcome="failed", released_by="called")
    found.messages[-1].summary = "reset"
    assert ("reset-in-call", "0-0-2") in kinds(found)


def test_a_cause_that_the_gateway_told_wrongly():
    isup = record("isup", [("IAM", True), ("REL", False)], id="isup-1", released=2.0, cause=17, completed=3.0)
    sip = record("sip", [("INVITE", True), ("486", False)], id="sip-2", start=0.5, status=500, released=2.0)
    isup.legs.append(Leg("sip-2", 0.9, "numbers and time"))
    assert any(kind == "cause-mapping" and "the gateway between them" in fault for kind, fault in kinds(isup, sip))
    sip.status = 486
    assert not any(kind == "cause-mapping" for kind, _ in kinds(isup, sip))


def test_a_status_that_the_gateway_told_wrongly():
    isup = record("isup", [("IAM", True), ("REL", False)], id="isup-1", released=2.0, cause=16, completed=3.0)
    sip = record("sip", [("INVITE", True), ("486", False)], id="sip-2", start=1.5, status=486, released=2.0)
    isup.legs.append(Leg("sip-2", 0.9, "numbers and time"))
    assert any(kind == "cause-mapping" and "the gateway between them" in fault for kind, fault in kinds(isup, sip))


def test_timers_and_setups():
    found = record("isup", [("IAM", True), ("REL", True)], id="isup-1", released=26.0, completed=27.0)
    found.messages[1].time, found.messages[1].summary = 26.0, "cause 102"
    assert ("timer-expiry", "0-0-2") in kinds(found)
    assert kinds(record("q931", [("SETUP", True)])) == [("unanswered-setup", "b:2")]
