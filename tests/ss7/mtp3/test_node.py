"""Signalling points back to back under a virtual clock, and single ones fed by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.signalling_points import ALIGNMENT, Network

from tandem.ss7.mtp2 import primitives as mtp2
from tandem.ss7.mtp3.configuration import Configuration, LinkConfiguration, LinksetConfiguration, TransferConfiguration
from tandem.ss7.mtp3.label import RoutingLabel, ServiceInformation, Variant
from tandem.ss7.mtp3.link_management import LinkState
from tandem.ss7.mtp3.messages import LINK_TEST, NETWORK_MANAGEMENT, encode_management
from tandem.ss7.mtp3.msu import MSU, decode_msu
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.primitives import (
    LinkFailed,
    LinkRestored,
    Notice,
    PauseIndication,
    ResumeIndication,
    SendMessage,
    StartLink,
    StatusCause,
    StatusIndication,
    StopLink,
    TransferIndication,
    TransferRequest,
)
from tandem.ss7.mtp3.restart import RestartState

USER_MESSAGE = MSU(ServiceInformation(5, 2), RoutingLabel(2, 1, 3), b"x").encode(Variant.ITU)
HELLO = TransferRequest(5, 2, 0, b"hello")


def point(own=1, adjacent=2, links=2, variant=Variant.ITU, **more) -> SignallingPoint:
    known = [LinkConfiguration(number, number) for number in range(links)]
    return SignallingPoint(Configuration(own, [LinksetConfiguration("a", adjacent, known)], variant, **more))


def network(links=2, variant=Variant.ITU, **more) -> Network:
    """A (1) and B (2) with links 0, 1 … between them, started."""
    net = Network({"A": point(links=links, variant=variant, **more), "B": point(2, 1, links, variant)})
    for number in range(links):
        net.join("A", "B", number)
    net.start()
    return net


def running(links=2, variant=Variant.ITU, **more) -> Network:
    net = network(links, variant, **more)
    net.run(5.0)
    assert net.points["A"].available(2)
    net.take("A")
    net.take("B")
    return net


def management(acronym: str, opc=2, dpc=1, sls=0, variant=Variant.ITU, service=0, ni=2, pattern=b"", **fields) -> bytes:
    data = encode_management(acronym, variant, pattern, **fields)
    return MSU(ServiceInformation(service, ni), RoutingLabel(dpc, opc, sls), data).encode(variant)


def sent(outputs, variant=Variant.ITU) -> list[tuple[int, str]]:
    """Link and text of each message among `outputs`."""
    return [
        (output.link, str(decode_msu(output.msu, variant))) for output in outputs if isinstance(output, SendMessage)
    ]


def send(net: Network, name: str, request: TransferRequest) -> None:
    net.points[name].transfer(request, net.now)
    net.drain()


def receive(net: Network, name: str, msu: bytes, link=0) -> list:
    net.take(name)
    net.event(name, link, mtp2.MessageReceived(msu))
    return net.take(name)


# Coming up


@pytest.mark.parametrize("variant", Variant)
def test_two_points_come_up_and_talk(variant):
    net = network(2, variant)
    assert net.take("A") == [PauseIndication(2)]
    send(net, "A", HELLO)
    assert net.take("A") == []
    assert net.points["A"].counters["no route"] == 1
    net.run(ALIGNMENT + 1.0)
    outputs = net.take("A")
    told = [output for output in outputs if not isinstance(output, SendMessage)]
    assert sorted(told, key=str) == [LinkRestored(0), LinkRestored(1), ResumeIndication(2)]
    net.take("B")
    send(net, "A", HELLO)
    net.run(3.0)
    assert net.take("B") == [TransferIndication(5, 1, 2, 0, b"hello")]


def test_order_of_messages_on_a_new_link():
    net = network(1)
    net.run(3.0)
    assert [text.rsplit(" ", 2)[-2:] for _, text in sent(net.take("A"))] == [
        ["SLTM", "54414e44454d"],
        ["SLTA", "54414e44454d"],
        ["0", "TRA"],
    ]
    assert net.points["A"].linkset_states() == {"a": RestartState.RUNNING}


def test_neighbour_that_never_sends_tra():
    net = network(1)
    net.drop = lambda name, link, msu: name == "B" and decode_msu(msu).management.acronym == "TRA"
    net.run(10.0)
    assert not net.points["A"].available(2)
    net.run(12.0)
    assert net.points["A"].available(2)
    assert any(isinstance(output, Notice) for output in net.take("A"))


def test_neighbour_that_never_answers_the_link_test():
    net = network(1)
    net.drop = lambda name, link, msu: name == "B"
    net.run(60.0)
    outputs = net.take("A")
    assert not net.points["A"].available(2)
    failures = [output for output in outputs if isinstance(output, LinkFailed)]
    assert failures == [LinkFailed(0, "link test failed twice (Q.707 2.2)")]
    net.drop = lambda name, link, msu: False
    net.run(90.0)
    assert net.points["A"].available(2)


def test_link_that_never_comes_up():
    net = network(1)
    net.cut.add(0)
    net.run(100.0)
    assert net.take("A") == [PauseIndication(2), LinkFailed(0, "T2 expired")]
    net.repair(0)
    net.run(120.0)
    assert net.points["A"].available(2)


def test_emergency_alignment_only_for_the_first_link():
    node = point()
    node.start(0.0)
    assert [output for output in node.outputs() if isinstance(output, StartLink)] == [
        StartLink(0, True),
        StartLink(1, True),
    ]
    node.link_event(1, mtp2.LinkInService(), 1.0)
    node.link_event(1, mtp2.MessageReceived(management("SLTA", service=1, sls=1, pattern=b"TANDEM")), 1.1)
    node.link_event(0, mtp2.LinkOutOfService("T2 expired"), 2.0)
    node.outputs()
    node.handle_timers(4.0)
    assert StartLink(0, False) in node.outputs()
    node.link_event(1, mtp2.LinkOutOfService("SUERM"), 5.0)
    assert StartLink(1, True) in node.outputs()


# Links that fail


def test_traffic_moves_to_the_other_link_and_back():
    net = running()
    request = TransferRequest(5, 2, 1, b"x")
    send(net, "A", request)
    assert sent(net.take("A")) == [(1, "1->2 sls 1 ISUP")]
    net.fail(1)
    send(net, "A", request)
    outputs = net.take("A")
    assert sent(outputs) == [(0, "1->2 sls 1 ECO")]
    assert PauseIndication(2) not in outputs
    net.run(net.now + 0.1)
    assert sent(net.take("A"))[-1] == (0, "1->2 sls 1 ISUP")
    net.run(net.now + 1.0)
    net.repair(1)
    net.run(net.now + 10.0)
    assert (0, "1->2 sls 1 CBD changeback_code=1") in sent(net.take("A"))
    send(net, "A", request)
    assert sent(net.take("A")) == [(1, "1->2 sls 1 ISUP")]
    assert net.points["A"].counters["changeback not acknowledged"] == 0
    assert net.points["A"].counters["changeover not acknowledged"] == 0


def test_all_links_fail_and_return():
    net = running()
    net.fail(0)
    net.fail(1)
    assert PauseIndication(2) in net.take("A")
    assert not net.points["A"].available(2)
    net.repair(0)
    net.run(net.now + 30.0)
    outputs = net.take("A")
    assert ResumeIndication(2) in outputs
    assert (0, "1->2 sls 0 TRA") in sent(outputs)


def test_periodic_link_test_finds_a_deaf_link():
    net = running(1)
    net.drop = lambda name, link, msu: True
    net.run(100.0)
    outputs = net.take("A")
    assert PauseIndication(2) in outputs
    assert LinkFailed(0, "link test failed twice (Q.707 2.2)") in outputs


def test_changeover_order_from_the_neighbour():
    net = running()
    outputs = receive(net, "A", management("COO", sls=1, forward_sequence_number=5))
    assert (0, "1->2 sls 1 ECA") in sent(outputs)
    assert not any("ECO" in text for _, text in sent(outputs))
    assert net.points["A"].link_states()[1] is LinkState.WAITING
    net.run(30.0)
    assert net.points["A"].link_states()[1] is LinkState.AVAILABLE


def test_processor_outage_of_the_neighbour():
    net = running(1)
    net.event("A", 0, mtp2.RemoteProcessorOutage())
    assert PauseIndication(2) in net.take("A")
    net.event("A", 0, mtp2.RemoteProcessorRecovered())
    net.run(net.now + 11.0)
    assert ResumeIndication(2) in net.take("A")


def test_inhibited_link_carries_no_traffic_until_it_is_the_last():
    net = running()
    assert (1, "1->2 sls 1 LIA") in sent(receive(net, "A", management("LIN", sls=1), link=1))
    send(net, "A", TransferRequest(5, 2, 1, b"x"))
    assert sent(net.take("A")) == [(0, "1->2 sls 1 ISUP")]
    net.fail(0)
    outputs = net.take("A")
    assert (1, "1->2 sls 1 LFU") in sent(outputs)
    assert PauseIndication(2) not in outputs


def test_stop_and_start_again():
    net = running()
    net.points["A"].stop(net.now)
    net.drain()
    assert PauseIndication(2) in net.take("A")
    net.run(net.now + 20.0)
    assert not net.points["B"].available(1)
    net.points["A"].start(net.now)
    net.drain()
    net.run(net.now + 20.0)
    assert net.points["A"].available(2)
    assert net.points["B"].available(1)


def test_stop_commands_every_link():
    node = point()
    node.start(0.0)
    node.outputs()
    node.stop(1.0)
    assert node.outputs() == [StopLink(0), StopLink(1)]
    assert node.next_deadline() is None


# Routes and users


def test_destination_beyond_the_neighbour():
    net = running(routes=[(9, "a", 1)])
    assert net.points["A"].available(9)
    assert receive(net, "A", management("TFP", destination=9)) == [PauseIndication(9)]
    net.run(net.now + 50.0)
    assert (0, "1->2 sls 0 RST destination=9") in sent(net.take("A"))
    assert receive(net, "A", management("TFA", destination=9)) == [ResumeIndication(9)]
    assert receive(net, "A", management("TFP", destination=2)) == []
    assert net.points["A"].available(2)


def test_route_set_test_about_ourselves():
    net = running()
    assert sent(receive(net, "A", management("RST", destination=1))) == [(0, "1->2 sls 0 TFA destination=1")]
    assert receive(net, "A", management("RST", destination=77)) == []


def test_late_tra_is_answered_once():
    net = running(1)
    assert receive(net, "A", management("TRA")) == []
    net.run(net.now + 70.0)
    assert sent(receive(net, "A", management("TRA"))) == [(0, "1->2 sls 0 TRA")]
    assert receive(net, "A", management("TRA", sls=15)) == []


def test_service_without_user():
    net = running()
    sccp = MSU(ServiceInformation(3, 2), RoutingLabel(1, 2, 4), b"x").encode(Variant.ITU)
    assert sent(receive(net, "A", sccp)) == [(0, "1->2 sls 0 UPU destination=1 user_part=3 cause=1")]
    net.run(net.now + 1.0)
    assert net.take("B") == [StatusIndication(1, StatusCause.USER_PART_UNEQUIPPED, service=3)]


def test_user_part_unavailable_from_afar():
    net = running()
    upu = management("UPU", opc=9, destination=9, user_part=5, cause=2)
    assert receive(net, "A", upu) == [StatusIndication(9, StatusCause.USER_PART_INACCESSIBLE, service=5)]


def test_transfer_controlled():
    net = running()
    assert receive(net, "A", management("TFC", destination=2, status=1)) == [
        StatusIndication(2, StatusCause.CONGESTION, level=1)
    ]


def test_user_traffic_before_tra_starts_traffic():
    net = network(1)
    net.drop = lambda name, link, msu: name == "B" and decode_msu(msu).management.acronym == "TRA"
    net.run(3.0)
    isup = MSU(ServiceInformation(5, 2), RoutingLabel(1, 2, 4), b"x").encode(Variant.ITU)
    outputs = receive(net, "A", isup)
    assert outputs == [ResumeIndication(2), TransferIndication(5, 2, 1, 4, b"x")]


# Link test


def test_crossed_links_are_answered_with_the_right_code():
    net = running()
    test = management("SLTM", service=1, sls=1, pattern=b"abc")
    assert sent(receive(net, "A", test, link=0)) == [(0, "1->2 sls 0 SLTA 616263")]
    assert net.points["A"].counters["SLTM with a wrong code"] == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"pattern": b"other"},
        {"pattern": b"TANDEM", "sls": 1},
        {"pattern": b"TANDEM", "opc": 3},
    ],
)
def test_wrong_acknowledgement_repeats_the_test(answer):
    node = point(links=1)
    node.start(0.0)
    node.link_event(0, mtp2.LinkInService(), 1.0)
    node.outputs()
    node.link_event(0, mtp2.MessageReceived(management("SLTA", service=1, **answer)), 1.1)
    assert sent(node.outputs()) == [(0, "1->2 sls 0 SLTM 54414e44454d")]
    assert node.link_states() == {0: LinkState.TESTING}


def test_looped_link_does_not_pass():
    node = point(links=1)
    node.start(0.0)
    node.link_event(0, mtp2.LinkInService(), 1.0)
    own = next(output.msu for output in node.outputs() if isinstance(output, SendMessage))
    node.link_event(0, mtp2.MessageReceived(own), 1.1)
    assert node.outputs() == []
    assert node.counters["for another signalling point"] == 1


# What cannot be understood


@pytest.mark.parametrize(
    ("msu", "counter"),
    [
        (b"", "malformed"),
        (b"\x85\x01\x80", "malformed"),
        (management("TFP", destination=9)[:-1], "malformed"),
        (management("TRA")[:-1], "malformed"),
        (management("TRA", ni=0), "of another network"),
        (management("TRA", dpc=5), "for another signalling point"),
        (management("TRA", opc=3), "management from a point that is not adjacent"),
        (management("TRW"), "management not acted on"),
        (management("COO", sls=9), "management not acted on"),
        (management("TRA")[:-1] + b"\xff", "management not acted on"),
        (management("SLTM", service=1, opc=3, pattern=b"x"), "test message dropped"),
        (management("SLTM", service=1, pattern=b"x")[:-2] + b"\x00", "test message dropped"),
    ],
)
def test_counted_and_dropped(msu, counter):
    net = running()
    before = net.points["A"].counters[counter]
    assert receive(net, "A", msu) == []
    assert net.points["A"].counters[counter] == before + 1


def test_events_of_unknown_links_and_of_no_meaning():
    node = point(links=1)
    node.start(0.0)
    node.link_event(7, mtp2.LinkInService(), 0.0)
    node.link_event(0, mtp2.LinkCongested(), 0.0)
    node.link_event(0, mtp2.MessageReceived(management("TRA")), 0.0)
    assert node.counters == {"unknown link": 1, "LinkCongested": 1, "received on a link out of service": 1}


def primitives(variant):
    """What level 2 may report, with messages that get past the label more often than not, and time to pass."""
    headed = st.builds(
        lambda service, dpc, sls, heading, body: MSU(
            ServiceInformation(service, 2), RoutingLabel(dpc, 2, sls), bytes([heading]) + body
        ).encode(variant),
        st.sampled_from([0, 0, 0, 1, 2, 3, 5]),
        st.sampled_from([1, 1, 1, 1, 2, 9]),
        st.integers(0, 3),
        st.sampled_from([kind.heading for kind in (*NETWORK_MANAGEMENT, *LINK_TEST)]) | st.integers(0, 255),
        st.binary(max_size=5) | st.sampled_from([b"\x09\x00\x00", b"\x60TANDEM", b"\x61TANDEM"]),
    )
    messages = st.one_of(headed, headed, st.binary(max_size=12)).map(mtp2.MessageReceived)
    others = st.sampled_from(
        [
            mtp2.LinkInService(),
            mtp2.LinkInService(),
            mtp2.LinkOutOfService("x"),
            mtp2.RemoteProcessorOutage(),
            mtp2.RemoteProcessorRecovered(),
            mtp2.LinkCongested(),
            mtp2.LinkCongestionCeased(),
            mtp2.RetrievedBsnt(7),
            mtp2.RetrievedMessages((management("TFA", opc=1, dpc=2, destination=5), USER_MESSAGE)),
        ]
    )
    return st.one_of(others, messages, st.floats(0.1, 80.0))


EVERYTHING = {
    "transfer": TransferConfiguration(restricted=True),
    "congestion_levels": True,
    "full_restart": True,
    "retrieval": True,
}


@pytest.mark.parametrize(
    ("variant", "more"),
    [
        (Variant.ITU, {}),
        (Variant.ITU, EVERYTHING),
        (Variant.CHINA, {}),
        (Variant.ANSI, {}),
        (Variant.JAPAN, EVERYTHING),
    ],
)
@settings(max_examples=60)
@given(data=st.data(), ready=st.booleans())
def test_any_sequence_keeps_the_point_sound(variant, more, data, ready):
    """No exception; PAUSE and RESUME alternate; a destination is available exactly when a message finds a link."""
    node = point(variant=variant, routes=[(9, "a")], **more)
    node.start(0.0)
    now, told = 0.0, {2: False, 9: False}
    if ready:
        service = 2 if variant is Variant.ANSI else 1
        for link in (0, 1):
            fields = {"signalling_link_code": link} if variant is Variant.ANSI else {}
            answer = management("SLTA", sls=link, service=service, pattern=b"TANDEM", variant=variant, **fields)
            node.link_event(link, mtp2.LinkInService(), now)
            node.link_event(link, mtp2.MessageReceived(answer), now)
            node.link_event(link, mtp2.MessageReceived(management("TRA", variant=variant)), now)
        now = 61.0
        node.handle_timers(now)
    told = {pc: node.available(pc) for pc in told}
    node.outputs()
    for link, step in data.draw(st.lists(st.tuples(st.integers(0, 1), primitives(variant)), max_size=40)):
        if isinstance(step, float):
            now += step
            node.handle_timers(now)
        else:
            node.link_event(link, step, now)
        for output in node.outputs():
            if isinstance(output, ResumeIndication):
                assert not told[output.pc]
                told[output.pc] = True
            elif isinstance(output, PauseIndication):
                assert told[output.pc]
                told[output.pc] = False
            elif isinstance(output, SendMessage):
                assert decode_msu(output.msu, variant).encode(variant) == output.msu
        for pc, available in told.items():
            assert node.available(pc) is available
            waiting = node._traffic._flows.of(pc, 3).hold is not None
            node.transfer(TransferRequest(5, pc, 3, b"", priority=3), now)
            outputs = [output for output in node.outputs() if isinstance(output, SendMessage)]
            assert bool(outputs) is (available and not waiting)
        deadline = node.next_deadline()
        assert deadline is None or deadline > now


@settings(max_examples=15, deadline=None)
@given(
    cuts=st.lists(st.tuples(st.floats(0.5, 30.0), st.integers(0, 2), st.booleans()), max_size=10),
    loss=st.integers(0, 3),
)
def test_points_recover_from_any_failures(cuts, loss):
    """Whatever links fail and whichever management message is lost now and then, both ends agree in the end."""
    net = network(3)
    count = 0

    def drop(name, link, msu):
        nonlocal count
        count += 1
        return loss > 0 and count % (loss + 2) == 0

    net.drop = drop
    for pause, link, repair in cuts:
        net.run(net.now + pause)
        if repair:
            net.repair(link)
        else:
            net.fail(link)
    net.drop = lambda name, link, msu: False
    for link in range(3):
        net.repair(link)
    net.run(net.now + 200.0)
    for name, peer in (("A", 2), ("B", 1)):
        assert net.points[name].available(peer)
        assert set(net.points[name].link_states().values()) == {LinkState.AVAILABLE}
