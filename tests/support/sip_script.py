"""One SIP agent against a scripted peer: messages are written out, answers are read."""

from __future__ import annotations

from support.sip_pair import make_agent

from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.message import Request, Response, parse_message
from tandem.gateway.sip.primitives import Endpoint, Output, SendDatagram

PEER: Endpoint = ("10.0.0.2", 5060)


class Script:
    """Drives an agent at 10.0.0.1 from the peer's side."""

    def __init__(self, **options: object) -> None:
        self.agent: SipAgent = make_agent("10.0.0.1", **options)
        self.now = 0.0
        self.sent: list[tuple[Request | Response, Endpoint]] = []
        self.events: list[Output] = []

    def drain(self) -> list[Request | Response]:
        """Messages sent since the last call; events are added to `events`."""
        messages = []
        for output in self.agent.outputs():
            if isinstance(output, SendDatagram):
                message = parse_message(output.data)
                messages.append(message)
                self.sent.append((message, output.destination))
            else:
                self.events.append(output)
        return messages

    def kinds(self) -> list[str]:
        """Names of the events so far."""
        self.drain()
        return [type(event).__name__ for event in self.events]

    def hear(self, data: bytes | str, source: Endpoint = PEER) -> list[Request | Response]:
        """Give the agent a datagram; return what it sends."""
        self.agent.receive(data.encode() if isinstance(data, str) else data, source, self.now)
        return self.drain()

    def hear_octets(self, data: str, source: Endpoint = PEER) -> list[tuple[bytes, Endpoint]]:
        """Like `hear`, but what is sent is returned as it goes out, with where it goes."""
        self.agent.receive(data.encode(), source, self.now)
        outputs = self.agent.outputs()
        self.events += [output for output in outputs if not isinstance(output, SendDatagram)]
        return [(output.data, output.destination) for output in outputs if isinstance(output, SendDatagram)]

    def wait(self, seconds: float) -> list[Request | Response]:
        """Let time pass; return what is sent meanwhile."""
        end = self.now + seconds
        messages = []
        while (deadline := self.agent.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.agent.handle_timers(self.now)
            messages += self.drain()
        self.now = end
        return messages

    def answer(
        self, request: Request | Response, status: int, *lines: str, tag: str = "b1", body: str = ""
    ) -> list[Request | Response]:
        """Answer a request of the agent; return what it sends then."""
        return self.hear(response_to(request, status, *lines, tag=tag, body=body))


def response_to(request: Request | Response, status: int, *lines: str, tag: str = "b1", body: str = "") -> str:
    """A response as the peer would write it."""
    fields = request.fields
    to = fields["to"][0] + (f";tag={tag}" if tag and request.to.tag is None and status > 100 else "")
    head = [f"SIP/2.0 {status} X", *[f"Via: {via}" for via in fields["via"]], f"From: {fields['from'][0]}", f"To: {to}",
            f"Call-ID: {fields['call-id'][0]}", f"CSeq: {fields['cseq'][0]}"]  # fmt: skip
    if not any(line.startswith("Contact") for line in lines):
        head.append("Contact: <sip:b@10.0.0.2>")
    return "\r\n".join([*head, *lines, f"Content-Length: {len(body)}", "", body])


def peer_request(
    method: str,
    *lines: str,
    branch: str = "z9hG4bKp1",
    cseq: int = 1,
    tag: str = "",
    call_id: str = "c1",
    uri: str = "sip:4321@10.0.0.1",
    body: str = "",
    via: str = "",
) -> str:
    """A request as the peer would write it; `tag` is ours, empty outside a dialog."""
    head = [
        f"{method} {uri} SIP/2.0",
        via or f"Via: SIP/2.0/UDP 10.0.0.2:5060;branch={branch}",
        "Max-Forwards: 70",
        "From: <sip:1234@10.0.0.2>;tag=a1",
        f"To: <sip:4321@10.0.0.1>{f';tag={tag}' if tag else ''}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
    ]
    if not any(line.startswith("Contact") for line in lines):
        head.append("Contact: <sip:1234@10.0.0.2:5060>")
    if body:
        head.append("Content-Type: application/sdp")
    return "\r\n".join([*head, *lines, f"Content-Length: {len(body)}", "", body])
