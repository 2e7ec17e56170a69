"""`tandem console` and `tandem reload`: how they find the gateway, and what they do with it."""

from __future__ import annotations

import asyncio
import os
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import click

from tandem.core.errors import TandemError
from tandem.gateway.configuration.ranges import parse_endpoint
from tandem.gateway.console.client import EventClient

#: Names of the log levels that a console can ask for.
LEVELS = ("none", "error", "warning", "info", "debug")


@dataclass(frozen=True)
class Place:
    """Where the event socket of a gateway is, and its password."""

    host: str
    port: int
    password: str


def place_of(config: Path | None, address: str | None, password: str | None) -> Place:
    """The gateway that is meant: of a configuration file, or at an address; TandemError says what is missing.

    The file need not be right, only its `[event_socket]`: a console is wanted most when something is wrong.
    """
    table: dict[str, object] = {}
    if config is not None:
        try:
            table = tomllib.loads(config.read_text(encoding="utf-8-sig")).get("event_socket", {})
        except OSError as error:
            raise TandemError(f"{config}: cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise TandemError(f"{config}: not TOML: {error}") from None
        if not table:
            raise TandemError(f"{config} has no [event_socket]; give it one with a password, and restart the gateway")
    password = password or str(table.get("password", "")) or os.environ.get("TANDEM_PASSWORD", "")
    if not password:
        raise TandemError("no password: give --config, --password, or TANDEM_PASSWORD in the environment")
    try:
        host, port = parse_endpoint(address or str(table.get("listen", "127.0.0.1:8021")), 8021)
    except ValueError as error:
        raise TandemError(f"address: {error}") from None
    return Place({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, password)


def run_command(place: Place, line: str) -> str:
    """The answer of the gateway to one command."""

    async def run() -> str:
        client = EventClient(place.host, place.port, place.password)
        try:
            await client.connect()
            return await client.api(line)
        finally:
            await client.close()

    return asyncio.run(run())


def _print_answer(answer: str) -> None:
    """An answer goes out; one that is an error to standard error, with exit status 1."""
    wrong = answer.startswith("-ERR")
    text = answer.removeprefix("-ERR ") if wrong else answer
    if wrong:
        raise TandemError(text.rstrip("\n"))
    click.echo(text, nl=not text.endswith("\n"))


_config = click.option(
    "-c", "--config", type=click.Path(path_type=Path), help="Configuration file of the gateway: address and password."
)
_address = click.option("-H", "--host", "address", metavar="ADDRESS[:PORT]", help="Where the event socket listens.")
_password = click.option("-p", "--password", help="Its password; better in the environment as TANDEM_PASSWORD.")


@click.command("console")
@_config
@_address
@_password
@click.option("-x", "--execute", "line", metavar="COMMAND", help="Run one command, print its answer and end.")
@click.option(
    "-l",
    "--log-level",
    type=click.Choice(LEVELS),
    default="info",
    show_default=True,
    help="Least level of the log shown.",
)
def console_command(
    config: Path | None, address: str | None, password: str | None, line: str | None, log_level: str
) -> None:
    """Give commands to a running gateway, and see its log.

    Without -x: a prompt with completion and history; commands that come by a pipe are run one after another.

    \b
    Examples:
      tandem console -c gateway.toml
      tandem console -c gateway.toml -x "show circuits"
      echo status | tandem console -c gateway.toml
    """  # noqa: D301 - click reads the backspace
    place = place_of(config, address, password)
    if line is not None:
        _print_answer(run_command(place, line))
    elif sys.stdin.isatty():
        from tandem.gateway.console.prompt import Prompt

        asyncio.run(Prompt(place, log_level).run())
    else:
        for command in sys.stdin:
            if command.strip():
                _print_answer(run_command(place, command))


@click.command("reload")
@_config
@_address
@_password
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def reload_command(config: Path | None, address: str | None, password: str | None, dry_run: bool) -> None:
    """Have a running gateway read its configuration again; calls go on.

    \b
    Examples:
      tandem reload -c gateway.toml --dry-run
      tandem reload -c gateway.toml
    """  # noqa: D301 - click reads the backspace
    _print_answer(run_command(place_of(config, address, password), "reload dry_run" if dry_run else "reload"))
