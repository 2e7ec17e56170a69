import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser import legs as legs_module
from tandem.gateway.analyser.legs import candidates, join, joints_of, joints_of_all
from tandem.gateway.analyser.model import CallRecord
from tandem.gateway.analyser.records import number_of
from tandem.gateway.analyser.texts import Texts


def record(number, protocol, **values):
    known = {"called": "4930123456", "calling": "49891111111", "start": float(number)}
    return CallRecord(**({"protocol": protocol, "id": f"{protocol}-{number}", "outcome": "open"} | known | values))


def legs(*records):
    join(list(records))
    return [[(leg.id, leg.sure) for leg in record.legs] for record in records]


def test_isup_to_sip_by_both_numbers_with_other_prefixes():
    found = legs(record(1, "isup", called="0123456", calling="1111111"), record(2, "sip", called="+4930123456"))
    assert found == [[("sip-2", 0.9)], [("isup-1", 0.9)]]


def test_without_a_calling_number_it_is_less_sure():
    assert legs(record(1, "isup", calling=""), record(2, "sip"))[0] == [("sip-2", 0.6)]


def test_the_same_call_id_is_certain():
    one, other = record(1, "sip", call_id="x", source="a"), record(90, "sip", call_id="x", source="b", called="1")
    assert legs(one, other) == [[("sip-90", 1.0)], [("sip-1", 1.0)]]


def test_two_calls_on_the_same_hop_are_two_calls():
    one, other = record(1, "isup", opc=1, dpc=2), record(2, "isup", opc=1, dpc=2)
    assert legs(one, other) == [[], []]


def test_the_next_hop_of_a_transit_exchange():
    one, other = record(1, "isup", opc=1, dpc=2), record(2, "isup", opc=2, dpc=3)
    assert legs(one, other)[0] == [("isup-2", 0.9)]


def test_later_calls_and_other_numbers_are_not_joined():
    assert legs(record(1, "isup"), record(9, "sip")) == [[], []]
    assert legs(record(1, "isup"), record(2, "sip", called="999999999")) == [[], []]
    assert legs(record(1, "isup", called="1"), record(2, "sip", called="1")) == [[], []]


def test_the_iam_in_an_invite_is_nearly_certain():
    numbers = {
        "called": "4930123456",
        "called_nature": "international",
        "calling": "4989111",
        "calling_nature": "national",
    }
    carried = "4930123456/international 4989111/national"
    iam = record(1, "isup", opc=1, dpc=2, **numbers)
    invite = record(2, "sip", called="routed99", calling="", carried=carried)
    join([iam, invite])
    assert [(leg.id, leg.sure, leg.why) for leg in iam.legs] == [("sip-2", 0.98, "isup body")]
    assert invite.legs[0].id == "isup-1"
    again = record(3, "sip", called="30123456", calling="", carried=carried, source="c", call_id="z")
    assert legs(invite, again)[0][-1] == ("sip-3", 0.98)
    other = record(4, "sip", calling="", carried="4930123456/national 4989111/national")
    assert legs(record(1, "isup", **numbers), other)[0] == [("sip-4", 0.6)]


@pytest.mark.parametrize("window", [0.5, 3.9, 4.1])
def test_candidates_are_those_that_a_joiner_joins(window):
    records = [
        record(1, "isup"),
        record(2, "sip", start=1.0 + window, calling=""),
        record(3, "sip", start=500.0, called="1", call_id="x"),
        record(4, "sip", start=600.0, called="2", call_id="x"),
        record(5, "sip", start=1.0 + window, called="7777777", carried="4930123456/ /"),
        record(6, "isup", called="5555555", start=1.0),
    ]
    join(records)
    joined = {number_of(one.id) for one in records if one.legs}
    assert joined <= found_among([known(one) for one in records])
    assert joined == ({1, 2, 5, 3, 4} if window < 4 else {3, 4, 2, 5})


def test_candidates_of_blocks(loops):
    block = known_of_all([1.0, 2.0, 90.0], [1, 2, 3], [b"\n0123456", b"49\n991123456", b"id\n\n123456"])
    block.append(known(record(4, "sip", start=92.0, called="0123456")))
    assert found_among(block) == set()
    assert found_among([*block, known(record(5, "sip", start=91.0, called="123456"))]) == {3, 5}


def test_candidates_of_blocks_by_call_id(loops):
    block = known_of_all([1.0, 2.0], [1, 2], [b"id\n\n1+23", b"other\n1\n"])
    assert found_among([*block, known(record(3, "sip", start=9.0, call_id="id", called="99"))]) == {1, 3}


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6), st.integers(0, 3), st.integers(0, 3)), max_size=40),
    st.integers(1, 9),
    st.integers(0, 5),
)
def test_candidates_are_found_however_they_come(values, at_once, together):
    entries = [
        (number, start / 2, called, carried, call_id)
        for number, (start, called, carried, call_id) in enumerate(sorted(values))
    ]
    expected = set()
    for column, window in ((2, legs_module.WINDOW), (4, 10.0)):
        keys = [(entry[column], entry[1], entry[0]) for entry in entries]
        if column == 2:
            keys += [(entry[3], entry[1], entry[0]) for entry in entries]
        for place, (key, start, number) in enumerate(keys):
            for other, when, which in keys[place + 1 :]:
                if key == other != 0 and abs(when - start) <= window:
                    expected |= {number, which}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(legs_module, "_AT_ONCE", together)
        patch.setattr(legs_module, "_ANY_CALL_ID", 10.0)
        assert found_among(entries, at_once) == expected


_KNOWN = [("number", "i8"), ("start", "f8"), ("called", "u8"), ("carried", "u8"), ("call_id", "u8")]


def known(one):
    return (number_of(one.id), one.start, *joints_of(one))


def known_of_all(starts, numbers, names):
    called, call_ids = joints_of_all(Texts.made_of(names))
    return list(zip(numbers, starts, called.tolist(), [0] * len(starts), call_ids.tolist(), strict=True))


def found_among(entries, at_once=2):
    every = np.array(sorted(entries, key=lambda entry: entry[1]), _KNOWN)
    chunks = (every[first : first + at_once] for first in range(0, len(every), at_once))
    return {number for found in candidates(chunks) for number in found.tolist()}
