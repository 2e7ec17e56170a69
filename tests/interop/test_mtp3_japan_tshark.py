"""What Japanese points say to each other, as tshark sees it."""

from __future__ import annotations

import subprocess

import pytest
from support.isup_tshark import write_mtp3_capture
from support.signalling_points import Network

from tandem.ss7.isup.messages import Message, MessageType
from tandem.ss7.isup.variants import Variant as Isup
from tandem.ss7.mtp3.configuration import (
    Configuration,
    LinkConfiguration,
    LinksetConfiguration,
    Route,
    TransferConfiguration,
)
from tandem.ss7.mtp3.label import Variant
from tandem.ss7.mtp3.messages import encode_management
from tandem.ss7.mtp3.msu import decode_msu
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.primitives import SendMessage, TransferRequest

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("tshark")]

#: Own code, and the links to each neighbour.
POINTS = {"A": (0x6211, {"S": (0, 1)}), "S": (0x6212, {"A": (0, 1), "B": (2,)}), "B": (0x6213, {"S": (2,)})}


def network() -> Network:
    """Exchanges A and B with a transfer point S between them."""
    points = {}
    for name, (own, neighbours) in POINTS.items():
        linksets = [
            LinksetConfiguration(
                other, POINTS[other][0], [LinkConfiguration(n, slc) for slc, n in enumerate(links)], link_test=False
            )
            for other, links in neighbours.items()
        ]
        routes = [Route(POINTS[far][0], "S") for far in {"A": "B", "B": "A"}.get(name, "")]
        points[name] = SignallingPoint(
            Configuration(
                own,
                linksets,
                Variant.JAPAN,
                routes=routes,
                transfer=TransferConfiguration() if name == "S" else None,
                retrieval=True,
                route_test=True,
            )
        )
    net = Network(points)
    for link, (one, other) in enumerate(("AS", "AS", "SB")):
        net.join(one, other, link)
    net.start()
    return net


def test_tshark_understands_all_that_japanese_points_send(tmp_path):
    net = network()
    net.run(5.0)
    for failed in (0, 2):
        for cic in range(16):
            octets = Message.build(MessageType.RSC, cic).encode(Isup.JAPAN)
            net.points["A"].transfer(TransferRequest(5, POINTS["B"][0], cic, octets), net.now)
        net.drain()
        net.fail(failed)
        net.run(net.now + 60.0)
        net.repair(failed)
        net.run(net.now + 10.0)
    sent = [output.msu for name in POINTS for output in net.take(name) if isinstance(output, SendMessage)]
    said = {str(decode_msu(msu, Variant.JAPAN)).split()[3] for msu in sent}
    assert said >= {"COO", "COA", "CBD", "CBA", "TFP", "TFA", "RST", "SRT", "SRTA", "ISUP"}
    label = sent[0][1:6]
    for acronym in ("ECO", "ECA", "RCT", "TFC"):
        sent.append(b"\x80" + label + encode_management(acronym, Variant.JAPAN))
    path = tmp_path / "japan.pcap"
    write_mtp3_capture(path, sent)
    shown = subprocess.run(
        ["tshark", "-r", str(path), "-o", "mtp3.standard:Japan", "-V"], capture_output=True, text=True, check=True
    ).stdout
    assert shown.count("Routing label") == len(sent)
    assert not [
        line for line in shown.splitlines() if any(word in line for word in ("alformed", "nknown", "incorrect"))
    ]
    assert f"DPC: {POINTS['B'][0]}" in shown
    assert "Signalling routing test acknowledgement message" in shown
