"""The PJSIP process with the real PJSIP: it calls itself, carries speech, knows its limit, and ends."""

import contextlib
import errno
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from support.certificates import Authority
from support.gateways import free_ports
from support.pjsip_engine import PATIENCE, Engine, Peer

from tandem.codecs import g711, rtp
from tandem.codecs.dtmf_detector import TICK, DigitEnded, DtmfDetector
from tandem.codecs.tones import dtmf_octets
from tandem.gateway.pjsip.process import PjsipProcess
from tandem.gateway.pjsip.protocol import (
    Account,
    Ask,
    AskAnswered,
    CallConfirmed,
    CallEnded,
    CallReceived,
    CallRefused,
    CertificatesRead,
    Content,
    EndCall,
    EngineConfiguration,
    Failed,
    InfoArrived,
    Leave,
    MakeCall,
    MessageSeen,
    PeerProved,
    Ping,
    PingAnswered,
    Register,
    RegistrationAnswered,
    Respond,
    ResponseReceived,
    SendInfo,
    SetHold,
    SetSources,
    SpeechChanged,
    Started,
    StreamMeasured,
    TellMessages,
    Trouble,
)
from tandem.gateway.sip import sdp
from tandem.gateway.sip.endpoint import Listener
from tandem.gateway.sip.message import parse_message
from tandem.gateway.sip.tls import TlsFiles


@pytest.fixture
def engine():
    made = Engine()
    try:
        yield made
    finally:
        made.process.close()


@pytest.fixture
def ends():
    """What the media process would be for both ends of a call."""
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in "12"]
        for one in opened:
            one.bind(("127.0.0.1", 0))
            one.settimeout(5.0)
        yield opened


def establish(engine, ends):
    """A call from and to the process: numbers of both ends."""
    engine.call(-2, ends[0].getsockname())
    received = engine.hear(CallReceived)
    engine.do(Respond(received.call, 180, "", [], None))
    ringing = engine.hear(ResponseReceived, call=-2)
    assert (ringing.message[:11], ringing.speech) == (b"SIP/2.0 180", None)
    engine.do(Respond(received.call, 200, "", [("X-Answer", "yes")], ends[1].getsockname()))
    confirmed = {}
    for _ in "12":
        event = engine.hear((CallConfirmed, ResponseReceived))
        confirmed[event.call] = event
    assert b"X-Answer: yes" in confirmed[-2].message
    assert {event.speech.law for event in confirmed.values()} == {"A"}
    return -2, received, confirmed


def test_a_call_with_speech_info_hold_and_its_end(engine, ends):
    engine.do(SetSources("t", [("127.0.0.1", engine.port)], ["127.0.0.1"]))
    out, received, confirmed = establish(engine, ends)
    invite = received.message.decode()
    assert invite.startswith(f"INVITE sip:4930@127.0.0.1:{engine.port} SIP/2.0")
    assert 'From: "Bob" <sip:+49301@gw.example>' in invite
    assert "Call-ID: call-2@x" in invite
    assert "X-Kind: one" in invite
    assert received.source == ("127.0.0.1", engine.port)
    octets = np.random.default_rng(1).integers(0, 256, 160).astype(np.uint8).tobytes()
    for number in range(60):
        packet = rtp.pack_header(8, number, number * 160, 7) + octets
        ends[0].sendto(packet, ("127.0.0.1", confirmed[out].speech.port))
        time.sleep(0.02)
    # From one end through both legs of PJSIP to the other: A-law all the way, so octet for octet.
    heard = b""
    for _ in range(200):
        heard += ends[1].recv(2000)[12:]
        if octets in heard:
            break
    assert octets in heard, "what came is what was sent"
    silence = bytes([g711.SILENCE[g711.Law.A]])
    assert octets.count(silence) < 10, "and it is no silence"
    engine.do(SendInfo(out, Content("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n")))
    assert b"Signal=5" in engine.hear(InfoArrived, call=received.call).message
    engine.do(SetHold(out, True))
    held = {}
    for _ in "12":
        event = engine.hear(SpeechChanged)
        held[event.call] = event.speech.direction
    assert held == {received.call: "sendonly", out: "recvonly"}
    engine.do(SetHold(received.call, True))
    for call in (out, received.call):
        assert engine.hear(SpeechChanged, call=call).speech.direction == "inactive", "both hold: nobody sends"
    engine.do(SetHold(received.call, False))
    for call in (out, received.call):
        engine.hear(SpeechChanged, call=call)
    engine.do(SetHold(out, False))
    back = {}
    for _ in "12":
        event = engine.hear(SpeechChanged)
        back[event.call] = event.speech.direction
    assert set(back.values()) == {"sendrecv"}
    engine.do(Ask(out))
    assert engine.hear(AskAnswered).status == 500, "PJSIP knows no OPTIONS in a call, but it has the call"
    engine.do(EndCall(received.call, 200, [("Reason", "Q.850;cause=31")]))
    ended = {}
    for _ in "12":
        event = engine.hear(CallEnded)
        ended[event.call] = event.message
    assert ended[received.call] == b""
    assert ended[out].startswith(b"BYE ")
    assert b"Reason: Q.850;cause=31" in ended[out]


def test_a_call_that_is_refused_and_one_that_is_given_up(engine, ends):
    engine.call(-2, ends[0].getsockname())
    received = engine.hear(CallReceived)
    engine.do(Respond(received.call, 486, "Engaged", [("Reason", "Q.850;cause=17")], None))
    ended = engine.hear(CallEnded, call=-2)
    assert (ended.status, ended.message[:11]) == (486, b"SIP/2.0 486")
    assert b"Reason: Q.850;cause=17" in ended.message
    engine.hear(CallEnded, call=received.call)
    engine.call(-4, ends[0].getsockname(), offer=False)
    received = engine.hear(CallReceived)
    assert b"application/sdp" not in received.message.partition(b"\r\n\r\n")[2]
    engine.do(Respond(received.call, 180, "", [], None))
    engine.hear(ResponseReceived, call=-4)
    engine.do(EndCall(-4, 487, [("Reason", "Q.850;cause=16")]))
    ended = {event.call: event for event in (engine.hear(CallEnded), engine.hear(CallEnded))}
    assert ended[received.call].message.startswith(b"CANCEL ")
    assert b"Reason: Q.850;cause=16" in ended[received.call].message
    assert ended[-4].status == 487


def test_peers_are_told_when_the_signalling_process_was_killed(ends):
    one, two, three = Engine(), Engine(), Engine()
    try:
        for engine in (two, three):
            engine.do(SetSources("t", [("127.0.0.1", one.port)], ["127.0.0.1"]))
        for number, engine in ((-2, two), (-4, three)):
            uri = f"sip:4930@127.0.0.1:{engine.port}"
            caller = '"Bob" <sip:+49301@gw.example>'
            command = MakeCall(
                number, "t", uri, uri, caller, uri, media=ends[0].getsockname(), call_id=f"{number}@x", headers=[]
            )
            one.do(command)
        answered, ringing = two.hear(CallReceived), three.hear(CallReceived)
        two.do(Respond(answered.call, 200, "", [], ends[1].getsockname()))
        three.do(Respond(ringing.call, 180, "", [], None))
        one.hear(ResponseReceived, call=-2)
        two.hear(CallConfirmed)
        one.hear(ResponseReceived, call=-4)
        one.process.socket.shutdown(socket.SHUT_RDWR)
        bye, cancel = two.hear(CallEnded).message, three.hear(CallEnded).message
        assert bye.startswith(b"BYE ")
        assert cancel.startswith(b"CANCEL ")
        assert b"Reason: Q.850;cause=41" in bye
    finally:
        for engine in (one, two, three):
            engine.process.close()


def test_messages_are_told_while_somebody_wants_them(engine, ends):
    engine.call(-2, ends[0].getsockname())
    first = engine.hear(CallReceived)
    engine.do(EndCall(first.call, 486, []))
    engine.hear(CallEnded, call=-2)
    engine.do(TellMessages(True))
    engine.call(-4, ends[0].getsockname())
    second = engine.hear(CallReceived)
    engine.do(EndCall(second.call, 486, []), TellMessages(False))
    engine.hear(CallEnded, call=-4)
    told = [event for event in engine.events if isinstance(event, MessageSeen)]
    invites = [event for event in told if event.message.startswith(b"INVITE ")]
    assert [event.sent for event in invites] == [True, False], "the second call's, and once on each side"
    here = ("127.0.0.1", engine.port)
    assert {(event.own, event.peer, event.transport) for event in told} == {(here, here, "udp")}
    assert invites[1].message == second.message


def test_telephone_events_are_not_offered_where_they_are_off(ends):
    for wanted in (True, False):
        engine = Engine(accounts=[Account("t", telephone_event=wanted)])
        try:
            engine.call(-2, ends[0].getsockname())
            invite = parse_message(engine.hear(CallReceived).message)
            (audio,) = sdp.parse(invite.session).media
            assert (b"telephone-event" in invite.session, len(audio.formats)) == (wanted, 2 + wanted)
        finally:
            engine.process.close()


def test_a_call_over_tcp(ends):
    engine = Engine(over="tcp")
    try:
        engine.call(-2, ends[0].getsockname(), transport="tcp")
        received = engine.hear(CallReceived)
        assert b"Via: SIP/2.0/TCP " in received.message
        engine.do(Respond(received.call, 183, "", [], ends[1].getsockname()))
        heard = engine.hear(ResponseReceived, call=-2)
        assert (heard.message[:11], heard.speech.law) == (b"SIP/2.0 183", "A"), "told once, with its media"
        engine.do(EndCall(-2, 487, []))
        assert engine.hear(CallEnded, call=received.call).message.startswith(b"CANCEL ")
    finally:
        engine.process.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


def over_tls(authority, name="gw.example", **options):
    """An engine with a certificate for gw.example that expects `name` of whom it calls: itself."""
    certificate = authority.issue("gw", "gw.example")
    files = TlsFiles(str(certificate), "", str(authority.file), client_certificates=True)
    return Engine("tls", accounts=[Account("t", tls_name=name)], tls=files, **options)


def test_a_call_over_tls_with_certificates_of_both(ends, authority):
    engine = over_tls(authority)
    try:
        assert "OpenSSL" in engine.hear(Started).openssl
        engine.do(SetSources("t", [], [], ["gw.example"]))
        engine.call(-2, ends[0].getsockname(), transport="tls")
        proved = engine.hear(PeerProved)
        assert proved.names == ("gw.example",)
        received = engine.hear(CallReceived)
        assert b"Via: SIP/2.0/TLS " in received.message
        assert f"Contact: <sip:127.0.0.1:{engine.port};transport=TLS>".encode() in received.message
        assert (received.transport, received.connection) == ("tls", proved.connection)
        engine.do(EndCall(received.call, 486, []))
        assert engine.hear(CallEnded, call=-2).status == 486
        before = shown_certificate(authority, engine.port)
        authority.issue("gw", "gw.example")
        assert engine.hear(CertificatesRead).wrong == ""
        assert shown_certificate(authority, engine.port) != before
        engine.call(-4, ends[0].getsockname(), transport="tls")
        engine.do(EndCall(engine.hear(CallReceived).call, 480, []))
        assert engine.hear(CallEnded, call=-4).status == 480
    finally:
        engine.process.close()


def shown_certificate(authority, port):
    context = ssl.create_default_context(cafile=str(authority.file))
    context.load_cert_chain(str(authority.issue("client", "client.example")))
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="gw.example") as secured,
    ):
        return secured.getpeercert(binary_form=True)


@pytest.mark.parametrize("over", ["tcp", "tls"])
def test_strangers_cannot_hold_it(ends, authority, over):
    """Who is of no trunk cannot connect, often as he tries: PJSIP has few sockets, and would not live through it."""
    engine = Engine("tcp") if over == "tcp" else over_tls(authority)
    try:
        engine.hear(Started)
        time.sleep(0.2)  # it acts upon the sources
        with contextlib.ExitStack() as held:
            for number in range(200):
                stranger = held.enter_context(socket.socket())
                stranger.setblocking(False)
                stranger.bind(("127.0.0.9", 0))
                assert stranger.connect_ex(("127.0.0.1", engine.port)) == errno.EINPROGRESS
                if not number % 2:
                    stranger.close()
            assert select.select([], [stranger], [], 0.3)[1] == []
            with socket.create_connection(("127.0.0.1", engine.port), PATIENCE):
                engine.call(-2, ends[0].getsockname(), transport="udp")
                engine.do(EndCall(engine.hear(CallReceived).call, 486, []))
                assert engine.hear(CallEnded, call=-2).status == 486
    finally:
        engine.process.close()


def test_options_while_no_new_calls_are_wanted(engine_over_tcp):
    """As of Tandem's own agent, 503 with Retry-After: whoever watches us sends calls elsewhere."""
    engine = engine_over_tcp
    for leaving, status in ((True, b"503 "), (False, b"200 ")):
        engine.do(Leave(leaving))
        with socket.create_connection(("127.0.0.1", engine.port), PATIENCE) as peer:
            peer.settimeout(PATIENCE)
            peer.sendall(OPTIONS_OVER_TCP)
            answer = peer.recv(4096)
        assert answer.startswith(b"SIP/2.0 " + status)
        assert (b"\r\nRetry-After: 60\r\n" in answer) == leaving


def test_silent_connections_give_way(engine_over_tcp):
    """Of a peer too: of those over which no message came only so many stay as there are sockets to spare."""
    with contextlib.ExitStack() as held:

        def connect():
            opened = held.enter_context(socket.create_connection(("127.0.0.1", engine_over_tcp.port), PATIENCE))
            opened.settimeout(PATIENCE)
            return opened

        used = connect()
        used.sendall(OPTIONS_OVER_TCP)
        assert used.recv(4096).startswith(b"SIP/2.0 ")
        first, *_, last = [connect() for _ in range(24)]
        assert first.recv(1) == b""
        for one in (last, used):
            one.sendall(b"\r\n\r\n")
            assert one.recv(100) == b"\r\n"


@pytest.fixture
def engine_over_tcp():
    made = Engine("tcp")
    made.hear(Started)
    yield made
    made.process.close()


OPTIONS_OVER_TCP = (
    b"OPTIONS sip:gw SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKone;rport\r\nFrom: <sip:a@b>;tag=one\r\n"
    b"To: <sip:gw>\r\nCall-ID: one@b\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


def test_certificates_that_are_spoilt_are_not_taken(ends, authority):
    engine = over_tls(authority)
    try:
        engine.hear(Started)
        before = shown_certificate(authority, engine.port)
        (authority.file.parent / "gw.pem").write_text("nothing")
        assert "not a certificate in PEM" in engine.hear(CertificatesRead).wrong
        assert shown_certificate(authority, engine.port) == before
    finally:
        engine.process.close()


def test_a_server_that_is_another_gets_no_call(ends, authority):
    engine = over_tls(authority, "carrier.example")
    try:
        engine.call(-2, ends[0].getsockname(), transport="tls")
        assert "is not of carrier.example but of gw.example" in engine.hear(Trouble).text
        assert engine.hear(CallEnded, call=-2).status == 503
        assert not [event for event in engine.events if isinstance(event, CallReceived)]
    finally:
        engine.process.close()


def test_a_client_without_a_certificate_is_turned_away(authority):
    engine = over_tls(authority)
    context = ssl.create_default_context(cafile=str(authority.file))
    try:
        engine.hear(Started)
        with socket.create_connection(("127.0.0.1", engine.port), PATIENCE) as plain:
            heard = b""
            with (
                contextlib.suppress(ssl.SSLError, ConnectionError),
                context.wrap_socket(plain, server_hostname="gw.example") as secured,
            ):
                secured.sendall(b"OPTIONS")
                heard = secured.recv(100)
            assert heard == b""
    finally:
        engine.process.close()


def test_tls_1_3_alone_needs_a_library_that_has_it(authority):
    certificate = str(authority.issue("gw", "gw.example"))
    engine = Engine("tls", False, tls=TlsFiles(certificate, "", str(authority.file), minimum="1.3"))
    try:
        first = engine.hear((Started, Failed))
        if isinstance(first, Failed):
            assert "which has no TLS 1.3" in first.reason
        else:
            engine.do(SetSources("t", [], ["127.0.0.1"]))
            assert shown_certificate(authority, engine.port)
    finally:
        engine.process.close()


def test_more_calls_than_the_build_allows_get_503(engine, ends):
    started = engine.hear(Started)
    assert started.limit >= 4
    if started.limit > 16:
        pytest.skip("a build with a limit that this machine need not reach")
    taken = []
    while 2 * len(taken) + 2 < started.limit:
        engine.call(-2 * len(taken) - 2, ends[0].getsockname())
        received = engine.hear(CallReceived)
        engine.do(Respond(received.call, 180, "", [], None))
        taken.append(received.call)
    # Of an even limit one place is left to call with, and the call comes in where there is none.
    engine.call(-100, ends[0].getsockname())
    assert engine.hear(CallRefused).source == f"127.0.0.1:{engine.port}"
    ended = engine.hear(CallEnded, call=-100)
    assert ended.status == 503
    assert b"Retry-After: 5" in ended.message
    engine.do(*[EndCall(call, 480, []) for call in taken])
    for _ in range(2 * len(taken)):
        engine.hear(CallEnded)
    engine.call(-102, ends[0].getsockname())
    engine.hear(CallReceived)


def answer(peer, rtp_port, *lines):
    """Answer the INVITE that comes to the socket `peer`; its description."""
    request, source = peer.recvfrom(4000)
    head, _, body = request.decode().partition("\r\n\r\n")
    fields = [line for line in head.split("\r\n") if line.partition(":")[0] in ("Via", "From", "Call-ID", "CSeq")]
    (to,) = (line for line in head.split("\r\n") if line.startswith("To:"))
    description = [
        *("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", f"m=audio {rtp_port} RTP/AVP 8"),
        *lines,
    ]
    content = "".join(f"{line}\r\n" for line in description)
    contact = f"Contact: <sip:127.0.0.1:{peer.getsockname()[1]}>"
    fields += [f"{to};tag=1", contact, "Content-Type: application/sdp", f"Content-Length: {len(content)}"]
    peer.sendto(("SIP/2.0 200 OK\r\n" + "\r\n".join(fields) + "\r\n\r\n" + content).encode(), source)
    return body


@pytest.mark.parametrize(("lines", "octets"), [((), 320), (("a=ptime:30",), 240), (("a=ptime:10",), 80)])
def test_packets_are_as_long_as_the_peer_would_like_else_as_the_trunks_say(ends, lines, octets):
    engine = Engine(packet_time=40)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", 0))
            peer.settimeout(5.0)
            uri = f"sip:1@127.0.0.1:{peer.getsockname()[1]}"
            call = MakeCall(-2, "t", uri, uri, "<sip:2@h>", uri, media=ends[0].getsockname(), call_id="x", headers=[])
            engine.do(call)
            offer = answer(peer, ends[1].getsockname()[1], *lines)
        assert "a=ptime:40\r\n" in offer
        lengths = [len(ends[1].recv(2000)) for _ in range(12)][2:]
        assert set(lengths) == {12 + octets}
    finally:
        engine.process.close()


DIGITS = "159*0#"


def digits_in(octets):
    """DTMF that is heard in A-law."""
    whole = np.frombuffer(octets[: len(octets) // TICK * TICK], np.uint8).reshape(1, -1)
    detector = DtmfDetector(1, g711.Law.A)
    events = [event for at in range(0, whole.shape[1], TICK) for event in detector.octets(whole[:, at : at + TICK])]
    return "".join(event.digit for event in events if isinstance(event, DigitEnded))


def speak(sender, destination, octets, heard, lost=()):
    """Send A-law as RTP in real time and collect what comes on `heard`; packets of the numbers `lost` are not sent."""
    found, sequence = b"", 0
    start = time.monotonic()
    heard.settimeout(0.001)
    while (now := time.monotonic() - start) < len(octets) / 8000 + 0.4:
        while sequence * 0.02 <= now and sequence * 160 < len(octets):
            if sequence not in lost:
                packet = rtp.pack_header(8, sequence, sequence * 160, 7)
                sender.sendto(packet + octets[160 * sequence : 160 * sequence + 160], destination)
            sequence += 1
        with contextlib.suppress(TimeoutError):
            found += heard.recv(2000)[12:]
    return found


def test_digits_in_speech_pass_both_ways_and_the_rtp_of_the_peer_is_measured(engine, ends):
    """For a peer without telephone-events, as which `answer` shows itself; 2 of 100 packets are lost."""
    pause = np.full(800, g711.SILENCE[g711.Law.A], np.uint8)
    tones = [np.concatenate([dtmf_octets(digit, g711.Law.A, 80), pause]) for digit in DIGITS]
    octets = np.concatenate([pause, pause, *tones, pause]).tobytes()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5.0)
        uri = f"sip:1@127.0.0.1:{peer.getsockname()[1]}"
        gateway, phone = ends
        engine.do(MakeCall(-2, "t", uri, uri, "<sip:2@h>", uri, media=gateway.getsockname(), call_id="x", headers=[]))
        offer = answer(peer, phone.getsockname()[1])
        port = int(next(line for line in offer.splitlines() if line.startswith("m=audio")).split()[1])
        confirmed = engine.hear(ResponseReceived, call=-2)
        silent = len(octets) // 160 - 1
        assert digits_in(speak(phone, ("127.0.0.1", port), octets, gateway, lost=(2, silent))) == DIGITS
        assert digits_in(speak(gateway, ("127.0.0.1", confirmed.speech.port), octets, phone)) == DIGITS
        engine.do(EndCall(-2, 200, []))
        engine.hear(CallEnded, call=-2)
    measured = [event for event in engine.events if isinstance(event, StreamMeasured)]
    assert len(measured) >= 3, "once a second"
    last = measured[-1]
    # What is lost last is not missed by anybody.
    assert (last.packets_received, last.packets_lost) == (silent - 1, 1)
    assert last.octets_received == 160 * last.packets_received
    assert last.packets_sent > 100


def stun_server(stack, mapped):
    """A STUN server (RFC 5389) that gives everybody the address `mapped`, with the port that he sent from."""
    server = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    server.bind(("127.0.0.1", 0))
    server.settimeout(0.1)
    over = threading.Event()

    def serve():
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                request, source = server.recvfrom(2000)
                kind, _, cookie = struct.unpack_from("!HHI", request)
                if kind != 1 or cookie != 0x2112A442:
                    continue
                address = struct.unpack("!I", socket.inet_aton(mapped))[0] ^ cookie
                attribute = struct.pack("!HHBBHI", 0x0020, 8, 0, 1, source[1] ^ (cookie >> 16), address)
                head = struct.pack("!HHI", 0x0101, len(attribute), cookie)
                server.sendto(head + request[8:20] + attribute, source)

    thread = threading.Thread(target=serve)
    thread.start()
    stack.callback(thread.join)
    stack.callback(over.set)
    return server.getsockname()[1]


def own_address():
    """An address of this machine that is no loopback, where it has one; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]
    return "127.0.0.1"


def test_ice_with_an_address_from_a_stun_server():
    address = own_address()
    with contextlib.ExitStack() as stack:
        ends = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in "12"]
        for one in ends:
            one.bind((address, 0))
            one.settimeout(5.0)
        port = stun_server(stack, "198.51.100.7")
        stun = [] if address == "127.0.0.1" else [f"127.0.0.1:{port}"]
        engine = Engine(accounts=[Account("t", ice=True)], stun=stun, media_address=address)
        stack.callback(engine.process.close)
        engine.do(SetSources("t", [("127.0.0.1", engine.port)], ["127.0.0.1"]))
        if address == "127.0.0.1":
            # A machine without any other address: PJSIP takes no loopback address as a candidate, as the check says.
            engine.call(-2, ends[0].getsockname())
            assert engine.hear(CallEnded).status == 500
            return
        _, received, confirmed = establish(engine, ends)
        offer = received.message.decode().partition("\r\n\r\n")[2]
        candidates = [line.split() for line in offer.splitlines() if line.startswith("a=candidate:")]
        assert {(fields[4], fields[7]) for fields in candidates} >= {(address, "host"), ("198.51.100.7", "srflx")}
        assert "a=ice-ufrag:" in offer
        assert "c=IN IP4 198.51.100.7" in offer
        # The pair that ICE has found works: host to host, as nobody is at the other address.
        octets = np.random.default_rng(2).integers(0, 256, 160).astype(np.uint8).tobytes()
        heard = b""
        for number in range(200):
            ends[0].sendto(rtp.pack_header(8, number, number * 160, 7) + octets, (address, confirmed[-2].speech.port))
            heard += ends[1].recv(2000)[12:]
            if octets in heard:
                break
        assert octets in heard


def test_pings(engine):
    engine.do(Ping(-2, "t", f"sip:127.0.0.1:{engine.port};transport=udp", f"sip:127.0.0.1:{engine.port}"))
    assert engine.hear(PingAnswered) == PingAnswered(-2, 200)


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_port_that_is_taken_is_told(transport, authority):
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    port = free_ports(10)
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", port))
        options = {}
        if transport != "udp":
            taken.listen()
            options["listeners"] = [Listener(transport, "127.0.0.1", port)]
            options["tls"] = TlsFiles(str(authority.issue("gw", "gw.example")), "", str(authority.file))
        process = PjsipProcess.start(
            EngineConfiguration("127.0.0.1", port, "127.0.0.1", (port + 1, port + 9), [Account("t")], **options)
        )
        try:
            deadline = time.monotonic() + PATIENCE
            events = []
            while not events and time.monotonic() < deadline:
                select.select([process.socket], [], [], 0.1)
                events = process.receive()
            (failed,) = events
            assert isinstance(failed, Failed)
            assert f"sip.pjsua2.listen: {transport}:127.0.0.1:{port} cannot be opened" in failed.reason
            assert process.wait(10) == 1
        finally:
            process.close()


def test_it_outlives_signals_and_ends_with_its_parent(engine):
    engine.hear(Started)
    engine.process._process.send_signal(signal.SIGTERM)
    engine.do(Ping(-2, "t", f"sip:127.0.0.1:{engine.port};transport=udp", f"sip:127.0.0.1:{engine.port}"))
    engine.hear(PingAnswered)
    engine.process.socket.close()
    assert engine.process.wait(10) == 0


#: Ports come and go in the conference bridge while its thread calls them; each round is one tick and more.
COMING_AND_GOING = """
import os
import pjsua2 as pj
from tandem.gateway.pjsip.bridge import SpeechPort
from tandem.gateway.pjsip.speech import SpeechPath

endpoint, settings = pj.Endpoint(), pj.EpConfig()
endpoint.libCreate()
settings.logConfig.level = settings.logConfig.consoleLevel = 0
settings.uaConfig.threadCnt, settings.uaConfig.mainThreadOnly = 0, True
settings.medConfig.clockRate = settings.medConfig.sndClockRate = 8000
settings.medConfig.channelCount, settings.medConfig.audioFramePtime = 1, 20
settings.medConfig.maxMediaPorts = 1000
endpoint.libInit(settings)
endpoint.audDevManager().setNullDev()
endpoint.libStart()
path = SpeechPath("127.0.0.1")
for _ in range(40):
    ports = [SpeechPort(path) for _ in range(200)]
    for one, other in zip(ports[::2], ports[1::2]):
        one.startTransmit(other)
        other.startTransmit(one)
    endpoint.libHandleEvents(25)
    for port in ports:
        port.remove()
    del port, ports
print("all gone", flush=True)
os._exit(0)
"""


def test_ports_leave_the_bridge_while_it_calls_them():
    done = subprocess.run([sys.executable, "-c", COMING_AND_GOING], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("all gone\n")


def test_a_registration_moves_to_another_server(engine):
    engine.hear(Started)
    first, second = Peer(engine.port), Peer(engine.port)

    def register(peer):
        place = f"sip:127.0.0.1:{peer.port};transport=udp"
        engine.do(Register(-2, "t", place, "sip:u@p.example", "sip:p.example", "u", "u", "p", 60))
        return peer.hear("REGISTER sip:p.example")

    with first.socket, second.socket:
        first.answer(register(first), "503 Service Unavailable")
        assert engine.hear(RegistrationAnswered).status == 503
        asked = register(second)
        contact = next(line for line in asked.decode().split("\r\n") if line.startswith("Contact: "))
        second.answer(asked, "200 OK", f"{contact};expires=60")
        assert engine.hear(RegistrationAnswered, status=200).seconds == 60
        assert first.quiet(0.2)
