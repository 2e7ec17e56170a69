"""Congestion of the network and of the peer, and a peer whose TUP is not there: MTP-STATUS, ACC (Q.722, Q.724)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tandem.ss7.circuits.reduction import STEPS
from tandem.ss7.mtp3.primitives import StatusCause
from tandem.ss7.tup.circuits import Circuit, Peer
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.kernel import Kernel, MessageAction
from tandem.ss7.tup.messages import AutomaticCongestion, Message
from tandem.ss7.tup.primitives import Alert, Congested
from tandem.ss7.tup.timers import Timer


def status(kernel: Kernel, peer: Peer, cause: StatusCause, now: float) -> None:
    """MTP-STATUS about a peer."""
    if cause is StatusCause.CONGESTION:
        _network_congested(kernel, peer, now)
        return
    if peer.user_part_available:
        peer.user_part_available = False
        _alert(kernel, peer, f"no new calls: {cause.value}")
    # TUP has no test message (Q.764 has UPT): after a while calls are tried again, and may fail again.
    kernel.timers.start((peer, Timer.USER_PART), now + peer.groups[0].timers[Timer.USER_PART])


def available_again(kernel: Kernel, peer: Peer) -> None:
    """A message of the user part came, or the way to the peer was restored."""
    kernel.timers.stop((peer, Timer.USER_PART))
    if not peer.user_part_available:
        peer.user_part_available = True
        _alert(kernel, peer, "user part available")


def _network_congested(kernel: Kernel, peer: Peer, now: float) -> None:
    """Reduce traffic by one step, unless this is the same congestion still (CONGESTION)."""
    if kernel.timers.is_running((peer, Timer.CONGESTION)):
        return
    values = peer.groups[0].timers
    peer.congestion = min(STEPS, peer.congestion + 1)
    kernel.timers.start((peer, Timer.CONGESTION), now + values[Timer.CONGESTION])
    kernel.timers.start((peer, Timer.RESTORE), now + values[Timer.RESTORE])


def _peer_congested(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """ACC: send the peer fewer calls for a while.

    How far traffic is reduced is left to the network; here level 2 takes twice as much as level 1.
    """
    assert isinstance(message, AutomaticCongestion)  # the decoder makes nothing else of this type
    peer, level = circuit.peer, message.level
    if level not in (1, 2):
        return
    peer.congestion = max(peer.congestion, level)
    kernel.timers.start((peer, Timer.RESTORE), now + peer.groups[0].timers[Timer.RESTORE])
    for group in peer.groups:
        kernel.produced.append(Congested(group.name, level))


def _restore(kernel: Kernel, peer: Peer, now: float) -> None:
    """RESTORE: one step more traffic."""
    peer.congestion -= 1
    if peer.congestion:
        kernel.timers.start((peer, Timer.RESTORE), now + peer.groups[0].timers[Timer.RESTORE])


def _try_again(kernel: Kernel, peer: Peer, now: float) -> None:
    """USER_PART."""
    available_again(kernel, peer)


def _ignore(kernel: Kernel, peer: Peer, now: float) -> None:
    """CONGESTION: nothing to do, its running was what mattered."""


def _alert(kernel: Kernel, peer: Peer, text: str) -> None:
    for group in peer.groups:
        kernel.produced.append(Alert(group.name, None, text))


#: What a message of congestion does, whatever the state of its circuit.
MESSAGES: Final[dict[MessageType, MessageAction]] = {MessageType.ACC: _peer_congested}

#: What the timers of a peer do.
TIMERS: Final[dict[Timer, Callable[[Kernel, Peer, float], None]]] = {
    Timer.CONGESTION: _ignore,
    Timer.RESTORE: _restore,
    Timer.USER_PART: _try_again,
}
