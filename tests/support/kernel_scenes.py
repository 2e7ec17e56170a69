"""Scenes with SCTP of the kernel, for a machine of one's own: root, its own network, a kernel with SCTP.

`python -m support.kernel_scenes` plays all, pairs of kinds side by side, and prints a line of JSON for each. Two hosts
are network namespaces, near and far, joined by two lines; the far one echoes. Either may have SCTP of the kernel, or
ours in user space over UDP.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

from support.associations import Recorder, until

from tandem.gateway.sctp.configuration import ENCAPSULATION_PORT, AssociationSettings, SctpParameters
from tandem.gateway.sctp.kernel import KernelTransport
from tandem.gateway.sctp.packets import PacketTransport
from tandem.gateway.sctp.transport import Transport

NEAR = ("10.1.0.1", "10.2.0.1")
FAR = ("10.1.0.2", "10.2.0.2")
PARAMETERS = SctpParameters(heartbeat=0.5, rto_initial=0.3, rto_min=0.2, rto_max=0.5, reconnect=0.5)
PORT = 2905

#: Kinds at the near and at the far end.
PAIRS = [("kernel", "kernel"), ("user", "kernel"), ("kernel", "user")]


def transport(kind: str, settings: AssociationSettings, user: Recorder, address: str) -> Transport:
    if kind == "kernel":
        return KernelTransport([settings], user, PARAMETERS)
    return PacketTransport([settings], user, PARAMETERS, address)


def near_end(kind: str, user: Recorder) -> Transport:
    settings = AssociationSettings("x", FAR, PORT, local_addresses=NEAR)
    return transport(kind, settings, user, NEAR[0])


class Echo(Recorder):
    """Sends every message back; `quit` ends it in order, `abort` the association."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        settings = AssociationSettings("x", NEAR, 0, PORT, FAR, listen=True)
        self.transport = transport(kind, settings, self, FAR[0])
        self.ended = asyncio.Event()

    def message_received(self, association: str, octets: bytes, stream: int, ppid: int) -> None:
        if octets == b"quit":
            self.ended.set()
        elif octets == b"abort":
            asyncio.get_running_loop().call_soon(self.transport.abort, association, "asked for")
        else:
            self.transport.send(association, octets, stream, ppid)


async def echo(kind: str) -> None:
    user = Echo(kind)
    await user.transport.start()
    print("ready", flush=True)
    await user.ended.wait()
    await user.transport.close()
    print(json.dumps(user.events), flush=True)


async def messages(near: Transport, user: Recorder) -> None:
    """Thousands, in order in each stream, with their payload protocol identifier; long ones too."""
    sent = [(number.to_bytes(2, "big") * (40 if number % 100 else 4000), 1 + number % 16) for number in range(2000)]
    for number, (octets, stream) in enumerate(sent):
        assert near.send("x", octets, stream, 3)
        if number % 50 == 0:
            await asyncio.sleep(0.01)
    await until(lambda: len(user.messages) == len(sent))
    for stream in range(1, 17):
        assert [item[1] for item in user.messages if item[2] == stream] == [one for one, on in sent if on == stream]
    assert {item[3] for item in user.messages} == {3}
    assert not user.events


async def path(near: Transport, user: Recorder) -> None:
    """The first line is cut: nothing is lost, the other carries on; it comes back."""
    for number in range(200):
        if number == 50:
            line(0, "down")
        assert near.send("x", number.to_bytes(2, "big"), 1, 3)
        await asyncio.sleep(0.01)
    await until(lambda: len(user.messages) == 200)
    assert [int.from_bytes(item[1], "big") for item in user.messages] == list(range(200))
    await until(lambda: ("failed", "x", FAR[0]) in user.events)
    line(0, "up")
    await until(lambda: ("works", "x", FAR[0]) in user.events)
    assert user.count("down") == 0


async def abort(near: Transport, user: Recorder) -> None:
    """The peer aborts: told, and begun anew."""
    near.send("x", b"abort", 1, 3)
    await until(lambda: user.count("up") == 1)
    assert user.count("down") == 1


async def silence(near: Transport, user: Recorder) -> None:
    """Every line is cut: the loss is told; when they are back the association is, too."""
    line(0, "down")
    line(1, "down")
    near.send("x", b"into the dark", 1, 3)
    await until(lambda: user.count("down") == 1)
    line(0, "up")
    line(1, "up")
    await until(lambda: user.count("up") == 1)


SCENES: dict[str, Callable[[Transport, Recorder], Coroutine[Any, Any, None]]] = {
    "messages": messages,
    "path": path,
    "silence": silence,
    "abort": abort,
}


async def near(kind: str) -> None:
    """Play every scene on one association, a line of JSON each; empty `wrong` when it went well."""
    user = Recorder()
    end = near_end(kind, user)
    await end.start()
    await until(lambda: end.is_up("x"))
    for name, play in SCENES.items():
        user.events.clear()
        user.messages.clear()
        wrong = ""
        try:
            await play(end, user)
        except Exception:
            wrong = f"{traceback.format_exc()}{user.events}"
        print(json.dumps({"scene": name, "wrong": wrong}), flush=True)
    end.send("x", b"quit", 1, 3)
    await until(lambda: not end.is_up("x"))
    print(json.dumps({"scene": "end", "wrong": "" if user.events[-1][:2] == ("down", "x") else str(user.events)}))
    await end.close()


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def line(number: int, state: str) -> None:
    """Cut one of the lines at the far end, or mend it."""
    ip("-n", os.environ["FAR"], "link", "set", f"line{number}", state)


def build(pair: tuple[str, str]) -> tuple[str, str]:
    """The two hosts for a pair of kinds; their names."""
    hosts = "near-" + "-".join(pair), "far-" + "-".join(pair)
    for host, kind in zip(hosts, pair, strict=True):
        ip("netns", "add", host)
        ip("-n", host, "link", "set", "lo", "up")
        if kind == "kernel" and "user" in pair:
            for name in ("udp_port", "encap_port"):
                text = f"echo {ENCAPSULATION_PORT} >/proc/sys/net/sctp/{name}"
                subprocess.run(["ip", "netns", "exec", host, "sh", "-c", text], check=True)
    for number in range(len(NEAR)):
        ip(
            "link",
            "add",
            f"line{number}",
            "netns",
            hosts[0],
            "type",
            "veth",
            "peer",
            f"line{number}",
            "netns",
            hosts[1],
        )
        for host, address in zip(hosts, (NEAR[number], FAR[number]), strict=True):
            ip("-n", host, "address", "add", f"{address}/24", "dev", f"line{number}")
            ip("-n", host, "link", "set", f"line{number}", "up")
    return hosts


def start(host: str, *arguments: str, far: str = "") -> subprocess.Popen[str]:
    """Run this module on a host."""
    return subprocess.Popen(
        ["ip", "netns", "exec", host, sys.executable, "-m", "support.kernel_scenes", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"FAR": far},
        text=True,
    )


def main() -> None:
    match sys.argv[1:]:
        case ["echo", kind]:
            asyncio.run(echo(kind))
        case ["near", kind]:
            asyncio.run(near(kind))
        case _:
            running = []
            for pair in PAIRS:
                hosts = build(pair)
                far = start(hosts[1], "echo", pair[1])
                assert far.stdout is not None
                far.stdout.readline()
                running.append((pair, start(hosts[0], "near", pair[0], far=hosts[1]), far))
            for pair, process, far in running:
                printed = process.communicate()[0]
                if process.returncode:
                    far.kill()
                result = {"pair": pair, "near": printed.splitlines(), "far": far.communicate()[0].splitlines()}
                print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
