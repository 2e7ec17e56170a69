"""Packets as a batch, without a file around them."""

import numpy as np

from tandem.gateway.analyser.packets import Batch


def batch_of(packets, link_type=1, times=None, first=1, **more):
    lengths = np.array([len(packet) for packet in packets], np.int64)
    return Batch(
        buffer=b"".join(packets),
        start=np.cumsum(lengths) - lengths,
        length=lengths,
        original=lengths,
        time=np.arange(len(packets), dtype=float) if times is None else np.array(times, float),
        link_type=link_type,
        number=np.arange(first, first + len(packets)),
        **more,
    )
