"""One exchange under random messages, requests and timers, and a peer that then answers everything."""

from __future__ import annotations

from contextlib import suppress
from random import Random

from support.isup_pair import iam
from support.isup_single import Single, any_message, status
from support.isup_vectors import captured_messages

from tandem.core.errors import EncodeError
from tandem.ss7.isup.circuits import State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import CallStateError
from tandem.ss7.isup.variants import CODINGS, Variant

CICS = (1, 2, 3, 4, 5, 6, 7)
CAPTURED = captured_messages()
#: Parameters that steer the exchange: segmentation, compatibility, codes without a name, continuity, congestion.
_TELLING = (8, 41, 56, 57, 0x96, 0x97, 16, 39)
_SENT = (M.ACM, M.ANM, M.CON, M.IDR, M.NRM, M.INR, M.SUS, M.RES)


class Fuzz:
    """Random inputs of `steps` steps, then recovery."""

    def __init__(self, seed: int, steps: int = 60, variant: Variant | None = None) -> None:
        self.random = Random(seed)
        choose = self.random.choice
        self.variant = variant or choose([Variant.ITU, Variant.ITU, Variant.ANSI, Variant.CHINA])
        self.single = Single(
            CICS,
            variant=self.variant,
            reset_at_start=False,
            overlap=choose([False, False, True]),
            role=choose(["transit", "end"]),
            unrecognised=choose(["pass-on", "discard"]),
            control=choose(["all", "none"]),
            continuity_check=choose([0, 0, 1, 2]),
            times_suspension=True,
        )
        for _ in range(steps):
            self.step()

    def step(self) -> None:
        """One random input."""
        self._step()
        self.single.take()

    def _step(self) -> None:
        single, choose = self.single, self.random.choice
        exchange, now, cic = single.exchange, single.now, choose(CICS)
        match choose(("receive",) * 12 + ("setup",) * 2 + ("wait", "tone", "check", "maintain", "call", "call")):
            case "receive":
                exchange.receive(1, 2, 0, self._message(self.random.randint(0, 8)), now)
            case "setup" if self.variant is not Variant.ANSI:
                single.setup(iam(medium=choose((3, 3, 7, 8)), continuity=choose((0, 1, 2))))
            case "wait":
                single.wait(choose((0.1, 3, 16, 301)))
            case "tone":
                exchange.continuity_heard("g", cic, now)
            case "check":
                exchange.check_continuity("g", [cic], now)
            case "maintain":
                choose((exchange.block, exchange.unblock, exchange.reset))("g", [cic], now)
            case "call" if exchange.calls():
                call, kind = choose(exchange.calls()), choose(_SENT)
                with suppress(CallStateError, EncodeError):
                    single.send(call, kind, *Message.parse(any_message(kind, 1)).raw_parameters())
                if self.random.random() < 0.2:
                    single.release(call)

    def _message(self, cic: int) -> bytes:
        source = self.random
        kind = source.choice(list(M))
        layout = CODINGS[self.variant].formats.get(int(kind))
        if layout is None or source.random() < 0.3:
            octets = bytearray(source.choice(CAPTURED))
            octets[:2] = cic.to_bytes(2, "little")
            for _ in range(source.randint(0, 3)):
                octets[source.randrange(2, len(octets))] = source.randrange(256)
            return bytes(octets)
        parameters = [RawParameter(code, source.randbytes(length)) for code, length in layout.fixed]
        parameters += [RawParameter(code, source.randbytes(source.randint(1, 8))) for code in layout.variable]
        for _ in range(source.randint(0, 4) if layout.optional is not None else 0):
            code = source.choice([*_TELLING, *(layout.optional or ())])
            first = source.choice((4, 0x96, source.randrange(256)))
            parameters.append(RawParameter(int(code), bytes([first]) + source.randbytes(source.randint(0, 6))))
        return Message.build(kind, cic, parameters, variant=self.variant).encode()

    def recover(self) -> None:
        """Calls are released, blocking is taken back, the peer answers everything: nothing may be left."""
        single = self.single
        for _ in range(14):
            for call in single.exchange.calls():
                single.release(call)
            single.exchange.unblock("g", None, single.now)
            for message in single.take():
                self._answer(message)
            self._wait(301)
        assert single.exchange.calls() == []
        for circuit in single.exchange._kernel.groups["g"].circuits.values():
            assert circuit.state in (State.IDLE, State.UNEQUIPPED), circuit
            assert not circuit.running, circuit
            assert (circuit.held, circuit.members, circuit.lead) == (None, None, None), circuit

    def _answer(self, message: Message) -> None:
        answers = {M.REL: M.RLC, M.RSC: M.RLC, M.BLO: M.BLA, M.UBL: M.UBA}
        groups = {M.CGB: M.CGBA, M.CGU: M.CGUA}
        kind = M(message.type)
        if kind in answers:
            self.single.receive(answers[kind], message.cic)
        elif kind is M.GRS:
            self.single.receive(M.GRA, message.cic, status(message.raw(P.RANGE_AND_STATUS)[0], 0))
        elif kind in groups:
            self.single.receive(groups[kind], message.cic, *message.raw_parameters())

    def _wait(self, seconds: float) -> None:
        """Let time pass; every check tone comes back."""
        single = self.single
        end = single.now + seconds
        while (due := single.exchange.next_deadline()) is not None and due <= end:
            single.now = max(single.now, due)
            single.exchange.handle_timers(single.now)
            for cic in CICS:
                single.exchange.continuity_heard("g", cic, single.now)
        single.now = end
