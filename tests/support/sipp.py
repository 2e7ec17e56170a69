"""SIPp as SIP users on both sides of the gateways: scenarios from files, counts from its statistics."""

from __future__ import annotations

import contextlib
import csv
import functools
import re
import subprocess
from pathlib import Path

from support.gateways import free_ports, wait_for
from support.peers import INTEROP, program

SCENARIOS = INTEROP / "scenarios"


@functools.cache
def _help(executable: str) -> str:
    return subprocess.run([executable, "-h"], capture_output=True, text=True, check=False).stdout


def _listens(port: int) -> bool:
    """Whether somebody listens on a TCP port of this network."""
    lines = [line.split() for line in Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:]]
    return any(line[1].endswith(f":{port:04X}") and line[3] == "0A" for line in lines)


class Sipp:
    """A running SIPp."""

    def __init__(
        self,
        scenario: str,
        folder: Path,
        port: int | None = None,
        remote: int | None = None,
        calls: int = 1,
        options: list[str] | None = None,
        host: str = "127.0.0.1",
        address: str = "",
        **values: object,
    ) -> None:
        """Start `scenarios/SCENARIO.xml` for `calls` calls, listening on UDP port `port` of `address`, or `host`.

        `@name@` in the scenario is replaced by the value of that name; one without value is an error.
        """
        executable = program("sipp", "sip-tester")
        folder.mkdir(parents=True, exist_ok=True)
        self.scenario = scenario
        text = (SCENARIOS / f"{scenario}.xml").read_text(encoding="utf-8")
        for name, value in values.items():
            assert f"@{name}@" in text, f"scenario {scenario} has no @{name}@"
            text = text.replace(f"@{name}@", str(value))
        missing = re.findall(r"@[a-z]+@", text)
        assert not missing, f"scenario {scenario}: no value for {missing}"
        file = folder / f"{scenario}.xml"
        file.write_text(text, encoding="utf-8")
        self._statistics = folder / f"{scenario}.csv"
        self._errors = folder / f"{scenario}.errors"
        media = free_ports(200)
        here = address or host
        command = [executable, "-sf", str(file), "-i", here, "-mi", here, "-m", str(calls), "-nostdin"]
        command += ["-p", str(port or free_ports(1)), "-mp", str(media)]
        if "-min_rtp_port" in _help(executable):  # from version 3.7 on; before, -mp is where it begins
            command += ["-min_rtp_port", str(media), "-max_rtp_port", str(media + 199)]
        command += ["-trace_stat", "-stf", str(self._statistics), "-fd", "1", "-trace_err", "-error_file"]
        command += [str(self._errors), "-timeout", "100s", "-timeout_error", *(options or [])]
        if remote is not None:
            command.append(f"[{host}]:{remote}" if ":" in host else f"{host}:{remote}")
        self._screen = folder / f"{scenario}.screen"
        with self._screen.open("wb") as screen:
            self.process = subprocess.Popen(command, stdout=screen, stderr=screen, stdin=subprocess.DEVNULL)
        if remote is None and port is not None and "t1" in (options or ()):
            # A datagram that comes too early is sent again; a connection is refused.
            wait_for(lambda: _listens(port) or self.process.poll() is not None, "SIPp listens")

    def wait(self, seconds: float = 110.0) -> None:
        """Wait for the end; fails unless every call went as the scenario says."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.close()
            status = -1
        assert status == 0, f"sipp {self.scenario} ended with {status}: {self.said()}"

    def said(self) -> str:
        """Its complaints, for people."""
        errors = self._errors.read_text(errors="replace") if self._errors.exists() else ""
        return errors[-3000:] or self._screen.read_text(errors="replace")[-2000:]

    def counts(self) -> dict[str, int]:
        """Calls `created`, `successful` and `failed` as SIPp counted them."""
        with self._statistics.open(newline="") as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        created = int(last["IncomingCall(C)"]) + int(last["OutgoingCall(C)"])
        return {"created": created, "successful": int(last["SuccessfulCall(C)"]), "failed": int(last["FailedCall(C)"])}

    def close(self) -> None:
        """Make sure that it has gone."""
        if self.process.poll() is None:
            self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)

    def __enter__(self) -> Sipp:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
