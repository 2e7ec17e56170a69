"""What a supervisor is told, on a real socket."""

import os
import socket

import pytest

from tandem.gateway.supervisor import MEDIA_SILENCE, Supervisor


@pytest.fixture
def listener(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        yield listener


def supervisor(listener, **environment):
    return Supervisor({"NOTIFY_SOCKET": listener.getsockname()} | environment)


def test_ready_and_stopping(listener):
    one = supervisor(listener)
    one.ready("30 circuits")
    one.stopping()
    assert listener.recv(1000) == b"READY=1\nSTATUS=30 circuits"
    assert listener.recv(1000) == b"STOPPING=1\nSTATUS=shutting down"
    one.close()


def test_the_watchdog_is_fed_as_long_as_the_media_process_reports(listener):
    one = supervisor(listener, WATCHDOG_USEC="10000000", WATCHDOG_PID=str(os.getpid()))
    first, second = object(), object()
    told = []
    for report, now in ((first, 0.0), (first, MEDIA_SILENCE - 1), (first, MEDIA_SILENCE), (second, MEDIA_SILENCE + 1)):
        one.alive(report, now, "ok")
        told.append(listener.recv(1000).startswith(b"WATCHDOG=1"))
    assert told == [True, True, False, True]
    one.close()


@pytest.mark.parametrize("environment", [{}, {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}])
def test_a_watchdog_that_is_not_ours_is_not_fed(listener, environment):
    one = supervisor(listener, **environment)
    one.alive(object(), 0.0, "3 calls")
    assert listener.recv(1000) == b"STATUS=3 calls"
    one.close()


def test_an_abstract_address():
    name = f"tandem-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(5)
        one = Supervisor({"NOTIFY_SOCKET": f"@{name}"})
        one.ready("x")
        assert listener.recv(100).startswith(b"READY=1")
        one.close()


def test_without_a_supervisor_or_with_one_that_is_gone_nothing_happens(tmp_path):
    Supervisor({}).ready("x")
    one = Supervisor({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    one.ready("x")
    one.close()
