"""Two PRIs as sides of a duel, with call controls that do anything, over a D-channel that keeps no promise."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from support.fuzzing import Duel, mutate
from support.pri_pair import channels, setup_elements
from support.pri_single import MANDATORY, M

from tandem.core.errors import EncodeError
from tandem.isdn.q931.cause import CauseElement, ProgressIndicator
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.channels import ChannelId, ChannelStatus, Service
from tandem.isdn.q931.codes import MaintenanceType
from tandem.isdn.q931.configuration import InterfaceConfiguration
from tandem.isdn.q931.indications import CallState, ChangeStatus, NotificationIndicator, RestartIndicator
from tandem.isdn.q931.interface import Interface
from tandem.isdn.q931.messages import CallReference, build
from tandem.isdn.q931.numbers import CalledPartyNumber
from tandem.isdn.q931.primitives import CallStateError, DataRequest, EstablishRequest
from tandem.isdn.q931.switch_types import SWITCH_TYPES, SwitchType
from tandem.isdn.q931.texts import CallIdentity, UserUser

TONES = ProgressIndicator(8, 2)
CHANNELS = channels(6)
#: Of the interfaces, once the line is good: RESTART repeats for six minutes, and is tried again after five.
SETTLED = 1200.0


class PriSide:
    """One interface."""

    def __init__(self, side: str, source: Random, **options: Any) -> None:
        self.source = source
        self.machine = Interface(InterfaceConfiguration("p", CHANNELS, side=side, **options))  # type: ignore[arg-type]
        self.machine.start(0.0)
        self.machine.established(0, 0.0)

    def take(self, now: float) -> list[tuple[int, bytes]]:
        packets = []
        while outputs := self.machine.outputs():
            for output in outputs:
                if isinstance(output, DataRequest):
                    packets.append((output.link, output.octets))
                elif isinstance(output, EstablishRequest) and self.source.random() < 0.8:
                    self.machine.established(output.link, now)
        return packets

    def receive(self, channel: int, octets: bytes, now: float) -> None:
        self.machine.receive(channel, octets, now)

    def request(self, now: float) -> None:
        source, machine = self.source, self.machine
        some = source.choice((None, [source.choice(CHANNELS)], list(CHANNELS[:3])))
        match source.randrange(30):
            case 0 | 1 | 2 | 3 | 4:
                long = (UserUser(source.randbytes(source.choice((5, 120)))),) if source.random() < 0.2 else ()
                digits = "12345678"[: source.randint(0, 8)]
                with suppress(EncodeError):
                    machine.setup((*setup_elements(digits, complete=source.random() < 0.5), *long), now)
            case 5 if source.random() < 0.2:
                machine.restart(some, now)
            case 6 if source.random() < 0.2:
                machine.block(some, now, hardware=source.random() < 0.3)
            case 7 | 8:
                machine.unblock(some, now, hardware=source.random() < 0.5)
            case 9 if source.random() < 0.15:
                machine.link_released(0, now)
            case 10 if source.random() < 0.3:
                machine.established(0, now)
            case 11 if source.random() < 0.3:
                with suppress(CallStateError):
                    machine.resume(b"\x01", now)
            case _:
                with suppress(CallStateError, EncodeError):
                    self._call(now)

    def _call(self, now: float) -> None:
        source, machine = self.source, self.machine
        if not (calls := machine.calls()):
            return
        call = source.choice(calls)
        elements: tuple[Any, ...]
        name, elements = source.choice(
            (
                ("proceeding", ()),
                ("alerting", ()),
                ("alerting", (TONES,)),
                ("connect", ()),
                ("connect", ()),
                ("connect_acknowledge", ()),
                ("progress", (TONES,)),
                ("information", (CalledPartyNumber("12"),)),
                ("notify", (NotificationIndicator(0),)),
                ("facility", (UserUser(bytes(source.choice((3, 300)))),)),
                ("disconnect", (CauseElement(17), TONES)),
                ("release", (CauseElement(16),)),
                ("hold", ()),
                ("retrieve", ()),
                ("enquire", None),
                ("suspend", b"\x01"),
                ("answer", None),
            )
        )
        if name == "enquire":
            machine.enquire(call, now)
        elif name == "answer":
            answers = (machine.hold_response, machine.retrieve_response, machine.suspend_response)
            source.choice((*answers, machine.resume_response))(call, source.choice((None, None, 29)), now)
        else:
            getattr(machine, name)(call, elements, now)

    def noise(self) -> tuple[int, bytes]:
        return 0, noise(self.source)


def noise(source: Random) -> bytes:
    """A message as a peer might send it, or octets that are none."""
    kind = source.choice(list(M))
    reference = CallReference(source.choice((0, 1, 2, 3, 4, 5, 99)), source.random() < 0.5)
    more = source.choice(
        (
            (),
            (ChannelIdentification.of(source.randint(1, 9), exclusive=source.random() < 0.5),),
            (CallState(source.choice((0, 3, 10, 19, 61))), CauseElement(source.choice((30, 81, 97, 101)))),
            (RestartIndicator(source.choice((0, 6, 7))), ChannelIdentification.of(1)),
            (CallIdentity(b"\x01"),),
            (TONES, CauseElement(16)),
        )
    )
    if source.random() < 0.1:
        change = (ChangeStatus(source.randrange(3)), ChannelIdentification.of(source.randint(1, 7)))
        discriminator = source.choice((3, 0x43))
        octets = build(reference, source.choice(list(MaintenanceType)), *change, discriminator=discriminator).encode()
    else:
        octets = build(reference, kind, *(source.choice((MANDATORY.get(kind, ()), more)))).encode()
    return mutate(octets, octets[::-1], source) if source.random() < 0.3 else octets


def pri(switch_type: SwitchType, source: Random) -> Duel:
    """Two ends of one switch type."""
    options: dict[str, Any] = {
        "switch_type": switch_type,
        "overlap": source.random() < 0.5,
        "minimum_digits": source.choice((1, 4)),
        "maximum_digits": source.choice((0, 6)),
        "channel_choice": source.choice(("preferred", "exclusive")),
        "hunting": source.choice(("ascending", "round-robin", "oldest-idle")),
        "longest_message": source.choice((260, 100)),
        "awards_calls": source.random() < 0.3,
    }
    return Duel([PriSide("user", source, **options), PriSide("network", source, **options)], source)


def pri_recovers(duel: Duel) -> None:
    """Calls are released, channels unblocked, the link is good: after a while nothing may be left."""
    duel.cut()

    def calm() -> None:
        for side in duel.sides:
            for call in side.machine.calls():
                side.machine.release(call, 16, duel.now)
        duel.drain()

    for side in duel.sides:
        side.machine.established(0, duel.now)
        for hardware in (False, True):
            side.machine.unblock(None, duel.now, hardware=hardware)
    duel.drain()
    duel.quietly(SETTLED, 60.0, calm)
    for side in duel.sides:
        side.machine.unblock(None, duel.now)
    for side in duel.sides:
        assert side.machine.calls() == []
        assert not side.machine._kernel.references
        assert side.machine.quiet
        for channel, (status, service, call) in side.machine.channel_states().items():
            assert (status, call) == (ChannelStatus.IDLE, None), channel
            # What the peer said of itself by invented SERVICE messages only the peer can take back.
            assert not service & ~Service.REMOTE_MAINTENANCE, (channel, service)
            assert isinstance(channel, ChannelId)


SWITCHES = tuple(SWITCH_TYPES.values())
