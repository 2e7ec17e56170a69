"""The media process as a process: start, units over SAToP, signals, and every way to end."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.gateways import free_ports

from tandem.gateway.media.process import MediaProcess
from tandem.gateway.media.protocol import (
    Channel,
    CloseRtp,
    Event,
    Failed,
    MediaConfiguration,
    OpenRtp,
    Ready,
    RtpClosed,
    SendUnits,
    Shutdown,
    SpanChanged,
    SpanConfiguration,
    UnitsReceived,
)

PATIENCE = 20.0
FISU = b"\x7f\xff\x00"


def configuration(first_port: int, listen: int, peer: int) -> MediaConfiguration:
    device = f"satop:listen=127.0.0.1:{listen},peer=127.0.0.1:{peer}"
    return MediaConfiguration(
        spans=[SpanConfiguration("E", device)],
        channels=[Channel(4, "E", (16,))],
        rtp_ports=(first_port, first_port + 5),
    )


def hear(process: MediaProcess, enough: Callable[[list[Event]], bool]) -> list[Event]:
    """The events until there are enough of them."""
    events: list[Event] = []
    deadline = time.monotonic() + PATIENCE
    while not enough(events) and not process.closed and time.monotonic() < deadline:
        select.select([process.socket], [], [], 0.1)
        events += process.receive()
    return events


def start_pair(started: Callable[[MediaConfiguration], MediaProcess]) -> tuple[MediaProcess, MediaProcess, int]:
    """Two processes with a span between them, and the first RTP port of the first one."""
    first = free_ports(20)
    near, far = first + 18, first + 19
    return started(configuration(first, near, far)), started(configuration(first + 8, far, near)), first


def bring_up(*processes: MediaProcess) -> None:
    """Wait until each hears the FISUs of the other."""
    for process in processes:
        assert isinstance(hear(process, bool)[0], Ready)
    for process in processes:
        process.send([SendUnits(4, [], FISU)])
    for process in processes:
        hear(process, lambda events: any(isinstance(event, UnitsReceived) and FISU in event.units for event in events))


@pytest.fixture
def started() -> Iterator[Callable[[MediaConfiguration], MediaProcess]]:
    processes: list[MediaProcess] = []

    def start(configuration: MediaConfiguration) -> MediaProcess:
        processes.append(MediaProcess.start(configuration))
        return processes[-1]

    yield start
    for process in processes:
        process.close()


@pytest.mark.parametrize("options", ["", ",aligned=yes"])
def test_a_d_channel_on_a_t1_between_processes(
    started: Callable[[MediaConfiguration], MediaProcess], options: str
) -> None:
    """23B+D: frames of Q.921 both ways over timeslot 24, each once."""
    first = free_ports(20)
    ports = (first + 18, first + 19)
    processes = [
        started(
            MediaConfiguration(
                spans=[
                    SpanConfiguration(
                        "T", f"satop:listen=127.0.0.1:{listen},peer=127.0.0.1:{peer}{options}", "u", "esf"
                    )
                ],
                channels=[Channel(0, "T", (24,), kind="lapd")],
                rtp_ports=(first + 8 * place, first + 8 * place + 5),
            )
        )
        for place, (listen, peer) in enumerate((ports, ports[::-1]))
    ]
    for process in processes:
        hear(process, lambda events: any(isinstance(event, SpanChanged) and not event.alarms for event in events))
    sent = [bytes.fromhex("00017f"), bytes.fromhex("02010000") + bytes(200), bytes.fromhex("00010101")]

    def units(events: list[Event]) -> list[bytes]:
        return [unit for event in events if isinstance(event, UnitsReceived) for unit in event.units]

    for process in processes:
        process.send([SendUnits(0, sent, None)])
    for process in processes:
        assert units(hear(process, lambda events: len(units(events)) >= len(sent))) == sent


def test_units_between_two_processes(started: Callable[[MediaConfiguration], MediaProcess]) -> None:
    a, b, first = start_pair(started)
    bring_up(a, b)
    units = [bytes([number % 128, 128, 40]) + bytes(40) for number in range(200)]
    a.send([SendUnits(4, [unit], FISU) for unit in units])

    def arrived(events: list[Event]) -> list[bytes]:
        received = [unit for event in events if isinstance(event, UnitsReceived) for unit in event.units]
        return [unit for unit in received if unit != FISU]

    assert arrived(hear(b, lambda events: len(arrived(events)) >= len(units))) == units
    a.send([OpenRtp(7, first + 2, "A", 8), CloseRtp(7)])
    closed = hear(a, lambda events: any(isinstance(event, RtpClosed) for event in events))
    assert any(isinstance(event, RtpClosed) and event.leg == 7 for event in closed)
    assert (a.close(), b.close()) == (0, 0)


def test_matrix_products_have_no_threads(started: Callable[[MediaConfiguration], MediaProcess]) -> None:
    process = started(MediaConfiguration(rtp_ports=(free_ports(2),) * 2))
    hear(process, bool)
    assert b"OPENBLAS_NUM_THREADS=1\0" in Path(f"/proc/{process.pid}/environ").read_bytes()
    # The one thread of Python, and none of a library.
    assert len(os.listdir(f"/proc/{process.pid}/task")) == 1


def test_queued_units_leave_before_shutdown(started: Callable[[MediaConfiguration], MediaProcess]) -> None:
    a, b, _ = start_pair(started)
    bring_up(a, b)
    last = b"last words of a link"
    a.send([SendUnits(4, [bytes(100)] * 5 + [last], FISU), Shutdown()])
    events = hear(b, lambda events: any(last in event.units for event in events if isinstance(event, UnitsReceived)))
    assert any(last in event.units for event in events if isinstance(event, UnitsReceived))
    assert a.wait(PATIENCE) == 0


def test_a_wrong_span_is_told_in_one_line(started: Callable[[MediaConfiguration], MediaProcess]) -> None:
    process = started(MediaConfiguration(spans=[SpanConfiguration("x", "nonsense:1")], rtp_ports=(2, 1)))
    (event,) = hear(process, bool)
    assert isinstance(event, Failed)
    assert "nonsense" in event.reason
    assert "\n" not in event.reason
    assert process.wait(PATIENCE) == 1


def test_signals_do_not_end_it_but_the_end_of_the_parent_does(
    started: Callable[[MediaConfiguration], MediaProcess],
) -> None:
    first = free_ports(4)
    process = started(MediaConfiguration(rtp_ports=(first, first + 3)))
    hear(process, bool)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(process.pid, number)
    process.send([OpenRtp(1, first, "A", 8), CloseRtp(1)])
    assert any(isinstance(event, RtpClosed) for event in hear(process, bool))
    assert process.poll() is None
    process.socket.close()
    assert process.wait(PATIENCE) == 0
