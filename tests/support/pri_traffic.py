"""Random calls from both ends of a PRI over a line that loses, delays and fails; then calm, and nothing may stay."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from support.pri_pair import End, Pair, channels, setup_elements

from tandem.isdn.q931.call import State
from tandem.isdn.q931.cause import CauseElement, ProgressIndicator
from tandem.isdn.q931.indications import NotificationIndicator, SendingComplete
from tandem.isdn.q931.numbers import CalledPartyNumber
from tandem.isdn.q931.primitives import (
    CallStateError,
    DisconnectIndication,
    HoldIndication,
    MoreInfoIndication,
    NumberComplete,
    Output,
    ResumeIndication,
    RetrieveIndication,
    SetupConfirm,
    SetupIndication,
    SuspendConfirm,
    SuspendIndication,
)
from tandem.isdn.q931.switch_types import SwitchType

TONES = ProgressIndicator(8, 2)


class Traffic:
    """A pair, and call controls that do anything they may."""

    def __init__(self, seed: int, switch_type: SwitchType = SwitchType.EUROISDN, **options: Any) -> None:
        self.source = source = Random(seed)
        self.busy = True
        overlap = switch_type.overlap and source.random() < 0.4
        options.setdefault("hunting", source.choice(("ascending", "descending", "round-robin", "oldest-idle")))
        self.pair = Pair(
            switch_type=switch_type,
            overlap=overlap,
            minimum_digits=3,
            maximum_digits=source.choice((0, 8)),
            channel_choice=source.choice(("preferred", "exclusive")),
            restart_at_start=source.choice(("none", "auto", "channels", "interface")),
            slot_map=source.random() < 0.2,
            b={"awards_calls": source.random() < 0.3, "hunting": options["hunting"]},
            timers={"T309": source.choice((6.0, 30.0, 90.0)), "T302": 5.0},
            start=False,
            **{"channels": channels(source.choice((1, 2, 4, 30))), **options},
        )
        self.pair.on_output = self._answer
        loss, spread = source.choice((0.0, 0.02, 0.1, 0.3)), source.choice((0.0, 0.05, 0.5))
        disorder = source.choice((0.0, 0.0, 0.1))
        self.pair.drop = lambda: source.random() < loss
        self.pair.delay = lambda: 0.005 + spread * source.random()
        self.pair.reorder = lambda: source.random() < disorder
        self.pair.start()

    def run(self, seconds: float = 120.0) -> None:
        """Traffic, faults and all."""
        end = self.pair.now + seconds
        while self.pair.now < end:
            self._step()
            self.pair.run(self.source.choice((0.0, 0.01, 0.05, 0.3, 1.0, 3.0)))

    def settle(self) -> None:
        """A good line and quiet ends, for long enough that every timer has its say."""
        pair = self.pair
        self.busy = False
        pair.drop, pair.reorder, pair.delay = (lambda: False), (lambda: False), (lambda: 0.01)
        pair.mend()
        for end in pair.ends:
            end.interface.unblock(None, pair.now)
        pair.run(400.0)
        for end in pair.ends:
            for call in [call for call in end.alive if not self._active(end, call)]:
                end.release(call, pair.now)
        pair.run(100.0)
        pair.assert_same_calls()
        for _ in range(3):
            for end in pair.ends:
                for call in list(end.alive):
                    end.release(call, pair.now)
            pair.run(400.0)
        self.pair.assert_agreed()

    def _active(self, end: End, call: int) -> bool:
        return end.interface._kernel.calls[call].state is State.ACTIVE

    def _step(self) -> None:
        pair, source = self.pair, self.source
        roll = source.random()
        if roll < 0.02:
            pair.cut()
            pair.at(source.choice((0.5, 3.0, 10.0, 20.0, 60.0)), pair.mend)
            return
        end = source.choice(pair.ends)
        if roll < 0.03:
            for link in end.links:
                link.establish(pair.now)  # the data link is reset
        elif roll < 0.035:
            end.links[0].persistent_deactivation(pair.now)
        elif roll < 0.05:
            some = [source.choice([channel.id for channel in end.pool])]
            source.choice((end.interface.restart, end.interface.block, end.interface.unblock))(some, pair.now)
        elif roll < 0.5:
            end.setup(pair.now, setup_elements("123456"[: source.randint(1, 6)], complete=source.random() < 0.5))
        else:
            self._request(end)
        pair.drain()

    def _request(self, end: End) -> None:
        source, now, interface = self.source, self.pair.now, end.interface
        open_calls = [call for call in end.alive if call not in end.released]
        if not open_calls:
            return
        call = source.choice(open_calls)
        with suppress(CallStateError):
            match source.randrange(14):
                case 0:
                    interface.proceeding(call, (), now)
                case 1 | 2:
                    interface.alerting(call, (), now)
                case 3 | 4 | 5:
                    interface.connect(call, (), now)
                case 6:
                    interface.progress(call, (TONES,), now)
                case 7:
                    self._disconnect(end, call)
                case 8:
                    interface.hold(call, (), now)
                case 9:
                    interface.retrieve(call, (), now)
                case 10:
                    interface.notify(call, (NotificationIndicator(0),), now)
                case 11:
                    interface.enquire(call, now)
                case 12 if not interface._kernel.roles.network:
                    interface.suspend(call, b"\x05", now)
                case _:
                    end.release(call, now)

    def _disconnect(self, end: End, call: int) -> None:
        if self.source.random() < 0.7:
            end.interface.disconnect(call, (CauseElement(17, 2), TONES), self.pair.now)
        else:
            end.released.add(call)
            try:
                end.interface.disconnect(call, 17, self.pair.now)
            except CallStateError:
                end.released.discard(call)

    def _answer(self, end: End, output: Output) -> None:
        """What call control does of its own accord, soon or never."""
        source, pair, interface = self.source, self.pair, end.interface
        call = getattr(output, "call", None)
        if call is None:
            return

        def later(action: Any, *arguments: Any) -> None:
            def act() -> None:
                if call in end.alive and call not in end.released:
                    with suppress(CallStateError):
                        action(call, *arguments, pair.now)
                    pair.drain()

            pair.at(source.choice((0.0, 0.01, 0.5, 2.0)), act)

        refuse = None if source.random() < 0.7 else 29
        match output:
            case SetupIndication(complete=complete) if self.busy:
                if source.random() < 0.9:
                    later(source.choice((interface.proceeding, interface.alerting, interface.connect)), ())
                elif complete:
                    pair.at(0.2, lambda: end.release(call, pair.now, 17))
            case NumberComplete():
                later(interface.alerting, ())
            case MoreInfoIndication():
                complete = (SendingComplete(),) if source.random() < 0.5 else ()
                later(interface.information, (*complete, CalledPartyNumber("789")))
            case SetupConfirm():
                if interface.configuration.awards_calls and interface._kernel.roles.network:
                    with suppress(CallStateError):
                        interface.connect_acknowledge(call, (), pair.now)
            case DisconnectIndication():
                pair.at(source.choice((0.0, 1.0, 40.0)), lambda: (end.release(call, pair.now), pair.drain()))
            case HoldIndication():
                later(interface.hold_response, refuse)
            case RetrieveIndication():
                later(interface.retrieve_response, refuse)
            case SuspendIndication():
                later(interface.suspend_response, refuse)
            case ResumeIndication():
                later(interface.resume_response, refuse)
            case SuspendConfirm():
                interface.enquire(call, pair.now)
