"""What IUA sends, in tshark's eyes."""

from __future__ import annotations

import pytest
from support.iua_network import INTERFACES, SETUP, IuaNetwork
from support.sigtran_tshark import dissect

from tandem.core.sigtran.codes import Tag, TrafficMode, Type
from tandem.core.sigtran.common import Message, Parameter
from tandem.core.sigtran.interfaces import interface_name
from tandem.isdn.iua.messages import Dlci

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("tshark")]


def everything() -> list[tuple[bytes, int, int]]:
    """Every message that the two ends say to each other, and answers to odd ones."""
    network = IuaNetwork("one", "two", mode=TrafficMode.OVERRIDE)
    for interface in INTERFACES:
        link, far = network.bring_up("two", interface)
        link.data(SETUP, network.now)
        link.unit_data(SETUP, network.now)
        far.data(SETUP, network.now)
        far.unit_data(SETUP, network.now)
        network.run(1)
        far.release(network.now)
        network.run(1)
        far.establish(network.now)
        network.run(1)
        link.release(network.now)
        network.run(1)
    about = (interface_name(INTERFACES[0]), Dlci().encode())
    for kind, parameters in (
        (Type.TEI_STATUS_REQUEST, about),
        (Type.TEI_QUERY, about),
        (Type.QPTM_DATA_INDICATION, (*about, Parameter(Tag.QPTM_PROTOCOL_DATA, SETUP))),
        (Type.QPTM_ESTABLISH_REQUEST, (about[0], Dlci(16, 1).encode())),
        (Type.QPTM_ESTABLISH_REQUEST, (interface_name("nobody"), about[1])),
    ):
        network.machines["sg"].receive("two", Message(kind, parameters).encode(), 1, network.now)
        network.drain()
    network.run(35)  # heartbeats
    for name in ("one", "two", "sg"):
        network.machines[name].stop(network.now)
        network.drain()
        network.run(1)
    return [(item.octets, item.ppid, item.stream) for _, item in network.sent]


def test_nothing_is_malformed_and_tshark_reads_what_we_meant(tmp_path):
    sent = everything()
    kinds = set()
    for (octets, _, _), theirs in zip(sent, dissect(sent, tmp_path / "iua.pcap"), strict=True):
        ours = Message.parse(octets)
        assert theirs.trouble == [], str(ours)
        assert int(theirs.fields["message_class"][0]) << 8 | int(theirs.fields["message_type"][0]) == ours.type
        assert [int(tag, 0) for tag in theirs.fields.get("parameter_tag", [])] == [p.tag for p in ours.parameters]
        if (code := ours.number(Tag.ERROR_CODE)) is not None:
            assert int(theirs.fields["error_code"][0], 0) == code
        if ours.get(Tag.DLCI) is not None:
            dlci = Dlci.parse(ours.require(Tag.DLCI))
            sapi = theirs.fields.get("dlci_gsm_sapi") or theirs.fields["dlci_sapi"]
            assert (int(sapi[0], 0), int(theirs.fields["dlci_tei"][0], 0)) == (dlci.sapi, dlci.tei)
        if (reason := ours.number(Tag.RELEASE_REASON)) is not None:
            assert int(theirs.fields["release_reason"][0], 0) == reason
        kinds.add(Type(ours.type))
    assert {kind for kind in Type if kind >> 8 == 5} <= kinds
    assert {Type.NTFY, Type.ERR, Type.TEI_STATUS_CONFIRM, Type.TEI_STATUS_INDICATION, Type.BEAT_ACK} <= kinds
    assert {Type.ASPUP_ACK, Type.ASPAC_ACK, Type.ASPIA_ACK, Type.ASPDN_ACK} <= kinds
