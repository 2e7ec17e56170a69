"""What PJSIP would do by itself, and is kept from: transfers, and ends of calls that bring ISUP."""

import re

import pytest
from support.pjsip_engine import DESCRIPTION, Engine, peer_of

from tandem.gateway.pjsip.protocol import (
    Account,
    AnswerRefer,
    CallConfirmed,
    CallEnded,
    CallReceived,
    Content,
    EndCall,
    InfoArrived,
    MessageSeen,
    ReferArrived,
    Respond,
    ResponseReceived,
    SendInfo,
    Started,
    TellMessages,
    TellTransfer,
    UpdateArrived,
)
from tandem.gateway.sip.message import parse_message

MEDIA = ("127.0.0.1", 9)
ISUP = bytes(range(256))
"""Every octet, 0 among them, and what is no UTF-8."""
RLC = b"\x10\0"
TYPE = "application/isup;version=itu-t92+"


@pytest.fixture
def engine(request):
    options = getattr(request, "param", {})
    made = Engine(accounts=[Account("t", released=Content("application/isup", RLC), **options)])
    made.hear(Started)
    try:
        yield made
    finally:
        made.process.close()


@pytest.fixture
def peer(engine):
    with peer_of(engine) as made:
        yield made


def establish(engine, peer, *lines, call_id, refresher=b""):
    """An answered call from the peer; `refresher`: who refreshes the session, by our answer."""
    peer.invite(*lines, call_id=call_id)
    received = engine.hear(CallReceived)
    engine.do(Respond(received.call, 200, "", [], MEDIA))
    answer = peer.hear("SIP/2.0 200")
    assert not refresher or b"refresher=" + refresher in answer
    peer.send("ACK", 1, call_id=call_id)
    confirmed = engine.hear(CallConfirmed)
    assert confirmed.message.startswith(b"ACK ")
    return received


def end(engine, peer, call_id, number=9):
    peer.send("BYE", number, call_id=call_id)
    peer.hear("SIP/2.0 200")
    engine.hear(CallEnded)
    peer.tag = ""


def test_refer_waits_for_its_answer_and_notify_follows(engine, peer):
    call = establish(engine, peer, call_id="refer@peer").call
    target = "Refer-To: <sip:2000@127.0.0.1>"
    for _ in "12":  # it comes again while it waits
        peer.send("REFER", 2, target, call_id="refer@peer")
    arrived = engine.hear(ReferArrived)
    assert (arrived.call, arrived.message[:6]) == (call, b"REFER ")
    assert peer.quiet(0.2)
    engine.do(AnswerRefer(call, 202), TellTransfer(call, "SIP/2.0 100 Trying", False))
    answers = {peer.socket.recv(4000), peer.socket.recv(4000)}
    assert {answer.split()[0] for answer in answers} == {b"SIP/2.0", b"NOTIFY"}
    notify = next(answer for answer in answers if answer.startswith(b"NOTIFY"))
    for line in (b"Event: refer", b"Subscription-State: active;expires=60", b"Contact: <sip:127.0.0.1:"):
        assert b"\r\n" + line in notify
    assert b"message/sipfrag;version=2.0" in notify
    assert notify.endswith(b"\r\n\r\nSIP/2.0 100 Trying\r\n")
    peer.answer(notify, "200 OK")
    engine.do(TellTransfer(call, "SIP/2.0 486 Busy Here", True))
    notify = peer.hear("NOTIFY")
    assert b"Subscription-State: terminated;reason=noresource" in notify
    peer.answer(notify, "200 OK")
    peer.send("REFER", 2, target, call_id="refer@peer")  # and again when it was answered
    peer.hear("SIP/2.0 202")
    assert not any(isinstance(event, ReferArrived) for event in engine.events)
    end(engine, peer, "refer@peer")


def test_refer_is_refused_as_call_control_says(engine, peer):
    call = establish(engine, peer, call_id="no@peer").call
    peer.send("REFER", 2, "Refer-To: <sip:2000@127.0.0.1>", call_id="no@peer")
    assert engine.hear(ReferArrived).call == call
    peer.send("REFER", 3, "Refer-To: <sip:3000@127.0.0.1>", call_id="no@peer")  # one at a time
    peer.hear("SIP/2.0 603")
    engine.do(AnswerRefer(call, 404))
    peer.hear("SIP/2.0 404")
    engine.do(AnswerRefer(call, 202))
    assert peer.quiet(0.2)
    end(engine, peer, "no@peer")


@pytest.mark.parametrize(("wrong", "status"), [({"tag": "q"}, 481), ({"call_id": "other@peer"}, 603)])
def test_a_refer_of_no_dialog_asks_for_nothing(engine, peer, wrong, status):
    """PJSIP tells dialogs apart by their tags alone."""
    establish(engine, peer, call_id="mine@peer")
    peer.send("REFER", 2, "Refer-To: <sip:2000@127.0.0.1>", **{"call_id": "mine@peer", **wrong})
    peer.hear(f"SIP/2.0 {status}")
    end(engine, peer, "mine@peer")
    assert not any(isinstance(event, ReferArrived) for event in engine.events)


def test_a_call_that_ends_while_its_refer_waits(engine, peer):
    call = establish(engine, peer, call_id="gone@peer").call
    peer.send("REFER", 2, "Refer-To: <sip:2000@127.0.0.1>", call_id="gone@peer")
    engine.hear(ReferArrived)
    end(engine, peer, "gone@peer")
    engine.do(AnswerRefer(call, 202))
    establish(engine, peer, call_id="next@peer")
    end(engine, peer, "next@peer")


def test_an_invite_with_replaces_is_a_call_like_another(engine, peer):
    """PJSIP would end the call that is there, and answer; or refuse with 481 what it does not know."""
    first = establish(engine, peer, call_id="old@peer").call
    old, peer.tag = peer.tag, ""
    for number, tag in enumerate((old, "none")):
        replaces = f"Replaces: old@peer;to-tag={tag};from-tag=p"
        received = establish(engine, peer, replaces, call_id=f"new{number}@peer")
        assert replaces.encode() in received.message
        end(engine, peer, f"new{number}@peer")
    assert not any(isinstance(event, CallEnded) and event.call == first for event in engine.events)
    peer.tag = old
    end(engine, peer, "old@peer")


def test_what_the_gateway_sees_to_may_be_required(engine, peer):
    peer.invite("Require: resource-priority", "Resource-Priority: ets.1", call_id="asks@peer")
    received = engine.hear(CallReceived)
    engine.do(Respond(received.call, 486, "", [], None))
    peer.hear("SIP/2.0 486")
    peer.send("ACK", 1, call_id="asks@peer")  # without a tag: it acknowledges nothing, and PJSIP would not outlive it
    peer.invite("Require: made-up", call_id="wants@peer")
    assert b"Unsupported: made-up" in peer.hear("SIP/2.0 420")


def isup_in(message):
    """ISUP of a message, and its disposition."""
    part = parse_message(message).part("application/isup")
    return None if part is None else (part.body, part.disposition)


def test_octets_of_isup_both_ways(engine, peer):
    """In an INVITE, 180 without a description, 200, INFO and BYE of PJSIP; and each of the peer as it came."""
    engine.do(TellMessages(True))
    content = Content(TYPE, ISUP, "signal;handling=optional")
    mixed = (
        b"--b\r\nContent-Type: application/sdp\r\n\r\n" + DESCRIPTION.encode() + b"\r\n--b\r\n"
        b"Content-Type: application/isup\r\nContent-Disposition: signal\r\n\r\n" + ISUP + b"\r\n--b--\r\n"
    )
    peer.send("INVITE", 1, "Content-Type: multipart/mixed;boundary=b", body=mixed, call_id="isup@peer")
    received = engine.hear(CallReceived)
    assert isup_in(received.message) == (ISUP, "signal")
    engine.do(Respond(received.call, 180, "", [], None, content))
    ringing = peer.hear("SIP/2.0 180")
    assert isup_in(ringing) == (ISUP, "signal")
    assert re.search(rb"\r\nContent-Type: *application/isup; *version=itu-t92\+\r\n", ringing)
    engine.do(Respond(received.call, 200, "", [], MEDIA, content))
    answer = peer.hear("SIP/2.0 200")
    assert isup_in(answer) == (ISUP, "signal")
    assert parse_message(answer).session.startswith(b"v=0")
    peer.send("ACK", 1, call_id="isup@peer")
    engine.hear(CallConfirmed)
    peer.send("INFO", 2, "Content-Type: application/isup", body=ISUP, call_id="isup@peer")
    peer.hear("SIP/2.0 200")
    assert isup_in(engine.hear(InfoArrived).message) == (ISUP, "")
    engine.do(SendInfo(received.call, content))
    info = peer.hear("INFO")
    assert isup_in(info) == (ISUP, "signal")
    peer.answer(info, "200 OK")
    seen = [event.message for event in engine.events if isinstance(event, MessageSeen)]
    assert {message[:11] for message in seen if isup_in(message) == (ISUP, "signal")} >= {
        b"SIP/2.0 180",
        b"SIP/2.0 200",
    }
    peer.send("BYE", 3, "Content-Type: application/isup", body=ISUP, call_id="isup@peer")
    assert isup_in(peer.hear("SIP/2.0 200")) == (RLC, "")
    ended = engine.hear(CallEnded)
    assert isup_in(ended.message) == (ISUP, "")


@pytest.mark.parametrize("status", ["180 Ringing", "183 Session Progress"])
def test_a_response_with_nothing_but_isup_ends_no_call(engine, peer, status):
    """PJSIP would: 415, as its builds are (PJSIP_INV_ACCEPT_UNKNOWN_BODY)."""
    engine.call(-2, MEDIA, to=peer.port, content=Content(TYPE, ISUP))
    invite = peer.hear("INVITE")
    assert isup_in(invite) == (ISUP, "")
    assert parse_message(invite).session.startswith(b"v=0")
    peer.answer(invite, status, "Content-Type: application/isup", body=ISUP)
    assert isup_in(engine.hear(ResponseReceived).message) == (ISUP, "")
    peer.answer(invite, "200 OK", "Content-Type: application/sdp", body=DESCRIPTION.encode())
    peer.hear("ACK")
    assert engine.hear(ResponseReceived).speech.law == "A"
    engine.do(EndCall(-2, 200, [], Content(TYPE, ISUP)))
    bye = peer.hear("BYE")
    assert isup_in(bye) == (ISUP, "")
    peer.answer(bye, "200 OK", "Content-Type: application/isup", body=RLC)
    engine.hear(CallEnded)


def test_a_refusal_with_isup_both_ways(engine, peer):
    engine.call(-2, MEDIA, to=peer.port)
    invite = peer.hear("INVITE")
    peer.answer(invite, "486 Busy Here", "Content-Type: application/isup", body=ISUP)
    assert isup_in(engine.hear(CallEnded).message) == (ISUP, "")
    peer.hear("ACK")
    peer.send("INVITE", 1, "Content-Type: application/isup", body=ISUP, call_id="bare@peer")
    received = engine.hear(CallReceived)
    assert isup_in(received.message) == (ISUP, "")
    engine.do(Respond(received.call, 486, "", [], None, Content(TYPE, ISUP)))
    assert isup_in(peer.hear("SIP/2.0 486")) == (ISUP, "")


WISHES = [({"refresher": "local"}, b"uac", b"uas"), ({"refresher": "remote"}, b"uas", b"uac"), ({}, b"", b"uac")]


@pytest.mark.parametrize(("engine", "asked", "answered"), WISHES, indirect=["engine"])
def test_who_refreshes_the_session(engine, peer, asked, answered):
    """RFC 4028 7.1 and 9: in an INVITE of PJSIP, and in its answer where the peer leaves the choice to it."""
    engine.call(-2, MEDIA, to=peer.port)
    invite = peer.hear("INVITE")
    named = b";refresher=" + asked if asked else b""
    assert re.search(rb"^Session-Expires: *1800" + named + rb"\r", invite, re.MULTILINE)
    peer.answer(invite, "486 Busy Here")
    engine.hear(CallEnded)
    for call_id, given, taken in (("open@peer", "", answered), ("set@peer", ";refresher=uac", b"uac")):
        establish(engine, peer, "Supported: timer", f"Session-Expires: 1800{given}", call_id=call_id, refresher=taken)
        end(engine, peer, call_id)


CONDITIONS = DESCRIPTION + (
    "a=curr:qos local none\r\na=curr:qos remote none\r\n"
    "a=des:qos mandatory local sendrecv\r\na=des:qos none remote sendrecv\r\n"
)


def acknowledge(peer, response, number, call_id):
    """PRACK for a reliable response, and its answer."""
    rseq = re.search(rb"^RSeq: *([0-9]+)", response, re.MULTILINE)[1].decode()
    peer.tag = re.search(rb"^To: .*;tag=([^;\r]+)", response, re.MULTILINE)[1].decode()
    peer.send("PRACK", number, f"RAck: {rseq} 1 INVITE", call_id=call_id)
    peer.hear("SIP/2.0 200")


@pytest.mark.parametrize("engine", [{"preconditions": "required"}], indirect=True)
def test_preconditions_of_the_peer(engine, peer):
    """RFC 3312: the answer asks to be told, UPDATE tells, and its answer knows; each response once."""
    call_id = "conditions@peer"
    lines = ("Supported: 100rel, precondition", "Require: precondition", "Content-Type: application/sdp")
    peer.send("INVITE", 1, *lines, body=CONDITIONS.encode(), call_id=call_id)
    received = engine.hear(CallReceived)
    engine.do(Respond(received.call, 183, "", [("Require", "precondition")], MEDIA))
    progress = peer.hear("SIP/2.0 183")
    for line in ("a=curr:qos local sendrecv", "a=curr:qos remote none", "a=conf:qos remote sendrecv"):
        assert f"\r\n{line}\r\n".encode() in progress
    acknowledge(peer, progress, 2, call_id)
    met = CONDITIONS.replace("local none", "local sendrecv").replace("1 1 IN", "1 2 IN")
    peer.send("UPDATE", 3, "Content-Type: application/sdp", body=met.encode(), call_id=call_id)
    assert b"a=curr:qos remote sendrecv\r\n" in peer.hear("SIP/2.0 200")
    assert b"a=curr:qos local sendrecv" in engine.hear(UpdateArrived).message
    engine.do(Respond(received.call, 180, "", [], MEDIA))
    ringing = peer.hear("SIP/2.0 180")
    acknowledge(peer, ringing, 4, call_id)
    engine.do(Respond(received.call, 200, "", [], MEDIA))
    assert not peer.quiet(3.0)
    assert peer.socket.recv(4000).startswith(b"SIP/2.0 200")
    peer.send("ACK", 1, call_id=call_id)
    engine.hear(CallConfirmed)
    end(engine, peer, call_id)


def test_fields_of_a_response_are_not_in_the_next_one(engine, peer):
    """PJSIP makes each answer of the one before, with all that was put into that."""
    peer.invite(call_id="fields@peer")
    received = engine.hear(CallReceived)
    fields = [("X-A", "1"), ("X-B", "1"), ("X-B", "2")]
    engine.do(Respond(received.call, 183, "", fields, MEDIA))
    peer.hear("SIP/2.0 183")
    engine.do(Respond(received.call, 180, "", [("X-A", "2")], None, Content(TYPE, ISUP, "signal")))
    ringing = parse_message(peer.hear("SIP/2.0 180"))
    assert (ringing.fields.get("x-a"), ringing.fields.get("x-b")) == (["2"], None)
    engine.do(Respond(received.call, 200, "", [("X-B", "3"), ("X-B", "4")], MEDIA))
    answer = parse_message(peer.hear("SIP/2.0 200"))
    assert (answer.fields.get("x-a"), answer.fields.get("x-b")) == (None, ["3", "4"])
    assert answer.get("content-disposition") is None
    assert answer.session.startswith(b"v=0")
    peer.tag = answer.to.tag
    peer.send("ACK", 1, call_id="fields@peer")
    engine.hear(CallConfirmed)
    end(engine, peer, "fields@peer")


def test_a_build_that_exports_less_is_told_of_by_name():
    library = pytest.importorskip("tandem.gateway.pjsip.library", reason="pip install 'tandem-gateway[pjsua2]'")
    with pytest.raises(ImportError, match="does not export pjsip_nothing, as the wheels of pjsua2-python do"):
        library.function("pjsip_nothing", None)


def test_what_pjsip_requires_stays_beside_what_we_require(engine, peer):
    peer.invite("Supported: 100rel", call_id="require@peer")
    received = engine.hear(CallReceived)
    engine.do(Respond(received.call, 183, "", [("Require", "precondition"), ("X-A", "1")], MEDIA))
    progress = parse_message(peer.hear("SIP/2.0 183"))
    assert sorted(progress.values("require")) == ["100rel", "precondition"]


@pytest.mark.parametrize("octets", [b"\t\0", b"\x10", b"", bytes(range(100))])
def test_octets_go_into_their_own_text_and_no_other_that_is_like_it(octets):
    pjsua2 = pytest.importorskip("pjsua2", reason="pip install 'tandem-gateway[pjsua2]'")
    library = pytest.importorskip("tandem.gateway.pjsip.library")
    option = pjsua2.SipTxOption()
    option.targetUri = option.contentType = "tandem/x"  # begins as what is looked for
    option.msgBody = library.filler_for(octets).decode()
    library.put_octets(option, octets)
    assert (option.targetUri, option.contentType, option.msgBody.encode()) == ("tandem/x", "tandem/x", octets)
    option.msgBody = "something else"
    if octets:
        with pytest.raises(LookupError):
            library.put_octets(option, octets)


def test_a_183_without_a_description(engine, peer):
    """Where call control has none to send; the answer has it."""
    peer.invite(call_id="bare@peer")
    received = engine.hear(CallReceived)
    engine.do(Respond(received.call, 183, "", [], None))
    progress = parse_message(peer.hear("SIP/2.0 183"))
    assert (progress.body, progress.get("content-type")) == (b"", None)
    engine.do(Respond(received.call, 200, "", [], MEDIA))
    answer = parse_message(peer.hear("SIP/2.0 200"))
    assert answer.session.startswith(b"v=0")
    peer.tag = answer.to.tag
    peer.send("ACK", 1, call_id="bare@peer")
    engine.hear(CallConfirmed)
    end(engine, peer, "bare@peer")


@pytest.mark.parametrize("engine", [{"delayed_offer": True}], indirect=True)
def test_a_reliable_response_that_offers_ends_nothing(engine, peer):
    """PJSIP has no media to answer with before the answer; its assertions ended the process."""
    engine.call(-4, MEDIA, to=peer.port, offer=False)
    invite = peer.hear("INVITE")
    assert "100rel" not in parse_message(invite).get("supported")
    body = DESCRIPTION.encode()
    peer.answer(invite, "183 Progress", "Content-Type: application/sdp", "Require: 100rel", "RSeq: 1", body=body)
    assert engine.hear(ResponseReceived).message.startswith(b"SIP/2.0 183")
    peer.answer(peer.hear("PRACK"), "200 OK")
    peer.answer(invite, "200 OK", "Content-Type: application/sdp", body=body)
    assert parse_message(peer.hear("ACK")).session.startswith(b"v=0")
    assert engine.hear(ResponseReceived).speech is not None
    engine.do(EndCall(-4, 200, []))
    peer.answer(peer.hear("BYE"), "200 OK")
    engine.hear(CallEnded)
