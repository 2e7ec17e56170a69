"""RESTART and its answer under the global call reference; Q.931 5.5. One request is under way at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from tandem.core.cause import Cause
from tandem.isdn.q931.call import GlobalState
from tandem.isdn.q931.calls_channels import named
from tandem.isdn.q931.cause import CauseElement
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.channels import Channel, ChannelId, Service
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.indications import CallState, RestartClass, RestartIndicator
from tandem.isdn.q931.kernel import Elements, Kernel, Supervised, cause_of
from tandem.isdn.q931.messages import CallReference, Message, build
from tandem.isdn.q931.primitives import RestartConfirm, RestartIndication
from tandem.isdn.q931.timers import N316, Timer

M = MessageType

#: The peer's STATUS says that it does not know RESTART at all: its channels are taken as idle.
_NOT_KNOWN: Final = frozenset(
    {
        Cause.MESSAGE_TYPE_NON_EXISTENT_OR_NOT_IMPLEMENTED,
        Cause.MESSAGE_NOT_COMPATIBLE_WITH_CALL_STATE_OR_MESSAGE_TYPE_NON_EXISTENT_OR_NOT_IMPLEMENTED,
    }
)


class _Wanted:
    """A RESTART that is to be sent, or under way."""

    __slots__ = ("channels", "restart_class")

    def __init__(self, channels: list[Channel], restart_class: RestartClass) -> None:
        self.channels = channels
        self.restart_class = restart_class


class Restarts(Supervised):
    """The two sides of the restart procedure: what we ask for, and what the peer asks for."""

    __slots__ = ("_asked", "_kernel", "_repeats", "_waiting")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._waiting: deque[_Wanted] = deque()
        self._asked: _Wanted | None = None
        """Under way."""
        self._repeats = 0

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to be restarted."""
        return self._asked is None and not self._waiting

    @property
    def state(self) -> GlobalState:
        """State of the global call reference."""
        return GlobalState.NULL if self._asked is None else GlobalState.RESTART_REQUEST

    # What we ask for

    def channels(self, channels: Iterable[Channel], now: float) -> None:
        """Restart channels one by one; what is on them ends at once on this side (5.5.1)."""
        for channel in channels:
            if not channel.restarting:
                self._idle((channel,), "restarted")
                self._mark(channel)
                self._waiting.append(_Wanted([channel], RestartClass.INDICATED_CHANNELS))
        self.go_on(now)

    def interface(self, now: float) -> None:
        """Restart all channels in one message."""
        wanted = [channel for channel in self._kernel.channels if not channel.restarting]
        self._idle(wanted, "restarted")
        for channel in wanted:
            self._mark(channel)
        if wanted:
            self._waiting.append(_Wanted(wanted, RestartClass.ALL_INTERFACES))
        self.go_on(now)

    def failed(self, now: float) -> None:
        """Try again with the channels whose RESTART was never answered."""
        self.channels([one for one in self._kernel.channels if one.service & Service.NOT_RESTARTED], now)

    def _mark(self, channel: Channel) -> None:
        channel.restarting = True
        self._kernel.channel_state(channel)

    def go_on(self, now: float) -> None:
        """Send the next RESTART, when there is one to send and a link to send it on."""
        if self._asked is None and self._waiting and self._kernel.links.available:
            self._asked = self._waiting.popleft()
            self._repeats = 0
            self._send(now)

    def link_lost(self) -> None:
        """What is under way begins anew when the link is back."""
        if self._asked is not None:
            self._waiting.appendleft(self._asked)
            self._asked = None
            self._kernel.timers.stop((self, Timer.T316))

    def link_reset(self, now: float) -> None:
        """The link was set up anew: the RESTART under way, or its answer, may be lost and is not waited for (5.8.8)."""
        if self._asked is not None:
            self._send(now)

    def _send(self, now: float) -> None:
        kernel, wanted = self._kernel, self._asked
        if wanted is None:
            return
        elements: list[ChannelIdentification | RestartIndicator] = [RestartIndicator(wanted.restart_class)]
        if wanted.restart_class == RestartClass.INDICATED_CHANNELS:
            elements.append(kernel.identification(wanted.channels[0], exclusive=True))
        kernel.transmit(build(self._reference(False), M.RESTART, *elements))
        kernel.timers.start((self, Timer.T316), now + kernel.values[Timer.T316])

    def _reference(self, flag: bool) -> CallReference:
        return CallReference(0, flag, self._kernel.configuration.switch_type.call_reference_length)

    def expired(self, timer: Timer, now: float) -> None:
        """T316: once more, N316 times; then the channels are out of service (5.5.1). TRETRY: try again."""
        if timer is Timer.TRETRY:
            self.failed(now)
        elif self._asked is not None and self._repeats < N316:
            self._repeats += 1
            self._send(now)
        else:
            self._finish((), now)

    def acknowledged(self, message: Message, now: float) -> None:
        """RESTART ACKNOWLEDGE: the channels that it names are idle (5.5.1)."""
        wanted = self._asked
        if wanted is None:
            return
        element = message.get(ChannelIdentification)
        if element is None or not element.channels:
            self._finish([channel.id for channel in wanted.channels], now)
            return
        done = [one for one in named(self._kernel, element) if any(one == channel.id for channel in wanted.channels)]
        if done:
            self._finish(done, now)

    def status(self, message: Message, now: float) -> None:
        """STATUS with the global call reference: the peer refuses our RESTART."""
        wanted = self._asked
        state = message.get(CallState)
        if wanted is None or (state is not None and state.state == GlobalState.RESTART):
            return
        cause = cause_of(message)[0]
        self._kernel.alert(f"RESTART was answered with STATUS, cause {cause}", wanted.channels[0].id)
        self._finish([channel.id for channel in wanted.channels] if cause in _NOT_KNOWN else (), now)

    def _finish(self, done: Iterable[ChannelId], now: float) -> None:
        """The request is over: channels `done` are idle, the others out of service."""
        kernel, wanted = self._kernel, self._asked
        assert wanted is not None
        self._asked = None
        kernel.timers.stop((self, Timer.T316))
        good, bad = [], []
        for channel in wanted.channels:
            channel.restarting = False
            if channel.id in done:
                channel.service &= ~Service.NOT_RESTARTED
                good.append(channel.id)
            else:
                channel.service |= Service.NOT_RESTARTED
                bad.append(channel.id)
            kernel.channel_state(channel)
        if good:
            kernel.produced.append(RestartConfirm(tuple(good), True))
        if bad:
            kernel.alert("RESTART was not acknowledged: out of service", bad[0])
            kernel.produced.append(RestartConfirm(tuple(bad), False))
            kernel.timers.start((self, Timer.TRETRY), now + kernel.values[Timer.TRETRY])
        self.go_on(now)

    # What the peer asks for

    def asked(self, message: Message, now: float) -> None:
        """RESTART: the channels that it names become idle, and are acknowledged (5.5.2)."""
        kernel = self._kernel
        indicator = message.get(RestartIndicator)
        if indicator is None:
            return
        element = message.get(ChannelIdentification)
        restart_class = indicator.restart_class
        if restart_class == RestartClass.INDICATED_CHANNELS:
            wanted = [] if element is None else named(kernel, element)
        elif restart_class == RestartClass.SINGLE_INTERFACE:
            identifier = None if element is None else element.interface
            interface = kernel.configuration.own_interface if identifier is None else identifier
            wanted = [channel.id for channel in kernel.channels if channel.id.interface == interface]
        else:
            wanted = [channel.id for channel in kernel.channels]
        found = [channel for one in wanted if (channel := kernel.channels.get(one)) is not None]
        if not found:
            self.report(kernel.cause(Cause.IDENTIFIED_CHANNEL_DOES_NOT_EXIST))
            return
        self._idle(found, "RESTART received")
        for channel in found:
            if channel.service & Service.NOT_RESTARTED:
                channel.service &= ~Service.NOT_RESTARTED
                kernel.channel_state(channel)
        kernel.produced.append(RestartIndication(tuple([channel.id for channel in found])))
        elements: Elements = (indicator,) if element is None else (indicator, element)
        kernel.transmit(build(self._reference(True), M.RESTART_ACKNOWLEDGE, *elements))

    def report(self, cause: CauseElement) -> None:
        """STATUS with the global call reference."""
        self._kernel.transmit(build(self._reference(True), M.STATUS, cause, CallState(self.state)))

    def _idle(self, channels: Iterable[Channel], reason: str) -> None:
        """End what is on channels."""
        for channel in channels:
            if channel.call is not None:
                self._kernel.drop(channel.call, Cause.TEMPORARY_FAILURE, reason)
