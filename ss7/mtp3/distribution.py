"""Message distribution, HMDT of Q.704 2.4.2: which part of this signalling point gets a message."""

from __future__ import annotations

from enum import Enum

from tandem.ss7.mtp3.label import Service, Variant


class Recipient(Enum):
    """Who gets a message of one service."""

    MANAGEMENT = "signalling network management"
    TESTING = "signalling link testing"
    USER = "a user part"
    NOBODY = "no user part here"


class Distribution:
    """Recipient by service indicator, as one table of 16."""

    def __init__(self, users: frozenset[int], variant: Variant) -> None:
        self.table = [Recipient.USER if service in users else Recipient.NOBODY for service in range(16)]
        self.table[Service.MANAGEMENT] = Recipient.MANAGEMENT
        self.table[Service.TESTING] = Recipient.TESTING
        if variant is Variant.ANSI:
            self.table[Service.TESTING_SPECIAL] = Recipient.TESTING

    def recipient(self, service: int) -> Recipient:
        """Who gets messages with service indicator `service`, 0 to 15."""
        return self.table[service]
