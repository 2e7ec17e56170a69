"""`tandem trace`: the analyser on the command line."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click

from tandem.core.errors import TandemError

if TYPE_CHECKING:
    from tandem.ss7.mtp3.label import Variant

    from .dissect import Options
    from .filters import Filter
    from .model import Analysis, CallRecord
    from .parts import Segment


# Nothing here multiplies matrices, and threads that wait for such work cost what they wait.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
_FILE = click.Path(dir_okay=False)
_SECOND_READING = ("html", "pcap", "wav")
"""Outputs for which the captures are read twice."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of `mallopt` (malloc.h)."""
_KEPT: Final = 64 << 20
"""Octets that are kept for the next read."""
_AT_ONCE: Final = 1 << 16
"""Characters that are written at once."""


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


def _pairs(_: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[tuple[int, int], Variant]:
    from tandem.ss7.mtp3.label import Variant, parse_point_code

    found = {}
    for value in values:
        codes, equals, name = value.partition("=")
        one, colon, other = codes.partition(":")
        try:
            if not (equals and colon):
                raise ValueError
            variant = Variant(name)
            found[parse_point_code(one, variant), parse_point_code(other, variant)] = variant
        except (ValueError, TandemError) as error:
            why = f": {error}" if isinstance(error, TandemError) else ""
            raise click.BadParameter(
                f"{value!r}{why}: write CODE:CODE=VARIANT, such as 1-2-3:1-2-4=ansi", param=parameter
            ) from None
    return found


def _address(_: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, int] | None:
    """`HOST:PORT`."""
    if value is None:
        return None
    host, colon, port = value.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{value!r}: write HOST:PORT, such as 127.0.0.1:9060", param=parameter)
    return host.strip("[]"), int(port)


def _server(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, str, int] | None:
    """`HOST:PORT`, or `tcp:HOST:PORT`: transport, host and port."""
    transport, colon, rest = (value or "").partition(":")
    if not (colon and transport in ("tcp", "udp")):
        transport, rest = "udp", value or ""
    address = _address(context, parameter, rest or None)
    return None if address is None else (transport, *address)


def _moment(_: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    from .filters import moment

    try:
        return moment(value)
    except TandemError as error:
        raise click.BadParameter(str(error), param=parameter) from None


def _condition(_: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    if value is None:
        return None
    from .expressions import expression

    try:
        return expression(value)
    except TandemError as error:
        raise click.BadParameter(str(error), param=parameter) from None


def _outputs(command: Callable[..., None]) -> Callable[..., None]:
    options = [
        click.option(
            "--json", "as_json", is_flag=True, help="Everything as one JSON object, whatever the filters say."
        ),
        click.option("--jsonl", "as_lines", is_flag=True, help="One JSON object a call, a line each."),
        click.option("--csv", "as_csv", is_flag=True, help="The calls as CSV."),
        click.option("--stats", is_flag=True, help="Figures by route, hour and cause; with --json as JSON."),
        click.option("--ladder", metavar="ID", help="One call, message by message."),
        click.option("--html", type=_FILE, help="Write the calls as a report that a browser shows."),
        click.option("--parquet", type=_FILE, help="Write the calls as Parquet, for DuckDB and its like."),
        click.option("--pcap", type=_FILE, help="Write the packets of the calls, speech too, as pcapng."),
        click.option("--wav", type=click.Path(file_okay=False), help="Write the speech of the calls to this folder."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    options = [
        click.option("--failed", is_flag=True, help="Only calls that failed, were refused, busy or not answered."),
        click.option("--called", metavar="RE", callback=_expression, help="Only calls to numbers that match."),
        click.option("--calling", metavar="RE", callback=_expression, help="Only calls from numbers that match."),
        click.option("--cause", type=int, help="Only calls that ended with this Q.850 cause."),
        click.option("--cic", type=int, help="Only calls on this circuit or B channel."),
        click.option("--call", "ids", multiple=True, metavar="ID", help="Only this call; may be given several times."),
        click.option("--from", "since", metavar="TIME", callback=_moment, help="Only calls that began then or later."),
        click.option("--to", "until", metavar="TIME", callback=_moment, help="Only calls that began before."),
        click.option(
            "--where",
            metavar="EXPR",
            callback=_condition,
            help="Only calls for which this holds, such as 'duration > 60 and cause != 16'.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command("trace")
@click.argument("files", nargs=-1)
@_outputs
@_filters
@click.option(
    "--variant",
    type=click.Choice(["itu", "ansi", "china", "japan"]),
    help="Variant of point codes, ISUP and TUP; found out for every pair of point codes where it is not given.",
)
@click.option(
    "--pair",
    "pairs",
    multiple=True,
    metavar="CODE:CODE=VARIANT",
    callback=_pairs,
    help="Variant between two point codes; may be given several times.",
)
@click.option("--fcs", is_flag=True, help="MTP2 and LAPD frames in the capture end with their FCS.")
@click.option(
    "--link-type", "link_types", multiple=True, metavar="USER=MEANT", callback=_link_types, help="A user link type."
)
@click.option("--interface", "interfaces", multiple=True, metavar="IF", help="Live: listen to this interface.")
@click.option("--hep-listen", metavar="HOST:PORT", callback=_address, help="Live: take HEP3 here, over UDP and TCP.")
@click.option(
    "--hep-to",
    metavar="[tcp:]HOST:PORT",
    callback=_server,
    help="Live: send messages as HEP3 to this Homer, over UDP, or TCP.",
)
@click.option(
    "--hep-key",
    metavar="KEY",
    envvar="TANDEM_HEP_KEY",
    help="Live: authentication key, sent with --hep-to and asked of who sends to --hep-listen; or TANDEM_HEP_KEY.",
)
@click.option("--seconds", type=click.FloatRange(min=0), help="Live: end after so many seconds.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    help="Processes that read several files, or one long pcap file, where that is faster.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers read the files.")
def trace_command(
    files: tuple[str, ...],
    variant: str | None,
    pairs: dict[tuple[int, int], Variant],
    fcs: bool,
    link_types: dict[int, int],
    interfaces: tuple[str, ...],
    hep_listen: tuple[str, int] | None,
    hep_to: tuple[str, str, int] | None,
    hep_key: str | None,
    seconds: float | None,
    jobs: int,
    scheduler: str | None,
    *,
    ids: tuple[str, ...],
    failed: bool,
    called: str | None,
    calling: str | None,
    cause: int | None,
    cic: int | None,
    since: float | None,
    until: float | None,
    where: Any,
    **outputs: Any,
) -> None:
    """Say which calls of captures failed, why, and whose fault it was.

    FILES are pcap, pcapng, Network Monitor or DCT2000 captures, compressed or not, folders, or `-`.

    \b
    Examples:
      tandem trace capture.pcapng
      tandem trace --failed --called '^0049' monday.pcap.gz tuesday.pcap.gz
      tandem trace --ladder isup-3 capture.pcapng
      tandem trace --html report.html --where 'duration > 3600' captures/
    """  # noqa: D301 - click reads the backspace
    _keep_memory()
    from tandem.ss7.mtp3 import label

    from .analysis import analyse
    from .dissect import Options
    from .filters import Filter
    from .inputs import kept, progress

    key = (hep_key or "").encode()
    options = Options(
        label.Variant(variant or "itu"), pairs, variant is None, link_types=link_types, fcs=fcs, hep_key=key
    )
    wanted = Filter(failed, called, calling, cause, cic, since, until, frozenset(ids), where)
    if interfaces or hep_listen is not None:
        from .command_live import watch

        if files:
            raise click.UsageError("either FILES, or --interface and --hep-listen")
        watch(interfaces, hep_listen, hep_to, seconds, options, wanted, outputs["as_lines"])
        return
    if not files:
        raise click.UsageError("name captures, or --interface, or --hep-listen")
    if hep_to is not None or seconds is not None:
        raise click.UsageError("--hep-to and --seconds belong to --interface and --hep-listen")
    again = any(outputs[name] for name in _SECOND_READING)
    with kept(list(files), again) as paths:
        several = jobs > 1 and scheduler is None and _worthwhile(paths)
        if scheduler is not None:
            from .parts import analyse_parts, cluster

            with cluster(scheduler) as (submit, workers):
                analysis = analyse_parts(paths, options, submit, workers)
        elif several and len(paths) > 1:
            from .parts import analyse_parts, processes

            with processes(min(jobs, len(paths))) as submit:
                analysis = analyse_parts(paths, options, submit, jobs)
        elif several and (pieces := _segments(paths)):
            from .parts import analyse_segments, processes

            with progress(paths) as told, processes(min(jobs, len(pieces))) as submit:
                analysis = analyse_segments(pieces, options, submit, jobs, told)
        else:
            with progress(paths) as told:
                analysis = analyse(paths, options, told)
        if scheduler is not None or several:
            # The second reading must number the packets as the first did.
            from .parts import in_order

            paths = in_order(paths)
        _write_files(analysis, wanted, paths, options, outputs)
    _print(_answer(analysis, wanted, **outputs))


def _keep_memory() -> None:
    """Memory that is given back is asked for again with the next 4 MB that are read, page by page."""
    import ctypes

    with suppress(AttributeError, OSError):  # there is no such thing but in the C library of GNU
        setting = ctypes.CDLL(None).mallopt
        setting(_TRIM_THRESHOLD, _KEPT)
        setting(_MMAP_THRESHOLD, _KEPT)


def _worthwhile(paths: list[str]) -> bool:
    """Whether several processes are faster here."""
    from .parts import worthwhile

    return "-" not in paths and worthwhile(paths)


def _segments(paths: list[str]) -> list[Segment]:
    """One file in pieces for several processes; none where that is of no use."""
    from .parts import segments

    return segments(paths[0]) if len(paths) == 1 else []


def _write_files(
    analysis: Analysis, wanted: Filter, paths: list[str], options: Options, outputs: dict[str, Any]
) -> None:
    """What goes to files; said on standard error."""

    def calls() -> Iterable[CallRecord]:
        return (record for record in analysis.calls if wanted(record))

    if html := outputs["html"]:
        from .page import render

        with _to_file(html) as out:
            out.writelines(piece.encode() for piece in render(analysis, wanted, paths, options))
        click.echo(f"{html}: written", err=True)
    if parquet := outputs["parquet"]:
        from .archive import write_parquet

        click.echo(f"{parquet}: {write_parquet(calls(), parquet)} calls", err=True)
    if pcap := outputs["pcap"]:
        from .extract import export

        with _to_file(pcap) as out:
            click.echo(f"{pcap}: {export(calls(), paths, options, out)} packets", err=True)
    if folder := outputs["wav"]:
        from .extract import speech

        for path, reason in speech(calls(), paths, options, Path(folder)).items():
            click.echo(f"{path}: {reason or 'written'}", err=True)


def _answer(
    analysis: Analysis,
    wanted: Filter,
    *,
    as_json: bool,
    as_lines: bool,
    as_csv: bool,
    stats: bool,
    ladder: str | None,
    **files: str | None,
) -> Iterable[str]:
    """What goes to standard output: nothing where a file was asked for and nothing else."""
    from . import report

    calls = (record for record in analysis.calls if wanted(record))
    if stats:
        from .statistics import reckon

        found = reckon(record for record in report.brief(analysis) if wanted(record))
        return [report.json_of(found) + "\n"] if as_json else (line + "\n" for line in report.figures(found))
    if as_json:
        return report.as_json(analysis)
    if ladder is not None:
        record = report.find(analysis, ladder)
        if record is None:
            raise TandemError(f"there is no call {ladder!r}; the first column of the table names them")
        return (line + "\n" for line in report.ladder(analysis, record, _is_coloured()))
    if as_lines or as_csv:
        return report.as_lines(calls) if as_lines else report.table(calls)
    if any(files.values()):
        return ()
    return (line + "\n" for line in report.summary(analysis, wanted, _is_coloured()))


def _is_coloured() -> bool:
    """Whether colours reach a terminal: they cost less where they are not made than where they are taken out."""
    return sys.stdout.isatty()


def _print(pieces: Iterable[str]) -> None:
    gathered: list[str] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size > _AT_ONCE:
            _echo("".join(gathered))
            gathered.clear()
            size = 0
    _echo("".join(gathered))


def _echo(text: str) -> None:
    # Looking for escape sequences to take out costs ten times what it takes to see that there is none.
    click.echo(text, nl=False, color=None if "\033" in text else True)


@contextmanager
def _to_file(path: str) -> Iterator[BinaryIO]:
    try:
        with open(path, "wb") as out:
            yield out
    except OSError as error:
        raise TandemError(f"{path}: cannot be written: {error.strerror}") from None
