from tandem.gateway.analyser.legs import join
from tandem.gateway.analyser.model import CallRecord


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
