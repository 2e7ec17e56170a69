"""`tandem demo` as a newcomer runs it."""

import contextlib
import datetime
import json
import re
import socket
import subprocess
import sys

import pytest

from tandem.gateway.analyser.analysis import analyse

pytestmark = [pytest.mark.interop, pytest.mark.realtime, pytest.mark.timeout(120)]

DEMO = [sys.executable, "-P", "-m", "tandem.gateway", "demo"]


def test_all_right(tmp_path):
    done = subprocess.run([*DEMO, "--keep", str(tmp_path)], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All right." in done.stdout
    assert done.stderr == ""
    for message in ("INVITE", "IAM", "ACM", "180 Ringing", "ANM", "200 OK", "BYE", "REL", "RLC"):
        assert message in done.stdout
    assert len(re.findall(r"^ +right ", done.stdout, re.MULTILINE)) >= 8
    for file in ("records-a.jsonl", "records-b.jsonl", "capture-a.pcapng", "capture-b.pcapng"):
        assert (tmp_path / file).stat().st_size
    for side in "ab":
        same_calls(tmp_path / f"capture-{side}.pcapng", tmp_path / f"records-{side}.jsonl")
    both = analyse([str(tmp_path / f"capture-{side}.pcapng") for side in "ab"]).calls
    # Both gateways saw the ISUP of one call: that is one record of it.
    assert sorted({call.outcome for call in both}) == ["answered"]
    assert sum(call.protocol == "isup" for call in both) == sum(call.protocol == "sip" for call in both) / 2


def same_calls(capture, records):
    """The records of a gateway are what the analyser finds in its capture."""
    found = analyse([str(capture)]).calls
    written = [json.loads(line) for line in records.read_text().splitlines()]
    assert written
    for one in written:
        for half in ("incoming", "outgoing"):
            protocol, called = one[half]["protocol"], one[half]["called"]
            start, released = (
                datetime.datetime.fromisoformat(one[key]).timestamp() for key in ("setup_time", "release_time")
            )
            (call,) = [
                call
                for call in found
                if (call.protocol, call.called) == (protocol, called) and abs(call.start - start) < 1
            ]
            assert (call.calling, call.cause, call.outcome) == (one[half]["calling"], one["cause"], one["result"])
            answered = datetime.datetime.fromisoformat(one["answer_time"]).timestamp()
            assert (call.answered, call.released) == (pytest.approx(answered, abs=1), pytest.approx(released, abs=1))
            if protocol == "isup":
                assert f"pstn/{call.cic}" == one[half]["id"]
            else:
                assert call.call_id == one[half]["id"]


@pytest.mark.parametrize("signalling", ["m2pa", "m3ua"])
def test_all_right_over_ip(signalling, tmp_path):
    """The same call with the signalling over SCTP, in user space where the kernel has none."""
    command = [*DEMO, "--keep", str(tmp_path), "--signalling", signalling]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "on the E1: IAM, ACM, ANM, REL, RLC" in done.stdout


def test_taken_ports_are_stepped_over():
    """Another program on the ports of the examples does not disturb it: the demo moves aside."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        with contextlib.suppress(OSError):  # taken already: as good
            taken.bind(("127.0.0.1", 40001))
        done = subprocess.run(DEMO, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_folder_that_cannot_be_written(tmp_path):
    """What goes wrong is one clear line and exit status 1."""
    file = tmp_path / "file"
    file.write_text("not a folder")
    done = subprocess.run([*DEMO, "--keep", str(file)], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("tandem: ")
    assert str(file) in line


def test_run_with_a_port_that_is_taken(tmp_path):
    """`tandem run` on a taken SIP port: one clear line that names it, exit status 1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        configuration = tmp_path / "gateway.toml"
        configuration.write_text(
            f'[sip]\nlisten = "127.0.0.1:{port}"\n[media]\nports = [17000, 17001]\n'
            '[[trunk]]\nname = "pbx"\ntype = "sip"\npeer = "127.0.0.1:9"\n[[route]]\nto = ["pbx"]\n'
        )
        command = [sys.executable, "-P", "-m", "tandem.gateway", "run", "-c", str(configuration)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("tandem: ")]
    assert len(lines) == 1
    assert str(port) in lines[0]
    assert "Traceback" not in done.stderr
