"""A client of the event socket that waits for events of channels."""

import json
import socket
import time

from tandem.gateway.esl.wire import Reader


class Listener:
    """Events of channels, as they come."""

    def __init__(self, port):
        self._client, self._reader, self.events = socket.create_connection(("127.0.0.1", port), 20), Reader(), []
        self._client.sendall(b"auth ClueCon\n\nevent json ALL\n\n")

    def until(self, names, *channels, **headers):
        """The next event of one of these names with these headers; of a bridge, with both its channels."""
        end, seen = time.monotonic() + 20, []
        while True:
            assert time.monotonic() < end, (names, channels, headers, seen)
            for event in self.events:
                wanted = {header.replace("_", "-"): value for header, value in headers.items()}
                ends = {event.get("Bridge-A-Unique-ID"), event.get("Bridge-B-Unique-ID")}
                if event["Event-Name"] in names and wanted.items() <= event.items() and {*channels} <= ends:
                    self.events.remove(event)
                    return event
            octets = self._client.recv(65536)
            assert octets, "the gateway closed the connection"
            for lines, body in self._reader.feed(octets):
                if "Content-Type: text/event-json" in lines:
                    self.events.append(json.loads(body))
                    seen.append((self.events[-1]["Event-Name"], self.events[-1].get("Unique-ID")))

    def close(self):
        self._client.close()
