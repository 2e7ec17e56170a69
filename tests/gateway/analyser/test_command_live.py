import json
import socket
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tandem.gateway.analyser.dissect import Dissector
from tandem.gateway.analyser.hep import HepReader, encode
from tandem.gateway.analyser.revisit import batches
from tandem.gateway.cli import main

CAPTURE = str(Path(__file__).parents[2] / "vectors" / "isup" / "captures" / "m3ua_94calls_wireshark.pcap")


def datagrams():
    dissector = Dissector()
    for batch in batches([CAPTURE]):
        yield from filter(None, map(encode, dissector.feed(batch).messages))


def test_calls_out_of_hep_and_on_to_another_homer():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as homer,
    ):
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        homer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        homer.bind(("127.0.0.1", 0))
        free.close()
        done = threading.Event()

        def send():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                while not done.wait(0.2):
                    # Nobody may listen yet: what is sent too early is sent again.
                    for number, octets in enumerate(datagrams()):
                        sender.sendto(octets, ("127.0.0.1", port))
                        if number % 20 == 0:  # the system keeps a few hundred for a slow reader
                            time.sleep(0.002)
                    if done.wait(1):
                        return

        thread = threading.Thread(target=send)
        thread.start()
        arguments = ["trace", "--hep-listen", f"127.0.0.1:{port}", "--hep-to", f"127.0.0.1:{homer.getsockname()[1]}"]
        result = CliRunner().invoke(main, [*arguments, "--seconds", "4", "--jsonl"])
        done.set()
        thread.join()
        assert result.exit_code == 0, result.output
        calls = [json.loads(line) for line in result.stdout.splitlines()]
        assert {call["cic"] for call in calls if call["outcome"] == "answered"} >= set(range(1, 16))
        assert homer.recv(9000).startswith(b"HEP3")
        assert "messages sent as HEP3" in result.stderr


def test_who_does_not_know_the_key_is_not_heard(monkeypatch):
    monkeypatch.setenv("TANDEM_HEP_KEY", "secret")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = threading.Event()
    one = next(iter(datagrams()))

    def send():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not done.wait(0.1):
                sender.sendto(one, ("127.0.0.1", port))

    thread = threading.Thread(target=send)
    thread.start()
    result = CliRunner().invoke(main, ["trace", "--hep-listen", f"127.0.0.1:{port}", "--seconds", "1", "--jsonl"])
    done.set()
    thread.join()
    assert (result.exit_code, result.stdout) == (0, "")
    assert "HEP3 packets did not have the key" in result.stderr


def test_hep_over_tcp_in_and_out():
    with socket.create_server(("127.0.0.1", 0)) as homer, socket.socket() as free:
        homer.settimeout(30)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()

        def send():
            while True:
                try:
                    with socket.create_connection(("127.0.0.1", port)) as sender:
                        sender.sendall(b"".join(datagrams()))
                    return
                except ConnectionRefusedError:
                    time.sleep(0.05)

        thread = threading.Thread(target=send)
        thread.start()
        to = f"tcp:127.0.0.1:{homer.getsockname()[1]}"
        arguments = ["trace", "--hep-listen", f"127.0.0.1:{port}", "--hep-to", to, "--seconds", "4", "--jsonl"]
        result = CliRunner().invoke(main, arguments)
        thread.join()
        assert result.exit_code == 0, result.output
        assert len(result.stdout.splitlines()) == 94
        assert "470 messages sent as HEP3, 0 not" in result.stderr
        connection, _ = homer.accept()
        with connection:
            connection.settimeout(30)
            octets = b""
            while more := connection.recv(1 << 16):
                octets += more
        assert len(HepReader().read(octets)) == 470


@pytest.mark.parametrize(
    "arguments",
    [
        ("--hep-listen", "nowhere"),
        ("--hep-listen", "127.0.0.1:0", CAPTURE),
        ("--hep-to", "127.0.0.1:9", CAPTURE),
        ("--hep-to", "tcp:9", "--hep-listen", "127.0.0.1:0"),
        ("--seconds", "1"),
    ],
)
def test_a_wrong_command_line(arguments):
    assert CliRunner().invoke(main, ["trace", *arguments]).exit_code == 2


def test_the_end_by_time():
    start = time.monotonic()
    result = CliRunner().invoke(main, ["trace", "--hep-listen", "127.0.0.1:0", "--seconds", "0.1"])
    assert (result.exit_code, time.monotonic() - start < 60) == (0, True)
    assert "0 packets, 0 call attempts" in result.stderr
