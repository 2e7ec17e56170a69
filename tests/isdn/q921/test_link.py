"""A data link as its users see it: alone, and two ends over lines of every kind."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.q921_pair import Pair, Trouble

from tandem.core.errors import EncodeError
from tandem.isdn.q921 import DataLink, LinkConfiguration
from tandem.isdn.q921.frames import InformationFrame, Unnumbered, parse_frame
from tandem.isdn.q921.primitives import (
    DataIndication,
    ErrorCode,
    ErrorIndication,
    Established,
    Released,
    SendFrame,
    State,
    UnitDataIndication,
)


def network(**options):
    return DataLink(LinkConfiguration(network=True, **options))


def established(**options):
    """Our network end, established at the request of the user at time 0."""
    link = network(**options)
    link.frame_received(bytes.fromhex("00017f"), 0.0)
    assert link.outputs() == [SendFrame(bytes.fromhex("000173")), Established(confirm=False)]
    return link


def test_establishment_and_its_retries():
    """5.5.1.3: SABME, again after T200, N200 times; then DL-RELEASE indication."""
    link = network()
    link.establish(0.0)
    sabme = SendFrame(bytes.fromhex("02017f"))
    assert link.outputs() == [sabme]
    for time in (1.0, 2.0, 3.0):
        assert link.next_deadline() == time
        link.handle_timers(time)
        assert link.outputs() == [sabme]
    link.handle_timers(4.0)
    assert link.outputs() == [ErrorIndication(ErrorCode.NO_ANSWER_TO_SABME), Released(confirm=False)]
    assert link.state is State.TEI_ASSIGNED
    assert link.next_deadline() is None


def test_data_both_ways():
    link = established()
    assert link.data(b"\x08ours", 0.0)
    assert link.outputs() == [SendFrame(bytes.fromhex("02010000") + b"\x08ours")]
    link.frame_received(bytes.fromhex("00010002") + b"\x08theirs", 0.1)
    assert link.outputs() == [DataIndication(b"\x08theirs"), SendFrame(bytes.fromhex("00010102"))]
    assert link.pending_messages == 0


def test_unit_data_in_any_state():
    link = network()
    link.unit_data(b"\x08", 0.0)
    assert link.outputs() == [SendFrame(bytes.fromhex("02010308"))]
    link.frame_received(bytes.fromhex("00010309"), 0.0)
    assert link.outputs() == [UnitDataIndication(b"\x09")]


def test_data_is_refused_when_it_cannot_be_sent():
    link = network(send_queue=7)
    assert not link.data(b"x", 0.0)
    link.establish(0.0)
    assert not link.data(b"x", 0.0)
    link.frame_received(bytes.fromhex("020173"), 0.0)
    assert [link.data(b"x", 0.0) for _ in range(8)] == [True] * 7 + [False]
    assert link.counters.messages_refused == 3


def test_data_waits_for_a_recovery():
    """Messages for a connection that is being established anew are kept, when nothing was lost."""
    link = established()
    link.frame_received(bytes.fromhex("00018713" + 4 * "00"), 1.0)
    assert link.state is State.AWAITING_ESTABLISHMENT
    assert link.data(b"kept", 1.0)
    link.outputs()
    link.frame_received(bytes.fromhex("020173"), 1.0)
    assert link.outputs() == [SendFrame(bytes.fromhex("02010000") + b"kept")]


@pytest.mark.parametrize("octets", [b"", bytes(261)], ids=len)
def test_message_of_a_wrong_length(octets):
    link = established()
    with pytest.raises(EncodeError):
        link.data(octets, 0.0)
    with pytest.raises(EncodeError):
        link.unit_data(octets, 0.0)
    assert link.data(bytes(260), 0.0)


@pytest.mark.parametrize("octets", ["", "02", "0203", "02037f", "fefd03", "0001", "000100", "000101"])
def test_frames_that_are_dropped(octets):
    """Another SAPI or TEI, or too short (2.9): without a word."""
    link = established()
    link.frame_received(bytes.fromhex(octets), 0.0)
    assert link.outputs() == []
    assert link.counters.frames_discarded == 1


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        ("02017f", ErrorCode.UNDEFINED_FRAME),
        ("000173", ErrorCode.UNDEFINED_FRAME),
        ("02010000aa", ErrorCode.UNDEFINED_FRAME),
        ("000127", ErrorCode.UNDEFINED_FRAME),
        ("00017f00", ErrorCode.INFORMATION_NOT_PERMITTED),
        ("02018700", ErrorCode.WRONG_SIZE),
        ("000103" + 261 * "00", ErrorCode.INFORMATION_TOO_LONG),
    ],
    ids=["SABME response", "UA command", "I response", "unknown", "SABME with information", "FRMR", "long UI"],
)
def test_frame_rejection(octets, code):
    """3.6.11: reported in any state; the connection, if it is up, is established anew (5.8.5)."""
    link = network()
    link.frame_received(bytes.fromhex(octets), 0.0)
    assert link.outputs() == [ErrorIndication(code)]
    link = established()
    link.frame_received(bytes.fromhex(octets), 0.0)
    assert link.outputs() == [ErrorIndication(code), SendFrame(bytes.fromhex("02017f"))]
    assert link.counters.frames_in_error == 1


def test_persistent_deactivation():
    link = established()
    link.data(b"lost", 0.0)
    link.outputs()
    link.persistent_deactivation(0.5)
    assert link.outputs() == [Released(confirm=False)]
    assert link.next_deadline() is None
    assert not link.is_established


def test_busy():
    link = established()
    link.set_busy(True, 0.0)
    assert link.own_busy
    link.frame_received(bytes.fromhex("00010500"), 0.0)
    assert link.peer_busy
    link.set_busy(False, 0.0)
    assert not link.own_busy
    assert [parse_frame(output.octets).kind.name for output in link.outputs()] == ["RNR", "RR"]


def test_quiet_line():
    """T203: the peer is asked, and asked again; without an answer the link is established anew, then given up."""
    link = established()
    assert link.next_deadline() == 10.0
    said = []
    while (deadline := link.next_deadline()) is not None:
        link.handle_timers(deadline)
        said += link.outputs()
    names = [parse_frame(item.octets).kind.name for item in said if isinstance(item, SendFrame)]
    assert names == ["RR"] * 4 + ["SABME"] * 4
    assert [item for item in said if not isinstance(item, SendFrame)] == [
        ErrorIndication(ErrorCode.NO_ANSWER_TO_ENQUIRY),
        ErrorIndication(ErrorCode.NO_ANSWER_TO_SABME),
        Released(confirm=False),
    ]


# Two ends


def test_establishment_crosses():
    """5.5.5.1: both send SABME; each answers UA, both get their confirm."""
    pair = Pair()
    for link in pair.links:
        link.establish(0.0)
    pair.drain()
    pair.run(1.0)
    assert pair.told == [[Established(confirm=True)]] * 2


def test_release_crosses():
    pair = Pair()
    pair.keep_up = False
    pair.establish()
    for link in pair.links:
        link.release(pair.now)
    pair.drain()
    pair.run(1.0)
    assert [told[-1] for told in pair.told] == [Released(confirm=True)] * 2


def test_release_and_establishment_cross():
    """5.5.5.2: DISC meets SABME, each is answered with DM, both ends are released."""
    pair = Pair()
    pair.keep_up = False
    pair.establish()
    pair.links[0].release(pair.now)
    pair.links[1].establish(pair.now)
    pair.drain()
    pair.run(1.0)
    assert [link.state for link in pair.links] == [State.TEI_ASSIGNED] * 2
    assert pair.told[0][-1] == Released(confirm=True)
    assert pair.told[1][-1] == Released(confirm=False)


def test_window_is_never_exceeded():
    pair = Pair(trouble=Trouble(loss=0.2), window=3)
    pair.establish()
    for _ in range(40):
        pair.send(0)
    outstanding = []
    for _ in range(400):
        pair.run(0.01)
        outstanding.append((pair.links[0]._connection.window.vs - pair.links[0]._connection.window.va) % 128)
    assert max(outstanding) == 3


def test_lost_frame_is_rejected_once():
    """Of seven frames the second is lost: one REJ, six frames again."""
    pair = Pair()
    pair.establish()
    for number in range(7):
        pair.trouble = Trouble(loss=1.0 if number == 1 else 0.0)
        pair.send(0)
    pair.quiet()
    assert pair.delivered[1] == [(1, number) for number in range(7)]
    assert pair.links[0].counters.rejects_received == 1
    assert pair.links[0].counters.messages_retransmitted == 6
    assert pair.errors() == []


def test_cut_line_comes_back():
    """Both ends give up, and come back when they are asked to."""
    pair = Pair()
    pair.establish()
    pair.trouble = Trouble(loss=1.0)
    pair.send(0)
    pair.run(30.0)
    assert all(Released(confirm=False) in told for told in pair.told)
    pair.quiet()
    pair.send(0)
    pair.send(1)
    pair.quiet()
    assert pair.all_delivered()


def play(seed, trouble, delay, window, busy=True):
    """Traffic both ways at random over a bad line, then a good one: everything must arrive."""
    source = Random(seed)
    pair = Pair(seed, trouble, delay, window=window)
    pair.establish()
    for _ in range(40):
        pair.run(source.choice((0.0, 0.001, 0.1, 1.0)))
        for _ in range(source.choice((1, 1, 2, 10))):
            pair.send(source.randrange(2))
        if busy and source.random() < 0.03:
            link = source.choice(pair.links)
            link.set_busy(not link.own_busy, pair.now)
            pair.drain()
    for link in pair.links:
        link.set_busy(False, pair.now)
    pair.drain()
    pair.quiet()
    assert pair.all_delivered() or not pair.in_order
    return pair


@pytest.mark.parametrize("start", range(0, 300, 100))
def test_nothing_is_lost_doubled_or_out_of_order(start):
    """Lines that lose, delay and double frames; the receiver checks every message."""
    seen = Counter()
    for seed in range(start, start + 100):
        source = Random(seed)
        trouble = Trouble(loss=source.choice((0.0, 0.01, 0.1, 0.3, 0.5)), double=source.choice((0.0, 0.1, 0.3)))
        pair = play(seed, trouble, source.choice((0.001, 0.02, 0.2, 0.4)), source.choice((1, 3, 7, 127)))
        seen["delivered"] += sum(map(len, pair.delivered))
        for link in pair.links:
            seen["recovered"] += link.counters.messages_retransmitted
            seen["established anew"] += link.counters.establishments - 1
            seen["refused"] += link.counters.rejects_received
    assert seen["delivered"] > 3000
    assert min(seen[word] for word in ("recovered", "established anew", "refused")) > 10


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 1 << 32),
    st.builds(Trouble, st.floats(0, 0.5), st.floats(0, 0.5), st.just(0.0)),
    st.floats(0.0001, 0.45),
    st.integers(1, 127),
)
def test_any_line(seed, trouble, delay, window):
    play(seed, trouble, delay, window)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.2])
def test_line_that_reorders(rate):
    """Beyond what lines do: in order until the first re-establishment, and never stuck."""
    checked = 0
    for seed in range(60):
        pair = play(seed, Trouble(loss=0.02 * (seed % 3), reorder=rate), 0.02, 7)
        checked += pair.in_order
    if rate < 0.01:
        assert checked > 0


def test_all_frames_of_a_long_talk_are_good():
    """Every frame that either end sent parses, and uses the address of its side."""
    pair = play(5, Trouble(loss=0.3), 0.02, 7)
    kinds = Counter()
    for side, sent in enumerate(pair.sent):
        for frame in map(parse_frame, sent):
            if isinstance(frame, InformationFrame):
                kinds["I"] += 1
                assert frame.address.cr is (side == 0)
            else:
                kinds[frame.kind.name] += 1
                if frame.kind in (Unnumbered.UA, Unnumbered.DM):
                    assert frame.address.cr is (side == 1)
    assert {"I", "RR", "REJ", "SABME", "UA"} <= set(kinds)
