"""Capture files that the gateway writes, as tshark reads them."""

import subprocess
from pathlib import Path

import pytest

from tandem.gateway.capture import CaptureWriter

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("tshark")]

SLTM = bytes.fromhex("5b640d81a08f34011160") + b"TANDEM"
FISU = bytes.fromhex("ffff00")
LSSU = bytes.fromhex("ffff0100")
OPTIONS = (
    b"OPTIONS sip:b@127.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
    b"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.2>\r\nCall-ID: 1\r\n"
    b"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)
NOW = 1_700_000_000.25


def fields(path: Path, *names: str) -> list[list[str]]:
    """What tshark shows of each packet."""
    columns = [argument for name in names for argument in ("-e", name)]
    checks = ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    command = ["tshark", "-r", str(path), *checks, "-T", "fields", *columns]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_tshark_reads_d_channels(tmp_path):
    """SABME, UA and a SETUP's I frame between a user and a network, seen from either side."""
    frames = [("00017f", False), ("000173", True), ("00010000" + "08020001" + "05" + "0403 8090a2", False)]
    for network in (False, True):
        writer = CaptureWriter(tmp_path / f"{network}.pcapng")
        for frame, from_network in frames:
            writer.write_lapd("T1:24", bytes.fromhex(frame), from_network is network, NOW, network)
        writer.close()
        names = ["frame.interface_name", "frame.protocols", "lapd.direction", "lapd.cr", "q931.message_type"]
        assert fields(writer.path, *names) == [
            ["T1:24", "lapd", "0", "0", ""],
            ["T1:24", "lapd", "1", "0", ""],
            ["T1:24", "lapd:q931", "0", "0", "0x05"],
        ]
        information = [row[0] for row in fields(writer.path, "_ws.col.Info")]
        assert "U P, func=SABME" in information[0]
        assert "U F, func=UA" in information[1]
        assert {row[0] for row in fields(writer.path, "_ws.malformed", "frame.number")} == {""}


def test_tshark_reads_links_and_sip(tmp_path):
    writer = CaptureWriter(tmp_path / "x.pcapng")
    writer.write_mtp2("east:16", SLTM, True, NOW)
    writer.write_mtp2("west:16", SLTM, False, NOW + 0.001)
    writer.write_mtp2("east:16", FISU, False, NOW + 0.002)
    writer.write_mtp2("east:16", LSSU, True, NOW + 0.003)
    writer.write_udp(("127.0.0.1", 5060), ("127.0.0.2", 5070), OPTIONS, NOW + 0.004, sent=True)
    writer.write_udp(("::1", 5060), ("2001:db8::1", 5070), OPTIONS, NOW + 0.005)
    writer.close()
    names = ["frame.interface_name", "frame.p2p_dir", "frame.link_nr", "frame.protocols", "frame.time_epoch"]
    assert fields(writer.path, *names) == [
        ["east:16", "0", "0", "mtp2:mtp3:mtp3mg", "1700000000.250000000"],
        ["west:16", "1", "1", "mtp2:mtp3:mtp3mg", "1700000000.251000000"],
        ["east:16", "1", "0", "mtp2", "1700000000.252000000"],
        ["east:16", "0", "0", "mtp2", "1700000000.253000000"],
        ["IP", "0", "", "raw:ip:udp:sip", "1700000000.254000000"],
        ["IP", "", "", "raw:ipv6:udp:sip", "1700000000.255000000"],
    ]
    assert fields(writer.path, "mtp3.dpc", "mtp3.opc", "mtp3mg.test_pattern")[0] == ["4000", "1234", "54414e44454d"]
    assert {row[0] for row in fields(writer.path, "_ws.malformed", "frame.number")} == {""}
    assert fields(writer.path, "udp.checksum.status", "ip.checksum.status")[4:] == [["1", "1"], ["1", ""]]
