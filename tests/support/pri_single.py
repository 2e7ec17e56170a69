"""One PRI whose peer is the test: its data link is up, messages go in and come out one by one."""

from __future__ import annotations

from typing import Any

from support.pri_pair import channels

from tandem.isdn.q931.bearer import BearerCapability
from tandem.isdn.q931.call import Call, Hold, State
from tandem.isdn.q931.cause import CauseElement, ProgressIndicator
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.channels import ChannelId
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.configuration import InterfaceConfiguration
from tandem.isdn.q931.indications import (
    CallState,
    CongestionLevel,
    NotificationIndicator,
    RestartIndicator,
    SegmentedMessage,
)
from tandem.isdn.q931.interface import Interface
from tandem.isdn.q931.messages import CallReference, Message, build, decode
from tandem.isdn.q931.numbers import CalledPartyNumber
from tandem.isdn.q931.primitives import ChannelState, DataRequest, SetupIndication
from tandem.isdn.q931.texts import Facility, UserUser

M = MessageType
SPEECH = (BearerCapability(0, layer1=3), CalledPartyNumber("123"))
CHANNEL = ChannelIdentification.of(1)

#: Elements that each message must have.
MANDATORY: dict[MessageType, tuple[Any, ...]] = {
    M.SETUP: (*SPEECH, CHANNEL),
    M.PROGRESS: (ProgressIndicator(8, 2),),
    M.USER_INFORMATION: (UserUser(b"hi"),),
    M.CONGESTION_CONTROL: (CongestionLevel(0), CauseElement(43)),
    M.DISCONNECT: (CauseElement(17, 2),),
    M.RELEASE: (CauseElement(17, 2),),
    M.RELEASE_COMPLETE: (CauseElement(17, 2),),
    M.NOTIFY: (NotificationIndicator(0),),
    M.FACILITY: (Facility(b"\x91\xa1\x00"),),
    M.RESTART: (RestartIndicator(7),),
    M.RESTART_ACKNOWLEDGE: (RestartIndicator(7),),
    M.STATUS: (CauseElement(97, 2), CallState(19)),
    M.SUSPEND_REJECT: (CauseElement(29, 2),),
    M.RESUME_REJECT: (CauseElement(83, 2),),
    M.RESUME_ACKNOWLEDGE: (CHANNEL,),
    M.HOLD_REJECT: (CauseElement(29, 2),),
    M.RETRIEVE_REJECT: (CauseElement(29, 2),),
    M.SETUP_ACKNOWLEDGE: (CHANNEL,),
    M.CALL_PROCEEDING: (CHANNEL,),
    M.ALERTING: (CHANNEL,),
    M.CONNECT: (CHANNEL,),
    M.SEGMENT: (SegmentedMessage(True, 0, 5),),
}


class Single:
    """An interface with its data link up."""

    def __init__(self, side: str = "user", *, count: int = 3, up: bool = True, **options: Any) -> None:
        options.setdefault("channels", channels(count))
        options.setdefault("restart_at_start", "none")
        self.configuration = InterfaceConfiguration("p", side=side, **options)  # type: ignore[arg-type]
        self.interface = Interface(self.configuration)
        self.now = 100.0
        self.sent: list[Message] = []
        self.heard: list[Any] = []
        self.links: list[int] = []
        """Data link of each message sent."""
        if up:
            self.interface.established(0, self.now)
            self.take()
            self.forget()

    @property
    def kernel(self) -> Any:
        return self.interface._kernel

    @property
    def roles(self) -> Any:
        return self.kernel.roles

    def take(self) -> None:
        """Sort the outputs."""
        for output in self.interface.outputs():
            if isinstance(output, DataRequest):
                self.sent.append(decode(output.octets))
                self.links.append(output.link)
            elif not isinstance(output, ChannelState):
                self.heard.append(output)

    def forget(self) -> None:
        self.sent.clear()
        self.heard.clear()
        self.links.clear()

    def receive(self, kind: int, *elements: Any, reference: int = 1, ours: bool = False, **options: Any) -> None:
        """A message from the peer; `ours`: about a call that we made. Without elements: those that it must have."""
        flag = options.pop("flag", ours)
        link = options.pop("link", 0)
        chosen = elements or MANDATORY.get(kind, ())  # type: ignore[call-overload]
        message = build(CallReference(reference, flag), kind, *chosen, **options)
        self.octets(message.encode(), link)

    def octets(self, octets: bytes, link: int = 0) -> None:
        self.interface.receive(link, octets, self.now)
        self.take()

    def reply(self, call: int, kind: int, *elements: Any) -> None:
        """A message from the peer about a call of ours or of its own."""
        known = self.kernel.calls[call]
        self.receive(kind, *elements, reference=known.reference, ours=known.outgoing)

    def wait(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = self.now + seconds
        while (due := self.interface.next_deadline()) is not None and due <= end:
            self.now = max(due, self.now)
            self.interface.handle_timers(self.now)
            self.take()
        self.now = end

    def ask(self, name: str, *arguments: Any) -> Any:
        """A request of call control."""
        result = getattr(self.interface, name)(*arguments, self.now)
        self.take()
        return result

    def setup(self, *more: Any) -> int:
        """A call that we make: SETUP sent."""
        call = self.ask("setup", (*SPEECH, *more))
        assert call is not None
        return int(call)

    def offered(self, *more: Any, reference: int = 1, channel: Any = CHANNEL) -> int:
        """A call that the peer makes: its number."""
        self.receive(M.SETUP, *SPEECH, *more, *([channel] if channel else []), reference=reference)
        return int(next(output.call for output in self.heard if isinstance(output, SetupIndication)))

    def active(self) -> int:
        """An active call that we made."""
        call = self.setup()
        channel = self.interface.channel_of(call)
        assert channel is not None
        self.reply(call, M.CONNECT, ChannelIdentification.of(channel.number))
        if self.configuration.awards_calls:
            self.ask("connect_acknowledge", call, ())
        self.forget()
        return call

    def in_state(self, state: State) -> Call:
        """A call of ours, put into a state by force, on channel 1."""
        call: Call = self.kernel.new_call(self.kernel.free_reference(), outgoing=True)
        channel = self.kernel.channels.get(ChannelId(0, 1))
        call.channel = channel
        self.kernel.channels.take(channel, call)
        call.agreed = state is not self.roles.sent
        call.hold = Hold.IDLE
        call.state = state
        call.attempts = 99
        return call

    def state(self, call: int) -> State:
        state: State = self.kernel.calls[call].state
        return state

    @property
    def names(self) -> list[str]:
        """Names of the messages sent since the last look."""
        found = [message.name for message in self.sent]
        self.sent.clear()
        return found

    @property
    def primitives(self) -> list[str]:
        """Names of the other outputs since the last look."""
        found = [type(output).__name__ for output in self.heard]
        self.heard.clear()
        return found

    def cause(self) -> int | None:
        """Cause value of the last message sent."""
        found = self.sent[-1].get(CauseElement)
        return None if found is None else found.value
