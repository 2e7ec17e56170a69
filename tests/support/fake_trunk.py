"""A trunk that does what a test tells it, and notes what call control asks of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Alerting, Number, Primitive, Progress, Release, Setup
from tandem.gateway.calls.routing import Attempt, RoutingTable
from tandem.gateway.configuration.schema import Route
from tandem.gateway.media.protocol import RtpEndpoint, TimeslotEndpoint


@dataclass(eq=False)
class FakeTrunk:
    """A trunk of circuits or of RTP legs. `asked` holds (what, half, primitive) in order."""

    name: str
    is_circuit: bool
    control: CallControl
    refusal: Release | None = None
    """What `offer` answers: None takes the call."""
    early_media: bool = True
    """Without circuits: whether progress with something to hear opens the path to the caller."""
    asked: list[tuple[str, HalfCall, object]] = field(default_factory=list)
    halves: list[HalfCall] = field(default_factory=list)
    """Outgoing half-calls, oldest first."""
    count: int = 0

    def call_in(
        self,
        called: str = "123",
        now: float = 0.0,
        setup: Setup | None = None,
        attempts: tuple[Attempt, ...] | None = None,
    ) -> HalfCall:
        """An incoming call, as an adapter reports it; with `attempts` in place of what the routes say."""
        half = HalfCall(self, incoming=True)
        self._equip(half)
        setup = setup or Setup(Number(called), Number("99"))
        if attempts is None:
            self.control.setup(half, setup, now)
        else:
            self.control.originate(half, setup, attempts, now)
        if not self.is_circuit:
            self.control.leg_opened(half, half.handle)
        return half

    def offer(self, half: HalfCall, setup: Setup, now: float) -> Release | None:
        """See Trunk."""
        self.asked.append(("offer", half, setup))
        if self.refusal is not None:
            return self.refusal
        self._equip(half)
        self.halves.append(half)
        if not self.is_circuit:
            self.control.leg_opened(half, half.handle)
        return None

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """See Trunk."""
        self.asked.append(("send", half, primitive))
        if isinstance(primitive, Alerting | Progress) and primitive.inband and self.early_media:
            half.hears_early = True

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """See Trunk."""
        self.asked.append(("release", half, release))

    def to(self, half: HalfCall) -> list[object]:
        """The primitives sent on `half`, Release included."""
        return [primitive for what, other, primitive in self.asked if other is half and what != "offer"]

    def released(self, half: HalfCall) -> Release | None:
        """The Release that was asked for `half`."""
        found = [primitive for what, other, primitive in self.asked if other is half and what == "release"]
        assert len(found) <= 1, "released twice"
        return found[0] if found else None  # type: ignore[return-value]

    def _equip(self, half: HalfCall) -> None:
        self.count += 1
        number = sum(ord(letter) for letter in self.name) * 100 + self.count
        half.handle = number
        half.reference = f"{self.name}/{self.count}"
        half.leg.protocol = "isup" if self.is_circuit else "sip"
        half.endpoint = TimeslotEndpoint(self.name, self.count) if self.is_circuit else RtpEndpoint(number)
        half.hears_early = self.is_circuit


class Exchange:
    """Call control with trunks `c1`, `c2` (circuits) and `s1`, `s2` (SIP)."""

    START = 1_700_000_000.0

    def __init__(self, *routes: Route, tones: dict[str, float] | None = None) -> None:
        table = RoutingTable(list(routes))
        self.control = CallControl(table, lambda now: self.START + now, "N", tones)
        for name in ("c1", "c2", "s1", "s2"):
            self.control.trunks[name] = FakeTrunk(name, name.startswith("c"), self.control)

    def __getitem__(self, name: str) -> FakeTrunk:
        trunk = self.control.trunks[name]
        assert isinstance(trunk, FakeTrunk)
        return trunk

    def media(self) -> list[object]:
        """The media commands since the last call."""
        commands, self.control.media_commands = self.control.media_commands, []
        return list(commands)

    def run_until(self, now: float) -> None:
        """Let every timer due until `now` expire at its time."""
        while (deadline := self.control.next_deadline()) is not None and deadline <= now:
            self.control.handle_timers(deadline)

    def close_legs(self, **statistics: float) -> None:
        """The media process reports every leg."""
        for leg in list(self.control.ledger.legs):
            self.control.leg_closed(leg, dict(statistics))
