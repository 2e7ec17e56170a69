"""Records in PostgreSQL: a server of its own for these tests, stopped and started again in between."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.call_records import ENCODER, record

from tandem.gateway.configuration.records import PostgresqlReceiver
from tandem.gateway.records.postgresql import Postgresql
from tandem.gateway.records.receiver import DeliveryError

psycopg = pytest.importorskip("psycopg")


def program(name):
    found = [*sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True), shutil.which(name)]
    return found[0] and str(found[0])


class Server:
    """PostgreSQL on a socket in `folder`, as a user without root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.user = ["runuser", "-u", "nobody", "--"] if os.getuid() == 0 else []
        self.conninfo = f"host={folder} dbname=postgres user=tandem"
        if os.getuid() == 0:
            shutil.chown(folder, "nobody")
        self._run(program("initdb"), "-D", self.data, "-U", "tandem", "-A", "trust", "--no-sync", "-E", "UTF8")

    def _run(self, *words: object) -> None:
        words = [*self.user, *map(str, words)]
        result = subprocess.run(words, capture_output=True, text=True, cwd=self.folder)
        assert result.returncode == 0, result.stdout + result.stderr

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        log = self.folder / "log"
        self._run(program("pg_ctl"), "-D", self.data, "-l", log, "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run(program("pg_ctl"), "-D", self.data, "-m", "immediate", "-w", "stop")


@pytest.fixture(scope="module")
def server():
    import tempfile

    if program("initdb") is None:
        pytest.skip("no PostgreSQL server: apt install postgresql")
    with tempfile.TemporaryDirectory(prefix="tandem-pg-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        server = Server(Path(folder))
        server.start()
        yield server
        server.stop()


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
