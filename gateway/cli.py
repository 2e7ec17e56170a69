"""The command line, `tandem`. Commands import what they need when they run, so that each starts quickly."""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal

import click

from tandem.core.errors import TandemError

ELSEWHERE: Final = {
    "build-pjsip": (
        "tandem.gateway.pjsip.build:build_command",
        'Build PJSIP for trunks with `engine = "pjsua2"`: IPv6, TLS 1.3, 256 calls.',
    ),
    "console": (
        "tandem.gateway.console.command:console_command",
        "Give commands to a running gateway, and see its log.",
    ),
    "reload": (
        "tandem.gateway.console.command:reload_command",
        "Have a running gateway read its configuration again; calls go on.",
    ),
    "decode": ("tandem.gateway.decode:decode_command", "Explain a message given in hexadecimal."),
    "hardware": (
        "tandem.gateway.hardware_command:hardware_command",
        "Show what lines are on this machine, and the spec string of each.",
    ),
    "import-freeswitch": (
        "tandem.gateway.freeswitch.command:import_command",
        "Turn the FreeSWITCH configuration in FOLDER into one of Tandem's.",
    ),
    "mappings": (
        "tandem.gateway.mappings:mappings_command",
        "Show how one protocol becomes another: every rule with its clause.",
    ),
    "span": (
        "tandem.gateway.span_command:span_command",
        "Look at a line, loop it back or test it with a sequence.",
    ),
    "trace": (
        "tandem.gateway.analyser.command:trace_command",
        "Say which calls of captures failed, why, and whose fault it was.",
    ),
}
"""Commands imported when they are called: where they live, and the first line of their help."""

EXAMPLES = """\b
Examples:
  tandem demo                                   two gateways, one E1, one call through both
  tandem check gateway.toml                     is this configuration right?
  tandem run -c gateway.toml                    run the gateway
  tandem console -c gateway.toml                give it commands, and see its log
  tandem decode isup 05 00 10 00                explain an ISUP message, from the CIC on
  tandem trace capture.pcapng                   which calls failed, and whose fault it was
  tandem hardware                               what lines are here, and how to name them
  tandem span bert satop:... --seconds 60       bit errors of a line, timeslot by timeslot
  tandem bench media --calls 480 --seconds 10   measure this machine
"""

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a disk without room answers."""


class Misused(click.ClickException):
    """The command line is wrong: one line, exit status 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print it to standard error."""
        click.echo(self.message, file=file, err=file is None)


def _in_one_line(error: click.UsageError) -> click.ClickException:
    """What click says in several lines; help stays help."""
    if error.ctx is None or isinstance(error, _HELP):
        return error
    command, text = error.ctx.command_path, " ".join(error.format_message().split())
    return Misused(f"{command}: {text.rstrip('.')}; see {command} --help")


_HELP = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""Raised by newer click for a group without a command."""


class Commands(click.Group):
    """Imports commands when they are called, and turns errors that people can mend into one line and exit status 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return sorted({*super().list_commands(ctx), *ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now if it lives elsewhere."""
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, _, name = ELSEWHERE[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing those that live elsewhere."""
        width = formatter.width - 6 - max(map(len, self.list_commands(ctx)))
        rows = [
            (name, ELSEWHERE[name][1] if name in ELSEWHERE else self.commands[name].get_short_help_str(width))
            for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def make_context(self, *arguments: Any, **further: Any) -> click.Context:
        """Read the options in front of the command."""
        try:
            return super().make_context(*arguments, **further)
        except click.UsageError as error:
            raise _in_one_line(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _in_one_line(error) from None
        except TandemError as error:
            for line in str(error).splitlines():
                click.echo(f"tandem: {line}", err=True)
            sys.exit(1)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(1)
        except OSError as error:
            if error.errno not in FULL:
                raise
            where = "the output" if error.filename is None else str(error.filename)
            click.echo(f"tandem: {where} cannot be written: {error.strerror}; make room, then run it again", err=True)
            sys.exit(1)


@click.group(cls=Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tandem-gateway", prog_name="tandem", message="%(prog)s %(version)s")
def main() -> None:
    """Tandem joins circuit-switched trunks (ISUP, TUP, PRI) with SIP trunks and carries the speech between them.

    Exit status: 0 done, 1 something is wrong and standard error says what, 2 the command line is wrong.
    """


@main.command()
@click.option(
    "-c", "--config", "config", required=True, type=click.Path(path_type=Path), help="Configuration file (TOML)."
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="Lines of the log.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="Least level logged; `debug` shows every signalling message. Overrides the configuration.",
)
def run(config: Path, log_format: str, log_level: str | None) -> None:
    """Run the gateway until SIGTERM or SIGINT, which end it in order.

    \b
    Example:
      tandem run -c examples/gateway-a.toml
    """  # noqa: D301 - click reads the backspace
    from tandem.gateway.configuration.load import load
    from tandem.gateway.log import Logger
    from tandem.gateway.service import serve

    configuration = load(config)
    logger = Logger(log_level or configuration.node.log_level, log_format)  # type: ignore[arg-type]
    serve(configuration, logger, config)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Say whether configuration FILE is right, or what is wrong, where, and what would be right.

    \b
    Example:
      tandem check examples/gateway-a.toml
    """  # noqa: D301 - click reads the backspace
    from tandem.gateway.configuration.load import load
    from tandem.gateway.configuration.summary import summary

    click.echo(f"{file}: right. {summary(load(file))}")


@main.command()
@click.option("--keep", type=click.Path(path_type=Path), help="Keep captures, records and logs in this folder.")
@click.option(
    "--signalling",
    type=click.Choice(["mtp", "m2pa", "m3ua"]),
    default="mtp",
    show_default=True,
    help="SS7 on timeslot 16, or over IP (SCTP; needs libusrsctp2 where the kernel has no SCTP).",
)
@click.option(
    "--flow",
    metavar="FROM-TO",
    help="A call through a tandem exchange in the middle instead, such as tup-isup; each of sip, isup, tup, pri.",
)
@click.option(
    "--seconds", type=click.FloatRange(1, 600), default=5.0, show_default=True, help="How long the two of them talk."
)
def demo(keep: Path | None, signalling: str, flow: str | None, seconds: float) -> None:
    """Run two gateways with an E1 between them and a call through both; exit status 0 only if all went right.

    \b
    Examples:
      tandem demo
      tandem demo --signalling m3ua
      tandem demo --flow tup-isup
    """  # noqa: D301 - click reads the backspace
    from tandem.gateway.demo.plans import FLOWS
    from tandem.gateway.demo.run import run_demo

    if flow is not None and flow not in FLOWS:
        raise click.BadParameter(f"{flow!r} is none of {', '.join(FLOWS)}", param_hint="--flow")
    sys.exit(run_demo(keep, signalling, flow, seconds))


@main.group()
def bench() -> None:
    """Measure this machine. Every benchmark prints a table, or JSON with --json.

    \b
    Examples:
      tandem bench media --calls 480 --seconds 10 --json
      tandem bench calls --rate 50 --seconds 20 --json
      tandem bench spans
    """  # noqa: D301 - click reads the backspace


def _print(result: dict[str, Any], as_json: bool) -> None:
    from tandem.gateway.bench.show import show

    show(result, as_json)


_seconds = click.option("--seconds", type=click.FloatRange(0.2, 3600), default=10.0, show_default=True)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@bench.command("media")
@click.option("--calls", type=click.IntRange(1, 2000), default=480, show_default=True)
@click.option(
    "--mode",
    type=click.Choice(["timeslot", "rtp"]),
    default="timeslot",
    show_default=True,
    help="timeslot: one RTP leg and one timeslot a call; rtp: two RTP legs, A-law to mu-law.",
)
@click.option(
    "--with",
    "functions",
    multiple=True,
    type=click.Choice(["dtmf", "gain", "loss", "ptime", "rtcp", "suppression"]),
    help="A speech function on every call; may be given more than once.",
)
@_seconds
@_json
def bench_media(calls: int, mode: str, functions: tuple[str, ...], seconds: float, as_json: bool) -> None:
    """CPU, lateness and loss of the media process under load."""
    from tandem.gateway.bench.media import run as measure

    _print(measure(calls, seconds, mode, functions), as_json)


@bench.command("calls")
@click.option("--rate", type=click.FloatRange(0.1, 2000), default=50.0, show_default=True, help="Calls a second.")
@click.option(
    "--hold", type=click.FloatRange(0, 60), default=0.5, show_default=True, help="Seconds from answer to BYE."
)
@_seconds
@_json
def bench_calls(rate: float, hold: float, seconds: float, as_json: bool) -> None:
    """Calls through two gateways with software E1s between them: SIP to ISUP to SIP."""
    from tandem.gateway.bench.calls import run as measure

    _print(measure(rate, seconds, hold), as_json)


@bench.command("sip")
@click.option(
    "--transport", type=click.Choice(["udp", "tcp", "tls"]), default="udp", show_default=True, help="On both sides."
)
@click.option("--rate", type=click.FloatRange(0.1, 2000), default=50.0, show_default=True, help="Calls a second.")
@click.option(
    "--hold", type=click.FloatRange(0, 60), default=0.5, show_default=True, help="Seconds from answer to BYE."
)
@click.option(
    "--standing", type=click.IntRange(0, 10000), default=0, help="Put up so many calls, and measure memory instead."
)
@click.option(
    "--engine",
    type=click.Choice(["native", "pjsua2", "both"]),
    default="native",
    show_default=True,
    help="What the called side is on; both: three rounds by turns. PJSIP takes few calls at once: mind rate and hold.",
)
@_seconds
@_json
def bench_sip(
    transport: Literal["udp", "tcp", "tls"],
    rate: float,
    hold: float,
    standing: int,
    engine: Literal["native", "pjsua2", "both"],
    seconds: float,
    as_json: bool,
) -> None:
    """Calls from SIP to SIP through one gateway: CPU a call, calls a second, memory a call."""
    from tandem.gateway.bench.sip import compare
    from tandem.gateway.bench.sip import run as measure

    if engine == "both":
        _print(compare(transport, rate, seconds, hold), as_json)
    else:
        _print(measure(transport, rate, seconds, hold, standing, engine), as_json)


@bench.command("spans")
@_seconds
@_json
def bench_spans(seconds: float, as_json: bool) -> None:
    """E1 and T1 framer, deframer and HDLC: spans per core."""
    from tandem.gateway.bench.spans import run as measure

    _print(measure(seconds), as_json)


@bench.command("codec")
@_seconds
@_json
def bench_codec(seconds: float, as_json: bool) -> None:
    """G.711 blocks: samples a second."""
    from tandem.gateway.bench.codec import run as measure

    _print(measure(seconds), as_json)


@bench.command("isup")
@_seconds
@_json
def bench_isup(seconds: float, as_json: bool) -> None:
    """ISUP messages decoded and encoded a second."""
    from tandem.gateway.bench.isup import run as measure

    _print(measure(seconds), as_json)


@bench.command("tup")
@_seconds
@_json
def bench_tup(seconds: float, as_json: bool) -> None:
    """TUP messages decoded and encoded a second."""
    from tandem.gateway.bench.tup import run as measure

    _print(measure(seconds), as_json)


@bench.command("q931")
@_seconds
@_json
def bench_q931(seconds: float, as_json: bool) -> None:
    """Q.931 messages decoded and encoded a second."""
    from tandem.gateway.bench.q931 import run as measure

    _print(measure(seconds), as_json)


@bench.command("pri")
@_seconds
@_json
def bench_pri(seconds: float, as_json: bool) -> None:
    """Calls and messages a second through Q.921 and Q.931, PRI to PRI, on one core."""
    from tandem.gateway.bench.pri import run as measure

    _print(measure(seconds), as_json)


@bench.command("ss7")
@_seconds
@_json
def bench_ss7(seconds: float, as_json: bool) -> None:
    """Calls and messages a second through MTP and ISUP on one core, memory of 4,000 circuits."""
    from tandem.gateway.bench.ss7 import run as measure

    _print(measure(seconds), as_json)


@bench.command("tup-calls")
@_seconds
@_json
def bench_tup_calls(seconds: float, as_json: bool) -> None:
    """Calls and messages a second through MTP and TUP on one core, memory of 4,000 circuits."""
    from tandem.gateway.bench.tup_calls import run as measure

    _print(measure(seconds), as_json)


@bench.command("sigtran")
@_seconds
@_json
def bench_sigtran(seconds: float, as_json: bool) -> None:
    """Calls and messages a second through SCTP, M3UA and ISUP on one core (needs libusrsctp2)."""
    from tandem.gateway.bench.sigtran import run as measure

    _print(measure(seconds), as_json)
