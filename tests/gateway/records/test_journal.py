"""The journal as a spool: in order, from where it was acknowledged, through restarts, rotation and crashes."""

import msgspec
import pytest
from support.call_records import record, write

from tandem.gateway.calls.accounting import RecordWriter
from tandem.gateway.records.journal import Journal, JournalError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.jsonl"


@pytest.fixture
def open_journal():
    opened = []

    def open_one(path, state="state"):
        opened.append(Journal(path, path.parent / state))
        return opened[-1]

    yield open_one
    for journal in opened:
        journal.close()


def identities(lines):
    return [msgspec.json.decode(line)["id"] for line in lines]


def test_nothing_to_read_before_the_first_record(path, open_journal):
    journal = open_journal(path)
    assert journal.read(10) == []
    write(path, range(1))
    assert identities(journal.read(10)) == ["c-0"]


def test_the_same_is_read_until_it_is_acknowledged(path, open_journal):
    write(path, range(5))
    journal = open_journal(path)
    assert identities(journal.read(2)) == identities(journal.read(2)) == ["c-0", "c-1"]
    journal.acknowledge()
    assert identities(journal.read(10)) == ["c-2", "c-3", "c-4"]


def test_a_restart_goes_on_where_it_was_acknowledged(path, open_journal):
    write(path, range(5))
    journal = open_journal(path)
    journal.read(3)
    journal.acknowledge()
    journal.read(1)
    journal.close()
    assert identities(open_journal(path).read(10)) == ["c-3", "c-4"]


def test_half_a_line_waits_for_its_end(path, open_journal):
    path.write_bytes(b'{"id":"c-0"}\n{"id":')
    journal = open_journal(path)
    assert len(journal.read(10)) == 1
    journal.acknowledge()
    assert journal.read(10) == []
    with path.open("ab") as file:
        file.write(b'"c-1"}\n')
    assert identities(journal.read(10)) == ["c-1"]


def test_a_rotated_file_is_read_to_its_end_first(path, open_journal):
    writer = RecordWriter(path)
    writer.write(record(0))
    journal = open_journal(path)
    journal.read(10)
    journal.acknowledge()
    writer.write(record(1))
    path.rename(path.with_name("records.jsonl.1"))
    writer.write(record(2))
    writer.sync()
    writer.write(record(3))
    assert len(path.read_bytes().splitlines()) == 1
    assert identities(journal.read(10)) == ["c-1", "c-2"]
    journal.acknowledge()
    assert identities(journal.read(10)) == ["c-3"]
    journal.acknowledge()
    assert not journal.lost
    writer.close()


def test_a_file_rotated_while_nobody_read_is_found(path, open_journal):
    write(path, range(3))
    journal = open_journal(path)
    journal.read(1)
    journal.acknowledge()
    journal.close()
    path.rename(path.with_name("records.jsonl-20261128"))
    write(path, range(3, 5))
    journal = open_journal(path)
    assert identities(journal.read(10)) == ["c-1", "c-2"]
    journal.acknowledge()
    assert identities(journal.read(10)) == ["c-3", "c-4"]
    assert not journal.lost


def test_a_file_that_is_gone_is_told(path, open_journal):
    write(path, range(3))
    journal = open_journal(path)
    journal.read(1)
    journal.acknowledge()
    journal.close()
    path.rename(path.parent / "elsewhere")
    write(path, range(3, 4))
    journal = open_journal(path)
    assert identities(journal.read(10)) == ["c-3"]
    assert journal.lost


def test_a_file_emptied_in_place_begins_anew(path, open_journal):
    write(path, range(3))
    journal = open_journal(path)
    journal.read(10)
    journal.acknowledge()
    path.write_bytes(b'{"id":"c-9"}\n')
    assert identities(journal.read(10)) == ["c-9"]
    assert journal.lost


def test_a_spoilt_position_is_an_error_that_says_what_to_do(path, open_journal):
    path.with_name("state").write_bytes(b"\0\0")
    with pytest.raises(JournalError, match="remove it to deliver all again"):
        open_journal(path)


def test_a_position_that_cannot_be_written_is_an_error(path, open_journal):
    write(path, range(1))
    journal = open_journal(path, "missing/state")
    journal.read(1)
    with pytest.raises(JournalError, match=r"state cannot be written: No such file"):
        journal.acknowledge()


def test_what_waits_is_counted(path, open_journal):
    write(path, range(2))
    journal = open_journal(path)
    size = path.stat().st_size
    assert journal.behind() == size
    journal.read(1)
    journal.acknowledge()
    assert journal.behind() == size // 2
