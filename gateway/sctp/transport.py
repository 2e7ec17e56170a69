"""The contract of every transport of SIGTRAN messages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from tandem.core.errors import ConfigurationError
from tandem.gateway.sctp.configuration import AssociationSettings, SctpParameters


class AssociationUser(Protocol):
    """Who uses the associations; called from the event loop, never from within a call of the transport's `send`."""

    def association_up(self, association: str, streams: int) -> None:
        """`association` can be used; `streams` is how many streams there are towards the peer, 1 over TCP.

        Comes again without `association_down` between when the peer restarted.
        """
        ...

    def association_down(self, association: str, reason: str) -> None:
        """`association` is gone; it comes back by itself. Not called in answer to `close`."""
        ...

    def path_changed(self, association: str, address: str, works: bool) -> None:
        """A path to one of the peer's addresses failed, or works (again); the association itself is up."""
        ...

    def message_received(self, association: str, octets: bytes, stream: int, ppid: int) -> None:
        """A whole message."""
        ...


class Transport(ABC):
    """Any number of associations, named as in their settings.

    Associations that are ours to begin are begun by `start`, and again whenever they are lost; the others are waited
    for. Nothing that a peer does raises here.
    """

    def __init__(
        self,
        associations: Sequence[AssociationSettings],
        user: AssociationUser,
        parameters: SctpParameters | None = None,
    ) -> None:
        names = [association.name for association in associations]
        if len(names) != len(set(names)):
            raise ConfigurationError("association names must be unique")
        self.settings = {association.name: association for association in associations}
        self.parameters = parameters or SctpParameters()
        self._user = user

    @abstractmethod
    async def start(self) -> None:
        """Open sockets and begin; ConfigurationError when this machine cannot."""

    @abstractmethod
    async def close(self) -> None:
        """Shut every association down in order and close the sockets; what was sent before still goes, if it can."""

    @abstractmethod
    def send(self, association: str, octets: bytes, stream: int, ppid: int) -> bool:
        """Send a message; False, and nothing done, when the association is down."""

    @abstractmethod
    def abort(self, association: str, reason: str) -> None:
        """End an association at once. The user is told, and it is begun again if it is ours to begin."""

    @abstractmethod
    def is_up(self, association: str) -> bool:
        """Whether messages can be sent."""

    def _expected(self, address: str, port: int) -> AssociationSettings | None:
        """The listening association that a peer belongs to: one that is down rather than one that is up."""
        found = [settings for settings in self.settings.values() if settings.accepts(address, port)]
        return min(found, key=lambda settings: self.is_up(settings.name), default=None)
