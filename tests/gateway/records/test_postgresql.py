"""Records in PostgreSQL: a server of its own for these tests, stopped and started again in between."""

import pytest
from support.call_records import ENCODER, record
from support.postgresql import running

from tandem.gateway.configuration.records import PostgresqlReceiver
from tandem.gateway.records.postgresql import Postgresql
from tandem.gateway.records.receiver import DeliveryError

psycopg = pytest.importorskip("psycopg")


@pytest.fixture(scope="module")
def server():
    with running() as server:
        yield server


def deliver(receiver, numbers):
    records = [record(number) for number in numbers]
    receiver.deliver([ENCODER.encode(one) for one in records], records)


def test_records_are_rows_each_once_through_a_restart_of_the_server(server):
    receiver = Postgresql(PostgresqlReceiver(name="pg", connection=server.conninfo, table="cdr"))
    deliver(receiver, [1, 2])
    server.stop()
    with pytest.raises(DeliveryError):
        deliver(receiver, [2, 3])
    with pytest.raises(DeliveryError, match="connection"):
        deliver(receiver, [2, 3])
    server.start()
    deliver(receiver, [2, 3])
    receiver.close()
    with psycopg.connect(server.conninfo) as connection:
        rows = connection.execute("select id, called, (record->>'cause')::int from cdr order by id").fetchall()
    assert rows == [("c-1", "4930123", 16), ("c-2", "4930123", 16), ("c-3", "4930123", 16)]


def test_a_table_of_another_shape_is_told(server):
    with psycopg.connect(server.conninfo) as connection:
        connection.execute("create table wrong (x int)")
    with pytest.raises(DeliveryError, match="column"):
        deliver(Postgresql(PostgresqlReceiver(name="pg", connection=server.conninfo, table="wrong")), [1])
