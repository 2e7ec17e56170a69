"""Where traffic goes when links fail and return. TANDEM_SEEDS says how many runs of the simulation, 200 by default."""

import os
from dataclasses import replace

import pytest
from support.changeover_simulation import Simulation
from support.mtp2_pair import MtpPair
from support.signalling_points import Network

from tandem.ss7.mtp2 import primitives as mtp2
from tandem.ss7.mtp2.configuration import LinkConfiguration as Mtp2Configuration
from tandem.ss7.mtp3.configuration import Configuration, LinkConfiguration, LinksetConfiguration
from tandem.ss7.mtp3.label import Variant
from tandem.ss7.mtp3.link_management import LinkState
from tandem.ss7.mtp3.msu import decode_msu
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.primitives import (
    FlushBuffers,
    RetrieveBsnt,
    RetrieveMessages,
    SendMessage,
    StartLink,
    StopLink,
    TransferIndication,
    TransferRequest,
)

SEEDS = int(os.environ.get("TANDEM_SEEDS", "200"))


@pytest.mark.parametrize("part", range(4))
def test_nothing_is_lost_repeated_or_out_of_order_while_one_link_is_good(part):
    retrieved = failures = 0
    for seed in range(part, SEEDS * 3 // 4, 4):
        simulation = Simulation(seed, seconds=6.0)
        assert simulation.run() == [], f"seed {seed}"
        retrieved += sum(point.counters["retrieved"] for point in simulation.net.points.values())
        failures += simulation.failures
    assert retrieved > failures


def test_nothing_is_repeated_or_out_of_order_when_all_links_fail():
    for seed in range(SEEDS // 4):
        assert Simulation(seed, total_outages=True, seconds=6.0).run() == [], f"seed {seed}"


def pair(size=2, variant=Variant.ITU, rotation=0, **link) -> Network:
    links = [LinkConfiguration(slc, slc, **link) for slc in range(size)]
    points = {
        name: SignallingPoint(
            Configuration(
                own, [LinksetConfiguration(peer, other, links)], variant, retrieval=True, sls_rotation=rotation
            )
        )
        for name, own, other, peer in (("A", 1, 2, "B"), ("B", 2, 1, "A"))
    }
    net = Network(points)
    for slc in range(size):
        net.join("A", "B", slc)
    net.start()
    net.run(5.0)
    net.take("A")
    net.take("B")
    return net


def send(net: Network, count: int, sls=1) -> None:
    for number in range(count):
        net.points["A"].transfer(TransferRequest(5, 2, sls, b"%d" % number), net.now)
    net.drain()


def texts(outputs, variant=Variant.ITU) -> list[tuple[int, str]]:
    """Link and text of messages sent; user messages as their data."""
    found = []
    for output in outputs:
        if isinstance(output, SendMessage):
            msu = decode_msu(output.msu, variant)
            found.append((output.link, str(msu.management) if msu.management else msu.data.decode()))
    return found


def received(net: Network) -> list[bytes]:
    return [output.data for output in net.take("B") if isinstance(output, TransferIndication)]


@pytest.mark.parametrize("variant", Variant)
def test_changeover_and_changeback(variant):
    net = pair(variant=variant)
    send(net, 3)
    net.run(net.now + 0.1)
    assert received(net) == [b"0", b"1", b"2"]
    send(net, 2)
    net.take("A")
    net.fail(1)
    slc = "signalling_link_code=1 " if variant is Variant.ANSI else ""
    assert texts(net.take("A"), variant)[0] == (0, f"COO {slc}forward_sequence_number=1")
    send(net, 1)
    assert texts(net.take("A"), variant) == []
    net.run(net.now + 0.1)
    user = [text for text in texts(net.take("A"), variant) if text[1].isdigit()]
    assert user == [(0, "0"), (0, "1"), (0, "0")]
    assert received(net) == [b"0", b"1", b"0"]
    net.repair(1)
    while not (sent := texts(net.take("A"), variant)) or "CBD" not in sent[-1][1]:
        net.run(net.now + 0.005)
    assert sent[-1][0] == 0
    send(net, 1)
    assert texts(net.take("A"), variant) == []
    net.run(net.now + 0.05)
    assert (1, "0") in texts(net.take("A"), variant)
    assert received(net) == [b"0"]


def test_extended_sequence_numbers():
    net = pair(extended_sequence=True)
    net.fail(1)
    assert texts(net.take("A"))[0] == (0, "XCO forward_sequence_number=1")
    net.run(net.now + 0.1)
    assert (0, "XCA forward_sequence_number=1") in texts(net.take("A"))


def test_the_link_is_restored_after_its_messages_are_back():
    net = pair()
    net.drop = lambda name, link, msu: name == "B"
    net.commands["A"].clear()
    net.fail(1)
    net.run(net.now + 1.3)
    assert net.commands["A"] == [RetrieveBsnt(1)]
    net.run(net.now + 0.2)
    assert net.commands["A"] == [RetrieveBsnt(1), RetrieveMessages(1, None), StartLink(1)]
    assert net.points["A"].counters["changeover not acknowledged"] == 1


def test_deactivation_while_the_changeover_runs_cancels_the_restoration():
    net = pair()
    net.drop = lambda name, link, msu: name == "B"
    net.commands["A"].clear()
    net.fail(1)
    net.points["A"].deactivate(1, net.now)
    net.run(net.now + 5.0)
    assert net.commands["A"] == [RetrieveBsnt(1), StopLink(1), RetrieveMessages(1, None)]


def test_a_declaration_without_answer_is_repeated_and_then_given_up():
    net = pair()
    send(net, 1)
    net.fail(1)
    net.run(net.now + 1.0)
    net.drop = lambda name, link, msu: "CBA" in str(decode_msu(msu))
    net.take("A")
    net.repair(1)
    net.run(net.now + 10.0)
    assert [text for text in texts(net.take("A")) if "CBD" in text[1]] == [(0, "CBD changeback_code=1")] * 2
    assert net.points["A"].counters["changeback not acknowledged"] == 1
    send(net, 1)
    assert texts(net.take("A")) == [(1, "0")]


def test_order_about_a_link_that_is_out_already():
    net = pair()
    net.fail(1)
    net.run(net.now + 0.5)
    net.take("A")
    order = next(
        output.msu
        for output in net.take("B")
        if isinstance(output, SendMessage) and "COO" in str(decode_msu(output.msu))
    )
    net.event("A", 0, mtp2.MessageReceived(order))
    assert texts(net.take("A")) == [(0, "COA forward_sequence_number=1")]


def test_neighbour_orders_while_the_link_works_here():
    net = pair()
    send(net, 1)
    net.fade(1, 0.3, 0.0)
    net.take("A")
    net.commands["A"].clear()
    net.run(net.now + 0.1)
    assert net.commands["A"] == [StopLink(1), RetrieveBsnt(1), RetrieveMessages(1, 1)]
    assert texts(net.take("A")) == [(0, "COA forward_sequence_number=1"), (0, "0")]


def test_processor_outage_of_the_neighbour_diverts_after_t1_and_flushes_in_the_end():
    net = pair()
    send(net, 1)
    net.run(net.now + 0.1)
    net.commands["A"].clear()
    net.event("A", 1, mtp2.RemoteProcessorOutage())
    net.take("A")
    send(net, 1)
    net.run(net.now + 0.7)
    assert texts(net.take("A")) == []
    net.run(net.now + 0.2)
    assert texts(net.take("A")) == [(0, "0")]
    net.event("A", 1, mtp2.RemoteProcessorRecovered())
    net.run(net.now + 0.5)
    assert net.commands["A"] == [FlushBuffers(1)]
    send(net, 1)
    assert texts(net.take("A"))[-1] == (1, "0")


def test_retrieved_messages_keep_their_rotated_sls():
    net = pair(variant=Variant.ANSI, rotation=8)
    send(net, 3, sls=3)
    net.fail(1)
    net.run(net.now + 0.2)
    arrived = [output for output in net.take("B") if isinstance(output, TransferIndication)]
    assert [(output.sls, output.data) for output in arrived] == [(0x81, b"0"), (0x81, b"1"), (0x81, b"2")]
    assert net.points["A"].counters["retrieved"] == 3


@pytest.mark.parametrize(("method", "form"), [("basic", "basic"), ("cyclic", "basic"), ("basic", "extended")])
def test_cut_line_under_load_with_level_2_below(method, form):
    """Levels 2 and 3 of both ends in full: a line is cut and joined again, and every message arrives in order."""
    links = [LinkConfiguration(slc, slc, extended_sequence=form == "extended") for slc in range(2)]
    points = [
        SignallingPoint(Configuration(own, [LinksetConfiguration("x", other, links)], retrieval=True))
        for own, other in ((1, 2), (2, 1))
    ]
    base = Mtp2Configuration.high_speed(128_000.0) if form == "extended" else Mtp2Configuration()
    net = MtpPair(points, 2, replace(base, error_correction=method, t2=5.0, t4_normal=1.0, eim=None))
    net.run(12.0)
    assert all(point.available(peer) for point, peer in zip(points, (2, 1), strict=True))
    sent = 0
    for step in range(800):
        if step in (100, 500):
            net.cut(1)
        if step in (150, 550):
            net.cut(1, False)
        sent += 1
        for side, point in enumerate(points):
            for sls in (0, 1):
                point.transfer(TransferRequest(5, 2 - side, sls, sent.to_bytes(2, "big")), net.now)
        net.drain()
        net.run(0.02)
    net.run(20.0)
    for side in (0, 1):
        for sls in (0, 1):
            numbers = [
                int.from_bytes(output.data, "big")
                for output in net.told[side]
                if isinstance(output, TransferIndication) and output.sls == sls
            ]
            assert numbers == list(range(1, sent + 1))
        assert points[side].counters["retrieved"] > 0
        assert points[side].counters["changeover not acknowledged"] == 0
        assert points[side].counters["changeback not acknowledged"] == 0
        assert set(points[side].link_states().values()) == {LinkState.AVAILABLE}


def test_without_retrieval_level_2_is_never_asked():
    links = [LinkConfiguration(slc, slc) for slc in range(2)]
    node = SignallingPoint(Configuration(1, [LinksetConfiguration("b", 2, links)]))
    node.start(0.0)
    for link in (0, 1):
        node.link_event(link, mtp2.LinkInService(), 1.0)
        node.link_event(link, mtp2.LinkOutOfService("x"), 2.0)
    assert not any(isinstance(output, RetrieveBsnt | RetrieveMessages) for output in node.outputs())
