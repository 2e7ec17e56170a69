"""Which circuits are listened to for DTMF in their speech, and whose digits those are."""

from __future__ import annotations

from collections.abc import Callable

from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Bearer
from tandem.gateway.media.protocol import Command, Detect, Endpoint, TimeslotEndpoint


class Listening:
    """Says in commands to the media process where it is to listen."""

    def __init__(self, command: Callable[[Command], None]) -> None:
        self._command = command
        self._halves: dict[Endpoint, HalfCall] = {}
        self._endpoints: dict[HalfCall, Endpoint] = {}

    def listen(self, source: HalfCall, sink: HalfCall, bearer: Bearer) -> None:
        """`sink` hears `source` from now on: listen to the circuit of `source` if its trunk is to be, or no more."""
        endpoint = source.endpoint
        if not isinstance(endpoint, TimeslotEndpoint) or bearer is Bearer.UNRESTRICTED_64K:
            endpoint = None
        else:
            dtmf = getattr(source.trunk, "dtmf", "off")
            if dtmf != "inband" and not (dtmf == "auto" and getattr(sink.trunk, "takes_digits", False)):
                endpoint = None
        if endpoint == self._endpoints.get(source):
            return
        self.end(source)
        if endpoint is not None:
            self._halves[endpoint] = source
            self._endpoints[source] = endpoint
            self._command(Detect(endpoint))

    def end(self, half: HalfCall) -> None:
        """`half` is over."""
        if half not in self._endpoints:
            return
        endpoint = self._endpoints.pop(half)
        if self._halves.get(endpoint) is half:
            del self._halves[endpoint]
            self._command(Detect(endpoint, on=False))

    def half_of(self, endpoint: Endpoint) -> HalfCall | None:
        """Whose speech is listened to on `endpoint`."""
        return self._halves.get(endpoint)
