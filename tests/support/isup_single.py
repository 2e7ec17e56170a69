"""One ISUP exchange and a scripted peer."""

from __future__ import annotations

from typing import Any

from support.isup_pair import A_CODE, B_CODE, iam

from tandem.ss7.isup.circuits import CircuitView, State
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.exchange import IsupExchange
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import CircuitState, Output, Transfer
from tandem.ss7.isup.variants import CODINGS, Variant

M = MessageType
P = ParameterCode

#: Contents that make sense where a parameter is mandatory.
_CONTENTS = {
    P.RANGE_AND_STATUS: b"\x01\x03",
    P.CAUSE_INDICATORS: b"\x82\x90",
    P.CALLED_PARTY_NUMBER: b"\x03\x10\x21\x43\x65",
    P.SUBSEQUENT_NUMBER: b"\x00\x87",
    P.CIRCUIT_STATE_INDICATOR: b"\x0c\x0c",
}


def status(span: int, bits: int) -> RawParameter:
    """Range and status."""
    return RawParameter(P.RANGE_AND_STATUS, bytes([span]) + bits.to_bytes((span + 8) // 8, "little"))


def span_only(span: int) -> RawParameter:
    """Range without status."""
    return RawParameter(P.RANGE_AND_STATUS, bytes([span]))


def kind(hardware: bool) -> RawParameter:
    """Circuit group supervision message type."""
    return RawParameter(P.CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE, bytes([hardware]))


def cause(value: int, location: int = 2) -> RawParameter:
    """Cause indicators."""
    return RawParameter(P.CAUSE_INDICATORS, bytes([0x80 | location, 0x80 | value]))


def any_message(message_type: MessageType, cic: int) -> bytes:
    """A valid message of any type, its mandatory parameters filled with something."""
    layout = CODINGS[Variant.ITU].formats.get(int(message_type))
    if layout is None:
        return cic.to_bytes(2, "little") + bytes([message_type, 0])
    parameters = [RawParameter(code, bytes(length)) for code, length in layout.fixed]
    parameters += [RawParameter(code, _CONTENTS.get(P(code), b"\x00\x00")) for code in layout.variable]
    return Message.build(message_type, cic, parameters).encode()


class Single:
    """The exchange of the higher point code with a group `g`; circuits are chosen from the lowest up."""

    def __init__(self, cics: tuple[int, ...] = (1, 2, 3, 4), *, start: bool = True, **options: Any) -> None:
        self.now = 0.0
        options.setdefault("selection", "lowest")
        self.variant = options.get("variant", Variant.ITU)
        self.exchange = IsupExchange([GroupConfiguration("g", A_CODE, B_CODE, cics, **options)])
        self.sent: list[Message] = []
        self.heard: list[Output] = []
        if start:
            self.exchange.resume(B_CODE, 0.0)
            for message in self.take():
                if message.type == M.GRS:
                    span = message.raw(P.RANGE_AND_STATUS)[0]
                    self.receive(M.GRA, message.cic, status(span, 0))
                else:
                    self.receive(M.RLC, message.cic)
            self.take()

    def take(self) -> list[Message]:
        """Messages sent since the last time; what else was put out goes to `heard`, without circuit states."""
        self.heard = []
        sent = []
        for output in self.exchange.outputs():
            if isinstance(output, Transfer):
                sent.append(Message.parse(output.octets, self.variant))
            elif not isinstance(output, CircuitState):
                self.heard.append(output)
        return sent

    def types(self) -> list[tuple[MessageType | int, int]]:
        """Type and CIC of each message sent since the last time."""
        return [(message.type, message.cic) for message in self.take()]

    def receive(self, message_type: MessageType, cic: int, *parameters: RawParameter) -> None:
        """The peer sends."""
        octets = Message.build(message_type, cic, parameters, variant=self.variant).encode()
        self.exchange.receive(B_CODE, A_CODE, cic & 15, octets, self.now)

    def setup(self, parameters: list[Any] | None = None) -> int | None:
        return self.exchange.setup("g", parameters or iam(), self.now)

    def send(self, call: int, message_type: MessageType, *parameters: RawParameter) -> None:
        self.exchange.send(call, message_type, parameters, self.now)

    def release(self, call: int, value: int = 16) -> None:
        self.exchange.release(call, value, self.now)

    def wait(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = self.now + seconds
        while (due := self.exchange.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.exchange.handle_timers(self.now)
        self.now = end

    def view(self, cic: int = 1) -> CircuitView:
        return self.exchange.circuit_states("g")[cic]

    def state(self, cic: int = 1) -> State:
        return self.view(cic).state
