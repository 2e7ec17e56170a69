"""ITU-T Q.781, MTP level 2 test specification: link state control (1 and 2).

Numbers and titles are those that public test suites give.

`Forward` and `reverse` directions of a test are one case here where the far end is the tester in both.
"""

from __future__ import annotations

from conformance.catalogue import Catalogue
from conformance.tester import Tester, with_outage

from tandem.ss7.mtp2.alignment import AlignmentState
from tandem.ss7.mtp2.primitives import LinkState

Q781 = Catalogue("Q.781")
case = Q781.case
State = LinkState

# 1 Link state control: expected signal units and orders


@case("1.1", "Initialization (power-up)")
def _() -> None:
    t = Tester()
    assert t.sending == "SIOS"
    t.order("start")
    assert t.sending == "SIO"


@case("1.2", "Timer T2")
def _() -> None:
    t = Tester(t2=20.0)
    t.order("start")
    t.wait(19.9)
    assert t.sending == "SIO"
    t.wait(0.2)
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("1.3", "Timer T3")
def _() -> None:
    t = Tester()
    t.order("start")
    t.hear("SIO")
    assert t.sending == "SIN"
    t.wait(1.4)
    assert t.state is State.INITIAL_ALIGNMENT
    t.wait(0.2)
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("1.4", "Timer T1 and timer T4 (normal)")
def _() -> None:
    t = Tester()
    t.order("start")
    t.hear("SIO", "SIN")
    t.wait(8.1)
    assert t.sending == "SIN"
    t.wait(0.2)
    assert t.sending == "FISU"
    t.wait(44.8)
    assert t.state is State.ALIGNED_READY
    t.wait(0.3)
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("1.5", "Normal alignment: correct procedure (FISU)")
def _() -> None:
    t = Tester().in_service()
    assert t.names() == ["SIOS", "SIO", "SIN", "FISU"]


@case("1.6", "Normal alignment: correct procedure (MSU)")
def _() -> None:
    t = Tester().aligned()
    t.msu()
    assert (t.state, t.told, len(t.messages)) == (State.IN_SERVICE, ["in service"], 1)


@case("1.7", "SIO received during normal proving period")
def _() -> None:
    t = Tester()
    t.order("start")
    t.hear("SIO", "SIN")
    t.wait(4.0)
    t.hear("SIO")
    assert t.link.alignment_state is AlignmentState.ALIGNED
    t.hear("SIN")
    t.wait(8.1)
    assert t.sending == "SIN"
    t.wait(0.2)
    assert t.sending == "FISU"


@case("1.8", "Normal alignment with PO set (FISU)")
def _() -> None:
    t = with_outage()
    t.hear("FISU")
    assert (t.sending, t.state, t.told) == ("SIPO", State.PROCESSOR_OUTAGE, ["in service"])


@case("1.9", "Normal alignment with PO set (MSU)")
def _() -> None:
    t = with_outage()
    t.msu()
    assert (t.sending, t.state, t.messages) == ("SIPO", State.PROCESSOR_OUTAGE, [])


@case("1.10", "Normal alignment with PO set and cleared")
def _() -> None:
    t = with_outage()
    t.order("local_processor_recovered")
    assert (t.sending, t.state) == ("FISU", State.ALIGNED_READY)
    t.hear("FISU")
    assert t.state is State.IN_SERVICE


@case("1.11", "Set RPO when aligned not ready")
def _() -> None:
    t = with_outage()
    t.hear("SIPO")
    assert (t.sending, t.told) == ("SIPO", ["in service", "remote processor outage"])


@case("1.12", "SIOS received when aligned not ready")
def _() -> None:
    t = with_outage()
    t.hear("SIOS")
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("1.13", "SIO received when aligned not ready")
def _() -> None:
    t = with_outage()
    t.hear("SIO")
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("1.14", "Set and clear LPO during initial alignment")
def _() -> None:
    t = Tester()
    t.order("start")
    t.hear("SIO")
    t.order("local_processor_outage")
    t.order("local_processor_recovered")
    t.hear("SIN")
    t.wait(8.2)
    assert (t.sending, t.state) == ("FISU", State.ALIGNED_READY)


@case("1.15", "Set and clear LPO when aligned ready")
def _() -> None:
    t = Tester().aligned()
    t.order("local_processor_outage")
    assert t.sending == "SIPO"
    t.order("local_processor_recovered")
    assert t.sending == "FISU"
    t.hear("FISU")
    assert t.state is State.IN_SERVICE


@case("1.16", "Timer T1 in aligned not ready state")
def _() -> None:
    t = with_outage()
    t.wait(44.9)
    assert t.sending == "SIPO"
    t.wait(0.2)
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("1.17", "No SIO sent during normal proving period")
def _() -> None:
    t = Tester()
    t.order("start")
    t.hear("SIN")
    since = len(t.units)
    t.wait(8.2)
    assert "SIO" not in t.names(since)
    assert t.sending == "FISU"


@case("1.18", "Set and cease emergency prior to start of alignment")
def _() -> None:
    t = Tester()
    t.order("set_emergency", True)
    t.order("set_emergency", False)
    t.order("start")
    t.hear("SIO")
    assert t.sending == "SIN"


@case("1.19", "Set emergency while in not aligned state")
def _() -> None:
    t = Tester()
    t.order("start")
    t.order("set_emergency", True)
    t.hear("SIO")
    assert t.sending == "SIE"
    t.hear("SIN")
    t.wait(0.5)
    assert t.sending == "FISU"


@case("1.20", "Set emergency when aligned")
def _() -> None:
    t = Tester()
    t.order("start")
    t.hear("SIO")
    t.order("set_emergency", True)
    assert t.sending == "SIE"
    t.hear("SIN")
    t.wait(0.5)
    assert t.sending == "FISU"


@case("1.21", "Both ends set emergency")
def _() -> None:
    t = Tester()
    t.order("set_emergency", True)
    t.aligned("SIE")
    assert t.names() == ["SIOS", "SIO", "SIE", "FISU"]


@case("1.22", "Individual end sets emergency")
def _() -> None:
    t = Tester().aligned("SIE")
    assert t.names() == ["SIOS", "SIO", "SIN", "FISU"]


@case("1.23", "Set emergency during normal proving")
def _() -> None:
    t = Tester()
    t.order("start")
    t.hear("SIO", "SIN")
    t.wait(2.0)
    t.order("set_emergency", True)
    assert t.sending == "SIE"
    t.wait(0.5)
    assert t.sending == "FISU"


@case("1.24", "No SIO sent during emergency alignment")
def _() -> None:
    t = Tester()
    t.order("set_emergency", True)
    t.order("start")
    t.hear("SIE")
    since = len(t.units)
    t.wait(0.5)
    assert "SIO" not in t.names(since)
    assert t.sending == "FISU"


@case("1.25", "Deactivation during initial alignment")
def _() -> None:
    t = Tester()
    t.order("start")
    t.hear("SIO")
    t.order("stop")
    assert (t.sending, t.state) == ("SIOS", State.OUT_OF_SERVICE)


@case("1.26", "Deactivation during aligned state")
def _() -> None:
    t = Tester().aligned()
    t.order("stop")
    assert (t.sending, t.state) == ("SIOS", State.OUT_OF_SERVICE)


@case("1.27", "Deactivation during aligned not ready state")
def _() -> None:
    t = with_outage()
    t.order("stop")
    assert (t.sending, t.state) == ("SIOS", State.OUT_OF_SERVICE)


@case("1.28", "SIO received during link in service")
def _() -> None:
    t = Tester().in_service()
    t.hear("SIO")
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("1.29", "Deactivation during link in service")
def _() -> None:
    t = Tester().in_service()
    t.order("stop")
    assert t.sending == "SIOS"
    t = Tester().in_service()
    t.hear("SIOS")
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("1.30", "Deactivation during LPO")
def _() -> None:
    t = Tester().in_service()
    t.order("local_processor_outage")
    t.order("stop")
    assert t.sending == "SIOS"
    t = Tester().in_service()
    t.order("local_processor_outage")
    t.hear("SIOS")
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("1.31", "Deactivation during RPO")
def _() -> None:
    t = Tester().in_service()
    t.hear("SIPO")
    t.order("stop")
    assert t.sending == "SIOS"
    t = Tester().in_service()
    t.hear("SIPO", "SIOS")
    assert (t.sending, t.told) == ("SIOS", ["remote processor outage", "out of service"])


@case("1.32", "Deactivation during the proving period")
def _() -> None:
    for far in (False, True):
        t = Tester()
        t.order("start")
        t.hear("SIO", "SIN")
        t.wait(4.0)
        if far:
            t.hear("SIOS")
            assert t.told == ["out of service"]
        else:
            t.order("stop")
        assert t.sending == "SIOS"


def _instead_of_fisus(status: str) -> Tester:
    t = Tester().aligned()
    t.hear(status)
    return t


@case("1.33", "SIO received instead of FISUs")
def _() -> None:
    t = _instead_of_fisus("SIO")
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("1.34", "SIOS received instead of FISUs")
def _() -> None:
    t = _instead_of_fisus("SIOS")
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("1.35", "SIPO received instead of FISUs")
def _() -> None:
    t = _instead_of_fisus("SIPO")
    assert (t.sending, t.told) == ("FISU", ["in service", "remote processor outage"])


# 2 Link state control: unexpected signal units and orders


def _still(t: Tester, units: tuple[str, ...], orders: tuple[str, ...] = ()) -> None:
    """None of these changes the state or what is sent."""
    before = (t.state, t.link.alignment_state, t.sending)
    for name in units:
        t.hear(name)
        assert (t.state, t.link.alignment_state, t.sending) == before, name
    for name in orders:
        t.order(name)
        assert (t.state, t.link.alignment_state, t.sending) == before, name


@case("2.1", "Unexpected signal units and orders in out of service state")
def _() -> None:
    t = Tester()
    _still(t, ("SIN", "SIE", "SIPO", "SIB", "7", "FISU", "SIOS"), ("stop",))
    t.in_service()


@case("2.2", "Unexpected signal units and orders in not aligned state")
def _() -> None:
    t = Tester()
    t.order("start")
    _still(t, ("SIOS", "SIPO", "SIB", "7", "FISU"), ("start",))
    t.hear("SIO", "SIN")
    t.wait(8.2)
    assert t.sending == "FISU"


@case("2.3", "Unexpected signal units and orders in aligned state")
def _() -> None:
    t = Tester()
    t.order("start")
    t.hear("SIO")
    _still(t, ("SIO", "SIPO", "SIB", "7", "FISU"), ("start",))
    t.hear("SIN")
    t.wait(8.2)
    assert t.sending == "FISU"


@case("2.4", "Unexpected signal units and orders in proving state")
def _() -> None:
    t = Tester()
    t.order("start")
    t.hear("SIO", "SIN")
    _still(t, ("SIPO", "SIB", "7", "FISU", "SIN"), ("start",))
    t.wait(8.2)
    assert t.sending == "FISU"


@case("2.5", "Unexpected signal units and orders in aligned ready state")
def _() -> None:
    t = Tester().aligned()
    _still(t, ("SIB", "7", "SIN", "SIE"), ("start", "local_processor_recovered"))
    t.order("set_emergency", True)
    t.order("set_emergency", False)
    t.hear("FISU")
    assert t.state is State.IN_SERVICE


@case("2.6", "Unexpected signal units and orders in aligned not ready state")
def _() -> None:
    t = with_outage()
    _still(t, ("SIB", "7", "SIN", "SIE"), ("start", "local_processor_outage"))
    t.hear("FISU")
    assert t.state is State.PROCESSOR_OUTAGE


@case("2.7", "Unexpected signal units and orders in in service state")
def _() -> None:
    t = Tester().in_service()
    _still(t, ("7",), ("start", "local_processor_recovered"))
    t.order("set_emergency", True)
    t.order("set_emergency", False)
    assert (t.state, t.told) == (State.IN_SERVICE, [])


@case("2.8", "Unexpected signal units and orders in processor outage state")
def _() -> None:
    t = Tester().in_service()
    t.order("local_processor_outage")
    _still(t, ("SIB", "7"), ("start",))
    t.order("set_emergency", True)
    t.order("set_emergency", False)
    assert t.sending == "SIPO"
