"""`tandem trace` against tshark: times of calls, and options of both; `test_trace_captures` has all captures."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.dissect import Options
from tandem.isdn.q931.codes import MessageType as Q931
from tandem.ss7.isup.codes import MessageType as Isup

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("tshark")]

VECTORS = Path(__file__).parent.parent / "vectors"
CAPTURES = [
    ("isup/captures/mtp2_libpcap.pcap", Options(fcs=True), ("-o", "mtp2.capture_contains_frame_check_sequence:TRUE")),
]


def fields(path, options, *names):
    """The values of `names` in every packet that has the first of them."""
    arguments = ["tshark", "-r", str(path), *options, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,"]
    for name in names:
        arguments += ["-e", name]
    text = subprocess.run([*arguments, "-Y", names[0]], capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in text.splitlines()]


def counted(path, options, field, names):
    """How often tshark sees each value of `field`, under our names; a number as tshark writes it, hex or decimal."""
    values = [value for row in fields(path, options, field) for value in row[0].split(",") if value]
    return Counter(names.get(int(value, 0), value) for value in values)


@pytest.mark.parametrize(("name", "options", "tshark_options"), CAPTURES, ids=[name for name, *_ in CAPTURES])
def test_messages_by_type(name, options, tshark_options):
    path = VECTORS / name
    found = analyse([str(path)], options)
    packets = subprocess.run(["tshark", "-r", str(path)], capture_output=True, text=True, check=True).stdout
    assert found.packets == len(packets.splitlines())
    isup = counted(path, tshark_options, "isup.message_type", {int(kind): kind.name for kind in Isup})
    assert Counter(found.messages.get("isup", {})) == isup
    q931 = counted(path, tshark_options, "q931.message_type", {int(kind): kind.name for kind in Q931})
    # tshark dissects Q.931 inside ISUP parameters, too, but shows no message type for it.
    assert Counter(found.messages.get("q931", {})) == q931
    sip = Counter(row[0] for row in fields(path, tshark_options, "sip.Method"))
    sip += Counter(row[0] for row in fields(path, tshark_options, "sip.Status-Code"))
    assert Counter(found.messages.get("sip", {})) == sip
    m3ua = fields(path, tshark_options, "m3ua.message_type")
    assert sum(found.messages.get("m3ua", {}).values()) == sum(len(row[0].split(",")) for row in m3ua)


def test_calls_one_by_one():
    path = VECTORS / "isup/captures/m3ua_94calls_wireshark.pcap"
    rows = fields(path, (), "isup.message_type", "isup.cic", "isup.called", "frame.number", "frame.time_epoch")
    calls = {}
    for kinds, circuits, called, number, time in rows:
        for kind, cic in zip(kinds.split(","), circuits.split(","), strict=True):
            calls.setdefault(int(cic, 0), []).append((int(kind, 0), int(number), float(time)))
        del called
    found = analyse([str(path)]).calls
    assert len(found) == len(calls) == 94
    for record in found:
        expected = [(Isup(kind).name, number) for kind, number, _ in calls[record.cic]]
        assert [(message.type, message.packet) for message in record.messages] == expected
        times = {Isup(kind).name: time for kind, _, time in calls[record.cic]}
        assert record.start == pytest.approx(times["IAM"], abs=1e-6)
        assert record.answered == pytest.approx(times["ANM"], abs=1e-6)
        assert record.completed == pytest.approx(times["RLC"], abs=1e-6)
