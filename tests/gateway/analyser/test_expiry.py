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
