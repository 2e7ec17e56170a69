"""ISUP trunks: circuits as half-calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from tandem.core.cause import Cause, Location
from tandem.core.errors import EncodeError
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import AccessTrunk, ControlledTrunk, HalfCall
from tandem.gateway.calls.model import (
    Alerting,
    Answer,
    CallingPartyCleared,
    Continuity,
    ForwardTransfer,
    Information,
    InformationReply,
    InformationRequest,
    Nature,
    Primitive,
    Progress,
    Release,
    Setup,
    Transparent,
)
from tandem.gateway.configuration.check_ss7 import highest_cic, reached_point_codes
from tandem.gateway.configuration.schema import ApplicationServer, Configuration, IsupTrunk, Linkset
from tandem.gateway.log import Line
from tandem.gateway.trunks import access
from tandem.gateway.trunks import isup_information as enquiry
from tandem.gateway.trunks import isup_mapping as mapping
from tandem.gateway.trunks.circuits import CircuitTrunks, carriers, lay_out, other_half, state_text
from tandem.gateway.trunks.isup_transit import LOCAL, pass_on
from tandem.gateway.trunks.rules import Rules
from tandem.ss7.isup.adaptation import has_type
from tandem.ss7.isup.circuits import UNUSABLE
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.exchange import IsupExchange
from tandem.ss7.isup.indicators import ContinuityIndicators
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
    ContinuityComplete,
    ContinuityLoop,
    ContinuityTone,
    IncomingCall,
    Transfer,
)
from tandem.ss7.isup.variants import CODINGS, Variant
from tandem.ss7.mtp3.label import Service, parse_point_code
from tandem.ss7.mtp3.label import Variant as Network
from tandem.ss7.mtp3.primitives import TransferRequest


class IsupTrunkPort:
    """One circuit group as a trunk of call control."""

    is_circuit = True

    def __init__(self, trunk: IsupTrunk, linkset: Linkset | ApplicationServer, owner: IsupTrunks) -> None:
        """Lay the circuits of `trunk` onto timeslots."""
        self.configuration = trunk
        self.name = trunk.name
        self.dtmf = trunk.dtmf
        self.gain_in, self.gain_out = trunk.gain_in, trunk.gain_out
        self.variant = Variant(linkset.variant)
        self._owner = owner
        self.unknown_nature = Nature.NATIONAL if trunk.unknown_nature == "national" else Nature.UNKNOWN
        self.endpoints = lay_out(trunk.circuits, highest_cic(linkset.variant))
        paths = {(cic // 32, endpoint.span) for cic, endpoint in self.endpoints.items()}
        self.multirate = len(paths) == len({path for path, _ in paths})
        """Whether each path of 32 CICs lies in one span: the timeslots of two spans would not keep step."""
        self.sends_overlap = trunk.overlap
        self.takes_pending = trunk.relay_continuity
        self.called_party_control = trunk.release_control == "called"

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
        parameters = mapping.iam_parameters(
            setup, self.unknown_nature, category, owner.country_code, self.variant, owner.rules
        )
        try:
            call = owner.exchange.setup(self.name, parameters, now)
        except EncodeError as error:
            text = f"IAM cannot be built: {error}"
            return Release(Cause.INVALID_NUMBER_FORMAT, Location.TRANSIT_NETWORK, text)
        if call is None:
            return Release(Cause.NO_CIRCUIT_CHANNEL_AVAILABLE, Location.TRANSIT_NETWORK, f"{self.name}: no circuit")
        owner.adopt(half, call, self, owner.exchange.circuits_of(call))
        return None

    def ask(self, half: HalfCall, request: InformationRequest, now: float) -> bool:
        """Ask the calling exchange with INR or IDR."""
        return self._owner.ask(half, self, request, now)

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """Tell the other exchange of progress, alerting, answer, suspension, further digits or who calls."""
        owner = self._owner
        if (held := owner.pending.get(half.handle)) is not None:
            held.append(primitive)
            return
        if isinstance(primitive, InformationReply):
            owner.informed(half, primitive, now)
            return
        found: tuple[MessageType, mapping.Parameters] | None
        if isinstance(primitive, Alerting | Answer | Progress):
            sent = half.handle in owner.address_complete
            found = mapping.backward_message(primitive, sent, self.variant, owner.rules)
        elif (national := mapping.national(primitive, self.variant)) is not None:
            owner.pass_in(half, national, self.variant, now)
            return
        elif isinstance(primitive, Transparent) and (message := access.isup_message(primitive.opaque)) is not None:
            owner.pass_in(half, message, self.variant, now)
            return
        elif isinstance(primitive, Information):
            found = MessageType.SAM, [SubsequentNumber(digits=primitive.digits, st=primitive.complete)]
        elif isinstance(primitive, Continuity):
            found = MessageType.COT, [ContinuityIndicators(successful=True)]
        elif isinstance(primitive, ForwardTransfer):
            found = MessageType.FOT, []
        else:
            found = mapping.backward_message(
                primitive, half.handle in owner.address_complete, self.variant, owner.rules
            )
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
        except (CallStateError, EncodeError) as error:
            owner.log(Line("debug", "!", half.reference, str(error)))

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """Send REL; the circuit goes idle in between."""
        self._owner.part(half)
        self._owner.exchange.release(half.handle, mapping.release_parameters(release, self.variant), now)


class IsupTrunks(CircuitTrunks[IsupTrunkPort, IsupExchange]):
    """The ISUP exchange of a gateway and its circuit groups as trunks."""

    service = Service.ISUP
    transfer = Transfer

    def __init__(
        self,
        configuration: Configuration,
        control: CallControl,
        log: Callable[[Line], None],
        trace: Callable[[Line], None] | None,
    ) -> None:
        """`log` takes lines for the operator, `trace` one line per message when messages are to be logged."""
        self.country_code = configuration.node.country_code
        self.rules = Rules.of(configuration.mapping)
        self.address_complete: set[int] = set()
        """Calls whose ACM or CON we have sent."""
        self.pending: dict[int, list[Primitive]] = {}
        """Incoming calls whose COT has not come, with what is to be sent then (Q.764 2.1.8)."""
        self._waiting_digits: dict[int, tuple[IsupTrunkPort, Message, str]] = {}
        self._following: set[int] = set()
        """Calls that were handed on before their number was whole."""
        self._asked: set[int] = set()
        """Incoming calls whose exchange was asked who calls."""
        self._asking: dict[int, Message] = {}
        """Outgoing calls whose exchange waits for INF or IRS, with its request."""
        linksets = carriers(configuration)
        ports: dict[str, IsupTrunkPort] = {}
        groups = []
        for trunk in configuration.trunk:
            if isinstance(trunk, IsupTrunk):
                linkset = linksets[trunk.linkset]
                port = ports[trunk.name] = IsupTrunkPort(trunk, linkset, self)
                groups.append(_group(trunk, linkset, tuple(port.endpoints)))
        peers = {group.peer_point_code: Network(group.variant.value) for group in groups}
        super().__init__(IsupExchange(groups), ports, peers, control, log, trace)
        self._priorities = {
            (group.own_point_code, group.peer_point_code): CODINGS[group.variant].priorities
            for group in groups
            if CODINGS[group.variant].priorities
        }
        """Message priorities (ANSI) by message type, for each pair of exchanges."""

    # --- inside

    def _request(self, output: Any) -> TransferRequest:
        priorities = self._priorities
        priority = priorities.get((output.opc, output.dpc), {}).get(output.octets[2], 0) if priorities else 0
        return TransferRequest(self.service, output.dpc, output.sls, output.octets, output.opc, priority)

    def _handle(self, output: Any, now: float) -> None:
        handler = _HANDLERS.get(type(output))
        if handler is not None:
            handler(self, output, now)

    def _incoming(self, output: IncomingCall, now: float) -> None:
        call, message, port = output.call, output.message, self.trunks[output.group]
        self.adopt(HalfCall(port, incoming=True), call, port, output.circuits or (output.cic,))
        if output.pending:
            self.pending[call] = []
        if output.complete:
            self._set_up(call, mapping.setup_from(message, True, None, self.rules), now)
        else:
            digits = mapping.setup_from(message, False, None, self.rules).called.digits
            self._waiting_digits[call] = (port, message, digits)
            self._offer_early(call, now)

    def _address_complete_due(self, output: AddressCompleteDue, now: float) -> None:
        call = output.call
        if call not in self.address_complete:
            kind, parameters = mapping.early_acm(self.rules)
            self.address_complete.add(call)
            self.exchange.send(call, kind, parameters, now)

    def _cleared(self, output: CallCleared, now: float) -> None:
        call = output.call
        self.address_complete.discard(call)
        for calls in (self._following, self._asked):
            if calls:
                calls.discard(call)
        for waiting in (self._waiting_digits, self.pending, self._asking):
            if waiting:
                waiting.pop(call, None)
        half = self._halves.pop(call, None)
        if half is not None:
            self.control.cleared(half, now)

    def _circuit_changed(self, output: CircuitChanged, now: float) -> None:
        half = self._halves.get(output.call)
        if half is not None and isinstance(half.trunk, IsupTrunkPort):
            self._moved(half, half.trunk, output.circuits or (output.new_cic,))

    def _state_changed(self, output: CircuitState, now: float) -> None:
        usable = not output.blocking and output.status not in UNUSABLE
        self._circuit_state(output.group, output.cic, state_text(output.status, output.blocking), usable)

    def _set_up(self, call: int, setup: Setup, now: float) -> None:
        if call in self.pending:
            setup = replace(setup, continuity_pending=True)
        self.control.setup(self._halves[call], setup, now)

    def _continuous(self, call: int, now: float) -> None:
        """COT: the call goes on, and so does what was to be sent."""
        half, held = self._halves.get(call), self.pending.pop(call, [])
        if half is None:
            return
        self.control.event(half, Continuity(), now)
        for primitive in held:
            if not half.released:
                half.trunk.send(half, primitive, now)

    def _number_complete(self, call: int, now: float) -> None:
        waiting = self._waiting_digits.pop(call, None)
        half = self._halves.get(call)
        if call in self._following and half is not None:
            self._following.discard(call)
            self.control.event(half, Information("", complete=True), now)
        if waiting is not None and half is not None:
            _, message, digits = waiting
            self._set_up(call, mapping.setup_from(message, True, digits, self.rules), now)

    def _offer_early(self, call: int, now: float) -> None:
        """The number is not whole: hand the call to call control all the same where its route takes digits later."""
        port, message, digits = self._waiting_digits[call]
        trunk, half = port.configuration, self._halves.get(call)
        if half is None or not trunk.pass_digits or len(digits) < trunk.minimum_digits:
            return
        setup = mapping.setup_from(message, False, digits, self.rules)
        if self.control.may_offer_early(port.name, setup, now):
            del self._waiting_digits[call]
            self._following.add(call)
            self._set_up(call, setup, now)

    def _call_message(self, call: int, message: Message, now: float) -> None:
        half = self._halves.get(call)
        if half is None:
            return
        if message.type == MessageType.SAM:
            waiting, more = self._waiting_digits.get(call), message.find(SubsequentNumber)
            if waiting is not None and more is not None:
                self._waiting_digits[call] = (waiting[0], waiting[1], waiting[2] + more.digits)
                self._offer_early(call, now)
            elif call in self._following and more is not None:
                self.control.event(half, Information(more.digits, more.st), now)
            return
        primitive = mapping.primitive_from(message, self.rules)
        if half.incoming and isinstance(primitive, Progress):
            primitive = None  # a CPG of the calling side notifies, and is no progress
        if primitive is not None:
            self.control.event(half, primitive, now)
            return
        if call in self._asked and (reply := enquiry.reply_of(message, self.rules)) is not None:
            self._asked.discard(call)
            self.control.event(half, reply, now)
            return
        if (pulses := mapping.metering_pulses(message)) is not None:
            half.leg.metering_pulses += pulses
        other = other_half(half)
        notifies = message.type in (MessageType.USR, MessageType.CPG)
        carries = message.type not in LOCAL and other is not None and getattr(other.trunk, "carries_isup", False)
        if carries or (notifies and other is not None and isinstance(other.trunk, AccessTrunk)):
            self.control.event(half, Transparent((access.whole(message),)), now)
            return
        onward = None
        if other is not None and isinstance(other.trunk, IsupTrunkPort):
            onward = (other.handle, other.trunk.variant)
        elif message.type == MessageType.CCL:
            self._calling_party_cleared(half, other, now)
            return
        elif (primitive := mapping.national_primitive(message)) is not None:
            self.control.event(half, primitive, now)
            return
        try:
            if onward is None and self._ask_on(half, message, now):
                return
            answer = None if onward is not None else self._answer(half, message, self._offered(half))
            if answer is not None:
                self.exchange.send(half.handle, *answer, now)
            else:
                pass_on(self.exchange, message, half.handle, onward, now)
        except CallStateError as error:
            self.log(Line("debug", "!", half.reference, str(error)))

    def _calling_party_cleared(self, half: HalfCall, other: HalfCall | None, now: float) -> None:
        """CCL (China): the call ends, unless the called party's own exchange holds it."""
        if other is not None and isinstance(other.trunk, ControlledTrunk) and other.trunk.called_party_control:
            self.control.event(half, CallingPartyCleared(), now)
            return
        self.part(half)
        release = Release(Cause.NORMAL_CALL_CLEARING, Location.PUBLIC_NETWORK_LOCAL)
        self.control.event(half, release, now)
        self.exchange.release(half.handle, mapping.release_parameters(release), now)

    def pass_in(self, half: HalfCall, message: Message, variant: Variant, now: float) -> None:
        """Send on what came from a trunk that carries ISUP and is no circuit."""
        try:
            pass_on(self.exchange, message, half.handle, (half.handle, variant), now)
        except (CallStateError, EncodeError) as error:
            self.log(Line("debug", "!", half.reference, str(error)))

    def ask(self, half: HalfCall, port: IsupTrunkPort, request: InformationRequest, now: float) -> bool:
        """Ask the calling exchange who calls; False when it cannot be asked (now)."""
        answered = half.call is not None and half.call.answer_time is not None
        asks = port.configuration.information_requests
        found = enquiry.question(request, port.variant, answered) if asks else None
        if found is None:
            return False
        try:
            self.exchange.send(half.handle, *found, now)
        except CallStateError as error:
            self.log(Line("debug", "!", half.reference, str(error)))
            return False
        self._asked.add(half.handle)
        return True

    def informed(self, half: HalfCall, reply: InformationReply, now: float) -> None:
        """The calling side has answered: INF or IRS to the exchange that asked."""
        request, setup = self._asking.pop(half.handle, None), self._offered(half)
        found = None if request is None or setup is None else self._answer(half, request, setup.with_reply(reply))
        if found is None:
            return
        try:
            self.exchange.send(half.handle, *found, now)
        except CallStateError as error:
            self.log(Line("debug", "!", half.reference, str(error)))

    def _ask_on(self, half: HalfCall, message: Message, now: float) -> bool:
        """Have the calling side asked for what an INR or IDR wants and the call does not know."""
        request, setup = enquiry.request_of(message), self._offered(half)
        if request is None or setup is None or request.is_answered_by(setup):
            return False
        if not self.control.ask(half, request, now):
            return False
        self._asking[half.handle] = message
        return True

    @staticmethod
    def _offered(half: HalfCall) -> Setup | None:
        """The call as it was offered to the exchange of `half`; None when that exchange offered it."""
        attempt = None if half.call is None or half.incoming else half.call.attempt
        return None if attempt is None else attempt.setup

    def _answer(
        self, half: HalfCall, message: Message, setup: Setup | None
    ) -> tuple[MessageType, mapping.Parameters] | None:
        """The answer to a request that the other side of the call cannot see."""
        port = self.trunks[half.trunk.name]
        nature, category = port.unknown_nature, port.configuration.category
        return enquiry.answer(message, setup, nature, category, self.country_code, self.rules)

    def _released(self, output: CallReleased, now: float) -> None:
        half = self._halves.get(output.call)
        if half is None:
            return
        self.part(half)
        carried = () if output.message is None else (access.whole(output.message),)
        diagnostic = "" if output.message is not None else output.reason
        self.control.event(half, Release(output.cause, output.location, diagnostic, carried), now)

    def _describe(self, octets: bytes, sls: int, variant: Network) -> str:
        return str(Message.parse(octets, Variant(variant.value)))


#: What becomes of each output of the exchange but its messages for MTP; others are nothing to call control.
_HANDLERS: Final[dict[type, Callable[[IsupTrunks, Any, float], None]]] = {
    IncomingCall: IsupTrunks._incoming,
    ContinuityComplete: lambda trunks, output, now: trunks._continuous(output.call, now),
    AddressComplete: lambda trunks, output, now: trunks._number_complete(output.call, now),
    AddressCompleteDue: IsupTrunks._address_complete_due,
    CallMessage: lambda trunks, output, now: trunks._call_message(output.call, output.message, now),
    CallReleased: IsupTrunks._released,
    CallCleared: IsupTrunks._cleared,
    CircuitChanged: IsupTrunks._circuit_changed,
    ContinuityLoop: lambda trunks, output, now: trunks._loop(output.group, output.cic, output.connected),
    ContinuityTone: lambda trunks, output, now: trunks._check_tone(output.group, output.cic, output.connected),
    Congested: lambda trunks, output, now: trunks._congested(output.group, output.level),
    CircuitState: IsupTrunks._state_changed,
    Alert: lambda trunks, output, now: trunks._alert(output.group, output.cic, output.text),
}


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
        relay_continuity=trunk.relay_continuity,
        propagation_delay=trunk.propagation_delay,
        satellite=trunk.satellite,
        times_suspension=trunk.times_suspension,
    )
