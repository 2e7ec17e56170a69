"""`tandem bench calls`: complete calls through two gateways, SIP to ISUP to SIP, at a steady rate.

The load comes from two SIP agents in this process: one calls gateway A, the other answers for gateway B (180 and 200
at once). RTP flows from the gateways to a port that takes no notice.
"""

from __future__ import annotations

import asyncio
import gc
import secrets
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tandem.gateway.bench.network import Layout, Pair
from tandem.gateway.calls.accounting import read_records
from tandem.gateway.sip import sdp
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.primitives import (
    Answered,
    Ended,
    Failed,
    IncomingInvite,
    InviteRequest,
    Output,
    Provisional,
    Rejected,
    SendDatagram,
)
from tandem.gateway.sip.transport import open_socket, receive_all, send

#: Idle time measured before the load, to tell what a call costs from what standing still costs.
IDLE_SECONDS = 3.0
#: Circuits beyond the mean number of calls at once, for calls that bunch.
SPARE = 3.0


class Load:
    """The two SIP agents and what they saw."""

    def __init__(self, pair: Pair, hold: float) -> None:
        """`hold` seconds pass from the answer to BYE."""
        self._loop = asyncio.get_running_loop()
        self._hold = hold
        self._gateway = pair.address(5060)
        self._sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sink.bind(("127.0.0.1", 0))
        offer = sdp.build_offer("127.0.0.1", self._sink.getsockname()[1], 1, ("A",), telephone_event=False)
        self._offer = offer
        self._agents: list[tuple[SipAgent, socket.socket]] = []
        self._timers: dict[int, asyncio.TimerHandle] = {}
        for position, port in enumerate((5070, 5071)):
            address = pair.address(port)
            agent = SipAgent(AgentConfiguration(*address), lambda: secrets.token_hex(8))
            opened = open_socket(address)
            self._agents.append((agent, opened))
            self._loop.add_reader(opened, self._readable, position)
        self._host = pair.address(5070)[0]
        self.offered = self.completed = self.failed = 0
        self.failures: dict[str, int] = {}
        self.delays: list[float] = []
        self._started: dict[int, float] = {}
        self._ringing: set[int] = set()

    def call(self) -> None:
        """Place one call."""
        agent, _ = self._agents[0]
        host, port = self._gateway
        number = f"{3000000 + self.offered % 1000000}"
        request = InviteRequest(
            uri=f"sip:{number}@{host}:{port}",
            from_uri=f"sip:100@{self._host}",
            to_uri=f"sip:{number}@{host}",
            destination=self._gateway,
            body=self._offer,
        )
        now = self._loop.time()
        self.offered += 1
        self._started[agent.invite(request, now)] = now
        self._act(0)

    @property
    def open(self) -> int:
        """Calls begun and not over."""
        return len(self._started)

    def close(self) -> None:
        """Close the sockets."""
        for timer in self._timers.values():
            timer.cancel()
        for _, opened in self._agents:
            self._loop.remove_reader(opened)
            opened.close()
        self._sink.close()

    def _readable(self, position: int) -> None:
        agent, opened = self._agents[position]
        now = self._loop.time()
        for data, source in receive_all(opened):
            agent.receive(data, source, now)
        self._act(position)

    def _due(self, position: int) -> None:
        self._agents[position][0].handle_timers(self._loop.time())
        self._act(position)

    def _act(self, position: int) -> None:
        agent, opened = self._agents[position]
        while outputs := agent.outputs():
            datagrams = []
            for output in outputs:
                if isinstance(output, SendDatagram):
                    datagrams.append((output.data, output.destination[:2]))
                else:
                    (self._callee if position else self._caller)(agent, output)
            send(opened, datagrams)
        timer = self._timers.pop(position, None)
        if timer is not None:
            timer.cancel()
        deadline = agent.next_deadline()
        if deadline is not None:
            self._timers[position] = self._loop.call_at(deadline, self._due, position)

    def _callee(self, agent: SipAgent, output: Output) -> None:
        if isinstance(output, IncomingInvite):
            now = self._loop.time()
            agent.respond(output.call, 180, now=now)
            agent.respond(output.call, 200, body=self._offer, now=now)

    def _caller(self, agent: SipAgent, output: Output) -> None:
        now = self._loop.time()
        match output:
            case Provisional(call=call, status=status) if status > 100 and call not in self._ringing:
                self._ringing.add(call)
                self.delays.append(now - self._started[call])
            case Answered(call=call):
                if call not in self._ringing:
                    self.delays.append(now - self._started[call])
                self._loop.call_later(self._hold, self._hang_up, call)
            case Rejected(call=call, status=status):
                self._over(call, f"status {status}")
            case Failed(call=call, what=what):
                self._over(call, what)
            case Ended(call=call):
                self._over(call, "the gateway hung up")

    def _hang_up(self, call: int) -> None:
        if call in self._started:
            self._agents[0][0].bye(call, (), self._loop.time())
            self._over(call, "")
            self._act(0)

    def _over(self, call: int, failure: str) -> None:
        self._ringing.discard(call)
        if self._started.pop(call, None) is None:
            return
        if failure:
            self.failed += 1
            self.failures[failure] = self.failures.get(failure, 0) + 1
        else:
            self.completed += 1


async def _measure(rate: float, seconds: float, hold: float, folder: Path) -> dict[str, Any]:
    layout = Layout.for_circuits(int(rate * (hold + 0.1) * SPARE) + 10)
    pair = Pair(folder, layout)
    load: Load | None = None
    loop = asyncio.get_running_loop()
    try:
        await pair.start()
        before_idle = pair.cpu_seconds()
        await asyncio.sleep(IDLE_SECONDS)
        idle = _difference(pair.cpu_seconds(), before_idle, IDLE_SECONDS)
        load = Load(pair, hold)
        before, start = pair.cpu_seconds(), loop.time()
        worst_late = await _offer_calls(load, rate, seconds)
        end = loop.time() + hold + 5.0
        while load.open and loop.time() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        elapsed = loop.time() - start
        used = _difference(pair.cpu_seconds(), before, 1.0)
        load.failed += load.open
    finally:
        if load is not None:
            load.close()
        await pair.stop()
    records = sum(record.result == "answered" for record in read_records(folder / "records-a.jsonl"))
    return _result(load, layout, used, idle, elapsed, worst_late, records) | {"rate": rate, "seconds": seconds}


async def _offer_calls(load: Load, rate: float, seconds: float) -> float:
    """Place calls at even intervals; how late the worst was, in seconds (this process itself may be starved)."""
    loop = asyncio.get_running_loop()
    start, worst = loop.time(), 0.0
    for index in range(int(rate * seconds)):
        due = start + index / rate
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        worst = max(worst, loop.time() - due)
        load.call()
    return worst


def _difference(after: Mapping[str, float], before: Mapping[str, float], seconds: float) -> dict[str, float]:
    return {name: (after[name] - before[name]) / seconds for name in after}


def _result(
    load: Load,
    layout: Layout,
    used: Mapping[str, float],
    idle: Mapping[str, float],
    elapsed: float,
    worst_late: float,
    records: int,
) -> dict[str, Any]:
    calls = max(load.completed, 1)
    net = {name: max(seconds - idle[name] * elapsed, 0.0) for name, seconds in used.items()}
    per_gateway = {side: 1000 * sum(net[name] for name in net if name[0] == side) / calls for side in "AB"}
    delays = np.array(load.delays or [np.nan]) * 1000
    return {
        "offered": load.offered,
        "completed": load.completed,
        "failed": load.failed,
        "failures": load.failures,
        "cpu_ms_per_call": round(max(per_gateway.values()), 3),
        "cpu_ms_per_call_by_process": {name: round(1000 * seconds / calls, 3) for name, seconds in net.items()},
        "idle_core_percent": {name: round(100 * share, 2) for name, share in idle.items()},
        "post_dial_delay_ms": {
            "p50": round(float(np.percentile(delays, 50)), 2),
            "p99": round(float(np.percentile(delays, 99)), 2),
            "max": round(float(delays.max()), 2),
        },
        "generator_worst_late_ms": round(1000 * worst_late, 2),
        "spans": layout.spans,
        "link_kbit_s": 64 * layout.link_timeslots,
        "records": records,
    }


def run(rate: float, seconds: float, hold: float = 0.5) -> dict[str, Any]:
    """Offer `rate` calls a second for `seconds`, each held `hold` seconds.

    `cpu_ms_per_call` is what the dearer of the two gateways spends on a call in both its processes, beyond what it
    spends idle (`idle_core_percent`: mainly the E1 framing, which runs whether or not there are calls).
    """
    # The generator's own collections would hold up both of its users and be taken for delay of the gateways.
    collects = gc.isenabled()
    gc.disable()
    try:
        with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
            return asyncio.run(_measure(rate, seconds, hold, Path(folder)))
    finally:
        if collects:
            gc.enable()
