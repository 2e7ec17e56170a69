"""A primary rate interface: call control of ITU-T Q.931 (05/1998) and EN 300 403-1 for all its calls, one machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from tandem.core.cause import Cause
from tandem.core.errors import ConfigurationError, DecodeError, EncodeError
from tandem.isdn.q931 import calls_clear, calls_in, calls_out, calls_services, calls_status, links
from tandem.isdn.q931.call import Call, Hold, Request
from tandem.isdn.q931.call_tables import tables
from tandem.isdn.q931.channels import LOCAL, Channel, ChannelId, ChannelStatus, Service
from tandem.isdn.q931.codes import Discriminator, MessageType
from tandem.isdn.q931.configuration import InterfaceConfiguration
from tandem.isdn.q931.kernel import Elements, Kernel, Links
from tandem.isdn.q931.messages import Message, decode
from tandem.isdn.q931.primitives import CallStateError, Output
from tandem.isdn.q931.restart import Restarts
from tandem.isdn.q931.segmentation import Reassembler, SegmentsLost
from tandem.isdn.q931.service import Announcement, Services
from tandem.isdn.q931.tables import FIRST_ANSWER, Side
from tandem.isdn.q931.texts import CallIdentity
from tandem.isdn.q931.timers import Timer
from tandem.isdn.q931.validation import check

M = MessageType


class Interface:
    """All calls and channels of a PRI.

    Feed it what the data links say, what call control and maintenance ask for, and the time; drain `outputs()` after
    each and arm one timer for `next_deadline()`. Times are seconds on one monotonic scale.
    """

    def __init__(self, configuration: InterfaceConfiguration) -> None:
        """Nothing happens before `start`; ConfigurationError when timers are wrong."""
        kernel = self._kernel = Kernel(configuration)
        self._restarts = Restarts(kernel)
        self._services = Services(kernel)
        self._tables = tables(kernel.roles)
        self._segments = [Reassembler(kernel.values[Timer.T314]) for _ in kernel.links.up]
        symmetrical = configuration.switch_type.symmetrical
        self._sender: Side | None = None if symmetrical else "user" if configuration.side == "network" else "network"
        """Which side the peer is."""

    # The contract of a machine

    def outputs(self) -> list[Output]:
        """What was produced since the last call, in order."""
        produced = self._kernel.produced
        self._kernel.produced = []
        return produced

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        deadlines = [segments.next_deadline() for segments in self._segments]
        deadlines.append(self._kernel.timers.next_deadline())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timers(self, now: float) -> None:
        """Act on every timer that expired."""
        kernel = self._kernel
        for segments in self._segments:
            segments.handle_timers(now)
            self._lost_segments(segments)
        for owner, timer in kernel.timers.expired(now):
            if isinstance(owner, Call):
                owner.running.remove(timer)
                action = self._tables.timers.get((owner.state, timer))
                if action is not None:
                    action(kernel, owner, now)
            elif isinstance(owner, Links):
                links.expired(kernel, timer, now)
            elif isinstance(owner, Restarts):
                owner.expired(timer, now)
            elif isinstance(owner, Announcement):
                self._services.expired(owner, now)
        self._mend(now)

    # From the data links; `link` is 0, or 1 for the back-up D-channel

    def start(self, now: float) -> None:
        """Establish the data links, and keep them so."""
        links.start(self._kernel, now)

    def established(self, link: int, now: float) -> None:
        """DL-ESTABLISH confirm or indication. On a link that was up before: what was under way is lost (5.8.8)."""
        self._segments[link].reset()
        carried = self._kernel.links
        reset = carried.up[link] and link == carried.active
        if not links.established(self._kernel, link, now):
            if reset:
                self._restarts.link_reset(now)
                self._services.link_reset(now)
            return
        first, self._kernel.links.known = not self._kernel.links.known, True
        restarts = self._kernel.configuration.restarts
        if first and restarts == "interface":
            self._restarts.interface(now)
        elif first and restarts == "channels":
            self._restarts.channels(list(self._kernel.channels), now)
        self._restarts.failed(now)
        self._services.link_restored(now)
        self._mend(now)

    def link_released(self, link: int, now: float) -> None:
        """DL-RELEASE indication or confirm: T309 for active calls, the end of others (5.8.9)."""
        self._segments[link].reset()
        if links.released(self._kernel, link, now):
            self._restarts.link_lost()
            self._services.link_lost()
        elif self._kernel.links.available:  # another link has taken its place
            self._restarts.link_reset(now)
            self._services.link_reset(now)
        self._mend(now)

    def receive(self, link: int, octets: bytes, now: float) -> None:
        """DL-DATA indication. Never raises."""
        try:
            message = decode(octets)
        except DecodeError:
            return  # too short, or no call reference to answer to: ignored (5.8.2, 5.8.3.1)
        kernel = self._kernel
        if not kernel.links.up[link]:
            self.established(link, now)
        links.heard(kernel, link, now)
        segments = self._segments[link]
        if message.type == M.SEGMENT or segments.next_deadline() is not None:
            segments.receive(message, now)
            for whole in self._lost_segments(segments):
                self._dispatch(whole, now)
        else:
            self._dispatch(message, now)
        self._mend(now)

    def _lost_segments(self, segments: Reassembler) -> list[Message]:
        """What has come out of reassembly; losses are for maintenance."""
        whole = []
        for output in segments.outputs():
            if isinstance(output, SegmentsLost):
                self._kernel.alert(f"segments were discarded: {output.reason}")
            else:
                whole.append(output)
        return whole

    def _dispatch(self, message: Message, now: float) -> None:
        """A whole message, by its call reference (5.8.3)."""
        kernel = self._kernel
        reference = message.call_reference
        if reference.length != kernel.configuration.switch_type.call_reference_length:
            return  # 5.8.3.1; the dummy call reference is not used on a primary rate line
        if message.discriminator != Discriminator.CALL_CONTROL:
            self._services.received(message, now)  # 5.8.1: or ignored
        elif reference.value == 0:
            self._global(message, now)
        else:
            call = kernel.references.get((reference.flag, reference.value))
            if call is None:
                self._no_call(message, now)
            else:
                self._for_call(call, message, now)

    def _for_call(self, call: Call, message: Message, now: float) -> None:
        kernel, kind = self._kernel, message.type
        action = self._tables.messages.get((call.state, kind)) if isinstance(kind, MessageType) else None
        if action is calls_status.unexpected:
            action(kernel, call, message, now)  # before what it holds is looked at (5.8.4)
            return
        first = kind in _FIRST_ANSWERS and call.outgoing and not call.agreed and self._sender == "network"
        verdict = check(
            message,
            self._sender,
            switch_type=kernel.configuration.switch_type,
            also=FIRST_ANSWER if first else (),
        )
        if calls_status.wrong(kernel, call, message, verdict, now) and action is not None:
            action(kernel, call, verdict.message, now)

    def _no_call(self, message: Message, now: float) -> None:
        kernel = self._kernel
        begins = _BEGIN.get(int(message.type))
        network = kernel.roles.network
        if begins is None or message.call_reference.flag or (message.type == M.RESUME and not network):
            calls_status.no_call(kernel, message, now)
            return
        verdict = check(message, self._sender, switch_type=kernel.configuration.switch_type)
        if calls_status.wrong(kernel, None, message, verdict, now):
            begins(kernel, verdict.message, now)
            if not verdict.cause:
                return
            call = kernel.references.get((False, message.call_reference.value))
            if call is not None:
                calls_status.wrong(kernel, call, message, verdict, now)

    def _global(self, message: Message, now: float) -> None:
        """The global call reference: RESTART, its answer, and STATUS (5.8.3.2 f to h)."""
        kind, flag = message.type, message.call_reference.flag
        restarts = self._restarts
        if kind not in (M.RESTART, M.RESTART_ACKNOWLEDGE, M.STATUS):
            restarts.report(self._kernel.cause(Cause.INVALID_CALL_REFERENCE_VALUE))
            return
        if (kind == M.RESTART and flag) or (kind == M.RESTART_ACKNOWLEDGE and not flag):
            return
        verdict = check(message, self._sender, switch_type=self._kernel.configuration.switch_type)
        if verdict.fatal:
            cause = verdict.cause_element(self._kernel.location)
            if kind != M.STATUS and cause is not None:
                restarts.report(cause)
        elif kind == M.RESTART:
            restarts.asked(verdict.message, now)
        elif kind == M.RESTART_ACKNOWLEDGE:
            restarts.acknowledged(verdict.message, now)
        else:
            restarts.status(verdict.message, now)

    def _mend(self, now: float) -> None:
        """Restart channels whose release failed (T308)."""
        kernel = self._kernel
        if kernel.to_restart:
            channels, kernel.to_restart = kernel.to_restart, []
            self._restarts.channels(channels, now)

    # From call control. `elements` are all elements of the message but those that the interface knows itself: channel
    # identification, call state. CallStateError when the call is over or its state does not allow the request;
    # EncodeError when the elements do not make the message.

    def setup(self, elements: Elements, now: float, *, channel: ChannelId | None = None) -> int | None:
        """Take a channel (that one, if it is named) and send SETUP.

        Returns the number of the call, or None when no channel is to be had or the data link is down (cause 34 or
        27 for the caller). EncodeError when the elements do not make a SETUP; no channel is taken then.
        """
        call = calls_out.setup(self._kernel, elements, channel, now)
        return None if call is None else call.number

    def information(self, call: int, elements: Elements, now: float) -> None:
        """INFORMATION: more digits (after MoreInfoIndication), keypad, display."""
        self._request(call, Request.INFORMATION, elements, now)

    def more_info(self, call: int, elements: Elements, now: float) -> None:
        """SETUP ACKNOWLEDGE: ask for more digits. Sent of its own accord when `overlap` is configured."""
        self._request(call, Request.MORE_INFO, elements, now)

    def proceeding(self, call: int, elements: Elements, now: float) -> None:
        """CALL PROCEEDING: the number is complete."""
        self._request(call, Request.PROCEEDING, elements, now)

    def progress(self, call: int, elements: Elements, now: float) -> None:
        """PROGRESS; after CALL PROCEEDING where that was not sent yet."""
        self._request(call, Request.PROGRESS, elements, now)

    def alerting(self, call: int, elements: Elements, now: float) -> None:
        """ALERTING."""
        self._request(call, Request.ALERTING, elements, now)

    def connect(self, call: int, elements: Elements, now: float) -> None:
        """CONNECT: the call is answered."""
        self._request(call, Request.CONNECT, elements, now)

    def connect_acknowledge(self, call: int, elements: Elements, now: float) -> None:
        """CONNECT ACKNOWLEDGE, where call control awards calls (`awards_calls`)."""
        self._request(call, Request.CONNECT_ACKNOWLEDGE, elements, now)

    def notify(self, call: int, elements: Elements, now: float) -> None:
        """NOTIFY."""
        self._request(call, Request.NOTIFY, elements, now)

    def facility(self, call: int, elements: Elements, now: float) -> None:
        """FACILITY."""
        self._request(call, Request.FACILITY, elements, now)

    def user_information(self, call: int, elements: Elements, now: float) -> None:
        """USER INFORMATION."""
        self._request(call, Request.USER_INFORMATION, elements, now)

    def congestion_control(self, call: int, elements: Elements, now: float) -> None:
        """CONGESTION CONTROL."""
        self._request(call, Request.CONGESTION_CONTROL, elements, now)

    def disconnect(self, call: int, cause: int | Elements, now: float) -> None:
        """DISCONNECT that leaves the channel open for tones: the elements hold a cause and progress indicator 8.

        T306 ends the tones and the call; `release` does so before. Without the progress indicator this is `release`.
        """
        self._call(call)
        if isinstance(cause, Sequence) and calls_clear.announces_tones(cause):
            self._request(call, Request.DISCONNECT, cause, now)
        else:
            self.release(call, cause, now)

    def release(self, call: int, cause: int | Elements, now: float) -> None:
        """End the call with a cause value, or with all elements of the message (cause, user-user, facility ...).

        RELEASE COMPLETE to a SETUP not answered yet, RELEASE after DISCONNECT, else DISCONNECT. CallCleared follows
        when the peer has answered. Nothing happens when the call is over already: a release by call control may
        cross one by the peer.
        """
        known = self._kernel.calls.get(call)
        if known is None or known.released:
            return
        elements = self._clearing(cause)
        known.released = True
        try:
            self._tables.releases[known.state](self._kernel, known, elements, now)
        except EncodeError:
            known.released = False
            raise

    def hold(self, call: int, elements: Elements, now: float) -> None:
        """HOLD an active call; HoldConfirm follows. The channel stays with it."""
        self._request(call, Request.HOLD, elements, now)

    def hold_response(self, call: int, cause: int | None, now: float) -> None:
        """HOLD ACKNOWLEDGE (`cause` None) or HOLD REJECT after HoldIndication."""
        self._request(call, Request.HOLD_RESPONSE, () if cause is None else (self._kernel.cause(cause),), now)

    def retrieve(self, call: int, elements: Elements, now: float) -> None:
        """RETRIEVE a held call; RetrieveConfirm follows."""
        self._request(call, Request.RETRIEVE, elements, now)

    def retrieve_response(self, call: int, cause: int | None, now: float) -> None:
        """RETRIEVE ACKNOWLEDGE (`cause` None) or RETRIEVE REJECT after RetrieveIndication."""
        self._request(call, Request.RETRIEVE_RESPONSE, () if cause is None else (self._kernel.cause(cause),), now)

    def suspend(self, call: int, identity: bytes, now: float) -> None:
        """User side: SUSPEND an active call under a call identity. CallCleared, or SuspendConfirm when it fails."""
        self._request(call, Request.SUSPEND, (CallIdentity(identity),) if identity else (), now)
        self._kernel.calls[call].identity = identity

    def suspend_response(self, call: int, cause: int | None, now: float) -> None:
        """Network side: SUSPEND ACKNOWLEDGE (`cause` None) or SUSPEND REJECT after SuspendIndication."""
        self._request(call, Request.SUSPEND_RESPONSE, () if cause is None else (self._kernel.cause(cause),), now)

    def resume(self, identity: bytes, now: float) -> int | None:
        """User side: RESUME a suspended call. Its new number; ResumeConfirm or ReleaseIndication follows."""
        if self._kernel.roles.network:
            raise CallStateError("the network side does not resume calls")
        call = calls_services.start_resume(self._kernel, identity, now)
        return None if call is None else call.number

    def resume_response(self, call: int, cause: int | None, now: float) -> None:
        """Network side: RESUME ACKNOWLEDGE (`cause` None) or RESUME REJECT after ResumeIndication."""
        self._request(call, Request.RESUME_RESPONSE, () if cause is None else (self._kernel.cause(cause),), now)

    def enquire(self, call: int, now: float) -> None:
        """STATUS ENQUIRY: is the peer of one mind with us about the call? It ends if not (5.8.10, 5.8.11)."""
        calls_status.enquire(self._kernel, self._call(call), now)

    def _call(self, number: int) -> Call:
        call = self._kernel.calls.get(number)
        if call is None or call.released:
            raise CallStateError(f"call {number} is over")
        return call

    def _request(self, number: int, request: Request, elements: Elements, now: float) -> None:
        call = self._call(number)
        action = self._tables.requests.get((call.state, request))
        if action is None or calls_services.HOLD_REQUESTS.get(request, call.hold) is not call.hold:
            held = "" if call.hold is Hold.IDLE else f", {call.hold.value}"
            raise CallStateError(f"call {number}: no {request.value} in state {call.state.name}{held}")
        action(self._kernel, call, elements, now)

    def _clearing(self, cause: int | Elements) -> Elements:
        """Elements of a message that clears."""
        if isinstance(cause, Sequence):
            return cause or (self._kernel.cause(Cause.NORMAL_CALL_CLEARING),)
        return (self._kernel.cause(cause),)

    # What there is

    @property
    def configuration(self) -> InterfaceConfiguration:
        """As it was made."""
        return self._kernel.configuration

    @property
    def available(self) -> bool:
        """Whether a data link is up."""
        return self._kernel.links.available

    @property
    def idle_channels(self) -> int:
        """How many channels a call could have now."""
        return self._kernel.channels.idle if self.available else 0

    @property
    def restarting(self) -> bool:
        """Whether a RESTART of ours waits for its turn or its answer: channels are not free yet."""
        return not self._restarts.quiet

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way: no call, no RESTART or SERVICE that waits for an answer."""
        return not self._kernel.calls and self._restarts.quiet and self._services.quiet

    def calls(self) -> list[int]:
        """Numbers of all calls that are not cleared."""
        return [number for number, call in self._kernel.calls.items() if call.offered]

    def channel_of(self, call: int) -> ChannelId | None:
        """The channel that a call is on, or None when it has none now; CallStateError when it is cleared."""
        known = self._kernel.calls.get(call)
        if known is None:
            raise CallStateError(f"call {call} is over")
        return None if known.channel is None else known.channel.id

    def channel_states(self) -> dict[ChannelId, tuple[ChannelStatus, Service, int | None]]:
        """Every channel: what it is doing, what blocks it, and the call on it."""
        return {
            channel.id: (channel.status, channel.service, None if channel.call is None else channel.call.number)
            for channel in self._kernel.channels
        }

    # From maintenance

    def restart(self, channels: Iterable[ChannelId] | None, now: float) -> None:
        """RESTART channels (None: the whole interface); calls on them end. RestartConfirm follows."""
        if channels is None:
            self._restarts.interface(now)
        else:
            self._restarts.channels(self._channels(channels), now)

    def block(self, channels: Iterable[ChannelId] | None, now: float, *, hardware: bool = False) -> None:
        """No new calls on channels (None: all); calls on them go on. SERVICE tells the peer, where it has that."""
        flag = Service.LOCAL_HARDWARE if hardware else Service.LOCAL_MAINTENANCE
        changed = []
        for channel in self._channels(channels):
            if not channel.service & LOCAL:
                changed.append(channel)
            channel.service |= flag
            self._kernel.channel_state(channel)
        self._services.tell(changed, now)

    def unblock(self, channels: Iterable[ChannelId] | None, now: float, *, hardware: bool = False) -> None:
        """Take back `block`."""
        flag = Service.LOCAL_HARDWARE if hardware else Service.LOCAL_MAINTENANCE
        changed = []
        for channel in self._channels(channels):
            was = channel.service
            channel.service &= ~flag
            if was & LOCAL and not channel.service & LOCAL:
                changed.append(channel)
            self._kernel.channel_state(channel)
        self._services.tell(changed, now)

    def shutdown(self, now: float) -> None:
        """Block every channel, so that no new call comes (those that do get cause 44); calls in progress go on."""
        self.block(None, now)

    def _channels(self, channels: Iterable[ChannelId] | None) -> list[Channel]:
        known = self._kernel.channels
        if channels is None:
            return list(known)
        found = []
        for one in channels:
            channel = known.get(one)
            if channel is None:
                raise ConfigurationError(f"PRI {self.configuration.name}: there is no channel {one}")
            found.append(channel)
        return found


#: Messages that begin a call.
_BEGIN: Final[Mapping[int, Callable[[Kernel, Message, float], None]]] = {
    M.SETUP: calls_in.setup,
    M.RESUME: calls_services.resume,
}
#: Answers to SETUP that settle the channel; the network always names it (5.1.2).
_FIRST_ANSWERS: Final = frozenset({M.SETUP_ACKNOWLEDGE, M.CALL_PROCEEDING, M.ALERTING, M.CONNECT})
