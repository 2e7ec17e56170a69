"""The PJSIP process with the real PJSIP, and a peer of it whose messages a test writes itself."""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.gateways import free_ports

from tandem.gateway.pjsip.process import PjsipProcess
from tandem.gateway.pjsip.protocol import Account, EngineConfiguration, MakeCall, Ping, PingAnswered, SetSources
from tandem.gateway.sip.endpoint import Listener

PATIENCE = 20.0


class Engine:
    """A running process that calls itself, and its events."""

    def __init__(self, over="", known=True, host="127.0.0.1", **options):
        """`known`: whether this machine is the peer of the trunk."""
        self.port, self._host = free_ports(30), f"[{host}]" if ":" in host else host
        if over:
            options["listeners"] = [Listener(over, host, self.port)]
        settings = {"accounts": [Account("t")], "media_address": host, **options}
        self.configuration = EngineConfiguration(
            address=host, port=self.port, rtp_ports=(self.port + 2, self.port + 29), **settings
        )
        self.process = PjsipProcess.start(self.configuration)
        self.events = []
        if over and known:
            self.do(SetSources("t", [], [host]))

    def hear(self, kind, **values):
        """The next event of a kind that nobody has heard yet."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for event in self.events:
                if isinstance(event, kind) and all(getattr(event, key) == value for key, value in values.items()):
                    self.events.remove(event)
                    return event
            assert time.monotonic() < deadline, (kind, values, self.events)
            assert not self.process.closed, self.events
            select.select([self.process.socket], [], [], 0.1)
            self.events += self.process.receive()

    def call(self, number, media, transport="udp", to=0, **options):
        """A call to the process itself, or to another port."""
        uri = f"sip:4930@{self._host}:{to or self.port}"
        place = f"{uri};transport=udp".replace("4930@", "")
        values = {"call_id": f"call{number}@x", "headers": [("X-Kind", "one")], **options}
        place = place.replace("udp", transport)
        command = MakeCall(number, "t", place, uri, '"Bob" <sip:+49301@gw.example>', uri, media=media, **values)
        self.process.send([command])

    def do(self, *commands):
        self.process.send(commands)


DESCRIPTION = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"
DIALOG = re.compile(rb"^(?:Via|From|To|Call-ID|CSeq): .*\r\n", re.MULTILINE | re.IGNORECASE)


class Peer:
    """A SIP peer over UDP that does nothing by itself."""

    def __init__(self, port: int, own: int = 0, host: str = "127.0.0.1") -> None:
        """`port`: where PJSIP listens; `own`: where the peer does, 0: anywhere; `host`: the address of both."""
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, own))
        self.socket.settimeout(5.0)
        self.port: int = self.socket.getsockname()[1]
        self._engine = host, port
        self._host = f"[{host}]" if ":" in host else host
        self.description = DESCRIPTION.replace("IP4 127.0.0.1", f"IP6 {host}") if ":" in host else DESCRIPTION
        """Of its speech, which nobody hears."""
        self.tag = ""
        """Of PJSIP, in the dialog."""

    def send(
        self, method: str, number: int, *lines: str, body: bytes = b"", call_id: str = "raw@peer", tag: str = "p"
    ) -> None:
        """Send a request in the one dialog that there is, or that begins with it."""
        to = f";tag={self.tag}" if self.tag else ""
        head = (
            f"{method} sip:4930@{self._host}:{self._engine[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._host}:{self.port};branch=z9hG4bK{method}{number}{call_id.partition('@')[0]}\r\n"
            f"From: <sip:1@{self._host}>;tag={tag}\r\nTo: <sip:4930@{self._host}>{to}\r\nCall-ID: {call_id}\r\n"
            f"CSeq: {number} {method}\r\nContact: <sip:{self._host}:{self.port}>\r\nMax-Forwards: 70\r\n"
        )
        head += "".join(f"{line}\r\n" for line in lines) + f"Content-Length: {len(body)}\r\n\r\n"
        self.socket.sendto(head.encode() + body, self._engine)

    def invite(self, *lines: str, **options: Any) -> None:
        """Send an INVITE with a description."""
        self.send("INVITE", 1, "Content-Type: application/sdp", *lines, body=self.description.encode(), **options)

    def hear(self, start: str) -> bytes:
        """The next message that begins so; those before it, retransmissions perhaps, are passed over."""
        while not (message := self.socket.recv(8192)).startswith(start.encode()):
            pass
        if start.startswith("SIP/2.0 2") and (found := re.search(rb"^To: .*;tag=([^;\r]+)", message, re.MULTILINE)):
            self.tag = found[1].decode()
        return message

    def answer(self, request: bytes, status: str, *lines: str, body: bytes = b"", to: int = 0) -> None:
        """Answer a request of PJSIP, or of who has another port: `200 OK`."""
        head = b"".join(DIALOG.findall(request))
        if b";tag=" not in next(line for line in DIALOG.findall(request) if line.startswith(b"To:")):
            head = re.sub(rb"^(To: .*)\r\n", rb"\1;tag=p\r\n", head, flags=re.MULTILINE)
        more = "".join(f"{line}\r\n" for line in (*lines, f"Contact: <sip:{self._host}:{self.port}>"))
        end = f"{more}Content-Length: {len(body)}\r\n\r\n"
        place = (self._engine[0], to) if to else self._engine
        self.socket.sendto(f"SIP/2.0 {status}\r\n".encode() + head + end.encode() + body, place)

    def quiet(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        return not select.select([self.socket], [], [], seconds)[0]


@contextmanager
def peer_of(engine: Engine) -> Iterator[Peer]:
    """The peer of trunk `t`, once it has answered a ping."""
    made = Peer(engine.port)
    engine.do(SetSources("t", [("127.0.0.1", made.port)], ["127.0.0.1"]))
    uri = f"sip:127.0.0.1:{made.port}"
    engine.do(Ping(-2, "t", f"{uri};transport=udp", uri))
    with made.socket:
        made.answer(made.hear("OPTIONS"), "200 OK")
        engine.hear(PingAnswered)
        yield made
