import sys

import duckdb
import pytest

from tandem.core.errors import TandemError
from tandem.gateway.analyser import archive as module
from tandem.gateway.analyser.archive import write_parquet
from tandem.gateway.analyser.model import CallMessage, CallRecord, Leg, MediaStream


def record(number):
    stream = MediaStream(
        source="a",
        destination="b",
        ssrc=1,
        codec="PCMA",
        first=1.0,
        last=2.0,
        packets=50,
        lost=1,
        jitter_ms=0.5,
        mos=4.3,
    )
    return CallRecord(
        protocol="isup",
        id=f"isup-{number}",
        outcome="busy" if number % 2 else "answered",
        start=1_750_000_000.25 + number,
        called="49",
        cause=17,
        messages=[CallMessage(number, 1.0, "IAM", True)],
        legs=[Leg("sip-9", 0.9, "numbers and time")],
        media=[stream],
    )


def test_duckdb_reads_what_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GROUP", 3)
    path = str(tmp_path / "calls.parquet")
    assert write_parquet((record(number) for number in range(10)), path) == 10
    ask = duckdb.connect().execute
    assert ask(f"SELECT outcome, count(*) FROM '{path}' GROUP BY 1 ORDER BY 1").fetchall() == [
        ("answered", 5),
        ("busy", 5),
    ]
    (row,) = ask(
        f"SELECT epoch(start), messages[1].type, legs[1].id, media[1].mos, answered FROM '{path}' WHERE id = 'isup-3'"
    ).fetchall()
    assert row == (1_750_000_003.25, "IAM", "sip-9", 4.3, None)


def test_no_calls_are_a_file_too(tmp_path):
    path = str(tmp_path / "none.parquet")
    assert write_parquet([], path) == 0
    assert duckdb.connect().execute(f"SELECT count(*) FROM '{path}'").fetchall() == [(0,)]


def test_what_is_missing_is_told(tmp_path, monkeypatch):
    with pytest.raises(TandemError, match="cannot be written"):
        write_parquet([], str(tmp_path / "none" / "calls.parquet"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TandemError, match=r"tandem-gateway\[parquet\]"):
        write_parquet([], str(tmp_path / "calls.parquet"))
