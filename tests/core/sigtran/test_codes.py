"""Numbers of SIGTRAN: the ones that captures and IANA show, names for the unknown."""

from support.sigtran_vectors import captured

from tandem.core.sigtran.codes import PORTS, Ppid, Status, Tag, Type, code_name


def test_registered_ports_and_identifiers():
    assert {ppid.name: (int(ppid), PORTS[ppid]) for ppid in Ppid} == {
        "IUA": (1, 9900),
        "M2UA": (2, 2904),
        "M3UA": (3, 2905),
        "M2PA": (5, 3565),
    }


def test_names():
    assert code_name(Type, 0x0304) == "ASPUP_ACK"
    assert code_name(Tag, 0x0210) == "PROTOCOL_DATA"
    assert code_name(Status, 0x1_0004) == "AS_PENDING"
    assert code_name(Tag, 0xBEEF) == "0xbeef"


def test_every_captured_type_is_known():
    assert {int.from_bytes(item.octets[2:4], "big") for item in captured(2, 3)} <= {int(kind) for kind in Type}
