"""What a transaction needs of its agent, written down instead of done."""

from __future__ import annotations

from enum import IntEnum

from tandem.gateway.sip.configuration import SipTimers
from tandem.gateway.sip.primitives import Endpoint
from tandem.gateway.sip.transaction import Timer, Transaction

PEER: Endpoint = ("192.0.2.1", 5060)


class RecordingLink:
    """Notes sends, timers and the end of the transaction."""

    def __init__(self) -> None:
        self.timers = SipTimers()
        self.sent: list[bytes] = []
        self.running: dict[str, float] = {}
        self.ended = False

    def send(self, data: bytes, destination: Endpoint) -> None:
        assert destination == PEER
        self.sent.append(data)

    def start(self, owner: object, timer: IntEnum, deadline: float) -> None:
        self.running[timer.name] = deadline

    def stop(self, owner: object, timer: IntEnum) -> None:
        self.running.pop(timer.name, None)

    def linger(self, transaction: Transaction, timer: Timer, deadline: float) -> None:
        self.running[timer.name] = deadline

    def terminated(self, transaction: Transaction) -> None:
        self.ended = True

    def take(self) -> list[bytes]:
        """What was sent since the last call."""
        sent, self.sent = self.sent, []
        return sent
