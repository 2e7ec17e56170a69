"""TUP under random inputs: one exchange that a peer fills with anything, and two as sides of a duel."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from support.fuzzing import Duel
from support.tup_pair import A_CODE, B_CODE, iai, iam
from support.tup_single import ACKNOWLEDGED, Single, acknowledgement, any_message

from tandem.core.errors import EncodeError
from tandem.ss7.mtp3.primitives import StatusCause
from tandem.ss7.tup.circuits import State
from tandem.ss7.tup.codes import Group
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.configuration import GroupConfiguration
from tandem.ss7.tup.exchange import TupExchange
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.messages import GroupSupervision, InitialAddress, Message
from tandem.ss7.tup.primitives import CallStateError, Transfer
from tandem.ss7.tup.variants import Variant

CICS = (1, 2, 3, 4, 5, 6, 7)
SENT = (M.ACM, M.ACM, M.ANC, M.ANC, M.CBK, M.RAN, M.GRQ, M.GSM, M.SAM, M.SAO, M.COT, M.CCF, M.FOT, M.MPM, M.CHG)
_KINDS: tuple[dict[str, bool], ...] = ({}, {}, {"hardware": True}, {"software": True})
#: Of the peer, once it is there: every repeat of an escalated request comes within a minute.
SETTLED = 1800.0


def options(source: Random) -> dict[str, Any]:
    """Configuration of a group at random."""
    return {
        "variant": source.choice(list(Variant)),
        "overlap": source.random() < 0.3,
        "release_control": source.choice(("calling", "called", "either")),
        "request_identity": source.random() < 0.3,
        "answer_requests": source.random() < 0.7,
        "answer_without_line": source.random() < 0.5,
        "group_messages_twice": (twice := source.random() < 0.5),
        "group_messages_confirmed": twice and source.random() < 0.5,  # a peer that wants both must be sent both
        "continuity_check": source.choice((0, 0, 3)),
    }


def message_of(source: Random, variant: Variant) -> tuple[int, bytes]:
    """A message as a peer might send it: of any type, group messages of any range, or changed octets."""
    kind = source.choice([kind for kind in M if variant is Variant.CHINA or kind.group < 12])
    message = any_message(kind)
    if kind.group is Group.GRM:
        span = source.choice((0, 1, 1, 3, 6, 40, 255))
        status = None if kind is M.GRS or not span else tuple(source.random() < 0.5 for _ in range(span + 1))
        message = GroupSupervision(kind, span, status)
    elif kind in (M.IAM, M.IAI):
        message = initial(source, (1, 6, 15))
    sls, octets = CircuitMessage(source.randint(0, 8), message).encode(variant)
    if source.random() < 0.3:
        changed = bytearray(octets)
        for _ in range(source.randint(1, 3)):
            changed[source.randrange(len(changed))] = source.randrange(256)
        octets = bytes(changed[: source.randint(1, len(changed))])
    return sls, octets


def initial(source: Random, lengths: tuple[int, ...] = (1, 6, 15, 22)) -> InitialAddress:
    """An IAM or IAI with so many digits."""
    if source.random() < 0.3:
        return iai()
    digits = "".join(source.choice("0123456789") for _ in range(source.choice(lengths)))
    return iam(digits, continuity=source.choice((0, 0, 1, 2)), category=source.choice((10, 13)))


def maintain(exchange: TupExchange, source: Random, now: float) -> None:
    """Something that maintenance asks for."""
    cics = source.choice((None, [source.choice(CICS)], list(CICS[:3])))
    match source.randrange(6):
        case 0:
            exchange.block("g", cics, now, **source.choice(_KINDS))
        case 1 | 2:
            exchange.unblock("g", cics, now, **source.choice(_KINDS))
        case 3:
            exchange.reset("g", cics, now)
        case 4:
            exchange.check_continuity("g", cics, now)
        case 5:
            exchange.congestion_level = source.choice((0, 0, 1, 2))


def control(exchange: TupExchange, source: Random, now: float) -> None:
    """Something that call control asks for, whether its call allows it or not."""
    if not (calls := exchange.calls()):
        return
    call = source.choice(calls)
    if source.random() < 0.2:
        exchange.release(call, source.choice((1, 16, 17, 34, 127)), now)
        return
    with suppress(CallStateError, EncodeError):
        exchange.send(call, any_message(source.choice(SENT)), now)


def assert_free(exchange: TupExchange) -> None:
    """No call and no circuit is left."""
    assert exchange.calls() == []
    for circuit in exchange._kernel.groups["g"].circuits.values():
        assert circuit.state is State.IDLE, circuit
        assert not circuit.running, circuit
        assert (circuit.held, circuit.checks_failed, circuit.reset) == ([], 0, None), circuit


class TupFuzz:
    """One exchange, all of whose messages are random, and a peer that answers everything in the end."""

    def __init__(self, source: Random) -> None:
        self.source = source
        self.single = Single(CICS, control=source.choice(("all", "none")), reset_at_start=False, **_once(source))
        self.machine = self.single.exchange

    def step(self) -> None:
        single, source = self.single, self.source
        match source.choice(("receive",) * 12 + ("setup",) * 2 + ("wait", "tone", "maintain", "call", "call")):
            case "receive":
                sls, octets = message_of(source, single.variant)
                self.machine.receive(B_CODE, A_CODE, sls, octets, single.now)
            case "setup":
                with suppress(EncodeError):
                    self.machine.setup("g", initial(source), single.now)
            case "wait":
                single.wait(source.choice((0.1, 3, 16, 61)))
            case "tone":
                self.machine.continuity_heard("g", source.choice(CICS), single.now)
            case "maintain":
                maintain(self.machine, source, single.now)
            case "call":
                control(self.machine, source, single.now)
        single.take()

    def recover(self) -> None:
        """Calls are released, blocking is taken back, the peer answers and clears everything: nothing may be left."""
        single, exchange = self.single, self.machine
        exchange.congestion_level = 0
        for _ in range(20):
            for call in exchange.calls():
                exchange.release(call, 16, single.now)
            for kind in _KINDS[1:]:
                exchange.unblock("g", None, single.now, **kind)
            for item in single.sent():
                self._answer(item.cic, item.message)
            for cic, view in exchange.circuit_states("g").items():
                if view.state.name.startswith("IN_"):
                    single.receive(M.CLF, cic)
            self._wait(61)
        assert_free(exchange)

    def _wait(self, seconds: float) -> None:
        """Let time pass; every check tone comes back."""
        single = self.single
        end = single.now + seconds
        while (due := self.machine.next_deadline()) is not None and due <= end:
            single.wait(max(0.0, due - single.now))
            for cic in CICS:
                self.machine.continuity_heard("g", cic, single.now)
        single.now = end

    def _answer(self, cic: int, message: Message) -> None:
        if message.type in ACKNOWLEDGED:
            self.single.receive(acknowledgement(message), cic)


def _once(source: Random) -> dict[str, Any]:
    return options(source) | {"group_messages_twice": False}


class TupSide:
    """One exchange of a duel."""

    def __init__(self, own: int, peer: int, source: Random, chosen: dict[str, Any]) -> None:
        self.own, self.peer, self.source = own, peer, source
        self.variant = chosen["variant"]
        self.machine = TupExchange([GroupConfiguration("g", own, peer, CICS, **chosen)])
        self.machine.resume(peer, 0.0)

    def take(self, now: float) -> list[tuple[int, bytes]]:
        return [(output.sls, output.octets) for output in self.machine.outputs() if isinstance(output, Transfer)]

    def receive(self, channel: int, octets: bytes, now: float) -> None:
        self.machine.receive(self.peer, self.own, channel, octets, now)

    def request(self, now: float) -> None:
        exchange, source = self.machine, self.source
        match source.randrange(20):
            case 0 | 1 | 2 | 3 | 4:
                with suppress(EncodeError):
                    exchange.setup("g", initial(source), now)
            case 5 if source.random() < 0.5:
                maintain(exchange, source, now)
            case 6 | 7:
                exchange.continuity_heard("g", source.choice(CICS), now)
            case 8 if source.random() < 0.2:
                exchange.pause(self.peer, now)
            case 9 | 10:
                exchange.resume(self.peer, now)
            case 11 if source.random() < 0.3:
                exchange.status(self.peer, source.choice(list(StatusCause)), now)
            case _:
                control(exchange, source, now)

    def noise(self) -> tuple[int, bytes]:
        return message_of(self.source, self.variant)


def tup(source: Random) -> Duel:
    """Two exchanges of one variant."""
    chosen = options(source)
    return Duel([TupSide(own, peer, source, chosen) for own, peer in ((A_CODE, B_CODE), (B_CODE, A_CODE))], source)


def tup_recovers(duel: Duel) -> None:
    """Calls are released, circuits unblocked and reset, every tone comes back: nothing may be left."""
    duel.cut()

    def calm() -> None:
        for side in duel.sides:
            for call in side.machine.calls():
                side.machine.release(call, 16, duel.now)
            for cic in CICS:
                side.machine.continuity_heard("g", cic, duel.now)
        duel.drain()

    for side in duel.sides:
        side.machine.congestion_level = 0
        side.machine.resume(side.peer, duel.now)
        for kind in _KINDS[1:]:
            side.machine.unblock("g", None, duel.now, **kind)
    duel.drain()
    duel.quietly(SETTLED, 60.0, calm)
    for side in duel.sides:
        assert_free(side.machine)
