"""ISUP trunks: circuits as half-calls."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from tandem.core.cause import Cause, Location
from tandem.core.timers import TimerTable
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Information, Nature, Primitive, Release, Setup
from tandem.gateway.configuration.check_ss7 import highest_cic, reached_point_codes
from tandem.gateway.configuration.ranges import parse_ranges
from tandem.gateway.configuration.schema import ApplicationServer, Configuration, IsupTrunk, Linkset
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import Source, TimeslotEndpoint, Tone
from tandem.gateway.trunks import isup_mapping as mapping
from tandem.gateway.trunks.isup_information import answer
from tandem.gateway.trunks.isup_transit import pass_on
from tandem.ss7.isup.adaptation import has_type
from tandem.ss7.isup.circuits import Blocking, CircuitStatus
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.exchange import IsupExchange
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import SubsequentNumber
from tandem.ss7.isup.primitives import (
    AddressComplete,
    AddressCompleteDue,
    Alert,
    CallCleared,
    CallMessage,
    CallReleased,
    CallStateError,
    CircuitChanged,
    CircuitState,
    Congested,
    ContinuityLoop,
    ContinuityTone,
    IncomingCall,
    Output,
    Transfer,
)
from tandem.ss7.isup.variants import CODINGS, Variant
from tandem.ss7.mtp3.label import Service, format_point_code, parse_point_code
from tandem.ss7.mtp3.label import Variant as Network
from tandem.ss7.mtp3.primitives import (
    PauseIndication,
    ResumeIndication,
    StatusIndication,
    TransferIndication,
    TransferRequest,
    UserIndication,
)

#: Seconds that a line fault must last, or be gone, before its circuits are blocked or unblocked: the persistence
#: that line cards apply to LOS, LFA and AIS before they report a failure (2.5 s, G.775 and G.783 practice).
PERSISTENCE = 2.5
_FAULTS = frozenset({"LOS", "LFA", "AIS"})


_UNUSABLE = frozenset({CircuitStatus.CHECKING, CircuitStatus.RESETTING, CircuitStatus.UNEQUIPPED})


class Timer(Enum):
    """Timers of the adapter, kept per span."""

    FAULT = auto()
    """The line has had a fault for PERSISTENCE."""
    CLEAR = auto()
    """The line has been sound for PERSISTENCE."""


class IsupTrunkPort:
    """One circuit group as a trunk of call control."""

    is_circuit = True
    multirate = True

    def __init__(self, trunk: IsupTrunk, linkset: Linkset | ApplicationServer, owner: IsupTrunks) -> None:
        """Lay the circuits of `trunk` onto timeslots."""
        self.configuration = trunk
        self.name = trunk.name
        self.variant = Variant(linkset.variant)
        self._owner = owner
        self.unknown_nature = Nature.NATIONAL if trunk.unknown_nature == "national" else Nature.UNKNOWN
        self.endpoints: dict[int, TimeslotEndpoint] = {}
        for circuits in trunk.circuits:
            cics = parse_ranges(circuits.cic, 0, highest_cic(linkset.variant))
            slots = parse_ranges(circuits.timeslots, 1, 31) if circuits.timeslots else [cic % 32 for cic in cics]
            for cic, slot in zip(cics, slots, strict=True):
                self.endpoints[cic] = TimeslotEndpoint(circuits.span, slot)

    def offer(self, half: HalfCall, setup: Setup, now: float) -> Release | None:
        """Seize a circuit and send the IAM."""
        onward = setup.next_hop()
        if onward is None:
            self._owner.log(Line("warning", "!", f"trunk {self.name}", "a call has used up its hop counter"))
            return Release(Cause.EXCHANGE_ROUTING_ERROR, Location.TRANSIT_NETWORK, "the hop counter is used up")
        setup = onward
        if not setup.called.digits:
            return Release(Cause.INVALID_NUMBER_FORMAT, Location.TRANSIT_NETWORK, "there is no called number")
        owner = self._owner
        category = self.configuration.category
        parameters = mapping.iam_parameters(setup, self.unknown_nature, category, owner.country_code, self.variant)
        call = owner.exchange.setup(self.name, parameters, now)
        if call is None:
            return Release(Cause.NO_CIRCUIT_CHANNEL_AVAILABLE, Location.TRANSIT_NETWORK, f"{self.name}: no circuit")
        owner.adopt(half, call, self, owner.exchange.circuits_of(call))
        return None

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """Tell the other exchange of progress, alerting, answer, suspension or further digits."""
        owner = self._owner
        if isinstance(primitive, Information):
            found: tuple[MessageType, mapping.Parameters] | None = (
                MessageType.SAM,
                [SubsequentNumber(digits=primitive.digits, st=primitive.complete)],
            )
        else:
            found = mapping.backward_message(primitive, half.handle in owner.address_complete, self.variant)
        if found is None:
            return
        kind, parameters = found
        if kind in (MessageType.ACM, MessageType.CON):
            owner.address_complete.add(half.handle)
        try:
            if kind is MessageType.CON and not has_type(kind, self.variant):
                # ANSI has no CON: the number is complete, and answered.
                connected = [item for item in parameters if item.code == ParameterCode.CONNECTED_NUMBER]
                complete = [item for item in parameters if item not in connected]
                owner.exchange.send(half.handle, MessageType.ACM, complete, now)
                kind, parameters = MessageType.ANM, connected
            owner.exchange.send(half.handle, kind, parameters, now)
        except CallStateError as error:
            owner.log(Line("debug", "!", half.reference, str(error)))

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """Send REL; the circuit goes idle in between."""
        self._owner.part(half)
        self._owner.exchange.release(half.handle, mapping.release_parameters(release, self.variant), now)


class IsupTrunks:
    """The ISUP exchange of a gateway and its circuit groups as trunks."""

    def __init__(
        self,
        configuration: Configuration,
        control: CallControl,
        log: Callable[[Line], None],
        trace: Callable[[Line], None] | None,
    ) -> None:
        """`log` takes lines for the operator, `trace` one line per message when messages are to be logged."""
        self.control = control
        self.log = log
        self.country_code = configuration.node.country_code
        self.address_complete: set[int] = set()
        """Calls whose ACM or CON we have sent."""
        self._trace = trace
        self._halves: dict[int, HalfCall] = {}
        self._waiting_digits: dict[int, tuple[IsupTrunkPort, Message, str]] = {}
        self._timers: TimerTable[tuple[Timer, str]] = TimerTable()
        self._faulty: set[str] = set()
        self.trunks: dict[str, IsupTrunkPort] = {}
        groups = []
        linksets: dict[str, Linkset | ApplicationServer] = {
            linkset.name: linkset for linkset in configuration.ss7.linkset
        }
        linksets |= {server.name: server for server in configuration.ss7.m3ua}
        for trunk in configuration.trunk:
            if isinstance(trunk, IsupTrunk):
                linkset = linksets[trunk.linkset]
                port = self.trunks[trunk.name] = IsupTrunkPort(trunk, linkset, self)
                groups.append(_group(trunk, linkset, tuple(port.endpoints)))
        self.exchange = IsupExchange(groups)
        self._priorities = {
            (group.own_point_code, group.peer_point_code): CODINGS[group.variant].priorities for group in groups
        }
        """Message priorities (ANSI) by message type, for each pair of exchanges."""
        self._out_of_service = {group.name: set(group.cics) for group in groups}
        """Circuits that cannot carry calls now, by trunk."""

    # --- inputs

    def mtp(self, indication: UserIndication, now: float) -> None:
        """MTP level 3 has something for ISUP."""
        exchange = self.exchange
        match indication:
            case TransferIndication(service=Service.ISUP, opc=opc, dpc=dpc, sls=sls, data=data):
                if self._trace is not None:
                    self._trace(self._message_line("<", opc, data))
                exchange.receive(opc, dpc, sls, data, now)
            case PauseIndication(pc=pc):
                exchange.pause(pc, now)
            case ResumeIndication(pc=pc):
                exchange.resume(pc, now)
            case StatusIndication(pc=pc, cause=cause):
                exchange.status(pc, cause, now)

    def continuity_heard(self, endpoint: TimeslotEndpoint, now: float) -> None:
        """The check tone sent on a timeslot (Tone `continuity`) came back on it."""
        for port in self.trunks.values():
            for cic, own in port.endpoints.items():
                if own == endpoint:
                    self.exchange.continuity_heard(port.name, cic, now)

    def span_changed(self, span: str, alarms: list[str], now: float) -> None:
        """The alarms of a line changed: a lasting fault blocks its circuits (Q.764 2.8.2, hardware failure)."""
        faulty = bool(_FAULTS.intersection(alarms))
        self._timers.stop((Timer.CLEAR if faulty else Timer.FAULT, span))
        if faulty != (span in self._faulty):
            self._timers.start((Timer.FAULT if faulty else Timer.CLEAR, span), now + PERSISTENCE)

    def shut_down(self, now: float) -> None:
        """Block every circuit for maintenance; calls on them go on until released."""
        self._timers.clear()
        self.exchange.shutdown(now)

    @property
    def quiet(self) -> bool:
        """No call is left, and every blocking was acknowledged or cannot be for lack of signalling."""
        return not self._halves and self.exchange.quiet

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        deadlines = [d for d in (self._timers.next_deadline(), self.exchange.next_deadline()) if d is not None]
        return min(deadlines, default=None)

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        for timer, span in self._timers.expired(now):
            faulty = timer is Timer.FAULT
            (self._faulty.add if faulty else self._faulty.discard)(span)
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
        while outputs := self.exchange.outputs():
            for output in outputs:
                if isinstance(output, Transfer):
                    if self._trace is not None:
                        self._trace(self._message_line(">", output.dpc, output.octets))
                    priority = self._priorities.get((output.opc, output.dpc), {}).get(output.octets[2], 0)
                    requests.append(
                        TransferRequest(Service.ISUP, output.dpc, output.sls, output.octets, output.opc, priority)
                    )
                else:
                    self._handle(output, now)
        return requests

    def adopt(self, half: HalfCall, call: int, port: IsupTrunkPort, cics: tuple[int, ...]) -> None:
        """`half` is the ISUP call number `call` on circuits `cics` from now on."""
        half.handle = call
        self._place(half, port, cics)
        half.hears_early = True
        half.leg.protocol = "isup"
        self._halves[call] = half

    def part(self, half: HalfCall) -> None:
        """What `half` heard is over: its timeslots are silent."""
        self.control.media_commands += [Source(endpoint, None) for endpoint in half.endpoints]

    # --- inside

    @staticmethod
    def _place(half: HalfCall, port: IsupTrunkPort, cics: tuple[int, ...]) -> None:
        half.reference = half.leg.id = f"{port.name}/{cics[0]}"
        half.endpoint, *more = [port.endpoints[cic] for cic in cics]
        half.more_endpoints = tuple(more)

    def _handle(self, output: Output, now: float) -> None:
        match output:
            case IncomingCall(call=call, group=group, cic=cic, message=message, complete=complete):
                port = self.trunks[group]
                self.adopt(HalfCall(port, incoming=True), call, port, output.circuits or (cic,))
                if complete:
                    self.control.setup(self._halves[call], mapping.setup_from(message, True), now)
                else:
                    self._waiting_digits[call] = (port, message, mapping.setup_from(message, False).called.digits)
            case AddressComplete(call=call):
                self._number_complete(call, now)
            case AddressCompleteDue(call=call):
                if call not in self.address_complete:
                    kind, parameters = mapping.early_acm()
                    self.address_complete.add(call)
                    self.exchange.send(call, kind, parameters, now)
            case CallMessage(call=call, message=message):
                self._call_message(call, message, now)
            case CallReleased():
                self._released(output, now)
            case CallCleared(call=call):
                self._waiting_digits.pop(call, None)
                self.address_complete.discard(call)
                half = self._halves.pop(call, None)
                if half is not None:
                    self.control.cleared(half, now)
            case CircuitChanged(call=call, new_cic=cic, circuits=circuits):
                half = self._halves.get(call)
                if half is not None and isinstance(half.trunk, IsupTrunkPort):
                    self.part(half)
                    self._place(half, half.trunk, circuits or (cic,))
                    self.control.endpoint_changed(half)
            case ContinuityLoop(group=group, cic=cic, connected=connected):
                endpoint = self.trunks[group].endpoints[cic]
                self.control.media_commands.append(Source(endpoint, endpoint if connected else None))
            case ContinuityTone(group=group, cic=cic, connected=connected):
                endpoint = self.trunks[group].endpoints[cic]
                self.control.media_commands.append(
                    Tone(endpoint, "continuity") if connected else Source(endpoint, None)
                )
            case Congested(group=group, level=level):
                text = f"the peer is congested (level {level}), it is sent fewer calls for a while"
                self.log(Line("warning", "!", f"trunk {group}", text))
            case CircuitState(group=group, cic=cic, status=status, blocking=blocking):
                self._circuit_state(group, cic, status, blocking)
            case Alert(group=group, cic=cic, text=text):
                subject = f"trunk {group}" if cic is None else f"circuit {group}/{cic}"
                self.log(Line("warning", "!", subject, text))

    def _circuit_state(self, group: str, cic: int, status: CircuitStatus, blocking: Blocking) -> None:
        """Log the circuit, and the trunk when all its circuits have come into service or the first has left it."""
        if self._trace is not None:
            self._trace(Line("debug", "=", f"circuit {group}/{cic}", _state_text(status, blocking)))
        out = self._out_of_service[group]
        usable = not blocking and status not in _UNUSABLE
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

    def _number_complete(self, call: int, now: float) -> None:
        waiting = self._waiting_digits.pop(call, None)
        half = self._halves.get(call)
        if waiting is not None and half is not None:
            _, message, digits = waiting
            self.control.setup(half, mapping.setup_from(message, True, digits), now)

    def _call_message(self, call: int, message: Message, now: float) -> None:
        half = self._halves.get(call)
        if half is None:
            return
        if message.type == MessageType.SAM:
            waiting, more = self._waiting_digits.get(call), message.get(SubsequentNumber)
            if waiting is not None and more is not None:
                self._waiting_digits[call] = (waiting[0], waiting[1], waiting[2] + more.digits)
            return
        primitive = mapping.primitive_from(message)
        if primitive is not None:
            self.control.event(half, primitive, now)
            return
        whole = half.call
        other = None if whole is None else whole.outgoing if half is whole.incoming else whole.incoming
        onward = None
        if other is not None and not other.released and isinstance(other.trunk, IsupTrunkPort):
            onward = (other.handle, other.trunk.variant)
        try:
            reply = None if onward is not None else self._answer(half, message)
            if reply is not None:
                self.exchange.send(half.handle, *reply, now)
            else:
                pass_on(self.exchange, message, half.handle, onward, now)
        except CallStateError as error:
            self.log(Line("debug", "!", half.reference, str(error)))

    def _answer(self, half: HalfCall, message: Message) -> tuple[MessageType, mapping.Parameters] | None:
        """The answer to a request that the other side of the call cannot see."""
        port = self.trunks[half.trunk.name]
        attempt = None if half.call is None or half.incoming else half.call.attempt
        setup = None if attempt is None else attempt.setup
        return answer(message, setup, port.unknown_nature, port.configuration.category, self.country_code)

    def _released(self, output: CallReleased, now: float) -> None:
        half = self._halves.get(output.call)
        if half is None:
            return
        self.part(half)
        carried = () if output.message is None else (mapping.carry(output.message),)
        diagnostic = "" if output.message is not None else output.reason
        self.control.event(half, Release(output.cause, output.location, diagnostic, carried), now)

    def _message_line(self, shape: str, point_code: int, octets: bytes) -> Line:
        """One message as a line of the log, with the peer's point code."""
        group = next((g for g in self.exchange.groups.values() if g.peer_point_code == point_code), None)
        variant = group.variant if group else Variant.ITU
        try:
            text = str(Message.parse(octets, variant))
        except ValueError as error:
            text = f"{octets.hex()} ({error})"
        peer = format_point_code(point_code, Network(variant.value))
        return Line("debug", shape, f"isup {peer}", text)  # type: ignore[arg-type]


def _state_text(status: CircuitStatus, blocking: Blocking) -> str:
    """The coarse state and the blocking in words."""
    return f"{status.name.lower().replace('_', ' ')}, {blocking}" if blocking else status.name.lower()


def _group(trunk: IsupTrunk, linkset: Linkset | ApplicationServer, cics: tuple[int, ...]) -> GroupConfiguration:
    network = Network(linkset.variant)
    return GroupConfiguration(
        name=trunk.name,
        own_point_code=parse_point_code(linkset.point_code, network),
        peer_point_code=parse_point_code(trunk.peer_point_code or reached_point_codes(linkset)[0], network),
        cics=cics,
        control=trunk.control,
        selection=trunk.selection,
        variant=Variant(linkset.variant),
        timers={name.upper(): value for name, value in trunk.timers.items()},
        overlap=trunk.overlap,
        minimum_digits=trunk.minimum_digits,
        maximum_digits=trunk.maximum_digits,
        supervises=trunk.supervises,
        reset_at_start=trunk.reset_at_start,
        role=trunk.role,
        unrecognised=trunk.unrecognised,
        continuity_check=trunk.continuity_check,
        propagation_delay=trunk.propagation_delay,
        satellite=trunk.satellite,
        times_suspension=trunk.times_suspension,
    )
