"""Commands about the gateway as a whole: help, status, version, and small ones that clients expect to be there."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tandem.gateway.configuration.summary import rtp_legs
from tandem.gateway.operator import state
from tandem.gateway.operator.answer import Answer, Facts, Rows
from tandem.gateway.operator.command import Command, CommandError, Context, expect

if TYPE_CHECKING:
    from tandem.gateway.operator.command import CommandTable

_UNITS = (("year", 31_536_000), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def general(table: CommandTable) -> Iterable[Command]:
    """These commands; `help` is about `table`."""

    def help_(context: Context, words: list[str]) -> Answer:
        if not words:
            return Rows(
                ("command", "syntax", "changes", "help"),
                [
                    {"command": one.name, "syntax": one.syntax, "changes": one.changes, "help": one.help}
                    for one in table
                ],
                delimiter="\t",
            )
        name = " ".join(words)
        found = [one for one in table if one.name == name or one.name.startswith(name + " ")]
        if not found:
            raise CommandError(f"{name} is no command; `help` lists them")
        return "\n".join(_about(one) for one in found) + "\n"

    def complete_help(context: Context, words: list[str]) -> list[str]:
        names = [one.name.split() for one in table]
        return [name[len(words)] for name in names if name[: len(words)] == words and len(name) > len(words)]

    def console_complete(context: Context, words: list[str]) -> Answer:
        return _complete(table, context, words[0])

    return (
        Command("help", "[COMMAND]", "List the commands, or explain one.", help_, complete=complete_help),
        Command("status", "", "How long the gateway has been up, and how many calls there are.", _status),
        Command("version", "[short]", "Version of the gateway.", _version, complete=lambda _, words: ["short"]),
        Command("switchname", "", "Name of the gateway.", _name),
        Command("hostname", "", "Name of the gateway.", _name),
        Command("echo", "TEXT", "Give TEXT back.", lambda _, words: words[0], raw=True),
        Command("create_uuid", "", "A new unique identifier.", lambda _, words: str(uuid.uuid4())),
        Command("strepoch", "", "The time in seconds since 1970.", lambda context, _: str(int(context.wall))),
        Command("uptime", "[s|ms|us]", "How long the gateway has been up.", _uptime),
        Command(
            "global_getvar", "[NAME]", "Variables of the gateway: hostname, core_uuid is not among them.", _globals
        ),
        Command("console_complete", "LINE", "What could stand at the end of LINE.", console_complete, raw=True),
    )


def _about(command: Command) -> str:
    lines = [f"usage: {command.usage}", f"  {command.help}"]
    if command.changes:
        lines.append("  It changes something: it is written to the audit file, and refused to read-only access.")
    if command.example:
        lines.append(f"  Example: {command.example}")
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """A time span in words, from years to seconds."""
    left = int(seconds)
    parts = []
    for word, size in _UNITS:
        count, left = divmod(left, size)
        parts.append(f"{count} {word}{'' if count == 1 else 's'}")
    return ", ".join(parts)


def _status(context: Context, words: list[str]) -> Answer:
    expect(words, 0, 0, "status")
    node, up = context.node, max(0.0, context.wall - context.host.started)
    meter, control = node.control.meter, node.control
    lines = sum(row["state"] == "alarm" for row in state.spans(node))
    facts = {
        "version": context.host.version(),
        "name": node.configuration.node.name,
        "state": "ready" if control.accepting else "takes no calls",
        "uptime_seconds": round(up, 3),
        "calls": len(control.calls),
        "sessions": meter.sessions,
        "sessions_since_startup": meter.total,
        "sessions_peak": meter.peak,
        "sessions_peak_5min": meter.recent_peak(context.now),
        "sessions_per_second": meter.rate(context.now),
        "sessions_per_second_peak": meter.peak_rate,
        "sessions_per_second_peak_5min": meter.recent_peak_rate(context.now),
        "sessions_max": rtp_legs(node.configuration),
        "spans_with_alarms": lines,
    }
    milliseconds = int(up * 1000) % 1000
    text = (
        f"UP {duration(up)}, {milliseconds} milliseconds, {int(up * 1_000_000) % 1000} microseconds\n"
        f"Tandem (Version {facts['version']}) is {'ready' if control.accepting else 'not taking calls'}\n"
        f"{meter.total} session(s) since startup\n"
        f"{meter.sessions} session(s) - peak {meter.peak}, last 5min {facts['sessions_peak_5min']} \n"
        f"{facts['sessions_per_second']} session(s) per Sec, peak {meter.peak_rate}, "
        f"last 5min {facts['sessions_per_second_peak_5min']} \n"
        f"{facts['sessions_max']} session(s) max\n"
        f"{len(control.calls)} call(s), {lines} span(s) with alarms\n"
    )
    return Facts(facts, text)


def _version(context: Context, words: list[str]) -> Answer:
    (word,) = expect(words, 0, 1, "version [short]")
    version = context.host.version()
    return f"{version}\n" if word == "short" else Facts({"version": version}, f"Tandem Version {version}\n")


def _name(context: Context, words: list[str]) -> Answer:
    return context.node.configuration.node.name


def _uptime(context: Context, words: list[str]) -> Answer:
    (unit,) = expect(words, 0, 1, "uptime [s|ms|us]")
    factor = {"": 1, "s": 1, "ms": 1000, "us": 1_000_000}.get(unit)
    if factor is None:
        raise CommandError("usage: uptime [s|ms|us]")
    return str(int((context.wall - context.host.started) * factor))


def _globals(context: Context, words: list[str]) -> Answer:
    (name,) = expect(words, 0, 1, "global_getvar [NAME]")
    node = context.node.configuration.node
    media = context.node.configuration.media
    variables = {
        "hostname": node.name,
        "switchname": node.name,
        "local_ip_v4": "" if ":" in media.address else media.address,
        "local_ip_v6": media.address if ":" in media.address else media.address_v6,
        "rtp_start_port": str(media.ports[0]),
        "rtp_end_port": str(media.ports[1]),
    }
    return variables.get(name, "") if name else "".join(f"{key}={value}\n" for key, value in variables.items())


def _complete(table: CommandTable, context: Context, line: str) -> str:
    """As fs_cli reads it: the possible words, and behind `write=` how many characters to take back and what to put."""
    if line.startswith("c=") and ";" in line:
        place, _, line = line[2:].partition(";")
        line = line[: int(place)] if place.isascii() and place.isdigit() else line
    found = table.completions(context, line)
    unfinished = "" if not line or line[-1:].isspace() else line.split()[-1]
    text = "".join(f"[{word:>20}]\n" for word in found)
    if not found:
        return text
    common = _common_beginning(found)
    put = common + (" " if len(found) == 1 else "")
    return f"{text}\n\nwrite={len(unfinished)}:{put}"


def _common_beginning(words: list[str]) -> str:
    first, last = min(words), max(words)
    length = next((at for at, letter in enumerate(first) if at >= len(last) or last[at] != letter), len(first))
    return first[:length]
