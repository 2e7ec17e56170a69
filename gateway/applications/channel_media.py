"""What is played to channels and recorded of them, and digits from and to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from tandem.gateway.applications.channels import Channels
from tandem.gateway.applications.events import Happening
from tandem.gateway.applications.session import MediaEnded, Session
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import DigitTrunk, HalfCall
from tandem.gateway.calls.model import Dtmf, Hold, Release, Retrieve
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import (
    Command,
    Play,
    PlaybackEnded,
    Record,
    RecordingEnded,
    SendDigits,
    Source,
    StopPlay,
    StopRecord,
)

if TYPE_CHECKING:
    from tandem.gateway.applications.trunk import ApplicationTrunk

#: Seconds of silence between digits that are sent.
_PAUSE: Final = 0.1


class ChannelMedia(Channels):
    """Channels that can be played to and recorded."""

    applications: ApplicationTrunk
    """Gets what ends; whoever completes this class makes it."""

    def __init__(
        self,
        control: CallControl,
        token: Callable[[], str],
        wall_clock: Callable[[float], float],
        log: Callable[[Line], None],
    ) -> None:
        """See Channels."""
        super().__init__(control, token, wall_clock, log)
        self._playing: dict[int, tuple[HalfCall, str, Session | None]] = {}
        self._recording: dict[int, tuple[HalfCall, str, Session | None]] = {}
        self._holding: set[HalfCall] = set()
        """Channels whose peers we hold."""
        self._music: dict[HalfCall, int] = {}
        """What is played to channels while they are held, by us or by whom they talk with."""

    # --- what an operator asks

    def broadcast(self, channel: str, what: str, now: float, legs: str = "aleg") -> None:
        """Play a file to a channel (`aleg`), to whom it talks with (`bleg`) or to `both`, in place of speech."""
        self.now = now
        half = self.find(channel)
        other = half.other
        if legs in ("aleg", "both"):
            self.play(half, what, None)
        if legs in ("bleg", "both") and other is not None and not other.is_application:
            self.play(other, what, None)

    def stop_broadcast(self, channel: str, now: float) -> None:
        """End what is being played to a channel, by whomever."""
        self.now = now
        half = self.find(channel)
        for number, (playing, _, _) in list(self._playing.items()):
            if playing is half:
                self.stop_playback(number)

    def record(self, channel: str, path: str, now: float, limit: float = 0.0, mode: str = "mixed") -> None:
        """Record a channel into a file: what comes (`received`), both sides `mixed`, or both as `stereo`.

        `limit` in seconds, 0 for none.
        """
        self.now = now
        if mode not in ("received", "mixed", "stereo"):
            raise ValueError(f"{mode!r} is not received, mixed or stereo")
        self.record_channel(self.find(channel), path, limit, mode, None)

    def stop_record(self, channel: str, path: str, now: float) -> None:
        """End a recording of a channel; of all of them for `all`."""
        self.now = now
        self.stop_recordings(self.find(channel), "" if path == "all" else path)

    def send_dtmf(self, channel: str, digits: str, now: float, duration_ms: int = 160) -> None:
        """Send digits to the peer of a channel, in the form that its trunk takes."""
        self.now = now
        if not digits or any(digit not in "0123456789*#ABCD" for digit in digits.upper()):
            raise ValueError(f"{digits!r} are not digits (0-9, *, #, A-D)")
        self.send_digits(self.find(channel), digits.upper(), duration_ms)

    def hold(self, channel: str, now: float, on: bool | None = True) -> None:
        """Put the peer of a channel on hold, or take it off, as its protocol can tell it; None: the other of both."""
        self.now = now
        half = self.find(channel)
        self.put_on_hold(half, half not in self._holding if on is None else on)

    # --- what the media process and trunks say

    def media_ended(self, event: PlaybackEnded | RecordingEnded, now: float) -> None:
        """A playback or recording is over."""
        self.now = now
        played = isinstance(event, PlaybackEnded)
        found = (self._playing if played else self._recording).pop(event.number, None)
        if found is None:
            return
        half, file, session = found
        if self._music.get(half) == event.number:
            del self._music[half]
            if event.status == "done" and event.milliseconds:  # it is over, and begins again
                self._music[half] = self.play(half, file, None)
        if event.status not in ("done", "stopped"):
            self._log(Line("warning", "!", half.reference, f"{file}: {event.status}"))
        what = Happening.PLAYBACK_STOP if played else Happening.RECORD_STOP
        self.tell(what, half, file=file, status=event.status, milliseconds=str(event.milliseconds))
        if session is not None:
            session.media.discard(event.number)
            self.applications.feed(session, MediaEnded(event.number, event.status, event.milliseconds), now)

    def digit(self, half: HalfCall, digit: str, duration_ms: int, now: float) -> None:
        """A digit came from the peer of `half`, in whatever form."""
        self.now = now
        self.tell(Happening.DTMF, half, digit=digit, duration_ms=str(duration_ms))

    def released(self, half: HalfCall, release: Release, other: HalfCall | None, now: float) -> None:
        """A channel ends, and with it what is played and recorded."""
        self._holding.discard(half)
        self._music.pop(half, None)
        if self._playing or self._recording:
            self._end_media(half)
        super().released(half, release, other, now)

    def held(self, half: HalfCall, held: bool, now: float) -> None:
        """The peer of `half` holds whom it talks with, or no longer does: music is for that one."""
        super().held(half, held, now)
        other = half.other
        if other is not None and not other.is_application and half.answered:
            self._play_music(other, held)

    # --- for the applications

    def media(self, commands: Iterable[Command]) -> None:
        """Have the media process do something."""
        self.control.media_commands += commands

    def silence(self, half: HalfCall) -> None:
        """The channel hears nothing any more."""
        self.media([Source(endpoint, None) for endpoint in half.endpoints])

    def stop_media(self, session: Session) -> None:
        """What the application plays and records ends with it."""
        for number in list(session.media):
            if number in self._playing:
                self.stop_playback(number)
            else:
                self.stop_recording(number)
        session.media.clear()

    def play(self, half: HalfCall, what: str, session: Session | None) -> int:
        """Play a file, or `tone_stream://`, `silence_stream://`, to a channel; the number that its end will name."""
        number = self.next_number()
        if half.endpoint is None:
            self.later(lambda now: self.media_ended(PlaybackEnded(number, "the channel has no speech path", 0), now))
        else:
            self.media([Play(half.endpoint, number, what)])
        self._playing[number] = half, what, session
        if session is not None:
            session.media.add(number)
        self.tell(Happening.PLAYBACK_START, half, file=what)
        return number

    def stop_playback(self, number: int) -> None:
        """End a playback; it is told as stopped."""
        self.media([StopPlay(number)])

    def record_channel(self, half: HalfCall, path: str, limit: float, mode: str, session: Session | None) -> int:
        """Begin to record a channel; the number that its end will name."""
        number = self.next_number()
        if half.endpoint is None:
            self.later(lambda now: self.media_ended(RecordingEnded(number, "the channel has no speech path", 0), now))
        else:
            self.media([Record(half.endpoint, number, path, mode, limit)])
        self._recording[number] = half, path, session
        if session is not None:
            session.media.add(number)
        self.tell(Happening.RECORD_START, half, file=path)
        return number

    def stop_recording(self, number: int) -> None:
        """End a recording; it is told as stopped."""
        self.media([StopRecord(number)])

    def stop_recordings(self, half: HalfCall, path: str) -> None:
        """End the recordings of a channel into `path`, all of them for an empty one."""
        for number, (recorded, file, _) in list(self._recording.items()):
            if recorded is half and path in ("", file):
                self.stop_recording(number)

    def send_digits(self, half: HalfCall, digits: str, milliseconds: int) -> float:
        """Send digits to the peer of a channel; the seconds that this takes."""
        if isinstance(half.trunk, DigitTrunk) and half.trunk.takes_digits:
            for digit in digits:
                half.trunk.send(half, Dtmf(digit, milliseconds), self.now)
        elif half.endpoint is not None:
            self.media([SendDigits(half.endpoint, digits, milliseconds)])
        return len(digits) * (milliseconds / 1000 + _PAUSE)

    def put_on_hold(self, half: HalfCall, on: bool) -> None:
        """Tell the peer of a channel that it is held, and play it what `hold_music` names; or take it off hold."""
        half.trunk.send(half, Hold() if on else Retrieve(), self.now)
        (self._holding.add if on else self._holding.discard)(half)
        self.tell(Happening.CHANNEL_HOLD if on else Happening.CHANNEL_UNHOLD, half)
        self._play_music(half, on)

    # --- inside

    def _play_music(self, half: HalfCall, on: bool) -> None:
        if not on:
            if (number := self._music.pop(half, None)) is not None:
                self.stop_playback(number)
            return
        what = self.variable(half, "hold_music")
        if what and what != "silence" and half not in self._music and not half.released:
            self._music[half] = self.play(half, what, None)

    def _end_media(self, half: HalfCall) -> None:
        """What is played to and recorded of a channel ends with it: its timeslot will be another call's."""
        for number, (owner, _, _) in self._playing.items():
            if owner is half:
                self.stop_playback(number)
        for number, (owner, _, _) in self._recording.items():
            if owner is half:
                self.stop_recording(number)
