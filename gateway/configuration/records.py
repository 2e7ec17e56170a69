"""Where call records go besides the file of `node.records`: `[records]`."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta

from tandem.gateway.configuration.problem import Problem, suggestion
from tandem.gateway.configuration.table import Table, TimerSeconds

if TYPE_CHECKING:
    from tandem.gateway.configuration.schema import Configuration

SMDR_FIELDS: Final = (
    "date",
    "time",
    "duration",
    "seconds",
    "calling",
    "called",
    "incoming",
    "outgoing",
    "outgoing_called",
    "route",
    "cause",
    "result",
    "released_by",
    "node",
    "id",
)
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_TABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?")


class SqliteReceiver(Table):
    """A SQLite file that call records are put into."""

    name: str
    """Name in logs, and of the file beside `node.records` that tells how far it has got."""
    file: str
    """The database file, made where there is none; relative to the configuration file."""
    table: str = "calls"
    """Table, made where there is none; `node` and `id` are its key."""


class PostgresqlReceiver(Table):
    """A PostgreSQL database that call records are put into. Needs `tandem-gateway[postgresql]`."""

    name: str
    """Name in logs, and of the file beside `node.records` that tells how far it has got."""
    connection: str
    """As libpq takes it: `host=127.0.0.1 dbname=calls user=tandem`, or a URL; a password is better in `~/.pgpass`."""
    table: str = "calls"
    """Table, made where there is none; `node` and `id` are its key."""


class HttpReceiver(Table):
    """A web service that call records are sent to: POST of a JSON array; any status 2xx acknowledges."""

    name: str
    """Name in logs, and of the file beside `node.records` that tells how far it has got."""
    url: str
    """`http://` or `https://`."""
    token: str = ""
    """Sent as `Authorization: Bearer`."""
    timeout: TimerSeconds = 10.0
    """Seconds that an answer is waited for."""
    authorities: str = ""
    """PEM file of the authorities that the certificate is checked against; left out: those of the system."""


class SmdrReceiver(Table):
    """A serial port that gets one line of text a call (SMDR)."""

    name: str
    """Name in logs, and of the file beside `node.records` that tells how far it has got."""
    device: str
    """`/dev/ttyS0`, `/dev/ttyUSB0`, or a URL of pyserial such as `socket://192.0.2.7:2300`."""
    baud: Annotated[int, Meta(ge=50, le=4000000)] = 9600
    """Bits a second; 8 data bits, no parity, 1 stop bit."""
    flow: Literal["none", "rtscts", "xonxoff"] = "none"
    """Flow control."""
    format: str = (
        "{date} {time} {duration} {incoming:<12.12} {calling:<16.16} {outgoing:<12.12} {called:<16.16} {cause:>3}"
    )
    """The line, with `{date}`, `{time}` (of the answer, else of the setup; local), `{duration}`, `{seconds}`,
    `{calling}`, `{called}`, `{incoming}`, `{outgoing}` (trunks), `{outgoing_called}`, `{route}`, `{cause}`, `{result}`,
    `{released_by}`, `{node}`, `{id}`, with widths as in `{called:<16.16}`."""


class Records(Table):
    """Receivers of call records. Each gets every record, and is waited for as long as it is down."""

    sqlite: list[SqliteReceiver] = []
    """`[[records.sqlite]]`."""
    postgresql: list[PostgresqlReceiver] = []
    """`[[records.postgresql]]`."""
    http: list[HttpReceiver] = []
    """`[[records.http]]`."""
    smdr: list[SmdrReceiver] = []
    """`[[records.smdr]]`."""


def check_records(configuration: Configuration) -> Iterator[Problem]:
    """Mistakes in `[records]`."""
    records = configuration.records
    places: dict[str, str] = {}
    for kind, receivers in _receivers(records):
        for index, receiver in enumerate(receivers):
            path = f"records.{kind}[{index}]"
            if receiver.name in places:
                yield Problem(f"{path}.name", f"{receiver.name!r} is already the name of {places[receiver.name]}")
            places.setdefault(receiver.name, path)
            if not _NAME.fullmatch(receiver.name):
                yield Problem(f"{path}.name", f"{receiver.name!r} should be 1 to 40 letters, digits, - and _")
            table = getattr(receiver, "table", "calls")
            if not _TABLE.fullmatch(table):
                yield Problem(
                    f"{path}.table", f"{table!r} is no name of a table: letters, digits and _, as in cdr.calls"
                )
    for index, database in enumerate(records.sqlite):
        path = f"records.sqlite[{index}].file"
        if Path(database.file).is_dir():
            yield Problem(path, f"{database.file} is a folder; give the name of a file")
        elif not Path(database.file).parent.is_dir():
            yield Problem(path, f"the folder {Path(database.file).parent} does not exist; create it")
    for index, service in enumerate(records.http):
        if not service.url.startswith(("http://", "https://")):
            yield Problem(f"records.http[{index}].url", f"{service.url!r} should begin with http:// or https://")
        if service.authorities and not Path(service.authorities).is_file():
            yield Problem(f"records.http[{index}].authorities", f"there is no file {service.authorities}")
    for index, port in enumerate(records.smdr):
        yield from _format(f"records.smdr[{index}].format", port.format)


def _receivers(
    records: Records,
) -> list[tuple[str, Sequence[SqliteReceiver | PostgresqlReceiver | HttpReceiver | SmdrReceiver]]]:
    """The receivers by kind, which is the name of their table."""
    return [
        ("sqlite", records.sqlite),
        ("postgresql", records.postgresql),
        ("http", records.http),
        ("smdr", records.smdr),
    ]


def _format(path: str, template: str) -> Iterator[Problem]:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        yield Problem(path, f"{error}; a brace itself is written twice")
        return
    for _, field, width, _ in parts:
        if field is None:
            continue
        if field not in SMDR_FIELDS:
            yield Problem(path, f"there is no field {{{field}}}; {suggestion(field, SMDR_FIELDS, 'there are:')}")
            continue
        try:
            format(0 if field in ("seconds", "cause") else "", width or "")
        except ValueError as error:
            yield Problem(path, f"{{{field}:{width}}}: {error}")
