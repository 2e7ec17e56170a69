"""Delivery: everything, in order, each once; a receiver that is down is waited for and holds nobody up."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.call_records import Memory, record, write

from tandem.gateway.calls.accounting import RecordWriter
from tandem.gateway.configuration.records import Records, SqliteReceiver
from tandem.gateway.records import delivery
from tandem.gateway.records.delivery import Channel, Delivery
from tandem.gateway.records.journal import Journal


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.005)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.jsonl"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(delivery, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(delivery, "LAST_RETRY", 0.02)


def channel(path, memory):
    return Channel("m", memory, lambda: Journal(path, path.with_name("m.position")))


def test_all_are_delivered_in_order_and_once(path):
    memory, writer = Memory(), RecordWriter(path)
    way = channel(path, memory)
    way.start()
    for number in range(250):
        writer.write(record(number))
        way.wake()
    until(lambda: way.delivered == 250)
    way.stop()
    assert way.join(5)
    assert memory.taken == [f"c-{number}" for number in range(250)]
    assert memory.attempts < 250
    assert way.waiting == 0
    writer.close()


def test_a_receiver_that_refuses_gets_them_later(path):
    memory = Memory()
    memory.refusing = "on holiday"
    write(path, range(3))
    way = channel(path, memory)
    way.start()
    until(lambda: memory.attempts > 3)
    assert way.error == "on holiday"
    assert way.waiting == path.stat().st_size
    memory.refusing = ""
    until(lambda: way.delivered == 3)
    until(lambda: way.error is None)
    way.stop()
    assert way.join(5)
    assert memory.taken == ["c-0", "c-1", "c-2"]


def test_a_failure_of_any_kind_is_told_and_tried_again(path):
    class Broken(Memory):
        def deliver(self, lines, records):
            super().deliver(lines, records)
            if self.attempts == 1:
                self.taken.clear()
                raise RuntimeError("a fault")

    memory = Broken()
    write(path, range(1))
    way = channel(path, memory)
    way.start()
    until(lambda: way.delivered == 1)
    way.stop()
    assert way.join(5)
    assert memory.taken == ["c-0"]


def test_half_a_line_of_a_crash_is_left_out(path):
    path.write_bytes(b'{"id": "broken\n')
    write(path, range(2))
    memory = Memory()
    way = channel(path, memory)
    way.start()
    until(lambda: way.delivered == 2)
    way.stop()
    assert way.join(5)
    assert (memory.taken, way.unreadable) == (["c-0", "c-1"], 1)


def test_one_that_is_down_does_not_delay_the_other(path, tmp_path):
    good = SqliteReceiver(name="good", file=str(tmp_path / "good.db"))
    bad = SqliteReceiver(name="bad", file=str(tmp_path / "missing" / "bad.db"))
    ways = Delivery(Records(sqlite=[bad, good]), path)
    write(path, range(3))
    ways.start()
    ways.wake()
    until(lambda: ways.counters()["good"][0] == 3)
    until(lambda: ways.channels[0].error)
    (line,) = ways.news()
    assert (line.level, line.subject) == ("error", "records bad")
    assert "kept and sent again" in line.text
    assert ways.news() == []
    (missed,) = ways.stop(5)
    assert missed.subject == "records bad"
    assert "after the next start" in missed.text


def test_what_is_there_at_the_end_is_delivered_before_it(path, tmp_path):
    ways = Delivery(Records(sqlite=[SqliteReceiver(name="db", file=str(tmp_path / "calls.db"))]), path)
    ways.start()
    write(path, range(120))
    assert ways.stop(10) == []
    assert ways.counters()["db"] == (120, 0)


def test_a_gateway_that_did_not_start_ends_too(path, tmp_path):
    ways = Delivery(Records(sqlite=[SqliteReceiver(name="db", file=str(tmp_path / "calls.db"))]), path)
    assert ways.stop(1) == []


PROGRAM = r"""
import sys, time
sys.path[:0] = [sys.argv[3]]
from support.call_records import record
from tandem.gateway.calls.accounting import RecordWriter
from tandem.gateway.configuration.records import Records, SqliteReceiver
from tandem.gateway.records.delivery import Delivery
from pathlib import Path
path = Path(sys.argv[1])
writer = RecordWriter(path)
ways = Delivery(Records(sqlite=[SqliteReceiver(name="db", file=sys.argv[2])]), path)
ways.start()
number = path.read_bytes().count(b"\n")
while True:
    writer.write(record(number)); ways.wake(); number += 1
    print(number, flush=True)
    time.sleep(0.0005)
"""


def test_killed_again_and_again_it_loses_none_and_doubles_none(path, tmp_path):
    database = tmp_path / "calls.db"
    arguments = [sys.executable, "-c", PROGRAM, str(path), str(database), str(Path(__file__).parents[2])]
    reported = 0
    for _ in range(4):
        goal = reported + 150
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                reported = int(line)
                if reported >= goal:
                    os.kill(process.pid, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
    ways = Delivery(Records(sqlite=[SqliteReceiver(name="db", file=str(database))]), path)
    ways.start()
    assert ways.stop(30) == []
    with sqlite3.connect(database) as connection:
        rows = connection.execute("select id, count(*) from calls group by id").fetchall()
    written = {f"c-{number}" for number in range(path.read_bytes().count(b"\n"))}
    assert len(written) >= reported
    assert dict(rows) == dict.fromkeys(written, 1)
