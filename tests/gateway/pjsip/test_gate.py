"""Requests that wait for a decision, with the real PJSIP: the test is the signalling process, and the phone."""

import contextlib
import socket
import time

import pytest
from support.pjsip_engine import Engine, Peer

from tandem.gateway.pjsip.protocol import (
    Account,
    AdmitRequest,
    AnswerRequest,
    CallConfirmed,
    CallEnded,
    CallReceived,
    DropRequest,
    EndCall,
    KeepConnections,
    RequestArrived,
    Respond,
    SetSources,
    Started,
    TurnAway,
)

MEDIA = ("127.0.0.1", 9)


@pytest.fixture
def engine():
    made = Engine(accounts=[Account("t"), Account("phones", guarded=True)])
    made.hear(Started)
    made.do(SetSources("phones", [], ["127.0.0.0/8"]))
    try:
        yield made
    finally:
        made.process.close()


@pytest.fixture
def phone(engine):
    made = Peer(engine.port)
    with made.socket:
        yield made


def test_a_registration_is_answered_and_answered_again(engine, phone):
    for _ in "12":
        phone.send("REGISTER", 1, call_id="r@phone")
    arrived = engine.hear(RequestArrived)
    assert arrived.message.startswith(b"REGISTER ")
    assert (arrived.source, arrived.transport) == (("127.0.0.1", phone.port), "udp")
    contacts = [("Contact", "<sip:a@h>;expires=60"), ("Contact", "<sip:b@h>;expires=70")]
    engine.do(AnswerRequest(arrived.number, 200, contacts, lasting=True))
    answer = phone.hear("SIP/2.0 200")
    assert answer.count(b"\r\nContact: <sip:") == 2
    phone.tag = ""
    phone.send("REGISTER", 1, call_id="r@phone")
    assert phone.hear("SIP/2.0 200") == answer
    phone.tag = ""
    phone.send("REGISTER", 2, call_id="r@phone")
    assert b"CSeq: 2 " in engine.hear(RequestArrived).message, "the first one was told of once"
    assert not any(isinstance(event, RequestArrived) for event in engine.events)


def test_a_call_is_admitted(engine, phone):
    """Who has proved himself is told with the call, and requests go where it came from."""
    phone.invite(call_id="c@phone")
    first = engine.hear(RequestArrived)
    engine.do(AnswerRequest(first.number, 401, [("WWW-Authenticate", 'Digest realm="r", nonce="n"')], lasting=False))
    assert b'\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n' in phone.hear("SIP/2.0 401")
    phone.send("INVITE", 2, "Record-Route: <sip:127.0.0.1:1;lr>", "Content-Length: 0", call_id="c@phone")
    again = engine.hear(RequestArrived)
    with Peer(engine.port).socket as other:
        other.settimeout(5.0)
        pinned = f"sip:127.0.0.1:{other.getsockname()[1]};transport=udp"
        engine.do(AdmitRequest(again.number, "phones", "alice", pinned))
        call = engine.hear(CallReceived)
        assert (call.admitted, call.caller) == (True, "alice")
        engine.do(Respond(call.call, 180, "", [], None), Respond(call.call, 200, "", [], MEDIA))
        for status in (180, 200):
            answer = phone.hear(f"SIP/2.0 {status}")
            routes = [line for line in answer.split(b"\r\n") if line.startswith(b"Record-Route")]
            assert routes == [b"Record-Route: <sip:127.0.0.1:1;lr>"], "that of the phone, and not ours"
        phone.send("ACK", 2, call_id="c@phone")
        engine.hear(CallConfirmed)
        engine.do(EndCall(call.call, 200, []))
        bye = other.recv(8192)
        assert bye.startswith(b"BYE ")
        assert b"hide" not in bye


def test_a_call_is_given_up_while_it_waits(engine, phone):
    phone.invite(call_id="c@phone")
    waiting = engine.hear(RequestArrived)
    branch = waiting.message.partition(b"branch=")[2].partition(b"\r\n")[0].decode()
    cancel = waiting.message.partition(b"Content-Type")[0].replace(b"INVITE", b"CANCEL") + b"Content-Length: 0\r\n\r\n"
    phone.socket.sendto(cancel.replace(b"CANCEL1c", b"INVITE1c"), ("127.0.0.1", engine.port))
    assert branch == "z9hG4bKINVITE1c"
    assert b"CANCEL" in phone.hear("SIP/2.0 200")
    assert b"INVITE" in phone.hear("SIP/2.0 487")
    engine.do(AdmitRequest(waiting.number, "phones"))
    phone.tag = ""
    phone.send("OPTIONS", 1, call_id="o@phone")
    engine.hear(RequestArrived)
    assert not any(isinstance(event, CallReceived) for event in engine.events)


def test_nothing_is_asked_of_a_known_peer(engine, phone):
    engine.do(SetSources("t", [("127.0.0.1", phone.port)], []))
    phone.invite(call_id="c@peer")
    assert not engine.hear(CallReceived).admitted
    assert not any(isinstance(event, RequestArrived) for event in engine.events)


def test_no_answer(engine, phone):
    """To who is dropped once; and who is turned away is not heard at all."""
    phone.send("OPTIONS", 1, call_id="o@phone")
    engine.do(DropRequest(engine.hear(RequestArrived).number))
    phone.send("OPTIONS", 2, call_id="o@phone")
    arrived = engine.hear(RequestArrived)
    engine.do(AnswerRequest(arrived.number, 403, [], lasting=False))
    assert phone.hear("SIP/2.0 ").startswith(b"SIP/2.0 403"), "the first answer of all"
    engine.do(TurnAway("127.0.0.1", 0.5))
    while not phone.quiet(0.05) or not any(isinstance(event, RequestArrived) for event in engine.events):
        # Heard until the filter is there, and again when it is gone.
        phone.send("OPTIONS", 3, call_id="o@phone")
        engine.events += engine.process.receive()


@pytest.fixture
def over_tcp():
    made = Engine("tcp", known=False, accounts=[Account("t", guarded=True)])
    made.limit = made.hear(Started).limit
    made.do(SetSources("t", [], ["127.0.0.1"]))
    try:
        yield made
    finally:
        made.process.close()


def registered(engine):
    """A phone that has registered over TCP."""
    phone = socket.create_connection(("127.0.0.1", engine.port), 5.0)
    own = phone.getsockname()
    phone.sendall(
        b"REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKx\r\nFrom: <sip:a@h>;tag=1\r\n"
        b"To: <sip:a@h>\r\nCall-ID: t\r\nCSeq: 1 REGISTER\r\nContact: <sip:a@h>\r\nContent-Length: 0\r\n\r\n"
    )
    arrived = engine.hear(RequestArrived)
    assert (arrived.source, arrived.transport) == (own, "tcp")
    engine.do(AnswerRequest(arrived.number, 200, [], lasting=True), KeepConnections([own]))
    assert phone.recv(4096).startswith(b"SIP/2.0 200")
    return phone


def test_a_connection_that_is_gone(over_tcp):
    """A call to the contact of a phone goes over its connection, or nowhere."""
    with registered(over_tcp) as phone:
        port = phone.getsockname()[1]
        over_tcp.call(-2, MEDIA, "tcp", to=port, pinned=True)
        assert phone.recv(8192).startswith(b"INVITE ")
    while True:
        over_tcp.call(-4, MEDIA, "tcp", to=port, pinned=True, call_id="again@x")
        ended = over_tcp.hear(CallEnded, call=-4)
        if "is closed" in ended.reason:
            break
    assert ended.status == 503


def test_connections_of_those_who_prove_nothing(over_tcp):
    """The oldest of them give way; that of a phone stays."""
    with contextlib.ExitStack() as stack:
        phone = stack.enter_context(registered(over_tcp))
        place = "127.0.0.1", over_tcp.port
        count = max(16, min(256, over_tcp.limit)) + 8
        others = []
        for _ in range(count):
            others.append(stack.enter_context(socket.create_connection(place, 5.0)))
            time.sleep(0.01)  # PJSIP has a backlog of five
        for other in others[:8]:
            assert other.recv(1) == b"", "closed"
        over_tcp.call(-2, MEDIA, "tcp", to=phone.getsockname()[1], pinned=True)
        assert phone.recv(8192).startswith(b"INVITE ")
        others[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            others[-1].recv(1)


def test_more_places_than_pjsip_has_accounts(engine):
    """Each phone is at a place of its own, and has another port tomorrow."""
    for number in range(-2, -42, -2):
        phone = Peer(engine.port)
        with phone.socket:
            engine.call(number, MEDIA, to=phone.port, pinned=True)
            phone.answer(phone.hear("INVITE "), "486 Busy Here")
            phone.hear("ACK ")
            assert engine.hear(CallEnded, call=number).status == 486


@pytest.fixture
def phone_of_nobody():
    """Who hears and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        yield made


def test_more_calls_than_pjsip_has_room_for(over_tcp, phone_of_nobody):
    """As many phones as a user has are rung at once: one too many is refused, and costs nothing else."""
    place = phone_of_nobody.getsockname()[1]
    for number in range(1, over_tcp.limit + 1):
        over_tcp.call(-2 * number, MEDIA, to=place, pinned=True)
    ended = over_tcp.hear(CallEnded)
    assert (ended.call, ended.status) == (-2 * over_tcp.limit, 503)
    assert "one is spared" in ended.reason
    over_tcp.do(EndCall(-2, 487, []))
    assert over_tcp.hear(CallEnded).call == -2
