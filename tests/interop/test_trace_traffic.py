"""The captures that benchmarks run on: every layer valid in tshark's eyes, and the same calls in ours."""

import subprocess
from collections import Counter

import pytest
from bench.traffic import generate

from tandem.gateway.analyser.analysis import analyse

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("tshark")]
CHECKED = ("-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "sctp.checksum:CRC 32c")


def fields(path, *names):
    wanted = [word for name in names for word in ("-e", name)]
    command = ["tshark", "-r", str(path), *CHECKED, "-T", "fields", *wanted]
    return [
        line.split("\t")
        for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    ]


@pytest.mark.parametrize("mix", ["speech", "signalling"])
def test_every_layer_is_valid(tmp_path, mix):
    path = tmp_path / "traffic.pcap"
    assert generate(path, 6000, mix) == 6000
    rows = fields(
        path,
        "ip.checksum.status",
        "udp.checksum.status",
        "sctp.checksum.status",
        "_ws.malformed",
        "isup.message_type",
        "rtp.ssrc",
    )
    assert len(rows) == 6000
    assert {row[0] for row in rows} == {"1"}
    assert {row[1] or row[2] for row in rows} == {"1"}
    assert {row[3] for row in rows} == {""}
    found = analyse([str(path)])
    assert found.packets == 6000
    assert sum(found.messages["isup"].values()) == sum(bool(row[4]) for row in rows)
    streams = Counter(row[5] for row in rows if row[5])
    ours = Counter({f"0x{stream.ssrc:08x}": stream.packets for record in found.calls for stream in record.media})
    assert ours == streams
