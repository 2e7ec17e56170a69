"""Records in SQLite: as rows, each once; an error names the file."""

import sqlite3

import pytest
from support.call_records import ENCODER, record

from tandem.gateway.configuration.records import SqliteReceiver
from tandem.gateway.records.receiver import DeliveryError
from tandem.gateway.records.sqlite import Sqlite


def deliver(receiver, numbers):
    records = [record(number) for number in numbers]
    receiver.deliver([ENCODER.encode(one) for one in records], records)


def test_repeated_records_are_there_once(tmp_path):
    receiver = Sqlite(SqliteReceiver(name="db", file=str(tmp_path / "c.db"), table="cdr"))
    deliver(receiver, [1, 2])
    deliver(receiver, [2, 3])
    receiver.close()
    with sqlite3.connect(tmp_path / "c.db") as connection:
        rows = connection.execute("select id, called, duration_ms from cdr order by id").fetchall()
    assert rows == [("c-1", "4930123", 61000), ("c-2", "4930123", 61000), ("c-3", "4930123", 61000)]


def test_a_database_that_is_no_database_is_told(tmp_path):
    (tmp_path / "c.db").write_text("no database, but long enough to be looked at as one " * 10)
    receiver = Sqlite(SqliteReceiver(name="db", file=str(tmp_path / "c.db")))
    with pytest.raises(DeliveryError, match=r"c\.db: file is not a database"):
        deliver(receiver, [1])
