"""Commands about the running process: whether it takes calls, its end, its log, its traces, its configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from tandem.gateway.configuration.summary import rtp_legs
from tandem.gateway.log import LEVELS
from tandem.gateway.operator import names
from tandem.gateway.operator.answer import Answer, Facts
from tandem.gateway.operator.command import Command, CommandError, Context, expect

#: What `fsctl loglevel` means by a number.
_NUMBERED: Final = ("error", "error", "error", "error", "warning", "info", "info", "debug")
_CONTROLS: Final = ("pause", "resume", "shutdown", "loglevel")


def process() -> Iterable[Command]:
    """These commands."""
    return (
        Command(
            "fsctl",
            "pause|resume|shutdown [elegant|cancel|now]|loglevel [LEVEL]",
            "Stop taking calls, take them again, end the gateway (elegant: after the last call).",
            _fsctl,
            changes=True,
            complete=_complete_control,
            example="fsctl shutdown elegant",
        ),
        Command(
            "reload",
            "",
            "Read the configuration again and apply what changed. Calls go on.",
            _reload,
            changes=True,
        ),
        Command("reload dry_run", "", "Show what `reload` would change.", lambda c, _: c.host.reload(dry_run=True)),
        *_checks(),
        Command("reloadxml", "", "The same as reload.", _reload, changes=True),
        Command("shutdown", "", "End the gateway: calls are released, circuits blocked.", _shutdown, changes=True),
        Command(
            "trace start",
            "sip|isup|tup|pri",
            "Log every message of a protocol.",
            _trace(True),
            changes=True,
            complete=_protocols,
        ),
        Command("trace stop", "sip|isup|tup|pri", "End that.", _trace(False), changes=True, complete=_protocols),
        Command("trace", "", "Which protocols are being logged message by message.", _traced),
        Command(
            "capture start",
            "FILE",
            "Write all signalling to FILE (pcapng, for Wireshark), in the folder of the configured capture file.",
            _capture_start,
            changes=True,
            example="capture start fault.pcapng",
        ),
        Command("capture stop", "", "End that.", _capture_stop, changes=True),
        Command("capture", "", "What is being captured.", lambda c, _: Facts(c.host.capture_status())),
    )


def _complete_control(context: Context, words: list[str]) -> Iterable[str]:
    match words:
        case []:
            return _CONTROLS
        case ["shutdown"]:
            return ("elegant", "cancel", "now")
        case ["loglevel"]:
            return tuple(LEVELS)
    return ()


def _checks() -> Iterable[Command]:
    """What `fsctl` only asks."""
    questions: dict[str, tuple[str, Callable[[Context], str]]] = {
        "pause_check": ("Whether new calls are refused.", lambda c: _word(not c.node.control.accepting)),
        "ready_check": ("Whether new calls are taken.", lambda c: _word(c.node.control.accepting)),
        "shutdown_check": ("Whether an elegant end is under way.", lambda c: _word(c.host.leaving)),
        "max_sessions": (
            "How many RTP legs there can be.",
            lambda c: f"+OK max sessions: {rtp_legs(c.node.configuration)}\n",
        ),
    }
    for name, (text, answer) in questions.items():
        yield Command(f"fsctl {name}", "", text, lambda context, _, answer=answer: answer(context))  # type: ignore[misc]


def _word(value: bool) -> str:
    return "true" if value else "false"


def _fsctl(context: Context, words: list[str]) -> Answer:
    node, host = context.node, context.host
    match words:
        case ["pause"] | ["pause", "inbound"]:
            node.pause()
        case ["resume"] | ["resume", "inbound"]:
            node.resume(context.now)
        case ["shutdown"] | ["shutdown", "now" | "asap"]:
            host.stop("now")
        case ["shutdown", "elegant"]:
            host.stop("elegant")
        case ["shutdown", "cancel"]:
            if not host.leaving:
                raise CommandError("no elegant shutdown is under way")
            host.stop("cancel")
        case ["loglevel"]:
            return f"+OK log level: {host.log_level()}\n"
        case ["loglevel", level]:
            if level.isascii() and level.isdigit() and int(level) < len(_NUMBERED):
                level = _NUMBERED[int(level)]
            names.known(level, LEVELS, "log level")
            host.set_log_level(level)
            return f"+OK log level: {level}\n"
        case _:
            raise CommandError(f"usage: fsctl {'|'.join(_CONTROLS)}")
    return "+OK\n"


def _reload(context: Context, words: list[str]) -> Answer:
    expect(words, 0, 0, "reload [dry_run]")
    return context.host.reload(dry_run=False)


def _shutdown(context: Context, words: list[str]) -> Answer:
    expect(words, 0, 0, "shutdown")
    context.host.stop("now")
    return "+OK\n"


def _protocols(context: Context, words: list[str]) -> Iterable[str]:
    return () if words else ("sip", "isup", "tup", "pri")


def _trace(on: bool) -> Callable[[Context, list[str]], Answer]:
    def run(context: Context, words: list[str]) -> Answer:
        (protocol,) = expect(words, 1, 1, f"trace {'start' if on else 'stop'} sip|isup|tup|pri")
        names.known(protocol, _protocols(context, []), "protocol")
        context.node.trace(protocol, on)
        return f"+OK messages of {protocol} are {'logged' if on else 'not logged any more'}\n"

    return run


def _traced(context: Context, words: list[str]) -> Answer:
    expect(words, 0, 0, "trace")
    return Facts({name: name in context.node.traced for name in _protocols(context, [])})


def _capture_start(context: Context, words: list[str]) -> Answer:
    (path,) = expect(words, 1, 1, "capture start FILE")
    return f"+OK {context.host.start_capture(path)}\n"


def _capture_stop(context: Context, words: list[str]) -> Answer:
    expect(words, 0, 0, "capture stop")
    return f"+OK {context.host.stop_capture()}\n"
