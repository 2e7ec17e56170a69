"""What a receiver of call records is to the delivery, and a record as the columns of a table."""

from __future__ import annotations

from typing import Final, Protocol

from tandem.core.errors import TandemError
from tandem.gateway.calls.accounting import Record


class DeliveryError(TandemError):
    """The receiver did not acknowledge; what was sent is sent again later."""


class Receiver(Protocol):
    """Takes records, each once or more often: it tells repeated ones by `node` and `id`."""

    def deliver(self, lines: list[bytes], records: list[Record]) -> None:
        """Return when all of them are safe, in whatever order; `lines` are the records as JSON.

        DeliveryError says why they are not, for an operator.
        """
        ...

    def close(self) -> None:
        """Give back what is open."""
        ...


#: Columns of a table of records: name, type in SQL. `node` and `id` together are the key.
COLUMNS: Final = (
    ("node", "TEXT NOT NULL"),
    ("id", "TEXT NOT NULL"),
    ("setup_time", "TEXT"),
    ("answer_time", "TEXT"),
    ("release_time", "TEXT"),
    ("duration_ms", "BIGINT"),
    ("post_dial_delay_ms", "BIGINT"),
    ("result", "TEXT"),
    ("cause", "INTEGER"),
    ("location", "INTEGER"),
    ("released_by", "TEXT"),
    ("route", "TEXT"),
    ("attempts", "INTEGER"),
    ("incoming_trunk", "TEXT"),
    ("incoming_protocol", "TEXT"),
    ("incoming_id", "TEXT"),
    ("calling", "TEXT"),
    ("called", "TEXT"),
    ("outgoing_trunk", "TEXT"),
    ("outgoing_protocol", "TEXT"),
    ("outgoing_id", "TEXT"),
    ("outgoing_calling", "TEXT"),
    ("outgoing_called", "TEXT"),
    ("record", "TEXT NOT NULL"),
)


def row(line: bytes, record: Record) -> tuple[str | int | None, ...]:
    """The values of `COLUMNS`; the last is the whole record as JSON."""
    incoming, outgoing = record.incoming, record.outgoing
    return (
        record.node,
        record.id,
        record.setup_time,
        record.answer_time,
        record.release_time,
        record.duration_ms,
        record.post_dial_delay_ms,
        record.result,
        record.cause,
        record.location,
        record.released_by,
        record.route,
        record.attempts,
        incoming.trunk,
        incoming.protocol,
        incoming.id,
        incoming.calling,
        incoming.called,
        outgoing.trunk if outgoing else None,
        outgoing.protocol if outgoing else None,
        outgoing.id if outgoing else None,
        outgoing.calling if outgoing else None,
        outgoing.called if outgoing else None,
        line.decode(),
    )


def table_definition(table: str, record_type: str = "TEXT") -> str:
    """The statement that makes the table where there is none."""
    columns = [f"{name} {kind}" for name, kind in COLUMNS[:-1]]
    columns.append(f"record {record_type} NOT NULL")
    return f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)}, PRIMARY KEY (node, id))"


def insertion(table: str, place: str) -> str:
    """The statement that puts a row in, unless it is there; `place` marks a value."""
    names = ", ".join(name for name, _ in COLUMNS)
    places = ", ".join([place] * len(COLUMNS))
    return f"INSERT INTO {table} ({names}) VALUES ({places}) ON CONFLICT (node, id) DO NOTHING"
