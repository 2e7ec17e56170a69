import pytest
from support.isup_flows import BODIES, iam

from tandem.gateway.analyser import circuit_details as details
from tandem.gateway.analyser.model import CallRecord, Message, Protocol, Where
from tandem.gateway.analyser.quick import NATURES, initial_address, is_alerting, release


def message(kind, octets, protocol=Protocol.ISUP, variant="itu"):
    return Message(1, 1.0, protocol, kind, Where(opc=1, dpc=2, variant=variant), octets)


@pytest.mark.parametrize(("called", "calling"), [("4989270", "4930110"), ("12", "345"), ("498927", "49301")])
def test_numbers_as_the_quick_reader_sees_them(called, calling):
    octets = b"\5\0" + iam(called, calling)
    record = CallRecord(protocol="isup", id="", outcome="", start=0.0)
    details.numbers(message("IAM", octets), record)
    quick = initial_address(octets)
    assert (record.called, record.calling) == (called, calling)
    assert quick == (called, NATURES.index(record.called_nature), calling, NATURES.index(record.calling_nature))


@pytest.mark.parametrize("name", ["ACM", "ACM-free", "CPG", "CPG-alerting"])
def test_alerting_as_the_quick_reader_sees_it(name):
    octets = b"\5\0" + BODIES[name]
    assert details.alerting(message(name[:3], octets)) is is_alerting(name[:3], octets)


def test_causes_and_digits():
    octets = b"\5\0" + BODIES["REL-42"]
    assert details.cause(message("REL", octets)) == release(octets) == (42, 2)
    assert details.cause(message("REL", octets[:6])) is None
    assert details.more_digits(message("SAM", b"\5\0" + BODIES["SAM"])) == "123"
    assert details.more_digits(message("SAM", b"\5\0\2")) == ""
    assert details.alerting(message("ACM", b"\5\0\6")) is None


def test_what_is_cut_says_why():
    cut = message("IAM", b"\5\0\1\0")
    record = CallRecord(protocol="isup", id="", outcome="", start=0.0)
    details.numbers(cut, record)
    assert (record.called, bool(cut.error)) == ("", True)


def test_tup():
    record = CallRecord(protocol="tup", id="", outcome="", start=0.0)
    broken = message("IAM", b"\5\0\x11", Protocol.TUP)
    details.tup_numbers(broken, record)
    assert record.called == ""
    assert details.tup_free(broken) is False
    assert details.tup_cause("SSB") == 17
