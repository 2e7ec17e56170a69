import numpy as np
import pytest
from support.batches import batch_of
from support.packet_files import ethernet, ipv4, udp

from tandem.gateway.analyser.flows import flows_of
from tandem.gateway.analyser.network import transports

pytestmark = pytest.mark.usefixtures("loops")


def ipv6(payload, source, destination):
    header = b"\x60\0\0\0" + len(payload).to_bytes(2, "big") + bytes((17, 64))
    return header + bytes(15) + bytes((source,)) + bytes(15) + bytes((destination,)) + payload


def flows(packets, at):
    batch = batch_of(packets, 1)
    found, _ = transports(batch)

    def ends_of(given, within, place):
        assert given is batch
        assert within is found
        return f"from {place}", f"to {place}"

    return flows_of(batch, found, np.array(at), ends_of)


def test_flows_are_told_apart_by_addresses_and_ports():
    packets = [
        ethernet(ipv4(udp(b"x" * 20, 4000, 4002), 17)),
        ethernet(ipv4(udp(b"x" * 20, 4000, 4004), 17)),
        ethernet(ipv4(udp(b"x" * 20, 4000, 4002), 17, source="10.0.0.9")),
        ethernet(ipv4(udp(b"y" * 30, 4000, 4002), 17)),
        ethernet(ipv4(udp(b"x" * 20, 4002, 4000), 17)),
    ]
    flow, ends = flows(packets, [0, 1, 2, 3, 4])
    assert flow[0] == flow[3]
    assert len(set(flow.tolist())) == len(ends) == 4
    assert ends[flow[1]] == ("from 1", "to 1")
    assert ends[flow[0]] == ("from 0", "to 0"), "named by its first packet"


def test_only_what_is_asked_for():
    packets = [ethernet(ipv4(udp(bytes(20), port, 9), 17)) for port in (1, 2, 1)]
    flow, ends = flows(packets, [2])
    assert (flow.tolist(), ends) == ([0], [("from 2", "to 2")])


def test_addresses_of_ipv6_count_whole():
    packets = [ethernet(ipv6(udp(bytes(20), 4000, 4002), *ends), 0x86DD) for ends in ((1, 2), (1, 3), (4, 2), (1, 2))]
    packets.append(ethernet(ipv4(udp(bytes(20), 4000, 4002), 17)))
    flow, ends = flows(packets, range(5))
    assert len(ends) == 4
    assert flow[0] == flow[3]
    assert len({*flow.tolist()}) == 4
