"""The applications: each a generator that does one thing with a channel; see `Program`.

Names and arguments are those of FreeSWITCH's applications, as far as they are here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tandem.core.cause import Cause
from tandem.gateway.applications.causes import cause_of, name_of
from tandem.gateway.applications.dial_strings import DialString
from tandem.gateway.applications.events import Happening
from tandem.gateway.applications.origination import Caller, Origination, number_of
from tandem.gateway.applications.session import (
    Digit,
    Expired,
    Interrupt,
    LegAnswered,
    LegProgress,
    LegsFailed,
    MediaEnded,
    Program,
    Session,
)
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Alerting, Answer, Progress, Release, Setup
from tandem.gateway.media.protocol import Source, Tone

if TYPE_CHECKING:
    from tandem.gateway.applications.switchboard import Switchboard

#: Release of legs whose caller has gone.
_CANCELLED: Final = Release(Cause.NORMAL_CALL_CLEARING, diagnostic="the caller has gone")


@dataclass(slots=True)
class Run:
    """One application on one channel."""

    board: Switchboard
    session: Session
    channel: HalfCall
    data: str
    now: float
    """When it began; `board.now` is the time of what is handled."""

    def get(self, name: str) -> str:
        """A channel variable, empty where there is none."""
        return self.board.variable(self.channel, name)

    def put(self, name: str, value: str) -> None:
        """Set a channel variable."""
        self.board.set_variable(self.channel, name, value)

    def answer(self) -> None:
        """Answer the call, where that has not been done."""
        if not self.channel.answered:
            self.board.control.event(self.session.half, Answer(), self.board.now)

    def open(self) -> None:
        """Let the channel hear the gateway: before answer, as progress with something in band."""
        if not self.channel.answered and not self.session.half.released and not self.get("_early"):
            self.put("_early", "true")
            self.board.control.event(self.session.half, Progress(inband=True), self.board.now)

    def words(self) -> list[str]:
        """The arguments, between spaces."""
        return self.data.split()


def _answer(run: Run) -> str:
    run.answer()
    return ""


def _pre_answer(run: Run) -> str:
    run.open()
    return ""


def _ring_ready(run: Run) -> str:
    if not run.channel.answered:
        run.board.control.event(run.session.half, Alerting(), run.board.now)
    return ""


def _hangup(run: Run) -> str:
    release = Release(cause_of(run.data), diagnostic="hung up by the application")
    run.board.applications.hang_up(run.session, release, run.board.now)
    return ""


def _set(run: Run) -> str:
    name, _, value = run.data.partition("=")
    run.put(name.strip(), value)
    return ""


def _export(run: Run) -> str:
    name, _, value = run.data.partition("=")
    name = name.strip().removeprefix("nolocal:")
    run.put(name, value)
    exported = run.get("export_vars")
    run.put("export_vars", f"{exported},{name}" if exported else name)
    return ""


def _sleep(run: Run) -> Program:
    end = run.now + _number(run.data, 1000) / 1000
    while (left := end - run.board.now) > 0:
        happened = yield left
        if isinstance(happened, Expired | Interrupt):
            break
    return ""


def _park(run: Run) -> Program:
    run.board.tell(Happening.CHANNEL_PARK, run.channel)
    try:
        while True:
            happened = yield None
            if isinstance(happened, Interrupt):
                return ""
    finally:
        run.board.tell(Happening.CHANNEL_UNPARK, run.channel)


def _echo(run: Run) -> Program:
    run.open()
    run.board.media([Source(endpoint, endpoint, transparent=True) for endpoint in run.channel.endpoints])
    while True:
        happened = yield None
        if isinstance(happened, Interrupt):
            run.board.silence(run.channel)
            return ""


def _hold(run: Run) -> str:
    """Put the peer on hold, with music where `hold_music` names some; `hold off` takes it off."""
    run.board.put_on_hold(run.channel, run.data != "off")
    return ""


def _playback(run: Run) -> Program:
    run.open()
    number = run.board.play(run.channel, run.data, run.session)
    stoppers = run.get("playback_terminators") or "*"
    while True:
        happened = yield None
        if isinstance(happened, MediaEnded) and happened.number == number:
            return "FILE PLAYED" if happened.status in ("done", "stopped") else f"PLAYBACK ERROR: {happened.status}"
        if isinstance(happened, Interrupt) or (isinstance(happened, Digit) and happened.digit in stoppers):
            if isinstance(happened, Digit):
                run.put("playback_terminator_used", happened.digit)
            run.board.stop_playback(number)
            return "FILE PLAYED"


def _gentones(run: Run) -> Program:
    tones, _, loops = run.data.partition("|")
    run.data = f"tone_stream://{tones}" + (f";loops={loops}" if loops else "")
    return (yield from _playback(run))


def _record(run: Run) -> Program:
    """`record FILE [SECONDS [THRESHOLD [SILENCE]]]`: until a digit, the limit, or the end of the call."""
    run.open()
    words = run.words()
    if not words:
        return "RECORD ERROR: no file was named"
    limit = _number(words[1] if len(words) > 1 else "", 0)
    number = run.board.record_channel(run.channel, words[0], limit, "received", run.session)
    stoppers = run.get("playback_terminators") or "#*"
    while True:
        happened = yield None
        if isinstance(happened, MediaEnded) and happened.number == number:
            run.put("record_ms", str(happened.milliseconds))
            return ""
        if isinstance(happened, Interrupt) or (isinstance(happened, Digit) and happened.digit in stoppers):
            if isinstance(happened, Digit):
                run.session.digits = ""
                run.put("playback_terminator_used", happened.digit)
            run.board.stop_recording(number)
            if isinstance(happened, Interrupt):
                return ""


def _record_session(run: Run) -> str:
    words = run.words()
    if words:
        run.board.record_channel(run.channel, words[0], _number(words[1] if len(words) > 1 else "", 0), "mixed", None)
    return ""


def _stop_record_session(run: Run) -> str:
    run.board.stop_recordings(run.channel, run.data)
    return ""


def _send_dtmf(run: Run) -> Program:
    run.open()
    digits, _, milliseconds = run.data.partition("@")
    seconds = run.board.send_digits(run.channel, digits, int(_number(milliseconds, 160)))
    end = run.board.now + seconds
    while (left := end - run.board.now) > 0:
        happened = yield left
        if isinstance(happened, Expired | Interrupt):
            break
    return ""


def _collect(run: Run, least: int, most: int, file: str, seconds: float, between: float, stoppers: str) -> Program:
    """Digits, while `file` is played until the first of them; ends at `most`, a stopper, or silence."""
    board, session = run.board, run.session
    number = board.play(run.channel, file, session) if file and file != "silence" else None
    digits, used = "", ""
    end = None if number is not None else board.now + seconds
    while True:
        while session.digits and not used and len(digits) < most:
            digit, session.digits = session.digits[0], session.digits[1:]
            if digit in stoppers:
                used = digit
            else:
                digits += digit
            end = board.now + between
        if used or len(digits) >= most:
            break
        if digits and number is not None:
            board.stop_playback(number)
            number = None
        happened = yield None if end is None else max(0.0, end - board.now)
        if isinstance(happened, Expired | Interrupt):
            break
        if isinstance(happened, MediaEnded) and happened.number == number:
            number, end = None, board.now + seconds
    if number is not None:
        board.stop_playback(number)
    run.put("read_terminator_used", used)
    return digits if len(digits) >= least else ""


def _read(run: Run) -> Program:
    """`read MIN MAX FILE VARIABLE TIMEOUT_MS TERMINATORS`."""
    run.open()
    words = run.words() + [""] * 6
    least, most = int(_number(words[0], 1)), int(_number(words[1], 128))
    seconds = _number(words[4], 5000) / 1000
    digits = yield from _collect(run, least, most, words[2], seconds, seconds, words[5] or "#")
    name = words[3] or "read_result"
    run.put(name, digits)
    run.put("read_result", "success" if digits else "timeout")
    return ""


def _play_and_get_digits(run: Run) -> Program:
    """`MIN MAX TRIES TIMEOUT TERMINATORS FILE INVALID_FILE VARIABLE REGEXP [DIGIT_TIMEOUT]`."""
    run.open()
    words = run.words() + [""] * 10
    least, most, tries = int(_number(words[0], 1)), int(_number(words[1], 128)), int(_number(words[2], 1))
    seconds = _number(words[3], 5000) / 1000
    between = _number(words[9], seconds * 1000) / 1000
    wanted = re.compile(words[8] or ".*")
    for _ in range(max(1, tries)):
        digits = yield from _collect(run, least, most, words[5], seconds, between, words[4] or "#")
        if digits and wanted.search(digits):
            run.put(words[7] or "read_result", digits)
            return digits
        if words[6]:
            number = run.board.play(run.channel, words[6], run.session)
            while True:
                happened = yield None
                if isinstance(happened, Interrupt) or (isinstance(happened, MediaEnded) and happened.number == number):
                    break
    run.put(words[7] or "read_result", "")
    return ""


def _transfer(run: Run) -> Program:
    """`transfer NUMBER [[XML] TRUNK]`: to the routes, those for calls from its own trunk or from that one."""
    words = run.words()
    if not words:
        return "there is no number to go to"
    run.board.route_anew(run.channel, words[0], words[-1] if len(words) > 1 else "")
    while True:
        yield None  # until the channel has been taken away


def _await_transfer(run: Run) -> Program:
    """Who is to be transferred is alone, and hears ringback until the one that is called answers."""
    referral = run.board.referral_of(run.channel)
    if referral is None:
        return "there is no transfer"
    referral.waiting = run.session
    if run.channel.endpoint is not None:
        run.board.media([Tone(run.channel.endpoint, "ringback")])
    while True:
        happened = yield None
        if isinstance(happened, LegsFailed):
            run.board.applications.hang_up(run.session, happened.release, run.board.now)
            return name_of(happened.release.cause)


def _intercept(run: Run) -> Program:
    """`intercept UUID`: talk with whom that channel talks with, which itself is released."""
    board, channel = run.board, run.channel
    try:
        other = board.find(run.data).other
    except LookupError:
        other = None
    if other is None or other.is_application or not other.answered:
        board.warn(channel, f"{run.data} talks with nobody whom it could be replaced for")
        release = Release(Cause.INVALID_CALL_REFERENCE_VALUE, diagnostic="nobody to talk with")
        board.applications.hang_up(run.session, release, board.now)
        return "FAILURE"
    run.answer()
    board.later(lambda now: board.join(channel, other, now))
    while True:
        yield None  # until the channel has been taken away


def _bridge(run: Run) -> Program:
    board, channel, session = run.board, run.channel, run.session
    told: list[LegProgress | LegAnswered | LegsFailed] = []

    def tell(outcome: LegProgress | LegAnswered | LegsFailed, now: float) -> None:
        told.append(outcome)
        board.applications.feed(session, outcome, now)

    setup = channel.call.setup if channel.call is not None else Setup(number_of(""))
    linked = channel.call.identity if channel.call is not None else ""
    try:
        dial = DialString.parse(run.data)
        exported = {name: run.get(name) for name in run.get("export_vars").split(",") if name}
        if caller := run.get("effective_caller_id_number"):
            exported = {"origination_caller_id_number": caller, **exported}
        dial = DialString(dial.groups, {**exported, **dial.variables})
        origination = Origination(board, dial, Caller(setup, linked), tell)
    except ValueError as error:
        board.warn(channel, f"bridge: {error}")
        return _bridge_failed(run, Release(Cause.DESTINATION_OUT_OF_ORDER, diagnostic=str(error)))
    board.later(lambda now: origination.start(now))
    heard = False
    try:
        while True:
            happened = yield None
            match happened:
                case LegProgress(leg=leg, primitive=primitive):
                    heard = _pass_progress(run, leg, primitive, heard)
                case LegAnswered(leg=leg, primitive=Answer() as answer):
                    if not channel.answered:
                        board.control.event(session.half, answer, board.now)
                    run.put("originate_disposition", "SUCCESS")
                    board.set_variable(leg, "bridge_linked", linked)
                    if run.get("hangup_after_bridge") != "true":
                        channel.after = tuple(session.actions)
                    board.control.join(channel, leg, board.now)
                    return "SUCCESS"
                case LegsFailed(release=release):
                    return _bridge_failed(run, release)
                case Interrupt():
                    return "INTERRUPTED"
    finally:
        origination.cancel(_CANCELLED, board.now)


def _pass_progress(run: Run, leg: HalfCall, primitive: object, heard: bool) -> bool:
    """Let the channel know, and hear, how the call to a leg goes on; whether it hears a leg now."""
    channel, board = run.channel, run.board
    if isinstance(primitive, Alerting | Progress) and primitive.inband and not heard:
        run.open() if isinstance(primitive, Progress) else _tell_alerting(run, primitive)
        if not channel.released and channel.endpoint is not None and leg.endpoint is not None:
            board.media([Source(channel.endpoint, leg.endpoint)])
            return True
    elif isinstance(primitive, Alerting) and not heard:
        _tell_alerting(run, primitive)
        if channel.answered and channel.endpoint is not None:
            board.media([Tone(channel.endpoint, "ringback")])
    return heard


def _tell_alerting(run: Run, alerting: Alerting) -> None:
    if not run.channel.answered:
        run.board.control.event(run.session.half, alerting, run.board.now)


def _bridge_failed(run: Run, release: Release) -> str:
    """Go on where `continue_on_fail` allows it, else end the call with the cause of the leg."""
    run.put("originate_disposition", name_of(release.cause))
    run.put("last_bridge_hangup_cause", name_of(release.cause))
    allowed = run.get("continue_on_fail")
    causes = {name.strip().upper() for name in allowed.split(",")}
    if allowed == "true" or name_of(release.cause) in causes or str(release.cause) in causes:
        run.board.silence(run.channel)
    else:
        run.board.applications.hang_up(run.session, release, run.board.now)
    return name_of(release.cause)


def _socket(run: Run) -> Program:
    """Hand the channel to a program of the operator over the event socket; whoever speaks it takes it from here."""
    run.board.connect(run.channel, run.data)
    while True:
        happened = yield None
        if isinstance(happened, Interrupt):
            return ""


def _number(text: str, default: float) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return default


PROGRAMS: Final[dict[str, Callable[[Run], Program | str]]] = {
    "answer": _answer,
    "await_transfer": _await_transfer,
    "bridge": _bridge,
    "echo": _echo,
    "export": _export,
    "gentones": _gentones,
    "hangup": _hangup,
    "hold": _hold,
    "intercept": _intercept,
    "park": _park,
    "play_and_get_digits": _play_and_get_digits,
    "playback": _playback,
    "pre_answer": _pre_answer,
    "read": _read,
    "record": _record,
    "record_session": _record_session,
    "ring_ready": _ring_ready,
    "send_dtmf": _send_dtmf,
    "set": _set,
    "sleep": _sleep,
    "socket": _socket,
    "stop_record_session": _stop_record_session,
    "transfer": _transfer,
}
