"""RTP packets of a batch as columns."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from . import speed
from .flows import Ends, flows_of
from .model import RtpPackets
from .network import Transports, pair
from .packets import Batch

RTP_HEADER: Final = 12
"""Octets of it at least (RFC 3550 5.1)."""


def rtp_packets(batch: Batch, found: Transports, at: np.ndarray, ends: Ends) -> tuple[RtpPackets | None, int]:
    """The RTP in the UDP packets `at`, None where there is none; and how many of them are RTCP (RFC 5761 4)."""
    buffer, start = np.frombuffer(batch.buffer, np.uint8), found.start[at] + 8
    second = buffer[start + 1]
    control = (second >= 192) & (second <= 223)
    if several := int(control.sum()):
        keep = ~control
        at, start = at[keep], start[keep]
    if not len(at):
        return None, several
    place = found.index[at]
    numbers = batch.number
    columns = (_in_numpy if speed.speedups is None else _compiled)(batch, found, at, start)
    flow, flows = flows_of(batch, found, at, ends)
    rtp = RtpPackets(
        packet=place if numbers is None else numbers[place],
        time=batch.time[place],
        flow=flow,
        flows=flows,
        **columns,
    )
    # Four octets of a dynamic type: event, end bit and volume, duration (RFC 4733 2.3).
    events = np.flatnonzero((rtp.length == 4) & (rtp.payload_type >= 96)).tolist()
    rtp.events = [(event, int(buffer[rtp.start[event]]), bool(buffer[rtp.start[event] + 1] & 0x80)) for event in events]
    return rtp, several


def _compiled(batch: Batch, found: Transports, at: np.ndarray, start: np.ndarray) -> dict[str, Any]:
    kinds: tuple[Any, ...] = (np.uint8, np.uint8, np.uint16, np.uint32, np.uint32, np.int64, np.int64)
    columns = [np.empty(len(at), kind) for kind in kinds]
    payload_type, marker, sequence, stamp, ssrc, length, payload = columns
    speed.speedups.rtp(batch.buffer, start, found.end[at], *columns)
    return {
        "payload_type": payload_type,
        "marker": marker.view(np.bool_),
        "sequence": sequence,
        "timestamp": stamp,
        "ssrc": ssrc,
        "length": length,
        "start": payload,
    }


def _in_numpy(batch: Batch, found: Transports, at: np.ndarray, start: np.ndarray) -> dict[str, Any]:
    octets = found.octets
    head = octets[start[:, None] + np.arange(RTP_HEADER)]
    contributors = (head[:, 0] & 15).astype(np.int64)
    payload = start + RTP_HEADER + 4 * contributors
    extension = head[:, 0] & 0x10 != 0  # RFC 3550 5.3.1
    if extension.any():
        end = found.end[at]
        whole = np.flatnonzero(extension & (payload + 4 <= end))
        payload[whole] += 4 + 4 * pair(octets, payload[whole] + 2)
        cut = extension.copy()
        cut[whole] = False
        payload[cut] = np.maximum(payload[cut], end[cut])
    return {
        "payload_type": head[:, 1] & 127,
        "marker": head[:, 1] > 127,
        "sequence": head[:, 2:4].copy().view(">u2")[:, 0].astype(np.uint16),
        "timestamp": head[:, 4:8].copy().view(">u4")[:, 0].astype(np.uint32),
        "ssrc": head[:, 8:12].copy().view(">u4")[:, 0].astype(np.uint32),
        "length": np.maximum(0, found.end[at] - payload),
        "start": payload,
    }
