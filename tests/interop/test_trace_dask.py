"""`tandem trace --scheduler` on a real Dask cluster of two workers on this machine."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.interop

CAPTURE = Path(__file__).parent.parent / "vectors" / "isup" / "captures" / "m3ua_94calls_wireshark.pcap"


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a scheduler with two workers."""
    folder = tmp_path_factory.mktemp("dask")
    told = folder / "scheduler.json"
    common = ["--scheduler-file", str(told), "--no-dashboard"]
    commands = [["dask_scheduler", "--host", "127.0.0.1", "--port", "0", *common]]
    commands += [["dask_worker", *common, "--nthreads", "1", "--local-directory", str(folder)]] * 2
    log = (folder / "log").open("wb")
    running = [
        subprocess.Popen([sys.executable, "-m", f"distributed.cli.{name}", *more], stdout=log, stderr=log, cwd=folder)
        for name, *more in commands
    ]
    until = time.monotonic() + 60
    while not told.exists() or not told.read_text():
        assert time.monotonic() < until, (folder / "log").read_text()
        time.sleep(0.1)
    yield json.loads(told.read_text())["address"]
    for process in running:
        process.terminate()
    for process in running:
        process.wait(20)
    log.close()


def trace(*arguments):
    command = [sys.executable, "-m", "tandem.gateway", "trace", *arguments, "--json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


def test_a_cluster_gives_the_same(scheduler, tmp_path):
    octets = CAPTURE.read_bytes()
    position = 24
    for _ in range(405):
        position += 16 + int.from_bytes(octets[position + 8 : position + 12], "little")
    for name, part in (("1.pcap", octets[24:position]), ("2.pcap", octets[position:])):
        (tmp_path / name).write_bytes(octets[:24] + part)
    here, there = trace(str(tmp_path)), trace(str(tmp_path), "--scheduler", scheduler)
    assert there.returncode == 0, there.stderr
    assert json.loads(there.stdout) == json.loads(here.stdout)
    assert len(json.loads(there.stdout)["calls"]) == 94


def test_nobody_there(tmp_path):
    done = trace(str(CAPTURE), "--scheduler", "tcp://127.0.0.1:9")
    assert done.returncode == 1
    assert "no Dask scheduler answers there" in done.stderr
