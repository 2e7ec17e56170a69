"""`tandem bench sip`: calls from SIP to SIP through one gateway, over UDP, TCP or TLS, and what a standing call holds.

The load comes from two SIP agents in this process: one calls, the other answers at once. The calls have their media
inactive, so that the figures are of signalling alone. The called side may be on PJSIP (`engine`), which opens its media
all the same.
"""

from __future__ import annotations

import asyncio
import gc
import re
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tandem.core.errors import TandemError
from tandem.core.timers import earliest
from tandem.gateway.bench.network import children, process_cpu
from tandem.gateway.calls.accounting import read_records
from tandem.gateway.demo.gateway import Gateway, free_offset, shift_ports
from tandem.gateway.sip import sdp
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.connections import ConnectionLost, Connections, MessageReceived, SendFailed
from tandem.gateway.sip.endpoint import Endpoint, Listener, TransportName, endpoint_of
from tandem.gateway.sip.primitives import (
    Answered,
    Ended,
    Failed,
    IncomingInvite,
    InviteRequest,
    Output,
    Rejected,
    SendDatagram,
)
from tandem.gateway.sip.stream_transport import StreamTransport
from tandem.gateway.sip.tls import TlsContexts, TlsFiles
from tandem.gateway.sip.transport import open_socket, receive_all, send

Engine = Literal["native", "pjsua2"]
ENGINES: tuple[Engine, ...] = ("native", "pjsua2")
_READY_SECONDS = 30.0
#: Calls a second while standing calls are put up.
_STANDING_RATE = 100.0
#: After the first calls, before memory is read for the first time: pools and caches are filled by then.
_WARM_CALLS = 100


class User:
    """One SIP user on any transport."""

    def __init__(self, transport: TransportName, host: str, port: int, tls: TlsContexts | None) -> None:
        """Listen at `host:port`; `start` opens a listener for connections."""
        self.address = host, port
        self._loop = asyncio.get_running_loop()
        listener = Listener(transport, host, port)
        self.agent = SipAgent(AgentConfiguration(host, port, (listener,)), lambda: secrets.token_hex(8))
        self._socket = open_socket((host, port)) if transport == "udp" else None
        self._connections = Connections()
        self._streams = StreamTransport(self, (listener,), tls)
        self._timer: asyncio.TimerHandle | None = None
        if self._socket is not None:
            self._loop.add_reader(self._socket, self._readable)

    async def start(self) -> None:
        """Listen for connections."""
        await self._streams.start()

    async def close(self) -> None:
        """Close everything."""
        if self._timer is not None:
            self._timer.cancel()
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
        await self._streams.close()

    def happened(self, output: Output) -> None:
        """The agent said something."""
        raise NotImplementedError

    def act(self) -> None:
        """Carry out what the agent and its connections want."""
        datagrams: list[tuple[bytes, tuple[str, int]]] = []
        while outputs := self.agent.outputs():
            for output in outputs:
                if not isinstance(output, SendDatagram):
                    self.happened(output)
                elif len(output.destination) == 2:
                    datagrams.append((output.data, output.destination))
                else:
                    self._connections.send(output.data, output.destination, self._loop.time())
                    self._carry_out()
        if self._socket is not None:
            send(self._socket, datagrams)
        if self._timer is not None:
            self._timer.cancel()
        deadline = earliest(self.agent.next_deadline(), self._connections.next_deadline())
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._due)

    def _carry_out(self) -> None:
        now = self._loop.time()
        for output in self._connections.outputs():
            if isinstance(output, MessageReceived):
                self.agent.receive(output.data, output.source, now)
            elif isinstance(output, SendFailed):
                self.agent.send_failed(output.data, output.destination, now)
            elif not isinstance(output, ConnectionLost):
                self._streams.carry_out((output,))

    def _due(self) -> None:
        self._connections.handle_timers(self._loop.time())
        self._carry_out()
        self.agent.handle_timers(self._loop.time())
        self.act()

    def _readable(self) -> None:
        assert self._socket is not None, "only UDP has a socket to read"
        for data, source in receive_all(self._socket):
            self.agent.receive(data, source, self._loop.time())
        self.act()

    # --- what connections say

    def stream_accepted(self, transport: TransportName, host: str, port: int) -> int | None:
        """The gateway connects."""
        return self._connections.accepted(transport, host, port, self._loop.time())

    def stream_connected(self, number: int, names: tuple[str, ...]) -> None:
        """Our connection is open."""
        self._connections.connected(number, self._loop.time())
        self._carry_out()
        self.act()

    def stream_received(self, number: int, octets: bytes) -> None:
        """Octets came."""
        self._connections.received(number, octets, self._loop.time())
        self._carry_out()
        self.act()

    def stream_closed(self, number: int, reason: str) -> None:
        """A connection is gone."""
        self._connections.closed(number, reason)
        self._carry_out()
        self.act()

    def stream_blocked(self, number: int, blocked: bool) -> None:
        """The gateway does not read, or does again."""
        if blocked:
            self._connections.blocked(number, self._loop.time())
        else:
            self._connections.unblocked(number)
        self._carry_out()


_SDP = sdp.build_offer("127.0.0.1", 9, 1, ("A",), telephone_event=False).replace(b"a=sendrecv", b"a=inactive")


class Callee(User):
    """Answers at once."""

    def happened(self, output: Output) -> None:
        """Answer a call."""
        if isinstance(output, IncomingInvite):
            now = self._loop.time()
            self.agent.respond(output.call, 180, now=now)
            self.agent.respond(output.call, 200, body=_SDP, now=now)


class Caller(User):
    """Calls, holds, hangs up."""

    gateway: Endpoint
    hold: float | None = 0.5
    """Seconds from the answer to BYE; None: for ever."""

    def __init__(self, transport: TransportName, host: str, port: int, tls: TlsContexts | None) -> None:
        super().__init__(transport, host, port, tls)
        self.started: dict[int, float] = {}
        self.up: set[int] = set()
        self.offered = self.completed = 0
        self.delays: list[float] = []
        self.failures: dict[str, int] = {}

    def call(self) -> None:
        """Place one call."""
        host = self.gateway[0]
        number = f"{3000000 + self.offered % 1000000}"
        uri = f"sip:{number}@{host}:{self.gateway[1]}"
        request = InviteRequest(uri, f"sip:100@{host}", f"sip:{number}@{host}", self.gateway, _SDP)
        self.offered += 1
        now = self._loop.time()
        self.started[self.agent.invite(request, now)] = now
        self.act()

    def hang_up(self, call: int) -> None:
        """End a call that was answered."""
        if call in self.up:
            self.up.discard(call)
            self.completed += 1
            self.agent.bye(call, (), self._loop.time())
            self.act()

    def happened(self, output: Output) -> None:
        """Note an answer or a failure."""
        match output:
            case Answered(call=call):
                self.delays.append(self._loop.time() - self.started.pop(call))
                self.up.add(call)
                if self.hold is not None:
                    self._loop.call_later(self.hold, self.hang_up, call)
            case Rejected(call=call, status=status):
                self._failed(call, f"status {status}")
            case Failed(call=call, what=what):
                self._failed(call, what)
            case Ended(call=call):
                self._failed(call, "the gateway hung up")

    def _failed(self, call: int, why: str) -> None:
        self.started.pop(call, None)
        self.up.discard(call)
        self.failures[why] = self.failures.get(why, 0) + 1


def _configuration(transport: str, legs: int, certificate: Path | None, engine: Engine) -> str:
    also = f'also_listen = ["{transport}:127.0.0.1:5061"]\n' if transport != "udp" else ""
    tls = f'[sip.tls]\ncertificate = "{certificate}"\nauthorities = "{certificate}"\n' if certificate else ""
    trunks = "".join(
        f'[[trunk]]\nname = "{name}"\ntype = "sip"\npeer = "127.0.0.1:{port}"\ntransport = "{transport}"\n'
        f"silence_seconds = 0\n{extra}"
        for name, port, extra in (("caller", 5070, ""), ("callee", 5071, f'engine = "{engine}"\n'))
    )
    if engine == "pjsua2":
        tcp = str(transport == "tcp").lower()
        tls += f'[sip.pjsua2]\nlisten = "127.0.0.1:5062"\nports = [19000, 19199]\ntcp = {tcp}\n'
    return (
        f'[node]\nname = "S"\nrecords = "records.jsonl"\nlog_level = "warning"\n'
        f'[sip]\nlisten = "127.0.0.1:5060"\noverload_ms = 0\n'
        f"{also}{tls}[media]\nports = [20000, {20000 + 2 * legs + 200}]\n{trunks}"
        '[[route]]\ntrunk = ["caller"]\nto = ["callee"]\n'
    )


def _certificate(folder: Path) -> Path:
    """A certificate of its own authority for 127.0.0.1, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise TandemError("a certificate for TLS needs the program openssl: apt install openssl")
    path = folder / "gateway.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(path), "-out", f"{path}.crt"]
    command += ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    with path.open("ab") as file:
        file.write(Path(f"{path}.crt").read_bytes())
    return path


class _Scene:
    """The gateway and its users."""

    def __init__(self, folder: Path, transport: TransportName, legs: int, engine: Engine) -> None:
        certificate = _certificate(folder) if transport == "tls" else None
        text = _configuration(transport, legs, certificate, engine)
        offset = free_offset([text])
        path = folder / "S.toml"
        path.write_text(shift_ports(text, offset), encoding="utf-8")
        self.gateway = Gateway("S", path, lambda name, line: None)
        tls = None
        if certificate is not None:
            tls = TlsContexts(TlsFiles(str(certificate), authorities=str(certificate)))
        self.caller = Caller(transport, "127.0.0.1", 5070 + offset, tls)
        self.callee = Callee(transport, "127.0.0.1", 5071 + offset, tls)
        port = 5060 if transport == "udp" else 5061
        self.caller.gateway = endpoint_of(transport, "127.0.0.1", port + offset)

    async def start(self) -> None:
        """Start everything."""
        await self.callee.start()
        await self.caller.start()
        await self.gateway.start("info")
        async with asyncio.timeout(_READY_SECONDS):
            await self.gateway.up()

    async def stop(self) -> None:
        """End everything."""
        await self.caller.close()
        await self.callee.close()
        await self.gateway.stop()

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of the signalling process, and of PJSIP's where there is one."""
        found = {"signalling": process_cpu(self.gateway.pid)}
        for pid in children(self.gateway.pid):
            if b"tandem.gateway.pjsip" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found["pjsip"] = process_cpu(pid)
        return found

    def memory(self) -> int:
        """Resident memory of the gateway's processes, kB: signalling, then media."""
        return sum(_resident(pid) for pid in (self.gateway.pid, *children(self.gateway.pid)))

    async def place(self, count: int, rate: float) -> float:
        """Place calls at even intervals; how long that took."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for index in range(count):
            if (due := start + index / rate) > loop.time():
                await asyncio.sleep(due - loop.time())
            self.caller.call()
        return loop.time() - start

    async def settle(self, seconds: float) -> None:
        """Wait until no call is being set up or held, at most so long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        busy = self.caller
        while (busy.started or (busy.hold is not None and busy.up)) and loop.time() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _resident(pid: int) -> int:
    match = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) if match else 0


async def _rate(
    folder: Path, transport: TransportName, rate: float, seconds: float, hold: float, engine: Engine
) -> dict[str, Any]:
    scene = _Scene(folder, transport, int(rate * (hold + 1.0) * 2 * 3) + 100, engine)
    loop = asyncio.get_running_loop()
    try:
        await scene.start()
        scene.caller.hold = hold
        await scene.place(10, min(rate, 50.0))
        await scene.settle(hold + 5.0)
        done, scene.caller.delays = scene.caller.completed, []
        before, start = scene.cpu(), loop.time()
        await scene.place(int(rate * seconds), rate)
        await scene.settle(hold + 10.0)
        by_process = {name: seconds_used - before[name] for name, seconds_used in scene.cpu().items()}
        used, elapsed = sum(by_process.values()), loop.time() - start
        caller = scene.caller
    finally:
        await scene.stop()
    completed = caller.completed - done
    delays = np.array(caller.delays or [np.nan]) * 1000
    each = {name: round(1000 * value / max(completed, 1), 3) for name, value in by_process.items()}
    return {
        "engine": engine,
        "transport": transport,
        "rate": rate,
        "offered": int(rate * seconds),
        "completed": completed,
        "failures": caller.failures,
        "records": sum(record.result == "answered" for record in read_records(folder / "records.jsonl")) - done,
        "cpu_ms_per_call": round(1000 * used / max(completed, 1), 3),
        "cpu_ms_per_call_by_process": each,
        "calls_per_second_and_core": round(completed / used, 1) if used else None,
        "core_percent": round(100 * used / elapsed, 1),
        "answer_delay_ms": {
            "p50": round(float(np.percentile(delays, 50)), 2),
            "p99": round(float(np.percentile(delays, 99)), 2),
        },
    }


async def _standing(folder: Path, transport: TransportName, calls: int) -> dict[str, Any]:
    scene = _Scene(folder, transport, 2 * (calls + _WARM_CALLS) + 20, "native")
    caller = scene.caller
    try:
        await scene.start()
        caller.hold = None
        await scene.place(_WARM_CALLS, _STANDING_RATE)
        await scene.settle(10.0)
        before = scene.memory()
        await scene.place(calls, _STANDING_RATE)
        await scene.settle(20.0)
        # Transactions of the set-up are over by then (64 * T1): what is left is the calls.
        await asyncio.sleep(33.0)
        standing, after = len(caller.up) - _WARM_CALLS, scene.memory()
        for call in list(caller.up):
            caller.hang_up(call)
            await asyncio.sleep(1 / (2 * _STANDING_RATE))
    finally:
        await scene.stop()
    return {
        "transport": transport,
        "standing_calls": standing,
        "failures": caller.failures,
        "resident_kb_before": before,
        "resident_kb_with_calls": after,
        "kb_per_call": round((after - before) / max(standing, 1), 2),
    }


def compare(transport: TransportName, rate: float, seconds: float, hold: float, rounds: int = 3) -> dict[str, Any]:
    """The same load with the called side on each engine, by turns; the results of every round."""
    results: dict[str, list[dict[str, Any]]] = {"native": [], "pjsua2": []}
    for _ in range(rounds):
        for engine in ENGINES:
            results[engine].append(run(transport, rate, seconds, hold, engine=engine))
    costs = {engine: sorted(result["cpu_ms_per_call"] for result in found) for engine, found in results.items()}
    medians = {engine: found[len(found) // 2] for engine, found in costs.items()}
    return {"cpu_ms_per_call_median": medians, "rounds": results}


def run(
    transport: TransportName,
    rate: float,
    seconds: float,
    hold: float = 0.5,
    standing: int = 0,
    engine: Engine = "native",
) -> dict[str, Any]:
    """Offer `rate` calls a second for `seconds`, each held `hold` seconds; or put up `standing` calls, if not 0.

    `cpu_ms_per_call` is what the signalling process spends on a call: two SIP legs, call control and the record; with
    the called side on PJSIP, what its process spends too. Standing calls are of our own engine.
    """
    if engine == "pjsua2" and transport == "tls":
        raise TandemError("no TLS with the engine pjsua2; choose udp or tcp")
    if engine == "pjsua2" and standing:
        raise TandemError("standing calls are measured with the engine native: PJSIP does not allow enough of them")
    collects = gc.isenabled()
    gc.disable()
    try:
        with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
            if standing:
                return asyncio.run(_standing(Path(folder), transport, standing))
            return asyncio.run(_rate(Path(folder), transport, rate, seconds, hold, engine))
    finally:
        if collects:
            gc.enable()
