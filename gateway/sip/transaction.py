"""What the four transaction machines of RFC 3261 17 (as changed by RFC 6026) share.

A transaction is fed messages and timer expiries and answers whether its user should see them. It sends through a
`Link`, which also holds the one timer table of the agent: a timer's key is (transaction, Timer).
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import TYPE_CHECKING, Final, Protocol

from tandem.core.enumeration import Symbol
from tandem.gateway.sip.configuration import SipTimers
from tandem.gateway.sip.endpoint import Endpoint

if TYPE_CHECKING:
    from tandem.gateway.sip.layer import User

#: Transactions that have only to be forgotten are forgotten together, at multiples of this, in seconds.
_TOGETHER: Final = 0.25


class State(Symbol):
    """States of RFC 3261 figures 5 to 8 and RFC 6026 figures 3 and 4."""

    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    ACCEPTED = auto()
    TERMINATED = auto()


class Timer(IntEnum):
    """Timers of RFC 3261 table 4 and RFC 6026 7; the values only tell them apart."""

    A = 1
    """INVITE request retransmission."""
    B = 2
    """INVITE transaction time-out."""
    D = 3
    """Wait for retransmitted final responses to an INVITE."""
    E = 4
    """Non-INVITE request retransmission."""
    F = 5
    """Non-INVITE transaction time-out."""
    G = 6
    """INVITE response retransmission."""
    H = 7
    """Wait for ACK."""
    I = 8  # noqa: E741 - the name that the RFC gives it
    """Wait for retransmitted ACKs."""
    J = 9
    """Wait for retransmitted non-INVITE requests."""
    K = 10
    """Wait for retransmitted non-INVITE responses."""
    L = 11
    """Wait for retransmitted INVITEs after a 2xx was sent."""
    M = 12
    """Wait for 2xx responses of further forks."""


class Input(Symbol):
    """What can happen to a transaction."""

    PROVISIONAL = auto()
    """1xx, from the peer or from the user."""
    SUCCESS = auto()
    """2xx."""
    FAILURE = auto()
    """300 to 699."""
    REQUEST = auto()
    """The request again."""
    ACK = auto()


class Link(Protocol):
    """What a transaction needs of the agent."""

    timers: SipTimers

    def send(self, data: bytes, destination: Endpoint) -> None:
        """Send one message."""

    def start(self, owner: object, timer: IntEnum, deadline: float) -> None:
        """Start or restart a timer."""

    def stop(self, owner: object, timer: IntEnum) -> None:
        """Stop a timer if it runs."""

    def linger(self, transaction: Transaction, timer: Timer, deadline: float) -> None:
        """Have a transaction `terminate` at `deadline`: the timer is its last and is never stopped."""

    def terminated(self, transaction: Transaction) -> None:
        """Forget a transaction: it reached TERMINATED."""


class Transaction:
    """Base of the four machines.

    Once it only lingers, lest something that comes again is taken for new, it lets go of all that it does not repeat or
    recognise by: most transactions are in that state, for 32 s at the most, and their calls are over.
    """

    __slots__ = ("destination", "interval", "key", "link", "reliable", "state", "user")

    state: State

    def __init__(self, link: Link, key: tuple[str, ...], destination: Endpoint, user: User | None) -> None:
        self.link = link
        self.key = key
        """What incoming messages are matched by (RFC 3261 17.1.3, 17.2.3)."""
        self.destination = destination
        self.reliable = len(destination) != 2
        """Nothing is sent twice, and nothing of the peer's comes twice: timers A, E and G do not run, D, I, J and K
        are zero (RFC 3261 table 4)."""
        self.user = user
        """Whoever the agent must tell of responses, ACKs and time-outs; None when there is nothing left to tell."""
        self.interval = 0.0
        """Retransmission interval of timers A, E and G."""

    def expire(self, timer: Timer, now: float) -> bool:
        """Act on a timer; True when the user must be told that the transaction timed out."""
        raise NotImplementedError

    def _linger(self, timer: Timer, seconds: float, now: float) -> None:
        """Start a timer after which the transaction is forgotten: D, I, J, K, L or M."""
        # Every transaction has one: waking up for each of them would cost more than the call it belonged to.
        deadline = -(-(now + seconds) // _TOGETHER) * _TOGETHER if seconds else now
        self.link.linger(self, timer, deadline)

    def terminate(self) -> None:
        """The transaction is over."""
        self.state = State.TERMINATED
        self.link.terminated(self)


#: What a response is to a transaction, by the first digit of its status.
RESPONSE_INPUTS: Final = (
    Input.PROVISIONAL,
    Input.PROVISIONAL,
    Input.SUCCESS,
    Input.FAILURE,
    Input.FAILURE,
    Input.FAILURE,
    Input.FAILURE,
)
