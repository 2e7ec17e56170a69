"""What an operator can set of a SIP agent, with the defaults of the RFCs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tandem.gateway.sip.endpoint import Listener


@dataclass(frozen=True, slots=True)
class SipTimers:
    """Timer base values of RFC 3261 17.1.1.1 and table 4, in seconds; the others follow from these."""

    t1: float = 0.5
    """Round-trip time estimate; 64 * t1 bounds every transaction."""
    t2: float = 4.0
    """Longest interval between retransmissions of non-INVITE requests and INVITE responses."""
    t4: float = 5.0
    """Longest time that a message stays in the network."""
    d: float = 32.0
    """Wait for retransmitted final responses to an INVITE, at least 32 s over UDP (timer D)."""
    transaction: float = field(init=False)
    """64 * T1: timers B, F, H, J, L and M, and the limit on unacknowledged 2xx responses."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "transaction", 64 * self.t1)


#: What is taken from every peer.
METHODS: Final = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK")


@dataclass(frozen=True, slots=True)
class AgentConfiguration:
    """One SIP agent, listening on one address and port."""

    host: str
    """Address put in Via and Contact: the one peers reach us by."""
    port: int = 5060
    listeners: tuple[Listener, ...] = ()
    """All our addresses where there are more than `host:port` on UDP, that one included if it is there."""
    user_agent: str = "Tandem"
    """Value of User-Agent and Server; empty to send neither."""
    timers: SipTimers = field(default_factory=SipTimers)
    allow: tuple[str, ...] = METHODS
    """Methods of the Allow header (RFC 3261 20.5)."""
    supported: tuple[str, ...] = ()
    """Option tags that may stand in Require (RFC 3261 20.32); others get 420. With `100rel` and `timer` the owner
    says what a call may use (`SipAgent.configure`)."""
    bodies: tuple[str, ...] = ("application/sdp", "multipart/mixed")
    """Media types accepted in an INVITE; others get 415 unless their handling is optional."""
    maximum_message: int = 65507
    """Longest message sent, in octets: the payload of one UDP datagram over IPv4."""
    largest_datagram: int = 1300
    """A longer request goes over TCP where we have it (RFC 3261 18.1.1, path MTU not known)."""
    maximum_received: int = 32768
    """Longest message accepted, in octets. Responses repeat much of their request, and must fit a datagram too."""

    @property
    def addresses(self) -> tuple[Listener, ...]:
        """Our addresses, the first one for whatever the others do not fit."""
        return self.listeners or (Listener("udp", self.host, self.port),)

    @property
    def sent_by(self) -> str:
        """`host:port` as Via and Contact carry it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
