"""Call records into a SQLite file."""

from __future__ import annotations

import sqlite3

from tandem.gateway.calls.accounting import Record
from tandem.gateway.configuration.records import SqliteReceiver
from tandem.gateway.records.receiver import DeliveryError, insertion, row, table_definition

PATIENCE = 5.0
"""Seconds that another program may keep the database locked."""


class Sqlite:
    """A table in a SQLite file, made where there is none."""

    def __init__(self, configuration: SqliteReceiver) -> None:
        self._file = configuration.file
        self._table = configuration.table
        self._connection: sqlite3.Connection | None = None

    def deliver(self, lines: list[bytes], records: list[Record]) -> None:
        """See Receiver; safe is what SQLite has committed."""
        try:
            connection = self._connect()
            with connection:
                connection.executemany(insertion(self._table, "?"), map(row, lines, records))
        except sqlite3.Error as error:
            self.close()
            raise DeliveryError(f"{self._file}: {error}") from None

    def close(self) -> None:
        """See Receiver."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(self._file, timeout=PATIENCE, check_same_thread=False)
            self._connection.execute(table_definition(self._table))
        return self._connection
