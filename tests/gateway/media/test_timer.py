from __future__ import annotations

import os
import select
import time

from tandem.gateway.media.timer import interval_timer, set_interval


def test_it_becomes_readable_again_and_again_once_read() -> None:
    descriptor = interval_timer(time.monotonic() + 0.001, 0.001)
    try:
        for _ in range(5):
            assert select.select([descriptor], [], [], 5)[0]
            assert int.from_bytes(os.read(descriptor, 8), "little") >= 1
    finally:
        os.close(descriptor)


def test_not_before_the_start() -> None:
    descriptor = interval_timer(time.monotonic() + 1000, 0.001)
    try:
        assert not select.select([descriptor], [], [], 0)[0]
    finally:
        os.close(descriptor)


def test_the_period_can_be_changed() -> None:
    descriptor = interval_timer(time.monotonic() + 1000, 0.001)
    try:
        set_interval(descriptor, time.monotonic(), 1000)
        assert select.select([descriptor], [], [], 5)[0]
        os.read(descriptor, 8)
        assert not select.select([descriptor], [], [], 0)[0]
    finally:
        os.close(descriptor)
