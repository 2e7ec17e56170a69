"""A gateway as a process with two spans that are one line, and an event socket."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from support.gateways import free_ports

from tandem.gateway.console.command import Place, run_command

CONFIGURATION = """
[node]
name = "operated"
[event_socket]
password = "ClueCon"
read_only_password = "look"
listen = "127.0.0.1:{esl}"
heartbeat_seconds = 1
[sip]
listen = "127.0.0.1:{sip}"
[media]
ports = [{rtp}, {rtp_last}]
[[span]]
name = "e1"
device = "virtual:x"
[[span]]
name = "e2"
device = "virtual:x"
[[ss7.linkset]]
name = "to-b"
point_code = "2-1-1"
adjacent_point_code = "2-1-2"
proving = "emergency"
restart_wait = 1.0
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 16
[[ss7.linkset]]
name = "to-a"
point_code = "2-1-2"
adjacent_point_code = "2-1-1"
proving = "emergency"
restart_wait = 1.0
  [[ss7.linkset.link]]
  span = "e2"
  timeslot = 16
[[trunk]]
name = "left"
type = "isup"
linkset = "to-b"
  [[trunk.circuits]]
  span = "e1"
  cic = "1-15"
[[trunk]]
name = "right"
type = "isup"
linkset = "to-a"
  [[trunk.circuits]]
  span = "e2"
  cic = "1-15"
[[trunk]]
name = "pbx"
type = "sip"
peer = "127.0.0.1:{user}"
[[span]]
name = "p1"
device = "virtual:y"
[[span]]
name = "p2"
device = "virtual:y"
[[trunk]]
name = "net"
type = "pri"
side = "network"
  [[trunk.spans]]
  span = "p1"
[[trunk]]
name = "usr"
type = "pri"
side = "user"
  [[trunk.spans]]
  span = "p2"
[[route]]
name = "out"
trunk = ["pbx"]
called = '^0'
set_called = "1"
to = ["left"]
[[route]]
name = "in"
trunk = ["right", "usr"]
to = ["pbx"]
[[route]]
name = "transferred"
called = '^2'
to = ["pbx"]
"""


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class OperatedGateway:
    """The process; leave the context to end it."""

    def __init__(self, folder, text=CONFIGURATION):
        self.path = Path(folder) / "gateway.toml"
        self._log = Path(folder) / "log"
        rtp = free_ports(43)
        self.port, self.sip, self.user = range(rtp + 40, rtp + 43)
        ports = {"esl": self.port, "sip": self.sip, "user": self.user, "rtp": rtp, "rtp_last": rtp + 39}
        self.path.write_text(text.format(**ports))
        command = [sys.executable, "-m", "tandem.gateway", "run", "-c", str(self.path)]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stderr=log)

    def __enter__(self):
        self.wait_for(lambda: "event socket: listens" in self.log())
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log(self):
        return self._log.read_text()

    def wait_for(self, condition, seconds=30.0):
        end = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.05)

    def ask(self, line):
        """The answer to a command, with a line end behind it."""
        answer = run_command(Place("127.0.0.1", self.port, "ClueCon"), line)
        return answer if answer.endswith("\n") else answer + "\n"

    def up(self):
        """Wait until every trunk is in service."""

        def ready():
            return all(
                row["state"] in ("up", "registrar") for row in json.loads(self.ask("show trunks as json"))["rows"]
            )

        self.wait_for(ready)

    def edit(self, before, after):
        text = self.path.read_text()
        assert before in text
        self.path.write_text(text.replace(before, after))

    def reload(self, *options):
        """Exit status, standard output and standard error of `tandem reload`."""
        command = [sys.executable, "-m", "tandem.gateway", "reload", "-c", str(self.path), *options]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return result.returncode, result.stdout, result.stderr

    def read_until(self, client, text):
        heard = b""
        client.settimeout(20)
        while text.encode() not in heard:
            octets = client.recv(65536)
            assert octets, heard
            heard += octets
        return heard.decode()

    @contextlib.contextmanager
    def held_call(self):
        """A call from the SIP user to itself through the line, answered by nobody: it is up as long as it rings."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as user:
            user.bind(("127.0.0.1", self.user))
            body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
            head = (
                f"INVITE sip:077@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.user};branch=z9hG4bKheld\r\n"
                "From: <sip:100@127.0.0.1>;tag=1\r\nTo: <sip:077@127.0.0.1>\r\nCall-ID: held\r\nCSeq: 1 INVITE\r\n"
                f"Contact: <sip:100@127.0.0.1:{self.user}>\r\nMax-Forwards: 70\r\n"
                f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            user.sendto((head + body).encode(), ("127.0.0.1", self.sip))
            self.wait_for(lambda: self.ask("show calls count") == "\n2 total.\n")
            yield
