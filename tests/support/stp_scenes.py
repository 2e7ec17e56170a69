"""Two gateways that reach each other by a signalling transfer point of Osmocom, M3UA over SCTP of the kernel.

`python -m support.stp_scenes FOLDER` is for a machine of one's own whose kernel has SCTP (`support.uml`); it prints a
line of JSON for each scene, and one of what the gateways logged. A is configured in the STP, B registers its routing
key there. Speech goes by an E1 between the two.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from support.associations import until

from tandem.codecs.g711 import Law
from tandem.gateway.calls.accounting import read_records
from tandem.gateway.demo.agent import UserAgent
from tandem.gateway.demo.gateway import Gateway
from tandem.gateway.demo.speech import Speech

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
STP_PORT = 2905
STP = f"""
log stderr
 logging filter all 1
 logging color 0
 logging level set-all notice
line vty
 no login
cs7 instance 0
 network-indicator national
 xua rkm routing-key-allocation dynamic-permitted
 asp a 2906 {STP_PORT} m3ua
  remote-ip 127.0.0.1
  local-ip 127.0.0.1
 as a m3ua
  asp a
  routing-key 1 2.1.1
  traffic-mode loadshare
 route-table system
  update route 2.1.1 7.255.7 linkset a
 listen m3ua {STP_PORT}
  local-ip 127.0.0.1
  accept-asp-connections dynamic-permitted
"""
#: What of the examples is another way here: the STP in the place of the neighbour.
CHANGES = {
    "A": {
        'local = "127.0.0.1:0"': 'local = "127.0.0.1:2906"\ntransport = "sctp-kernel"',
        'role = "ipsp"': "#",
    },
    "B": {
        'local = "127.0.0.1:2905"': (
            f'local = "127.0.0.1:2907"\npeer = "127.0.0.1:{STP_PORT}"\ntransport = "sctp-kernel"'
        ),
        'peer = "127.0.0.1:0"': "#",
        "wait = true": "#",
        'role = "ipsp"': "#",
        "routing_context = 1": "register = true",
    },
}


class Stage:
    """The three processes, and a user behind each gateway."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.gateways: dict[str, Gateway] = {}
        self.stp: subprocess.Popen[bytes] | None = None
        self.log = (folder / "osmo-stp.log").open("wb")
        (folder / "osmo-stp.cfg").write_text(STP)

    def start_stp(self) -> None:
        """Start the STP, for the first time or again."""
        command = ["osmo-stp", "-c", str(self.folder / "osmo-stp.cfg")]
        self.stp = subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=self.folder)

    def kill_stp(self) -> None:
        """Kill the STP; its kernel aborts the associations."""
        assert self.stp is not None
        self.stp.kill()
        self.stp.wait()

    async def start(self) -> None:
        """Start all, and wait until each gateway has its trunk in service."""
        self.start_stp()
        for name, changes in CHANGES.items():
            text = (EXAMPLES / f"m3ua-{name.lower()}.toml").read_text()
            for old, new in changes.items():
                assert text.count(old) == 1, (name, old)
                text = text.replace(old, new)
            text = text.replace("peer=127.0.0.1:4000", "frames=40,peer=127.0.0.1:4000")
            for kind in ("records-", "capture-"):
                text = text.replace(f'"{kind}', f'"{self.folder}/{kind}')
            path = self.folder / f"{name}.toml"
            path.write_text(text)
            gateway = self.gateways[name] = Gateway(name, path, self.note)
            await gateway.start()
        await self.in_service()

    def note(self, name: str, line: Any) -> None:
        """Keep a line of a gateway's log."""
        self.lines.append(f"{name} {line['shape']} {line['subject']}: {line['text']}")

    async def in_service(self) -> None:
        """Until both trunks are in service."""
        async with asyncio.timeout(40):
            for gateway in self.gateways.values():
                await gateway.trunk_in_service("pstn")

    async def said(self, text: str, mark: int = 0) -> None:
        """Until a gateway has logged a line with `text`, later than the first `mark` lines."""
        await until(lambda: any(text in line for line in self.lines[mark:]))

    async def call(self, caller: int, gateway: int, callee: int, number: str) -> None:
        """A call from the user at one port to that at another, hung up by the one called."""
        users = [
            UserAgent("user", ("127.0.0.1", port), "A", Speech("127.0.0.1", Law.A, 1, 60.0))
            for port in (caller, callee)
        ]
        one, other = users
        try:
            async with asyncio.timeout(15):
                one.call(number, ("127.0.0.1", gateway), "100")
                await other.happened.offered.wait()
                other.ring()
                await one.happened.ringing.wait()
                other.answer()
                await one.happened.answered.wait()
                await asyncio.sleep(0.5)
                other.hang_up()
                await one.happened.over.wait()
        finally:
            for user in users:
                user.close()
        await asyncio.sleep(0.3)

    async def stop(self) -> None:
        """End all in order."""
        for name in ("A", "B"):
            if name in self.gateways:
                status = await self.gateways[name].stop()
                assert status == 0, (name, status)
        self.kill_stp()


async def calls(stage: Stage) -> None:
    """From A to B and from B to A, released from the called side."""
    await stage.call(5070, 5060, 5071, "0301234567")
    await stage.call(5071, 5061, 5070, "0301234567")


async def restart(stage: Stage) -> None:
    """The STP dies and comes back: one gateway is configured there, the other registers anew; calls go on."""
    mark = len(stage.lines)
    stage.kill_stp()
    for name in "AB":
        await stage.said(f"{name} ! association wire: down", mark)
    mark = len(stage.lines)
    stage.start_stp()
    for name, server in (("A", "to-b"), ("B", "to-a")):
        await stage.said(f"{name} = application server {server}: active", mark)
    await stage.call(5070, 5060, 5071, "0301234567")


async def neighbour_gone(stage: Stage) -> None:
    """B ends in order, its circuits blocked at A before its ASP goes down."""
    mark = len(stage.lines)
    status = await stage.gateways.pop("B").stop()
    assert status == 0
    await stage.said("A = trunk pstn: circuits leave service", mark)
    await stage.said("B = association wire: our ASP down", mark)


SCENES: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "calls": calls,
    "restart": restart,
    "neighbour gone": neighbour_gone,
}


async def play(folder: Path) -> None:
    """Play every scene, one after another."""
    stage = Stage(folder)
    wrong = ""
    try:
        await stage.start()
    except Exception:
        wrong = traceback.format_exc()
    print(json.dumps({"scene": "service", "wrong": wrong}), flush=True)
    if not wrong:
        for name, scene in SCENES.items():
            wrong = ""
            try:
                await scene(stage)
            except Exception:
                wrong = traceback.format_exc()
            print(json.dumps({"scene": name, "wrong": wrong}), flush=True)
    await stage.stop()
    records = {name: read_records(folder / f"records-{name.lower()}.jsonl") for name in "AB"}
    results = {name: [(each.result, each.cause) for each in found] for name, found in records.items()}
    print(json.dumps({"results": results, "log": stage.lines}), flush=True)


if __name__ == "__main__":
    asyncio.run(play(Path(sys.argv[1])))
