"""What all procedures of a PRI share: output, timers, the one state setter, the end of a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tandem.core.cause import Cause, Location
from tandem.core.errors import EncodeError
from tandem.core.timers import TimerTable
from tandem.isdn.q931.call import Call, State
from tandem.isdn.q931.cause import CauseElement
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.channels import Channel, ChannelId, Channels
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.configuration import InterfaceConfiguration
from tandem.isdn.q931.elements import Element, RawElement
from tandem.isdn.q931.messages import CallReference, Message, build
from tandem.isdn.q931.primitives import (
    Alert,
    CallCleared,
    CallMessage,
    ChannelState,
    DataRequest,
    EstablishRequest,
    Output,
    ReleaseIndication,
)
from tandem.isdn.q931.segmentation import segment
from tandem.isdn.q931.timers import Timer, timer_values

Elements = Sequence[Element | RawElement]
M = MessageType

#: Highest call reference value of two octets, Q.931 4.3.
_LAST_REFERENCE: Final = 0x7FFF


class Links:
    """The data links of the D-channels: which are up, and which one is used."""

    __slots__ = ("active", "known", "started", "up")

    def __init__(self, count: int) -> None:
        self.up = [False] * count
        self.active = 0
        """The one that messages are sent on."""
        self.started = False
        self.known = False
        """Whether a link was ever up: the first time channels are restarted."""

    @property
    def available(self) -> bool:
        """Whether messages can be sent."""
        return self.up[self.active]


class Supervised:
    """Something other than a call that timers run for: RESTART, SERVICE, segments."""

    __slots__ = ()


TimerOwner = Call | Links | Supervised
MessageAction = Callable[["Kernel", Call, Message, float], None]
TimerAction = Callable[["Kernel", Call, float], None]
RequestAction = Callable[["Kernel", Call, Elements, float], None]


class Kernel:
    """State of the interface and the steps that every procedure is made of."""

    def __init__(self, configuration: InterfaceConfiguration) -> None:
        self.configuration = configuration
        self.roles = configuration.roles
        self.priority = configuration.side == "network"
        """Whether our calls win channel collisions (Q.931 5.7)."""
        self.values = timer_values(
            {**configuration.switch_type.timers, **configuration.timers},
            network=self.roles.network,
            etsi=configuration.switch_type.name == "euroisdn",
        )
        self.location = Location.PRIVATE_NETWORK_LOCAL if self.priority is False else Location.PUBLIC_NETWORK_LOCAL
        """Location of causes that are made here."""
        self.channels = Channels(configuration.channels, configuration.hunting)
        self.calls: dict[int, Call] = {}
        self.references: dict[tuple[bool, int], Call] = {}
        """By whether we chose the call reference, and its value."""
        self.parked: dict[bytes, Call] = {}
        """Network side: suspended calls by call identity."""
        self.links = Links(2 if configuration.backup_link else 1)
        self.timers: TimerTable[tuple[TimerOwner, Timer]] = TimerTable()
        self.produced: list[Output] = []
        self.to_restart: list[Channel] = []
        """Channels to be restarted for a failed release (T308)."""
        self.untold: list[tuple[bool, int, int]] = []
        """Calls that ended while the data link was down, with their cause: the peer may not have noticed, and is told
        afterwards."""
        self._last_call = 0
        self._last_reference = 0
        self._identifications: dict[tuple[ChannelId, bool], ChannelIdentification] = {}

    # Output

    def alert(self, text: str, channel: ChannelId | None = None) -> None:
        """Tell maintenance."""
        self.produced.append(Alert(channel, text))

    def encode(self, message: Message) -> list[bytes]:
        """A message as the data link takes it, in segments when it is too long (annex H)."""
        octets, longest = message.encode(), self.configuration.longest_message
        return [octets] if len(octets) <= longest else [part.encode() for part in segment(message, longest)]

    def transmit(self, message: Message) -> None:
        """Hand a message to the data link; it is lost when there is none."""
        self.transmit_octets(self.encode(message))

    def transmit_octets(self, parts: list[bytes]) -> None:
        """Hand an encoded message to the data link; it is lost when there is none."""
        if self.links.available:
            self.produced += [DataRequest(self.links.active, part) for part in parts]

    def establish(self) -> None:
        """Ask for every data link that is down."""
        self.produced += [EstablishRequest(link) for link, up in enumerate(self.links.up) if not up]

    def reference(self, call: Call) -> CallReference:
        """The call reference in what we send."""
        return CallReference(call.reference, not call.outgoing, self.configuration.switch_type.call_reference_length)

    def send(self, call: Call, kind: MessageType, elements: Elements = ()) -> None:
        """Build and send a message of a call."""
        self.transmit(build(self.reference(call), kind, *elements))

    def deliver(self, call: Call, output: Output) -> None:
        """Hand something to call control, unless it has done with the call."""
        if call.offered and not call.released:
            self.produced.append(output)

    def deliver_message(self, call: Call, message: Message) -> None:
        """Hand a message that changes no state to call control."""
        self.deliver(call, CallMessage(call.number, message))

    def cause(self, value: int, diagnostics: bytes = b"") -> CauseElement:
        """A cause that is made here."""
        return CauseElement(value, self.location, diagnostics=diagnostics)

    # Timers of calls

    def start(self, call: Call, timer: Timer, now: float) -> None:
        """Start or restart a timer of a call."""
        self.timers.start((call, timer), now + self.values[timer])
        if timer not in call.running:
            call.running.append(timer)

    def stop(self, call: Call, *timers: Timer) -> None:
        """Stop timers of a call, running or not."""
        for timer in timers:
            if timer in call.running:
                call.running.remove(timer)
                self.timers.stop((call, timer))

    def stop_all(self, call: Call) -> None:
        """Stop every timer of a call."""
        for timer in call.running:
            self.timers.stop((call, timer))
        call.running.clear()
        call.enquired_in = None

    # Calls

    def free_reference(self) -> int:
        """A call reference value that none of our calls has; EncodeError when all are taken (Q.931 4.3)."""
        for _ in range(_LAST_REFERENCE):
            self._last_reference = self._last_reference % _LAST_REFERENCE + 1
            if (True, self._last_reference) not in self.references:
                return self._last_reference
        raise EncodeError("no call reference is left")

    def new_call(self, reference: int, *, outgoing: bool) -> Call:
        """A call in the null state, known by its reference."""
        self._last_call += 1
        call = Call(self._last_call, reference, outgoing=outgoing)
        self.calls[call.number] = call
        self.references[outgoing, reference] = call
        return call

    def set_state(self, call: Call, state: State) -> None:
        """The one place where a call changes its state."""
        call.state = state

    def end(self, call: Call, cause: int, location: int, reason: str, message: Message | None = None) -> None:
        """Tell call control that the call is over, unless it knows."""
        if call.offered and not call.released:
            self.produced.append(ReleaseIndication(call.number, cause, location, message, reason))
        call.released = True

    def clear(self, call: Call) -> None:
        """Give call reference and channel back: the last thing that happens to a call."""
        self.stop_all(call)
        channel = call.channel
        if channel is not None:
            call.channel = None
            channel.call = None
            if call.released_badly:
                self.to_restart.append(channel)
            self.channels.changed(channel)
        if self.references.pop((call.outgoing, call.reference), None) is not None and not self.links.available:
            self.untold.append((call.outgoing, call.reference, call.cause[0]))
        if call.identity is not None and self.parked.get(call.identity) is call:
            del self.parked[call.identity]
        self.calls.pop(call.number, None)
        self.set_state(call, State.NULL)
        if call.offered:
            self.produced.append(CallCleared(call.number, None if channel is None else channel.id))

    def drop(self, call: Call, cause: int, reason: str) -> None:
        """End a call on this side alone, without a message."""
        call.cause = cause, self.location
        self.end(call, cause, self.location, reason)
        self.clear(call)

    # Channels

    def identification(self, channel: Channel, *, exclusive: bool) -> ChannelIdentification:
        """How a channel is named on the line."""
        key = channel.id, exclusive
        found = self._identifications.get(key)
        if found is None:
            configuration = self.configuration
            found = self._identifications[key] = ChannelIdentification(
                channels=(channel.id.number,),
                exclusive=exclusive,
                interface=channel.id.interface if configuration.nfas else None,
                slot_map=configuration.slot_map,
                map_octets=configuration.slot_map_octets,
            )
        return found

    def channel_state(self, channel: Channel) -> None:
        """Something blocks a channel, or no longer: see whether it may be taken, tell maintenance."""
        self.channels.changed(channel)
        self.produced.append(ChannelState(channel.id, channel.status, channel.service))


def own_cause(elements: Elements) -> tuple[int, int]:
    """Cause value and location of a message's elements; 31 when there is none (Q.931 5.8.6.1)."""
    for element in elements:
        if isinstance(element, CauseElement):
            return element.value, element.location
    return Cause.NORMAL_UNSPECIFIED, Location.USER


def cause_of(message: Message) -> tuple[int, int]:
    """Cause value and location of a message that clears; 31 when it has none (Q.931 5.8.6.1)."""
    found = message.get(CauseElement)
    return (Cause.NORMAL_UNSPECIFIED, Location.USER) if found is None else (found.value, found.location)


def discard(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """Nothing to do."""
