"""Cells of the table: those made of columns are those made of records."""

import numpy as np
import pytest
from bench.traffic import generate

from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.cells import COLUMNS, are_of_days, clock, clocks, row_of, spans
from tandem.gateway.analyser.model import CallRecord

pytestmark = pytest.mark.usefixtures("loops")


@pytest.mark.parametrize("mix", ["speech", "signalling"])
def test_rows_of_all_calls_are_those_of_their_records(tmp_path, mix):
    generate(tmp_path / "mixed.pcap", 4000, mix)
    calls = analyse([str(tmp_path / "mixed.pcap")]).calls
    assert [row for row, _ in calls.rows()] == [row_of(record) for record in calls]
    assert [answered for _, answered in calls.rows()] == [record.answered is not None for record in calls]


def test_calls_of_several_days_have_the_day(tmp_path):
    generate(tmp_path / "long.pcap", 100, "signalling")
    octets = bytearray((tmp_path / "long.pcap").read_bytes())
    octets[24:28] = (int.from_bytes(octets[24:28], "little") - 100_000).to_bytes(4, "little")
    (tmp_path / "long.pcap").write_bytes(octets)
    calls = analyse([str(tmp_path / "long.pcap")]).calls
    assert [row for row, _ in calls.rows()] == [row_of(record, dated=True) for record in calls]


def test_a_row_of_a_record():
    record = CallRecord(
        protocol="sip", id="sip-7", outcome="busy", start=86400.0 * 3 + 3661.5, called="4930", status=486, cause=17,
        post_dial_delay=0.25, source="192.0.2.1:5060", destination="192.0.2.2:5060",
    )  # fmt: skip
    cells = dict(zip(COLUMNS, row_of(record), strict=True))
    assert cells == {
        "id": "sip-7", "start": "01:01:01.500", "calling": "-", "called": "4930", "circuit": "sip", "outcome": "busy",
        "cause": "486/17", "pdd s": "0.25", "talk s": "", "from": "192.0.2.1:5060", "to": "192.0.2.2:5060",
    }  # fmt: skip


def test_columns_of_times():
    assert clocks(np.array([0.0, 86399.9996, 1_750_000_000.25])) == ["00:00:00.000", "23:59:59.999", "15:06:40.250"]
    two = np.array([1_750_000_000.25, 1_750_086_400.0])
    assert clocks(two, dated=True) == [clock(time, dated=True) for time in two.tolist()]
    assert clocks(two, dated=True)[1] == "2025-06-16 15:06:40.000"
    assert (are_of_days(two), are_of_days(two[:1]), are_of_days(two[:0])) == (True, False, False)
    assert clock(1e15, dated=True).startswith("day ")
    assert spans(np.array([np.nan, 0.0, 1.005])) == ["", "0.00", "1.00"]
