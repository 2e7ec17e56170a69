"""Senders of what nobody wants: INVITE, REGISTER and garbage from many addresses, as fast as is asked for."""

from __future__ import annotations

import contextlib
import random
import socket
import sys
import time

REQUEST = (
    "{method} sip:{number}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{number}\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:{number}@{host}>;tag=f{number}\r\nTo: <sip:{number}@127.0.0.1>\r\n"
    "Call-ID: flood-{number}@{host}\r\nCSeq: 1 {method}\r\nContact: <sip:{number}@{host}:5060>\r\n"
    "User-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n"
)


def messages(source: random.Random, hosts: list[str]) -> list[tuple[int, bytes]]:
    """Some thousand messages, each with the position of the socket to send it from."""
    found = []
    for number in range(3000):
        position = source.randrange(len(hosts))
        kind = source.randrange(5)
        if kind == 4:
            octets = source.randbytes(source.randint(1, 1400))
        else:
            method = ("INVITE", "REGISTER", "OPTIONS", "NONSENSE")[kind]
            octets = REQUEST.format(method=method, number=number, host=hosts[position]).encode()
            if number % 7 == 0:
                octets = bytes(octets[: source.randint(1, len(octets))])
        found.append((position, octets))
    return found


def main(port: int, rate: float, seconds: float) -> None:
    """Send to `port` of 127.0.0.1; print how many were sent."""
    source = random.Random(1)
    hosts = [f"127.{source.randint(1, 250)}.{source.randint(0, 250)}.{source.randint(1, 250)}" for _ in range(200)]
    sockets = []
    for host in hosts:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind((host, 0))
        sockets.append(opened)
    flood = messages(source, hosts)
    start, sent = time.monotonic(), 0
    while (elapsed := time.monotonic() - start) < seconds:
        while sent < elapsed * rate:
            position, octets = flood[sent % len(flood)]
            with contextlib.suppress(OSError):
                sockets[position].sendto(octets, ("127.0.0.1", port))
            sent += 1
        time.sleep(0.001)
    print(sent)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
