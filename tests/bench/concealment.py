"""What loss and jitter make of speech: PESQ (ITU-T P.862), concealed speech and delay, of captured G.711.

`.venv/bin/python tests/bench/concealment.py CAPTURE…` with captures of RTP in PCMA or PCMU that hold speech; needs
`pip install pesq`. Every pattern goes through the receiving side of the media plane, packet by packet in virtual time.
To compare with another commit, run the same file there.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pesq import pesq
from scapy.layers.inet import IP, UDP
from scapy.utils import PcapReader

from tandem.codecs.g711 import Law, decode
from tandem.codecs.rtp import pack_header
from tandem.gateway.media.receive import Receivers

BLOCK, TICK = 160, 0.02
SEEDS = 8
LONGEST = 20 * 50
_LAWS = {0: Law.MU, 8: Law.A}
Delays = Callable[[int, np.random.Generator], np.ndarray]
"""Delay of each packet in seconds, infinite for one that is lost."""


def speech(paths: list[str]) -> list[tuple[Law, np.ndarray]]:
    """The longest stream of each capture, as octets."""
    found = []
    for path in paths:
        streams: dict[tuple[object, ...], dict[int, bytes]] = defaultdict(dict)
        for packet in PcapReader(path):
            if IP in packet and UDP in packet:
                octets = bytes(packet[UDP].payload)
                if len(octets) > 100 and octets[0] == 0x80 and octets[1] & 0x7F in _LAWS:
                    key = packet[IP].src, octets[8:12], octets[1] & 0x7F
                    streams[key][int.from_bytes(octets[4:8], "big")] = octets[12:]
        key, best = max(streams.items(), key=lambda item: sum(map(len, item[1].values())))
        octets = b"".join(best[stamp] for stamp in sorted(best))
        whole = octets[: min(len(octets) // BLOCK, LONGEST) * BLOCK]
        found.append((_LAWS[int(str(key[2]))], np.frombuffer(whole, np.uint8)))
    return found


def carry(law: Law, octets: np.ndarray, delays: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """What is played of `octets`, and figures."""
    receivers = Receivers(1)
    receivers.open(0, law.value, 0 if law is Law.MU else 8, None)
    kind = 0 if law is Law.MU else 8
    arrivals = np.arange(len(delays)) * TICK + delays
    order = [number for number in np.argsort(arrivals, kind="stable").tolist() if np.isfinite(arrivals[number])]
    rows = np.full((1, BLOCK), 0xD5 if law is Law.A else 0xFF, np.uint8)
    played, depths, upto = [], [], 0
    for tick in range(len(delays) + 30):
        # In the middle of the packets' own times, so that none of them is early or late by rounding.
        now = tick * TICK + 0.01
        while upto < len(order) and arrivals[order[upto]] <= now:
            number = order[upto]
            packet = pack_header(kind, number, number * BLOCK, 7) + octets[number * BLOCK :][:BLOCK].tobytes()
            receivers.receive_one(0, packet, float(arrivals[number]))
            upto += 1
        if tick < len(delays):
            depths.append(receivers.jitter.delay(0) / 8)
        receivers.jitter.play(rows)
        played.append(rows[0].copy())
    seconds = len(delays) * TICK
    figures = receivers.statistics(0)
    return decode(np.concatenate(played), law), {
        "concealed_ms_per_s": figures.concealed_ms / seconds,
        "late": figures.packets_late,
        "left_out_ms_per_s": float(receivers.jitter.skipped[0]) / 8 / seconds,
        "depth_ms": float(np.mean(depths[100:])),
    }


def random_loss(share: float) -> Delays:
    """Packets lost independently."""
    return lambda count, chance: np.where(chance.random(count) < share, np.inf, 0.0)


def bursts(share: float, length: float) -> Delays:
    """Losses in bursts of `length` packets on average (Gilbert)."""

    def delays(count: int, chance: np.random.Generator) -> np.ndarray:
        lost, state = np.zeros(count), False
        for number in range(count):
            state = chance.random() < (1 - 1 / length if state else share / (1 - share) / length)
            lost[number] = np.inf if state else 0.0
        return lost

    return delays


def in_order(delays: np.ndarray) -> np.ndarray:
    """No packet overtakes another."""
    sent = np.arange(len(delays)) * TICK
    return np.maximum.accumulate(sent + delays) - sent


def uniform(most: float) -> Delays:
    """Jitter of 0 to `most` seconds."""
    return lambda count, chance: in_order(chance.random(count) * most)


def exponential(mean: float) -> Delays:
    """Jitter with a long tail."""
    return lambda count, chance: in_order(np.minimum(chance.exponential(mean, count), 0.2))


def spikes(height: float, every: int) -> Delays:
    """A little jitter, and the network standing still for `height` seconds now and then."""

    def delays(count: int, chance: np.random.Generator) -> np.ndarray:
        found = chance.random(count) * 0.005
        found[every // 2 :: every] = height
        return in_order(found)

    return delays


PATTERNS: dict[str, Delays] = {
    "nothing lost": random_loss(0.0),
    "1 % lost": random_loss(0.01),
    "3 % lost": random_loss(0.03),
    "5 % lost": random_loss(0.05),
    "10 % lost": random_loss(0.10),
    "5 % lost in bursts of 2": bursts(0.05, 2),
    "5 % lost in bursts of 3": bursts(0.05, 3),
    "jitter of 0 to 15 ms": uniform(0.015),
    "jitter of 0 to 40 ms": uniform(0.040),
    "jitter exponential, 10 ms": exponential(0.010),
    "jitter exponential, 20 ms": exponential(0.020),
    "60 ms of standstill every 2 s": spikes(0.060, 100),
    "60 ms of standstill every 5 s": spikes(0.060, 250),
}


def main() -> None:
    """Print a table."""
    material = speech([str(Path(path)) for path in sys.argv[1:]])
    print(f"{'pattern':32} {'PESQ':>5} {'concealed':>10} {'left out':>9} {'late':>5} {'depth':>7}")
    for name, pattern in PATTERNS.items():
        scores, figures = [], []
        for law, octets in material:
            for seed in range(SEEDS if name != "nothing lost" else 1):
                delays = pattern(len(octets) // BLOCK, np.random.default_rng(seed))
                heard, found = carry(law, octets, delays)
                scores.append(pesq(8000, decode(octets, law), heard, "nb"))
                figures.append(found)
        mean = {key: float(np.mean([found[key] for found in figures])) for key in figures[0]}
        print(
            f"{name:32} {np.mean(scores):5.2f} {mean['concealed_ms_per_s']:6.1f} ms/s"
            f" {mean['left_out_ms_per_s']:5.1f} ms/s {mean['late']:5.1f} {mean['depth_ms']:4.0f} ms"
        )


if __name__ == "__main__":
    main()
