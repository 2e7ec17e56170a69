"""`tandem import-freeswitch`: a FreeSWITCH configuration folder as a Tandem configuration file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.load import load
from tandem.gateway.freeswitch import dialplan, sip
from tandem.gateway.freeswitch.toml import Block, Value, document
from tandem.gateway.freeswitch.tree import Left, Tree


def convert(folder: Path, variables: dict[str, str] | None = None) -> tuple[str, list[Left]]:
    """The configuration in `folder` as TOML, and what is not carried over; ConfigurationError when it is none."""
    tree = Tree(folder, variables)
    found = sip.read(tree)
    if not (found.trunks or any(tree.root.all("extension"))):
        raise ConfigurationError(f"{folder}: there are no gateways, users or extensions in it")
    routes, missing = dialplan.read(tree, found)
    remarks = [
        f"From the FreeSWITCH configuration in {folder.name}. Look it over before use: tandem check, route test."
    ]
    blocks = [Block("[node]", {"name": "tandem"}, remarks), *_event_socket(tree), *_media(tree)]
    left = sorted({*tree.left, *found.left, *missing}, key=lambda one: (one.place.file, one.place.line))
    return document([*blocks, *found.blocks, *routes]), left


def _event_socket(tree: Tree) -> Iterator[Block]:
    for one in tree.root.all("configuration"):
        if one.get("name") == "event_socket.conf":
            settings = {name: element.get("value") for name, element in one.parameters("settings").items()}
            address = {"::": "127.0.0.1", "0.0.0.0": "127.0.0.1"}.get(settings.get("listen-ip", ""), "")
            address = address or settings.get("listen-ip", "127.0.0.1")
            values: dict[str, Value] = {"listen": f"{address}:{settings.get('listen-port', '8021')}"}
            if password := settings.get("password"):
                yield Block("[event_socket]", {"password": password, **values})


def _media(tree: Tree) -> Iterator[Block]:
    """RTP ports of switch.conf: a range of pairs, as many as there are."""
    for one in tree.root.all("configuration"):
        if one.get("name") == "switch.conf":
            settings = {name: element.get("value") for name, element in one.parameters("settings").items()}
            first, last = settings.get("rtp-start-port", ""), settings.get("rtp-end-port", "")
            if first.isdecimal() and last.isdecimal() and 1024 <= int(first) < int(last) < 65536:
                start = int(first) + int(first) % 2
                yield Block("[media]", {"ports": [start, int(last)]})


@click.command("import-freeswitch")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; left out: standard output.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A global variable, such as local_ip_v4=192.0.2.1."
)
def import_command(folder: Path, output: Path | None, settings: tuple[str, ...]) -> None:
    """Turn the FreeSWITCH configuration in FOLDER into one of Tandem's.

    What cannot be carried over is listed on standard error, each with its file and line.

    \b
    Example:
      tandem import-freeswitch /etc/freeswitch -o gateway.toml --set local_ip_v4=192.0.2.1
    """  # noqa: D301 - click reads the backspace
    variables = dict(text.partition("=")[::2] for text in settings)
    text, left = convert(folder, variables)
    for one in left:
        click.echo(f"not carried over: {one}", err=True)
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
    click.echo(f"{len(left)} things are not carried over; {_verdict(text)}", err=True)


def _write(file: Path, text: str) -> None:
    """A new file that its owner alone may read, as it has passwords."""
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise ConfigurationError(f"{file} is there already; name another file") from None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from None


def _verdict(text: str) -> str:
    """What `tandem check` says of it, in a line."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "gateway.toml"
        file.write_text(text, encoding="utf-8")
        try:
            load(file)
        except ConfigurationError as error:
            return f"tandem check says: {str(error).replace(str(file), 'the file').splitlines()[0]}"
    return "tandem check finds it right"
