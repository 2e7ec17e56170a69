"""The transaction layer of one agent: matching, timers, and the building of what transactions send.

It knows nothing of calls; whoever starts a transaction is its user and is told of responses, ACKs and time-outs.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from enum import IntEnum
from typing import Protocol, cast

from tandem.core.errors import EncodeError
from tandem.core.timers import TimerTable
from tandem.gateway.sip.client_transaction import (
    ClientTransaction,
    InviteClientTransaction,
    NonInviteClientTransaction,
)
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.dialog import RequestHead
from tandem.gateway.sip.endpoint import DEFAULT_PORTS, Endpoint, Listener, Stream, transport_of
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import Via, split_list
from tandem.gateway.sip.message import MANDATORY, MalformedRequest, Request, Response, build_message, parse_message
from tandem.gateway.sip.primitives import AliasOffered, Output, SendDatagram
from tandem.gateway.sip.server_transaction import (
    InviteServerTransaction,
    NonInviteServerTransaction,
    ServerTransaction,
)
from tandem.gateway.sip.status import PHRASES
from tandem.gateway.sip.transaction import Input, State, Timer, Transaction

MAGIC_COOKIE = "z9hG4bK"
#: How long a host that refused TCP for a long request gets such requests over UDP.
TCP_REFUSED_SECONDS = 300.0


class Local:
    """One of our addresses as it stands in headers."""

    __slots__ = ("contact", "contact_line", "listener", "via")

    def __init__(self, listener: Listener) -> None:
        transport = listener.transport
        alias = "" if transport == "udp" else "alias;"  # RFC 5923 4
        self.listener = listener
        self.via = f"SIP/2.0/{transport.upper()} {listener.sent_by};{alias}rport;branch={MAGIC_COOKIE}"
        """Via but for the rest of the branch."""
        self.contact = f"sip:{listener.sent_by}" + ("" if transport == "udp" else f";transport={transport}")
        """Our URI."""
        self.contact_line = f"Contact: <{self.contact}>\r\n"


class User(Protocol):
    """What a transaction user is told."""

    def on_response(self, transaction: ClientTransaction, response: Response, source: Endpoint, now: float) -> None:
        """A response that is not a retransmission."""

    def on_timeout(self, transaction: Transaction, now: float) -> None:
        """The transaction ended without what it waited for (timers B, F and H)."""

    def on_timer(self, timer: IntEnum, now: float) -> None:
        """A timer of the user itself expired."""


class Core(Protocol):
    """Whoever takes requests that belong to no transaction yet."""

    def on_request(self, request: Request, source: Endpoint, now: float) -> None:
        """A new request, ACK for a 2xx included."""

    def on_cancel(self, request: Request, invite: ServerTransaction | None, source: Endpoint, now: float) -> None:
        """A new CANCEL and the INVITE that it names, None where there is none."""


class _Fading:
    """Transactions that are forgotten at the same moment, all by one timer."""

    __slots__ = ("_deadline", "_table", "transactions")

    def __init__(self, table: dict[float, _Fading], deadline: float) -> None:
        self._table = table
        self._deadline = deadline
        self.transactions: list[Transaction] = []

    def on_timer(self, timer: IntEnum, now: float) -> None:
        """Forget them."""
        del self._table[self._deadline]
        for transaction in self.transactions:
            transaction.terminate()


class TransactionLayer:
    """All transactions of one agent, in tables, with one timer table for everything."""

    def __init__(self, configuration: AgentConfiguration, token: Callable[[], str], core: Core) -> None:
        self.configuration = configuration
        self.timers = configuration.timers
        self.token = token
        self.statistics: Counter[str] = Counter()
        """Counts of what was dropped or refused, by reason."""
        self.clients: dict[tuple[str, ...], ClientTransaction] = {}
        self.servers: dict[tuple[str, ...], ServerTransaction] = {}
        self.invites: dict[tuple[str, str, int], tuple[str, ...]] = {}
        """Initial INVITEs under way, by Call-ID, From tag and CSeq: the same by another path is a loop (8.2.2.2)."""
        self.timer_table: TimerTable[tuple[object, IntEnum]] = TimerTable()
        self._fading: dict[float, _Fading] = {}
        """Transactions that only linger, by when they end."""
        self.queue: list[Output] = []
        self.answers_malformed: Callable[[Endpoint, float], bool] | None = None
        """Told of each message that cannot be parsed; whether its sender gets an answer. None: always."""
        self._core = core
        addresses = configuration.addresses
        self._sent_by = {(a.sent_by.rpartition(":")[0].lower(), a.port) for a in addresses}
        self._locals = {(a.transport, ":" in a.host): Local(a) for a in reversed(addresses)}
        self._main = Local(addresses[0])
        self._tcp_refused: dict[tuple[str, int], float] = {}
        """Hosts and ports that would not take TCP for a long request, and until when they are not asked again."""
        agent = configuration.user_agent
        self.contact_line = self._main.contact_line
        self.allow_line = f"Allow: {', '.join(configuration.allow)}\r\n"
        self.server_line = f"Server: {agent}\r\n" if agent else ""
        self.agent_line = f"User-Agent: {agent}\r\n" if agent else ""

    # --- what transactions ask for (Link) ---

    def send(self, data: bytes, destination: Endpoint) -> None:
        """Queue one message."""
        self.queue.append(SendDatagram(data, destination))

    def start(self, owner: object, timer: IntEnum, deadline: float) -> None:
        """Start or restart a timer of a transaction or user."""
        self.timer_table.start((owner, timer), deadline)

    def stop(self, owner: object, timer: IntEnum) -> None:
        """Stop a timer if it runs."""
        self.timer_table.stop((owner, timer))

    def linger(self, transaction: Transaction, timer: Timer, deadline: float) -> None:
        """End a transaction at `deadline`, together with the others of that moment."""
        if deadline not in self._fading:
            self._fading[deadline] = _Fading(self._fading, deadline)
            self.timer_table.start((self._fading[deadline], timer), deadline)
        self._fading[deadline].transactions.append(transaction)

    def terminated(self, transaction: Transaction) -> None:
        """Forget a transaction, and free its user of it: they hold each other."""
        transaction.user = None
        if isinstance(transaction, ServerTransaction):
            self.servers.pop(transaction.key, None)
            merge_key = transaction.merge_key
            if merge_key is not None and self.invites.get(merge_key) == transaction.key:
                del self.invites[merge_key]
        else:
            self.clients.pop(transaction.key, None)

    def handle_timers(self, now: float) -> None:
        """Act on every timer that has expired."""
        for owner, timer in self.timer_table.expired(now):
            if not isinstance(owner, Transaction):
                cast(User, owner).on_timer(timer, now)
                continue
            user = owner.user
            if owner.expire(cast(Timer, timer), now) and user is not None:
                user.on_timeout(owner, now)

    # --- what becomes of connections ---

    def send_failed(self, data: bytes, destination: Stream, now: float) -> None:
        """`data` could not be sent on a stream: its transaction ends, or falls back to UDP where that was the choice.

        RFC 3261 8.1.3.1, 18.1.1, 18.4. A response that cannot be sent is lost: its client will see a time-out.
        """
        for transaction in self._unanswered(destination):
            if transaction.request != data:
                continue
            if transaction.fallback is not None:
                refused = {place: until for place, until in self._tcp_refused.items() if until > now}
                refused[destination.host, destination.port] = now + TCP_REFUSED_SECONDS
                self._tcp_refused = refused
                transaction.redirect(*transaction.fallback, now)
            else:
                self._fail(transaction, now)
            return
        self.statistics["messages lost with their connection"] += 1

    def connection_lost(self, peer: Stream, now: float) -> None:
        """A connection is gone: what may not have arrived is sent again on a new one, once."""
        for transaction in self._unanswered(peer):
            if not transaction.resend():
                self._fail(transaction, now)

    def _unanswered(self, peer: Stream) -> list[ClientTransaction]:
        return [
            transaction
            for transaction in self.clients.values()
            if transaction.unanswered and transaction.destination[:3] == peer[:3]
        ]

    def _fail(self, transaction: ClientTransaction, now: float) -> None:
        user = transaction.user
        transaction.failure = "transport"
        for timer in (Timer.A, Timer.B, Timer.E, Timer.F):
            self.stop(transaction, timer)
        transaction.state = State.TERMINATED
        self.terminated(transaction)
        if user is not None:
            user.on_timeout(transaction, now)

    # --- requests of ours ---

    def local(self, peer: Endpoint) -> Local:
        """Our address towards `peer`: of its transport and its version of IP, else the first one."""
        if len(self._locals) == 1:
            return self._main
        return self._locals.get((transport_of(peer), ":" in peer[0]), self._main)

    def via(self) -> str:
        """A Via value with a new branch; what goes to a stream gets that stream's by `address`."""
        return self._main.via + self.token()

    def address(self, head: RequestHead, destination: Endpoint) -> RequestHead:
        """Make the Via of `head` that of our address towards `destination`."""
        local = self._main if len(self._locals) == 1 else self.local(destination)
        if not head.foreign and not head.via.startswith(local.via):
            head.via = local.via + head.via.rpartition(MAGIC_COOKIE)[2]
        return head

    def acknowledge(
        self, head: RequestHead, destination: Endpoint, extra: str = "", body: bytes | None = None
    ) -> bytes:
        """Send the ACK of a 2xx, which belongs to no transaction; returns it to be sent again."""
        data = self.address(head, destination).build("ACK", extra, body)
        self.send(data, destination)
        return data

    def invite(
        self, head: RequestHead, extra: str, body: bytes | None, destination: Endpoint, user: User, now: float
    ) -> InviteClientTransaction:
        """Send an INVITE in a transaction."""

        def build_ack(response: Response, destination: Endpoint) -> bytes:
            return self.address(head, destination).build("ACK", to=response.fields["to"][0])

        data, destination, fallback = self._build("INVITE", head, extra, body, destination, now)
        key = (_branch(head.via), "INVITE")
        transaction = InviteClientTransaction(self, key, destination, user, data, build_ack, now)
        transaction.fallback = fallback
        self.clients[key] = transaction
        return transaction

    def request(
        self,
        method: str,
        head: RequestHead,
        extra: str,
        body: bytes | None,
        destination: Endpoint,
        user: User | None,
        now: float,
    ) -> NonInviteClientTransaction:
        """Send any request but INVITE and ACK in a transaction."""
        data, destination, fallback = self._build(method, head, extra, body, destination, now)
        key = (_branch(head.via), method)
        transaction = NonInviteClientTransaction(self, key, destination, user, data, now)
        transaction.fallback = fallback
        self.clients[key] = transaction
        return transaction

    def _build(
        self, method: str, head: RequestHead, extra: str, body: bytes | None, destination: Endpoint, now: float
    ) -> tuple[bytes, Endpoint, tuple[bytes, Endpoint] | None]:
        """The request, where it goes, and what to do when TCP was chosen for its length and is not to be had."""
        data = self.address(head, destination).build(method, extra, body, maximum=self.configuration.maximum_message)
        if len(data) <= self.configuration.largest_datagram or len(destination) != 2 or method == "CANCEL":
            return data, destination, None
        stream = Stream(*destination, "tcp")
        local = self.local(stream)
        if local.listener.transport != "tcp" or self._tcp_refused.get(destination, now) > now:
            return data, destination, None
        # The branch stays, so that responses match whichever went.
        large = self.address(head, stream).build(method, extra, body, maximum=self.configuration.maximum_message)
        return large, stream, (data, destination)

    # --- requests of the peer ---

    def serve(self, request: Request, source: Endpoint, user: User | None) -> ServerTransaction:
        """Make the server transaction of a new request."""
        key = request.key or _server_key(request)
        invite = request.method == "INVITE"
        kind = InviteServerTransaction if invite else NonInviteServerTransaction
        echo = echo_of(request, source)
        transaction = kind(self, key, _reply_address(request.via, source), user, request, echo)
        self.servers[key] = transaction
        if invite and request.to.tag is None:
            merge_key = transaction.merge_key = _merge_key(request)
            self.invites.setdefault(merge_key, key)
        return transaction

    def is_merged(self, request: Request) -> bool:
        """Whether a new INVITE is one that is under way already, come by another path (8.2.2.2)."""
        return _merge_key(request) in self.invites

    def respond(
        self,
        transaction: ServerTransaction,
        status: int,
        now: float,
        tag: str = "",
        extra: str = "",
        body: bytes | None = None,
        phrase: str | None = None,
    ) -> None:
        """Answer a request; `tag` goes into To unless the request has one there. One that was answered stays so."""
        if not transaction.echo:
            return
        request = transaction.request
        to = request.fields["to"][0]
        if status > 100 and request.to.tag is None:
            transaction.tag = tag or transaction.tag or stateless_tag(request)
            to = f"{to};tag={transaction.tag}"
        data = build_message(
            f"SIP/2.0 {status} {phrase or PHRASES.get(status, 'Unknown')}",
            f"{transaction.echo}To: {to}\r\n{self.server_line}{extra}",
            body,
            self.configuration.maximum_message,
        )
        transaction.respond(status, data, now)

    def refuse(self, request: Request, source: Endpoint, status: int, now: float, extra: str = "") -> None:
        """Answer a new request with a final response and nothing else."""
        self.statistics[f"refused {status}"] += 1
        self.respond(self.serve(request, source, None), status, now, extra=extra)

    def refuse_without_state(self, request: Request, source: Endpoint, status: int, extra: str = "") -> None:
        """Answer a request and forget it (8.2.7): what a stranger sends must not cost memory."""
        self.statistics[f"refused {status}"] += 1
        to = _to_line(request, stateless_tag(request))
        fields = f"{echo_of(request, source)}{to}{self.server_line}{extra}"
        try:
            data = build_message(f"SIP/2.0 {status} {PHRASES.get(status, 'Unknown')}", fields, None)
        except EncodeError:
            return
        self.send(data, _reply_address(request.via, source))

    # --- input ---

    def receive(self, datagram: bytes, source: Endpoint, now: float) -> None:
        """Take one datagram."""
        # RFC 3261 7.5: empty lines before the start line are ignored; alone they are a keep-alive (RFC 5626 3.5.1).
        if datagram[:1] in b"\r\n\0":
            datagram = datagram.lstrip(b"\r\n")
            if not datagram.strip(b"\0"):
                self.statistics["keep-alive"] += 1
                return
        try:
            message = parse_message(datagram)
            if len(datagram) > self.configuration.maximum_received:
                error = SipDecodeError(f"{len(datagram)} octets are too many", 513)
                raise MalformedRequest(error, message) if isinstance(message, Request) else error
        except MalformedRequest as refusal:
            self.statistics["malformed requests"] += 1
            if self.answers_malformed is None or self.answers_malformed(source, now):
                self._refuse_malformed(refusal, source)
        except SipDecodeError:
            self.statistics["malformed messages"] += 1
            if self.answers_malformed is not None:
                self.answers_malformed(source, now)
        else:
            if isinstance(message, Response):
                self._receive_response(message, source, now)
            else:
                self._receive_request(message, source, now)

    def _receive_response(self, response: Response, source: Endpoint, now: float) -> None:
        via = response.via
        transaction = self.clients.get((via.parameters.get("branch") or "", response.method))
        named = via.host.lower(), via.port or 5060
        if (
            transaction is None
            or len(response.fields["via"]) > 1
            or (named not in self._sent_by and not _names(transaction, named))
        ):
            # 17.1.3, 18.1.2, 8.1.3.3: not ours, or not for us.
            self.statistics["stray responses"] += 1
        else:
            user = transaction.user  # as it is before the last response
            if transaction.receive(response, now) and user is not None:
                user.on_response(transaction, response, source, now)

    def _receive_request(self, request: Request, source: Endpoint, now: float) -> None:
        request.key = _server_key(request)
        transaction = self.servers.get(request.key)
        method = request.method
        if len(source) != 2 and "alias" in request.via.parameters and request.via.host.strip("[]") == source[0]:
            self.queue.append(AliasOffered(source.connection, request.via.port or DEFAULT_PORTS[source.transport]))
        if method == "ACK":
            if transaction is None or transaction.receive(Input.ACK, now):
                self._core.on_request(request, source, now)
        elif transaction is not None:
            self.statistics["retransmitted requests"] += 1
            transaction.receive(Input.REQUEST, now)
        elif method == "CANCEL":
            # 9.2: the INVITE that it names has the same branch and sent-by.
            self._core.on_cancel(request, self.servers.get(_server_key(request, "INVITE")), source, now)
        else:
            self._core.on_request(request, source, now)

    def _refuse_malformed(self, error: MalformedRequest, source: Endpoint) -> None:
        """Answer without state (8.2.7), so that a retransmission gets the same answer again."""
        request = error.request
        if request.method == "ACK" or not request.fields.keys() >= MANDATORY:
            return
        try:
            if not hasattr(request, "via"):
                request.check()
        except SipDecodeError:
            if not hasattr(request, "via"):
                return
        to = request.fields["to"][0]
        echo = echo_of(request, source)
        if not (echo.replace("\r\n", "") + to).isprintable():
            return
        reason = "".join([c if " " <= c < "\x7f" else "?" for c in error.message])[:120]
        tag = "" if ";tag=" in to.lower() else f";tag={stateless_tag(request)}"
        fields = f"{echo}To: {to}{tag}\r\n{self.server_line}"
        try:
            data = build_message(f"SIP/2.0 {error.status} {reason}", fields, None)
        except EncodeError:
            return
        self.send(data, _reply_address(request.via, source))


def stateless_tag(request: Request) -> str:
    """A To tag that is the same for every retransmission (8.2.7)."""
    seed = f"{request.fields['call-id'][0]} {request.via.branch} {request.fields['cseq'][0]}"
    return hashlib.blake2s(seed.encode(), digest_size=8).hexdigest()


def _merge_key(request: Request) -> tuple[str, str, int]:
    return request.call_id, request.from_.tag or "", request.cseq


def _names(transaction: ClientTransaction, sent_by: tuple[str, int]) -> bool:
    """Whether a request of ours has another's address in its Via: it belongs to what a process that is no more sent."""
    return bool(transaction.request) and parse_message(transaction.request).via.sent_by == sent_by


def _branch(via: str) -> str:
    return via.rpartition("branch=")[2]


def _server_key(request: Request, method: str | None = None) -> tuple[str, ...]:
    """17.2.3; without the magic cookie, what RFC 2543 matched by."""
    method = method or request.method
    method = "INVITE" if method == "ACK" else method
    via = request.via
    branch = via.parameters.get("branch")
    if branch is not None and branch[:7] == MAGIC_COOKIE:
        return branch, via.host.lower(), str(via.port or 5060), method
    tag = request.from_.tag or ""
    return str(request.via), request.uri_text, tag, request.call_id, str(request.cseq), method


def echo_of(request: Request, source: Endpoint) -> str:
    """Via (the topmost completed as RFC 3261 18.2.1 and RFC 3581 4 say), From, Call-ID and CSeq of the responses."""
    via, lines = request.via, request.fields["via"]
    first = lines[0]
    if "rport" in via.parameters or via.host.strip("[]") != source[0]:
        if "rport" in via.parameters:
            via.parameters["rport"] = str(source[1])
        via.parameters["received"] = source[0]
        first = ", ".join([str(via), *split_list(first)[1:]]) if "," in first else str(via)
    vias = f"Via: {first}\r\n" if len(lines) == 1 else "".join([f"Via: {v}\r\n" for v in (first, *lines[1:])])
    fields = request.fields
    return f"{vias}From: {fields['from'][0]}\r\nCall-ID: {fields['call-id'][0]}\r\nCSeq: {fields['cseq'][0]}\r\n"


def _to_line(request: Request, tag: str) -> str:
    to = request.fields["to"][0]
    return f"To: {to};tag={tag}\r\n" if tag and request.to.tag is None else f"To: {to}\r\n"


def _reply_address(via: Via, source: Endpoint) -> Endpoint:
    """Where responses go (18.2.2, RFC 3581 4): back to the source address, to its port only where rport asks for it.

    On a stream: the connection of the request, else a new one to the port in Via.
    """
    if len(source) != 2:
        return source._replace(port=via.port or DEFAULT_PORTS[source.transport])
    return source if "rport" in via.parameters else (source[0], via.port or 5060)
