"""ITU-T Q.781, MTP level 2 test specification: transmission, reception and congestion (8 to 10)."""

from __future__ import annotations

from conformance.q781_failures import Q781
from conformance.tester import Tester

from tandem.ss7.mtp2.primitives import LinkState

case = Q781.case
State = LinkState

# 8 Transmission and reception control (basic)


@case("8.1", "MSU transmission and reception")
def _() -> None:
    t = Tester().in_service()
    t.send_msu()
    assert t.numbers() == [0]
    t.msu()
    assert (len(t.messages), t.fill.bsn, t.fill.bib) == (1, 0, 1)
    t.acknowledge()
    assert t.link.pending_messages == 0


@case("8.2", "Negative acknowledgements of an MSU")
def _() -> None:
    t = Tester(bit_rate=1e9).in_service()
    t.send_msu(3)
    t.bsn, t.bib = 0, 0
    since = len(t.units)
    t.hear("FISU")
    assert t.numbers(since) == [1, 2]
    assert all(unit.fib == 0 for unit in t.units[since:])
    t.fib = 1
    t.msu(fsn=1)  # 0 is missing
    assert (t.fill.bsn, t.fill.bib, t.messages) == (127, 0, [])


@case("8.3", "Check RTB full")
def _() -> None:
    t = Tester(bit_rate=1e9).in_service()
    t.send_msu(128)
    assert t.numbers() == list(range(127))
    t.bsn = 0
    t.hear("FISU")
    assert t.numbers()[-1] == 127


@case("8.4", "Single MSU with erroneous FIB")
def _() -> None:
    t = Tester().in_service()
    t.fib = 0
    t.msu()
    assert (t.messages, t.state) == ([], State.IN_SERVICE)
    t.fib = 1
    t.msu(fsn=0)
    assert len(t.messages) == 1


@case("8.5", "Duplicated FSN")
def _() -> None:
    t = Tester().in_service()
    t.msu(2)
    t.msu(fsn=1)
    assert (len(t.messages), t.state) == (2, State.IN_SERVICE)


@case("8.6", "Erroneous retransmission: single MSU")
def _() -> None:
    t = Tester(bit_rate=1e9).in_service()
    t.msu()
    t.msu(fsn=2)
    assert t.fill.bib == 0
    t.fib = 0
    t.msu(fsn=1)
    t.msu(fsn=2)
    assert [msu[2] for msu in t.messages] == [0, 1, 2]


@case("8.7", "Erroneous retransmission: multiple FISUs")
def _() -> None:
    t = Tester().in_service()
    t.fsn = 2  # FISUs tell of messages that never came
    t.hear("FISU")
    assert t.fill.bib == 0
    for _turn in range(3):
        t.hear("FISU")
    assert (t.state, t.fill.bib) == (State.IN_SERVICE, 0)


@case("8.8", "Single FISU with corrupt FIB")
def _() -> None:
    t = Tester().in_service()
    t.fib = 0
    t.hear("FISU")
    t.fib = 1
    t.hear("FISU")
    t.hear("FISU")
    assert t.state is State.IN_SERVICE


@case("8.9", "In service prior to RPO being set")
def _() -> None:
    t = Tester().in_service()
    t.send_msu()
    t.hear("SIPO")
    assert t.sending == "FISU"
    t.wait(5.0)
    assert t.state is State.PROCESSOR_OUTAGE
    t.bsn = 0
    t.hear("FISU")
    assert (t.state, t.link.pending_messages) == (State.IN_SERVICE, 0)


@case("8.10", "Abnormal BSN: single MSU")
def _() -> None:
    t = Tester().in_service()
    t.bsn = 50
    t.msu()
    assert (t.state, t.messages) == (State.IN_SERVICE, [])
    t.bsn = 127
    t.msu(fsn=0)
    t.hear("FISU", "FISU")
    assert (t.state, len(t.messages)) == (State.IN_SERVICE, 1)


@case("8.11", "Abnormal BSN: two consecutive FISUs")
def _() -> None:
    t = Tester().in_service()
    t.bsn = 50
    t.hear("FISU", "FISU")
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("8.12", "Excessive delay of acknowledgements")
def _() -> None:
    t = Tester().in_service()
    t.send_msu()
    t.wait(0.9)
    assert t.state is State.IN_SERVICE
    t.wait(0.2)
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("8.13", "Level 3 stop command")
def _() -> None:
    t = Tester().in_service()
    t.send_msu()
    t.order("stop")
    since = len(t.units)
    t.send_msu()
    assert (t.sending, t.numbers(since)) == ("SIOS", [])


@case("8.14", "Abnormal FIBR")
def _() -> None:
    t = Tester().in_service()
    t.fib = 0
    t.msu()
    t.msu()
    assert (t.messages, t.told) == ([], ["out of service"])


# 9 Transmission and reception control (preventive cyclic retransmission)


def _cyclic(**changes: object) -> Tester:
    return Tester(error_correction="cyclic", bit_rate=9 * 8.25 * 10 / 0.0606, **changes).in_service()


def _forced(t: Tester) -> None:
    """The limit is reached with the fifth message: all five are repeated in order, the sixth waits."""
    t.send_msu(8)
    t.wait(0.3)
    numbers = t.numbers()
    fifth = numbers.index(4)
    assert numbers[fifth + 1 : fifth + 11] == [0, 1, 2, 3, 4] * 2
    assert 5 not in numbers


@case("9.1", "MSU transmission and reception")
def _() -> None:
    t = _cyclic()
    t.send_msu()
    assert t.numbers()[:3] == [0, 0, 0]
    t.acknowledge()
    since = len(t.units)
    t.wait(1.0)
    assert t.numbers(since) == []
    t.msu()
    assert (len(t.messages), t.fill.bsn) == (1, 0)


@case("9.2", "Priority control")
def _() -> None:
    t = _cyclic()
    t.send_msu(2)
    t.wait(0.2)
    since = len(t.units)
    t.send_msu(1)
    t.wait(0.1)
    assert t.numbers(since)[0] == 2


@case("9.3", "Forced retransmission with the value N1")
def _() -> None:
    _forced(_cyclic(n1=5))


@case("9.4", "Forced retransmission with the value N2")
def _() -> None:
    _forced(_cyclic(n2=15))


@case("9.5", "Forced retransmission cancel")
def _() -> None:
    t = _cyclic(n1=5)
    t.send_msu(6)
    t.wait(0.2)
    t.bsn = 4
    t.hear("FISU")
    since = len(t.units)
    t.wait(0.1)
    assert t.numbers(since)[0] == 5


@case("9.6", "Reception of forced retransmission")
def _() -> None:
    t = _cyclic()
    t.msu(3)
    for fsn in (0, 1, 2, 0, 1, 2):
        t.msu(fsn=fsn)
    t.msu()
    assert [msu[2] for msu in t.messages] == [0, 1, 2, 3]


@case("9.7", "MSU transmission while RPO set")
def _() -> None:
    t = _cyclic()
    t.hear("SIPO")
    since = len(t.units)
    t.send_msu(2)
    t.wait(0.5)
    assert t.numbers(since) == []
    t.hear("FISU")
    assert t.numbers(since)[:2] == [0, 1]


@case("9.8", "Abnormal BSN: single MSU")
def _() -> None:
    t = _cyclic()
    t.bsn = 50
    t.msu()
    t.bsn = 127
    t.msu(fsn=0)
    t.hear("FISU")
    assert (t.state, len(t.messages)) == (State.IN_SERVICE, 1)


@case("9.9", "Abnormal BSN: two consecutive MSUs")
def _() -> None:
    t = _cyclic()
    t.bsn = 50
    t.msu(2)
    assert (t.messages, t.told) == ([], ["out of service"])


@case("9.10", "Unexpected FSN")
def _() -> None:
    t = _cyclic()
    t.msu(fsn=3)
    assert (t.messages, t.fill.bib, t.state) == ([], 1, State.IN_SERVICE)
    t.msu()
    assert len(t.messages) == 1


@case("9.11", "Excessive delay of acknowledgements")
def _() -> None:
    t = _cyclic()
    t.send_msu()
    t.wait(1.1)
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("9.12", "FISU with FSN expected for MSU")
def _() -> None:
    t = _cyclic()
    t.fsn = 0
    t.hear("FISU")
    assert (t.fill.bsn, t.messages) == (127, [])
    t.msu(fsn=0)
    assert len(t.messages) == 1


@case("9.13", "Level 3 stop command")
def _() -> None:
    t = _cyclic()
    t.send_msu(2)
    t.order("stop")
    since = len(t.units)
    t.wait(1.0)
    assert (t.sending, t.numbers(since)) == ("SIOS", [])


# 10 Congestion control


@case("10.1", "Congestion abatement")
def _() -> None:
    t = Tester().in_service()
    since = len(t.units)
    t.order("set_busy", True)
    assert "SIB" in t.names(since)
    t.msu()
    assert t.fill.bsn == 127
    sib = [unit for unit in t.units[since:] if unit.status == 5]
    t.wait(1.0)
    assert len([unit for unit in t.units[since:] if unit.status == 5]) == len(sib) + 10
    t.order("set_busy", False)
    assert (t.fill.bsn, t.state) == (0, State.IN_SERVICE)


@case("10.2", "Timer T7")
def _() -> None:
    t = Tester().in_service()
    t.send_msu()
    for _turn in range(20):
        t.hear("SIB")
        t.wait(0.1)
    assert t.state is State.IN_SERVICE
    t.acknowledge()
    t.send_msu()
    t.wait(1.1)
    assert t.told == ["out of service"]


@case("10.3", "Timer T6")
def _() -> None:
    t = Tester().in_service()
    t.send_msu()
    for _turn in range(39):
        t.hear("SIB")
        t.wait(0.1)
    assert t.state is State.IN_SERVICE
    t.hear("SIB")
    t.wait(0.2)
    assert (t.sending, t.told) == ("SIOS", ["out of service"])
