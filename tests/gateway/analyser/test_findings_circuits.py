import pytest
from support.findings import message

from tandem.gateway.analyser.findings_circuits import circuits_of, of_collisions, of_supervision, spans_of
from tandem.gateway.analyser.model import Protocol


def test_reset_storms_and_blocked_circuits():
    storm = [(message("RSC", time=number / 2), number) for number in range(10)]
    blocked = [(message("BLO"), 5), (message("BLO"), 6), (message("UBL"), 6)]
    found = list(of_supervision(storm + blocked))
    assert [(finding.kind, finding.text.split(" ")[0]) for finding in found] == [
        ("reset-storm", "10"),
        ("circuit-blocked", "circuit"),
    ]
    assert "circuit 5 " in found[1].text
    assert not list(of_supervision([(message("RSC", time=number * 10.0), number) for number in range(10)]))


def test_dual_seizures():
    (found,) = of_collisions([(message("IAM", packet=9), 7, 8)])
    assert (found.kind, found.packets) == ("dual-seizure", [8, 9])
    assert "circuit 7 was seized by 0-0-2 and 0-0-1" in found.text
    assert (found.fault, found.clause) == ("0-0-2", "Q.764 2.9.1.4")  # the lower code does not control odd circuits


def test_the_end_that_does_not_control_the_circuit_gives_way():
    odd, even = of_collisions([(message("IAM", packet=9), 7, 8), (message("IAM", packet=9), 8, 8)])
    assert (odd.fault, even.fault) == ("0-0-2", "0-0-1")  # the higher code controls the even circuits
    (tup,) = of_collisions([(message("IAM", packet=9, protocol=Protocol.TUP), 8, 8)])
    assert (tup.fault, tup.clause) == ("0-0-1", "Q.724 2")


@pytest.mark.parametrize(
    ("kind", "octets", "expected"),
    [
        ("BLO", "0500 13", [5]),
        ("CGB", "0500 18 00 01 02 03 0d", [5, 7, 8]),
        ("CGB", "0500 18 00 01 03 09 ff01", [5, 6, 7, 8, 9, 10, 11, 12, 13]),
        ("CGB", "0500 18 00", []),
        ("MGB", "05 00 13 03 05", [5, 7]),
        ("RSC", "0500 12", []),
    ],
)
def test_circuits_that_are_blocked(kind, octets, expected):
    protocol = Protocol.TUP if kind == "MGB" else Protocol.ISUP
    assert circuits_of(message(kind, protocol=protocol, octets=bytes.fromhex(octets)), 5) == expected


def test_a_group_is_one_finding():
    group = bytes.fromhex("050018000102031d")[:8]
    told = [(message("CGB", octets=group, packet=3), 5), (message("UBL", packet=4), 7)]
    (found,) = of_supervision(told)
    assert (found.text, found.packets) == ("circuits 5, 8 blocked by 0-0-1 and not unblocked", [3])
    assert (found.fault, found.clause) == ("0-0-1", "Q.764 2.8.2.2")


def test_requests_that_nobody_acknowledges():
    told = [(message("RSC", time=20.0 * step, packet=step), 5) for step in range(1, 4)]
    (found,) = of_supervision(told)
    assert (found.kind, found.fault, found.packets) == ("timer-expiry", "0-0-2", [1, 2, 3])
    assert "T16 of 0-0-1 ran out 2 times" in found.text
    answer = (message("RLC", time=61.0, opc=2, dpc=1), 5)
    assert [one.kind for one in of_supervision([told[0], answer, told[1]])] == []
    assert [one.kind for one in of_supervision([told[0], told[1], answer])] == ["timer-expiry"]


def test_spans():
    assert spans_of([3, 1, 2, 7]) == "1 to 3, 7"
