"""The operator's side of a gateway that runs: event socket, console, audit, live configuration."""

import json
import signal
import socket

import pytest
from support.operator_process import OperatedGateway


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("operated")


@pytest.fixture(scope="module")
def gateway(folder):
    """One for all tests: it takes a while to start. The last of them ends it."""
    with OperatedGateway(folder) as started:
        yield started


def test_an_elegant_end_and_its_taking_back(gateway):
    gateway.wait_for(lambda: json.loads(gateway.ask("show trunks as json"))["rows"][0]["state"] == "up")
    with gateway.held_call():
        assert gateway.ask("fsctl shutdown elegant") == "+OK\n"
        gateway.wait_for(lambda: gateway.ask("fsctl shutdown_check") == "true\n")
        assert gateway.ask("fsctl shutdown cancel") == "+OK\n"
        gateway.wait_for(lambda: gateway.ask("fsctl ready_check") == "true\n")
        gateway.wait_for(lambda: json.loads(gateway.ask("show trunks as json"))["rows"][0]["blocked"] == 0)


def test_events_of_links_and_heartbeats(gateway):
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as client:
        client.sendall(b"auth ClueCon\n\nevent plain CUSTOM tandem::link tandem::circuit HEARTBEAT SHUTDOWN\n\n")
        gateway.wait_for(lambda: json.loads(gateway.ask("show trunks as json"))["rows"][0]["state"] == "up")
        gateway.ask("link deactivate to-b/0")
        assert "Event-Subclass: tandem::link" in gateway.read_until(client, "Link: to-b/0\nState: failed")
        gateway.read_until(client, "Event-Info: System%20Ready")
    gateway.ask("link activate to-b/0")
    gateway.ask("link activate to-a/0")


def test_an_operators_day(gateway, folder):
    # It is asked.
    assert gateway.ask("switchname").strip() == "operated"
    assert "is ready" in gateway.ask("status")
    gateway.wait_for(lambda: gateway.ask("show circuits left count").strip() == "15 total.")
    gateway.wait_for(lambda: json.loads(gateway.ask("show trunks as json"))["rows"][0]["state"] == "up")
    # A circuit is blocked, and the far end, which is the same gateway here, knows.
    assert gateway.ask("circuit block left 3").startswith("+OK")
    gateway.wait_for(lambda: "remote maintenance" in gateway.ask("circuit show right 3"))
    # Signalling is captured.
    assert "all signalling goes to" in gateway.ask("capture start fault.pcapng")
    assert "exists" not in gateway.ask("capture")
    gateway.ask("circuit unblock left 3")
    # UBL and UBA, each as it is sent and as it comes to the far end.
    gateway.wait_for(lambda: json.loads(gateway.ask("capture as json"))["packets"] >= 4)
    assert "packets in" in gateway.ask("capture stop")
    assert (folder / "fault.pcapng").stat().st_size > 200
    assert "exists; give another name" in gateway.ask("capture start fault.pcapng")
    assert "is no file name" in gateway.ask("capture start ../fault.pcapng")
    # The configuration changes: first it is shown, then applied, by command and by signal.
    gateway.edit('set_called = "1"', 'set_called = "2"')
    shown = 'route out.set_called: "1" -> "2"\n'
    assert gateway.reload("--dry-run") == (0, f"+OK would be applied:\n{shown}", "")
    assert ",1," in gateway.ask("route test 077 from pbx")
    assert gateway.reload() == (0, f"+OK applied:\n{shown}", "")
    assert ",2," in gateway.ask("route test 077 from pbx")
    gateway.edit('set_called = "2"', 'set_called = "3"')
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for(lambda: ",3," in gateway.ask("route test 077 from pbx"))
    # What needs a restart is refused as a whole, and so is what is wrong.
    gateway.edit('set_called = "3"', 'set_called = "4"')
    gateway.edit('cic = "1-15"', 'cic = "1-14"')
    status, _, error = gateway.reload()
    assert status == 1
    assert "trunk left.circuits, trunk right.circuits can only be changed by a restart" in error
    gateway.edit('cic = "1-14"', 'cic = "nonsense"')
    assert "nothing was changed" in gateway.reload()[2]
    assert ",3," in gateway.ask("route test 077 from pbx")
    # All of that is in the audit, and it ends in order.
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as client:
        client.sendall(b"auth ClueCon\n\nevent plain SHUTDOWN\n\napi fsctl shutdown\n\n")
        assert "Event-Name: SHUTDOWN" in gateway.read_until(client, "text/disconnect-notice")
    assert gateway.process.wait(20) == 0
    entries = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    ordered = [entry["command"] for entry in entries if entry["changes"]]
    assert ordered[ordered.index("circuit block left 3") :] == [
        "circuit block left 3",
        "capture start fault.pcapng",
        "circuit unblock left 3",
        "capture stop",
        "capture start fault.pcapng",
        "capture start ../fault.pcapng",
        "reload",
        "reload",
        "reload",
        "reload",
        "fsctl shutdown",
    ]
    assert entries[0]["who"].startswith("127.0.0.1:")
    assert any(entry["who"] == "SIGHUP" for entry in entries)
    assert "operator SIGHUP: reload: +OK applied:" in gateway.log()
