"""Two gateways as processes with an E1 (SAToP) between them, their logs, records, descriptors and memory."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tandem.gateway.calls.accounting import Record, read_records

CIRCUITS = 30
CONFIGURATION = """
[node]
name = "{name}"
records = "records-{name}.jsonl"
capture_file = "capture-{name}.pcapng"
[sip]
capture = {capture}
listen = "127.0.0.1:{sip}"
t1_ms = {t1_ms}
[media]
address = "127.0.0.1"
ports = [{rtp}, {rtp_last}]
[[span]]
name = "e1"
device = "satop:listen=127.0.0.1:{span},peer=127.0.0.1:{span_peer}"
[[ss7.linkset]]
name = "neighbour"
point_code = "{own}"
adjacent_point_code = "{other}"
capture = {capture}
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 16
[[trunk]]
name = "pstn"
type = "isup"
linkset = "neighbour"
  [[trunk.circuits]]
  span = "e1"
  cic = "1-15,17-31"
[[trunk]]
name = "pbx"
type = "sip"
peer = "127.0.0.1:{user}"
codecs = ["{codec}"]
[[trunk]]
name = "silent"
type = "sip"
peer = "127.0.0.1:{silent}"
[[route]]
name = "out"
trunk = ["pbx"]
called = '^0(\\d+)$'
set_called = '\\1'
to = ["pstn"]
[[route]]
name = "to a peer that is dead"
trunk = ["pstn"]
called = '^99'
to = ["silent"]
fallback_causes = []
[[route]]
name = "in"
trunk = ["pstn"]
to = ["pbx"]
"""


#: Ports given out lately, of which some may not have been bound yet.
_GIVEN: deque[range] = deque(maxlen=60)
#: Ports of pairs that run. Some are never bound: a caller on the port of a peer would come in on that peer's trunk.
_HELD: list[range] = []


def free_ports(count: int, step: int = 1) -> int:
    """The first of `count` ports in a row, free for UDP and TCP, from a place that differs from run to run.

    Below those that the system gives to clients, any of which may be taken between here and the use of it.
    """
    start = (os.getpid() * 613 + time.monotonic_ns() // 1000) % 20000 // 2 * 2
    for place in range(start, start + 20000, max(step, 2)):
        first = 12000 + place % 20000
        taken = any(first < other.stop and other.start < first + count for other in (*_GIVEN, *_HELD))
        if not taken and all(_is_free(port) for port in range(first, first + count)):
            _GIVEN.append(range(first, first + count))
            return first
    raise AssertionError(f"no {count} free ports in a row on 127.0.0.1")


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what is closing is no hindrance
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """What `condition()` returns once it is true; fails when that takes longer than `seconds`."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.03)
    return found


class Gateway:
    """A `tandem run` process. Its log is read from a file as far as it was written whenever something is asked."""

    def __init__(self, name: str, folder: Path, sip: int, user: int, text: str) -> None:
        self.name = name
        self.sip = sip
        """UDP port of its SIP listener."""
        self.user = user
        """UDP port that it sends calls to."""
        self.records_file = folder / f"records-{name}.jsonl"
        self.capture_file = folder / f"capture-{name}.pcapng"
        self.lines: list[dict[str, Any]] = []
        """The log so far, JSON objects; what is no JSON comes as {"text": ...}."""
        self.circuits: dict[str, str] = {}
        """Last reported state of each circuit, such as `idle` or `idle, local maintenance`."""
        self._rest = b""
        self._made = (name, folder, sip, user, text)
        self.text = text
        """Its configuration."""
        configuration = folder / f"{name}.toml"
        configuration.write_text(text, encoding="utf-8")
        self._log = (folder / f"{name}.log").open("w+b")
        command = [sys.executable, "-P", "-m", "tandem.gateway", "run", "-c", str(configuration)]
        command += ["--log-format", "json", "--log-level", "debug"]
        self.process = subprocess.Popen(command, stderr=self._log, stdin=subprocess.DEVNULL)
        self._reader = (folder / f"{name}.log").open("rb")

    def read(self) -> list[dict[str, Any]]:
        """Lines of the log that are new since the last call."""
        *whole, self._rest = (self._rest + self._reader.read()).split(b"\n")
        new = []
        for raw in whole:
            try:
                line = json.loads(raw)
            except ValueError:
                line = {"shape": "", "subject": "", "level": "error", "text": raw.decode(errors="replace")}
            new.append(line)
            if line["subject"].startswith("circuit ") and line["shape"] == "=":
                self.circuits[line["subject"]] = line["text"]
        self.lines += new
        return new

    def idle(self) -> bool:
        """Whether every circuit is idle and unblocked."""
        self.read()
        assert self.process.poll() is None, f"gateway {self.name} ended: {self.lines[-3:]}"
        return len(self.circuits) == CIRCUITS and set(self.circuits.values()) == {"idle"}

    def messages(self, lines: list[dict[str, Any]] | None = None) -> list[str]:
        """Names of the ISUP messages sent and received, such as `> IAM`, in order."""
        chosen = self.lines if lines is None else lines
        isup = [line for line in chosen if line["subject"].startswith("isup ") and line["shape"] in "<>"]
        return [f"{line['shape']} {line['text'].split()[0]}" for line in isup]

    def trouble(self, lines: list[dict[str, Any]] | None = None) -> list[str]:
        """What was logged as trouble, but that the machine held the media process up."""
        chosen = self.lines if lines is None else lines
        found = [f"{line['subject']}: {line['text']}" for line in chosen if line["shape"] in ("!", "")]
        return [text for text in found if not text.startswith("media: a tick was ")]

    def records(self) -> list[Record]:
        """The call detail records written so far."""
        return read_records(self.records_file)

    def processes(self) -> list[int]:
        """Process ids: signalling, then media."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def descriptors(self) -> list[int]:
        """Open file descriptors of each process."""
        return [len(os.listdir(f"/proc/{pid}/fd")) for pid in self.processes()]

    def memory(self) -> list[int]:
        """Resident memory of each process, kB."""
        found = (re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) for pid in self.processes())
        return [int(match[1]) if match else 0 for match in found]

    def stop(self, number: int = signal.SIGTERM, seconds: float = 30.0) -> int:
        """End the process by a signal and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.read()
        return status

    def again(self) -> Gateway:
        """Another process in the place of this one, which has ended; its log begins anew."""
        self.close()
        return Gateway(*self._made)

    def close(self) -> None:
        """Make sure that the process has gone."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()
        self._log.close()
        self._reader.close()


def on_pjsip(text: str, trunk: str, port: int, rtp: int) -> str:
    """A configuration with one trunk on PJSIP, which listens on `port` and has 20 ports of RTP."""
    table = f'[sip.pjsua2]\nlisten = "127.0.0.1:{port}"\nports = [{rtp}, {rtp + 19}]\n[media]\n'
    name = f'name = "{trunk}"\ntype = "sip"\n'
    assert text.count(name) == 1
    return text.replace("[media]\n", table).replace(name, f'{name}engine = "pjsua2"\n')


class GatewayPair:
    """Gateways A (PCMU towards its SIP peer) and B (PCMA), joined by 30 circuits and one signalling link."""

    def __init__(
        self,
        folder: Path,
        capture: bool = False,
        t1_ms: int = 500,
        engine: str = "native",
        edit: Callable[[str], str] = str,
        idle: Callable[[Gateway], bool] = Gateway.idle,
    ) -> None:
        """`t1_ms`: T1 of SIP; a peer that says nothing costs 64 times as much (Timer B). `edit` changes the text.

        `idle` says whether a gateway is up and has no call.
        """
        self.engine = engine
        self._idle = idle
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        base = free_ports(count := 8 + 2 * 160 + 2 * 22)
        self._ports = range(base, base + count)
        _HELD.append(self._ports)
        names = ("A", "B")
        self.gateways: dict[str, Gateway] = {}
        try:
            for index, name in enumerate(names):
                sip, user, rtp = base + index, base + 2 + index, base + 8 + index * 160
                text = CONFIGURATION.format(
                    name=name,
                    capture=str(capture).lower(),
                    sip=sip,
                    user=user,
                    silent=base + 6,
                    span=base + 4 + index,
                    span_peer=base + 5 - index,
                    rtp=rtp,
                    rtp_last=rtp + 159,
                    own=index + 1,
                    other=2 - index,
                    codec=("PCMU", "PCMA")[index],
                    t1_ms=t1_ms,
                )
                text = edit(text)
                if engine == "pjsua2":
                    sip = base + 8 + 2 * 160 + index * 22
                    text = on_pjsip(text, "pbx", sip, sip + 2)
                self.gateways[name] = Gateway(name, folder, sip, user, text)
            self.wait_idle(90.0)  # a machine that is busy starts six processes slowly
        except BaseException:
            self.close()
            raise

    def __getitem__(self, name: str) -> Gateway:
        return self.gateways[name]

    def restart(self, name: str) -> None:
        """Start a gateway that has ended again."""
        self.gateways[name] = self.gateways[name].again()

    def wait_idle(self, seconds: float = 40.0) -> None:
        """Wait until every circuit of both is idle."""
        for gateway in self.gateways.values():
            wait_for(lambda gateway=gateway: self._idle(gateway), f"all circuits of {gateway.name} idle", seconds)

    def close(self) -> None:
        """End both, side by side, whatever state they are in."""
        if self._ports in _HELD:
            _HELD.remove(self._ports)
        for gateway in self.gateways.values():
            if gateway.process.poll() is None:
                gateway.process.terminate()
        for gateway in self.gateways.values():
            gateway.close()
