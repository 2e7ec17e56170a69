"""Networks of several points: transfer, route management, inhibiting, congestion and restart."""

import pytest
from support.signalling_points import Network

from tandem.ss7.mtp2 import primitives as mtp2
from tandem.ss7.mtp3.configuration import (
    Configuration,
    LinkConfiguration,
    LinksetConfiguration,
    Route,
    ScreeningRule,
    Timers,
    TransferConfiguration,
)
from tandem.ss7.mtp3.label import RoutingLabel, ServiceInformation, Variant
from tandem.ss7.mtp3.messages import encode_management
from tandem.ss7.mtp3.msu import MSU, decode_msu
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.primitives import (
    Notice,
    PauseIndication,
    ResumeIndication,
    SendMessage,
    StatusCause,
    StatusIndication,
    TransferIndication,
    TransferRequest,
)

CODES = {"A": 1, "B": 2, "S": 10, "T": 11}
#: Who is joined to whom by which links.
LINKS = {"AS": (0, 1), "AT": (2, 3), "SB": (4, 5), "TB": (6, 7), "ST": (8,)}


def network(transfer=None, routes=None, **more) -> Network:
    """Exchanges A and B with transfer points S and T between them, joined to each other too; `routes` by point."""
    transfer = transfer or TransferConfiguration()
    usual = {
        "A": [Route(2, "S"), Route(2, "T"), Route(10, "T", 1), Route(11, "S", 1)],
        "B": [Route(1, "S"), Route(1, "T"), Route(10, "T", 1), Route(11, "S", 1)],
        "S": [Route(1, "T", 1), Route(2, "T", 1)],
        "T": [Route(1, "S", 1), Route(2, "S", 1)],
    }
    points = {}
    for name, code in CODES.items():
        linksets = []
        for pair, numbers in LINKS.items():
            if name in pair:
                other = pair.replace(name, "")
                links = [LinkConfiguration(number, slc) for slc, number in enumerate(numbers)]
                linksets.append(LinksetConfiguration(other, CODES[other], links))
        points[name] = SignallingPoint(
            Configuration(
                code,
                linksets,
                routes=(routes or usual)[name],
                transfer=transfer if name in "ST" else None,
                retrieval=True,
                **more,
            )
        )
    net = Network(points)
    for (one, other), numbers in LINKS.items():
        for number in numbers:
            net.join(one, other, number)
    net.start()
    net.run(80.0 if more.get("full_restart") else 10.0)
    clear(net)
    return net


def clear(net: Network) -> None:
    for name in net.points:
        net.take(name)


def send(net: Network, slots=range(16), sender="A", dpc=2) -> None:
    for sls in slots:
        net.points[sender].transfer(TransferRequest(5, dpc, sls, b"%d" % sls), net.now)
    net.drain()


def management(net: Network, name: str) -> list[tuple[int, str]]:
    """Network management that a point sent: to which point code, what."""
    found = []
    for output in net.take(name):
        if isinstance(output, SendMessage):
            msu = decode_msu(output.msu, net.points[name].configuration.variant)
            if msu.information.service == 0:
                found.append((msu.label.dpc, str(msu.management)))
    return found


def received(net: Network, name="B") -> list[bytes]:
    return sorted(output.data for output in net.take(name) if isinstance(output, TransferIndication))


ALL = sorted(b"%d" % sls for sls in range(16))


def test_load_is_shared_over_both_transfer_points_and_their_links():
    net = network()
    assert all(point.available(CODES[peer]) for peer, point in zip("BAAB", net.points.values(), strict=True))
    send(net)
    links = {output.link for output in net.take("A") if isinstance(output, SendMessage)}
    assert links == {0, 1, 2, 3}
    net.run(net.now + 1.0)
    assert received(net) == ALL
    assert net.points["S"].counters["transferred"] == 8


def test_an_end_point_does_not_transfer():
    net = network()
    stray = MSU(ServiceInformation(5, 2), RoutingLabel(2, 10, 0), b"x").encode(Variant.ITU)
    net.event("A", 0, mtp2.MessageReceived(stray))
    assert net.points["A"].counters["for another signalling point"] == 1


def test_screening():
    rules = (ScreeningRule(False, linkset="A", opc=1, dpc=2, services=frozenset({5})),)
    net = network(TransferConfiguration(rules))
    send(net)
    net.run(net.now + 1.0)
    assert received(net) == []
    assert net.points["S"].counters["screened"] == 8
    send(net, sender="B", dpc=1)
    net.run(net.now + 1.0)
    assert received(net, "A") == ALL


def test_transfer_point_that_lost_its_links_to_the_destination_goes_by_its_mate():
    net = network()
    net.fail(4)
    net.fail(5)
    assert (11, "TFP destination=2") in management(net, "S")
    net.run(net.now + 3.0)
    net.take("B")
    send(net)
    net.run(net.now + 1.0)
    assert received(net) == ALL
    assert net.points["A"].available(2)


def test_destination_lost_and_found():
    net = network()
    for link in (4, 5, 6, 7):
        net.fail(link)
    net.run(net.now + 0.5)
    assert (1, "TFP destination=2") in management(net, "S")
    assert (1, "TFP destination=2") in management(net, "T")
    assert PauseIndication(2) in net.take("A")
    for link in (4, 5):
        net.repair(link)
    net.run(net.now + 20.0)
    assert (1, "TFA destination=2") in management(net, "S")
    assert ResumeIndication(2) in net.take("A")
    net.take("B")
    send(net)
    net.run(net.now + 1.0)
    assert received(net) == ALL


def test_restricted_route_is_told_after_t11_and_left_after_t6():
    net = network(TransferConfiguration(restricted=True))
    send(net)
    net.run(net.now + 0.1)
    net.take("B")
    net.fail(4)
    net.fail(5)
    net.run(net.now + 59.0)
    assert not any("TFR" in text for _, text in management(net, "S"))
    net.run(net.now + 2.0)
    assert (1, "TFR destination=2") in management(net, "S")
    net.run(net.now + 1.0)
    net.take("A")
    send(net)
    assert {output.link for output in net.take("A") if isinstance(output, SendMessage)} == {2, 3}
    net.run(net.now + 1.0)
    assert received(net) == ALL
    net.run(net.now + 46.0)
    assert (10, "RSR destination=2") in management(net, "A")


def test_lost_transfer_allowed_is_found_by_the_route_set_test():
    net = network()
    for link in (4, 5, 6, 7):
        net.fail(link)
    net.run(net.now + 1.0)
    net.drop = lambda name, link, msu: "TFA" in str(decode_msu(msu))
    for link in (4, 5, 6, 7):
        net.repair(link)
    net.run(net.now + 20.0)
    assert not net.points["A"].available(2)
    net.drop = lambda name, link, msu: False
    net.run(net.now + 50.0)
    assert (10, "RST destination=2") in management(net, "A")
    assert net.points["A"].available(2)


def test_messages_do_not_go_round():
    """S and T each take the other for the only way to 2 (a mistake of configuration)."""
    routes = {
        "A": [Route(9, "S")],
        "B": [],
        "S": [Route(9, "T")],
        "T": [Route(9, "S")],
    }
    net = network(routes=routes)
    send(net, [0], dpc=9)
    net.run(net.now + 5.0)
    assert sum(net.points[name].counters["transferred"] for name in "ST") <= 1
    assert not net.points["A"].available(9)


def test_misdirected_message_is_answered():
    net = network()
    for link in (4, 5, 8):
        net.fail(link)
    net.run(net.now + 2.0)
    clear(net)
    stray = MSU(ServiceInformation(5, 2), RoutingLabel(2, 1, 0), b"x").encode(Variant.ITU)
    net.event("S", 0, mtp2.MessageReceived(stray))
    net.event("S", 0, mtp2.MessageReceived(stray))
    assert management(net, "S") == [(1, "TFP destination=2")]
    assert net.points["S"].counters["cannot be transferred"] == 2


def test_no_message_is_lost_or_out_of_order_in_controlled_rerouting():
    net = network(TransferConfiguration(restricted=True), timers=Timers(t11=0.5))
    count = 0
    for step in range(400):
        if step == 100:
            net.points["S"].deactivate(4, net.now)
            net.points["S"].deactivate(5, net.now)
        if step == 250:
            net.points["S"].activate(4, net.now)
            net.points["S"].activate(5, net.now)
        count += 1
        net.points["A"].transfer(TransferRequest(5, 2, 0, count.to_bytes(2, "big")), net.now)
        net.drain()
        net.run(net.now + 0.02)
    net.run(net.now + 20.0)
    numbers = [int.from_bytes(output.data, "big") for output in net.take("B") if isinstance(output, TransferIndication)]
    assert numbers == list(range(1, count + 1))


def test_changeover_messages_take_another_way_when_the_linkset_is_gone():
    """Both links of A and S fail at once: they come to terms by way of T."""
    net = network()
    send(net, [0])
    net.fail(0)
    net.fail(1)
    orders = [text for to, text in management(net, "A") if to == 10]
    assert sum("COO" in text for text in orders) == 3  # about 0 over 1, then about both by way of T
    net.run(net.now + 0.3)
    for name in "AS":
        assert net.points[name].counters["changeover not acknowledged"] == 0
    assert net.points["A"].counters["COA"] >= 1


# Inhibiting


def pair(size=2, **more) -> Network:
    links = [LinkConfiguration(slc, slc) for slc in range(size)]
    points = {
        name: SignallingPoint(Configuration(own, [LinksetConfiguration(peer, other, links)], retrieval=True, **more))
        for name, own, other, peer in (("A", 1, 2, "B"), ("B", 2, 1, "A"))
    }
    net = Network(points)
    for slc in range(size):
        net.join("A", "B", slc)
    net.start()
    net.run(80.0 if more.get("full_restart") else 5.0)
    clear(net)
    return net


def test_inhibited_link_keeps_traffic_off_at_both_ends():
    net = pair()
    net.points["A"].inhibit(1, net.now)
    net.drain()
    net.run(net.now + 2.0)
    assert net.points["A"].inhibited_links() == net.points["B"].inhibited_links() == {1}
    assert Notice("inhibited", 1) in net.take("A")
    clear(net)
    for name, dpc in (("A", 2), ("B", 1)):
        send(net, sender=name, dpc=dpc)
        assert {output.link for output in net.take(name) if isinstance(output, SendMessage)} == {0}
    net.points["A"].uninhibit(1, net.now)
    net.drain()
    net.run(net.now + 2.0)
    assert net.points["A"].inhibited_links() == net.points["B"].inhibited_links() == set()
    net.take("A")
    send(net)
    assert {output.link for output in net.take("A") if isinstance(output, SendMessage)} == {0, 1}


def test_the_last_link_is_not_inhibited():
    net = pair()
    net.fail(0)
    net.take("A")
    net.points["A"].inhibit(1, net.now)
    net.drain()
    assert net.take("A") == [Notice("not inhibited: destinations would be cut off", 1)]


def test_inhibited_link_is_taken_back_when_the_other_fails():
    net = pair()
    net.points["A"].inhibit(1, net.now)
    net.drain()
    net.run(net.now + 2.0)
    clear(net)
    net.fail(0)
    net.run(net.now + 0.5)
    for name in "AB":
        assert not any(isinstance(output, PauseIndication) for output in net.take(name))
        assert net.points[name].inhibited_links() == set()


def test_inhibition_is_tested_and_outlives_a_failure():
    net = pair(3)
    net.points["A"].inhibit(1, net.now)
    net.drain()
    net.run(net.now + 1.0)
    net.fail(1)
    net.run(net.now + 1.0)
    net.repair(1)
    net.run(net.now + 300.0)
    assert any(text == "LLT" for _, text in management(net, "A"))
    assert any(text == "LRT" for _, text in management(net, "B"))
    assert net.points["A"].inhibited_links() == net.points["B"].inhibited_links() == {1}


def test_neighbour_that_has_forgotten_the_inhibition():
    net = pair(3)
    net.points["A"].inhibit(1, net.now)
    net.drain()
    net.run(net.now + 1.0)
    net.points["A"]._management.stopped()
    net.run(net.now + 300.0)
    assert net.points["B"].inhibited_links() == set()


# Congestion


def test_congested_link_tells_the_user():
    net = pair()
    net.event("A", 0, mtp2.LinkCongested())
    net.event("A", 1, mtp2.LinkCongested())
    net.take("A")
    send(net)
    told = [output for output in net.take("A") if isinstance(output, StatusIndication)]
    assert told == [StatusIndication(2, StatusCause.CONGESTION)] * 2
    net.event("A", 0, mtp2.LinkCongestionCeased())
    net.event("A", 1, mtp2.LinkCongestionCeased())
    send(net)
    assert not any(isinstance(output, StatusIndication) for output in net.take("A"))


def test_congested_transfer_point_tells_the_origin():
    net = network()
    for link in (4, 5):
        net.event("S", link, mtp2.LinkCongested())
    send(net)
    net.run(net.now + 1.0)
    assert StatusIndication(2, StatusCause.CONGESTION) in net.take("A")
    assert received(net) == ALL


def test_congestion_levels_and_test():
    net = network(congestion_levels=True)
    for link in (4, 5):
        net.event("S", link, mtp2.LinkCongested())
    send(net)
    net.run(net.now + 0.5)
    assert StatusIndication(2, StatusCause.CONGESTION, level=1) in net.take("A")
    assert len(received(net)) == 8
    for link in (4, 5):
        net.event("S", link, mtp2.LinkCongestionCeased())
    net.run(net.now + 6.0)
    outputs = net.take("A")
    assert any("RCT" in str(decode_msu(output.msu)) for output in outputs if isinstance(output, SendMessage))
    assert StatusIndication(2, StatusCause.CONGESTION, level=0) in outputs


# Restart


def test_full_restart_of_everything():
    net = network(full_restart=True)
    for peer, point in zip("BAAB", net.points.values(), strict=True):
        assert point.available(CODES[peer])
    send(net)
    net.run(net.now + 1.0)
    assert received(net) == ALL


def test_restarting_end_point_waits_for_its_neighbour():
    net = pair(full_restart=True)
    a = net.points["A"]
    a.stop(net.now)
    net.drain()
    net.run(net.now + 5.0)
    net.drop = lambda name, link, msu: name == "B" and "TRA" in str(decode_msu(msu))
    a.start(net.now)
    net.drain()
    net.run(net.now + 30.0)
    assert not a.available(2)
    assert not any(text == "TRA" for _, text in management(net, "A"))
    net.run(net.now + 35.0)
    assert a.available(2)
    assert any(text == "TRA" for _, text in management(net, "A"))


def ansi_pair(drop=lambda name, link, msu: False, **more) -> Network:
    """A, which restarts as a whole, and its neighbour B, which does not; both just started."""
    points = {}
    for name, own, other, peer in (("A", 1, 2, "B"), ("B", 2, 1, "A")):
        linkset = LinksetConfiguration(peer, other, [LinkConfiguration(0, 0)], restart_wait=20.0)
        full = name == "A"
        points[name] = SignallingPoint(
            Configuration(own, [linkset], Variant.ANSI, retrieval=True, full_restart=full, **more)
        )
    net = Network(points, drop=drop)
    net.join("A", "B", 0)
    net.start()
    return net


def test_ansi_restarting_point_says_so_and_its_neighbour_waits():
    net = ansi_pair(lambda name, link, msu: name == "B" and "TRA" in str(decode_msu(msu, Variant.ANSI)))
    net.run(58.0)
    assert [text for _, text in management(net, "A")] == ["TRW"] * 5, "at once, then every T26"
    assert not net.points["B"].available(1), "T28 (20 s) is over, but T25 runs anew with each TRW"
    net.run(65.0)  # T20: the neighbour's TRA never came
    assert [text for _, text in management(net, "A")] == ["TRA"]
    assert net.points["A"].available(2)
    assert net.points["B"].available(1)
    assert not [text for _, text in management(net, "A") if text == "TRW"]


def test_ansi_restart_ends_with_the_neighbours_tra():
    net = ansi_pair()
    net.run(5.0)
    assert [text for _, text in management(net, "A")] == ["TRW", "TRA"]
    assert net.points["A"].available(2)
    assert net.points["B"].available(1)


def test_ansi_neighbour_that_says_trw_and_never_tra():
    net = ansi_pair(lambda name, link, msu: name == "A" and "TRA" in str(decode_msu(msu, Variant.ANSI)))
    net.run(20.0)
    assert not net.points["B"].available(1)
    net.run(40.0)
    assert net.points["B"].available(1), "T25 is over"


def test_ansi_restart_without_anything_from_the_neighbour():
    net = ansi_pair(lambda name, link, msu: name == "A" and decode_msu(msu, Variant.ANSI).information.service == 0)
    net.run(19.0)
    assert not net.points["B"].available(1)
    net.run(23.0)
    assert net.points["B"].available(1), "T28 is over"


# Japan


def japan_pair(**more) -> Network:
    links = [LinkConfiguration(slc, slc) for slc in range(2)]
    points = {
        name: SignallingPoint(
            Configuration(
                own,
                [LinksetConfiguration(peer, other, links, link_test=False)],
                Variant.JAPAN,
                retrieval=True,
                **more,
            )
        )
        for name, own, other, peer in (("A", 1, 2, "B"), ("B", 2, 1, "A"))
    }
    net = Network(points)
    for slc in range(2):
        net.join("A", "B", slc)
    net.start()
    return net


def test_japanese_links_carry_traffic_at_once():
    net = japan_pair()
    net.run(1.5)
    assert not [output for output in net.outputs["A"] if isinstance(output, SendMessage)], "no test, no TRA"
    assert net.points["A"].available(2)
    net.run(600.0)
    assert not [output for output in net.outputs["A"] if isinstance(output, SendMessage)]
    net.points["A"].inhibit(0, net.now)
    net.drain()
    assert not net.points["A"].inhibited_links()


def test_japanese_routing_test():
    net = japan_pair(route_test=True)
    net.run(100.0)
    assert net.points["A"].counters["SRT"] == net.points["A"].counters["SRTA"] == 2
    reports = [output for output in net.take("A") if isinstance(output, Notice)]
    assert reports == [Notice("0-0-2 answers the routing test")]
    net.drop = lambda name, link, msu: "SRTA" in str(decode_msu(msu, Variant.JAPAN))
    net.run(300.0)
    reports = [output for output in net.take("A") if isinstance(output, Notice)]
    assert reports == [Notice("0-0-2 does not answer the routing test (JT-Q707)")]
    assert net.points["A"].available(2), "it is only reported"
    net.drop = lambda name, link, msu: False
    net.run(400.0)
    assert Notice("0-0-2 answers the routing test") in net.take("A")


def test_japanese_route_message_about_several_destinations():
    node = SignallingPoint(
        Configuration(
            1,
            [LinksetConfiguration("s", 9, [LinkConfiguration(0, 0)], link_test=False)],
            Variant.JAPAN,
            routes=[(20, "s"), (21, "s")],
        )
    )
    node.start(0.0)
    node.link_event(0, mtp2.LinkInService(), 1.0)
    node.outputs()
    two = bytes.fromhex("001402" + "14000000" + "15000000")
    msu = MSU(ServiceInformation(0, 2), RoutingLabel(1, 9, 0), two).encode(Variant.JAPAN)
    node.link_event(0, mtp2.MessageReceived(msu), 2.0)
    assert [output for output in node.outputs() if isinstance(output, PauseIndication)] == [
        PauseIndication(20),
        PauseIndication(21),
    ]


# Clusters


def test_cluster_messages():
    """ANSI 1-2-3 and 1-2-4 are of one cluster, 1-3-3 is not."""
    codes = [0x010203, 0x010204, 0x010303]
    links = [LinkConfiguration(0, 0)]
    node = SignallingPoint(
        Configuration(1, [LinksetConfiguration("s", 9, links)], Variant.ANSI, routes=[(code, "s") for code in codes])
    )
    node.start(0.0)

    def receive(acronym: str, **fields: int) -> list[object]:
        data = encode_management(acronym, Variant.ANSI, **fields)
        msu = MSU(ServiceInformation(0, 2), RoutingLabel(1, 9, 0), data)
        node.link_event(0, mtp2.MessageReceived(msu.encode(Variant.ANSI)), 3.0)
        return node.outputs()

    node.link_event(0, mtp2.LinkInService(), 1.0)
    pattern = encode_management("SLTA", Variant.ANSI, b"TANDEM")
    test = MSU(ServiceInformation(2, 2), RoutingLabel(1, 9, 0), pattern).encode(Variant.ANSI)
    node.link_event(0, mtp2.MessageReceived(test), 2.0)
    receive("TRA")
    assert all(node.available(code) for code in codes)
    assert receive("TCP", destination=0x010200) == [PauseIndication(codes[0]), PauseIndication(codes[1])]
    assert receive("TCA", destination=0x010200) == [ResumeIndication(codes[0]), ResumeIndication(codes[1])]
    receive("TCR", destination=0x010200)
    assert node._routes.state(codes[0], "s").value == "TFR"


@pytest.mark.parametrize("acronym", ["RCP", "RCR", "RST", "RSR"])
def test_route_set_tests_that_do_not_concern_us(acronym):
    net = pair()
    data = encode_management(acronym, Variant.ITU, destination=77)
    msu = MSU(ServiceInformation(0, 2), RoutingLabel(1, 2, 0), data).encode(Variant.ITU)
    net.event("A", 0, mtp2.MessageReceived(msu))
    assert management(net, "A") == []
