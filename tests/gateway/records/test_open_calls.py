"""The file of calls that are up."""

import os

import msgspec
import pytest

from tandem.core.errors import ConfigurationError
from tandem.gateway.calls.accounting import Farewell, Leg, OpenCall, Record, RecordWriter
from tandem.gateway.records import open_calls
from tandem.gateway.records.open_calls import MOST_ACCOUNTED, OpenCalls

ANSWERED = "2026-01-02T03:04:05.000Z"
ANSWERED_AT = 1_767_323_045.0


def call(identity, farewells=(), **more):
    return OpenCall(record(identity, **more), list(farewells))


def identities(calls):
    return [one.record.id for one in calls]


def record(identity, **more):
    fields = {"incoming": Leg(trunk="a"), "cause": 41, "location": 0, "released_by": "gateway", "result": "answered"}
    return Record(id=identity, **(fields | {"answer_time": ANSWERED} | more))


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "records.jsonl"


def killed(calls, at=ANSWERED_AT + 90):
    """The process of `calls` is killed; it was last known to run `at`."""
    os.utime(calls.path, (at, at))
    os.close(calls._descriptor)


def test_calls_that_were_up_end_when_the_gateway_was_last_known_to_run(journal):
    calls = OpenCalls(journal)
    calls.write([call("1"), call("2"), call("3")])
    calls.close_calls(["2", "unknown"])
    calls.write([call("3", linked=["1"])])
    killed(calls)
    after = OpenCalls(journal)
    one, three = (found.record for found in after.left_behind())
    assert (one.id, three.id, three.linked) == ("1", "3", ["1"])
    assert (one.release_time, one.duration_ms) == ("2026-01-02T03:05:35.000Z", 90_000)
    after.close_calls(["1", "3"])
    after.close()
    assert list(journal.parent.iterdir()) == []


def test_one_that_had_ended_keeps_its_end(journal):
    calls = OpenCalls(journal)
    ended = call("1", cause=16, release_time="2026-01-02T03:04:06.000Z", duration_ms=1000)
    calls.write([call("1"), ended])
    killed(calls)
    assert OpenCalls(journal).left_behind() == [ended]


def test_one_that_had_failed_keeps_that(journal):
    calls = OpenCalls(journal)
    failed = call("1", result="failed", answer_time=None, release_time=ANSWERED)
    calls.write([failed])
    killed(calls)
    assert OpenCalls(journal).left_behind() == [failed]


def test_one_that_was_being_set_up_has_failed_when_the_gateway_was_last_known_to_run(journal):
    calls = OpenCalls(journal)
    calls.write([call("1", setup_time=ANSWERED, answer_time=None, result="failed")])
    killed(calls)
    (one,) = (left.record for left in OpenCalls(journal).left_behind())
    assert (one.release_time, one.duration_ms, one.result) == ("2026-01-02T03:05:35.000Z", 0, "failed")


def test_what_the_peers_are_to_be_told_is_kept(journal):
    calls = OpenCalls(journal)
    farewell = Farewell(trunk="pbx", what=msgspec.Raw(b'[["dialog","x"]]'))
    calls.write([call("1", farewells=[farewell])])
    killed(calls)
    (left,) = OpenCalls(journal).left_behind()
    assert [(one.trunk, bytes(one.what)) for one in left.farewells] == [("pbx", b'[["dialog","x"]]')]


@pytest.mark.parametrize("name", ["records.jsonl", "records.jsonl.1"])
def test_one_whose_record_was_written_just_before_is_not_written_again(journal, name):
    calls = OpenCalls(journal)
    calls.write([call("1"), call("2"), call("12")])
    killed(calls)
    writer = RecordWriter(journal.with_name(name))
    writer.write(record("12"))
    writer.close()
    journal.with_name("records.jsonl.sink.position").write_text('"id":"1"')
    after = OpenCalls(journal)
    assert identities(after.left_behind()) == ["1", "2"]


def test_a_crash_while_recovering_loses_nothing(journal):
    calls = OpenCalls(journal)
    calls.write([call("1")])
    killed(calls)
    again = OpenCalls(journal)
    assert len(again.left_behind()) == 1
    killed(again)
    assert len(OpenCalls(journal).left_behind()) == 1


def test_half_a_line_spoils_no_other(journal):
    calls = OpenCalls(journal)
    calls.write([call("1")])
    os.write(calls._descriptor, msgspec.json.encode(call("2"))[:40])
    killed(calls)
    after = OpenCalls(journal)
    after.write([call("3")])
    killed(after)
    assert identities(OpenCalls(journal).left_behind()) == ["1", "3"]


def test_a_call_cannot_end_before_its_answer(journal):
    calls = OpenCalls(journal)
    calls.write([call("1")])
    killed(calls, at=ANSWERED_AT - 5)
    (one,) = (left.record for left in OpenCalls(journal).left_behind())
    assert (one.release_time, one.duration_ms) == (ANSWERED, 0)


def test_house_keeping_tells_that_we_run_and_empties_the_file(journal):
    calls = OpenCalls(journal)
    calls.write([call("1")])
    os.utime(calls.path, (1, 1))
    calls.keep_house()
    assert calls.path.stat().st_mtime > 1
    calls.close_calls(["1"])
    calls.keep_house()
    assert calls.path.stat().st_size == 0
    calls.close()


def test_the_file_is_written_anew_when_most_of_it_is_of_no_use(journal, monkeypatch):
    monkeypatch.setattr(open_calls, "SLACK", 1000)
    calls = OpenCalls(journal)
    calls.write([call("kept")])
    length = calls.path.stat().st_size
    for number in range(20):
        calls.write([call(str(number))])
        calls.close_calls([str(number)])
    calls.keep_house()
    assert calls.path.stat().st_size == length
    calls.write([call("more")])
    killed(calls)
    assert identities(OpenCalls(journal).left_behind()) == ["kept", "more"]


def test_a_full_disk_is_told_and_made_good_when_there_is_room(journal, monkeypatch):
    calls = OpenCalls(journal)
    write = os.write

    def full(descriptor, octets):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(open_calls.os, "write", full)
    calls.write([call("1")])
    assert calls.error == "No space left on device"
    calls.keep_house()
    assert calls.error == "No space left on device"
    monkeypatch.setattr(open_calls.os, "write", lambda descriptor, octets: write(descriptor, octets[:10]))
    calls.write([call("2")])
    assert calls.error == "No space left on device"
    monkeypatch.setattr(open_calls.os, "write", write)
    calls.keep_house()
    assert calls.error is None
    killed(calls)
    assert identities(OpenCalls(journal).left_behind()) == ["1", "2"]


def test_a_gateway_that_is_started_twice_does_not_account_for_the_calls_of_the_first(journal, monkeypatch):
    calls = OpenCalls(journal)
    calls.write([call("1")])
    with pytest.raises(ConfigurationError, match=r"another gateway that runs writes .*open-records\.jsonl"):
        OpenCalls(journal)
    monkeypatch.setattr(open_calls, "SLACK", 10)
    for number in range(20):
        calls.write([call(str(number))])
        calls.close_calls([str(number)])
    calls.write([call("2")])
    calls.keep_house()
    with pytest.raises(ConfigurationError, match="another gateway"):
        OpenCalls(journal)
    killed(calls)
    assert identities(OpenCalls(journal).left_behind()) == ["2"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ConfigurationError, match=r"open-records.jsonl cannot be written: No such file"):
        OpenCalls(tmp_path / "nowhere" / "records.jsonl")


def test_that_a_record_is_written_is_said_with_the_next_line(journal):
    calls = OpenCalls(journal)
    calls.write([call("1"), call("2"), call("3")])
    before = calls.path.read_bytes()
    calls.account(["1", "unknown"])
    assert calls.path.read_bytes() == before
    calls.write([call("4")])
    assert calls.path.read_bytes().startswith(before + b'"1"\n{')
    calls.account(["2"])
    calls.keep_house()
    assert calls.path.read_bytes().endswith(b'}\n"2"\n')
    calls.account(["3", "4"])
    calls.keep_house()
    assert calls.path.stat().st_size == 0


def test_one_whose_record_was_written_is_not_left_behind_whether_the_file_says_so_or_not(journal):
    calls = OpenCalls(journal)
    calls.write([call("1"), call("2")])
    writer = RecordWriter(journal)
    writer.write(record("1"))
    calls.account(["1"])
    killed(calls)
    assert identities(OpenCalls(journal).left_behind()) == ["2"]


def test_many_that_are_accounted_for_do_not_wait(journal):
    calls = OpenCalls(journal)
    many = [str(number) for number in range(MOST_ACCOUNTED)]
    calls.write([call(identity) for identity in (*many, "last")])
    for identity in many:
        calls.account([identity])
    killed(calls)
    assert identities(OpenCalls(journal).left_behind()) == ["last"]
