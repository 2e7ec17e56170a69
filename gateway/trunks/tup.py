"""TUP trunks: circuits as half-calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tandem.core.cause import Cause, Location
from tandem.core.errors import EncodeError
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import ControlledTrunk, HalfCall
from tandem.gateway.calls.model import (
    Alerting,
    CallingPartyCleared,
    Charge,
    ForwardTransfer,
    Information,
    InformationReply,
    InformationRequest,
    Metering,
    OperatorSignal,
    Primitive,
    Progress,
    Release,
    Setup,
)
from tandem.gateway.configuration.check_ss7 import highest_cic, reached_point_codes
from tandem.gateway.configuration.schema import ApplicationServer, Configuration, Linkset, TupTrunk
from tandem.gateway.log import Line
from tandem.gateway.trunks import tup_information as enquiry
from tandem.gateway.trunks import tup_mapping as mapping
from tandem.gateway.trunks.circuits import CircuitTrunks, carriers, lay_out, other_half, state_text
from tandem.gateway.trunks.rules import Rules
from tandem.ss7.mtp3.label import Service, parse_point_code
from tandem.ss7.mtp3.label import Variant as Network
from tandem.ss7.tup.circuits import UNUSABLE
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.configuration import GroupConfiguration
from tandem.ss7.tup.exchange import TupExchange
from tandem.ss7.tup.fields import MOST_SIGNALS, Nature
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.messages import (
    GeneralForwardSetup,
    GeneralRequest,
    Message,
    MeteringPulses,
    Signal,
    SubsequentAddress,
    SubsequentAddressOne,
)
from tandem.ss7.tup.primitives import (
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
    InformationMissing,
    InformationRequested,
    MeteringPulse,
    NumberComplete,
    Transfer,
)
from tandem.ss7.tup.variants import Variant

M = MessageType
_CHARGES: Final = {"charge": Charge.CHARGE, "no charge": Charge.NO_CHARGE, "none": Charge.NO_INDICATION}
_NATURES: Final = {"national": Nature.NATIONAL, "subscriber": Nature.SUBSCRIBER}


class TupTrunkPort:
    """One circuit group as a trunk of call control."""

    is_circuit = True

    def __init__(self, trunk: TupTrunk, linkset: Linkset | ApplicationServer, owner: TupTrunks) -> None:
        """Lay the circuits of `trunk` onto timeslots."""
        self.configuration = trunk
        self.name = trunk.name
        self.dtmf = trunk.dtmf
        self.gain_in, self.gain_out = trunk.gain_in, trunk.gain_out
        self.variant = Variant(linkset.variant)
        self.unknown_nature = _NATURES[trunk.unknown_nature]
        self.charge = _CHARGES[trunk.charge]
        self.sends_overlap = trunk.overlap
        self.called_party_control = trunk.release_control == "called"
        self.endpoints = lay_out(trunk.circuits, highest_cic(linkset.variant, tup=True))
        self._owner = owner

    def offer(self, half: HalfCall, setup: Setup, now: float) -> Release | None:
        """Seize a circuit and send the IAM or IAI."""
        onward = setup.next_hop()
        if onward is None:
            return Release(Cause.EXCHANGE_ROUTING_ERROR, Location.TRANSIT_NETWORK, "the hop counter is used up")
        if not onward.called.digits:
            return Release(Cause.INVALID_NUMBER_FORMAT, Location.TRANSIT_NETWORK, "there is no called number")
        owner, trunk = self._owner, self.configuration
        sent = trunk.calling_line == "sent"
        message = mapping.initial_address(
            onward, self.unknown_nature, trunk.category, owner.country_code, self.variant, sent, owner.rules
        )
        identity = mapping.identity(onward, self.unknown_nature, owner.country_code, owner.rules)
        try:
            call = owner.exchange.setup(self.name, message, now, identity)
        except EncodeError as error:
            return Release(Cause.INVALID_NUMBER_FORMAT, Location.TRANSIT_NETWORK, f"TUP cannot carry it: {error}")
        if call is None:
            return Release(Cause.NO_CIRCUIT_CHANNEL_AVAILABLE, Location.TRANSIT_NETWORK, f"{self.name}: no circuit")
        owner.adopt(half, call, self, (owner.exchange.circuit_of(call),))
        return None

    def ask(self, half: HalfCall, request: InformationRequest, now: float) -> bool:
        """Ask the calling exchange with GRQ, and tell it of a malicious call with MAL where it has that."""
        return self._owner.ask(half, self, request, now)

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """Tell the other exchange of progress, alerting, answer, suspension, further digits or who calls."""
        if isinstance(primitive, InformationReply):
            self._owner.informed(half, self, primitive, now)
            return
        if isinstance(primitive, CallingPartyCleared):
            self._owner.hold(half, now)
            return
        for message in self._owner.messages_for(half, primitive, self):
            self._owner.transmit(half, message, now)

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """Send CLF, CBK or a message of failure; the circuit goes idle in between."""
        self._owner.part(half)
        told = mapping.failure(release, self.variant, self._owner.control.causes.messages)
        self._owner.exchange.release(half.handle, told, now)


class TupTrunks(CircuitTrunks[TupTrunkPort, TupExchange]):
    """The TUP exchange of a gateway and its circuit groups as trunks."""

    service = Service.TUP
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
        self._address_complete: set[int] = set()
        """Calls whose ACM we have sent."""
        self._charges: dict[int, Charge] = {}
        """Incoming calls: the charge indicator that the called side gave last."""
        self._waiting_digits: dict[int, tuple[IncomingCall, str]] = {}
        self._following: set[int] = set()
        """Incoming calls that went on before their number was whole: further digits follow them."""
        self._enquiries = enquiry.Enquiries()
        self._held: set[int] = set()
        """Outgoing calls whose caller has cleared while the called party holds them (CCL)."""
        linksets = carriers(configuration)
        ports: dict[str, TupTrunkPort] = {}
        groups = []
        for trunk in configuration.trunk:
            if isinstance(trunk, TupTrunk):
                linkset = linksets[trunk.linkset]
                port = ports[trunk.name] = TupTrunkPort(trunk, linkset, self)
                groups.append(_group(trunk, linkset, tuple(port.endpoints)))
        peers = {group.peer_point_code: Network(group.variant.value) for group in groups}
        super().__init__(TupExchange(groups), ports, peers, control, log, trace)

    # --- for the ports

    def messages_for(self, half: HalfCall, primitive: Primitive, port: TupTrunkPort) -> list[Message]:
        """The messages that tell the peer of `half` of `primitive`."""
        if isinstance(primitive, Information):
            return _digits(primitive)
        if isinstance(primitive, ForwardTransfer):
            return [Signal(M.FOT)]
        if isinstance(primitive, Metering):
            return [MeteringPulses(primitive.pulses)] if port.variant is Variant.CHINA else []
        if isinstance(primitive, OperatorSignal):
            return [Signal(M.OPR)] if port.variant is Variant.CHINA else []
        if not half.incoming:
            return []  # TUP has no forward suspension
        said = self._charges.get(half.handle, Charge.NO_INDICATION)
        if isinstance(primitive, Progress | Alerting) and primitive.charge:
            self._charges[half.handle] = primitive.charge
        sent = half.handle in self._address_complete
        return mapping.backward_messages(primitive, sent, port.variant, port.charge, said, self.rules)

    def transmit(self, half: HalfCall, message: Message, now: float) -> bool:
        """Send a message of a call; False when its state does not allow that."""
        try:
            self.exchange.send(half.handle, message, now)
        except (CallStateError, EncodeError) as error:
            self.log(Line("debug", "!", half.reference, str(error)))
            return False
        if message.type is M.ACM:
            self._address_complete.add(half.handle)
        return True

    def ask(self, half: HalfCall, port: TupTrunkPort, request: InformationRequest, now: float) -> bool:
        """Ask the calling exchange who calls; False when it cannot be asked now."""
        if request.malicious and port.variant is Variant.CHINA:
            self.transmit(half, Signal(M.MAL), now)
        if not self.transmit(half, enquiry.general_request(request), now):
            return False
        self._enquiries.asked.add(half.handle)
        return True

    def informed(self, half: HalfCall, port: TupTrunkPort, reply: InformationReply, now: float) -> None:
        """The calling side has answered: GSM to the exchange that asked."""
        request = self._enquiries.asking.pop(half.handle, None)
        attempt = None if half.call is None else half.call.attempt
        if half.handle in self._enquiries.reported:
            self._enquiries.reported.discard(half.handle)
            enquiry.told(half, reply, lambda text: self.log(Line("warning", "!", half.reference, text)))
        if request is None or attempt is None:
            return  # nobody waits (any more): another attempt is under way than the one that asked
        setup = attempt.setup.with_reply(reply)
        self._tell(half, port, request, setup, reply.hold or port.configuration.answer_requests, now)

    # --- inside

    def _handle(self, output: Any, now: float) -> None:
        match output:
            case IncomingCall():
                self._incoming(output, now)
            case NumberComplete(call=call):
                self._number_complete(call, now)
            case AddressCompleteDue(call=call):
                half = self._halves.get(call)
                if half is not None and call not in self._address_complete:
                    self.transmit(half, mapping.early_acm(self.trunks[half.trunk.name].charge, self.rules), now)
            case CallMessage(call=call, message=message):
                self._call_message(call, message, now)
            case MeteringPulse(call=call, pulses=pulses):
                self._metered(call, pulses, now)
            case CallReleased():
                self._released(output, now)
            case CallCleared(call=call):
                self._cleared(call, now)
            case CircuitChanged(call=call, new_cic=cic):
                half = self._halves.get(call)
                if half is not None:
                    self._moved(half, self.trunks[half.trunk.name], (cic,))
            case ContinuityLoop(group=group, cic=cic, connected=connected):
                self._loop(group, cic, connected)
            case ContinuityTone(group=group, cic=cic, connected=connected):
                self._check_tone(group, cic, connected)
            case Congested(group=group, level=level):
                self._congested(group, level)
            case CircuitState(group=group, cic=cic, status=status, blocking=blocking):
                usable = not blocking and status not in UNUSABLE
                self._circuit_state(group, cic, state_text(status, blocking), usable)
            case InformationRequested(call=call, request=request):
                half = self._halves.get(call)
                if half is not None:
                    self._requested(half, self.trunks[half.trunk.name], request, now)
            case InformationMissing(call=call):
                half = self._halves.get(call)
                if half is not None:
                    self.log(Line("debug", "!", half.reference, "no GSM in answer to GRQ"))
                    self._replied(half, InformationReply(), now)
            case Alert(group=group, cic=cic, text=text):
                self._alert(group, cic, text)

    def _incoming(self, call: IncomingCall, now: float) -> None:
        port = self.trunks[call.group]
        half = HalfCall(port, incoming=True)
        self.adopt(half, call.call, port, (call.cic,))
        if call.complete:
            setup = mapping.setup_from(call.message, True, port.variant, None, call.information, self.rules)
            self.control.setup(half, setup, now)
        else:
            self._waiting_digits[call.call] = (call, call.message.digits)
            self._offer_early(call.call, now)

    def _offer_early(self, call: int, now: float) -> None:
        """The number is not whole: hand the call to call control all the same where its route takes digits later."""
        offered, digits = self._waiting_digits[call]
        half, port = self._halves.get(call), self.trunks[offered.group]
        trunk = port.configuration
        if half is None or not trunk.pass_digits or len(digits) < trunk.minimum_digits:
            return
        setup = mapping.setup_from(offered.message, False, port.variant, digits, offered.information, self.rules)
        if self.control.may_offer_early(port.name, setup, now):
            del self._waiting_digits[call]
            self._following.add(call)
            self.control.setup(half, setup, now)

    def _number_complete(self, call: int, now: float) -> None:
        waiting = self._waiting_digits.pop(call, None)
        half = self._halves.get(call)
        if call in self._following and half is not None:
            self._following.discard(call)
            self.control.event(half, Information("", complete=True), now)
        if waiting is not None and half is not None:
            (offered, digits), variant = waiting, self.trunks[half.trunk.name].variant
            setup = mapping.setup_from(offered.message, True, variant, digits, offered.information, self.rules)
            self.control.setup(half, setup, now)

    def _call_message(self, call: int, message: Message, now: float) -> None:
        half = self._halves.get(call)
        if half is None:
            return
        port = self.trunks[half.trunk.name]
        if isinstance(message, SubsequentAddress | SubsequentAddressOne):
            if call in self._waiting_digits:
                offered, digits = self._waiting_digits[call]
                self._waiting_digits[call] = (offered, digits + message.digits)
                self._offer_early(call, now)
            elif call in self._following:
                self.control.event(half, Information(message.digits, message.st), now)
            return
        primitive = mapping.primitive_from(message, port.variant, self.rules)
        if primitive is not None:
            self.control.event(half, primitive, now)
        elif isinstance(message, GeneralRequest):
            # Answered already: what is left is that the called party calls it malicious.
            self._malicious(half, now)
        elif message.type is M.MAL:
            self._malicious(half, now)
        elif isinstance(message, GeneralForwardSetup) and call in self._enquiries.asked:
            self._replied(half, enquiry.reply_of(message, self.rules), now)
        elif message.type is M.CCL:
            self._calling_party_cleared(half, now)
        elif message.type in mapping.PASSED_ON:
            self._pass_on(half, message, now)

    def _pass_on(self, half: HalfCall, message: Message, now: float) -> bool:
        """Send a message to the other side of the call, where that is TUP too."""
        other = other_half(half)
        return other is not None and isinstance(other.trunk, TupTrunkPort) and self.transmit(other, message, now)

    def _requested(self, half: HalfCall, port: TupTrunkPort, request: GeneralRequest, now: float) -> None:
        """GRQ for what the call was not set up with: passed on, asked of another side, or answered as it stands."""
        if request.malicious_call:
            self.log(Line("warning", "!", half.reference, "the peer asks who makes this call (malicious call)"))
        if self._pass_on(half, request, now):
            return
        attempt, wanted = None if half.call is None else half.call.attempt, enquiry.request_of(request)
        if attempt is None:
            self.transmit(half, GeneralForwardSetup(), now)
        elif not wanted.is_answered_by(attempt.setup) and self._report(half, wanted, now):
            self._enquiries.asking[half.handle] = request
        else:
            self._tell(half, port, request, attempt.setup, port.configuration.answer_requests, now)

    def _tell(
        self, half: HalfCall, port: TupTrunkPort, request: GeneralRequest, setup: Setup, hold: bool, now: float
    ) -> None:
        trunk = port.configuration
        may_hold = hold and trunk.release_control != "either"
        nature, category = port.unknown_nature, trunk.category
        known = enquiry.information(request, setup, nature, category, self.country_code, may_hold, self.rules)
        self.transmit(half, known, now)

    def _replied(self, half: HalfCall, reply: InformationReply, now: float) -> None:
        """The calling exchange has answered, or never will."""
        if half.handle in self._enquiries.asked:
            self._enquiries.asked.discard(half.handle)
            self.control.event(half, reply, now)

    def _report(self, half: HalfCall, request: InformationRequest, now: float) -> bool:
        """Ask the calling side; the log names the caller of a malicious call once it is known."""
        if not self.control.ask(half, request, now):
            return False
        if request.malicious:
            self._enquiries.reported.add(half.handle)
        return True

    def _malicious(self, half: HalfCall, now: float) -> None:
        """The called party says that the call is malicious: MAL, or GRQ with that bit."""
        self.log(Line("warning", "!", half.reference, "the called party reports a malicious call"))
        if not self._pass_on(half, Signal(M.MAL), now):
            self._report(half, InformationRequest(calling=True, malicious=True), now)

    def hold(self, half: HalfCall, now: float) -> None:
        """CCL to the called party's exchange; its CBK then says when the call ends."""
        self._held.add(half.handle)
        self.exchange.release(half.handle, Cause.NORMAL_CALL_CLEARING, now)

    def _calling_party_cleared(self, half: HalfCall, now: float) -> None:
        """CCL: the call ends, unless the called party's own exchange holds it."""
        other = other_half(half)
        if other is not None and isinstance(other.trunk, ControlledTrunk) and other.trunk.called_party_control:
            self.control.event(half, CallingPartyCleared(), now)
            return
        self.part(half)
        self.control.event(half, Release(Cause.NORMAL_CALL_CLEARING, Location.PUBLIC_NETWORK_LOCAL), now)
        self.exchange.release(half.handle, Cause.NORMAL_CALL_CLEARING, now)

    def _metered(self, call: int, pulses: int, now: float) -> None:
        """MPM: counted into the record, and told to the caller's side."""
        half = self._halves.get(call)
        if half is not None:
            half.leg.metering_pulses += pulses
            self.control.event(half, Metering(pulses), now)

    def _released(self, output: CallReleased, now: float) -> None:
        half = self._halves.get(output.call)
        if half is None:
            return
        self.part(half)
        variant = self.trunks[half.trunk.name].variant
        carried = () if output.message is None else (mapping.carry(output.message, variant),)
        diagnostic = "" if output.message is not None else output.reason
        release = Release(output.cause, output.location, diagnostic, carried)
        cause = None if output.message is None else self.control.causes.failures.get(output.message.name)
        if cause is not None:
            release = Release(cause, output.location)
        self.control.event(half, release, now)

    def _cleared(self, call: int, now: float) -> None:
        self._waiting_digits.pop(call, None)
        self._following.discard(call)
        self._charges.pop(call, None)
        self._enquiries.forget(call)
        self._address_complete.discard(call)
        half = self._halves.pop(call, None)
        if half is None:
            return
        if call in self._held:
            self._held.discard(call)
            self.part(half)
            self.control.event(half, Release(Cause.NORMAL_CALL_CLEARING, Location.PUBLIC_NETWORK_REMOTE), now)
        self.control.cleared(half, now)

    def _describe(self, octets: bytes, sls: int, variant: Network) -> str:
        return str(CircuitMessage.parse(sls, octets, Variant(variant.value)))


def _digits(more: Information) -> list[Message]:
    """Further digits, as many messages as they need."""
    size = MOST_SIGNALS - 1
    parts = [more.digits[start : start + size] for start in range(0, len(more.digits), size)] or [""]
    last = len(parts) - 1
    return [SubsequentAddress(part, st=more.complete and place == last) for place, part in enumerate(parts)]


def _group(trunk: TupTrunk, linkset: Linkset | ApplicationServer, cics: tuple[int, ...]) -> GroupConfiguration:
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
        release_control=trunk.release_control,
        request_identity=trunk.request_identity,
        answer_requests=trunk.answer_requests,
        answer_without_line=False,
        reset_at_start=trunk.reset_at_start,
        group_messages_twice=trunk.group_messages_twice,
        group_messages_confirmed=trunk.group_messages_confirmed,
        continuity_check=trunk.continuity_check,
        satellite=trunk.satellite,
    )
