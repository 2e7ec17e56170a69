"""The peer as a whole: is its user part there, is the way to it congested; Q.764 (12/1999) 2.10, 2.13, 2.14."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tandem.ss7.circuits.reduction import STEPS
from tandem.ss7.isup.circuits import Peer
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.kernel import Kernel
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.primitives import Alert, Congested, Transfer
from tandem.ss7.isup.timers import Timer
from tandem.ss7.mtp3.primitives import StatusCause

M = MessageType


def status(kernel: Kernel, peer: Peer, cause: StatusCause, now: float) -> None:
    """MTP-STATUS about a peer."""
    if cause is StatusCause.CONGESTION:
        _congested(kernel, peer, now)
        return
    if peer.user_part_available:
        peer.user_part_available = False
        _alert(kernel, peer, f"no new calls: {cause.value}")
    # An unequipped user part will not come by itself, but a test costs one message in T4 and saves a visit.
    if not kernel.timers.is_running((peer, Timer.T4)):
        _test(kernel, peer, now)


def available_again(kernel: Kernel, peer: Peer) -> None:
    """A message of the user part came, or the way to the peer was restored: T4 ends, Q.764 2.14."""
    kernel.timers.stop((peer, Timer.T4))
    if not peer.user_part_available:
        peer.user_part_available = True
        _alert(kernel, peer, "user part available")


def user_part_test(kernel: Kernel, peer: Peer, message: Message, sls: int) -> None:
    """UPT is answered with UPA; UPA needs no more than having come."""
    if message.type == M.UPT:
        _send(kernel, peer, Message.build(M.UPA, message.cic, variant=peer.groups[0].variant), sls)


def _congested(kernel: Kernel, peer: Peer, now: float) -> None:
    """Reduce traffic by one step, unless this is the same congestion still (T29)."""
    if kernel.timers.is_running((peer, Timer.T29)):
        return
    values = peer.groups[0].timers
    peer.congestion = min(STEPS, peer.congestion + 1)
    kernel.timers.start((peer, Timer.T29), now + values[Timer.T29])
    kernel.timers.start((peer, Timer.T30), now + values[Timer.T30])


def congested(kernel: Kernel, peer: Peer, release: Message, now: float) -> None:
    """REL with an automatic congestion level: send the peer fewer calls for a while, Q.764 2.11.

    How far traffic is reduced is left to the network; here level 2 takes twice as much as level 1, restored by T30.
    """
    octets = release.firsts.get(ParameterCode.AUTOMATIC_CONGESTION_LEVEL)
    if not octets or octets[0] not in (1, 2):
        return
    level = octets[0]
    if peer.congestion < level:
        peer.congestion = level
    kernel.timers.start((peer, Timer.T30), now + peer.groups[0].timers[Timer.T30])
    for group in peer.groups:
        kernel.produced.append(Congested(group.name, level))


def _restore(kernel: Kernel, peer: Peer, now: float) -> None:
    """T30: one step more traffic."""
    peer.congestion -= 1
    if peer.congestion:
        kernel.timers.start((peer, Timer.T30), now + peer.groups[0].timers[Timer.T30])


def _test(kernel: Kernel, peer: Peer, now: float) -> None:
    """UPT, and again every T4 until something is heard."""
    group = peer.groups[0]
    circuit = next(iter(group.circuits.values()))
    _send(kernel, peer, Message.build(M.UPT, circuit.cic, variant=group.variant), circuit.sls)
    kernel.timers.start((peer, Timer.T4), now + group.timers[Timer.T4])


def _ignore(kernel: Kernel, peer: Peer, now: float) -> None:
    """T29: nothing to do, its running was what mattered."""


def _send(kernel: Kernel, peer: Peer, message: Message, sls: int) -> None:
    kernel.produced.append(Transfer(peer.own_point_code, peer.point_code, sls, message.encode()))


def _alert(kernel: Kernel, peer: Peer, text: str) -> None:
    for group in peer.groups:
        kernel.produced.append(Alert(group.name, None, text))


#: What the timers of a peer do.
TIMERS: Final[dict[Timer, Callable[[Kernel, Peer, float], None]]] = {
    Timer.T4: _test,
    Timer.T29: _ignore,
    Timer.T30: _restore,
}
