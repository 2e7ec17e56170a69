"""A PBX, a signalling gateway with its line, an exchange behind it by IUA: three processes, SCTP or TCP between two."""

import asyncio
import re
from pathlib import Path

import pytest
from support.captures import complaints, protocols

from tandem.gateway.demo.gateway import Gateway, free_offset, shift_ports

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = {"PBX": "pri-a.toml", "SG": "iua-gateway.toml", "EX": "iua-exchange.toml"}


async def run(folder: Path, transport: str) -> tuple[list[str], list[int]]:
    """Start all three, wait until both trunks are in service, end them: what they logged, and their statuses."""
    texts = {name: (EXAMPLES / file).read_text() for name, file in FILES.items()}
    offset = free_offset([*texts.values()])
    lines: list[str] = []
    gateways = {}
    statuses = []
    try:
        for name, text in texts.items():
            text = shift_ports(text.replace("wait = true", f'wait = true\ntransport = "{transport}"'), offset)
            text = text.replace('name = "gateway"\n', f'name = "gateway"\ntransport = "{transport}"\n')
            text = text.replace("records-", f"{folder}/records-").replace("capture-", f"{folder}/capture-")
            # The speech of the exchange goes nowhere: a line looped to itself has no alarms.
            looped = text.split("listen=")[1].split(",")[0] if name == "EX" else ""
            text = re.sub(r"listen=\S+,peer=[0-9.:]+", f"listen={looped},peer={looped}", text) if looped else text
            path = folder / f"{name}.toml"
            path.write_text(text)
            gateways[name] = Gateway(name, path, lambda name, line: lines.append(f"{name} {line}"))
            await gateways[name].start()
        async with asyncio.timeout(40):
            await gateways["EX"].trunk_in_service("pbx")
            await gateways["PBX"].trunk_in_service("uplink")
    except TimeoutError:
        raise AssertionError("\n".join(lines)) from None
    finally:
        for name in ("EX", "SG", "PBX"):
            if name in gateways:
                statuses.append(await gateways[name].stop())
    return lines, statuses


@pytest.mark.parametrize("transport", ["sctp", "tcp"])
def test_a_trunk_by_iua_comes_into_service(tmp_path, transport):
    lines, statuses = asyncio.run(run(tmp_path, transport))
    assert statuses == [0, 0, 0], "\n".join(lines)
    capture = tmp_path / "capture-sg.pcapng"
    assert complaints(capture, []) == []
    assert {"lapd", "q931"} <= protocols(capture, [])
