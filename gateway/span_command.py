"""`tandem span`: one line by itself. The gateway must not have it open at the same time."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from tandem.core.errors import SpanError
from tandem.gateway.line_test import LineTester
from tandem.hardware.bert import Bert
from tandem.hardware.prbs import PATTERNS
from tandem.hardware.registry import loop_card, open_span
from tandem.hardware.span import Framing, LineFormat, Span

PERIOD = 0.002
"""Seconds between looks at the line."""


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every test needs."""
    framing = click.Choice([each.value for each in Framing])
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end, nothing else."),
        click.option(
            "--remote-alarm", is_flag=True, help="Send the remote alarm (RAI, yellow) all the time, to see it arrive."
        ),
        click.option(
            "--seconds", type=click.FloatRange(0.5, 604800), default=10.0, show_default=True, help="How long."
        ),
        click.option(
            "--framing", type=framing, default="crc4", show_default=True, help="E1: crc4, basic. T1: esf, sf."
        ),
        click.argument("spec"),
    ):
        command = option(command)
    return command


@click.group("span")
def span_command() -> None:
    """Look at a line, loop it back or test it with a sequence.

    SPEC is what a configuration has as `device`; `tandem hardware` shows those of this machine.
    """


@span_command.command("status")
@_options
def status(spec: str, framing: str, seconds: float, remote_alarm: bool, as_json: bool) -> None:
    """Send an idle line and show alarms, counters, and errored, severely errored and unavailable seconds.

    Exit status 0 without alarm at the end, else 1.

    \b
    Example:
      tandem span status satop:listen=127.0.0.1:40001,peer=127.0.0.1:40002 --seconds 60
    """  # noqa: D301 - click reads the backspace
    with _opened(spec, framing) as span:
        tester = LineTester(span, remote_alarm=remote_alarm)
        _run(tester, seconds, None if as_json else _show_status)
        _end(tester, as_json, {}, failed=bool(span.alarms()))


@span_command.command("loopback")
@click.option(
    "--card",
    type=click.Choice(["remote", "local"]),
    help="Have the card loop the line: what the far end sends goes back to it, or what is sent here comes back.",
)
@_options
def loopback(spec: str, framing: str, seconds: float, remote_alarm: bool, as_json: bool, card: str | None) -> None:
    """Send back what comes in on every timeslot, for a test from the far end.

    The line is sent with our clock: where the far end has another one, whole frames slip, and are counted. With
    --card the card of a dahdi: line does it itself, framing and clock included, until the time is over or Ctrl-C; the
    line is not opened, and a gateway or a bit error test may have it meanwhile.

    \b
    Example:
      tandem span loopback satop:listen=127.0.0.1:40001,peer=127.0.0.1:40002 --seconds 3600
    """  # noqa: D301 - click reads the backspace
    if card is not None:
        _loop_card(spec, card, seconds, as_json)
        return
    with _opened(spec, framing) as span:
        tester = LineTester(span, loopback=True, remote_alarm=remote_alarm)
        _run(tester, seconds, None if as_json else _show_status)
        _end(tester, as_json, {"frames_looped": tester.frames_looped, "slips": tester.slips}, failed=False)


@span_command.command("bert")
@click.option("--timeslots", default="", help="Those tested, such as 1-15,17; all if none are given.")
@click.option(
    "--pattern", type=click.Choice(list(PATTERNS)), default="2^15-1", show_default=True, help="O.150 sequence."
)
@_options
def bert(
    spec: str, framing: str, seconds: float, remote_alarm: bool, as_json: bool, timeslots: str, pattern: str
) -> None:
    """Send a pseudo-random sequence and count errors in the one that comes, looped back or sent by the far end.

    Exit status 0 when every timeslot was synchronised at the end, without any error on the way, else 1.

    \b
    Example:
      tandem span bert satop:listen=127.0.0.1:40001,peer=127.0.0.1:40002 --timeslots 1-31 --seconds 900
    """  # noqa: D301 - click reads the backspace
    tested = parse_timeslots(timeslots, Framing(framing).timeslots)
    with _opened(spec, framing) as span:
        test = Bert(PATTERNS[pattern], tested)
        tester = LineTester(span, bert=test, remote_alarm=remote_alarm)
        _run(tester, seconds, None if as_json else _show_bert)
        result = bert_result(test, pattern)
        if not as_json:
            _show_timeslots(test)
        _end(tester, as_json, result, failed=not result["passed"])


def parse_timeslots(text: str, last: int) -> list[int]:
    """Timeslots of a list such as `1-15,17`; SpanError says what is wrong."""
    timeslots: list[int] = []
    for part in (text or f"1-{last}").split(","):
        first, dash, end = part.strip().partition("-")
        if not first.isdecimal() or (dash and not end.isdecimal()):
            raise SpanError(f"--timeslots {text}: {part!r} should be a number or a range, as in 1-15,17")
        timeslots += range(int(first), int(end if dash else first) + 1)
    if not timeslots or not all(1 <= timeslot <= last for timeslot in timeslots):
        raise SpanError(f"--timeslots {text}: this line has timeslots 1 to {last}")
    return sorted(set(timeslots))


def bert_result(test: Bert, pattern: str) -> dict[str, Any]:
    """The result of a test, as --json prints it."""
    total = test.total()
    synchronised = [timeslot for timeslot, receiver in test.receivers.items() if receiver.synchronised]
    return {
        "pattern": pattern,
        "timeslots": test.timeslots,
        "synchronised": synchronised,
        "passed": synchronised == test.timeslots and not (total.errors or total.sync_losses),
        "bits": total.bits,
        "errors": total.errors,
        "bit_error_ratio": total.ratio,
        "sync_losses": total.sync_losses,
        "slips": total.slips,
        "by_timeslot": {
            timeslot: {
                "bits": receiver.counts.bits,
                "errors": receiver.counts.errors,
                "sync_losses": receiver.counts.sync_losses,
                "slips": receiver.counts.slips,
                "errored_seconds": receiver.performance.total.es,
                "severely_errored_seconds": receiver.performance.total.ses,
                "unavailable_seconds": receiver.performance.total.uas,
            }
            for timeslot, receiver in test.receivers.items()
        },
    }


def _loop_card(spec: str, how: str, seconds: float, as_json: bool) -> None:
    """Have a card loop its line for so long, and end that whatever happens."""
    loop_card(spec, how)
    try:
        if not as_json:
            click.echo(f"{spec} is looped by its card ({how}) for {seconds:g} s; Ctrl-C ends it")
        with suppress(KeyboardInterrupt):
            time.sleep(seconds)
    finally:
        loop_card(spec, "off")
    click.echo(json.dumps({"spec": spec, "card_loop": how, "ended": True}, indent=2) if as_json else "loop ended")


@contextmanager
def _opened(spec: str, framing: str) -> Iterator[Span]:
    span = open_span(spec, LineFormat(Framing(framing)))
    try:
        yield span
    finally:
        span.close()


def _run(tester: LineTester, seconds: float, show: Callable[[LineTester], None] | None) -> None:
    """Run in real time; Ctrl-C ends it early, and the result is shown all the same."""
    start = time.monotonic()
    try:
        while (now := time.monotonic()) - start < seconds:
            if tester.step(now) and show is not None:
                show(tester)
            time.sleep(PERIOD)
    except KeyboardInterrupt:
        click.echo("", err=True)


def _alarm_text(span: Span) -> str:
    return " ".join(sorted(alarm.value for alarm in span.alarms())) or "no alarm"


def _show_status(tester: LineTester) -> None:
    near, far = tester.performance.near, tester.performance.far
    click.echo(
        f"{time.strftime('%H:%M:%S')}  {_alarm_text(tester.span):12}"
        f"  near ES {near.total.es} SES {near.total.ses} UAS {near.total.uas}"
        f"  far ES {far.total.es} SES {far.total.ses} UAS {far.total.uas}"
    )


def _show_bert(tester: LineTester) -> None:
    assert tester.bert is not None
    total, receivers = tester.bert.total(), tester.bert.receivers.values()
    synchronised = sum(receiver.synchronised for receiver in receivers)
    click.echo(
        f"{time.strftime('%H:%M:%S')}  {_alarm_text(tester.span):12}  {synchronised} of {len(receivers)} synchronised"
        f"  {total.errors} errors in {total.bits} bits ({total.ratio:.1e})"
    )


def _show_timeslots(test: Bert) -> None:
    click.echo("timeslot  synchronised  bits          errors      BER      losses  slips  ES     SES    UAS")
    for timeslot, receiver in test.receivers.items():
        counts, total = receiver.counts, receiver.performance.total
        click.echo(
            f"{timeslot:<8}  {'yes' if receiver.synchronised else 'no':12}  {counts.bits:<12}  {counts.errors:<10}"
            f"  {counts.ratio:.1e}  {counts.sync_losses:<6}  {counts.slips:<5}  {total.es:<5}  {total.ses:<5}"
            f"  {total.uas}"
        )


def _end(tester: LineTester, as_json: bool, result: dict[str, Any], *, failed: bool) -> None:
    """Print the counters, and exit with the status."""
    counters = tester.span.counters() | tester.performance.counters()
    if as_json:
        alarms = sorted(alarm.value for alarm in tester.span.alarms())
        click.echo(json.dumps({"spec": tester.span.spec, "alarms": alarms, **result, "counters": counters}, indent=2))
    else:
        click.echo(f"alarms: {_alarm_text(tester.span)}")
        for name, value in counters.items():
            if value:
                click.echo(f"{name}: {value}")
    if failed:
        sys.exit(1)
