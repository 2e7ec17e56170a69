"""Client transactions: RFC 3261 17.1, with the Accepted state of RFC 6026 8.4."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from tandem.gateway.sip.endpoint import Endpoint, is_reliable
from tandem.gateway.sip.message import Response
from tandem.gateway.sip.transaction import RESPONSE_INPUTS, Input, Link, State, Timer, Transaction

if TYPE_CHECKING:
    from tandem.gateway.sip.layer import User

Action = Callable[[Any, Response, float], bool]
"""Acts on a response; True when the user must see it."""


class ClientTransaction(Transaction):
    """What both client machines share: the request, sent at once and then until something comes."""

    __slots__ = ("failure", "fallback", "request", "resent")

    _TABLE: ClassVar[dict[tuple[State, Input], Action]]

    def __init__(
        self, link: Link, key: tuple[str, ...], destination: Endpoint, user: User | None, request: bytes
    ) -> None:
        super().__init__(link, key, destination, user)
        self.request = request
        """Empty once a final response has come."""
        self.failure = "timeout"
        """Why it ended without a response: `timeout`, or `transport` when the peer could not be reached."""
        self.fallback: tuple[bytes, Endpoint] | None = None
        """The request for UDP and its destination, where TCP was chosen for its length (RFC 3261 18.1.1)."""
        self.resent = False
        """The request was sent again on a new connection, once."""

    @property
    def unanswered(self) -> bool:
        """Whether no response has come."""
        return self.state in (State.CALLING, State.TRYING)

    def redirect(self, request: bytes, destination: Endpoint, now: float) -> None:
        """Send `request` instead, to another place: the transport of the first could not be used."""
        self.request, self.destination, self.reliable = request, destination, is_reliable(destination)
        self.fallback = None
        self._send_request(now)

    def resend(self) -> bool:
        """The connection was lost before a response came: send the request on a new one; False the second time."""
        if self.resent or not self.reliable:
            return False
        self.resent = True
        self.link.send(self.request, self.destination)
        return True

    def _send_request(self, now: float) -> None:
        raise NotImplementedError

    def receive(self, response: Response, now: float) -> bool:
        """Take a response that matches; True when the user that it had before must see it."""
        action = self._TABLE.get((self.state, RESPONSE_INPUTS[response.status // 100]))
        return action is not None and action(self, response, now)


class InviteClientTransaction(ClientTransaction):
    """RFC 3261 17.1.1, figure 5; RFC 6026 figure 3."""

    __slots__ = ("_ack", "build_ack")

    def __init__(
        self,
        link: Link,
        key: tuple[str, ...],
        destination: Endpoint,
        user: User | None,
        request: bytes,
        build_ack: Callable[[Response, Endpoint], bytes],
        now: float,
    ) -> None:
        super().__init__(link, key, destination, user, request)
        self.build_ack = build_ack
        """Makes the ACK for a response of 300 to 699 that goes where the request went (RFC 3261 17.1.1.3). There until
        the final response."""
        self._ack = b""
        self.state = State.CALLING
        self._send_request(now)
        link.start(self, Timer.B, now + link.timers.transaction)

    def _send_request(self, now: float) -> None:
        self.interval = self.link.timers.t1
        self.link.send(self.request, self.destination)
        if not self.reliable:
            self.link.start(self, Timer.A, now + self.interval)

    def expire(self, timer: Timer, now: float) -> bool:
        """Act on timer A, B, D or M."""
        if timer is Timer.A:
            self.interval *= 2
            self.link.send(self.request, self.destination)
            self.link.start(self, Timer.A, now + self.interval)
            return False
        self._stop_request()
        self.terminate()
        return timer is Timer.B

    def _stop_request(self) -> None:
        if self.state is State.CALLING:
            self.link.stop(self, Timer.A)
            self.link.stop(self, Timer.B)

    def _proceed(self, response: Response, now: float) -> bool:
        self._stop_request()
        self.state = State.PROCEEDING
        return True

    def _accept(self, response: Response, now: float) -> bool:
        self._stop_request()
        self.state = State.ACCEPTED
        self.request, self.fallback = b"", None
        del self.build_ack
        self._linger(Timer.M, self.link.timers.transaction, now)
        return True

    def _fail(self, response: Response, now: float) -> bool:
        self._stop_request()
        self.state = State.COMPLETED
        self._ack = self.build_ack(response, self.destination)
        self.link.send(self._ack, self.destination)
        self.request, self.fallback = b"", None
        del self.build_ack
        self.user = None
        self._linger(Timer.D, 0.0 if self.reliable else self.link.timers.d, now)
        return True

    def _acknowledge_again(self, response: Response, now: float) -> bool:
        self.link.send(self._ack, self.destination)
        return False

    def _pass(self, response: Response, now: float) -> bool:
        return True

    _TABLE: ClassVar[dict[tuple[State, Input], Action]] = {
        (State.CALLING, Input.PROVISIONAL): _proceed,
        (State.CALLING, Input.SUCCESS): _accept,
        (State.CALLING, Input.FAILURE): _fail,
        (State.PROCEEDING, Input.PROVISIONAL): _pass,
        (State.PROCEEDING, Input.SUCCESS): _accept,
        (State.PROCEEDING, Input.FAILURE): _fail,
        (State.COMPLETED, Input.FAILURE): _acknowledge_again,
        (State.ACCEPTED, Input.SUCCESS): _pass,
    }


class NonInviteClientTransaction(ClientTransaction):
    """RFC 3261 17.1.2, figure 6."""

    __slots__ = ()

    def __init__(
        self, link: Link, key: tuple[str, ...], destination: Endpoint, user: User | None, request: bytes, now: float
    ) -> None:
        super().__init__(link, key, destination, user, request)
        self.state = State.TRYING
        self._send_request(now)
        link.start(self, Timer.F, now + link.timers.transaction)

    def _send_request(self, now: float) -> None:
        self.interval = self.link.timers.t1
        self.link.send(self.request, self.destination)
        if not self.reliable:
            self.link.start(self, Timer.E, now + self.interval)

    def expire(self, timer: Timer, now: float) -> bool:
        """Act on timer E, F or K."""
        if timer is Timer.E:
            t2 = self.link.timers.t2
            # 17.1.2.2: once a provisional response has come, the interval is T2 at once.
            self.interval = t2 if self.state is State.PROCEEDING else min(2 * self.interval, t2)
            self.link.send(self.request, self.destination)
            self.link.start(self, Timer.E, now + self.interval)
            return False
        if timer is Timer.F:
            self.link.stop(self, Timer.E)
        self.terminate()
        return timer is Timer.F

    def _proceed(self, response: Response, now: float) -> bool:
        self.state = State.PROCEEDING
        return True

    def _complete(self, response: Response, now: float) -> bool:
        self.link.stop(self, Timer.E)
        self.link.stop(self, Timer.F)
        self.state = State.COMPLETED
        self.request, self.fallback, self.user = b"", None, None
        self._linger(Timer.K, 0.0 if self.reliable else self.link.timers.t4, now)
        return True

    _TABLE: ClassVar[dict[tuple[State, Input], Action]] = {
        (State.TRYING, Input.PROVISIONAL): _proceed,
        (State.TRYING, Input.SUCCESS): _complete,
        (State.TRYING, Input.FAILURE): _complete,
        (State.PROCEEDING, Input.PROVISIONAL): _proceed,
        (State.PROCEEDING, Input.SUCCESS): _complete,
        (State.PROCEEDING, Input.FAILURE): _complete,
    }
