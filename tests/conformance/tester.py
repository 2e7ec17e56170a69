"""The protocol tester of Q.781: plays the far end of one signalling link under a virtual clock."""

from __future__ import annotations

from tandem.ss7.mtp2.configuration import LinkConfiguration
from tandem.ss7.mtp2.link import SignallingLink
from tandem.ss7.mtp2.primitives import (
    LinkInService,
    LinkOutOfService,
    LinkState,
    MessageReceived,
    RemoteProcessorOutage,
    RemoteProcessorRecovered,
    SendUnits,
)
from tandem.ss7.mtp2.units import BASIC, Status, Unit, UnitKind, decode_unit

NAMES = {
    LinkInService: "in service",
    LinkOutOfService: "out of service",
    RemoteProcessorOutage: "remote processor outage",
    RemoteProcessorRecovered: "remote processor recovered",
}


class Tester:
    """`link` is the implementation under test."""

    def __init__(self, **changes: object) -> None:
        self.link = SignallingLink(LinkConfiguration(**changes))  # type: ignore[arg-type]
        self.now = 0.0
        self.told: list[str] = []
        """What level 3 was told."""
        self.messages: list[bytes] = []
        """What level 3 received."""
        self.units: list[Unit] = []
        """Every unit that the link queued or gave as the one to repeat, in order."""
        self.fill: Unit | None = None
        self.fsn, self.bsn, self.fib, self.bib = 127, 127, 1, 1
        self._drain()

    # The implementation's level 3

    def order(self, name: str, *arguments: object) -> None:
        """Call a request of level 3."""
        getattr(self.link, name)(*arguments, self.now)
        self._drain()

    def send_msu(self, count: int = 1) -> None:
        for number in range(count):
            self.order("send", bytes((0x85, 0, number)))

    # The line

    def hear(self, *names: str) -> None:
        """The tester sends LSSUs by name, and FISUs."""
        for name in names:
            if name == "FISU":
                self.raw(BASIC.header(self.bsn, self.bib, self.fsn, self.fib, 0))
            else:
                status = Status[name] if name in Status.__members__ else int(name)
                self.raw(BASIC.header(self.bsn, self.bib, self.fsn, self.fib, 1) + bytes((status,)))

    def msu(self, count: int = 1, fsn: int | None = None, length: int = 3) -> None:
        """The tester sends the next messages, or one with a number of its own choice."""
        for _ in range(count):
            number = (self.fsn + 1) & 127 if fsn is None else fsn
            if fsn is None:
                self.fsn = number
            body = bytes((0x85, 1)) + bytes([number]) * (length - 2)
            self.raw(BASIC.header(self.bsn, self.bib, number, self.fib, len(body)) + body)

    def raw(self, unit: bytes) -> None:
        self.link.receive([unit], self.now)
        self._drain()

    def acknowledge(self) -> None:
        """The tester accepts what was sent so far and says so."""
        self.bsn = [unit.fsn for unit in self.units if unit.kind is UnitKind.MSU][-1]
        self.hear("FISU")

    def count(self, good: int, errored: int, octets: int = 0) -> None:
        """So many units were received, good and with errors."""
        self.link.monitor(good, errored, octets, self.now)
        self._drain()

    # Time and results

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.link.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.link.handle_timers(self.now)
            self._drain()
        self.now = end

    @property
    def sending(self) -> str:
        """The unit that the link repeats."""
        assert self.fill is not None
        return Status(self.fill.status).name if self.fill.kind is UnitKind.LSSU else self.fill.kind.value

    def names(self, since: int = 0) -> list[str]:
        """Kinds of the units sent, without immediate repeats."""
        found: list[str] = []
        for unit in self.units[since:]:
            name = Status(unit.status).name if unit.kind is UnitKind.LSSU else unit.kind.value
            if not found or found[-1] != name:
                found.append(name)
        return found

    def numbers(self, since: int = 0) -> list[int]:
        """FSNs of the messages sent, repeats included."""
        return [unit.fsn for unit in self.units[since:] if unit.kind is UnitKind.MSU]

    @property
    def state(self) -> LinkState:
        return self.link.state

    def _drain(self) -> None:
        for output in self.link.outputs():
            if isinstance(output, SendUnits):
                self.units += [decode_unit(unit) for unit in output.units]
                if output.fill is not None:
                    self.fill = decode_unit(output.fill)
                    self.units.append(self.fill)
            elif isinstance(output, MessageReceived):
                self.messages.append(output.msu)
            else:
                self.told.append(NAMES.get(type(output), type(output).__name__))

    # Preambles

    def aligned(self, mine: str = "SIN") -> Tester:
        """Bring the link to the end of proving: aligned ready, or not ready after local processor outage."""
        self.order("start")
        self.hear("SIO", mine)
        self.wait(0.5 if "SIE" in (mine, self.sending) else 8.2)
        return self

    def in_service(self) -> Tester:
        self.aligned()
        self.hear("FISU")
        assert self.told == ["in service"]
        self.told.clear()
        return self


def with_outage() -> Tester:
    """A link aligned not ready: proved, with processor outage at our end."""
    t = Tester()
    t.order("local_processor_outage")
    t.aligned()
    assert (t.sending, t.state) == ("SIPO", LinkState.ALIGNED_NOT_READY)
    return t
