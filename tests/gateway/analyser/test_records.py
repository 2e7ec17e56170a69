import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser import pages
from tandem.gateway.analyser import records as module
from tandem.gateway.analyser.model import CallMessage, CallRecord, MediaStream
from tandem.gateway.analyser.records import Records, number_of


def record(number, start, protocol="isup"):
    return CallRecord(
        protocol=protocol,
        id=f"{protocol}-{number}",
        outcome="open",
        start=start,
        messages=[CallMessage(number, start, "IAM", True)],
    )


def stream(ssrc, first):
    return MediaStream(
        source="a:1",
        destination="b:2",
        ssrc=ssrc,
        codec="PCMA",
        first=first,
        last=9.0,
        packets=3,
        lost=0,
        jitter_ms=0.5,
    )


@pytest.fixture(params=[1 << 20, 50], ids=["in memory", "on disk"])
def records(request, monkeypatch):
    monkeypatch.setattr(module, "IN_MEMORY", request.param)
    monkeypatch.setattr(pages, "IN_MEMORY", 40 if request.param > 50 else 1)
    found = Records()
    yield found
    found.close()


def test_records_come_back_in_the_order_of_time_with_what_was_given_to_them(records):
    records.link(1, 7, 0.9, "numbers and time")
    for number, start in ((7, 5.0), (1, 3.0), (2, 4.0)):
        records.add(record(number, start, "sip" if number == 7 else "isup"))
    records.attach(7, stream(2, 6.0))
    records.attach(7, stream(1, 5.0))
    assert [found.id for found in records] == ["isup-1", "isup-2", "sip-7"]
    assert (len(records), records[0].messages) == (3, record(1, 3.0).messages)
    assert [(leg.id, leg.sure, leg.why) for leg in records[0].legs] == [("sip-7", 0.9, "numbers and time")]
    assert [leg.id for leg in records[2].legs] == ["isup-1"]
    assert [found.ssrc for found in records[-1].media] == [1, 2]
    assert [found.id for found in records[1:]] == ["isup-2", "sip-7"]
    assert records == list(records)


def test_records_are_found_by_identity(records):
    records.add(record(3, 1.0))
    assert records.find("isup-3") == record(3, 1.0)
    assert [records.find(name) for name in ("sip-3", "isup-4", "nonsense")] == [None, None, None]
    records.add(record(4, 0.5))
    assert records.find("isup-4") == records[0]


def test_a_leg_whose_record_never_came_is_left_out(records):
    records.add(record(3, 1.0))
    records.link(3, 8, 1.0, "call-id")
    assert records[0].legs == []
    assert number_of("isup-12") == 12


@given(st.lists(st.tuples(st.integers(0, 30_000), st.integers(0, 12)), unique_by=lambda one: one[0], max_size=40))
def test_in_order_whatever_the_times_of_the_packets_are(calls):
    records = Records()
    for number, start in calls:
        records.add(record(number, float(start)))
    expected = sorted(calls, key=lambda call: (call[1], call[0]))
    assert [found.id for found in records] == [f"isup-{number}" for number, _ in expected]
    assert [found.id for found in records.brief()] == [found.id for found in records]
    records.close()


def test_marks_beyond_what_is_kept_are_counted(records):
    assert [len(column) for column in records.marked(5)] == [0, 0, 0]
    for number in range(3):
        records.add(record(number, float(-number)), suspect=number + 1)
    found, places, beyond = records.marked(1)
    assert (found["number"].tolist(), places.tolist(), beyond) == ([2], [0], {2: 1})
    assert [place for place, _ in records.suspects()] == [2]
    records.link(0, 2, 1.0, "call-id")
    assert [place for place, _ in records.suspects()] == [0, 2]
    assert records.marked(5)[0]["number"].tolist() == [1]


@given(st.lists(st.integers(0, 40), max_size=40), st.integers(1, 300))
def test_small_and_large_pieces_are_read_where_they_were_written(sizes, in_memory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "IN_MEMORY", in_memory)
        patch.setattr(module, "_SMALL", 20)
        records = Records()
        pieces = [bytes((number,)) * size for number, size in enumerate(sizes)]
        places = [records._write(piece) for piece in pieces]
        assert [records._octets(*place) for place in places] == pieces
        assert [offset for offset, _ in places] == [sum(sizes[:number]) for number in range(len(sizes))]
        records.close()
