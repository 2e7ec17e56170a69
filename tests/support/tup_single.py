"""One TUP exchange and a scripted peer."""

from __future__ import annotations

from typing import Any

from support.tup_pair import A_CODE, B_CODE, iam

from tandem.ss7.tup.circuits import CircuitView, State
from tandem.ss7.tup.codes import Group, MessageType
from tandem.ss7.tup.configuration import GroupConfiguration
from tandem.ss7.tup.exchange import TupExchange
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.messages import (
    AddressComplete,
    AutomaticCongestion,
    Charging,
    ExtendedUnsuccessful,
    GeneralForwardSetup,
    GeneralRequest,
    GroupSupervision,
    InitialAddress,
    InitialAddressWithInformation,
    Message,
    MeteringPulses,
    Signal,
    SubsequentAddress,
    SubsequentAddressOne,
)
from tandem.ss7.tup.primitives import CircuitState, Output, Transfer
from tandem.ss7.tup.variants import Variant

M = MessageType

#: A message of each type that is more than its heading.
MESSAGES: dict[MessageType, Message] = {
    M.IAM: InitialAddress("123456"),
    M.IAI: InitialAddressWithInformation("123456"),
    M.SAM: SubsequentAddress("78"),
    M.SAO: SubsequentAddressOne("7"),
    M.GSM: GeneralForwardSetup(category=10),
    M.GRQ: GeneralRequest(calling_line=True),
    M.ACM: AddressComplete(),
    M.CHG: Charging(rest=b"\x01"),
    M.EUM: ExtendedUnsuccessful(point_code=1),
    M.ACC: AutomaticCongestion(level=1),
    M.MPM: MeteringPulses(pulses=3),
}


def any_message(message_type: MessageType) -> Message:
    """A valid message of any type; group messages are about the circuits 1 and 2."""
    if message_type.group is Group.GRM:
        return GroupSupervision(message_type, 1, None if message_type is M.GRS else (True, True))
    return MESSAGES.get(message_type) or Signal(message_type)


class Single:
    """The exchange of the higher point code with a group `g`; circuits are chosen from the lowest up."""

    def __init__(self, cics: tuple[int, ...] = (1, 2, 3, 4), *, start: bool = True, **options: Any) -> None:
        self.now = 0.0
        options.setdefault("selection", "lowest")
        options.setdefault("group_messages_twice", False)
        self.variant = options.get("variant", Variant.ITU)
        self.exchange = TupExchange([GroupConfiguration("g", A_CODE, B_CODE, cics, **options)])
        self.heard: list[Output] = []
        if start:
            self.exchange.resume(B_CODE, 0.0)
            for item in self.sent():
                self.receive(acknowledgement(item.message), item.cic)
            self.take()

    def sent(self) -> list[CircuitMessage]:
        """What was sent since the last time; what else was put out goes to `heard`, without circuit states."""
        self.heard = []
        sent = []
        for output in self.exchange.outputs():
            if isinstance(output, Transfer):
                sent.append(CircuitMessage.parse(output.sls, output.octets, self.variant))
            elif not isinstance(output, CircuitState):
                self.heard.append(output)
        return sent

    def take(self) -> list[Message]:
        """Messages sent since the last time."""
        return [item.message for item in self.sent()]

    def types(self) -> list[tuple[MessageType | int, int]]:
        """Type and CIC of each message sent since the last time."""
        return [(item.message.type, item.cic) for item in self.sent()]

    def receive(self, message: Message | MessageType, cic: int = 1) -> None:
        """The peer sends a message; a type stands for `any_message` of it."""
        if isinstance(message, MessageType):
            message = any_message(message)
        sls, octets = CircuitMessage(cic, message).encode(self.variant)
        self.exchange.receive(B_CODE, A_CODE, sls, octets, self.now)

    def setup(self, message: InitialAddress | None = None) -> int | None:
        return self.exchange.setup("g", message or iam(), self.now)

    def incoming(self, message: InitialAddress | None = None, cic: int = 1) -> int:
        """An incoming call that is offered."""
        self.receive(message or iam(), cic)
        self.take()
        return self.heard[0].call  # type: ignore[union-attr,return-value]

    def send(self, call: int, message: Message | MessageType) -> None:
        self.exchange.send(call, any_message(message) if isinstance(message, MessageType) else message, self.now)

    def release(self, call: int, cause: int | Message = 16) -> None:
        self.exchange.release(call, cause, self.now)

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


#: Request -> acknowledgement.
ACKNOWLEDGED = {
    M.CLF: M.RLG,
    M.RSC: M.RLG,
    M.BLO: M.BLA,
    M.UBL: M.UBA,
    M.GRS: M.GRA,
    M.MGB: M.MBA,
    M.MGU: M.MUA,
    M.HGB: M.HBA,
    M.HGU: M.HUA,
    M.SGB: M.SBA,
    M.SGU: M.SUA,
}


def acknowledgement(message: Message) -> Message:
    """What a peer answers to a request that repeats until it is answered."""
    kind = ACKNOWLEDGED[MessageType(message.type)]
    if not isinstance(message, GroupSupervision):
        return Signal(kind)
    status = message.status
    if kind is M.GRA and message.range:
        status = (False,) * message.count
    return GroupSupervision(kind, message.range, status)
