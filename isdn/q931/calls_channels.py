"""Which B-channel a call gets: Q.931 5.1.2 (calls we make), 5.2.3 (calls we receive), 5.7 (collisions)."""

from __future__ import annotations

from tandem.core.cause import Cause
from tandem.isdn.q931.call import Call
from tandem.isdn.q931.channel import ChannelIdentification, ChannelType, Selection
from tandem.isdn.q931.channels import LOCAL, Channel, ChannelId, Service
from tandem.isdn.q931.kernel import Kernel
from tandem.isdn.q931.messages import Message
from tandem.isdn.q931.primitives import ChannelChanged


def named(kernel: Kernel, element: ChannelIdentification) -> list[ChannelId]:
    """The channels that an element names."""
    interface = kernel.configuration.own_interface if element.interface is None else element.interface
    return [ChannelId(interface, number) for number in element.channels]


def choose(kernel: Kernel, message: Message) -> Channel | Cause:
    """The channel for a SETUP or RESUME that came, or the cause to refuse it with (Q.931 5.2.3.1)."""
    element = message.get(ChannelIdentification)
    if element is None:
        return kernel.channels.hunt() or Cause.NO_CIRCUIT_CHANNEL_AVAILABLE
    if element.d_channel or element.channel_type != ChannelType.B:
        return Cause.CHANNEL_TYPE_NOT_IMPLEMENTED
    wanted = named(kernel, element)
    if element.selection == Selection.NONE:
        return Cause.NO_CIRCUIT_CHANNEL_AVAILABLE  # a call that waits (5.2.3.1): not offered on a primary rate line
    if element.selection == Selection.ANY or not wanted:
        return kernel.channels.hunt(interface=element.interface) or Cause.NO_CIRCUIT_CHANNEL_AVAILABLE
    if len(wanted) > 1:
        return Cause.BEARER_CAPABILITY_NOT_IMPLEMENTED
    channel = kernel.channels.get(wanted[0])
    if channel is not None and (channel.acceptable or _loses(kernel, channel)):
        return channel
    if element.exclusive:
        missing = Cause.IDENTIFIED_CHANNEL_DOES_NOT_EXIST
        return missing if channel is None else Cause.REQUESTED_CIRCUIT_CHANNEL_NOT_AVAILABLE
    return kernel.channels.hunt() or Cause.NO_CIRCUIT_CHANNEL_AVAILABLE


def _loses(kernel: Kernel, channel: Channel) -> bool:
    """Whether a call of ours that asks for the channel has to give way to one of the peer's: collision, 5.7."""
    return not kernel.priority and _tentative(channel.call) and not channel.restarting and not channel.service & LOCAL


def _tentative(call: Call | None) -> bool:
    """Whether a call has asked for its channel and was not answered yet."""
    return call is not None and call.outgoing and not call.agreed


def give(kernel: Kernel, call: Call, channel: Channel) -> None:
    """`call` has the channel; one of ours that has merely asked for it waits for the peer's word."""
    loser = channel.call
    if loser is not None:
        loser.channel = None
        kernel.deliver(loser, ChannelChanged(loser.number, channel.id, None))
    if channel.service & Service.NOT_RESTARTED:
        channel.service &= ~Service.NOT_RESTARTED  # the peer uses it: it is in service
        kernel.channel_state(channel)
    call.channel = channel
    kernel.channels.take(channel, call)


def settle(kernel: Kernel, call: Call, message: Message) -> bool:
    """Take the channel from the peer's first answer to SETUP; False when it will not do (cause 6)."""
    if call.agreed:
        return True
    element = message.get(ChannelIdentification)
    wanted = [] if element is None or element.selection != Selection.INDICATED else named(kernel, element)
    if not wanted:
        call.agreed = call.channel is not None
        return call.agreed
    old = call.channel
    if len(wanted) != 1:
        return False
    if old is None or old.id != wanted[0]:
        channel = kernel.channels.get(wanted[0])
        # An answer beats what we have merely asked for: the peer will find that channel busy, and say so.
        if channel is None or not (channel.acceptable or _free_but_asked_for(channel)):
            return False
        if old is not None:
            kernel.channels.leave(old)
        give(kernel, call, channel)
        kernel.deliver(call, ChannelChanged(call.number, None if old is None else old.id, channel.id))
    call.agreed = True
    return True


def _free_but_asked_for(channel: Channel) -> bool:
    return _tentative(channel.call) and not channel.restarting and not channel.service & LOCAL


def answer(kernel: Kernel, call: Call) -> tuple[ChannelIdentification, ...]:
    """The channel identification of our first answer to a SETUP; nothing afterwards."""
    if call.agreed or call.channel is None:
        return ()
    call.agreed = True
    return (kernel.identification(call.channel, exclusive=True),)
