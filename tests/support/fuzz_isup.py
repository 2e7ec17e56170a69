"""Two ISUP exchanges as sides of a duel, with users that do anything."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from support.fuzzing import Duel
from support.isup_fuzz import CICS, Fuzz
from support.isup_pair import A_CODE, B_CODE, iam
from support.isup_single import any_message

from tandem.core.errors import ConfigurationError, EncodeError
from tandem.ss7.isup.circuits import State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.exchange import IsupExchange
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import CallStateError, Transfer
from tandem.ss7.isup.variants import Variant
from tandem.ss7.mtp3.primitives import StatusCause

SENT = (M.ACM, M.ACM, M.ANM, M.ANM, M.CPG, M.CON, M.SUS, M.RES, M.SAM, M.INR, M.INF, M.FAC, M.USR, M.IDR)
#: Of the peer, once it is there: GRS and GRA repeat for up to 15 minutes (T22, T23 and their like).
SETTLED = 3600.0


def setup_parameters(variant: Variant, source: Random) -> list[Any]:
    """An IAM of the variant."""
    parameters = iam(medium=source.choice((3, 3, 3, 7, 8)), continuity=source.choice((0, 0, 1, 2)))
    if variant is Variant.ANSI:
        parameters = [each for each in parameters if each.code != P.TRANSMISSION_MEDIUM_REQUIREMENT]
        parameters.append(RawParameter(P.USER_SERVICE_INFORMATION, b"\x80\x90\xa2"))
    if source.random() < 0.2:  # long enough to be segmented, with a call that waits for the rest
        parameters.append(RawParameter(P.USER_TO_USER_INFORMATION, source.randbytes(source.choice((5, 129)))))
        parameters.append(RawParameter(P.ACCESS_TRANSPORT, source.randbytes(source.choice((5, 140)))))
    return parameters


class IsupSide:
    """One exchange."""

    def __init__(self, own: int, peer: int, noise: Fuzz, source: Random, **options: Any) -> None:
        self.own, self.peer, self.source = own, peer, source
        self.variant = noise.variant
        self.machine = IsupExchange([GroupConfiguration("g", own, peer, CICS, variant=self.variant, **options)])
        self.machine.resume(peer, 0.0)
        self._noise = noise

    def take(self, now: float) -> list[tuple[int, bytes]]:
        return [(output.sls, output.octets) for output in self.machine.outputs() if isinstance(output, Transfer)]

    def receive(self, channel: int, octets: bytes, now: float) -> None:
        self.machine.receive(self.peer, self.own, channel, octets, now)

    def request(self, now: float) -> None:
        exchange, source = self.machine, self.source
        cics = source.choice((None, [source.choice(CICS)], list(CICS[:3]), list(CICS)))
        match source.randrange(24):
            case 0 | 1 | 2 | 3 | 4:
                with suppress(EncodeError):
                    exchange.setup("g", setup_parameters(self.variant, source), now)
            case 5 if source.random() < 0.3:
                exchange.block("g", cics, now, hardware=source.random() < 0.3)
            case 6:
                exchange.unblock("g", cics, now, hardware=source.random() < 0.5)
            case 7 if source.random() < 0.3:
                exchange.reset("g", cics, now)
            case 8 if source.random() < 0.3:
                with suppress(ConfigurationError):  # circuits are validated in ANSI networks only
                    source.choice((exchange.query, exchange.validate, exchange.check_continuity))("g", cics, now)
            case 9:
                exchange.continuity_heard("g", source.choice(CICS), now)
            case 10 if source.random() < 0.2:
                exchange.pause(self.peer, now)
            case 11 | 12:
                exchange.resume(self.peer, now)
            case 13 if source.random() < 0.3:
                exchange.status(self.peer, source.choice(list(StatusCause)), now)
            case 14:
                exchange.congestion_level = source.choice((0, 0, 0, 1, 2))
            case _:
                self._call(now)

    def _call(self, now: float) -> None:
        exchange, source = self.machine, self.source
        if not (calls := exchange.calls()):
            return
        call, kind = source.choice(calls), source.choice(SENT)
        if source.random() < 0.2:
            exchange.release(call, source.choice((16, 17, 34, 127)), now)
            return
        with suppress(CallStateError, EncodeError):
            exchange.send(call, kind, Message.parse(any_message(kind, 1)).raw_parameters(), now)

    def noise(self) -> tuple[int, bytes]:
        return self.source.randrange(16), self._noise._message(self.source.randint(0, 8))


def isup(variant: Variant, source: Random) -> Duel:
    noise = Fuzz(source.randrange(1 << 32), 0, variant)
    options: dict[str, Any] = {
        "overlap": source.random() < 0.3,
        "role": source.choice(("transit", "end")),
        "unrecognised": source.choice(("pass-on", "discard")),
        "continuity_check": source.choice((0, 0, 3)),
        "times_suspension": True,
    }
    ends = ((A_CODE, B_CODE), (B_CODE, A_CODE))
    return Duel([IsupSide(own, peer, noise, source, **options) for own, peer in ends], source)


def isup_recovers(duel: Duel) -> None:
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
        for hardware in (False, True):
            side.machine.unblock("g", None, duel.now, hardware=hardware)
    duel.drain()
    duel.quietly(SETTLED, 60.0, calm)
    for side in duel.sides:
        side.machine.reset("g", None, duel.now)
    duel.drain()
    duel.quietly(SETTLED, 60.0, calm)
    for side in duel.sides:
        assert side.machine.calls() == []
        for circuit in side.machine._kernel.groups["g"].circuits.values():
            assert circuit.state in (State.IDLE, State.UNEQUIPPED), circuit
            assert (circuit.held, circuit.members, circuit.lead) == (None, None, None), circuit
            assert not circuit.running, circuit
