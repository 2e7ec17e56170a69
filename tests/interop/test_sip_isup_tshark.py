"""SIP-I as tshark sees it: the messages of a whole call, dissected by another's code, body and all."""

import json
import subprocess

import pytest
from support.isup_pair import ACM, iam
from support.isup_single import cause
from support.packet_files import ethernet, ipv4, pcap
from support.sip_isup_pair import SipIsupPair

from tandem.ss7.isup.codes import MessageType as M

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("tshark")]


@pytest.mark.parametrize("variant", ["itu", "ansi"])
def test_a_whole_call(tmp_path, variant):
    pair = SipIsupPair(f'isup_variant = "{variant}"')
    octets = []
    deliver = pair._deliver
    pair._deliver = lambda data, sender, receiver: (octets.append((sender, data)), deliver(data, sender, receiver))
    pair.receive("A", M.IAM, 3, *iam())
    (initial,) = pair.take("B")
    pair.receive("B", M.ACM, initial.cic, *ACM)
    pair.receive("B", M.ANM, initial.cic)
    pair.receive("B", M.REL, initial.cic, cause(16))
    ports = {"A": 5060, "B": 5061}
    packets = []
    for number, (sender, data) in enumerate(octets):
        source, target = ports[sender], ports["B" if sender == "A" else "A"]
        head = source.to_bytes(2, "big") + target.to_bytes(2, "big") + (len(data) + 8).to_bytes(2, "big") + b"\0\0"
        packets.append((number, ethernet(ipv4(head + data, 17))))
    file = tmp_path / "sip-i.pcap"
    file.write_bytes(pcap(packets))
    command = ["tshark", "-r", str(file), "-Y", "isup", "-T", "json", "-d", "udp.port==5061,sip"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    text = [json.dumps(packet["_source"]["layers"]) for packet in found]
    types = [line.split('"isup.message_type": "')[1].split('"')[0] for line in text]
    assert [int(kind, 0) for kind in types] == [M.IAM, M.ACM, M.ANM, M.REL, M.RLC]
    assert '"isup.called": "123456"' in text[0]
    assert not any("_ws.malformed" in line for line in text)
