"""What level 3 asks of a signalling link, whatever it is made of: `mtp2.link.SignallingLink`, M2PA or M2UA."""

from __future__ import annotations

from typing import Protocol

from tandem.ss7.mtp2.primitives import LinkState


class Level2(Protocol):
    """The requests of level 3; see `mtp2.link.SignallingLink` for their meaning."""

    @property
    def state(self) -> LinkState:
        """State of the link."""
        ...

    @property
    def pending_messages(self) -> int:
        """Messages waiting or unacknowledged."""
        ...

    def start(self, now: float) -> None:
        """Align the link."""
        ...

    def stop(self, now: float) -> None:
        """Take the link out of service."""
        ...

    def set_emergency(self, emergency: bool, now: float) -> None:
        """Ask for short proving."""
        ...

    def send(self, msu: bytes, now: float) -> None:
        """Send a message, SIO and SIF."""
        ...

    def local_processor_outage(self, now: float) -> None:
        """Level 3 cannot take messages."""
        ...

    def local_processor_recovered(self, now: float) -> None:
        """Level 3 takes messages again."""
        ...

    def set_busy(self, busy: bool, now: float) -> None:
        """Level 3 is congested in receiving, or not any more."""
        ...

    def retrieve_bsnt(self, now: float) -> None:
        """Ask for the number of the last message accepted."""
        ...

    def retrieval_request(self, fsnc: int | None, now: float) -> None:
        """Ask for the messages that the peer has not accepted."""
        ...
