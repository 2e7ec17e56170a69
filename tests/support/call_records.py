"""Call records to deliver, and receivers that take them as told."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

from tandem.gateway.calls.accounting import Leg, Record, RecordWriter
from tandem.gateway.records.receiver import DeliveryError

ENCODER = msgspec.json.Encoder()


def record(number: int) -> Record:
    """An answered call of 61 seconds."""
    return Record(
        id=f"c-{number}",
        node="gw",
        incoming=Leg(trunk="carrier", protocol="isup", id="carrier/3", called="4930123", calling="49891"),
        outgoing=Leg(trunk="pbx", protocol="sip", id="abc@host", called="123", calling="49891"),
        route="in",
        attempts=1,
        setup_time="2026-11-28T10:00:00.000Z",
        answer_time="2026-11-28T10:00:05.000Z",
        release_time="2026-11-28T10:01:06.000Z",
        post_dial_delay_ms=40,
        duration_ms=61000,
        cause=16,
        location=2,
        released_by="incoming",
        result="answered",
    )


def write(path: Path, numbers: range) -> None:
    """Append records to the journal at `path`."""
    writer = RecordWriter(path)
    for number in numbers:
        writer.write(record(number))
    writer.close()


class Memory:
    """A receiver that keeps what it takes, and refuses as long as `refusing` says why."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.refusing = ""
        self.attempts = 0

    def deliver(self, lines: list[bytes], records: list[Record]) -> None:
        assert [ENCODER.encode(one) for one in records] == lines
        self.attempts += 1
        if self.refusing:
            raise DeliveryError(self.refusing)
        self.taken += [one.id for one in records]

    def close(self) -> None:
        pass


class Service:
    """A web service on loopback that keeps the requests it gets and answers with `status`."""

    def __init__(self) -> None:
        self.status = 204
        self.requests: list[tuple[dict[str, str], list[dict[str, object]]]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.requests.append((dict(self.headers), msgspec.json.decode(body)))
                self.send_response(service.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/calls"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
