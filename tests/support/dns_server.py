"""A small DNS server for tests: answers from a zone in text, and can be told to say nothing."""

from __future__ import annotations

import socket
import threading

import dns.flags
import dns.message
import dns.name
import dns.rrset


class DnsServer:
    """Answers on a UDP port of 127.0.0.1 until closed."""

    def __init__(self, zone: list[str]) -> None:
        """`zone` are lines `NAME TTL IN TYPE DATA`."""
        self.silent = False
        self.asked: list[str] = []
        self.load(zone)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def load(self, zone: list[str]) -> None:
        """Answer from another zone."""
        records: dict[tuple[str, str], list[str]] = {}
        ttls: dict[tuple[str, str], str] = {}
        for line in zone:
            name, ttl, _, kind, data = line.split(None, 4)
            records.setdefault((name.rstrip(".").lower(), kind), []).append(data)
            ttls[name.rstrip(".").lower(), kind] = ttl
        self._zone = {
            key: dns.rrset.from_text(key[0] + ".", int(ttls[key]), "IN", key[1], *data) for key, data in records.items()
        }

    def close(self) -> None:
        """Stop."""
        self._socket.close()

    def __enter__(self) -> DnsServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        while True:
            try:
                data, source = self._socket.recvfrom(4096)
            except OSError:
                return
            query = dns.message.from_wire(data)
            question = query.question[0]
            name = question.name.to_text().rstrip(".").lower()
            kind = dns.rdatatype.to_text(question.rdtype)
            self.asked.append(f"{name} {kind}")
            if self.silent:
                continue
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.RA
            found = self._zone.get((name, kind))
            if found is not None:
                answer.answer.append(found)
            elif not any(known == name for known, _ in self._zone):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            try:
                self._socket.sendto(answer.to_wire(), source)
            except OSError:
                return
