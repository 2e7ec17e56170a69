"""Two gateways with E1s between them, as child processes on loopback, laid out for a given load."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tandem.core.errors import TandemError
from tandem.gateway.demo.gateway import Gateway, free_offset, shift_ports

#: Timeslots of the signalling link on the first span: 8 x 64 kbit/s, so that the line itself adds about 1 ms a
#: message where a single timeslot adds 5 ms for an IAM.
LINK_TIMESLOTS = 8
READY_SECONDS = 30.0


@dataclass(frozen=True)
class Layout:
    """How many spans, and how the circuits lie on them."""

    spans: int
    link_timeslots: int = LINK_TIMESLOTS

    @classmethod
    def for_circuits(cls, circuits: int, link_timeslots: int = LINK_TIMESLOTS) -> Layout:
        """Enough spans for `circuits` besides the signalling link."""
        return cls(max(1, -(-(circuits + link_timeslots) // 31)), link_timeslots)

    @property
    def circuits(self) -> int:
        """Circuits in all."""
        return self.spans * 31 - self.link_timeslots

    def configuration(self, side: str, frames: int, level: str = "warning") -> str:
        """The TOML of gateway `A` or `B` on the unshifted ports."""
        here, there = (1, 2) if side == "A" else (2, 1)
        media = 20000 if side == "A" else 30000
        parts = [
            f'[node]\nname = "{side}"\nrecords = "records-{side.lower()}.jsonl"\nlog_level = "{level}"\n'
            f'[sip]\nlisten = "127.0.0.1:{5059 + here}"\n'
            f"[media]\nports = [{media}, {media + 4 * self.circuits + 200}]\n"
        ]
        for span in range(self.spans):
            listen, peer = 40000 + 2 * span + here - 1, 40000 + 2 * span + there - 1
            packet = "8,burst=5" if span == 0 else str(frames)
            parts.append(
                f'[[span]]\nname = "e{span}"\n'
                f'device = "satop:listen=127.0.0.1:{listen},peer=127.0.0.1:{peer},frames={packet}"\n'
            )
        parts.append(
            f'[[ss7.linkset]]\nname = "peer"\npoint_code = "{here}"\nadjacent_point_code = "{there}"\n'
            f'restart_wait = 1.0\n[[ss7.linkset.link]]\nspan = "e0"\ntimeslots = "1-{self.link_timeslots}"\n'
            '[[trunk]]\nname = "pstn"\ntype = "isup"\nlinkset = "peer"\n'
        )
        for span in range(self.spans):
            first = self.link_timeslots + 1 if span == 0 else 1
            parts.append(f'[[trunk.circuits]]\nspan = "e{span}"\ncic = "{32 * span + first}-{32 * span + 31}"\n')
        user = 5069 + here
        parts.append(f'[[trunk]]\nname = "pbx"\ntype = "sip"\npeer = "127.0.0.1:{user}"\n')
        parts.append('[[route]]\ntrunk = ["pbx"]\nto = ["pstn"]\n[[route]]\ntrunk = ["pstn"]\nto = ["pbx"]\n')
        return "\n".join(parts)


class Pair:
    """The two running gateways."""

    def __init__(self, folder: Path, layout: Layout, frames: int = 40) -> None:
        """Write the configurations to `folder`; spans without signalling carry `frames` frames a packet."""
        texts = {side: layout.configuration(side, frames) for side in "AB"}
        self.offset = free_offset([*texts.values()])
        self.layout = layout
        self.gateways: dict[str, Gateway] = {}
        for side, text in texts.items():
            path = folder / f"{side}.toml"
            path.write_text(shift_ports(text, self.offset), encoding="utf-8")
            self.gateways[side] = Gateway(side, path, _ignore)

    def address(self, port: int) -> tuple[str, int]:
        """A loopback address whose port moved with the rest."""
        return "127.0.0.1", port + self.offset

    async def start(self) -> None:
        """Start both and wait until every circuit is idle at both ends."""
        for gateway in self.gateways.values():
            await gateway.start("info")
        try:
            async with asyncio.timeout(READY_SECONDS):
                for gateway in self.gateways.values():
                    await gateway.trunk_in_service("pstn")
        except TimeoutError:
            trouble = "; ".join(gateway.last_trouble for gateway in self.gateways.values())
            raise TandemError(f"the gateways did not come up within {READY_SECONDS:.0f} s: {trouble}") from None

    async def stop(self) -> None:
        """End both in order."""
        for gateway in self.gateways.values():
            await gateway.stop()

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time used so far, `A signalling`, `A media` and so on."""
        used = {}
        for side, gateway in self.gateways.items():
            used[f"{side} signalling"] = process_cpu(gateway.pid)
            used[f"{side} media"] = sum(process_cpu(child) for child in children(gateway.pid))
        return used


def children(pid: int) -> list[int]:
    """Process ids of the children of `pid`."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def process_cpu(pid: int) -> float:
    """User and system CPU time of a process in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ignore(gateway: str, line: Mapping[str, Any]) -> None:
    """Take no notice of a log line."""
