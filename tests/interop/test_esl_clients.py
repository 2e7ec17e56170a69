"""Clients of FreeSWITCH's event socket, unmodified, at a gateway that runs; and fs_cli's dialogues, replayed."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.operator_process import OperatedGateway, free_port
from support.sipp import Sipp

from tandem.gateway.esl.wire import Reader, parse_headers

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = Path(sys.prefix) / "clients"
"""Where `make` installs them, apart from the rest: they want old versions of what others need."""
DIALOGUES = sorted((ROOT / "vectors/esl").glob("*.txt"))

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with OperatedGateway(tmp_path_factory.mktemp("esl")) as started:
        started.up()
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
    assert json.loads(seen["spans"])["row_count"] == 4
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


@pytest.mark.parametrize(("name", "colour"), [("greenswitch_server.py", "blue"), ("genesis_server.py", "red")])
def test_a_channel_is_handed_to_a_program(name, colour, gateway, tmp_path):
    port = free_port()
    command = [sys.executable, str(ROOT / "interop/peers/esl" / name), str(port)]
    environment = os.environ | {"PYTHONPATH": str(CLIENTS), "OTEL_SDK_DISABLED": "true"}
    with (
        Sipp("plain_callee", tmp_path, port=gateway.user, called="100") as callee,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as program,
    ):
        assert program.stdout.readline() == "ready\n"
        answer = gateway.ask(f"originate sip/pbx/100 '&socket(127.0.0.1:{port} async full)'")
        seen = json.loads(program.communicate(timeout=60)[0].splitlines()[-1])
        callee.wait()
    assert answer == f"+OK {seen['uuid']}\n"
    assert seen["set"] == f"colour={colour}"
    if "events" in seen:
        assert seen["trunk"] == "pbx"
        assert {"CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP_COMPLETE"} <= set(seen["events"])
    gateway.wait_for(lambda: gateway.ask("show channels count") == "\n0 total.\n")


def test_a_program_that_is_not_there(gateway, tmp_path):
    with Sipp("plain_callee", tmp_path, port=gateway.user, called="100") as callee:
        assert gateway.ask(f"originate sip/pbx/100 '&socket(127.0.0.1:{free_port()})'").startswith("+OK ")
        callee.wait()
    assert "cannot be handed to 127.0.0.1:" in gateway.log()


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
