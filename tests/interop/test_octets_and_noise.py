"""Octets that are no speech (CLEARMODE, RFC 4040) and comfort noise (RFC 3389) through a gateway, on both engines."""

from __future__ import annotations

import socket
import time

import numpy as np
import pytest
from support.gateways import free_ports, wait_for
from support.pjsip_engine import Peer
from support.sip_gateway import by_engine, sip_gateway

from tandem.codecs import g711, rtp

pytestmark = [pytest.mark.interop, pytest.mark.realtime]
ENGINES = ("native", "pjsua2")
BLOCKS = 75
BLOCK = 160
CLEAR, NOISE = 97, 13
LEVEL = 65
"""Of the noise, in -dBov (RFC 3389 3.1)."""
SILENCE = b"\xd5" * BLOCK


class End:
    """A peer with its RTP."""

    def __init__(self, port: int, own: int, formats: str, *lines: str) -> None:
        self.sip = Peer(port, own)
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind(("127.0.0.1", 0))
        self.rtp.setblocking(False)
        self._formats, self._lines = formats, lines
        self._version = 0
        self.came: list[bytes] = []

    def description(self, direction: str = "sendrecv") -> bytes:
        self._version += 1
        lines = (
            *("v=0", f"o=- 1 {self._version} IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"),
            f"m=audio {self.rtp.getsockname()[1]} RTP/AVP {self._formats}",
            *self._lines,
            f"a={direction}",
        )
        return "".join(f"{line}\r\n" for line in lines).encode()

    def connect(self, message: bytes) -> bytes:
        """Send where a description of the gateway says; the lines of its stream."""
        stream = message[message.index(b"m=audio") :]
        self.rtp.connect(("127.0.0.1", int(stream.split()[1])))
        return stream

    def say(self, number: int, payload: bytes, payload_type: int) -> None:
        self.rtp.send(rtp.pack_header(payload_type, number, number * BLOCK, 7) + payload)

    def listen(self) -> None:
        while True:
            try:
                self.came.append(self.rtp.recv(2048))
            except OSError:
                return


class Call:
    """A call from one end to the other through a gateway, both trunks on one engine; each end describes a stream."""

    def __init__(self, gateway, ports, *described):
        self.gateway = gateway
        self._records = len(gateway.records())
        self._sequence = 1
        self._call_id = f"{ports[0]}@peer"
        ends = zip(ports, described, strict=True)
        self.ends = [End(gateway.calls_go_to, port, formats, *lines) for port, (formats, *lines) in ends]

    def send(self, method, number, body=b""):
        """A request of the caller."""
        lines = ["Content-Type: application/sdp"] if body else []
        self.ends[0].sip.send(method, number, *lines, body=body, call_id=self._call_id)

    def begin(self):
        """What both heard of the gateway's streams: in the answer, and in the offer."""
        caller, callee = self.ends
        offer = caller.description()
        for _ in range(10):  # the first may come before PJSIP knows its peers
            self.send("INVITE", 1, offer)
            if not callee.sip.quiet(0.5):
                break
        self.invite = callee.sip.hear("INVITE ")
        offered = callee.connect(self.invite)
        callee.sip.answer(self.invite, "200 OK", "Content-Type: application/sdp", body=callee.description())
        callee.sip.hear("ACK ")
        answered = caller.connect(caller.sip.hear("SIP/2.0 200"))
        self.send("ACK", 1)
        return answered, offered

    def hold(self, method, says, answered):
        """The caller describes its session again; what it gets, and what the callee is told, of the streams."""
        caller, callee = self.ends
        self._sequence += 1
        self.send(method, self._sequence, caller.description(says))
        answer = caller.sip.hear("SIP/2.0 200")
        if method == "INVITE":
            self.send("ACK", self._sequence)
        stream = caller.connect(answer)
        assert f"a={answered}".encode() in stream
        further = callee.sip.hear("INVITE ")
        offered = callee.connect(further)
        assert f"a={says}".encode() in offered
        callee.sip.answer(further, "200 OK", "Content-Type: application/sdp", body=callee.description(answered))
        callee.sip.hear("ACK ")
        return stream, offered

    def speak(self, blocks):
        """Each end sends its blocks, one every 20 ms, and hears what comes; `None`: nothing is sent."""
        begin = time.monotonic()
        for number in range(len(blocks[0]) + 10):
            for end, mine in zip(self.ends, blocks, strict=True):
                if number < len(mine) and mine[number] is not None:
                    end.say(number, *mine[number])
            while (left := begin + (number + 1) / 50 - time.monotonic()) > 0:
                for end in self.ends:
                    end.listen()
                time.sleep(min(left, 0.002))

    def end(self):
        """The record of the call, which the caller ends."""
        caller, callee = self.ends
        self.send("BYE", 9)
        callee.sip.answer(callee.sip.hear("BYE "), "200 OK")
        caller.sip.hear("SIP/2.0 200")
        wait_for(lambda: len(self.gateway.records()) > self._records, "the record")
        return self.gateway.records()[-1]

    def close(self):
        for end in self.ends:
            end.sip.socket.close()
            end.rtp.close()


@pytest.fixture(scope="module", params=ENGINES)
def gateway(tmp_path_factory, request):
    """Two trunks for data, and two for speech."""
    ports = free_ports(10)
    wanted = {"data": "clear_mode = true\n", "speech": "silence_suppression = true\n"}
    text = f'[sip]\nlisten = "127.0.0.1:{ports}"\n'
    routes = ""
    for number, (name, options) in enumerate(wanted.items()):
        for place in (2 + 4 * number, 4 + 4 * number):
            text += (
                f'[[trunk]]\nname = "{name}-{place}"\ntype = "sip"\npeer = "127.0.0.1:{ports + place}"\n'
                f'accept_from = []\nsession_seconds = 0\nreliable_responses = "off"\n{options}'
            )
        routes += f'[[route]]\ntrunk = ["{name}-{2 + 4 * number}"]\nto = ["{name}-{4 + 4 * number}"]\n'
    with sip_gateway(tmp_path_factory.mktemp("G"), by_engine(request.param, text + routes)) as gateway:
        gateway.calls_go_to = ports
        gateway.peers = {name: (ports + 2 + 4 * number, ports + 4 + 4 * number) for number, name in enumerate(wanted)}
        yield gateway


@pytest.fixture
def made(gateway):
    """Makes a call of a kind."""
    calls = []

    def make(kind, *descriptions):
        calls.append(Call(gateway, gateway.peers[kind], *descriptions))
        return calls[-1]

    yield make
    for call in calls:
        call.close()


def payloads(end):
    """What an end heard: payload type and payload of each packet, in order."""
    headers = [rtp.parse_header(packet) for packet in end.came]
    return [(header.payload_type, header.payload(packet)) for header, packet in zip(headers, end.came, strict=True)]


def test_octets_pass_as_they_are(made):
    """Random octets, which no speech path would carry: all of them arrive, in one piece; also after hold."""
    call = made("data", *[(str(CLEAR), f"a=rtpmap:{CLEAR} CLEARMODE/8000")] * 2)
    for stream in (*call.begin(), *call.hold("INVITE", "sendonly", "recvonly")):
        assert b"RTP/AVP %d" % CLEAR in stream
        assert b"a=rtpmap:%d CLEARMODE/8000" % CLEAR in stream
    for stream in call.hold("UPDATE", "sendrecv", "sendrecv"):
        assert b"a=sendrecv" in stream
    random = np.random.default_rng(1)
    blocks = [[random.integers(0, 256, BLOCK, np.uint8).tobytes() for _ in range(BLOCKS)] for _ in "12"]
    call.speak([[(block, CLEAR) for block in mine] for mine in blocks])
    for end, sent in zip(call.ends, reversed(blocks), strict=True):
        heard = payloads(end)
        assert {payload_type for payload_type, _ in heard} == {CLEAR}
        assert b"".join(sent) in b"".join(payload for _, payload in heard)
    record = call.end()
    assert (record.cause, record.result, record.released_by) == (16, "answered", "incoming")
    for leg in (record.incoming, record.outgoing):
        assert leg.media["packets_received"] == BLOCKS


def test_noise_is_played_and_described(made):
    """Noise that the caller describes is heard by the callee at its level; the silence of the callee is described.

    The callee wants no noise described, so that it must be played whatever came before it: how long the callee hears
    nothing before the caller speaks hangs on how busy the machine is.
    """
    law = "a=rtpmap:8 PCMA/8000"
    call = made("speech", (f"8 {NOISE}", law, f"a=rtpmap:{NOISE} CN/8000"), ("8", law))
    for stream in call.begin():
        assert b"a=rtpmap:%d CN/8000" % NOISE in stream
    tone = 3000 * np.sin(np.arange(BLOCK) * 2 * np.pi * 1000 / 8000)
    speech = g711.encode(tone.astype(np.int16), g711.Law.A).tobytes(), 8
    noise = bytes([LEVEL]), NOISE
    caller = [speech] * 30 + [noise] + [None] * 40
    call.speak([caller, [speech] * 30 + [(SILENCE, 8)] * (len(caller) - 30)])
    by_caller, by_callee = map(payloads, call.ends)
    last = g711.decode(np.frombuffer(b"".join(payload for _, payload in by_callee[-30:]), np.uint8), g711.Law.A)
    assert {payload_type for payload_type, _ in by_callee} == {8}
    assert -20 * np.log10(last.astype(float).std() / 32768) == pytest.approx(LEVEL, abs=2)
    described = [payload for payload_type, payload in by_caller if payload_type == NOISE]
    assert described
    assert all(payload[0] > 70 for payload in described)
    assert sum(payload_type == 8 for payload_type, _ in by_caller) < 50  # speech, and what hangs behind it
    assert call.end().result == "answered"
