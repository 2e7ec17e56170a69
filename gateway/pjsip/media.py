"""The media of one call that pass PJMEDIA: its speech joined to the media process, and what is measured of it."""

from __future__ import annotations

import contextlib
import weakref
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
import pjsua2 as pj

from .bridge import SpeechPort
from .protocol import Speech, StreamMeasured
from .speech import SpeechPath

if TYPE_CHECKING:
    from .calls import Call
    from .engine import Engine

_DIGIT_MILLISECONDS: Final = 100
"""What a digit from the peer lasts towards the media process; PJSIP tells of its beginning."""
_DEAF: Final = 10.0
"""Seconds without RTP from the peer after which nothing goes to the media process either, so that it notices."""
_MEASURE: Final = 1.0
"""Seconds from one measurement of a stream that is told to the next."""
_COUNTERS: Final = (
    *("packets_sent", "packets_received", "octets_received"),
    *("packets_lost", "packets_late", "remote_lost"),
)
_LAWS: Final = {"PCMA": "A", "PCMU": "u"}
_DIRECTIONS: Final = {
    pj.PJMEDIA_DIR_ENCODING_DECODING: "sendrecv",
    pj.PJMEDIA_DIR_ENCODING: "recvonly",
    pj.PJMEDIA_DIR_DECODING: "sendonly",
    pj.PJMEDIA_DIR_NONE: "inactive",
}
"""What the peer does, by what we do."""


class CallMedia:
    """Of a call with PJSIP's streams; where RTP passes PJSIP by there are none, and nothing here happens."""

    def __init__(self, engine: Engine, call: Call, path: SpeechPath) -> None:
        self._engine = engine
        # The object of a call that is over must end at once, not with the next garbage collection: PJSIP has another
        # call in its place by then, which would be hung up with it.
        self._call = cast("Call", weakref.proxy(call))
        self.path = path
        self.speech: Speech | None = None
        """What both sides have agreed to; None before there are media."""
        self._port: SpeechPort | None = None
        self._packets = -2
        self._measured = StreamMeasured(call.number)
        """Of the stream that is there."""
        self._before = dict.fromkeys(_COUNTERS, 0)
        """Counts of streams that were there before: each change of the session makes another."""
        self._measuring = 0.0
        self._heard = 0.0

    def join(self, info: Any) -> Speech | None:
        """Media begin or change, of a CallInfo: join the first audio stream without error; None where there is none.

        `info` is held meanwhile, for its list of media ends with it.
        """
        for index, one in enumerate(info.media):
            if one.type != pj.PJMEDIA_TYPE_AUDIO or one.status == pj.PJSUA_CALL_MEDIA_ERROR:
                continue
            direction = _DIRECTIONS.get(one.dir, "sendrecv")
            law = self._law_of_joined(index)
            if law is None:
                # Neither side sends (a=inactive): PJSIP has no stream, and does not say what codec there would be.
                law = self.speech.law if self.speech is not None else self._engine.first_law
                direction = "inactive"
            self.speech = Speech(self.path.port, law, direction)
            return self.speech
        return None

    def _law_of_joined(self, index: int) -> str | None:
        """Join the stream of the peer and the media process; its law, None where there is no stream."""
        try:
            law = _LAWS.get(self._call.getStreamInfo(index).codecName)
            audio = self._call.getAudioMedia(index)
        except pj.Error:
            return None
        if law is None:
            return None
        self.path.set_law(law)
        if self._port is None:
            self._port = SpeechPort(self.path)
        audio.startTransmit(self._port)
        self._port.startTransmit(audio)
        return law

    def let_go(self) -> None:
        """Take a call that is over out of the conference bridge; outside PJSIP's callbacks."""
        if self._port is not None:
            self._port.remove()
            self._port = None

    # --- digits

    def send_digits(self) -> None:
        """Digits from the media process go to the peer."""
        for digit in self.path.digits():
            with contextlib.suppress(pj.Error):
                self._call.dialDtmf(digit)

    def receive_digit(self, digit: str) -> None:
        """A digit came as a telephone-event, and goes to the media process."""
        self.path.send_digit(digit, _DIGIT_MILLISECONDS)

    # --- what is measured

    def watch(self, now: float) -> None:
        """See whether anything comes from the peer of an answered call."""
        if self.speech is None:
            return
        packets = -1
        with contextlib.suppress(pj.Error):
            self._measure(0)
            packets = self._measured.packets_received
        if now >= self._measuring:
            self._measuring = now + _MEASURE
            self._tell_measured()
        if packets != self._packets:
            self._packets, self._heard = packets, now
        self.path.paused = now - self._heard > _DEAF

    def _measure(self, index: int) -> None:
        """Ask for the statistics of the stream; raises pj.Error when there is none."""
        found = self._call.getStreamStat(index)
        rtcp, came, went = found.rtcp, found.rtcp.rxStat, found.rtcp.txStat
        self._measured = StreamMeasured(
            self._call.number,
            packets_sent=int(went.pkt),
            packets_received=int(came.pkt),
            octets_received=int(came.bytes),
            packets_lost=int(came.loss),
            packets_late=int(came.discard) + int(came.dup),
            remote_lost=int(went.loss),
            jitter_ms=came.jitterUsec.last / 1000,
            remote_jitter_ms=went.jitterUsec.last / 1000,
            round_trip_ms=rtcp.rttUsec.mean / 1000,
            waiting_ms=float(found.jbuf.avgDelayMsec),
        )

    def _tell_measured(self, *, final: bool = False) -> None:
        counts = {name: self._before[name] + getattr(self._measured, name) for name in _COUNTERS}
        self._engine.tell(msgspec.structs.replace(self._measured, **counts, final=final))

    def tell_last(self) -> None:
        """Tell what was measured, before it is told that the call is over: its record is written then."""
        with contextlib.suppress(pj.Error):
            if hasattr(self._call, "this"):  # PJSIP knows of it
                self._measure(0)
        self._tell_measured(final=True)

    def stream_ends(self, index: int) -> None:
        """A stream ends, with the call or because another takes its place."""
        with contextlib.suppress(pj.Error):
            self._measure(index)
        if self._measured != StreamMeasured(self._call.number):
            self._tell_measured()
            for name in _COUNTERS:
                self._before[name] += getattr(self._measured, name)
            self._measured = StreamMeasured(self._call.number)
