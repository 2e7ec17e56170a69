"""Call records into a PostgreSQL database, by psycopg."""

from __future__ import annotations

import contextlib
from typing import Any

from tandem.gateway.calls.accounting import Record
from tandem.gateway.configuration.records import PostgresqlReceiver
from tandem.gateway.records.receiver import DeliveryError, insertion, row, table_definition

CONNECT_SECONDS = 10
STATEMENT_MILLISECONDS = 30_000


class Postgresql:
    """A table in a database, made where there is none."""

    def __init__(self, configuration: PostgresqlReceiver) -> None:
        self._conninfo = configuration.connection
        self._table = configuration.table
        self._connection: Any = None

    def deliver(self, lines: list[bytes], records: list[Record]) -> None:
        """See Receiver; safe is what the server has committed."""
        try:
            import psycopg  # an optional part: only those who want it need it
        except ImportError:
            text = "psycopg is not installed: pip install 'tandem-gateway[postgresql]'"
            raise DeliveryError(text) from None
        try:
            if self._connection is None:
                options = f"-c statement_timeout={STATEMENT_MILLISECONDS}"
                self._connection = psycopg.connect(self._conninfo, connect_timeout=CONNECT_SECONDS, options=options)
                self._connection.execute(table_definition(self._table, "JSONB"))
            with self._connection.cursor() as cursor:
                cursor.executemany(insertion(self._table, "%s"), list(map(row, lines, records)))
            self._connection.commit()
        except psycopg.Error as error:
            self.close()
            raise DeliveryError(" ".join(str(error).split())) from None

    def close(self) -> None:
        """See Receiver."""
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None
