"""Dialogs: RFC 3261 12."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from tandem.gateway.sip.endpoint import Endpoint, Stream, endpoint_of, transport_of
from tandem.gateway.sip.fields import CACHED_LENGTH, Uri, is_ip_address, parse_address, parse_uri
from tandem.gateway.sip.message import Message, Request, Response, build_message

DialogKey = tuple[str, str, str]
"""Call-ID, local tag, remote tag (RFC 3261 12)."""


class RequestHead(Struct):
    """What a request shares with the ACK and CANCEL that belong to it (RFC 3261 9.1, 17.1.1.3)."""

    uri: str
    via: str
    """Value of our one Via."""
    from_: str
    to: str
    call_id: str
    cseq: int
    routes: str = ""
    """Route lines, each ended by CRLF."""
    max_forwards: int = 70
    foreign: bool = False
    """Via is of another process on this machine, whose INVITE a CANCEL is to match."""

    def build(
        self, method: str, extra: str = "", body: bytes | None = None, to: str | None = None, maximum: int = 65507
    ) -> bytes:
        """The request of `method`; `extra` are further header lines."""
        return build_message(
            f"{method} {self.uri} SIP/2.0",
            f"Via: {self.via}\r\nMax-Forwards: {self.max_forwards}\r\n"
            f"From: {self.from_}\r\nTo: {self.to if to is None else to}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {self.cseq} {method}\r\n{self.routes}{extra}",
            body,
            maximum,
        )


class Dialog:
    """One dialog: its identity, its sequence numbers, and where its requests go."""

    __slots__ = (
        "call_id",
        "confirmed",
        "fallback",
        "key",
        "local",
        "local_cseq",
        "local_tag",
        "pinned",
        "remote",
        "remote_cseq",
        "remote_tag",
        "routes",
        "target",
    )

    def __init__(
        self, call_id: str, local: tuple[str, str], remote: tuple[str, str], local_cseq: int, remote_cseq: int | None
    ) -> None:
        self.call_id = call_id
        self.local, self.local_tag = local
        """Our From value with its tag, and the tag alone."""
        self.remote, self.remote_tag = remote
        self.key: DialogKey = call_id, self.local_tag, self.remote_tag
        """The dialog ID."""
        self.local_cseq = local_cseq
        self.remote_cseq = remote_cseq
        """None until the peer has sent a request."""
        self.confirmed = False
        self.routes: list[str] = []
        """Route set, in the order of Route lines."""
        self.target = ""
        """Remote target: the URI of the peer's Contact."""
        self.fallback: Endpoint = ("", 0)
        """Where requests go when the next hop is a name: whence the peer's messages came."""
        self.pinned = False
        """Requests go to `fallback` whatever the next hop says: the peer may be behind a translator of addresses."""

    @classmethod
    def from_response(cls, response: Response, local_cseq: int, source: Endpoint) -> Dialog:
        """The dialog that a response to our INVITE creates (12.1.2); raise SipDecodeError without a usable one."""
        dialog = cls(
            response.call_id,
            (response.fields["from"][0], response.from_.tag or ""),
            (response.fields["to"][0], response.to.tag or ""),
            local_cseq,
            None,
        )
        dialog._take(response, source)
        dialog.routes.reverse()
        return dialog

    @classmethod
    def from_request(cls, request: Request, local_tag: str, source: Endpoint) -> Dialog:
        """The dialog that an INVITE creates when it is answered (12.1.1)."""
        dialog = cls(
            request.call_id,
            (f"{request.fields['to'][0]};tag={local_tag}", local_tag),
            (request.fields["from"][0], request.from_.tag or ""),
            0,
            request.cseq,
        )
        dialog._take(request, source)
        return dialog

    def refresh_target(self, message: Message) -> None:
        """Take the remote target from a Contact (12.2.1.2, 12.2.2); raise SipDecodeError when malformed."""
        contact = message.contact
        if contact is not None:
            self.target = contact.uri.text

    def in_sequence(self, cseq: int) -> bool:
        """Whether a new request of the peer has a higher number than the last (12.2.2); it is then remembered."""
        if self.remote_cseq is not None and cseq <= self.remote_cseq:
            return False
        self.remote_cseq = cseq
        return True

    def head(self, via: str, cseq: int | None = None) -> RequestHead:
        """The head of our next request in the dialog; with `cseq`, of the ACK to that INVITE (12.2.1.1, 13.2.2.4)."""
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, lines = self.target, ""
        if routes := self.routes:
            first = parse_address(routes[0]).uri
            if "lr" not in first.parameters:
                # Strict router: it finds itself in the Request-URI, and the target last among the routes.
                uri, routes = first.text, [*routes[1:], f"<{self.target}>"]
            lines = "".join([f"Route: {route}\r\n" for route in routes])
        return RequestHead(uri, via, self.local, self.remote, self.call_id, cseq, lines)

    @property
    def destination(self) -> Endpoint:
        """Where requests go: the first route, else the target, if it is an address; else the last known source."""
        if self.pinned or not (self.routes or self.target):
            return self.fallback
        if not self.routes and len(self.target) <= CACHED_LENGTH:
            return _place(self.target, self.fallback)
        return destination_of(
            parse_address(self.routes[0]).uri if self.routes else parse_uri(self.target), self.fallback
        )

    def _take(self, message: Message, source: Endpoint) -> None:
        if "record-route" in message.fields:
            self.routes = message.strict_values("record-route")
            for route in self.routes:
                parse_address(route)
        self.fallback = source
        self.refresh_target(message)


@lru_cache(maxsize=1024)
def _place(target: str, fallback: Endpoint) -> Endpoint:
    return destination_of(parse_uri(target), fallback)


def destination_of(uri: Uri, fallback: Endpoint) -> Endpoint:
    """Where a request for `uri` goes when its host is an address (RFC 3263 4.1, 4.2); else `fallback`."""
    if uri.scheme not in ("sip", "sips") or not is_ip_address(uri.host):
        return fallback
    transport = (uri.parameters.get("transport") or ("tls" if uri.scheme == "sips" else "udp")).lower()
    if uri.scheme == "sips" or transport not in ("udp", "tcp"):
        transport = "tls" if uri.scheme == "sips" or transport == "tls" else transport_of(fallback)
    found = endpoint_of(transport, uri.host.strip("[]"), uri.port)
    if isinstance(found, Stream) and isinstance(fallback, Stream) and found.host == fallback.host:
        # The same peer: its certificate bears the same name, and the port may be the one we are connected to.
        found = found._replace(name=fallback.name)
    return found
