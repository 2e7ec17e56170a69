"""Clients of FreeSWITCH's event socket, unmodified, at a gateway that runs; and fs_cli's dialogues, replayed."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.operator_process import OperatedGateway

from tandem.gateway.esl.wire import Reader, parse_headers

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = Path(sys.prefix) / "clients"
"""Where `make` installs them, apart from the rest: they want old versions of what others need."""
DIALOGUES = sorted((ROOT / "vectors/esl").glob("*.txt"))

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with OperatedGateway(tmp_path_factory.mktemp("esl")) as started:
        started.wait_for(lambda: json.loads(started.ask("show trunks as json"))["rows"][0]["state"] == "up")
        yield started


def run(name, gateway):
    """What a client's program printed."""
    command = [sys.executable, str(ROOT / "interop/peers/esl" / name), str(gateway.port), "ClueCon"]
    environment = os.environ | {"PYTHONPATH": str(CLIENTS), "OTEL_SDK_DISABLED": "true"}
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, env=environment)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_greenswitch(gateway):
    seen = run("greenswitch_client.py", gateway)
    assert "is ready" in seen["status"]
    assert json.loads(seen["spans"])["row_count"] == 2
    assert seen["event"] == "+OK event listener enabled plain"
    assert seen["block"] == "+OK block 1 circuit(s) of left\n"
    assert any("circuit block left 4" in line for line in seen["log"])
    by_name = {event["Event-Name"]: event for event in seen["events"]}
    assert by_name["BACKGROUND_JOB"]["Job-UUID"] == seen["job"]
    assert by_name["HEARTBEAT"]["Event-Info"] == "System Ready"
    blocked = [event for event in seen["events"] if event.get("Event-Subclass") == "tandem::circuit"]
    assert ("left", "4") in [(event["Trunk"], event["Circuit"]) for event in blocked]
    assert seen["wrong"] == "Invalid password."


def test_genesis(gateway):
    seen = run("genesis_client.py", gateway)
    assert "is ready" in seen["status"]
    assert seen["event"] == "+OK event listener enabled plain"
    assert seen["filter"] == "+OK filter added. [Event-Name]=[HEARTBEAT]"
    assert seen["events"][0]["Event-Info"] == "System Ready"
    assert json.loads(seen["channels"]) == {"row_count": 0}
    assert seen["wrong"] == "AuthenticationError"


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda path: path.stem)
def test_fs_cli(dialogue, gateway):
    reader, waiting = Reader(), []
    with socket.create_connection(("127.0.0.1", gateway.port), 20) as client:

        def hear():
            while True:
                while not waiting:
                    octets = client.recv(65536)
                    assert octets, "the gateway closed the connection"
                    waiting.extend((parse_headers(lines), body) for lines, body in reader.feed(octets))
                headers, body = waiting.pop(0)
                if headers["content-type"] not in ("log/data", "text/event-plain"):
                    return headers, body

        for line in dialogue.read_text().splitlines():
            said = line[2:].replace("\\n", "\n")
            if line.startswith(">"):
                client.sendall(said.encode() + b"\n\n")
            elif line.startswith("<"):
                name, _, value = said.partition(": ")
                headers, body = hear()
                found = body if name == "body" else headers.get(name.lower(), "")
                assert found.startswith(value), line
        if said.startswith("Content-Type: text/disconnect-notice"):
            assert client.recv(65536) == b""
