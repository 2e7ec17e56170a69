"""Server transactions: RFC 3261 17.2, with the Accepted state of RFC 6026 8.5 to 8.7."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from tandem.gateway.sip.endpoint import Endpoint
from tandem.gateway.sip.message import Request
from tandem.gateway.sip.transaction import RESPONSE_INPUTS, Input, Link, State, Timer, Transaction

if TYPE_CHECKING:
    from tandem.gateway.sip.layer import User

Respond = Callable[[Any, bytes, float], None]
Receive = Callable[[Any, float], bool]


class ServerTransaction(Transaction):
    """What both server machines share: the last response, sent again when the request comes again."""

    __slots__ = ("echo", "last_response", "merge_key", "request", "status", "tag")

    _FIRST: ClassVar[State]
    _RESPOND: ClassVar[dict[tuple[State, Input], Respond]]
    _RECEIVE: ClassVar[dict[tuple[State, Input], Receive]]

    def __init__(
        self, link: Link, key: tuple[str, ...], destination: Endpoint, user: User | None, request: Request, echo: str
    ) -> None:
        super().__init__(link, key, destination, user)
        self.state = self._FIRST
        self.request = request
        """There until the final response; of an INVITE that is accepted, until `settle`."""
        self.echo = echo
        """The Via, From, Call-ID and CSeq lines that every response repeats (RFC 3261 8.2.6.2); empty once there will
        be no other response."""
        self.tag = ""
        """The tag that our responses add to To, which the response to a CANCEL has as well (9.2)."""
        self.merge_key: tuple[str, str, int] | None = None
        """What an initial INVITE is found by when it comes by another path (8.2.2.2)."""
        self.last_response = b""
        self.status = 0
        """Status of `last_response`, 0 before any."""

    def respond(self, status: int, response: bytes, now: float) -> None:
        """Send a response of the user; one that the state does not allow is ignored."""
        action = self._RESPOND.get((self.state, RESPONSE_INPUTS[status // 100]))
        if action is not None:
            self.status = status
            self.last_response = response
            action(self, response, now)

    def receive(self, what: Input, now: float) -> bool:
        """Take a retransmission or an ACK; True when the user must see it (the ACK of a 2xx)."""
        action = self._RECEIVE.get((self.state, what))
        return action is not None and action(self, now)

    def settle(self) -> None:
        """The ACK of the 2xx has come, or nobody waits for it: the user does not repeat its 2xx any more."""
        if self.state is State.ACCEPTED and self.echo:
            del self.request
            self.echo, self.last_response, self.user = "", b"", None

    def _send(self, response: bytes, now: float) -> None:
        self.link.send(response, self.destination)

    def _send_again(self, now: float) -> bool:
        if self.last_response:
            self.link.send(self.last_response, self.destination)
        return False


class InviteServerTransaction(ServerTransaction):
    """RFC 3261 17.2.1, figure 7; RFC 6026 figure 4."""

    __slots__ = ()

    _FIRST = State.PROCEEDING

    def expire(self, timer: Timer, now: float) -> bool:
        """Act on timer G, H, I or L."""
        if timer is Timer.G:
            self.interval = min(2 * self.interval, self.link.timers.t2)
            self.link.send(self.last_response, self.destination)
            self.link.start(self, Timer.G, now + self.interval)
            return False
        if timer is Timer.H:
            self.link.stop(self, Timer.G)
        self.terminate()
        return timer is Timer.H

    def _accept(self, response: bytes, now: float) -> None:
        self.link.send(response, self.destination)
        self.state = State.ACCEPTED
        self._linger(Timer.L, self.link.timers.transaction, now)

    def _fail(self, response: bytes, now: float) -> None:
        self.link.send(response, self.destination)
        self.state = State.COMPLETED
        del self.request
        self.echo = ""
        if not self.reliable:
            self.interval = self.link.timers.t1
            self.link.start(self, Timer.G, now + self.interval)
        self.link.start(self, Timer.H, now + self.link.timers.transaction)

    def _confirm(self, now: float) -> bool:
        self.link.stop(self, Timer.G)
        self.link.stop(self, Timer.H)
        self.state = State.CONFIRMED
        self.last_response, self.user = b"", None
        self._linger(Timer.I, 0.0 if self.reliable else self.link.timers.t4, now)
        return False

    def _pass_ack(self, now: float) -> bool:
        return True

    _RESPOND: ClassVar[dict[tuple[State, Input], Respond]] = {
        (State.PROCEEDING, Input.PROVISIONAL): ServerTransaction._send,
        (State.PROCEEDING, Input.SUCCESS): _accept,
        (State.PROCEEDING, Input.FAILURE): _fail,
        # RFC 6026 8.7: the user retransmits its 2xx through the transaction.
        (State.ACCEPTED, Input.SUCCESS): ServerTransaction._send,
    }
    _RECEIVE: ClassVar[dict[tuple[State, Input], Receive]] = {
        (State.PROCEEDING, Input.REQUEST): ServerTransaction._send_again,
        (State.COMPLETED, Input.REQUEST): ServerTransaction._send_again,
        (State.COMPLETED, Input.ACK): _confirm,
        (State.ACCEPTED, Input.ACK): _pass_ack,
    }


class NonInviteServerTransaction(ServerTransaction):
    """RFC 3261 17.2.2, figure 8."""

    __slots__ = ()

    _FIRST = State.TRYING

    def expire(self, timer: Timer, now: float) -> bool:
        """Act on timer J."""
        self.terminate()
        return False

    def _proceed(self, response: bytes, now: float) -> None:
        self.state = State.PROCEEDING
        self.link.send(response, self.destination)

    def _complete(self, response: bytes, now: float) -> None:
        self.link.send(response, self.destination)
        self.state = State.COMPLETED
        del self.request
        self.echo, self.user = "", None
        self._linger(Timer.J, 0.0 if self.reliable else self.link.timers.transaction, now)

    _RESPOND: ClassVar[dict[tuple[State, Input], Respond]] = {
        (State.TRYING, Input.PROVISIONAL): _proceed,
        (State.TRYING, Input.SUCCESS): _complete,
        (State.TRYING, Input.FAILURE): _complete,
        (State.PROCEEDING, Input.PROVISIONAL): _proceed,
        (State.PROCEEDING, Input.SUCCESS): _complete,
        (State.PROCEEDING, Input.FAILURE): _complete,
    }
    _RECEIVE: ClassVar[dict[tuple[State, Input], Receive]] = {
        (State.PROCEEDING, Input.REQUEST): ServerTransaction._send_again,
        (State.COMPLETED, Input.REQUEST): ServerTransaction._send_again,
    }
