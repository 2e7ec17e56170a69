"""What the SIGTRAN machines say besides the primitives of the MTP: to the transport below, and to the operator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class SendMessage:
    """To the transport: send `octets` on the association named `association`."""

    association: str
    stream: int
    """SCTP stream; a transport without streams disregards it."""
    ppid: int
    """SCTP payload protocol identifier."""
    octets: bytes


@dataclass(frozen=True, slots=True)
class CloseAssociation:
    """To the transport: end the association, it is of no use any more; and open it again if it is ours to open."""

    association: str
    reason: str


@dataclass(frozen=True, slots=True)
class Notice:
    """For the operator's log."""

    text: str
    association: str | None = None


class AspState(Enum):
    """State of an application server process as its peer keeps it, RFC 4666 4.3.1."""

    DOWN = "down"
    """Cannot be reached, or has not said ASP Up."""
    INACTIVE = "inactive"
    """Up, without traffic."""
    ACTIVE = "active"
    """With traffic, in at least one application server."""


class AsState(Enum):
    """State of an application server, RFC 4666 4.3.2."""

    DOWN = "down"
    """No ASP is up."""
    INACTIVE = "inactive"
    """An ASP is up, none is active."""
    ACTIVE = "active"
    PENDING = "pending"
    """The last active ASP is gone; messages wait, for T(r), for another."""


@dataclass(frozen=True, slots=True)
class AsStateChanged:
    """For the operator: application server `name` is in another state."""

    name: str
    state: AsState


@dataclass(frozen=True, slots=True)
class AspStateChanged:
    """For the operator: the ASP at the other end of `association`, or our own for it (`local`), is in another state."""

    association: str
    local: bool
    state: AspState


TransportCommand = SendMessage | CloseAssociation
OperatorNotice = Notice | AsStateChanged | AspStateChanged
