"""Random calls, maintenance and trouble for two ISUP exchanges, and what must hold when it is over."""

from __future__ import annotations

import random
from contextlib import suppress
from functools import partial

from support.isup_pair import ACM, COT_FAILURE, COT_SUCCESS, CPG, SUS_NETWORK, SUS_USER, Pair, iam

from tandem.ss7.isup.circuits import Blocking
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import Alert, CallStateError, ContinuityTone, IncomingCall

_LOCAL = Blocking.LOCAL_MAINTENANCE | Blocking.LOCAL_HARDWARE
_SAM = RawParameter(ParameterCode.SUBSEQUENT_NUMBER, b"\x00\x87")


class Traffic:
    """Random call control, maintenance and trouble at both ends of a pair."""

    def __init__(
        self,
        seed: int,
        *,
        loss: float = 0.0,
        pauses: bool = False,
        maintenance: bool = False,
        storm: bool = False,
        cics: int = 12,
    ) -> None:
        self.random = random.Random(seed)
        options = {"overlap": self.random.random() < 0.3, "selection": self.random.choice(["oldest-idle", "lowest"])}
        self.pair = Pair(tuple(range(1, cics + 1)), start=False, **options)
        self.loss = loss
        self.pair.delay = lambda: self.random.choice((0.005, 0.05, self.random.uniform(0, 3)))
        self.pair.drop = lambda end, message: self.random.random() < self.loss
        self.pair.on_output = self.control
        self.trouble = True
        self.pauses, self.maintenance, self.storm = pauses, maintenance, storm
        self.orderly = not (loss or pauses or maintenance)  # nothing goes wrong that would call for a reset
        self.pair.resume()

    def later(self, most, action, *arguments):
        self.pair.at(self.random.uniform(0, most), partial(action, *arguments))

    def control(self, end, output):
        """The called side: complete, answer, suspend, refuse or do nothing. The media plane: return check tones."""
        if isinstance(output, ContinuityTone) and output.connected:
            if self.orderly or not self.trouble or self.random.random() < 0.7:
                self.later(1.5, self.heard, end, output.cic)
            return
        if isinstance(output, IncomingCall):
            fate = self.random.random()
            if fate < 0.7:
                self.later(20, self.send, end, output.call, M.ACM, ACM)
                self.later(60, self.send, end, output.call, M.CPG, CPG)
                self.later(100, self.send, end, output.call, M.ANM, [])
                self.later(200, self.send, end, output.call, M.SUS, self.random.choice((SUS_USER, SUS_NETWORK)))
            elif fate < 0.8:
                self.later(20, self.send, end, output.call, M.CON, ACM)
            elif fate < 0.9:
                self.later(20, self.release, end, output.call, 17)
            if self.random.random() < 0.5:
                self.later(300, self.release, end, output.call, 16)

    def send(self, end, call, message_type, parameters):
        with suppress(CallStateError):  # the peer may have been faster
            end.exchange.send(call, message_type, parameters, self.pair.now)
        self.pair.drain()

    def heard(self, end, cic):
        end.exchange.continuity_heard("g", cic, self.pair.now)
        self.pair.drain()

    def release(self, end, call, cause):
        end.release(call, self.pair.now, cause)
        self.pair.drain()

    def call(self, end):
        continuity = self.random.choice((0, 0, 0, 1, 2))
        medium = self.random.choice((3, 3, 3, 3, 7, 8))  # 2 or 6 circuits now and then
        number = end.setup(self.pair.now, iam(continuity=continuity, medium=medium))
        self.pair.drain()
        if number is None:
            return
        if continuity == 2:
            result = COT_SUCCESS if self.random.random() < 0.8 else COT_FAILURE
            self.later(5, self.send, end, number, M.COT, result)
        self.later(5, self.send, end, number, M.SAM, [_SAM])
        self.later(200, self.release, end, number, 16)

    def maintain(self, end):
        cics = self.random.sample(range(1, 13), self.random.randint(1, 12))
        hardware = self.random.random() < 0.3
        exchange, now = end.exchange, self.pair.now
        match self.random.randrange(4):
            case 0 | 1:
                exchange.block("g", cics, now, hardware=hardware)
            case 2:
                exchange.unblock("g", cics, now, hardware=hardware)
            case 3:
                exchange.reset("g", cics, now)
        self.pair.drain()

    def fail(self):
        self.pair.pause()
        self.pair.at(self.random.choice((0.5, 20, 400)), self.pair.resume)

    def run(self, seconds=600):
        ends = (self.pair.a, self.pair.b)
        for _ in range(40):
            self.later(seconds, self.call, self.random.choice(ends))
        if self.storm:
            for _ in range(6):
                moment = self.random.uniform(0, seconds)
                for end in ends * 6:
                    self.pair.at(moment + self.random.uniform(0, 0.02), partial(self.call, end))
        if self.maintenance:
            for _ in range(12):
                self.later(seconds, self.maintain, self.random.choice(ends))
        if self.pauses:
            for _ in range(3):
                self.later(seconds, self.fail)
        self.pair.run(seconds)
        self.loss, self.trouble = 0.0, False
        self.pair.run(500)  # the network heals; calls still up end by their timers or below
        for end in ends:
            for call in list(end.alive):
                self.release(end, call, 16)
        self.pair.run(2000)
        self.pair.assert_agreed()
        if self.orderly:
            assert not [item for end in ends for item in end.heard if isinstance(item, Alert)]
            # A release that crosses dual seizure with a call of several circuits may leave one to be reset.
            assert self.storm or M.RSC not in [message.type for end in ends for message in end.sent]
        for end in ends:
            assert end.exchange.quiet
            free = [v for v in end.exchange.circuit_states("g").values() if not v.blocking]
            assert end.exchange.idle_circuits("g") == len(free)
            for circuit in end.exchange._kernel.groups["g"].circuits.values():
                assert circuit.blocking & _LOCAL == circuit.wanted, circuit
                assert not circuit.running
            assert end.exchange.next_deadline() is None
