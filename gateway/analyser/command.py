"""`tandem trace`: the analyser on the command line."""

from __future__ import annotations

import gc
import re

import click

from tandem.core.errors import TandemError


def _expression(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        re.compile(value or "")
    except re.error as error:
        raise click.BadParameter(f"{value!r} is no regular expression: {error}", param=parameter) from None
    return value


def _link_types(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[int, int]:
    found = {}
    for value in values:
        left, _, right = value.partition("=")
        if not (left.isdigit() and right.isdigit()):
            raise click.BadParameter(f"{value!r}: write USER=MEANT, such as 147=141", param=parameter)
        found[int(left)] = int(right)
    return found


@click.command("trace")
@click.argument("files", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object, whatever the filters say.")
@click.option("--jsonl", "as_lines", is_flag=True, help="One JSON object a call, a line each.")
@click.option("--csv", "as_csv", is_flag=True, help="The calls as CSV.")
@click.option("--ladder", metavar="ID", help="One call, message by message.")
@click.option("--failed", is_flag=True, help="Only calls that failed, were refused, busy or not answered.")
@click.option("--called", metavar="RE", callback=_expression, help="Only calls to numbers that match.")
@click.option("--calling", metavar="RE", callback=_expression, help="Only calls from numbers that match.")
@click.option("--cause", type=int, help="Only calls that ended with this Q.850 cause.")
@click.option("--cic", type=int, help="Only calls on this circuit or B channel.")
@click.option(
    "--variant",
    type=click.Choice(["itu", "ansi", "china", "japan"]),
    default="itu",
    help="Variant of point codes, ISUP and TUP.",
)
@click.option("--fcs", is_flag=True, help="MTP2 and LAPD frames in the capture end with their FCS.")
@click.option(
    "--link-type", "link_types", multiple=True, metavar="USER=MEANT", callback=_link_types, help="A user link type."
)
def trace_command(
    files: tuple[str, ...],
    as_json: bool,
    as_lines: bool,
    as_csv: bool,
    ladder: str | None,
    failed: bool,
    called: str | None,
    calling: str | None,
    cause: int | None,
    cic: int | None,
    variant: str,
    fcs: bool,
    link_types: dict[int, int],
) -> None:
    """Say which calls of captures failed, why, and whose fault it was.

    FILES are pcap, pcapng, Network Monitor or DCT2000 captures, compressed or not, folders, or `-`.

    \b
    Examples:
      tandem trace capture.pcapng
      tandem trace --failed --called '^0049' monday.pcap.gz tuesday.pcap.gz
      tandem trace --ladder isup-3 capture.pcapng
    """  # noqa: D301 - click reads the backspace
    from tandem.gateway.analyser import report
    from tandem.gateway.analyser.analysis import analyse
    from tandem.gateway.analyser.dissect import Options
    from tandem.ss7.mtp3.label import Variant

    # Hardly anything here is part of a cycle: looking for cycles as often as by default costs a fifth of the time.
    gc.set_threshold(200_000, 50, 50)
    analysis = analyse(list(files), Options(variant=Variant(variant), fcs=fcs, link_types=link_types))
    wanted = report.Filter(failed, called, calling, cause, cic)
    if as_json:
        for piece in report.as_json(analysis):
            click.echo(piece, nl=False)
        click.echo()
    elif ladder is not None:
        record = report.find(analysis, ladder)
        if record is None:
            raise TandemError(f"there is no call {ladder!r}; the first column of the table names them")
        click.echo("\n".join(report.ladder(record)))
    elif as_lines or as_csv:
        calls = (record for record in analysis.calls if wanted(record))
        for piece in report.as_lines(calls) if as_lines else report.table(calls):
            click.echo(piece, nl=False)
    else:
        for line in report.summary(analysis, wanted):
            click.echo(line)
