"""Which packets of a batch go from one end to the same other end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import speed
from .network import Transports
from .packets import Batch, grouped

Ends = Callable[[Batch, Transports, int], tuple[str, str]]
"""Gives source and destination of a packet of a batch, `ADDRESS:PORT`."""


def flows_of(batch: Batch, found: Transports, at: np.ndarray, ends: Ends) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Of each of the packets `at` the number of its flow; and (source, destination) of each flow, `ADDRESS:PORT`."""
    flow, heads = (_in_numpy if speed.speedups is None else _compiled)(batch, found, at)
    return flow, [ends(batch, found, place) for place in at[heads].tolist()]


def _compiled(batch: Batch, found: Transports, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number of the flow of each packet, and the first packet of each flow."""
    flow, heads = np.empty(len(at), np.int64), np.empty(len(at), np.int64)
    count = speed.speedups.flows(
        batch.buffer, found.address[at], found.six[at].view(np.uint8), found.source[at], found.destination[at],
        flow, heads, np.empty(len(at), np.uint64), np.zeros(speed.room(len(at)), np.int32),
    )  # fmt: skip
    return flow, heads[:count]


def _in_numpy(batch: Batch, found: Transports, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    octets, address = found.octets, found.address[at]
    key = (found.source[at] << 16 | found.destination[at]).astype(np.uint64)
    words = octets[address[:, None] + np.arange(8)].copy().view(">u4").astype(np.uint64)
    mixed = words[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ words[:, 1] * np.uint64(0xC2B2AE3D27D4EB4F)
    six = found.six[at]
    if six.any():
        rest = octets[address[:, None] + np.arange(32)].copy().view(">u8").astype(np.uint64)
        folded = rest[:, 0] * np.uint64(3) ^ rest[:, 1] * np.uint64(0x9E3779B97F4A7C15)
        folded ^= rest[:, 2] * np.uint64(5) ^ rest[:, 3] * np.uint64(0xC2B2AE3D27D4EB4F)
        mixed = np.where(six, folded, mixed)
    mixed ^= key * np.uint64(0x165667B19E3779F9)
    order = grouped(mixed)
    ordered = mixed[order]
    begins = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    flow = np.empty(len(order), np.int64)
    flow[order] = np.cumsum(begins) - 1
    return flow, order[begins]
