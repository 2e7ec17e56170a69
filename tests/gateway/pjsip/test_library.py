"""What PJSIP would do by itself, and is kept from: transfers."""

import pytest
from support.pjsip_engine import Engine, Peer

from tandem.gateway.pjsip.protocol import (
    AnswerRefer,
    CallConfirmed,
    CallEnded,
    CallReceived,
    Ping,
    PingAnswered,
    ReferArrived,
    Respond,
    SetSources,
    Started,
    TellTransfer,
)

MEDIA = ("127.0.0.1", 9)


@pytest.fixture
def engine():
    made = Engine()
    made.hear(Started)
    try:
        yield made
    finally:
        made.process.close()


@pytest.fixture
def peer(engine):
    made = Peer(engine.port)
    engine.do(SetSources("t", [("127.0.0.1", made.port)], ["127.0.0.1"]))
    uri = f"sip:127.0.0.1:{made.port}"
    engine.do(Ping(-2, "t", f"{uri};transport=udp", uri))
    with made.socket:
        made.answer(made.hear("OPTIONS"), "200 OK")
        engine.hear(PingAnswered)
        yield made


def establish(engine, peer, *lines, call_id):
    """An answered call from the peer."""
    peer.invite(*lines, call_id=call_id)
    received = engine.hear(CallReceived)
    engine.do(Respond(received.call, 200, "", [], MEDIA))
    peer.hear("SIP/2.0 200")
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
