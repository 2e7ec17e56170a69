"""What an event socket costs a call, by turns in one run: none, one that nobody uses, clients of digits and of all.

`python tests/bench/event_socket.py [--rate N] [--seconds N] [--rounds N]`. Two gateways as in `tandem bench calls`;
the figures are CPU of the signalling process of A, beyond what it takes standing still, by completed calls.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tandem.gateway.bench.calls import Load
from tandem.gateway.bench.network import Layout, Pair

ESL = 8021
SOCKET = f'[event_socket]\nlisten = "127.0.0.1:{ESL}"\npassword = "bench"\n'
IDLE = 3.0
HOLD = 0.5
#: What the client asks for; without a word there is none.
MODES = {"none": "", "idle": "", "digits": "DTMF", "all events": "ALL"}


class Socketed(Layout):
    """A layout whose gateway A has an event socket."""

    def configuration(self, side: str, frames: int) -> str:
        return super().configuration(side, frames) + (SOCKET if side == "A" else "")


async def listen(port: int, wanted: str, counted: dict[str, int]) -> None:
    """A client that asks for events and counts them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"auth bench\n\nevent plain {wanted}\n\n".encode())
    try:
        while octets := await reader.read(1 << 16):
            counted["octets"] += len(octets)
            counted["events"] += octets.count(b"Content-Type: text/event-plain")
    finally:
        writer.close()


async def measure(mode: str, rate: float, seconds: float, folder: Path) -> dict[str, Any]:
    """One run; `mode` is one of MODES."""
    kind = Layout if mode == "none" else Socketed
    pair = Pair(folder, kind.for_circuits(int(rate * (HOLD + 0.1) * 3) + 10))
    loop = asyncio.get_running_loop()
    counted = {"events": 0, "octets": 0}
    client: asyncio.Task[None] | None = None
    load: Load | None = None
    try:
        await pair.start()
        if MODES[mode]:
            client = asyncio.create_task(listen(pair.address(ESL)[1], MODES[mode], counted))
        before = pair.cpu_seconds()["A signalling"]
        await asyncio.sleep(IDLE)
        idle = (pair.cpu_seconds()["A signalling"] - before) / IDLE
        load = Load(pair, HOLD)
        before, start = pair.cpu_seconds()["A signalling"], loop.time()
        counted.update(events=0, octets=0)
        for index in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, start + index / rate - loop.time()))
            load.call()
        end = loop.time() + HOLD + 5
        while load.open and loop.time() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        elapsed = loop.time() - start
        used = pair.cpu_seconds()["A signalling"] - before - idle * elapsed
    finally:
        if client is not None:
            client.cancel()
        if load is not None:
            load.close()
        await pair.stop()
    calls = max(1, load.completed)
    return {
        "idle_percent": 100 * idle,
        "ms_per_call": 1000 * used / calls,
        "events_per_call": counted["events"] / calls,
        "octets_per_call": counted["octets"] / calls,
        "completed": load.completed,
        "failed": load.failed,
    }


def main() -> None:
    """Every mode by turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    results: dict[str, list[dict[str, Any]]] = {}
    for _ in range(options.rounds):
        for mode in MODES:
            with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
                result = asyncio.run(measure(mode, options.rate, options.seconds, Path(folder)))
            results.setdefault(mode, []).append(result)
            print(mode, {name: round(value, 2) for name, value in result.items()}, flush=True)
    for mode, found in results.items():
        medians = {name: round(statistics.median(one[name] for one in found), 2) for name in found[0]}
        print(f"median {mode}: {medians}", flush=True)


if __name__ == "__main__":
    main()
