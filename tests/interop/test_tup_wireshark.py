"""The TUP dissector for Wireshark, run by tshark over our captures, says what the product says."""

from pathlib import Path
from random import Random

import pytest
from support.sigtran_tshark import data_packet, write_sctp_capture
from support.tup_plain import plain
from support.tup_tshark import dissect, run, shown
from support.tup_vectors import VECTORS, changed

from tandem.core.errors import DecodeError
from tandem.core.sigtran.codes import Tag, Type
from tandem.core.sigtran.common import Message, Parameter
from tandem.gateway.capture import CaptureWriter
from tandem.ss7.mtp2.units import Unit, UnitKind, encode_unit
from tandem.ss7.mtp3.label import LAYOUTS, RoutingLabel, encode_label, parse_label
from tandem.ss7.sigtran.parameters import ProtocolData
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.variants import LABELS, Variant

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("tshark")]

STANDARDS = {Variant.ITU: "ITU", Variant.CHINA: "Chinese ITU"}
SIO = 0x84


def vectors(variant):
    return [vector.octets for vector in VECTORS if vector.variant == variant.value]


def write_links(path: Path, messages) -> None:
    """Messages from their label on, in the gateway's own capture, one signal unit each and sent by turns."""
    writer = CaptureWriter(path)
    for number, octets in enumerate(messages):
        unit = Unit(127, 1, number % 128, 1, 0, UnitKind.MSU, sio=SIO, sif=octets)
        writer.write_mtp2("to-b", encode_unit(unit), number % 2 == 0, number * 0.1)
    writer.close()
    assert writer.failure is None


def ours(octets, variant):
    """What the product makes of it: fields as the dissector shows them, and whether it knows the message."""
    label, length = parse_label(octets, LABELS[variant])
    carried = CircuitMessage.parse(label.sls, octets[length:], variant)
    known = isinstance(carried.message.type, MessageType)
    return shown({"cic": carried.cic} | plain(carried.message, variant)), known


def check(octets, theirs, variant) -> str:
    """Product and dissector agree about a message; whether it was read, unknown or refused."""
    try:
        fields, known = ours(octets, variant)
    except DecodeError:
        assert theirs.remarks & {"short", "spare_identity"}, octets.hex()
        return "refused"
    if "message" in theirs.fields and not known:
        fields["message"] = theirs.fields["message"]
        assert theirs.fields["message"].startswith("heading 0x")
    assert theirs.fields == fields, octets.hex()
    assert not theirs.remarks & {"short", "spare_identity"}
    assert ("unknown" in theirs.remarks) == (not known)
    assert ("unread" in theirs.remarks) == ("rest" in fields)
    return "read" if known else "unknown"


@pytest.mark.parametrize("variant", Variant)
def test_every_message_of_our_capture(variant, tmp_path):
    messages = vectors(variant)
    path = tmp_path / "tup.pcapng"
    write_links(path, messages)
    dissected = dissect(path, ["-o", f"mtp3.standard:{STANDARDS[variant]}"])
    assert [check(*pair, variant) for pair in zip(messages, dissected, strict=True)] == ["read"] * len(messages)


@pytest.mark.parametrize("variant", Variant)
def test_changed_messages_are_read_alike_or_refused_alike(variant, tmp_path):
    source = Random(f"wireshark {variant}")
    least = LAYOUTS[LABELS[variant]].octets + 1
    made = (changed(source, source.choice(vectors(variant))) for _ in range(800))
    messages = [octets for octets in made if len(octets) >= least]
    path = tmp_path / "tup.pcapng"
    write_links(path, messages)
    dissected = dissect(path, ["-o", f"mtp3.standard:{STANDARDS[variant]}"])
    outcomes = [check(*pair, variant) for pair in zip(messages, dissected, strict=True)]
    assert all(outcomes.count(outcome) > 50 for outcome in ("read", "unknown", "refused"))


@pytest.mark.parametrize("variant", Variant)
def test_over_m3ua(variant, tmp_path):
    """There the preference says whose TUP it is; the SLS field has the CIC bits that the label had."""
    packets = []
    for number, octets in enumerate(vectors(variant)):
        label, length = parse_label(octets, LABELS[variant])
        data = ProtocolData(label.opc, label.dpc, 4, 2, 0, label.sls, octets[length:])
        message = Message(Type.DATA, [Parameter(Tag.PROTOCOL_DATA, data.encode())])
        packets.append(data_packet(message.encode(), 3, 1, number))
    path = tmp_path / "m3ua.pcap"
    write_sctp_capture(path, packets)
    options = ["-o", "sctp.tsn_analysis:FALSE", "-o", "sctp.checksum:none"]
    options += ["-o", "tup.variant:China"] if variant is Variant.CHINA else []
    dissected = dissect(path, options)
    assert [check(*pair, variant) for pair in zip(vectors(variant), dissected, strict=True)] == ["read"] * len(packets)


def test_messages_of_one_packet_have_each_their_own_circuit(tmp_path):
    """Several DATA chunks in one packet of SCTP: the CIC is put together from the SLS just before the message."""
    chunks = b""
    for number, cic in enumerate((0x123, 0x456)):
        data = ProtocolData(1, 2, 4, 2, 0, cic & 0xF, bytes((cic >> 4, 0x46)))
        message = Message(Type.DATA, [Parameter(Tag.PROTOCOL_DATA, data.encode())])
        packet = data_packet(message.encode(), 3, 1, number)
        chunks += packet[12:] if chunks else packet
    path = tmp_path / "two.pcap"
    write_sctp_capture(path, [chunks])
    options = ["-o", "sctp.tsn_analysis:FALSE", "-o", "sctp.checksum:none"]
    output = run(path, *options, "-T", "fields", "-e", "tup.cic", "-e", "tup.message")
    assert output.split() == [f"{0x123},{0x456}", "CLF,CLF"]


def test_columns(tmp_path):
    itu = encode_label(RoutingLabel(1, 2, 0x3), LABELS[Variant.ITU])
    messages = [
        itu + bytes.fromhex("12 11 0a 02 34 21 03"),
        itu + bytes.fromhex("12 14 25"),
        itu + bytes.fromhex("12 16"),
        itu + bytes.fromhex("12 18 00"),
        itu + bytes.fromhex("12 99"),
    ]
    path = tmp_path / "tup.pcapng"
    write_links(path, messages)
    columns = ["-T", "fields", "-e", "_ws.col.Protocol", "-e", "_ws.col.Info"]
    assert run(path, *columns).splitlines() == [
        "TUP(ITU)\tIAM (CIC 291) 123",
        "TUP(ITU)\tACM (CIC 291) Charge, subscriber free",
        "TUP(ITU)\tANC (CIC 291)",
        "TUP(ITU)\tMGB (CIC 291) 1 circuit",
        "TUP(ITU)\theading 0x99 (CIC 291)",
    ]


def test_display_filters_of_the_documents(tmp_path):
    """What README.md and the how-to suggest to type finds what they say."""
    path = tmp_path / "tup.pcapng"
    write_links(path, vectors(Variant.ITU))
    for wanted, count in (
        ('tup.message == "IAM"', 2),
        ("tup.cic == 2048", sum(vector.label[-1] == 0x80 for vector in VECTORS if vector.variant == "itu")),
        ('tup.calling_line_identity.digits contains "5551"', 1),
        ("tup.h0 == 8", 15),
        ('tup.message == "IAM" || tup.message == "IAI"', 6),
        ("tup.short || tup.unknown", 0),
    ):
        assert len(run(path, "-Y", wanted).splitlines()) == count, wanted
