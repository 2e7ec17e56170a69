"""The service as a process: how it starts, and how it ends."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time

import hypothesis
import pytest
import uvloop
from hypothesis import strategies as st

from tandem.gateway.demo.gateway import example, free_offset, shift_ports
from tandem.gateway.service import not_before

STARTED = []


@pytest.fixture
def configuration(tmp_path):
    """The example of gateway A on free ports; its neighbour does not exist."""
    text = example("gateway-a.toml")
    text = shift_ports(text, free_offset([text]))
    path = tmp_path / "a.toml"
    path.write_text(text)
    return path


def start(path, *options):
    command = [sys.executable, "-m", "tandem.gateway", "run", "-c", str(path), "--log-format", "json", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    STARTED.append(process)
    return process


@pytest.fixture(autouse=True)
def _nothing_left_running():
    """A test that fails must not leave its gateway behind."""
    yield
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            process.kill()
            process.communicate()


def wait_for(process, text):
    """Read the log until a line holds `text`; all lines so far."""
    lines = []
    for line in process.stderr:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"it ended without saying {text!r}: {''.join(lines)}")


def test_it_runs_without_its_neighbour_and_ends_on_sigterm(configuration):
    process = start(configuration)
    wait_for(process, "LOS")
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads(rest.splitlines()[-1])["text"] == "stopped"
    assert (configuration.parent / "records-a.jsonl").exists()
    assert (configuration.parent / "capture-a.pcapng").stat().st_size > 0


def test_sigint_ends_it_too(configuration):
    process = start(configuration)
    wait_for(process, "is up")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0


def taken_port(path, marker):
    """The port that follows `marker` in the file."""
    return int(path.read_text().split(marker)[1].split('"')[0].split(",")[0])


@pytest.mark.parametrize(
    ("marker", "complaint"),
    [
        ('listen = "127.0.0.1:', "tandem: sip.listen: 127.0.0.1:"),
        ("satop:listen=127.0.0.1:", "tandem: span "),
    ],
)
def test_a_taken_port_is_one_clear_line(configuration, marker, complaint):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", taken_port(configuration, marker)))
        process = start(configuration)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    plain = [line for line in errors.splitlines() if not line.startswith("{")]
    assert len(plain) == 1
    assert plain[0].startswith(complaint)
    assert "Address already in use" in plain[0]


def test_records_that_cannot_be_written_are_told_at_once(configuration):
    (configuration.parent / "records-a.jsonl").mkdir()
    process = start(configuration)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "records-a.jsonl is a folder" in errors


def test_it_ends_when_the_media_process_is_lost(configuration):
    process = start(configuration)
    wait_for(process, "is up")
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
        media = int(file.read().split()[0])
    subprocess.run(["kill", "-KILL", str(media)], check=True)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "the media process is gone" in errors


def test_the_media_process_ends_with_the_gateway(configuration):
    process = start(configuration)
    wait_for(process, "is up")
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
        media = file.read().split()[0]
    process.kill()
    process.communicate(timeout=30)
    for _ in range(100):
        try:
            with open(f"/proc/{media}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return
        except FileNotFoundError:
            return
        time.sleep(0.1)
    raise AssertionError("the media process lives on")


@hypothesis.example(64, 0.5)
@hypothesis.given(st.integers(0, 10**10), st.sampled_from([0.0, 0.0004, 0.05, 0.1, 0.5, 32.0]))
def test_a_timer_is_armed_for_the_next_millisecond(milliseconds, delay):
    """What is added to a time of the clock is a little more or less than it says, in floating point."""
    deadline = milliseconds / 1000 + delay
    assert deadline <= not_before(deadline) <= deadline + 0.001001


def test_a_timer_is_not_called_before_it_is_due():
    """Each call too early would be followed by others until the millisecond is over."""

    async def wait(milliseconds):
        loop = asyncio.get_running_loop()
        deadline = loop.time() + milliseconds / 1000
        called = loop.create_future()
        loop.call_at(not_before(deadline), lambda: called.set_result(loop.time()))
        return deadline, await called

    async def main():
        tenths = [30 + step for step in range(10)]
        return await asyncio.gather(*[wait(step / 10) for step in (*tenths, *range(50, 500, 10))])

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for deadline, called in runner.run(main()):
            assert called >= deadline
