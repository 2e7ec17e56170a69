"""One PRI as a trunk of call control: what call control asks of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from tandem.core.cause import Cause
from tandem.core.errors import EncodeError
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import (
    Alerting,
    Bearer,
    Hold,
    Primitive,
    Progress,
    Release,
    Resume,
    Retrieve,
    Setup,
    Suspend,
    Transparent,
)
from tandem.gateway.calls.model import Answer as Answered
from tandem.gateway.calls.model import Information as MoreDigits
from tandem.gateway.configuration.pri import LINK_TIMERS, pri_lines
from tandem.gateway.configuration.schema import Configuration, PriTrunk
from tandem.gateway.configuration.spans import companding_law, last_timeslots
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import TimeslotEndpoint
from tandem.gateway.trunks import pri_mapping as mapping
from tandem.gateway.trunks.pri_carry import notifications_of, pri_message
from tandem.gateway.trunks.pri_numbers import NumberRules
from tandem.gateway.trunks.rules import Rules
from tandem.isdn.q931.bearer import Layer1
from tandem.isdn.q931.channels import ChannelId
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.configuration import InterfaceConfiguration
from tandem.isdn.q931.interface import Interface
from tandem.isdn.q931.kernel import Elements
from tandem.isdn.q931.messages import Message
from tandem.isdn.q931.primitives import (
    CallStateError,
)
from tandem.isdn.q931.switch_types import SWITCH_TYPES
from tandem.isdn.q931.timers import Timer, timer_values

M = MessageType
#: Messages that go on to another PRI and say nothing to call control, with the request that sends them.
_PASSED_ON: Final = {
    M.NOTIFY: Interface.notify,
    M.FACILITY: Interface.facility,
    M.USER_INFORMATION: Interface.user_information,
    M.CONGESTION_CONTROL: Interface.congestion_control,
    M.INFORMATION: Interface.information,
}


class PortOwner(Protocol):
    """What a port needs of the trunks it belongs to."""

    def log(self, line: Line) -> None:
        """A line for the operator."""
        ...

    def part(self, half: HalfCall) -> None:
        """What `half` heard is over: its timeslot is silent."""
        ...


class PriTrunkPort:
    """One PRI as a trunk of call control."""

    is_circuit = True
    needs_ringback = True

    def __init__(self, trunk: PriTrunk, configuration: Configuration, owner: PortOwner) -> None:
        """Lay the B-channels of `trunk` onto timeslots."""
        self.configuration = trunk
        self.name = trunk.name
        self.dtmf = trunk.dtmf
        self.gain_in, self.gain_out = trunk.gain_in, trunk.gain_out
        self._owner = owner
        lines = pri_lines(trunk, configuration.span)
        self.endpoints = {
            ChannelId(line.interface, slot): TimeslotEndpoint(line.span, slot)
            for line in lines
            for slot in line.b_channels
        }
        self.several = len(lines) > 1
        switch = SWITCH_TYPES[trunk.switch]
        laws = {span.name: companding_law(span) for span in configuration.span}
        complete = switch.sends_sending_complete if trunk.sending_complete is None else trunk.sending_complete
        self.rules = mapping.Rules(
            switch,
            trunk.side,
            Layer1.A_LAW if laws[lines[0].span] == "A" else Layer1.MU_LAW,
            NumberRules.of(trunk, switch, configuration.node.country_code, Rules.of(configuration.mapping)),
            trunk.display,
            complete,
        )
        self.interface = Interface(_interface(trunk, configuration, tuple(self.endpoints), self.several))
        network = self.interface.configuration.roles.network
        overrides = {name: value for name, value in trunk.timers.items() if name not in LINK_TIMERS}
        self.t309 = timer_values(overrides, network=network)[Timer.T309]
        self.halves: dict[int, HalfCall] = {}
        self.digits: dict[int, tuple[Message, str]] = {}
        """Calls whose number comes digit by digit: the SETUP and what came so far."""
        self.following: set[int] = set()
        """Calls that were handed on before their number was whole, and may get more digits."""
        self._unasked: dict[int, MoreDigits] = {}
        """Digits of outgoing calls that the peer has not asked for yet: they wait for SETUP ACKNOWLEDGE."""
        self._asked: set[int] = set()
        """Outgoing calls whose peer takes digits one by one."""
        self.out_of_service: set[ChannelId] = set()

    @property
    def sends_overlap(self) -> bool:
        """Whether further digits may follow a SETUP."""
        return self.configuration.overlap and self.rules.switch.overlap

    def offer(self, half: HalfCall, setup: Setup, now: float) -> Release | None:
        """Take a channel and send SETUP."""
        onward, location = setup.next_hop(), self.rules.location
        if onward is None:
            return Release(Cause.EXCHANGE_ROUTING_ERROR, location, "the hop counter is used up")
        if not onward.called.digits:
            return Release(Cause.INVALID_NUMBER_FORMAT, location, "there is no called number")
        try:
            call = self.interface.setup(mapping.setup_elements(onward, self.rules), now)
        except EncodeError as error:
            return Release(Cause.INVALID_NUMBER_FORMAT, location, f"SETUP cannot be built: {error}")
        if call is None:
            if self.interface.available:
                return Release(Cause.NO_CIRCUIT_CHANNEL_AVAILABLE, location, f"{self.name}: no channel")
            return Release(Cause.DESTINATION_OUT_OF_ORDER, location, f"{self.name}: the data link is down")
        if not onward.complete:
            self._unasked[call] = MoreDigits("")
        self.adopt(half, call, self.interface.channel_of(call))
        return None

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """Tell the peer of progress, alerting, answer, suspension or further digits."""
        interface, rules = self.interface, self.rules
        if half.handle in self.following and not isinstance(primitive, MoreDigits):
            self.number_known(half, now)
        match primitive:
            case Progress(release=Release() as release) if rules.disconnects_with_tone:
                self.request(half, interface.disconnect, mapping.tone_elements(release, rules), now)
            case Progress():
                elements = mapping.progress_elements(primitive, rules, ringing=False)
                if elements:
                    self.request(half, interface.progress, elements, now)
                notifications = notifications_of(primitive.opaque)
                if notifications:
                    self.request(half, interface.notify, notifications, now)
            case Alerting():
                elements = mapping.progress_elements(primitive, rules, ringing=_rings(half))
                self.request(half, interface.alerting, elements, now)
            case Answered():
                self.request(half, interface.connect, mapping.connect_elements(primitive, rules), now)
            case Suspend() | Resume() | Hold() | Retrieve():
                self.request(half, interface.notify, mapping.notify_elements(primitive), now)
            case MoreDigits():
                self._more_digits(half, primitive, now)
            case Transparent():
                self._pass_on(half, primitive, now)

    def number_known(self, half: HalfCall, now: float) -> None:
        """No more digits are wanted: CALL PROCEEDING."""
        self.following.discard(half.handle)
        self.request(half, self.interface.proceeding, (), now)

    def digits_wanted(self, half: HalfCall, now: float) -> None:
        """SETUP ACKNOWLEDGE came: send the digits that wait, and others as they come."""
        self._asked.add(half.handle)
        waiting = self._unasked.pop(half.handle, None)
        if waiting is not None and (waiting.digits or waiting.complete):
            self._more_digits(half, waiting, now)

    def _more_digits(self, half: HalfCall, more: MoreDigits, now: float) -> None:
        waiting = self._unasked.get(half.handle)
        if waiting is not None:
            self._unasked[half.handle] = MoreDigits(waiting.digits + more.digits, more.complete)
        elif half.handle in self._asked:
            self.request(half, self.interface.information, mapping.information_elements(more), now)

    def forget(self, call: int) -> HalfCall | None:
        """A call is over; its half-call, if it had one."""
        self.digits.pop(call, None)
        self._unasked.pop(call, None)
        self._asked.discard(call)
        self.following.discard(call)
        return self.halves.pop(call, None)

    def _pass_on(self, half: HalfCall, carried: Transparent, now: float) -> None:
        """Send a message of another PRI, the notification in a CPG, or the user-to-user information in a USR."""
        notifications = notifications_of(carried.opaque)
        if notifications:
            self.request(half, self.interface.notify, notifications, now)
            return
        message = pri_message(carried.opaque)
        kind = M.USER_INFORMATION if message is None else message.type
        action = _PASSED_ON.get(kind) if isinstance(kind, MessageType) else None
        if action is not None and isinstance(kind, MessageType):
            elements = self.rules.carried(carried.opaque, kind)
            if elements:
                self.request(half, action.__get__(self.interface), elements, now)

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """End the call in whatever state it is."""
        self._owner.part(half)
        elements = mapping.release_elements(release, self.rules)
        try:
            self.interface.release(half.handle, elements, now)
        except EncodeError:
            self.interface.release(half.handle, release.cause, now)

    def request(
        self, half: HalfCall, action: Callable[[int, Elements, float], None], elements: Elements, now: float
    ) -> None:
        """Ask something of the interface, as far as the state of the call allows."""
        try:
            action(half.handle, elements, now)
        except (CallStateError, EncodeError) as error:
            self._owner.log(Line("debug", "!", half.reference, str(error)))

    def adopt(self, half: HalfCall, call: int, channel: ChannelId | None) -> None:
        """`half` is the interface's call number `call` from now on."""
        half.handle = call
        half.hears_early = True
        half.leg.protocol = "pri"
        self.halves[call] = half
        self.place(half, channel)

    def place(self, half: HalfCall, channel: ChannelId | None) -> None:
        """The speech of `half` is on this channel; None: on none for now."""
        half.endpoint = None if channel is None else self.endpoints[channel]
        if channel is not None:
            half.reference = half.leg.id = f"{self.name}/{channel if self.several else channel.number}"


def _rings(half: HalfCall) -> bool:
    """Whether the gateway makes ringback where the called side gives none: not on a data call."""
    return half.call is not None and half.call.setup.bearer is not Bearer.UNRESTRICTED_64K


def _interface(
    trunk: PriTrunk, configuration: Configuration, channels: tuple[ChannelId, ...], several: bool
) -> InterfaceConfiguration:
    lines = pri_lines(trunk, configuration.span)
    first = next(line for line in lines if line.d_channel is not None)
    is_t1 = last_timeslots(configuration.span)[first.span] < 31
    return InterfaceConfiguration(
        name=trunk.name,
        channels=channels,
        side=trunk.side,
        switch_type=SWITCH_TYPES[trunk.switch],
        nfas=several,
        own_interface=first.interface,
        channel_choice=trunk.channel_choice,
        slot_map=trunk.slot_map,
        slot_map_octets=3 if is_t1 else 4,
        hunting=trunk.hunting,
        timers={name.upper(): value for name, value in trunk.timers.items() if name not in LINK_TIMERS},
        overlap=trunk.overlap,
        minimum_digits=trunk.minimum_digits,
        maximum_digits=trunk.maximum_digits,
        restart_at_start=trunk.restart_at_start,
    )
