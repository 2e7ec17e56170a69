import pytest
from support.analyser_traffic import Stream

from tandem.gateway.analyser.dialogs import DialogTracker

A, B = "10.0.0.1:5060", "10.0.0.2:5060"
FIELDS = """Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{branch}
From: "Alice" <sip:111@a>;tag={sender}
To: <sip:222@b>{tag}
Call-ID: {call}
CSeq: {cseq} {method}
{extra}Content-Length: 0

"""


def request(method, *, cseq=1, tag="", call="c", extra="", sender="1"):
    uri = "sip:222;npdi@b"
    tag = f";tag={tag}" if tag else ""
    return f"{method} {uri} SIP/2.0\nMax-Forwards: 70\n" + FIELDS.format(
        branch=f"{method}{cseq}", tag=tag, call=call, cseq=cseq, method=method, extra=extra, sender=sender
    )


def response(status, method="INVITE", *, cseq=1, call="c", extra="", sender="1"):
    return f"SIP/2.0 {status} Phrase\n" + FIELDS.format(
        branch=f"{method}{cseq}", tag=";tag=2", call=call, cseq=cseq, method=method, extra=extra, sender=sender
    )


@pytest.fixture
def stream():
    return Stream(DialogTracker)


def test_a_call_from_invite_to_the_200_of_bye(stream):
    stream.sip(request("INVITE"))
    stream.sip(response(183), B, A)
    stream.sip(response(180), B, A)
    stream.sip(response(200), B, A)
    stream.sip(request("ACK", tag="2"))
    stream.sip(request("BYE", cseq=1, tag="1", sender="2", extra="Reason: Q.850;cause=31\n"), B, A)
    stream.sip(response(200, "BYE", sender="2"))
    (record,) = stream.done
    assert (record.calling, record.called, record.call_id) == ("111", "222", "c")
    assert (record.progress, record.alerting, record.answered, record.released, record.completed) == (2, 3, 4, 6, 7)
    assert (record.released_by, record.cause, record.outcome, record.duration) == ("called", 31, "answered", 2.0)


@pytest.mark.parametrize(
    ("status", "extra", "cause", "outcome"),
    [
        (486, "", 17, "busy"),
        (603, "", 21, "rejected"),
        (503, "", 41, "failed"),
        (500, "Reason: Q.850;cause=17\n", 17, "busy"),
    ],
)
def test_calls_that_fail(stream, status, extra, cause, outcome):
    stream.sip(request("INVITE"))
    stream.sip(response(status, extra=extra), B, A)
    stream.sip(request("ACK", tag="2"))
    stream.tracker.expire(100.0)
    (record,) = stream.done
    assert (record.status, record.cause, record.outcome) == (status, cause, outcome)


def test_a_call_given_up(stream):
    stream.sip(request("INVITE"))
    stream.sip(response(180), B, A)
    stream.sip(request("CANCEL"))
    stream.sip(response(200, "CANCEL"), B, A)
    stream.sip(response(487), B, A)
    stream.tracker.close()
    (record,) = stream.done
    assert (record.outcome, record.released_by, record.status) == ("abandoned", "calling", 487)


def test_a_challenge_is_not_the_end(stream):
    stream.sip(request("INVITE"))
    stream.sip(response(407), B, A)
    stream.sip(request("INVITE", cseq=2, extra="P-Asserted-Identity: <tel:+4930>\n"))
    stream.sip(response(200, cseq=2), B, A)
    stream.tracker.close()
    (record,) = stream.done
    assert (record.outcome, record.status, len(record.messages)) == ("answered", None, 4)


def test_the_asserted_identity_is_the_calling_number(stream):
    stream.sip(request("INVITE", extra="P-Asserted-Identity: <sip:+4930@x;user=phone>\n"))
    stream.tracker.close()
    assert stream.done[0].calling == "+4930"


def test_the_same_packet_again_is_marked(stream):
    stream.sip(request("INVITE"))
    stream.sip(request("INVITE"))
    stream.tracker.close()
    assert [message.duplicate for message in stream.done[0].messages] == [False, True]


def test_hops_of_one_call_are_records_of_their_own(stream):
    stream.sip(request("INVITE"))
    stream.sip(request("INVITE"), B, "10.0.0.3:5060")
    stream.tracker.close()
    assert [record.destination for record in stream.done] == [B, "10.0.0.3:5060"]


def test_what_belongs_to_no_call(stream):
    stream.sip(request("REGISTER", call="r"))
    stream.sip(response(401, "REGISTER", call="r"), B, A)
    stream.sip("SIP/2.0 200 OK\nnonsense\n\n")
    assert [message.type for message in stream.tracker.others] == ["REGISTER", "401"]
    stream.tracker.close()
    assert stream.done == []
