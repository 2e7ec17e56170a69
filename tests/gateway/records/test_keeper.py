"""Each call has its record once, however the process ends."""

import os

from tandem.gateway.calls.accounting import Leg, OpenCall, Record, read_records
from tandem.gateway.records.keeper import Keeper


def record(identity, released="2026-01-02T03:04:06.000Z"):
    return Record(
        id=identity,
        incoming=Leg(trunk="a"),
        answer_time="2026-01-02T03:04:05.000Z",
        release_time=released,
        cause=16 if released else 41,
        location=0,
        released_by="gateway",
        result="answered",
    )


def opened(identity, released):
    return OpenCall(record(identity, released))


def killed(keeper):
    """The process of `keeper` is killed: what it had open is closed, and nothing else happens."""
    os.close(keeper._writer._descriptor)
    os.close(keeper._open._descriptor)


def test_every_answered_call_once(tmp_path):
    journal = tmp_path / "records.jsonl"
    keeper = Keeper(journal)
    assert keeper.left_behind == []
    keeper.begin([opened("1", None), opened("2", None), opened("3", None)], [])
    keeper.begin([], ["2"])
    keeper.write([record("3")])
    keeper.sync()
    killed(keeper)
    after = Keeper(journal)
    assert [one.record.id for one in after.left_behind] == ["1"]
    assert [(one.id, one.cause) for one in read_records(journal)] == [("3", 16), ("1", 41)]
    after.close()
    assert [path.name for path in tmp_path.iterdir()] == ["records.jsonl"]
    assert Keeper(journal).left_behind == []


def test_a_record_that_waits_for_room_is_not_lost_by_a_kill(tmp_path, monkeypatch):
    journal = tmp_path / "records.jsonl"
    keeper = Keeper(journal)
    keeper.begin([opened("1", None)], [])
    write, descriptor = os.write, keeper._writer._descriptor

    def full(to, octets):
        if to == descriptor:
            raise OSError(28, "No space left on device")
        return write(to, octets)

    monkeypatch.setattr(os, "write", full)
    keeper.write([record("1")])
    assert (keeper.error, keeper.waiting) == ("No space left on device", 1)
    monkeypatch.setattr(os, "write", write)
    killed(keeper)
    assert [one.record.id for one in Keeper(journal).left_behind] == ["1"]


def test_a_record_is_written_when_there_is_room_again(tmp_path, monkeypatch):
    journal = tmp_path / "records.jsonl"
    keeper = Keeper(journal)
    keeper.begin([opened("1", None)], [])
    keeper._writer.waiting.append(b"")
    keeper.write([record("1")])
    keeper.sync()
    assert (keeper.error, keeper.waiting) == (None, 0)
    keeper.close()
    assert [one.id for one in read_records(journal)] == ["1"]
    assert Keeper(journal).left_behind == []
