from __future__ import annotations

import numpy as np
import pytest

from tandem.codecs.g711 import Law, decode
from tandem.codecs.telephone_event import TelephoneEvent, digit_event, parse_events
from tandem.gateway.media.digits import (
    BLOCK,
    SHORTEST,
    TIMEOUT,
    DigitPlayer,
    EventInProgress,
    EventReceiver,
    EventSender,
)


def receive(receiver: EventReceiver, packets: list[tuple[TelephoneEvent, int]], now: float = 0.0) -> tuple[str, str]:
    """Digits begun and digits ended."""
    began, ended = "", ""
    for block, timestamp in packets:
        for event, place in zip(receiver.receive(block, timestamp, now), "be", strict=True):
            if event is not None:
                digit = "0123456789*#ABCD"[event.code]
                began, ended = (began + digit, ended) if place == "b" else (began, ended + digit)
    return began, ended


def press(digit: str, timestamp: int, ticks: int = 3) -> list[tuple[TelephoneEvent, int]]:
    updates = [(digit_event(digit, 160 * tick), timestamp) for tick in range(1, ticks)]
    return updates + [(digit_event(digit, 160 * ticks, end=True), timestamp)] * 3


def test_a_digit_is_told_once() -> None:
    assert receive(EventReceiver(), press("5", 1000)) == ("5", "5")


def test_the_same_digit_twice_is_two() -> None:
    assert receive(EventReceiver(), press("5", 1000) + press("5", 3000)) == ("55", "55")


def test_it_ends_when_every_end_packet_was_lost() -> None:
    receiver = EventReceiver()
    assert receive(receiver, press("#", 1000)[:2]) == ("#", "")
    assert receiver.expire(TIMEOUT / 2) is None
    ended = receiver.expire(TIMEOUT)
    assert ended is not None
    assert (ended.duration, ended.ended) == (320, True)
    assert receive(receiver, press("#", 1000)[2:]) == ("", "")


def test_the_next_digit_ends_one_whose_end_was_lost() -> None:
    assert receive(EventReceiver(), press("1", 1000)[:2] + press("2", 3000)) == ("12", "12")


def test_only_end_packets_came() -> None:
    assert receive(EventReceiver(), press("9", 1000)[-1:]) == ("9", "9")


def test_packets_out_of_order_make_no_new_digit() -> None:
    packets = press("1", 0xFFFFFF00) + press("2", 500)
    assert receive(EventReceiver(), packets + press("1", 0xFFFFFF00)) == ("12", "12")


def test_hook_flash_is_no_digit() -> None:
    assert receive(EventReceiver(), [(TelephoneEvent(16, 800, end=True), 1)]) == ("", "")


@pytest.mark.parametrize("law", list(Law))
def test_the_player_plays_as_long_as_the_event_lasts(law: Law) -> None:
    player, event = DigitPlayer(law.value), EventInProgress(5, 10, 0)
    assert player.play() is None
    player.start(event)
    blocks = [player.play() for _ in range(4)]
    event.duration, event.ended = 800, True
    blocks += [player.play(), player.play()]
    assert blocks[-1] is None
    samples = decode(np.concatenate([block for block in blocks if block is not None]), law).astype(float)
    assert len(samples) == 800
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(800)))
    peaks = sorted(int(peak) * 10 for peak in np.argsort(spectrum)[-6:])
    assert any(abs(peak - 770) <= 10 for peak in peaks)
    assert any(abs(peak - 1336) <= 10 for peak in peaks)


def test_a_short_event_is_played_long_enough_and_digits_are_apart() -> None:
    player = DigitPlayer("A")
    for code in (1, 2):
        player.start(EventInProgress(code, 10, 0, duration=160, ended=True))
    blocks = []
    while (block := player.play()) is not None:
        blocks.append(block)
    tone = np.concatenate(blocks) != 0xD5
    assert tone[: SHORTEST - 10].mean() > 0.9
    assert not tone[SHORTEST : 5 * BLOCK].any()
    assert tone[5 * BLOCK : 5 * BLOCK + SHORTEST - 10].mean() > 0.9


def test_the_sender_keeps_the_timestamp_and_ends_three_times() -> None:
    sender, event = EventSender(), EventInProgress(7, 10, 0)
    assert sender.next(0) is None
    sender.start(event)
    sent = []
    for tick in range(8):
        if tick == 3:
            event.duration, event.ended = 640, True
        sent.append(sender.next(1000 + tick * BLOCK))
    assert sent[6:] == [None, None]
    packets = [packet for packet in sent if packet is not None]
    blocks = [parse_events(payload)[0] for payload, _, _ in packets]
    assert [block.duration for block in blocks] == [160, 320, 480, 640, 640, 640]
    assert [block.end for block in blocks] == [False] * 3 + [True] * 3
    assert {(block.digit, timestamp) for block, (_, timestamp, _) in zip(blocks, packets, strict=True)} == {("7", 1000)}
    assert [marker for _, _, marker in packets] == [True] + [False] * 5


def test_two_events_follow_each_other() -> None:
    sender = EventSender()
    for code in (1, 2):
        sender.start(EventInProgress(code, 10, 0, duration=160, ended=True))
    sent = [sender.next(tick * BLOCK) for tick in range(7)]
    assert [packet and (packet[0][0], packet[1]) for packet in sent] == [(1, 0)] * 3 + [(2, 480)] * 3 + [None]
