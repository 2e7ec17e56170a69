"""A primary rate interface: call control of ITU-T Q.931 (05/1998) and EN 300 403-1 for all its calls, one machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tandem.isdn.q931.channels import ChannelId, ChannelStatus, Service
from tandem.isdn.q931.configuration import InterfaceConfiguration
from tandem.isdn.q931.elements import AnyElement
from tandem.isdn.q931.primitives import Output

Elements = Sequence[AnyElement]


class Interface:
    """All calls and channels of a PRI.

    Feed it what the data links say, what call control and maintenance ask for, and the time; drain `outputs()` after
    each and arm one timer for `next_deadline()`. Times are seconds on one monotonic scale.
    """

    def __init__(self, configuration: InterfaceConfiguration) -> None:
        """Nothing happens before `start`; ConfigurationError when timers are wrong."""
        raise NotImplementedError

    # The contract of a machine

    def outputs(self) -> list[Output]:
        """What was produced since the last call, in order."""
        raise NotImplementedError

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        raise NotImplementedError

    def handle_timers(self, now: float) -> None:
        """Act on every timer that expired."""
        raise NotImplementedError

    # From the data links; `link` is 0, or 1 for the back-up D-channel

    def start(self, now: float) -> None:
        """Establish the data links, and keep them so."""
        raise NotImplementedError

    def established(self, link: int, now: float) -> None:
        """DL-ESTABLISH confirm or indication. On a link that was up before: what was under way is lost (5.8.8)."""
        raise NotImplementedError

    def link_released(self, link: int, now: float) -> None:
        """DL-RELEASE indication or confirm: T309 for active calls, the end of others (5.8.9)."""
        raise NotImplementedError

    def receive(self, link: int, octets: bytes, now: float) -> None:
        """DL-DATA indication. Never raises."""
        raise NotImplementedError

    # From call control. `elements` are all elements of the message but those that the interface knows itself: channel
    # identification, call state. CallStateError when the call is over or its state does not allow the request;
    # EncodeError when the elements do not make the message.

    def setup(self, elements: Elements, now: float, *, channel: ChannelId | None = None) -> int | None:
        """Take a channel (that one, if it is named) and send SETUP.

        Returns the number of the call, or None when no channel is to be had or the data link is down (cause 34 or
        27 for the caller). EncodeError when the elements do not make a SETUP; no channel is taken then.
        """
        raise NotImplementedError

    def information(self, call: int, elements: Elements, now: float) -> None:
        """INFORMATION: more digits (after MoreInfoIndication), keypad, display."""
        raise NotImplementedError

    def more_info(self, call: int, elements: Elements, now: float) -> None:
        """SETUP ACKNOWLEDGE: ask for more digits. Sent of its own accord when `overlap` is configured."""
        raise NotImplementedError

    def proceeding(self, call: int, elements: Elements, now: float) -> None:
        """CALL PROCEEDING: the number is complete."""
        raise NotImplementedError

    def progress(self, call: int, elements: Elements, now: float) -> None:
        """PROGRESS; after CALL PROCEEDING where that was not sent yet."""
        raise NotImplementedError

    def alerting(self, call: int, elements: Elements, now: float) -> None:
        """ALERTING."""
        raise NotImplementedError

    def connect(self, call: int, elements: Elements, now: float) -> None:
        """CONNECT: the call is answered."""
        raise NotImplementedError

    def connect_acknowledge(self, call: int, elements: Elements, now: float) -> None:
        """CONNECT ACKNOWLEDGE, where call control awards calls (`awards_calls`)."""
        raise NotImplementedError

    def notify(self, call: int, elements: Elements, now: float) -> None:
        """NOTIFY."""
        raise NotImplementedError

    def facility(self, call: int, elements: Elements, now: float) -> None:
        """FACILITY."""
        raise NotImplementedError

    def user_information(self, call: int, elements: Elements, now: float) -> None:
        """USER INFORMATION."""
        raise NotImplementedError

    def congestion_control(self, call: int, elements: Elements, now: float) -> None:
        """CONGESTION CONTROL."""
        raise NotImplementedError

    def disconnect(self, call: int, cause: int | Elements, now: float) -> None:
        """DISCONNECT that leaves the channel open for tones: `elements` hold cause and progress indicator 8.

        T306 (T305 without the progress indicator) ends it with RELEASE; `release` does so before.
        """
        raise NotImplementedError

    def release(self, call: int, cause: int | Elements, now: float) -> None:
        """End the call with a cause value, or with all elements of the message (cause, user-user, facility ...).

        RELEASE COMPLETE to a SETUP not answered yet, RELEASE after DISCONNECT, else DISCONNECT. CallCleared follows
        when the peer has answered. Nothing happens when the call is over already: a release by call control may
        cross one by the peer.
        """
        raise NotImplementedError

    def hold(self, call: int, elements: Elements, now: float) -> None:
        """HOLD an active call; HoldConfirm follows. The channel stays with it."""
        raise NotImplementedError

    def hold_response(self, call: int, cause: int | None, now: float) -> None:
        """HOLD ACKNOWLEDGE (`cause` None) or HOLD REJECT after HoldIndication."""
        raise NotImplementedError

    def retrieve(self, call: int, elements: Elements, now: float) -> None:
        """RETRIEVE a held call; RetrieveConfirm follows."""
        raise NotImplementedError

    def retrieve_response(self, call: int, cause: int | None, now: float) -> None:
        """RETRIEVE ACKNOWLEDGE (`cause` None) or RETRIEVE REJECT after RetrieveIndication."""
        raise NotImplementedError

    def suspend(self, call: int, identity: bytes, now: float) -> None:
        """User side: SUSPEND an active call under a call identity. CallCleared, or SuspendConfirm when it fails."""
        raise NotImplementedError

    def suspend_response(self, call: int, cause: int | None, now: float) -> None:
        """Network side: SUSPEND ACKNOWLEDGE (`cause` None) or SUSPEND REJECT after SuspendIndication."""
        raise NotImplementedError

    def resume(self, identity: bytes, now: float) -> int | None:
        """User side: RESUME a suspended call. Its new number; ResumeConfirm or ReleaseIndication follows."""
        raise NotImplementedError

    def resume_response(self, call: int, cause: int | None, now: float) -> None:
        """Network side: RESUME ACKNOWLEDGE (`cause` None) or RESUME REJECT after ResumeIndication."""
        raise NotImplementedError

    def enquire(self, call: int, now: float) -> None:
        """STATUS ENQUIRY: is the peer of one mind with us about the call? It ends if not (5.8.10, 5.8.11)."""
        raise NotImplementedError

    # What there is

    @property
    def configuration(self) -> InterfaceConfiguration:
        """As it was made."""
        raise NotImplementedError

    @property
    def available(self) -> bool:
        """Whether a data link is up."""
        raise NotImplementedError

    @property
    def idle_channels(self) -> int:
        """How many channels a call could have now."""
        raise NotImplementedError

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way: no call, no RESTART or SERVICE that waits for an answer."""
        raise NotImplementedError

    def calls(self) -> list[int]:
        """Numbers of all calls that are not cleared."""
        raise NotImplementedError

    def channel_of(self, call: int) -> ChannelId | None:
        """The channel that a call is on, or None when it has none now; CallStateError when it is cleared."""
        raise NotImplementedError

    def channel_states(self) -> dict[ChannelId, tuple[ChannelStatus, Service, int | None]]:
        """Every channel: what it is doing, what blocks it, and the call on it."""
        raise NotImplementedError

    # From maintenance

    def restart(self, channels: Iterable[ChannelId] | None, now: float) -> None:
        """RESTART channels (None: the whole interface); calls on them end. RestartConfirm follows."""
        raise NotImplementedError

    def block(self, channels: Iterable[ChannelId] | None, now: float, *, hardware: bool = False) -> None:
        """No new calls on channels (None: all), calls on them go on; the peer is told with SERVICE where it has that."""
        raise NotImplementedError

    def unblock(self, channels: Iterable[ChannelId] | None, now: float, *, hardware: bool = False) -> None:
        """Take back `block`."""
        raise NotImplementedError

    def shutdown(self, now: float) -> None:
        """Block every channel, so that no new call comes (those that do get cause 44); calls in progress go on."""
        raise NotImplementedError
