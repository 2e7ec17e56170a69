"""Registrations with providers that PJSIP makes: which of a provider's servers, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tandem.gateway.pjsip import protocol
from tandem.gateway.sip.endpoint import Endpoint
from tandem.gateway.sip.primitives import Output, RegistrationChanged
from tandem.gateway.sip.registration import RegistrationOptions
from tandem.gateway.trunks.sip_pjsip_messages import uri_of

_ELSEWHERE: Final = (408, 430, 500, 502, 503, 504)
"""Answers to REGISTER after which another server may give another one; 408 and 503 are no answer too."""


@dataclass(slots=True)
class _Servers:
    """Of one provider."""

    places: list[Endpoint]
    position: int = 0
    """Of the one that is tried now."""
    failed: int = 0
    """How many have failed since one did not, or since all had."""

    def next(self) -> Endpoint | None:
        """The one that was tried has failed: the next one; None when all have, and PJSIP waits before it goes on."""
        self.failed += 1
        if self.failed >= len(self.places):
            self.failed = 0
            return None
        self.position = (self.position + 1) % len(self.places)
        return self.places[self.position]


class PjsipRegistrations:
    """The registrations of trunks of PJSIP, by the numbers that their owner gives them."""

    def __init__(self, commands: list[protocol.Command], said: list[Output]) -> None:
        """`commands` goes to the PJSIP process, `said` to the adapter: lists of the owner, and always the same two."""
        self._commands = commands
        self._said = said
        self._up = False
        self._wanted: dict[int, protocol.Register] = {}
        self._asking: set[int] = set()
        self._servers: dict[int, _Servers] = {}
        """Where each may be tried."""

    @property
    def asking(self) -> bool:
        """Whether a REGISTER waits for its answer."""
        return bool(self._asking)

    def started(self) -> None:
        """The PJSIP process is up: it is to make every one."""
        self._up = True
        self._commands += self._wanted.values()
        self._asking |= set(self._wanted)

    def lost(self) -> None:
        """The PJSIP process is gone."""
        self._up = False
        self._asking.clear()

    def begin(self, number: int, options: RegistrationOptions, destinations: Sequence[Endpoint]) -> None:
        """Register at the first of `destinations` that will have it, in their order."""
        credentials = options.credentials
        self._wanted[number] = protocol.Register(
            number=number,
            account=options.account,
            destination="",
            address_of_record=options.address_of_record,
            registrar=options.registrar,
            contact_user=options.contact_user,
            user=credentials.username if credentials else "",
            password=credentials.password if credentials else "",
            expires=options.expires,
        )
        self.move(number, destinations or (("", 0),))

    def move(self, number: int, destinations: Sequence[Endpoint]) -> None:
        """The provider is reached elsewhere from now on."""
        self._servers[number] = _Servers(list(destinations))
        self._try_at(number, destinations[0])

    def end(self) -> None:
        """Take every one back."""
        if self._up:
            self._asking |= set(self._wanted)
            self._commands += map(protocol.Unregister, self._wanted)
        self._wanted = {}

    def answered(self, event: protocol.RegistrationAnswered) -> None:
        """A server answered, or none did."""
        self._asking.discard(event.number)
        servers = self._servers[event.number]
        if event.status not in _ELSEWHERE or event.number not in self._wanted:
            servers.failed = 0
        elif (place := servers.next()) is not None:
            self._try_at(event.number, place)
            return
        if event.seconds:
            state, detail = "registered", f"for {event.seconds} s"
        elif event.status // 100 == 2:
            state, detail = "removed", ""
        else:
            state, detail = "failed", f"{event.status}: {event.reason}"
        self._said.append(RegistrationChanged(event.number, state, detail))

    def _try_at(self, number: int, destination: Endpoint) -> None:
        command = self._wanted[number]
        command.destination = uri_of(destination)
        if self._up:
            self._asking.add(number)
            self._commands.append(command)
