"""What trunks on circuits of SS7 share, whatever user part signals for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum, auto
from functools import lru_cache
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from tandem.core.enumeration import Symbol
from tandem.core.errors import DecodeError
from tandem.core.timers import Agenda, TimerTable, earliest
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.configuration.ranges import parse_ranges
from tandem.gateway.configuration.schema import ApplicationServer, Circuits, Configuration, Linkset
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import Source, TimeslotEndpoint, Tone
from tandem.gateway.notice import Notify, circuit_notice, ignore
from tandem.ss7.mtp3.label import Service, Variant, format_point_code
from tandem.ss7.mtp3.primitives import (
    PauseIndication,
    ResumeIndication,
    StatusCause,
    StatusIndication,
    TransferIndication,
    TransferRequest,
    UserIndication,
)

#: Seconds that a line fault must last, or be gone, before its circuits are blocked or unblocked: the persistence
#: that line cards apply to LOS, LFA and AIS before they report a failure (2.5 s, G.775 and G.783 practice).
PERSISTENCE = 2.5
_FAULTS = frozenset({"LOS", "LFA", "AIS", "EBER"})


class Timer(Symbol):
    """Timers of a line."""

    FAULT = auto()
    """The line has had a fault for PERSISTENCE."""
    CLEAR = auto()
    """The line has been sound for PERSISTENCE."""


class LineFaults:
    """Lines with a fault that lasts: those of short ones are left alone."""

    def __init__(self) -> None:
        self._timers: TimerTable[tuple[Timer, str]] = TimerTable()
        self._faulty: set[str] = set()

    def changed(self, span: str, alarms: Iterable[str], now: float) -> None:
        """The line `span` has these alarms from now on."""
        faulty = bool(_FAULTS.intersection(alarms))
        self._timers.stop((Timer.CLEAR if faulty else Timer.FAULT, span))
        if faulty != (span in self._faulty):
            self._timers.start((Timer.FAULT if faulty else Timer.CLEAR, span), now + PERSISTENCE)

    def settled(self, now: float) -> Iterator[tuple[str, bool]]:
        """Lines that have now been in their new state for long enough, and whether it is a fault."""
        for timer, span in self._timers.expired(now):
            faulty = timer is Timer.FAULT
            (self._faulty.add if faulty else self._faulty.discard)(span)
            yield span, faulty

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._timers.share(agenda)

    def next_deadline(self) -> float | None:
        """When `settled` has something to say."""
        return self._timers.next_deadline()

    def clear(self) -> None:
        """Forget what is waited for."""
        self._timers.clear()


class CircuitPort(Protocol):
    """A circuit group as a trunk of call control."""

    @property
    def name(self) -> str:
        """Name of the `[[trunk]]`."""
        ...

    @property
    def endpoints(self) -> Mapping[int, TimeslotEndpoint]:
        """The timeslot of each circuit, by CIC."""
        ...


class CircuitExchange(Protocol):
    """What the exchanges of the user parts have in common."""

    tells_calls: bool
    """Whether it tells of a circuit too that a call takes it, or gives it back."""

    @property
    def quiet(self) -> bool:
        """No call, and every supervision request to a reachable peer is answered."""
        ...

    def receive(self, opc: int, dpc: int, sls: int, octets: bytes, now: float) -> None:
        """MTP-TRANSFER indication."""
        ...

    def pause(self, dpc: int, now: float) -> None:
        """MTP-PAUSE."""
        ...

    def resume(self, dpc: int, now: float) -> None:
        """MTP-RESUME."""
        ...

    def status(self, dpc: int, cause: StatusCause, now: float) -> None:
        """MTP-STATUS."""
        ...

    def continuity_heard(self, group: str, cic: int, now: float) -> None:
        """The check tone came back."""
        ...

    def block(self, group: str, cics: Iterable[int] | None, now: float, *, hardware: bool = False) -> None:
        """Block circuits."""
        ...

    def unblock(self, group: str, cics: Iterable[int] | None, now: float, *, hardware: bool = False) -> None:
        """Take back `block`."""
        ...

    def shutdown(self, now: float) -> None:
        """Block every circuit for maintenance."""
        ...

    @property
    def waiting(self) -> list[Any]:
        """What `outputs` is going to return: the same list every time."""
        ...

    def outputs(self) -> list[Any]:
        """What was produced since the last call."""
        ...

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        ...

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        ...

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        ...


Port = TypeVar("Port", bound=CircuitPort)
Exchange = TypeVar("Exchange", bound=CircuitExchange)


class CircuitTrunks(Generic[Port, Exchange]):
    """One user part of a gateway: its exchange, and its circuit groups as trunks.

    What differs is left to `_handle` (an output of the exchange) and `_describe` (a message in words).
    """

    service: ClassVar[Service]
    """Whose messages these are."""
    transfer: ClassVar[type[Any]]
    """The output of the exchange that is MTP-TRANSFER request."""

    def __init__(
        self,
        exchange: Exchange,
        trunks: dict[str, Port],
        peers: Mapping[int, Variant],
        control: CallControl,
        log: Callable[[Line], None],
        trace: Callable[[Line], None] | None,
    ) -> None:
        """`log` takes lines for the operator, `trace` one line per message when messages are to be logged.

        `peers` says how the point code of each peer is written.
        """
        self.exchange = exchange
        self.trunks = trunks
        self.control = control
        self.log = log
        self._trace = trace
        self._peers = peers
        self._halves: dict[int, HalfCall] = {}
        self._notify: Notify = ignore
        self._faults = LineFaults()
        self._out_of_service = {name: set(port.endpoints) for name, port in trunks.items()}
        """Circuits that cannot carry calls now, by trunk."""
        self._word = self.service.name.lower()
        """The user part as subjects of the log name it."""
        self._choose_reports()

    @property
    def notify(self) -> Notify:
        """Takes what changes on circuits, for those who watch."""
        return self._notify

    @notify.setter
    def notify(self, notify: Notify) -> None:
        self._notify = notify
        self._choose_reports()

    def _choose_reports(self) -> None:
        """While nobody watches circuits, the exchange need not tell of each call that it takes one."""
        self.exchange.tells_calls = self._trace is not None or self._notify is not ignore

    # --- inputs

    def mtp(self, indication: UserIndication, now: float) -> None:
        """MTP level 3 has something for the user parts."""
        if isinstance(indication, TransferIndication):
            if indication.service == self.service:
                opc, sls, data = indication.opc, indication.sls, indication.data
                if self._trace is not None:
                    self._trace(self._message_line("<", opc, sls, data))
                self.exchange.receive(opc, indication.dpc, sls, data, now)
            return
        match indication:
            case PauseIndication(pc=pc):
                self.exchange.pause(pc, now)
            case ResumeIndication(pc=pc):
                self.exchange.resume(pc, now)
            case StatusIndication(pc=pc, cause=cause, service=service) if service in (None, self.service):
                self.exchange.status(pc, cause, now)

    def continuity_heard(self, endpoint: TimeslotEndpoint, now: float) -> None:
        """The check tone sent on a timeslot (Tone `continuity`) came back on it."""
        for port in self.trunks.values():
            for cic, own in port.endpoints.items():
                if own == endpoint:
                    self.exchange.continuity_heard(port.name, cic, now)

    def span_changed(self, span: str, alarms: list[str], now: float) -> None:
        """The alarms of a line changed: a lasting fault blocks its circuits (Q.764 2.8.2, Q.724 9)."""
        self._faults.changed(span, alarms, now)

    def shut_down(self, now: float) -> None:
        """Block every circuit for maintenance; calls on them go on until released."""
        self._faults.clear()
        self.exchange.shutdown(now)

    @property
    def quiet(self) -> bool:
        """No call is left, and every blocking was acknowledged or cannot be for lack of signalling."""
        return not self._halves and self.exchange.quiet

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._faults.share(agenda)
        self.exchange.share(agenda)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return earliest(self._faults.next_deadline(), self.exchange.next_deadline())

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        for span, faulty in self._faults.settled(now):
            for port in self.trunks.values():
                cics = [cic for cic, endpoint in port.endpoints.items() if endpoint.span == span]
                if cics and faulty:
                    self.exchange.block(port.name, cics, now, hardware=True)
                elif cics:
                    self.exchange.unblock(port.name, cics, now, hardware=True)
        self.exchange.handle_timers(now)

    # --- outputs

    def settle(self, now: float) -> list[TransferRequest]:
        """Act on what the exchange says; the messages for MTP."""
        requests: list[TransferRequest] = []
        exchange, transfer = self.exchange, self.transfer
        waiting = exchange.waiting
        while waiting:
            outputs = waiting[:]
            waiting.clear()
            for output in outputs:
                if isinstance(output, transfer):
                    if self._trace is not None:
                        self._trace(self._message_line(">", output.dpc, output.sls, output.octets))
                    requests.append(self._request(output))
                else:
                    self._handle(output, now)
        return requests

    def half_of(self, call: int) -> HalfCall | None:
        """The half-call of the exchange's call number `call`."""
        return self._halves.get(call)

    def trace_to(self, trace: Callable[[Line], None] | None) -> None:
        """Log every message with `trace` from now on, or none any more."""
        self._trace = trace
        self._choose_reports()

    def adopt(self, half: HalfCall, call: int, port: Port, cics: tuple[int, ...]) -> None:
        """`half` is the exchange's call number `call` on circuits `cics` from now on."""
        half.handle = call
        self._place(half, port, cics)
        half.hears_early = True
        half.leg.protocol = self._word
        self._halves[call] = half

    def part(self, half: HalfCall) -> None:
        """What `half` heard is over: its timeslots are silent."""
        if half.endpoint is not None:
            self.control.media_commands.append(Source(half.endpoint, None))
            if half.more_endpoints:
                self.control.media_commands += [Source(endpoint, None) for endpoint in half.more_endpoints]

    # --- for the user part

    def _handle(self, output: Any, now: float) -> None:
        raise NotImplementedError

    def _request(self, output: Any) -> TransferRequest:
        """A transfer of the exchange for MTP."""
        return TransferRequest(self.service, output.dpc, output.sls, output.octets, output.opc)

    def _describe(self, octets: bytes, sls: int, variant: Variant) -> str:
        """A message behind its routing label in words; DecodeError when it is none."""
        raise NotImplementedError

    @staticmethod
    def _place(half: HalfCall, port: Port, cics: tuple[int, ...]) -> None:
        half.reference = half.leg.id = f"{port.name}/{cics[0]}"
        half.endpoint = port.endpoints[cics[0]]
        half.more_endpoints = tuple([port.endpoints[cic] for cic in cics[1:]]) if len(cics) > 1 else ()

    def _moved(self, half: HalfCall, port: Port, cics: tuple[int, ...]) -> None:
        """The call goes on on other circuits."""
        self.part(half)
        self._place(half, port, cics)
        self.control.endpoint_changed(half)

    def _loop(self, group: str, cic: int, connected: bool) -> None:
        """Connect or remove the loop of a continuity check (Q.724 7)."""
        endpoint = self.trunks[group].endpoints[cic]
        self.control.media_commands.append(Source(endpoint, endpoint if connected else None))

    def _check_tone(self, group: str, cic: int, connected: bool) -> None:
        """Send the tone of a continuity check and listen for it, or end that (Q.724 7)."""
        endpoint = self.trunks[group].endpoints[cic]
        self.control.media_commands.append(Tone(endpoint, "continuity") if connected else Source(endpoint, None))

    def _congested(self, group: str, level: int) -> None:
        text = f"the peer is congested (level {level}), it is sent fewer calls for a while"
        self.log(Line("warning", "!", f"trunk {group}", text))

    def _alert(self, group: str, cic: int | None, text: str) -> None:
        subject = f"circuit {group}/{cic}" if cic is not None else f"trunk {group}" if group else self._word
        self.log(Line("warning", "!", subject, text))

    def _circuit_state(self, group: str, cic: int, text: str, usable: bool) -> None:
        """Log the circuit, and the trunk when all its circuits have come into service or the first has left it."""
        if self._trace is not None:
            self._trace(Line("debug", "=", f"circuit {group}/{cic}", text))
        if self._notify is not ignore:
            self._notify(circuit_notice(group, str(cic), text, usable))
        out = self._out_of_service[group]
        if usable == (cic not in out):
            return
        total = len(self.trunks[group].endpoints)
        if usable:
            out.discard(cic)
            if not out:
                self.log(Line("info", "=", f"trunk {group}", f"in service, {total} circuits"))
        else:
            if not out:
                self.log(Line("info", "=", f"trunk {group}", f"circuits leave service, first CIC {cic}"))
            out.add(cic)

    def _message_line(self, shape: str, point_code: int, sls: int, octets: bytes) -> Line:
        """One message as a line of the log, with the peer's point code."""
        variant = self._peers.get(point_code, Variant.ITU)
        try:
            text = self._describe(octets, sls, variant)
        except DecodeError as error:
            text = f"{octets.hex()} ({error})"
        return Line("debug", shape, f"{self._word} {format_point_code(point_code, variant)}", text)  # type: ignore[arg-type]


def other_half(half: HalfCall) -> HalfCall | None:
    """The other side of the call, None when there is none (any more)."""
    call = half.call
    other = None if call is None else call.outgoing if half is call.incoming else call.incoming
    return None if other is None or other.released else other


def carriers(configuration: Configuration) -> dict[str, Linkset | ApplicationServer]:
    """What can carry the signalling of circuits, by name."""
    found: dict[str, Linkset | ApplicationServer] = {item.name: item for item in configuration.ss7.linkset}
    return found | {server.name: server for server in configuration.ss7.m3ua}


def lay_out(runs: Iterable[Circuits], highest_cic: int) -> dict[int, TimeslotEndpoint]:
    """The timeslot of every circuit, by CIC."""
    endpoints: dict[int, TimeslotEndpoint] = {}
    for circuits in runs:
        cics = parse_ranges(circuits.cic, 0, highest_cic)
        slots = parse_ranges(circuits.timeslots, 1, 31) if circuits.timeslots else [cic % 32 for cic in cics]
        for cic, slot in zip(cics, slots, strict=True):
            endpoints[cic] = TimeslotEndpoint(circuits.span, slot)
    return endpoints


@lru_cache(256)
def state_text(status: Enum, blocking: int) -> str:
    """The coarse state and the blocking of a circuit in words."""
    word = status.name.lower().replace("_", " ")
    return f"{word}, {blocking}" if blocking else word
