import json
import socket
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tandem.gateway.analyser.dissect import Dissector
from tandem.gateway.analyser.hep import encode
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


@pytest.mark.parametrize(
    "arguments",
    [
        ("--hep-listen", "nowhere"),
        ("--hep-listen", "127.0.0.1:0", CAPTURE),
        ("--hep-to", "127.0.0.1:9", CAPTURE),
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
