"""Random calls, maintenance and trouble for two TUP exchanges, and what must hold when it is over."""

from __future__ import annotations

import random
from contextlib import suppress
from functools import partial

from support.tup_pair import ACM, ANC, CBK, RAN, Pair, iai, iam

from tandem.ss7.tup.circuits import LOCAL
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.messages import GeneralRequest, MeteringPulses, Signal, SubsequentAddress
from tandem.ss7.tup.primitives import Alert, CallStateError, ContinuityTone, IncomingCall
from tandem.ss7.tup.variants import Variant


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
        cics: int = 8,
    ) -> None:
        self.random = choose = random.Random(seed)
        self.variant = choose.choice(list(Variant))
        self.pair = Pair(
            tuple(range(1, cics + 1)),
            start=False,
            variant=self.variant,
            overlap=choose.random() < 0.3,
            selection=choose.choice(["oldest-idle", "lowest"]),
            release_control=choose.choice(["calling", "called", "either"]),
            request_identity=choose.random() < 0.3,
            **choose.choice(
                (
                    {"group_messages_twice": False},
                    {"group_messages_twice": True},
                    {"group_messages_twice": True, "group_messages_confirmed": True},
                )
            ),
            reset_at_start=choose.random() < 0.8,
        )
        self.loss = loss
        self.pair.delay = lambda: choose.choice((0.005, 0.05, choose.uniform(0, 1.5)))
        self.pair.drop = lambda end, message: choose.random() < self.loss
        self.pair.on_output = self.control
        self.trouble = True
        self.pauses, self.maintenance, self.storm = pauses, maintenance, storm
        self.orderly = not (loss or pauses or maintenance)  # nothing goes wrong that would call for a reset
        self.pair.resume()

    def later(self, most, action, *arguments):
        self.pair.at(self.random.uniform(0, most), partial(action, *arguments))

    def control(self, end, output):
        """The called side: complete, answer, clear back, refuse or do nothing. The media plane: return check tones."""
        if isinstance(output, ContinuityTone) and output.connected:
            if self.orderly or not self.trouble or self.random.random() < 0.7:
                self.later(1.5, self.heard, end, output.cic)
        elif isinstance(output, IncomingCall):
            fate, call = self.random.random(), output.call
            if fate < 0.8:
                self.later(20, self.send, end, call, ACM)
                self.later(100, self.send, end, call, ANC)
                self.later(60, self.send, end, call, GeneralRequest(calling_line=True, hold=fate < 0.1))
                self.later(200, self.send, end, call, CBK)
                self.later(260, self.send, end, call, RAN)
                if self.variant is Variant.CHINA:
                    self.later(100, self.send, end, call, MeteringPulses(pulses=3))
            elif fate < 0.9:
                self.later(20, self.release, end, call, self.random.choice((1, 17, 27, 31, 34)))
            if self.random.random() < 0.5:
                self.later(300, self.release, end, call, 16)

    def send(self, end, call, message):
        with suppress(CallStateError):  # the peer may have been faster
            end.exchange.send(call, message, self.pair.now)
        self.pair.drain()

    def heard(self, end, cic):
        end.exchange.continuity_heard("g", cic, self.pair.now)
        self.pair.drain()

    def release(self, end, call, cause):
        end.release(call, self.pair.now, cause)
        self.pair.drain()

    def call(self, end):
        continuity = self.random.choice((0, 0, 0, 1, 2))
        message = iam(continuity=continuity) if continuity or self.random.random() < 0.7 else iai()
        number = end.setup(self.pair.now, message)
        self.pair.drain()
        if number is None:
            return
        if continuity == 2:
            self.later(5, self.send, end, number, Signal(M.COT if self.random.random() < 0.8 else M.CCF))
        self.later(5, self.send, end, number, SubsequentAddress("78"))
        self.later(200, self.release, end, number, 16)

    def maintain(self, end):
        cics = self.random.sample(range(1, 9), self.random.randint(1, 8))
        kind = self.random.choice(({}, {}, {"hardware": True}, {"software": True}))
        exchange, now = end.exchange, self.pair.now
        match self.random.randrange(5):
            case 0 | 1:
                exchange.block("g", cics, now, **kind)
            case 2:
                exchange.unblock("g", cics, now, **kind)
            case 3:
                exchange.reset("g", cics, now)
            case 4:
                exchange.check_continuity("g", cics, now)
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
        self.pair.run(1000)
        self.pair.settled()
        if self.orderly:
            alerts = [item for end in ends for item in end.heard if isinstance(item, Alert)]
            assert not alerts, alerts
            assert M.RSC not in [item.message.type for end in ends for item in end.sent]
        for end in ends:
            assert end.exchange.quiet
            free = [v for v in end.exchange.circuit_states("g").values() if not v.blocking]
            assert end.exchange.idle_circuits("g") == len(free)
            for circuit in end.exchange._kernel.groups["g"].circuits.values():
                assert circuit.blocking & LOCAL == circuit.wanted, circuit
                assert not circuit.running
                assert not circuit.held
                assert not circuit.checks_failed
            assert end.exchange.next_deadline() is None
