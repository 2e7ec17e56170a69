"""A gateway's SIP side over streams, under hostile peers: connections, framing, transactions, calls, admission."""

from __future__ import annotations

from random import Random

from support.fuzz_sip import CAPTURED
from support.fuzzing import mutate
from support.sip_bench import OFFER
from support.sip_pair import counting_token

from tandem.gateway.configuration.load import parse
from tandem.gateway.media.protocol import CloseRtp, MediaStatistics, RtpClosed
from tandem.gateway.node import Node
from tandem.gateway.sip.connections import CloseConnection, OpenConnection, Write

TEXT = """
[sip]
listen = "127.0.0.1:5060"
also_listen = ["tcp:127.0.0.1:5060"]
connections = 20
connections_per_address = 8
ban_offences = 50
ban_seconds = 20
[[sip.user]]
name = "alice"
password = "secret"
number = "100"
[[trunk]]
name = "phones"
type = "sip"
registrar = true
accept_from = ["10.0.0.0/24"]
[[trunk]]
name = "one"
type = "sip"
peer = "10.0.1.1"
transport = "tcp"
options_seconds = 30
[[trunk]]
name = "two"
type = "sip"
peer = "10.0.1.2"
transport = "tcp"
calls_per_second = 20
[[route]]
trunk = ["one"]
to = ["two", "user:alice"]
[[route]]
to = ["one"]
"""
HOSTS = ("10.0.1.1", "10.0.1.2", "10.0.0.5", "10.9.9.9")
REQUEST = (
    "{method} sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP {host};branch=z9hG4bK{number}{alias}\r\n"
    "From: <sip:7@{host}>;tag=f{number}\r\nTo: <sip:100@127.0.0.1>\r\nCall-ID: {number}@{host}\r\n"
    "CSeq: 1 {method}\r\nContact: <sip:7@{host};transport=tcp>\r\nContent-Length: {length}\r\n{kind}\r\n{body}"
)


class StreamFuzz:
    """One episode; a step is one input."""

    def __init__(self, source: Random) -> None:
        self.source = source
        self.now = 0.0
        self.node = Node(parse(TEXT), counting_token("g"), lambda now: 1e9 + now)
        self.machine = self.node.sip
        self.opening: list[int] = []
        self.open: dict[int, str] = {}
        self.heard = list(CAPTURED)
        self.number = 0
        self.node.start([20000 + 2 * n for n in range(30)], 0.0)
        self._drain()

    def step(self) -> None:
        """Do one thing that peers or the network may do."""
        source, node = self.source, self.node
        number = source.choice(list(self.open)) if self.open else 0
        match source.randrange(12):
            case 0:
                host = source.choice(HOSTS)
                made = node.stream_accepted("tcp", host, source.randrange(1024, 65536), self.now)
                if made is not None:
                    self.open[made] = host
            case 1 if self.opening:
                made = self.opening.pop()
                if source.random() < 0.8:
                    self.open[made] = "10.0.1.1"
                    node.stream_connected(made, (), self.now)
                else:
                    node.stream_closed(made, "refused", self.now)
            case 2 if source.random() < 0.3 and number:
                del self.open[number]
                node.stream_closed(number, "gone", self.now)
            case 3 if source.random() < 0.3:
                node.stream_blocked(number, source.random() < 0.5, self.now)
            case 4 | 5:
                self.now += source.choice((0.01, 0.5, 4.0, 35.0))
                node.handle_timers(self.now)
            case 6:
                node.datagram(self._message(), (source.choice(HOSTS), 5060), self.now)
            case _ if number:
                octets = self._message()
                cut = source.randrange(len(octets) + 1)
                for part in (octets[:cut], octets[cut:]):
                    node.stream_received(number, part, self.now)
        self._drain()

    def recover(self) -> None:
        """Everybody leaves, time passes: nothing is left."""
        for number in [*self.open, *self.opening]:
            self.node.stream_closed(number, "gone", self.now)
        self.open.clear()
        self.opening.clear()
        self.node.shut_down(self.now)
        self.node.stop(self.now)
        self._drain()
        for _ in range(400):
            self.now += 20.0
            for number in self.opening:
                self.node.stream_closed(number, "refused", self.now)
            self.opening.clear()
            self.node.handle_timers(self.now)
            self._drain()
            sizes = self.machine.agent.sizes()
            # The OPTIONS to a trunk go on for ever: one transaction each, at most.
            busy = sizes["calls"] or sizes["server transactions"] or len(self.machine.connections)
            if not self.node.control.calls and not busy:
                break
        sizes = self.machine.agent.sizes()
        assert not self.node.control.calls, "calls are left"
        assert (sizes["calls"], sizes["dialogs"], sizes["server transactions"]) == (0, 0, 0), sizes
        assert sizes["client transactions"] <= 2, sizes
        assert len(self.machine.connections) == 0, "connections are left"

    def _drain(self) -> None:
        for _ in range(1000):
            effects = self.node.effects()
            closed = [RtpClosed(c.leg, MediaStatistics()) for c in effects.media if isinstance(c, CloseRtp)]
            for effect in effects.streams:
                match effect:
                    case OpenConnection(connection=number):
                        self.opening.append(number)
                    case CloseConnection(connection=number):
                        self.open.pop(number, None)
                        self.opening = [one for one in self.opening if one != number]
                    case Write(octets=octets):
                        self.heard = [*self.heard[-20:], octets]
            self.heard = [*self.heard, *[data for data, _ in effects.datagrams[:5]]][-40:]
            if not closed:
                return
            self.node.media_events(closed, self.now)
        raise AssertionError("it never comes to rest")

    def _message(self) -> bytes:
        """A fresh request, an answer to what was heard, or either with changes."""
        source = self.source
        match source.randrange(5):
            case 0 | 1:
                self.number += 1
                method = source.choice(("INVITE", "INVITE", "OPTIONS", "REGISTER", "BYE", "CANCEL", "ACK"))
                body = OFFER.decode() if method == "INVITE" else ""
                kind = "Content-Type: application/sdp\r\n" if body else ""
                return REQUEST.format(
                    method=method,
                    host=source.choice(HOSTS),
                    number=self.number if source.random() < 0.8 else source.randint(1, self.number),
                    alias=source.choice(("", ";alias", ";rport")),
                    length=len(body),
                    kind=kind,
                    body=body,
                ).encode()
            case 2 | 3:
                return self._answer(source.choice(self.heard))
        return mutate(source.choice(self.heard), source.choice(self.heard), source)

    def _answer(self, request: bytes) -> bytes:
        """What the peer may answer to a request of ours; anything else as it was."""
        lines = request.split(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")
        if lines[0].startswith("SIP/2.0") or not lines[0].endswith("SIP/2.0"):
            return request
        status = self.source.choice((100, 180, 183, 200, 200, 200, 401, 486, 503))
        kept = [line for line in lines if line.split(":")[0].lower() in ("via", "from", "call-id", "cseq")]
        to = [line + ("" if "tag=" in line else ";tag=p1") for line in lines if line.lower().startswith("to:")]
        body = OFFER.decode() if status in (183, 200) and "INVITE" in lines[0] else ""
        more = ["Content-Type: application/sdp"] if body else []
        more += ["Retry-After: 5"] if status == 503 else []
        head = [f"SIP/2.0 {status} X", *kept, *to, "Contact: <sip:p@10.0.1.1;transport=tcp>", *more]
        return "\r\n".join([*head, f"Content-Length: {len(body)}", "", body]).encode()
