from pathlib import Path

import pytest
from scapy.all import SCTP, Ether, rdpcap
from scapy.config import conf
from scapy.layers.inet import IP
from scapy.layers.sctp import SCTPChunkData

from tandem.core.errors import DecodeError
from tandem.gateway.analyser import layers
from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.layers import ISUP, LAPD, M3UA, MTP2, MTP3, Q931, TUP, M3uaParameter, ProtocolData
from tandem.ss7.mtp3.label import LAYOUTS, RoutingLabel, Variant, encode_label

VECTORS = Path(__file__).parents[2] / "vectors"
CAPTURES = {
    "m3ua": VECTORS / "isup" / "captures" / "m3ua_94calls_wireshark.pcap",
    "mtp2": VECTORS / "isup" / "captures" / "mtp2_libpcap.pcap",
    "mtp3": VECTORS / "isup" / "captures" / "mtp3_pycrate.pcap",
    "lapd": VECTORS / "trace" / "isdn_lapd-203_pri-call_sangoma-wanpipemon.pcap",
}


def found(name, layer):
    return [one for packet in rdpcap(str(CAPTURES[name])) if (one := layers._find(packet, layer)) is not None]


@pytest.mark.parametrize(("name", "protocol"), [("m3ua", "isup"), ("mtp3", "isup"), ("lapd", "q931")])
def test_the_same_messages_as_the_analyser_finds(name, protocol):
    layer = ISUP if protocol == "isup" else Q931
    names = [one.sprintf(f"%{layer.__name__}.message_type%") for one in found(name, layer)]
    counted = analyse([str(CAPTURES[name])]).messages[protocol]
    # Packets with two chunks show scapy's user the first one.
    assert {one: names.count(one) for one in names}.keys() == counted.keys()
    assert len(names) <= sum(counted.values())


@pytest.mark.parametrize("name", CAPTURES)
def test_what_was_read_is_built_the_same(name):
    for packet in rdpcap(str(CAPTURES[name])):
        chunk = packet.getlayer(SCTPChunkData)
        whole = chunk.data if chunk is not None else packet
        if whole is None or isinstance(whole, bytes):
            continue
        octets = whole.original
        again = type(whole)(octets)
        again.clear_cache()
        assert bytes(again) == octets


def test_layers_of_a_call():
    packet = rdpcap(str(CAPTURES["m3ua"]))[78]
    chunk = packet[SCTPChunkData]
    (data,) = [part for part in chunk.data.parameters if isinstance(part, ProtocolData)]
    assert (data.service, data[ISUP].cic, data[ISUP].message_type) == (5, 3, 1)
    text = layers.explain(packet)
    assert text.startswith("IAM Initial address  CIC 3")
    assert "Called party number" in text


def test_packets_are_built():
    message = M3UA(
        parameters=[
            M3uaParameter(tag=6, value=b"\0\0\0\1"),
            ProtocolData(opc=1, dpc=2, sls=3) / ISUP(cic=7, message_type=16, body=b"\0"),
        ]
    )
    packet = Ether(bytes(Ether() / IP() / SCTP() / SCTPChunkData(beginning=1, ending=1, proto_id=3, data=message)))
    (context, data) = packet[SCTPChunkData].data.parameters
    assert (context.value, data.opc, data.dpc, data[ISUP].cic) == (b"\0\0\0\1", 1, 2, 7)
    unit = MTP2(bytes(MTP2(bsn=5, fsn=6) / MTP3(opc=1, dpc=0x3FFF, sls=9, service=4) / TUP(cic_high=2, heading=0x17)))
    assert (unit.li, unit.opc, unit.dpc, unit[MTP3].sls, unit[TUP].cic_high) == (7, 1, 0x3FFF, 9, 2)
    frame = LAPD(bytes(LAPD(tei=0, control=2, control2=4) / Q931(reference=b"\x01", message_type=5)))
    assert (frame[Q931].reference, frame[Q931].message_type) == (b"\x01", 5)
    assert layers.explain(frame).startswith("SETUP")


def test_nothing_to_explain():
    assert layers.explain(MTP2(bytes((1, 2, 0)))) == ""
    with pytest.raises(DecodeError):
        layers.explain(ISUP(b"\0\0\1\0"))


@pytest.fixture
def variant(request):
    layers.use(request.param)
    yield request.param
    layers.use("itu")


@pytest.mark.parametrize("variant", ["itu", "ansi", "china", "japan"], indirect=True)
def test_labels_of_all_variants(variant):
    layout = LAYOUTS[Variant(variant)]
    label = RoutingLabel(dpc=layout.point_code_limit - 2, opc=0x1234, sls=5)
    rlc = bytes.fromhex("0700 10 00")
    octets = b"\x85" + encode_label(label, Variant(variant)) + rlc
    unit = MTP2(bytes((0x80, 0x80, len(octets))) + octets)
    mtp3 = unit.payload
    assert (mtp3.dpc, mtp3.opc, mtp3.sls, mtp3.service, mtp3.network_indicator) == (label.dpc, label.opc, 5, 5, 2)
    assert (mtp3[ISUP].cic, mtp3[ISUP].message_type) == (7, 16)
    assert layers.explain(unit).startswith("RLC")
    assert bytes(type(mtp3)(dpc=label.dpc, opc=label.opc, sls=5) / ISUP(cic=7, message_type=16, body=b"\0")) == octets
    assert conf.l2types.num2layer[141] is type(mtp3)


def test_a_variant_that_there_is_not():
    with pytest.raises(ValueError, match="itu, ansi, china, japan"):
        layers.use("mars")
