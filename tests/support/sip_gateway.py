"""One gateway as a process with SIP trunks only, its configuration written by the test."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

from support.gateways import Gateway, free_ports, wait_for


def free_stream_ports(count: int) -> int:
    """The first of `count` ports in a row that are free for UDP and TCP."""
    for _ in range(50):
        first = free_ports(count)
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise AssertionError(f"no {count} free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class SipGateway(Gateway):
    """A `tandem run` with the tables of `text`; `[node]` and `[media]` are added."""

    def __init__(self, folder: Path, text: str, name: str = "G", options: str = "", rtp: int = 0) -> None:
        """Start it and wait until it is up. `rtp`: the first of 120 ports for RTP; 0: any that are free now."""
        folder.mkdir(parents=True, exist_ok=True)
        rtp = rtp or free_ports(120)
        head = (
            f'[node]\nname = "{name}"\nrecords = "records-{name}.jsonl"\ncapture_file = "capture-{name}.pcapng"\n'
            f"{options}[media]\nports = [{rtp}, {rtp + 119}]\n"
        )
        super().__init__(name, folder, 0, 0, head + text)
        try:
            wait_for(self.is_up, f"gateway {name} is up", 60.0)
        except BaseException:
            self.close()
            raise

    def is_up(self) -> bool:
        """Whether it has said so."""
        self.read()
        assert self.process.poll() is None, f"gateway {self.name} ended: {self.lines[-3:]}"
        return any(" is up" in line["text"] for line in self.lines)

    def said(self, text: str) -> list[str]:
        """Lines of the log that contain `text`, as `subject: text`."""
        self.read()
        lines = [f"{line['subject']}: {line['text']}" for line in self.lines]
        return [line for line in lines if text in line]


@contextlib.contextmanager
def sip_gateway(folder: Path, text: str, name: str = "G", options: str = "", rtp: int = 0):  # type: ignore[no-untyped-def]
    """A gateway that is gone afterwards."""
    gateway = SipGateway(folder, text, name, options, rtp)
    try:
        yield gateway
    finally:
        gateway.close()


def by_engine(engine: str, text: str) -> str:
    """A configuration as it is, or with its trunks and the addresses of `[sip]` on PJSIP."""
    if engine == "native":
        return text
    head, _, rest = text.partition("[sip]\n")
    rows = rest.splitlines(keepends=True)
    count = next(i for i, row in enumerate([*rows, ""]) if not row.startswith(("listen", "also_listen")))
    addresses, rest = "".join(rows[:count]), "".join(rows[count:])
    own, rtp = free_ports(1), free_ports(120)
    tables, mark, trunks = rest.partition("[[trunk]]")
    return (
        f'{head}[sip]\nlisten = "127.0.0.1:{own}"\n{tables}[sip.pjsua2]\n{addresses}ports = [{rtp}, {rtp + 119}]\n'
        + (mark + trunks).replace('type = "sip"\n', 'type = "sip"\nengine = "pjsua2"\n')
    )
