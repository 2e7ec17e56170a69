import pytest

from tandem.gateway.analyser.expiry import expiries
from tandem.gateway.analyser.model import CallMessage, CallRecord


def record(protocol, *messages, cause=None):
    """Messages as `TYPE@TIME`, with `<` from the called side; a summary behind `=`."""
    kept = []
    for number, text in enumerate(messages, 1):
        kind, _, rest = text.lstrip("<").partition("@")
        time, _, summary = rest.partition("=")
        kept.append(CallMessage(number, float(time), kind, not text.startswith("<"), summary))
    return CallRecord(protocol=protocol, id="x-1", outcome="open", start=0.0, messages=kept, cause=cause)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (record("isup", "IAM@0", "REL@25=cause 102"), [("T7", "calling", 1)]),
        (record("isup", "IAM@0", "SAM@10", "REL@35=cause 102"), [("T7", "calling", 1)]),
        (record("isup", "IAM@0", "REL@25=cause 16"), []),
        (record("isup", "IAM@0", "REL@12=cause 31"), []),
        (record("isup", "IAM@0", "<ACM@1", "REL@181=cause 19"), [("T9", "calling", 1)]),
        (record("isup", "IAM@0", "<ACM@1", "REL@181=cause 16"), []),
        (record("isup", "IAM@0", "<ACM@1", "<ANM@5", "REL@181=cause 16"), []),
        (
            record("isup", "IAM@0", "<ACM@1", "REL@9=cause 16", "REL@24=cause 16", "REL@39=cause 16"),
            [("T1", "calling", 2)],
        ),
        (record("isup", "IAM@0", "<REL@9=cause 16", "RSC@309"), []),
        (record("isup", "IAM@0", "<REL@9=cause 16", "<RSC@309=reset"), [("T5", "called", 1)]),
        (record("isup", "IAM@0", "<ACM@1", "<ANM@2", "<SUS@10", "REL@40=cause 102"), [("T6", "calling", 1)]),
        (record("isup", "IAM@0", "<ACM@1", "<ANM@2", "<SUS@10", "<RES@15", "REL@40=cause 16"), []),
        (record("isup", "IAM@0", "<ACM@1", "REL@40=cause 102", cause=102), [("a timer", "calling", 1)]),
        (record("q931", "SETUP@0", "SETUP@4", "<CALL_PROCEEDING@5"), [("T303", "calling", 1)]),
        (record("q931", "SETUP@0", "<CALL_PROCEEDING@1", "DISCONNECT@11=cause 102"), [("T310", "calling", 1)]),
        (
            record("q931", "SETUP@0", "<CONNECT@1", "DISCONNECT@5=cause 16", "RELEASE@35=cause 102"),
            [("T305", "calling", 1)],
        ),
        (
            record("q931", "SETUP@0", "<CONNECT@1", "<RELEASE@5=cause 16", "<RELEASE@9=cause 16"),
            [("T308", "called", 1)],
        ),
        (record("sip", "INVITE@0", "BYE@25"), []),
    ],
)
def test_timers_that_ran_out(found, expected):
    assert [(expiry.timer, expiry.side, expiry.times) for expiry in expiries(found)] == expected


def test_the_same_message_seen_twice_is_no_repetition():
    found = record("q931", "SETUP@0", "SETUP@4")
    found.messages[1].duplicate = True
    assert list(expiries(found)) == []


def test_the_longer_timer_goes_on_while_the_release_is_repeated():
    """T5 runs from the first REL, T1 from each (Q.764 2.3.1)."""
    releases = [f"REL@{5 + 30 * step}=cause 16" for step in range(10)]
    found = list(expiries(record("isup", "IAM@0", "<ACM@1", *releases, "RSC@306=reset")))
    assert [(expiry.timer, expiry.times) for expiry in found] == [("T1", 9), ("T5", 1)]
    assert (found[1].since[0].time, found[1].at.type) == (5.0, "RSC")


def test_values_of_ansi():
    found = record("isup", "IAM@0", "<ACM@1", "REL@5=cause 16", "REL@9=cause 16", "RSC@65")
    assert list(expiries(found)) == []
    found.variant = "ansi"
    assert [expiry.timer for expiry in expiries(found)] == ["T1", "T5"]


def test_suspended_by_the_user():
    found = record("isup", "IAM@0", "<ANM@2", "<SUS@10", "REL@190=cause 102")
    assert [(expiry.timer, expiry.side) for expiry in expiries(found)] == [("T2", "calling")]
