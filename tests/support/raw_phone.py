"""A phone whose messages a test writes itself: it registers over UDP or TCP, calls and is called."""

from __future__ import annotations

import socket
from collections.abc import Callable

from tandem.gateway.sip.auth import Challenge, authorization, find_challenge
from tandem.gateway.sip.framing import StreamFramer
from tandem.gateway.sip.message import Message, Request, Response, parse_message
from tandem.gateway.sip.primitives import Credentials

PATIENCE = 5.0
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"
    "a=rtpmap:8 PCMA/8000\r\n"
)


class RawPhone:
    """One phone; `contact` is what it says of itself, which need not be true."""

    def __init__(
        self,
        user: str,
        password: str,
        server: int,
        transport: str = "udp",
        contact: str = "",
        host: str = "127.0.0.1",
    ) -> None:
        self.user, self._password, self._server = user, password, server
        self._transport = transport
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self._host = f"[{host}]" if ":" in host else host
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
        self.socket.settimeout(PATIENCE)
        self.socket.bind((host, 0))
        self.socket.connect((host, server))
        self.port: int = self.socket.getsockname()[1]
        parameter = "" if transport == "udp" else f";transport={transport}"
        self.contact = contact or f"sip:{user}@{self._host}:{self.port}{parameter}"
        self._tag = f"at{user}{self.port}"
        self._framer = StreamFramer(65536)
        self._came: list[bytes] = []
        self._number = 0
        self.sent = b""
        """The last message."""
        self.heard: list[Message] = []
        """Every message that came, but those that came again."""

    def close(self) -> None:
        """Gone, without a word."""
        self.socket.close()

    # --- requests of its own

    def register(self, *lines: str, password: str = "", seconds: int = 600) -> Response:
        """REGISTER, and again with what the challenge asks for; `lines` in the place of the contact."""
        lines = lines or (f"Contact: <{self.contact}>;expires={seconds}",)
        return self.ask("REGISTER", f"sip:{self._host}:{self._server}", self.user, *lines, password=password)

    def dial(self, number: str) -> None:
        """INVITE, and again with what the challenge asks for, until there is 100 (Trying)."""
        uri = f"sip:{number}@{self._host}:{self._server}"
        lines = (f"Contact: <{self.contact}>",)
        proof: tuple[str, ...] = ()
        while True:
            self._number += 1
            self.socket.sendall(self._request("INVITE", uri, number, self._number, *lines, *proof, body=SDP))
            answer = self.response("INVITE", 100)
            if (challenge := find_challenge(answer)) is None:
                return
            self.acknowledge(answer, uri)
            assert not proof or challenge.stale, answer
            proof = (self._proof(challenge, "INVITE", uri),)

    def ask(self, method: str, uri: str, to: str, *lines: str, password: str = "", body: str = "") -> Response:
        """A request, and again with credentials where they are asked for."""
        answer = self._try(method, uri, to, *lines, body=body)
        while (challenge := find_challenge(answer)) is not None:
            answer = self._try(method, uri, to, *lines, self._proof(challenge, method, uri, password), body=body)
            if (again := find_challenge(answer)) is not None and not again.stale:
                break
        return answer

    def _proof(self, challenge: Challenge, method: str, uri: str, password: str = "") -> str:
        credentials = Credentials(self.user, password or self._password)
        return ": ".join(authorization(challenge, credentials, method, uri, lambda: "cnonce"))

    def _try(self, method: str, uri: str, to: str, *lines: str, body: str) -> Response:
        self._number += 1
        self.sent = self._request(method, uri, to, self._number, *lines, body=body)
        self.socket.sendall(self.sent)
        return self.response(method)

    def acknowledge(self, answer: Response, uri: str) -> None:
        """ACK for a final response."""
        self.socket.sendall(self._request("ACK", uri, "", answer.cseq, to_field=answer.fields["to"][0], of="INVITE"))

    def end_call(self, answer: Response) -> None:
        """End a call of ours that was answered."""
        self._number += 1
        uri = answer.values("contact")[0].strip("<>")
        self.socket.sendall(self._request("BYE", uri, "", self._number, to_field=answer.fields["to"][0]))
        assert self.response("BYE").status == 200

    def hang_up(self, invite: Request) -> None:
        """End a call to us; its caller gets BYE."""
        head = [
            f"BYE {invite.values('contact')[0].strip('<>')} SIP/2.0",
            f"Via: SIP/2.0/{self._transport.upper()} 10.9.9.9:5060;rport;branch=z9hG4bKend{self.port}",
            f"From: {invite.fields['to'][0]};tag={self._tag}",
            f"To: {invite.fields['from'][0]}",
            f"Call-ID: {invite.call_id}",
            "CSeq: 1 BYE",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        self.socket.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        assert self.response("BYE").status == 200

    def _request(
        self,
        method: str,
        uri: str,
        to: str,
        number: int,
        *lines: str,
        body: str = "",
        to_field: str = "",
        of: str = "",
    ) -> bytes:
        branch = f"z9hG4bK{self.port}{of or method}{number}"
        head = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{self._transport.upper()} 10.9.9.9:5060;rport;branch={branch}",
            f"From: <sip:{self.user}@127.0.0.1>;tag=of{self.user}",
            f"To: {to_field or f'<sip:{to}@127.0.0.1>'}",
            f"Call-ID: {self.port}-{'REGISTER' if method == 'REGISTER' else 'call'}@phone",
            f"CSeq: {number} {method}",
            "Max-Forwards: 70",
            *lines,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(head) + "\r\n\r\n" + body).encode()

    # --- what comes

    def next(self, wanted: Callable[[Message], bool]) -> Message:
        """The next message that is wanted; others are passed over."""
        while True:
            if not self._came:
                octets = self.socket.recv(1 << 16)
                assert octets, "the connection was closed"
                if self._transport == "udp":
                    self._came.append(octets)
                else:
                    self._came += [one for one in self._framer.feed(octets) if isinstance(one, bytes)]
                continue
            message = parse_message(self._came.pop(0))
            self.heard.append(message)
            if wanted(message):
                return message

    def response(self, method: str, least: int = 180) -> Response:
        """The next response to a request of ours that says something."""
        found = self.next(
            lambda one: isinstance(one, Response) and one.status >= least and one.fields["cseq"][0].endswith(method)
        )
        assert isinstance(found, Response)
        return found

    def request(self, method: str) -> Request:
        """The next request of the other side."""
        found = self.next(lambda one: isinstance(one, Request) and one.method == method)
        assert isinstance(found, Request)
        return found

    def respond(self, request: Request, status: int, body: str = "", *lines: str) -> None:
        """Answer a request."""
        copied = [
            f"{name}: {value}" for name in ("Via", "Record-Route") for value in request.fields.get(name.lower(), [])
        ]
        head = [
            f"SIP/2.0 {status} As the test says",
            *copied,
            f"From: {request.fields['from'][0]}",
            f"To: {request.fields['to'][0]}{'' if request.to.tag else f';tag={self._tag}'}",
            f"Call-ID: {request.call_id}",
            f"CSeq: {request.cseq} {request.method}",
            f"Contact: <{self.contact}>",
            *lines,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self.socket.sendall(("\r\n".join(head) + "\r\n\r\n" + body).encode())
