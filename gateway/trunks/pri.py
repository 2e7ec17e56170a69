"""PRI trunks: calls of Q.931 interfaces as half-calls."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from tandem.core.cause import Cause
from tandem.core.errors import DecodeError
from tandem.core.timers import TimerTable, earliest
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import (
    Hold,
    Information,
    Proceeding,
    Progress,
    Release,
    Resume,
    Retrieve,
    Suspend,
    Transparent,
)
from tandem.gateway.configuration.schema import Configuration, PriTrunk
from tandem.gateway.dchannels import DChannels, FrameCapture, Reset, Said
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import Source, TimeslotEndpoint, UnitsReceived
from tandem.gateway.notice import Notice, Notify, circuit_notice, ignore
from tandem.gateway.trunks import pri_mapping as mapping
from tandem.gateway.trunks.circuits import LineFaults, other_half
from tandem.gateway.trunks.pri_carry import carry
from tandem.gateway.trunks.pri_port import PriTrunkPort
from tandem.isdn.q921.primitives import Established, Released
from tandem.isdn.q931.channels import ChannelId, Service
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.messages import Message, decode
from tandem.isdn.q931.primitives import (
    Alert,
    AlertingIndication,
    CallCleared,
    CallMessage,
    ChannelChanged,
    ChannelState,
    DataLinkLost,
    DataLinkRestored,
    DataRequest,
    DisconnectIndication,
    EstablishRequest,
    HoldIndication,
    InformationIndication,
    InterfaceState,
    MoreInfoIndication,
    NumberComplete,
    Output,
    ProceedingIndication,
    ProgressIndication,
    ReleaseIndication,
    ResumeIndication,
    RetrieveIndication,
    SetupConfirm,
    SetupIndication,
    SuspendedIndication,
    SuspendIndication,
)

M = MessageType


class PriTrunks:
    """Every PRI of a gateway, with its D-channels."""

    def __init__(
        self,
        configuration: Configuration,
        control: CallControl,
        first_channel: int,
        log: Callable[[Line], None],
        trace: Callable[[Line], None] | None,
        capture: FrameCapture | None = None,
    ) -> None:
        """`first_channel` is the number of the first D-channel at the media process.

        `log` takes lines for the operator, `trace` one line per message when messages are to be logged.
        """
        self.control = control
        self.log = log
        self._trace = trace
        self.trunks = {
            trunk.name: PriTrunkPort(trunk, configuration, self)
            for trunk in configuration.trunk
            if isinstance(trunk, PriTrunk)
        }
        self.dchannels = DChannels(configuration, first_channel, log, capture)
        self.notify: Notify = ignore
        """Takes what changes on B-channels and data links, for those who watch."""
        self._faults = LineFaults()
        self._lost: TimerTable[str] = TimerTable()
        """Lines that have failed: their calls end when T309 is over."""
        self._tones: TimerTable[tuple[str, int]] = TimerTable()
        """Calls that the peer has ended with a tone, which the caller hears for a while."""
        self._ended: dict[tuple[str, int], Release] = {}
        self._coming: set[str] = set()
        """Trunks whose data link is up and whose channels are still being restarted."""

    # --- inputs

    def start(self, now: float) -> None:
        """Bring the data links up."""
        for port in self.trunks.values():
            port.interface.start(now)

    def trace_to(self, trace: Callable[[Line], None] | None) -> None:
        """Log every message with `trace` from now on, or none any more."""
        self._trace = trace

    def units_received(self, event: UnitsReceived, now: float) -> bool:
        """Frames came; False when they are of no D-channel."""
        return self.dchannels.units_received(event, now)

    def span_changed(self, span: str, alarms: list[str], now: float) -> None:
        """The alarms of a line changed: a lasting fault blocks its channels, and its calls end after T309."""
        for port in self.trunks.values():
            on_it = any(endpoint.span == span for endpoint in port.endpoints.values())
            if on_it or self.dchannels.is_on(port.name, span):
                self._faults.changed(span, alarms, now)
                return

    def shut_down(self, now: float) -> None:
        """Nothing is blocked: call control refuses what comes, and the data links are released in the end."""
        self._faults.clear()
        self._lost.clear()

    def stop(self, now: float) -> None:
        """Release the data links."""
        self.dchannels.stop(now)

    @property
    def stopped(self) -> bool:
        """Whether every data link is released."""
        return self.dchannels.stopped

    @property
    def quiet(self) -> bool:
        """No call is left, and nothing waits for a peer that can be reached."""
        return all(
            not port.halves and (port.interface.quiet or not port.interface.available) for port in self.trunks.values()
        )

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        machines = (self._faults, self._lost, self._tones, self.dchannels)
        deadlines = [machine.next_deadline() for machine in machines]
        deadlines += [port.interface.next_deadline() for port in self.trunks.values()]
        return earliest(*deadlines)

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        for span, faulty in self._faults.settled(now):
            self._line_changed(span, faulty, now)
        for span in self._lost.expired(now):
            self._line_gone(span, now)
        for name, call in self._tones.expired(now):
            self._tone_over(self.trunks[name], call, now)
        self.dchannels.handle_timers(now)
        for port in self.trunks.values():
            deadline = port.interface.next_deadline()
            if deadline is not None and deadline <= now:
                port.interface.handle_timers(now)

    # --- outputs

    def settle(self, now: float) -> bool:
        """Carry what the data links and the interfaces say; True when they said anything."""
        moved, again = False, True
        while again:
            again = False
            for name, said in self.dchannels.settle(now):
                again = True
                self._link_said(self.trunks[name], said, now)
            for port in self.trunks.values():
                for output in port.interface.outputs():
                    again = True
                    self._handle(port, output, now)
            moved = moved or again
        for name in [name for name in self._coming if not self.trunks[name].interface.restarting]:
            self._coming.remove(name)
            total = len(self.trunks[name].endpoints)
            self.log(Line("info", "=", f"trunk {name}", f"in service, {total} B-channels"))
        return moved

    # --- for the ports

    def part(self, half: HalfCall) -> None:
        """What `half` heard is over: its timeslot is silent."""
        self.control.media_commands += [Source(endpoint, None) for endpoint in half.endpoints]

    # --- lines

    def _line_changed(self, span: str, faulty: bool, now: float) -> None:
        for port in self.trunks.values():
            channels = [channel for channel, endpoint in port.endpoints.items() if endpoint.span == span]
            if channels:
                (port.interface.block if faulty else port.interface.unblock)(channels, now, hardware=True)
            self.dchannels.line_changed(port.name, span, faulty, now)
            if not channels:
                continue
            if faulty:
                self._lost.start(span, now + port.t309)
            else:
                self._lost.stop(span)

    def _line_gone(self, span: str, now: float) -> None:
        """A line did not come back within T309: its calls are over, whatever D-channel they have (5.8.9)."""
        for port in self.trunks.values():
            for half in list(port.halves.values()):
                if isinstance(half.endpoint, TimeslotEndpoint) and half.endpoint.span == span:
                    location = port.rules.location
                    release = Release(Cause.DESTINATION_OUT_OF_ORDER, location, f"span {span} did not come back")
                    port.release(half, release, now)
                    self.control.event(half, release, now)

    def _link_said(self, port: PriTrunkPort, said: Said, now: float) -> None:
        interface = port.interface
        match said:
            case bytes():
                self._traced("<", port, said)
                interface.receive(0, said, now)
            case Released():
                interface.link_released(0, now)
            case Established() | Reset():
                interface.established(0, now)

    # --- what an interface says

    def _handle(self, port: PriTrunkPort, output: Output, now: float) -> None:
        match output:
            case DataRequest(octets=octets):
                self._traced(">", port, octets)
                self.dchannels.send(port.name, octets, now)
            case EstablishRequest():
                self.dchannels.establish(port.name, now)
            case SetupIndication():
                self._incoming(port, output, now)
            case InterfaceState(available=available):
                self._state(port, available)
            case ChannelState(channel=channel, service=service):
                self._channel_state(port, channel, service)
            case Alert(channel=channel, text=text):
                subject = f"trunk {port.name}" if channel is None else f"channel {port.name}/{channel}"
                self.log(Line("warning", "!", subject, text))
            case CallCleared(call=call):
                self._cleared(port, call, now)
            case _:
                half = port.halves.get(getattr(output, "call", -1))
                if half is not None:
                    self._for_call(port, half, output, now)

    def _for_call(self, port: PriTrunkPort, half: HalfCall, output: Output, now: float) -> None:
        control, call = self.control, half.handle
        match output:
            case InformationIndication(message=message):
                if call in port.digits:
                    setup, digits = port.digits[call]
                    port.digits[call] = (setup, digits + mapping.digits_of(message))
                    self._offer_early(port, half, now)
                elif call in port.following:
                    control.event(half, mapping.more_digits(message), now)
                else:
                    control.event(half, Transparent(carry(message)), now)
            case NumberComplete():
                if call in port.following:
                    control.event(half, Information("", complete=True), now)
                    port.number_known(half, now)
                else:
                    self._offer(port, half, now)
            case ProceedingIndication(message=message) | MoreInfoIndication(message=message):
                if isinstance(output, MoreInfoIndication):
                    port.digits_wanted(half, now)
                elif half.call is not None and not half.call.setup.complete:
                    control.event(half, Proceeding(), now)
                progress = mapping.progress_from(message)
                if progress is not None:
                    control.event(half, progress, now)
            case ProgressIndication(message=message):
                control.event(half, mapping.progress_from(message) or Progress(), now)
            case AlertingIndication(message=message):
                control.event(half, mapping.alerting_from(message), now)
            case SetupConfirm(message=message):
                control.event(half, mapping.answer_from(message, port.rules), now)
            case DisconnectIndication():
                self._disconnected(port, half, output, now)
            case ReleaseIndication():
                self._released(port, half, output, now)
            case ChannelChanged(new=channel):
                self._moved(port, half, channel)
            case CallMessage(message=message):
                self._call_message(half, message, now)
            case HoldIndication():
                self._held(port, half, True, now)
            case RetrieveIndication():
                self._held(port, half, False, now)
            case SuspendIndication():
                allowed = port.configuration.suspension
                port.interface.suspend_response(call, None if allowed else Cause.FACILITY_REJECTED, now)
            case SuspendedIndication():
                self._moved(port, half, None)
                control.event(half, Suspend(network=False), now)
            case ResumeIndication(channel=channel):
                port.interface.resume_response(call, None, now)
                self._moved(port, half, channel)
                control.event(half, Resume(network=False), now)
            case DataLinkLost():
                self.log(Line("warning", "!", half.reference, "the data link is lost, the call is kept for T309"))
            case DataLinkRestored():
                self.log(Line("info", "=", half.reference, "the data link is back, the call goes on"))

    # --- calls that come

    def _incoming(self, port: PriTrunkPort, output: SetupIndication, now: float) -> None:
        half = HalfCall(port, incoming=True)
        port.adopt(half, output.call, output.channel)
        port.digits[output.call] = (output.message, mapping.digits_of(output.message))
        if output.complete:
            self._offer(port, half, now)
        else:
            self._offer_early(port, half, now)

    def _offer_early(self, port: PriTrunkPort, half: HalfCall, now: float) -> None:
        """The number is not whole: hand the call to call control all the same where its route takes digits later."""
        message, digits = port.digits[half.handle]
        trunk = port.configuration
        if not trunk.pass_digits or len(digits) < trunk.minimum_digits:
            return
        setup = mapping.setup_from(message, port.rules, digits)
        if isinstance(setup, Release):
            return
        setup = replace(setup, complete=False)
        if self.control.may_offer_early(port.name, setup, now):
            del port.digits[half.handle]
            port.following.add(half.handle)
            self.control.setup(half, setup, now)

    def _offer(self, port: PriTrunkPort, half: HalfCall, now: float) -> None:
        """The number is whole: hand the call to call control, and tell the peer that it is on its way."""
        waiting = port.digits.pop(half.handle, None)
        if waiting is None:
            return
        message, digits = waiting
        setup = mapping.setup_from(message, port.rules, digits)
        if isinstance(setup, Release):
            self.log(Line("info", "!", half.reference, f"call refused: {setup.diagnostic}"))
            half.released = True
            port.release(half, setup, now)
            return
        self.control.setup(half, setup, now)
        if not half.released:
            port.request(half, port.interface.proceeding, (), now)

    # --- calls that end

    def _disconnected(self, port: PriTrunkPort, half: HalfCall, output: DisconnectIndication, now: float) -> None:
        """DISCONNECT with a tone: the caller may hear it for a while, unless another trunk can still be tried."""
        release = mapping.release_from(output.cause, output.location, output.message, "")
        call, seconds = half.call, port.configuration.disconnect_tone_seconds
        retried = call is not None and call.attempt is not None and output.cause in call.attempt.fallback_causes
        listening = call is not None and not half.incoming and call.answer_time is None and not half.released
        if not seconds or not listening or retried:
            self._end(port, half, release, now)
            return
        key = (port.name, output.call)
        self._ended[key] = release
        self._tones.start(key, now + seconds)
        self.control.event(half, Progress(True, release=release), now)

    def _tone_over(self, port: PriTrunkPort, call: int, now: float) -> None:
        release, half = self._ended.pop((port.name, call), None), port.halves.get(call)
        if release is not None and half is not None:
            self._end(port, half, release, now)

    def _end(self, port: PriTrunkPort, half: HalfCall, release: Release, now: float) -> None:
        """The peer has ended the call and waits for our RELEASE."""
        self.part(half)
        port.interface.release(half.handle, release.cause, now)
        self.control.event(half, release, now)

    def _released(self, port: PriTrunkPort, half: HalfCall, output: ReleaseIndication, now: float) -> None:
        self.part(half)
        release = mapping.release_from(output.cause, output.location, output.message, output.reason)
        told = self._ended.get((port.name, output.call))
        self.control.event(half, told or release, now)

    def _cleared(self, port: PriTrunkPort, call: int, now: float) -> None:
        self._tones.stop((port.name, call))
        self._ended.pop((port.name, call), None)
        half = port.forget(call)
        if half is not None:
            self.control.cleared(half, now)

    # --- calls that go on

    def _moved(self, port: PriTrunkPort, half: HalfCall, channel: ChannelId | None) -> None:
        """The call goes on on another channel, or on none for now."""
        self.part(half)
        port.place(half, channel)
        if channel is not None:
            self.control.endpoint_changed(half)
            return
        other = other_half(half)
        if other is not None:
            self.part(other)

    def _held(self, port: PriTrunkPort, half: HalfCall, held: bool, now: float) -> None:
        """HOLD or RETRIEVE: agreed to; nothing is heard meanwhile, and the other side is notified (Q.932 6.2)."""
        respond = port.interface.hold_response if held else port.interface.retrieve_response
        respond(half.handle, None, now)
        other = other_half(half)
        if held:
            self.part(half)
            if other is not None:
                self.part(other)
        else:
            self.control.endpoint_changed(half)
        self.control.event(half, Hold() if held else Retrieve(), now)

    def _call_message(self, half: HalfCall, message: Message, now: float) -> None:
        """A message that changes no state: what it says to the call, else for a side that speaks the same."""
        primitive = mapping.notification_from(message) if message.type == M.NOTIFY else None
        self.control.event(half, primitive or Transparent(carry(message)), now)

    # --- for people

    def _state(self, port: PriTrunkPort, available: bool) -> None:
        self.notify(Notice("link", {"Link": f"{port.name}/d", "State": "in service" if available else "failed"}))
        if available:
            self._coming.add(port.name)
            return
        self._coming.discard(port.name)
        if not self.dchannels.stopping:
            self.log(Line("warning", "!", f"trunk {port.name}", "out of service: the data link is lost"))

    def _channel_state(self, port: PriTrunkPort, channel: ChannelId, service: Service) -> None:
        """Log the channel, and the trunk when the first has left service or the last is back."""
        reasons = str(service.name).lower().replace("_", " ").replace("|", ", ") if service else "in service"
        if self.notify is not ignore:
            self.notify(circuit_notice(port.name, str(channel), reasons, not service))
        if self._trace is not None:
            self._trace(Line("debug", "=", f"channel {port.name}/{channel}", reasons))
        out = port.out_of_service
        if service and channel not in out:
            if not out:
                self.log(Line("info", "=", f"trunk {port.name}", f"B-channels leave service, first {channel}"))
            out.add(channel)
        elif not service and channel in out:
            out.discard(channel)
            if not out:
                self.log(Line("info", "=", f"trunk {port.name}", "every B-channel is in service"))

    def _traced(self, shape: str, port: PriTrunkPort, octets: bytes) -> None:
        """One message as a line of the log."""
        if self._trace is None:
            return
        try:
            text = str(decode(octets))
        except DecodeError as error:
            text = f"{octets.hex()} ({error})"
        self._trace(Line("debug", shape, f"pri {port.name}", text))  # type: ignore[arg-type]
