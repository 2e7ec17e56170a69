"""Group blocking and unblocking for maintenance, hardware and software, by us and by the peer: Q.724 (1988) 9."""

from __future__ import annotations

from typing import Final, NamedTuple

from tandem.ss7.tup.blocking import interrupt, leave_blocked, reconcile
from tandem.ss7.tup.circuits import Blocking, Call, Circuit
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.kernel import Kernel, MessageAction
from tandem.ss7.tup.messages import GroupSupervision, Message
from tandem.ss7.tup.requests import chosen, finish, with_status
from tandem.ss7.tup.timers import Timer

M = MessageType


class Kind(NamedTuple):
    """What a group message of the peer means."""

    answer: MessageType
    flag: Blocking
    block: bool


KINDS: Final[dict[MessageType, Kind]] = {
    M.MGB: Kind(M.MBA, Blocking.REMOTE_MAINTENANCE, True),
    M.MGU: Kind(M.MUA, Blocking.REMOTE_MAINTENANCE, False),
    M.HGB: Kind(M.HBA, Blocking.REMOTE_HARDWARE, True),
    M.HGU: Kind(M.HUA, Blocking.REMOTE_HARDWARE, False),
    M.SGB: Kind(M.SBA, Blocking.REMOTE_SOFTWARE, True),
    M.SGU: Kind(M.SUA, Blocking.REMOTE_SOFTWARE, False),
}

#: Acknowledgements of unblocking, and what they take away.
_UNBLOCKED: Final = {
    M.MUA: Blocking.LOCAL_MAINTENANCE,
    M.HUA: Blocking.LOCAL_HARDWARE,
    M.SUA: Blocking.LOCAL_SOFTWARE,
}


#: Group messages remembered until they come again.
_MOST_ONCE: Final = 64


def counts(circuit: Circuit, message: GroupSupervision, now: float) -> bool:
    """Whether a group message is to be acted on: at once, or when it comes a second time within GROUP_SECOND."""
    if not circuit.group.configuration.group_messages_confirmed:
        return True
    peer = circuit.peer
    peer.once = [item for item in peer.once if item[0] >= now]
    for item in peer.once:
        if item[1:] == (circuit.cic, message):
            peer.once.remove(item)
            return True
    del peer.once[:-_MOST_ONCE]
    peer.once.append((now + circuit.group.timers[Timer.GROUP_SECOND], circuit.cic, message))
    return False


def _received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """MGB, MGU, HGB, HGU, SGB, SGU: the acknowledgement tells the circuits that we have."""
    assert isinstance(message, GroupSupervision)  # the decoder makes nothing else of these types
    if not counts(circuit, message, now):
        return
    kind = KINDS[M(message.type)]
    peer = circuit.peer
    circuits = [peer.circuits[cic] for cic in chosen(circuit.cic, message) if cic in peer.circuits]
    calls: list[Call | None] = []
    for item in circuits:
        kernel.set_blocking(item, item.blocking | kind.flag if kind.block else item.blocking & ~kind.flag)
        if kind.block and kind.flag is not Blocking.REMOTE_MAINTENANCE:
            calls.append(interrupt(kernel, item, "circuit blocked for a failure by the peer"))
    kernel.transmit(circuit, with_status(kind.answer, circuit.cic, message.range, [item.cic for item in circuits]))
    if kind.block and kind.flag is Blocking.REMOTE_MAINTENANCE:
        for item in circuits:
            leave_blocked(kernel, item, now)
    for call in calls:
        kernel.attempt_again(call, now, "circuit blocked for a failure by the peer")


def _answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """MBA, MUA, HBA, HUA, SBA, SUA: must confirm every circuit asked for, else maintenance is told."""
    assert isinstance(message, GroupSupervision)  # the decoder makes nothing else of these types
    answer = M(message.type)
    procedure = circuit.peer.procedures.get((answer, circuit.cic, message.range))
    if procedure is None:
        return
    confirmed = set(chosen(circuit.cic, message))
    circuits = list(procedure.circuits.values())
    finish(kernel, procedure)
    for item in circuits:
        if item.cic not in confirmed:
            kernel.alert(item, f"{procedure.request.name} was not confirmed for this circuit")
        elif answer in _UNBLOCKED:
            kernel.set_blocking(item, item.blocking & ~_UNBLOCKED[answer])
    # A circuit that was not confirmed is left as it is; asking again at once would only repeat the refusal.
    reconcile(kernel, [item for item in circuits if item.cic in confirmed], now)


#: What a group blocking message does, whatever the call processing state of its circuits.
MESSAGES: Final[dict[MessageType, MessageAction]] = {
    **dict.fromkeys(KINDS, _received),
    **{kind.answer: _answered for kind in KINDS.values()},
}
