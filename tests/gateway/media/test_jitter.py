from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tandem.codecs.concealment import OVERLAP
from tandem.codecs.g711 import Law, decode, encode
from tandem.gateway.media.jitter import (
    AT_ONCE,
    BLOCK,
    GIVE_UP,
    HELD,
    MOST,
    PATIENCE,
    SPARES,
    WINDOW,
    WINDOWS,
    JitterBuffers,
)

pytestmark = pytest.mark.usefixtures("media_loops")

SILENCE = 0xD5


class Bench:
    """One leg of three, with a source of octets that tells places apart."""

    leg = 1

    def __init__(self, buffers: JitterBuffers | None = None) -> None:
        self.buffers = buffers or JitterBuffers(3)
        self.rows = np.full((3, BLOCK), SILENCE, np.uint8)
        self.buffers.open(self.leg, "A", SILENCE)

    def push(self, number: int, gap: int = 0, size: int = BLOCK, lost: bool = True) -> bool:
        return self.buffers.push(self.leg, octets(number * BLOCK, size), gap, lost)

    def play(self) -> bytes:
        self.buffers.play(self.rows)
        assert bytes(self.rows[0]) == bytes(self.rows[2]) == bytes([SILENCE]) * BLOCK
        return self.rows[self.leg].tobytes()

    @property
    def concealed(self) -> int:
        return int(self.buffers.concealed[self.leg])


def octets(start: int, size: int = BLOCK) -> bytes:
    """Octets of an endless sequence, from number `start` on."""
    return bytes((position * 7 + position // 251) % 256 for position in range(start, start + size))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_speech_comes_out_untouched_one_tick_after_the_first_packet(bench: Bench) -> None:
    heard = b""
    for number in range(40):
        bench.push(number)
        heard += bench.play()
    assert heard == bytes([SILENCE]) * BLOCK + octets(0, 39 * BLOCK)
    assert bench.concealed == 0


def test_the_fast_way_is_the_same_as_the_slow_way() -> None:
    fast, slow = Bench(), Bench()
    for number in range(60):
        leg = np.array([1])
        if fast.buffers.accepts(leg)[0]:
            fast.buffers.push_in_order(leg, np.frombuffer(octets(number * BLOCK), np.uint8)[None])
        else:
            fast.push(number)
        slow.push(number)
        assert fast.play() == slow.play()
    assert fast.buffers.accepts(np.array([1]))[0]


@pytest.mark.parametrize("size", [80, 240, 320, 33])
def test_any_packet_time_comes_out_whole(bench: Bench, size: int) -> None:
    heard, sent = b"", 0
    for tick in range(1, 80):
        while sent < tick * BLOCK:
            bench.buffers.push(bench.leg, octets(sent, size))
            sent += size
        heard += bench.play()
    assert heard[BLOCK:] == octets(0, len(heard) - BLOCK)
    assert bench.concealed == 0


def test_a_lost_packet_is_concealed_and_nothing_moves(bench: Bench) -> None:
    heard = b""
    for number in range(10):
        if number != 5:
            bench.push(number, gap=BLOCK if number == 6 else 0)
        heard += bench.play()
    heard = heard[BLOCK:]
    assert bench.concealed == BLOCK
    assert heard[: 5 * BLOCK] == octets(0, 5 * BLOCK)
    assert heard[6 * BLOCK + OVERLAP :] == octets(6 * BLOCK + OVERLAP, 3 * BLOCK - OVERLAP)


@pytest.mark.parametrize("ahead", [0, 2], ids=["nothing waiting", "packets waiting"])
@pytest.mark.parametrize("period", [45, 80, 113])
def test_a_voice_goes_on_over_a_lost_packet(bench: Bench, period: int, ahead: int) -> None:
    time = np.arange(14 * BLOCK)
    voice = 4000 * np.sin(2 * np.pi * time / period) + 3000 * np.sin(6 * np.pi * time / period + 1)
    sent = encode(voice.astype(np.int16), Law.A).reshape(-1, BLOCK)
    heard = []
    for number in range(14):
        if number != 8:
            bench.buffers.push(bench.leg, sent[number].tobytes(), BLOCK if number == 9 else 0)
        if number >= ahead:
            heard.append(bench.play())
    while bench.buffers.delay(bench.leg):
        heard.append(bench.play())
    played = decode(np.frombuffer(b"".join(heard), np.uint8), Law.A).astype(float)
    # The buffer begins with one packet, whatever was there before.
    played = played[np.argmax(np.abs(played) > 100) // BLOCK * BLOCK :]
    expected = voice[-len(played) :]
    lost = slice(len(played) - 6 * BLOCK, len(played) - 5 * BLOCK)
    error = played - expected
    # It keeps its level for 10 ms and has lost a fifth of it after 20.
    assert np.sqrt(np.mean(error[lost][:80] ** 2)) < 0.03 * voice.std()
    assert np.sqrt(np.mean(error[lost] ** 2)) < 0.15 * voice.std()
    assert np.abs(error[: lost.start]).max() < 200
    assert np.abs(error[lost.stop + OVERLAP :]).max() < 200
    assert bench.concealed == BLOCK


def test_when_all_legs_lose_at_once_each_has_something_and_the_rest_goes_on(bench: Bench) -> None:
    legs = 3 * AT_ONCE
    buffers, rows = JitterBuffers(legs), np.zeros((legs, BLOCK), np.uint8)
    loud = encode((8000 * np.sin(np.arange(40 * BLOCK) / 9)).astype(np.int16), Law.A).reshape(-1, BLOCK)
    for leg in range(legs):
        buffers.open(leg, "A", SILENCE)

    def push(number: int, gap: int = 0) -> None:
        for leg in range(legs):
            buffers.push(leg, loud[number].tobytes(), gap)

    for number in range(6):
        push(number)
        buffers.play(rows)
    for _ in range(2):
        buffers.play(rows)
    assert buffers.concealed.tolist() == [BLOCK] * legs
    assert np.abs(decode(rows, Law.A)).max(axis=1).min() > 2000
    push(7, BLOCK)
    push(8)
    buffers.play(rows)
    buffers.play(rows)
    assert (rows == loud[8]).all()
    for _ in range(4):
        buffers.play(rows)
    assert (rows == SILENCE).all()
    for _ in range(2 * GIVE_UP // BLOCK):
        buffers.play(rows)
    assert buffers.concealed.tolist() == [4 * BLOCK] * legs


def test_a_packet_out_of_order_takes_its_place(bench: Bench) -> None:
    heard = b""
    for number in (0, 1, 3, 2, 4, 5, 6):
        gap = {3: BLOCK, 2: -2 * BLOCK}.get(number, 0)
        assert bench.push(number, gap)
        if number != 3:
            heard += bench.play()
    heard += bench.play()
    assert heard[BLOCK:] == octets(0, len(heard) - BLOCK)
    assert bench.concealed == 0


def test_a_packet_that_was_played_already_or_twice_is_refused(bench: Bench) -> None:
    for number in range(4):
        bench.push(number)
        bench.play()
    assert not bench.push(1, gap=-3 * BLOCK)
    assert not bench.push(3, gap=-BLOCK)
    assert bench.play() == octets(3 * BLOCK)


def test_a_late_packet_makes_the_buffer_deeper_and_is_not_lost(bench: Bench) -> None:
    heard = b""
    for number in range(5):
        bench.push(number)
        heard += bench.play()
    heard = heard[BLOCK:] + bench.play()  # nothing came: what was left
    assert heard == octets(0, 5 * BLOCK)
    bench.play()  # nothing came and nothing was left
    assert bench.concealed == BLOCK
    bench.push(5)
    bench.push(6)
    bench.push(7)
    heard = b"".join(bench.play() for _ in range(3))
    assert heard[OVERLAP:] == octets(5 * BLOCK + OVERLAP, 3 * BLOCK - OVERLAP)


def test_what_was_concealed_when_the_buffer_ran_dry_is_not_concealed_again(bench: Bench) -> None:
    for number in range(3):
        bench.push(number)
        bench.play()
    bench.play()
    bench.play()
    assert bench.concealed == BLOCK
    bench.push(4, gap=BLOCK)
    assert bench.play()[OVERLAP:] == octets(4 * BLOCK + OVERLAP, BLOCK - OVERLAP)
    assert bench.concealed == BLOCK


def test_concealment_dies_away_and_ends(bench: Bench) -> None:
    for number in range(3):
        bench.push(number)
        bench.play()
    blocks = [bench.play() for _ in range(1 + GIVE_UP // BLOCK)][1:]
    power = [float(np.abs(decode(np.frombuffer(block, np.uint8), Law.A).astype(float)).sum()) for block in blocks]
    assert power[0] > power[1] > power[2] > 0
    assert all(block == bytes([SILENCE]) * BLOCK for block in blocks[3:])
    assert bench.concealed == 3 * BLOCK
    bench.push(50)
    assert [bench.play(), bench.play()] == [bytes([SILENCE]) * BLOCK, octets(50 * BLOCK)]


def test_announced_silence_is_not_concealment(bench: Bench) -> None:
    for number in range(3):
        bench.push(number)
        bench.play()
    bench.buffers.quiet(bench.leg)
    bench.play()
    assert [bench.play() for _ in range(3)] == [bytes([SILENCE]) * BLOCK] * 3
    assert bench.concealed == 0


def test_a_gap_that_was_not_sent_is_silence(bench: Bench) -> None:
    bench.push(0)
    bench.play()
    bench.push(1, gap=BLOCK, lost=False)
    assert [bench.play(), bench.play(), bench.play()] == [octets(0), bytes([SILENCE]) * BLOCK, octets(BLOCK)]
    assert bench.concealed == 0


def test_a_burst_is_cut_to_a_short_delay(bench: Bench) -> None:
    for number in range(12):
        bench.push(number)
        assert bench.buffers.delay(bench.leg) <= MOST
    bench.play()
    assert bench.play() == octets(11 * BLOCK)


def deepen(bench: Bench, packets: int, content: bytes | None = None) -> Iterator[int]:
    """Make the buffer deeper by so many packets that come together, then one a tick; the delay behind each tick."""
    number = 0

    def push() -> None:
        nonlocal number
        bench.buffers.push(bench.leg, octets(number * BLOCK) if content is None else content)
        number += 1

    for _ in range(3):
        push()
        bench.play()
    for _ in range(packets):
        push()
    while True:
        yield bench.buffers.delay(bench.leg)
        push()
        bench.play()


def test_a_buffer_too_deep_for_eight_seconds_gives_up_packets_slowly(bench: Bench) -> None:
    delays = deepen(bench, 3)
    assert next(delays) == 4 * BLOCK
    history = [next(delays) for _ in range((WINDOWS + 1) * WINDOW)]
    assert min(history[: (WINDOWS - 1) * WINDOW]) == 4 * BLOCK
    history += [next(delays) for _ in range(4 * PATIENCE + 4 * WINDOW)]
    assert history[-1] == BLOCK
    steps = np.flatnonzero(np.diff(history))
    assert np.diff(history)[steps].tolist() == [-BLOCK] * 3
    assert np.diff(steps).min() >= WINDOW
    assert int(bench.buffers.skipped[bench.leg]) == 3 * BLOCK


def test_of_many_legs_too_deep_only_some_look_for_silence_at_a_time() -> None:
    """A network that calms down makes all of them too deep together; each has its turn, and no tick takes longer."""
    count = 3 * SPARES
    buffers, legs = JitterBuffers(count), np.arange(count)
    for leg in range(count):
        buffers.open(leg, "A", 0xD5)
    rows = np.full((count, BLOCK), 0xD5, np.uint8)
    speech = np.tile(np.asarray(encode(np.full(BLOCK, 8000, np.int16), Law.A)), (count, 1))
    for leg in range(count):
        buffers.push(leg, speech[leg].tobytes())
    buffers.play(rows)
    for leg in range(count):
        for _ in range(3):
            buffers.push(leg, speech[leg].tobytes())
    deep = buffers.delay(0)
    looked = []
    for _ in range(WINDOW * WINDOWS + 4 * (PATIENCE + WINDOW)):
        assert buffers.accepts(legs).all()
        buffers.push_in_order(legs, speech)
        buffers.play(rows)
        looked.append(int(buffers._rough.sum()))
    assert max(looked) == SPARES
    assert all(buffers.delay(leg) < deep for leg in range(count))


def test_a_packet_is_left_out_in_silence_at_once_and_unheard(bench: Bench) -> None:
    delays = deepen(bench, 2, bytes([SILENCE ^ 2]) * BLOCK)
    for _ in range((WINDOWS + 1) * WINDOW):
        assert next(delays) >= 2 * BLOCK
    assert next(delays) == 2 * BLOCK
    for _ in range(WINDOW + 1):
        last = next(delays)
        assert bench.rows[bench.leg].tobytes() == bytes([SILENCE ^ 2]) * BLOCK
    assert last == BLOCK


def test_jitter_that_goes_on_keeps_the_buffer_deep(bench: Bench) -> None:
    number = 0
    for tick in range(30 * WINDOW):
        if tick % 200 not in (50, 51):  # every four seconds two packets come two ticks late
            for _ in range(3 if tick % 200 == 52 else 1):
                bench.push(number)
                number += 1
        bench.play()
    # The first time it ran dry for a tick; from then on it was deep enough.
    assert bench.concealed == BLOCK
    assert int(bench.buffers.skipped[bench.leg]) == 0


def test_speech_begins_again_as_deep_as_it_was(bench: Bench) -> None:
    bench.push(0)
    bench.play()
    for number in range(1, 4):
        bench.push(number)
        bench.play()
    for _ in range(3):
        bench.play()  # late by three ticks, and one was in reserve
    for number in range(4, 8):
        bench.push(number)
        bench.play()
    for _ in range(4):
        bench.push(number := number + 1)
    deep = bench.buffers.delay(bench.leg)
    bench.buffers.quiet(bench.leg)
    for _ in range(2 * GIVE_UP // BLOCK):
        bench.play()
    assert bench.buffers.delay(bench.leg) == 0 < deep
    for number in range(100, 106):
        bench.push(number)
        bench.play()
    assert bench.buffers.delay(bench.leg) == 3 * BLOCK


def test_the_bounds_of_the_depth_are_kept() -> None:
    bench = Bench(JitterBuffers(3, least=3 * BLOCK, most=6 * BLOCK))
    for number in range(8):
        bench.push(number)
        bench.play()
    assert bench.buffers.delay(bench.leg) == 3 * BLOCK - BLOCK + BLOCK
    for number in range(8, 20):
        bench.push(number)
        assert bench.buffers.delay(bench.leg) <= 6 * BLOCK


def test_a_leg_held_for_a_modem_keeps_its_time(bench: Bench) -> None:
    for number in range(4):
        bench.push(number)
        bench.play()
    bench.buffers.hold(bench.leg)
    assert bench.buffers.held(bench.leg)
    heard = [bench.play() for _ in range(HELD // BLOCK)]  # 4, 5 and 6 do not come
    assert heard[-1] == octets(3 * BLOCK)
    silent = [bench.play(), bench.play()]  # 7 does not come in time, 8 neither
    assert silent == [bytes([SILENCE]) * BLOCK] * 2
    pushed = [bench.push(number) for number in range(4, 12)]
    assert pushed == [False, False, True, True, True, True, True, True]
    assert b"".join(bench.play() for _ in range(6)) == octets(6 * BLOCK, 6 * BLOCK)
    bench.push(13, gap=BLOCK)
    assert [bench.play(), bench.play()] == [bytes([SILENCE]) * BLOCK, octets(13 * BLOCK)]


def test_nothing_is_left_of_the_leg_before() -> None:
    bench = Bench()
    for number in range(3):
        bench.push(number)
        bench.play()
    bench.buffers.close(bench.leg)
    bench.buffers.open(bench.leg, "u", 0xFF)
    bench.push(9)
    assert bench.play() == bytes([0xFF]) * BLOCK
    assert bench.play() == octets(9 * BLOCK)
    assert bench.concealed == 0
