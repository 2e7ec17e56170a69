"""Commands about calls: `originate`, `uuid_…` and `hupall`, as users of FreeSWITCH know them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeVar

from tandem.gateway.applications.causes import cause_of, name_of
from tandem.gateway.esl.channel import headers_of
from tandem.gateway.esl.event import Event
from tandem.gateway.operator.answer import Answer, Facts, Later
from tandem.gateway.operator.command import Command, CommandError, Context, expect

if TYPE_CHECKING:
    from tandem.gateway.applications.switchboard import Switchboard

Result = TypeVar("Result")

_BRACKETS: Final = {"{": "}", "[": "]", "(": ")", "'": "'"}
_NO_CHANNEL: Final = "No such channel!"


def calls() -> Iterable[Command]:
    """These commands."""
    yield Command(
        "originate",
        "DIALSTRING &APPLICATION(DATA)|NUMBER [DIALPLAN] [CONTEXT] [CALLER_NAME] [CALLER_NUMBER] [TIMEOUT]",
        "Call somebody, and give who answers to an application or to the routes; answers when that is done.",
        _originate,
        changes=True,
        raw=True,
        example="originate user/1000 &echo",
    )
    yield Command(
        "hupall", "[CAUSE]", "End every call.", _hang_up_all, changes=True, example="hupall NORMAL_TEMPORARY_FAILURE"
    )
    yield Command(
        "eval",
        "[uuid:UUID] TEXT",
        "TEXT with the values of variables, of a channel or of the gateway, in place of ${NAME}.",
        _evaluate,
        raw=True,
        example="eval uuid:UUID ${caller_id_number}",
    )
    for name, syntax, text, run, changes in (
        ("uuid_kill", "UUID [CAUSE]", "End a channel, and with it whom it talks with.", _kill, True),
        ("uuid_bridge", "UUID OTHER_UUID", "Join two channels that are answered.", _bridge, True),
        (
            "uuid_transfer",
            "UUID [-bleg|-both] NUMBER|&APPLICATION(DATA)",
            "Route a channel anew, or whom it talks with, the other one being released; or each of them.",
            _transfer,
            True,
        ),
        ("uuid_park", "UUID", "Have a channel wait; whom it talked with is released.", _park, True),
        (
            "uuid_hold",
            "[off|toggle] UUID",
            "Put the peer of a channel on hold, with music where `hold_music` names some; or take it off.",
            _hold,
            True,
        ),
        (
            "uuid_broadcast",
            "UUID FILE|APPLICATION::DATA [aleg|bleg|both]",
            "Play a file to a channel, or have it execute an application.",
            _broadcast,
            True,
        ),
        ("uuid_break", "UUID [all]", "End what is being played to a channel.", _break, True),
        ("uuid_record", "UUID start|stop FILE|all [SECONDS]", "Record a channel, or end that.", _record, True),
        (
            "uuid_send_dtmf",
            "UUID DIGITS[@MILLISECONDS]",
            "Send digits to the peer of a channel, in the form that its trunk takes.",
            _send_dtmf,
            True,
        ),
        (
            "uuid_answer",
            "UUID",
            "Answer a channel that is parked or served by an application.",
            _execute("answer"),
            True,
        ),
        ("uuid_pre_answer", "UUID", "Let such a channel hear the gateway before answer.", _execute("pre_answer"), True),
        ("uuid_ring_ready", "UUID", "Tell such a channel that it rings.", _execute("ring_ready"), True),
        ("uuid_setvar", "UUID NAME [VALUE]", "Set a variable of a channel, or take it away.", _put_variable, True),
        ("uuid_getvar", "UUID NAME", "A variable of a channel.", _get_variable, False),
        ("uuid_dump", "UUID [plain|json|xml]", "Everything about a channel, as its events have it.", _dump, False),
        ("uuid_exists", "UUID", "Whether there is such a channel.", _exists, False),
    ):
        yield Command(name, syntax, text, run, changes=changes, complete=_channels)


def _channels(context: Context, words: list[str]) -> Iterable[str]:
    """UUIDs for completion, where one is wanted."""
    return (channel.uuid for channel in context.node.switchboard.channels()) if not words else ()


def _do(context: Context, act: Callable[[Switchboard], Result]) -> Result:
    """Do something at the switchboard; CommandError for what it refuses."""
    try:
        return context.node.operate(act, context.now)
    except LookupError:
        raise CommandError(_NO_CHANNEL) from None
    except ValueError as error:
        raise CommandError(str(error)) from None


def words_of(text: str) -> list[str]:
    """The words of a line; brackets and quotes hold together what is in them."""
    words, word, closing = [], "", [""]
    for letter in text:
        if letter == closing[-1] and closing[-1]:
            closing.pop()
            word += letter
        elif letter in _BRACKETS and closing[-1] != "'":
            closing.append(_BRACKETS[letter])
            word += letter
        elif letter.isspace() and len(closing) == 1:
            if word:
                words.append(word)
            word = ""
        else:
            word += letter
    return [*words, word] if word else words


def _originate(context: Context, words: list[str]) -> Answer:
    dial, then, _, _, name, number, timeout = expect(
        words_of(words[0]), 2, 7, "originate DIALSTRING &APPLICATION(DATA)|NUMBER"
    )
    variables: dict[str, str] = {}
    for variable, value in (
        ("origination_caller_id_name", name),
        ("origination_caller_id_number", number),
        ("originate_timeout", timeout),
    ):
        if value and value not in ("undef", "''"):
            variables[variable] = value.strip("'")
    later = Later()
    job = _do(context, lambda board: board.originate(dial, then.strip("'"), context.now, variables))
    context.jobs[job] = later
    return later


def _hang_up_all(context: Context, words: list[str]) -> Answer:
    (cause,) = expect(words, 0, 1, "hupall [CAUSE]")
    count = _do(context, lambda board: board.hang_up_all(context.now, cause))
    return f"+OK hangup all channels with cause {name_of(cause_of(cause))}, {count} call(s)\n"


def _kill(context: Context, words: list[str]) -> Answer:
    channel, cause = expect(words, 1, 2, "uuid_kill UUID [CAUSE]")
    _do(context, lambda board: board.kill(channel, context.now, cause))
    return "+OK\n"


def _bridge(context: Context, words: list[str]) -> Answer:
    first, second = expect(words, 2, 2, "uuid_bridge UUID OTHER_UUID")
    _do(context, lambda board: board.bridge(first, second, context.now))
    return f"+OK {second}\n"


def _transfer(context: Context, words: list[str]) -> Answer:
    usage = "uuid_transfer UUID [-bleg|-both] NUMBER|&APPLICATION(DATA)"
    bleg, both = words[1:2] == ["-bleg"], words[1:2] == ["-both"]
    channel, then, *_ = expect(words[:1] + words[2:] if bleg or both else words, 2, 4, usage)
    if both:
        _do(context, lambda board: board.transfer_both(channel, then, context.now))
        return "+OK\n"
    if bleg:
        channel = _do(context, lambda board: board.dump(channel)).other_uuid
        if not channel:
            raise CommandError("the channel talks with nobody")
    _do(context, lambda board: board.transfer(channel, then, context.now))
    return "+OK\n"


def _park(context: Context, words: list[str]) -> Answer:
    (channel,) = expect(words, 1, 1, "uuid_park UUID")
    _do(context, lambda board: board.park(channel, context.now))
    return "+OK\n"


def _hold(context: Context, words: list[str]) -> Answer:
    how = {"off": False, "toggle": None}
    on = how.get(words[0], True) if words else True
    (channel,) = expect(words if on else words[1:], 1, 1, "uuid_hold [off|toggle] UUID")
    _do(context, lambda board: board.hold(channel, context.now, on))
    return "+OK Success\n"


def _broadcast(context: Context, words: list[str]) -> Answer:
    channel, what, legs = expect(words, 2, 3, "uuid_broadcast UUID FILE|APPLICATION::DATA [aleg|bleg|both]")
    legs = legs or "aleg"
    if legs not in ("aleg", "bleg", "both"):
        raise CommandError("the last word is aleg, bleg or both")
    application, colons, data = what.partition("::")
    if colons and "/" not in application:
        _do(context, lambda board: board.execute(channel, application, data, context.now))
    else:
        _do(context, lambda board: board.broadcast(channel, what, context.now, legs))
    return "+OK Message sent\n"


def _break(context: Context, words: list[str]) -> Answer:
    channel, _ = expect(words, 1, 2, "uuid_break UUID [all]")
    _do(context, lambda board: board.stop_broadcast(channel, context.now))
    return "+OK\n"


def _record(context: Context, words: list[str]) -> Answer:
    usage = "uuid_record UUID start|stop FILE|all [SECONDS]"
    channel, action, path, limit = expect(words, 3, 4, usage)
    if action == "stop":
        _do(context, lambda board: board.stop_record(channel, path, context.now))
    elif action == "start" and (not limit or limit.replace(".", "", 1).isdecimal()):
        _do(context, lambda board: board.record(channel, path, context.now, float(limit or 0)))
    else:
        raise CommandError(f"usage: {usage}")
    return "+OK Success\n"


def _send_dtmf(context: Context, words: list[str]) -> Answer:
    channel, text = expect(words, 2, 2, "uuid_send_dtmf UUID DIGITS[@MILLISECONDS]")
    digits, _, milliseconds = text.partition("@")
    if milliseconds and not (milliseconds.isdecimal() and 20 <= int(milliseconds) <= 8000):
        raise CommandError("a digit lasts 20 to 8000 milliseconds")
    _do(context, lambda board: board.send_dtmf(channel, digits, context.now, int(milliseconds or 160)))
    return "+OK\n"


def _execute(application: str) -> Callable[[Context, list[str]], Answer]:
    """A command that has a channel execute an application without data."""

    def run(context: Context, words: list[str]) -> Answer:
        (channel,) = expect(words, 1, 1, f"uuid_{application} UUID")
        _do(context, lambda board: board.execute(channel, application, "", context.now))
        return "+OK\n"

    return run


def _evaluate(context: Context, words: list[str]) -> Answer:
    """`${NAME}` of the gateway, or of the channel that `uuid:UUID` in front names."""
    first, _, rest = words[0].partition(" ")
    board = context.node.switchboard
    if first.startswith("uuid:"):
        return _do(context, lambda board: board.expand(board.find(first.removeprefix("uuid:")), rest))
    return re.sub(r"\$\{(\w+)\}", lambda found: board.variables.get(found[1], ""), words[0])


def _put_variable(context: Context, words: list[str]) -> Answer:
    if len(words) < 2:
        raise CommandError("usage: uuid_setvar UUID NAME [VALUE]")
    channel, name, *value = words
    _do(context, lambda board: board.put_variable(channel, name, " ".join(value)))
    return "+OK\n"


def _get_variable(context: Context, words: list[str]) -> Answer:
    channel, name = expect(words, 2, 2, "uuid_getvar UUID NAME")
    return _do(context, lambda board: board.get_variable(channel, name)) or "_undef_"


def _dump(context: Context, words: list[str]) -> Answer:
    channel, form = expect(words, 1, 2, "uuid_dump UUID [plain|json|xml]")
    if form not in ("", "plain", "txt", "json", "xml"):
        raise CommandError("the form is plain, json or xml")
    found = _do(context, lambda board: board.dump(channel))
    headers = headers_of(found, context.wall - context.now)
    event = Event("CHANNEL_DATA", headers)
    if form == "json":
        return event.json()
    if form == "xml":
        return event.xml()
    return Facts({"Event-Name": event.name, **headers}, event.plain())


def _exists(context: Context, words: list[str]) -> Answer:
    (channel,) = expect(words, 1, 1, "uuid_exists UUID")
    return "true" if context.node.switchboard.exists(channel) or _known(context, channel) else "false"


def _known(context: Context, channel: str) -> bool:
    """Whether a channel has that name without anybody ever having asked for it."""
    try:
        context.node.switchboard.find(channel)
    except LookupError:
        return False
    return True
