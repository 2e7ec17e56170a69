"""Call detail records: on the disk before anybody is told, whatever happens to the process or the disk."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import ConfigurationError
from tandem.gateway.calls.accounting import Leg, Record, RecordWriter, read_records, statistics_of, timestamp
from tandem.gateway.media.protocol import MediaStatistics


def record(number: int, **fields) -> Record:
    values = {"incoming": Leg(trunk="a"), "cause": 16, "location": 0, "released_by": "incoming", "result": "failed"}
    return Record(id=str(number), **(values | fields))


def identities(path) -> list[str]:
    return [found.id for found in read_records(path)]


def test_a_record_is_one_line_of_json(tmp_path):
    path = tmp_path / "r.jsonl"
    writer = RecordWriter(path)
    written = record(1, outgoing=Leg(trunk="b", id="b/1", media={"packets_sent": 5}), route='"\n', duration_ms=1500)
    writer.write(written)
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["outgoing"]["media"] == {"packets_sent": 5}
    assert read_records(path) == [written]
    writer.close()


def test_records_are_appended_to_what_is_there(tmp_path):
    path = tmp_path / "r.jsonl"
    for number in range(3):
        writer = RecordWriter(path)
        writer.write(record(number))
        writer.close()
    assert identities(path) == ["0", "1", "2"]


CHILD = """
import sys
from tandem.gateway.calls.accounting import Leg, Record, RecordWriter
writer = RecordWriter(sys.argv[1])
for number in range(1000000):
    writer.write(Record(id=str(number), incoming=Leg(), cause=16, location=0, released_by="incoming", result="failed"))
    print(number, flush=True)
"""


def test_a_killed_process_loses_nothing_that_it_reported(tmp_path):
    path = tmp_path / "r.jsonl"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for _ in range(200):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    reported = 200 + len(child.stdout.read().splitlines())
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    found = identities(path)
    assert found == [str(number) for number in range(len(found))]
    assert len(found) >= reported


def test_half_a_line_is_ended_and_spoils_no_other(tmp_path):
    path = tmp_path / "r.jsonl"
    writer = RecordWriter(path)
    writer.write(record(1))
    writer.write(record(2))
    writer.close()
    path.write_bytes(path.read_bytes()[:-20])
    writer = RecordWriter(path)
    writer.write(record(3))
    writer.close()
    assert identities(path) == ["1", "3"]
    assert len(path.read_bytes().splitlines()) == 3


class Disk:
    """os.write of a disk that takes so many octets of each write, then is full."""

    def __init__(self, room: list[int]) -> None:
        self.room = room
        self.write = os.write

    def __call__(self, descriptor: int, data: bytes) -> int:
        if not self.room:
            return self.write(descriptor, data)
        room = self.room.pop(0)
        if room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.write(descriptor, data[:room])


def test_a_full_disk_keeps_records_waiting_in_order(tmp_path, monkeypatch):
    path = tmp_path / "r.jsonl"
    writer = RecordWriter(path)
    writer.write(record(1))
    monkeypatch.setattr(os, "write", Disk([0, 7, 0, 0]))
    writer.write(record(2))
    assert writer.error == "No space left on device"
    assert len(writer.waiting) == 1
    writer.write(record(3))
    writer.write(record(4))
    assert len(writer.waiting) == 3
    assert identities(path) == ["1"]
    writer.flush()
    assert (writer.error, list(writer.waiting)) == (None, [])
    assert identities(path) == ["1", "2", "3", "4"]
    writer.close()


@given(st.lists(st.integers(0, 300), max_size=30), st.integers(1, 8))
def test_any_failing_disk_keeps_every_record_in_order(tmp_path_factory, room, count):
    path = tmp_path_factory.mktemp("records") / "r.jsonl"
    writer = RecordWriter(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", Disk(room))
        for number in range(count):
            writer.write(record(number))
        while writer.error:
            writer.flush()
    writer.close()
    assert identities(path) == [str(number) for number in range(count)]


def test_sync_reaches_the_disk_and_tells_when_it_fails(tmp_path, monkeypatch):
    writer = RecordWriter(tmp_path / "r.jsonl")
    synced = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    writer.write(record(1))
    assert synced == []
    writer.sync()
    assert (len(synced), writer.error) == (1, None)

    def fail(descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fdatasync", fail)
    writer.sync()
    assert writer.error == "Input/output error"
    writer.close()


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(ConfigurationError, match=r"records: .*none/r cannot be written: No such file or directory"):
        RecordWriter(tmp_path / "none" / "r")


def test_others_may_not_read_who_called_whom(tmp_path):
    path = tmp_path / "r.jsonl"
    RecordWriter(path).close()
    assert path.stat().st_mode & 0o007 == 0


def test_broken_lines_are_left_out(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'\n{"id": 1}\n\xff\nnull\n')
    assert read_records(path) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000.25, "2023-11-14T22:13:20.250Z"),
        (1_700_000_000.9996, "2023-11-14T22:13:21.000Z"),
    ],
)
def test_timestamps(seconds, text):
    assert timestamp(seconds) == text


def test_statistics_by_name():
    found = statistics_of(MediaStatistics(packets_sent=3, jitter_ms=1.5))
    assert (found["packets_sent"], found["jitter_ms"], found["packets_lost"]) == (3, 1.5, 0)


def test_every_field_is_explained_in_the_documents():
    page = (Path(__file__).resolve().parents[3] / "docs/reference/records.md").read_text()
    for kind in (Record, Leg, MediaStatistics):
        for field in kind.__struct_fields__:
            assert f"| `{field}` |" in page, f"{kind.__name__}.{field} is not in docs/reference/records.md"
