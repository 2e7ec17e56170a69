"""SERVICE and its answer, by which North American switches take B-channels out of service; AT&T TR 41459, NI-2."""

from __future__ import annotations

from collections.abc import Iterable

from tandem.isdn.q931.calls_channels import named
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.channels import LOCAL, Channel, ChannelId, Service
from tandem.isdn.q931.codes import MaintenanceType, maintenance_type
from tandem.isdn.q931.indications import ChangeStatus, ServiceState
from tandem.isdn.q931.kernel import Kernel, Supervised
from tandem.isdn.q931.messages import CallReference, Message, build
from tandem.isdn.q931.timers import NSERVICE, Timer


class Announcement(Supervised):
    """A SERVICE for one channel that waits for its answer."""

    __slots__ = ("channel", "repeats")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.repeats = 0


class Services:
    """What both sides say of their channels."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._discriminator = kernel.configuration.switch_type.service_discriminator
        self._asked: dict[ChannelId, Announcement] = {}

    @property
    def quiet(self) -> bool:
        """Whether every SERVICE is answered."""
        return not self._asked

    def tell(self, channels: Iterable[Channel], now: float) -> None:
        """Tell the peer whether channels are in service; where the switch type has no SERVICE, nothing is sent."""
        if self._discriminator is None:
            return
        for channel in channels:
            asked = self._asked[channel.id] = self._asked.get(channel.id) or Announcement(channel)
            asked.repeats = 0
            self._send(asked, now)

    def _send(self, asked: Announcement, now: float) -> None:
        kernel, channel, kind = self._kernel, asked.channel, self._kernel.configuration.switch_type.service_type
        if kind is None or self._discriminator is None or not kernel.links.available:
            return
        state = ServiceState.OUT_OF_SERVICE if channel.service & LOCAL else ServiceState.IN_SERVICE
        elements = (ChangeStatus(state), kernel.identification(channel, exclusive=False))
        length = kernel.configuration.switch_type.call_reference_length
        reference = CallReference(0, length=length)
        kernel.transmit(build(reference, kind, *elements, discriminator=self._discriminator))
        kernel.timers.start((asked, Timer.TSERVICE), now + kernel.values[Timer.TSERVICE])

    def expired(self, asked: Announcement, now: float) -> None:
        """TSERVICE: say it again; then maintenance has to know."""
        if asked.repeats < NSERVICE:
            asked.repeats += 1
            self._send(asked, now)
            return
        self._asked.pop(asked.channel.id, None)
        self._kernel.alert("SERVICE was not answered", asked.channel.id)

    def link_lost(self) -> None:
        """Nothing is awaited while there is no link."""
        for asked in self._asked.values():
            self._kernel.timers.stop((asked, Timer.TSERVICE))

    def link_reset(self, now: float) -> None:
        """The link was set up anew: what was not answered is said again, for it may be lost."""
        for asked in self._asked.values():
            self._send(asked, now)

    def link_restored(self, now: float) -> None:
        """Say again what was not answered, and what is out of service: the peer may have forgotten."""
        blocked = [channel for channel in self._kernel.channels if channel.service & LOCAL]
        self.tell({asked.channel: None for asked in self._asked.values()} | dict.fromkeys(blocked), now)

    def received(self, message: Message, now: float) -> None:
        """SERVICE: take note and acknowledge. SERVICE ACKNOWLEDGE: the peer has taken note."""
        kernel = self._kernel
        kind = maintenance_type(message.discriminator, int(message.type))
        element, change = message.get(ChannelIdentification), message.get(ChangeStatus)
        if kind is None or element is None or change is None or message.discriminator != self._discriminator:
            return
        channels = [channel for one in named(kernel, element) if (channel := kernel.channels.get(one)) is not None]
        if kind is MaintenanceType.SERVICE_ACKNOWLEDGE:
            for channel in channels:
                asked = self._asked.pop(channel.id, None)
                if asked is not None:
                    kernel.timers.stop((asked, Timer.TSERVICE))
            return
        for channel in channels:
            if change.status == ServiceState.IN_SERVICE:
                channel.service &= ~Service.REMOTE_MAINTENANCE
            else:
                channel.service |= Service.REMOTE_MAINTENANCE
            kernel.channel_state(channel)
        kernel.transmit(
            build(
                message.call_reference.reply(),
                int(message.type) ^ 0x08,
                change,
                element,
                discriminator=message.discriminator,
            )
        )
