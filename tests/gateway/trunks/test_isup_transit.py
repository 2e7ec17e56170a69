"""ISUP to ISUP through one node, with another variant and other point codes on each side."""

import msgspec
import numpy
import pytest
from support.isup_pair import ACM, iam
from support.isup_single import cause
from support.isup_transit import Transit
from support.multirate import Crossing, frame_numbers

from tandem.gateway.configuration.schema import Circuits
from tandem.gateway.media.protocol import Source
from tandem.gateway.trunks.isup import IsupTrunkPort
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.transport import UserServiceInformation
from tandem.ss7.isup.variants import Variant

UUI = RawParameter(P.USER_TO_USER_INFORMATION, b"\x04hello")
UNKNOWN = RawParameter(0x96, b"\x01\x02")
HOPS = RawParameter(P.HOP_COUNTER, b"\x05")
BOTH = pytest.mark.parametrize("right", [Variant.CHINA, Variant.ANSI], ids=["china", "ansi"])


def calling(right=Variant.CHINA, *more):
    """A call from left circuit 3 to right circuit 33; the IAM sent."""
    transit = Transit(right)
    transit.receive("left", M.IAM, 3, *iam(), *more)
    (initial,) = transit.take("right")
    assert transit.take("left") == []
    return transit, initial


@BOTH
def test_iam_goes_through_in_the_other_variant(right):
    transit, initial = calling(right, UUI, HOPS, RawParameter(P.GENERIC_NUMBER, b"\x06\x03\x13\x21"))
    assert (initial.type, initial.cic) == (M.IAM, 33)
    assert initial.raw(P.USER_TO_USER_INFORMATION) == UUI.octets
    assert initial.raw(P.GENERIC_NUMBER) == b"\x06\x03\x13\x21"
    assert initial.raw(P.HOP_COUNTER) == b"\x04"
    assert initial.raw(P.FORWARD_CALL_INDICATORS) == b"\x60\x00"
    assert (P.TRANSMISSION_MEDIUM_REQUIREMENT in initial) is (right is Variant.CHINA)
    assert (initial.raw(P.USER_SERVICE_INFORMATION) == b"\x90\x90\xa2") is (right is Variant.ANSI)
    assert transit.node.control.calls


@BOTH
def test_a_whole_call(right):
    transit, _ = calling(right)
    transit.receive("right", M.ACM, 33, *ACM, UUI)
    (complete,) = transit.take("left")
    assert (complete.type, complete.cic) == (M.ACM, 3)
    assert complete.raw(P.USER_TO_USER_INFORMATION) == UUI.octets
    transit.receive("right", M.CPG, 33, RawParameter(P.EVENT_INFORMATION, b"\x02"))
    transit.receive("right", M.ANM, 33, RawParameter(P.CONNECTED_NUMBER, b"\x03\x13\x21"))
    progress, answer = transit.take("left")
    assert (progress.type, answer.type) == (M.CPG, M.ANM)
    assert answer.raw(P.CONNECTED_NUMBER) == b"\x03\x13\x21"
    transit.receive("right", M.REL, 33, cause(31, 5), UUI)
    assert [message.type for message in transit.take("right")] == [M.RLC]
    (release,) = transit.take("left")
    assert (release.type, release.raw(18), release.raw(P.USER_TO_USER_INFORMATION)) == (M.REL, b"\x85\x9f", UUI.octets)
    transit.receive("left", M.RLC, 3)
    assert not transit.node.control.calls


def test_a_notification_of_the_calling_side_goes_forward():
    transit, _ = calling()
    transit.receive("right", M.ACM, 33, *ACM)
    transit.receive("right", M.ANM, 33)
    transit.take("left")
    transit.receive("left", M.CPG, 3, RawParameter(P.EVENT_INFORMATION, b"\x02"), RawParameter(0x2C, b"\xe0"))
    (progress,) = transit.take("right")
    assert (progress.type, progress.cic, progress.raw(0x2C)) == (M.CPG, 33, b"\xe0")


def test_connect_becomes_acm_and_anm_towards_ansi():
    transit = Transit(Variant.ANSI)
    bearer = RawParameter(P.USER_SERVICE_INFORMATION, b"\x80\x90\xa2")
    ansi = [item for item in iam() if item.code != P.TRANSMISSION_MEDIUM_REQUIREMENT]
    transit.receive("right", M.IAM, 33, *ansi, bearer, RawParameter(P.CHARGE_NUMBER, b"\x03\x10\x21"))
    (initial,) = transit.take("left")
    assert initial.raw(P.TRANSMISSION_MEDIUM_REQUIREMENT) == b"\x00"
    assert P.CHARGE_NUMBER not in initial
    transit.receive("left", M.CON, initial.cic, *ACM)
    assert [message.type for message in transit.take("right")] == [M.ACM, M.ANM]


def answered():
    transit, _ = calling()
    transit.receive("right", M.CON, 33, *ACM)
    transit.take("left"), transit.take("right")
    return transit


@pytest.mark.parametrize("kind", [M.FAC, M.FOT, M.USR, M.IDR, M.NRM, M.INR], ids=lambda kind: kind.name)
def test_messages_of_the_call_go_through_both_ways(kind):
    parameters = {
        M.USR: [UUI],
        M.INR: [RawParameter(P.INFORMATION_REQUEST_INDICATORS, b"\x01\x00")],
    }.get(kind, [])
    transit = answered()
    transit.receive("left", kind, 3, *parameters)
    transit.receive("right", kind, 33, *parameters)
    (forward,), (backward,) = transit.take("right"), transit.take("left")
    assert (forward.type, forward.cic, backward.type, backward.cic) == (kind, 33, kind, 3)
    assert forward.raw_parameters() == parameters


def test_charge_information_goes_through_whole():
    transit = answered()
    transit.octets("right", bytes([33, 0, M.CRG, 1, 2, 3]))
    assert [message.encode() for message in transit.take("left")] == [bytes([3, 0, M.CRG, 1, 2, 3])]


def test_unknown_message_and_parameter_are_passed_on_as_they_say():
    transit = answered()
    transit.octets("left", bytes([3, 0, 0x99, 1, 56, 1, 0x80, 0]))
    assert [message.encode() for message in transit.take("right")] == [bytes([33, 0, 0x99, 1, 56, 1, 0x80, 0])]
    pass_on = RawParameter(P.PARAMETER_COMPATIBILITY_INFORMATION, b"\x96\x80")
    transit.receive("left", M.FAC, 3, UNKNOWN, pass_on)
    assert transit.take("right")[0].raw_parameters() == [UNKNOWN, pass_on]
    assert transit.take("left") == []


def test_suspension_and_resumption_go_through():
    transit = answered()
    network = RawParameter(P.SUSPEND_RESUME_INDICATORS, b"\x01")
    transit.receive("right", M.SUS, 33, network)
    transit.receive("right", M.RES, 33, network)
    assert [message.type for message in transit.take("left")] == [M.SUS, M.RES]


def test_the_check_of_one_circuit_is_not_asked_of_the_next():
    transit = Transit()
    transit.receive("left", M.IAM, 3, *iam(continuity=1))
    assert transit.take("right") == []
    transit.receive("left", M.COT, 3, RawParameter(P.CONTINUITY_INDICATORS, b"\x01"))
    (initial,) = transit.take("right")
    assert initial.raw(P.NATURE_OF_CONNECTION_INDICATORS) == b"\x00"


def test_segments_are_joined_for_the_next_exchange():
    transit = Transit()
    transit.receive("left", M.IAM, 3, *iam(), RawParameter(P.OPTIONAL_FORWARD_CALL_INDICATORS, b"\x04"))
    assert transit.take("right") == []
    transit.receive("left", M.SGM, 3, UUI)
    (initial,) = transit.take("right")
    assert initial.raw(P.USER_TO_USER_INFORMATION) == UUI.octets


def test_hop_counter_used_up():
    transit = Transit()
    transit.receive("left", M.IAM, 3, *iam(), RawParameter(P.HOP_COUNTER, b"\x01"))
    assert transit.take("right") == []
    (release,) = transit.take("left")
    assert release.raw(18)[1] == 0x80 | 25


# --- N x 64 kbit/s

WHOLE = ("1-15,17-31", "33-47,49-63")


def multirate(medium, right=Variant.CHINA, cics=WHOLE, first=1, *more):
    """A call of several timeslots from the left, answered from the right; the IAM sent and the media commands."""
    transit = Transit(right, cics)
    transit.node.effects()
    transit.receive("left", M.IAM, first, *iam(medium=medium), *more)
    (initial,) = transit.take("right")
    transit.receive("right", M.ACM, initial.cic, *ACM)
    transit.receive("right", M.ANM, initial.cic)
    assert [message.type for message in transit.take("left")] == [M.ACM, M.ANM]
    return transit, initial, [item for item in transit.node.effects().media if isinstance(item, Source)]


def pairs(sources, sink):
    """Timeslots that the last commands join towards one span: (of the sink, of the source), in order."""
    joined = {c.sink.timeslot: c.source.timeslot for c in sources if c.sink.span == sink and c.source is not None}
    return sorted(joined.items())


@BOTH
@pytest.mark.parametrize(("medium", "count"), [(7, 2), (8, 6), (9, 24), (10, 30), (16, 3)])
def test_every_timeslot_is_joined_in_order(medium, count, right):
    transit, initial, sources = multirate(medium, right)
    slots = [slot for slot in range(1, 32) if slot != 16][:count]
    assert initial.cic == 33
    if right is Variant.CHINA:
        assert initial.raw(P.TRANSMISSION_MEDIUM_REQUIREMENT) == bytes([medium])
    else:
        assert initial.get(UserServiceInformation).timeslots == count
    assert pairs(sources, "right") == pairs(sources, "left") == [(slot, slot) for slot in slots]
    assert all(command.transparent for command in sources)
    transit.receive("left", M.REL, 1, cause(16))
    assert [(message.type, message.cic) for message in transit.take("right")] == [(M.REL, 33)]
    transit.receive("right", M.RLC, 33)
    silenced = {c.sink for c in transit.node.effects().media if isinstance(c, Source) and c.source is None}
    assert {slot for endpoint in silenced if (slot := endpoint.timeslot) and endpoint.span == "left"} == set(slots)
    assert {endpoint.timeslot for endpoint in silenced if endpoint.span == "right"} == set(slots)
    exchange = transit.node.isup.exchange
    assert exchange.idle_circuits("left") == exchange.idle_circuits("right") == 30
    assert not transit.node.control.calls


def test_scattered_circuits_on_either_side():
    """A circuit assignment map (Q.763 3.69) in, another one out, as the circuits of the two sides are free."""
    came = RawParameter(P.CIRCUIT_ASSIGNMENT_MAP, bytes([2]) + (1 << 2 | 1 << 8 | 1 << 19).to_bytes(4, "little"))
    _, initial, sources = multirate(16, Variant.CHINA, ("1-15,17-31", "33-34,36-37"), 3, came)
    sent = bytes([2]) + (1 << 0 | 1 << 1 | 1 << 3).to_bytes(4, "little")
    assert initial.raw(P.CIRCUIT_ASSIGNMENT_MAP) == sent
    assert pairs(sources, "right") == [(1, 3), (2, 9), (4, 20)]
    assert pairs(sources, "left") == [(3, 1), (9, 2), (20, 4)]


def test_a_repeat_attempt_joins_the_new_timeslots():
    transit = Transit(Variant.CHINA, WHOLE)
    transit.receive("left", M.IAM, 1, *iam(medium=7))
    transit.receive("right", M.BLO, 33)
    assert [message.cic for message in transit.take("right") if message.type is M.IAM] == [33, 35]
    assert pairs([c for c in transit.node.effects().media if isinstance(c, Source)], "left") == [(1, 3), (2, 4)]


def test_a_path_in_two_spans_carries_no_such_call():
    """The timeslots of two spans do not keep step."""
    transit = Transit(Variant.CHINA, WHOLE)
    port = transit.node.isup.trunks["right"]
    assert port.multirate
    owner, linkset = transit.node.isup, transit.node.configuration.ss7.linkset[1]
    halves = [Circuits("left", "33-40", "21-28"), Circuits("right", "41-47", "1-7")]
    split = IsupTrunkPort(msgspec.structs.replace(port.configuration, circuits=halves), linkset, owner)
    assert not split.multirate
    transit.node.control.trunks["right"] = split
    transit.receive("left", M.IAM, 1, *iam(medium=7))
    (release,) = transit.take("left")
    assert (release.type, release.raw(18)[1]) == (M.REL, 0x80 | 65)


def test_no_circuits_for_all_of_it():
    transit = Transit(Variant.CHINA, ("1-15,17-31", "33-36"))
    transit.receive("left", M.IAM, 1, *iam(medium=8))
    (release,) = transit.take("left")
    assert (release.type, release.raw(18)[1]) == (M.REL, 0x80 | 34)


@pytest.mark.parametrize("signalling", [True, False], ids=["timeslot 16 signals", "no signalling"])
@pytest.mark.parametrize(("medium", "first"), [(7, 3), (8, 7), (9, 1), (10, 1)])
def test_the_octets_of_a_frame_come_out_in_one_frame(medium, first, signalling):
    """Time slot sequence integrity on the real media plane: no timeslot ahead of another, no octet changed."""
    _, _, sources = multirate(medium, Variant.CHINA, WHOLE, first)
    joined = pairs(sources, "right")
    crossing = Crossing(f"multirate{medium}{signalling}", sources, signalling)
    try:
        for here, there, timeslots in (
            ("left", "right", [source for _, source in joined]),
            ("right", "left", [sink for sink, _ in joined]),
        ):
            out = [sink for sink, _ in joined] if there == "right" else [source for _, source in joined]
            crossing.run(0.2, here, timeslots, there)
            numbers = frame_numbers(crossing.run(0.3, here, timeslots, there), out)
            assert len(numbers) > 2000
            assert (numbers == numbers[:, :1]).all()
            assert (numpy.diff(numbers[:, 0]) % 256 == 1).all()
    finally:
        crossing.close()


@pytest.mark.parametrize("octets", [b"", b"\x80", b"\xff\xff\xff"], ids=["empty", "short", "ones"])
@pytest.mark.parametrize("right", [Variant.CHINA, Variant.ANSI], ids=["china", "ansi"])
@pytest.mark.parametrize("kind", [M.IAM, M.ACM, M.ANM], ids=lambda kind: kind.name)
def test_parameters_that_cannot_be_read_are_as_good_as_absent(kind, right, octets):
    """No peer brings the gateway down: the call goes on without what its message was to say (Q.764 2.9.5)."""
    codes = [P.CONNECTED_NUMBER, P.EVENT_INFORMATION]
    if kind is M.IAM:
        codes = [P.CALLING_PARTY_NUMBER, P.REDIRECTING_NUMBER, P.ORIGINAL_CALLED_NUMBER, P.REDIRECTION_INFORMATION]
        codes += [P.USER_SERVICE_INFORMATION, P.CIRCUIT_ASSIGNMENT_MAP]
    for code in codes:
        transit = Transit(right)
        spoilt = RawParameter(code, octets)
        transit.receive("left", M.IAM, 3, *iam(), *([spoilt] if kind is M.IAM else []))
        (initial,) = transit.take("right")
        if kind is not M.IAM:
            transit.receive("right", M.ACM, initial.cic, *ACM, *([spoilt] if kind is M.ACM else []))
            transit.receive("right", M.ANM, initial.cic, *([spoilt] if kind is M.ANM else []))
            assert [message.type for message in transit.take("left")] == [M.ACM, M.ANM]


def test_a_sam_that_cannot_be_read():
    transit = Transit()
    transit.octets("left", bytes([3, 0, M.SAM, 2, 0, 0]))
    assert not transit.node.control.calls
